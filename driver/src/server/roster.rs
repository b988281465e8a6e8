//! Who is connected: the limits on sessions, and how a stop reaches each of them.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// How many sessions there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) sessions: usize,
    pub(super) per_address: usize,
}

const RUNNING: u8 = 0;
const STOPPING: u8 = 1;
const CUT_OFF: u8 = 2;

/// All sessions of a server, and those who wait for their end.
#[derive(Debug)]
pub(super) struct Roster {
    limits: Limits,
    state: AtomicU8,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next_id: u64,
    wakers: HashMap<u64, Option<Waker>>,
    all: Count,
    per_address: HashMap<IpAddr, Count>,
    watchers: Vec<Waker>,
}

/// How many have a place, and how many are only being turned away: these take nobody's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    seated: usize,
    turned_away: usize,
}

impl Count {
    const fn of(&mut self, has_room: bool) -> &mut usize {
        match has_room {
            true => &mut self.seated,
            false => &mut self.turned_away,
        }
    }
}

/// How many may be about to be turned away at a time is as many as may have a place, or so many where these are few.
const LEAST_TURNED_AWAY: usize = 64;

/// What part of them may be of one address, so that those of others are told too.
const SHARE: usize = 4;

/// A session's place; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Seat {
    roster: Arc<Roster>,
    id: u64,
    address: IpAddr,
    has_room: bool,
    waker: Option<Waker>,
}

impl Roster {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            state: AtomicU8::new(RUNNING),
            table: Mutex::default(),
        })
    }

    /// A panic while the table is held leaves it whole: each change is one statement.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a session; one beyond the limits has none and is only to be turned away. So many of these that they would
    /// themselves be a burden, or of one address that others would not be told any more, get nothing at all.
    pub(super) fn seat(self: &Arc<Self>, peer: SocketAddr) -> Option<Seat> {
        let address = peer.ip().to_canonical();
        let mut table = self.table();
        let here = table.per_address.get(&address).copied().unwrap_or_default();
        let Limits {
            sessions,
            per_address,
        } = self.limits;
        let has_room = table.all.seated < sessions && here.seated < per_address;
        let most = sessions.max(LEAST_TURNED_AWAY);
        let is_burden = table.all.turned_away >= most || here.turned_away >= most / SHARE;
        if !has_room && is_burden {
            return None;
        }
        let id = table.next_id;
        table.next_id += 1;
        table.wakers.insert(id, None);
        *table.all.of(has_room) += 1;
        *table.per_address.entry(address).or_default().of(has_room) += 1;
        Some(Seat {
            roster: self.clone(),
            id,
            address,
            has_room,
            waker: None,
        })
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state.load(Ordering::Acquire) >= STOPPING
    }

    /// Tells all sessions to come to an end.
    pub(super) fn stop(&self) {
        self.raise(STOPPING);
    }

    /// Ends all sessions where they are.
    pub(super) fn cut_off(&self) {
        self.raise(CUT_OFF);
    }

    fn raise(&self, state: u8) {
        self.state.fetch_max(state, Ordering::AcqRel);
        let mut table = self.table();
        let mut wakers: Vec<Waker> = table.wakers.values().flatten().cloned().collect();
        wakers.append(&mut table.watchers);
        drop(table);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ready once the server is told to stop.
    pub(super) fn poll_stopping(&self, context: &Context<'_>) -> Poll<()> {
        let mut table = self.table();
        if self.is_stopping() {
            return Poll::Ready(());
        }
        table.watch(context);
        Poll::Pending
    }

    /// Ready once nobody is connected.
    pub(super) fn poll_empty(&self, context: &Context<'_>) -> Poll<()> {
        let mut table = self.table();
        if table.wakers.is_empty() {
            return Poll::Ready(());
        }
        table.watch(context);
        Poll::Pending
    }

    pub(super) fn count(&self) -> usize {
        self.table().wakers.len()
    }
}

impl Table {
    fn watch(&mut self, context: &Context<'_>) {
        if !self
            .watchers
            .iter()
            .any(|waker| waker.will_wake(context.waker()))
        {
            self.watchers.push(context.waker().clone());
        }
    }
}

impl Seat {
    pub(super) const fn id(&self) -> u64 {
        self.id
    }

