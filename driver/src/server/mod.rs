//! The server: accepts connections and runs a session on each, one future a session.
//!
//! An embedder says where files are kept and who may log in (the two traits of [`storage`](crate::storage)), and gives a listener to
//! [`Server::serve`].

mod passive;
mod perform;
mod roster;
mod session;
mod source;
mod transfer;

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ftp_sansio::server::Tls;
pub use ftp_sansio::server::{
    Capabilities, Capability, Config, Ended, Event, Failure, Grant, Placement, StorageError,
    Timeouts, TransferFailure, TransferReport,
};
use ftp_sansio::wire::Arg;
use roster::{Limits, Roster};
use session::Session;

use crate::runtime::{Listener, Runtime, within};
use crate::storage::Authenticator;

/// How long the accept loop rests after an error, such as no file handle left, before it tries again.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Whose event it is.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    /// A number that no other session of this server has.
    pub id: u64,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Who is logged in.
    pub user: Option<Arg>,
}

type Observer = dyn Fn(&SessionInfo, &Event) + Send + Sync;

/// What an embedder sets. Begin with [`Settings::default`].
pub struct Settings {
    config: Arc<Config>,
    passive_ports: RangeInclusive<u16>,
    limits: Limits,
    observer: Box<Observer>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            config: Arc::default(),
            passive_ports: passive::DYNAMIC,
            limits: Limits {
                sessions: 20_000,
                per_address: usize::MAX,
            },
            observer: Box::new(|_, _| {}),
        }
        .config(Config::default())
    }
}

impl Settings {
    /// How the sessions behave.
    #[must_use]
    pub fn config(mut self, mut config: Config) -> Self {
        // There is no TLS in this driver yet, and nothing is offered that is not there.
        config.tls = Tls::Off;
        self.config = Arc::new(config);
        self
    }

    /// Which ports passive data connections use: by default the dynamic ones, 49152 to 65535.
    #[must_use]
    pub const fn passive_ports(mut self, ports: RangeInclusive<u16>) -> Self {
        self.passive_ports = ports;
        self
    }

    /// How many sessions there may be at once; who comes later gets a 421. By default 20,000.
    #[must_use]
    pub const fn max_sessions(mut self, sessions: usize) -> Self {
        self.limits.sessions = sessions;
        self
    }

    /// How many sessions there may be from one address at once. By default that is not limited.
    #[must_use]
    pub const fn max_sessions_per_address(mut self, sessions: usize) -> Self {
        self.limits.per_address = sessions;
        self
    }

    /// Hears of everything that happens in a session, on the session's own thread: it must not block.
    #[must_use]
    pub fn observe(
        mut self,
        observer: impl Fn(&SessionInfo, &Event) + Send + Sync + 'static,
    ) -> Self {
        self.observer = Box::new(observer);
        self
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            config,
            passive_ports,
            limits,
            observer: _,
        } = self;
        f.debug_struct("Settings")
            .field("config", config)
            .field("ports", passive_ports)
            .field("limits", limits)
            .finish()
    }
}

struct Shared<R: Runtime, A> {
    runtime: R,
    authenticator: A,
    settings: Settings,
    roster: Arc<Roster>,
    passive: Arc<passive::Pool<R::Listener>>,
}

/// An FTP server. Clones are the same server.
pub struct Server<R: Runtime, A> {
    shared: Arc<Shared<R, A>>,
}

impl<R: Runtime, A> Clone for Server<R, A> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<R: Runtime, A> std::fmt::Debug for Server<R, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}

impl<R: Runtime, A: Authenticator> Server<R, A> {
    /// A server that lets in whom `authenticator` knows.
    pub fn new(runtime: R, authenticator: A, settings: Settings) -> Self {
        let roster = Roster::new(settings.limits);
        let passive = passive::Pool::new(settings.passive_ports.clone());
        Self {
            shared: Arc::new(Shared {
                runtime,
                authenticator,
                settings,
                roster,
                passive,
            }),
        }
    }

    /// Accepts connections until [`stop`](Self::stop) is called. It may run for several listeners at once. What goes wrong with
    /// one connection is its own affair, and what goes wrong with accepting (no file handle left) is tried again.
    pub async fn serve(&self, mut listener: R::Listener) {
        loop {
            let accepted = poll_fn(|context| {
                if self.shared.roster.poll_stopping(context).is_ready() {
                    return Poll::Ready(None);
                }
                listener.poll_accept(context).map(Some)
            });
            match accepted.await {
                None => return,
                Some(Ok((stream, peer))) => self.take(stream, peer),
                Some(Err(_)) => self.rest().await,
            }
        }
    }

    fn take(&self, stream: R::Stream, peer: SocketAddr) {
        let Some(seat) = self.shared.roster.seat(peer) else {
            return;
        };
        if let Some(session) = Session::new(self.shared.clone(), stream, peer, seat) {
            self.shared.runtime.spawn(session);
        }
    }

    /// Lets some time pass, in which handles may come free.
    async fn rest(&self) {
        let stopping = poll_fn(|context| self.shared.roster.poll_stopping(context));
        within(&self.shared.runtime, ACCEPT_REST, stopping).await;
    }

    /// Stops accepting, lets running transfers end, and says goodbye to everybody; who is not gone after `grace` is cut off.
    pub async fn stop(&self, grace: Duration) {
        self.shared.roster.stop();
        let empty = poll_fn(|context| self.shared.roster.poll_empty(context));
        within(&self.shared.runtime, grace, empty).await;
        self.shared.roster.cut_off();
        poll_fn(|context| self.shared.roster.poll_empty(context)).await;
        self.shared.passive.close();
    }

    /// How many sessions there are.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.shared.roster.count()
    }
}

/// A session is a task of its own.
#[expect(dead_code, reason = "a check at compile time")]
fn a_session_can_be_spawned<R: Runtime, A: Authenticator>(
    session: Session<R, A>,
) -> impl Future<Output = ()> + Send {
    session
}
