//! The world of a server's transcript: the script is the client, the network and the clock.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::{path, take_lines, text};
use crate::data::{CleanEnd, Codec, Direction, End};
use crate::server::{
    Action, Config, DataId, Endpoints, Event, Failure, Grant, Input, Output, Route, Session, Task,
    Transfer, TransferEvent, TransferId,
};
use crate::testing::escape::{quoted, unescape};
use crate::testing::script::World;
use crate::testing::store::{Open, Store, Upload};
use crate::testing::stream;
use crate::time::Instant;

pub(super) struct Server {
    session: Session,
    ends: Endpoints,
    now: Instant,
    store: Store,
    /// Bytes that the session has not taken, and how many it is offered at a time.
    unread: Vec<u8>,
    piece: usize,
    /// What it sent of a line that is not complete.
    sent: Vec<u8>,
    observed: VecDeque<String>,
    client_reads: bool,
    tells_events: bool,
    has_ports: bool,
    last_port: u16,
    listener: Option<Listener>,
    running: Option<Running>,
    slow_answers: bool,
    answers: VecDeque<Input>,
    slow_aborts: bool,
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
    connected: bool,
    content: Content,
    moved: u64,
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
        let now = Instant::EPOCH;
        let ends = ends(has("ipv6"));
        let session = match has("too many sessions") {
            true => Session::turn_away(config, ends, now),
            false => Session::new(config, ends, now),
        };
        let mut server = Self {
            session,
            ends,
            now,
            store: Store::new(),
            unread: Vec::new(),
            piece,
            sent: Vec::new(),
            observed: VecDeque::new(),
            client_reads: true,
            tells_events: has("events"),
            has_ports: !has("no ports"),
            last_port: 50_000,
            listener: None,
            running: None,
            slow_answers: false,
            answers: VecDeque::new(),
            slow_aborts: has("slow aborts"),
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
                ["logged", "in"] => self.log_in("anna"),
                ["logged", "in", who] => self.log_in(who.strip_prefix("as ").expect("as whom?")),
                _ => {}
            }
        }
    }

    fn log_in(&mut self, user: &str) {
        self.receive(format!("USER {user}\r\nPASS hush\r\n").as_bytes());
        self.observed.clear();
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
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
            observed.push_back(format!("S: {line}"))
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
            } => {
                let grant = (password.expose().as_bytes() == b"hush")
                    .then(|| grant(user.as_bytes()))
                    .flatten();
                self.answer(Input::Login(request, grant));
            }
            Action::Perform { request, operation } => {
                let answer = self.store.perform(operation);
                self.answer(Input::Storage(request, answer));
            }
            Action::Listen { data, .. } => self.listen(data),
            Action::Discard(data) => self.discard(data),
            Action::Transfer(transfer) => self.begin(transfer),
            Action::Abort(id) => self.abort(id),
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

    fn listen(&mut self, data: DataId) {
        assert!(
            self.listener.is_none(),
            "a second listener, and the first was not discarded"
        );
        let port = self.has_ports.then(|| self.last_port + 1);
        if let Some(port) = port {
            self.last_port = port;
            self.listener = Some(Listener {
                data,
                port,
                callers: Vec::new(),
            });
        }
        self.answer(Input::Listening(data, port));
    }

    fn discard(&mut self, data: DataId) {
        let listener = self.listener.take_if(|listener| listener.data == data);
        let port = listener
            .expect("discards a listener that is not there")
            .port;
        self.tell(format!("data: {port} is closed"));
    }

    fn begin(&mut self, transfer: Transfer) {
        assert!(self.running.is_none(), "a second transfer");
        let direction = transfer.direction();
        let mut codec = transfer
            .parameters
            .codec(direction)
            .expect("the session refuses parameters without a codec");
        let listener = self.listener.take();
        let (content, path, size) = match self.store.open(&transfer.task) {
            Err(error) => {
                return self
                    .transfer_event(transfer.id, TransferEvent::Failed(Failure::Storage(error)));
            }
            Ok(Open::Read(bytes)) => {
                let is_known =
                    codec.is_identity() && matches!(transfer.task, Task::Retrieve { .. });
                let size = is_known.then_some(bytes.len() as u64);
                let (bytes, end) = stream::run(&mut codec, &bytes, End::Closed);
                (Content::Outgoing(bytes, end), None, size)
            }
            Ok(Open::Write(upload)) => {
                let path = upload.path().clone();
                (Content::Incoming(upload), Some(path), None)
            }
        };
        let Transfer { id, route, .. } = transfer;
        self.running = Some(Running {
            id,
            direction,
            codec,
            route,
            connected: false,
            content,
            moved: 0,
        });
        self.session.handle(
            self.now,
            Input::Transfer(id, TransferEvent::Opened { path, size }),
        );
        match route {
            Route::Connect(to) => self.tell(format!("data: calls {to}")),
            Route::Accept { data, .. } => {
                let listener = listener
                    .filter(|listener| listener.data == data)
                    .expect("accepts at no listener");
                listener
                    .callers
                    .into_iter()
                    .for_each(|from| self.caller(from));
            }
        }
    }

    /// Somebody connects to the passive port.
    fn caller(&mut self, from: IpAddr) {
        match (&mut self.running, &mut self.listener) {
            (
                Some(
                    running @ Running {
                        connected: false,
                        route: Route::Accept { .. },
                        ..
                    },
                ),
                _,
            ) => {
                let Route::Accept { admission, .. } = running.route else {
                    return;
                };
                if !admission.admits(SocketAddr::new(from, 40_001)) {
                    return self.tell(format!("data: turns away {from}"));
                }
                running.connected = true;
                let id = running.id;
                self.transfer_event(id, TransferEvent::Connected);
            }
            (_, Some(listener)) => listener.callers.push(from),
            _ => panic!("nobody listens"),
        }
    }

    fn transfer_event(&mut self, id: TransferId, event: TransferEvent) {
        self.session.handle(self.now, Input::Transfer(id, event));
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("no transfer runs")
    }

    fn connected(&mut self) -> &mut Running {
        let running = self.running();
        assert!(running.connected, "there is no data connection");
        running
    }

    fn called(&mut self, connected: bool) {
        let running = self.running();
        let id = running.id;
        assert!(
            matches!(running.route, Route::Connect(_)) && !running.connected,
            "the server calls nobody"
        );
        if connected {
            running.connected = true;
            self.transfer_event(id, TransferEvent::Connected);
        } else {
            self.fail(Failure::NotConnected);
        }
    }

    /// Bytes of an upload.
    fn incoming(&mut self, bytes: &[u8]) {
        let running = self.connected();
        let (id, (file, _)) = (
            running.id,
            stream::run(&mut running.codec, bytes, End::More),
        );
        let Content::Incoming(upload) = &mut running.content else {
            panic!("nothing is uploaded")
        };
        let written = upload.write(&file);
        running.moved += bytes.len() as u64;
        let moved = running.moved;
        match written {
            Ok(()) => self.transfer_event(id, TransferEvent::Progress(moved)),
            Err(error) => self.fail(Failure::Storage(error)),
        }
    }

    /// The client closes the data connection: the end of an upload, and too early in a download.
    fn data_closed(&mut self) {
        let running = self.connected();
        if running.direction == Direction::Send {
            return self.fail(Failure::Broken);
        }
        let (file, end) = stream::run(&mut running.codec, &[], End::Closed);
        let running = self.running.take().expect("it runs");
        let Content::Incoming(mut upload) = running.content else {
            panic!("nothing is uploaded")
        };
        let end = end.expect("a codec of a stream ends with it");
        upload.write(&file).expect("the last byte fits");
        self.store.commit(upload);
        self.transfer_event(
            running.id,
            TransferEvent::Ended {
                bytes: running.moved,
                end,
            },
        );
    }

    /// The client reads these bytes of a download.
    fn outgoing(&mut self, bytes: &[u8]) {
        let running = self.connected();
        let Content::Outgoing(rest, _) = &mut running.content else {
            panic!("nothing is downloaded")
        };
        assert!(
            rest.starts_with(bytes),
            "the data goes on with {}, not {}",
            quoted(rest),
            quoted(bytes)
        );
        rest.drain(..bytes.len());
        running.moved += bytes.len() as u64;
        let (id, moved) = (running.id, running.moved);
        self.transfer_event(id, TransferEvent::Progress(moved));
    }

    /// The client has read a download to its end.
    fn data_ended(&mut self) {
        self.connected();
        let Some(Running {
            id,
            moved,
            content: Content::Outgoing(rest, end),
            ..
        }) = self.running.take()
        else {
            panic!("nothing is downloaded");
        };
        assert!(
            rest.is_empty(),
            "the data does not end, it goes on with {}",
            quoted(&rest)
        );
        self.transfer_event(
            id,
            TransferEvent::Ended {
                bytes: moved,
                end: end.expect("it was encoded whole"),
            },
        );
    }

    fn abort(&mut self, id: TransferId) {
        assert!(
            self.running
                .as_ref()
                .is_some_and(|running| running.id == id),
            "aborts what does not run"
        );
        self.tell("data: is aborted");
        if !self.slow_aborts {
            self.fail(Failure::Aborted);
        }
    }

    fn fail(&mut self, failure: Failure) {
        let running = self.running.take().expect("it runs");
        if let Content::Incoming(upload) = running.content {
            self.store.abandon(upload);
        }
        self.transfer_event(running.id, TransferEvent::Failed(failure));
    }

    fn data(&mut self, what: &str) -> bool {
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        match (verb, rest) {
            ("connects", "") => self.caller(self.ends.peer.ip()),
            ("connects", from) => self.caller(
                from.strip_prefix("from ")
                    .and_then(|ip| ip.parse().ok())
                    .expect("from?"),
            ),
            ("accepts", "") => self.called(true),
            ("refuses", "") => self.called(false),
            ("sends", bytes) => self.incoming(&text(bytes)),
            ("receives", bytes) => self.outgoing(&text(bytes)),
            ("closes", "") => self.data_closed(),
            ("ends", "") => self.data_ended(),
            ("resets", "") => self.fail(Failure::Broken),
            _ => return false,
        }
        self.drain();
        true
    }
}

