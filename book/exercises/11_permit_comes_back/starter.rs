use std::cell::Cell;

pub struct Limit {
    free: Cell<usize>,
}

impl Limit {
    pub fn new(permits: usize) -> Self {
        Self { free: Cell::new(permits) }
    }

    pub fn free(&self) -> usize {
        self.free.get()
    }

    /// Runs the job if there is a permit; `None` if there is not.
    pub fn run<R>(&self, job: impl FnOnce() -> R) -> Option<R> {
        self.free.set(self.free.get().checked_sub(1)?);
        let result = job();
        self.free.set(self.free.get() + 1);
        Some(result)
    }
}
