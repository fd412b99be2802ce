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
//! Each slot keeps the exact deadlines, so the loop sleeps exactly until the next one: neither a slot's edge
//! nor a dealing-out ever wakes it. They stand in the slot itself, in one piece: to deal them out, to sort them
//! or to find the soonest, nobody runs through memory after one entry and the next.

// ANCHOR: timers_imports
use std::task::Waker;

use slab::Slab;

use crate::clock::Nanos;
// ANCHOR_END: timers_imports

// ANCHOR: wheel_sizes
const GRAIN_BITS: u32 = 16;
const GROUP_BITS: u32 = 6;
const SLOTS: usize = 1 << GROUP_BITS;
const LEVELS: usize = ((u64::BITS - GRAIN_BITS) / GROUP_BITS) as usize;
// ANCHOR_END: wheel_sizes

// ANCHOR: entry
/// Names a deadline in the wheel; once it has fired or was cancelled, it names nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TimerKey {
    index: u32,
    number: u64,
}

struct Entry {
    waker: Waker,
    number: u64,
    place: Place,
}

/// Where its deadline stands.
#[derive(Clone, Copy, Default)]
struct Place {
    level: u8,
    slot: u8,
    at: u32,
}
// ANCHOR_END: entry

// ANCHOR: timer_slot
struct Deadline {
    at: Nanos,
    entry: u32,
}

#[derive(Default)]
struct Slot {
    /// In no order.
    deadlines: Vec<Deadline>,
    /// The soonest of them, unless it has gone since it was looked for.
    soonest: Option<Nanos>,
}

impl Slot {
    fn push(&mut self, deadline: Deadline) {
        let so_far = if self.deadlines.is_empty() { Some(deadline.at) } else { self.soonest };
        self.soonest = so_far.map(|soonest| soonest.min(deadline.at));
        self.deadlines.push(deadline);
    }

    /// The last one takes its place.
    fn take_out(&mut self, at: u32) {
        let gone = self.deadlines.swap_remove(at as usize);
        self.soonest = self.soonest.filter(|soonest| *soonest != gone.at);
    }
}
// ANCHOR_END: timer_slot

// ANCHOR: timers
struct Level {
    /// One bit for each slot that has deadlines. They are all later than the wheel's time.
    occupied: u64,
    slots: [Slot; SLOTS],
}

pub(crate) struct Timers {
    entries: Slab<Entry>,
    levels: [Level; LEVELS],
    /// The wheel's own time: all that was due until then has been taken out,
    now: Nanos,
    /// if it was there by then: of those numbered below.
    swept: u64,
    inserted: u64,
}

impl Timers {
    /// `inserted` is the first deadline's number.
    pub(super) fn new(inserted: u64) -> Self {
        let slots = || std::array::from_fn(|_| Slot::default());
        let levels = std::array::from_fn(|_| Level { occupied: 0, slots: slots() });
        Self { entries: Slab::new(), levels, now: 0, swept: inserted, inserted }
    }
    // ANCHOR_END: timers

    // ANCHOR: timer_insert
    pub(crate) fn insert(&mut self, deadline: Nanos, waker: Waker) -> TimerKey {
        if self.entries.is_empty() {
            self.entries.clear(); // free places again in the order of memory, not of who left
        }
        let number = self.inserted;
        self.inserted += 1;
        let entry = self.entries.insert(Entry { waker, number, place: Place::default() }) as u32;
        self.place(Deadline { at: deadline, entry });
        TimerKey { index: entry, number }
    }
    // ANCHOR_END: timer_insert

    // ANCHOR: cancel_timer
    /// Whether it has fired. The time tells, without a look at the entry: that is long out of the cache.
    pub(crate) fn has_fired(&self, key: TimerKey, deadline: Nanos) -> bool {
        key.number < self.swept && deadline <= self.now
    }

    /// Whether it is in this wheel, and has not fired.
    pub(crate) fn stands(&self, key: TimerKey) -> bool {
        self.entries.get(key.index as usize).is_some_and(|entry| entry.number == key.number)
    }

