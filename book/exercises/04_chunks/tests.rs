use super::exercise::*;

#[test]
fn a_hundred_numbers_in_four_chunks() {
    assert_eq!(chunks(1, 100, 4), [(1, 25), (26, 50), (51, 75), (76, 100)]);
}

#[test]
fn what_is_left_over_is_shared_too() {
    assert_eq!(chunks(1, 10, 4), [(1, 3), (4, 6), (7, 8), (9, 10)]);
}

#[test]
fn no_chunk_is_empty() {
    assert_eq!(chunks(5, 6, 4), [(5, 5), (6, 6)]);
}
