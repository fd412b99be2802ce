//! Data that all workers read where it is.

use std::ops::Deref;
use std::{fmt, io};

use super::sys::SharedMemory;

/// Values in memory that this process shares with those forked from it later: the workers of a pool whose job
/// captures them. They cannot be changed any more.
///
/// Whatever a job captures is there in its workers. But to fork a process with much memory takes time, some
/// milliseconds for each gigabyte, as its table of pages is copied. That of this memory is not, or is small.
///
/// ```
/// use glassloop::processes::{ProcessPool, Shared};
///
/// let numbers = Shared::from_fn(1000, |index| index as u64)?;
/// let add = |_: &mut (), range: std::ops::Range<usize>| numbers[range].iter().sum::<u64>();
/// let pool = ProcessPool::builder().workers(2).build(add)?;
/// let halves: Vec<u64> = pool.map([0..500, 500..1000]).into_iter().collect::<Result<_, _>>()?;
/// assert_eq!(halves.iter().sum::<u64>(), 499_500);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Shared<T>(SharedMemory<T>);

impl<T: Copy> Shared<T> {
    /// So many values, each made from its index.
    ///
    /// # Errors
    /// When the system has not so much memory.
    pub fn from_fn(count: usize, value: impl FnMut(usize) -> T) -> io::Result<Self> {
        Ok(Self(SharedMemory::from_fn(count, value)?))
    }
}

impl<T: Copy> Deref for Shared<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.values()
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