    /// Takes a deadline out; gives back its waker, to be dropped when nothing is borrowed.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        self.stands(key).then(|| self.take_out(key.index).waker)
    }

    /// Changes whom a deadline wakes that stands; gives back the waker before.
    pub(crate) fn rewake(&mut self, key: TimerKey, waker: Waker) -> Waker {
        std::mem::replace(&mut self.entries[key.index as usize].waker, waker)
    }
    // ANCHOR_END: cancel_timer

    // ANCHOR: next_deadline
    /// How many deadlines stand.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The soonest deadline.
    pub(super) fn next(&mut self) -> Option<Nanos> {
        let (level, slot) = self.first_slot()?;
        let Slot { deadlines, soonest } = &mut self.levels[level].slots[slot];
        *soonest = soonest.or_else(|| deadlines.iter().map(|deadline| deadline.at).min());
        *soonest
    }
    // ANCHOR_END: next_deadline

    // ANCHOR: expire
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
        self.swept = self.inserted;
    }
    // ANCHOR_END: expire

    // ANCHOR: expire_slot
    /// Takes out what is due in a slot of the lowest level; whether that was all there is.
    fn expire_slot(&mut self, slot: usize, now: Nanos, woken: &mut Vec<Waker>) -> bool {
        let mut due = Vec::new();
        let mut next = 0;
        while let Some(&Deadline { at, entry }) = self.levels[0].slots[slot].deadlines.get(next) {
            if at <= now {
                due.push((at, self.take_out(entry)));
            } else {
                next += 1;
            }
        }
        due.sort_by_key(|(at, entry)| (*at, entry.number));
        woken.extend(due.into_iter().map(|(_, entry)| entry.waker));
        next == 0
    }
    // ANCHOR_END: expire_slot

    // ANCHOR: deal_out
    /// The wheel's time has come to this slot: its deadlines differ from it only further down.
    fn deal_out(&mut self, level: usize, slot: usize) {
        self.levels[level].occupied &= !(1 << slot);
        let slot = std::mem::take(&mut self.levels[level].slots[slot]);
        slot.deadlines.into_iter().for_each(|deadline| self.place(deadline));
    }
    // ANCHOR_END: deal_out

    // ANCHOR: place
    /// Puts a deadline where it belongs; one that is past goes to the present slot.
    fn place(&mut self, deadline: Deadline) {
        let at = deadline.at.max(self.now);
        let differs = (at ^ self.now) >> GRAIN_BITS;
        let level = (differs.checked_ilog2().unwrap_or(0) / GROUP_BITS) as usize;
        let shift = GRAIN_BITS + level as u32 * GROUP_BITS;
        let slot = (at >> shift) as usize % SLOTS;

        self.levels[level].occupied |= 1 << slot;
        let found = &mut self.levels[level].slots[slot];
        let at = found.deadlines.len() as u32;
        self.entries[deadline.entry as usize].place =
            Place { level: level as u8, slot: slot as u8, at };
        found.push(deadline);
    }
    // ANCHOR_END: place

    // ANCHOR: take_out
    #[inline(always)]
    fn take_out(&mut self, index: u32) -> Entry {
        let entry = self.entries.remove(index as usize);
        let Place { level, slot, at } = entry.place;
        let level = &mut self.levels[level as usize];
        let place = &mut level.slots[slot as usize];
        place.take_out(at);
        match place.deadlines.get(at as usize) {
            Some(moved) => self.entries[moved.entry as usize].place.at = at,
            None if at == 0 => level.occupied &= !(1 << slot),
            None => {}
        }
        entry
    }
    // ANCHOR_END: take_out

    // ANCHOR: first_slot
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
// ANCHOR_END: first_slot

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
    fn a_deadline_that_was_past_when_it_came_has_fired_only_once_it_was_taken_out() {
        let mut wheel = Wheel::default();
        wheel.insert(2_000_000);
        wheel.expire(1_000);
        let past = wheel.insert(5);
        assert!(wheel.timers.stands(past) && !wheel.timers.has_fired(past, 5));
        assert_eq!(wheel.expire(1_000), [5]);
        assert!(!wheel.timers.stands(past) && wheel.timers.has_fired(past, 5));
    }

    #[test]
    fn the_key_of_a_fired_deadline_does_not_name_the_one_that_took_its_place() {
        let mut wheel = Wheel::default();
        let old = wheel.insert(1);
        wheel.expire(1);
        let new = wheel.insert(2);
        assert_eq!(old.index, new.index);
        assert!(!wheel.timers.stands(old) && wheel.timers.stands(new));
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
