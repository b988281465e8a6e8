//! Whole clients and whole servers in random operations, on networks of all kinds, with and without faults.
//!
//! Whatever happens: no success without the bytes, no file but an old or a new one, no wait past its deadline, and nothing left behind.
//! `FTP_SIMULATION_SEED=n cargo test -p ftp-runtime-simulated --test random` repeats one run and prints what happens on its network;
//! `FTP_SIMULATION_SEEDS=n` says how many runs there are otherwise.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod files;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ftp_runtime_simulated::client::{Config, DataPath, Error, Options, Timeouts};
use ftp_runtime_simulated::conformance::polled;
use ftp_runtime_simulated::sansio::wire::{Arg, Mode, Representation, Secret};
use ftp_runtime_simulated::server::{Builder, Grant};
use ftp_runtime_simulated::storage::{Account, Authenticator, Login};
use ftp_runtime_simulated::{
    Client, Conditions, Direction, Fault, Network, Runtime, Server, Simulated, Simulation,
};

use files::Files;

/// How many runs there are.
const SEEDS: u64 = 1000;

/// How long the client waits for anything: longer than the slowest network here takes to empty the largest buffer of a socket, since the reply
/// to an upload comes only after that.
const PATIENCE: Duration = Duration::from_secs(120);

/// No operation takes longer than this: it consists of a handful of waits, each of which has an end, and of bytes that move.
const DEADLINE: Duration = Duration::from_secs(1200);

/// Anybody may log in.
struct Anybody(Arc<Files>);

impl Authenticator for Anybody {
    type Storage = Files;

    async fn authenticate(&self, _: &Login) -> Option<Account<Files>> {
        Some(Account {
            storage: self.0.clone(),
            grant: Grant::read_write(),
        })
    }
}

fn arg(text: &str) -> Arg {
    Arg::try_from(text).unwrap()
}

/// What a run knows.
struct Run {
    net: Network,
    files: Files,
    server: Server<Anybody>,
    host: Simulated,
    at: SocketAddr,
    has_faults: bool,
    /// What the server holds, as far as the client was told.
    known: BTreeMap<String, Bytes>,
}

/// What a client was told of an operation: nothing, where it was dropped.
type Told<T> = Option<Result<T, Error>>;

impl Run {
    fn draw(&self, bound: u64) -> u64 {
        self.net.draw(bound)
    }

    fn one_in(&self, times: u64) -> bool {
        self.draw(times) == 0
    }

    fn name(&self) -> String {
        format!("file {}", self.draw(4))
    }

    /// The name of a file that is there, more often than not.
    fn known_name(&self) -> String {
        let names: Vec<_> = self.known.keys().collect();
        match names.len() as u64 {
            0 => self.name(),
            _ if self.one_in(8) => self.name(),
            count => names[self.draw(count) as usize].clone(),
        }
    }

    /// A file of any size, small ones more often; lines of text, so that every representation gives them back.
    fn content(&self) -> Bytes {
        let size = self.draw(1 << self.draw(19)) as usize;
        let line = format!("{:016x} a line\n", self.draw(u64::MAX));
        line.into_bytes().into_iter().cycle().take(size).collect()
    }

