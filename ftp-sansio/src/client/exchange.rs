//! What goes into the machine and what comes out of it, besides the control connection's bytes.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::net::{IpAddr, SocketAddr};

use thiserror::Error;

use super::operation::Operation;
use crate::data::{CleanEnd, Direction, Parameters};
use crate::listing::Entry;
use crate::session::{Admission, Close, DataId, OperationId, TransferId};
use crate::wire::{Arg, Command, DateTime, Features, Reply};

/// What happened outside.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input {
    /// Time has passed: see [`Session::deadline`](super::Session::deadline).
    Tick,
    /// Everything that [`Session::transmit`](super::Session::transmit) showed is on the socket.
    Flushed,
    /// The control connection broke.
    Disconnected,
    /// The peer closed its side of the control connection in order (a FIN): it will say nothing more.
    PeerEnded,
    /// The data connection is there: answers [`Action::Connect`]; in active mode the server came.
    Connected(DataId),
    /// The data connection could not be made.
    NotConnected(DataId),
    /// Answers [`Action::Listen`]: where, or nothing where it could not.
    Listening(DataId, Option<SocketAddr>),
    /// Tells how a transfer fares.
    Transfer(TransferId, TransferEvent),
}

/// How a transfer fares: any number of [`Progress`](Self::Progress), and one of the two ends.
#[derive(Debug)]
pub enum TransferEvent {
    /// So many bytes went over the data connection in all.
    Progress(u64),
    /// The data is complete: received with its end, or sent with its end.
    Ended {
        /// The bytes on the data connection.
        bytes: u64,
        /// The codec's word for it.
        end: CleanEnd,
    },
    /// The data connection broke, or ended before its data did.
    Broken,
}

/// What to do or to know next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// The driver must do this.
    Action(Action),
    /// The user may want to know this.
    Event(Event),
}

/// What the driver must do.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Action {
    /// Make a data connection; answer with [`Input::Connected`] or [`Input::NotConnected`].
    Connect {
        /// Names it.
        data: DataId,
        /// The server's end.
        to: SocketAddr,
    },
    /// Listen for a data connection at this address; answer with [`Input::Listening`].
    Listen {
        /// Names it.
        data: DataId,
        /// The control connection's own address.
        address: IpAddr,
    },
    /// Move the bytes, and tell of it by [`Input::Transfer`].
    Transfer(Transfer),
    /// Let go of a data connection or a listener, if it is there (still), and of the transfer on it. [`Close::Abruptly`] means a reset, so that the peer
    /// cannot take a part for the whole.
    Drop(DataId, Close),
    /// End the control connection. Nothing follows.
    Close(Close),
}

/// The bytes that may be moved from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// Names the transfer.
    pub id: TransferId,
    /// The data connection; or the listener, which must accept it first and then say [`Input::Connected`].
    pub data: DataId,
    /// Whom a listener accepts; it drops anybody else and goes on listening.
    pub admission: Admission,
    /// Which way the bytes go.
    pub direction: Direction,
    /// TYPE, STRU and MODE. [`Parameters::codec`] has a codec for them.
    pub parameters: Parameters,
}

/// What the user may want to know.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The server has greeted; operations may begin.
    Greeting(Reply),
    /// A command goes out (only with [`Config::trace`](super::Config::trace)). It prints no secrets.
    Sent(Command),
    /// A reply came (only with [`Config::trace`](super::Config::trace)).
    Received(Reply),
    /// An operation is over.
    Finished(OperationId, Result<Outcome, Failure>),
    /// The session is over: by QUIT, or because of this.
    Closed(Option<Failure>),
}

