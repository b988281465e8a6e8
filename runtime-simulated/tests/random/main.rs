//! Whole clients and whole servers in random operations, on networks of all kinds, with and without faults.
//!
//! Whatever happens: no success without the bytes, no file but an old or a new one, no wait past its deadline, and nothing left behind.
//! `FTP_SIMULATION_SEED=n cargo test -p ftp-runtime-simulated --test random` repeats one run and prints what happens on its network;
//! `FTP_SIMULATION_SEEDS=n` says how many runs there are otherwise.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod faults;
mod files;
mod kind;
mod operations;
mod secured;
mod tls;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use ftp_runtime_simulated::client::{Config, DataPath, Error, Timeouts};
use ftp_runtime_simulated::conformance::polled;
use ftp_runtime_simulated::sansio::wire::{Arg, Secret};
use ftp_runtime_simulated::server::{Builder, Grant};
use ftp_runtime_simulated::storage::{Account, Authenticator, Login};
use ftp_runtime_simulated::{
    Client, Conditions, Event, Network, Runtime, Server, Simulated, Simulation,
};

use faults::break_things;
use files::{Files, Shelf};
use kind::{Kind, Protection};
use tls::Source;

/// How many runs there are.
const SEEDS: u64 = 3000;

/// How long the client waits for anything: longer than the slowest network here takes to empty the largest buffer of a socket, since the reply
/// to an upload comes only after that.
const PATIENCE: Duration = Duration::from_secs(120);

/// No operation takes longer than this: it consists of a handful of waits, each of which has an end, and of bytes that move.
const DEADLINE: Duration = Duration::from_secs(1200);

/// Anybody may log in.
struct Anybody<S>(S);

impl<S: Shelf> Authenticator for Anybody<S> {
    type Storage = S;

    async fn authenticate(&self, _: &Login) -> Option<Account<S>> {
        Some(Account {
            storage: Arc::new(self.0.clone()),
            grant: Grant::read_write(),
        })
    }
}

fn arg(text: &str) -> Arg {
    Arg::try_from(text).unwrap()
}

/// What a run knows.
struct Run<S: Shelf> {
    net: Network,
    files: S,
    server: Server<Anybody<S>>,
    host: Simulated,
    at: SocketAddr,
    has_faults: bool,
    kind: Kind,
    /// Where TLS's random bits come from.
    source: Source,
    /// What the server holds, as far as the client was told.
    known: BTreeMap<String, Bytes>,
}

/// What a client was told of an operation: nothing, where it was dropped.
type Told<T> = Option<Result<T, Error>>;

impl<S: Shelf> Run<S> {
    fn draw(&self, bound: u64) -> u64 {
        self.net.draw(bound)
    }

    fn one_in(&self, times: u64) -> bool {
        self.draw(times) == 0
    }

