use glassloop::task::yield_now;

/// How many numbers are added between two turns of the others.
pub const PIECE: usize = 1000;

/// The sum of all numbers.
pub async fn sum(numbers: Vec<u64>) -> u64 {
    let mut sum = 0;
    for piece in numbers.chunks(PIECE) {
        sum += piece.iter().sum::<u64>();
        yield_now().await;
    }
    sum
}
