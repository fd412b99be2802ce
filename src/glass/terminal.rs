//! A picture in characters.

use std::fmt::Write;
use std::mem::discriminant;

use super::picture::{Picture, Row, RowKind, State, Woken};
use super::scale::{shorten, ticks, time};

/// How to draw in a terminal.
///
/// ```
/// let plain = glassloop::glass::Terminal { width: 60, ascii: true, colors: false };
/// assert_eq!(plain.legend(&[]), "");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// How many characters a line may have; at least 40 are taken.
    pub width: usize,
    /// Nothing but ASCII.
    pub ascii: bool,
    /// Colours, as escape sequences.
    pub colors: bool,
}

impl Default for Terminal {
    fn default() -> Self {
        Self { width: 80, ascii: false, colors: false }
    }
}

/// What a character stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cell {
    Empty,
    Runs,
    /// For less than half of the time.
    RunsBriefly,
    Ready,
    Waits,
    Woken(Woken),
}

/// How the width is divided.
struct Columns {
    label: usize,
    plot: usize,
    /// What it waited for; none where there is no room for it.
    reason: usize,
}

impl Terminal {
    /// Draws a picture: a heading, the axis of time, a line for each row.
    pub fn draw(&self, picture: &Picture) -> String {
        let mut out = String::new();
        let heading = picture.heading();
        self.line(&mut out, &[(&shorten(&heading, self.width(), self.dots()), Some("1"))]);
        if picture.rows.is_empty() {
            self.line(&mut out, &[("nothing happened at that time", None)]);
            return out;
        }
        let columns = self.columns(picture);
        self.line(&mut out, &[(&self.axis(picture, &columns), Some("2"))]);
        for (place, row) in picture.rows.iter().enumerate() {
            let below_workers = place > 0 && picture.rows[place - 1].kind != row.kind;
            if below_workers && row.kind == RowKind::Task {
                out.push('\n');
            }
            self.row(&mut out, picture, place, &columns);
        }
        if picture.folded > 0 {
            let (more, all) = (picture.folded, picture.tasks());
            let more = format!("and {more} more: --tasks {all} shows all");
            self.line(&mut out, &[(&format!("{} {more}", self.dots()), None)]);
        }
        out
    }

    /// What the characters in these pictures mean.
    pub fn legend(&self, pictures: &[Picture]) -> String {
        let mut out = String::new();
        let spans = || pictures.iter().flat_map(|p| &p.rows).flat_map(|row| &row.spans);
        let mut entries = Vec::new();
        for (state, cell, meaning) in [
            (State::Running, Cell::Runs, "runs"),
            (State::Running, Cell::RunsBriefly, "runs less than half of the time"),
            (State::Ready, Cell::Ready, "ready"),
            (State::Waiting, Cell::Waits, "waits"),
        ] {
            if spans().any(|span| span.state == state) {
                entries.push((cell, meaning));
            }
        }
        let wakes = || pictures.iter().flat_map(|picture| &picture.wakes);
        for (by, meaning) in [
            (Woken::ByKernel, "woken by the kernel"),
            (Woken::ByTimer, "by a timer"),
            (Woken::By(0), "by another task"),
            (Woken::FromOutside, "from outside"),
        ] {
            if wakes().any(|wake| discriminant(&wake.by) == discriminant(&by)) {
                entries.push((Cell::Woken(by), meaning));
            }
        }
        let mut column = 0;
        for (cell, meaning) in entries {
            let length = meaning.chars().count() + 4;
            if column > 0 && column + length > self.width() {
                out.push('\n');
                column = 0;
            }
            let (character, color) = self.character(cell);
            let gap = if column > 0 { "  " } else { "" };
            self.text(&mut out, &[(gap, None), (&character.to_string(), color)]);
            self.text(&mut out, &[(" ", None), (meaning, None)]);
            column += length;
        }
        if column > 0 {
            out.push('\n');
        }
        out
    }

    fn columns(&self, picture: &Picture) -> Columns {
        let width = self.width();
        let labels = picture.rows.iter().map(|row| row.label.chars().count());
        let label = labels.max().unwrap_or(0).clamp(8, width / 4);
        let reasons = picture.rows.iter().filter_map(|row| self.reason(row));
        let reason = match reasons.map(|reason| reason.chars().count()).max() {
            Some(longest) if width >= 72 => longest.clamp(15, width / 3),
            _ => 0,
        };
        let gaps = 1 + usize::from(reason > 0);
        Columns { label, plot: width - label - reason - gaps, reason }
    }

    fn axis(&self, picture: &Picture, columns: &Columns) -> String {
        let mut line: Vec<char> = vec![' '; columns.plot];
        let mut free = 0;
        for (at, text) in ticks(picture.window, columns.plot / 10) {
            let column = self.column(picture.window, columns.plot, at);
            // The mark stands in the column; the last one may have no room for its words.
            if column >= free && column + text.chars().count() < columns.plot {
                let mark = if self.ascii { '|' } else { '╷' };
                let words = std::iter::once(mark).chain(text.chars());
                line.splice(column..column + text.chars().count() + 1, words);
                free = column + text.chars().count() + 2;
            }
        }
        let axis: String = line.into_iter().collect();
        let head = if columns.reason > 0 { " longest wait" } else { "" };
        let head = shorten(head, columns.reason + 1, self.dots());
        format!("{:label$} {axis}{head}", "", label = columns.label).trim_end().into()
    }

