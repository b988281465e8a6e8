//! What can go wrong for a client, and what that means for what to do next.

use std::io;

use ftp_sansio::client::{Failure, NotNow, Violation, Wait};
use ftp_sansio::wire::{Class, Reply};
use thiserror::Error;

/// Why an operation failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The server could not be reached.
    #[error("could not connect: {0}")]
    Connect(#[source] io::Error),
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
            _ => None,
        }
    }

    /// Whether the same thing may work when it is tried again, perhaps on a new connection.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Timeout(_) | Self::NoDataConnection => true,
            Self::Closed(_) | Self::Incomplete(_) | Self::Refused(_) | Self::LoginRefused(_) => {
                self.reply()
                    .is_none_or(|reply| reply.class() != Class::PermanentNegative)
            }
            Self::Aborted
            | Self::File(_)
            | Self::Malformed(_)
            | Self::Protocol(_)
            | Self::NotPossible(_) => false,
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
            Failure::NotBegun => Self::Closed(None),
            Failure::Malformed(reply) => Self::Malformed(reply),
            Failure::Protocol(violation) => Self::Protocol(violation),
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
