//! What a run looks like: a row for each thread and each task, on which it runs, is ready or waits, and who woke it.
//!
//! `painter.rs` makes a picture out of a trace's events: rows of spans, and wakes (`picture.rs`). `view.rs` cuts out
//! the part to be seen; `terminal.rs` and `svg.rs` draw it. The same trace gives the same drawing, byte for byte.
//!
//! ```
//! use glassloop::glass::{Picture, Terminal, View};
//! use glassloop::trace::Recorder;
//!
//! let recorder = Recorder::new();
//! recorder.track("a sum").run(|| (1..=1000).sum::<u64>());
//! let picture = Picture::of(&recorder.finish("one job"));
//! let drawn = Terminal::default().draw(&picture.seen(&View::default()));
//! assert!(drawn.starts_with("one job: 1 task"));
//! ```

mod painter;
mod picture;
mod scale;
mod svg;
mod terminal;
mod view;

pub use self::picture::{Picture, Row, RowKind, Span, State, Wake, Woken};
pub use self::svg::svg;
pub use self::terminal::Terminal;
pub use self::view::View;
