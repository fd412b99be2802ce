use super::*;

/// Gives one byte at a time, each after a read that was interrupted by a signal.
struct Dribble<'a>(&'a [u8], bool);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 { Err(io::ErrorKind::Interrupted.into()) } else { self.0.read(&mut buffer[..1]) }
    }
}

fn add_part(content: &[u8], bytes: Range<usize>, buffer: usize) -> Result<i128, Trouble> {
    let source = Dribble(&content[bytes.start.saturating_sub(1)..], false);
    add(source, bytes.start as u64..bytes.end as u64, buffer, &Interrupt::default())
}

fn sum_file(content: &[u8]) -> Result<i128, SumError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    sum(file.path(), 0..TO_THE_END, &Interrupt::default())
}

const FILES: [(&str, i128); 10] = [
    ("", 0),
    (" \n\t\r\x0c ", 0),
    ("7", 7),
    ("7\n", 7),
    ("\n\n-7", -7),
    ("12 -3\r\n  +45\n6", 60),
    ("1\r\n22\r\n333\r\n", 356),
    ("1 1\n1\t1", 4),
    ("-0 00012 +0", 12),
    ("9223372036854775807 9223372036854775807 -9223372036854775808", i64::MAX as i128 - 1),
];

#[test]
fn a_number_is_counted_once_wherever_a_file_is_cut() {
    for (content, total) in FILES {
        let content = content.as_bytes();
        for first in 0..=content.len() {
            for second in first..=content.len() {
                let parts = [0..first, first..second, second..content.len()];
                let sums = parts.map(|part| add_part(content, part, 21).unwrap());
                assert_eq!(sums.iter().sum::<i128>(), total, "{content:?} at {first} and {second}");
            }
        }
    }
}

#[test]
fn a_number_belongs_to_the_part_with_its_first_byte() {
    let content = b"12 345 6";
    assert_eq!(add_part(content, 0..1, 20).unwrap(), 12);
    assert_eq!(add_part(content, 1..4, 20).unwrap(), 345);
    assert_eq!(add_part(content, 4..7, 20).unwrap(), 0);
    assert_eq!(add_part(content, 7..8, 20).unwrap(), 6);
}

#[test]
fn a_file_of_many_buffers_is_added_as_a_whole() {
    let content: String = (1..=100_000).map(|number| format!("{number}\n")).collect();
    assert!(content.len() > 2 * BUFFER);
    assert_eq!(sum_file(content.as_bytes()).unwrap(), 5_000_050_000);
}

#[test]
fn what_is_not_a_number_is_named_with_its_line() {
    let long = "x".repeat(1000);
    let far = format!("{}abc", "1\n".repeat(200_000));
    let bad = [
        ("abc", 1, "abc"),
        ("1\n2\r\n\n 3 4x\n5", 4, "4x"),
        ("1\n1.5", 2, "1.5"),
        ("9223372036854775808", 1, "9223372036854775808"),
        ("- 1", 1, "-"),
        (&long, 1, &format!("{}…", "x".repeat(SHOWN))),
        (&far, 200_001, "abc"),
    ];
    for (content, expected_line, expected_text) in bad {
        match sum_file(content.as_bytes()) {
            Err(SumError::NotANumber { place, text, .. }) => {
                assert_eq!((place, &*text), (Place::Line(expected_line), expected_text));
            }
            other => panic!("{expected_text}: {other:?}"),
        }
    }
    assert!(matches!(sum_file(b"1 \xff\xfe"), Err(SumError::NotANumber { .. })));
}

#[test]
fn a_number_longer_than_the_buffer_is_an_error_and_not_two_numbers() {
    let zeros = "0".repeat(BUFFER) + "1 2";
    assert!(matches!(sum_file(zeros.as_bytes()), Err(SumError::NotANumber { .. })));
    assert!(matches!(
        add_part(&[b'0'; 21], 0..21, 20),
        Err(Trouble::NotANumber { offset: 0, text }) if text == "0".repeat(20)
    ));
}

#[test]
fn a_part_that_begins_inside_an_endless_word_leaves_it_to_the_part_before() {
    let mut word = io::repeat(b'x').take(10_000);
    assert_eq!(add(&mut word, 500..1000, 20, &Interrupt::default()).unwrap(), 0);
    assert!(word.limit() > 9_000, "read on behind the part");
}

#[test]
fn a_file_that_shrank_after_it_was_cut_is_an_error_and_not_a_smaller_sum() {
    for content in ["1 2", "1 2 ", ""] {
        match add(content.as_bytes(), 0..9, 20, &Interrupt::default()) {
            Err(Trouble::Read(error)) => assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof),
            other => panic!("{content:?}: {other:?}"),
        }
    }
}

/// Has no end, and is interrupted after some reads.
struct Spaces<'a>(u32, &'a Interrupt);

impl Read for Spaces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0 += 1;
        if self.0 == 9 {
            self.1.set();
        }
        assert!(self.0 < 10, "read on after the interrupt");
        buffer.fill(b' ');
        Ok(buffer.len())
    }
}

#[test]
fn an_interrupt_ends_a_file_before_the_next_read() {
    let interrupt = Interrupt::default();
    let sum = add(Spaces(0, &interrupt), 0..TO_THE_END, 20, &interrupt);
    assert!(matches!(sum, Err(Trouble::Interrupted)));
}

#[test]
fn a_file_that_cannot_be_opened_or_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path(), &folder.path().join("missing")] {
        match sum(path, 0..TO_THE_END, &Interrupt::default()) {
            Err(SumError::Unreadable { path: named, .. }) => assert_eq!(named, path),
            other => panic!("{other:?}"),
        }
    }
}
