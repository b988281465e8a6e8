//! The world of a client's transcript: the script is the server, the user, the network and the clock.

mod data;
mod words;

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use self::data::Data;
use self::words::{
    config, credentials, describe, describe_failure, ends, optional, options, relay, single,
};
use super::{arg, take_lines, text};
use crate::client::{
    Action, Event, Failure, Input, Outcome, Output, Refused, Session, TlsEvent, TlsFacts,
};
use crate::session::OperationId;
use crate::testing::escape::{escape, quoted, unescape};
use crate::testing::script::World;
use crate::time::Instant;
use crate::wire::Command;

pub(super) struct Client {
    session: Session,
    now: Instant,
    unread: Vec<u8>,
    piece: usize,
    sent: Vec<u8>,
    observed: VecDeque<String>,
    operations: VecDeque<Operation>,
    data: Data,
    /// The begin of every transfer is told, and not only where it says something.
    tells_beginnings: bool,
}

/// Something that the user asked for.
struct Operation {
    id: OperationId,
    what: String,
    /// What an upload is to bring.
    upload: Vec<u8>,
    /// What a download brought.
    file: Vec<u8>,
}

impl Client {
    pub(super) fn new(given: &[&str], piece: usize) -> Self {
        let ends = ends(given.contains(&"ipv6"));
        let mut client = Self {
            session: Session::new(Arc::new(config(given)), ends, Instant::EPOCH),
            now: Instant::EPOCH,
            unread: Vec::new(),
            piece,
            sent: Vec::new(),
            observed: VecDeque::new(),
            operations: VecDeque::new(),
            data: Data::default(),
            tells_beginnings: given.contains(&"beginnings"),
        };
        client.drain();
        if given.contains(&"greeted") {
            client.receive(b"220 Hello.\r\n");
            client.observed.clear();
        }
        client
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        self.offer();
        self.drain();
    }

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

    fn drain(&mut self) {
        loop {
            let mut idle = !self.write();
            while let Some(output) = self.session.poll() {
                idle = false;
                match output {
                    Output::Action(action) => self.action(action),
                    Output::Event(event) => self.event(event),
                }
            }
            let unread = self.unread.len();
            self.offer();
            if idle && unread == self.unread.len() {
                break;
            }
        }
    }

    fn write(&mut self) -> bool {
        let Some(transmit) = self.session.transmit() else {
            return false;
        };
        let count = transmit.bytes.len().min(self.piece);
        let bytes = &transmit.bytes[..count];
        let observed = &mut self.observed;
        if transmit.urgent {
            let mut lines = observed.iter_mut().rev();
            let begun = lines.find(|line| line.starts_with("C-urgent: "));
            match begun {
                Some(line) => line.push_str(&escape(bytes)),
                None => observed.push_back(format!("C-urgent: {}", escape(bytes))),
            }
        } else {
            self.sent.extend_from_slice(bytes);
        }
        take_lines(&mut self.sent, |line| {
            observed.push_back(format!("C: {line}"));
        });
        self.session.transmitted(self.now, count);
        if self.session.transmit().is_none() {
            self.session.handle(self.now, Input::Flushed);
        }
        true
    }

    fn tell(&mut self, line: impl Into<String>) {
        self.observed.push_back(line.into());
    }

    fn action(&mut self, action: Action) {
        match action {
            Action::Connect { data, to } => {
                self.data.opens(data);
                self.tell(format!("data: connects {to}"));
            }
            Action::Listen { data, .. } => {
                self.data.opens(data);
                self.tell("data: listens");
            }
            Action::Transfer(transfer) => {
                let operation = self.operation(transfer.operation);
                let upload = operation.map_or(Vec::new(), |operation| operation.upload.clone());
                let line = self.data.begins(transfer, &upload);
                self.tell(line);
            }
            Action::Drop(data, how) => {
                let line = self.data.drops(data, how);
                self.tell(line);
            }
            Action::StartTls(_) => {
                self.tell("tls: starts");
                let early = core::mem::take(&mut self.unread);
                if !early.is_empty() {
                    self.tell(format!("tls: reads {}", quoted(&early)));
                }
            }
            Action::StopTls => {
                self.unread.clear();
                self.tell("tls: stops");
            }
            Action::Close(how) => self.tell(format!(
                "closed: {}",
                format!("{how:?}").to_ascii_lowercase()
            )),
        }
    }

