/// Who waits: until when, and the number of the task.
pub type Waiting = Vec<(u64, usize)>;

pub fn take_soonest(waiting: &mut Waiting) -> Option<(u64, usize)> {
    waiting.pop()
}
