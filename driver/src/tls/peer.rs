//! What a client has shown of itself.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use super::Pin;

/// The certificates that a client has shown in its handshake, the first of which one of the [authorities](super::ClientCertificates) has
/// vouched for; the client has its key.
///
/// Clones are cheap. Who it names can be told by its [fingerprint](Self::fingerprint), or by what a parser of X.509 finds in
/// [its bytes](Self::der).
#[derive(Clone, PartialEq, Eq)]
pub struct PeerCertificates(Arc<[CertificateDer<'static>]>);

impl PeerCertificates {
    /// Nothing where none was shown.
    pub(super) fn new(chain: &[CertificateDer<'static>]) -> Option<Self> {
        (!chain.is_empty()).then(|| Self(chain.into()))
    }

    /// The client's own certificate, in DER form (RFC 5280 § 4.1).
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0[0]
    }

    /// All of them in DER form and as they came: the client's own, and then what is to lead up to an authority's. Only the first is sure to
    /// have been verified.
    pub fn chain(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The SHA-256 of the client's own certificate: what `openssl x509 -noout -fingerprint -sha256` tells of its file.
    #[must_use]
    pub fn fingerprint(&self) -> Pin {
        Pin::of_whole(&self.0[0])
    }

    /// The SHA-256 of the key in it, which outlives a renewal with the same key. Of the certificate where the key is not understood.
    #[must_use]
    pub fn pin(&self) -> Pin {
        Pin::of(&self.0[0])
    }

    /// Whether a pin names the client's own certificate, or the key in it.
    #[must_use]
    pub fn is_named_by(&self, pin: Pin) -> bool {
        pin.names(&self.0[0])
    }
}

impl fmt::Debug for PeerCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCertificates")
            .field("fingerprint", &self.fingerprint())
            .field("chain", &self.0.len())
            .finish()
    }
}
