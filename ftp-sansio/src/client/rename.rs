//! Renaming: RNFR, its 350, RNTO (RFC 959 § 4.1.3).

use super::exchange::Outcome;
use super::failure::Failure;
use super::queue::{Advance, Ahead, Flow, Pace};
use super::replies::{Part, Whose};
use super::session::Session;
use crate::sequence::Step;
use crate::session::OperationId;
use crate::wire::{Arg, Command, Reply};

#[derive(Debug)]
pub(super) struct Rename {
    id: OperationId,
    from: Arg,
    to: Arg,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Unsent,
    /// RNFR is sent: nothing may come between it and RNTO.
    From,
    To,
}

impl Rename {
    pub(super) const fn new(from: Arg, to: Arg, id: OperationId) -> Self {
        Self {
            id,
            from,
            to,
            state: State::Unsent,
        }
    }

    pub(super) fn advance(&mut self, session: &mut Session, ahead: Ahead) -> Advance {
        match self.state {
            State::Unsent if session.may_send(Pace::Once, ahead) => {
                self.state = State::From;
                let whose = Whose::Task(self.id, Part::Only);
                session.send(Command::Rnfr(self.from.clone()), whose);
                Advance::Waits
            }
            State::Unsent | State::From => Advance::Waits,
            State::To => Advance::Sent,
        }
    }

    pub(super) fn replied(&mut self, session: &mut Session, step: Step, reply: Reply) -> Flow {
        match step {
            Step::Intermediate => {
                self.state = State::To;
                let whose = Whose::Task(self.id, Part::Only);
                session.send(Command::Rnto(self.to.clone()), whose);
                Flow::Continue
            }
            Step::Completed => Flow::Finish(Ok(Outcome::Reply(reply))),
            _ => Flow::Finish(Err(Failure::Refused(reply))),
        }
    }
}
