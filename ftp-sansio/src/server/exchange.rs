//! What goes into the machine and what comes out of it, besides the control connection's bytes.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::config::Grant;
use super::pattern::Pattern;
use super::storage::{Answer, Operation, Placement, StorageError};
use crate::data::{CleanEnd, Codec, Direction, Fault, Marker, Parameters, Tuning};
use crate::listing::write::{write_long, write_name};
use crate::listing::{Entry, Kind};
use crate::session::{Admission, Close, DataId, RequestId, TransferId};
use crate::tls::{Protection, TlsEvent, TlsFacts, TlsTicket};
use crate::wire::facts::{FactSet, write_facts};
use crate::wire::{Arg, DateTime, Host, Reply, Secret, Verb, VirtualPath};

/// What happened outside.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input {
    /// Time has passed: see [`Session::deadline`](super::Session::deadline).
    Tick,
    /// Everything that [`Session::transmit`](super::Session::transmit) showed is on the socket.
    Flushed,
    /// The control connection broke: nobody is left to reply to.
    Disconnected,
    /// The peer closed its side of the control connection in order (a FIN), and will send nothing more. What it had asked for before is
    /// still carried out; a transfer is aborted (RFC 959 § 4.1.1, QUIT: "an unexpected close … the effective action of an abort").
    PeerEnded,
    /// Answers [`Action::Authenticate`]: what the user may do, or nothing where the login is refused.
    Login(RequestId, Option<Grant>),
    /// Answers [`Action::Perform`].
    Storage(RequestId, Result<Answer, StorageError>),
    /// Answers [`Action::Listen`]: the port, or nothing where none could be had.
    Listening(DataId, Option<u16>),
    /// Tells how a transfer fares.
    Transfer(TransferId, TransferEvent),
    /// A data connection that was kept ([`Transfer::keep`]) is gone: its peer closed it, or it broke.
    DataClosed(DataId),
    /// Answers [`Action::StartTls`] and [`Action::StopTls`]. [`TlsEvent::Failed`] may also come later, where a record was not what the
    /// peer had sent.
    Tls(TlsEvent),
    /// The server is stopping: say so to the peer, once a running transfer has ended.
    Shutdown,
}

/// How a transfer fares, in this order: [`Opened`](Self::Opened), [`Connected`](Self::Connected), [`Secured`](Self::Secured) where it is
/// protected, any number of [`Progress`](Self::Progress) and [`Marker`](Self::Marker), for an upload [`Received`](Self::Received), and one of
/// the two ends. [`Failed`](Self::Failed) may come at any point.
#[derive(Debug)]
pub enum TransferEvent {
    /// The file or folder is open. For STOU it has this name.
    Opened {
        /// Where the file will be, where the storage chose that.
        path: Option<VirtualPath>,
        /// How many bytes of the file will be sent, where that is known.
        size: Option<u64>,
    },
    /// The data connection is there. Not told of one that was kept.
    Connected,
    /// TLS is up on the data connection. Not a byte of the file moves before the machine has been polled after this: it may want
    /// the transfer stopped. Not told of a connection that was kept.
    Secured {
        /// Whether the handshake resumed the control connection's session.
        resumed: bool,
    },
    /// So many bytes went over the data connection in all.
    Progress(u64),
    /// An upload's data held a restart marker (RFC 959 § 3.5). What came before it has been written.
    Marker(Box<Marker>),
    /// An upload's data has ended cleanly after so many bytes; the driver waits for [`Action::Commit`].
    Received(u64),
    /// It is complete: a download was sent with its end, an upload has ended cleanly and *is committed*.
    Ended {
        /// The bytes on the data connection.
        bytes: u64,
        /// The codec's word for it.
        end: CleanEnd,
    },
    /// It is over and not complete; nothing of it goes on.
    Failed(Failure),
}

/// Why a transfer failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The storage would not open, read, write or commit.
    Storage(StorageError),
    /// The data connection could not be had.
    NotConnected,
    /// TLS could not be had on it.
    NotSecured,
    /// The data connection broke, or a stream's end was none.
    Broken,
    /// The codec could make no sense of the data, or it ended before its mark.
    Data(Fault),
    /// It was stopped, as [`Action::Abort`] asked.
    Aborted,
}

