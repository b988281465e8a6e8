//! However fast a transfer is, its session hears an ABOR within a piece, and other sessions have their turn: counted in bytes and in virtual time,
//! where a real network only allows to measure.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use ftp_runtime_simulated::client::{Config, Options};
use ftp_runtime_simulated::memory::MemoryStorage;
use ftp_runtime_simulated::runtime::{Interest, Stream as _};
use ftp_runtime_simulated::sansio::time::Instant;
use ftp_runtime_simulated::sansio::wire::{Arg, Secret, VirtualPath};
use ftp_runtime_simulated::server::Grant;
use ftp_runtime_simulated::storage::{Account, Authenticator, Login};
use ftp_runtime_simulated::{
    Client, Conditions, Event, Network, Runtime, Server, Simulation, Stream,
};

const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 3));
const CONTROL: SocketAddr = SocketAddr::new(SERVER, 21);

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What the driver moves between two looks at the control connection.
const PIECE: usize = 256 * KIB;

/// How many of these a session moves before others have their turn.
const TURN: usize = 8 * PIECE;

/// A file of many turns.
const SIZE: usize = 16 * MIB;

/// What a poll takes of virtual time.
const POLL: Duration = Duration::from_micros(10);

const SEEDS: u64 = 4;

/// A network that takes all at once, so that nothing but the driver itself ever keeps a transfer from going on.
fn boundless() -> Conditions {
    Conditions {
        send_buffer: 16 * SIZE,
        receive_buffer: 16 * SIZE,
        ..Conditions::ideal()
    }
}

struct Anybody(MemoryStorage);

impl Authenticator for Anybody {
    type Storage = MemoryStorage;

    async fn authenticate(&self, _: &Login) -> Option<Account<MemoryStorage>> {
        Some(Account {
            storage: Arc::new(self.0.clone()),
            grant: Grant::read_write(),
        })
    }
}

fn arg(text: &str) -> Arg {
    Arg::try_from(text).unwrap()
}

fn path(name: &str) -> VirtualPath {
    VirtualPath::ROOT.join(&arg(name)).unwrap()
}

fn content() -> Bytes {
    vec![7; SIZE].into()
}

fn serve(net: &Network) -> MemoryStorage {
    let files = MemoryStorage::new();
    let there = net.host(SERVER);
    let server: Server<_> = Server::builder()
        .build(there.clone(), Anybody(files.clone()))
        .unwrap();
    let listener = there.listen(CONTROL).unwrap();
    there.spawn(async move { server.serve(listener).await });
    files
}

/// What was seen on the network.
#[derive(Default)]
struct Seen {
    /// By connection (who sends first): when how many bytes of data have arrived.
    data: BTreeMap<(SocketAddr, SocketAddr), Vec<(Instant, usize)>>,
    /// When an ABOR has arrived at the server, and how much data had until then.
    abort: Option<(Instant, usize)>,
    /// When the first reply after it has arrived at the client.
    answer: Option<Instant>,
    /// When transfers were said to be complete.
    complete: Vec<Instant>,
    /// How many restart markers were answered at each moment.
    markers: BTreeMap<Instant, usize>,
}

impl Seen {
    fn note(&mut self, at: Instant, event: &Event) {
        let Event::Delivered(from, to, bytes) = event else {
            return;
        };
        if *to == CONTROL {
            if bytes.starts_with(b"ABOR") {
                self.abort = Some((at, self.total()));
            }
        } else if *from == CONTROL {
            if self.abort.is_some() {
                self.answer.get_or_insert(at);
            }
            let markers = bytes.windows(8).filter(|text| text == b"110 MARK");
            *self.markers.entry(at).or_default() += markers.count();
            if bytes.starts_with(b"226") {
                self.complete.push(at);
            }
        } else {
            let arrived = self.data.entry((*from, *to)).or_default();
            arrived.push((at, bytes.len()));
        }
    }

    fn total(&self) -> usize {
        let all = self.data.values().flatten();
        all.map(|(_, count)| count).sum()
    }

