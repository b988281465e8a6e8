//! What is under way between the two ends of a connection, and what comes of it where it arrives.

use std::io;
use std::time::Duration;

use bytes::Bytes;

use super::{ACCEPTED, Break, CONNECTED, Connection, Segment, Stage};
use crate::trace::Event;
use crate::world::{Happening, World};

/// What lies between two segments of a connection whose segments are cut anywhere: the time of a poll.
const APART: Duration = Duration::from_micros(10);

impl World {
    /// Sends a segment, which arrives after those before it.
    pub(super) fn send(&mut self, id: u64, from: usize, segment: Segment) {
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
        let mut at = self.arrival(hosts[0], hosts[1], count, &link);
        if at <= last {
            // Who reads shall see where it was split, also where a slow segment has held up those behind it.
            at = if link.splits { last + APART } else { last };
        }
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
        end.forget_outgoing();
        if forgets {
            end.incoming.clear();
            (end.incoming_len, end.ended) = (0, false);
        }
        // Who has had the other's end in order can only have wanted to write.
        end.error = Some(match end.ended {
            true => io::ErrorKind::BrokenPipe,
            false => io::ErrorKind::ConnectionReset,
        });
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
    pub(super) fn reset(&mut self, id: u64, side: usize) {
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
    pub(super) fn transmit(&mut self, id: u64, side: usize) {
        loop {
            let capacity = self.conditions.receive_buffer.max(1);
            let Some(connection) = self.connections.get(&id) else {
                return;
            };
            let waits_there = connection.ends[1 - side].incoming_len;
            let hosts = [0, 1].map(|side| connection.ends[side].host);
            let link = self.link(hosts[0], hosts[1]);
            let Ok(end) = self.end(id, side) else { return };
            if end.dead || end.stalled {
                return;
            }
            let is_end = end.outgoing.is_empty();
            let window = capacity.saturating_sub(end.on_wire + waits_there);
            if is_end && (!end.shut || end.fin_sent) {
                return;
            }
            // Small rooms are left to grow, or segments would become ever smaller (RFC 9293 § 3.8.6.2).
            let wanted = link.segment.min(capacity / 2).min(end.outgoing_len).max(1);
            if !is_end && window < wanted {
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
        let trouble = end.trouble.take();
        end.stalled = true;
        match trouble.map(|trouble| trouble.what) {
            Some(Break::Reset) => self.send(id, side, Segment::Cut),
            Some(Break::Truncate) => self.send(id, side, Segment::Fin),
            Some(Break::Stall) | None => self.tell(id, side, Event::Stalled),
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
}
