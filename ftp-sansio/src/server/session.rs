//! The machine: what it holds, how lines come in, how replies and actions go out, and its timers.

use alloc::sync::Arc;

use super::config::{Config, Grant};
use super::exchange::{Action, Ended, Event, Input, Output, Outputs};
use super::lookahead::{Line, Lookahead};
use super::parameters::Settings;
use super::replies::{bad_command, say};
use super::running::Running;
use super::secure::Security;
use crate::sequence::{self, Exchange, Phase, Step};
use crate::session::{Close, DataId, Endpoints, Outbox, RequestId, Serial, Transmit};
use crate::time::Instant;
use crate::timer::Timers;
use crate::wire::{Arg, Code, Command, Frame, Host, LineReader, Reply, Verb};

use super::limits::{MAX_LINE, OUTBOX_GATE, OUTPUTS_GATE};
pub(super) use super::limits::{MAX_REPLY, Timer};

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
    pub(super) security: Security,
    /// What HOST has named.
    pub(super) host: Option<Host>,
    /// What TLS was begun for.
    pub(super) server_name: Option<Host>,
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
        reply: super::routes::PassiveReply,
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
        session.greet();
        session.settle(now);
        session
    }

    /// A session on a connection that was just accepted where TLS comes first, whatever [`Config::tls`] says: it asks for
    /// [`Action::StartTls`], and greets when TLS is up. Data is protected without a PROT. There is none that turns away: whom
    /// there is no room for is not worth a handshake, and a reply in clear text would not be understood.
    #[must_use]
    pub fn implicit(config: Arc<Config>, ends: Endpoints, now: Instant) -> Self {
        let mut session = Self::unanswered(config, ends);
        session
            .timers
            .start(Timer::Login, now, session.config.timeouts.login);
        session.begin_with_tls(now);
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
            security: Security::default(),
            host: None,
            server_name: None,
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
            || (self.has_room()
                && !self.lookahead.is_sealed()
                && !self.security.is_changing()
                && (self.running().is_some() || !self.lookahead.is_full()))
    }

    pub(super) fn has_room(&self) -> bool {
        self.outbox.len() <= OUTBOX_GATE && self.outputs.len() < OUTPUTS_GATE
    }

    /// Takes in what happened outside. What comes too late, or was not asked for, changes nothing.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Tick => self.tick(now),
            Input::Flushed => self.flushed(),
            Input::Disconnected => self.give_up(now, Ended::Disconnected, Close::Abruptly),
            Input::PeerEnded => self.peer_ended = true,
            Input::Shutdown => self.stopping = true,
            Input::Login(request, grant) => self.login_answered(now, request, grant),
            Input::Storage(request, answer) => self.storage_answered(request, answer),
            Input::Listening(data, port) => self.listening(data, port),
            Input::Transfer(id, event) => self.transfer_event(now, id, event),
            Input::DataClosed(data) => self.kept_closed(data),
            Input::Tls(event) if self.stage == Stage::Open => self.tls_event(now, event),
            Input::Tls(_) => {}
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
        let (line, is_too_long) = match frame {
            Frame::Negotiate(answer) => return self.outbox.buffer().extend_from_slice(&answer),
            Frame::TooLong(beginning) => (beginning, true),
            Frame::Line(line) => (line, false),
        };
        if !core::mem::replace(&mut self.first_line_seen, true) && is_http(&line) {
            return self.close(now, Ended::NotFtp);
        }
        if is_too_long {
            return self.queue(now, Line::TooLong, 0, false);
        }
        match Command::parse(&line) {
            Ok(Command::Abor) if self.abort_transfer() => self.trace(Command::Abor),
            Ok(Command::Stat(None)) if self.running().is_some() => {
                self.trace(Command::Stat(None));
                self.transfer_status(now);
            }
            Ok(command) => {
                let is_last = self.is_barrier(&command);
                self.queue(now, Line::Command(command), line.len(), is_last);
            }
            Err(error) => self.queue(now, Line::Bad(error), 0, false),
        }
    }

    fn queue(&mut self, now: Instant, line: Line, bytes: usize, is_last: bool) {
        self.lookahead.push(line, bytes, is_last);
        self.advance(now);
    }

    /// Begins with a new framer: what comes now came in another way than what the old one has seen.
    pub(super) fn read_afresh(&mut self) {
        self.reader = LineReader::new(MAX_LINE);
        self.first_line_seen = false;
    }

    /// Says the 220, unless it was said already.
    pub(super) fn greet(&mut self) {
        if matches!(self.exchange, Some((Exchange::Greeting, _))) {
            self.outputs.tell(Event::Connected);
            let greeting = Reply::new(Code::SERVICE_READY, self.config.greeting.clone());
            self.reply(greeting);
        }
    }

    /// Carries out what waits, as far as that goes.
    pub(super) fn advance(&mut self, now: Instant) {
        self.now = now;
        // A peer that is silent in a handshake would put a stop off.
        if self.stopping && self.stage == Stage::Open && self.security.is_changing() {
            self.give_up(now, Ended::Shutdown, Close::Abruptly);
        }
        while self.stage == Stage::Open && self.exchange.is_none() && !self.security.is_changing() {
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
        // RFC 959 § 4.1.1: after a QUIT the close is an expected one, and the transfer goes on to its end. So does a digest.
        let abandoned = self.takes_long() && !self.lookahead.has_quit();
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
                self.settings.forget_firsts();
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
        if self.stage != Stage::Open || self.exchange.is_some() || self.security.is_changing() {
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
                Timer::Handshake => self.give_up(now, Ended::TlsFailed, Close::Abruptly),
                Timer::DataOpen | Timer::DataProgress => self.transfer_timed_out(timer),
                Timer::Doubt => self.commit(),
                Timer::Linger => self.end(Close::Abruptly),
            }
        }
    }

    fn flushed(&mut self) {
        match self.stage {
            _ if !self.outbox.is_empty() => {}
            Stage::Open => self.ask_for_change(),
            Stage::Closing => self.end(Close::Gracefully),
            Stage::Closed => {}
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

    /// Says 421 and ends the session; without a word where none could be read, because the control connection is neither in clear
    /// text nor under TLS.
    pub(super) fn say_goodbye(&mut self, now: Instant, why: Ended, text: &'static str) {
        if self.security.is_changing() {
            self.give_up(now, why, Close::Abruptly);
        } else if self.stage == Stage::Open {
            self.send(say(Code::SERVICE_NOT_AVAILABLE, text));
            self.close(now, why);
        }
    }

    /// Ends the session where nothing can be sent any more.
    pub(super) fn give_up(&mut self, now: Instant, why: Ended, how: Close) {
        if self.stage == Stage::Open {
            self.conclude(now, why);
        }
        self.end(how);
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
