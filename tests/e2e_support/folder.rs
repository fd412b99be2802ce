//! Temporary folders, and what is in them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use glassloop::server::Album;
use tempfile::TempDir;

/// A folder that is gone after the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::with_prefix("glassloop-test-").unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The folder as an argument.
    pub(crate) fn arg(&self) -> &str {
        self.path().to_str().unwrap()
    }

    /// Something in the folder, as an argument.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.arg())
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path().join(name), content).unwrap();
        self.at(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        fs::symlink_metadata(self.path().join(name)).is_ok()
    }

    /// The names of all that is in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        names_in(self.path())
    }

    /// Its files by name.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.names().into_iter().map(|name| (name.clone(), self.read(&name))).collect()
    }

    #[track_caller]
    pub(crate) fn assert_holds(&self, expected: &BTreeMap<String, Vec<u8>>) {
        assert_eq!(self.names(), expected.keys().cloned().collect::<Vec<_>>());
        for (name, content) in expected {
            assert!(&self.read(name) == content, "{name} is not what the server has");
        }
    }
}

pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The files that our own server makes up.
pub(crate) fn generated(files: usize, size: u64) -> BTreeMap<String, Vec<u8>> {
    let album = Album::Generated { files, size };
    let content = |name: &String| {
        let mut bytes = vec![0; size as usize];
        let mut content = album.open(&format!("/{name}")).unwrap();
        let mut filled = 0;
        while let count @ 1.. = content.read(&mut bytes[filled..]).unwrap() {
            filled += count;
        }
        bytes
    };
    let names = album.list("/").unwrap();
    names.into_iter().map(|name| (name.clone(), content(&name))).collect()
}

/// Fails unless both folders hold the same names with the same bytes. Both are read block by block.
#[track_caller]
pub(crate) fn assert_identical(folder: &Path, other: &Path) {
    let (names, others) = (names_in(folder), names_in(other));
    let only_here: Vec<_> = names.iter().filter(|name| !others.contains(name)).collect();
    let only_there: Vec<_> = others.iter().filter(|name| !names.contains(name)).collect();
    assert!(names == others, "only in the one: {only_here:?}, in the other: {only_there:?}");
    let (mut block, mut other_block) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    for name in names {
        let (path, other) = (folder.join(&name), other.join(&name));
        assert_eq!(fs::metadata(&path).unwrap().len(), fs::metadata(&other).unwrap().len());
        let (mut file, mut other) = (File::open(path).unwrap(), File::open(other).unwrap());
        while let count @ 1.. = file.read(&mut block).unwrap() {
            other.read_exact(&mut other_block[..count]).unwrap();
            assert!(block[..count] == other_block[..count], "{name} differs");
        }
    }
}
