use super::exercise::*;

const BODY: &[u8] = b"5\r\nhello\r\n0c\r\n, wide world\r\n0\r\n\r\n";

#[test]
fn whole_chunks_in_one_read_are_their_data() {
    let mut chunks = Chunks::default();
    assert_eq!(chunks.feed(BODY), Ok(b"hello, wide world".to_vec()));
    assert!(chunks.is_done());
}

#[test]
fn it_does_not_matter_where_the_bytes_are_cut() {
    for cut in 0..BODY.len() {
        let mut chunks = Chunks::default();
        let mut data = chunks.feed(&BODY[..cut]).unwrap();
        assert!(!chunks.is_done(), "cut at {cut}");
        data.extend(chunks.feed(&BODY[cut..]).unwrap());
        assert_eq!(data, b"hello, wide world", "cut at {cut}");
        assert!(chunks.is_done(), "cut at {cut}");
    }
}

#[test]
fn data_is_handed_out_before_its_chunk_is_whole() {
    assert_eq!(Chunks::default().feed(b"5\r\nhe"), Ok(b"he".to_vec()));
}

#[test]
fn what_is_no_chunk_is_refused() {
    for odd in ["\r\n", "x\r\n", "5\n", "5\r\nhello!\r\n", "5 \r\n", "11111111111111111\r\n"] {
        assert_eq!(Chunks::default().feed(odd.as_bytes()), Err(Bad), "{odd:?}");
    }
}
