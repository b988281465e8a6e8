//! What is known of the server: the transfer parameters it has in force, and what it has shown of how it takes commands that come
//! before it answered the earlier ones.

use crate::data::Parameters;
use crate::wire::{Command, Mode, Representation, Structure};

/// One of the transfer parameters (RFC 959 § 4.1.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Setting {
    Representation(Representation),
    Structure(Structure),
    Mode(Mode),
}

impl Setting {
    pub(super) const fn command(self) -> Command {
        match self {
            Self::Representation(representation) => Command::Type(representation),
            Self::Structure(structure) => Command::Stru(structure),
            Self::Mode(mode) => Command::Mode(mode),
        }
    }

    pub(super) const fn of(command: &Command) -> Option<Self> {
        Some(match command {
            Command::Type(representation) => Self::Representation(*representation),
            Command::Stru(structure) => Self::Structure(*structure),
            Command::Mode(mode) => Self::Mode(*mode),
            _ => return None,
        })
    }
}

/// What a transfer needs to be in force; no representation takes whichever there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    pub(super) representation: Option<Representation>,
    pub(super) structure: Structure,
    pub(super) mode: Mode,
}

/// The parameters that will be in force once all that was sent is answered. What is not known is said before it is relied on.
#[derive(Clone, Copy, Debug)]
pub(super) struct InForce {
    representation: Option<Representation>,
    structure: Option<Structure>,
    mode: Option<Mode>,
}

impl InForce {
    /// RFC 959 § 5.1 has every session start with ASCII, file and stream. Servers differ in what TYPE they really start with.
    pub(super) const fn new() -> Self {
        let Parameters {
            structure, mode, ..
        } = Parameters::IMAGE;
        Self {
            representation: None,
            structure: Some(structure),
            mode: Some(mode),
        }
    }

    /// What has to be said before a transfer that wants this, if anything.
    pub(super) fn next(&self, wanted: Wanted) -> Option<Setting> {
        let Wanted {
            representation,
            structure,
            mode,
        } = wanted;
        match representation {
            Some(wanted) if self.representation != Some(wanted) => {
                return Some(Setting::Representation(wanted));
            }
            _ => {}
        }
        if self.structure != Some(structure) {
            return Some(Setting::Structure(structure));
        }
        (self.mode != Some(mode)).then_some(Setting::Mode(mode))
    }

    /// A setting was sent: it is taken to succeed, and nothing that relies on it is sent before it has.
    pub(super) const fn sent(&mut self, setting: Setting) {
        match setting {
            Setting::Representation(representation) => self.representation = Some(representation),
            Setting::Structure(structure) => self.structure = Some(structure),
            Setting::Mode(mode) => self.mode = Some(mode),
        }
    }

    /// A setting was refused. What a refusal leaves in force is the server's secret, except that files and streams are what every
    /// server has: one that knows no STRU or MODE at all must not be asked for them again.
    pub(super) const fn refused(&mut self, setting: Setting) {
        match setting {
            Setting::Representation(_) => self.representation = None,
            Setting::Structure(_) => self.structure = Some(Structure::File),
            Setting::Mode(_) => self.mode = Some(Mode::Stream),
        }
    }

    /// Another user: RFC 959 § 4.1.1 has all of it unchanged, and some servers start afresh. What is the same either way is known.
    pub(super) const fn user_changed(&mut self) {
        self.representation = None;
        if !matches!(self.structure, Some(Structure::File)) {
            self.structure = None;
        }
        if !matches!(self.mode, Some(Mode::Stream)) {
            self.mode = None;
        }
    }

    /// Something may have changed the type behind our back.
    pub(super) const fn forget_representation(&mut self) {
        self.representation = None;
    }
}

/// How a server takes commands behind one that it has not answered.
///
/// Nothing is taken for granted but that small commands may follow each other (RFC 959 says nowhere that they may not, and servers
/// read lines). Each further step is taken where the one before it went well:
///
/// 1. Two commands in flight were answered in their order: [`in_order`](Self::in_order). From then on a way to a data connection that has
///    worked before, and the command that uses it, leave together: a *pair*.
///    In active mode it has to be shown first that PORT is answered in its turn, by a PWD behind it: servers that wait for nothing answer it
///    only when they have connected.
/// 2. Behind a pair, before its data connection can possibly be there, a NOOP is sent: the *probe*. A server that answers it at once
///    carries out commands while it moves data, and would take the next EPSV for the end of the transfer (RFC 959 § 3.2). One that answers
///    it after the transfer keeps what comes meanwhile for later: [`Queues::Yes`], and the next pairs follow a running transfer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    /// Two commands in flight were answered one after the other.
    pub(super) in_order: bool,
    /// A command behind PORT or the like was answered after it.
    pub(super) ports_in_order: bool,
    /// A pair was taken.
    pub(super) has_paired: bool,
    /// A pair was refused where the same went well step by step.
    pub(super) no_pairs: bool,
    pub(super) queues: Queues,
    /// A REST was accepted.
    pub(super) restarts: bool,
    /// Whether a data connection is left open where the mode allows it (RFC 959 § 3.3): once 250 or 226 has told.
    pub(super) keeps: Option<bool>,
}

/// What a server does with commands that come while it moves data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Queues {
    #[default]
    Unknown,
    /// The probe is on its way. Its transfer has ended well before the probe was answered?
    Probing(bool),
    /// It keeps them for later.
    Yes,
    /// It answers or loses them.
    No,
}

impl Shown {
    pub(super) const fn takes_pairs(&self) -> bool {
        self.in_order && !self.no_pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_said() {
        let mut in_force = InForce::new();
        let image = Wanted {
            representation: Some(Representation::Image),
            structure: Structure::File,
            mode: Mode::Stream,
        };
        let blocks = Wanted {
            mode: Mode::Block,
            structure: Structure::Record,
            ..image
        };
        let mut said = alloc::vec::Vec::new();
        for wanted in [image, image, blocks, image] {
            while let Some(setting) = in_force.next(wanted) {
                in_force.sent(setting);
                said.push(setting);
            }
        }
        assert_eq!(
            said,
            [
                Setting::Representation(Representation::Image),
                Setting::Structure(Structure::Record),
                Setting::Mode(Mode::Block),
                Setting::Structure(Structure::File),
                Setting::Mode(Mode::Stream),
            ]
        );
        in_force.refused(Setting::Mode(Mode::Block));
        in_force.refused(Setting::Structure(Structure::Record));
        assert_eq!(in_force.next(image), None);
        in_force.refused(Setting::Representation(Representation::Image));
        assert!(in_force.next(image).is_some());
    }
}
