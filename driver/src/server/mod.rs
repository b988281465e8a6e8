//! The server: accepts connections and runs a session on each, one future a session.
//!
//! An embedder says where files are kept and who may log in (the two traits of [`storage`](crate::storage)), and gives a listener to
//! [`Server::serve`].

mod builder;
mod chain;
mod data;
pub(crate) mod passive;
mod perform;
mod roster;
mod session;
mod source;
mod transfer;

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

pub use builder::{Builder, TlsNotSetUp};
pub use ftp_sansio::server::{
    Capabilities, Capability, Config, DataTls, Ended, Event, Failure, Grant, Placement,
    StorageError, Timeouts, Tls, TransferFailure, TransferReport,
};
pub use ftp_sansio::tls::Resumption;
use ftp_sansio::wire::Arg;
use roster::Roster;
use session::{Greets, Session};

use crate::runtime::{Listener, Runtime, give_way, within};
use crate::storage::Authenticator;

/// How long the accept loop rests after an error, such as no file handle left, before it tries again.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// How many connections are accepted before others on the same thread have their turn.
const TURN: usize = 64;

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

struct Shared<R: Runtime, A> {
    runtime: R,
    authenticator: A,
    settings: Builder,
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

impl<R: Runtime> Server<R, ()> {
    /// Begins with what is usual; [`Builder::build`] makes the server.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl<R: Runtime, A: Authenticator> Server<R, A> {
    /// Accepts connections until [`stop`](Self::stop) is called, or the runtime has lost the listener. It may run for several listeners at once. What
    /// goes wrong with one connection is its own affair, and what goes wrong with accepting (no file handle left) is tried again.
    pub async fn serve(&self, listener: R::Listener) {
        self.accept(listener, Greets::AtOnce).await;
    }

    /// The same for a listener at which TLS comes first (by custom port 990), whatever [`Config::tls`] says. Without
    /// [`Builder::tls`] nobody gets further than the handshake there.
    pub async fn serve_implicit(&self, listener: R::Listener) {
        self.accept(listener, Greets::UnderTls).await;
    }

    async fn accept(&self, mut listener: R::Listener, greets: Greets) {
        for count in 1_usize.. {
            if count % TURN == 0 {
                give_way().await;
            }
            let accepted = poll_fn(|context| {
                if self.shared.roster.poll_stopping(context).is_ready() {
                    return Poll::Ready(None);
                }
                listener.poll_accept(context).map(Some)
            });
            match accepted.await {
                None => return,
                Some(Ok((stream, peer))) => self.take(stream, peer, greets),
                // The runtime could not wait at it: it is no listener any more.
                Some(Err(error)) if error.kind() == io::ErrorKind::NotConnected => return,
                Some(Err(_)) => self.rest().await,
            }
        }
    }

    fn take(&self, stream: R::Stream, peer: SocketAddr, greets: Greets) {
        let Some(seat) = self.shared.roster.seat(peer) else {
            return;
        };
        if let Some(session) = Session::new(self.shared.clone(), stream, peer, seat, greets) {
            self.shared.runtime.spawn(session);
        }
    }

    /// Lets some time pass, in which handles may come free.
    async fn rest(&self) {
        let stopping = poll_fn(|context| self.shared.roster.poll_stopping(context));
        within(&self.shared.runtime, ACCEPT_REST, stopping).await;
    }

    /// Stops accepting, lets running transfers end, and says goodbye to everybody; who is not gone after `grace` is cut off. A change to a
    /// file that the store is in the middle of then may still be made.
    pub async fn stop(&self, grace: Duration) {
        self.shared.roster.stop();
        let empty = poll_fn(|context| self.shared.roster.poll_empty(context));
        within(&self.shared.runtime, grace, empty).await;
        self.shared.roster.cut_off();
        poll_fn(|context| self.shared.roster.poll_empty(context)).await;
        self.shared.passive.close();
    }

    /// How many sessions there are. One whose client is gone is there until the change to a file that it was in the middle of is made.
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
