#[derive(Default)]
pub struct Side {
    ready: bool,
    closed: bool,
}

impl Side {
    pub fn event(&mut self, closed: bool) {
        self.ready = true;
        self.closed |= closed;
    }

    pub fn attempt(&mut self, asked: usize, got: Option<usize>) {
        match got {
            None => (self.ready, self.closed) = (false, false),
            Some(got) if got < asked => self.ready = self.closed,
            Some(_) => {}
        }
    }

    pub fn worth_trying(&self) -> bool {
        self.ready
    }
}
