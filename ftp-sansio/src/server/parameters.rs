//! The transfer parameters: TYPE, STRU, MODE, REST; and what a session remembers of what commands have set.

use alloc::format;
use core::time::Duration;

use super::replies::say;
use super::routes::Prepared;
use super::session::Session;
use crate::data::Parameters;
use crate::wire::facts::FactSet;
use crate::wire::{
    Code, Command, DigestAlgorithm, Mode, OctetRange, Reply, Representation, Structure, VirtualPath,
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

    /// Takes parameters for which there is a codec, and no others.
    fn set_parameters(&mut self, parameters: Parameters) {
        if !parameters.is_known() {
            return self.reply(say(
                Code::PARAMETER_NOT_IMPLEMENTED,
                "Not implemented for this parameter.",
            ));
        }
        self.settings.parameters = parameters;
        if !parameters.leaves_open() {
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

    /// Whether a file travels as the plain sequence of its bytes.
    pub(super) fn is_plain(&self) -> bool {
        let parameters = self.settings.parameters;
        self.is_image()
            && parameters.structure == Structure::File
            && parameters.mode == Mode::Stream
    }

    /// Whether a REST can say where in a file to go on. In a stream positions have to mean the same on both sides (RFC 3659 § 5); in MODE B
    /// and C a restart marker says the position in this side's file, whatever travels (RFC 959 § 3.5). Pages say themselves where they
    /// belong.
    pub(super) fn can_restart(&self) -> bool {
        let parameters = self.settings.parameters;
        match parameters.structure {
            Structure::Page => false,
            _ if parameters.leaves_open() => true,
            Structure::File => self.is_image(),
            Structure::Record => false,
        }
    }

    pub(super) fn rest(&mut self, offset: u64) {
        if offset > 0 && !self.can_restart() {
            return self.reply(say(
                Code::PARAMETER_NOT_IMPLEMENTED,
                "Restarting needs TYPE I and STRU F, or MODE B.",
            ));
        }
        self.settings.restart = offset;
        let text = format!("Restarting at {offset}.");
        self.reply(Reply::new(Code::FILE_ACTION_PENDING, text));
    }
}
