//! A selector for one pipe, in three modes.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Level,
    Edge,
    Oneshot,
}

pub struct Selector {
    mode: Mode,
    bytes: usize,
    /// Something has arrived, or it was armed, since it was last told.
    news: bool,
    armed: bool,
}

impl Selector {
    /// Watches an empty pipe; a oneshot selector is armed.
    pub fn new(mode: Mode) -> Self {
        Self { mode, bytes: 0, news: false, armed: true }
    }

    pub fn arrive(&mut self, count: usize) {
        self.bytes += count;
        self.news = true;
    }

    pub fn read(&mut self, count: usize) {
        self.bytes -= count;
    }

    /// Asks to be told again, and looks.
    pub fn arm(&mut self) {
        self.armed = true;
        self.news = true;
    }

    /// Whether it tells of the pipe now.
    pub fn ask(&mut self) -> bool {
        let told = self.bytes > 0
            && match self.mode {
                Mode::Level => true,
                Mode::Edge => self.news,
                Mode::Oneshot => self.armed,
            };
        if told {
            self.news = false;
            self.armed = false;
        }
        told
    }
}
