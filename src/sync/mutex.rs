//! A lock that may be kept across an `.await`: a semaphore with one permit, and the value.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use super::semaphore::{Semaphore, SemaphorePermit};

/// Keeps a value for one task at a time, also while that task waits. Who asked first is next.
///
/// Tasks of one thread need it only to keep others away *across* an `.await`; for less, a `RefCell` will
/// do. A panic does not poison it. As tokio's, but local, and without the methods that block.
///
/// ```
/// use std::rc::Rc;
/// use glassloop::{sync::Mutex, task::{join_all, yield_now}};
///
/// let runtime = glassloop::Runtime::new()?;
/// runtime.block_on(async {
///     let counter = Rc::new(Mutex::new(0));
///     join_all((0..10).map(|_| {
///         let counter = Rc::clone(&counter);
///         async move {
///             let mut guard = counter.lock().await;
///             let seen = *guard;
///             yield_now().await; // nobody else can count meanwhile
///             *guard = seen + 1;
///         }
///     }))
///     .await;
///     assert_eq!(*counter.lock().await, 10);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Mutex<T> {
    turn: Semaphore,
    /// `None` while an owned guard has it.
    value: RefCell<Option<T>>,
}

/// Somebody has locked it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the mutex is locked")]
pub struct TryLockError(());

impl<T> Mutex<T> {
    /// An open lock around `value`.
    pub fn new(value: T) -> Self {
        Self { turn: Semaphore::named("lock", 1), value: RefCell::new(Some(value)) }
    }

    /// Waits until it is this one's turn, and locks. It is unlocked when the guard is dropped. Locking
    /// twice in one task waits for ever.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue; a turn that has come goes to the next.
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        let turn = self.turn.acquire().await;
        self.guard(turn.expect("nobody closes the semaphore of a mutex"))
    }

    /// Locks, if it is unlocked and nobody waits.
    ///
    /// # Errors
    /// When it is locked.
    ///
    /// ```
    /// let mutex = glassloop::sync::Mutex::new(1);
    /// let guard = mutex.try_lock().unwrap();
    /// assert!(mutex.try_lock().is_err());
    /// # drop(guard);
    /// ```
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        self.turn.try_acquire().map(|turn| self.guard(turn)).map_err(|_| TryLockError(()))
    }

    /// As [`lock`](Self::lock), with a guard that borrows nothing, to be moved into a task. The value moves
    /// into the guard and back, so box one that is large.
    ///
    /// # Cancel safety
    /// That of [`lock`](Self::lock).
    ///
    /// ```
    /// use std::rc::Rc;
    /// use glassloop::{spawn, sync::Mutex};
    ///
    /// let runtime = glassloop::Runtime::new()?;
    /// runtime.block_on(async {
    ///     let mutex = Rc::new(Mutex::new(1));
    ///     let mut guard = Rc::clone(&mutex).lock_owned().await;
    ///     spawn(async move { *guard += 1 });
    ///     assert_eq!(*mutex.lock().await, 2);
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn lock_owned(self: Rc<Self>) -> OwnedMutexGuard<T> {
        let turn = self.turn.acquire().await;
        turn.expect("nobody closes the semaphore of a mutex").forget();
        OwnedMutexGuard::new(self)
    }

    /// As [`try_lock`](Self::try_lock), with a guard that borrows nothing.
    ///
    /// # Errors
    /// When it is locked.
    pub fn try_lock_owned(self: Rc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        self.turn.try_acquire().map_err(|_| TryLockError(()))?.forget();
        Ok(OwnedMutexGuard::new(self))
    }

    /// The value, without locking: who has the only access needs no turn.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut().as_mut().expect(KEPT)
    }

    /// The value, out of the lock.
    ///
    /// ```
    /// let mut mutex = glassloop::sync::Mutex::new(1);
    /// *mutex.get_mut() += 1;
    /// assert_eq!(mutex.into_inner(), 2);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner().expect(KEPT)
    }

    fn guard<'a>(&'a self, turn: SemaphorePermit<'a>) -> MutexGuard<'a, T> {
        let value = RefMut::map(self.value.borrow_mut(), |value| value.as_mut().expect(KEPT));
        MutexGuard { value, _turn: turn }
    }
}

/// An owned guard has the value only while it holds both the turn and a share of the mutex.
const KEPT: &str = "the value is in its mutex unless an owned guard holds it";

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_lock() {
            Ok(guard) => f.debug_tuple("Mutex").field(&*guard).finish(),
            Err(_) => f.write_str("Mutex(<locked>)"),
        }
    }
}

/// The value of a locked [`Mutex`]. Dropping it unlocks.
#[must_use = "a guard that is dropped unlocks at once"]
pub struct MutexGuard<'a, T> {
    // In this order they are dropped: the value is free before the next one's turn begins.
    value: RefMut<'a, T>,
    _turn: SemaphorePermit<'a>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The value of a locked [`Mutex`], borrowing nothing. Dropping it unlocks.
#[must_use = "a guard that is dropped unlocks at once"]
pub struct OwnedMutexGuard<T> {
    mutex: Rc<Mutex<T>>,
    /// There until the guard is dropped.
    value: Option<T>,
}

impl<T> OwnedMutexGuard<T> {
    /// It is `mutex`'s turn-holder that calls.
    fn new(mutex: Rc<Mutex<T>>) -> Self {
        let value = mutex.value.take();
        Self { mutex, value }
    }
}

impl<T> Deref for OwnedMutexGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("a guard has the value until it is dropped")
    }
}

impl<T> DerefMut for OwnedMutexGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("a guard has the value until it is dropped")
    }
}

impl<T> Drop for OwnedMutexGuard<T> {
    fn drop(&mut self) {
        self.mutex.value.replace(self.value.take());
        self.mutex.turn.add_permits(1);
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
