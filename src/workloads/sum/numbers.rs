//! What to add, and how it is cut into chunks. `range.rs` and `file.rs` add what is cut here.

use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{self, TO_THE_END};
use super::{NumberRange, SumError};
use crate::workloads::Interrupt;

/// More chunks than this are refused: each is a row of the report, and a thread in one model.
///
/// ```
/// use glassloop::workloads::sum::{MAX_CHUNKS, Numbers};
///
/// let numbers = Numbers::Range("1..=9223372036854775807".parse()?);
/// assert!(numbers.split(MAX_CHUNKS + 1).is_err());
/// # Ok::<(), glassloop::workloads::sum::RangeError>(())
/// ```
pub const MAX_CHUNKS: usize = 1_000_000;

/// What to add up.
///
/// ```
/// use glassloop::workloads::sum::{NumberRange, Numbers};
///
/// let range = Numbers::Range(NumberRange::new(1, 100)?);
/// let files = Numbers::Files(vec!["monday.txt".into(), "tuesday.txt".into()]);
/// # Ok::<(), glassloop::workloads::sum::RangeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// The numbers of a range.
    Range(NumberRange),
    /// The numbers in text files: whole numbers of 64 bits, with a sign or without, between ASCII
    /// white space.
    Files(Vec<PathBuf>),
}

impl Numbers {
    /// Cuts the numbers into `chunks` chunks of nearly the same size.
    ///
    /// A range with fewer numbers than that gives a chunk for each number. Files are cut by bytes;
    /// no chunk spans two files, so there are at least as many chunks as files. A file that
    /// cannot be read is one chunk, whose sum will be the error; so is one that cannot be cut,
    /// such as a pipe, whose sum is found all the same.
    ///
    /// # Errors
    /// When `chunks` is zero or more than a million, or when there is no file.
    ///
    /// ```
    /// use glassloop::workloads::sum::Numbers;
    ///
    /// let chunks = Numbers::Range("1..=10".parse()?).split(3)?;
    /// let names: Vec<String> = chunks.iter().map(|chunk| chunk.to_string()).collect();
    /// assert_eq!(names, ["1..=3", "4..=6", "7..=10"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn split(&self, chunks: usize) -> Result<Vec<Chunk>, SplitError> {
        if chunks == 0 {
            return Err(SplitError::NoChunks);
        }
        match self {
            Self::Range(range) => {
                let chunks = at_most(chunks, range.count())?;
                Ok(cut(range.count(), chunks).map(|part| Chunk::Range(range.slice(part))).collect())
            }
            Self::Files(paths) => split_files(paths, chunks),
        }
    }
}

fn split_files(paths: &[PathBuf], chunks: usize) -> Result<Vec<Chunk>, SplitError> {
    if paths.is_empty() {
        return Err(SplitError::NoFiles);
    }
    let sizes: Vec<u128> = paths.iter().map(|path| size_to_cut(path)).collect();
    let all: u128 = sizes.iter().sum();
    let chunks = at_most(chunks, all)?;
    let mut cut_files = Vec::new();
    let mut before = 0;
    for (path, size) in paths.iter().zip(sizes) {
        let path: Arc<Path> = path.as_path().into();
        let share = |bytes: u128| (bytes * chunks).checked_div(all).unwrap_or(0);
        let pieces = share(before + size) - share(before);
        before += size;
        let chunk = |bytes| Chunk::File { path: Arc::clone(&path), bytes };
        if size == 0 {
            cut_files.push(chunk(0..TO_THE_END));
        } else {
            let parts = cut(size, pieces.clamp(1, size));
            cut_files.extend(parts.map(|part| chunk(part.start as u64..part.end as u64)));
        }
    }
    Ok(cut_files)
}

/// The length of a file in bytes; 0 where there is nothing to cut, or where only reading will tell.
fn size_to_cut(path: &Path) -> u128 {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata.len().into(),
        _ => 0,
    }
}

fn at_most(chunks: usize, things: u128) -> Result<u128, SplitError> {
    let possible = (chunks as u128).min(things);
    if possible > MAX_CHUNKS as u128 { Err(SplitError::TooMany { chunks }) } else { Ok(possible) }
}

/// Cuts `0..count` into `pieces` pieces, none empty when there are at most `count` of them.
fn cut(count: u128, pieces: u128) -> impl Iterator<Item = Range<u128>> {
    // The product fits: a count takes at most 65 bits, a number of pieces 20.
    (0..pieces).map(move |piece| count * piece / pieces..count * (piece + 1) / pieces)
}

