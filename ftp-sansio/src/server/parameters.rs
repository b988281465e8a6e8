//! The transfer parameters: TYPE, STRU, MODE, REST, ALLO; and where data connections come from: PORT, PASV and the
//! extended forms.

use alloc::format;
use core::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use core::time::Duration;

use super::exchange::{Action, Route};
use super::replies::say;
use super::session::{Session, Waiting};
use crate::data::{Direction, Parameters};
use crate::session::{Admission, DataId};
use crate::wire::address::HostPort;
use crate::wire::facts::FactSet;
use crate::wire::{
    Code, Command, DigestAlgorithm, EpsvArgument, Mode, OctetRange, Reply, Representation,
    Structure, VirtualPath,
};

/// What commands have set and later commands go by. A new login starts with [`Settings::default`].
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) folder: VirtualPath,
    pub(super) parameters: Parameters,
    pub(super) restart: u64,
    pub(super) rename_from: Option<VirtualPath>,
    /// What SITE CPFR named.
    pub(super) copy_from: Option<VirtualPath>,
    /// The octets that the next RETR, STOR or HASH is about (RANG).
    pub(super) range: Option<OctetRange>,
    pub(super) facts: FactSet,
    /// What OPTS HASH chose.
    pub(super) digest: Option<DigestAlgorithm>,
    /// What OPTS MODE Z LEVEL chose.
    pub(super) deflate_level: Option<u8>,
    /// What SITE IDLE chose.
    pub(super) idle: Option<Duration>,
    pub(super) route: Option<Route>,
    /// `EPSV ALL` came: no other way to a data connection is taken any more (RFC 2428 § 4).
    epsv_only: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folder: VirtualPath::root(),
            parameters: Parameters::default(),
            restart: 0,
            rename_from: None,
            copy_from: None,
            range: None,
            facts: FactSet::default(),
            digest: None,
            deflate_level: None,
            idle: None,
            route: None,
            epsv_only: false,
        }
    }
}

impl Settings {
    /// Forgets the RNFR, CPFR, REST or RANG that this command does not follow up. Clients set up the data connection between REST and
    /// RETR, which RFC 959 does not forbid in so many words, so that much may come between.
    pub(super) fn follow(&mut self, command: &Command) {
        if !matches!(command, Command::Rnto(_)) {
            self.rename_from = None;
        }
        // Which word of SITE it is shows later.
        if !matches!(command, Command::Site(_)) {
            self.copy_from = None;
        }
        if matches!(command, Command::Rest(_)) {
            self.range = None;
        }
        let keeps_restart = matches!(
            command,
            Command::Retr(_)
                | Command::Stor(_)
                | Command::Pasv
                | Command::Epsv(_)
                | Command::Port(_)
                | Command::Eprt(_)
                | Command::Type(_)
                | Command::Allo { .. }
                | Command::Noop
        );
        if !keeps_restart {
            self.restart = 0;
            if !matches!(command, Command::Hash(_)) {
                self.range = None;
            }
        }
    }

    /// Forgets the RNFR, CPFR, REST or RANG that waits for its second half.
    pub(super) fn forget_firsts(&mut self) {
        self.rename_from = None;
        self.copy_from = None;
        self.range = None;
        self.restart = 0;
    }
}

/// In which form the port of a new listener is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum PassiveReply {
    /// 227, with this address.
    HostPort(Ipv4Addr),
    /// 229.
    Extended,
}

impl Session {
    pub(super) fn set_representation(&mut self, representation: Representation) {
        self.set_parameters(Parameters {
            representation,
            ..self.settings.parameters
        });
    }

    pub(super) fn set_structure(&mut self, structure: Structure) {
        self.set_parameters(Parameters {
            structure,
            ..self.settings.parameters
        });
    }

    pub(super) fn set_mode(&mut self, mode: Mode) {
        self.set_parameters(Parameters {
            mode,
            ..self.settings.parameters
        });
    }

    /// Takes parameters for which there is a codec both ways, and no others.
    fn set_parameters(&mut self, parameters: Parameters) {
        let known = [Direction::Send, Direction::Receive]
            .iter()
            .all(|&way| parameters.codec(way).is_some());
        if !known {
            return self.reply(say(
                Code::PARAMETER_NOT_IMPLEMENTED,
                "Not implemented for this parameter.",
            ));
        }
        self.settings.parameters = parameters;
        self.reply(say(Code::OK, "Done."));
    }

    /// Whether files travel as they are, so that their size and positions in them mean the same on both sides.
    pub(super) const fn is_image(&self) -> bool {
        matches!(
            self.settings.parameters.representation,
            Representation::Image | Representation::Local(8)
        )
    }

    /// Whether a file travels as the plain sequence of its bytes.
    pub(super) fn is_plain(&self) -> bool {
        let parameters = self.settings.parameters;
        self.is_image()
            && parameters.structure == Structure::File
            && parameters.mode == Mode::Stream
    }

    pub(super) fn rest(&mut self, offset: u64) {
        if offset > 0 && !self.is_image() {
            return self.reply(say(
                Code::PARAMETER_NOT_IMPLEMENTED,
                "Restarting needs TYPE I.",
            ));
        }
        self.settings.restart = offset;
        let text = format!("Restarting at {offset}.");
        self.reply(Reply::new(Code::FILE_ACTION_PENDING, text));
    }

    /// PORT and EPRT: only to the peer itself and to no service's port, whoever asks (RFC 2577 § 3). Both refusals are alike, so
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
        if !self.ends.is_peer(to.ip()) || to.port() < 1024 {
            return self.reply(say(
                Code::PARAMETER_NOT_IMPLEMENTED,
                "Only your own address, and a port from 1024 on.",
            ));
        }
        self.discard_route();
        self.settings.route = Some(Route::Connect(to));
        self.reply(say(Code::OK, "Data will go there."));
    }

    pub(super) fn pasv(&mut self) {
        if self.settings.epsv_only {
            return self.refuse_after_epsv_all();
        }
        let own = match self.ends.local.ip().to_canonical() {
            IpAddr::V4(own) => Some(own),
            IpAddr::V6(_) => None,
        };
        match self.config.public_ip.or(own) {
            Some(address) if own.is_some() => self.listen(PassiveReply::HostPort(address)),
            _ => self.reply(say(
                Code::CANNOT_OPEN_DATA_CONNECTION,
                "This is an IPv6 connection; use EPSV.",
            )),
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
        let admission = Admission::only(self.ends.peer.ip());
        self.settings.route = Some(Route::Accept {
            data: listener,
            admission,
        });
        self.reply(match reply {
            PassiveReply::HostPort(address) => {
                let text = format!(
                    "Entering passive mode ({}).",
                    HostPort(SocketAddrV4::new(address, port))
                );
                Reply::new(Code::PASSIVE_MODE, text)
            }
            PassiveReply::Extended => Reply::new(
                Code::EXTENDED_PASSIVE_MODE,
                format!("Entering extended passive mode (|||{port}|)"),
            ),
        });
    }

    /// Lets go of what PASV or PORT had prepared, because something newer takes its place or it will not be needed.
    pub(super) fn discard_route(&mut self) {
        if let Waiting::Listener { data, .. } = self.waiting {
            self.outputs.act(Action::Discard(data));
        }
        if let Some(Route::Accept { data, .. }) = self.settings.route.take() {
            self.outputs.act(Action::Discard(data));
        }
    }
}
