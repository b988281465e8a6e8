//! Logging in: USER, PASS and ACCT, the last diagram of RFC 959 § 6.

use super::exchange::{Failure, Outcome};
use super::operation::{Credentials, Flow};
use super::session::Session;
use crate::sequence::Step;
use crate::time::Instant;
use crate::wire::{Code, Command, Reply, Verb};

#[derive(Debug)]
pub(super) struct Login {
    credentials: Credentials,
    sent: Verb,
}

impl Login {
    pub(super) const fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            sent: Verb::User,
        }
    }

    pub(super) fn begin(&self, session: &mut Session, now: Instant) -> Flow {
        session.send(now, Command::User(self.credentials.user.clone()));
        Flow::Continue
    }

    pub(super) fn replied(
        &mut self,
        session: &mut Session,
        now: Instant,
        step: Step,
        reply: Reply,
    ) -> Flow {
        match step {
            Step::Completed => {
                session.logged_in();
                Flow::Finish(Ok(Outcome::Reply(reply)))
            }
            Step::Intermediate => self.go_on(session, now, reply),
            _ => Flow::Finish(Err(Failure::LoginRefused(reply))),
        }
    }

    /// A 331 wants the password, a 332 the account; each is sent once.
    fn go_on(&mut self, session: &mut Session, now: Instant, reply: Reply) -> Flow {
        let wants_account = reply.code() == Code::NEED_ACCOUNT;
        if self.sent == Verb::User && !wants_account {
            self.sent = Verb::Pass;
            session.send(now, Command::Pass(self.credentials.password.clone()));
            return Flow::Continue;
        }
        match (&self.credentials.account, self.sent) {
            (Some(account), Verb::User | Verb::Pass) => {
                self.sent = Verb::Acct;
                session.send(now, Command::Acct(account.clone()));
                Flow::Continue
            }
            _ => Flow::Finish(Err(Failure::LoginRefused(reply))),
        }
    }
}
