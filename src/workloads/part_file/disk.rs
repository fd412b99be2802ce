//! What a file on its way asks of the disk. `sim` has another one, whose writes fail.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Where files are written: the [system's](OsDisk), unless a simulation says otherwise.
///
/// ```
/// use std::io::Write;
/// use glassloop::workloads::part_file::{Disk, OsDisk};
///
/// let folder = tempfile::tempdir()?;
/// let (old, new) = (folder.path().join("old"), folder.path().join("new"));
/// let mut file = OsDisk.create_new(&old)?;
/// file.write_all(b"hello")?;
/// OsDisk.rename(&old, &new)?;
/// assert!(OsDisk.is_at(&file, &new) && !OsDisk.is_taken(&old));
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Disk {
    /// An open file. Dropping it closes it.
    type File: Write;

    /// Creates a file to be written, or fails when the name is taken, if only by a link that leads nowhere.
    ///
    /// # Errors
    /// Those of the system call, here and below.
    fn create_new(&self, path: &Path) -> io::Result<Self::File>;

    /// Whether anything has this name.
    fn is_taken(&self, path: &Path) -> bool;

    /// Whether it is this file that has the name.
    fn is_at(&self, file: &Self::File, path: &Path) -> bool;

    /// Gives a file another name, which is taken away from whatever had it.
    ///
    /// # Errors
    /// Those of the system call.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name, which nothing may have yet.
    ///
    /// # Errors
    /// Those of the system call; some file systems cannot do it at all.
    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a name away.
    ///
    /// # Errors
    /// Those of the system call.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The disk of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    type File = File;

    fn create_new(&self, path: &Path) -> io::Result<File> {
        File::options().write(true).create_new(true).open(path)
    }

    fn is_taken(&self, path: &Path) -> bool {
        // Looks at a link, not through it.
        fs::symlink_metadata(path).is_ok()
    }

    #[cfg(unix)]
    fn is_at(&self, file: &File, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;

        let number = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        match (file.metadata(), fs::symlink_metadata(path)) {
            (Ok(ours), Ok(there)) => number(ours) == number(there),
            _ => false,
        }
    }

    #[cfg(not(unix))]
    fn is_at(&self, _: &File, path: &Path) -> bool {
        path.exists()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}
