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
//! Each slot keeps the exact deadlines, the soonest on top of a heap. So the loop sleeps exactly until the next one:
//! neither a slot's edge nor a dealing-out ever wakes it.
//!
//! To cancel a deadline is to forget its waker. What its slot has of it goes when it comes to the top, or when the slot
//! is full: most deadlines are cancelled long before their time, and so pay for no search and no gap.

// ANCHOR: timers_imports
use std::cmp::Reverse;
use std::collections::BinaryHeap;
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct TimerKey {
    number: u64,
    index: u32,
}

struct Entry {
    waker: Waker,
    number: u64,
}

/// Whom to wake, for each deadline that neither fired nor was cancelled.
#[derive(Default)]
struct Standing(Slab<Entry>);

impl Standing {
    fn has(&self, key: TimerKey) -> bool {
        self.0.get(key.index as usize).is_some_and(|entry| entry.number == key.number)
    }

    fn take(&mut self, key: TimerKey) -> Option<Waker> {
        self.has(key).then(|| self.0.remove(key.index as usize).waker)
    }
}
// ANCHOR_END: entry

// ANCHOR: timer_slot
/// The soonest is the least; of those at the same time, the one that came first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Deadline {
    at: Nanos,
    key: TimerKey,
}

/// The soonest on top. Some may not stand any more.
#[derive(Default)]
struct Slot(BinaryHeap<Reverse<Deadline>>);
// ANCHOR_END: timer_slot

// ANCHOR: slot_push
impl Slot {
    fn push(&mut self, deadline: Deadline, standing: &Standing) {
        let Self(heap) = self;
        if heap.len() == heap.capacity() {
            heap.retain(|Reverse(deadline)| standing.has(deadline.key));
            // As much room as there are: so the next such search is that far away.
            heap.reserve_exact(heap.len().max(4));
        }
        heap.push(Reverse(deadline));
    }
    // ANCHOR_END: slot_push

    // ANCHOR: slot_soonest
    /// The soonest that stands; throws out those before it.
    fn soonest(&mut self, standing: &Standing) -> Option<Nanos> {
        while let Some(Reverse(soonest)) = self.0.peek() {
            if standing.has(soonest.key) {
                return Some(soonest.at);
            }
            self.0.pop();
        }
        None
    }
}
// ANCHOR_END: slot_soonest

// ANCHOR: timers
struct Level {
    /// One bit for each slot that has deadlines. None is before the present slot.
    occupied: u64,
    slots: [Slot; SLOTS],
}

pub(crate) struct Timers {
    standing: Standing,
    levels: [Level; LEVELS],
    /// The wheel's own time.
    now: Nanos,
    /// Of the deadlines numbered below, none that was due by `now` stands any more. A later one may.
    swept: u64,
    inserted: u64,
}

impl Timers {
    /// `inserted` is the first deadline's number.
    pub(super) fn new(inserted: u64) -> Self {
        let slots = || std::array::from_fn(|_| Slot::default());
        let levels = std::array::from_fn(|_| Level { occupied: 0, slots: slots() });
        Self { standing: Standing::default(), levels, now: 0, swept: inserted, inserted }
    }
    // ANCHOR_END: timers

    // ANCHOR: timer_insert
    pub(crate) fn insert(&mut self, at: Nanos, waker: Waker) -> TimerKey {
        let Standing(entries) = &mut self.standing;
        if entries.is_empty() {
            entries.clear(); // free places again in the order of memory, not of who left
        }
        let number = self.inserted;
        self.inserted += 1;
        let key = TimerKey { index: entries.insert(Entry { waker, number }) as u32, number };
        self.place(Deadline { at, key });
        key
    }
    // ANCHOR_END: timer_insert

    // ANCHOR: cancel_timer
    /// Whether it has fired. The time tells, without a look at the entry: that is long out of the cache.
    pub(crate) fn has_fired(&self, key: TimerKey, deadline: Nanos) -> bool {
        key.number < self.swept && deadline <= self.now
    }

    /// Whether it is in this wheel, and has neither fired nor been cancelled.
    pub(crate) fn stands(&self, key: TimerKey) -> bool {
        self.standing.has(key)
    }

