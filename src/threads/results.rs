//! The results of many jobs: in the order of the jobs, or as they come.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, mpsc};
use std::{fmt, vec};

use super::board::Board;
use crate::job::{JobHandle, JoinError, shielded};

/// The results of the jobs of a `map`, in the order of its items. `next` blocks until the next one is
/// there. Dropping it detaches what is left.
///
/// ```
/// let pool = glassloop::ThreadPool::new(2)?;
/// let mut lengths = pool.map(["a", "bc"], str::len);
/// assert_eq!(lengths.len(), 2);
/// assert_eq!(lengths.next().unwrap().unwrap(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Results<T>(Source<T>);

enum Source<T> {
    /// Of jobs that were submitted one by one.
    Jobs(vec::IntoIter<JobHandle<T>>),
    Batch {
        results: Arc<Board<T>>,
        /// Those that were not given out yet.
        left: Range<usize>,
        /// The first of them, as far as they are here.
        here: VecDeque<Result<T, JoinError>>,
        batch: Option<Arc<dyn Help>>,
    },
}

/// The items of a batch, for a worker that would have to wait for one.
pub(super) trait Help: Send + Sync {
    /// Runs this item here and now if this is a worker of its pool and nobody has begun it.
    fn help(&self, index: usize);
}

impl<T> Results<T> {
    /// Takes all handles at once: the jobs are to run while the first is waited for.
    pub(super) fn of(handles: impl Iterator<Item = JobHandle<T>>) -> Self {
        Self(Source::Jobs(handles.collect::<Vec<_>>().into_iter()))
    }

    pub(super) fn of_batch(
        count: usize,
        results: Arc<Board<T>>,
        batch: Option<Arc<dyn Help>>,
    ) -> Self {
        Self(Source::Batch { results, left: 0..count, here: VecDeque::new(), batch })
    }
}

impl<T> Iterator for Results<T> {
    type Item = Result<T, JoinError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (results, left, here, batch) = match &mut self.0 {
            Source::Jobs(handles) => return handles.next().map(JobHandle::wait),
            Source::Batch { results, left, here, batch } => (results, left, here, batch),
        };
        let index = left.next()?;
        if here.is_empty() {
            if let Some(batch) = batch {
                batch.help(index);
            }
            results.take(index, here);
        }
        here.pop_front()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Source::Jobs(handles) => handles.size_hint(),
            Source::Batch { left, .. } => left.size_hint(),
        }
    }
}

impl<T> Drop for Results<T> {
    fn drop(&mut self) {
        if let Source::Batch { results, left, here, .. } = &mut self.0
            && left.start < left.end
        {
            results.leave(left.start + here.len());
            here.drain(..).for_each(|result| shielded(|| drop(result)));
        }
    }
}

impl<T> fmt::Debug for Results<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results").field("left", &self.len()).finish()
    }
}

impl<T> ExactSizeIterator for Results<T> {}

/// The results of jobs in the order in which they are done, each with the index of its handle. Python's
/// `as_completed`.
///
/// `next` blocks until one more is done; a worker that asks for jobs of its own pool runs those
/// that are still queued itself. Dropping the iterator detaches what is left.
///
/// ```
/// use std::sync::mpsc;
/// use glassloop::{ThreadPool, threads::as_completed};
///
/// let pool = ThreadPool::new(2)?;
/// let (go, wait) = mpsc::channel::<()>();
/// let slow = pool.submit(move || wait.recv().is_ok());
/// let quick = pool.submit(|| true);
/// let mut done = as_completed([slow, quick]);
/// assert_eq!(done.next().unwrap().0, 1);
/// go.send(()).unwrap();
/// assert_eq!(done.next().unwrap().0, 0);
/// assert!(done.next().is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn as_completed<T>(handles: impl IntoIterator<Item = JobHandle<T>>) -> AsCompleted<T> {
    let (done, completed) = mpsc::channel();
    let open = |(index, mut handle): (usize, JobHandle<T>)| {
        let done = done.clone();
        handle.on_done(move |_| {
            let _ = done.send(index); // the iterator may have been dropped
        });
        Some(handle)
    };
    let handles: Vec<_> = handles.into_iter().enumerate().map(open).collect();
    AsCompleted { left: handles.len(), handles, completed, begun: 0 }
}

/// The iterator of [`as_completed`].
///
/// ```
/// use glassloop::threads::{AsCompleted, as_completed};
///
/// fn any(results: AsCompleted<u32>) -> bool {
///     results.flat_map(|(_, result)| result).any(|number| number > 1)
/// }
/// let pool = glassloop::ThreadPool::new(2)?;
/// assert!(any(as_completed([1, 2].map(|number| pool.submit(move || number)))));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct AsCompleted<T> {
    handles: Vec<Option<JobHandle<T>>>,
    left: usize,
    completed: mpsc::Receiver<usize>,
    /// The jobs before this one are known not to be queued any more.
    begun: usize,
}

impl<T> AsCompleted<T> {
    /// The index of a job that is done.
    fn next_completed(&mut self) -> Option<usize> {
        loop {
            if let Ok(index) = self.completed.try_recv() {
                return Some(index);
            }
            let Some(handle) = self.handles.get(self.begun) else {
                return self.completed.recv().ok();
            };
            if let Some(handle) = handle {
                handle.help();
            }
            self.begun += 1;
        }
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T, JoinError>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let index = self.next_completed()?;
        let handle = self.handles[index].take()?;
        Some((index, handle.wait()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("left", &self.left).finish()
    }
}
