//! The part of a picture that is to be seen.

use super::picture::{Picture, Row, RowKind, Span, Wake, Woken};

/// What to look at.
///
/// ```
/// use glassloop::glass::View;
///
/// let the_beginning = View { to: Some(1_000_000), ..View::default() };
/// assert_eq!(the_beginning.tasks, 40);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// From this moment on, in nanoseconds since the run began.
    pub from: u64,
    /// To this moment; `None` is the run's end.
    pub to: Option<u64>,
    /// The most rows of tasks, and of threads.
    pub tasks: usize,
}

impl Default for View {
    fn default() -> Self {
        Self { from: 0, to: None, tasks: 40 }
    }
}

impl Picture {
    /// The part of it that is to be seen. Who was not there at that time has no row.
    pub fn seen(&self, view: &View) -> Self {
        let from = view.from.min(u64::MAX - 1);
        let to = view.to.unwrap_or(self.window.1).max(from + 1);
        let mut places = vec![None; self.rows.len()];
        let (mut rows, mut folded) = (Vec::new(), 0);
        for kind in [RowKind::Worker, RowKind::Task] {
            let there = |(_, row): &(usize, &Row)| row.kind == kind && row.is_there(from, to);
            let mut there = self.rows.iter().enumerate().filter(there);
            for (place, row) in there.by_ref().take(view.tasks) {
                places[place] = Some(rows.len());
                rows.push(row.within(from, to));
            }
            let besides = there.count();
            folded += if kind == RowKind::Task { besides } else { 0 };
        }
        let wake = |wake: &Wake| {
            let row = places[wake.row]?;
            let by = match wake.by {
                Woken::By(row) => Woken::By(places[row]?),
                other => other,
            };
            (from..=to).contains(&wake.at).then_some(Wake { at: wake.at, by, row })
        };
        let wakes = self.wakes.iter().filter_map(wake).collect();
        let (name, took) = (self.name.clone(), self.took);
        Self { name, rows, wakes, took, window: (from, to), folded }
    }
}

impl Row {
    fn is_there(&self, from: u64, to: u64) -> bool {
        self.spans.iter().any(|span| span.from < to && from < span.to)
    }

    fn within(&self, from: u64, to: u64) -> Self {
        let spans = self.spans.iter().filter(|span| span.from < to && from < span.to);
        let cut = |span: &Span| Span {
            from: span.from.max(from),
            to: span.to.min(to),
            state: span.state,
            why: span.why.clone(),
        };
        Self {
            kind: self.kind,
            label: self.label.clone(),
            place: self.place.clone(),
            spans: spans.map(cut).collect(),
        }
    }
}
