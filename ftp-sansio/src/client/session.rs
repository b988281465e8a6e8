//! The machine: what it holds, how replies come in, how commands and actions go out, and its timers.

use alloc::sync::Arc;

use super::config::Config;
use super::exchange::{Action, Event, Failure, Input, NotNow, Output, Outputs, Violation, Wait};
use super::operation::{Flow, Procedure};
use super::route::Route;
use crate::sequence::{self, Exchange, Phase, Step};
use crate::session::{Close, Endpoints, OperationId, Outbox, Serial, Transmit};
use crate::time::Instant;
use crate::timer::{Timers, timers};
use crate::wire::{
    Code, Command, Frame, LineReader, Reply, ReplyError, ReplyReader, Representation, Verb,
    VirtualPath,
};

/// The longest line of a reply, in bytes, without its end.
const MAX_LINE: usize = 8 * 1024;

/// No bytes are taken while more than this waits to be sent: a peer that floods us with Telnet options.
const OUTBOX_GATE: usize = 32 * 1024;

/// No bytes are taken while this many outputs wait to be polled.
const OUTPUTS_GATE: usize = 32;

/// The most heap memory, in bytes, that one session's machine holds besides four replies of [`Config::reply_limit`] (the one
/// that is read, doubled as it grows, and those that wait to be polled): one line, the outbox, the operation's paths.
pub const MEMORY_BOUND: usize = 2 * MAX_LINE
    + 2 * (OUTBOX_GATE + 4 * VirtualPath::MAX_LEN)
    + OUTPUTS_GATE * 1024
    + 8 * VirtualPath::MAX_LEN;

timers! {
    /// What a session may wait for only so long.
    Timer {
        /// The greeting, or the next reply.
        Reply,
        /// The data connection.
        DataOpen,
        /// The next byte on the data connection.
        DataProgress,
        /// The replies after an ABOR.
        Abort,
    }
}

/// One control connection and what is asked of it. See the [module](super).
#[derive(Debug)]
pub struct Session {
    pub(super) config: Arc<Config>,
    pub(super) ends: Endpoints,
    reader: LineReader,
    replies: ReplyReader,
    outbox: Outbox,
    pub(super) outputs: Outputs,
    pub(super) timers: Timers<Timer, { Timer::COUNT }>,
    pub(super) serial: Serial,
    stage: Stage,
    exchange: Option<(Exchange, Phase)>,
    procedure: Option<(OperationId, Procedure)>,
    /// What TYPE the server is known to have in force.
    pub(super) representation: Option<Representation>,
    pub(super) route: Route,
    /// A REST was accepted, and no transfer has used the position yet.
    pub(super) position_pending: bool,
    /// The server will say nothing more; only a transfer's data is waited for.
    peer_ended: bool,
}

/// Where in its life the session is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// The greeting has not come.
    Connecting,
    Open,
    /// After an ABOR: replies are thrown away until it is certain which are the past.
    Resynchronising(Resync),
    /// QUIT is sent.
    Leaving,
    Closed,
}

/// How far the replies after an ABOR have been followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Resync {
    /// No final reply has come yet, to the transfer or to the ABOR.
    Aborting,
    /// One has come, and the NOOP was sent. Did another one come since?
    Probed { another: bool },
    /// A 200 came right behind the first reply: the NOOP's, or an unusual one to the ABOR. PWD was sent, since nothing else that may be on
    /// its way is a 257.
    Confirming,
}

impl Session {
    /// A session on a connection that was just made; it waits for the server's greeting.
    #[must_use]
    pub fn new(config: Arc<Config>, ends: Endpoints, now: Instant) -> Self {
        let mut timers = Timers::new();
        timers.start(Timer::Reply, now, config.timeouts.reply);
        Self {
            ends,
            reader: LineReader::new(MAX_LINE),
            replies: ReplyReader::new(config.reply_limit),
            outbox: Outbox::default(),
            outputs: Outputs::default(),
            timers,
            serial: Serial::default(),
            stage: Stage::Connecting,
            exchange: Some((Exchange::Greeting, Phase::Issued)),
            procedure: None,
            representation: None,
            route: Route::new(config.data_path, ends),
            position_pending: false,
            peer_ended: false,
            config,
        }
    }

