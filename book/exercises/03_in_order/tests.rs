use std::cell::Cell;

use super::exercise::*;

#[test]
fn values_come_by_their_places() {
    let results = [(2, "c"), (0, "a"), (3, "d"), (1, "b")];
    assert_eq!(in_order(results.into_iter()).collect::<String>(), "abcd");
}

#[test]
fn a_value_comes_as_soon_as_it_can() {
    let asked = Cell::new(0);
    let results =
        [(0, 'a'), (2, 'c'), (1, 'b')].into_iter().inspect(|_| asked.set(asked.get() + 1));
    let mut values = in_order(results);
    assert_eq!((values.next(), asked.get()), (Some('a'), 1));
    assert_eq!((values.next(), asked.get()), (Some('b'), 3));
    assert_eq!((values.next(), asked.get()), (Some('c'), 3));
    assert_eq!(values.next(), None);
}