/// What to do or to know next.
#[derive(PartialEq, Eq, Debug)]
pub enum Output {
    /// The driver must do this.
    Action(Action),
    /// The embedder may want to know this.
    Event(Event),
}

/// What the driver must do.
#[derive(PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Action {
    /// Check a login; answer with [`Input::Login`].
    Authenticate {
        /// Names the answer.
        request: RequestId,
        /// USER.
        user: Arg,
        /// PASS.
        password: Secret<Arg>,
        /// The virtual host that it is for, its name in lower case: HOST's, or the one that TLS was begun for.
        host: Option<Host>,
        /// Whether it came under TLS.
        protected: bool,
    },
    /// Ask the user's storage; answer with [`Input::Storage`].
    Perform {
        /// Names the answer.
        request: RequestId,
        /// What is asked.
        operation: Operation,
    },
    /// Listen for a data connection at this address, on a port that nobody can guess; answer with [`Input::Listening`].
    Listen {
        /// Names the listener.
        data: DataId,
        /// The control connection's own address.
        address: IpAddr,
    },
    /// Let go of a listener, and of what waits at it; or of a data connection that was kept, in order.
    Discard(DataId),
    /// Run a transfer and tell of it by [`Input::Transfer`]. A listener that its route names belongs to it from now on, and goes when it
    /// does; so does a connection that was kept, unless it is to be kept again ([`Transfer::keep`]).
    Transfer(Transfer),
    /// Make an upload that was [`Received`](TransferEvent::Received) visible, and tell of its end. What the control connection has brought
    /// by now (an ABOR, or the peer's end) goes to the machine first.
    Commit(TransferId),
    /// Stop a transfer at once; answered by its end: [`Failure::Aborted`], or the other end if that came first. What is being written where
    /// others see it is waited for first, so that nothing changes after the reply. The session waits for
    /// that answer without a deadline, as for any answer of its driver.
    Abort(TransferId),
    /// Begin TLS on the control connection, as its server, and answer with [`Input::Tls`]. Bytes that the session had not taken
    /// ([`receive`](super::Session::receive)) are the first of the handshake: they were sent as ciphertext, or came from somebody who
    /// hoped that they would be read as commands.
    StartTls(TlsTicket),
    /// End TLS on the control connection and keep its stream: send `close_notify`, await the peer's, and answer with
    /// [`TlsEvent::Down`](crate::tls::TlsEvent::Down). What TLS had brought and the session has not taken is offered to it then, before what
    /// comes in clear text.
    StopTls,
    /// End the control connection. Nothing follows.
    Close(Close),
}

/// A transfer to run: open the file, then get the data connection, then move the bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// Names it.
    pub id: TransferId,
    /// What is transferred.
    pub task: Task,
    /// Where the data connection comes from.
    pub route: Route,
    /// TYPE, STRU and MODE, for which there is a [`codec`](Self::codec).
    pub parameters: Parameters,
    /// What the codec goes by besides. Its `offset` says where in the file the data begins; for [`Placement::Append`] only the driver knows
    /// that, and sets it.
    pub tuning: Tuning,
    /// How the data connection is protected. One that was kept is so already.
    pub protection: Protection,
    /// Whether the data connection is to stay open after a clean end, with what it may have brought beyond that end, under the id of
    /// its route (RFC 959 § 3.3). [`Route::Kept`] names it then, or [`Action::Discard`]. A transfer that fails closes it.
    pub keep: bool,
}

impl Transfer {
    /// The codec for it. There is one for all that a session takes.
    #[must_use]
    pub fn codec(&self) -> Option<Codec> {
        self.parameters.codec_with(self.direction(), &self.tuning)
    }

    /// Which way the bytes go.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        match self.task {
            Task::Retrieve { .. } | Task::List { .. } => Direction::Send,
            Task::Store { .. } => Direction::Receive,
        }
    }
}

