//! What can go wrong: with an operation, with a session, and with asking for something.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

use thiserror::Error;

use super::exchange::RestartMarker;
use super::operation::Operation;
use crate::wire::Reply;

/// Why an operation failed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The server refused. The session goes on.
    #[error("{0}")]
    Refused(Reply),
    /// The server refused the login. The session goes on.
    #[error("{0}")]
    LoginRefused(Reply),
    /// The control connection ended; with 421 the server said why.
    #[error("the server closed the connection{}", after_colon(.0.as_ref()))]
    Closed(Option<Reply>),
    /// The session ended before anything of the operation was sent: it was not carried out.
    #[error("the session ended before this was begun")]
    NotBegun,
    /// A wait took too long.
    #[error("timed out waiting for {0}")]
    Timeout(Wait),
    /// The data connection could not be made in any way. The session goes on.
    #[error("no data connection could be made")]
    NoDataConnection,
    /// The data broke off, or the server says that it did. The session goes on.
    #[error("the transfer is incomplete{}", after_colon(.reply.as_ref()))]
    Incomplete {
        /// What the server said.
        reply: Option<Reply>,
        /// The last restart marker that came (RFC 959 § 3.5): where a transfer in MODE B or C may go on, by
        /// [`Restart::Marker`](crate::wire::command::Restart::Marker).
        marker: Option<Box<RestartMarker>>,
    },
    /// The transfer was aborted by its user. The session goes on.
    #[error("the transfer was aborted")]
    Aborted,
    /// A reply without what its code promises. The session goes on.
    #[error("a reply that makes no sense: {0}")]
    Malformed(Reply),
    /// The TLS handshake of the control connection failed, or TLS did not end in order. The session is over.
    #[error("TLS failed on the control connection")]
    Tls,
    /// The TLS handshake of the data connection failed. The session goes on.
    #[error("TLS failed on the data connection")]
    DataTls,
    /// The data connection did not resume the control connection's TLS session, as [`Config::resumption`](super::Config::resumption)
    /// demands. No data was moved, and the session goes on.
    #[error("the data connection did not resume the TLS session")]
    NotResumed,
    /// The server broke the protocol.
    #[error("protocol violation: {0}")]
    Protocol(#[from] Violation),
}

fn after_colon(reply: Option<&Reply>) -> String {
    reply.map_or(String::new(), |reply| format!(": {reply}"))
}

impl Failure {
    /// The reply that tells of it, if one did.
    pub(super) const fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Refused(reply)
            | Self::LoginRefused(reply)
            | Self::Malformed(reply)
            | Self::Closed(Some(reply))
            | Self::Incomplete {
                reply: Some(reply), ..
            }
            | Self::Protocol(Violation::Unexpected(reply) | Violation::OutOfSequence(reply)) => {
                Some(reply)
            }
            _ => None,
        }
    }
}

/// What was waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Wait {
    /// The TCP connection, which a driver makes.
    #[error("the connection")]
    Connect,
    /// The greeting or a reply.
    #[error("a reply")]
    Reply,
    /// TLS on the control connection.
    #[error("TLS")]
    Tls,
    /// The data connection.
    #[error("the data connection")]
    DataOpen,
    /// The next byte of data.
    #[error("data")]
    DataProgress,
    /// The end of a transfer between two other parties.
    #[error("the end of a transfer between two servers")]
    ThirdParty,
    /// The replies after a transfer was given up.
    #[error("the end of an abort")]
    Abort,
}

/// How the server broke the protocol.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Violation {
    /// A line that is no reply.
    #[error("not a reply")]
    NotAReply,
    /// A line or a reply without end.
    #[error("a reply that is too long")]
    TooLong,
    /// A reply to nothing.
    #[error("a reply that nobody asked for: {0}")]
    Unexpected(Reply),
    /// A reply that may not follow there.
    #[error("a reply out of sequence: {0}")]
    OutOfSequence(Reply),
}

/// An operation that cannot begin now; it is handed back, and nothing has changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{why}")]
pub struct Refused {
    /// The operation.
    pub operation: Box<Operation>,
    /// Why it cannot.
    pub why: NotNow,
}

/// Why something cannot be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum NotNow {
    /// The server has not greeted yet.
    #[error("the server has not greeted yet")]
    NotGreeted,
    /// As many operations as can are waiting: see [`QUEUE_LENGTH`](super::QUEUE_LENGTH) and [`QUEUE_BYTES`](super::QUEUE_BYTES).
    #[error("too many operations are waiting")]
    Busy,
    /// The session is over, or QUIT was asked for.
    #[error("the session is over")]
    Closed,
    /// TLS was asked for and is not up yet, or data must be protected and PROT was not agreed on: see
    /// [`secure`](super::Session::secure).
    #[error("the connection is not secured yet")]
    Insecure,
    /// It would break the session: a raw command that moves data or turns TLS on, or a transfer that no codec can do.
    #[error("this session cannot do that")]
    Impossible,
    /// No transfer is under way.
    #[error("no transfer is under way")]
    NoTransfer,
}
