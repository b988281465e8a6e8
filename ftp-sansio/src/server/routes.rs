//! Where data connections come from: PORT, PASV and their kin, who may come to them and where they may go; and those that are kept
//! open from transfer to transfer (RFC 959 § 3.3).

use alloc::format;
use core::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

use super::exchange::{Action, Route};
use super::replies::say;
use super::rights::{Needs, needs};
use super::session::{Session, Waiting};
use crate::data::Direction;
use crate::session::{Admission, DataId};
use crate::tls::Protection;
use crate::wire::address::{HostPort, LongHostPort};
use crate::wire::{Arg, Code, EpsvArgument, Reply, Verb};

/// What the next transfer will use.
#[derive(Debug)]
pub(super) enum Prepared {
    /// What PORT, PASV or another of them has prepared.
    New {
        route: Route,
        /// CPSV: this side is TLS's client.
        turned: bool,
    },
    /// The connection of the last transfer.
    Kept {
        data: DataId,
        protection: Protection,
    },
}

/// In which form the port of a new listener is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum PassiveReply {
    /// 227, with this address.
    HostPort { address: Ipv4Addr, turned: bool },
    /// 229.
    Extended,
    /// 228, with this address.
    Long(IpAddr),
}

impl PassiveReply {
    const fn turned(self) -> bool {
        matches!(self, Self::HostPort { turned: true, .. })
    }

    fn write(self, port: u16) -> Reply {
        match self {
            Self::HostPort { address, .. } => {
                let to = HostPort(SocketAddrV4::new(address, port));
                Reply::new(Code::PASSIVE_MODE, format!("Entering passive mode ({to})."))
            }
            Self::Extended => Reply::new(
                Code::EXTENDED_PASSIVE_MODE,
                format!("Entering extended passive mode (|||{port}|)"),
            ),
            Self::Long(address) => {
                let to = LongHostPort(SocketAddr::new(address, port));
                Reply::new(
                    Code::LONG_PASSIVE_MODE,
                    format!("Entering long passive mode ({to})."),
                )
            }
        }
    }
}

impl Session {
    /// PORT, EPRT and LPRT: only to the peer itself and to no service's port, whoever asks (RFC 2577 § 3). Both refusals are alike, so
    /// that nothing can be learned from them.
    pub(super) fn active(&mut self, to: SocketAddr) {
        if self.settings.epsv_only {
            return self.refuse_after_epsv_all();
        }
        if !self.config.active {
            return self.reply(say(
                Code::NOT_IMPLEMENTED,
                "Active mode is off; use EPSV or PASV.",
            ));
        }
        if !self.may_call(to) {
            let text = match self.config.fxp {
                false => "Only your own address, and a port from 1024 on.",
                true => "No such address, or a port below 1024.",
            };
            return self.reply(say(Code::PARAMETER_NOT_IMPLEMENTED, text));
        }
        self.discard_route();
        let data = DataId(self.serial.next());
        self.settings.route = Some(Prepared::New {
            route: Route::Connect { data, to },
            turned: false,
        });
        self.reply(say(Code::OK, "Data will go there."));
    }

    /// A third party may be called where transfers between two servers are allowed; this machine's own services may not even then, by those of
    /// its addresses that are known here.
    fn may_call(&self, to: SocketAddr) -> bool {
        let ip = to.ip().to_canonical();
        let is_nobody = ip.is_loopback() || ip.is_unspecified() || ip.is_multicast();
        let public = self.config.public_ip.map(IpAddr::V4);
        let is_own = ip == self.ends.local.ip().to_canonical() || Some(ip) == public;
        let is_third = !is_nobody && !is_own;
        let is_allowed = self.ends.is_peer(ip) || (self.config.fxp && is_third);
        is_allowed && to.port() >= 1024
    }

    pub(super) fn pasv(&mut self) {
        self.passive_ipv4_port(false);
    }

    /// PASV and CPSV.
    pub(super) fn passive_ipv4_port(&mut self, turned: bool) {
        if self.settings.epsv_only {
            return self.refuse_after_epsv_all();
        }
        match self.passive_ipv4() {
            Some(address) => self.listen(PassiveReply::HostPort { address, turned }),
            None => self.reply(say(
                Code::CANNOT_OPEN_DATA_CONNECTION,
                "This is an IPv6 connection; use EPSV.",
            )),
        }
    }

    /// The address that a 227 names.
    fn passive_ipv4(&self) -> Option<Ipv4Addr> {
        match self.ends.local.ip().to_canonical() {
            IpAddr::V4(own) => Some(self.config.public_ip.unwrap_or(own)),
            IpAddr::V6(_) => None,
        }
    }

    /// LPSV (RFC 1639).
    pub(super) fn lpsv(&mut self) {
        if self.settings.epsv_only {
            return self.refuse_after_epsv_all();
        }
        let own = self.ends.local.ip().to_canonical();
        let address = self.passive_ipv4().map_or(own, IpAddr::V4);
        self.listen(PassiveReply::Long(address));
    }