    /// How many bytes of each connection had arrived when the first was at its end.
    fn at_the_first_end(&self) -> Vec<usize> {
        let ends = self.data.values().map(|arrived| arrived.last().unwrap().0);
        let first_end = ends.min().unwrap();
        let until = |arrived: &Vec<(Instant, usize)>| {
            let before = arrived.iter().filter(|(at, _)| *at <= first_end);
            before.map(|(_, count)| count).sum()
        };
        self.data.values().map(until).collect()
    }

    /// The most that arrived of one connection at one moment, which is what one poll has sent.
    fn longest_turn(&self) -> usize {
        let turns = self.data.values().map(|arrived| {
            let mut turns = BTreeMap::<_, usize>::new();
            for (at, count) in arrived {
                *turns.entry(at).or_default() += count;
            }
            turns.into_values().max().unwrap_or_default()
        });
        turns.max().unwrap_or_default()
    }
}

/// Runs it, and says what was seen.
fn watch(seed: u64, conditions: Conditions, test: impl AsyncFnOnce(Network, &Watched)) -> Watched {
    let watched = Watched::default();
    let noted = watched.clone();
    Simulation::new(seed)
        .network(conditions)
        .observe(move |at, event| noted.seen().note(at, event))
        .run(async |net| test(net, &watched).await);
    watched
}

#[derive(Clone, Default)]
struct Watched(Arc<Mutex<Seen>>);

impl Watched {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap()
    }
}

/// A client by hand, which says what it likes when it likes.
struct Peer {
    control: Stream,
    heard: Vec<u8>,
}

async fn read(stream: &mut Stream, room: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match stream.try_read(room) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                poll_fn(|context| stream.poll_ready(context, Interest::Read)).await?;
            }
            read => return read,
        }
    }
}

async fn write(stream: &mut Stream, bytes: &[u8]) -> std::io::Result<usize> {
    loop {
        match stream.try_write(&[IoSlice::new(bytes)]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                poll_fn(|context| stream.poll_ready(context, Interest::Write)).await?;
            }
            written => return written,
        }
    }
}

impl Peer {
    /// One that has begun a transfer, and its data connection.
    async fn begin(net: &Network, command: &str) -> (Self, Stream) {
        let mut peer = Self::login(net).await;
        let at = peer.passive().await;
        let data = net.host(CLIENT).connect(at, None).await.unwrap();
        peer.ask(command, "150").await;
        (peer, data)
    }

    async fn login(net: &Network) -> Self {
        let control = net.host(CLIENT).connect(CONTROL, None).await.unwrap();
        let heard = Vec::new();
        let mut peer = Self { control, heard };
        peer.hear("220").await;
        for (line, code) in [("USER a", "331"), ("PASS b", "230"), ("TYPE I", "200")] {
            peer.ask(line, code).await;
        }
        peer
    }

    /// Where its next data connection is to go.
    async fn passive(&mut self) -> SocketAddr {
        let reply = self.ask("EPSV", "229").await;
        let port = reply.split('|').nth(3).unwrap().parse().unwrap();
        SocketAddr::new(SERVER, port)
    }

    async fn say(&mut self, line: &str) {
        let bytes = format!("{line}\r\n").into_bytes();
        assert_eq!(write(&mut self.control, &bytes).await.unwrap(), bytes.len());
    }

    async fn hear(&mut self, code: &str) -> String {
        loop {
            if let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                let line = self.heard.drain(..=end).collect();
                let line = String::from_utf8(line).unwrap();
                assert!(line.starts_with(code), "{line} instead of {code}");
                return line;
            }
            let mut room = [0; 512];
            let count = read(&mut self.control, &mut room).await.unwrap();
            assert!(count > 0, "the server has gone");
            self.heard.extend_from_slice(&room[..count]);
        }
    }

    async fn ask(&mut self, line: &str, code: &str) -> String {
        self.say(line).await;
        self.hear(code).await
    }
}

