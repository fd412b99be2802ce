#[derive(Default)]
pub struct Side {
    ready: bool,
}

impl Side {
    pub fn event(&mut self, _closed: bool) {
        self.ready = true;
    }

    pub fn attempt(&mut self, _asked: usize, _got: Option<usize>) {
        self.ready = false;
    }

    pub fn worth_trying(&self) -> bool {
        self.ready
    }
}
