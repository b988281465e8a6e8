//! The machine: what it holds, how lines come in, how replies and actions go out, and its timers.

use alloc::sync::Arc;

use super::config::{Config, Grant};
use super::exchange::{Action, Ended, Event, Input, Output, Outputs};
use super::lookahead::{self, Line, Lookahead};
use super::parameters::Settings;
use super::replies::{bad_command, say};
use super::transfer::Running;
use crate::sequence::{self, Exchange, Phase, Step};
use crate::session::{Close, DataId, Endpoints, Outbox, RequestId, Serial, Transmit};
use crate::time::Instant;
use crate::timer::{Timers, timers};
use crate::wire::{Arg, Code, Command, Frame, LineReader, Reply, Verb, VirtualPath};

/// The longest command line, in bytes, without its end: a path of full length and a verb.
const MAX_LINE: usize = VirtualPath::MAX_LEN + 64;

/// No command is taken or begun while more than this waits to be sent, so that its worst reply always has room.
const OUTBOX_GATE: usize = 16 * 1024;

/// The longest reply: a path with every byte doubled, or a STAT of a folder (which is cut to fit).
pub(super) const MAX_REPLY: usize = 12 * 1024;

/// No command is taken or begun while this many outputs wait to be polled.
const OUTPUTS_GATE: usize = 32;

/// The most heap memory, in bytes, that one session's machine holds, whatever its peer and its driver do: one line, the
/// lookahead, the outbox (the gate, the reply in hand and one for each of ABOR and STAT beside it, doubled as a `Vec`
/// grows), the outputs, and a few paths.
pub const MEMORY_BOUND: usize = 2 * MAX_LINE
    + 2 * (lookahead::MAX_BYTES + MAX_LINE + lookahead::MAX_LINES * 128)
    + 2 * (OUTBOX_GATE + 3 * MAX_REPLY)
    + OUTPUTS_GATE * 1024
    + 24 * VirtualPath::MAX_LEN;

timers! {
    /// What a session may wait for only so long.
    Timer {
        /// A login that goes well.
        Login,
        /// The next command, or the peer to read its replies.
        Idle,
        /// The end of a failed login's penalty.
        LoginDelay,
        /// The data connection.
        DataOpen,
        /// The next byte on the data connection.
        DataProgress,
        /// A peer that has died to show it on the control connection too.
        Doubt,
        /// The last reply to be flushed.
        Linger,
    }
}

/// One control connection, from the greeting to the goodbye. See the [module](super).
#[derive(Debug)]
pub struct Session {
    pub(super) config: Arc<Config>,
    pub(super) ends: Endpoints,
    reader: LineReader,
    first_line_seen: bool,
    pub(super) lookahead: Lookahead,
    pub(super) outbox: Outbox,
    pub(super) outputs: Outputs,
    pub(super) timers: Timers<Timer, { Timer::COUNT }>,
    pub(super) serial: Serial,
    /// When the driver last said what time it is.
    now: Instant,
    stage: Stage,
    stopping: bool,
    /// The peer will send nothing more.
    peer_ended: bool,
    /// The command that has not had its last reply yet.
    exchange: Option<(Exchange, Phase)>,
    pub(super) waiting: Waiting,
    pub(super) login: Login,
    pub(super) failed_logins: u32,
    pub(super) settings: Settings,
}

/// Where in its life the session is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Open,
    /// The last reply is queued; the connection ends once it is flushed.
    Closing,
    Closed,
}

/// Who is at the other end.
#[derive(Debug)]
pub(super) enum Login {
    Nobody,
    /// USER came, PASS did not.
    Named(Arg),
    User(Grant),
}

/// What the command in hand waits for.
#[derive(Debug)]
pub(super) enum Waiting {
    Nothing,
    Login {
        request: RequestId,
        user: Arg,
    },
    Penalty,
    Storage {
        request: RequestId,
        purpose: super::files::Purpose,
    },
    Listener {
        data: DataId,
        reply: super::parameters::PassiveReply,
    },
    Transfer(Running),
}