    /// Carries out an operation, perhaps not to its end, and within its deadline. Where nothing goes wrong, an operation that is
    /// possible is a success.
    async fn operate<T: Debug>(
        &self,
        what: &str,
        is_possible: bool,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Told<T> {
        let polls = match self.one_in(4) {
            true => self.draw(1 << self.draw(10)) as usize,
            false => usize::MAX,
        };
        let began = self.net.now();
        let told = polled(polls, operation).await;
        let took = self.net.now().saturating_since(began);
        assert!(took < DEADLINE, "{what} took {took:?}");
        if let Some(told) = &told {
            assert!(is_possible || told.is_err(), "{what}: {told:?}");
            assert!(
                self.has_faults || !is_possible || told.is_ok(),
                "{what}: {told:?}"
            );
        }
        told
    }

    /// What became of the files, once all is quiet: `expected` says what may be.
    fn check(&mut self, what: &str, expected: &[BTreeMap<String, Bytes>]) {
        let all = self.files.all();
        let describe = |files: &BTreeMap<String, Bytes>| {
            let sizes = files
                .iter()
                .map(|(name, content)| (name.clone(), content.len()));
            sizes.collect::<Vec<_>>()
        };
        assert!(
            expected.contains(&all),
            "after {what} there is {:?} instead of one of {:?}",
            describe(&all),
            expected.iter().map(describe).collect::<Vec<_>>()
        );
        self.known = all;
    }

    fn with(&self, name: &str, content: Option<&Bytes>) -> BTreeMap<String, Bytes> {
        let mut files = self.known.clone();
        match content {
            Some(content) => files.insert(name.to_owned(), content.clone()),
            None => files.remove(name),
        };
        files
    }

    fn unchanged(&self) -> BTreeMap<String, Bytes> {
        self.known.clone()
    }

    /// After an operation: the session goes on, in step, or it is over and says so. Where it is over, the server's end of it is waited for, so
    /// that nothing of it can still happen.
    async fn settle(&self, mut client: Client) -> Option<Client> {
        let began = self.net.now();
        let next = client.noop().await;
        let took = self.net.now().saturating_since(began);
        assert!(took < DEADLINE, "a session was in step after {took:?}");
        if next.is_ok() {
            assert!(client.is_usable());
            return Some(client);
        }
        assert!(self.has_faults, "without a fault: {next:?}");
        assert!(!client.is_usable(), "it is usable: {next:?}");
        let after = client.working_folder().await;
        assert!(after.is_err(), "it is over: {after:?}");
        drop(client);
        while self.server.sessions() > 0 {
            self.net.sleep(Duration::from_millis(500)).await;
            let took = self.net.now().saturating_since(began);
            assert!(took < DEADLINE * 2, "a session lingers after {took:?}");
        }
        None
    }

    /// A client that is logged in; with faults that may take several tries.
    async fn connect(&self) -> Client {
        let mut config = Config::default();
        config.timeouts = Timeouts::all(PATIENCE);
        config.data_path = match self.draw(4) {
            0 => DataPath::Active,
            1 => DataPath::PassiveHostPort,
            _ => DataPath::Passive,
        };
        if self.at.is_ipv6() && config.data_path == DataPath::PassiveHostPort {
            config.data_path = DataPath::Passive;
        }
        config.tls = self.kind.client_mode();
        config.protect_data = self.kind.protects_data();
        let tls = tls::client(self.kind.version, self.source);
        for _ in 0..50 {
            let began = self.net.now();
            let connected = async {
                let (host, config) = (self.host.clone(), config.clone());
                let mut client = match self.kind.protection {
                    Protection::None => Client::connect(host, self.at, config).await?,
                    _ => {
                        let name = tls::server_name();
                        let connected = Client::connect_tls(host, self.at, config, &tls, name);
                        let mut client = connected.await?;
                        client.secure().await?;
                        client
                    }
                };
                client
                    .login(arg("anybody"), Secret::new(arg("secret")))
                    .await?;
                Ok::<_, Error>(client)
            };
            let connected = connected.await;
            let took = self.net.now().saturating_since(began);
            assert!(took < DEADLINE, "to connect took {took:?}");
            match connected {
                Ok(client) => return client,
                Err(error) => assert!(self.has_faults, "without a fault: {error:?}"),
            }
        }
        panic!("there is no way to connect");
    }
}

/// One run, from the first connection to the last; the sum of what happened on its network.
async fn run<S: Shelf>(net: Network, seed: u64, source: Source, shelf: fn(Simulated) -> S) -> u64 {
    tls::begin(&net);
    let kind = Kind::of(seed);
    let [server_ip, client_ip]: [IpAddr; 2] = match seed % 3 {
        0 => ["fd00::1", "fd00::2"],
        _ => ["10.0.0.1", "10.0.0.2"],
    }
    .map(|address| address.parse().unwrap());
    let (there, here) = (net.host(server_ip), net.host(client_ip));
    let files = shelf(there.clone());
    let mut settings = ftp_runtime_simulated::server::Config::default();
    settings.timeouts.idle = Duration::from_secs(60);
    settings.timeouts.data_progress = Duration::from_secs(60);
    settings.tls = kind.server_mode();
    settings.resumption = kind.resumption;
    let mut settings = Builder::new().config(settings);
    if kind.protection != Protection::None {
        settings = settings.tls(tls::server(source));
    }
    let server = settings
        .build(there.clone(), Anybody(files.clone()))
        .unwrap();
    let at = SocketAddr::new(server_ip, kind.port());
    let listener = there.listen(at).unwrap();
    let serving = server.clone();
    there.spawn(async move {
        match kind.protection {
            Protection::Implicit => serving.serve_implicit(listener).await,
            _ => serving.serve(listener).await,
        }
    });
    let has_faults = seed.is_multiple_of(2);
    let is_over = Arc::new(AtomicBool::new(false));
    if has_faults {
        here.spawn(break_things(
            net.clone(),
            client_ip,
            server_ip,
            kind.protects_data(),
            is_over.clone(),
        ));
    }
    let mut run = Run {
        net: net.clone(),
        files: files.clone(),
        server: server.clone(),
        host: here,
        at,
        has_faults,
        kind,
        source,
        known: BTreeMap::new(),
    };
    let mut connected = None;
    for _ in 0..3 + net.draw(6) {
        let client = match connected.take() {
            Some(client) => client,
            None => run.connect().await,
        };
        connected = run.any_operation(client).await;
    }
    is_over.store(true, Ordering::Relaxed);
    if let Some(client) = connected
        && net.draw(2) == 0
    {
        let told = client.quit().await;
        assert!(has_faults || told.is_ok(), "{told:?}");
    }
    net.heal(client_ip, server_ip);
    server.stop(Duration::from_secs(30)).await;
    assert_eq!(server.sessions(), 0);
    nothing_is_left(&net, &files).await;
    assert_eq!(files.all(), run.known, "something happened afterwards");
    net.trace()
}

async fn nothing_is_left(net: &Network, files: &impl Shelf) {
    // The breaking of things may be in the middle of a wait.
    for _ in 0..600 {
        if net.open().is_nothing() {
            break;
        }
        net.sleep(Duration::from_secs(1)).await;
    }
    assert!(net.open().is_nothing(), "{:?}", net.open());
    files.nothing_is_left();
    assert_eq!(net.panicked(), 0, "a task has panicked");
}

fn simulate(seed: u64, prints: bool) -> u64 {
    let mut simulation = simulation(seed);
    if prints {
        eprintln!("{:?}", Kind::of(seed));
        simulation = simulation.observe(|at, event| eprintln!("{at:?} {event:?}"));
    }
    run_on(simulation, seed, Source::Seed)
}

fn simulation(seed: u64) -> Simulation {
    Simulation::new(seed)
        .network(Conditions::drawn(seed))
        .limit(Duration::from_secs(24 * 3600))
}

fn run_on(simulation: Simulation, seed: u64, source: Source) -> u64 {
    match Kind::of(seed).is_in_memory {
        true => simulation.run(|net| run(net, seed, source, |_| files::memory())),
        false => simulation.run(|net| run(net, seed, source, Files::new)),
    }
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap())
}

