//! What the client's and the server's session machine have in common: their ends, their ids, and the bytes they send.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

/// The two ends of a control connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Endpoints {
    /// This side.
    pub local: SocketAddr,
    /// The other side.
    pub peer: SocketAddr,
}

impl Endpoints {
    /// Whether `address` is the control peer's, whichever of the two notations (IPv4, or IPv4 mapped into IPv6) it comes in.
    #[must_use]
    pub fn is_peer(&self, address: IpAddr) -> bool {
        address.to_canonical() == self.peer.ip().to_canonical()
    }
}

/// A look at the control bytes that wait to be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transmit<'a> {
    /// The bytes, in order. What the stream took of them is reported by `transmitted`.
    pub bytes: &'a [u8],
    /// Whether they are to go out as TCP's urgent data, the last byte of them being marked: Telnet's Synch before an ABOR (RFC 854, RFC 959
    /// § 4.1.3). A stream that knows no urgent data (TLS) sends them like any others.
    pub urgent: bool,
}

/// How a connection is to be closed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Close {
    /// In order: all bytes were flushed before this was asked for; end the stream (a FIN) and let it go.
    Gracefully,
    /// At once.
    Abruptly,
}

/// Makes the ids of one session. An id says both which slot it names and which use of it: a number is used once, so that
/// an answer to something that is gone names nothing.
#[derive(Debug, Default)]
pub(crate) struct Serial(u32);

impl Serial {
    /// What [`next`](Self::next) will give, for a use that may not come about.
    pub(crate) const fn peek(&self) -> u32 {
        self.0.wrapping_add(1)
    }

    pub(crate) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(1);
        self.0
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub struct $name(pub(crate) u32);
    };
}

id! {
    /// Names a data connection, or the passive listener that it will come from.
    DataId
}
id! {
    /// Names one transfer.
    TransferId
}
id! {
    /// Names a question to the storage or the authenticator.
    RequestId
}
id! {
    /// Names something that the client's user asked for.
    OperationId
}

/// Which data connections may be let in: the address check against a stranger who connects first (RFC 2577 § 6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Admission {
    /// Nothing where anybody may come.
    only: Option<IpAddr>,
}

impl Admission {
    /// Nobody but this address.
    pub(crate) fn only(address: IpAddr) -> Self {
        Self {
            only: Some(address.to_canonical()),
        }
    }

    /// Whoever comes: a third party's address is not known beforehand.
    pub(crate) const fn anybody() -> Self {
        Self { only: None }
    }

    /// Whether a connection from `peer` may be the data connection. Drop one that may not, and go on listening.
    #[must_use]
    pub fn admits(&self, peer: SocketAddr) -> bool {
        self.only
            .is_none_or(|only| only == peer.ip().to_canonical())
    }
}

/// Control bytes on their way out, owned until the stream took them, so that a cancelled write loses nothing.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where to append. What was sent is dropped first, once it is the greater part.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        if self.sent > self.len() {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        &mut self.bytes
    }

    /// Notes that `count` more bytes are out. An empty outbox gives its memory back: most sessions are idle most of the time.
    pub(crate) fn sent(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count).min(self.bytes.len());
        if self.is_empty() {
            *self = Self::default();
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
