//! The embedder's two traits: where files are kept, and who may log in.

use std::fs::File;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ftp_sansio::data::CleanEnd;
use ftp_sansio::listing::{Entry, Kind, Permissions};
pub use ftp_sansio::server::{
    Capabilities, Capability, Changes, FileDigest, Grant, Placement, SiteRequest, StorageError,
};
use ftp_sansio::wire::{Arg, Secret, VirtualPath};
pub use ftp_sansio::wire::{ChecksumRange, DigestAlgorithm};

use crate::tls::PeerCertificates;

/// The result of anything a store does.
pub type Result<T> = std::result::Result<T, StorageError>;

/// A store of files as one user sees it. Every path is a [`VirtualPath`]: absolute, normalised, and unable to leave the root.
///
/// Write the methods as `async fn`. None of them may block the thread; hand work that does to
/// [`Runtime::blocking`](crate::Runtime::blocking). A session that ends drops the future that it waits for: what takes long (digests, copies,
/// whole trees) is done piece by piece, so that this stops it. What changes files at a stroke is waited for instead, or it would be done
/// after the session is gone.
///
/// What every store does has no default here. The rest answers [`StorageError::Unsupported`] unless it is written, and is neither
/// offered to clients nor called unless [`capabilities`](Self::capabilities) names it.
pub trait Storage: Send + Sync + 'static {
    /// Reads one file.
    type Reader: Reader;
    /// Writes one file.
    type Writer: Writer;
    /// Goes through one folder.
    type Entries: Entries;

    /// What is known of one file or folder. A link is followed; the name is the path's last component (`/` for the root).
    fn inspect(&self, path: &VirtualPath) -> impl Future<Output = Result<Entry>> + Send;

    /// The entries of a folder, without `.` and `..`, in no special order. A file stands for itself alone.
    fn list(&self, path: &VirtualPath) -> impl Future<Output = Result<Self::Entries>> + Send;

    /// Opens a file to be read from `offset` bytes on.
    fn open(
        &self,
        path: &VirtualPath,
        offset: u64,
    ) -> impl Future<Output = Result<Self::Reader>> + Send;

    /// Opens a file to be written; see [`Writer`] for what becomes visible when. With [`Placement::Unique`] `path` is the folder.
    fn create(
        &self,
        path: &VirtualPath,
        placement: Placement,
    ) -> impl Future<Output = Result<Self::Writer>> + Send;

    /// Removes a file (not a folder).
    fn delete(&self, path: &VirtualPath) -> impl Future<Output = Result<()>> + Send;

    /// Makes a folder; its parent must be there.
    fn make_folder(&self, path: &VirtualPath) -> impl Future<Output = Result<()>> + Send;

    /// Removes an empty folder.
    fn remove_folder(&self, path: &VirtualPath) -> impl Future<Output = Result<()>> + Send;

    /// Gives a file or folder another name; a file of that name is replaced.
    fn rename(
        &self,
        from: &VirtualPath,
        to: &VirtualPath,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Makes a folder, and those above it that are missing. One that is there already is as good.
    fn make_folders(&self, path: &VirtualPath) -> impl Future<Output = Result<()>> + Send {
        async move {
            let (mut missing, mut above) = (Vec::new(), Some(path.clone()));
            while let Some(folder) = above {
                match self.inspect(&folder).await {
                    Ok(entry) if entry.kind == Kind::Folder => break,
                    Ok(_) => return Err(StorageError::NotAFolder),
                    Err(StorageError::NotFound) => above = folder.parent(),
                    Err(error) => return Err(error),
                }
                missing.push(folder);
            }
            for folder in missing.iter().rev() {
                match self.make_folder(folder).await {
                    // Another session may have made it meanwhile.
                    Ok(()) | Err(StorageError::Exists) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        }
    }

    /// Which of the following this store can do, for this user.
    fn capabilities(&self) -> Capabilities {
        Capabilities::NONE
    }

    /// Removes a folder with all that it holds. A link in it is removed, and not followed.
    fn remove_tree(&self, path: &VirtualPath) -> impl Future<Output = Result<()>> + Send {
        unsupported(path)
    }

    /// Sets some of what is known of a file or folder, and tells what is known of it then, as [`inspect`](Self::inspect) does. Where one of
    /// the changes is never possible, nothing is changed.
    fn change(
        &self,
        path: &VirtualPath,
        changes: Changes,
    ) -> impl Future<Output = Result<Entry>> + Send {
        unsupported((path, changes))
    }

    /// Makes a symbolic link that leads to `target`, where there need not be anything. Nothing of that name may be there.
    fn link(
        &self,
        path: &VirtualPath,
        target: &VirtualPath,
    ) -> impl Future<Output = Result<()>> + Send {
        unsupported((path, target))
    }

    /// Copies a file. One that is there is replaced, whole or not at all.
    fn copy(
        &self,
        from: &VirtualPath,
        to: &VirtualPath,
    ) -> impl Future<Output = Result<()>> + Send {
        unsupported((from, to))
    }

    /// Appends the parts, in their order, to the target, which need not be there yet, and removes them. Others see the target
    /// as it was or whole, and the parts go only once it is.
    fn combine(
        &self,
        target: &VirtualPath,
        parts: &[VirtualPath],
    ) -> impl Future<Output = Result<()>> + Send {
        unsupported((target, parts))
    }

    /// The digest of a file, or of a part of it. What lies past the end of the file is left out; a start past the end is
    /// [`StorageError::PastTheEnd`].
    fn digest(
        &self,
        path: &VirtualPath,
        algorithm: DigestAlgorithm,
        range: Option<ChecksumRange>,
    ) -> impl Future<Output = Result<FileDigest>> + Send {
        unsupported((path, algorithm, range))
    }

    /// How many bytes may still be stored in a folder.
    fn available(&self, path: &VirtualPath) -> impl Future<Output = Result<u64>> + Send {
        unsupported(path)
    }

    /// The permissions that new files and folders do not get, where that is known.
    fn umask(&self) -> Option<Permissions> {
        None
    }

    /// This store, as it is for a session that has chosen such permissions itself.
    fn with_umask(&self, mask: Permissions) -> Option<Self>
    where
        Self: Sized,
    {
        let _ = mask;
        None
    }

    /// Carries out a word of SITE that the session does not know, and gives the lines to answer with: none is a plain
    /// success. A word that is not known here either is [`StorageError::Unsupported`].
    fn site(&self, request: &SiteRequest) -> impl Future<Output = Result<Vec<Bytes>>> + Send {
        unsupported(request)
    }
}

/// The answer of what was not written.
fn unsupported<T: Send>(_: impl Sized) -> impl Future<Output = Result<T>> + Send {
    std::future::ready(Err(StorageError::Unsupported))
}

/// Reads one file, piece by piece.
pub trait Reader: Send + 'static {
    /// The file's whole size in bytes when it was opened, where that is known.
    fn size(&self) -> Option<u64>;

    /// Fills the buffer's spare capacity with what comes next and hands it back; nothing added means the end.
    fn read(&mut self, buffer: BytesMut) -> impl Future<Output = Result<BytesMut>> + Send;

    /// Lends the file that [`read`](Self::read) would go on to read, and the offset in it of what comes next, in bytes, so that the
    /// system can send it without a copy. Only a plain file that reads as quickly as this machine's own disks do is lent. Nothing by
    /// default, or where what comes next is not in a file.
    fn lend(&self) -> Option<(&File, u64)> {
        None
    }

    /// The next `count` bytes were taken from the [lent](Self::lend) file: `read` goes on behind them.
    fn advance(&mut self, count: u64) {
        let _ = count;
    }
}

/// Writes one file, piece by piece.
///
/// With [`Placement::Replace`] and [`Placement::Unique`] nothing is visible under the final name until [`commit`](Self::commit); dropping
/// the writer before leaves the old file as it was. With the others what was written stays, and a write that has begun is waited for before
/// the client hears that its upload is over. So is every commit.
pub trait Writer: Send + 'static {
    /// Where the file will be: for [`Placement::Unique`] the name that was chosen.
    fn path(&self) -> &VirtualPath;

    /// How many bytes of the file come before the first that is written here: 0, or for [`Placement::At`] and [`Placement::Append`] what is
    /// there already. A restart marker of an upload tells its place by it (RFC 959 § 3.5).
    fn start(&self) -> u64;

    /// Writes all of `data` at the end of what was written so far.
    fn write(&mut self, data: Bytes) -> impl Future<Output = Result<()>> + Send;

    /// Lends the file that [`write`](Self::write) would write to at the file's own position, so that the system can receive into it without
    /// a copy. Only a plain file is lent, not one that is open for appending, and only while it takes what it is given quickly: it is
    /// asked for before each piece. Nothing by default.
    fn lend(&self) -> Option<&File> {
        None
    }

    /// `count` bytes were written to the [lent](Self::lend) file at its own position, which took so long.
    fn advance(&mut self, count: u64, took: Duration) {
        let _ = (count, took);
    }

    /// Makes the file what it shall be. It takes the evidence that the data had ended cleanly, so that a truncated upload
    /// cannot be committed.
    fn commit(self, end: &CleanEnd) -> impl Future<Output = Result<()>> + Send;
}

