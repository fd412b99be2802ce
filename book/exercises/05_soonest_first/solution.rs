/// Who waits: until when, and the number of the task.
pub type Waiting = Vec<(u64, usize)>;

pub fn take_soonest(waiting: &mut Waiting) -> Option<(u64, usize)> {
    let soonest = (0..waiting.len()).min_by_key(|at| waiting[*at].0)?;
    Some(waiting.remove(soonest))
}
