use std::io::{self, ErrorKind, Read};

#[derive(Debug, PartialEq)]
pub enum Drained {
    /// More may come.
    Open,
    /// The stream has ended.
    Ended,
}

pub fn drain(from: &mut impl Read, into: &mut Vec<u8>) -> io::Result<Drained> {
    let mut buffer = [0; 4];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(Drained::Ended),
            Ok(count) => into.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Drained::Open),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
