//! Two contenders, compared fairly: in turns, after a round that only warms up, by the median.

/// What a run of ours costs, divided by what one of theirs does; so many rounds of each.
pub fn ratio(mut ours: impl FnMut() -> f64, mut theirs: impl FnMut() -> f64, rounds: usize) -> f64 {
    ours();
    theirs();
    let mut ratios: Vec<f64> = (0..rounds).map(|_| ours() / theirs()).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}
