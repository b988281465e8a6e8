//! The queue of operations, and which of them may say something now.
//!
//! Operations stand in the order in which they were begun. [`Session::pump`] goes along them from the front, and lets each say what it can
//! ([`Procedure::advance`]); it stops at the first that has more to say and may not yet, so that nothing overtakes it. What may be said
//! behind what is [`Session::may_send`]'s to decide.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use super::exchange::{Event, Outcome};
use super::failure::{Failure, NotNow};
use super::login::Login;
use super::operation::Operation;
use super::rename::Rename;
use super::replies::{Part, Whose};
use super::secure::{Clear, Secure};
use super::server::Queues;
use super::session::{Session, Stage, Timer};
use super::single::Single;
use super::transfer::Transferring;
use crate::sequence::Step;
use crate::session::OperationId;
use crate::time::Instant;
use crate::wire::{Command, Reply};

/// How many operations can wait in a session, those under way included.
pub const QUEUE_LENGTH: usize = 64;

/// How many bytes their arguments can have together.
pub const QUEUE_BYTES: usize = 64 * 1024;

/// How many commands may be in flight: fewer than a server of this library keeps while it moves data.
const MAX_IN_FLIGHT: usize = 48;

/// How many transfers may be unfinished ahead of a pair: more than the next but one are no faster.
const MAX_AHEAD: usize = 2;

/// How many bytes of commands may be in flight, so that no server's buffer ever fills while it waits for this side to read.
const MAX_BYTES_IN_FLIGHT: usize = 4 * 1024;

/// How a command gets along with others that are under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pace {
    /// Nothing may be in flight before it, and nothing follows until it is answered.
    Alone,
    /// It changes something: carried out twice it may do harm. It waits for the end of the transfers ahead.
    Once,
    /// It stores a file over a connection that is kept open, and nothing of that file leaves before the server has said that it may: it
    /// waits for the end of the data of the transfers ahead.
    AfterData,
    /// It can be asked again if something goes wrong with what is ahead of it. It waits until it is certain that an upload ahead is carried
    /// out in its turn, and not asked for again behind it.
    Repeatable,
    /// It fetches something, and can be asked again in the same way.
    Fetch,
    /// It prepares a data connection, which can be done again, and nothing that is ahead matters to it.
    Setup,
}

/// What is unfinished ahead of an operation.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Ahead {
    pub(super) operations: usize,
    pub(super) transfers: usize,
    /// The data of one of the transfers has not ended.
    pub(super) data: bool,
    /// One of them is an upload that may yet have to be asked for again.
    pub(super) uncertain: bool,
    /// The operation behind it is a transfer too.
    pub(super) transfer_follows: bool,
}

/// How far an operation has got with what it has to say.
#[derive(Debug)]
pub(super) enum Advance {
    /// It has more to say: nothing may overtake it.
    Waits,
    /// It has said everything.
    Sent,
}

/// How an operation goes on after something happened.
#[derive(Debug)]
pub(super) enum Flow {
    Continue,
    Finish(Result<Outcome, Failure>),
}

/// An operation under way: one small machine each.
#[derive(Debug)]
pub(super) enum Procedure {
    Login(Login),
    Single(Box<Single>),
    Rename(Rename),
    Transfer(Box<Transferring>),
    Secure(Secure),
    Clear(Clear),
}

/// An operation in the queue.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: OperationId,
    /// Not there while it is at work.
    pub(super) procedure: Option<Procedure>,
    /// Something of it was sent, or done.
    pub(super) is_begun: bool,
    size: usize,
}

/// The operations, in order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    tasks: VecDeque<Task>,
    bytes: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    pub(super) fn get_mut(&mut self, id: OperationId) -> Option<&mut Task> {
        self.tasks.iter_mut().find(|task| task.id == id)
    }

    pub(super) fn front_id(&self) -> Option<OperationId> {
        self.tasks.front().map(|task| task.id)
    }

    pub(super) fn remove(&mut self, id: OperationId) {
        let index = self.tasks.iter().position(|task| task.id == id);
        if let Some(task) = index.and_then(|index| self.tasks.remove(index)) {
            self.bytes -= task.size;
        }
        if self.tasks.is_empty() {
            *self = Self::default();
        }
    }

    pub(super) fn pop(&mut self) -> Option<Task> {
        let task = self.tasks.pop_front()?;
        self.bytes -= task.size;
        Some(task)
    }

    fn push(&mut self, task: Task) {
        self.bytes += task.size;
        self.tasks.push_back(task);
    }

    /// The transfers, with the operations they are.
    pub(super) fn transfers(&self) -> impl Iterator<Item = (OperationId, &Transferring)> {
        self.tasks.iter().filter_map(|task| match &task.procedure {
            Some(Procedure::Transfer(transfer)) => Some((task.id, &**transfer)),
            _ => None,
        })
    }

    pub(super) fn transfer(&self, id: OperationId) -> Option<&Transferring> {
        self.transfers()
            .find(|(of, _)| *of == id)
            .map(|(_, transfer)| transfer)
    }

    /// Whether it is a command that has the server read a whole file before it answers.
    pub(super) fn is_digest(&self, id: OperationId) -> bool {
        let task = self.tasks.iter().find(|task| task.id == id);
        let procedure = task.and_then(|task| task.procedure.as_ref());
        matches!(procedure, Some(Procedure::Single(single)) if single.is_digest())
    }
}

