//! TLS on control and data connections (RFC 4217), by rustls.
//!
//! A client is given a [`ClientTls`]: whom it trusts, and what it shows of itself. A server is given a [`ServerTls`]: its certificates.
//! Both are cheap to clone and are shared by all connections. What has to belong to *one* control connection, the sessions that its data
//! connections resume, is made for each by itself: no connection can use up another's tickets, and a server knows its own again.
//!
//! What is the same for both:
//!
//! - Versions are 1.2 and 1.3, unless narrowed down.
//! - ALPN is `ftp`: a peer that was meant to speak another protocol is not spoken to (ALPACA). A peer that offers none is.
//! - Data that ends without TLS's own end (`close_notify`) is truncated, whatever had arrived.

mod certificate;
mod client;
mod engine;
mod error;
mod peer;
mod server;
mod sessions;
mod trust;

pub use certificate::{Certificate, CertificateError};
pub(crate) use client::ControlClient;
pub use client::{ClientTls, ClientTlsBuilder};
pub(crate) use engine::Engine;
pub use error::{Distrust, TlsError};
pub use peer::PeerCertificates;
pub use server::{ClientCertificates, ServerTls, ServerTlsBuilder};
pub(crate) use server::{ControlServer, DataSession};
pub use trust::{Pin, PinError, Roots, ServerName, Trust};

use std::sync::{Arc, LazyLock};

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};

/// What is offered and expected by ALPN on a control connection.
const ALPN: &[u8] = b"ftp";

/// What some clients offer on data connections, besides.
const ALPN_DATA: &[u8] = b"ftp-data";

/// A version of TLS.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Version {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// The versions from one to another, both included; nothing where the first is the newer.
fn versions(from: Version, to: Version) -> Vec<&'static SupportedProtocolVersion> {
    [
        (Version::Tls13, &rustls::version::TLS13),
        (Version::Tls12, &rustls::version::TLS12),
    ]
    .into_iter()
    .filter(|(version, _)| (from..=to).contains(version))
    .map(|(_, supported)| supported)
    .collect()
}

/// The cryptography: ring, which builds with a C compiler alone and is ready at once.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
    PROVIDER.clone()
}

/// What a side takes from outside: its cryptography, with the random bits in it, and the time of day.
#[derive(Clone, Debug)]
struct Means {
    provider: Arc<CryptoProvider>,
    clock: Arc<dyn TimeProvider>,
}

impl Default for Means {
    fn default() -> Self {
        Self {
            provider: provider(),
            clock: Arc::new(DefaultTimeProvider),
        }
    }
}