    /// Takes bytes that the control connection brought, and says how many. A partial line is taken and held.
    ///
    /// Fewer than all are taken when the session pauses ([`wants_read`](Self::wants_read)): offer the rest again after
    /// the next [`poll`](Self::poll) or [`transmitted`](Self::transmitted).
    pub fn receive(&mut self, now: Instant, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while taken < bytes.len() && self.wants_read() {
            if self.stage == Stage::Closed {
                return bytes.len();
            }
            let (count, frame) = self.reader.read(&bytes[taken..]);
            taken += count;
            match frame {
                Some(Frame::Line(line)) => self.take_line(now, &line),
                Some(Frame::TooLong) => self.die(Failure::Protocol(Violation::TooLong)),
                Some(Frame::Negotiate(answer)) => self.outbox.buffer().extend_from_slice(&answer),
                None => {}
            }
        }
        taken
    }

    /// False while the session takes no bytes.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        self.stage == Stage::Closed
            || (self.outbox.len() <= OUTBOX_GATE
                && self.outputs.len() < OUTPUTS_GATE
                && self.outputs.reply_bytes() <= self.config.reply_limit)
    }

    /// Takes in what happened outside. What comes too late, or was not asked for, changes nothing.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Tick => self.tick(now),
            Input::Flushed => {}
            Input::Disconnected => self.disconnected(),
            Input::PeerEnded => self.peer_ended(),
            input => self.with_transfer(|transfer, session| transfer.happened(session, now, input)),
        }
    }

    /// The control bytes to write next, if any.
    #[must_use]
    pub fn transmit(&self) -> Option<Transmit<'_>> {
        (!self.outbox.is_empty()).then(|| Transmit {
            bytes: self.outbox.waiting(),
            urgent: false,
        })
    }

    /// Notes that the stream took `count` of the bytes that [`transmit`](Self::transmit) showed.
    pub fn transmitted(&mut self, _now: Instant, count: usize) {
        self.outbox.sent(count);
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

    /// Stops the transfer that runs: an operation that was begun and is not wanted any more. It ends with [`Failure::Aborted`], and
    /// until then nothing else can begin. Whatever else is in hand simply goes on to its end.
    pub fn abort(&mut self, now: Instant) {
        self.with_transfer(|transfer, session| transfer.abort(session, now, Failure::Aborted));
    }

    /// Says QUIT; the session ends with the reply to it, or without one after the reply timeout.
    /// An operation that is not over is given up.
    pub fn quit(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Open) && self.procedure.is_none() {
            self.send(now, Command::Quit);
            self.stage = Stage::Leaving;
        } else {
            self.die(Failure::Aborted);
        }
    }

    pub(super) fn not_now(&self) -> Option<NotNow> {
        match self.stage {
            Stage::Connecting => Some(NotNow::NotGreeted),
            Stage::Leaving | Stage::Closed => Some(NotNow::Closed),
            Stage::Resynchronising(_) => Some(NotNow::Busy),
            Stage::Open => self.procedure.is_some().then_some(NotNow::Busy),
        }
    }

    pub(super) fn run(&mut self, now: Instant, id: OperationId, mut procedure: Procedure) {
        let flow = procedure.begin(self, now);
        self.go_on(id, procedure, flow);
    }

    /// Keeps a procedure that is not over; tells of the end of one that is.
    fn go_on(&mut self, id: OperationId, procedure: Procedure, flow: Flow) {
        match flow {
            Flow::Finish(result) => {
                self.outputs.tell(Event::Finished(id, result));
                if self.peer_ended {
                    self.die(Failure::Closed(None));
                }
            }
            // The session may have ended under it.
            Flow::Continue if self.stage == Stage::Closed => {
                self.outputs
                    .tell(Event::Finished(id, Err(Failure::Closed(None))));
            }
            Flow::Continue => self.procedure = Some((id, procedure)),
        }
    }

    fn with_transfer(
        &mut self,
        act: impl FnOnce(&mut super::transfer::Transferring, &mut Self) -> Flow,
    ) {
        let Some((id, mut procedure)) = self.procedure.take() else {
            return;
        };
        let flow = match &mut procedure {
            Procedure::Transfer(transfer) => act(transfer, self),
            _ => Flow::Continue,
        };
        self.go_on(id, procedure, flow);
    }

    pub(super) fn send(&mut self, now: Instant, command: Command) {
        command.encode(self.outbox.buffer());
        self.exchange = Some((
            command.verb().map_or(Exchange::Unknown, Exchange::Command),
            Phase::Issued,
        ));
        self.timers
            .start(Timer::Reply, now, self.config.timeouts.reply);
        if self.config.trace {
            self.outputs.tell(Event::Sent(command));
        }
    }

    fn take_line(&mut self, now: Instant, line: &[u8]) {
        // Sloppy servers end a reply with an empty line; it says nothing.
        if !self.replies.is_mid_reply() && line.trim_ascii().is_empty() {
            return;
        }
        match self.replies.push(line) {
            Ok(None) => {}
            Ok(Some(reply)) => self.take_reply(now, reply),
            Err(ReplyError::TooLong) => self.die(Failure::Protocol(Violation::TooLong)),
            Err(_) => self.die(Failure::Protocol(Violation::NotAReply)),
        }
    }

    fn take_reply(&mut self, now: Instant, reply: Reply) {
        if self.config.trace {
            self.outputs.tell(Event::Received(reply.clone()));
        }
        if reply.code() == Code::SERVICE_NOT_AVAILABLE {
            return self.die(Failure::Closed(Some(reply)));
        }
        if let Stage::Resynchronising(how_far) = self.stage {
            return self.resynchronise(now, how_far, &reply);
        }
        let Some((exchange, phase)) = self.exchange else {
            return self.die(Failure::Protocol(Violation::Unexpected(reply)));
        };
        match sequence::step(exchange, phase, reply.class()) {
            None => self.die(Failure::Protocol(Violation::OutOfSequence(reply))),
            Some(step) => self.take_step(now, exchange, step, reply),
        }
    }

    fn take_step(&mut self, now: Instant, exchange: Exchange, step: Step, reply: Reply) {
        if step == Step::Preliminary {
            self.exchange = Some((exchange, Phase::Underway));
        } else {
            self.exchange = None;
            self.timers.stop(Timer::Reply);
        }
        self.note_position(exchange, step);
        match (self.stage, step) {
            (Stage::Connecting, Step::Preliminary) => {}
            (Stage::Connecting, Step::Completed) => {
                self.stage = Stage::Open;
                self.outputs.tell(Event::Greeting(reply));
            }
            (Stage::Connecting, _) => self.die(Failure::Closed(Some(reply))),
            (Stage::Leaving, _) => self.leave(),
            _ => {
                let Some((id, mut procedure)) = self.procedure.take() else {
                    return;
                };
                let flow = procedure.replied(self, now, step, reply);
                self.go_on(id, procedure, flow);
            }
        }
    }

    /// Keeps in mind whether a position (REST) waits on the server for the next transfer.
    fn note_position(&mut self, exchange: Exchange, step: Step) {
        match (exchange, step) {
            (Exchange::Command(Verb::Rest), Step::Intermediate) => self.position_pending = true,
            (Exchange::Command(verb), Step::Preliminary | Step::Completed) if verb.moves_data() => {
                self.position_pending = false;
            }
            _ => {}
        }
    }

    /// Begins to find the place in the replies again after an ABOR. How many replies it gets depends on the server and on what was on
    /// its way, so they are not counted: after the first one a NOOP is sent, and whatever comes before its 200 is the past. Where that
    /// 200 might be the ABOR's own, a PWD makes sure: a NOOP's late 200 would be taken for the answer to the next command.
    pub(super) fn abort_exchange(&mut self, now: Instant) {
        Command::Abor.encode(self.outbox.buffer());
        if self.config.trace {
            self.outputs.tell(Event::Sent(Command::Abor));
        }
        self.exchange = None;
        self.timers.stop(Timer::Reply);
        self.timers
            .start(Timer::Abort, now, self.config.timeouts.abort);
        self.stage = Stage::Resynchronising(Resync::Aborting);
    }

    fn resynchronise(&mut self, now: Instant, how_far: Resync, reply: &Reply) {
        let is_preliminary = reply.class() == crate::wire::Class::Preliminary;
        match (how_far, reply.code()) {
            _ if is_preliminary => {}
            (Resync::Aborting, _) => {
                self.probe(now, Command::Noop, Resync::Probed { another: false })
            }
            (Resync::Probed { another: false }, Code::OK) => {
                self.probe(now, Command::Pwd, Resync::Confirming);
            }
            (Resync::Probed { another: true }, Code::OK) | (Resync::Confirming, Code::PATHNAME) => {
                self.stage = Stage::Open;
                self.timers.stop(Timer::Abort);
                self.with_transfer(|transfer, _| transfer.aborted());
            }
            (Resync::Probed { .. }, _) => {
                self.stage = Stage::Resynchronising(Resync::Probed { another: true });
            }
            (Resync::Confirming, _) => {}
        }
    }

    /// Sends a command whose reply shows how far the peer is; only the abort's timer runs for it.
    fn probe(&mut self, now: Instant, command: Command, how_far: Resync) {
        self.send(now, command);
        self.timers.stop(Timer::Reply);
        self.exchange = None;
        self.stage = Stage::Resynchronising(how_far);
    }

    fn tick(&mut self, now: Instant) {
        while let Some(timer) = self.timers.expired(now) {
            match timer {
                Timer::Reply if self.stage == Stage::Leaving => self.leave(),
                Timer::Reply => self.die(Failure::Timeout(Wait::Reply)),
                Timer::Abort => self.die(Failure::Timeout(Wait::Abort)),
                Timer::DataOpen | Timer::DataProgress => {
                    self.with_transfer(|transfer, session| transfer.timed_out(session, now, timer));
                }
            }
        }
    }

    fn disconnected(&mut self) {
        if self.stage == Stage::Leaving {
            self.leave();
        } else {
            self.die(Failure::Closed(None));
        }
    }

    /// The server has said its last word. Where that was a transfer's final reply, its data may still be on the way.
    fn peer_ended(&mut self) {
        match &self.procedure {
            Some((_, Procedure::Transfer(transfer))) if transfer.has_final_reply() => {
                self.peer_ended = true
            }
            _ => self.disconnected(),
        }
    }

    /// The end as it should be: after QUIT.
    fn leave(&mut self) {
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
        self.outbox.clear();
        self.exchange = None;
        if let Some((id, mut procedure)) = self.procedure.take() {
            if let Procedure::Transfer(transfer) = &mut procedure {
                transfer.drop_data(self, Close::Abruptly);
            }
            let result = Err(failure.clone().unwrap_or(Failure::Closed(None)));
            self.outputs.tell(Event::Finished(id, result));
        }
        self.outputs.tell(Event::Closed(failure));
        self.outputs.act(Action::Close(how));
    }

    /// A login starts the transfer parameters afresh (RFC 959 § 5.1: ASCII is the default).
    pub(super) const fn logged_in(&mut self) {
        self.representation = None;
    }

    /// A command outside of a transfer may have changed what this machine remembers of the server.
    pub(super) const fn parameters_changed(&mut self, command: &Command) {
        if matches!(
            command,
            Command::Type(_) | Command::Rein | Command::User(_) | Command::Unknown { .. }
        ) {
            self.representation = None;
        }
    }
}
