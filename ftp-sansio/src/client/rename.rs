//! Renaming: RNFR, its 350, RNTO (RFC 959 § 4.1.3).

use super::exchange::{Failure, Outcome};
use super::operation::Flow;
use super::session::Session;
use crate::sequence::Step;
use crate::time::Instant;
use crate::wire::{Arg, Command, Reply};

#[derive(Debug)]
pub(super) struct Rename {
    from: Arg,
    to: Arg,
}

impl Rename {
    pub(super) const fn new(from: Arg, to: Arg) -> Self {
        Self { from, to }
    }

    pub(super) fn begin(&self, session: &mut Session, now: Instant) -> Flow {
        session.send(now, Command::Rnfr(self.from.clone()));
        Flow::Continue
    }

    pub(super) fn replied(
        &self,
        session: &mut Session,
        now: Instant,
        step: Step,
        reply: Reply,
    ) -> Flow {
        match step {
            Step::Intermediate => {
                session.send(now, Command::Rnto(self.to.clone()));
                Flow::Continue
            }
            Step::Completed => Flow::Finish(Ok(Outcome::Reply(reply))),
            _ => Flow::Finish(Err(Failure::Refused(reply))),
        }
    }
}
