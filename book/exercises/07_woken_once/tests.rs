use super::exercise::*;

#[test]
fn who_is_woken_three_times_has_one_turn_and_keeps_its_place() {
    let mut ready = Ready::default();
    for task in [2, 0, 2, 1, 2] {
        ready.push(task);
    }
    let turns: Vec<_> = std::iter::from_fn(|| ready.pop()).collect();
    assert_eq!(turns, [2, 0, 1]);
}

#[test]
fn who_is_woken_during_its_turn_has_another() {
    let mut ready = Ready::default();
    ready.push(0);
    assert_eq!(ready.pop(), Some(0));
    ready.push(0);
    assert_eq!(ready.pop(), Some(0));
    assert_eq!(ready.pop(), None);
}
