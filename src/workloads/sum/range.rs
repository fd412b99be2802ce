//! A range of numbers: read from `A..=B`, cut, added.

use std::fmt;
use std::hint::black_box;
use std::ops::Range;
use std::str::FromStr;

use super::SumError;
use crate::workloads::Interrupt;

/// How many numbers are added between two looks at the interrupt: about a millisecond.
const BLOCK: i64 = 1 << 20;

/// The whole numbers from a first to a last, both included; never empty.
///
/// ```
/// use glassloop::workloads::sum::NumberRange;
///
/// let range: NumberRange = "-5..=5".parse()?;
/// assert_eq!((range.first(), range.last(), range.count()), (-5, 5, 11));
/// assert_eq!(range.to_string(), "-5..=5");
/// # Ok::<(), glassloop::workloads::sum::RangeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NumberRange {
    first: i64,
    last: i64,
}

impl NumberRange {
    /// The range from `first` to `last`, both included.
    ///
    /// # Errors
    /// When `last` is below `first`.
    ///
    /// ```
    /// use glassloop::workloads::sum::NumberRange;
    ///
    /// assert_eq!(NumberRange::new(7, 7)?.count(), 1);
    /// assert!(NumberRange::new(5, 1).is_err());
    /// # Ok::<(), glassloop::workloads::sum::RangeError>(())
    /// ```
    pub fn new(first: i64, last: i64) -> Result<Self, RangeError> {
        if last < first {
            Err(RangeError::Reversed { first, last })
        } else {
            Ok(Self { first, last })
        }
    }

    /// The first number.
    pub fn first(self) -> i64 {
        self.first
    }

    /// The last number, which belongs to the range.
    pub fn last(self) -> i64 {
        self.last
    }

    /// How many numbers there are: from 1 to 2⁶⁴.
    pub fn count(self) -> u128 {
        u128::from(self.last.abs_diff(self.first)) + 1
    }

    /// The numbers whose positions, counted from 0, are in `positions`, which lies in the range.
    pub(super) fn slice(self, positions: Range<u128>) -> Self {
        debug_assert!(!positions.is_empty() && positions.end <= self.count(), "{positions:?}");
        // Two's complement wraps to the right number, however far a position is from the first.
        let at = |position: u128| self.first.wrapping_add(position as i64);
        Self { first: at(positions.start), last: at(positions.end - 1) }
    }

    /// Adds the numbers one by one.
    pub(super) fn sum(self, interrupt: &Interrupt) -> Result<i128, SumError> {
        let mut total = 0;
        let mut first = self.first;
        loop {
            if interrupt.is_set() {
                return Err(SumError::Interrupted);
            }
            let last = first.saturating_add(BLOCK - 1).min(self.last);
            // Without the black box the optimiser puts a formula in the place of the additions.
            total += (first..=last).map(|number| i128::from(black_box(number))).sum::<i128>();
            if last == self.last {
                return Ok(total);
            }
            first = last + 1;
        }
    }
}

impl fmt::Display for NumberRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..={}", self.first, self.last)
    }
}

impl FromStr for NumberRange {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let bound = |bound: &str| {
            bound.trim().parse().map_err(|_| RangeError::Bound { bound: bound.trim().into() })
        };
        let (first, last) =
            text.split_once("..=").ok_or_else(|| RangeError::Form { text: text.into() })?;
        Self::new(bound(first)?, bound(last)?)
    }
}

/// Why something is not a range.
///
/// ```
/// let error = "1..5".parse::<glassloop::workloads::sum::NumberRange>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "\"1..5\" is not a range: write the first number, ..= and the last number, as in 1..=100"
/// );
/// ```
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// There is no `..=` in it.
    #[error(
        "{text:?} is not a range: write the first number, ..= and the last number, as in 1..=100"
    )]
    Form {
        /// What was given.
        text: String,
    },
    /// One end is not a number of 64 bits.
    #[error(
        "{bound:?} cannot be an end of a range: write a whole number between {} and {}",
        i64::MIN,
        i64::MAX
    )]
    Bound {
        /// The end as it was given.
        bound: String,
    },
    /// The last number is below the first.
    #[error("the range {first}..={last} is reversed: write {last}..={first}")]
    Reversed {
        /// The end that was given first.
        first: i64,
        /// The end that was given last.
        last: i64,
    },
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    fn range(text: &str) -> NumberRange {
        text.parse().unwrap()
    }

    fn sum(text: &str) -> i128 {
        range(text).sum(&Interrupt::default()).unwrap()
    }

    #[test]
    fn both_ends_belong_to_a_range() {
        assert_eq!(sum("1..=100"), 5050);
        assert_eq!(sum("7..=7"), 7);
        assert_eq!(sum("-5..=5"), 0);
        assert_eq!(sum("-5..=4"), -5);
    }

    #[test]
    fn the_ends_of_i64_do_not_overflow() {
        let max = i128::from(i64::MAX);
        assert_eq!(sum("9223372036854775000..=9223372036854775807"), 808 * max - 807 * 808 / 2);
        assert_eq!(sum("-9223372036854775808..=-9223372036854775807"), -2 * max - 1);
        assert_eq!(NumberRange::new(i64::MIN, i64::MAX).unwrap().count(), 1 << 64);
    }

    #[test]
    fn a_sum_of_many_blocks_leaves_no_number_out() {
        assert_eq!(sum("1..=3000001"), 3_000_001 * 3_000_002 / 2);
        let block = NumberRange::new(1, BLOCK).unwrap();
        assert_eq!(block.sum(&Interrupt::default()).unwrap(), i128::from(BLOCK * (BLOCK + 1) / 2));
    }

    #[test]
    fn an_interrupt_ends_a_sum_that_would_take_centuries() {
        let interrupt = Interrupt::default();
        let for_ever = NumberRange::new(i64::MIN, i64::MAX).unwrap();
        let (started, has_started) = mpsc::channel();
        thread::scope(|scope| {
            let adding = scope.spawn(|| {
                started.send(()).unwrap();
                for_ever.sum(&interrupt)
            });
            has_started.recv().unwrap();
            interrupt.set();
            assert!(matches!(adding.join().unwrap(), Err(SumError::Interrupted)));
        });
    }

    #[test]
    fn what_is_not_a_range_is_refused_with_the_way_to_write_it() {
        for text in ["", "5", "1..5", "1-5", "1...5"] {
            assert_eq!(text.parse::<NumberRange>(), Err(RangeError::Form { text: text.into() }));
        }
        for text in ["..=5", "1..=", "a..=5", "1..=9223372036854775808", "1..=2..=3", "1..=0x5"] {
            assert!(matches!(text.parse::<NumberRange>(), Err(RangeError::Bound { .. })), "{text}");
        }
        let reversed = "5..=1".parse::<NumberRange>().unwrap_err();
        assert_eq!(reversed.to_string(), "the range 5..=1 is reversed: write 1..=5");
    }

    #[test]
    fn white_space_and_signs_are_allowed_around_the_ends() {
        assert_eq!(range(" -2 ..= +3 "), NumberRange { first: -2, last: 3 });
    }
}
