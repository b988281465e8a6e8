//! What this side shows of itself: a chain of certificates and the key of the first.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::provider;

/// A chain of certificates, the one for this side first, and its private key.
#[derive(Clone)]
pub struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
    certified: Arc<CertifiedKey>,
}

/// Prints no key.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("chain", &self.chain.len())
            .finish_non_exhaustive()
    }
}

/// Why certificates or a key are of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file could not be read.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// There is no certificate where one should be, or what is there is none.
    #[error("{0}: no certificate in PEM form")]
    NoCertificate(String),
    /// There is no private key where one should be, or what is there is none.
    #[error("{0}: no private key in PEM form that is not encrypted")]
    NoKey(String),
    /// Key and certificate are not for each other, or of a kind that is not known.
    #[error("the key is of no use: {0}")]
    Key(String),
    /// They cannot be used for what they are to be used for.
    #[error("{0}")]
    Unusable(String),
}

impl Certificate {
    /// Reads them from files in PEM form; they may be the same.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn from_pem_files(
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, CertificateError> {
        let (chain, key) = (chain.as_ref(), key.as_ref());
        Self::from_named(
            (&chain.display().to_string(), &read(chain)?),
            (&key.display().to_string(), &read(key)?),
        )
    }

    /// Takes them in PEM form.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        Self::from_named(("the certificate", chain), ("the key", key))
    }

    fn from_named(
        (chain_name, chain): (&str, &[u8]),
        (key_name, key): (&str, &[u8]),
    ) -> Result<Self, CertificateError> {
        let chain = certificates(chain_name, chain)?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| CertificateError::NoKey(key_name.into()))?;
        Self::new(chain, key)
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, CertificateError> {
        let certified = CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider())
            .map_err(|error| CertificateError::Key(error.to_string()))?;
        Ok(Self {
            chain,
            key: Arc::new(key),
            certified: Arc::new(certified),
        })
    }

    /// Makes one for these names (or addresses) that nobody has signed but itself: for trying things out, and for clients that pin it.
    ///
    /// # Errors
    /// [`CertificateError::Unusable`] for what is no name.
    #[cfg(feature = "self-signed")]
    pub fn self_signed<N: Into<String>>(
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, CertificateError> {
        let unusable = |error: rcgen::Error| CertificateError::Unusable(error.to_string());
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let made = rcgen::generate_simple_self_signed(names).map_err(unusable)?;
        let key = made.signing_key.serialize_der();
        let key = PrivateKeyDer::try_from(key)
            .map_err(|error| CertificateError::Key(error.to_owned()))?;
        Self::new(vec![made.cert.der().clone()], key)
    }

    /// What names it as trusted to a client that pins it.
    #[must_use]
    pub fn pin(&self) -> super::Pin {
        super::Pin::of(&self.chain[0])
    }

    /// The chain, as it is shown.
    #[cfg(feature = "conformance")]
    pub(crate) fn der(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The chain and the key in PEM form, to be kept in files. The second is a secret.
    #[must_use]
    pub fn to_pem(&self) -> (String, String) {
        let mut chain = String::new();
        for certificate in &self.chain {
            write_pem("CERTIFICATE", certificate, &mut chain);
        }
        let label = match &*self.key {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            _ => "PRIVATE KEY",
        };
        let mut key = String::new();
        write_pem(label, self.key.secret_der(), &mut key);
        (chain, key)
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        self.certified.clone()
    }

    pub(super) fn parts(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (self.chain.clone(), self.key.clone_key())
    }
}

/// RFC 7468 § 3.
fn write_pem(label: &str, der: &[u8], out: &mut String) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.push_str(&format!("-----BEGIN {label}-----\n"));
    // A line is 64 letters.
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            let mut bytes = [0; 4];
            bytes[1..=group.len()].copy_from_slice(group);
            let bits = u32::from_be_bytes(bytes);
            for at in 0..4 {
                let letter = LETTERS[(bits >> (18 - 6 * at)) as usize % 64];
                out.push(if at <= group.len() {
                    letter.into()
                } else {
                    '='
                });
            }
        }
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    std::fs::read(path).map_err(|error| CertificateError::File {
        path: path.to_owned(),
        error,
    })
}

/// All certificates of a text in PEM form; there is at least one.
pub(super) fn certificates(
    name: &str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let all: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(pem).collect();
    all.ok()
        .filter(|all| !all.is_empty())
        .ok_or_else(|| CertificateError::NoCertificate(name.into()))
}
