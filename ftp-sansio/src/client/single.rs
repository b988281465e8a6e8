//! Operations of one command, and what its reply means.

use alloc::boxed::Box;

use bytes::Bytes;

use super::exchange::{Failure, Outcome};
use super::operation::Flow;
use super::session::Session;
use crate::sequence::Step;
use crate::time::Instant;
use crate::wire::date::parse_time_val;
use crate::wire::facts::FactLine;
use crate::wire::path::unquote;
use crate::wire::{Arg, Command, Features, Mode, Reply, Structure, Verb};

/// What a good reply to a command tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Meaning {
    /// That it was done.
    Done,
    /// The path in a 257.
    Path,
    /// The number in a 213.
    Size,
    /// The time-val in a 213.
    Modified,
    /// The lines of a 211.
    Features,
    /// The line of facts in a 250.
    Entry,
    /// Whatever it says, a refusal too: the user reads it.
    Raw,
}

#[derive(Debug)]
pub(super) struct Single {
    command: Command,
    meaning: Meaning,
}

impl Single {
    /// Hands back what would break the session.
    pub(super) fn new(command: Command, meaning: Meaning) -> Result<Self, Command> {
        if breaks_session(&command) {
            Err(command)
        } else {
            Ok(Self { command, meaning })
        }
    }

    pub(super) fn begin(&self, session: &mut Session, now: Instant) -> Flow {
        session.send(now, self.command.clone());
        Flow::Continue
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
                .read(&reply)
                .ok_or_else(|| Failure::Malformed(reply)),
        })
    }
}

impl Meaning {
    fn read(self, reply: &Reply) -> Option<Outcome> {
        Some(match self {
            Self::Path => Outcome::Path(path(reply)?),
            Self::Size => Outcome::Size(crate::wire::text::decimal(first_word(reply))?),
            Self::Modified => Outcome::Modified(parse_time_val(first_word(reply))?),
            Self::Features => Outcome::Features(Features::from_reply(reply)),
            Self::Entry => {
                let line = reply.lines().nth(1)?;
                let line = Bytes::copy_from_slice(line.trim_ascii_start());
                Outcome::Entry(Box::new(FactLine::parse(&line)?.entry))
            }
            Self::Done | Self::Raw => Outcome::Reply(reply.clone()),
        })
    }
}

/// Whether a command moves data, turns TLS on or off, or changes what data looks like, which every transfer takes to be file
/// structure in stream mode. A known verb in disguise counts too: the server would take it for what it says.
fn breaks_session(command: &Command) -> bool {
    match command {
        Command::Unknown { verb, .. } => {
            let mut words = verb.as_bytes().split(|&byte| byte == b' ');
            words.next().and_then(Verb::from_bytes).is_some()
        }
        Command::Mode(mode) => *mode != Mode::Stream,
        Command::Stru(structure) => *structure != Structure::File,
        command => command
            .verb()
            .is_some_and(|verb| matches!(verb, Verb::Auth | Verb::Ccc) || verb.moves_data()),
    }
}

/// RFC 959 has the path in quotation marks; a server that forgets them begins with it.
fn path(reply: &Reply) -> Option<Arg> {
    let bare = || {
        Some(first_word(reply))
            .filter(|word| word.starts_with(b"/"))
            .map(<[u8]>::to_vec)
    };
    Arg::new(unquote(reply.text()).or_else(bare)?).ok()
}

/// Servers pad, and some write more after the value.
fn first_word(reply: &Reply) -> &[u8] {
    reply
        .first_line()
        .trim_ascii_start()
        .split(u8::is_ascii_whitespace)
        .next()
        .unwrap_or_default()
}
