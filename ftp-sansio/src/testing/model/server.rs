//! The server that is made up.

use alloc::collections::BTreeMap;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::{Flow, Habits, Happening, Leaves, Meanwhile, Model};
use crate::data::{Codec, Direction, End, Parameters};
use crate::testing::stream;
use crate::wire::{Command, Mode, Restart};

/// How long it waits for a data connection.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many bytes of a file it sends at a time, and how long that takes.
const PIECE: usize = 4000;
const PIECE_TIME: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct Server {
    habits: Habits,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) heard: Vec<String>,
    lines: VecDeque<String>,
    partial: Vec<u8>,
    /// It thinks, or moves data, and will go on.
    is_busy: bool,
    mode: Mode,
    offset: usize,
    renamed: Option<String>,
    route: Route,
    /// A data connection that is there.
    link: Option<Link>,
    ports: u16,
    /// Transfers over this data connection.
    served: u32,
    transfer: Option<Transfer>,
}

#[derive(Debug, Default)]
enum Route {
    #[default]
    None,
    /// It listens there.
    Passive(u16),
    /// It will connect there.
    Active(u16),
}

#[derive(Debug)]
struct Link {
    number: usize,
    received: Vec<u8>,
    end: Option<Flow>,
}

#[derive(Debug)]
struct Transfer {
    kind: Kind,
    has_begun: bool,
    since: crate::time::Instant,
    is_calling: bool,
}

#[derive(Debug)]
enum Kind {
    /// The rest of what is sent, and whether it breaks off then.
    Out(Vec<u8>, bool),
    In(String, Codec, Vec<u8>),
}

impl Server {
    pub(super) fn new(habits: Habits) -> Self {
        Self {
            habits,
            files: BTreeMap::new(),
            heard: Vec::new(),
            lines: VecDeque::new(),
            partial: Vec::new(),
            is_busy: false,
            mode: Mode::Stream,
            offset: 0,
            renamed: None,
            route: Route::None,
            link: None,
            ports: 0,
            served: 0,
            transfer: None,
        }
    }

    pub(super) const fn has_route(&self, port: u16) -> bool {
        matches!(self.route, Route::Passive(listening) if listening == port)
    }

    pub(super) fn listens(&self, port: u16) -> bool {
        self.has_route(port) && !(self.habits.epsv_unreachable && port.is_multiple_of(2))
    }

    pub(super) fn accept(&mut self, number: usize) {
        self.served = 0;
        self.link = Some(Link {
            number,
            received: Vec::new(),
            end: None,
        });
        self.route = Route::None;
    }

    const fn parameters(&self) -> Parameters {
        Parameters {
            mode: self.mode,
            ..Parameters::IMAGE
        }
    }

    /// What RETR sends of a file: one called `torn…` breaks off.
    fn outgoing(&self, content: &[u8], is_torn: bool) -> Kind {
        let mut codec = self.parameters().codec(Direction::Send).expect("a codec");
        let rest = content.get(self.offset..).unwrap_or_default();
        let (mut bytes, _) = stream::run(&mut codec, rest, End::Closed);
        if is_torn {
            bytes.truncate(bytes.len() / 2);
        }
        Kind::Out(bytes, is_torn)
    }
}

impl Model {
    fn reply(&mut self, text: &str) {
        let line = format!("{text}\r\n").into_bytes();
        self.later(self.way, Happening::ToClient(line));
    }

    pub(super) fn server_hears(&mut self, bytes: &[u8]) {
        let mut lines = VecDeque::new();
        for &byte in bytes {
            match byte {
                b'\n' => {
                    let line = core::mem::take(&mut self.server.partial);
                    lines.push_back(String::from_utf8_lossy(&line).trim_end().to_string());
                }
                byte => self.server.partial.push(byte),
            }
        }
        self.server.heard.extend(lines.iter().cloned());
        let is_moving = self
            .server
            .transfer
            .as_ref()
            .is_some_and(|transfer| transfer.has_begun);
        let meanwhile = self.server.habits.meanwhile;
        if is_moving && self.server.lines.is_empty() && !lines.is_empty() {
            match meanwhile {
                Meanwhile::Refuses => {
                    for line in lines.drain(..) {
                        self.reply(&format!("450 {line}: data transfer in progress"));
                    }
                }
                Meanwhile::Loses => {
                    lines.clear();
                    self.reply("500 Unknown command");
                }
                Meanwhile::LosesSome => {
                    let count = 1 + self.random.up_to(lines.len() - 1);
                    lines.drain(..count);
                    self.reply("500 Unknown command");
                }
                Meanwhile::Keeps | Meanwhile::Answers => {}
            }
        }
        self.server.lines.extend(lines);
        self.server_goes_on();
    }

    /// Does what it can do now.
    pub(super) fn server_goes_on(&mut self) {
        if self.server.is_busy {
            return;
        }
        if self.server.transfer.is_some() {
            self.answer_meanwhile();
            return self.move_on();
        }
        let Some(line) = self.server.lines.pop_front() else {
            return;
        };
        self.execute(&line);
        self.pause(self.server.habits.thinks);
    }

