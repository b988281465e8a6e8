//! The ways to a data connection, in the order in which they are tried, and what worked.

use core::net::{IpAddr, SocketAddr, SocketAddrV4};

use super::config::DataPath;
use crate::session::Endpoints;
use crate::wire::address::{find_extended_port, find_host_port, find_long};
use crate::wire::{Code, Command, EpsvArgument, Reply};

/// One way to a data connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Epsv,
    Pasv,
    Lpsv,
    Port,
    Eprt,
    Lprt,
}

/// Which way is tried first in this session: the configured one, until another has worked where it failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    first: Way,
    proven: Option<Way>,
}

impl Route {
    pub(super) fn new(path: DataPath, ends: Endpoints) -> Self {
        let is_ipv6 = ends.peer.ip().to_canonical().is_ipv6();
        let first = match path {
            DataPath::Passive => Way::Epsv,
            DataPath::PassiveHostPort if is_ipv6 => Way::Epsv,
            DataPath::PassiveHostPort => Way::Pasv,
            DataPath::PassiveLong => Way::Lpsv,
            DataPath::Active if is_ipv6 => Way::Eprt,
            DataPath::Active => Way::Port,
            DataPath::ActiveLong => Way::Lprt,
        };
        Self {
            first,
            proven: None,
        }
    }

    pub(super) const fn first(self) -> Way {
        self.first
    }

    /// This way led to a data connection: begin with it next time.
    pub(super) const fn worked(&mut self, way: Way) {
        self.first = way;
        self.proven = Some(way);
    }

    /// Whether this way has led to a data connection in this session.
    pub(super) fn has_worked(self, way: Way) -> bool {
        self.proven == Some(way)
    }
}

impl Way {
    pub(super) const fn is_passive(self) -> bool {
        matches!(self, Self::Epsv | Self::Pasv | Self::Lpsv)
    }

    /// The way that a reply with this code offers.
    pub(super) const fn of(code: Code) -> Option<Self> {
        match code {
            Code::EXTENDED_PASSIVE_MODE => Some(Self::Epsv),
            Code::PASSIVE_MODE => Some(Self::Pasv),
            Code::LONG_PASSIVE_MODE => Some(Self::Lpsv),
            _ => None,
        }
    }

    /// PORT has no room for an IPv6 address.
    pub(super) const fn is_possible(self, ends: Endpoints) -> bool {
        !matches!(self, Self::Port) || ends.local.ip().to_canonical().is_ipv4()
    }

    /// Another form of the same direction, to fall back to.
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Epsv => Self::Pasv,
            Self::Pasv | Self::Lpsv => Self::Epsv,
            Self::Port | Self::Lprt => Self::Eprt,
            Self::Eprt => Self::Port,
        }
    }

    /// The command that asks for it; an active way tells where this side listens, which PORT can do for IPv4 only.
    pub(super) fn command(self, listening: Option<SocketAddr>) -> Option<Command> {
        let at = |at: SocketAddr| SocketAddr::new(at.ip().to_canonical(), at.port());
        Some(match (self, listening.map(at)) {
            (Self::Epsv, _) => Command::Epsv(EpsvArgument::Default),
            (Self::Pasv, _) => Command::Pasv,
            (Self::Lpsv, _) => Command::Lpsv,
            (Self::Eprt, Some(at)) => Command::Eprt(at),
            (Self::Lprt, Some(at)) => Command::Lprt(at),
            (Self::Port, Some(at)) => match at.ip() {
                IpAddr::V4(ip) => Command::Port(SocketAddrV4::new(ip, at.port())),
                IpAddr::V6(_) => return None,
            },
            _ => return None,
        })
    }

    /// Where the reply to a passive command says that the server listens.
    pub(super) fn target(
        self,
        reply: &Reply,
        ends: Endpoints,
        believe_host: bool,
    ) -> Option<SocketAddr> {
        let told: SocketAddr = match self {
            Self::Epsv => (ends.peer.ip(), find_extended_port(reply.text())?).into(),
            Self::Lpsv => find_long(reply.text())?,
            _ => find_host_port(reply.text())?.into(),
        };
        Some(match believe_host {
            true => told,
            false => SocketAddr::new(ends.peer.ip(), told.port()),
        })
    }
}
