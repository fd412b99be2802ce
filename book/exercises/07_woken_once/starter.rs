use std::collections::VecDeque;

#[derive(Default)]
pub struct Ready {
    queue: VecDeque<usize>,
}

impl Ready {
    pub fn push(&mut self, task: usize) {
        self.queue.push_back(task);
    }

    pub fn pop(&mut self) -> Option<usize> {
        self.queue.pop_front()
    }
}
