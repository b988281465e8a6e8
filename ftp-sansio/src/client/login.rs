//! Logging in: USER, PASS and ACCT, the last diagram of RFC 959 § 6.

use super::exchange::Outcome;
use super::failure::Failure;
use super::operation::Credentials;
use super::queue::{Advance, Ahead, Flow, Pace};
use super::replies::{Part, Whose};
use super::session::Session;
use crate::sequence::Step;
use crate::session::OperationId;
use crate::wire::{Code, Command, Reply, Verb};

#[derive(Debug)]
pub(super) struct Login {
    id: OperationId,
    credentials: Credentials,
    sent: Option<Verb>,
}

impl Login {
    pub(super) const fn new(credentials: Credentials, id: OperationId) -> Self {
        Self {
            id,
            credentials,
            sent: None,
        }
    }

    /// Nothing goes before it and nothing behind: who is logged in decides what everything else means.
    pub(super) fn advance(&mut self, session: &mut Session, ahead: Ahead) -> Advance {
        if self.sent.is_none() && session.may_send(Pace::Alone, ahead) {
            let user = Command::User(self.credentials.user.clone());
            self.send(session, Verb::User, user);
        }
        Advance::Waits
    }

    fn send(&mut self, session: &mut Session, verb: Verb, command: Command) {
        self.sent = Some(verb);
        session.parameters_change(&command);
        session.send(command, Whose::Task(self.id, Part::Only));
    }

    pub(super) fn replied(&mut self, session: &mut Session, step: Step, reply: Reply) -> Flow {
        match step {
            Step::Completed => Flow::Finish(Ok(Outcome::Reply(reply))),
            Step::Intermediate => self.go_on(session, reply),
            _ => Flow::Finish(Err(Failure::LoginRefused(reply))),
        }
    }

    /// A 331 wants the password, a 332 the account; each is sent once.
    fn go_on(&mut self, session: &mut Session, reply: Reply) -> Flow {
        let wants_account = reply.code() == Code::NEED_ACCOUNT;
        if self.sent == Some(Verb::User) && !wants_account {
            let password = Command::Pass(self.credentials.password.clone());
            self.send(session, Verb::Pass, password);
            return Flow::Continue;
        }
        match (self.credentials.account.clone(), self.sent) {
            (Some(account), Some(Verb::User | Verb::Pass)) => {
                self.send(session, Verb::Acct, Command::Acct(account));
                Flow::Continue
            }
            _ => Flow::Finish(Err(Failure::LoginRefused(reply))),
        }
    }
}
