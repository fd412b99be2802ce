//! A picture as SVG: for a page, light or dark. It loads nothing, runs nothing, and has no ids, so that a page may
//! hold several.

mod pen;

use self::pen::{Pen, arrow, block, escape, short};
use super::picture::{Picture, Row, RowKind, Span, State, Wake, Woken};
use super::scale::{shorten, ticks, time};

const WIDTH: f64 = 960.0;
/// Where the axis begins and how long it is.
const LEFT: f64 = 208.0;
const PLOT: f64 = 736.0;
const HEADING: f64 = 44.0;
const ROW: f64 = 22.0;
const MARGIN: f64 = 16.0;
/// Characters of the labels, and of what stands in the rows, are this wide.
const LABEL_CHAR: f64 = 7.3;
const WORD_CHAR: f64 = 5.5;

/// Without the query, it is light; some programs know none.
const STYLE: &str = "
.page{fill:#fff}
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328}
.heading{font-weight:600;font-size:14px}
.small{font-size:9px}
.quiet{fill:#59636e}
.grid{stroke:#d1d9e0;stroke-width:1}
.running{fill:#1a7f37}
.ready{fill:#d4a72c;stroke:#7d4e00;stroke-width:.5}
.waiting{fill:#818b98}
.source{stroke:#8250df;stroke-width:1;stroke-dasharray:2 3}
.wake{stroke:#8250df;stroke-width:1;fill:none}
@media (prefers-color-scheme:dark){
.page{fill:#0d1117}
text{fill:#e6edf3}
.quiet{fill:#9198a1}
.grid{stroke:#30363d}
.running{fill:#3fb950}
.ready{fill:#9e6a03;stroke:#f2cc60}
.waiting{fill:#6e7681}
.source,.wake{stroke:#d2a8ff}
}
";

/// Draws pictures below each other.
///
/// ```
/// assert!(glassloop::glass::svg(&[]).starts_with("<svg "));
/// ```
pub fn svg(pictures: &[Picture]) -> String {
    let names: Vec<&str> = pictures.iter().map(|picture| &*picture.name).collect();
    let mut drawing = Drawing { pen: Pen::default(), y: MARGIN };
    for picture in pictures {
        drawing.picture(picture);
    }
    drawing.legend(pictures);
    let (body, height) = (drawing.pen.out, drawing.y + MARGIN);
    let title = escape(&format!("Timeline of {}", names.join("; ")));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n<rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>\n{body}</svg>\n"
    )
}

struct Drawing {
    pen: Pen,
    /// How far down it has come.
    y: f64,
}

/// Where the rows of a picture stand.
struct Places {
    window: (u64, u64),
    /// The middle of each row.
    rows: Vec<f64>,
    /// Whoever wakes, but is no row.
    sources: Vec<(Woken, f64)>,
}

impl Places {
    fn x(&self, at: u64) -> f64 {
        let (from, to) = self.window;
        LEFT + PLOT * (at.saturating_sub(from) as f64 / (to - from) as f64).min(1.0)
    }

    fn of(&self, by: Woken) -> Option<f64> {
        match by {
            Woken::By(row) => Some(self.rows[row]),
            by => self.sources.iter().find(|(source, _)| *source == by).map(|(_, y)| *y),
        }
    }
}

impl Drawing {
    fn picture(&mut self, picture: &Picture) {
        self.pen.text((MARGIN, self.y + 14.0), "heading", &picture.heading());
        let top = self.y + HEADING;
        self.y = top;
        let places = self.places(picture);
        self.grid(&places, top - 14.0);
        for &(source, y) in &places.sources {
            let name = source_name(source, picture);
            self.pen.text((MARGIN, y + 4.0), "quiet", name);
            let (left, right) = (LEFT, LEFT + PLOT);
            self.pen.put(format_args!(
                "<path class=\"source\" d=\"M{left} {y}H{right}\"/>",
                y = short(y)
            ));
        }
        for (row, &y) in picture.rows.iter().zip(&places.rows) {
            self.row(row, y, &places);
        }
        self.wakes(picture, &places);
        if picture.folded > 0 {
            let (more, all) = (picture.folded, picture.tasks());
            let more = format!("… and {more} more: --tasks {all} shows all");
            self.pen.text((MARGIN, self.y + 12.0), "quiet", &more);
            self.y += ROW;
        }
        self.y += MARGIN;
    }

    fn places(&mut self, picture: &Picture) -> Places {
        let mut next = || {
            self.y += ROW;
            self.y - ROW / 2.0
        };
        let sources = [Woken::ByKernel, Woken::ByTimer, Woken::FromOutside];
        let wakes = |source: &Woken| picture.wakes.iter().any(|wake| wake.by == *source);
        let sources = sources.into_iter().filter(wakes).map(|source| (source, next())).collect();
        let rows = picture.rows.iter().map(|_| next()).collect();
        Places { window: picture.window, rows, sources }
    }

    fn grid(&mut self, places: &Places, top: f64) {
        for (at, words) in ticks(places.window, 8) {
            let x = places.x(at);
            self.pen.put(format_args!(
                "<path class=\"grid\" d=\"M{} {}V{}\"/>",
                short(x),
                short(top + 4.0),
                short(self.y)
            ));
            self.pen.text_at("middle", (x, top), "small quiet", &words);
        }
    }

    fn row(&mut self, row: &Row, y: f64, places: &Places) {
        let totals =
            [(State::Running, "runs"), (State::Ready, "is ready"), (State::Waiting, "waits")];
        let totals = totals.map(|(state, word)| format!("{word} {}", time(row.total(state))));
        let place = if row.place.is_empty() { "" } else { " at " };
        self.pen.put(format_args!(
            "<g>\n<title>{}{place}{}: {}</title>",
            escape(&row.label),
            escape(&row.place),
            totals.join(", ")
        ));
        let label = shorten(&row.label, ((LEFT - MARGIN - 8.0) / LABEL_CHAR) as usize, "…");
        let class = if row.kind == RowKind::Worker { "quiet" } else { "label" };
        self.pen.text((MARGIN, y + 4.0), class, &label);
        for state in [State::Waiting, State::Ready, State::Running] {
            let mut drawn = f64::MIN;
            for span in row.spans.iter().filter(|span| span.state == state) {
                let end = places.x(span.to);
                // What is smaller than this would only make the file longer.
                if end - drawn >= 0.5 {
                    drawn = end;
                    self.span(span, y, places);
                }
            }
        }
        self.pen.put(format_args!("</g>"));
    }

    fn span(&mut self, span: &Span, y: f64, places: &Places) {
        let (x, width) = (places.x(span.from), places.x(span.to) - places.x(span.from));
        let (class, top, height) = block(span.state);
        let least = if span.state == State::Running { 1.0 } else { 0.5 };
        let title = match span.state {
            State::Running => "runs".to_owned(),
            State::Ready => "ready".to_owned(),
            State::Waiting => format!("waits for {}", span.why),
        };
        let title = format!("{title}, {}", time(span.to - span.from));
        self.pen.put(format_args!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{height}\">\
             <title>{}</title></rect>",
            short(x),
            short(y + top),
            short(width.max(least)),
            escape(&title)
        ));
        let room = ((width - 6.0) / WORD_CHAR).max(0.0) as usize;
        if span.state == State::Waiting && room >= 6 {
            let words = shorten(&span.why, room, "…");
            self.pen.text((x + 3.0, y - 2.0), "small quiet", &words);
        }
    }

    fn wakes(&mut self, picture: &Picture, places: &Places) {
        let mut drawn = std::collections::HashSet::new();
        for wake in &picture.wakes {
            let Some(from) = places.of(wake.by) else { continue };
            let (x, to) = (short(places.x(wake.at)), places.rows[wake.row]);
            if drawn.insert((x, short(from), wake.row)) {
                let down = if to > from { 8.0 } else { -8.0 };
                self.pen.put(format_args!(
                    "<path class=\"wake\" d=\"{}\"><title>{}</title></path>",
                    arrow(places.x(wake.at), from, to - down),
                    escape(&said(wake, picture))
                ));
            }
        }
    }

    /// What the marks in these pictures mean.
    fn legend(&mut self, pictures: &[Picture]) {
        let y = self.y + ROW / 2.0;
        let mut x = LEFT;
        let spans = || pictures.iter().flat_map(|p| &p.rows).flat_map(|row| &row.spans);
        for (state, words) in [
            (State::Running, "runs"),
            (State::Ready, "ready: could run, others do"),
            (State::Waiting, "waits"),
        ] {
            if spans().any(|span| span.state == state) {
                let (class, top, height) = block(state);
                self.pen.put(format_args!(
                    "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"18\" height=\"{height}\"/>",
                    short(x),
                    short(y + top)
                ));
                self.pen.text((x + 24.0, y + 4.0), "quiet", words);
                x += 44.0 + LABEL_CHAR * words.chars().count() as f64;
            }
        }
        if pictures.iter().any(|picture| !picture.wakes.is_empty()) {
            self.pen.put(format_args!(
                "<path class=\"wake\" d=\"{}\"/>",
                arrow(x + 6.0, y - 8.0, y + 8.0)
            ));
            self.pen.text((x + 18.0, y + 4.0), "quiet", "wakes, from who wakes to who is woken");
        }
        self.y += ROW;
    }
}

fn source_name(source: Woken, picture: &Picture) -> &str {
    match source {
        Woken::ByKernel => "the kernel",
        Woken::ByTimer => "timers",
        Woken::FromOutside => "outside",
        Woken::By(row) => &picture.rows[row].label,
    }
}

fn said(wake: &Wake, picture: &Picture) -> String {
    let (by, row) = (source_name(wake.by, picture), &picture.rows[wake.row]);
    format!("{by} wakes {} after {}", row.label, time(wake.at))
}
