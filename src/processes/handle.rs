//! What `submit` returns.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use serde::de::DeserializeOwned;

use super::error::ProcessError;
use super::frame::decode;
use super::job::{Answer, Reply};
use crate::job::{JobHandle, JoinError, promise};

/// The result of a job in another process: a future, for any loop, and something that a thread without one
/// can wait for. Dropping it does not stop the job.
///
/// It resolves whatever happens to the worker, the nursery or the pool.
///
/// ```
/// use glassloop::processes::ProcessPool;
///
/// let pool = ProcessPool::new(2, |name: String| format!("hello {name}"))?;
/// let handle = pool.submit("loop".into());
/// let runtime = glassloop::Runtime::new()?;
/// assert_eq!(runtime.block_on(handle), Ok("hello loop".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ProcessHandle<Out> {
    reply: JobHandle<Reply>,
    result: PhantomData<fn() -> Out>,
}

impl<Out: DeserializeOwned> ProcessHandle<Out> {
    pub(super) fn new() -> (Answer, Self) {
        let (promise, reply) = promise();
        let answer = Answer::new(move |reply| promise.settle(Ok(reply)));
        (answer, Self { reply, result: PhantomData })
    }

    /// Blocks this thread until the job is over. For use without a loop; a task awaits instead.
    ///
    /// # Errors
    /// When it brought no result; the error says why.
    ///
    /// # Panics
    /// When the result has been awaited already.
    pub fn wait(self) -> Result<Out, ProcessError> {
        open(self.reply.wait())
    }

    /// Whether the job is over.
    pub fn is_finished(&self) -> bool {
        self.reply.is_finished()
    }
}

impl<Out: DeserializeOwned> Future for ProcessHandle<Out> {
    type Output = Result<Out, ProcessError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(open(ready!(Pin::new(&mut self.reply).poll(cx))))
    }
}

/// Decoded by whoever wants it, not by the thread that drives the pipes.
fn open<Out: DeserializeOwned>(reply: Result<Reply, JoinError>) -> Result<Out, ProcessError> {
    result(reply.unwrap_or(Err(ProcessError::Cancelled)))
}

pub(super) fn result<Out: DeserializeOwned>(reply: Reply) -> Result<Out, ProcessError> {
    decoded(&reply?)
}

pub(super) fn decoded<Out: DeserializeOwned>(body: &[u8]) -> Result<Out, ProcessError> {
    decode("result", body).map_err(|reason| ProcessError::Transfer { reason })
}
