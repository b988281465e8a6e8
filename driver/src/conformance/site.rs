//! A whole server for a test to speak with: local files in a fresh folder, and three logins.

use std::collections::HashMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use ftp_sansio::wire::{Arg, Secret};

use super::held::Gate;
use super::support::{LOCALHOST, Scratch};
pub(super) use super::tricky::Tricky;
use crate::client::{self, Client, Options};
use crate::local::LocalStorage;
use crate::runtime::{Listener, Runtime, Timer};
use crate::server::{Builder, Config, Event, Server, SessionInfo};
use crate::storage::{Account, Authenticator, Grant, Login};

/// Nobody waits this long unless something is wrong; and less than a test's patience.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// More than two sockets and their kernel take without anybody reading.
pub(super) const LARGE: usize = 24 * 1024 * 1024;

/// Who may log in everywhere: she may write.
pub(super) const ANNA: (&str, &str) = ("anna", "hush");

pub(super) fn arg(text: &str) -> Arg {
    Arg::try_from(text).unwrap()
}

pub(super) fn secret(text: &str) -> Secret<Arg> {
    Secret::new(arg(text))
}

/// Bytes of which no two places near each other look alike.
pub(super) fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at % 251) as u8 ^ (at / 251 % 256) as u8)
        .collect()
}

