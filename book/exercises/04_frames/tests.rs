use super::exercise::*;

fn frame(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_le_bytes(), message].concat()
}

#[test]
fn a_message_that_comes_byte_by_byte_is_whole_at_its_last() {
    let (mut frames, bytes) = (Frames::default(), frame(b"hello"));
    let (last, others) = bytes.split_last().unwrap();
    for byte in others {
        assert_eq!(frames.feed(&[*byte]), Ok(vec![]));
    }
    assert_eq!(frames.feed(&[*last]), Ok(vec![b"hello".to_vec()]));
}

#[test]
fn two_and_a_half_messages_are_two_and_then_one() {
    let bytes = [frame(b"one"), frame(b""), frame(b"three")].concat();
    let (now, later) = bytes.split_at(13);
    let mut frames = Frames::default();
    assert_eq!(frames.feed(now), Ok(vec![b"one".to_vec(), vec![]]));
    assert_eq!(frames.feed(later), Ok(vec![b"three".to_vec()]));
}

#[test]
fn what_is_too_long_is_an_error_before_it_is_here() {
    assert!(Frames::default().feed(&u32::MAX.to_le_bytes()).is_err());
}
