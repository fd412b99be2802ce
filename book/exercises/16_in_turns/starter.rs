//! Two contenders, compared unfairly.

/// What a run of ours costs, divided by what one of theirs does; so many rounds of each.
pub fn ratio(mut ours: impl FnMut() -> f64, mut theirs: impl FnMut() -> f64, rounds: usize) -> f64 {
    let sum_of_ours: f64 = (0..rounds).map(|_| ours()).sum();
    let sum_of_theirs: f64 = (0..rounds).map(|_| theirs()).sum();
    sum_of_ours / sum_of_theirs
}
