//! Connections: what their two ends hold, and what is under way between them.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use ftp_driver::runtime::{Interest, Unread};
use ftp_sansio::time::Instant;

use crate::conditions::{Direction, Fault};
use crate::trace::Event;
use crate::world::{Happening, Place, Waiting, World};

/// The end of who has connected.
pub(crate) const CONNECTED: usize = 0;
/// The end of who has accepted.
pub(crate) const ACCEPTED: usize = 1;

/// How long an attempt to connect is made: six tries, as Linux has it.
const ATTEMPT: Duration = Duration::from_secs(127);

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
    is_reset: bool,
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
    pub(crate) fn connect(
        &mut self,
        host: usize,
        to: SocketAddr,
        from: Option<IpAddr>,
    ) -> io::Result<u64> {
        let source = match from {
            Some(from) if !self.has_address(host, from) || from.is_ipv4() != to.is_ipv4() => {
                return Err(io::ErrorKind::AddrNotAvailable.into());
            }
            Some(from) => from,
            None => self.source(host, to.ip())?,
        };
        let source = SocketAddr::new(source, self.free_port(host)?);
        let target = self.resolve(host, to.ip());
        let fault = self.take_fault(host, target);
        let id = self.id();
        let given_up = self.plan(self.now + ATTEMPT, Happening::GivenUp { connection: id });
        let mut connection = Connection {
            ends: [
                End::new(host, source, true),
                End::new(target.unwrap_or(host), to, false),
            ],
            stage: Stage::Asked,
            given_up: Some(given_up),
            refuse: fault == Some(Fault::Refuse),
            outstanding: 0,
        };
        if let Some(Fault::Reset { direction, after } | Fault::Stall { direction, after }) = fault {
            let side = match direction {
                Direction::Forth => CONNECTED,
                Direction::Back => ACCEPTED,
            };
            connection.ends[side].trouble = Some(Trouble {
                after,
                is_reset: matches!(fault, Some(Fault::Reset { .. })),
            });
        }
        self.connections.insert(id, connection);
        self.note(&Event::Connecting(source, to));
        // Where nobody has that address, nobody answers.
        if target.is_some() && fault != Some(Fault::Ignore) {
            self.send(id, CONNECTED, Segment::Syn(0));
        }
        Ok(id)
    }

    fn take_fault(&mut self, from: usize, to: Option<usize>) -> Option<Fault> {
        let meant = |fault: &(usize, usize, Fault)| fault.0 == from && Some(fault.1) == to;
        let place = self.faults.iter().position(meant)?;
        Some(self.faults.remove(place).2)
    }

    pub(crate) fn poll_connect(&mut self, id: u64, context: &Context<'_>) -> Poll<io::Result<()>> {
        let waiting = self.waiting(context);
        let Some(connection) = self.connections.get_mut(&id) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        match connection.stage {
            Stage::There => Poll::Ready(Ok(())),
            Stage::Failed(why) => Poll::Ready(Err(why.into())),
            Stage::Asked => {
                connection.ends[CONNECTED].writer = Some(waiting);
                Poll::Pending
            }
        }
    }

    /// Sends a segment, which arrives after those before it.
    fn send(&mut self, id: u64, from: usize, segment: Segment) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.outstanding += 1;
        let hosts = [from, 1 - from].map(|side| connection.ends[side].host);
        let last = connection.ends[from].last_arrival;
        let count = match &segment {
            Segment::Data(bytes) => bytes.len(),
            _ => 0,
        };
        let link = self.link(hosts[0], hosts[1]);
        let at = self.arrival(hosts[0], hosts[1], count, &link).max(last);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.ends[from].last_arrival = at;
        }
        let to = 1 - from;
        self.plan(
            at,
            Happening::Arrival {
                connection: id,
                to,
                segment,
            },
        );
    }

    /// A segment has come to one end.
    pub(crate) fn arrive(&mut self, id: u64, to: usize, segment: Segment) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let hosts = [0, 1].map(|side| connection.ends[side].host);
        let sender = &mut connection.ends[1 - to];
        let is_behind = !sender.held_up.is_empty();
        if is_behind || self.way(hosts[0], hosts[1]).is_cut {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.ends[1 - to].held_up.push_back(segment);
            }
            return;
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.outstanding -= 1;
        }
        match segment {
            Segment::Syn(tries) => self.answer(id, tries),
            Segment::SynAck => self.establish(id, Stage::There),
            Segment::Refused => {
                self.establish(id, Stage::Failed(io::ErrorKind::ConnectionRefused));
            }
            Segment::Data(bytes) => self.take_in(id, to, bytes),
            Segment::Fin => self.take_end(id, to),
            Segment::Reset => self.meet_reset(id, to),
            Segment::Cut => self.cut(id),
        }
        self.tidy(id);
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

    /// A host is asked for a connection.
    fn answer(&mut self, id: u64, tries: u32) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let (host, at) = (
            connection.ends[ACCEPTED].host,
            connection.ends[ACCEPTED].address,
        );
        let (is_wanted, refuse) = (connection.ends[CONNECTED].held, connection.refuse);
        let most = self.conditions.backlog;
        match self.listener_at(host, at) {
            Some(listening) if !refuse && listening.backlog.len() < most => {
                listening.backlog.push_back(id);
                let acceptor = listening.acceptor.take();
                self.wake(acceptor);
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.ends[ACCEPTED].held = true;
                }
                self.tell(id, CONNECTED, Event::Arrived);
                self.send(id, ACCEPTED, Segment::SynAck);
            }
            Some(_) if !refuse => {
                if is_wanted {
                    let again = self.now + Duration::from_secs(1 << tries.min(6));
                    if let Some(connection) = self.connections.get_mut(&id) {
                        connection.outstanding += 1;
                    }
                    self.plan(
                        again,
                        Happening::Arrival {
                            connection: id,
                            to: ACCEPTED,
                            segment: Segment::Syn(tries + 1),
                        },
                    );
                }
            }
            _ => self.send(id, ACCEPTED, Segment::Refused),
        }
    }

    /// Who has asked for a connection hears what has become of it.
    fn establish(&mut self, id: u64, stage: Stage) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if connection.stage != Stage::Asked {
            return;
        }
        connection.stage = stage;
        let waiting = connection.ends[CONNECTED].writer.take();
        let given_up = connection.given_up.take();
        self.wake(waiting);
        if let Some(place) = given_up {
            self.forget(place);
        }
        self.tell(
            id,
            CONNECTED,
            match stage {
                Stage::Failed(io::ErrorKind::ConnectionRefused) => Event::Refused,
                Stage::Failed(io::ErrorKind::TimedOut) => Event::Unanswered,
                Stage::Failed(_) => Event::Reset,
                Stage::There | Stage::Asked => Event::Connected,
            },
        );
    }

    /// It was asked for too long.
    pub(crate) fn give_up(&mut self, id: u64) {
        self.establish(id, Stage::Failed(io::ErrorKind::TimedOut));
    }

    fn take_in(&mut self, id: u64, to: usize, bytes: Bytes) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.ends[1 - to].on_wire -= bytes.len();
        let writer = connection.ends[1 - to].writer.take();
        let end = &mut connection.ends[to];
        let reader = match (end.dead, end.held) {
            (true, _) => None,
            // Nobody is there any more to whom these bytes could be given: the system says so.
            (false, false) => {
                self.reset(id, to);
                None
            }
            (false, true) => {
                end.incoming_len += bytes.len();
                end.incoming.push_back(bytes.clone());
                let reader = end.reader.take();
                self.tell(id, 1 - to, |from, to| Event::Delivered(from, to, bytes));
                reader
            }
        };
        self.wake(reader);
        self.wake(writer);
        self.transmit(id, 1 - to);
    }

    fn take_end(&mut self, id: u64, to: usize) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let end = &mut connection.ends[to];
        if end.dead || !end.held {
            return;
        }
        end.ended = true;
        let reader = end.reader.take();
        self.wake(reader);
        self.tell(id, 1 - to, Event::Ended);
    }

    /// A reset has come to one end.
    fn meet_reset(&mut self, id: u64, to: usize) {
        let forgets = self.conditions.forgetful && self.random.one_in(2);
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let is_asked = to == CONNECTED && connection.stage == Stage::Asked;
        let end = &mut connection.ends[to];
        if end.dead {
            return;
        }
        end.dead = true;
        end.error = Some(io::ErrorKind::ConnectionReset);
        end.forget_outgoing();
        if forgets {
            end.incoming.clear();
            (end.incoming_len, end.ended) = (0, false);
        }
        let (reader, writer) = (end.reader.take(), end.writer.take());
        self.wake(reader);
        self.wake(writer);
        if is_asked {
            self.establish(id, Stage::Failed(io::ErrorKind::ConnectionReset));
        } else {
            self.tell(id, 1 - to, Event::Reset);
        }
    }

    /// Resets both ends, wherever they are.
    pub(crate) fn cut(&mut self, id: u64) {
        self.meet_reset(id, CONNECTED);
        self.meet_reset(id, ACCEPTED);
    }

    /// One end's system ends the connection at once.
    fn reset(&mut self, id: u64, side: usize) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let end = &mut connection.ends[side];
        end.dead = true;
        end.forget_outgoing();
        if !end.stalled {
            self.send(id, side, Segment::Reset);
        }
    }

    /// Sends what may be sent.
    fn transmit(&mut self, id: u64, side: usize) {
        loop {
            let capacity = self.conditions.receive_buffer.max(1);
            let Some(connection) = self.connections.get_mut(&id) else {
                return;
            };
            let waits_there = connection.ends[1 - side].incoming_len;
            let hosts = [0, 1].map(|side| connection.ends[side].host);
            let end = &mut connection.ends[side];
            if end.dead || end.stalled {
                return;
            }
            let is_end = end.outgoing.is_empty();
            let window = capacity.saturating_sub(end.on_wire + waits_there);
            if is_end && (!end.shut || end.fin_sent) || !is_end && window == 0 {
                return;
            }
            let left = end.trouble.map(|trouble| trouble.after - end.sent);
            if left == Some(0) {
                return self.meet_trouble(id, side);
            }
            if is_end {
                end.fin_sent = true;
                return self.send(id, side, Segment::Fin);
            }
            let link = self.link(hosts[0], hosts[1]);
            let most = match link.splits {
                true => 1 + self.random.index(link.segment.max(1)),
                false => link.segment.max(1),
            };
            let Some(bytes) = self.cut_off(id, side, most.min(window), left) else {
                return;
            };
            self.send(id, side, Segment::Data(bytes));
        }
    }

    /// Takes a segment off what goes out.
    fn cut_off(&mut self, id: u64, side: usize, most: usize, left: Option<u64>) -> Option<Bytes> {
        let end = &mut self.connections.get_mut(&id)?.ends[side];
        let front = end.outgoing.front_mut()?;
        let left = left.map_or(usize::MAX, |left| {
            usize::try_from(left).unwrap_or(usize::MAX)
        });
        let bytes = front.split_to(most.min(left).min(front.len()));
        if front.is_empty() {
            end.outgoing.pop_front();
        }
        end.outgoing_len -= bytes.len();
        end.on_wire += bytes.len();
        end.sent += bytes.len() as u64;
        Some(bytes)
    }

    /// As many bytes were sent as [`Fault`] has said.
    fn meet_trouble(&mut self, id: u64, side: usize) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let end = &mut connection.ends[side];
        let is_reset = end.trouble.take().is_some_and(|trouble| trouble.is_reset);
        end.stalled = true;
        match is_reset {
            true => self.send(id, side, Segment::Cut),
            false => self.tell(id, side, Event::Stalled),
        }
    }

    /// What a partition has held up arrives: at once, since what was sent after it is on its way already.
    pub(crate) fn release(&mut self, hosts: [usize; 2]) {
        let is_between = |connection: &Connection| {
            let ends = [0, 1].map(|side| connection.ends[side].host);
            ends == hosts || ends == [hosts[1], hosts[0]]
        };
        let ids = self.connections.iter();
        let ids: Vec<u64> = ids
            .filter(|(_, connection)| is_between(connection))
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            for side in [CONNECTED, ACCEPTED] {
                let Some(connection) = self.connections.get_mut(&id) else {
                    continue;
                };
                let held_up = std::mem::take(&mut connection.ends[side].held_up);
                for segment in held_up {
                    self.arrive(id, 1 - side, segment);
                }
            }
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

    // What a socket can do.

    fn end(&mut self, id: u64, side: usize) -> io::Result<&mut End> {
        let connection = self.connections.get_mut(&id);
        connection
            .map(|connection| &mut connection.ends[side])
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    pub(crate) fn local_addr(&mut self, id: u64, side: usize) -> io::Result<SocketAddr> {
        self.end(id, side).map(|end| end.address)
    }

    pub(crate) fn peer_addr(&mut self, id: u64, side: usize) -> io::Result<SocketAddr> {
        if self.end(id, side)?.dead {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.local_addr(id, 1 - side)
    }

    pub(crate) fn poll_ready(
        &mut self,
        id: u64,
        side: usize,
        context: &Context<'_>,
        interest: Interest,
    ) -> Poll<io::Result<()>> {
        let by_whim = self.conditions.capricious && self.random.one_in(16);
        let (room, waiting) = (self.conditions.send_buffer.max(1), self.waiting(context));
        let end = self.end(id, side)?;
        let over = end.dead || by_whim;
        let (is_ready, slot) = match interest {
            Interest::Read => (end.incoming_len > 0 || end.ended, &mut end.reader),
            Interest::Write => (
                end.shut || end.outgoing_len + end.on_wire < room,
                &mut end.writer,
            ),
        };
        if over || is_ready {
            return Poll::Ready(Ok(()));
        }
        *slot = Some(waiting);
        Poll::Pending
    }

    pub(crate) fn try_read(
        &mut self,
        id: u64,
        side: usize,
        mut room: &mut [u8],
    ) -> io::Result<usize> {
        let end = self.end(id, side)?;
        let mut count = 0;
        while let Some(front) = end.incoming.front_mut() {
            let taken = front.len().min(room.len());
            room[..taken].copy_from_slice(&front[..taken]);
            front.advance(taken);
            (count, room) = (count + taken, &mut room[taken..]);
            if !front.is_empty() {
                break;
            }
            end.incoming.pop_front();
        }
        end.incoming_len -= count;
        if count > 0 || room.is_empty() {
            self.transmit(id, 1 - side);
            return Ok(count);
        }
        // An end that had come before the reset stays one.
        if end.ended {
            return Ok(0);
        }
        match (end.error.take(), end.dead) {
            (Some(error), _) => Err(error.into()),
            (None, true) => Ok(0),
            (None, false) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    pub(crate) fn try_write(
        &mut self,
        id: u64,
        side: usize,
        buffers: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        let takes_part = self.conditions.capricious && self.random.one_in(8);
        let part = self.random.draw();
        let capacity = self.conditions.send_buffer.max(1);
        let end = self.end(id, side)?;
        if let Some(error) = end.error.take() {
            return Err(error.into());
        }
        if end.dead || end.shut {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let all: usize = buffers.iter().map(|buffer| buffer.len()).sum();
        let room = capacity.saturating_sub(end.outgoing_len + end.on_wire);
        let mut left = all.min(room);
        if all == 0 {
            return Ok(0);
        }
        if left == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if takes_part {
            left = 1 + (part % left as u64) as usize;
        }
        let mut taken = Vec::with_capacity(left);
        for buffer in buffers {
            let count = buffer.len().min(left - taken.len());
            taken.extend_from_slice(&buffer[..count]);
        }
        end.outgoing_len += left;
        end.outgoing.push_back(taken.into());
        self.transmit(id, side);
        Ok(left)
    }

    pub(crate) fn shutdown(&mut self, id: u64, side: usize) -> io::Result<()> {
        let end = self.end(id, side)?;
        if end.dead {
            return Err(io::ErrorKind::NotConnected.into());
        }
        end.shut = true;
        self.transmit(id, side);
        Ok(())
    }

    pub(crate) fn unread(&mut self, id: u64, side: usize) -> Unread {
        match self.end(id, side) {
            Ok(end) if end.incoming_len > 0 => Unread::Bytes,
            Ok(end) if !end.ended && !end.dead => Unread::Nothing,
            _ => Unread::End,
        }
    }

    pub(crate) fn reset_on_drop(&mut self, id: u64, side: usize) {
        if let Ok(end) = self.end(id, side) {
            end.reset_on_drop = true;
        }
    }

    /// An end is let go of: in order, or with a reset where that was wanted, or where something came that nobody has read.
    pub(crate) fn drop_end(&mut self, id: u64, side: usize) {
        let Ok(end) = self.end(id, side) else { return };
        end.held = false;
        (end.reader, end.writer) = (None, None);
        if !end.dead {
            if end.reset_on_drop || end.incoming_len > 0 {
                self.reset(id, side);
            } else {
                end.shut = true;
                self.transmit(id, side);
            }
        }
        self.tidy(id);
    }

    /// An attempt to connect is let go of: a connection that comes about all the same is reset.
    pub(crate) fn drop_attempt(&mut self, id: u64) {
        self.reset_on_drop(id, CONNECTED);
        self.drop_end(id, CONNECTED);
    }
}
