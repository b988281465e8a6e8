//! How a connection comes about, or does not.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use super::{ACCEPTED, Break, CONNECTED, Connection, End, Segment, Stage, Trouble};
use crate::conditions::{Direction, Fault};
use crate::trace::Event;
use crate::world::{Happening, World};

/// How long an attempt to connect is made: six tries, as Linux has it.
const ATTEMPT: Duration = Duration::from_secs(127);

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
        let trouble = match fault {
            Some(Fault::Reset { direction, after }) => Some((direction, after, Break::Reset)),
            Some(Fault::Stall { direction, after }) => Some((direction, after, Break::Stall)),
            Some(Fault::Truncate { direction, after }) => Some((direction, after, Break::Truncate)),
            Some(Fault::Refuse | Fault::Ignore) | None => None,
        };
        if let Some((direction, after, what)) = trouble {
            let side = match direction {
                Direction::Forth => CONNECTED,
                Direction::Back => ACCEPTED,
            };
            connection.ends[side].trouble = Some(Trouble { after, what });
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

    /// A host is asked for a connection.
    pub(super) fn answer(&mut self, id: u64, tries: u32) {
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
    pub(super) fn establish(&mut self, id: u64, stage: Stage) {
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

    /// An attempt to connect is let go of: a connection that comes about all the same is reset.
    pub(crate) fn drop_attempt(&mut self, id: u64) {
        self.reset_on_drop(id, CONNECTED);
        self.drop_end(id, CONNECTED);
    }
}
