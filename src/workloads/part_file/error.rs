//! What goes wrong between the first byte and the final name.

use std::io;
use std::path::PathBuf;

/// Why a file could not be written.
///
/// The message leaves out the operating system's reason, which is the error's `source`.
///
/// ```
/// use glassloop::workloads::part_file::{PartFile, PartFileError};
///
/// let error = PartFile::create(std::env::temp_dir(), false).unwrap_err();
/// assert!(matches!(error, PartFileError::TargetExists { .. }));
/// ```
#[derive(Debug, thiserror::Error)]
pub enum PartFileError {
    /// Something stands at the target, and was not to be replaced.
    #[error("{} exists already: move it away, or ask for it to be replaced", target.display())]
    TargetExists {
        /// Where the file was to stand.
        target: PathBuf,
    },
    /// The unfinished file of another run, or of one that was killed.
    #[error(
        "{} exists already: another run may be writing it; if none is, delete it and try again",
        part.display()
    )]
    PartExists {
        /// The unfinished file.
        part: PathBuf,
    },
    /// The target is a folder by its very spelling, such as `..`.
    #[error("{} is not the name of a file: add one", target.display())]
    NoName {
        /// Where the file was to stand.
        target: PathBuf,
    },
    /// The unfinished file could not be created.
    #[error("cannot create {}: give a folder that exists and may be written to", part.display())]
    Create {
        /// The unfinished file.
        part: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not all bytes could be written.
    #[error("cannot write to {}: make room, or choose another disk", part.display())]
    Write {
        /// The unfinished file.
        part: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// More or fewer bytes were written than were promised.
    #[error(
        "{} is not complete: {written} bytes came where {promised} were promised; try again",
        target.display()
    )]
    Length {
        /// Where the file was to stand.
        target: PathBuf,
        /// How many bytes there should have been.
        promised: u64,
        /// How many were written.
        written: u64,
    },
    /// The unfinished file is not what was written: a write failed, or someone else touched it.
    #[error(
        "{} does not hold what was to be written: a write failed, or it was moved; try again",
        part.display()
    )]
    Spoilt {
        /// The unfinished file.
        part: PathBuf,
    },
    /// The finished file could not be given its final name.
    #[error("cannot give the finished file the name {}: choose another", target.display())]
    Publish {
        /// Where the file was to stand.
        target: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