/// So many of all seeds, for tests that run side by side.
fn part(part: u64, of: u64) {
    if let Some(seed) = number("FTP_SIMULATION_SEED") {
        if seed % of == part {
            simulate(seed, true);
        }
        return;
    }
    let seeds = number("FTP_SIMULATION_SEEDS").unwrap_or(SEEDS);
    for seed in (part..seeds).step_by(of as usize) {
        let outcome = std::panic::catch_unwind(|| simulate(seed, false));
        if let Err(panic) = outcome {
            eprintln!("FTP_SIMULATION_SEED={seed} repeats this");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn random_runs_0() {
    part(0, 4);
}

#[test]
fn random_runs_1() {
    part(1, 4);
}

#[test]
fn random_runs_2() {
    part(2, 4);
}

#[test]
fn random_runs_3() {
    part(3, 4);
}

/// Seeds of runs of every kind.
const KINDS: [u64; 7] = [1, 150, 157, 24, 49, 175, 272];

/// A run is a pure function of its seed: to the byte and to the nanosecond, under TLS too.
#[test]
fn runs_can_be_repeated() {
    let traces = KINDS.map(|seed| {
        let trace = simulate(seed, false);
        assert_eq!(simulate(seed, false), trace, "seed {seed}");
        trace
    });
    let others: BTreeSet<_> = traces.into_iter().collect();
    assert_eq!(others.len(), traces.len(), "other seeds, other runs");
}

/// What happens on a run's network and when, with the length of what is sent and not the bytes.
fn course(seed: u64) -> (u64, Vec<String>) {
    let course = Arc::new(Mutex::new(Vec::new()));
    let noted = course.clone();
    let simulation = simulation(seed).observe(move |at, event| {
        noted.lock().unwrap().push(match event {
            Event::Delivered(from, to, bytes) => format!("{at:?} {from} {to} {}", bytes.len()),
            event => format!("{at:?} {event:?}"),
        });
    });
    let trace = run_on(simulation, seed, Source::System);
    let course = std::mem::take(&mut *course.lock().unwrap());
    (trace, course)
}

/// Where TLS has the system's random bits, as it has without a test's help, all is the same but the bytes: nothing has a length that depends
/// on them, as long as the signatures have none.
#[test]
fn the_systems_random_bits_change_no_course() {
    for seed in KINDS {
        let (one, other) = (course(seed), course(seed));
        assert_eq!(one.1, other.1, "seed {seed}");
        let has_tls = Kind::of(seed).protection != Protection::None;
        assert_eq!(one.0 != other.0, has_tls, "seed {seed}");
    }
}
