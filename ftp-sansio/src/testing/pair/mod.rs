//! A client and a server machine joined under virtual time.

mod client_side;
mod drivers;
mod ids;
mod injection;
mod mover;
mod server_side;
mod wire;

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use self::client_side::ClientSide;
use self::ids::Kind;
use self::server_side::ServerSide;
use super::network::{Network, Pipe};
use super::store::Store;
use crate::client::{
    self, Credentials, Endpoints, Failure, NotNow, Operation, Options, Outcome, TransferRequest,
};
use crate::server;
use crate::session::{OperationId, Transmit};
use crate::time::Instant;
use crate::wire::{Arg, Command, Secret, VirtualPath};

pub use self::injection::Injection;
use self::injection::Injections;
pub use super::network::Faults;

/// Where the client connects from.
const CLIENT_PORT: u16 = 40_999;

/// A client's session and a server's, and a network between them. A seed decides how bytes are cut, how long things take, and in
/// which order both drivers do what there is to do.
///
/// The server knows everybody whose password is `hush`.
#[derive(Debug)]
pub struct Pair {
    network: Network,
    client: ClientSide,
    server: ServerSide,
    /// The control connection.
    up: Pipe,
    down: Pipe,
    replied: usize,
    ends: Endpoints,
    injections: Injections,
    /// What the client's user asked for last.
    latest: Option<OperationId>,
}

