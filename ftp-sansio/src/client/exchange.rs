//! What goes into the machine and what comes out of it, besides the control connection's bytes.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::net::{IpAddr, SocketAddr};

use super::failure::Failure;
use super::meaning::{Digest, Lines};
use crate::data::{CleanEnd, Direction, Marker, Parameters};
use crate::listing::Entry;
use crate::session::{Admission, Close, DataId, OperationId, TransferId};
use crate::tls::{Protection, TlsEvent, TlsFacts, TlsTicket};
use crate::wire::{Arg, Command, DateTime, Features, Reply};

/// What happened outside.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input {
    /// Time has passed: see [`Session::deadline`](super::Session::deadline).
    Tick,
    /// Everything that [`Session::transmit`](super::Session::transmit) showed is on the socket.
    Flushed,
    /// The control connection broke: the server will say nothing more. Of a transfer that has had its final reply, the data still comes in.
    Disconnected,
    /// The peer closed its side of the control connection in order (a FIN); else as [`Disconnected`](Self::Disconnected).
    PeerEnded,
    /// The session is not wanted any more: it is over at once, with whatever is under way.
    GivenUp,
    /// Answers [`Action::StartTls`] and [`Action::StopTls`].
    Tls(TlsEvent),
    /// The data connection is there: answers [`Action::Connect`]; in active mode the server came.
    Connected(DataId),
    /// The data connection could not be made.
    NotConnected(DataId),
    /// Answers [`Action::Listen`]: where, or nothing where it could not.
    Listening(DataId, Option<SocketAddr>),
    /// The server closed a data connection that was kept open after a transfer (RFC 959 § 3.3), or it broke. During a transfer this is
    /// [`TransferEvent::Broken`].
    DataClosed(DataId),
    /// Tells how a transfer fares.
    Transfer(TransferId, TransferEvent),
}

/// How a transfer fares: with TLS first one of [`Secured`](Self::Secured) and [`SecureFailed`](Self::SecureFailed), any number of
/// [`Progress`](Self::Progress) and [`Marker`](Self::Marker), and one of the two ends.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransferEvent {
    /// TLS is up on the data connection. No data may have been moved before; what comes of this (see
    /// [`Config::resumption`](super::Config::resumption)) is to be carried out before any is.
    Secured {
        /// Whether it resumed the control connection's session.
        resumed: bool,
    },
    /// TLS could not be brought up on the data connection. An end.
    SecureFailed,
    /// So many bytes went over the data connection in all.
    Progress(u64),
    /// A restart marker came with the data (RFC 959 § 3.5), and all that was before it is safe on this side.
    Marker(Box<Marker>),
    /// The data is complete: received with its end, or sent with its end. In a mode that marks its end, the connection is left open.
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
#[derive(PartialEq, Eq, Debug)]
pub enum Output {
    /// The driver must do this.
    Action(Action),
    /// The user may want to know this.
    Event(Event),
}

/// What the driver must do.
#[derive(PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Action {
    /// Make a data connection; answer with [`Input::Connected`] or [`Input::NotConnected`]. There is no other data connection then.
    Connect {
        /// Names it.
        data: DataId,
        /// The server's end.
        to: SocketAddr,
    },
    /// Listen for a data connection at this address; answer with [`Input::Listening`]. With
    /// [`Config::pipelining`](super::Config::pipelining) a transfer may be running meanwhile.
    Listen {
        /// Names it.
        data: DataId,
        /// The control connection's own address.
        address: IpAddr,
    },
    /// Move the bytes, and tell of it by [`Input::Transfer`]. One transfer moves at a time.
    Transfer(Transfer),
    /// Let go of a data connection or a listener, if it is there (still), and of the transfer on it. [`Close::Abruptly`] means a reset, so that the peer
    /// cannot take a part for the whole.
    Drop(DataId, Close),
    /// Begin TLS on the control connection, as its client. What was read and not taken by [`Session::receive`](super::Session::receive)
    /// was not meant as clear text: it goes into the TLS engine. Answer with [`Input::Tls`].
    StartTls(TlsTicket),
    /// End TLS on the control connection: send its `close_notify` and wait for the server's, then answer with
    /// [`Input::Tls`]`(`[`TlsEvent::Down`]`)`. What follows that is clear text.
    StopTls,
    /// End the control connection. Nothing follows.
    Close(Close),
}

