//! From events to rows.

use std::collections::HashMap;

use super::picture::{Picture, Row, RowKind, Span, State, Wake, Woken};
use crate::clock::nanos;
use crate::trace::{Cause, Entry, Event, LaneKind, Run, TaskId, Wait};

impl Picture {
    /// The picture of a run. Whatever is not lawful in a trace, as when it was cut off, becomes a row as well as it can.
    pub fn of(run: &Run) -> Self {
        let lanes = run.lanes.iter().map(|lane| Line::new(&lane.name)).collect();
        let mut painter = Painter { lanes, ..Painter::default() };
        for entry in &run.entries {
            // A lane that there is not has no row: files are checked for it.
            if let Some(lane) = run.lanes.get(entry.lane) {
                painter.paint(entry, lane.kind == LaneKind::Loop);
            }
        }
        let end = run.entries.iter().map(|entry| nanos(entry.at)).max().unwrap_or(0);
        painter.finish(run, end)
    }
}

/// A row in the making.
#[derive(Default)]
struct Line {
    label: String,
    place: String,
    spans: Vec<Span>,
    open: Option<(u64, State, String)>,
    /// How many tasks a thread did, or how often a task was ready.
    count: usize,
}

impl Line {
    fn new(label: &str) -> Self {
        Self { label: shown(label), ..Self::default() }
    }

    fn begin(&mut self, at: u64, state: State, why: &str) {
        self.end(at);
        self.open = Some((at, state, why.to_owned()));
    }

    fn end(&mut self, at: u64) {
        if let Some((from, state, why)) = self.open.take()
            && from < at
        {
            self.spans.push(Span { from, to: at, state, why });
        }
    }

    fn waits(&self) -> bool {
        matches!(self.open, Some((_, State::Waiting, _)))
    }

    fn row(self, kind: RowKind) -> Row {
        Row { kind, label: self.label, place: self.place, spans: self.spans }
    }
}

#[derive(Default)]
struct Painter {
    lanes: Vec<Line>,
    tasks: Vec<Line>,
    by_id: HashMap<TaskId, usize>,
    wakes: Vec<Wake>,
}

impl Painter {
    fn paint(&mut self, entry: &Entry, is_loop: bool) {
        let (at, lane) = (nanos(entry.at), entry.lane);
        match &entry.event {
            Event::Spawned { task, at } => {
                let label = format!("task {task} ({})", short_place(at));
                let line = self.line(*task);
                (line.label, line.place) = (shown(&label), shown(at));
            }
            Event::Named { task, name } => self.line(*task).label = shown(name),
            Event::Ready { task, by } => {
                let first = {
                    let line = self.line(*task);
                    line.begin(at, State::Ready, "");
                    line.count += 1;
                    line.count == 1
                };
                if !is_loop && self.lanes[lane].waits() {
                    self.lanes[lane].end(at);
                }
                if is_loop && !first && *by != Cause::Task(*task) {
                    let (row, by) = (self.row(*task), self.woken(*by));
                    self.wakes.push(Wake { at, by, row });
                }
            }
            Event::PollStart { task } => {
                let first = self.line(*task).spans.iter().all(|span| span.state == State::Ready);
                self.line(*task).begin(at, State::Running, "");
                self.lanes[lane].begin(at, State::Running, "");
                self.lanes[lane].count += usize::from(first);
            }
            Event::PollEnd { task } => {
                self.line(*task).end(at);
                self.lanes[lane].end(at);
            }
            Event::Waiting { task, on } => {
                let why = self.reasons(on);
                self.line(*task).begin(at, State::Waiting, &why);
                // What does one job at a time waits with it.
                if !is_loop {
                    self.lanes[lane].begin(at, State::Waiting, &why);
                }
            }
            Event::Finished { task } => self.line(*task).end(at),
            Event::LoopSleep { .. } => self.lanes[lane].begin(at, State::Waiting, "the kernel"),
            Event::LoopWake => self.lanes[lane].end(at),
        }
    }

    fn row(&mut self, task: TaskId) -> usize {
        *self.by_id.entry(task).or_insert_with(|| {
            self.tasks.push(Line::new(&format!("task {task}")));
            self.tasks.len() - 1
        })
    }

    fn line(&mut self, task: TaskId) -> &mut Line {
        let row = self.row(task);
        &mut self.tasks[row]
    }

    fn woken(&mut self, cause: Cause) -> Woken {
        match cause {
            Cause::Task(task) => Woken::By(self.row(task)),
            Cause::Kernel => Woken::ByKernel,
            Cause::Timer => Woken::ByTimer,
            Cause::Outside => Woken::FromOutside,
        }
    }

    fn reasons(&self, on: &[Wait]) -> String {
        const SHOWN: usize = 2;
        let reason = |wait: &Wait| match wait {
            Wait::Task(task) if self.by_id.contains_key(task) => {
                let name = &self.tasks[self.by_id[task]].label;
                let of_url = name.rsplit_once('/').filter(|_| name.contains("://"));
                of_url.map_or(&**name, |(_folder, file)| file).to_owned()
            }
            other => shown(&other.to_string()),
        };
        let mut words: Vec<String> = on.iter().take(SHOWN).map(reason).collect();
        match on.len() {
            0 => words.push("something unknown".into()),
            count if count > SHOWN => words.push(format!("{} more", count - SHOWN)),
            _ => {}
        }
        words.join(" or ")
    }

    fn finish(self, run: &Run, end: u64) -> Picture {
        let Self { mut lanes, mut tasks, mut wakes, .. } = self;
        lanes.iter_mut().chain(&mut tasks).for_each(|line| line.end(end));
        let has_loop = run.lanes.iter().any(|lane| lane.kind == LaneKind::Loop);
        let tell_more = has_loop || lanes.iter().any(|lane| lane.count > 1);
        let workers = lanes.into_iter().filter(|lane| tell_more && !lane.spans.is_empty());
        let mut rows: Vec<Row> = workers.map(|lane| lane.row(RowKind::Worker)).collect();
        rows.sort_by_key(|row| row.spans[0].from); // they were told of when they were done
        let above = rows.len();
        rows.extend(tasks.into_iter().map(|task| task.row(RowKind::Task)));
        for wake in &mut wakes {
            wake.row += above;
            if let Woken::By(row) = &mut wake.by {
                *row += above;
            }
        }
        let name = shown(&run.name);
        Picture { name, rows, wakes, took: end, window: (0, end.max(1)), folded: 0 }
    }
}

/// A text from a file: nothing in it may steer a terminal.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// `src/main.rs:12:5` as `main.rs:12`.
fn short_place(place: &str) -> &str {
    let line = place.rsplit_once(':').map_or(place, |(line, _column)| line);
    line.rsplit_once(['/', '\\']).map_or(line, |(_folders, file)| file)
}