/// An ABOR in the middle of a transfer that is as fast as its network: how many bytes have come after it has arrived, and after what time an
/// answer.
fn aborted(seed: u64, conditions: Conditions, command: &str) -> (usize, Duration) {
    let watched = watch(seed, conditions, async |net, watched| {
        let files = serve(&net);
        files.put(&path("file"), &content()).unwrap();
        let (mut peer, mut data) = Peer::begin(&net, command).await;
        let is_download = command.starts_with("RETR");
        // In a task of its own, for as long as it goes.
        net.host(CLIENT).spawn(async move {
            let mut room = vec![7; PIECE];
            loop {
                let moved = match is_download {
                    true => read(&mut data, &mut room).await,
                    false => write(&mut data, &room).await,
                };
                if !matches!(moved, Ok(1..)) {
                    return;
                }
            }
        });
        while watched.seen().total() < 2 * PIECE {
            net.sleep(POLL).await;
        }
        peer.say("ABOR").await;
        peer.hear("426").await;
        peer.hear("226").await;
        assert_eq!(net.panicked(), 0);
    });
    let seen = watched.seen();
    let (at, before) = seen.abort.unwrap();
    assert!(before < SIZE, "there is nothing left to abort");
    let more = seen.total() - before;
    (more, seen.answer.unwrap().saturating_since(at))
}

/// No more than a piece, and no longer than it takes on its way.
fn is_heard_at_once(conditions: &Conditions, command: &str) {
    let takes = conditions
        .link
        .bandwidth
        .map_or(Duration::ZERO, |bandwidth| {
            Duration::from_secs_f64(PIECE as f64 / bandwidth as f64)
        });
    let limit = takes + *conditions.link.delay.end() * 2 + POLL * 10;
    for seed in 0..SEEDS {
        let (more, time) = aborted(seed, conditions.clone(), command);
        assert!(more <= PIECE, "{more} bytes more, in {conditions:?}");
        assert!(time <= limit, "an answer after {time:?}, in {conditions:?}");
    }
}

#[test]
fn an_abort_of_a_download_is_heard_at_once() {
    is_heard_at_once(&boundless(), "RETR file");
    is_heard_at_once(&Conditions::default(), "RETR file");
}

#[test]
fn an_abort_of_an_upload_is_heard_at_once() {
    // Or the client would have sent it all before the server reads anything.
    let narrow = Conditions {
        receive_buffer: 64 * KIB,
        ..Conditions::ideal()
    };
    is_heard_at_once(&narrow, "STOR new");
    is_heard_at_once(&Conditions::default(), "STOR new");
}

async fn connect(net: &Network) -> Client {
    let client = Client::connect(net.host(CLIENT), CONTROL, Config::default()).await;
    let mut client = client.unwrap();
    let login = client.login(arg("anybody"), Secret::new(arg("secret")));
    login.await.unwrap();
    client
}

