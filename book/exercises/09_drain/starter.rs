use std::io::{self, Read};

#[derive(Debug, PartialEq)]
pub enum Drained {
    /// More may come.
    Open,
    /// The stream has ended.
    Ended,
}

pub fn drain(from: &mut impl Read, into: &mut Vec<u8>) -> io::Result<Drained> {
    let mut buffer = [0; 4];
    let count = from.read(&mut buffer)?;
    into.extend_from_slice(&buffer[..count]);
    Ok(Drained::Open)
}
