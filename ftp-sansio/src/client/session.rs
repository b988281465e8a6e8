//! The machine: what it holds, how bytes come in and go out, its timers, and its end.

use alloc::sync::Arc;

use super::config::{Config, Timeouts, Tls};
use super::exchange::{Action, Event, Input, Output, Outputs};
use super::failure::{Failure, NotNow, Violation, Wait};
use super::kept::DataPlane;
use super::out::Out;
use super::queue::{Procedure, QUEUE_BYTES, QUEUE_LENGTH, Queue, Task};
use super::replies::{Awaited, Awaiting, Part, Whose};
use super::resync::Resync;
use super::route::Route;
use super::secure::Channel;
use super::server::{InForce, Setting, Shown};
use super::transfer::Transferring;
use crate::data::Direction;
use crate::sequence::Exchange;
use crate::session::{Close, Endpoints, OperationId, Serial, Transmit};
use crate::time::Instant;
use crate::timer::{Timers, timers};
use crate::tls::TlsTicket;
use crate::wire::{Command, Frame, Reply, Verb};

/// The longest line of a reply, in bytes, without its end.
pub(super) const MAX_LINE: usize = 8 * 1024;

/// No bytes are taken while more than this waits to be sent: a peer that floods us with Telnet options.
const OUTBOX_GATE: usize = 32 * 1024;

/// No bytes are taken while this many outputs wait to be polled.
const OUTPUTS_GATE: usize = 32;

/// The most heap memory, in bytes, that one session's machine holds besides six replies of [`Config::reply_limit`]: the one
/// that is read (doubled as it grows), those that wait to be polled, those whose transfers' data has not ended, and refusals in doubt.
/// It is one line, the outbox, the operations in the queue with what they say, and the outputs.
pub const MEMORY_BOUND: usize = 2 * MAX_LINE
    + 2 * (OUTBOX_GATE + QUEUE_BYTES)
    + 2 * QUEUE_BYTES
    + QUEUE_LENGTH * (2 * size_of::<Task>() + size_of::<Transferring>())
    + 2 * (OUTPUTS_GATE + 4 * QUEUE_LENGTH) * size_of::<Output>()
    + 2 * QUEUE_LENGTH * size_of::<Awaited>();

timers! {
    /// What a session may wait for only so long.
    Timer {
        /// The greeting, or the next reply.
        Reply,
        /// TLS to begin or to end.
        Tls,
        /// This side to listen.
        Listen,
        /// The data connection.
        DataOpen,
        /// The next byte on the data connection.
        DataProgress,
        /// The end of a transfer between two other parties.
        ThirdParty,
        /// The replies after a transfer was given up.
        Abort,
        /// The reply to QUIT.
        Linger,
        /// Nothing: after that long without a word a NOOP is sent.
        Keepalive,
    }
}

/// One control connection and what is asked of it. See the [module](super).
#[derive(Debug)]
pub struct Session {
    pub(super) config: Arc<Config>,
    pub(super) ends: Endpoints,
    pub(super) channel: Channel,
    pub(super) out: Out,
    pub(super) outputs: Outputs,
    pub(super) timers: Timers<Timer, { Timer::COUNT }>,
    pub(super) serial: Serial,
    pub(super) stage: Stage,
    pub(super) queue: Queue,
    pub(super) awaiting: Awaiting,
    /// The data connection, and how it is protected.
    pub(super) data: DataPlane,
    pub(super) route: Route,
    pub(super) in_force: InForce,
    pub(super) shown: Shown,
    /// A REST was accepted, and no transfer has used the position yet.
    pub(super) position_pending: bool,
    /// The last reply waits for the command that completes it (RFC 959 § 5.4): nothing goes between.
    pub(super) half_done: bool,
    /// QUIT will be sent when everything else is over.
    pub(super) is_quitting: bool,
    /// Why the server will say nothing more, once that is so and only a transfer's data is waited for.
    pub(super) peer_ended: Option<Failure>,
}

/// Where in its life the session is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// The greeting has not come.
    Connecting,
    Open,
    /// Replies are thrown away until it is certain which are the past; then the operation that was aborted, if one was, is over.
    Resynchronising(Resync, Option<OperationId>),
    /// QUIT is sent.
    Leaving,
    Closed,
}

