//! Which servers a client trusts.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{self, CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError as Wrong, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};

use super::certificate::{certificates, read};
use super::{CertificateError, provider};

/// Which servers a client trusts.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Trust {
    /// Those whose certificates one of the system's authorities has signed for their name.
    #[default]
    Platform,
    /// Those whose certificates one of these authorities has signed for their name.
    Roots(Roots),
    /// Those that show a certificate or a key that is named here, whatever else is in it, and no others.
    Pinned(Vec<Pin>),
    /// Everybody. **Dangerous**: whoever is between the client and the server can read and change everything, passwords among it.
    Insecure,
}

/// Authorities.
#[derive(Clone, Debug)]
pub struct Roots(Arc<RootCertStore>);

impl Roots {
    /// Reads certificates from a file in PEM form.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_pem_file(path: impl AsRef<Path>) -> Result<Self, CertificateError> {
        let path = path.as_ref();
        Self::from_named(&path.display().to_string(), &read(path)?)
    }

    /// Takes certificates in PEM form.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertificateError> {
        Self::from_named("the authorities", pem)
    }

    /// Takes one that signs itself, or an authority's, as it is shown.
    ///
    /// # Errors
    /// [`CertificateError::Unusable`] where it can be no authority.
    pub fn only(certificate: &super::Certificate) -> Result<Self, CertificateError> {
        Self::collect("the certificate", certificate.parts().0)
    }

    fn from_named(name: &str, pem: &[u8]) -> Result<Self, CertificateError> {
        Self::collect(name, certificates(name, pem)?)
    }

    fn collect(
        name: &str,
        certificates: Vec<CertificateDer<'static>>,
    ) -> Result<Self, CertificateError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            let added = roots.add(certificate);
            added.map_err(|error| CertificateError::Unusable(format!("{name}: {error}")))?;
        }
        Ok(Self(Arc::new(roots)))
    }

    /// The system's own, read once in a process. Some that cannot be understood are no reason to trust none.
    pub(super) fn platform() -> Self {
        static PLATFORM: std::sync::LazyLock<Roots> = std::sync::LazyLock::new(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            Roots(Arc::new(roots))
        });
        PLATFORM.clone()
    }

    pub(super) fn store(&self) -> Arc<RootCertStore> {
        self.0.clone()
    }
}

/// Names a certificate, or the key in it, by its SHA-256.
///
/// It is written in hexadecimal (64 digits, colons between them are passed over) or, as curl's `--pinnedpubkey` has it, in base64 with or
/// without `sha256//` before it. It is the digest of the key (its `SubjectPublicKeyInfo`, which outlives a renewal with the same key) or of the
/// whole certificate; which of them it is, is found out by comparing. [`Display`](fmt::Display) writes it in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pin([u8; 32]);

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

/// What was given is no SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a pin is a SHA-256: 64 hexadecimal digits, or 44 characters of base64")]
pub struct PinError;

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let text = text.trim();
        let text = text.strip_prefix("sha256//").unwrap_or(text);
        let digits: String = text.chars().filter(|&digit| digit != ':').collect();
        let digest = match digits.len() {
            64 => from_hexadecimal(&digits),
            _ => from_base64(text),
        };
        digest.map(Self).ok_or(PinError)
    }
}

