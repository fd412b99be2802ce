//! Every order in which two threads can take their steps.

/// Whose turn it is, step by step: `a` times 0 and `b` times 1, in each order once.
pub fn orders(a: usize, b: usize) -> Vec<Vec<usize>> {
    if a == 0 && b == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (turn, left) in
        [(0, a.checked_sub(1).map(|a| (a, b))), (1, b.checked_sub(1).map(|b| (a, b)))]
    {
        let Some((a, b)) = left else { continue };
        for rest in orders(a, b) {
            all.push([vec![turn], rest].concat());
        }
    }
    all
}