    pub(super) const fn has_room(&self) -> bool {
        self.has_room
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.roster.is_stopping()
    }

    pub(super) fn is_cut_off(&self) -> bool {
        self.roster.state.load(Ordering::Acquire) >= CUT_OFF
    }

    /// Keeps the session's waker for a stop. The table is asked only when the waker is another one than before.
    pub(super) fn wake_me(&mut self, context: &Context<'_>) {
        if self
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(context.waker()))
        {
            return;
        }
        self.waker = Some(context.waker().clone());
        self.roster
            .table()
            .wakers
            .insert(self.id, self.waker.clone());
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut table = self.roster.table();
        table.wakers.remove(&self.id);
        *table.all.of(self.has_room) -= 1;
        if let Some(count) = table.per_address.get_mut(&self.address) {
            *count.of(self.has_room) -= 1;
            if *count == Count::default() {
                table.per_address.remove(&self.address);
            }
        }
        let watchers = if table.wakers.is_empty() {
            std::mem::take(&mut table.watchers)
        } else {
            Vec::new()
        };
        drop(table);
        watchers.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster() -> Arc<Roster> {
        Roster::new(Limits {
            sessions: 3,
            per_address: 2,
        })
    }

    fn from(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 1)
    }

    #[test]
    fn an_address_has_its_own_limit_and_gives_places_back() {
        let roster = roster();
        let first = roster.seat(from("127.0.0.1")).unwrap();
        let second = roster.seat(from("::ffff:127.0.0.1")).unwrap();
        assert!(first.has_room() && second.has_room());
        assert!(!roster.seat(from("127.0.0.1")).unwrap().has_room());
        assert!(roster.seat(from("127.0.0.2")).unwrap().has_room());
        drop(second);
        assert!(roster.seat(from("127.0.0.1")).unwrap().has_room());
        assert_eq!(roster.count(), 1);
    }

    fn seats(roster: &Arc<Roster>, address: &str, count: usize) -> Vec<Seat> {
        (0..count)
            .filter_map(|_| roster.seat(from(address)))
            .collect()
    }

    #[test]
    fn who_is_turned_away_takes_no_room() {
        let roster = Roster::new(Limits {
            sessions: 3,
            per_address: 1,
        });
        let crowd = seats(&roster, "127.0.0.1", 4);
        assert_eq!(crowd.iter().filter(|seat| seat.has_room()).count(), 1);
        let other = roster.seat(from("127.0.0.2")).unwrap();
        assert!(other.has_room());
        // Nor do those of one address keep the others from being told, or let in, however many they are.
        let more = seats(&roster, "127.0.0.1", 1000);
        assert!(roster.count() < 64, "a burden: {}", more.len());
        assert!(!roster.seat(from("127.0.0.2")).unwrap().has_room());
        assert!(roster.seat(from("127.0.0.3")).unwrap().has_room());
        drop((crowd, more));
        assert!(roster.seat(from("127.0.0.1")).unwrap().has_room());
        assert_eq!(roster.count(), 1);
    }

    #[test]
    fn a_crowd_of_many_addresses_takes_no_room_and_has_an_end() {
        let roster = Roster::new(Limits {
            sessions: 3,
            per_address: 1,
        });
        let _seated = seats(&roster, "127.0.0.1", 1);
        let crowd: Vec<Seat> = (0..1000)
            .filter_map(|n| roster.seat(from(&format!("127.0.1.{}", n % 2))))
            .collect();
        let _all = seats(&roster, "127.0.2.1", 1);
        assert_eq!(crowd.iter().filter(|seat| seat.has_room()).count(), 2);
        let crowd: Vec<Seat> = (0..=255)
            .flat_map(|n| seats(&roster, &format!("127.0.3.{n}"), 10))
            .collect();
        assert_eq!(crowd.iter().filter(|seat| seat.has_room()).count(), 0);
        assert_eq!(roster.count(), 3 + 64);
    }

    #[test]
    fn all_together_have_one_too() {
        let roster = roster();
        let seats: Vec<Seat> = (1..=4)
            .map(|n| roster.seat(from(&format!("127.0.0.{n}"))).unwrap())
            .collect();
        assert_eq!(seats.iter().filter(|seat| seat.has_room()).count(), 3);
    }
}