impl World for Server {
    const EXPECTS: &'static [&'static str] = &[
        "S: ",
        "data: ",
        "driver: has a question",
        "closed: ",
        "event: ",
    ];

    fn act(&mut self, line: &str) -> bool {
        match line {
            "control: closes" => self.handle(Input::Disconnected),
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
            () if !unread.is_empty() => {
                Some(format!("the session had not read {}", quoted(unread)))
            }
            () if !self.answers.is_empty() => Some("a question had no answer".into()),
            () => None,
        }
    }
}

fn config(given: &[&str]) -> Config {
    let mut config = Config::default();
    for line in given {
        let words: Vec<_> = line.splitn(3, ' ').collect();
        match words[..] {
            ["active", "off"] => config.active = false,
            ["attempts", number] => {
                config.login_attempts = number.parse().expect("a number of attempts")
            }
            ["public", "ip", ip] => config.public_ip = Some(ip.parse().expect("an IPv4 address")),
            ["trace"] => config.trace = true,
            ["file", ..] | ["folder", ..] | ["room", _] | ["logged", "in", ..] => {}
            ["too", "many", "sessions"]
            | ["no", "ports"]
            | ["slow", "answers" | "aborts"]
            | ["ipv6" | "events"] => {}
            _ => panic!("nobody knows what is given by {line:?}"),
        }
    }
    config
}

