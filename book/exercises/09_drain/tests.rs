use super::exercise::*;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

#[test]
fn all_that_is_there_is_read_and_then_the_end() {
    let (mut near, mut far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    far.write_all(b"ten bytes!").unwrap();
    let mut read = Vec::new();
    assert_eq!(drain(&mut near, &mut read).unwrap(), Drained::Open);
    assert_eq!(read, b"ten bytes!");
    far.write_all(b" the end").unwrap();
    drop(far);
    assert_eq!(drain(&mut near, &mut read).unwrap(), Drained::Ended);
    assert_eq!(read, b"ten bytes! the end");
}

/// Answers what it was told to.
struct Script(Vec<io::Result<u8>>);

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer[0] = self.0.remove(0)?;
        Ok(1)
    }
}

#[test]
fn an_interrupted_read_is_made_again_and_other_errors_are_given_back() {
    let answers = [Ok(1), Err(ErrorKind::Interrupted), Ok(2), Err(ErrorKind::ConnectionReset)];
    let mut script = Script(answers.map(|answer| answer.map_err(io::Error::from)).into());
    let mut read = Vec::new();
    let error = drain(&mut script, &mut read).unwrap_err();
    assert_eq!((read, error.kind()), (vec![1, 2], ErrorKind::ConnectionReset));
}
