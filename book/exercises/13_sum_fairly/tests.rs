use std::cell::Cell;
use std::rc::Rc;

use glassloop::spawn;
use glassloop::task::yield_now;

use super::exercise::*;

/// The sum of so many ones, and how many turns another task had meanwhile.
fn add(ones: usize) -> (u64, usize) {
    let runtime = glassloop::Runtime::new().unwrap();
    runtime.block_on(async {
        let turns = Rc::new(Cell::new(0));
        let counted = Rc::clone(&turns);
        let neighbour = spawn(async move {
            loop {
                counted.set(counted.get() + 1);
                yield_now().await;
            }
        });
        let sum = spawn(sum(vec![1; ones])).await.unwrap();
        neighbour.abort();
        (sum, turns.get())
    })
}

#[test]
fn the_sum_is_right() {
    assert_eq!(add(10_500).0, 10_500);
    assert_eq!(add(0).0, 0);
}

#[test]
fn the_others_have_a_turn_after_each_piece() {
    let (_, turns) = add(10 * PIECE);
    assert!(turns >= 10, "only {turns} turns for ten pieces");
}

#[test]
fn they_have_not_many_more() {
    let (_, turns) = add(10 * PIECE);
    assert!(turns <= 15, "{turns} turns for ten pieces");
}