/// What a transfer transfers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Task {
    /// RETR.
    Retrieve {
        /// The file.
        path: VirtualPath,
        /// From this byte on.
        offset: u64,
        /// And not from this byte on (RANG). A range that lies past the file's end sends nothing (draft-bryan-ftp-range § 4.3).
        end: Option<u64>,
    },
    /// STOR, APPE or STOU.
    Store {
        /// The file; for [`Placement::Unique`] the folder.
        path: VirtualPath,
        /// Where its bytes go.
        placement: Placement,
    },
    /// LIST, NLST or MLSD.
    List {
        /// The folder, or a file that stands for itself.
        path: VirtualPath,
        /// In which form.
        form: ListForm,
        /// Where there is no such path: the names to list of the folder above it instead. Where that has none, the listing is empty.
        pattern: Option<Pattern>,
    },
}

impl Task {
    /// Where in the file its data begins, as far as that is known.
    pub(super) const fn start(&self) -> u64 {
        match self {
            Self::Retrieve { offset, .. } => *offset,
            Self::Store {
                placement: Placement::At(start) | Placement::Within { start, .. },
                ..
            } => *start,
            Self::Store { .. } | Self::List { .. } => 0,
        }
    }

    /// The file or folder that it is about.
    #[must_use]
    pub const fn path(&self) -> &VirtualPath {
        match self {
            Self::Retrieve { path, .. } | Self::Store { path, .. } | Self::List { path, .. } => {
                path
            }
        }
    }
}

/// In which form a folder is listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListForm {
    /// LIST: as `ls -l` does.
    Long,
    /// NLST: a name a line.
    Names,
    /// MLSD: these facts of each (RFC 3659 § 7). `writable` decides what the `perm` fact says.
    Facts {
        /// The facts that OPTS MLST chose.
        set: FactSet,
        /// Whether the user may write.
        writable: bool,
    },
}

impl ListForm {
    /// Appends the line of one entry, with its CRLF. `now` (UTC) decides how a date looks in a long listing.
    pub fn write(self, entry: &Entry, now: DateTime, out: &mut Vec<u8>) {
        match self {
            Self::Long => write_long(entry, now, out),
            Self::Names => write_name(entry, out),
            Self::Facts { set, writable } => {
                write_facts(entry, set, perm(entry.kind, writable), out);
                out.extend_from_slice(b"\r\n");
            }
        }
    }
}

impl ListForm {
    /// The same for what a pattern asked for: nothing, unless the name is one of these. NLST writes what the client had written before
    /// the pattern before each name; LIST and MLSD write names as they are.
    pub fn write_matching(
        self,
        mut entry: Entry,
        pattern: Option<&Pattern>,
        now: DateTime,
        out: &mut Vec<u8>,
    ) {
        if let Some(pattern) = pattern {
            if !pattern.matches(&entry.name) {
                return;
            }
            if self == Self::Names && !pattern.prefix().is_empty() {
                entry.name = [pattern.prefix(), &entry.name].concat().into();
            }
        }
        self.write(&entry, now, out);
    }
}

/// The `perm` fact (RFC 3659 § 7.5.5): what a user may do with such an entry. A special file can be removed and renamed, but not
/// be read or written here; a link may lead to a file or to a folder, and both letters are for who follows it.
pub(super) const fn perm(kind: Kind, writable: bool) -> &'static str {
    match (kind, writable) {
        (Kind::Folder, true) => "cdeflmp",
        (Kind::Folder, false) => "el",
        (Kind::File, true) => "adfrw",
        (Kind::File, false) => "r",
        (Kind::Symlink, true) => "adefrw",
        (Kind::Symlink, false) => "er",
        (Kind::Other, true) => "df",
        (Kind::Other, false) => "",
    }
}

