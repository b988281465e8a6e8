//! What the machine asks of a file store, and what it may hear back.

use alloc::boxed::Box;
use alloc::vec::Vec;

use thiserror::Error;

use crate::listing::Entry;
use crate::wire::{DateTime, VirtualPath};

/// One thing to do to the store, other than a transfer.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Operation {
    /// Is this a folder that may be entered? Answered with [`Answer::Done`].
    Enter(VirtualPath),
    /// What is known of one file or folder. Answered with [`Answer::Entry`].
    Inspect(VirtualPath),
    /// The first `limit` entries of a folder, for STAT over the control connection. Answered with [`Answer::Entries`].
    Glance {
        /// The folder, or a file that stands for itself.
        path: VirtualPath,
        /// How many entries at the most.
        limit: usize,
    },
    /// Remove a file.
    Delete(VirtualPath),
    /// Make a folder.
    MakeFolder(VirtualPath),
    /// Remove an empty folder.
    RemoveFolder(VirtualPath),
    /// Give a file or folder another name.
    Rename {
        /// What it is called now.
        from: VirtualPath,
        /// What it shall be called.
        to: VirtualPath,
    },
}

/// What came of an [`Operation`] that went well.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Answer {
    /// It was done.
    Done,
    /// What is known of the file or folder.
    Entry(Box<Entry>),
    /// Some of a folder's entries.
    Entries {
        /// At most as many as were asked for.
        entries: Vec<Entry>,
        /// Whether the folder holds more than these.
        more: bool,
        /// The date and time (UTC) at which they were read, since a machine has no calendar.
        at: DateTime,
    },
}

/// Why the store did not do it. Each has its own reply (RFC 959 § 4.2), so that a client can tell them apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
#[non_exhaustive]
pub enum StorageError {
    /// There is no such file or folder.
    #[error("no such file or folder")]
    NotFound,
    /// The store forbids it.
    #[error("permission denied")]
    Denied,
    /// Something of that name is there already.
    #[error("it exists already")]
    Exists,
    /// A folder was wanted and this is none.
    #[error("not a folder")]
    NotAFolder,
    /// A file was wanted and this is a folder.
    #[error("is a folder")]
    IsAFolder,
    /// The folder still holds something.
    #[error("the folder is not empty")]
    NotEmpty,
    /// The disk or the quota is full.
    #[error("no space left")]
    NoSpace,
    /// The store takes no such name.
    #[error("name not allowed")]
    NameNotAllowed,
    /// A restart position that lies past the end of the file.
    #[error("restart position is past the end of the file")]
    PastTheEnd,
    /// The store cannot do this at all.
    #[error("not supported by this storage")]
    Unsupported,
    /// It is in use, or too many things are open; worth trying again.
    #[error("temporarily not available")]
    Busy,
    /// It failed while it was read or written.
    #[error("local error in processing")]
    Failed,
}

/// Where an upload goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placement {
    /// STOR: replace the file as a whole when the upload is complete, and not before.
    Replace,
    /// REST and STOR: write in place from this offset in bytes; a break leaves what had arrived.
    At(u64),
    /// APPE: write in place after the end; a break leaves what had arrived.
    Append,
    /// STOU: a new file in this folder, under a name that the store chooses.
    Unique,
}
