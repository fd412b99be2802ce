//! Every order in which two threads can take their steps. So far, one.

/// Whose turn it is, step by step: `a` times 0 and `b` times 1, in each order once.
pub fn orders(a: usize, b: usize) -> Vec<Vec<usize>> {
    vec![[vec![0; a], vec![1; b]].concat()]
}