/// A part of the numbers that is added up by itself.
///
/// ```
/// use glassloop::workloads::{Interrupt, sum::Chunk};
///
/// let chunk = Chunk::Range("1..=10".parse()?);
/// assert_eq!(chunk.sum(&Interrupt::default())?, 55);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Chunk {
    /// The numbers of a range.
    Range(NumberRange),
    /// The numbers of a file that begin in a part of it.
    File {
        /// The file.
        path: Arc<Path>,
        /// The bytes, one of which must be the first of a number that belongs to the chunk.
        /// An end of `u64::MAX` is the end of the file, wherever that is.
        bytes: Range<u64>,
    },
}

impl Chunk {
    /// Adds up the chunk, on this thread, in constant memory. An interrupt is seen within
    /// milliseconds, unless a read blocks.
    ///
    /// # Errors
    /// When a file cannot be read or holds something else than numbers, and when interrupted.
    pub fn sum(&self, interrupt: &Interrupt) -> Result<i128, SumError> {
        match self {
            Self::Range(range) => range.sum(interrupt),
            Self::File { path, bytes } => file::sum(path, bytes.clone(), interrupt),
        }
    }
}

impl fmt::Display for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => range.fmt(f),
            Self::File { path, bytes } if *bytes == (0..TO_THE_END) => path.display().fmt(f),
            Self::File { path, bytes: Range { start, end } } => {
                write!(f, "{}, bytes {start}..{end}", path.display())
            }
        }
    }
}

/// Why numbers cannot be cut as asked.
///
/// ```
/// use glassloop::workloads::sum::{Numbers, SplitError};
///
/// let numbers = Numbers::Range("1..=100".parse()?);
/// assert_eq!(numbers.split(0), Err(SplitError::NoChunks));
/// # Ok::<(), glassloop::workloads::sum::RangeError>(())
/// ```
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// Zero chunks hold no number.
    #[error("cannot cut numbers into 0 chunks: ask for at least 1")]
    NoChunks,
    /// The report would be too long to read, or to hold.
    #[error("cannot cut numbers into {chunks} chunks: ask for at most {MAX_CHUNKS}")]
    TooMany {
        /// How many were asked for.
        chunks: usize,
    },
    /// There is nothing to cut.
    #[error("there are no numbers to add: name a file")]
    NoFiles,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(range: &str, chunks: usize) -> Vec<String> {
        let chunks = Numbers::Range(range.parse().unwrap()).split(chunks).unwrap();
        chunks.iter().map(Chunk::to_string).collect()
    }

    #[test]
    fn the_chunks_of_a_range_are_its_numbers_in_order() {
        assert_eq!(split("1..=100", 4), ["1..=25", "26..=50", "51..=75", "76..=100"]);
        assert_eq!(split("-1..=1", 2), ["-1..=-1", "0..=1"]);
        let all = format!("{}..={}", i64::MIN, i64::MAX);
        let halves = [format!("{}..=-1", i64::MIN), format!("0..={}", i64::MAX)];
        assert_eq!(split(&all, 2), halves);
    }

    #[test]
    fn a_range_has_no_more_chunks_than_numbers() {
        assert_eq!(split("1..=3", usize::MAX), ["1..=1", "2..=2", "3..=3"]);
    }

    #[test]
    fn a_senseless_number_of_chunks_is_refused() {
        let numbers = Numbers::Range(NumberRange::new(i64::MIN, i64::MAX).unwrap());
        assert_eq!(numbers.split(0), Err(SplitError::NoChunks));
        assert_eq!(numbers.split(usize::MAX), Err(SplitError::TooMany { chunks: usize::MAX }));
        assert_eq!(Numbers::Files(vec![]).split(0), Err(SplitError::NoChunks));
        assert_eq!(Numbers::Files(vec![]).split(1), Err(SplitError::NoFiles));
    }

    #[test]
    fn files_share_the_chunks_by_size_and_each_gets_one() {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let paths = [("big", 30), ("empty", 0), ("small", 10)].map(|(name, size)| {
            let path = folder.join(name);
            fs::write(&path, vec![b' '; size]).unwrap();
            path
        });
        let missing = folder.join("missing");
        let files = Numbers::Files([&paths[..], &[missing, folder]].concat());
        let of_file = |chunk| match chunk {
            Chunk::File { path, bytes } => (path.file_name().unwrap().to_owned(), bytes),
            Chunk::Range(_) => panic!("a file gave a range"),
        };
        let cut: Vec<_> = files.split(4).unwrap().into_iter().map(of_file).collect();
        let expected = [
            ("big", 0..10),
            ("big", 10..20),
            ("big", 20..30),
            ("empty", 0..TO_THE_END),
            ("small", 0..10),
            ("missing", 0..TO_THE_END),
            ("folder", 0..TO_THE_END),
        ];
        assert_eq!(cut, expected.map(|(name, bytes)| (name.into(), bytes)));
    }
}
