//! The world of a client's transcript: the script is the server, the user, the network and the clock.

mod words;

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use self::words::{
    config, credentials, describe, describe_failure, ends, optional, options, single,
};
use super::{arg, take_lines, text};
use crate::client::{
    Action, Close, DataId, Event, Input, Output, Refused, Session, Transfer, TransferEvent,
};
use crate::data::{CleanEnd, Codec, Direction, End};
use crate::session::OperationId;
use crate::testing::escape::{quoted, unescape};
use crate::testing::script::World;
use crate::testing::stream;
use crate::time::Instant;
use crate::wire::Command;

pub(super) struct Client {
    session: Session,
    now: Instant,
    unread: Vec<u8>,
    piece: usize,
    sent: Vec<u8>,
    observed: VecDeque<String>,
    operation: Option<OperationId>,
    /// The data connection or listener that the session has, and what it asked for last.
    data: Option<DataId>,
    moving: Option<Moving>,
    /// What an upload is to bring.
    upload: Vec<u8>,
    /// What a download brought.
    file: Vec<u8>,
}

struct Moving {
    transfer: Transfer,
    codec: Codec,
    moved: u64,
    /// The encoded rest of an upload and its end.
    rest: Vec<u8>,
    end: Option<CleanEnd>,
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
            operation: None,
            data: None,
            moving: None,
            upload: Vec::new(),
            file: Vec::new(),
        };
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
        self.sent.extend_from_slice(&transmit.bytes[..count]);
        self.session.transmitted(self.now, count);
        let observed = &mut self.observed;
        take_lines(&mut self.sent, |line| {
            observed.push_back(format!("C: {line}"));
        });
        true
    }

    fn tell(&mut self, line: impl Into<String>) {
        self.observed.push_back(line.into());
    }

    fn action(&mut self, action: Action) {
        match action {
            Action::Connect { data, to } => {
                self.take_data(data);
                self.tell(format!("data: connects {to}"));
            }
            Action::Listen { data, .. } => {
                self.take_data(data);
                self.tell("data: listens");
            }
            Action::Transfer(transfer) => self.begin(transfer),
            Action::Drop(data, how) => {
                assert_eq!(
                    self.data.take(),
                    Some(data),
                    "drops a data connection that is not there"
                );
                self.moving = None;
                self.tell(if how == Close::Abruptly {
                    "data: is reset"
                } else {
                    "data: is closed"
                });
            }
            Action::Close(how) => self.tell(format!(
                "closed: {}",
                format!("{how:?}").to_ascii_lowercase()
            )),
        }
    }

    fn take_data(&mut self, data: DataId) {
        assert_eq!(
            self.data, None,
            "a second data connection, and the first was not dropped"
        );
        self.data = Some(data);
    }

    fn begin(&mut self, transfer: Transfer) {
        assert_eq!(
            self.data,
            Some(transfer.data),
            "moves data on a connection that is not there"
        );
        let mut codec = transfer
            .parameters
            .codec(transfer.direction)
            .expect("a transfer has a codec");
        let (mut rest, mut end) = (Vec::new(), None);
        if transfer.direction == Direction::Send {
            let (bytes, ended) = stream::run(&mut codec, &self.upload, End::Closed);
            (rest, end) = (bytes, ended.and_then(Result::ok));
        }
        self.tell(if transfer.direction == Direction::Send {
            "data: may go"
        } else {
            "data: may come"
        });
        self.moving = Some(Moving {
            transfer,
            codec,
            moved: 0,
            rest,
            end,
        });
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Greeting(reply) => self.tell(format!("event: greeting {}", reply.code())),
            Event::Finished(id, result) => {
                assert_eq!(
                    self.operation.take(),
                    Some(id),
                    "the end of something that was not asked for"
                );
                let file = core::mem::take(&mut self.file);
                if !file.is_empty() {
                    self.tell(format!("user: gets {}", quoted(&file)));
                }
                self.tell(match result {
                    Ok(outcome) => format!("result: {}", describe(&outcome)),
                    Err(failure) => format!("result: {}", describe_failure(&failure)),
                });
            }
            Event::Closed(None) => self.tell("session: over"),
            Event::Closed(Some(failure)) => {
                self.tell(format!("session: over, {}", describe_failure(&failure)));
            }
            Event::Sent(_) | Event::Received(_) => {}
        }
    }

    fn moving(&mut self) -> &mut Moving {
        self.moving
            .as_mut()
            .expect("no data may move yet, or any more")
    }

    fn transfer_event(&mut self, event: TransferEvent) {
        let id = self.moving().transfer.id;
        self.handle(Input::Transfer(id, event));
    }

    /// Bytes of a download, and perhaps their end.
    fn incoming(&mut self, bytes: &[u8], end: End) {
        let moving = self.moving();
        assert_eq!(
            moving.transfer.direction,
            Direction::Receive,
            "nothing is downloaded"
        );
        let (file, end) = stream::run(&mut moving.codec, bytes, end);
        moving.moved += bytes.len() as u64;
        let moved = moving.moved;
        self.file.extend_from_slice(&file);
        self.transfer_event(match end {
            None => TransferEvent::Progress(moved),
            Some(Ok(end)) => TransferEvent::Ended { bytes: moved, end },
            Some(Err(_)) => TransferEvent::Broken,
        });
    }

    /// The server reads these bytes of an upload.
    fn outgoing(&mut self, bytes: &[u8]) {
        let moving = self.moving();
        assert!(
            moving.rest.starts_with(bytes),
            "the data goes on with {}, not {}",
            quoted(&moving.rest),
            quoted(bytes)
        );
        moving.rest.drain(..bytes.len());
        moving.moved += bytes.len() as u64;
        let moved = moving.moved;
        self.transfer_event(TransferEvent::Progress(moved));
    }

    fn outgoing_ended(&mut self) {
        let moving = self.moving();
        assert!(
            moving.rest.is_empty(),
            "the data does not end, it goes on with {}",
            quoted(&moving.rest)
        );
        let (bytes, end) = (
            moving.moved,
            moving.end.take().expect("an upload, and not ended twice"),
        );
        self.transfer_event(TransferEvent::Ended { bytes, end });
    }

    fn data(&mut self, what: &str) -> bool {
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        let data = self.data;
        let data = || data.expect("there is no data connection");
        match (verb, rest) {
            ("connected" | "accepted", "") => self.handle(Input::Connected(data())),
            ("refused", "") => {
                self.handle(Input::NotConnected(data()));
            }
            ("listening", at) => {
                let at: SocketAddr = at.parse().expect("an address");
                self.handle(Input::Listening(data(), Some(at)));
            }
            ("cannot", "listen") => self.handle(Input::Listening(data(), None)),
            ("brings", bytes) => self.incoming(&text(bytes), End::More),
            ("takes", bytes) => self.outgoing(&text(bytes)),
            ("ends", "") => self.incoming(&[], End::Closed),
            ("is", "sent") => self.outgoing_ended(),
            ("breaks", "") => self.transfer_event(TransferEvent::Broken),
            _ => return false,
        }
        true
    }

    fn user(&mut self, what: &str) -> bool {
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        let (now, session) = (self.now, &mut self.session);
        let begun = match (verb, rest) {
            ("abort", "") => {
                session.abort(now);
                return self.drained();
            }
            ("quit", "") => {
                session.quit(now);
                return self.drained();
            }
            ("login", words) => session.login(now, credentials(words)),
            ("retrieve", words) => {
                let (name, options) = options(words);
                session.retrieve(now, arg(name), options)
            }
            ("store" | "append", words) => {
                let (words, options) = options(words);
                let (name, content) = words.split_once(' ').expect("what to store");
                self.upload = text(content);
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
            ("gets", _) => return false,
            _ => {
                let (command, meaning) = single(what);
                session.command(now, command, meaning)
            }
        };
        self.begun(begun);
        self.drained()
    }

    fn drained(&mut self) -> bool {
        self.drain();
        true
    }

    fn begun(&mut self, begun: Result<OperationId, Refused>) {
        match begun {
            Ok(id) => self.operation = Some(id),
            Err(refused) => self.tell(format!("refused: {}", refused.why)),
        }
    }
}

impl World for Client {
    const EXPECTS: &'static [&'static str] = &[
        "C: ",
        "data: ",
        "user: gets ",
        "result: ",
        "refused: ",
        "event: ",
        "session: ",
        "closed: ",
    ];

    fn act(&mut self, line: &str) -> bool {
        if line == "control: closes" {
            self.handle(Input::PeerEnded);
        } else if let Some(reply) = line.strip_prefix("S: ") {
            self.receive(&[&unescape(reply)[..], b"\r\n"].concat());
        } else if let Some(bytes) = line.strip_prefix("S-part: ") {
            self.receive(&unescape(bytes));
        } else if let Some(what) = line.strip_prefix("data: ") {
            return self.data(what);
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
            () if self.operation.is_some() => Some("an operation is not over".into()),
            () if self.data.is_some() => Some("a data connection is left".into()),
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
