//! The client: operations as `async` methods, transfers as values.
//!
//! Whatever is dropped at an `await` leaves the session usable: what was begun comes to its end, or is aborted, before the next
//! operation begins. [`Client::is_usable`] tells when a session is over.

mod between;
mod builder;
mod connection;
mod deadline;
mod digest;
mod direct;
mod entries;
mod error;
mod files;
mod io;
mod outward;
mod pool;
mod progress;
mod secure;
mod site;
mod steady;
mod transfer;

use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;

pub use crate::target::{HostName, InvalidTarget, Target};
pub use between::{BetweenError, Copied, Side, Stage, copy_between};
pub use builder::Builder;
pub use connection::Trace;
use connection::{Connection, Happened};
pub use deadline::{Bounded, Deadline};
pub use entries::Entries;
pub use error::Error;
pub use ftp_sansio::client::{Config, Credentials, DataPath, Options, Timeouts, Tls};
use ftp_sansio::client::{Meaning, Operation, Outcome, TransferRequest};
use ftp_sansio::tls::TlsFacts;
use ftp_sansio::wire::{Arg, Command, DigestAlgorithm, Features, Reply, Secret};
pub use outward::Active;
pub use pool::{Checkout, Pool, PoolSettings, PoolStatus};
pub use progress::{Meter, Progress};
pub use site::Site;
pub use steady::{Backoff, Reconnect, Repeat, Steady};
pub use transfer::{Download, Transferred, Upload};

use crate::runtime::Runtime;
use crate::tls::{ClientTls, Pin, ServerName, TlsError};

/// A client with one connection to a server.
pub struct Client<R: Runtime> {
    connection: Box<Connection<R>>,
    greeting: Reply,
    features: Option<Features>,
    hash: Hashing,
    /// What its user has changed about the session.
    changed: Changed,
}

/// What HASH digests by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hashing {
    /// As FEAT has it.
    AsTold,
    By(DigestAlgorithm),
    /// It was changed, or is being changed, and the answer has not been seen.
    Unknown,
}

/// What makes a session another than a new one of its [`Site`].
#[derive(Clone, Copy, Debug, Default)]
struct Changed {
    /// The current folder.
    folder: bool,
    /// Anything else: who is logged in, or what a raw command did.
    more: bool,
}

impl<R: Runtime> std::fmt::Debug for Client<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("peer", &self.connection.peer)
            .finish_non_exhaustive()
    }
}

impl<R: Runtime> Client<R> {
    /// Everything about a session that can be set, and then [`Builder::connect`].
    #[must_use]
    pub fn builder(runtime: R) -> Builder<R> {
        Builder::new(runtime)
    }

    /// Connects, and waits for the server's greeting: the short form of [`builder`](Self::builder).
    ///
    /// # Errors
    /// [`Error::Connect`], or what came instead of a greeting.
    pub async fn connect(runtime: R, to: SocketAddr, config: Config) -> Result<Self, Error> {
        Self::builder(runtime).config(config).connect(to).await
    }

    /// Connects to a server that TLS can be spoken with, and waits for its greeting: the short form of [`builder`](Self::builder) with
    /// [`tls`](Builder::tls).
    ///
    /// # Errors
    /// [`Error::Connect`], what came instead of a greeting, or with [`Tls::Implicit`] [`Error::Tls`].
    pub async fn connect_tls(
        runtime: R,
        to: SocketAddr,
        config: Config,
        tls: &ClientTls,
        name: ServerName,
    ) -> Result<Self, Error> {
        Self::builder(runtime)
            .config(config)
            .tls(tls.clone())
            .server_name(name)
            .connect(to)
            .await
    }

    const fn greeted(connection: Box<Connection<R>>, greeting: Reply) -> Self {
        Self {
            connection,
            greeting,
            features: None,
            hash: Hashing::AsTold,
            changed: Changed {
                folder: false,
                more: false,
            },
        }
    }

    /// The server's greeting.
    #[must_use]
    pub const fn greeting(&self) -> &Reply {
        &self.greeting
    }

