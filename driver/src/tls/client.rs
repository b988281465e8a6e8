//! TLS as an embedder sets it up for clients.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::{ClientConfig, ClientConnection, Connection};

use super::sessions::ClientSessions;
use super::trust::{Judge, Rule};
use super::{
    ALPN, Certificate, CertificateError, Means, Pin, ServerName, TlsError, Trust, Version, versions,
};

/// How a client does TLS: whom it trusts, what it shows of itself, which versions it speaks.
///
/// Clones are the same, and equal; two that were built separately are not, even from the same parts. Connections may be shared between users
/// only where theirs are equal.
#[derive(Clone, Debug)]
pub struct ClientTls(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: ClientConfig,
    rule: Arc<Rule>,
}

impl PartialEq for ClientTls {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for ClientTls {}

impl Hash for ClientTls {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl ClientTls {
    /// Begins with what is usual: the system's authorities, TLS 1.2 and 1.3, no certificate of its own.
    #[must_use]
    pub fn builder() -> ClientTlsBuilder {
        ClientTlsBuilder {
            trust: Trust::Platform,
            certificate: None,
            versions: (Version::Tls12, Version::Tls13),
            means: Means::default(),
        }
    }

    /// For one control connection and its data connections.
    pub(crate) fn connection(&self, name: ServerName) -> ControlClient {
        let judge = Arc::new(Judge::new(self.0.rule.clone()));
        let mut config = self.0.config.clone();
        config.dangerous().set_certificate_verifier(judge.clone());
        config.resumption = Resumption::store(Arc::new(ClientSessions::default()));
        ControlClient {
            config: Arc::new(config),
            judge,
            name,
        }
    }
}

/// Makes a [`ClientTls`].
#[derive(Clone, Debug)]
pub struct ClientTlsBuilder {
    trust: Trust,
    certificate: Option<Certificate>,
    versions: (Version, Version),
    means: Means,
}

impl ClientTlsBuilder {
    /// Whom to trust.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// What to show to a server that asks who this is.
    #[must_use]
    pub fn certificate(mut self, certificate: Certificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// The oldest version that is spoken.
    #[must_use]
    pub const fn min_version(mut self, version: Version) -> Self {
        self.versions.0 = version;
        self
    }

    /// The newest version that is spoken. TLS 1.2 is the way around servers that demand a resumed session of each data connection and give out too
    /// few tickets of TLS 1.3 for it: `ProFTPD` does not renew them with uploads.
    #[must_use]
    pub const fn max_version(mut self, version: Version) -> Self {
        self.versions.1 = version;
        self
    }

    /// Takes the cryptography, with its random bits, and the time of day from elsewhere: for runs that are to repeat themselves to the byte.
    #[cfg(feature = "conformance")]
    #[must_use]
    pub fn means(
        mut self,
        provider: Arc<rustls::crypto::CryptoProvider>,
        clock: Arc<dyn rustls::time_provider::TimeProvider>,
    ) -> Self {
        self.means = Means { provider, clock };
        self
    }

    /// Puts it together. The system's authorities are read here, where they are what is trusted.
    ///
    /// # Errors
    /// [`CertificateError`]: no authority at all, a certificate that is of no use, or no version between the two.
    pub fn build(self) -> Result<ClientTls, CertificateError> {
        let unusable = |error: rustls::Error| CertificateError::Unusable(error.to_string());
        let rule = Arc::new(Rule::new(&self.trust)?);
        let versions = versions(self.versions.0, self.versions.1);
        let builder = ClientConfig::builder_with_details(self.means.provider, self.means.clock)
            .with_protocol_versions(&versions)
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Judge::new(rule.clone())));
        let mut config = match &self.certificate {
            Some(certificate) => {
                let (chain, key) = certificate.parts();
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(unusable)?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(ClientTls(Arc::new(Shared { config, rule })))
    }
}

/// One control connection's TLS, and that of its data connections: they resume each other's sessions, and nobody else's.
pub(crate) struct ControlClient {
    config: Arc<ClientConfig>,
    judge: Arc<Judge>,
    name: ServerName,
}

impl ControlClient {
    pub(crate) fn session(&self) -> Result<Connection, TlsError> {
        ClientConnection::new(self.config.clone(), self.name.inner())
            .map(Connection::Client)
            .map_err(|error| TlsError::Broken(error.to_string()))
    }

    /// The certificate that the server showed last.
    pub(crate) fn seen(&self) -> Option<Pin> {
        self.judge.seen()
    }

    /// A session that offers other application protocols.
    #[cfg(feature = "conformance")]
    pub(crate) fn session_offering(&self, protocols: &[&str]) -> Result<Connection, TlsError> {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        let other = Self {
            config: Arc::new(config),
            judge: self.judge.clone(),
            name: self.name.clone(),
        };
        other.session()
    }

    /// The same TLS with another's sessions: what a thief of tickets has.
    #[cfg(feature = "conformance")]
    pub(crate) fn steal(&mut self, from: &Self) {
        self.config = from.config.clone();
    }
}