fn ends(ipv6: bool) -> Endpoints {
    let end = |text: &str| text.parse().expect("an address");
    match ipv6 {
        true => Endpoints {
            local: end("[2001:db8::1]:21"),
            peer: end("[2001:db8::7]:40000"),
        },
        false => Endpoints {
            local: end("192.0.2.1:21"),
            peer: end("192.0.2.7:40000"),
        },
    }
}

fn grant(user: &[u8]) -> Option<Grant> {
    match user {
        b"anna" => Some(Grant::read_write()),
        b"guest" => Some(Grant::read_only("Ask anna.")),
        _ => None,
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Connected => "event: connected".into(),
        Event::Command(command) => format!("event: command {command:?}"),
        Event::Reply(reply) => format!("event: reply {}", reply.code()),
        Event::LoggedIn(user) => format!("event: {user} is in"),
        Event::LoginRefused(user) => format!("event: {user} is not let in"),
        Event::TransferBegan { verb, path, .. } => format!("event: {verb} {path} begins"),
        Event::TransferEnded(report) => {
            let (verb, path, bytes) = (report.verb, &report.path, report.bytes);
            match report.outcome {
                Ok(()) => format!("event: {verb} {path} is complete, {bytes} bytes"),
                Err(failure) => {
                    format!("event: {verb} {path} is not complete, {bytes} bytes: {failure:?}")
                }
            }
        }
        Event::Changed { verb, path } => format!("event: {verb} {path} is done"),
        Event::Ended(why) => format!("event: the session ends: {why:?}"),
    }
}