impl Procedure {
    /// The machine for an operation. One that would break the session is handed back.
    pub(super) fn of(operation: Operation, id: OperationId) -> Result<Self, Operation> {
        Ok(match operation {
            Operation::Login(credentials) => Self::Login(Login::new(credentials, id)),
            Operation::Rename { from, to } => Self::Rename(Rename::new(from, to, id)),
            Operation::Secure => Self::Secure(Secure::new(id)),
            Operation::ClearControl => Self::Clear(Clear::new(id)),
            Operation::Command(command, meaning) => {
                let single = Single::new(command, meaning);
                let single = single.map_err(|command| Operation::Command(command, meaning))?;
                Self::Single(Box::new(single))
            }
            Operation::Transfer(request) => {
                let transfer = Transferring::new(request, id).map_err(Operation::Transfer)?;
                Self::Transfer(Box::new(transfer))
            }
            Operation::ThirdParty(request) => {
                let transfer = Transferring::third_party(request, id);
                Self::Transfer(Box::new(transfer.map_err(Operation::ThirdParty)?))
            }
        })
    }

    /// Says what it can.
    fn advance(
        &mut self,
        session: &mut Session,
        now: Instant,
        id: OperationId,
        ahead: Ahead,
    ) -> Advance {
        match self {
            Self::Login(login) => login.advance(session, ahead),
            Self::Single(single) => single.advance(session, id, ahead),
            Self::Rename(rename) => rename.advance(session, ahead),
            Self::Transfer(transfer) => transfer.advance(session, now, ahead),
            Self::Secure(secure) => secure.advance(session, ahead),
            Self::Clear(clear) => clear.advance(session, ahead),
        }
    }

    pub(super) fn replied(
        &mut self,
        session: &mut Session,
        now: Instant,
        part: Part,
        step: Step,
        reply: Reply,
    ) -> Flow {
        match self {
            Self::Login(login) => login.replied(session, step, reply),
            Self::Single(single) => single.replied(session, step, reply),
            Self::Rename(rename) => rename.replied(session, step, reply),
            Self::Transfer(transfer) => transfer.replied(session, now, part, step, reply),
            Self::Secure(secure) => secure.replied(session, now, step, reply),
            Self::Clear(clear) => clear.replied(session, now, step, reply),
        }
    }

    /// Forgets what it has said, which was lost: it can be asked again, or would not have been said.
    pub(super) fn again(&mut self, session: &mut Session) -> Flow {
        match self {
            Self::Single(single) => single.again(),
            Self::Transfer(transfer) => return transfer.start_over(session),
            _ => {}
        }
        Flow::Continue
    }
}

impl Session {
    /// Why an operation cannot begin now, if it cannot.
    pub(super) fn not_now(&self, operation: &Operation) -> Option<NotNow> {
        match self.stage {
            Stage::Connecting => return Some(NotNow::NotGreeted),
            Stage::Leaving | Stage::Closed => return Some(NotNow::Closed),
            Stage::Open | Stage::Resynchronising(..) if self.is_quitting => {
                return Some(NotNow::Closed);
            }
            Stage::Open | Stage::Resynchronising(..) => {}
        }
        if let Some(why) = self.insecure(operation) {
            return Some(why);
        }
        let size = operation.size();
        if size > QUEUE_BYTES {
            return Some(NotNow::Impossible);
        }
        let is_full =
            self.queue.tasks.len() >= QUEUE_LENGTH || self.queue.bytes + size > QUEUE_BYTES;
        is_full.then_some(NotNow::Busy)
    }

    pub(super) fn enqueue(
        &mut self,
        now: Instant,
        id: OperationId,
        procedure: Procedure,
        size: usize,
    ) {
        self.queue.push(Task {
            id,
            procedure: Some(procedure),
            is_begun: false,
            size,
        });
        self.go_on(now);
    }

    /// What follows everything that happened: whatever can be said now is said, and the timers are set for what is waited for.
    pub(super) fn go_on(&mut self, now: Instant) {
        self.pump(now);
        self.watch(now);
    }

