//! The world of a server's transcript: the script is the client, the network and the clock.

mod data;
mod given;
mod tls;

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use self::given::{config, describe, ends, grant};
use self::tls::Tls;
use super::{path, take_lines, text};
use crate::data::{CleanEnd, Codec, Direction};
use crate::server::{
    Action, Capabilities, DataId, Endpoints, Failure, Input, Output, Route, Session, TransferId,
};
use crate::testing::escape::{quoted, unescape};
use crate::testing::script::World;
use crate::testing::store::{Store, Upload};
use crate::time::Instant;
use crate::tls::Protection;

pub(super) struct Server {
    session: Session,
    ends: Endpoints,
    now: Instant,
    store: Store,
    capabilities: Capabilities,
    /// Bytes that the session has not taken, and how many it is offered at a time.
    unread: Vec<u8>,
    piece: usize,
    /// What it sent of a line that is not complete.
    sent: Vec<u8>,
    observed: VecDeque<String>,
    client_reads: bool,
    tells_events: bool,
    tells_logins: bool,
    has_ports: bool,
    last_port: u16,
    listener: Option<Listener>,
    running: Option<Running>,
    /// A data connection that was left open, and what it had brought by then.
    kept: Option<(DataId, Vec<u8>)>,
    tls: Tls,
    slow_answers: bool,
    answers: VecDeque<Input>,
    slow_aborts: bool,
    /// It was asked to abort, and has not said that it did.
    aborts: bool,
}

/// A passive port, and who has connected to it already.
struct Listener {
    data: DataId,
    port: u16,
    callers: Vec<IpAddr>,
}

struct Running {
    id: TransferId,
    direction: Direction,
    codec: Codec,
    route: Route,
    protection: Protection,
    keep: bool,
    connected: bool,
    /// A handshake is on its way.
    in_handshake: bool,
    content: Content,
    moved: u64,
    /// What came behind the end of an upload.
    beyond: Vec<u8>,
    /// An upload that has ended and waits to be committed.
    end: Option<CleanEnd>,
}

enum Content {
    /// What is still to be sent, and its end.
    Outgoing(Vec<u8>, Option<CleanEnd>),
    Incoming(Upload),
}

impl Server {
    pub(super) fn new(given: &[&str], piece: usize) -> Self {
        let has = |word: &str| given.contains(&word);
        let config = Arc::new(config(given));
        let capabilities = config.capabilities;
        let now = Instant::EPOCH;
        let mut ends = ends(has("ipv6"));
        if has("on one machine") {
            ends.peer.set_ip(ends.local.ip());
        }
        let session = match () {
            () if has("too many sessions") => Session::turn_away(config, ends, now),
            () if has("implicit tls") => Session::implicit(config, ends, now),
            () => Session::new(config, ends, now),
        };
        let mut server = Self {
            session,
            ends,
            now,
            store: Store::new(),
            capabilities,
            unread: Vec::new(),
            piece,
            sent: Vec::new(),
            observed: VecDeque::new(),
            client_reads: true,
            tells_events: has("events"),
            tells_logins: has("logins"),
            has_ports: !has("no ports"),
            last_port: 50_000,
            listener: None,
            running: None,
            kept: None,
            tls: Tls::Off,
            slow_answers: false,
            answers: VecDeque::new(),
            slow_aborts: has("slow aborts"),
            aborts: false,
        };
        server.set_up(given);
        server.slow_answers = has("slow answers");
        server
    }

    /// The store's content and the login.
    fn set_up(&mut self, given: &[&str]) {
        self.drain();
        for line in given {
            let words: Vec<_> = line.splitn(3, ' ').collect();
            match words[..] {
                ["file", name, content] => self.store.put_file(path(name), text(content)),
                ["folder", name] => self.store.put_folder(path(name)),
                ["room", bytes] => self.store.limit(bytes.parse().expect("a number of bytes")),
                ["secured"] => self.secure(),
                ["private", "data"] => self.say("PBSZ 0\r\nPROT P\r\n"),
                ["logged", "in"] => self.log_in("anna"),
                ["logged", "in", who] => self.log_in(who.strip_prefix("as ").expect("as whom?")),
                _ => {}
            }
        }
    }

    fn log_in(&mut self, user: &str) {
        self.say(&format!("USER {user}\r\nPASS hush\r\n"));
    }

    /// What is said before the transcript begins.
    fn say(&mut self, lines: &str) {
        self.receive(lines.as_bytes());
        self.observed.clear();
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        if self.tls == Tls::Starting {
            self.feed_tls();
        }
        self.offer();
        self.drain();
    }

    /// Offers what is unread, as far as the session takes it.
    fn offer(&mut self) {
        while !self.unread.is_empty() {
            let count = self.unread.len().min(self.piece);
            let taken = self.session.receive(self.now, &self.unread[..count]);
            self.unread.drain(..taken);
            if taken < count {
                break;
            }
        }
    }

    fn handle(&mut self, input: Input) {
        self.session.handle(self.now, input);
        self.drain();
    }

