//! The transfer parameters: TYPE, STRU, MODE, REST, OPTS; and what a session remembers of what commands have set.

use alloc::format;

use super::replies::say;
use super::routes::Prepared;
use super::session::Session;
use crate::data::{Direction, Parameters};
use crate::wire::facts::FactSet;
use crate::wire::{Arg, Code, Command, Mode, Reply, Representation, Structure, VirtualPath};

/// What commands have set and later commands go by. A new login starts with [`Settings::default`].
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) folder: VirtualPath,
    pub(super) parameters: Parameters,
    pub(super) restart: u64,
    pub(super) rename_from: Option<VirtualPath>,
    pub(super) facts: FactSet,
    /// Where the next data connection comes from.
    pub(super) route: Option<Prepared>,
    /// `EPSV ALL` came: no other way to a data connection is taken any more (RFC 2428 § 4).
    pub(super) epsv_only: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folder: VirtualPath::root(),
            parameters: Parameters::default(),
            restart: 0,
            rename_from: None,
            facts: FactSet::default(),
            route: None,
            epsv_only: false,
        }
    }
}

impl Settings {
    /// Forgets the RNFR or REST that this command does not follow up. Clients set up the data connection between REST and RETR,
    /// which RFC 959 does not forbid in so many words, so that much may come between.
    pub(super) fn follow(&mut self, command: &Command) {
        if !matches!(command, Command::Rnto(_)) {
            self.rename_from = None;
        }
        let keeps_restart = matches!(
            command,
            Command::Retr(_)
                | Command::Stor(_)
                | Command::Pasv
                | Command::Epsv(_)
                | Command::Port(_)
                | Command::Eprt(_)
                | Command::Lprt(_)
                | Command::Lpsv
                | Command::Cpsv
                | Command::Sscn(_)
                | Command::Pret { .. }
                | Command::Pbsz(_)
                | Command::Prot(_)
                | Command::Type(_)
                | Command::Allo { .. }
                | Command::Noop
        );
        if !keeps_restart {
            self.restart = 0;
        }
    }

    /// Forgets the RNFR or REST that waits for its second half.
    pub(super) fn forget_firsts(&mut self) {
        self.rename_from = None;
        self.restart = 0;
    }
}

/// Whether the data itself tells where it ends, so that its connection can serve another transfer (RFC 959 § 3.3).
pub(super) const fn leaves_open(parameters: Parameters) -> bool {
    matches!(parameters.mode, Mode::Block | Mode::Compressed)
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
        if !leaves_open(parameters) {
            self.discard_kept();
        }
        self.reply(say(Code::OK, "Done."));
    }

    /// Whether files travel as they are, so that their size and positions in them mean the same on both sides.
    pub(super) const fn is_image(&self) -> bool {
        matches!(
            self.settings.parameters.representation,
            Representation::Image | Representation::Local(8)
        )
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

    /// OPTS (RFC 2389 § 4): `UTF8 ON` is what old clients send, and changes nothing; `MLST` chooses facts (RFC 3659 § 7.9).
    pub(super) fn opts(&mut self, argument: &Arg) {
        let bytes = argument.as_bytes();
        let split = bytes
            .iter()
            .position(|&byte| byte == b' ')
            .unwrap_or(bytes.len());
        let (name, value) = (&bytes[..split], bytes.get(split + 1..).unwrap_or_default());
        if name.eq_ignore_ascii_case(b"UTF8")
            && (value.is_empty() || value.eq_ignore_ascii_case(b"ON"))
        {
            self.reply(say(Code::OK, "Names are UTF-8, byte for byte."));
        } else if name.eq_ignore_ascii_case(b"MLST") {
            self.settings.facts = FactSet::parse(value);
            let text = format!("MLST OPTS {}", self.settings.facts);
            self.reply(Reply::new(Code::OK, text));
        } else {
            self.reply(say(Code::ARGUMENT_SYNTAX_ERROR, "No such option."));
        }
    }
}
