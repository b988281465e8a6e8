//! The replies that are awaited, in the order of their commands, and finding out which reply belongs to which.
//!
//! A server answers in order (RFC 959 § 5.4), except where it looks at the control connection while it moves data: STAT is answered then
//! and there, and some servers answer or refuse, or even lose, whatever else came behind the transfer. So as long as a transfer with
//! something behind it is under way, a refusal is in *doubt*: is it the transfer's, or an early one to what is behind? The next replies
//! tell. If the transfer's end is among them, the refusals before it were early, this server is not sent anything behind a
//! transfer again, and what was refused or lost is asked for again; nobody has noticed. Otherwise everything was in order.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::exchange::Event;
use super::failure::{Failure, Violation};
use super::queue::Procedure;
use super::server::{Queues, Setting};
use super::session::{Session, Stage, Timer};
use crate::sequence::{self, Exchange, Phase, Step};
use crate::session::OperationId;
use crate::time::Instant;
use crate::wire::{Class, Code, Command, Reply, ReplyError, Verb};

/// A reply that is to come.
#[derive(Debug)]
pub(super) struct Awaited {
    pub(super) exchange: Exchange,
    pub(super) phase: Phase,
    pub(super) whose: Whose,
    /// How long its command was.
    bytes: usize,
    /// Its command was sent before the one before it was answered.
    is_behind: bool,
}

/// What a command was sent for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Whose {
    Greeting,
    /// For an operation, which may be over by now.
    Task(OperationId, Part),
    /// The NOOP that shows what the server does with commands behind this transfer.
    Probe,
    /// The PWD that shows whether PORT is answered in its turn.
    PortProbe,
    /// The user's STAT during a transfer.
    Status,
    Keepalive,
    Farewell,
}

/// Which part of its operation a command was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Its operation knows which, for it says one thing at a time.
    Only,
    Setting(Setting),
    Pret,
    /// Which of its operation's attempts: what an earlier one asked for is not the answer to a later one.
    Route(u32),
    Restart,
    /// The command that moves data.
    Verb,
}

/// The replies that are awaited.
#[derive(Debug, Default)]
pub(super) struct Awaiting {
    queue: VecDeque<Awaited>,
    bytes: usize,
    /// Refusals in doubt: see the [module](self).
    doubted: Vec<Reply>,
}

/// What a reply is to what is awaited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reading {
    /// The next one's.
    Next,
    /// That of a command further behind, which was answered beside a transfer.
    Beside(usize),
    /// A refusal of the transfer or of what is behind it.
    Doubtful,
    /// No such reply is awaited.
    Impossible,
}

impl Awaiting {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_in_doubt(&self) -> bool {
        !self.doubted.is_empty()
    }

    pub(super) fn front(&self) -> Option<&Awaited> {
        self.queue.front()
    }

    pub(super) fn push(&mut self, exchange: Exchange, whose: Whose, bytes: usize) {
        self.bytes += bytes;
        self.queue.push_back(Awaited {
            exchange,
            phase: Phase::Issued,
            whose,
            bytes,
            is_behind: !self.queue.is_empty(),
        });
    }

    fn remove(&mut self, index: usize) -> Option<Awaited> {
        let awaited = self.queue.remove(index)?;
        self.bytes -= awaited.bytes;
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
        }
        Some(awaited)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether the reply to a command of this kind is awaited.
    pub(super) fn has(&self, is: impl Fn(Part) -> bool) -> bool {
        let is = |whose| matches!(whose, Whose::Task(_, part) if is(part));
        self.queue.iter().any(|awaited| is(awaited.whose))
    }

    pub(super) fn has_status(&self) -> bool {
        self.queue
            .iter()
            .any(|awaited| awaited.whose == Whose::Status)
    }

    /// Whether nothing is in flight but what was sent for this operation, and perhaps a STAT beside it.
    pub(super) fn is_all_of(&self, id: OperationId) -> bool {
        let is_of = |awaited: &Awaited| match awaited.whose {
            Whose::Task(of, _) => of == id,
            whose => whose == Whose::Status,
        };
        self.queue.iter().all(is_of)
    }

