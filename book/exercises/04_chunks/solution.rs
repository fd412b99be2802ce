/// The numbers from `first` to `last`, both included, in chunks (first, last).
pub fn chunks(first: u64, last: u64, count: u64) -> Vec<(u64, u64)> {
    let numbers = last - first + 1;
    let count = count.min(numbers);
    let (length, longer) = (numbers / count, numbers % count);
    let mut next = first;
    let chunk = |number| {
        let begin = next;
        next += length + u64::from(number < longer);
        (begin, next - 1)
    };
    (0..count).map(chunk).collect()
}