    /// Carries out commands while it waits for a data connection or moves data, as servers do that wait for nothing.
    fn answer_meanwhile(&mut self) {
        while self.server.habits.meanwhile == Meanwhile::Answers
            && let Some(line) = self.server.lines.front()
        {
            assert_ne!(line, "EPSV", "this would have ended the transfer");
            if line != "NOOP" {
                return;
            }
            self.server.lines.pop_front();
            self.reply("200 Fine.");
        }
    }

    /// Thinks for a while, or does the next piece of its work.
    fn pause(&mut self, most: Duration) {
        let most = usize::try_from(most.as_micros()).unwrap_or(usize::MAX);
        let time = Duration::from_micros(self.random.up_to(most) as u64);
        self.server.is_busy = true;
        self.later(time, Happening::Server);
    }

    fn execute(&mut self, line: &str) {
        let Ok(command) = Command::parse(line.as_bytes()) else {
            return self.reply("500 What?");
        };
        let name = |arg: &crate::wire::Arg| arg.to_string();
        match command {
            Command::Type(_) | Command::Noop | Command::Cwd(_) => self.reply("200 Fine."),
            Command::Pwd => self.reply("257 \"/\""),
            Command::Mode(mode) => {
                let knows_blocks = self.server.habits.leaves != Leaves::Closed;
                if mode == Mode::Stream || mode == Mode::Block && knows_blocks {
                    self.server.mode = mode;
                    self.reply("200 Fine.");
                } else {
                    self.reply("504 No.");
                }
            }
            Command::Epsv(_) => self.listen(true),
            Command::Pasv => self.listen(false),
            Command::Port(at) => {
                self.server.link = None;
                self.server.route = Route::Active(at.port());
                if self.server.habits.late_port {
                    while self.server.lines.front().is_some_and(|line| line == "PWD") {
                        self.server.lines.pop_front();
                        self.reply("257 \"/\"");
                    }
                }
                self.reply("200 Fine.");
            }
            Command::Rest(Restart::Offset(_)) if self.server.habits.no_rest => {
                self.reply("502 No.");
            }
            Command::Rest(Restart::Offset(offset)) => {
                self.server.offset = usize::try_from(offset).unwrap_or(usize::MAX);
                self.reply("350 And?");
            }
            Command::Size(path) => match self.server.files.get(&name(&path)).map(Vec::len) {
                Some(size) => self.reply(&format!("213 {size}")),
                None => self.reply("550 No such file."),
            },
            Command::Dele(path) => match self.server.files.remove(&name(&path)) {
                Some(_) => self.reply("250 Gone."),
                None => self.reply("550 No such file."),
            },
            Command::Rnfr(path) if self.server.files.contains_key(&name(&path)) => {
                self.server.renamed = Some(name(&path));
                self.reply("350 And?");
            }
            Command::Rnto(path) => {
                let from = self.server.renamed.take().unwrap_or_default();
                match self.server.files.remove(&from) {
                    Some(file) => {
                        self.server.files.insert(name(&path), file);
                        self.reply("250 Done.");
                    }
                    None => self.reply("503 From what?"),
                }
            }
            Command::Retr(path) => self.retrieve(&name(&path)),
            Command::Mlsd(_) => {
                let lines = self.server.files.iter();
                let lines = lines.map(|(name, file)| format!("size={}; {name}\r\n", file.len()));
                let listing = lines.collect::<String>().into_bytes();
                let kind = self.server.outgoing(&listing, false);
                self.begin(kind);
            }
            Command::Stor(path) if name(&path).starts_with("no") => self.reply("553 No."),
            Command::Stor(path) => {
                let codec = self.server.parameters().codec(Direction::Receive);
                let codec = codec.expect("a codec");
                self.begin(Kind::In(name(&path), codec, Vec::new()));
            }
            Command::Rnfr(_) => self.reply("550 No such file."),
            _ => self.reply("502 Not here."),
        }
    }

    fn listen(&mut self, is_extended: bool) {
        // RFC 959 § 3.2: a new port closes the data connection.
        self.server.link = None;
        let refuses = self.random.up_to(99) < usize::from(self.server.habits.epsv_refusals);
        if is_extended && refuses {
            self.server.route = Route::None;
            return self.reply("500 Not today.");
        }
        // Even ports are those of 229s.
        self.server.ports += 2;
        let port = 50_000 + self.server.ports + u16::from(!is_extended);
        self.server.route = Route::Passive(port);
        let [high, low] = port.to_be_bytes();
        self.reply(&match is_extended {
            true => format!("229 (|||{port}|)"),
            false => format!("227 (10,0,0,1,{high},{low})"),
        });
    }

