//! The ids that a session gives out.

use alloc::collections::BTreeSet;

/// What an id names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    Operation,
    Request,
    Data,
    Transfer,
}

/// The ids that a session has given out: none names two things.
#[derive(Debug, Default)]
pub(super) struct Ids(BTreeSet<(Kind, u32)>);

impl Ids {
    pub(super) fn add(&mut self, kind: Kind, id: u32) {
        assert!(self.0.insert((kind, id)), "{kind:?} {id} names two things");
    }
}