    /// How many of the commands in flight are to move data.
    pub(super) fn count_transfers(&self) -> usize {
        let is_verb = |awaited: &&Awaited| matches!(awaited.whose, Whose::Task(_, Part::Verb));
        self.queue.iter().filter(is_verb).count()
    }

    /// The transfer at the front, once it is under way.
    pub(super) fn runs_transfer(&self) -> bool {
        self.front().is_some_and(|front| {
            front.phase == Phase::Underway && matches!(front.whose, Whose::Task(_, Part::Verb))
        })
    }

    fn read(&self, reply: &Reply) -> Reading {
        let status = self
            .queue
            .iter()
            .position(|awaited| awaited.whose == Whose::Status);
        // Once the transfer is over, it is answered in its turn.
        if let (Some(index), Code::SYSTEM_STATUS | Code::DIRECTORY_STATUS | Code::FILE_STATUS) =
            (status.filter(|_| self.runs_transfer()), reply.code())
        {
            return Reading::Beside(index);
        }
        let second = self.queue.get(1).map(|second| second.whose);
        if reply.code() == Code::PATHNAME && second == Some(Whose::PortProbe) {
            return Reading::Beside(1);
        }
        let is_transfer = self
            .front()
            .is_some_and(|front| matches!(front.whose, Whose::Task(_, Part::Verb)));
        if !is_transfer || self.len() == 1 || reply.class() == Class::Preliminary {
            return Reading::Next;
        }
        let is_probed = second == Some(Whose::Probe);
        match reply.code() {
            Code::OK if is_probed && !self.is_in_doubt() => Reading::Beside(1),
            code if answers_something_else(code) => Reading::Impossible,
            code if code.class().is_negative() && self.runs_transfer() => Reading::Doubtful,
            _ => Reading::Next,
        }
    }
}

/// Whether a code is the good answer to something, and not the end of a transfer. Only asked where both may come; everywhere else
/// the first digit decides (RFC 1123 § 4.1.2.11).
const fn answers_something_else(code: Code) -> bool {
    matches!(
        code,
        Code::OK
            | Code::SYSTEM_STATUS
            | Code::DIRECTORY_STATUS
            | Code::FILE_STATUS
            | Code::HELP
            | Code::SYSTEM_TYPE
            | Code::PASSIVE_MODE
            | Code::LONG_PASSIVE_MODE
            | Code::EXTENDED_PASSIVE_MODE
            | Code::PATHNAME
    )
}

/// Whether a code says that a transfer broke off, and refuses nothing else.
const fn fails_transfer(code: Code) -> bool {
    matches!(
        code,
        Code::TRANSFER_ABORTED
            | Code::LOCAL_ERROR
            | Code::INSUFFICIENT_STORAGE
            | Code::PAGE_TYPE_UNKNOWN
            | Code::STORAGE_EXCEEDED
    )
}

impl Session {
    /// Sends a command, and awaits its reply. [`go_on`](Self::go_on) follows.
    pub(super) fn send(&mut self, command: Command, whose: Whose) {
        let exchange = command.verb().map_or(Exchange::Unknown, Exchange::Command);
        let length = self.out.append(|bytes| command.encode(bytes));
        self.awaiting.push(exchange, whose, length);
        self.note_sent(whose);
        if self.config.trace {
            self.outputs.tell(Event::Sent(command));
        }
    }

    fn note_sent(&mut self, whose: Whose) {
        let Whose::Task(id, part) = whose else { return };
        self.begin_work(id);
        if let Part::Setting(setting) = part {
            self.in_force.sent(setting);
        }
    }

