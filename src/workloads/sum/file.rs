//! The numbers that begin in a part of a text file, read in constant memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use super::{Place, SumError};
use crate::trace::wait_for;
use crate::workloads::Interrupt;

/// The end of a part that goes on to the end of its file.
pub(super) const TO_THE_END: u64 = u64::MAX;

/// Bytes read between two looks at the interrupt, and the length at which a word is no number.
const BUFFER: usize = 256 * 1024;

/// How many characters of a word an error shows.
const SHOWN: usize = 40;

/// Adds the numbers whose first byte is one of `bytes`.
///
/// Each number has one first byte, so it is counted once, wherever a boundary lies.
pub(super) fn sum(path: &Path, bytes: Range<u64>, interrupt: &Interrupt) -> Result<i128, SumError> {
    let unreadable = |source| SumError::Unreadable { path: path.into(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    if bytes.start > 0 {
        file.seek(SeekFrom::Start(bytes.start - 1)).map_err(unreadable)?;
    }
    add(&mut file, bytes, BUFFER, interrupt).map_err(|trouble| match trouble {
        Trouble::Interrupted => SumError::Interrupted,
        Trouble::Read(source) => unreadable(source),
        Trouble::NotANumber { offset, text } => {
            let line = line_of(&mut file, offset, interrupt);
            let place = line.map_or(Place::Byte(offset), Place::Line);
            SumError::NotANumber { path: path.into(), place, text }
        }
    })
}

/// Why adding stopped.
#[derive(Debug)]
enum Trouble {
    Interrupted,
    Read(io::Error),
    NotANumber { offset: u64, text: String },
}

/// Adds the numbers that begin in `bytes`. The source stands one byte before them, or at 0: only
/// the byte before tells whether the first one begins a number.
fn add(
    source: impl Read,
    bytes: Range<u64>,
    buffer: usize,
    interrupt: &Interrupt,
) -> Result<i128, Trouble> {
    let mut words = Words {
        source,
        interrupt,
        buffer: vec![0; buffer],
        head: 0,
        tail: 0,
        offset: bytes.start.saturating_sub(1),
        end: bytes.end,
    };
    if bytes.start > 0 {
        words.skip_while(|byte| !byte.is_ascii_whitespace())?;
    }
    let mut total = 0;
    while let Some((offset, word)) = words.next()? {
        let not_a_number = || Trouble::NotANumber { offset, text: shorten(word) };
        total += i128::from(parse(word).ok_or_else(not_a_number)?);
    }
    Ok(total)
}

fn parse(word: &[u8]) -> Option<i64> {
    str::from_utf8(word).ok()?.parse().ok()
}

/// The beginning of a word that is no number, to be shown.
fn shorten(word: &[u8]) -> String {
    let start = String::from_utf8_lossy(&word[..word.len().min(4 * SHOWN + 4)]);
    let mut text: String = start.chars().take(SHOWN).collect();
    if text.len() < start.len() {
        text.push('…');
    }
    text
}

/// The line in which a byte stands. Fails where a file cannot be read twice, as a pipe, and when
/// interrupted.
fn line_of(file: &mut File, offset: u64, interrupt: &Interrupt) -> io::Result<u64> {
    file.rewind()?;
    let mut before = BufReader::with_capacity(BUFFER, file.take(offset));
    let mut line = 1;
    while !interrupt.is_set() {
        let block = before.fill_buf()?;
        if block.is_empty() {
            return Ok(line);
        }
        line += block.iter().filter(|&&byte| byte == b'\n').count() as u64;
        let length = block.len();
        before.consume(length);
    }
    Err(io::ErrorKind::Interrupted.into())
}

/// The words of a part of a file, one after another, through a buffer of fixed size.
struct Words<'a, R> {
    source: R,
    interrupt: &'a Interrupt,
    buffer: Vec<u8>,
    /// What is read but not used is `buffer[head..tail]`.
    head: usize,
    tail: usize,
    /// Where the start of the buffer stands in the file.
    offset: u64,
    /// A word that begins here or later belongs to the next part.
    end: u64,
}

impl<R: Read> Words<'_, R> {
    /// The next word that begins in the part, and where.
    fn next(&mut self) -> Result<Option<(u64, &[u8])>, Trouble> {
        self.skip_while(u8::is_ascii_whitespace)?;
        let offset = self.position();
        if offset >= self.end || self.head == self.tail {
            return Ok(None);
        }
        let mut length = 0;
        loop {
            let rest = &self.buffer[self.head + length..self.tail];
            if let Some(more) = rest.iter().position(u8::is_ascii_whitespace) {
                length += more;
                break;
            }
            length += rest.len();
            if !self.fill()? {
                break;
            }
        }
        let word = self.head..self.head + length;
        self.head = word.end;
        Ok(Some((offset, &self.buffer[word])))
    }

    /// Goes on to the first byte that is not to be skipped, or to the end of the part.
    fn skip_while(&mut self, skipped: impl Fn(&u8) -> bool) -> Result<(), Trouble> {
        loop {
            let unused = &self.buffer[self.head..self.tail];
            if let Some(length) = unused.iter().position(|byte| !skipped(byte)) {
                self.head += length;
                return Ok(());
            }
            self.head = self.tail;
            if self.position() >= self.end || !self.fill()? {
                return Ok(());
            }
        }
    }

    fn position(&self) -> u64 {
        self.offset + self.head as u64
    }

    /// Reads more behind what is not used yet; false at the end of the file.
    fn fill(&mut self) -> Result<bool, Trouble> {
        self.buffer.copy_within(self.head..self.tail, 0);
        self.offset += self.head as u64;
        self.tail -= self.head;
        self.head = 0;
        if self.tail == self.buffer.len() {
            return Err(Trouble::NotANumber { offset: self.offset, text: shorten(&self.buffer) });
        }
        let read = loop {
            if self.interrupt.is_set() {
                return Err(Trouble::Interrupted);
            }
            match wait_for("its file", || self.source.read(&mut self.buffer[self.tail..])) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result.map_err(Trouble::Read)?,
            }
        };
        self.tail += read;
        // The file had this part when it was cut: a sum of what is left of it would be wrong.
        if read == 0 && self.end != TO_THE_END && self.offset + (self.tail as u64) < self.end {
            let shrank = "the file has become shorter since it was cut into chunks";
            return Err(Trouble::Read(io::Error::new(io::ErrorKind::UnexpectedEof, shrank)));
        }
        Ok(read > 0)
    }
}

#[cfg(test)]
mod tests;
