//! What can go wrong with TLS.

use std::error::Error as _;
use std::io;

use rustls::CertificateError as Wrong;

use super::trust::Pin;

/// Why TLS failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The server's certificate is not to be trusted. Who trusts it all the same can say so by its [`Pin`].
    #[error("the server's certificate is not to be trusted: {why}")]
    Untrusted {
        /// What is wrong with it.
        why: Distrust,
        /// What would name exactly this certificate as trusted.
        pin: Pin,
    },
    /// The peer refused, in TLS's own words: it wants a certificate of this side, has no common version, and the like.
    #[error("the peer refused TLS: {0}")]
    Refused(String),
    /// What came was no TLS, or broke its rules.
    #[error("not TLS: {0}")]
    Broken(String),
    /// The connection ended in the middle of it.
    #[error("the connection ended without TLS's own end")]
    Ended,
    /// The data connection did not resume the control connection's session, which was demanded.
    #[error("the data connection did not resume the TLS session")]
    NotResumed,
    /// This client was connected without TLS.
    #[error("TLS was not set up for this connection")]
    NotSetUp,
}

/// What is wrong with a server's certificate.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Distrust {
    /// Nobody who is trusted has signed it.
    #[error("nobody who is trusted has signed it")]
    UnknownIssuer,
    /// It is for another name.
    #[error("it is for another name")]
    WrongName,
    /// It has expired.
    #[error("it has expired")]
    Expired,
    /// It is not valid yet.
    #[error("it is not valid yet")]
    NotYetValid,
    /// It was revoked.
    #[error("it was revoked")]
    Revoked,
    /// It is none of those that are pinned.
    #[error("it is none of those that are pinned")]
    NotPinned,
    /// Something else.
    #[error("{0}")]
    Other(String),
}

impl TlsError {
    /// What an error of a connection under TLS means. `shown` is the certificate that the peer showed, if it did.
    pub(crate) fn of(error: &io::Error, shown: Option<Pin>) -> Self {
        let Some(fault) = fault(error) else {
            return Self::Ended;
        };
        match (fault, shown) {
            (rustls::Error::InvalidCertificate(wrong), Some(pin)) => Self::Untrusted {
                why: Distrust::of(wrong),
                pin,
            },
            (rustls::Error::AlertReceived(alert), _) => Self::Refused(format!("{alert:?}")),
            (rustls::Error::NoApplicationProtocol, _) => {
                Self::Refused("no common application protocol".into())
            }
            (fault, _) => Self::Broken(fault.to_string()),
        }
    }

    /// Whether an error of a connection says something about TLS, and not only that it is lost.
    pub(crate) fn is_fault(error: &io::Error) -> bool {
        fault(error).is_some()
    }
}

fn fault(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

impl Distrust {
    fn of(wrong: &Wrong) -> Self {
        match wrong {
            // Another's signature under a name that is trusted is nobody's who is.
            Wrong::UnknownIssuer | Wrong::BadSignature => Self::UnknownIssuer,
            Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => Self::WrongName,
            Wrong::Expired | Wrong::ExpiredContext { .. } => Self::Expired,
            Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => Self::NotYetValid,
            Wrong::Revoked => Self::Revoked,
            Wrong::ApplicationVerificationFailure => Self::NotPinned,
            Wrong::Other(other) => Self::Other(
                other
                    .source()
                    .map_or_else(|| wrong.to_string(), ToString::to_string),
            ),
            wrong => Self::Other(wrong.to_string()),
        }
    }
}
