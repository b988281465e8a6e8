//! What goes into the machine and what comes out of it, besides the control connection's bytes.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::config::Grant;
use super::storage::{Answer, Operation, Placement, StorageError};
use crate::data::{CleanEnd, Direction, Parameters};
use crate::listing::write::{write_long, write_name};
use crate::listing::{Entry, Kind};
use crate::session::{Admission, Close, DataId, RequestId, TransferId};
use crate::wire::facts::{FactSet, write_facts};
use crate::wire::{Arg, DateTime, Reply, Secret, Verb, VirtualPath};

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
    /// The server is stopping: say so to the peer, once a running transfer has ended.
    Shutdown,
}

/// How a transfer fares, in this order: [`Opened`](Self::Opened), [`Connected`](Self::Connected), any number of
/// [`Progress`](Self::Progress), for an upload [`Received`](Self::Received), and one of the two ends. [`Failed`](Self::Failed) may come at any point.
#[derive(Debug)]
pub enum TransferEvent {
    /// The file or folder is open. For STOU it has this name.
    Opened {
        /// Where the file will be, where the storage chose that.
        path: Option<VirtualPath>,
        /// How many bytes of the file will be sent, where that is known.
        size: Option<u64>,
    },
    /// The data connection is there.
    Connected,
    /// So many bytes went over the data connection in all.
    Progress(u64),
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
    /// The data connection broke, or ended before its data did.
    Broken,
    /// It was stopped, as [`Action::Abort`] asked.
    Aborted,
}

/// What to do or to know next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// The driver must do this.
    Action(Action),
    /// The embedder may want to know this.
    Event(Event),
}

/// What the driver must do.
#[derive(Clone, PartialEq, Eq, Debug)]
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
    /// Let go of a listener, and of what waits at it.
    Discard(DataId),
    /// Run a transfer and tell of it by [`Input::Transfer`]. A listener that its route names belongs to it from now on, and goes when it
    /// does.
    Transfer(Transfer),
    /// Make an upload that was [`Received`](TransferEvent::Received) visible, and tell of its end. What the control connection has brought
    /// by now (an ABOR, or the peer's end) goes to the machine first.
    Commit(TransferId),
    /// Stop a transfer at once; answered by its end: [`Failure::Aborted`], or the other end if that came first. The session waits for
    /// that answer without a deadline, as for any answer of its driver.
    Abort(TransferId),
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
    /// TYPE, STRU and MODE. [`Parameters::codec`] has a codec for them: the session refuses others.
    pub parameters: Parameters,
}

impl Transfer {
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
    },
}

impl Task {
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

/// The `perm` fact (RFC 3659 § 7.5.5): what a user may do with such an entry.
pub(super) const fn perm(kind: Kind, writable: bool) -> &'static str {
    match (kind, writable) {
        (Kind::Folder, true) => "cdeflmp",
        (Kind::Folder, false) => "el",
        (_, true) => "adfrw",
        (_, false) => "r",
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
    Connect(SocketAddr),
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
    /// DELE, MKD, RMD or RNTO was done.
    Changed {
        /// Which of them.
        verb: Verb,
        /// What it was done to: for RNTO the new name.
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
    /// No data connection came in time.
    NoConnection,
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
