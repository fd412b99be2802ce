//! Deadlines, soonest first. `time.rs` puts them in; the tick takes out what has come due.
//!
//! A wheel of wheels (Varghese and Lauck, 1987): time counts in nanoseconds, and a deadline stands at
//! the level of the highest group of six bits in which it differs from the wheel's own time, in the
//! slot which that group names. As time passes a level's first slot is dealt out to the levels below.
//!
//! ```text
//!   level 0: 64 slots of 65.5 µs    level 1: 64 of 4.2 ms    level 2: 64 of 268 ms    ...
//! ```
//!
//! Entries keep their exact deadline, so the loop sleeps exactly until the next one: neither a slot's
//! edge nor a dealing-out ever wakes it.

use std::task::Waker;

use slab::Slab;

use super::list::{Linked, Links, List};
use crate::clock::Nanos;

const GRAIN_BITS: u32 = 16;
const GROUP_BITS: u32 = 6;
const SLOTS: usize = 1 << GROUP_BITS;
const LEVELS: usize = ((u64::BITS - GRAIN_BITS) / GROUP_BITS) as usize;

/// Names a deadline in the wheel; once it has fired or was cancelled, it names nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TimerKey {
    index: u32,
    number: u64,
}

struct Entry {
    deadline: Nanos,
    waker: Waker,
    number: u64,
    level: u8,
    slot: u8,
    links: Links,
}

impl Linked for Entry {
    fn links(&mut self) -> &mut Links {
        &mut self.links
    }
}

#[derive(Clone, Copy)]
struct Slot {
    entries: List,
    /// Soonest first, as it is when all timeouts are equally long: no search for the soonest.
    in_order: bool,
}

const EMPTY: Slot = Slot { entries: List::EMPTY, in_order: true };

struct Level {
    /// One bit for each slot that has entries. They are all later than the wheel's time.
    occupied: u64,
    slots: [Slot; SLOTS],
}

pub(crate) struct Timers {
    entries: Slab<Entry>,
    levels: [Level; LEVELS],
    /// The wheel's own time: all that was due until then has been taken out.
    now: Nanos,
    inserted: u64,
}

impl Timers {
    /// `inserted` is the first deadline's number.
    pub(super) fn new(inserted: u64) -> Self {
        let levels = std::array::from_fn(|_| Level { occupied: 0, slots: [EMPTY; SLOTS] });
        Self { entries: Slab::new(), levels, now: 0, inserted }
    }

    pub(crate) fn insert(&mut self, deadline: Nanos, waker: Waker) -> TimerKey {
        let number = self.inserted;
        self.inserted += 1;
        let (level, slot, links) = (0, 0, Links::UNLINKED);
        let entry = Entry { deadline, waker, number, level, slot, links };
        let index = self.entries.insert(entry) as u32;
        self.place(index);
        TimerKey { index, number }
    }

