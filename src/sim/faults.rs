//! What can go wrong, how often it shall, and how often it did.

use std::fmt;
use std::ops::AddAssign;

macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident $name:literal $ceiling:literal $harm:ident,)*) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $($(#[$doc])* $fault,)*
        }

        impl Fault {
            /// Every kind there is.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$fault),*];

            /// The rate that [`Faults::by_lot`] does not exceed: often enough to meet every moment, and rare
            /// enough that something is left to break.
            fn ceiling(self) -> f64 {
                match self { $(Self::$fault => $ceiling,)* }
            }

            /// Whether an attempt may fail for it. Whatever is not harmful, nobody may notice.
            pub fn is_harmful(self) -> bool {
                match self { $(Self::$fault => faults!(@ $harm),)* }
            }
        }

        impl fmt::Display for Fault {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $(Self::$fault => $name,)* })
            }
        }
    };
    (@ harmful) => { true };
    (@ harmless) => { false };
}

faults! {
    /// A connection is refused. Drawn for each connection.
    Refused "connection refused" 0.1 harmful,
    /// A connection never comes about, and never fails. Drawn for each connection.
    Unanswered "connection unanswered" 0.05 harmful,
    /// Both directions of a connection break after some byte. Drawn for each direction, as the next two.
    Reset "reset" 0.15 harmful,
    /// A direction ends after some byte: the rest is lost.
    Cut "cut" 0.15 harmful,
    /// A direction stands still for ever after some byte.
    Hang "hang" 0.08 harmful,
    /// A read brings less than is there. Drawn for each read.
    ShortRead "short read" 0.5 harmless,
    /// A write takes less than there is room for. Drawn for each write.
    ShortWrite "short write" 0.5 harmless,
    /// Somebody who waits is woken for nothing. Drawn each time someone waits.
    SpuriousWake "spurious wake" 0.3 harmless,
    /// A connection cannot be accepted for the moment. Drawn for each.
    AcceptFails "accept fails" 0.3 harmless,
    /// A file may not be created. Drawn for each file.
    Denied "creation denied" 0.1 harmful,
    /// The disk is full in the middle of a write. Drawn for each write.
    NoSpace "disk full" 0.05 harmful,
    /// A write to a file is interrupted by a signal. Drawn for each write.
    Interrupted "write interrupted" 0.3 harmless,
    /// A write to a file takes less than all. Drawn for each write.
    ShortFileWrite "short write to a file" 0.5 harmless,
    /// The file system has no hard links. Drawn for each attempt to make one.
    NoLinks "no hard links" 1.0 harmless,
    /// A file may not be renamed. Drawn for each.
    RenameRefused "rename refused" 0.3 harmful,
}

/// How often each kind of fault shall happen: probabilities, from 0 to 1.
///
/// ```
/// use glassloop::sim::{Fault, Faults};
///
/// let faults = Faults::none().with(Fault::ShortRead, 0.5);
/// assert_ne!(faults, Faults::none());
/// assert_eq!(Faults::by_lot(7), Faults::by_lot(7));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Faults([f64; Fault::ALL.len()]);

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self([0.0; Fault::ALL.len()])
    }

    // ANCHOR: by_lot
    /// Each kind is left out in half of the seeds, and has some rate in the others.
    pub fn by_lot(seed: u64) -> Self {
        let mut dice = fastrand::Rng::with_seed(!seed);
        let mut rate = |fault: Fault| match dice.bool() {
            true => dice.f64() * fault.ceiling(),
            false => 0.0,
        };
        Self(Fault::ALL.map(&mut rate))
    }
    // ANCHOR_END: by_lot

    /// The same, but for the rate of one kind.
    ///
    /// # Panics
    /// When `rate` is no probability.
    pub fn with(mut self, fault: Fault, rate: f64) -> Self {
        assert!((0.0..=1.0).contains(&rate), "a probability is from 0 to 1, not {rate}");
        self.0[fault as usize] = rate;
        self
    }

    pub(super) fn rate(&self, fault: Fault) -> f64 {
        self.0[fault as usize]
    }
}

/// How often each kind of fault has happened. Shown, it is a table.
///
/// ```
/// use glassloop::sim::{Fault, Tally};
///
/// let tally = Tally::default();
/// assert_eq!(tally.of(Fault::Reset), 0);
/// assert_eq!(tally.missing().count(), Fault::ALL.len());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally([u64; Fault::ALL.len()]);

impl Tally {
    /// How often this kind has happened.
    pub fn of(&self, fault: Fault) -> u64 {
        self.0[fault as usize]
    }

    /// How many faults there were that may cost an attempt.
    pub fn harmful(&self) -> u64 {
        Fault::ALL.iter().filter(|fault| fault.is_harmful()).map(|fault| self.of(*fault)).sum()
    }

    /// What has never happened.
    pub fn missing(&self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(|fault| self.of(*fault) == 0)
    }

    pub(super) fn add(&mut self, fault: Fault) {
        self.0[fault as usize] += 1;
    }
}

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Fault::ALL.iter().try_for_each(|fault| writeln!(f, "{:>9}  {fault}", self.of(*fault)))
    }
}