    pub(super) fn take_line(&mut self, now: Instant, line: &[u8]) {
        let Some(framing) = self.channel.framing() else {
            return;
        };
        // Sloppy servers end a reply with an empty line; it says nothing.
        if !framing.replies.is_mid_reply() && line.trim_ascii().is_empty() {
            return;
        }
        match framing.replies.push(line) {
            Ok(None) => {}
            Ok(Some(reply)) => {
                self.take_reply(now, reply);
                self.go_on(now);
            }
            Err(ReplyError::TooLong) => self.die(Failure::Protocol(Violation::TooLong)),
            Err(_) => self.die(Failure::Protocol(Violation::NotAReply)),
        }
    }

    fn take_reply(&mut self, now: Instant, reply: Reply) {
        if self.config.trace {
            self.outputs.tell(Event::Received(reply.clone()));
        }
        if self.peer_ended.is_some() {
            return;
        }
        if reply.code() == Code::SERVICE_NOT_AVAILABLE {
            return self.peer_ended(Some(reply));
        }
        if let Stage::Resynchronising(how_far, aborted) = self.stage {
            return self.resynchronise(how_far, aborted, &reply);
        }
        if self.awaiting.is_empty() {
            return self.die(Failure::Protocol(Violation::Unexpected(reply)));
        }
        let in_doubt = self.awaiting.is_in_doubt();
        match self.awaiting.read(&reply) {
            Reading::Beside(index) => self.take_beside(now, index, reply),
            _ if in_doubt => self.decide(now, reply),
            Reading::Next => self.take_next(now, reply),
            Reading::Doubtful => self.doubt(reply),
            Reading::Impossible => self.die(Failure::Protocol(Violation::OutOfSequence(reply))),
        }
    }

    /// A reply to the first command that is not answered.
    fn take_next(&mut self, now: Instant, reply: Reply) {
        let Some(front) = self.awaiting.queue.front_mut() else {
            return self.die(Failure::Protocol(Violation::Unexpected(reply)));
        };
        let Some(step) = sequence::step(front.exchange, front.phase, reply.class()) else {
            return self.die(Failure::Protocol(Violation::OutOfSequence(reply)));
        };
        let (exchange, whose) = (front.exchange, front.whose);
        if step == Step::Preliminary {
            front.phase = Phase::Underway;
        } else {
            self.shown.in_order |= front.is_behind && reply.class().is_positive();
            self.awaiting.remove(0);
            self.timers.stop(Timer::Reply);
        }
        self.half_done = step == Step::Intermediate;
        self.note(exchange, whose, step);
        self.dispatch(now, whose, step, reply);
    }

    /// A reply to a command behind a transfer that goes on.
    fn take_beside(&mut self, now: Instant, index: usize, reply: Reply) {
        let Some(awaited) = self.awaiting.remove(index) else {
            return;
        };
        match awaited.whose {
            Whose::Probe => self.shown.queues = Queues::No,
            Whose::PortProbe => self.shown.no_pairs = true,
            whose => self.dispatch(now, whose, Step::Completed, reply),
        }
        if self.awaiting.is_in_doubt() && self.awaiting.doubted.len() == self.awaiting.len() {
            self.replay(now);
        }
    }

    /// What is known of the server after this.
    fn note(&mut self, exchange: Exchange, whose: Whose, step: Step) {
        match (whose, step) {
            (Whose::Task(_, Part::Setting(setting)), Step::Refused) => {
                self.in_force.refused(setting)
            }
            (Whose::Task(_, Part::Restart), Step::Intermediate) => self.shown.restarts = true,
            (Whose::Task(_, Part::Verb), Step::Completed) => {
                if let Queues::Probing(_) = self.shown.queues {
                    self.shown.queues = Queues::Probing(true);
                }
            }
            (Whose::PortProbe, _) => self.shown.ports_in_order = true,
            (Whose::Probe, _) => {
                let is_proof = self.shown.queues == Queues::Probing(true);
                self.shown.queues = if is_proof {
                    Queues::Yes
                } else {
                    Queues::Unknown
                };
            }
            _ => {}
        }
        match (exchange, step) {
            (Exchange::Command(Verb::Rest), Step::Intermediate) => self.position_pending = true,
            (Exchange::Command(verb), Step::Preliminary | Step::Completed) if verb.moves_data() => {
                self.position_pending = false;
            }
            _ => {}
        }
    }

