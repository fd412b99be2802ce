//! A selector for one pipe, in three modes. Only the first is done.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Level,
    Edge,
    Oneshot,
}

pub struct Selector {
    #[allow(dead_code)]
    mode: Mode,
    bytes: usize,
}

impl Selector {
    /// Watches an empty pipe; a oneshot selector is armed.
    pub fn new(mode: Mode) -> Self {
        Self { mode, bytes: 0 }
    }

    pub fn arrive(&mut self, count: usize) {
        self.bytes += count;
    }

    pub fn read(&mut self, count: usize) {
        self.bytes -= count;
    }

    /// Asks to be told again, and looks.
    pub fn arm(&mut self) {}

    /// Whether it tells of the pipe now.
    pub fn ask(&mut self) -> bool {
        self.bytes > 0
    }
}
