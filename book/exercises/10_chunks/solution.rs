//! A chunked body out of bytes.

#[derive(Debug, PartialEq, Eq)]
pub struct Bad;

/// What must come next.
#[derive(Default)]
enum State {
    #[default]
    FirstDigit,
    /// Another digit, or the CR after them.
    Digit(usize),
    SizeLf(usize),
    Data {
        left: usize,
        last: bool,
    },
    DataLf {
        last: bool,
    },
    Done,
}

#[derive(Default)]
pub struct Chunks(State);

impl Chunks {
    /// Takes what a read brought; gives the data in it.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Bad> {
        let mut data = Vec::new();
        for &byte in bytes {
            let digit = char::from(byte).to_digit(16).map(|digit| digit as usize);
            self.0 = match (&self.0, byte, digit) {
                (State::FirstDigit, _, Some(digit)) => State::Digit(digit),
                (State::Digit(size), _, Some(digit)) => {
                    State::Digit(size.checked_mul(16).ok_or(Bad)? + digit)
                }
                (State::Digit(size), b'\r', _) => State::SizeLf(*size),
                (&State::SizeLf(left), b'\n', _) => State::Data { left, last: left == 0 },
                (&State::Data { left: 0, last }, b'\r', _) => State::DataLf { last },
                (&State::Data { left, last }, _, _) if left > 0 => {
                    data.push(byte);
                    State::Data { left: left - 1, last }
                }
                (State::DataLf { last: false }, b'\n', _) => State::FirstDigit,
                (State::DataLf { last: true }, b'\n', _) => State::Done,
                (State::Done, _, _) => State::Done,
                _ => return Err(Bad),
            };
        }
        Ok(data)
    }

    /// Whether the chunk of size 0 has come.
    pub fn is_done(&self) -> bool {
        matches!(self.0, State::Done)
    }
}