    fn dispatch(&mut self, now: Instant, whose: Whose, step: Step, reply: Reply) {
        match (whose, step) {
            (Whose::Task(id, part), _) => self.with_task(id, |procedure, session| {
                procedure.replied(session, now, part, step, reply)
            }),
            (Whose::Greeting, Step::Preliminary) => {}
            (Whose::Greeting, Step::Completed) => {
                self.stage = Stage::Open;
                self.outputs.tell(Event::Greeting(reply));
            }
            (Whose::Greeting, _) => self.die(Failure::Closed(Some(reply))),
            (Whose::Status, _) => self.outputs.tell(Event::Status(reply)),
            (Whose::Farewell, _) => self.leave(),
            (Whose::Probe | Whose::PortProbe | Whose::Keepalive, _) => {}
        }
    }

    /// Keeps a refusal until it is clear what was refused.
    fn doubt(&mut self, reply: Reply) {
        let bytes = self.awaiting.doubted.iter().map(|reply| reply.text().len());
        if bytes.sum::<usize>() + reply.text().len() > self.config.reply_limit {
            return self.die(Failure::Protocol(Violation::TooLong));
        }
        self.awaiting.doubted.push(reply);
    }

    /// A reply after one or more refusals in doubt. Where the transfer's good end has come, they were early; where it fits to what is its
    /// turn if they were not, they were not.
    fn decide(&mut self, now: Instant, reply: Reply) {
        let index = self.awaiting.doubted.len();
        let slot = self.awaiting.queue.get(index);
        let fits = slot
            .is_some_and(|slot| sequence::step(slot.exchange, slot.phase, reply.class()).is_some());
        let ends_transfer =
            reply.class() == Class::Completion && !answers_something_else(reply.code());
        // Where it ended badly, some codes are for that alone, and those before it then were not its.
        let tells_failure = fails_transfer(reply.code())
            && !self
                .awaiting
                .doubted
                .iter()
                .any(|doubted| fails_transfer(doubted.code()));
        if ends_transfer || tells_failure {
            return self.disorder(now, reply);
        }
        if !fits {
            return self.die(Failure::Protocol(Violation::OutOfSequence(reply)));
        }
        if reply.class().is_negative() {
            self.doubt(reply);
            if self.awaiting.doubted.len() < self.awaiting.len() {
                return;
            }
            return self.replay(now);
        }
        self.replay(now);
        self.take_next(now, reply);
    }

    /// The replies in doubt were in order.
    pub(super) fn replay(&mut self, now: Instant) {
        for reply in core::mem::take(&mut self.awaiting.doubted) {
            self.take_next(now, reply);
        }
    }

    /// The refusals in doubt were early answers to what was sent behind a transfer, which has now come to its good end. Where there were
    /// fewer of them than commands, some were lost, or are answered later: the place in the replies has to be found again. Whatever
    /// was behind is asked for again; nothing was sent there that may not be.
    fn disorder(&mut self, now: Instant, end: Reply) {
        let mut early = core::mem::take(&mut self.awaiting.doubted);
        let count = early.len();
        let has_restart = self.awaiting.has(|part| part == Part::Restart);
        let behind: Vec<Whose> = self
            .awaiting
            .queue
            .drain(1..)
            .map(|awaited| awaited.whose)
            .collect();
        self.awaiting.bytes = self.awaiting.front().map_or(0, |front| front.bytes);
        self.shown.queues = Queues::No;
        for whose in &behind {
            match (*whose, early.pop()) {
                (Whose::Task(id, _), _) => {
                    self.with_task(id, Procedure::again);
                }
                (Whose::Status, Some(refusal)) => self.outputs.tell(Event::Status(refusal)),
                _ => {}
            }
        }
        self.take_next(now, end);
        // A position may have been taken, or be taken yet, though the answer to it goes unread.
        self.position_pending |= has_restart;
        if count < behind.len() && self.stage == Stage::Open {
            self.begin_resync(now);
        }
    }
}
