//! What can go wrong for a client, and what that means for what to do next.

use std::io;

use ftp_sansio::client::{Failure, NotNow, Violation, Wait};
use ftp_sansio::wire::{Class, Reply};
use thiserror::Error;

use crate::proxy::ProxyError;
use crate::tls::TlsError;

/// Why an operation failed, and what that means for what to do next.
///
/// | error | [may be tried again](Self::is_retryable) | [the session goes on](Self::connection_usable) | [the server may have done it](Self::may_have_applied) |
/// |---|---|---|---|
/// | [`NotPossible`](Self::NotPossible) | no | yes, unless it was over before | no |
/// | [`NotBegun`](Self::NotBegun) | as what ended the session | no | no |
/// | [`Connect`](Self::Connect), [`Timeout`](Self::Timeout) of connecting | yes | no | no |
/// | [`Proxy`](Self::Proxy) | [as it says](ProxyError::is_retryable) | no | no |
/// | [`Refused`](Self::Refused), [`LoginRefused`](Self::LoginRefused) | after a 4xx | yes | no |
/// | [`Closed`](Self::Closed) | unless by a 5xx | no | yes |
/// | [`Timeout`](Self::Timeout) of a reply, of TLS, of an abort | yes | no | yes |
/// | [`Timeout`](Self::Timeout) of data | yes | yes | yes |
/// | [`Deadline`](Self::Deadline) | yes | as it says | if it was begun |
/// | [`Incomplete`](Self::Incomplete) | unless by a 5xx | yes | yes |
/// | [`NoDataConnection`](Self::NoDataConnection) | yes | yes | yes |
/// | [`Aborted`](Self::Aborted), [`File`](Self::File), [`Malformed`](Self::Malformed) | no | yes | yes |
/// | [`Protocol`](Self::Protocol) | no | no | yes |
/// | [`Tls`](Self::Tls) | where it broke off | no, unless it was not set up | yes, unless it was not set up |
/// | [`DataTls`](Self::DataTls) | where it broke off | yes | yes |
///
/// *Tried again* means the same operation, on a new session where this one is over. *May have done it* means that something of the operation
/// may have reached the server and no reply says that it was not carried out: a DELE without its 250 may have deleted the file, and
/// a STOR that broke off may have left a part in its place. It is said whatever the operation was; a download has changed nothing in any case.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The server could not be reached.
    #[error("could not connect: {0}")]
    Connect(#[source] io::Error),
    /// The proxy could not be used, or would not pass the connection on.
    #[error("proxy: {0}")]
    Proxy(#[from] ProxyError),
    /// The session was over before this was begun, because of what is within: nothing of it was sent.
    #[error(transparent)]
    NotBegun(Box<Self>),
    /// The control connection ended; with a 421 the server said why.
    #[error("{}", Failure::Closed(.0.clone()))]
    Closed(Option<Reply>),
    /// The server refused. The session goes on.
    #[error("the server refused: {0}")]
    Refused(Reply),
    /// The server refused the login.
    #[error("login refused: {0}")]
    LoginRefused(Reply),
    /// A reply without what its code promises. The session goes on.
    #[error("the server's reply makes no sense: {0}")]
    Malformed(Reply),
    /// A wait took longer than its timeout.
    #[error("timed out waiting for {0}")]
    Timeout(Wait),
    /// The user's own deadline passed; see [`Client::with_deadline`](super::Client::with_deadline).
    #[error("the deadline passed")]
    Deadline {
        /// Whether anything of the operation may have been sent.
        begun: bool,
        /// Whether the operation could be taken back in time, so that the session goes on.
        usable: bool,
    },
    /// The transfer's data broke off, or the server says so. What arrived is not the whole.
    #[error("{}", incomplete(.0))]
    Incomplete(Option<Reply>),
    /// The local file could not be read or written. The transfer is aborted, and the session goes on.
    #[error("the local file: {0}")]
    File(#[source] io::Error),
    /// No data connection could be made. The session goes on.
    #[error("no data connection could be made")]
    NoDataConnection,
    /// The transfer was aborted.
    #[error("the transfer was aborted")]
    Aborted,
    /// The server broke the protocol. The session is over.
    #[error("the server broke the protocol: {0}")]
    Protocol(#[source] Violation),
    /// TLS failed on the control connection: the session is over. [`TlsError::NotSetUp`] is a caller's fault: nothing has happened.
    #[error("TLS failed: {0}")]
    Tls(#[source] TlsError),
    /// TLS failed on a data connection, or did not resume the session as it had to. The session goes on.
    #[error("TLS failed on the data connection: {0}")]
    DataTls(#[source] TlsError),
    /// A caller's fault: nothing has happened.
    #[error("not possible: {0}")]
    NotPossible(#[source] NotNow),
}

impl Error {
    /// The reply that told of it, if one did.
    #[must_use]
    pub const fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Refused(reply) | Self::LoginRefused(reply) | Self::Malformed(reply) => {
                Some(reply)
            }
            Self::Closed(reply) | Self::Incomplete(reply) => reply.as_ref(),
            Self::NotBegun(why) => why.reply(),
            _ => None,
        }
    }

    /// Whether the same thing may work when it is tried again, perhaps on a new connection.
    ///
    /// Before that, [`may_have_applied`](Self::may_have_applied) tells whether it may have worked already.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect(_)
            | Self::Timeout(_)
            | Self::Deadline { .. }
            | Self::NoDataConnection => true,
            Self::Proxy(error) => error.is_retryable(),
            Self::NotBegun(why) => why.is_retryable(),
            Self::Closed(_) | Self::Incomplete(_) | Self::Refused(_) | Self::LoginRefused(_) => {
                self.reply()
                    .is_none_or(|reply| reply.class() != Class::PermanentNegative)
            }
            Self::Tls(fault) | Self::DataTls(fault) => matches!(fault, TlsError::Ended),
            Self::Aborted
            | Self::File(_)
            | Self::Malformed(_)
            | Self::Protocol(_)
            | Self::NotPossible(_) => false,
        }
    }

    /// Whether the session goes on, so that something else can be asked of it: what [`Client::is_usable`](super::Client::is_usable) says after
    /// this error.
    #[must_use]
    pub const fn connection_usable(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::LoginRefused(_)
            | Self::Malformed(_)
            | Self::Incomplete(_)
            | Self::NoDataConnection
            | Self::DataTls(_)
            | Self::File(_)
            | Self::Tls(TlsError::NotSetUp)
            | Self::Aborted => true,
            Self::Timeout(wait) => {
                matches!(wait, Wait::DataOpen | Wait::DataProgress | Wait::ThirdParty)
            }
            Self::Deadline { usable, .. } => *usable,
            Self::NotPossible(why) => !matches!(why, NotNow::Closed),
            Self::Connect(_)
            | Self::Proxy(_)
            | Self::NotBegun(_)
            | Self::Closed(_)
            | Self::Tls(_)
            | Self::Protocol(_) => false,
        }
    }

    /// Whether the server may have carried the operation out, or a part of it. Without it nothing has changed there.
    #[must_use]
    pub const fn may_have_applied(&self) -> bool {
        match self {
            Self::Connect(_)
            | Self::Proxy(_)
            | Self::NotBegun(_)
            | Self::NotPossible(_)
            | Self::Refused(_)
            | Self::LoginRefused(_)
            | Self::Tls(TlsError::NotSetUp)
            | Self::Timeout(Wait::Connect) => false,
            Self::Deadline { begun, .. } => *begun,
            Self::Closed(_)
            | Self::Timeout(_)
            | Self::Incomplete(_)
            | Self::NoDataConnection
            | Self::File(_)
            | Self::Aborted
            | Self::Malformed(_)
            | Self::Tls(_)
            | Self::DataTls(_)
            | Self::Protocol(_) => true,
        }
    }

    /// The same, of an operation that was to begin only afterwards.
    pub(super) fn before_begin(self) -> Self {
        match self {
            Self::Deadline { usable, .. } => Self::Deadline {
                begun: false,
                usable,
            },
            error @ (Self::NotBegun(_) | Self::NotPossible(_)) => error,
            error => Self::NotBegun(Box::new(error)),
        }
    }

    /// The same, of an operation that had gone well before: it was carried out, whatever became of what followed.
    pub(super) fn after_success(self) -> Self {
        match self {
            Self::NotBegun(why) => why.after_success(),
            Self::Deadline { usable, .. } => Self::Deadline {
                begun: true,
                usable,
            },
            Self::Refused(reply) => Self::Malformed(reply),
            error if error.may_have_applied() => error,
            _ => Self::Closed(None),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(reply) => Self::Refused(reply),
            Failure::LoginRefused(reply) => Self::LoginRefused(reply),
            Failure::Closed(reply) => Self::Closed(reply),
            Failure::Timeout(wait) => Self::Timeout(wait),
            Failure::NoDataConnection => Self::NoDataConnection,
            Failure::Incomplete { reply, .. } => Self::Incomplete(reply),
            Failure::NotBegun => Self::Closed(None).before_begin(),
            Failure::Malformed(reply) => Self::Malformed(reply),
            Failure::Protocol(violation) => Self::Protocol(violation),
            Failure::Tls => Self::Tls(TlsError::Ended),
            Failure::DataTls => Self::DataTls(TlsError::Ended),
            Failure::NotResumed => Self::DataTls(TlsError::NotResumed),
            // `Failure` may grow; what this driver does not know ended the operation all the same.
            _ => Self::Aborted,
        }
    }
}

fn incomplete(reply: &Option<Reply>) -> Failure {
    Failure::Incomplete {
        reply: reply.clone(),
        marker: None,
    }
}
