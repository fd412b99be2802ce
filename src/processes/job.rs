//! Jobs on their way: one that was submitted, or a run of those of a map, which travel together.

use std::sync::mpsc::Sender;

use super::error::ProcessError;
use super::frame::{HEADER, Kind, frame};
use super::packed::{Packed, values};

/// What came of a job: the body of a result, or why there is none.
pub(super) type Reply = Result<Vec<u8>, ProcessError>;

/// Arguments that travel together take no more than so many bytes.
const MOST_TOGETHER: usize = 64 * 1024;

/// A job, or several.
#[derive(Debug)]
pub(super) struct Job {
    /// Its argument, ready to be sent; or the arguments of all.
    pub(super) frame: Vec<u8>,
    /// Where those begin in the frame that have not been cut off, and how many of these are answered.
    start: usize,
    done: usize,
    pub(super) count: usize,
    /// How many there were at first.
    pub(super) size: usize,
    pub(super) answer: Answer,
    /// How many workers have ended with the whole frame in their pipe, before they began.
    pub(super) lost: u8,
}

impl Job {
    pub(super) fn one(frame: Vec<u8>, answer: Answer) -> Self {
        Self { frame, start: HEADER, done: 0, count: 1, size: 1, answer, lost: 0 }
    }

    /// The jobs of a map from this place on.
    pub(super) fn many(arguments: Packed, first: usize, parts: Sender<Part>) -> Self {
        let count = arguments.count;
        let answer = Answer::Many { next: first, left: count, parts };
        let frame = frame(Kind::Jobs, &arguments.bytes);
        Self { frame, start: HEADER, done: 0, count, size: count, answer, lost: 0 }
    }

    pub(super) fn is_many(&self) -> bool {
        matches!(self.answer, Answer::Many { .. })
    }

    /// Cuts off the first jobs, at least one and at most `count`, to be sent in a frame of at most `limit` bytes.
    pub(super) fn cut(&mut self, count: usize, limit: usize) -> Self {
        if self.count == 1 && self.frame.first() == Some(&(Kind::Job as u8)) {
            return self.all(); // it was cut off before, and has come back
        }
        let done = std::mem::take(&mut self.done);
        self.start += Packed::first(&self.frame[self.start..], done, usize::MAX).1;
        let bytes = &self.frame[self.start..];
        let (count, end) = Packed::first(bytes, count, limit.min(MOST_TOGETHER));
        // Alone, an argument is as large as it may be, without a length before it.
        let frame = match count {
            1 => frame(Kind::Job, values(bytes).next().unwrap_or_default()),
            _ => frame(Kind::Jobs, &bytes[..end]),
        };
        self.start += end;
        self.count -= count;
        let lost = std::mem::take(&mut self.lost);
        Self {
            frame,
            start: HEADER,
            done: 0,
            count,
            size: count,
            answer: self.answer.cut(count),
            lost,
        }
    }

    fn all(&mut self) -> Self {
        let (frame, answer) = (std::mem::take(&mut self.frame), self.answer.cut(self.count));
        let count = std::mem::take(&mut self.count);
        Self { frame, start: self.start, done: 0, count, size: count, answer, lost: self.lost }
    }

    /// Gives the results of the first jobs of a run.
    pub(super) fn give_packed(&mut self, results: Packed) {
        self.done += results.count;
        self.count -= results.count;
        self.answer.send(results.count, Ok(results.bytes), true);
    }

    /// Gives what came of the first job that has no answer yet.
    pub(super) fn give(&mut self, reply: Reply) {
        self.done += 1;
        self.count -= 1;
        self.answer.send(1, reply, false);
    }

    /// Answers all that have no answer yet.
    pub(super) fn fail(mut self, error: ProcessError) {
        self.answer.send(self.count, Err(error), false);
    }
}

/// Where replies go. They go there whatever happens: dropped, what has no answer yet counts as cancelled.
pub(super) enum Answer {
    One(Option<Box<dyn FnOnce(Reply) + Send>>),
    Many { next: usize, left: usize, parts: Sender<Part> },
}

/// What came of some jobs of a map.
pub(super) struct Part {
    /// The place of the first of them.
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) reply: Reply,
    /// Whether the reply is [`Packed`].
    pub(super) is_packed: bool,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer")
    }
}

impl Answer {
    pub(super) fn new(take: impl FnOnce(Reply) + Send + 'static) -> Self {
        Self::One(Some(Box::new(take)))
    }

    pub(super) fn give(mut self, reply: Reply) {
        self.send(1, reply, false);
    }

    fn cut(&mut self, count: usize) -> Self {
        match self {
            Self::One(take) => Self::One(take.take()),
            Self::Many { next, left, parts } => {
                let cut = Self::Many { next: *next, left: count, parts: parts.clone() };
                (*next, *left) = (*next + count, *left - count);
                cut
            }
        }
    }

    fn send(&mut self, count: usize, reply: Reply, is_packed: bool) {
        match self {
            Self::One(take) => {
                if let Some(take) = take.take() {
                    take(reply);
                }
            }
            Self::Many { left: 0, .. } => {}
            Self::Many { next, left, parts } => {
                let part = Part { first: *next, count, reply, is_packed };
                (*next, *left) = (*next + count, *left - count);
                let _ = parts.send(part); // whoever mapped may have panicked
            }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let left = if let Self::Many { left, .. } = self { *left } else { 1 };
        self.send(left, Err(ProcessError::Cancelled), false);
    }
}
