//! What has happened on the network, as events to look at and as one number to compare.

use std::hash::{Hash, Hasher};
use std::net::SocketAddr;

use bytes::Bytes;
use ftp_sansio::time::Instant;

/// What has happened to a connection or a listener. A connection is told by the addresses of its ends, who sent first.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Somebody listens.
    Listening(SocketAddr),
    /// Nobody does there any more.
    ListenerClosed(SocketAddr),
    /// A connection was asked for.
    Connecting(SocketAddr, SocketAddr),
    /// It waits to be accepted.
    Arrived(SocketAddr, SocketAddr),
    /// Who asked for it has it.
    Connected(SocketAddr, SocketAddr),
    /// It was refused.
    Refused(SocketAddr, SocketAddr),
    /// It was never answered.
    Unanswered(SocketAddr, SocketAddr),
    /// Bytes have arrived.
    Delivered(SocketAddr, SocketAddr, Bytes),
    /// The end in order of what the first sends has arrived.
    Ended(SocketAddr, SocketAddr),
    /// A reset has arrived from the first, or from somewhere between the two.
    Reset(SocketAddr, SocketAddr),
    /// From now on nothing arrives from the first.
    Stalled(SocketAddr, SocketAddr),
}

type Observer = Box<dyn FnMut(Instant, &Event) + Send>;

/// A sum over all events and their times.
pub(crate) struct Trace {
    hash: u64,
    pub(crate) observer: Option<Observer>,
}

impl Trace {
    pub(crate) const fn new(observer: Option<Observer>) -> Self {
        Self { hash: 0, observer }
    }

    pub(crate) fn note(&mut self, now: Instant, event: &Event) {
        (now, event).hash(self);
        if let Some(observer) = &mut self.observer {
            observer(now, event);
        }
    }

    /// The number so far.
    pub(crate) const fn sum(&self) -> u64 {
        self.hash
    }
}

impl Hasher for Trace {
    fn finish(&self) -> u64 {
        self.hash
    }

    fn write(&mut self, bytes: &[u8]) {
        // Eight at a time: files pass through here.
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let mixed = (self.hash ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.hash = mixed ^ (mixed >> 29);
        }
    }
}
