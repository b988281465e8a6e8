//! Connections: what their two ends hold. `opening` has how they come about, `wire` what is under way between the ends, and `socket` what a
//! program can do with one.

mod opening;
mod socket;
mod wire;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use ftp_sansio::time::Instant;

use crate::trace::Event;
use crate::world::{Place, Waiting, World};

/// The end of who has connected.
pub(crate) const CONNECTED: usize = 0;
/// The end of who has accepted.
pub(crate) const ACCEPTED: usize = 1;

/// Where an attempt to connect is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Asked,
    There,
    Failed(io::ErrorKind),
}

/// What is under way.
pub(crate) enum Segment {
    /// Asks for a connection; how often it was asked before.
    Syn(u32),
    SynAck,
    Refused,
    Data(Bytes),
    Fin,
    Reset,
    /// Something between the two resets both.
    Cut,
}

/// What happens once so many bytes were sent.
#[derive(Clone, Copy)]
struct Trouble {
    after: u64,
    what: Break,
}

/// How a connection breaks.
#[derive(Clone, Copy)]
enum Break {
    Reset,
    Stall,
    Truncate,
}

/// One end of a connection, and what goes out from there.
pub(crate) struct End {
    pub(crate) host: usize,
    pub(crate) address: SocketAddr,
    /// Somebody has it, or it waits to be accepted, or is asked for.
    pub(crate) held: bool,
    reset_on_drop: bool,
    /// Nothing more will be written.
    shut: bool,
    /// A reset has come or gone.
    dead: bool,
    /// What the next call shall be told: once, as Linux does it.
    error: Option<io::ErrorKind>,
    outgoing: VecDeque<Bytes>,
    outgoing_len: usize,
    fin_sent: bool,
    /// Bytes of it that are under way.
    on_wire: usize,
    /// Bytes of it that were ever under way.
    sent: u64,
    trouble: Option<Trouble>,
    stalled: bool,
    /// When the last of what it sent arrives.
    last_arrival: Instant,
    /// What a partition holds up.
    held_up: VecDeque<Segment>,
    incoming: VecDeque<Bytes>,
    incoming_len: usize,
    ended: bool,
    pub(crate) reader: Option<Waiting>,
    pub(crate) writer: Option<Waiting>,
}

impl End {
    const fn new(host: usize, address: SocketAddr, held: bool) -> Self {
        Self {
            host,
            address,
            held,
            reset_on_drop: false,
            shut: false,
            dead: false,
            error: None,
            outgoing: VecDeque::new(),
            outgoing_len: 0,
            fin_sent: false,
            on_wire: 0,
            sent: 0,
            trouble: None,
            stalled: false,
            last_arrival: Instant::EPOCH,
            held_up: VecDeque::new(),
            incoming: VecDeque::new(),
            incoming_len: 0,
            ended: false,
            reader: None,
            writer: None,
        }
    }

    fn forget_outgoing(&mut self) {
        self.outgoing.clear();
        self.outgoing_len = 0;
    }
}

/// A connection, from the moment it is asked for.
pub(crate) struct Connection {
    pub(crate) ends: [End; 2],
    pub(crate) stage: Stage,
    given_up: Option<Place>,
    /// It will be refused, whoever listens.
    refuse: bool,
    /// How many segments are under way.
    outstanding: usize,
}

impl World {
    fn end(&mut self, id: u64, side: usize) -> io::Result<&mut End> {
        let connection = self.connections.get_mut(&id);
        connection
            .map(|connection| &mut connection.ends[side])
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// What the two are called in events, who sends first.
    fn names(&self, id: u64, from: usize) -> Option<(SocketAddr, SocketAddr)> {
        let ends = &self.connections.get(&id)?.ends;
        Some((ends[from].address, ends[1 - from].address))
    }

    fn tell(&mut self, id: u64, from: usize, event: impl FnOnce(SocketAddr, SocketAddr) -> Event) {
        if let Some((from, to)) = self.names(id, from) {
            self.note(&event(from, to));
        }
    }

    /// Forgets a connection that nobody can see any more.
    fn tidy(&mut self, id: u64) {
        let is_gone = |connection: &Connection| {
            connection.outstanding == 0 && connection.ends.iter().all(|end| !end.held)
        };
        if self.connections.get(&id).is_some_and(is_gone)
            && let Some(connection) = self.connections.remove(&id)
            && let Some(place) = connection.given_up
        {
            self.forget(place);
        }
    }
}
