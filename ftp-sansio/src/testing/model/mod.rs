//! A client's session joined to a server that is made up: a few lines that answer in order, and habits that real servers have. What
//! matters is what the client makes of it, and how long it takes.

mod server;
mod side;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use self::server::Server;
use self::side::Side;
use super::Random;
use crate::client::{Config, Endpoints, Failure, Input, NotNow, Operation, Outcome, Session};
use crate::session::OperationId;
use crate::time::Instant;

/// What a server of this kind does with the commands that come while it moves data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Meanwhile {
    /// It keeps them for later.
    #[default]
    Keeps,
    /// It answers NOOP at once; a new EPSV would end the transfer (RFC 959 § 3.2).
    Answers,
    /// It refuses each.
    Refuses,
    /// It refuses all that came together with one reply.
    Loses,
    /// It refuses some of what came together with one reply, and keeps the rest for later.
    LosesSome,
}

/// What a server leaves of a data connection after a transfer in MODE B.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Leaves {
    /// It is closed, with 226.
    #[default]
    Closed,
    /// It stays open, with 250.
    Open,
    /// It stays open, with 250, and is closed with 226 after so many transfers.
    OpenFor(u32),
    /// It stays open, with 250, and then breaks all the same, after so many transfers.
    BreaksAfter(u32),
}

/// A server's habits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Habits {
    /// What it does with commands during a transfer.
    pub meanwhile: Meanwhile,
    /// It says 150 before it has the data connection.
    pub early_150: bool,
    /// It refuses (425) a transfer whose data connection is not there when it is asked for it.
    pub no_pairs: bool,
    /// It answers PORT only when it has connected, and what comes behind it before.
    pub late_port: bool,
    /// It refuses so many of a hundred EPSVs.
    pub epsv_refusals: u8,
    /// Nobody gets through to the ports of its 229s.
    pub epsv_unreachable: bool,
    /// It does not know REST.
    pub no_rest: bool,
    /// What it leaves of data connections.
    pub leaves: Leaves,
    /// How long it thinks about a command at the most.
    pub thinks: Duration,
}

/// What came of an operation, and what it has fetched.
pub type End = (Result<Outcome, Failure>, Vec<u8>);

/// A client and a server that is made up, so far from each other.
#[derive(Debug)]
pub struct Model {
    now: Instant,
    /// Half of a round trip.
    way: Duration,
    coming: BTreeMap<(Instant, u64), Happening>,
    serial: u64,
    random: Random,
    client: Side,
    server: Server,
    next_link: usize,
}

/// Something that will happen.
#[derive(Debug)]
enum Happening {
    /// Bytes of the control connection arrive.
    ToServer(Vec<u8>),
    ToClient(Vec<u8>),
    /// The server goes on.
    Server,
    /// A data connection is asked for at this port of the server's, or the client's.
    CallsServer(usize, u16),
    CallsClient(usize, u16),
    /// It is there, or is not, for the client or the server, which called.
    Answered(usize, u16, bool),
    AnsweredServer(usize, bool),
    /// The other side sees it too.
    Accepted(usize, u16),
    Data {
        link: usize,
        to_client: bool,
        what: Flow,
    },
    /// The client's driver has something to say.
    Client(Input),
}

/// What goes over a data connection.
#[derive(Clone, Debug)]
enum Flow {
    Bytes(Vec<u8>),
    Fin,
    Reset,
}

impl Model {
    /// A client that has logged in, and a server a round trip of this length away.
    #[must_use]
    pub fn new(config: Config, habits: Habits, round_trip: Duration, seed: u64) -> Self {
        let end = |last, port| core::net::SocketAddr::from(([192, 0, 2, last], port));
        let ends = Endpoints {
            local: end(7, 40_000),
            peer: end(1, 21),
        };
        let session = Session::new(config.into(), ends, Instant::EPOCH);
        let mut model = Self {
            now: Instant::EPOCH,
            way: round_trip / 2,
            coming: BTreeMap::new(),
            serial: 0,
            random: Random::new(seed),
            client: Side::new(session),
            server: Server::new(habits),
            next_link: 0,
        };
        model.later(
            Duration::ZERO,
            Happening::ToClient(b"220 Hello.\r\n".to_vec()),
        );
        while model.client.session.is_idle() == model.client.session.is_closed() {
            model.step();
        }
        model
    }

    /// A file of the server's.
    pub fn put(&mut self, name: &str, content: Vec<u8>) {
        self.server.files.insert(name.into(), content);
    }

