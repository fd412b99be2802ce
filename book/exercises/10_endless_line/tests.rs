use super::exercise::*;

#[test]
fn lines_come_out_however_they_are_cut() {
    let mut lines = Lines::default();
    assert_eq!(lines.feed(b"one\ntw"), Ok(vec![b"one".to_vec()]));
    assert_eq!(lines.feed(b"o\n"), Ok(vec![b"two".to_vec()]));
}

#[test]
fn a_line_of_just_the_limit_is_not_too_long() {
    let mut lines = Lines::default();
    assert_eq!(lines.feed(&[b'x'; LIMIT]), Ok(vec![]));
    assert_eq!(lines.feed(b"\n"), Ok(vec![vec![b'x'; LIMIT]]));
}

#[test]
fn a_line_that_never_ends_is_refused_before_it_fills_the_memory() {
    let mut lines = Lines::default();
    let refused = (0..1000).find(|_| lines.feed(b"x").is_err());
    assert_eq!(refused, Some(LIMIT));
    assert!(lines.kept() <= LIMIT);
}

#[test]
fn what_was_refused_once_stays_refused() {
    let mut lines = Lines::default();
    assert_eq!(lines.feed(&[b'x'; LIMIT + 1]), Err(TooLong));
    assert_eq!(lines.feed(b"\nok\n"), Err(TooLong));
}
