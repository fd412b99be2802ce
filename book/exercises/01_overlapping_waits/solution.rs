/// For how many milliseconds at least one job was waiting. A wait is (begin, end).
pub fn some_job_waited(waits: &[(u64, u64)]) -> u64 {
    let mut waits = waits.to_vec();
    waits.sort();
    let (mut total, mut counted_to) = (0, 0);
    for (begin, end) in waits {
        let begin = begin.max(counted_to);
        total += end.saturating_sub(begin);
        counted_to = counted_to.max(end);
    }
    total
}
