//! What an embedder says of a server before it runs.

use std::ops::RangeInclusive;
use std::sync::Arc;

use ftp_sansio::server::{Config, Event, Tls};

use super::roster::{Limits, Roster};
use super::{Server, SessionInfo, Shared, passive};
use crate::runtime::Runtime;
use crate::storage::Authenticator;
use crate::tls::ServerTls;

type Observer = dyn Fn(&SessionInfo, &Event) + Send + Sync;

/// What an embedder sets; [`build`](Self::build) makes the server.
pub struct Builder {
    pub(super) config: Arc<Config>,
    pub(super) tls: Option<ServerTls>,
    passive_ports: RangeInclusive<u16>,
    limits: Limits,
    pub(super) observer: Box<Observer>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            config: Arc::default(),
            tls: None,
            passive_ports: passive::DYNAMIC,
            limits: Limits {
                sessions: 20_000,
                per_address: usize::MAX,
            },
            observer: Box::new(|_, _| {}),
        }
    }
}

impl Builder {
    /// What is usual.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How the sessions behave. What it says of TLS wants to know how that is done: see [`tls`](Self::tls).
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = Arc::new(config);
        self
    }

    /// How TLS is done. Whether it is offered or demanded is for [`Config::tls`] and [`Config::data_tls`] to say, and whether data
    /// connections have to resume the control connection's session for [`Config::resumption`].
    #[must_use]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
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

    /// A server that lets in whom `authenticator` knows. It runs on the listeners that are given to [`Server::serve`].
    ///
    /// # Errors
    /// [`TlsNotSetUp`] where the sessions shall offer or demand TLS and [`tls`](Self::tls) was not told how.
    pub fn build<R: Runtime, A: Authenticator>(
        self,
        runtime: R,
        authenticator: A,
    ) -> Result<Server<R, A>, TlsNotSetUp> {
        if self.config.tls != Tls::Off && self.tls.is_none() {
            return Err(TlsNotSetUp);
        }
        let roster = Roster::new(self.limits);
        let passive = passive::Pool::new(self.passive_ports.clone());
        Ok(Server {
            shared: Arc::new(Shared {
                runtime,
                authenticator,
                settings: self,
                roster,
                passive,
            }),
        })
    }
}

/// TLS shall be offered or demanded, and nobody has said how it is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("TLS is to be offered or demanded, but no certificate was given")]
pub struct TlsNotSetUp;

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            config,
            tls,
            passive_ports,
            limits,
            observer: _,
        } = self;
        f.debug_struct("Builder")
            .field("config", config)
            .field("tls", tls)
            .field("ports", passive_ports)
            .field("limits", limits)
            .finish()
    }
}
