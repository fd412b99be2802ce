//! Why work brought no value, and the shield around what users wrote.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// Why a task or a job brought no value: it was cancelled, or it panicked.
///
/// The idea and the names are tokio's.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// let error = runtime.block_on(async {
///     let task = glassloop::spawn(std::future::pending::<()>());
///     task.abort();
///     task.await.unwrap_err()
/// });
/// assert!(error.is_cancelled());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct JoinError(Failure);

/// Boxed, since each task keeps room for it: what seldom happens must not make all of them larger.
enum Failure {
    /// With the reason, where "it was asked for" is not all there is to say.
    Cancelled(Option<Box<Arc<str>>>),
    /// In a mutex so that the error is `Sync`, as an error type should be; a payload is only `Send`.
    Panic(Box<Mutex<Payload>>),
}

type Payload = Box<dyn Any + Send>;

impl JoinError {
    pub(crate) fn cancelled() -> Self {
        Self(Failure::Cancelled(None))
    }

    pub(crate) fn cancelled_because(reason: Arc<str>) -> Self {
        Self(Failure::Cancelled(Some(Box::new(reason))))
    }

    pub(crate) fn panicked(payload: Payload) -> Self {
        Self(Failure::Panic(Box::new(Mutex::new(payload))))
    }

    /// Whether it was aborted, or its loop or pool ended before it did. It may have a reason to tell,
    /// which is in the error's text.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0, Failure::Cancelled(_))
    }

    /// Whether it panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0, Failure::Panic(_))
    }

    /// The payload of the panic, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// When it was cancelled instead: ask [`is_panic`](Self::is_panic) first.
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.0 {
            Failure::Panic(payload) => payload.into_inner().unwrap_or_else(PoisonError::into_inner),
            Failure::Cancelled(_) => panic!("this task was cancelled, it did not panic"),
        }
    }

    /// As [`into_panic`](Self::into_panic).
    ///
    /// # Errors
    /// This error again when it was cancelled instead.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        if self.is_panic() { Ok(self.into_panic()) } else { Err(self) }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = match &self.0 {
            Failure::Cancelled(None) => return f.write_str("cancelled"),
            Failure::Cancelled(Some(reason)) => return write!(f, "cancelled: {reason}"),
            Failure::Panic(payload) => payload.lock().unwrap_or_else(PoisonError::into_inner),
        };
        match panic_text(&**payload) {
            Some(text) => write!(f, "panicked: {text}"),
            None => f.write_str("panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

/// What a panic said, if it said it in words.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> Option<&str> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// Runs what a user wrote (a wake, a drop) and lets no panic of it out: others must go on.
/// The panic hook has printed it by then.
pub(crate) fn shielded(user_written: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(user_written)) {
        // A payload whose own destructor panics is given up.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(again);
        }
    }
}
