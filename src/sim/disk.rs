//! A disk in memory, whose writes fail by lot.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{Fault, World};
use crate::workloads::part_file::Disk;

/// What stands under which name.
pub(super) type Files = BTreeMap<PathBuf, Rc<RefCell<Vec<u8>>>>;

/// The disk of a [`World`]: names and what stands under them. Folders need not be made.
///
/// ```
/// use std::path::Path;
/// use glassloop::sim::{Faults, World};
/// use glassloop::workloads::part_file::PartFile;
///
/// let disk = World::new(7, Faults::none()).disk();
/// let mut file = PartFile::create_on(disk.clone(), "a/b", false)?;
/// file.write_all(b"hello")?;
/// file.finish(Some(5))?;
/// assert_eq!(disk.names(), [Path::new("a/b")]);
/// assert_eq!(disk.content("a/b".as_ref()).unwrap(), b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryDisk(World);

impl MemoryDisk {
    pub(super) fn of(world: World) -> Self {
        Self(world)
    }

    /// Puts a file there, whatever had its name.
    pub fn put(&self, path: impl Into<PathBuf>, content: &[u8]) {
        self.files(|files| files.insert(path.into(), Rc::new(RefCell::new(content.to_vec()))));
    }

    /// What is in a file.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        self.files(|files| files.get(path).map(|file| file.borrow().clone()))
    }

    /// The names of all files, sorted.
    pub fn names(&self) -> Vec<PathBuf> {
        self.files(|files| files.keys().cloned().collect())
    }

    fn files<R>(&self, act: impl FnOnce(&mut Files) -> R) -> R {
        act(&mut self.0.0.files.borrow_mut())
    }
}

impl Disk for MemoryDisk {
    type File = MemoryFile;

    fn create_new(&self, path: &Path) -> io::Result<MemoryFile> {
        if self.is_taken(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if self.0.strikes(Fault::Denied) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let bytes = Rc::<RefCell<Vec<u8>>>::default();
        self.files(|files| files.insert(path.into(), Rc::clone(&bytes)));
        Ok(MemoryFile { world: self.0.clone(), bytes, full: false })
    }

    fn is_taken(&self, path: &Path) -> bool {
        self.files(|files| files.contains_key(path))
    }

    fn is_at(&self, file: &MemoryFile, path: &Path) -> bool {
        self.files(|files| files.get(path).is_some_and(|there| Rc::ptr_eq(there, &file.bytes)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.0.strikes(Fault::RenameRefused) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.files(|files| {
            let file = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
            files.insert(to.into(), file);
            Ok(())
        })
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.0.strikes(Fault::NoLinks) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        if self.is_taken(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.files(|files| {
            let file = Rc::clone(files.get(from).ok_or(io::ErrorKind::NotFound)?);
            files.insert(to.into(), file);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let removed = self.files(|files| files.remove(path));
        removed.map(drop).ok_or(io::ErrorKind::NotFound.into())
    }
}

/// An open file of a [`MemoryDisk`].
#[derive(Debug)]
pub struct MemoryFile {
    world: World,
    bytes: Rc<RefCell<Vec<u8>>>,
    /// The last write took what there was room for: the next one finds none.
    full: bool,
}

impl Write for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.world.strikes(Fault::Interrupted) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut count = bytes.len();
        if count > 0 && !self.full && self.world.draws(Fault::NoSpace) {
            self.full = true;
            count = self.world.below(count);
        } else if self.full {
            count = 0;
        } else if count > 1 && self.world.strikes(Fault::ShortFileWrite) {
            count = 1 + self.world.below(count - 1);
        }
        if count == 0 && !bytes.is_empty() {
            self.world.note(Fault::NoSpace);
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.borrow_mut().extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