    /// Forgets a deadline; gives back its waker, to be dropped when nothing is borrowed.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        self.standing.take(key)
    }

    /// Changes whom a deadline wakes that stands; gives back the waker before.
    pub(crate) fn rewake(&mut self, key: TimerKey, waker: Waker) -> Waker {
        std::mem::replace(&mut self.standing.0[key.index as usize].waker, waker)
    }
    // ANCHOR_END: cancel_timer

    // ANCHOR: next_deadline
    /// How many deadlines stand.
    pub(crate) fn len(&self) -> usize {
        self.standing.0.len()
    }

    /// The soonest deadline.
    pub(super) fn next(&mut self) -> Option<Nanos> {
        while self.len() > 0
            && let Some((level, slot)) = self.first_slot()
        {
            let Level { occupied, slots } = &mut self.levels[level];
            match slots[slot].soonest(&self.standing) {
                None => *occupied &= !(1 << slot),
                soonest => return soonest,
            }
        }
        None
    }
    // ANCHOR_END: next_deadline

    // ANCHOR: expire
    /// Takes out all that is due, soonest first, and adds whom to wake to `woken`. Looks at the clock
    /// only if something is waited for.
    pub(super) fn expire(&mut self, clock: impl FnOnce() -> Nanos, woken: &mut Vec<Waker>) {
        if self.len() == 0 {
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
        let Level { occupied, slots } = &mut self.levels[0];
        let Slot(heap) = &mut slots[slot];
        while let Some(Reverse(soonest)) = heap.peek()
            && soonest.at <= now
        {
            woken.extend(self.standing.take(soonest.key));
            heap.pop();
        }
        *occupied &= !(u64::from(heap.is_empty()) << slot);
        heap.is_empty()
    }
    // ANCHOR_END: expire_slot

    // ANCHOR: deal_out
    /// The wheel's time has come to this slot: its deadlines differ from it only further down.
    fn deal_out(&mut self, level: usize, slot: usize) {
        self.levels[level].occupied &= !(1 << slot);
        let slot = std::mem::take(&mut self.levels[level].slots[slot]);
        slot.0.into_iter().for_each(|Reverse(deadline)| self.place(deadline));
    }
    // ANCHOR_END: deal_out

    // ANCHOR: place
    /// Puts a deadline where it belongs; one that is past goes to the present slot.
    fn place(&mut self, deadline: Deadline) {
        let at = deadline.at.max(self.now);
        let differs = (at ^ self.now) >> GRAIN_BITS;
        let level = differs.checked_ilog2().unwrap_or(0) / GROUP_BITS;
        let slot = (at >> (GRAIN_BITS + level * GROUP_BITS)) as usize % SLOTS;

        let Level { occupied, slots } = &mut self.levels[level as usize];
        *occupied |= 1 << slot;
        slots[slot].push(deadline, &self.standing);
    }
    // ANCHOR_END: place

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

    /// Writes its deadline down when woken, and the number of its key.
    struct Note(u64, u64, Arc<Mutex<Vec<(u64, u64)>>>);

    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.2.lock().unwrap().push((self.0, self.1));
        }
    }

    struct Wheel {
        timers: Timers,
        fired: Arc<Mutex<Vec<(u64, u64)>>>,
    }

    impl Default for Wheel {
        fn default() -> Self {
            Self { timers: Timers::new(0), fired: Arc::default() }
        }
    }

    impl Wheel {
        fn insert(&mut self, deadline: u64) -> TimerKey {
            let note = Note(deadline, self.timers.inserted, Arc::clone(&self.fired));
            self.timers.insert(deadline, Waker::from(Arc::new(note)))
        }

        /// Which deadlines fire when the time is `now`, and the numbers of their keys.
        fn expire_with_numbers(&mut self, now: u64) -> Vec<(u64, u64)> {
            let mut woken = Vec::new();
            self.timers.expire(|| now, &mut woken);
            woken.into_iter().for_each(Waker::wake);
            std::mem::take(&mut self.fired.lock().unwrap())
        }

        fn expire(&mut self, now: u64) -> Vec<u64> {
            self.expire_with_numbers(now).into_iter().map(|(deadline, _)| deadline).collect()
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

    #[test]
    fn those_who_were_cancelled_take_no_more_room_than_those_who_stood_at_once() {
        let mut wheel = Wheel::default();
        let mut standing: Vec<_> = (0..100).map(|i| wheel.insert(30_000_000_000 + i)).collect();
        for i in 0..10_000 {
            wheel.timers.cancel(standing.swap_remove(i as usize * 7919 % 100));
            standing.push(wheel.insert(30_000_001_000 + i));
        }
        let levels = wheel.timers.levels.iter();
        let room: usize = levels.flat_map(|level| &level.slots).map(|slot| slot.0.capacity()).sum();
        assert!(room <= 200, "room for {room}");
        assert_eq!(wheel.timers.len(), 100);
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
                        let again = list.last().filter(|_| random.bool()).map(|(last, _)| *last);
                        let other = now + (random.u64(..) >> random.u32(20..64));
                        let deadline = again.unwrap_or(other);
                        list.push((deadline, wheel.insert(deadline)));
                    }
                    6..8 if !list.is_empty() => {
                        let (_, key) = list.swap_remove(random.usize(..list.len()));
                        assert!(wheel.timers.cancel(key).is_some());
                    }
                    _ => {
                        now += random.u64(..) >> random.u32(25..64);
                        let due = list.iter().filter(|(deadline, _)| *deadline <= now);
                        let mut due: Vec<_> = due.map(|(at, key)| (*at, key.number)).collect();
                        due.sort_unstable();
                        list.retain(|(deadline, _)| *deadline > now);
                        assert_eq!(wheel.expire_with_numbers(now), due, "seed {seed}");
                    }
                }
                let soonest = list.iter().map(|(deadline, _)| *deadline).min();
                assert_eq!(wheel.timers.next(), soonest, "seed {seed}");
            }
        }
    }
}