/// Where a data connection comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// From this passive listener.
    Accept {
        /// The listener.
        data: DataId,
        /// Who may come; drop anybody else and go on listening.
        admission: Admission,
    },
    /// By connecting to where PORT or EPRT said.
    Connect {
        /// Names the connection.
        data: DataId,
        /// Where to.
        to: SocketAddr,
    },
    /// It is there already: kept from a transfer before. If that transfer is refused before it was [`Opened`](TransferEvent::Opened), a
    /// download leaves the connection as it is, kept; an upload closes it.
    Kept(DataId),
}

impl Route {
    /// The name of the data connection, or of the listener that it will come from.
    #[must_use]
    pub const fn data(self) -> DataId {
        match self {
            Self::Accept { data, .. } | Self::Connect { data, .. } | Self::Kept(data) => data,
        }
    }
}

/// What the embedder may want to know.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A command came (only with [`Config::trace`](super::Config::trace)). It prints no secrets.
    Command(crate::wire::Command),
    /// A reply goes out (only with [`Config::trace`](super::Config::trace)).
    Reply(Reply),
    /// The session has begun, with its greeting.
    Connected,
    /// TLS protects the control connection from here on.
    Secured(TlsFacts),
    /// TLS on the control connection has ended, and the session goes on in clear text (CCC, REIN).
    Cleared,
    /// A user is logged in.
    LoggedIn(Arg),
    /// Who was logged in is so no more: by REIN, or by a new USER.
    LoggedOut,
    /// A login was refused.
    LoginRefused(Arg),
    /// A transfer has begun.
    TransferBegan {
        /// Names it.
        transfer: TransferId,
        /// The verb that asked for it.
        verb: Verb,
        /// The file or folder.
        path: VirtualPath,
    },
    /// A transfer is over.
    TransferEnded(TransferReport),
    /// A command was carried out that changes files and is no transfer.
    Changed {
        /// Its verb.
        verb: Verb,
        /// What it was done to: for RNTO the new name, for a copy the copy, for a link the link.
        path: VirtualPath,
    },
    /// The session ends, and why.
    Ended(Ended),
}

/// How a transfer ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransferReport {
    /// Names it.
    pub transfer: TransferId,
    /// The verb that asked for it.
    pub verb: Verb,
    /// The file or folder.
    pub path: VirtualPath,
    /// Bytes that went over the data connection.
    pub bytes: u64,
    /// From the command to the end.
    pub elapsed: Duration,
    /// Well, or why not.
    pub outcome: Result<(), TransferFailure>,
}

/// Why a transfer was not complete, with what the session itself found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransferFailure {
    /// What the driver reported.
    Reported(Failure),
    /// The peer sent ABOR.
    AbortedByPeer,
    /// No data connection came in time, or its handshake took too long.
    NoConnection,
    /// Its handshake did not resume the control connection's session, as it has to here.
    NotResumed,
    /// No byte moved for too long.
    Stalled,
    /// The control connection ended first; an upload was not made visible.
    SessionEnded,
    /// The control connection ended while a whole upload was being made visible: it is there, unless the storage failed.
    Unconfirmed,
}

/// Why a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Ended {
    /// The peer said QUIT.
    Quit,
    /// The peer went away without QUIT.
    Disconnected,
    /// Nothing came for too long.
    Idle,
    /// No login in time, or too many that failed.
    NotLoggedIn,
    /// There were too many sessions already.
    TurnedAway,
    /// What came first was another protocol's request (an HTTP verb).
    NotFtp,
    /// TLS was begun for another host than HOST had named.
    OtherHost,
    /// TLS did not come up on the control connection, did not end in order, or broke.
    TlsFailed,
    /// The server is stopping.
    Shutdown,
}

/// The outputs that wait to be polled, in order.
#[derive(Debug, Default)]
pub(super) struct Outputs(alloc::collections::VecDeque<Output>);

impl Outputs {
    pub(super) fn act(&mut self, action: Action) {
        self.0.push_back(Output::Action(action));
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.0.push_back(Output::Event(event));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The next one; an empty queue gives its memory back.
    pub(super) fn poll(&mut self) -> Option<Output> {
        let output = self.0.pop_front();
        if self.0.is_empty() {
            self.0 = alloc::collections::VecDeque::new();
        }
        output
    }
}