    /// Takes a deadline out; gives back its waker, to be dropped when nothing is borrowed.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        self.get(key)?;
        Some(self.take_out(key.index).waker)
    }

    /// Changes whom a deadline wakes, and gives back the waker before; or `waker` itself, as an error,
    /// when the deadline stands no more.
    pub(crate) fn rewake(&mut self, key: TimerKey, waker: Waker) -> Result<Waker, Waker> {
        match self.get(key) {
            Some(entry) => Ok(std::mem::replace(&mut entry.waker, waker)),
            None => Err(waker),
        }
    }

    /// How many deadlines stand.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The soonest deadline.
    pub(super) fn next(&mut self) -> Option<Nanos> {
        let (level, slot) = self.first_slot()?;
        let Slot { entries, in_order } = self.levels[level].slots[slot];
        let mut index = entries.first()?;
        let mut soonest = self.entries[index as usize].deadline;
        while !in_order && let Some(after) = List::after(&mut self.entries, index) {
            index = after;
            soonest = soonest.min(self.entries[index as usize].deadline);
        }
        Some(soonest)
    }

    /// Takes out all that is due, soonest first, and adds whom to wake to `woken`. Looks at the clock
    /// only if something is waited for.
    pub(super) fn expire(&mut self, clock: impl FnOnce() -> Nanos, woken: &mut Vec<Waker>) {
        if self.entries.is_empty() {
            return;
        }
        let now = clock();
        while let Some((level, slot)) = self.first_slot()
            && self.start_of(level, slot) <= now
        {
            if level > 0 {
                self.now = self.start_of(level, slot);
                self.deal_out(level, slot);
            } else if !self.expire_slot(slot, now, woken) {
                break;
            }
        }
        self.now = self.now.max(now);
    }

    /// Takes out what is due in a slot of the lowest level; whether that was all there is.
    fn expire_slot(&mut self, slot: usize, now: Nanos, woken: &mut Vec<Waker>) -> bool {
        let mut due = Vec::new();
        let mut next = self.levels[0].slots[slot].entries.first();
        while let Some(index) = next {
            next = List::after(&mut self.entries, index);
            if self.entries[index as usize].deadline <= now {
                due.push(self.take_out(index));
            }
        }
        due.sort_by_key(|entry| entry.deadline);
        woken.extend(due.into_iter().map(|entry| entry.waker));
        self.levels[0].slots[slot].entries.is_empty()
    }

    /// The wheel's time has come to this slot: its entries differ from it only further down.
    fn deal_out(&mut self, level: usize, slot: usize) {
        let Slot { mut entries, .. } =
            std::mem::replace(&mut self.levels[level].slots[slot], EMPTY);
        self.levels[level].occupied &= !(1 << slot);
        while let Some(index) = entries.first() {
            entries.take_out(&mut self.entries, index);
            self.place(index);
        }
    }

    /// Puts an entry where its deadline belongs; one that is past goes to the present slot.
    fn place(&mut self, index: u32) {
        let deadline = self.entries[index as usize].deadline.max(self.now);
        let differs = (deadline ^ self.now) >> GRAIN_BITS;
        let level = (differs.checked_ilog2().unwrap_or(0) / GROUP_BITS) as usize;
        let shift = GRAIN_BITS + level as u32 * GROUP_BITS;
        let slot = (deadline >> shift) as usize % SLOTS;

        self.levels[level].occupied |= 1 << slot;
        let Slot { entries, in_order } = &mut self.levels[level].slots[slot];
        let entry = &mut self.entries[index as usize];
        (entry.level, entry.slot) = (level as u8, slot as u8);
        let deadline = entry.deadline;
        if let Some(last) = entries.last() {
            *in_order &= self.entries[last as usize].deadline <= deadline;
        }
        entries.push(&mut self.entries, index);
    }

    fn take_out(&mut self, index: u32) -> Entry {
        let Entry { level, slot, .. } = self.entries[index as usize];
        let level = &mut self.levels[level as usize];
        let place = &mut level.slots[slot as usize];
        place.entries.take_out(&mut self.entries, index);
        if place.entries.is_empty() {
            place.in_order = true;
            level.occupied &= !(1 << slot);
        }
        self.entries.remove(index as usize)
    }

    fn get(&mut self, key: TimerKey) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(key.index as usize)?;
        (entry.number == key.number).then_some(entry)
    }

    /// The slot with the soonest deadlines: what stands lower is sooner than all above it.
    fn first_slot(&self) -> Option<(usize, usize)> {
        let level = self.levels.iter().position(|level| level.occupied != 0)?;
        Some((level, self.levels[level].occupied.trailing_zeros() as usize))
    }

    /// When a slot's span of time begins.
    fn start_of(&self, level: usize, slot: usize) -> Nanos {
        let shift = GRAIN_BITS + level as u32 * GROUP_BITS;
        let above = self.now.checked_shr(shift + GROUP_BITS).unwrap_or(0);
        (above.checked_shl(GROUP_BITS).unwrap_or(0) | slot as u64) << shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use std::task::Wake;

    /// Writes its number down when woken.
    struct Note(u64, Arc<Mutex<Vec<u64>>>);

    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    struct Wheel {
        timers: Timers,
        fired: Arc<Mutex<Vec<u64>>>,
    }

    impl Default for Wheel {
        fn default() -> Self {
            Self { timers: Timers::new(0), fired: Arc::default() }
        }
    }

    impl Wheel {
        fn insert(&mut self, deadline: u64) -> TimerKey {
            let waker = Waker::from(Arc::new(Note(deadline, Arc::clone(&self.fired))));
            self.timers.insert(deadline, waker)
        }

        /// What fires when the time is `now`.
        fn expire(&mut self, now: u64) -> Vec<u64> {
            let mut woken = Vec::new();
            self.timers.expire(|| now, &mut woken);
            woken.into_iter().for_each(Waker::wake);
            std::mem::take(&mut self.fired.lock().unwrap())
        }
    }

    #[test]
    fn a_deadline_fires_at_its_nanosecond_and_not_before() {
        for deadline in [1, 65_535, 65_536, 4_194_304, 1 << 40, u64::MAX - 1] {
            let mut wheel = Wheel::default();
            wheel.insert(deadline);
            assert_eq!(wheel.timers.next(), Some(deadline));
            assert_eq!(wheel.expire(deadline - 1), [0; 0]);
            assert_eq!(wheel.timers.next(), Some(deadline));
            assert_eq!(wheel.expire(deadline), [deadline]);
            assert_eq!(wheel.timers.next(), None);
        }
    }

    #[test]
    fn a_past_deadline_fires_at_once() {
        let mut wheel = Wheel::default();
        wheel.expire(1_000_000_000);
        wheel.insert(5);
        assert_eq!(wheel.timers.next(), Some(5));
        assert_eq!(wheel.expire(1_000_000_000), [5]);
    }

    #[test]
    fn a_cancelled_deadline_neither_fires_nor_shortens_the_sleep() {
        let mut wheel = Wheel::default();
        let soon = wheel.insert(1_000);
        wheel.insert(2_000_000);
        assert!(wheel.timers.cancel(soon).is_some());
        assert!(wheel.timers.cancel(soon).is_none(), "its key names nothing any more");
        assert_eq!(wheel.timers.next(), Some(2_000_000));
        assert_eq!(wheel.expire(u64::MAX), [2_000_000]);
    }

    #[test]
    fn the_key_of_a_fired_deadline_does_not_name_the_one_that_took_its_place() {
        let mut wheel = Wheel::default();
        let old = wheel.insert(1);
        wheel.expire(1);
        let new = wheel.insert(2);
        assert_eq!(old.index, new.index);
        assert!(wheel.timers.cancel(old).is_none());
        assert_eq!(wheel.expire(2), [2]);
    }

    /// Against a sorted list, on deadlines of all magnitudes, inserted, cancelled and expired at random.
    #[test]
    fn the_wheel_does_what_a_sorted_list_does() {
        for seed in 0..200 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (mut wheel, mut list) = (Wheel::default(), Vec::<(u64, TimerKey)>::new());
            let mut now = 0;
            for _ in 0..300 {
                match random.u32(..10) {
                    0..6 => {
                        let deadline = now + (random.u64(..) >> random.u32(20..64));
                        list.push((deadline, wheel.insert(deadline)));
                    }
                    6..8 if !list.is_empty() => {
                        let (_, key) = list.swap_remove(random.usize(..list.len()));
                        assert!(wheel.timers.cancel(key).is_some());
                    }
                    _ => {
                        now += random.u64(..) >> random.u32(25..64);
                        let mut due: Vec<u64> =
                            list.iter().map(|(deadline, _)| *deadline).collect();
                        due.retain(|deadline| *deadline <= now);
                        due.sort_unstable();
                        list.retain(|(deadline, _)| *deadline > now);
                        assert_eq!(wheel.expire(now), due, "seed {seed}");
                    }
                }
                let soonest = list.iter().map(|(deadline, _)| *deadline).min();
                assert_eq!(wheel.timers.next(), soonest, "seed {seed}");
            }
        }
    }
}