/// What came of an operation that went well.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// Done; this is the last reply.
    Reply(Reply),
    /// PWD, MKD: the path in the 257.
    Path(Arg),
    /// SIZE, in bytes.
    Size(u64),
    /// MDTM, in UTC.
    Modified(DateTime),
    /// FEAT.
    Features(Features),
    /// MLST.
    Entry(Box<Entry>),
    /// The transfer is complete: its data ended cleanly and the server said so.
    Transferred {
        /// Bytes that went over the data connection.
        bytes: u64,
        /// The final reply.
        reply: Reply,
    },
}

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
    #[error("the server closed the connection{}", .0.as_ref().map_or(alloc::string::String::new(), |reply| alloc::format!(": {reply}")))]
    Closed(Option<Reply>),
    /// A wait took too long.
    #[error("timed out waiting for {0}")]
    Timeout(Wait),
    /// The data connection could not be made in any way. The session goes on.
    #[error("no data connection could be made")]
    NoDataConnection,
    /// The data broke off, or the server says that it did. The session goes on.
    #[error("the transfer is incomplete{}", .0.as_ref().map_or(alloc::string::String::new(), |reply| alloc::format!(": {reply}")))]
    Incomplete(Option<Reply>),
    /// The transfer was aborted by its user. The session goes on.
    #[error("the transfer was aborted")]
    Aborted,
    /// A reply without what its code promises. The session goes on.
    #[error("a reply that makes no sense: {0}")]
    Malformed(Reply),
    /// The server broke the protocol.
    #[error("protocol violation: {0}")]
    Protocol(#[from] Violation),
}

/// What was waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Wait {
    /// The TCP connection, which a driver makes.
    #[error("the connection")]
    Connect,
    /// The greeting or a reply.
    #[error("a reply")]
    Reply,
    /// The data connection.
    #[error("the data connection")]
    DataOpen,
    /// The next byte of data.
    #[error("data")]
    DataProgress,
    /// The replies after an ABOR.
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

/// Why an operation cannot begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum NotNow {
    /// The server has not greeted yet.
    #[error("the server has not greeted yet")]
    NotGreeted,
    /// Another operation is not over.
    #[error("another operation is not over")]
    Busy,
    /// The session is over.
    #[error("the session is over")]
    Closed,
    /// It would break the session: a raw command that moves data or turns TLS on, or a transfer that no codec can do.
    #[error("this session cannot do that")]
    Impossible,
}

/// The outputs that wait to be polled, in order.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    queue: VecDeque<Output>,
    /// The bytes of the replies among them, which are the peer's to choose.
    reply_bytes: usize,
}

impl Outputs {
    pub(super) fn act(&mut self, action: Action) {
        self.queue.push_back(Output::Action(action));
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.reply_bytes += event.reply_bytes();
        self.queue.push_back(Output::Event(event));
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) const fn reply_bytes(&self) -> usize {
        self.reply_bytes
    }

    pub(super) fn poll(&mut self) -> Option<Output> {
        let output = self.queue.pop_front();
        if let Some(Output::Event(event)) = &output {
            self.reply_bytes -= event.reply_bytes();
        }
        output
    }
}

impl Event {
    /// How many bytes of a reply it holds.
    fn reply_bytes(&self) -> usize {
        let reply = match self {
            Self::Greeting(reply) | Self::Received(reply) => Some(reply),
            Self::Finished(_, Ok(Outcome::Reply(reply) | Outcome::Transferred { reply, .. })) => {
                Some(reply)
            }
            Self::Finished(_, Ok(Outcome::Features(features))) => return features.len(),
            Self::Finished(_, Err(failure)) | Self::Closed(Some(failure)) => failure.reply(),
            Self::Finished(_, Ok(_)) | Self::Sent(_) | Self::Closed(None) => None,
        };
        reply.map_or(0, |reply| reply.text().len())
    }
}

impl Failure {
    /// The reply that tells of it, if one did.
    const fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Refused(reply)
            | Self::LoginRefused(reply)
            | Self::Malformed(reply)
            | Self::Closed(Some(reply))
            | Self::Incomplete(Some(reply))
            | Self::Protocol(Violation::Unexpected(reply) | Violation::OutOfSequence(reply)) => {
                Some(reply)
            }
            _ => None,
        }
    }
}