fn from_hexadecimal(digits: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(digits.as_bytes().chunks(2)) {
        let value = |digit: u8| char::from(digit).to_digit(16);
        let (high, low) = (value(pair[0])?, value(pair[1])?);
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(digest)
}

/// RFC 4648 § 4, of 32 bytes: 43 characters and a pad.
fn from_base64(text: &str) -> Option<[u8; 32]> {
    let text = text.strip_suffix('=').unwrap_or(text).as_bytes();
    if text.len() != 43 {
        return None;
    }
    let mut bytes = Vec::with_capacity(33);
    for group in text.chunks(4) {
        let mut bits = 0_u32;
        for &letter in group {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        // The last three are 16 bits, and two that mean nothing.
        let bits = if group.len() == 4 { bits } else { bits << 6 };
        bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    bytes.get(..32)?.try_into().ok()
}

impl Pin {
    /// Of the key in a certificate; of the certificate itself where that is not understood.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Self {
        Self::of_key(certificate).unwrap_or_else(|| Self::of_whole(certificate))
    }

    /// Of the certificate itself.
    pub(super) fn of_whole(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }

    fn of_key(certificate: &CertificateDer<'_>) -> Option<Self> {
        let parsed = ParsedCertificate::try_from(certificate).ok()?;
        let digest = Sha256::digest(parsed.subject_public_key_info());
        Some(Self(digest.into()))
    }

    pub(super) fn names(self, certificate: &CertificateDer<'_>) -> bool {
        Self::of_key(certificate) == Some(self) || Self::of_whole(certificate) == self
    }
}

/// The name of a server: what its certificate must be for, and what it is told by SNI (an address is not).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ServerName(pki_types::ServerName<'static>);

impl ServerName {
    /// A host's name, or an address.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let name = name.strip_suffix('.').unwrap_or(name).to_owned();
        pki_types::ServerName::try_from(name).ok().map(Self)
    }

    pub(super) fn inner(&self) -> pki_types::ServerName<'static> {
        self.0.clone()
    }
}

impl From<IpAddr> for ServerName {
    fn from(address: IpAddr) -> Self {
        Self(pki_types::ServerName::IpAddress(address.into()))
    }
}

/// What decides whether a server's certificate is good, and remembers which it was. One for each control connection.
#[derive(Debug)]
pub(super) struct Judge {
    rule: Arc<Rule>,
    seen: Mutex<Option<Pin>>,
}

/// What makes a certificate a good one.
#[derive(Debug)]
pub(super) enum Rule {
    Signed(Arc<WebPkiServerVerifier>),
    Pinned(Vec<Pin>),
    Anything,
}

impl Rule {
    pub(super) fn new(trust: &Trust) -> Result<Self, CertificateError> {
        let roots = match trust {
            Trust::Platform => Roots::platform(),
            Trust::Roots(roots) => roots.clone(),
            Trust::Pinned(pins) => return Ok(Self::Pinned(pins.clone())),
            Trust::Insecure => return Ok(Self::Anything),
        };
        WebPkiServerVerifier::builder_with_provider(roots.store(), provider())
            .build()
            .map(Self::Signed)
            .map_err(|error| CertificateError::Unusable(error.to_string()))
    }
}

impl Judge {
    pub(super) const fn new(rule: Arc<Rule>) -> Self {
        Self {
            rule,
            seen: Mutex::new(None),
        }
    }

    /// What was shown last.
    pub(super) fn seen(&self) -> Option<Pin> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &pki_types::ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Pin::of(end_entity));
        match &*self.rule {
            Rule::Signed(verifier) => verifier.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
            Rule::Pinned(pins) if !pins.iter().any(|pin| pin.names(end_entity)) => {
                Err(Wrong::ApplicationVerificationFailure.into())
            }
            Rule::Pinned(_) | Rule::Anything => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_in_every_form() {
        let pin = Pin(std::array::from_fn(|at| at as u8 * 7));
        let text = pin.to_string();
        assert_eq!(text.parse(), Ok(pin));
        let pairs: Vec<&str> = (0..32).map(|at| &text[at * 2..at * 2 + 2]).collect();
        assert_eq!(pairs.join(":").to_uppercase().parse(), Ok(pin));
        let base64 = "AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK+2vcTL0tk=";
        assert_eq!(base64.parse(), Ok(pin));
        assert_eq!(format!("sha256//{base64}").parse(), Ok(pin));
        for wrong in [
            "",
            "00",
            &text[1..],
            "AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK-2vcTL0tk=",
        ] {
            assert_eq!(wrong.parse::<Pin>(), Err(PinError), "{wrong}");
        }
    }
}