/// Goes through one folder, in constant memory however large it is.
pub trait Entries: Send + 'static {
    /// Some more entries (at most a few hundred); none means the end. An entry that vanished meanwhile is left out.
    fn next(&mut self) -> impl Future<Output = Result<Vec<Entry>>> + Send;

    /// Before the first [`next`](Self::next): whether a folder was named, or a link to one, and not a file that stands for itself. A store that
    /// does not know without asking says nothing, and is asked by [`Storage::inspect`] where it matters (MLSD).
    fn is_folder(&self) -> Option<bool> {
        None
    }
}

/// Decides who may log in, and what they get.
pub trait Authenticator: Send + Sync + 'static {
    /// The kind of store that users get.
    type Storage: Storage;

    /// Checks a login. It does the same work, and takes the same time, for a user that does not exist.
    fn authenticate(
        &self,
        login: &Login,
    ) -> impl Future<Output = Option<Account<Self::Storage>>> + Send;
}

/// One attempt to log in.
#[derive(Clone, Debug)]
pub struct Login {
    /// USER.
    pub user: Arg,
    /// PASS, if one was sent.
    pub password: Secret<Arg>,
    /// Who connects from where.
    pub peer: SocketAddr,
    /// The certificates that the client has shown on the control connection, and that one of the authorities of
    /// [`ClientCertificates`](crate::tls::ClientCertificates) vouches for: nothing where it has shown none, where it was not asked, and where
    /// the connection is in clear text, after CCC too.
    ///
    /// The client is asked for a password (331) whatever it has shown, though RFC 4217 § 12.2 would let a server do without (232): an authenticator
    /// that lets in by the certificate takes any password. Whether the name after USER goes with the certificate is for it to check.
    pub certificates: Option<PeerCertificates>,
}

/// What a user who logged in gets.
#[derive(Debug)]
pub struct Account<S> {
    /// The files, with the user's root as `/`.
    pub storage: Arc<S>,
    /// What is allowed.
    pub grant: Grant,
}
