//! The body of a message, out of bytes: data without its framing, and where it ends. Holds no data itself.
//! `framing.rs` says which kind it is; `exchange.rs` and `server.rs` drive it.

use std::ops::Range;

use ::http::HeaderMap;

use super::head::{Scanner, parse_trailers};
use super::{Flaw, Framing};

/// The longest line that carries a chunk's size and extensions, in bytes.
const MAX_CHUNK_LINE: usize = 4 * 1024;

/// A decoder for one body: bytes in, a range of them that is data out.
///
/// ```
/// use glassloop::http::{BodyDecoder, Framing};
///
/// let mut body = BodyDecoder::new(Framing::Chunked);
/// let bytes = b"3\r\nabc\r\n0\r\n\r\n";
/// let step = body.step(bytes)?;
/// assert_eq!((&bytes[step.data], step.end), (&b"abc"[..], false));
/// let step = body.step(&bytes[step.consumed..])?;
/// assert!(step.data.is_empty() && step.end);
/// # Ok::<(), glassloop::http::Flaw>(())
/// ```
#[derive(Clone, Debug)]
pub struct BodyDecoder {
    state: State,
    trailers: HeaderMap,
}

/// What [`BodyDecoder::step`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyStep {
    /// How many of the bytes are dealt with: drop them before the next step.
    pub consumed: usize,
    /// Which of the consumed bytes are data. Empty without `end`: more bytes are needed.
    pub data: Range<usize>,
    /// Whether the body has ended.
    pub end: bool,
}

/// Chunked bodies walk `Size → (Padding | Extension) → SizeLf → Data → DataCr → DataLf → Size …`, and after
/// the chunk of size 0 `SizeLf → Trailers → Done`.
#[derive(Clone, Debug)]
enum State {
    Length(u64),
    ToClose,
    /// The hexadecimal size so far; `None` before its first digit. `line` counts this line's bytes.
    Size {
        size: Option<u64>,
        line: usize,
    },
    /// Blanks after the size, with which some servers fill it up to a fixed width.
    Padding {
        size: u64,
        line: usize,
    },
    Extension {
        size: u64,
        line: usize,
    },
    SizeLf(u64),
    Data(u64),
    DataCr,
    DataLf,
    Trailers {
        scanner: Scanner,
        bytes: Vec<u8>,
    },
    Done,
}

const CHUNK_START: State = State::Size { size: None, line: 0 };

impl BodyDecoder {
    /// A decoder for a body that is framed like this.
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => CHUNK_START,
            Framing::ToClose => State::ToClose,
        };
        BodyDecoder { state, trailers: HeaderMap::new() }
    }

    /// Goes through `bytes` up to the end of the next piece of data, the end of the body, or the last byte.
    ///
    /// # Errors
    /// A [`Flaw`] when a chunk is malformed. The decoder is of no use after that.
    // ANCHOR: step
    pub fn step(&mut self, bytes: &[u8]) -> Result<BodyStep, Flaw> {
        let mut at = 0;
        while at < bytes.len() && !self.is_done() {
            let rest = bytes.len() - at;
            let data = match &mut self.state {
                State::Length(left) | State::Data(left) => take(left, rest),
                State::ToClose => rest,
                _ => {
                    self.framing_byte(bytes[at])?;
                    at += 1;
                    continue;
                }
            };
            match self.state {
                State::Length(0) => self.state = State::Done,
                State::Data(0) => self.state = State::DataCr,
                _ => {}
            }
            return Ok(BodyStep { consumed: at + data, data: at..at + data, end: self.is_done() });
        }
        Ok(BodyStep { consumed: at, data: at..at, end: self.is_done() })
    }
    // ANCHOR_END: step

    /// Whether the last byte of the body has been seen.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Says that no more bytes will come.
    ///
    /// # Errors
    /// A [`Flaw`] when the body is not complete.
    pub fn eof(&mut self) -> Result<(), Flaw> {
        match self.state {
            State::Done => Ok(()),
            State::ToClose => {
                self.state = State::Done;
                Ok(())
            }
            State::Length(missing) => Err(Flaw::TruncatedBody { missing }),
            _ => Err(Flaw::TruncatedChunks),
        }
    }

    /// The headers that came after a chunked body, once it has ended.
    pub fn trailers(&self) -> &HeaderMap {
        &self.trailers
    }

    /// One byte of what lies between the data of a chunked body.
    fn framing_byte(&mut self, byte: u8) -> Result<(), Flaw> {
        let state = std::mem::replace(&mut self.state, State::Done);
        self.state = match (state, byte) {
            (State::Size { size, line }, _) if byte.is_ascii_hexdigit() => {
                State::Size { size: Some(push_digit(size.unwrap_or(0), byte)?), line: next(line)? }
            }
            (State::Size { size: None, .. }, _) => return Err(Flaw::ChunkSize),
            (State::Size { size: Some(size), .. } | State::Padding { size, .. }, b'\r') => {
                State::SizeLf(size)
            }
            (State::Size { size: Some(size), line } | State::Padding { size, line }, b';') => {
                State::Extension { size, line: next(line)? }
            }
            (
                State::Size { size: Some(size), line } | State::Padding { size, line },
                b' ' | b'\t',
            ) => State::Padding { size, line: next(line)? },
            (State::Size { .. } | State::Padding { .. }, _) => return Err(Flaw::ChunkSize),
            (State::Extension { size, .. }, b'\r') => State::SizeLf(size),
            (State::Extension { .. }, b'\n') => return Err(Flaw::BareLineEnd),
            (State::Extension { size, line }, _) => State::Extension { size, line: next(line)? },
            (State::SizeLf(0), b'\n') => {
                State::Trailers { scanner: Scanner::trailers(), bytes: Vec::new() }
            }
            (State::SizeLf(size), b'\n') => State::Data(size),
            (State::SizeLf(_), _) => return Err(Flaw::BareLineEnd),
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => CHUNK_START,
            (State::DataCr | State::DataLf, _) => return Err(Flaw::ChunkEnd),
            (State::Trailers { mut scanner, mut bytes }, _) => {
                bytes.push(byte);
                match scanner.find_end(&bytes)? {
                    None => State::Trailers { scanner, bytes },
                    Some(_) => {
                        self.trailers = parse_trailers(&bytes)?;
                        State::Done
                    }
                }
            }
            (state @ (State::Length(_) | State::ToClose | State::Data(_) | State::Done), _) => {
                state
            }
        };
        Ok(())
    }
}

/// Takes as much of `left` as `available` allows.
fn take(left: &mut u64, available: usize) -> usize {
    let taken = usize::try_from(*left).map_or(available, |left| left.min(available));
    *left -= taken as u64;
    taken
}

fn push_digit(size: u64, byte: u8) -> Result<u64, Flaw> {
    let digit = char::from(byte).to_digit(16).ok_or(Flaw::ChunkSize)?;
    let shifted = size.checked_mul(16).ok_or(Flaw::ChunkSize)?;
    Ok(shifted + u64::from(digit))
}

fn next(line: usize) -> Result<usize, Flaw> {
    match line < MAX_CHUNK_LINE {
        true => Ok(line + 1),
        false => Err(Flaw::ChunkLineTooLong { limit: MAX_CHUNK_LINE }),
    }
}