    /// PRET, which says before PASV what will follow it: what would be refused then is refused now.
    pub(super) fn pret(&mut self, verb: Verb, path: Option<&Arg>) {
        if needs(verb) == Needs::Write && !self.may_write() {
            let refusal = self.write_refusal();
            return self.reply(refusal);
        }
        if let Err(refusal) = self.data_protection(false) {
            return self.reply(refusal);
        }
        let is_listing = matches!(verb, Verb::List | Verb::Nlst);
        if is_listing || self.resolve(path.unwrap_or(&Arg::EMPTY)).is_some() {
            self.reply(say(Code::OK, "And the data connection, please."));
        }
    }

    pub(super) fn epsv(&mut self, argument: EpsvArgument) {
        let wanted_is_ipv4 = match argument {
            EpsvArgument::All => {
                self.settings.epsv_only = true;
                return self.reply(say(Code::OK, "EPSV only from now on."));
            }
            EpsvArgument::Default => self.ends.local.ip().to_canonical().is_ipv4(),
            EpsvArgument::Ipv4 => true,
            EpsvArgument::Ipv6 => false,
            EpsvArgument::Other(_) => {
                return self.reply(say(
                    Code::NETWORK_PROTOCOL_NOT_SUPPORTED,
                    "Network protocol not supported, use (1,2)",
                ));
            }
        };
        match (
            wanted_is_ipv4,
            self.ends.local.ip().to_canonical().is_ipv4(),
        ) {
            (true, false) => {
                self.reply(say(
                    Code::NETWORK_PROTOCOL_NOT_SUPPORTED,
                    "Network protocol not supported, use (2)",
                ));
            }
            (false, true) => {
                self.reply(say(
                    Code::NETWORK_PROTOCOL_NOT_SUPPORTED,
                    "Network protocol not supported, use (1)",
                ));
            }
            _ => self.listen(PassiveReply::Extended),
        }
    }

    fn refuse_after_epsv_all(&mut self) {
        self.reply(say(Code::BAD_SEQUENCE, "Refused after EPSV ALL."));
    }

    fn listen(&mut self, reply: PassiveReply) {
        self.discard_route();
        let data = DataId(self.serial.next());
        self.waiting = Waiting::Listener { data, reply };
        self.outputs.act(Action::Listen {
            data,
            address: self.ends.local.ip(),
        });
    }

    pub(super) fn listening(&mut self, listener: DataId, port: Option<u16>) {
        let reply = match self.waiting {
            Waiting::Listener { data, reply } if data == listener => reply,
            _ => return,
        };
        self.waiting = Waiting::Nothing;
        let Some(port) = port else {
            return self.reply(say(
                Code::CANNOT_OPEN_DATA_CONNECTION,
                "No port is free for a data connection.",
            ));
        };
        let admission = match self.config.fxp {
            false => Admission::only(self.ends.peer.ip()),
            true => Admission::anybody(),
        };
        self.settings.route = Some(Prepared::New {
            route: Route::Accept {
                data: listener,
                admission,
            },
            turned: reply.turned(),
        });
        self.reply(reply.write(port));
    }

    /// The data connection of a transfer that begins now, and how it is protected; or the reply that refuses it.
    pub(super) fn take_route(&mut self) -> Result<(Route, Protection), Reply> {
        let turned = matches!(
            self.settings.route,
            Some(Prepared::New { turned: true, .. })
        );
        let protection = self.data_protection(turned)?;
        // A PROT or SSCN may have come since the connection was kept, which is what it is.
        if let Some(Prepared::Kept {
            protection: kept, ..
        }) = self.settings.route
            && kept != protection
        {
            self.discard_route();
        }
        match self.settings.route.take() {
            Some(Prepared::New { route, .. }) => Ok((route, protection)),
            Some(Prepared::Kept { data, .. }) => Ok((Route::Kept(data), protection)),
            None => Err(say(
                Code::CANNOT_OPEN_DATA_CONNECTION,
                "PASV, EPSV, PORT or EPRT first.",
            )),
        }
    }

    /// A transfer was refused. The port that was opened for it is not left open. A connection that was kept is, for the transfers that may
    /// be waiting behind a refused download; but a client may have sent its upload without waiting for the 125, and what is on its
    /// way then belongs to nothing.
    pub(super) fn discard_refused(&mut self, direction: Direction) {
        let is_kept = matches!(self.settings.route, Some(Prepared::Kept { .. }));
        if direction == Direction::Receive || !is_kept {
            self.discard_route();
        }
    }

    /// Lets go of what PASV or PORT had prepared or the last transfer has left, because something newer takes its place or it will
    /// not be needed.
    pub(super) fn discard_route(&mut self) {
        if let Waiting::Listener { data, .. } = self.waiting {
            self.outputs.act(Action::Discard(data));
        }
        match self.settings.route.take() {
            Some(Prepared::New {
                route: Route::Connect { .. },
                ..
            })
            | None => {}
            Some(Prepared::New { route, .. }) => self.outputs.act(Action::Discard(route.data())),
            Some(Prepared::Kept { data, .. }) => self.outputs.act(Action::Discard(data)),
        }
    }

    /// Lets go of the last transfer's connection.
    pub(super) fn discard_kept(&mut self) {
        if matches!(self.settings.route, Some(Prepared::Kept { .. })) {
            self.discard_route();
        }
    }

    /// The last transfer's connection is gone already.
    pub(super) fn kept_closed(&mut self, closed: DataId) {
        if matches!(self.settings.route, Some(Prepared::Kept { data, .. }) if data == closed) {
            self.settings.route = None;
        }
    }
}