    fn retrieve(&mut self, name: &str) {
        match self.server.files.get(name) {
            Some(content) => {
                let kind = self.server.outgoing(content, name.starts_with("torn"));
                self.begin(kind);
            }
            None => {
                self.server.offset = 0;
                self.reply("550 No such file.");
            }
        }
    }

    fn begin(&mut self, kind: Kind) {
        self.server.offset = 0;
        let server = &mut self.server;
        let has_link = server.link.as_ref().is_some_and(|link| link.end.is_none());
        if !has_link {
            server.link = None;
        }
        let has_route = has_link || !matches!(server.route, Route::None);
        let has_to_wait = !has_link && matches!(server.route, Route::Passive(_));
        if !has_route || has_to_wait && server.habits.no_pairs {
            return self.reply("425 No data connection.");
        }
        let is_early = server.habits.early_150;
        server.transfer = Some(Transfer {
            kind,
            has_begun: false,
            since: self.now,
            is_calling: false,
        });
        if is_early {
            self.reply("150 Here.");
        }
    }

    /// Waits for the data connection, or moves the next piece.
    fn move_on(&mut self) {
        let Some(transfer) = &mut self.server.transfer else {
            return;
        };
        let Some(link) = &mut self.server.link else {
            match self.server.route {
                Route::Active(port) if !transfer.is_calling => {
                    transfer.is_calling = true;
                    self.next_link += 1;
                    let link = self.next_link;
                    return self.later(self.way, Happening::CallsClient(link, port));
                }
                Route::None if !transfer.is_calling => return self.finish("426 It is gone."),
                _ => {}
            }
            if self.now.saturating_since(transfer.since) >= PATIENCE {
                return self.finish("425 Nobody came.");
            }
            // Ask again when there is nothing else to do.
            if transfer.since == self.now {
                self.later(PATIENCE, Happening::Server);
            }
            return;
        };
        if !transfer.has_begun {
            transfer.has_begun = true;
            if !self.server.habits.early_150 {
                self.reply("150 Here.");
            }
            return self.pause(PIECE_TIME);
        }
        let number = link.number;
        match &mut transfer.kind {
            Kind::Out(..) if link.end.is_some() => self.finish("426 You went away."),
            Kind::Out(rest, is_torn) if rest.is_empty() => {
                if *is_torn {
                    self.send(number, true, Flow::Reset);
                    return self.finish("451 It is torn.");
                }
                self.complete();
            }
            Kind::Out(rest, _) => {
                let piece = rest.drain(..rest.len().min(PIECE)).collect();
                self.send(number, true, Flow::Bytes(piece));
                self.pause(PIECE_TIME);
            }
            Kind::In(name, codec, content) => {
                let received = core::mem::take(&mut link.received);
                let ending = match link.end {
                    Some(Flow::Fin) => End::Closed,
                    _ => End::More,
                };
                let (bytes, end) = stream::run(codec, &received, ending);
                content.extend_from_slice(&bytes);
                match end {
                    Some(Ok(_)) => {
                        let (name, content) = (name.clone(), core::mem::take(content));
                        self.server.files.insert(name, content);
                        self.complete();
                    }
                    Some(Err(_)) => self.finish("426 Broken."),
                    None if link.end.is_some() => self.finish("426 Broken."),
                    None => {}
                }
            }
        }
    }

    /// The transfer's good end.
    fn complete(&mut self) {
        self.server.served += 1;
        let served = self.server.served;
        let stays = self.server.parameters().leaves_open()
            && match self.server.habits.leaves {
                Leaves::Open | Leaves::BreaksAfter(_) => true,
                Leaves::OpenFor(most) => served < most,
                Leaves::Closed => false,
            };
        if !stays {
            return self.finish("226 Done.");
        }
        self.server.transfer = None;
        self.reply("250 Done.");
        if matches!(self.server.habits.leaves, Leaves::BreaksAfter(most) if served >= most)
            && let Some(link) = self.server.link.take()
        {
            self.send(link.number, true, Flow::Reset);
        }
        self.pause(Duration::ZERO);
    }

    /// Its end, whatever it is, and the data connection's.
    fn finish(&mut self, reply: &str) {
        self.server.transfer = None;
        self.server.route = Route::None;
        if let Some(link) = self.server.link.take() {
            self.send(link.number, true, Flow::Fin);
        }
        self.reply(reply);
        self.pause(Duration::ZERO);
    }

    pub(super) fn server_is_refused(&mut self) {
        if self.server.transfer.is_some() {
            self.finish("425 Nobody there.");
        }
    }

    pub(super) fn server_gets(&mut self, link: usize, what: Flow) {
        let Some(link) = self.server.link.as_mut().filter(|it| it.number == link) else {
            return;
        };
        match what {
            Flow::Bytes(bytes) => link.received.extend_from_slice(&bytes),
            end => link.end = Some(end),
        }
        self.server_goes_on();
    }

    /// It has thought, or waited, long enough.
    pub(super) fn server_wakes(&mut self) {
        self.server.is_busy = false;
        self.server_goes_on();
    }
}