impl Session {
    /// A session on a connection that was just made; it waits for the server's greeting, with [`Tls::Implicit`] after TLS is up.
    #[must_use]
    pub fn new(config: Arc<Config>, ends: Endpoints, now: Instant) -> Self {
        let mut session = Self {
            ends,
            channel: Channel::new(config.reply_limit),
            out: Out::default(),
            outputs: Outputs::default(),
            timers: Timers::new(),
            serial: Serial::default(),
            stage: Stage::Connecting,
            queue: Queue::default(),
            awaiting: Awaiting::default(),
            data: DataPlane::default(),
            route: Route::new(config.data_path, ends),
            in_force: InForce::new(),
            shown: Shown::default(),
            position_pending: false,
            half_done: false,
            is_quitting: false,
            peer_ended: None,
            config,
        };
        session
            .awaiting
            .push(Exchange::Greeting, Whose::Greeting, 0);
        if session.config.tls == Tls::Implicit {
            session.channel = Channel::handshaking();
            session
                .timers
                .start(Timer::Tls, now, session.config.timeouts.tls);
            session.outputs.act(Action::StartTls(TlsTicket::new()));
        }
        session.watch(now);
        session
    }

    /// Takes bytes that the control connection brought, and says how many. A partial line is taken and held.
    ///
    /// Fewer than all are taken when the session pauses ([`wants_read`](Self::wants_read)): offer the rest again after
    /// the next [`poll`](Self::poll), [`handle`](Self::handle) or [`transmitted`](Self::transmitted). Where TLS begins meanwhile, the rest
    /// was not clear text and goes into the TLS engine.
    pub fn receive(&mut self, now: Instant, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..)
            && !rest.is_empty()
            && self.wants_read()
        {
            let Some(framing) = self.channel.framing() else {
                return bytes.len();
            };
            let (count, frame) = framing.reader.read(rest);
            taken += count;
            match frame {
                Some(Frame::Line(line)) => self.take_line(now, &line),
                Some(Frame::TooLong(_)) => self.die(Failure::Protocol(Violation::TooLong)),
                Some(Frame::Negotiate(answer)) => {
                    self.out.append(|bytes| bytes.extend_from_slice(&answer));
                }
                None => {}
            }
        }
        taken
    }

    /// False while the session takes no bytes.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        let reply_bytes = self.outputs.reply_bytes() + self.replies_kept();
        self.stage == Stage::Closed
            || (self.channel.is_open()
                && self.out.len() <= OUTBOX_GATE + QUEUE_BYTES
                && self.outputs.len() < OUTPUTS_GATE
                && reply_bytes <= self.config.reply_limit)
    }

    /// Bytes of final replies whose transfers' data has not ended, and of a 421 after them.
    fn replies_kept(&self) -> usize {
        let replies = self
            .queue
            .transfers()
            .filter_map(|(_, transfer)| transfer.final_reply());
        let farewell = self.peer_ended.as_ref().and_then(Failure::reply);
        replies
            .chain(farewell)
            .map(|reply| reply.text().len())
            .sum()
    }

    /// Takes in what happened outside. What comes too late, or was not asked for, changes nothing.
    pub fn handle(&mut self, now: Instant, input: Input) {
        if self.stage == Stage::Closed {
            return;
        }
        match input {
            Input::Tick => self.tick(now),
            Input::Flushed => {
                self.out.flushed();
                self.flushed();
            }
            Input::Disconnected | Input::PeerEnded => self.disconnected(),
            Input::GivenUp => self.die(Failure::Closed(None)),
            Input::Tls(event) => self.tls_changed(event),
            input => self.data_happened(now, input),
        }
        self.go_on(now);
    }

    /// The control bytes to write next, if any.
    #[must_use]
    pub fn transmit(&self) -> Option<Transmit<'_>> {
        self.out.transmit()
    }

    /// Notes that the stream took `count` of the bytes that [`transmit`](Self::transmit) showed.
    pub fn transmitted(&mut self, _now: Instant, count: usize) {
        self.out.transmitted(count);
    }

    /// The next output, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.poll()
    }

    /// When to [`handle`](Self::handle) a [`Input::Tick`] at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// True once the session is over: nothing can be asked of it any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// True while nothing is under way: everything that was begun is over, and no reply is awaited.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.stage == Stage::Open && self.queue.is_empty() && self.awaiting.is_empty()
    }

    /// Gives up an operation that was begun and is not wanted any more. It ends with [`Failure::Aborted`], unless it is over before that.
    ///
    /// - Of which nothing was sent, it is over at once.
    /// - A transfer is aborted. With nothing in flight behind it that is done by ABOR, and the replies are followed until it is
    ///   certain which of them are the past. With commands in flight behind it, it is done by a reset of the data connection, and
    ///   what was sent behind it is carried out as it would have been; in MODE B and C that has lost its data connection, and
    ///   is asked for again.
    /// - Anything else simply goes on to its end, since a command cannot be taken back.
    ///
    /// A server that does not let go of the transfer within [`Timeouts::abort`](super::Timeouts::abort) loses the session: everything that
    /// was begun then ends with that [`Timeout`](Failure::Timeout), and what was not with [`Failure::NotBegun`].
    pub fn abort(&mut self, now: Instant, id: OperationId) {
        self.with_task(id, |procedure, session| match procedure {
            Procedure::Transfer(transfer) => transfer.abort(session, now, Failure::Aborted),
            _ => super::queue::Flow::Continue,
        });
        if self.queue.get_mut(id).is_some_and(|task| !task.is_begun) {
            self.queue.remove(id);
            self.outputs
                .tell(Event::Finished(id, Err(Failure::Aborted)));
        }
        self.go_on(now);
    }

    /// Says QUIT as soon as everything that was begun is over, a transfer that runs too; nothing more can be begun. The session ends
    /// with the reply to it, or without one after [`Timeouts::linger`](super::Timeouts::linger).
    ///
    /// Who does not want to wait gives up what was begun with [`abort`](Self::abort).
    pub fn quit(&mut self, now: Instant) {
        if self.stage != Stage::Closed {
            self.is_quitting = true;
            self.go_on(now);
        }
    }

    /// Asks the server how the transfer that is under way fares (STAT, RFC 959 § 4.1.3); the answer is an [`Event::Status`]. A server that
    /// does not look at the control connection during a transfer answers after it.
    ///
    /// # Errors
    /// [`NotNow::NoTransfer`] where none is under way, [`NotNow::Busy`] where it was asked already, and what
    /// [`begin`](Self::begin) may say.
    pub fn ask_status(&mut self, now: Instant) -> Result<(), NotNow> {
        match self.stage {
            Stage::Closed | Stage::Leaving => return Err(NotNow::Closed),
            Stage::Open if self.awaiting.has_status() || self.awaiting.is_in_doubt() => {
                return Err(NotNow::Busy);
            }
            Stage::Open if self.awaiting.runs_transfer() && self.peer_ended.is_none() => {}
            _ => return Err(NotNow::NoTransfer),
        }
        self.append_synch();
        self.send(Command::Stat(None), Whose::Status);
        self.go_on(now);
        Ok(())
    }

    fn tick(&mut self, now: Instant) {
        while let Some(timer) = self.timers.expired(now) {
            match timer {
                Timer::Reply => self.die(Failure::Timeout(Wait::Reply)),
                Timer::Tls => self.die(Failure::Timeout(Wait::Tls)),
                Timer::Abort => self.die(Failure::Timeout(Wait::Abort)),
                Timer::Linger => self.leave(),
                Timer::Keepalive => self.send(Command::Noop, Whose::Keepalive),
                Timer::Listen | Timer::DataOpen | Timer::DataProgress | Timer::ThirdParty => {
                    self.data_timed_out(now, timer);
                }
            }
        }
    }

    /// Sets the timers for what is waited for now.
    pub(super) fn watch(&mut self, now: Instant) {
        let front = self.awaiting.front().map(|front| front.whose);
        let timeout = match (self.stage, front) {
            (Stage::Resynchronising(..) | Stage::Leaving | Stage::Closed, _) | (_, None) => None,
            _ if !self.channel.is_open() || self.peer_ended.is_some() => None,
            (_, Some(Whose::Greeting)) => Some(self.config.timeouts.greeting),
            // Its data, or the data of one ahead of it, is waited for, and has a deadline of its own.
            (_, Some(Whose::Task(id, Part::Verb))) if self.waits_for_data(id) => None,
            (_, Some(Whose::Task(id, _))) if self.queue.is_digest(id) => {
                Some(self.config.timeouts.digest)
            }
            // Where an upload's data has ended here, its tail may be on its way still.
            (_, Some(Whose::Task(id, Part::Verb))) if self.has_sent_data(id) => {
                let Timeouts {
                    reply,
                    data_progress,
                    ..
                } = self.config.timeouts;
                Some(reply.saturating_add(data_progress))
            }
            _ => Some(self.config.timeouts.reply),
        };
        self.keep(Timer::Reply, now, timeout);
        let is_following = match (self.stage, front) {
            // While data of a transfer comes that is over otherwise, nobody else can be helped.
            (Stage::Resynchronising(_, aborted), _) => {
                aborted.is_some() || self.data.user.is_none()
            }
            (Stage::Open, Some(Whose::Task(id, Part::Verb))) => self
                .queue
                .transfer(id)
                .is_some_and(Transferring::is_unwanted),
            _ => false,
        };
        let abort = Some(self.config.timeouts.abort).filter(|_| is_following);
        self.keep(Timer::Abort, now, abort);
        let is_idle = self.is_idle()
            && !self.half_done
            && !self.position_pending
            && self.peer_ended.is_none();
        let keepalive = self.config.keepalive.filter(|_| is_idle);
        self.keep(Timer::Keepalive, now, keepalive);
    }

    fn waits_for_data(&self, id: OperationId) -> bool {
        let transfer = self.queue.transfer(id);
        transfer.is_some_and(|transfer| transfer.waits_for_data(self))
    }

    fn has_sent_data(&self, id: OperationId) -> bool {
        let transfer = self.queue.transfer(id);
        transfer.is_some_and(|transfer| {
            transfer.direction == Direction::Send && transfer.data_is_complete()
        })
    }

    /// Lets a timer run, without starting it again, exactly while there is a time for it.
    fn keep(&mut self, timer: Timer, now: Instant, time: Option<core::time::Duration>) {
        match (time, self.timers.is_set(timer)) {
            (Some(time), false) => self.timers.start(timer, now, time),
            (None, true) => self.timers.stop(timer),
            _ => {}
        }
    }

    fn disconnected(&mut self) {
        if self.stage == Stage::Leaving {
            self.leave();
        } else {
            self.peer_ended(None);
        }
    }

    /// The server has said its last word, perhaps with a 421. Where a transfer has had its final reply before, its data may still be on the
    /// way.
    pub(super) fn peer_ended(&mut self, farewell: Option<Reply>) {
        let waits_for_data = self
            .queue
            .transfers()
            .next()
            .is_some_and(|(_, transfer)| transfer.final_reply().is_some());
        let why = Failure::Closed(farewell);
        if waits_for_data {
            // A 421 says more than the end that follows it.
            self.peer_ended.get_or_insert(why);
        } else {
            self.die(why);
        }
    }

    /// The end as it should be: after QUIT.
    pub(super) fn leave(&mut self) {
        self.shut(Close::Gracefully, None);
    }

    /// The end as it should not be. It is sticky: whatever is asked from now on is refused.
    pub(super) fn die(&mut self, failure: Failure) {
        let how = if matches!(failure, Failure::Closed(_)) {
            Close::Gracefully
        } else {
            Close::Abruptly
        };
        self.shut(how, Some(failure));
    }

    fn shut(&mut self, how: Close, failure: Option<Failure>) {
        if self.stage == Stage::Closed {
            return;
        }
        self.stage = Stage::Closed;
        self.timers.stop_all();
        self.out.clear();
        self.awaiting.clear();
        self.channel.close();
        while let Some(mut task) = self.queue.pop() {
            if let Some(Procedure::Transfer(transfer)) = &mut task.procedure {
                transfer.drop_data(self, Close::Abruptly);
            }
            let why = if task.is_begun {
                failure.clone().unwrap_or(Failure::Closed(None))
            } else {
                Failure::NotBegun
            };
            self.outputs.tell(Event::Finished(task.id, Err(why)));
        }
        self.drop_kept(how);
        self.drop_decoy();
        self.outputs.tell(Event::Closed(failure));
        self.outputs.act(Action::Close(how));
    }

    /// A command outside of a transfer goes out that concerns what this machine keeps.
    pub(super) fn parameters_change(&mut self, command: &Command) {
        if let Some(setting) = Setting::of(command) {
            self.in_force.sent(setting);
        }
        if let Command::User(_) = command {
            self.in_force.user_changed();
        }
        let verb = command.verb();
        // What another port means for a data connection that is open: RFC 959 § 3.2.
        let closes_data = verb.is_some_and(|verb| {
            use Verb::{Abor, Cpsv, Eprt, Epsv, Lprt, Lpsv, Pasv, Port, Prot, Rein, Sscn};
            matches!(
                verb,
                Abor | Cpsv | Epsv | Eprt | Lprt | Lpsv | Pasv | Port | Prot | Rein | Sscn
            )
        });
        let changes_mode = matches!(command, Command::Mode(_));
        if closes_data || changes_mode || verb.is_none() {
            self.drop_kept(Close::Gracefully);
        }
    }

    /// The command was answered well.
    pub(super) fn parameters_changed(&mut self, command: &Command) {
        match command {
            Command::Rein => {
                self.in_force = InForce::new();
                self.position_pending = false;
            }
            Command::Unknown { .. } => self.in_force.forget_representation(),
            Command::Prot(level) => self.data.protected(*level),
            Command::Sscn(Some(is_client)) => self.data.roles_turned(*is_client),
            _ => {}
        }
    }
}
