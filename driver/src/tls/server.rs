//! TLS as an embedder sets it up for a server.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use ftp_sansio::tls::TlsRole;
use rustls::pki_types;
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

use super::sessions::{DataSessions, STOCK, ServerSessions};
use super::trust::{Judge, Rule};
use super::{
    ALPN, ALPN_DATA, Certificate, CertificateError, Means, Roots, Version, provider, versions,
};

/// How a server does TLS: its certificates, what it asks of clients, which versions it speaks. Clones are the same.
#[derive(Clone)]
pub struct ServerTls(Arc<Shared>);

struct Shared {
    how: ServerTlsBuilder,
    current: RwLock<Arc<ServerConfig>>,
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls")
            .field("how", &self.0.how)
            .finish_non_exhaustive()
    }
}

/// Whether clients show certificates. What one has shown is part of its [`Login`](crate::storage::Login::certificates).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum ClientCertificates {
    /// They are not asked.
    #[default]
    None,
    /// They may; what they show has to be signed by one of these authorities.
    Accepted(Roots),
    /// They have to, and it has to be signed by one of these authorities.
    Required(Roots),
    /// As [`Accepted`](Self::Accepted), with authorities from a file in PEM form, which [`reload`](ServerTls::reload) reads again.
    AcceptedFrom(PathBuf),
    /// As [`Required`](Self::Required), with authorities from a file in PEM form, which [`reload`](ServerTls::reload) reads again.
    RequiredFrom(PathBuf),
}

impl ClientCertificates {
    /// The authorities, read from their file where there is one, and whether a certificate is required.
    fn load(&self) -> Result<Option<(Roots, bool)>, CertificateError> {
        Ok(match self {
            Self::None => None,
            Self::Accepted(roots) => Some((roots.clone(), false)),
            Self::Required(roots) => Some((roots.clone(), true)),
            Self::AcceptedFrom(path) => Some((Roots::from_pem_file(path)?, false)),
            Self::RequiredFrom(path) => Some((Roots::from_pem_file(path)?, true)),
        })
    }
}

/// Where a certificate comes from.
#[derive(Clone, Debug)]
enum Source {
    Given(Certificate),
    Files { chain: PathBuf, key: PathBuf },
}

impl Source {
    fn load(&self) -> Result<Arc<CertifiedKey>, CertificateError> {
        match self {
            Self::Given(certificate) => Ok(certificate.certified()),
            Self::Files { chain, key } => {
                Certificate::from_pem_files(chain, key).map(|certificate| certificate.certified())
            }
        }
    }
}

/// Makes a [`ServerTls`].
#[derive(Clone, Debug)]
pub struct ServerTlsBuilder {
    main: Source,
    hosts: Vec<(String, Source)>,
    clients: ClientCertificates,
    versions: (Version, Version),
    means: Means,
}

impl ServerTls {
    /// With a certificate that is at hand.
    #[must_use]
    pub fn builder(certificate: Certificate) -> ServerTlsBuilder {
        ServerTlsBuilder::new(Source::Given(certificate))
    }

    /// With a certificate and its key in files in PEM form (they may be one), which [`reload`](Self::reload) reads again.
    #[must_use]
    pub fn from_pem_files(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> ServerTlsBuilder {
        ServerTlsBuilder::new(Source::Files {
            chain: chain.into(),
            key: key.into(),
        })
    }

    /// Reads the files again: certificates, keys, and authorities. Who connects from now on is shown what is in them, and is checked by
    /// it; sessions go on as they are, and so do their data connections.
    ///
    /// # Errors
    /// What is wrong with one of them; nothing has changed then.
    pub fn reload(&self) -> Result<(), CertificateError> {
        let config = self.0.how.config()?;
        *self
            .0
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        Ok(())
    }

    /// For one control connection and its data connections.
    pub(crate) fn connection(&self) -> ControlServer {
        let current = self
            .0
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let sessions = Arc::new(ServerSessions::default());
        let mut config = ServerConfig::clone(&current);
        config.session_storage = sessions.clone();
        ControlServer {
            config: Arc::new(config),
            sessions,
        }
    }
}

impl ServerTlsBuilder {
    fn new(main: Source) -> Self {
        Self {
            main,
            hosts: Vec::new(),
            clients: ClientCertificates::None,
            versions: (Version::Tls12, Version::Tls13),
            means: Means::default(),
        }
    }

    /// Shows another certificate to clients that name this host (SNI).
    #[must_use]
    pub fn host(mut self, name: impl Into<String>, certificate: Certificate) -> Self {
        self.hosts.push((name.into(), Source::Given(certificate)));
        self
    }

    /// The same, from files.
    #[must_use]
    pub fn host_from_pem_files(
        mut self,
        name: impl Into<String>,
        chain: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        let (chain, key) = (chain.into(), key.into());
        self.hosts.push((name.into(), Source::Files { chain, key }));
        self
    }

    /// Whether clients have to show certificates.
    #[must_use]
    pub fn client_certificates(mut self, clients: ClientCertificates) -> Self {
        self.clients = clients;
        self
    }

    /// The oldest version that is spoken: TLS 1.2, unless this says otherwise.
    #[must_use]
    pub const fn min_version(mut self, version: Version) -> Self {
        self.versions.0 = version;
        self
    }

