//! Listeners, and connections that wait to be accepted.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use crate::connection::ACCEPTED;
use crate::trace::Event;
use crate::world::{Waiting, World};

/// A listening socket, as its host knows it.
pub(crate) struct Listening {
    pub(crate) host: usize,
    pub(crate) at: SocketAddr,
    /// Connections that were not accepted yet.
    pub(crate) backlog: VecDeque<u64>,
    pub(crate) acceptor: Option<Waiting>,
}

impl World {
    pub(crate) fn listen(&mut self, host: usize, mut at: SocketAddr) -> io::Result<u64> {
        if !at.ip().is_unspecified() && !self.has_address(host, at.ip()) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        if at.port() == 0 {
            at.set_port(self.free_port(host)?);
        }
        let is_taken = |other: &Listening| {
            let (mine, theirs) = (at.ip(), other.at.ip());
            other.host == host
                && other.at.port() == at.port()
                && mine.is_ipv4() == theirs.is_ipv4()
                && (mine == theirs || mine.is_unspecified() || theirs.is_unspecified())
        };
        if self.listeners.values().any(is_taken) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let id = self.id();
        let listening = Listening {
            host,
            at,
            backlog: VecDeque::new(),
            acceptor: None,
        };
        self.listeners.insert(id, listening);
        self.note(&Event::Listening(at));
        Ok(id)
    }

    /// Who listens there, on that host.
    pub(crate) fn listener_at(&mut self, host: usize, to: SocketAddr) -> Option<&mut Listening> {
        self.listeners.values_mut().find(|listening| {
            let (at, to) = (listening.at, to);
            let is_meant =
                at.ip() == to.ip() || at.ip().is_unspecified() && at.is_ipv4() == to.is_ipv4();
            listening.host == host && at.port() == to.port() && is_meant
        })
    }

    /// The connection that was accepted, and where it comes from.
    pub(crate) fn try_accept(&mut self, id: u64) -> io::Result<(u64, SocketAddr)> {
        let listening = self.listeners.get_mut(&id);
        let listening = listening.ok_or(io::ErrorKind::NotConnected)?;
        let connection = listening.backlog.pop_front();
        let connection = connection.ok_or(io::ErrorKind::WouldBlock)?;
        let accepted = self.connections.get(&connection);
        let accepted = accepted.ok_or(io::ErrorKind::ConnectionAborted)?;
        Ok((connection, accepted.ends[0].address))
    }

    /// The same; where nobody waits yet, who asks is woken when somebody does.
    pub(crate) fn poll_accept(
        &mut self,
        id: u64,
        context: &Context<'_>,
    ) -> Poll<io::Result<(u64, SocketAddr)>> {
        let waiting = self.waiting(context);
        match self.try_accept(id) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            accepted => return Poll::Ready(accepted),
        }
        if let Some(listening) = self.listeners.get_mut(&id) {
            listening.acceptor = Some(waiting);
        }
        Poll::Pending
    }

    /// Nobody listens there any more: who waits to be accepted meets a reset.
    pub(crate) fn drop_listener(&mut self, id: u64) {
        let Some(listening) = self.listeners.remove(&id) else {
            return;
        };
        self.note(&Event::ListenerClosed(listening.at));
        for connection in listening.backlog {
            self.reset_on_drop(connection, ACCEPTED);
            self.drop_end(connection, ACCEPTED);
        }
    }
}
