use super::exercise::*;

#[test]
fn news_is_remembered_until_it_is_used_up() {
    let mut side = Side::default();
    assert!(!side.worth_trying());
    side.event(false);
    side.attempt(4, Some(4));
    assert!(side.worth_trying(), "a full read says nothing about the rest");
    side.attempt(4, Some(1));
    assert!(!side.worth_trying(), "a short read has used it up");
}

#[test]
fn the_end_is_still_to_be_read_after_a_short_read() {
    let mut side = Side::default();
    side.event(true);
    side.attempt(8, Some(5));
    assert!(side.worth_trying(), "nobody will tell of the end again");
}

#[test]
fn would_block_is_stronger_than_any_hint() {
    let mut side = Side::default();
    side.event(true);
    side.attempt(8, None);
    assert!(!side.worth_trying());
}
