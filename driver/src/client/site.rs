//! What tells one server, and one session with it, from another.

use std::net::IpAddr;

use ftp_sansio::client::{Config, Credentials};

use super::outward::Active;
use crate::proxy::Proxy;
use crate::target::Target;

/// A server, how it is reached, and who speaks with it: sessions of equal sites are interchangeable, and those of others are not.
///
/// [`Pool`](super::Pool) and [`Steady`](super::Steady) make sessions from it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Site {
    /// The server.
    pub server: Target,
    /// How a session behaves.
    pub config: Config,
    /// Who logs in; nobody is for sessions that log in themselves.
    pub credentials: Option<Credentials>,
    /// The proxy that all connections go through.
    pub proxy: Option<Proxy>,
    /// The local address of the control connection, and with it of the data connections.
    pub source: Option<IpAddr>,
    /// Where the server comes to in active mode.
    pub active: Active,
}

impl Site {
    /// A server that is reached directly, without a login.
    #[must_use]
    pub fn new(server: impl Into<Target>) -> Self {
        Self {
            server: server.into(),
            config: Config::default(),
            credentials: None,
            proxy: None,
            source: None,
            active: Active::default(),
        }
    }
}
