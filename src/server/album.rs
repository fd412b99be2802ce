//! What is served: an album of generated files, or a folder.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;

/// The files of a server.
///
/// ```
/// use glassloop::server::Album;
///
/// let album = Album::Generated { files: 3, size: 100 };
/// assert_eq!(album.list("/")?, ["file-0001.bin", "file-0002.bin", "file-0003.bin"]);
/// assert_eq!(album.open("/file-0002.bin")?.length, 100);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub enum Album {
    /// Made up on the fly, the same bytes every time, no two files alike.
    Generated {
        /// How many.
        files: usize,
        /// How long each is, in bytes.
        size: u64,
    },
    /// What is in a folder and the folders in it. Hidden files are not served, nor what a link leads to
    /// outside the folder.
    Folder(PathBuf),
}

/// A file to be read from its beginning on.
#[derive(Debug)]
pub struct Content {
    /// In bytes.
    pub length: u64,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Generated { file: usize, offset: u64 },
    File(File),
}

impl Album {
    /// The names of what is in a folder of the album, sorted; those of folders end with a slash.
    ///
    /// # Errors
    /// When there is no such folder, or it cannot be read.
    pub fn list(&self, path: &str) -> io::Result<Vec<String>> {
        match self {
            Self::Generated { files, .. } if path == "/" => Ok((0..*files).map(name).collect()),
            Self::Generated { .. } => Err(io::ErrorKind::NotFound.into()),
            Self::Folder(root) => list_folder(&inside(root, path)?),
        }
    }

    /// Opens a file of the album.
    ///
    /// # Errors
    /// When there is no such file, or it cannot be read.
    pub fn open(&self, path: &str) -> io::Result<Content> {
        match self {
            Self::Generated { files, size } => {
                let file = number(path).filter(|file| file < files);
                let file = file.ok_or(io::ErrorKind::NotFound)?;
                Ok(Content { length: *size, source: Source::Generated { file, offset: 0 } })
            }
            Self::Folder(root) => {
                let path = inside(root, path)?;
                let metadata = fs::metadata(&path)?;
                // Opening a pipe would block, and reading one never end.
                if !metadata.is_file() {
                    return Err(io::ErrorKind::NotFound.into());
                }
                let file = File::open(path)?;
                Ok(Content { length: metadata.len(), source: Source::File(file) })
            }
        }
    }
}

impl Content {
    /// Fills the beginning of `buffer` with the next bytes; 0 at the end.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.source {
            Source::File(file) => file.read(buffer),
            Source::Generated { file, offset } => {
                let left = usize::try_from(self.length - *offset).unwrap_or(usize::MAX);
                let count = left.min(buffer.len());
                generate(*file, *offset, &mut buffer[..count]);
                *offset += count as u64;
                Ok(count)
            }
        }
    }
}

fn name(file: usize) -> String {
    format!("file-{:04}.bin", file + 1)
}

/// The file of this path, if it is one's name.
fn number(path: &str) -> Option<usize> {
    let digits = path.strip_prefix("/file-")?.strip_suffix(".bin")?;
    let file = digits.parse::<usize>().ok()?.checked_sub(1)?;
    (path[1..] == name(file)).then_some(file)
}

/// Every eight bytes are the hash of where they stand (Steele, Lea and Flood's SplitMix64), so that a
/// byte too many, too few or out of place shows.
fn generate(file: usize, offset: u64, into: &mut [u8]) {
    let mut at = offset;
    let mut rest = into;
    while !rest.is_empty() {
        let word = split_mix(((file as u64) << 40) ^ (at / 8)).to_le_bytes();
        let word = &word[(at % 8) as usize..];
        let count = word.len().min(rest.len());
        let (now, later) = rest.split_at_mut(count);
        now.copy_from_slice(&word[..count]);
        at += count as u64;
        rest = later;
    }
}

fn split_mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// The place in `root` that a URL's path names. There is nothing outside it, and nothing hidden in it.
fn inside(root: &Path, path: &str) -> io::Result<PathBuf> {
    let nothing = || io::Error::from(io::ErrorKind::NotFound);
    let decoded = percent_decode_str(path).decode_utf8().map_err(|_| nothing())?;
    let relative = Path::new(decoded.trim_start_matches('/'));
    let plain = |part: Component<'_>| match part {
        Component::Normal(name) => !name.as_encoded_bytes().starts_with(b"."),
        _ => false,
    };
    if decoded.contains('\0') || !relative.components().all(plain) {
        return Err(nothing());
    }
    // Links are followed first, so that none leads out.
    let root = root.canonicalize()?;
    let found = root.join(relative).canonicalize()?;
    if found.starts_with(&root) { Ok(found) } else { Err(nothing()) }
}

fn list_folder(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A name that is not UTF-8 cannot be asked for.
        let Ok(mut name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        match fs::metadata(entry.path()) {
            Ok(metadata) if metadata.is_dir() => name.push('/'),
            Ok(metadata) if metadata.is_file() => {}
            _ => continue,
        }
        names.push(name);
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(album: &Album, path: &str, step: usize) -> Vec<u8> {
        let mut content = album.open(path).unwrap();
        let (mut all, mut buffer) = (Vec::new(), vec![0; step]);
        while let count @ 1.. = content.read(&mut buffer).unwrap() {
            all.extend_from_slice(&buffer[..count]);
        }
        all
    }

    #[test]
    fn a_generated_file_is_the_same_however_it_is_read_and_no_other_is_like_it() {
        let album = Album::Generated { files: 2, size: 1003 };
        let whole = bytes_of(&album, "/file-0001.bin", 4096);
        assert_eq!(whole.len(), 1003);
        for step in [1, 3, 8, 13, 1000] {
            assert_eq!(bytes_of(&album, "/file-0001.bin", step), whole);
        }
        assert_ne!(bytes_of(&album, "/file-0002.bin", 4096), whole);
        assert!(album.open("/file-0003.bin").is_err());
    }

    #[test]
    fn nothing_outside_the_folder_and_nothing_hidden_is_served() {
        let above = tempfile::tempdir().unwrap();
        let root = above.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(above.path().join("secret"), "secret").unwrap();
        fs::write(root.join(".hidden"), "hidden").unwrap();
        fs::write(root.join("open file"), "open").unwrap();
        std::os::unix::fs::symlink(above.path().join("secret"), root.join("link")).unwrap();

        let album = Album::Folder(root);
        assert_eq!(bytes_of(&album, "/open%20file", 16), b"open");
        for path in
            ["/../secret", "/%2e%2e/secret", "/.hidden", "/link", "/a%00b", "//etc/passwd", "/"]
        {
            assert!(album.open(path).is_err(), "{path} was served");
        }
        assert_eq!(album.list("/").unwrap(), ["link", "open file"]);
        assert!(album.list("/..").is_err());
    }
}
