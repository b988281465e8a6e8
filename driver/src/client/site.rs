//! What tells one server, and one session with it, from another.

use std::io;
use std::net::IpAddr;

use ftp_sansio::client::{Config, Credentials, Tls};

use super::error::Error;
use super::outward::Active;
use crate::proxy::Proxy;
use crate::target::Target;
use crate::tls::{ClientTls, ControlClient, ServerName, TlsError};

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
    /// How TLS is done, where [`Config::tls`] or [`Client::secure`](super::Client::secure) asks for it.
    pub tls: Option<ClientTls>,
    /// The name that the server's certificate must have, where it is not that of [`server`](Self::server).
    pub server_name: Option<ServerName>,
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
            tls: None,
            server_name: None,
            proxy: None,
            source: None,
            active: Active::default(),
        }
    }

    /// TLS for one session: whoever asks for it has to say how it is done.
    pub(super) fn control_tls(&self) -> Result<Option<ControlClient>, Error> {
        let Some(tls) = &self.tls else {
            return match self.config.tls {
                Tls::Off => Ok(None),
                _ => Err(Error::Tls(TlsError::NotSetUp)),
            };
        };
        let name = match (&self.server_name, &self.server) {
            (Some(name), _) => name.clone(),
            (None, Target::Name(name, _)) => {
                // No certificate can be for what is no name in the DNS.
                let name = ServerName::new(name.as_str());
                name.ok_or_else(|| Error::Connect(io::ErrorKind::InvalidInput.into()))?
            }
            (None, Target::Address(address)) => address.ip().into(),
        };
        Ok(Some(tls.connection(name)))
    }
}
