#[derive(Debug, PartialEq)]
pub enum Next {
    /// Wait, and then call `step` again.
    Wait,
    Done,
    Failed,
}

pub enum Fetch {
    New,
    Connecting,
}

impl Fetch {
    /// `connected` means something only after the first step.
    pub fn step(&mut self, connected: bool) -> Next {
        match self {
            Self::New => {
                *self = Self::Connecting;
                Next::Wait
            }
            Self::Connecting if connected => Next::Done,
            Self::Connecting => Next::Failed,
        }
    }
}
