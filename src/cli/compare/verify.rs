//! Whether what was fetched is what the server has, byte for byte.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::ensure;
use glassloop::server::Album;
use glassloop::workloads::Interrupt;
use sha2::{Digest, Sha256};

/// Whether the folder holds every file of the album, and each with the album's SHA-256.
pub(super) fn folder(album: &Album, folder: &Path, interrupt: &Interrupt) -> anyhow::Result<bool> {
    let mut buffer = vec![0; 64 * 1024];
    let mut digest = |read: &mut dyn FnMut(&mut [u8]) -> io::Result<usize>| {
        let mut hash = Sha256::new();
        while let count @ 1.. = read(&mut buffer)? {
            ensure!(!interrupt.is_set(), "the verification was interrupted");
            hash.update(&buffer[..count]);
        }
        anyhow::Ok(hash.finalize())
    };
    for name in album.list("/")? {
        let mut content = album.open(&format!("/{name}"))?;
        let expected = digest(&mut |buffer| content.read(buffer))?;
        let Ok(mut file) = File::open(folder.join(&name)) else { return Ok(false) };
        if digest(&mut |buffer| file.read(buffer))? != expected {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_byte_or_a_missing_file_is_noticed() {
        let album = Album::Generated { files: 2, size: 1000 };
        let target = tempfile::tempdir().unwrap();
        let is_right = || folder(&album, target.path(), &Interrupt::default()).unwrap();
        let write = |name: &str, spoil: bool| {
            let mut bytes = vec![0; 1000];
            album.open(&format!("/{name}")).unwrap().read(&mut bytes).unwrap();
            bytes[999] ^= u8::from(spoil);
            std::fs::write(target.path().join(name), bytes).unwrap();
        };
        write("file-0001.bin", false);
        assert!(!is_right());
        write("file-0002.bin", true);
        assert!(!is_right());
        write("file-0002.bin", false);
        assert!(is_right());
    }
}
