use std::collections::HashSet;

use super::exercise::*;

#[test]
fn there_are_as_many_as_there_should_be_and_each_once() {
    for (a, b, count) in [(0, 0, 1), (1, 0, 1), (1, 1, 2), (2, 2, 6), (3, 4, 35)] {
        let orders = orders(a, b);
        assert_eq!(orders.len(), count, "{a} and {b} steps");
        assert_eq!(orders.iter().collect::<HashSet<_>>().len(), count);
        for order in &orders {
            assert_eq!(order.iter().filter(|turn| **turn == 0).count(), a);
            assert_eq!(order.iter().filter(|turn| **turn == 1).count(), b);
        }
    }
}

#[test]
fn a_lost_update_is_found() {
    let lost = orders(2, 2).into_iter().filter(|order| {
        let (mut counter, mut read, mut done) = (0, [0; 2], [0; 2]);
        for &turn in order {
            match done[turn] {
                0 => read[turn] = counter,
                _ => counter = read[turn] + 1,
            }
            done[turn] += 1;
        }
        counter != 2
    });
    assert_eq!(lost.count(), 4);
}
