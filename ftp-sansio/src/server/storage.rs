//! What the machine asks of a file store, and what it may hear back.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;
use thiserror::Error;

use crate::listing::{Entry, Permissions};
use crate::wire::{Arg, ChecksumRange, DateTime, DigestAlgorithm, VirtualPath};

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
    /// Make a folder, and those above it that are missing. One that is there already is as good.
    MakeFolders(VirtualPath),
    /// Remove a folder with all that it holds, following no link ([`Capability::RemoveTrees`](super::Capability::RemoveTrees)).
    RemoveTree(VirtualPath),
    /// Set some of what is known of a file or folder. Answered with [`Answer::Entry`]: what is known afterwards.
    Change {
        /// Which file or folder. A link is followed.
        path: VirtualPath,
        /// What to set: only what the store's capabilities name.
        changes: Changes,
    },
    /// Make a symbolic link ([`Capability::Links`](super::Capability::Links)).
    Link {
        /// The link.
        path: VirtualPath,
        /// Where it leads. There need not be anything.
        target: VirtualPath,
    },
    /// Copy a file; one of that name is replaced, whole or not at all ([`Capability::Copy`](super::Capability::Copy)).
    Copy {
        /// What is copied.
        from: VirtualPath,
        /// The copy.
        to: VirtualPath,
    },
    /// Append files to another, which need not be there yet, and remove them ([`Capability::Combine`](super::Capability::Combine)). Others see
    /// the target as it was, or whole.
    Combine {
        /// What they are appended to.
        target: VirtualPath,
        /// The files, in this order; at least one.
        parts: Vec<VirtualPath>,
    },
    /// Compute the digest of a file. Answered with [`Answer::Digest`]. It may take long; it is given up when the session ends.
    Digest {
        /// The file.
        path: VirtualPath,
        /// How.
        algorithm: DigestAlgorithm,
        /// Which bytes of it, if not all. What lies past the end of the file is left out; a start past the end is
        /// [`StorageError::PastTheEnd`].
        range: Option<ChecksumRange>,
    },
    /// How many bytes may still be stored in a folder. Answered with [`Answer::Available`].
    Available(VirtualPath),
    /// The permissions that new files and folders do not get from now on, for this session alone; or only the question for
    /// them. Answered with [`Answer::Umask`].
    Umask(Option<Permissions>),
    /// A word of SITE that is the store's own ([`Capability::Site`](super::Capability::Site)). Answered with [`Answer::Text`].
    Site(SiteRequest),
}

/// What to set of a file or folder; what is `None` stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Changes {
    /// When its content was changed last, in UTC.
    pub modified: Option<DateTime>,
    /// When it was read last, in UTC. Asked for only together with `modified`, and then a wish: a store that knows no such time
    /// passes it over.
    pub accessed: Option<DateTime>,
    /// When it was made, in UTC.
    pub created: Option<DateTime>,
    /// Its Unix mode.
    pub permissions: Option<Permissions>,
    /// The user it belongs to: a number in decimal, or a name.
    pub owner: Option<Arg>,
    /// The group it belongs to: a number in decimal, or a name.
    pub group: Option<Arg>,
}

/// A word of SITE that the session does not know, for a store that does.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SiteRequest {
    /// The first word, as it came: in any case.
    pub word: Arg,
    /// What follows the space behind it, if anything does.
    pub argument: Option<Arg>,
    /// The current folder, from which a path in the argument is seen ([`VirtualPath::join`]).
    pub folder: VirtualPath,
    /// Whether this login may change anything. It is for the store to heed: the session cannot know what the word does.
    pub writable: bool,
}

/// The digest of a file, and of which bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileDigest {
    /// The digest, most significant byte first.
    pub digest: Bytes,
    /// The first byte that went into it.
    pub start: u64,
    /// The byte after the last one: for a whole file its size.
    pub end: u64,
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
    /// The digest.
    Digest(FileDigest),
    /// So many bytes.
    Available(u64),
    /// The permissions that new files do not get.
    Umask(Permissions),
    /// What to tell the peer, a line each. As much as fits into a reply is told; a byte that cannot travel in one becomes `?`.
    Text(Vec<Bytes>),
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
    /// A position that lies past the end of the file, or of the range that may be written.
    #[error("the position is past the end")]
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
    /// RANG and STOR: write in place from `start` on, and nothing from `end` on: what comes beyond is
    /// [`StorageError::PastTheEnd`]. What the file holds outside stays; a break leaves what had arrived.
    Within {
        /// The first byte.
        start: u64,
        /// The byte after the last one.
        end: u64,
    },
    /// APPE: write in place after the end; a break leaves what had arrived.
    Append,
    /// STOU: a new file in this folder, under a name that the store chooses.
    Unique,
}

impl Placement {
    /// Whether the file is written where others see it, so that a break leaves what had arrived.
    #[must_use]
    pub const fn is_in_place(&self) -> bool {
        match self {
            Self::At(_) | Self::Within { .. } | Self::Append => true,
            Self::Replace | Self::Unique => false,
        }
    }
}
