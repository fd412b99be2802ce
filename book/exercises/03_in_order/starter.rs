/// The values by place, each as soon as it can be told.
pub fn in_order<T>(results: impl Iterator<Item = (usize, T)>) -> impl Iterator<Item = T> {
    // Waits for all of them.
    let mut results: Vec<_> = results.collect();
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, value)| value)
}