    fn options(&self) -> Options {
        let mode = [Mode::Stream, Mode::Stream, Mode::Block, Mode::Deflate][self.draw(4) as usize];
        let representation = match self.one_in(4) {
            true => Representation::default(),
            false => Representation::Image,
        };
        Options {
            mode,
            representation,
            ..Options::default()
        }
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

    async fn upload(&mut self, mut client: Client) -> Option<Client> {
        let (name, content, options) = (self.name(), self.content(), self.options());
        let most = 1 + self.draw(1 << self.draw(19)) as usize;
        let is_slow = self.one_in(8);
        let told = self
            .operate("an upload", true, async {
                let mut upload = client.store(arg(&name), options).await?;
                for piece in content.chunks(most.max(content.len() / 50 + 1)) {
                    upload.write(content.slice_ref(piece)).await?;
                    if is_slow {
                        self.net.sleep(Duration::from_millis(700)).await;
                    }
                }
                upload.finish().await
            })
            .await;
        let is_done = matches!(told, Some(Ok(_)));
        let client = self.settle(client).await;
        let new = self.with(&name, Some(&content));
        match is_done {
            true => self.check("an upload", &[new]),
            false => self.check("an upload that failed", &[self.known.clone(), new]),
        }
        client
    }

    async fn append(&mut self, mut client: Client) -> Option<Client> {
        let (name, content) = (self.name(), self.content());
        let told = self
            .operate("an append", true, async {
                let mut upload = client.append(arg(&name), Options::default()).await?;
                upload.write(content.clone()).await?;
                upload.finish().await
            })
            .await;
        let is_done = matches!(told, Some(Ok(_)));
        let client = self.settle(client).await;
        let old = self.known.get(&name).cloned().unwrap_or_default();
        let whole: Bytes = [&old[..], &content].concat().into();
        let now = self.files.all().get(&name).cloned();
        match now {
            // In place, a break leaves what had arrived.
            Some(now) if !is_done && now.starts_with(&old) && whole.starts_with(&now) => {
                self.check("a broken append", &[self.with(&name, Some(&now))]);
            }
            _ if is_done => self.check("an append", &[self.with(&name, Some(&whole))]),
            _ => self.check("an append that never began", &[self.unchanged()]),
        }
        client
    }

    async fn download(&mut self, mut client: Client) -> Option<Client> {
        let (name, mut options) = (self.known_name(), self.options());
        let content = self.known.get(&name).cloned();
        let size = content.as_ref().map_or(0, Bytes::len) as u64;
        if options.mode == Mode::Stream && options.representation == Representation::Image {
            options.offset = self.draw(size + 1) * self.draw(2);
        }
        let is_slow = self.one_in(8);
        let told = self
            .operate("a download", content.is_some(), async {
                let mut download = client.retrieve(arg(&name), options).await?;
                let (mut all, mut pieces) = (Vec::new(), 0);
                while let Some(bytes) = download.read().await? {
                    all.extend_from_slice(&bytes);
                    pieces += 1;
                    if is_slow && pieces < 50 {
                        self.net.sleep(Duration::from_millis(700)).await;
                    }
                }
                download.finish().await?;
                Ok(all)
            })
            .await;
        if let Some(Ok(all)) = told {
            let content = content.unwrap();
            let wanted = &content[options.offset as usize..];
            assert!(
                all == wanted,
                "{} bytes came for {} ({options:?})",
                all.len(),
                wanted.len()
            );
        }
        let client = self.settle(client).await;
        self.check("a download", &[self.unchanged()]);
        client
    }

    async fn list(&mut self, mut client: Client) -> Option<Client> {
        let told = self.operate("a listing", true, client.list(None)).await;
        if let Some(Ok(listing)) = told {
            let entries = listing.entries.iter();
            let told: BTreeMap<_, _> = entries
                .map(|entry| (entry.name.to_vec(), entry.size.unwrap()))
                .collect();
            let known = self.known.iter();
            let known =
                known.map(|(name, content)| (name.clone().into_bytes(), content.len() as u64));
            assert_eq!(told, known.collect());
        }
        let client = self.settle(client).await;
        self.check("a listing", &[self.unchanged()]);
        client
    }

    async fn rename(&mut self, mut client: Client) -> Option<Client> {
        let (from, to) = (self.known_name(), self.name());
        let content = self.known.get(&from).cloned();
        let told = self
            .operate(
                "a rename",
                content.is_some(),
                client.rename(arg(&from), arg(&to)),
            )
            .await;
        let is_done = matches!(told, Some(Ok(_)));
        let client = self.settle(client).await;
        let old = self.known.clone();
        let mut new = old.clone();
        if let Some(content) = new.remove(&from) {
            new.insert(to, content);
        }
        match is_done {
            true => self.check("a rename", &[new]),
            false => self.check("a rename that failed", &[old, new]),
        }
        client
    }

    async fn delete(&mut self, mut client: Client) -> Option<Client> {
        let name = self.known_name();
        let is_there = self.known.contains_key(&name);
        let told = self
            .operate("a delete", is_there, client.delete(arg(&name)))
            .await;
        let is_done = matches!(told, Some(Ok(_)));
        let client = self.settle(client).await;
        let (old, new) = (self.known.clone(), self.with(&name, None));
        match is_done {
            true => self.check("a delete", &[new]),
            false => self.check("a delete that failed", &[old, new]),
        }
        client
    }

    async fn size(&mut self, mut client: Client) -> Option<Client> {
        let name = self.known_name();
        let size = self.known.get(&name).map(|content| content.len() as u64);
        let told = self
            .operate("a size", size.is_some(), client.size(arg(&name)))
            .await;
        if let Some(Ok(told)) = told {
            assert_eq!(Some(told), size);
        }
        let client = self.settle(client).await;
        self.check("a size", &[self.unchanged()]);
        client
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
        for _ in 0..50 {
            let began = self.net.now();
            let connected = async {
                let mut client =
                    Client::connect(self.host.clone(), self.at, config.clone()).await?;
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

/// Breaks what can be broken, at times.
async fn break_things(net: Network, client: IpAddr, server: IpAddr, is_over: Arc<AtomicBool>) {
    for _ in 0..net.draw(12) {
        net.sleep(Duration::from_micros(net.draw(1 << net.draw(23))))
            .await;
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let direction = match net.draw(2) {
            0 => Direction::Forth,
            _ => Direction::Back,
        };
        let after = net.draw(1 << net.draw(19));
        let (from, to) = match net.draw(3) {
            0 => (server, client),
            _ => (client, server),
        };
        match net.draw(7) {
            0 => {
                net.reset_between(client, server);
            }
            1 => {
                net.partition(client, server);
                net.sleep(Duration::from_millis(net.draw(1 << net.draw(17))))
                    .await;
                net.heal(client, server);
            }
            2 => net.inject(from, to, Fault::Refuse),
            3 => net.inject(from, to, Fault::Ignore),
            4 => net.inject(from, to, Fault::Stall { direction, after }),
            _ => net.inject(from, to, Fault::Reset { direction, after }),
        }
    }
}

/// One run, from the first connection to the last; the sum of what happened on its network.
async fn run(net: Network, seed: u64) -> u64 {
    let [server_ip, client_ip]: [IpAddr; 2] = match seed % 3 {
        0 => ["fd00::1", "fd00::2"],
        _ => ["10.0.0.1", "10.0.0.2"],
    }
    .map(|address| address.parse().unwrap());
    let (there, here) = (net.host(server_ip), net.host(client_ip));
    let files = Files::new(there.clone());
    let mut settings = ftp_runtime_simulated::server::Config::default();
    settings.timeouts.idle = Duration::from_secs(60);
    settings.timeouts.data_progress = Duration::from_secs(60);
    let settings = Builder::new().config(settings);
    let server = settings
        .build(there.clone(), Anybody(Arc::new(files.clone())))
        .unwrap();
    let at = SocketAddr::new(server_ip, 21);
    let listener = there.listen(at).unwrap();
    let serving = server.clone();
    there.spawn(async move { serving.serve(listener).await });
    let has_faults = seed.is_multiple_of(2);
    let is_over = Arc::new(AtomicBool::new(false));
    if has_faults {
        here.spawn(break_things(
            net.clone(),
            client_ip,
            server_ip,
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
        known: BTreeMap::new(),
    };
    let mut connected = None;
    for _ in 0..3 + net.draw(6) {
        let client = match connected.take() {
            Some(client) => client,
            None => run.connect().await,
        };
        connected = match net.draw(12) {
            0..=3 => run.upload(client).await,
            4..=6 => run.download(client).await,
            7 => run.append(client).await,
            8 => run.list(client).await,
            9 => run.rename(client).await,
            10 => run.delete(client).await,
            _ => run.size(client).await,
        };
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

async fn nothing_is_left(net: &Network, files: &Files) {
    // The breaking of things may be in the middle of a wait.
    for _ in 0..600 {
        if net.open().is_nothing() {
            break;
        }
        net.sleep(Duration::from_secs(1)).await;
    }
    assert!(net.open().is_nothing(), "{:?}", net.open());
    assert_eq!(files.open(), 0, "readers and writers are left");
    assert_eq!(net.panicked(), 0, "a task has panicked");
}

fn simulate(seed: u64, prints: bool) -> u64 {
    let mut simulation = Simulation::new(seed)
        .network(Conditions::drawn(seed))
        .limit(Duration::from_secs(24 * 3600));
    if prints {
        simulation = simulation.observe(|at, event| eprintln!("{at:?} {event:?}"));
    }
    simulation.run(|net| run(net, seed))
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

/// A run is a pure function of its seed: to the byte and to the nanosecond.
#[test]
fn runs_can_be_repeated() {
    let traces = [1, 2, 3, 4].map(|seed| {
        let trace = simulate(seed, false);
        assert_eq!(simulate(seed, false), trace, "seed {seed}");
        trace
    });
    let others: std::collections::BTreeSet<_> = traces.into_iter().collect();
    assert_eq!(others.len(), traces.len(), "other seeds, other runs");
}
