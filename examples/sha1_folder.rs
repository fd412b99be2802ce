//! SHA-1 of every file in a folder, by a pool of threads each of which keeps its buffer.
//!
//! `cargo run --example sha1_folder -- FOLDER` (the examples themselves, if it is not given)

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use glassloop::ThreadPool;
use sha1::{Digest, Sha1};

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| "examples".into(), PathBuf::from);
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.is_file());
    files.sort();

    let pool = ThreadPool::builder().build_with_state(|_worker| vec![0; 64 * 1024])?;
    let sums = pool.map(files.clone(), |buffer, path| sha1(&path, buffer));
    for (path, sum) in files.iter().zip(sums) {
        match sum.map_err(io::Error::other)? {
            Ok(sum) => println!("{sum}  {}", path.display()),
            Err(error) => eprintln!("{}: {error}", path.display()),
        }
    }
    Ok(())
}

fn sha1(path: &Path, buffer: &mut [u8]) -> io::Result<String> {
    let (mut file, mut sha1) = (File::open(path)?, Sha1::new());
    loop {
        match file.read(buffer)? {
            0 => break,
            read => sha1.update(&buffer[..read]),
        }
    }
    Ok(sha1.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