/// Lets time pass, where that is what a test is about.
pub(super) async fn pause<R: Runtime>(runtime: &R, time: Duration) {
    let until = runtime.now() + time;
    let mut timer = runtime.timer();
    timer.set(Some(until));
    poll_fn(|context| {
        while timer.poll(context).is_ready() {
            if runtime.now() >= until {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    })
    .await;
}

/// What every test's server has in common: nobody waits for the 530.
pub(super) fn config(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    config.timeouts.login_delay = Duration::from_millis(1);
    change(&mut config);
    config
}

pub(super) fn settings(change: impl FnOnce(&mut Config)) -> Builder {
    Builder::new().config(config(change))
}

/// What the server's sessions told, for tests that wait for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    events: Vec<(u64, Event)>,
    wakers: Vec<Waker>,
}

impl Log {
    fn note(&self, session: &SessionInfo, event: &Event) {
        let mut heard = self.0.lock().unwrap();
        heard.events.push((session.id, event.clone()));
        let wakers = std::mem::take(&mut heard.wakers);
        drop(heard);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether some session has told this.
    pub(super) fn has(&self, mut what: impl FnMut(&Event) -> bool) -> bool {
        let heard = self.0.lock().unwrap();
        heard.events.iter().any(|(_, event)| what(event))
    }

    /// Waits until some session has told this.
    pub(super) async fn wait_for(&self, mut what: impl FnMut(&Event) -> bool) {
        poll_fn(|context| {
            let mut heard = self.0.lock().unwrap();
            if heard.events.iter().any(|(_, event)| what(event)) {
                return Poll::Ready(());
            }
            heard.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// A server that runs, the folder it serves, and what it told.
pub(super) struct Site<R: Runtime> {
    pub(super) runtime: R,
    pub(super) scratch: Scratch<R>,
    pub(super) server: Server<R, Users<R>>,
    pub(super) at: SocketAddr,
    pub(super) log: Log,
    /// Where what is done to [`Tricky::HELD`] waits.
    pub(super) gate: Gate,
}

impl<R: Runtime> Site<R> {
    pub(super) fn new(runtime: R) -> Self {
        Self::with(runtime, settings(|_| {}))
    }

    pub(super) fn configured(runtime: R, change: impl FnOnce(&mut Config)) -> Self {
        Self::with(runtime, settings(change))
    }

    pub(super) fn with(runtime: R, settings: Builder) -> Self {
        Self::at(runtime, settings, SocketAddr::new(LOCALHOST, 0))
    }

    /// Each user has a store: anna the scratch folder itself (as anybody does), bob a folder beside it.
    pub(super) fn at(runtime: R, settings: Builder, at: SocketAddr) -> Self {
        let scratch = Scratch::new(runtime.clone());
        let log = Log::default();
        let heard = log.clone();
        let settings = settings.observe(move |session, event| heard.note(session, event));
        let gate = Gate::default();
        let users = Users::of(&runtime, &scratch, &gate);
        let server = settings.build(runtime.clone(), users).unwrap();
        let listener = runtime.listen(at).unwrap();
        let at = listener.local_addr().unwrap();
        let serving = server.clone();
        runtime.spawn(async move { serving.serve(listener).await });
        Self {
            runtime,
            scratch,
            server,
            at,
            log,
            gate,
        }
    }

    /// A client that has only heard the greeting.
    pub(super) async fn stranger(&self) -> Result<Client<R>, client::Error> {
        Client::connect(self.runtime.clone(), self.at, client_config(LONG)).await
    }

    /// A client that is logged in as anna.
    pub(super) async fn client(&self) -> Client<R> {
        self.client_with(client_config(LONG)).await
    }

    pub(super) async fn client_with(&self, config: client::Config) -> Client<R> {
        let connected = Client::connect(self.runtime.clone(), self.at, config).await;
        let mut client = connected.unwrap();
        client.login(arg(ANNA.0), secret(ANNA.1)).await.unwrap();
        client
    }

    /// Ends the server, which every test does: nobody is left behind, and no unfinished upload.
    pub(super) async fn close(self) -> Scratch<R> {
        self.server.stop(LONG).await;
        assert_eq!(self.server.sessions(), 0);
        let leftovers = self.scratch.store.remove_leftovers(Duration::ZERO).await;
        assert_eq!(leftovers, Ok(0), "an upload left its hidden file behind");
        self.scratch
    }

    pub(super) fn put(&self, name: &str, content: &[u8]) {
        std::fs::write(self.scratch.root.join(name), content).unwrap();
    }

    pub(super) fn content(&self, name: &str) -> Vec<u8> {
        self.scratch.content_of(name)
    }
}

pub(super) fn client_config(patience: Duration) -> client::Config {
    let mut config = client::Config::default();
    config.timeouts = client::Timeouts::all(patience);
    config
}

/// Fetches a whole file.
pub(super) async fn get<R: Runtime>(
    client: &mut Client<R>,
    name: &str,
    options: Options,
) -> Result<Vec<u8>, client::Error> {
    let mut download = client.retrieve(arg(name), options).await?;
    let mut all = Vec::new();
    while let Some(bytes) = download.read().await? {
        all.extend_from_slice(&bytes);
    }
    download.finish().await?;
    Ok(all)
}

/// Stores a whole file.
pub(super) async fn put<R: Runtime>(
    client: &mut Client<R>,
    name: &str,
    content: &[u8],
    options: Options,
) -> Result<(), client::Error> {
    let mut upload = client.store(arg(name), options).await?;
    for piece in content.chunks(100_000) {
        upload.write(Bytes::copy_from_slice(piece)).await?;
    }
    upload.finish().await.map(drop)
}

/// The accounts: anna and bob with a folder each, and anybody as anonymous, who may only read what anna has.
pub(super) struct Users<R>(HashMap<&'static str, User<R>>);

struct User<R> {
    /// Nothing where any will do.
    password: Option<&'static str>,
    storage: Arc<Tricky<R>>,
    grant: Grant,
}

impl<R: Runtime> Users<R> {
    pub(super) fn of(runtime: &R, scratch: &Scratch<R>, gate: &Gate) -> Self {
        let other = scratch.outside("bob");
        std::fs::create_dir(&other).unwrap();
        let bob = LocalStorage::open(runtime.clone(), &other).unwrap();
        let anna = Tricky::new(runtime, scratch.store.clone(), &scratch.root, gate);
        let bob = Tricky::new(runtime, bob, &other, gate);
        let user = |password, storage: &Arc<_>, grant| User {
            password,
            storage: Arc::clone(storage),
            grant,
        };
        let read = Grant::read_only("Write to anna.");
        Self(HashMap::from([
            (ANNA.0, user(Some(ANNA.1), &anna, Grant::read_write())),
            ("bob", user(Some("bell"), &bob, Grant::read_write())),
            ("anonymous", user(None, &anna, read)),
        ]))
    }
}

impl<R: Runtime> Authenticator for Users<R> {
    type Storage = Tricky<R>;

    async fn authenticate(&self, login: &Login) -> Option<Account<Tricky<R>>> {
        let user = std::str::from_utf8(login.user.as_bytes()).ok()?;
        let user = self.0.get(user)?;
        let given = login.password.expose().as_bytes();
        let is_right = |password: &str| password.as_bytes() == given;
        user.password.is_none_or(is_right).then(|| Account {
            storage: user.storage.clone(),
            grant: user.grant.clone(),
        })
    }
}
