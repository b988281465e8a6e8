//! Simulated connections: what is on its way, and when it arrives.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::Random;
use crate::time::Instant;

/// Something on its way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Parcel {
    Bytes(Vec<u8>),
    /// The sender has closed its side in order.
    Fin,
    /// The connection broke.
    Reset,
}

/// One direction of a connection: nothing overtakes anything.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    parcels: VecDeque<(Instant, Parcel)>,
    last: Instant,
    /// After a FIN or a reset nothing more is sent.
    closed: bool,
}

impl Pipe {
    pub(super) fn send(&mut self, at: Instant, parcel: Parcel) {
        if self.closed {
            return;
        }
        self.closed = !matches!(parcel, Parcel::Bytes(_));
        self.last = self.last.max(at);
        self.parcels.push_back((self.last, parcel));
    }

    /// Breaks the connection, whatever was still on its way.
    pub(super) fn reset(&mut self, at: Instant) {
        self.parcels.clear();
        self.closed = true;
        self.parcels.push_back((at, Parcel::Reset));
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        self.parcels.front().map(|(at, _)| *at)
    }

    /// What has arrived next.
    pub(super) fn take(&mut self, now: Instant) -> Option<Parcel> {
        if self.next_at()? > now {
            return None;
        }
        self.parcels.pop_front().map(|(_, parcel)| parcel)
    }
}

/// A data connection.
#[derive(Debug, Default)]
pub(super) struct Link {
    pub(super) to_client: Pipe,
    pub(super) to_server: Pipe,
    /// Bytes that went either way.
    moved: u64,
}

/// What can go wrong, and how slow things are. All of it can be changed while a test runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Faults {
    /// Everything takes up to so long.
    pub delay: Duration,
    /// The server's replies take so much longer: they come after the data's end.
    pub reply_delay: Duration,
    /// Data takes so much longer: it comes after the final reply.
    pub data_delay: Duration,
    /// The control connection breaks after so many bytes of replies.
    pub drop_control_after: Option<usize>,
    /// Each data connection breaks after so many bytes.
    pub reset_data_after: Option<u64>,
    /// Each data connection breaks after so many bytes for the end that receives; the end that sends notices nothing, since what it
    /// sent is in its buffers.
    pub lose_data_after: Option<u64>,
    /// Each data connection moves so many bytes and then nothing more, not even its end.
    pub stall_data_after: Option<u64>,
    /// So many of the next data connections cannot be made.
    pub refuse_connects: u32,
    /// TLS on data connections does not resume the control connection's session.
    pub forget_tls: bool,
}

/// The connections besides the control connection, the clock, and the dice.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) now: Instant,
    pub(super) random: Random,
    pub(super) faults: Faults,
    links: Vec<Link>,
}

impl Network {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            now: Instant::EPOCH,
            random: Random::new(seed),
            faults: Faults::default(),
            links: Vec::new(),
        }
    }

    /// When something that happens now is seen at the other end.
    pub(super) fn later(&mut self) -> Instant {
        let most = usize::try_from(self.faults.delay.as_millis()).unwrap_or(usize::MAX);
        let delay = self.random.up_to(most);
        self.now + Duration::from_millis(delay as u64)
    }

    pub(super) fn connect(&mut self) -> usize {
        self.links.push(Link::default());
        self.links.len() - 1
    }

    pub(super) const fn connections(&self) -> usize {
        self.links.len()
    }

    pub(super) fn link(&mut self, link: usize) -> &mut Link {
        &mut self.links[link]
    }

    /// Whether nothing more goes over a data connection.
    pub(super) fn stalls(&self, link: usize) -> bool {
        let stall = self.faults.stall_data_after;
        stall.is_some_and(|most| self.links[link].moved >= most)
    }

    /// Sends on a data connection, as far as the faults let it through. False where it stalls.
    pub(super) fn send(&mut self, link: usize, to_client: bool, parcel: Parcel) -> bool {
        let at = self.later() + self.faults.data_delay;
        let (faults, now) = (self.faults, self.now);
        if self.stalls(link) && parcel != Parcel::Reset {
            return false;
        }
        let link = &mut self.links[link];
        if faults
            .reset_data_after
            .is_some_and(|most| link.moved >= most)
        {
            link.to_client.reset(now);
            link.to_server.reset(now);
            return true;
        }
        let pipe = if to_client {
            &mut link.to_client
        } else {
            &mut link.to_server
        };
        if faults
            .lose_data_after
            .is_some_and(|most| link.moved >= most)
        {
            if !pipe.closed {
                pipe.reset(now);
            }
            return true;
        }
        if let Parcel::Bytes(bytes) = &parcel {
            link.moved += bytes.len() as u64;
        }
        pipe.send(at, parcel);
        true
    }

    /// When the next thing arrives on any data connection.
    pub(super) fn next_at(&self) -> Option<Instant> {
        let ends = self
            .links
            .iter()
            .flat_map(|link| [link.to_client.next_at(), link.to_server.next_at()]);
        ends.flatten().filter(|at| *at > self.now).min()
    }
}
