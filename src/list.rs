//! A list threaded through the entries of a slab, so that any one of them is taken out at once. Each slot
//! of the timer wheel is one, and those who wait for a lock or a channel.

use slab::Slab;

const NONE: u32 = u32::MAX;

/// An entry's neighbours, meaningful while it stands in a list.
#[derive(Clone, Copy)]
pub(crate) struct Links {
    before: u32,
    after: u32,
}

impl Links {
    pub(crate) const UNLINKED: Self = Self { before: NONE, after: NONE };
}

/// An entry that can stand in one list at a time.
pub(crate) trait Linked {
    fn links(&mut self) -> &mut Links;
}

/// First and last.
#[derive(Clone, Copy)]
pub(crate) struct List {
    first: u32,
    last: u32,
}

impl List {
    pub(crate) const EMPTY: Self = Self { first: NONE, last: NONE };

    pub(crate) fn is_empty(&self) -> bool {
        self.first == NONE
    }

    pub(crate) fn first(&self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }

    pub(crate) fn last(&self) -> Option<u32> {
        (self.last != NONE).then_some(self.last)
    }

    pub(crate) fn push<T: Linked>(&mut self, slab: &mut Slab<T>, index: u32) {
        *slab[index as usize].links() = Links { before: self.last, after: NONE };
        match self.last {
            NONE => self.first = index,
            last => slab[last as usize].links().after = index,
        }
        self.last = index;
    }

    pub(crate) fn take_out<T: Linked>(&mut self, slab: &mut Slab<T>, index: u32) {
        let Links { before, after } = *slab[index as usize].links();
        match before {
            NONE => self.first = after,
            before => slab[before as usize].links().after = after,
        }
        match after {
            NONE => self.last = before,
            after => slab[after as usize].links().before = before,
        }
    }

    /// The entry behind `index`.
    pub(crate) fn after<T: Linked>(slab: &mut Slab<T>, index: u32) -> Option<u32> {
        let after = slab[index as usize].links().after;
        (after != NONE).then_some(after)
    }
}
