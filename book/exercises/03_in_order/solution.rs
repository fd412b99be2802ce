use std::collections::HashMap;

/// The values by place, each as soon as it can be told.
pub fn in_order<T>(mut results: impl Iterator<Item = (usize, T)>) -> impl Iterator<Item = T> {
    let (mut early, mut next) = (HashMap::new(), 0);
    std::iter::from_fn(move || {
        loop {
            if let Some(value) = early.remove(&next) {
                next += 1;
                return Some(value);
            }
            let (place, value) = results.next()?;
            early.insert(place, value);
        }
    })
}
