use super::exercise::*;

#[test]
fn what_is_due_now_fires_now() {
    let mut list = Deadlines::default();
    list.insert(10, "a");
    assert!(list.expire(9).is_empty());
    assert_eq!(list.expire(10), ["a"]);
}

#[test]
fn equal_deadlines_fire_in_the_order_of_insertion() {
    let mut list = Deadlines::default();
    for (at, name) in [(20, "c"), (10, "a"), (10, "b")] {
        list.insert(at, name);
    }
    assert_eq!(list.expire(30), ["a", "b", "c"]);
}

#[test]
fn a_deadline_that_has_passed_allows_no_sleep() {
    let mut list = Deadlines::default();
    assert_eq!(list.until_next(5), None);
    list.insert(10, "a");
    assert_eq!(list.until_next(4), Some(6));
    assert_eq!(list.until_next(15), Some(0));
}
