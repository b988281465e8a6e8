//! Operations of one command.

use super::exchange::Outcome;
use super::failure::Failure;
use super::meaning::Meaning;
use super::queue::{Advance, Ahead, Flow, Pace};
use super::replies::{Part, Whose};
use super::server::Setting;
use super::session::Session;
use crate::sequence::Step;
use crate::session::OperationId;
use crate::wire::{Command, Reply, Verb};

#[derive(Debug)]
pub(super) struct Single {
    command: Command,
    meaning: Meaning,
    is_sent: bool,
}

impl Single {
    /// Hands back what would break the session.
    pub(super) fn new(command: Command, meaning: Meaning) -> Result<Self, Command> {
        if breaks_session(&command) {
            Err(command)
        } else {
            Ok(Self {
                command,
                meaning,
                is_sent: false,
            })
        }
    }

    pub(super) const fn is_digest(&self) -> bool {
        matches!(self.command, Command::Hash(_) | Command::Checksum { .. })
    }

    pub(super) fn advance(
        &mut self,
        session: &mut Session,
        id: OperationId,
        ahead: Ahead,
    ) -> Advance {
        let pace = pace(&self.command);
        if !self.is_sent {
            if !session.may_send(pace, ahead) {
                return Advance::Waits;
            }
            self.is_sent = true;
            session.parameters_change(&self.command);
            // No transfer relies on a setting that may still be refused.
            let part = Setting::of(&self.command).map_or(Part::Only, Part::Setting);
            let whose = Whose::Task(id, part);
            session.send(self.command.clone(), whose);
        }
        match pace {
            Pace::Alone => Advance::Waits,
            _ => Advance::Sent,
        }
    }

    /// Forgets what was sent, which may have been lost: it is sent again.
    pub(super) const fn again(&mut self) {
        self.is_sent = false;
    }

    pub(super) fn replied(&self, session: &mut Session, step: Step, reply: Reply) -> Flow {
        if step == Step::Preliminary {
            return Flow::Continue;
        }
        if reply.class().is_positive() {
            session.parameters_changed(&self.command);
        }
        Flow::Finish(match (self.meaning, step) {
            (Meaning::Raw, _) | (Meaning::Done, Step::Completed | Step::Intermediate) => {
                Ok(Outcome::Reply(reply))
            }
            (_, Step::Refused) => Err(Failure::Refused(reply)),
            (meaning, _) => meaning
                .read(&self.command, &reply, session.ends)
                .ok_or_else(|| Failure::Malformed(reply)),
        })
    }
}

/// Whether a command moves data or turns TLS on or off behind the session's back. A known verb in disguise counts too: the server would
/// take it for what it says.
fn breaks_session(command: &Command) -> bool {
    use Verb::{Adat, Auth, Ccc, Conf, Enc, Mic};
    match command {
        Command::Unknown { verb, .. } => {
            let mut words = verb.as_bytes().split(|&byte| byte == b' ');
            words.next().and_then(Verb::from_bytes).is_some()
        }
        command => command.verb().is_some_and(|verb| {
            matches!(verb, Auth | Ccc | Adat | Mic | Conf | Enc) || verb.moves_data()
        }),
    }
}

/// How a command gets along with others that are under way.
fn pace(command: &Command) -> Pace {
    use Verb as V;
    match command.verb() {
        // What may be asked twice, and answers the same.
        Some(V::Noop | V::Size | V::Syst | V::Help | V::Feat | V::Hash | V::Avbl) => {
            Pace::Repeatable
        }
        // With a time before the name it sets one, and setting it twice is the same.
        Some(V::Mdtm) => Pace::Repeatable,
        // STAT too, which changes nothing, but is answered at once while a transfer runs (RFC 959 § 4.1.3). And what would be answered like
        // something else behind a transfer: as a good end of it (250), or as the PWD that finds the place in the replies again (257).
        Some(
            V::Stat
            | V::Cwd
            | V::Cdup
            | V::Dele
            | V::Mkd
            | V::Rmd
            | V::Site
            | V::Opts
            | V::Allo
            | V::Type
            | V::Stru
            | V::Mode
            | V::Mfmt
            | V::Mfct
            | V::Mff
            | V::Comb
            | V::Clnt
            | V::Csid
            | V::Pwd
            | V::Mlst
            | V::Xcrc
            | V::Xmd5
            | V::Xsha1
            | V::Xsha256
            | V::Xsha512,
        ) => Pace::Once,
        // The login, what begins a pair (REST, RNFR, RANG), what changes the data connection, and words nobody knows.
        _ => Pace::Alone,
    }
}
