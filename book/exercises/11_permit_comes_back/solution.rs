use std::cell::Cell;

pub struct Limit {
    free: Cell<usize>,
}

struct Permit<'a>(&'a Limit);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.free.set(self.0.free.get() + 1);
    }
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
        let _permit = Permit(self);
        Some(job())
    }
}
