//! Whether what was fetched is what the server has, byte for byte.

use std::fs::File;
use std::io;
use std::path::Path;

use glassloop::server::Album;
use sha2::{Digest, Sha256};

/// Whether the folder holds every file of the album, and each with the album's SHA-256.
pub(super) fn folder(album: &Album, folder: &Path) -> anyhow::Result<bool> {
    let mut buffer = vec![0; 64 * 1024];
    for name in album.list("/")? {
        let mut content = album.open(&format!("/{name}"))?;
        let expected = digest(|buffer| content.read(buffer), &mut buffer)?;
        let Ok(mut file) = File::open(folder.join(&name)) else { return Ok(false) };
        if digest(|buffer| io::Read::read(&mut file, buffer), &mut buffer)? != expected {
            return Ok(false);
        }
    }
    Ok(true)
}

fn digest(
    mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    buffer: &mut [u8],
) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    while let count @ 1.. = read(buffer)? {
        hash.update(&buffer[..count]);
    }
    Ok(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_byte_or_a_missing_file_is_noticed() {
        let album = Album::Generated { files: 2, size: 1000 };
        let target = tempfile::tempdir().unwrap();
        let write = |name: &str, spoil: bool| {
            let mut bytes = vec![0; 1000];
            album.open(&format!("/{name}")).unwrap().read(&mut bytes).unwrap();
            bytes[999] ^= u8::from(spoil);
            std::fs::write(target.path().join(name), bytes).unwrap();
        };
        write("file-0001.bin", false);
        assert!(!folder(&album, target.path()).unwrap());
        write("file-0002.bin", true);
        assert!(!folder(&album, target.path()).unwrap());
        write("file-0002.bin", false);
        assert!(folder(&album, target.path()).unwrap());
    }
}