    /// A file of the server's.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.server.files.get(name).map(|file| &file[..])
    }

    /// How much time has passed.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.now.since_epoch()
    }

    /// What the client said.
    #[must_use]
    pub fn commands(&self) -> &[alloc::string::String] {
        &self.server.heard
    }

    /// Asks for all of these at once, or as soon as the queue has room, and waits for the end of the last: what came of each.
    ///
    /// # Panics
    /// Where one of them never ends, or cannot be done at all.
    pub fn run(&mut self, operations: Vec<(Operation, Vec<u8>)>) -> Vec<End> {
        self.run_and_abort(operations, usize::MAX, 0)
    }

    /// The same; and gives up one of them when so many things have happened.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub fn run_and_abort(
        &mut self,
        operations: Vec<(Operation, Vec<u8>)>,
        which: usize,
        steps: usize,
    ) -> Vec<End> {
        let mut ids = Vec::new();
        for (operation, upload) in operations {
            ids.push(self.ask(operation, &upload));
        }
        if let Some(Some(id)) = ids.get(which) {
            for _ in 0..steps {
                if self.client.session.is_idle() {
                    break;
                }
                self.step();
            }
            self.client.session.abort(self.now, *id);
        }
        let ends = ids.into_iter().map(|id| match id {
            Some(id) => self.end_of(id),
            None => (Err(Failure::NotBegun), Vec::new()),
        });
        ends.collect()
    }

    fn ask(&mut self, operation: Operation, upload: &[u8]) -> Option<OperationId> {
        let mut operation = operation;
        loop {
            match self.client.session.begin(self.now, operation) {
                Ok(id) => {
                    self.client.asks(id, upload);
                    return Some(id);
                }
                Err(refused) if refused.why == NotNow::Busy => operation = *refused.operation,
                Err(refused) if refused.why == NotNow::Closed => return None,
                Err(refused) => panic!("{refused}: {:?}", refused.operation),
            }
            self.step();
        }
    }

    fn end_of(&mut self, id: OperationId) -> End {
        loop {
            self.settle();
            if let Some(end) = self.client.take(id) {
                return end;
            }
            self.step();
        }
    }

    fn later(&mut self, time: Duration, happening: Happening) {
        self.serial += 1;
        self.coming
            .insert((self.now + time, self.serial), happening);
    }

    /// Carries out what the session wants, and lets the next thing happen.
    fn step(&mut self) {
        self.settle();
        let tick = self.client.session.deadline();
        let next = self.coming.keys().next().copied();
        match next {
            Some((at, serial)) if tick.is_none_or(|tick| at <= tick) => {
                self.now = self.now.max(at);
                if let Some(happening) = self.coming.remove(&(at, serial)) {
                    self.happens(happening);
                }
            }
            _ => {
                let commands = &self.server.heard;
                self.now = tick.unwrap_or_else(|| panic!("it never ends: {commands:?}"));
                self.client.session.handle(self.now, Input::Tick);
            }
        }
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::ToServer(bytes) => self.server_hears(&bytes),
            Happening::ToClient(bytes) => {
                let taken = self.client.session.receive(self.now, &bytes);
                if taken < bytes.len() {
                    // Full: what is left comes again when it has been drained.
                    self.settle();
                    let rest = bytes[taken..].to_vec();
                    self.happens(Happening::ToClient(rest));
                }
            }
            Happening::Server => self.server_wakes(),
            Happening::CallsServer(link, port) => {
                let is_there = self.server.listens(port);
                self.later(self.way, Happening::Answered(link, port, is_there));
            }
            Happening::CallsClient(link, port) => {
                let is_there = self.client.accept(link, port);
                self.later(self.way, Happening::AnsweredServer(link, is_there));
            }
            Happening::Answered(link, port, is_there) => self.answered(link, port, is_there),
            Happening::AnsweredServer(link, true) => {
                self.server.accept(link);
                self.server_goes_on();
            }
            Happening::AnsweredServer(_, false) => self.server_is_refused(),
            Happening::Accepted(link, port) => {
                // Another port was opened meanwhile, and this one closed with whoever had come to it.
                if self.server.has_route(port) {
                    self.server.accept(link);
                    self.server_goes_on();
                } else {
                    self.send(link, true, Flow::Reset);
                }
            }
            Happening::Data {
                link,
                to_client,
                what,
            } => {
                if to_client {
                    self.client_gets(link, what);
                } else {
                    self.server_gets(link, what);
                }
            }
            Happening::Client(input) => self.client.session.handle(self.now, input),
        }
    }

    fn send(&mut self, link: usize, to_client: bool, what: Flow) {
        let data = Happening::Data {
            link,
            to_client,
            what,
        };
        self.later(self.way, data);
    }
}