impl Session {
    /// A session on a connection that was just accepted. Its greeting waits to be sent.
    #[must_use]
    pub fn new(config: Arc<Config>, ends: Endpoints, now: Instant) -> Self {
        let mut session = Self::unanswered(config, ends);
        session
            .timers
            .start(Timer::Login, now, session.config.timeouts.login);
        let greeting = Reply::new(Code::SERVICE_READY, session.config.greeting.clone());
        session.outputs.tell(Event::Connected);
        session.reply(greeting);
        session.settle(now);
        session
    }

    /// A session on a connection that there is no room for: it says 421 and ends.
    #[must_use]
    pub fn turn_away(config: Arc<Config>, ends: Endpoints, now: Instant) -> Self {
        let mut session = Self::unanswered(config, ends);
        session.say_goodbye(
            now,
            Ended::TurnedAway,
            "Too many sessions, try again later.",
        );
        session
    }

    fn unanswered(config: Arc<Config>, ends: Endpoints) -> Self {
        Self {
            config,
            ends,
            reader: LineReader::new(MAX_LINE),
            first_line_seen: false,
            lookahead: Lookahead::default(),
            outbox: Outbox::default(),
            outputs: Outputs::default(),
            timers: Timers::new(),
            serial: Serial::default(),
            now: Instant::EPOCH,
            stage: Stage::Open,
            stopping: false,
            peer_ended: false,
            exchange: Some((Exchange::Greeting, Phase::Issued)),
            waiting: Waiting::Nothing,
            login: Login::Nobody,
            failed_logins: 0,
            settings: Settings::default(),
        }
    }

    /// Takes bytes that the control connection brought, and says how many. A partial line is taken and held.
    ///
    /// Fewer than all are taken when the session pauses ([`wants_read`](Self::wants_read)): offer the rest again after
    /// the next [`handle`](Self::handle), [`transmitted`](Self::transmitted) or [`poll`](Self::poll).
    pub fn receive(&mut self, now: Instant, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while taken < bytes.len() && self.wants_read() {
            if self.stage != Stage::Open {
                return bytes.len();
            }
            let (count, frame) = self.reader.read(&bytes[taken..]);
            taken += count;
            if let Some(frame) = frame {
                self.take_frame(now, frame);
            }
        }
        self.settle(now);
        taken
    }