    /// Who is at the other end. Of a server that is reached by name through a proxy only the port is known: the address is
    /// `0.0.0.0` then.
    #[must_use]
    pub fn peer_addr(&self) -> SocketAddr {
        self.connection.peer
    }

    /// False once the session is over: connect anew.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !self.connection.machine.is_closed()
    }

    /// Shows every command and reply from now on.
    pub fn observe(&mut self, observer: impl FnMut(Trace<'_>) + Send + 'static) {
        self.connection.observer = Some(Box::new(observer));
    }

    /// Protects the control connection by TLS, if it is not yet (AUTH TLS), and has data connections protected too, unless
    /// [`Config::protect_data`] is off (PBSZ, PROT). Whoever was logged in has to log in again.
    ///
    /// # Errors
    /// [`Error::Refused`] where the server has no TLS: the session goes on in clear text, if it may. [`Error::Tls`] where it failed: the
    /// session is over.
    pub async fn secure(&mut self) -> Result<TlsFacts, Error> {
        if self.connection.tls.is_none() {
            return Err(Error::Tls(TlsError::NotSetUp));
        }
        self.features = None;
        self.hash = Hashing::AsTold;
        self.changed.more = true;
        match self.connection.run(Operation::Secure).await? {
            Outcome::Secured(facts) => Ok(facts),
            other => Err(unexpected(other)),
        }
    }

    /// Has commands travel in clear text again (CCC), for what is on the way and must read them; data stays protected.
    ///
    /// # Errors
    /// [`Error::Refused`], and then TLS stays; [`Error::NotPossible`] where there is none; or what ended the session.
    pub async fn clear_control(&mut self) -> Result<Reply, Error> {
        self.changed.more = true;
        reply(self.connection.run(Operation::ClearControl).await?)
    }

    /// The certificate that the server has shown, where TLS was begun: what would pin it.
    #[must_use]
    pub fn server_pin(&self) -> Option<Pin> {
        self.connection.tls.as_ref()?.seen()
    }

    /// Takes another connection's TLS sessions: a thief of tickets, for tests.
    #[cfg(feature = "conformance")]
    pub(crate) fn steal_tickets(&mut self, from: &Self) {
        if let (Some(own), Some(other)) = (&mut self.connection.tls, &from.connection.tls) {
            own.steal(other);
        }
    }

    /// Logs in.
    ///
    /// # Errors
    /// [`Error::LoginRefused`], after which another login may be tried.
    pub async fn login(&mut self, user: Arg, password: Secret<Arg>) -> Result<Reply, Error> {
        self.login_with(Credentials {
            user,
            password,
            account: None,
        })
        .await
    }

    /// Logs in, with an account for servers that ask for one.
    ///
    /// # Errors
    /// [`Error::LoginRefused`], after which another login may be tried.
    pub async fn login_with(&mut self, credentials: Credentials) -> Result<Reply, Error> {
        // What a server says it can do may depend on who asks.
        self.features = None;
        self.hash = Hashing::AsTold;
        self.changed.more = true;
        reply(self.connection.run(Operation::Login(credentials)).await?)
    }

    /// What the server says it can do (FEAT). It is asked once a login; a server that does not know the question can do nothing special.
    ///
    /// # Errors
    /// What ended the session.
    pub async fn features(&mut self) -> Result<Features, Error> {
        if let Some(features) = &self.features {
            return Ok(features.clone());
        }
        let features = match self.ask(Command::Feat, Meaning::Features).await {
            Ok(Outcome::Features(features)) => features,
            Ok(_) | Err(Error::Refused(_)) => Features::default(),
            Err(error) => return Err(error),
        };
        self.features = Some(features.clone());
        Ok(features)
    }

    /// Does nothing, which keeps a connection alive (NOOP).
    ///
    /// # Errors
    /// What ended the session.
    pub async fn noop(&mut self) -> Result<Reply, Error> {
        self.command(Command::Noop).await
    }

    /// Sends one command and gives its reply, a refusal too. A command that this library knows goes out in its own spelling of it; the
    /// server's words for anything else go as they are.
    ///
    /// # Errors
    /// [`Error::NotPossible`] for a command that moves data or turns TLS on, which would break the session.
    pub async fn raw(&mut self, line: Arg) -> Result<Reply, Error> {
        let command = Command::parse(line.as_bytes()).unwrap_or_else(|_| verbatim(&line));
        match command {
            Command::Cwd(_) | Command::Cdup => self.changed.folder = true,
            _ => {
                self.changed.more = true;
                self.hash = Hashing::Unknown;
            }
        }
        reply(self.ask(command, Meaning::Raw).await?)
    }

    /// Fetches a file (RETR).
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::NoDataConnection`], or what ended the session.
    pub async fn retrieve(
        &mut self,
        path: Arg,
        options: Options,
    ) -> Result<Download<'_, R>, Error> {
        self.download(TransferRequest::file(Command::Retr(path), options))
            .await
    }

    /// Stores a file (STOR); with an offset, from there on in place.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::NoDataConnection`], or what ended the session.
    pub async fn store(&mut self, path: Arg, options: Options) -> Result<Upload<'_, R>, Error> {
        self.upload(TransferRequest::file(Command::Stor(path), options))
            .await
    }

    /// Adds to the end of a file (APPE).
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::NoDataConnection`], or what ended the session.
    pub async fn append(&mut self, path: Arg, options: Options) -> Result<Upload<'_, R>, Error> {
        self.upload(TransferRequest::file(Command::Appe(path), options))
            .await
    }

    /// Says QUIT and waits for the answer.
    ///
    /// # Errors
    /// What ended the session otherwise.
    pub async fn quit(mut self) -> Result<(), Error> {
        let connection = &mut self.connection;
        connection.settle().await?;
        connection.machine.quit(connection.runtime.now());
        poll_fn(|context| {
            loop {
                if let Happened::Closed(failure) = std::task::ready!(connection.poll(context)) {
                    let failure = failure.map(|failure| connection.closed(Some(failure)));
                    return Poll::Ready(failure.map_or(Ok(()), Err));
                }
            }
        })
        .await
    }

    async fn ask(&mut self, command: Command, meaning: Meaning) -> Result<Outcome, Error> {
        self.connection
            .run(Operation::Command(command, meaning))
            .await
    }

    async fn command(&mut self, command: Command) -> Result<Reply, Error> {
        reply(self.ask(command, Meaning::Done).await?)
    }

    async fn download(&mut self, request: TransferRequest) -> Result<Download<'_, R>, Error> {
        let tells_total = transfer::tells_total(&request);
        let id = self.connection.begin(Operation::Transfer(request)).await?;
        let begun = transfer::begin(&mut self.connection, id).await?;
        let total = self.connection.announced.filter(|_| tells_total);
        let mut download = Download::new(&mut self.connection, id, begun);
        if let Some(total) = total {
            download.expect(total);
        }
        Ok(download)
    }

    async fn upload(&mut self, request: TransferRequest) -> Result<Upload<'_, R>, Error> {
        let id = self.connection.begin(Operation::Transfer(request)).await?;
        let begun = transfer::begin(&mut self.connection, id).await?;
        Ok(Upload::new(&mut self.connection, id, begun))
    }
}

fn reply(outcome: Outcome) -> Result<Reply, Error> {
    match outcome {
        Outcome::Reply(reply) => Ok(reply),
        other => Err(unexpected(other)),
    }
}

/// The machine answers what it was asked; should it ever not, nothing can be made of it.
fn unexpected(_: Outcome) -> Error {
    Error::Aborted
}

/// A line that is no command anybody knows, to be sent all the same.
fn verbatim(line: &Arg) -> Command {
    let bytes = line.clone().into_bytes();
    let split = bytes
        .iter()
        .position(|&byte| byte == b' ')
        .unwrap_or(bytes.len());
    let part = |range: std::ops::Range<usize>| Arg::new(bytes.slice(range)).unwrap_or(Arg::EMPTY);
    let argument = (split < bytes.len()).then(|| part(split + 1..bytes.len()));
    Command::Unknown {
        verb: part(0..split),
        argument,
    }
}