/// Two sessions of two clients, at the same time: what was seen of them.
fn two_sessions<F>(seed: u64, transfer: fn(Client, &'static str) -> F) -> Watched
where
    F: Future<Output = ()> + Send + 'static,
{
    watch(seed, boundless(), async |net, _| {
        let files = serve(&net);
        for name in NAMES {
            files.put(&path(name), &content()).unwrap();
        }
        let clients = [connect(&net).await, connect(&net).await];
        let left = Arc::new(Mutex::new(clients.len()));
        for (client, name) in clients.into_iter().zip(NAMES) {
            let left = left.clone();
            net.host(CLIENT).spawn(async move {
                transfer(client, name).await;
                *left.lock().unwrap() -= 1;
            });
        }
        while *left.lock().unwrap() > 0 {
            net.sleep(Duration::from_millis(1)).await;
            assert_eq!(net.panicked(), 0);
        }
    })
}

const NAMES: [&str; 2] = ["one", "other"];

async fn download(mut client: Client, name: &'static str) {
    let download = client.retrieve(arg(name), Options::default()).await;
    let mut download = download.unwrap();
    while download.read().await.unwrap().is_some() {}
    download.finish().await.unwrap();
}

async fn upload(mut client: Client, name: &'static str) {
    let upload = client.store(arg(name), Options::default()).await;
    let mut upload = upload.unwrap();
    upload.write(content()).await.unwrap();
    upload.finish().await.unwrap();
}

/// What one poll sends is a turn at the most, and neither waits for the other's whole file.
#[test]
fn downloads_take_turns() {
    for seed in 0..SEEDS {
        let watched = two_sessions(seed, download);
        let seen = watched.seen();
        assert!(seen.longest_turn() <= TURN, "{}", seen.longest_turn());
        let moved = seen.at_the_first_end();
        assert_eq!(moved.len(), 2);
        assert!(moved.iter().all(|moved| *moved >= TURN), "{moved:?}");
        assert_eq!(seen.total(), 2 * SIZE);
    }
}

/// Where a whole file waits to be read, it is not read in fewer polls than it has turns.
#[test]
fn uploads_take_turns() {
    for seed in 0..SEEDS {
        let watched = two_sessions(seed, upload);
        let seen = watched.seen();
        assert_eq!(seen.complete.len(), 2);
        let came = seen.data.values().map(|arrived| arrived[0].0).min();
        let took = seen.complete[0].saturating_since(came.unwrap());
        // The session waits a little before it says that an upload is to be committed.
        let waits = Duration::from_millis((SIZE / MIB) as u64);
        let turns = u32::try_from(SIZE / TURN).unwrap();
        assert!(took >= waits + POLL * turns, "it took {took:?}");
    }
}

/// Restart markers are no bytes of the file, and take turns as these do.
#[test]
fn markers_take_turns() {
    const MARKERS: usize = 1000;
    // RFC 959 § 3.4.2: a block that is a marker, of one byte; and the end.
    let blocks = [b"\x10\0\x01a".repeat(MARKERS), b"\x40\0\0".to_vec()].concat();
    for seed in 0..SEEDS {
        let watched = watch(seed, boundless(), async |net, _| {
            serve(&net);
            let mut peer = Peer::login(&net).await;
            peer.ask("MODE B", "200").await;
            let at = peer.passive().await;
            let mut data = net.host(CLIENT).connect(at, None).await.unwrap();
            assert_eq!(write(&mut data, &blocks).await.unwrap(), blocks.len());
            peer.ask("STOR marked", "150").await;
            for _ in 0..MARKERS {
                peer.hear("110").await;
            }
            peer.hear("250").await;
        });
        let seen = watched.seen();
        assert_eq!(seen.markers.values().sum::<usize>(), MARKERS);
        let most = seen.markers.values().max().unwrap();
        assert!(*most <= TURN / PIECE, "{most} at once");
    }
}

/// So many strangers wait at the port of a data connection: the time from its command to its end.
fn behind_strangers(seed: u64, strangers: usize) -> Duration {
    let took = Arc::new(Mutex::new(Duration::ZERO));
    let told = took.clone();
    watch(seed, boundless(), async |net, _| {
        let files = serve(&net);
        files.put(&path("file"), b"content".as_slice()).unwrap();
        let mut peer = Peer::login(&net).await;
        let at = peer.passive().await;
        let mut others = Vec::new();
        for _ in 0..strangers {
            others.push(net.host(STRANGER).connect(at, None).await.unwrap());
        }
        let data = net.host(CLIENT).connect(at, None).await.unwrap();
        let asked = net.now();
        peer.ask("RETR file", "150").await;
        peer.hear("226").await;
        *told.lock().unwrap() = net.now().saturating_since(asked);
        drop((data, others));
    });
    let took = took.lock().unwrap();
    *took
}

/// However many strangers are turned away at a port, others have their turn in between.
#[test]
fn strangers_take_turns() {
    for seed in 0..SEEDS {
        let (alone, crowded) = (behind_strangers(seed, 0), behind_strangers(seed, 100));
        assert!(crowded >= alone + POLL * 3, "{alone:?} and {crowded:?}");
    }
}
