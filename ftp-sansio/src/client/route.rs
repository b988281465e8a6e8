//! The ways to a data connection, in the order in which they are tried, and what worked.

use core::net::{IpAddr, SocketAddr, SocketAddrV4};

use super::config::DataPath;
use crate::session::Endpoints;
use crate::wire::address::{find_extended_port, find_host_port};
use crate::wire::{Command, EpsvArgument, Reply};

/// One way to a data connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Epsv,
    Pasv,
    Port,
    Eprt,
}

/// Which way is tried first in this session: the configured one, until another has worked where it failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    first: Way,
}

impl Route {
    pub(super) fn new(path: DataPath, ends: Endpoints) -> Self {
        let is_ipv6 = ends.peer.ip().to_canonical().is_ipv6();
        let first = match path {
            DataPath::Passive => Way::Epsv,
            DataPath::PassiveHostPort if is_ipv6 => Way::Epsv,
            DataPath::PassiveHostPort => Way::Pasv,
            DataPath::Active if is_ipv6 => Way::Eprt,
            DataPath::Active => Way::Port,
        };
        Self { first }
    }

    pub(super) const fn first(self) -> Way {
        self.first
    }

    /// This way led to a data connection: begin with it next time.
    pub(super) const fn worked(&mut self, way: Way) {
        self.first = way;
    }
}

impl Way {
    pub(super) const fn is_passive(self) -> bool {
        matches!(self, Self::Epsv | Self::Pasv)
    }

    /// PORT has no room for an IPv6 address.
    pub(super) const fn is_possible(self, ends: Endpoints) -> bool {
        !matches!(self, Self::Port) || ends.local.ip().to_canonical().is_ipv4()
    }

    /// The other form of the same direction, to fall back to.
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Epsv => Self::Pasv,
            Self::Pasv => Self::Epsv,
            Self::Port => Self::Eprt,
            Self::Eprt => Self::Port,
        }
    }

    /// The command that asks for it; an active way tells where this side listens, which PORT can do for IPv4 only.
    pub(super) fn command(self, listening: Option<SocketAddr>) -> Option<Command> {
        Some(match (self, listening) {
            (Self::Epsv, _) => Command::Epsv(EpsvArgument::Default),
            (Self::Pasv, _) => Command::Pasv,
            (Self::Eprt, Some(at)) => {
                Command::Eprt(SocketAddr::new(at.ip().to_canonical(), at.port()))
            }
            (Self::Port, Some(at)) => match at.ip().to_canonical() {
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
        if self == Self::Epsv {
            return Some(SocketAddr::new(
                ends.peer.ip(),
                find_extended_port(reply.text())?,
            ));
        }
        let told = find_host_port(reply.text())?;
        Some(match believe_host {
            true => told.into(),
            false => SocketAddr::new(ends.peer.ip(), told.port()),
        })
    }
}
