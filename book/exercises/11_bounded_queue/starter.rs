use std::cell::RefCell;
use std::collections::VecDeque;

use glassloop::sync::Semaphore;

pub struct Queue<T> {
    values: RefCell<VecDeque<T>>,
    room: Semaphore,
}

impl<T> Queue<T> {
    pub fn new(capacity: usize) -> Self {
        Self { values: RefCell::default(), room: Semaphore::new(capacity) }
    }

    /// Puts a value at the end, as soon as there is room.
    pub async fn push(&self, value: T) {
        self.values.borrow_mut().push_back(value);
    }

    /// Takes the first value, if there is one.
    pub fn pop(&self) -> Option<T> {
        self.values.borrow_mut().pop_front()
    }
}
