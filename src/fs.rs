//! Files, without stopping the loop. A selector takes every file for ready, and reading a slow disk still
//! takes its time: so each call goes to a thread of the pool for blocking work.
//!
//! A call that is dropped goes on in its thread. Errors name the path.
//!
//! ```
//! use glassloop::fs;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("a/note");
//! let runtime = glassloop::Runtime::new()?;
//! let done: std::io::Result<()> = runtime.block_on(async {
//!     fs::create_dir_all(path.parent().unwrap()).await?;
//!     fs::write(&path, "remember").await?;
//!     assert_eq!(fs::read_to_string(&path).await?, "remember");
//!     assert_eq!(fs::metadata(&path).await?.len(), 8);
//!     fs::rename(&path, folder.path().join("moved")).await?;
//!     let mut names = fs::read_dir(folder.path()).await?;
//!     while let Some(entry) = names.next_entry().await? {
//!         assert!(["a", "moved"].contains(&entry.file_name().to_str().unwrap()));
//!     }
//!     fs::remove_file(folder.path().join("moved")).await
//! });
//! # done?;
//! # Ok::<(), std::io::Error>(())
//! ```

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::Path;

use crate::task::spawn_blocking;

/// Reads a whole file.
///
/// # Errors
/// When there is none, or it cannot be read.
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    on(path, "read", |path| fs::read(path)).await
}

/// Reads a whole file as text.
///
/// # Errors
/// When there is none, it cannot be read, or is not UTF-8.
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    on(path, "read", |path| fs::read_to_string(path)).await
}

/// Makes a file with this content, or replaces what it had.
///
/// # Errors
/// When it cannot be written. It may hold a part of the content by then.
pub async fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> io::Result<()> {
    let content = content.as_ref().to_vec();
    on(path, "write", move |path| fs::write(path, content)).await
}

/// Makes a folder and those above it. One that is there is as good.
///
/// # Errors
/// When it cannot be made.
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    on(path, "create the folder", |path| fs::create_dir_all(path)).await
}

/// What is known of a file or a folder. Links are followed.
///
/// # Errors
/// When there is none, or it may not be looked at.
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    on(path, "look at", |path| fs::metadata(path)).await
}

/// Gives a file or a folder another name, and replaces a file that had it.
///
/// # Errors
/// When there is none, or the names are not in one file system.
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let to = to.as_ref().to_owned();
    on(from, "rename", move |from| fs::rename(from, to)).await
}

/// Removes a file.
///
/// # Errors
/// When there is none, or it may not be removed.
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    on(path, "remove", |path| fs::remove_file(path)).await
}

/// Lists a folder, all of it at once: for a folder of millions of files this takes memory.
///
/// # Errors
/// When there is none, or it cannot be read.
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let entries = on(path, "list", |path| Ok(fs::read_dir(path)?.collect::<Vec<_>>())).await?;
    Ok(ReadDir(entries.into_iter()))
}

/// What is in a folder, in no order.
#[derive(Debug)]
pub struct ReadDir(std::vec::IntoIter<io::Result<DirEntry>>);

impl ReadDir {
    /// The next entry. It never waits; it is `async` as tokio's is.
    ///
    /// # Errors
    /// When this entry could not be read.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        self.0.next().transpose()
    }
}

async fn on<T: Send + 'static>(
    path: impl AsRef<Path>,
    verb: &'static str,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let path = path.as_ref().to_owned();
    let job = spawn_blocking(move || {
        work(&path).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot {verb} {}: {error}", path.display()))
        })
    });
    job.await.map_err(io::Error::other)?
}
