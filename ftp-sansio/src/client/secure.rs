//! TLS on the control connection: AUTH TLS, PBSZ and PROT (RFC 4217 § 4, § 8, § 9), and CCC (§ 5).
//!
//! What reads the control connection belongs to the clear text, or to one TLS session: it is dropped with the reply that ends it (the
//! 234, or CCC's 200), and there is a new one only when the driver says that the change is complete. So nothing that came before can be
//! taken for something that came after (CVE-2021-22947), however it was cut into pieces.

use alloc::boxed::Box;

use super::config::Tls;
use super::exchange::{Action, Outcome};
use super::failure::{Failure, NotNow};
use super::operation::Operation;
use super::queue::{Advance, Ahead, Flow, Pace, Procedure};
use super::replies::{Part, Whose};
use super::route::Route;
use super::server::{InForce, Shown};
use super::session::{MAX_LINE, Session, Timer};
use crate::sequence::Step;
use crate::session::{Close, OperationId};
use crate::time::Instant;
use crate::tls::{TlsEvent, TlsFacts, TlsTicket};
use crate::wire::{Arg, Command, LineReader, ProtectionLevel, Reply, ReplyReader};

/// How the bytes of the control connection are read: nothing reads them while TLS begins or ends.
#[derive(Debug)]
pub(super) struct Channel {
    state: State,
    framing: Option<Box<Framing>>,
}

/// From bytes to replies.
#[derive(Debug)]
pub(super) struct Framing {
    pub(super) reader: LineReader,
    pub(super) replies: ReplyReader,
}