impl Pair {
    /// A pair with ordinary configurations.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with(seed, client::Config::default(), server::Config::default())
    }

    /// A pair with these configurations.
    #[must_use]
    pub fn with(seed: u64, client: client::Config, server: server::Config) -> Self {
        let end = |last, port| SocketAddr::from(([192, 0, 2, last], port));
        let ends = Endpoints {
            local: end(7, 40_000),
            peer: end(1, 21),
        };
        let server_ends = Endpoints {
            local: ends.peer,
            peer: ends.local,
        };
        let client = client::Session::new(client.into(), ends, Instant::EPOCH);
        let server = server::Session::new(server.into(), server_ends, Instant::EPOCH);
        Self {
            network: Network::new(seed),
            client: ClientSide::new(client),
            server: ServerSide::new(server, Store::new()),
            up: Pipe::default(),
            down: Pipe::default(),
            replied: 0,
            ends,
            injections: Injections::default(),
            latest: None,
        }
    }

    /// What goes wrong from now on.
    pub const fn faults(&mut self) -> &mut Faults {
        &mut self.network.faults
    }

    /// Somebody on the way injects this, once.
    pub fn inject(&mut self, injection: Injection) {
        self.injections.wait_for(injection);
    }

    /// Whether that has happened.
    #[must_use]
    pub const fn was_injected(&self) -> bool {
        self.injections.done
    }

    /// The server's store.
    pub const fn store(&mut self) -> &mut Store {
        &mut self.server.store
    }

    /// What the server's session told of, so far.
    #[must_use]
    pub fn server_events(&self) -> &[server::Event] {
        &self.server.events
    }

    /// What the client's session told of, so far, but for the ends of operations.
    #[must_use]
    pub fn client_events(&self) -> &[client::Event] {
        &self.client.events
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.network.now
    }

    /// Whether the client's session is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.client.session.is_closed()
    }

    /// Logs in as somebody who may do everything.
    ///
    /// # Errors
    /// As the session has it.
    pub fn login(&mut self) -> Result<Outcome, Failure> {
        let (user, password) = (arg("anna"), Secret::new(arg("hush")));
        self.perform(Operation::Login(Credentials {
            user,
            password,
            account: None,
        }))
    }

    /// Fetches a file.
    ///
    /// # Errors
    /// As the session has it.
    pub fn retrieve(&mut self, path: &str) -> Result<Vec<u8>, Failure> {
        self.fetch(Command::Retr(arg(path)), Options::default())
    }

    /// Fetches a listing: `command` is LIST, NLST or MLSD.
    ///
    /// # Errors
    /// As the session has it.
    pub fn list(&mut self, command: Command) -> Result<Vec<u8>, Failure> {
        self.fetch(command, Options::default())
    }

    /// Fetches what a command sends.
    ///
    /// # Errors
    /// As the session has it.
    pub fn fetch(&mut self, command: Command, options: Options) -> Result<Vec<u8>, Failure> {
        self.begin(transfer(command, options))?;
        let (result, bytes) = self.end();
        result.map(|_| bytes)
    }

    /// Stores a file.
    ///
    /// # Errors
    /// As the session has it.
    pub fn store_file(&mut self, path: &str, bytes: &[u8]) -> Result<Outcome, Failure> {
        self.send(Command::Stor(arg(path)), Options::default(), bytes)
    }

    /// Sends bytes to a command that takes them.
    ///
    /// # Errors
    /// As the session has it.
    pub fn send(
        &mut self,
        command: Command,
        options: Options,
        bytes: &[u8],
    ) -> Result<Outcome, Failure> {
        let id = self.ask(transfer(command, options), bytes)?;
        self.end_of(id).0
    }

    /// Runs an operation to its end; first the greeting and what else is to come before it can begin.
    ///
    /// # Errors
    /// As the session has it.
    ///
    /// # Panics
    /// Where the operation would never end, or cannot be done at all.
    pub fn perform(&mut self, operation: Operation) -> Result<Outcome, Failure> {
        self.begin(operation)?;
        self.outcome()
    }

    /// Begins an operation, once the session can.
    ///
    /// # Errors
    /// [`Failure::Closed`] where the session is over.
    ///
    /// # Panics
    /// Where the operation cannot be done at all.
    pub fn begin(&mut self, operation: Operation) -> Result<(), Failure> {
        self.ask(operation, &[]).map(|_| ())
    }

    /// Begins an operation that sends these bytes, once the session can: behind those that were begun before.
    ///
    /// # Errors
    /// [`Failure::Closed`] where the session is over, and [`Failure::NotBegun`] where it cannot do this as it is.
    ///
    /// # Panics
    /// Where the operation cannot be done at all.
    pub fn ask(&mut self, operation: Operation, bytes: &[u8]) -> Result<OperationId, Failure> {
        let mut operation = operation;
        loop {
            match self.client.session.begin(self.network.now, operation) {
                Ok(id) => {
                    self.client.ids.add(Kind::Operation, id.0);
                    self.client.asks(id, bytes);
                    self.latest = Some(id);
                    return Ok(id);
                }
                Err(refused) => match refused.why {
                    NotNow::NotGreeted | NotNow::Busy => operation = *refused.operation,
                    NotNow::Closed => return Err(Failure::Closed(None)),
                    NotNow::Insecure | NotNow::Impossible => return Err(Failure::NotBegun),
                    why => panic!("cannot do {:?}: {why}", refused.operation),
                },
            }
            let more = self.step();
            assert!(more || self.is_over(), "nothing will ever happen");
        }
    }

    /// Waits for the end of the operation that was begun last.
    ///
    /// # Errors
    /// As the session has it.
    ///
    /// # Panics
    /// Where it would never end.
    pub fn outcome(&mut self) -> Result<Outcome, Failure> {
        self.end().0
    }

    fn end(&mut self) -> (Result<Outcome, Failure>, Vec<u8>) {
        let latest = self.latest.expect("nothing was begun");
        self.end_of(latest)
    }

    /// Waits for the end of an operation: what came of it, and the bytes that it has fetched.
    ///
    /// # Panics
    /// Where it would never end.
    pub fn end_of(&mut self, id: OperationId) -> (Result<Outcome, Failure>, Vec<u8>) {
        loop {
            if let Some(end) = self.client.take(id) {
                return end;
            }
            let more = self.step();
            let session = &self.client.session;
            assert!(
                more || self.client.is_finished(id),
                "an operation never ends: {session:?}"
            );
        }
    }

    /// Whether the operation that was begun is over: [`outcome`](Self::outcome) would not have to wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.latest
            .is_none_or(|latest| self.client.is_finished(latest))
    }

    /// Whether this operation is over: [`end_of`](Self::end_of) would not have to wait.
    #[must_use]
    pub fn is_over_with(&self, id: OperationId) -> bool {
        self.client.is_finished(id)
    }

    /// Whether a transfer runs on the server.
    #[must_use]
    pub const fn is_serving(&self) -> bool {
        self.server.is_running()
    }

    /// Gives up the operation that was begun last, as the client's user.
    pub fn abort(&mut self) {
        if let Some(latest) = self.latest {
            self.client.session.abort(self.network.now, latest);
        }
    }

    /// How many data connections there were.
    #[must_use]
    pub const fn connections(&self) -> usize {
        self.network.connections()
    }

    /// Says QUIT.
    pub fn quit(&mut self) {
        self.client.session.quit(self.network.now);
    }

    /// Does everything that there is to do now, then jumps to the next moment at which something happens. False when nothing
    /// will ever happen any more.
    pub fn step(&mut self) -> bool {
        self.settle();
        let Some(next) = self.next_at() else {
            return false;
        };
        self.network.now = self.network.now.max(next);
        self.tick();
        self.settle();
        true
    }

    /// Goes on until nothing is on its way any more, and only timers would go off.
    pub fn run(&mut self) {
        self.settle();
        while self.next_arrival().is_some() {
            self.step();
        }
    }

    /// Goes on until this time.
    pub fn run_until(&mut self, end: Instant) {
        self.settle();
        while self.next_at().is_some_and(|next| next <= end) {
            self.step();
        }
        self.network.now = self.network.now.max(end);
    }

    fn next_arrival(&self) -> Option<Instant> {
        let coming = self
            .client
            .coming
            .iter()
            .map(|(at, _)| *at)
            .chain(self.server.coming.iter().map(|(at, _)| *at));
        let control = [
            self.up.next_at(),
            self.down.next_at(),
            self.network.next_at(),
        ];
        coming
            .chain(control.into_iter().flatten())
            .filter(|at| *at > self.network.now)
            .min()
    }

    fn next_at(&self) -> Option<Instant> {
        let deadlines = [
            self.client.session.deadline(),
            self.server.session.deadline(),
        ];
        deadlines
            .into_iter()
            .flatten()
            .chain(self.next_arrival())
            .min()
    }

    fn tick(&mut self) {
        let now = self.network.now;
        if self
            .client
            .session
            .deadline()
            .is_some_and(|deadline| deadline <= now)
        {
            self.client.session.handle(now, client::Input::Tick);
            assert!(
                self.client
                    .session
                    .deadline()
                    .is_none_or(|deadline| deadline > now),
                "the client would spin"
            );
        }
        if self
            .server
            .session
            .deadline()
            .is_some_and(|deadline| deadline <= now)
        {
            self.server.session.handle(now, server::Input::Tick);
            assert!(
                self.server
                    .session
                    .deadline()
                    .is_none_or(|deadline| deadline > now),
                "the server would spin"
            );
        }
    }

    /// Does what there is to do at this moment, in any order.
    fn settle(&mut self) {
        const THINGS: usize = 9;
        let mut idle = 0;
        let mut rounds = 0;
        while idle < 3 * THINGS {
            let what = self.network.random.up_to(THINGS - 1);
            let sure = rounds % THINGS;
            rounds += 1;
            // A thing at random, and each in its turn, so that in three rounds without effect there is nothing left to do.
            let did = self.one(what) | self.one(sure);
            idle = if did { 0 } else { idle + 1 };
            assert!(rounds < 10_000_000, "it never comes to rest");
        }
        self.check();
    }

    /// What both sessions promise at any time. What they hold on the heap is measured elsewhere; here it is what can be seen of it.
    fn check(&self) {
        let client = self.client.session.transmit();
        let server = self.server.session.transmit();
        let length = |transmit: Option<Transmit<'_>>| transmit.map_or(0, |one| one.bytes.len());
        assert!(
            length(client) <= client::MEMORY_BOUND,
            "the client holds too much"
        );
        assert!(
            length(server) <= server::MEMORY_BOUND,
            "the server holds too much"
        );
    }

    fn one(&mut self, what: usize) -> bool {
        match what {
            0 => self.client_writes(),
            1 => self.server_writes(),
            2 => self.client_polls(),
            3 => self.server_polls(),
            4 => self.client_reads(),
            5 => self.server_reads(),
            6 => self.client.move_data(&mut self.network),
            7 => self.server.move_data(&mut self.network),
            _ => self.arrivals(),
        }
    }

    /// Lets this much time pass.
    pub fn wait(&mut self, time: Duration) {
        self.run_until(self.network.now + time);
    }
}

fn arg(text: &str) -> Arg {
    text.parse()
        .unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// The path of a file in the root.
///
/// # Panics
/// On what is no path.
#[must_use]
pub fn path(text: &str) -> VirtualPath {
    VirtualPath::ROOT
        .join(&arg(text))
        .unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn transfer(command: Command, options: Options) -> Operation {
    let mut request = TransferRequest::file(command, options);
    if let Command::Mlsd(_) = request.command {
        request.representation = None;
    }
    Operation::Transfer(request)
}