    fn pump(&mut self, now: Instant) {
        self.give_turns(now);
        let mut ahead = Ahead::default();
        let mut index = 0;
        while index < self.queue.tasks.len() && self.may_talk() {
            ahead.transfer_follows = self.is_transfer(index + 1);
            let Some(task) = self.queue.tasks.get_mut(index) else {
                break;
            };
            let id = task.id;
            let Some(mut procedure) = task.procedure.take() else {
                break;
            };
            let advance = procedure.advance(self, now, id, ahead);
            ahead.note(&procedure);
            if let Some(task) = self.queue.tasks.get_mut(index) {
                task.procedure = Some(procedure);
            }
            if let Advance::Waits = advance {
                break;
            }
            index += 1;
        }
        // An eager upload's data may leave once its command has been said.
        self.give_turns(now);
        if self.is_quitting && self.queue.is_empty() && self.may_talk() && self.awaiting.is_empty()
        {
            self.stage = Stage::Leaving;
            self.timers
                .start(Timer::Linger, now, self.config.timeouts.linger);
            self.send(Command::Quit, Whose::Farewell);
        }
    }

    fn is_transfer(&self, index: usize) -> bool {
        let task = self.queue.tasks.get(index);
        task.is_some_and(|task| matches!(task.procedure, Some(Procedure::Transfer(_))))
    }

    /// Whether anything may be said at all.
    fn may_talk(&self) -> bool {
        self.stage == Stage::Open
            && self.channel.is_open()
            && !self.awaiting.is_in_doubt()
            && self.peer_ended.is_none()
    }

    /// Whether a command of this kind may follow what is in flight and what is unfinished ahead of it.
    pub(super) fn may_send(&self, pace: Pace, ahead: Ahead) -> bool {
        if self.awaiting.is_empty() && ahead.operations == 0 {
            return true;
        }
        if pace == Pace::Alone || !self.config.pipelining {
            return false;
        }
        if self.awaiting.len() >= MAX_IN_FLIGHT || self.awaiting.bytes() >= MAX_BYTES_IN_FLIGHT {
            return false;
        }
        if ahead.transfers == 0 {
            return true;
        }
        let is_kept = self.data.kept.is_some();
        match pace {
            Pace::Repeatable => self.shown.queues == Queues::Yes && !ahead.uncertain,
            // Who keeps a data connection open for the next transfer keeps that in mind too.
            Pace::Fetch | Pace::Setup => {
                let is_certain = pace == Pace::Setup || !ahead.uncertain;
                let is_taken = match self.shown.queues {
                    Queues::Yes => is_kept || ahead.transfers <= MAX_AHEAD,
                    Queues::Unknown | Queues::Probing(_) => is_kept,
                    Queues::No => false,
                };
                is_certain && is_taken
            }
            // A reply to anything but transfers might come early, and leave it in doubt whether this one was taken.
            Pace::AfterData => {
                let is_clear = self.awaiting.count_transfers() == self.awaiting.len();
                is_kept && !ahead.data && is_clear && self.shown.queues != Queues::No
            }
            Pace::Once | Pace::Alone => false,
        }
    }

    /// Something of an operation is done: it can no longer be said that it was not carried out.
    pub(super) fn begin_work(&mut self, id: OperationId) {
        if let Some(task) = self.queue.get_mut(id) {
            task.is_begun = true;
        }
    }

    /// Lets an operation work on something that happened.
    pub(super) fn with_task(
        &mut self,
        id: OperationId,
        act: impl FnOnce(&mut Procedure, &mut Self) -> Flow,
    ) {
        let Some(task) = self.queue.get_mut(id) else {
            return;
        };
        let Some(mut procedure) = task.procedure.take() else {
            return;
        };
        let flow = act(&mut procedure, self);
        if let Some(task) = self.queue.get_mut(id) {
            task.procedure = Some(procedure);
        }
        match flow {
            Flow::Continue => {}
            Flow::Finish(result) => self.finish(id, result),
        }
    }

    pub(super) fn with_transfer(
        &mut self,
        id: OperationId,
        act: impl FnOnce(&mut Transferring, &mut Self) -> Flow,
    ) {
        self.with_task(id, |procedure, session| match procedure {
            Procedure::Transfer(transfer) => act(transfer, session),
            _ => Flow::Continue,
        });
    }

    fn finish(&mut self, id: OperationId, result: Result<Outcome, Failure>) {
        self.queue.remove(id);
        self.outputs.tell(Event::Finished(id, result));
        if self.data.user == Some(id) {
            self.data.user = None;
        }
        if let Some(why) = self.peer_ended.take() {
            self.die(why);
        }
    }
}

impl Ahead {
    fn note(&mut self, procedure: &Procedure) {
        self.operations += 1;
        if let Procedure::Transfer(transfer) = procedure {
            self.transfers += 1;
            self.data |= !transfer.data_is_complete();
            self.uncertain |= transfer.is_uncertain_upload();
        }
    }
}