    fn row(&self, out: &mut String, picture: &Picture, place: usize, columns: &Columns) {
        let row = &picture.rows[place];
        let label = shorten(&row.label, columns.label, self.dots());
        self.text(out, &[(&format!("{label:width$} ", width = columns.label), None)]);
        let cells = self.cells(picture, place, columns.plot);
        for same in cells.chunk_by(|one, next| one == next) {
            let (character, color) = self.character(same[0]);
            self.text(out, &[(&character.to_string().repeat(same.len()), color)]);
        }
        if let Some(reason) = self.reason(row).filter(|_| columns.reason > 0) {
            self.text(out, &[(" ", None), (&shorten(&reason, columns.reason, self.dots()), None)]);
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }

    fn cells(&self, picture: &Picture, place: usize, count: usize) -> Vec<Cell> {
        let (from, to) = picture.window;
        let edge = |column: usize| {
            let share = u128::from(to - from) * column as u128 / count as u128;
            from + share as u64
        };
        let mut times = vec![(0_u64, 0_u64, 0_u64); count];
        for span in &picture.rows[place].spans {
            let first = self.column(picture.window, count, span.from);
            let last = self.column(picture.window, count, span.to - 1);
            for (column, times) in times.iter_mut().enumerate().take(last + 1).skip(first) {
                let time =
                    span.to.min(edge(column + 1)).saturating_sub(span.from.max(edge(column)));
                match span.state {
                    State::Running => times.0 += time,
                    State::Ready => times.1 += time,
                    State::Waiting => times.2 += time,
                }
            }
        }
        let cell = |(column, times): (usize, &(u64, u64, u64))| match *times {
            (runs, ..) if runs > 0 && runs >= (edge(column + 1) - edge(column)) / 2 => Cell::Runs,
            (1.., ..) => Cell::RunsBriefly,
            (0, 0, 0) => Cell::Empty,
            (0, ready, waits) if ready > waits => Cell::Ready,
            _ => Cell::Waits,
        };
        let mut cells: Vec<Cell> = times.iter().enumerate().map(cell).collect();
        for wake in picture.wakes.iter().filter(|wake| wake.row == place) {
            let column = self.column(picture.window, count, wake.at);
            let runs_on = cells[column] == Cell::Runs
                && column.checked_sub(1).is_some_and(|before| cells[before] == Cell::Runs);
            if !runs_on {
                cells[column] = Cell::Woken(wake.by);
            }
        }
        cells
    }

    /// The column of a moment.
    fn column(&self, (from, to): (u64, u64), count: usize, at: u64) -> usize {
        let share = u128::from(at.saturating_sub(from)) * count as u128 / u128::from(to - from);
        (share as usize).min(count - 1)
    }

    fn reason(&self, row: &Row) -> Option<String> {
        let (why, long) = row.longest_wait()?;
        Some(format!("{}, {why}", time(long)))
    }

    fn width(&self) -> usize {
        self.width.max(40)
    }

    fn dots(&self) -> &'static str {
        if self.ascii { "..." } else { "…" }
    }

    fn character(&self, cell: Cell) -> (char, Option<&'static str>) {
        let (rich, plain, color) = match cell {
            Cell::Empty => (' ', ' ', None),
            Cell::Runs => ('█', '#', Some("32")),
            Cell::RunsBriefly => ('▌', '\'', Some("32")),
            Cell::Ready => ('▒', '+', Some("33")),
            Cell::Waits => ('─', '-', Some("34")),
            Cell::Woken(Woken::ByKernel) => ('k', 'k', Some("1;35")),
            Cell::Woken(Woken::ByTimer) => ('t', 't', Some("1;35")),
            Cell::Woken(Woken::By(_)) => ('w', 'w', Some("1;35")),
            Cell::Woken(Woken::FromOutside) => ('o', 'o', Some("1;35")),
        };
        (if self.ascii { plain } else { rich }, color)
    }

    fn line(&self, out: &mut String, parts: &[(&str, Option<&str>)]) {
        self.text(out, parts);
        out.push('\n');
    }

    fn text(&self, out: &mut String, parts: &[(&str, Option<&str>)]) {
        for (text, color) in parts {
            let text = if self.ascii { plain(text) } else { (*text).to_owned() };
            // Writing to a string does not fail.
            let _ = match color.filter(|_| self.colors) {
                Some(color) => write!(out, "\x1b[{color}m{text}\x1b[0m"),
                None => write!(out, "{text}"),
            };
        }
    }
}

/// Names of tasks may be in any script.
fn plain(text: &str) -> String {
    let plain = |c| match c {
        'µ' => 'u',
        c if c.is_ascii() => c,
        _ => '?',
    };
    text.chars().map(plain).collect()
}