/// The bytes that may be moved from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// Names the transfer. An operation whose transfer is tried again gets a new one.
    pub id: TransferId,
    /// What it is for.
    pub operation: OperationId,
    /// The data connection; or the listener, which must accept it first and then say [`Input::Connected`]. In MODE B and C it may be the
    /// one of the transfer before, and the first bytes of this one's may have been read with the last of that one's.
    pub data: DataId,
    /// Whom a listener accepts; it drops anybody else and goes on listening.
    pub admission: Admission,
    /// Which way the bytes go.
    pub direction: Direction,
    /// TYPE, STRU and MODE. [`Parameters::codec`] has a codec for them.
    pub parameters: Parameters,
    /// Whether the connection is to be TLS, and whose part this side has. On a connection that was kept open it is already.
    pub protection: Protection,
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
    /// The server has begun a transfer: its first 1xx. That of a STOU names the file (RFC 1123 § 4.1.2.9); in a transfer between two
    /// servers it is the sign to ask the other one.
    Underway(OperationId, Reply),
    /// A restart marker of a transfer (RFC 959 § 3.5).
    Marker(OperationId, RestartMarker),
    /// The answer to [`ask_status`](super::Session::ask_status).
    Status(Reply),
    /// An operation is over.
    Finished(OperationId, Result<Outcome, Failure>),
    /// The session is over: by QUIT, or because of this.
    Closed(Option<Failure>),
}

/// A place in a transfer in MODE B or C from which it can go on (RFC 959 § 3.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RestartMarker {
    /// The server's name for the place: the argument of the REST that goes on from there.
    pub server: Arg,
    /// This side's name for it, where this side sends the data and told it in a marker of its own.
    pub local: Option<Arg>,
    /// How many bytes of the file this side had there, where it receives the data.
    pub offset: Option<u64>,
}

/// What came of an operation that went well.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// Done; this is the last reply.
    Reply(Reply),
    /// PWD, MKD: the path in the 257.
    Path(Arg),
    /// SIZE, AVBL: a number of bytes.
    Size(u64),
    /// MDTM, in UTC.
    Modified(DateTime),
    /// FEAT.
    Features(Features),
    /// MLST.
    Entry(Box<Entry>),
    /// HASH, XCRC, XMD5 and the like.
    Digest(Digest),
    /// STAT, HELP, SITE: a reply of several lines.
    Lines(Lines),
    /// PASV, EPSV, LPSV, CPSV: where the server listens, for another server to come to.
    Address(SocketAddr),
    /// The control connection is TLS, and PBSZ and PROT were agreed on.
    Secured(TlsFacts),
    /// The transfer is complete: its data ended cleanly and the server said so.
    Transferred {
        /// Bytes that went over the data connection.
        bytes: u64,
        /// The final reply.
        reply: Reply,
        /// With TLS on the data connection: whether it resumed the control connection's session.
        resumed: Option<bool>,
    },
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
            Self::Greeting(reply)
            | Self::Received(reply)
            | Self::Status(reply)
            | Self::Underway(_, reply)
            | Self::Finished(_, Ok(Outcome::Reply(reply) | Outcome::Transferred { reply, .. })) => {
                Some(reply)
            }
            Self::Marker(_, marker) => {
                return marker.server.len() + marker.local.as_ref().map_or(0, Arg::len);
            }
            Self::Finished(_, Ok(Outcome::Features(features))) => return features.len(),
            Self::Finished(_, Ok(Outcome::Lines(lines))) => Some(lines.reply()),
            Self::Finished(_, Err(failure)) | Self::Closed(Some(failure)) => failure.reply(),
            Self::Finished(_, Ok(_)) | Self::Sent(_) | Self::Closed(None) => None,
        };
        reply.map_or(0, |reply| reply.text().len())
    }
}
