use super::exercise::*;

#[test]
fn the_earliest_moment_comes_first_and_equals_keep_their_order() {
    let mut waiting = vec![(30, 0), (10, 1), (20, 2), (10, 3), (30, 4)];
    let order: Vec<_> = std::iter::from_fn(|| take_soonest(&mut waiting)).collect();
    assert_eq!(order, [(10, 1), (10, 3), (20, 2), (30, 0), (30, 4)]);
}
