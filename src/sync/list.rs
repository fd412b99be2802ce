//! A list threaded through the entries of a slab, so that any one of them is taken out at once: those who
//! wait for a lock or a channel.

use slab::Slab;

const NONE: u32 = u32::MAX;

/// An entry's neighbours, meaningful while it stands in a list.
#[derive(Clone, Copy)]
pub(super) struct Links {
    before: u32,
    after: u32,
}

impl Links {
    pub(super) const UNLINKED: Self = Self { before: NONE, after: NONE };
}

/// An entry that can stand in one list at a time.
pub(super) trait Linked {
    fn links(&mut self) -> &mut Links;
}

/// First and last.
#[derive(Clone, Copy)]
pub(super) struct List {
    first: u32,
    last: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self { first: NONE, last: NONE };

    pub(super) fn first(&self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }

    pub(super) fn push<T: Linked>(&mut self, slab: &mut Slab<T>, index: u32) {
        *slab[index as usize].links() = Links { before: self.last, after: NONE };
        match self.last {
            NONE => self.first = index,
            last => slab[last as usize].links().after = index,
        }
        self.last = index;
    }

    pub(super) fn take_out<T: Linked>(&mut self, slab: &mut Slab<T>, index: u32) {
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
}