    fn operation(&mut self, id: OperationId) -> Option<&mut Operation> {
        self.operations
            .iter_mut()
            .find(|operation| operation.id == id)
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Greeting(reply) => self.tell(format!("event: greeting {}", reply.code())),
            Event::Underway(_, reply) if self.tells_beginnings => {
                let text = String::from_utf8_lossy(reply.text()).into_owned();
                self.tell(format!("event: underway {} {text}", reply.code()));
            }
            Event::Marker(_, marker) => {
                let local = marker
                    .local
                    .map_or(String::new(), |local| format!(", here {local}"));
                self.tell(format!("event: marker {}{local}", marker.server));
            }
            Event::Status(reply) => self.tell(format!("event: status {}", reply.code())),
            Event::Finished(id, result) => self.finished(id, &result),
            Event::Closed(None) => self.tell("session: over"),
            Event::Closed(Some(failure)) => {
                self.tell(format!("session: over, {}", describe_failure(&failure)));
            }
            Event::Sent(_) | Event::Received(_) | Event::Underway(..) => {}
        }
    }

    fn finished(&mut self, id: OperationId, result: &Result<Outcome, Failure>) {
        let index = self
            .operations
            .iter()
            .position(|operation| operation.id == id);
        let index = index.expect("the end of something that was not asked for");
        let Some(Operation { what, file, .. }) = self.operations.remove(index) else {
            return;
        };
        if !file.is_empty() {
            self.tell(format!("user: gets {}", quoted(&file)));
        }
        let result = match result {
            Ok(outcome) => describe(outcome),
            Err(failure) => describe_failure(failure),
        };
        // Out of turn, it says whose it is.
        self.tell(match index {
            0 => format!("result: {result}"),
            _ => format!("result of {what}: {result}"),
        });
    }

    fn user(&mut self, what: &str) -> bool {
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        let (now, session) = (self.now, &mut self.session);
        let mut upload = Vec::new();
        let begun = match (verb, rest) {
            ("abort", which) => {
                let mut operations = self.operations.iter();
                let operation = operations.find(|operation| operation.what.starts_with(which));
                // Of what is over nothing is left to abort.
                if let Some(operation) = operation {
                    session.abort(now, operation.id);
                }
                return self.drained();
            }
            ("quit", "") => {
                session.quit(now);
                return self.drained();
            }
            ("asks", "for status") => {
                if let Err(why) = session.ask_status(now) {
                    self.tell(format!("refused: {why}"));
                }
                return self.drained();
            }
            ("secure", "") => session.secure(now),
            ("clear", "") => session.clear_control(now),
            ("login", words) => session.login(now, credentials(words)),
            ("retrieve", words) => {
                let (name, options) = options(words);
                session.retrieve(now, arg(name), options)
            }
            ("resume", words) => session.begin(now, words::resume(words)),
            ("store" | "append", words) => {
                let (words, options) = options(words);
                let (name, content) = words.split_once(' ').expect("what to store");
                upload = text(content);
                let begin = if verb == "store" {
                    Session::store
                } else {
                    Session::append
                };
                begin(session, now, arg(name), options)
            }
            ("rename", words) => {
                let (from, to) = words.split_once(" to ").expect("rename what to what?");
                session.rename(now, arg(from), arg(to))
            }
            ("list", path) => session.list(now, Command::List(optional(path))),
            ("names", path) => session.list(now, Command::Nlst(optional(path))),
            ("facts", "") => session.list(now, Command::Mlsd(None)),
            ("relay", line) => session.third_party(now, relay(line)),
            ("gets", _) => return false,
            _ => {
                let (command, meaning) = single(what);
                session.command(now, command, meaning)
            }
        };
        self.begun(what, upload, begun);
        self.drained()
    }

    fn drained(&mut self) -> bool {
        self.drain();
        true
    }

    fn begun(&mut self, what: &str, upload: Vec<u8>, begun: Result<OperationId, Refused>) {
        match begun {
            Ok(id) => self.operations.push_back(Operation {
                id,
                what: what.into(),
                upload,
                file: Vec::new(),
            }),
            Err(refused) => self.tell(format!("refused: {}", refused.why)),
        }
    }

    fn tls(&mut self, what: &str) -> bool {
        let event = match what {
            "up" => TlsEvent::Up(TlsFacts::default()),
            "up again" => TlsEvent::Up(TlsFacts::new(None, true)),
            "fails" => TlsEvent::Failed,
            "down" => TlsEvent::Down,
            _ => return false,
        };
        self.handle(Input::Tls(event));
        true
    }
}

impl World for Client {
    const EXPECTS: &'static [&'static str] = &[
        "C: ",
        "C-urgent: ",
        "data: ",
        "tls: ",
        "user: gets ",
        "result: ",
        "result of ",
        "refused: ",
        "event: ",
        "session: ",
        "closed: ",
    ];

    fn act(&mut self, line: &str) -> bool {
        if line == "control: closes" {
            self.handle(Input::PeerEnded);
        } else if line == "control: breaks" {
            self.handle(Input::Disconnected);
        } else if line == "control: given up" {
            self.handle(Input::GivenUp);
        } else if let Some(reply) = line.strip_prefix("S: ") {
            self.receive(&[&unescape(reply)[..], b"\r\n"].concat());
        } else if let Some(bytes) = line.strip_prefix("S-part: ") {
            self.receive(&unescape(bytes));
        } else if let Some(what) = line.strip_prefix("data: ") {
            return self.data(what);
        } else if let Some(what) = line.strip_prefix("tls: ") {
            return self.tls(what);
        } else {
            return line
                .strip_prefix("user: ")
                .is_some_and(|what| self.user(what));
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
        match () {
            () if !self.operations.is_empty() => Some("an operation is not over".into()),
            () if self.data.is_left() => Some("a data connection is left".into()),
            () if !self.sent.is_empty() => {
                Some(format!("a line had no end: {}", quoted(&self.sent)))
            }
            () if !self.unread.is_empty() => {
                Some(format!("the session had not read {}", quoted(&self.unread)))
            }
            () => None,
        }
    }
}