impl Framing {
    fn new(reply_limit: usize) -> Box<Self> {
        Box::new(Self {
            reader: LineReader::new(MAX_LINE),
            replies: ReplyReader::new(reply_limit),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Clear text, and it was never anything else.
    Clear,
    /// The 234 has come. Something of this side's is not on the socket yet.
    Starting,
    /// The driver has the ticket.
    Handshaking,
    Secured,
    /// The 200 to CCC has come. Something of this side's is not on the socket yet.
    Stopping,
    /// The driver ends TLS.
    Ending,
    /// Clear text again, after CCC.
    Cleared,
    Closed,
}

impl Channel {
    pub(super) fn new(reply_limit: usize) -> Self {
        Self {
            state: State::Clear,
            framing: Some(Framing::new(reply_limit)),
        }
    }

    pub(super) const fn handshaking() -> Self {
        Self {
            state: State::Handshaking,
            framing: None,
        }
    }

    /// What reads; nothing while TLS begins or ends, and after the end.
    pub(super) fn framing(&mut self) -> Option<&mut Framing> {
        self.framing.as_deref_mut()
    }

    pub(super) const fn is_open(&self) -> bool {
        self.framing.is_some()
    }

    pub(super) fn is_secured(&self) -> bool {
        self.state == State::Secured
    }

    /// Whether TLS is up, or was until CCC.
    fn has_been_secured(&self) -> bool {
        matches!(self.state, State::Secured | State::Cleared)
    }

    fn pause(&mut self, state: State) {
        *self = Self {
            state,
            framing: None,
        };
    }

    fn open(&mut self, state: State, reply_limit: usize) {
        *self = Self {
            state,
            framing: Some(Framing::new(reply_limit)),
        };
    }

    pub(super) fn close(&mut self) {
        self.pause(State::Closed);
    }
}

/// AUTH, PBSZ, PROT.
#[derive(Debug)]
pub(super) struct Secure {
    id: OperationId,
    said: Said,
    facts: TlsFacts,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    Nothing,
    Auth,
    Pbsz,
    Prot,
}

impl Secure {
    pub(super) fn new(id: OperationId) -> Self {
        Self {
            id,
            said: Said::Nothing,
            facts: TlsFacts::default(),
        }
    }

    pub(super) fn advance(&mut self, session: &mut Session, ahead: Ahead) -> Advance {
        if self.said == Said::Nothing && session.may_send(Pace::Alone, ahead) {
            if session.channel.is_secured() {
                self.say(session, Said::Pbsz, Command::Pbsz(0));
            } else {
                let mechanism = Arg::from_static("TLS").unwrap_or(Arg::EMPTY);
                self.say(session, Said::Auth, Command::Auth(mechanism));
            }
        }
        Advance::Waits
    }

    fn say(&mut self, session: &mut Session, what: Said, command: Command) {
        self.said = what;
        // A data connection that was kept open is protected as it was, which PROT changes.
        session.parameters_change(&command);
        session.send(command, Whose::Task(self.id, Part::Only));
    }

    pub(super) fn replied(
        &mut self,
        session: &mut Session,
        now: Instant,
        step: Step,
        reply: Reply,
    ) -> Flow {
        let is_private = session.config.protect_data;
        match (self.said, step) {
            (Said::Auth, Step::Completed) => session.begin_switch(now, State::Starting),
            // RFC 4217 § 9: PBSZ has to be said, and says nothing. Where it is refused, PROT will tell.
            (Said::Pbsz, _) => {
                let level = if is_private {
                    ProtectionLevel::Private
                } else {
                    ProtectionLevel::Clear
                };
                self.say(session, Said::Prot, Command::Prot(level));
            }
            (Said::Prot, Step::Completed) if is_private => {
                return self.secured(session, ProtectionLevel::Private);
            }
            // Clear is what there is without a word (RFC 4217 § 9).
            (Said::Prot, _) if !is_private => {
                return self.secured(session, ProtectionLevel::Clear);
            }
            // A 334 too: it wants an ADAT, which TLS has not (RFC 4217 § 4.2).
            _ => return Flow::Finish(Err(Failure::Refused(reply))),
        }
        Flow::Continue
    }

    fn secured(&mut self, session: &mut Session, level: ProtectionLevel) -> Flow {
        session.data.protected(level);
        Flow::Finish(Ok(Outcome::Secured(core::mem::take(&mut self.facts))))
    }

    /// TLS is up.
    fn up(&mut self, session: &mut Session, facts: &TlsFacts) {
        self.facts = facts.clone();
        if self.said == Said::Auth {
            self.say(session, Said::Pbsz, Command::Pbsz(0));
        }
    }
}

/// CCC.
#[derive(Debug)]
pub(super) struct Clear {
    id: OperationId,
    is_sent: bool,
    /// The server's yes.
    accepted: Option<Reply>,
}

impl Clear {
    pub(super) const fn new(id: OperationId) -> Self {
        Self {
            id,
            is_sent: false,
            accepted: None,
        }
    }

    pub(super) fn advance(&mut self, session: &mut Session, ahead: Ahead) -> Advance {
        if !self.is_sent && session.may_send(Pace::Alone, ahead) {
            self.is_sent = true;
            session.send(Command::Ccc, Whose::Task(self.id, Part::Only));
        }
        Advance::Waits
    }

    pub(super) fn replied(
        &mut self,
        session: &mut Session,
        now: Instant,
        step: Step,
        reply: Reply,
    ) -> Flow {
        match step {
            Step::Completed if session.channel.is_secured() => {
                self.accepted = Some(reply);
                session.begin_switch(now, State::Stopping);
                Flow::Continue
            }
            Step::Completed => Flow::Finish(Ok(Outcome::Reply(reply))),
            _ => Flow::Finish(Err(Failure::Refused(reply))),
        }
    }

    fn down(&mut self) -> Flow {
        match self.accepted.take() {
            Some(reply) => Flow::Finish(Ok(Outcome::Reply(reply))),
            None => Flow::Continue,
        }
    }
}

impl Session {
    /// Why TLS, or that there is none yet, forbids an operation; nothing where it does not.
    pub(super) fn insecure(&self, operation: &Operation) -> Option<NotNow> {
        let has_been_secured = self.channel.has_been_secured();
        let may_be_said_in_clear = match operation {
            Operation::Secure => true,
            Operation::Command(command, _) => {
                matches!(command, Command::Host(_) | Command::Feat | Command::Quit)
            }
            _ => false,
        };
        if self.config.tls == Tls::Explicit && !has_been_secured && !may_be_said_in_clear {
            return Some(NotNow::Insecure);
        }
        let is_secured = self.channel.is_secured();
        match operation {
            // Neither is possible after CCC (RFC 4217 § 5), and REIN would end TLS behind our back (§ 13).
            Operation::Secure | Operation::Command(Command::Pbsz(_) | Command::Prot(_), _)
                if has_been_secured && !is_secured =>
            {
                Some(NotNow::Impossible)
            }
            Operation::ClearControl if !is_secured => Some(NotNow::Impossible),
            Operation::Command(Command::Rein, _) if has_been_secured => Some(NotNow::Impossible),
            Operation::Transfer(_) => {
                let is_agreed = !has_been_secured || self.data.is_protection_agreed();
                (!is_agreed).then_some(NotNow::Insecure)
            }
            _ => None,
        }
    }

    /// Stops reading, and goes on when everything is on the socket.
    fn begin_switch(&mut self, now: Instant, state: State) {
        self.channel.pause(state);
        self.timers.start(Timer::Tls, now, self.config.timeouts.tls);
        self.flushed();
    }

    /// The action that must follow the last byte follows it.
    pub(super) fn flushed(&mut self) {
        if !self.out.is_flushed() {
            return;
        }
        match self.channel.state {
            State::Starting => {
                self.channel.pause(State::Handshaking);
                self.outputs.act(Action::StartTls(TlsTicket::new()));
            }
            State::Stopping => {
                self.channel.pause(State::Ending);
                self.outputs.act(Action::StopTls);
            }
            _ => {}
        }
    }

    pub(super) fn tls_changed(&mut self, event: TlsEvent) {
        let switching = self.queue.front_id();
        match (self.channel.state, event) {
            (State::Handshaking, TlsEvent::Up(facts)) => {
                self.timers.stop(Timer::Tls);
                self.channel.open(State::Secured, self.config.reply_limit);
                self.start_afresh();
                if let Some(id) = switching {
                    self.with_task(id, |procedure, session| {
                        if let Procedure::Secure(secure) = procedure {
                            secure.up(session, &facts);
                        }
                        Flow::Continue
                    });
                }
            }
            (State::Ending, TlsEvent::Down) => {
                self.timers.stop(Timer::Tls);
                self.channel.open(State::Cleared, self.config.reply_limit);
                if let Some(id) = switching {
                    self.with_task(id, |procedure, _| match procedure {
                        Procedure::Clear(clear) => clear.down(),
                        _ => Flow::Continue,
                    });
                }
            }
            (State::Handshaking | State::Secured | State::Ending, TlsEvent::Failed) => {
                self.die(Failure::Tls);
            }
            _ => {}
        }
    }

    /// RFC 4217 § 4.2: all transfer parameters are reset by AUTH, almost as by REIN; and what an impostor has shown in clear text counts
    /// for nothing.
    fn start_afresh(&mut self) {
        self.in_force = InForce::new();
        self.shown = Shown::default();
        self.route = Route::new(self.config.data_path, self.ends);
        self.position_pending = false;
        self.half_done = false;
        self.drop_kept(Close::Gracefully);
        self.data.forget_protection();
    }
}
