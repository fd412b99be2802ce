//! Idle connections, by origin. A response puts its connection here when its body has ended cleanly
//! (`connection.rs`); a session takes it for the next request.

use std::collections::VecDeque;

use super::Origin;

/// Idle connections kept per origin: as many as a download has in flight unless told otherwise. More would
/// never be taken out again.
pub const MAX_IDLE_PER_ORIGIN: usize = 32;

/// Idle connections kept in all: a download from thousands of hosts must not run out of descriptors (1,024
/// is a common limit) for connections it will not need again.
pub const MAX_IDLE: usize = 256;

/// Idle connections. Generic over what a connection is.
///
/// ```
/// use glassloop::http::{Origin, Pool, parse_url};
///
/// let origin = Origin::of(&parse_url("http://example.org/")?)?;
/// let mut pool = Pool::default();
/// pool.put(origin.clone(), "first");
/// pool.put(origin.clone(), "second");
/// assert_eq!(pool.take(&origin), Some("second"));
/// # Ok::<(), glassloop::http::Error>(())
/// ```
#[derive(Debug)]
pub struct Pool<S> {
    /// The longest idle first. A search costs less than the connection it saves: there are few.
    idle: VecDeque<(Origin, S)>,
}

impl<S> Default for Pool<S> {
    fn default() -> Self {
        Pool { idle: VecDeque::new() }
    }
}

impl<S> Pool<S> {
    /// Keeps a connection. Returns the one that has to go for it, if there are too many: the longest idle of
    /// its origin, or of all.
    #[must_use = "drop it when nothing is borrowed"]
    // ANCHOR: put
    pub fn put(&mut self, origin: Origin, stream: S) -> Option<S> {
        let of_origin = self.idle.iter().filter(|(other, _)| *other == origin).count();
        let surplus = match of_origin >= MAX_IDLE_PER_ORIGIN {
            true => self.idle.iter().position(|(other, _)| *other == origin),
            false => (self.idle.len() >= MAX_IDLE).then_some(0),
        };
        let surplus = surplus.and_then(|at| self.idle.remove(at));
        self.idle.push_back((origin, stream));
        surplus.map(|(_, stream)| stream)
    }
    // ANCHOR_END: put

    // ANCHOR: take
    /// Takes the connection to `origin` that was used last: the least likely to have been closed meanwhile.
    pub fn take(&mut self, origin: &Origin) -> Option<S> {
        let at = self.idle.iter().rposition(|(other, _)| other == origin)?;
        self.idle.remove(at).map(|(_, stream)| stream)
    }
    // ANCHOR_END: take

    /// How many connections are idle.
    pub fn len(&self) -> usize {
        self.idle.len()
    }

    /// Whether no connection is idle.
    pub fn is_empty(&self) -> bool {
        self.idle.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::parse_url;

    fn origin(host: usize) -> Origin {
        Origin::of(&parse_url(&format!("http://h{host}/")).unwrap()).unwrap()
    }

    #[test]
    fn the_latest_connection_of_the_same_origin_comes_out_first() {
        let mut pool = Pool::default();
        for (host, stream) in [(1, "a"), (2, "b"), (1, "c"), (2, "d")] {
            assert_eq!(pool.put(origin(host), stream), None);
        }
        assert_eq!(pool.take(&origin(1)), Some("c"));
        assert_eq!(pool.take(&origin(1)), Some("a"));
        assert_eq!(pool.take(&origin(1)), None);
        assert_eq!(pool.len(), 2);
    }

    #[test]
    fn too_many_of_one_origin_push_out_its_longest_idle() {
        let mut pool = Pool::default();
        assert_eq!(pool.put(origin(2), 999), None);
        for number in 0..MAX_IDLE_PER_ORIGIN {
            assert_eq!(pool.put(origin(1), number), None);
        }
        assert_eq!(pool.put(origin(1), 1000), Some(0));
        assert_eq!(pool.take(&origin(2)), Some(999));
    }

    #[test]
    fn too_many_in_all_push_out_the_longest_idle() {
        let mut pool = Pool::default();
        for host in 0..MAX_IDLE {
            assert_eq!(pool.put(origin(host), host), None);
        }
        assert_eq!(pool.put(origin(MAX_IDLE), MAX_IDLE), Some(0));
        assert_eq!(pool.len(), MAX_IDLE);
    }
}
