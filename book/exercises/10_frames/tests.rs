use super::exercise::*;

const WIRE: &[u8] = b"\x05hello\x00\x03abc";

fn expected() -> Vec<Vec<u8>> {
    vec![b"hello".to_vec(), b"".to_vec(), b"abc".to_vec()]
}

#[test]
fn three_messages_in_one_read_are_three() {
    assert_eq!(Frames::default().feed(WIRE), expected());
}

#[test]
fn byte_by_byte_the_messages_are_the_same() {
    let mut frames = Frames::default();
    let fed: Vec<_> = WIRE.iter().flat_map(|byte| frames.feed(&[*byte])).collect();
    assert_eq!(fed, expected());
}

#[test]
fn it_does_not_matter_where_the_bytes_are_cut() {
    for cut in 0..=WIRE.len() {
        let mut frames = Frames::default();
        let mut fed = frames.feed(&WIRE[..cut]);
        fed.extend(frames.feed(&WIRE[cut..]));
        assert_eq!(fed, expected(), "cut at {cut}");
    }
}
