//! What a semaphore hands out.

use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use super::Semaphore;

/// Permits of a [`Semaphore`], which return to it when this is dropped. `S` leads to the semaphore: see
/// [`SemaphorePermit`] and [`OwnedSemaphorePermit`].
///
/// ```
/// let semaphore = glassloop::sync::Semaphore::new(3);
/// let mut two = semaphore.try_acquire_many(2).unwrap();
/// two.merge(semaphore.try_acquire().unwrap());
/// assert_eq!((two.num_permits(), semaphore.available_permits()), (3, 0));
/// drop(two.split(1));
/// assert_eq!((two.num_permits(), semaphore.available_permits()), (2, 1));
/// two.forget();
/// assert_eq!(semaphore.available_permits(), 1);
/// ```
#[must_use = "permits that are dropped return at once"]
pub struct Permits<S: Deref<Target = Semaphore>> {
    semaphore: S,
    permits: u32,
}

/// Permits that borrow their semaphore.
pub type SemaphorePermit<'a> = Permits<&'a Semaphore>;

/// Permits that share their semaphore and borrow nothing, so that a task can take them along.
pub type OwnedSemaphorePermit = Permits<Rc<Semaphore>>;

impl<S: Deref<Target = Semaphore>> Permits<S> {
    /// For permits that were taken.
    pub(super) fn new(semaphore: S, permits: u32) -> Self {
        Self { semaphore, permits }
    }

    /// How many these are.
    pub fn num_permits(&self) -> usize {
        self.permits as usize
    }

    /// Lets them never return: the semaphore has so many fewer from now on.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Adds another's permits to these.
    ///
    /// # Panics
    /// When they are of different semaphores, or 2³² and more together.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        let same = std::ptr::eq(&*self.semaphore, &*other.semaphore);
        assert!(same, "permits of different semaphores cannot be merged");
        let sum = self.permits.checked_add(other.permits);
        self.permits = sum.expect("more permits than a number of 32 bits can count");
        other.permits = 0;
    }

    /// Takes `permits` out of these; `None`, and nothing changes, when they are fewer.
    pub fn split(&mut self, permits: usize) -> Option<Self>
    where
        S: Clone,
    {
        let permits = u32::try_from(permits).ok()?;
        self.permits = self.permits.checked_sub(permits)?;
        Some(Self { semaphore: self.semaphore.clone(), permits })
    }
}

impl OwnedSemaphorePermit {
    /// The semaphore they are of.
    pub fn semaphore(&self) -> &Rc<Semaphore> {
        &self.semaphore
    }
}

// ANCHOR: drop_permits
impl<S: Deref<Target = Semaphore>> Drop for Permits<S> {
    fn drop(&mut self) {
        self.semaphore.add_permits(self.permits as usize);
    }
}
// ANCHOR_END: drop_permits

impl<S: Deref<Target = Semaphore>> fmt::Debug for Permits<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permits({})", self.permits)
    }
}
