//! What one waits for, and what has come of it.

use std::fmt;
use std::ops::BitOr;

use crate::trace::Direction;

/// What to wait for: that something can be read, that something can be written, or either.
///
/// ```
/// use glassloop::io::Interest;
///
/// let either = Interest::READABLE | Interest::WRITABLE;
/// assert!(either.is_readable() && either.is_writable());
/// assert!(!Interest::READABLE.is_writable());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Interest(u8);

impl Interest {
    /// Data to read, a connection to accept, or the end of the stream.
    pub const READABLE: Self = Self(1 << Direction::Read as u8);
    /// Room to write, or a connection that has come about.
    pub const WRITABLE: Self = Self(1 << Direction::Write as u8);

    /// Whether one waits to read.
    pub const fn is_readable(self) -> bool {
        self.0 & Self::READABLE.0 != 0
    }

    /// Whether one waits to write.
    pub const fn is_writable(self) -> bool {
        self.0 & Self::WRITABLE.0 != 0
    }

    /// Either of the two, as `|`, where a constant is needed.
    pub const fn add(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn only(direction: Direction) -> Self {
        Self(1 << direction as u8)
    }

    pub(super) fn contains(self, other: Self) -> bool {
        self.0 | other.0 == self.0
    }

    pub(super) fn directions(self) -> impl Iterator<Item = Direction> {
        Direction::BOTH.into_iter().filter(move |direction| self.0 & 1 << *direction as u8 != 0)
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.is_readable(), self.is_writable()) {
            (true, false) => "READABLE",
            (false, true) => "WRITABLE",
            _ => "READABLE | WRITABLE",
        })
    }
}

/// What the kernel has said of a descriptor. It is a hint: an attempt may still find that it would block.
///
/// ```
/// use glassloop::io::Ready;
///
/// let ready = Ready::READABLE | Ready::WRITE_CLOSED;
/// assert!(ready.is_readable() && !ready.is_read_closed());
/// assert!(ready.is_writable(), "a write would not wait: it would fail");
/// assert!(Ready::EMPTY.is_empty());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ready(u8);

impl Ready {
    /// Nothing.
    pub const EMPTY: Self = Self(0);
    /// Something can be read.
    pub const READABLE: Self = Self(1);
    /// Something can be written.
    pub const WRITABLE: Self = Self(1 << 1);
    /// What is there to read is the last: the peer has closed its half, or the connection is gone.
    pub const READ_CLOSED: Self = Self(1 << 2);
    /// Nothing more can be written.
    pub const WRITE_CLOSED: Self = Self(1 << 3);

    /// Whether nothing is ready.
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// Whether a read would not wait. The end of the stream is something to read, too.
    pub fn is_readable(self) -> bool {
        self.has(Self::READABLE) || self.is_read_closed()
    }

    /// Whether a write would not wait.
    pub fn is_writable(self) -> bool {
        self.has(Self::WRITABLE) || self.is_write_closed()
    }

    /// Whether no more will come, as far as the kernel has said.
    pub fn is_read_closed(self) -> bool {
        self.has(Self::READ_CLOSED)
    }

    /// Whether nothing more can be written, as far as the kernel has said.
    pub fn is_write_closed(self) -> bool {
        self.has(Self::WRITE_CLOSED)
    }

    /// What a side that is ready says.
    pub(super) fn of(direction: Direction, closed: bool) -> Self {
        match (direction, closed) {
            (Direction::Read, false) => Self::READABLE,
            (Direction::Read, true) => Self::READABLE | Self::READ_CLOSED,
            (Direction::Write, false) => Self::WRITABLE,
            (Direction::Write, true) => Self::WRITABLE | Self::WRITE_CLOSED,
        }
    }

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Ready {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready")
            .field("readable", &self.is_readable())
            .field("writable", &self.is_writable())
            .field("read_closed", &self.is_read_closed())
            .field("write_closed", &self.is_write_closed())
            .finish()
    }
}