    /// Does what the session asks until it asks for nothing more.
    fn drain(&mut self) {
        loop {
            let mut idle = !self.write();
            while let Some(output) = self.session.poll() {
                idle = false;
                self.output(output);
            }
            let unread = self.unread.len();
            self.offer();
            if idle && unread == self.unread.len() {
                break;
            }
        }
        let waits_for_driver = self.aborts || !self.answers.is_empty();
        assert!(
            self.session.is_closed() || waits_for_driver || self.session.deadline().is_some(),
            "the session waits for its peer without a deadline"
        );
    }

    fn write(&mut self) -> bool {
        let Some(transmit) = self.session.transmit().filter(|_| self.client_reads) else {
            return false;
        };
        let count = transmit.bytes.len().min(self.piece);
        self.sent.extend_from_slice(&transmit.bytes[..count]);
        self.session.transmitted(self.now, count);
        if self.session.transmit().is_none() {
            self.session.handle(self.now, Input::Flushed);
        }
        let observed = &mut self.observed;
        take_lines(&mut self.sent, |line| {
            observed.push_back(format!("S: {line}"));
        });
        true
    }

    fn tell(&mut self, line: impl Into<String>) {
        self.observed.push_back(line.into());
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Action(action) => self.action(action),
            Output::Event(event) if self.tells_events => self.tell(describe(&event)),
            Output::Event(_) => {}
        }
    }

    fn action(&mut self, action: Action) {
        match action {
            Action::Authenticate {
                request,
                user,
                password,
                host,
                protected,
            } => {
                if self.tells_logins {
                    let host = host.map_or("-".into(), |host| format!("{host}"));
                    self.tell(format!("driver: {user} of {host}, protected: {protected}"));
                }
                let grant = (password.expose().as_bytes() == b"hush")
                    .then(|| grant(user.as_bytes(), self.capabilities))
                    .flatten();
                self.answer(Input::Login(request, grant));
            }
            Action::Perform { request, operation } => {
                let answer = self.store.perform(operation);
                self.answer(Input::Storage(request, answer));
            }
            Action::Listen { data, .. } => self.listen(data),
            Action::Discard(data) => self.discard(data),
            Action::Transfer(transfer) => self.begin(&transfer),
            Action::Commit(id) => self.commit(id),
            Action::Abort(id) => self.abort(id),
            Action::StartTls(ticket) => self.start_tls(ticket),
            Action::StopTls => self.stop_tls(),
            Action::Close(how) => self.tell(format!(
                "closed: {}",
                format!("{how:?}").to_ascii_lowercase()
            )),
        }
    }

    fn answer(&mut self, input: Input) {
        if self.slow_answers {
            self.answers.push_back(input);
            self.tell("driver: has a question");
        } else {
            self.session.handle(self.now, input);
        }
    }
}

impl World for Server {
    const EXPECTS: &'static [&'static str] =
        &["S: ", "data: ", "tls: ", "driver: ", "closed: ", "event: "];

    fn act(&mut self, line: &str) -> bool {
        match line {
            "control: closes" => self.handle(Input::PeerEnded),
            "control: breaks" => self.handle(Input::Disconnected),
            "control: stops reading" => self.client_reads = false,
            "control: reads again" => {
                self.client_reads = true;
                self.drain();
            }
            "server: stops" => self.handle(Input::Shutdown),
            "driver: answers" => {
                let answer = self.answers.pop_front().expect("nothing was asked");
                self.handle(answer);
            }
            "driver: aborts" => {
                self.fail(Failure::Aborted);
                self.drain();
            }
            _ => {
                if let Some(command) = line.strip_prefix("C: ") {
                    self.receive(&[&unescape(command)[..], b"\r\n"].concat());
                } else if let Some(bytes) = line.strip_prefix("C-part: ") {
                    self.receive(&unescape(bytes));
                } else if let Some(what) = line.strip_prefix("tls: ") {
                    return self.tls(what);
                } else {
                    return line
                        .strip_prefix("data: ")
                        .is_some_and(|what| self.data(what));
                }
            }
        }
        true
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.handle(Input::Tick);
            assert!(
                self.session.deadline() > Some(self.now) || self.session.deadline().is_none(),
                "a driver would spin"
            );
        }
        self.now = end;
    }

    fn observed(&mut self) -> &mut VecDeque<String> {
        &mut self.observed
    }

    fn unfinished(&self) -> Option<String> {
        let unread = &self.unread;
        match () {
            () if self.running.is_some() => Some("a transfer still runs".into()),
            () if !self.sent.is_empty() => {
                Some(format!("a line had no end: {}", quoted(&self.sent)))
            }
            () if matches!(self.tls, Tls::Starting | Tls::Stopping)
                && !self.session.is_closed() =>
            {
                Some("TLS is neither up nor down".into())
            }
            () if !unread.is_empty() => {
                Some(format!("the session had not read {}", quoted(unread)))
            }
            () if !self.answers.is_empty() => Some("a question had no answer".into()),
            () => None,
        }
    }
}
