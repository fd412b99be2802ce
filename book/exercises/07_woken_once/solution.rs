use std::collections::VecDeque;

#[derive(Default)]
pub struct Ready {
    queue: VecDeque<usize>,
    queued: Vec<bool>,
}

impl Ready {
    pub fn push(&mut self, task: usize) {
        if self.queued.len() <= task {
            self.queued.resize(task + 1, false);
        }
        if !std::mem::replace(&mut self.queued[task], true) {
            self.queue.push_back(task);
        }
    }

    pub fn pop(&mut self) -> Option<usize> {
        let task = self.queue.pop_front()?;
        self.queued[task] = false;
        Some(task)
    }
}