    /// The newest version that is spoken: TLS 1.3, unless this says otherwise.
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

    /// Puts it together.
    ///
    /// # Errors
    /// What is wrong with a certificate, or that there is no version between the two.
    pub fn build(self) -> Result<ServerTls, CertificateError> {
        let current = RwLock::new(Arc::new(self.config()?));
        Ok(ServerTls(Arc::new(Shared { how: self, current })))
    }

    fn config(&self) -> Result<ServerConfig, CertificateError> {
        let unusable = |error: &dyn fmt::Display| CertificateError::Unusable(error.to_string());
        let shown = Shown {
            main: self.main.load()?,
            hosts: self
                .hosts
                .iter()
                .map(|(name, source)| {
                    let name = name.trim_end_matches('.').to_ascii_lowercase();
                    pki_types::DnsName::try_from(name.as_str())
                        .map_err(|_| unusable(&format_args!("{name}: not the name of a host")))?;
                    Ok((name, source.load()?))
                })
                .collect::<Result<_, CertificateError>>()?,
        };
        let Means { provider, clock } = self.means.clone();
        let builder = ServerConfig::builder_with_details(provider.clone(), clock)
            .with_protocol_versions(&versions(self.versions.0, self.versions.1))
            .map_err(|error| unusable(&error))?;
        let builder = match self.clients.load()? {
            None => builder.with_no_client_auth(),
            Some((roots, is_required)) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.store(), provider);
                let verifier = match is_required {
                    true => verifier,
                    false => verifier.allow_unauthenticated(),
                };
                let verifier = verifier.build().map_err(|error| unusable(&error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![ALPN.to_vec()];
        // On data connections at the most: their store knows how many are wanted.
        config.send_tls13_tickets = STOCK;
        // A store that all connections share would let one resume another's session; each gets its own.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(config)
    }
}

/// What is shown to whom.
#[derive(Debug)]
struct Shown {
    main: Arc<CertifiedKey>,
    /// By name, in lower case.
    hosts: HashMap<String, Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello
            .server_name()
            .and_then(|name| self.hosts.get(&name.to_ascii_lowercase()));
        Some(named.unwrap_or(&self.main).clone())
    }
}

/// One control connection's TLS, and that of its data connections, which can resume its session and no other's.
pub(crate) struct ControlServer {
    config: Arc<ServerConfig>,
    sessions: Arc<ServerSessions>,
}

impl ControlServer {
    pub(crate) fn session(&self) -> Result<Connection, rustls::Error> {
        ServerConnection::new(self.config.clone()).map(Connection::Server)
    }

    /// The same with other settings.
    #[cfg(feature = "conformance")]
    pub(crate) fn session_with(
        &self,
        change: impl FnOnce(&mut ServerConfig),
    ) -> Result<Connection, rustls::Error> {
        let mut config = ServerConfig::clone(&self.config);
        change(&mut config);
        ServerConnection::new(Arc::new(config)).map(Connection::Server)
    }

    /// For one data connection.
    pub(crate) fn data(&self, role: TlsRole) -> Result<DataSession, rustls::Error> {
        let sessions = Arc::new(DataSessions::new(self.sessions.clone()));
        let connection = match role {
            TlsRole::Server => {
                let mut config = ServerConfig::clone(&self.config);
                config.session_storage = sessions.clone();
                config.alpn_protocols = vec![ALPN.to_vec(), ALPN_DATA.to_vec()];
                Connection::Server(ServerConnection::new(Arc::new(config))?)
            }
            TlsRole::Client => Connection::Client(towards_a_server()?),
        };
        Ok(DataSession {
            connection,
            sessions,
        })
    }
}

/// TLS's client, for a transfer between two servers (CPSV, SSCN). Whom it meets is not known here, and so cannot be checked: it is whoever the
/// client has sent to meet it, and nobody in between hears what is said unless he comes first.
fn towards_a_server() -> Result<ClientConnection, rustls::Error> {
    static CONFIG: LazyLock<Result<Arc<ClientConfig>, rustls::Error>> = LazyLock::new(|| {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&versions(Version::Tls12, Version::Tls13))?;
        let anybody = Arc::new(Judge::new(Arc::new(Rule::Anything)));
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(anybody)
            .with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Arc::new(config))
    });
    let config = CONFIG.clone()?;
    let nobody = pki_types::ServerName::IpAddress(pki_types::IpAddr::from(std::net::IpAddr::from(
        std::net::Ipv4Addr::UNSPECIFIED,
    )));
    ClientConnection::new(config, nobody)
}

/// One data connection's TLS, before its handshake.
pub(crate) struct DataSession {
    connection: Connection,
    sessions: Arc<DataSessions>,
}

impl DataSession {
    /// The connection, and what is to be [adopted](Brought::adopt) when it has turned out to be a resumption.
    pub(crate) fn into_parts(self) -> (Connection, Brought) {
        (self.connection, Brought(self.sessions))
    }
}

/// What a handshake has brought that could be resumed.
pub(crate) struct Brought(Arc<DataSessions>);

impl Brought {
    /// The handshake resumed the control connection's session: what it brought can be resumed in its turn.
    pub(crate) fn adopt(&self) {
        self.0.adopt();
    }
}
