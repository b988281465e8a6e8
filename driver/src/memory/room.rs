//! How much memory a tree may take, and who has taken how much of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::storage::{Result, StorageError};

/// The memory of one tree. What was taken comes back when its [`Taken`] is dropped, whoever held it last.
#[derive(Debug)]
pub(super) struct Room {
    used: AtomicU64,
    /// `u64::MAX` where there is no quota.
    quota: AtomicU64,
}

impl Room {
    pub(super) const fn without_quota() -> Self {
        Self {
            used: AtomicU64::new(0),
            quota: AtomicU64::new(u64::MAX),
        }
    }

    pub(super) fn set_quota(&self, bytes: u64) {
        self.quota.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// How much is left, where there is a quota.
    pub(super) fn left(&self) -> Option<u64> {
        let quota = self.quota.load(Ordering::Relaxed);
        (quota != u64::MAX).then(|| quota.saturating_sub(self.used()))
    }

    /// All of it or nothing.
    pub(super) fn take(self: &Arc<Self>, bytes: u64) -> Result<Taken> {
        let mut taken = Taken {
            room: Arc::clone(self),
            bytes: 0,
        };
        taken.take_more(bytes)?;
        Ok(taken)
    }
}

/// Some of a tree's memory.
#[derive(Debug)]
pub(super) struct Taken {
    room: Arc<Room>,
    bytes: u64,
}

impl Taken {
    /// All of it or nothing.
    pub(super) fn take_more(&mut self, bytes: u64) -> Result<()> {
        let quota = self.room.quota.load(Ordering::Relaxed);
        let sum = |used: u64| used.checked_add(bytes).filter(|&sum| sum <= quota);
        let taken = self
            .room
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
        taken.map_err(|_| StorageError::NoSpace)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Gives back all but so much.
    pub(super) fn keep(&mut self, bytes: u64) {
        let rest = self.bytes.saturating_sub(bytes);
        self.room.used.fetch_sub(rest, Ordering::Relaxed);
        self.bytes -= rest;
    }

    /// Some more from the same room, for somebody else.
    pub(super) fn another(&self, bytes: u64) -> Result<Self> {
        self.room.take(bytes)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.keep(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_or_nothing() {
        let room = Arc::new(Room::without_quota());
        assert_eq!(room.left(), None);
        room.set_quota(10);
        let mut first = room.take(6).unwrap();
        assert_eq!(room.take(5).err(), Some(StorageError::NoSpace));
        assert_eq!(first.take_more(5), Err(StorageError::NoSpace));
        first.take_more(1).unwrap();
        assert_eq!((room.used(), room.left()), (7, Some(3)));
        assert_eq!(first.another(7).err(), Some(StorageError::NoSpace));
        first.keep(3);
        let second = first.another(3).unwrap();
        assert_eq!(room.used(), 6);
        drop((first, second));
        assert_eq!(room.used(), 0);
    }

    /// What is stored already stays when the quota is made smaller.
    #[test]
    fn a_quota_may_be_below_what_is_used() {
        let room = Arc::new(Room::without_quota());
        let taken = room.take(10).unwrap();
        room.set_quota(5);
        assert_eq!(room.left(), Some(0));
        assert_eq!(room.take(1).err(), Some(StorageError::NoSpace));
        drop(taken);
        assert_eq!(room.left(), Some(5));
        assert_eq!(room.take(u64::MAX).err(), Some(StorageError::NoSpace));
    }
}