    /// False while the session takes no bytes, so that TCP pushes back on a peer that sends faster than it is served or than it
    /// reads its replies.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        // After the goodbye all is taken and thrown away: closing with unread bytes would reset the connection under it.
        self.stage != Stage::Open
            || (self.has_room() && (self.running().is_some() || !self.lookahead.is_full()))
    }

    fn has_room(&self) -> bool {
        self.outbox.len() <= OUTBOX_GATE && self.outputs.len() < OUTPUTS_GATE
    }

    /// Takes in what happened outside. What comes too late, or was not asked for, changes nothing.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Tick => self.tick(now),
            Input::Flushed => self.flushed(),
            Input::Disconnected => self.lose(now),
            Input::PeerEnded => self.peer_ended = true,
            Input::Shutdown => self.stopping = true,
            Input::Login(request, grant) => self.login_answered(now, request, grant),
            Input::Storage(request, answer) => self.storage_answered(request, answer),
            Input::Listening(data, port) => self.listening(data, port),
            Input::Transfer(id, event) => self.transfer_event(now, id, event),
        }
        self.advance(now);
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
    pub fn transmitted(&mut self, now: Instant, count: usize) {
        self.outbox.sent(count);
        if count > 0 {
            self.timers.stop(Timer::Idle);
        }
        self.advance(now);
    }

    /// The next output, in order.
    pub fn poll(&mut self) -> Option<Output> {
        let output = self.outputs.poll();
        // What waited only for outputs to be taken goes on: no other call may come that would see to it.
        if output.is_some() && self.has_room() && !self.lookahead.is_empty() {
            self.advance(self.now);
        }
        output
    }

    /// When to [`handle`](Self::handle) a [`Input::Tick`] at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// True once the connection has been given up: nothing will come of this session any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    fn take_frame(&mut self, now: Instant, frame: Frame) {
        self.timers.stop(Timer::Idle);
        let line = match frame {
            Frame::Negotiate(answer) => return self.outbox.buffer().extend_from_slice(&answer),
            Frame::TooLong => return self.queue(now, Line::TooLong, 0),
            Frame::Line(line) => line,
        };
        if !core::mem::replace(&mut self.first_line_seen, true) && is_http(&line) {
            return self.close(now, Ended::NotFtp);
        }
        match Command::parse(&line) {
            Ok(Command::Abor) if self.abort_transfer() => self.trace(Command::Abor),
            Ok(Command::Stat(None)) if self.running().is_some() => {
                self.trace(Command::Stat(None));
                self.transfer_status(now);
            }
            Ok(command) => self.queue(now, Line::Command(command), line.len()),
            Err(error) => self.queue(now, Line::Bad(error), 0),
        }
    }

    fn queue(&mut self, now: Instant, line: Line, bytes: usize) {
        self.lookahead.push(line, bytes);
        self.advance(now);
    }

    /// Carries out what waits, as far as that goes.
    pub(super) fn advance(&mut self, now: Instant) {
        self.now = now;
        while self.stage == Stage::Open && self.exchange.is_none() {
            if self.stopping {
                self.say_goodbye(now, Ended::Shutdown, "The server is stopping.");
                break;
            }
            if !self.has_room() {
                break;
            }
            let Some(line) = self.lookahead.pop() else {
                break;
            };
            self.execute_line(now, line);
        }
        let nothing_to_do = self.exchange.is_none() && self.lookahead.is_empty();
        // RFC 959 § 4.1.1: after a QUIT the close is an expected one, and the transfer goes on to its end.
        let abandoned = self.running().is_some() && !self.lookahead.has_quit();
        if self.peer_ended && (nothing_to_do || abandoned) {
            self.close(now, Ended::Disconnected);
        }
        self.settle(now);
    }

    fn execute_line(&mut self, now: Instant, line: Line) {
        match line {
            Line::Command(command) => {
                self.exchange = Some((
                    command.verb().map_or(Exchange::Unknown, Exchange::Command),
                    Phase::Issued,
                ));
                self.trace(command.clone());
                self.execute(now, command);
            }
            Line::Bad(error) => {
                self.settings.forget_firsts();
                self.exchange = Some((
                    error.verb.map_or(Exchange::Unknown, Exchange::Command),
                    Phase::Issued,
                ));
                self.reply(bad_command(error.kind));
            }
            Line::TooLong => {
                self.settings.forget_firsts();
                self.exchange = Some((Exchange::Unknown, Phase::Issued));
                self.reply(say(Code::SYNTAX_ERROR, "Line too long."));
            }
            Line::Refused => {
                self.exchange = Some((Exchange::Unknown, Phase::Issued));
                self.reply(say(
                    Code::FILE_BUSY,
                    "Too many commands were waiting; this one was not carried out.",
                ));
            }
        }
    }

    /// Keeps the idle timer running exactly while the session waits for its peer's next command.
    fn settle(&mut self, now: Instant) {
        if self.stage != Stage::Open || self.exchange.is_some() {
            self.timers.stop(Timer::Idle);
        } else if !self.timers.is_set(Timer::Idle) {
            self.timers.start(Timer::Idle, now, self.idle_time());
        }
    }

    fn tick(&mut self, now: Instant) {
        while let Some(timer) = self.timers.expired(now) {
            match timer {
                Timer::Login => self.say_goodbye(now, Ended::NotLoggedIn, "No login in time."),
                Timer::Idle => {
                    self.say_goodbye(now, Ended::Idle, "Timeout: nothing came for too long.");
                }
                Timer::LoginDelay => self.refuse_login(now),
                Timer::DataOpen | Timer::DataProgress => self.transfer_timed_out(timer),
                Timer::Doubt => self.commit(),
                Timer::Linger => self.end(Close::Abruptly),
            }
        }
    }

    fn flushed(&mut self) {
        if self.stage == Stage::Closing && self.outbox.is_empty() {
            self.end(Close::Gracefully);
        }
    }

    /// Sends the reply to the command in hand. The table says whether it was the last one.
    pub(super) fn reply(&mut self, reply: Reply) {
        if let Some((exchange, phase)) = self.exchange {
            let step = sequence::step(exchange, phase, reply.class());
            debug_assert!(step.is_some(), "{exchange:?} {phase:?} {reply}");
            self.exchange =
                (step == Some(Step::Preliminary)).then_some((exchange, Phase::Underway));
        }
        self.send(reply);
    }

    /// Sends the reply to a command that was taken while another is in hand.
    pub(super) fn reply_aside(&mut self, verb: Verb, reply: Reply) {
        debug_assert!(
            sequence::step(Exchange::Command(verb), Phase::Issued, reply.class()).is_some(),
            "{reply}"
        );
        self.send(reply);
    }

    fn send(&mut self, reply: Reply) {
        reply.encode(self.outbox.buffer());
        if self.config.trace {
            self.outputs.tell(Event::Reply(reply));
        }
    }

    pub(super) fn trace(&mut self, command: Command) {
        if self.config.trace {
            self.outputs.tell(Event::Command(command));
        }
    }

    /// Says 421 and ends the session.
    pub(super) fn say_goodbye(&mut self, now: Instant, why: Ended, text: &'static str) {
        if self.stage == Stage::Open {
            self.send(say(Code::SERVICE_NOT_AVAILABLE, text));
            self.close(now, why);
        }
    }

    /// Ends the session where nothing can be sent any more.
    fn lose(&mut self, now: Instant) {
        if self.stage == Stage::Open {
            self.conclude(now, Ended::Disconnected);
        }
        self.end(Close::Abruptly);
    }

    /// Ends the session: at once if nothing waits to be sent, else once that is flushed.
    pub(super) fn close(&mut self, now: Instant, why: Ended) {
        if self.stage != Stage::Open {
            return;
        }
        self.conclude(now, why);
        if self.outbox.is_empty() {
            self.end(Close::Gracefully);
        } else {
            self.timers
                .start(Timer::Linger, now, self.config.timeouts.linger);
        }
    }

    /// Lets go of everything but what waits to be sent.
    fn conclude(&mut self, now: Instant, why: Ended) {
        self.drop_transfer(now);
        self.discard_route();
        self.lookahead.clear();
        self.exchange = None;
        self.waiting = Waiting::Nothing;
        self.timers.stop_all();
        self.outputs.tell(Event::Ended(why));
        self.stage = Stage::Closing;
    }

    fn end(&mut self, how: Close) {
        if self.stage != Stage::Closed {
            self.stage = Stage::Closed;
            self.timers.stop_all();
            self.outbox.clear();
            self.outputs.act(Action::Close(how));
        }
    }

    pub(super) fn is_underway(&self) -> bool {
        matches!(self.exchange, Some((_, Phase::Underway)))
    }
}

/// Whether a session's first line is an HTTP request's: a browser that was tricked into speaking to this port (ALPACA).
fn is_http(line: &[u8]) -> bool {
    const METHODS: [&[u8]; 8] = [
        b"GET ",
        b"POST ",
        b"HEAD ",
        b"PUT ",
        b"OPTIONS ",
        b"CONNECT ",
        b"DELETE ",
        b"PATCH ",
    ];
    METHODS.iter().any(|method| line.starts_with(method))
}
