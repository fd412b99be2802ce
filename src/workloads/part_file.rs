//! A file that stands under its name only when it is complete.

mod disk;
mod error;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use self::disk::{Disk, OsDisk};
pub use self::error::PartFileError;

/// A file being written, as `<name>.part` beside the place where it will stand.
///
/// Dropped before [`finish`](Self::finish), it takes its `.part` file with it.
///
/// A `.part` file that is there already belongs to another run, or was left by one that was
/// killed. Which of the two cannot be told, so it is never touched: creating fails, and the error
/// says what to do.
///
/// The data are not forced to the disk: a finished file survives the end of the process, but a
/// power cut right after may take it. Forcing each of many small files would cost more than
/// fetching it.
///
/// ```
/// use glassloop::workloads::part_file::PartFile;
///
/// let folder = tempfile::tempdir()?;
/// let target = folder.path().join("greeting.txt");
/// let mut file = PartFile::create(&target, false)?;
/// file.write_all(b"hello, ")?;
/// file.write_all(b"world")?;
/// assert!(!target.exists());
/// file.finish(Some(12))?;
/// assert_eq!(std::fs::read(&target)?, b"hello, world");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PartFile<D: Disk = OsDisk> {
    disk: D,
    target: PathBuf,
    part: PathBuf,
    file: D::File,
    replace: bool,
    written: u64,
    /// A write failed, so nobody knows what the file holds.
    spoilt: bool,
    /// Nothing is left to be removed.
    published: bool,
}

/// The name of the unfinished file of `target`; none if that is no name of a file.
pub(super) fn part_of(target: &Path) -> Option<PathBuf> {
    let name = target.file_name()?;
    Some(target.with_file_name([name, ".part".as_ref()].into_iter().collect::<OsString>()))
}

impl PartFile {
    /// Begins the file that is to stand at `target`. With `replace` it will take the place of a
    /// file, or of a link itself, that is there; without, such a thing is an error, now and later.
    ///
    /// # Errors
    /// When something stands at the target or at its `.part` file, and when that cannot be created.
    pub fn create(target: impl Into<PathBuf>, replace: bool) -> Result<Self, PartFileError> {
        Self::create_on(OsDisk, target, replace)
    }
}

impl<D: Disk> PartFile<D> {
    /// As [`create`](PartFile::create), on a disk of your choice.
    ///
    /// # Errors
    /// As [`create`](PartFile::create).
    pub fn create_on(
        disk: D,
        target: impl Into<PathBuf>,
        replace: bool,
    ) -> Result<Self, PartFileError> {
        let target = target.into();
        let Some(part) = part_of(&target) else {
            return Err(PartFileError::NoName { target });
        };
        // A link that leads nowhere is in the way, too.
        if !replace && disk.is_taken(&target) {
            return Err(PartFileError::TargetExists { target });
        }
        // Creates it or fails: a link that waits under this name is not followed.
        match disk.create_new(&part) {
            Ok(file) => {
                let (written, spoilt, published) = (0, false, false);
                Ok(Self { disk, target, part, file, replace, written, spoilt, published })
            }
            Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
                Err(PartFileError::PartExists { part })
            }
            Err(source) => Err(PartFileError::Create { part, source }),
        }
    }

    /// The place where the file will stand.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// How many bytes have been written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Appends all of `bytes`, unbuffered: give it blocks of some KiB.
    ///
    /// # Errors
    /// When the system takes less than all, as on a full disk. The file cannot be finished then.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), PartFileError> {
        match self.file.write_all(bytes) {
            Ok(()) => {
                self.written += bytes.len() as u64;
                Ok(())
            }
            Err(source) => {
                self.spoilt = true;
                Err(PartFileError::Write { part: self.part.clone(), source })
            }
        }
    }

    /// Puts the file under its final name, if it has the length that was promised, when one was.
    ///
    /// What stands under that name meanwhile is replaced in one step with `replace`, and left as
    /// it is without.
    ///
    /// # Errors
    /// When the length differs, a write failed, something stands at the target, the `.part` file
    /// is no longer the one that was created, or the system refuses.
    /// What was written is removed then.
    pub fn finish(mut self, length: Option<u64>) -> Result<(), PartFileError> {
        let Self { target, part, written, .. } = &self;
        if let Some(promised) = length.filter(|promised| promised != written) {
            let (target, written) = (target.clone(), *written);
            return Err(PartFileError::Length { target, promised, written });
        }
        if self.spoilt || !self.is_in_place() {
            return Err(PartFileError::Spoilt { part: part.clone() });
        }
        let publish = if self.replace { D::rename } else { publish_new };
        match publish(&self.disk, part, target) {
            Ok(()) => {
                self.published = true;
                Ok(())
            }
            Err(source) if !self.replace && source.kind() == io::ErrorKind::AlreadyExists => {
                Err(PartFileError::TargetExists { target: target.clone() })
            }
            Err(source) => Err(PartFileError::Publish { target: target.clone(), source }),
        }
    }

    /// Whether the `.part` file is still the one that was created here.
    fn is_in_place(&self) -> bool {
        self.disk.is_at(&self.file, &self.part)
    }
}

impl<D: Disk> Drop for PartFile<D> {
    fn drop(&mut self) {
        if !self.published && self.is_in_place() {
            // If that fails there is nobody to tell; the next run's error will name the file.
            let _ = self.disk.remove(&self.part);
        }
    }
}

/// Gives the file its final name, which nothing may have yet.
fn publish_new<D: Disk>(disk: &D, part: &Path, target: &Path) -> io::Result<()> {
    match disk.hard_link(part, target) {
        Ok(()) => {
            // The file is complete and in place: an error here would say the opposite.
            let _ = disk.remove(part);
            Ok(())
        }
        // Some file systems, such as FAT, have no hard links. If it failed because something has
        // the name, or nothing may be created, so does the claim.
        Err(_) => claim_and_rename(disk, part, target),
    }
}

/// As `publish_new`, without hard links: an empty file claims the name, then is replaced. Only a
/// process killed between these two steps leaves the empty file.
fn claim_and_rename<D: Disk>(disk: &D, part: &Path, target: &Path) -> io::Result<()> {
    disk.create_new(target)?;
    disk.rename(part, target).inspect_err(|_| {
        let _ = disk.remove(target);
    })
}

#[cfg(test)]
mod tests;
