//! The embedder's two traits: where files are kept, and who may log in.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use ftp_sansio::data::CleanEnd;
use ftp_sansio::listing::Entry;
pub use ftp_sansio::server::{Grant, Placement, StorageError};
use ftp_sansio::wire::{Arg, Secret, VirtualPath};

/// The result of anything a store does.
pub type Result<T> = std::result::Result<T, StorageError>;

/// A store of files as one user sees it. Every path is a [`VirtualPath`]: absolute, normalised, and unable to leave the root.
///
/// Write the methods as `async fn`. None of them may block the thread; hand work that does to
/// [`Runtime::blocking`](crate::Runtime::blocking).
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
}

/// Reads one file, piece by piece.
pub trait Reader: Send + 'static {
    /// The file's whole size in bytes when it was opened, where that is known.
    fn size(&self) -> Option<u64>;

    /// Fills the buffer's spare capacity with what comes next and hands it back; nothing added means the end.
    fn read(&mut self, buffer: BytesMut) -> impl Future<Output = Result<BytesMut>> + Send;
}

/// Writes one file, piece by piece.
///
/// With [`Placement::Replace`] and [`Placement::Unique`] nothing is visible under the final name until [`commit`](Self::commit); dropping
/// the writer before leaves the old file as it was. With [`Placement::At`] and [`Placement::Append`] what was written stays.
pub trait Writer: Send + 'static {
    /// Where the file will be: for [`Placement::Unique`] the name that was chosen.
    fn path(&self) -> &VirtualPath;

    /// Writes all of `data` at the end of what was written so far.
    fn write(&mut self, data: Bytes) -> impl Future<Output = Result<()>> + Send;

    /// Makes the file what it shall be. It takes the evidence that the data had ended cleanly, so that a truncated upload
    /// cannot be committed.
    fn commit(self, end: &CleanEnd) -> impl Future<Output = Result<()>> + Send;
}

/// Goes through one folder, in constant memory however large it is.
pub trait Entries: Send + 'static {
    /// Some more entries (at most a few hundred); none means the end. An entry that vanished meanwhile is left out.
    fn next(&mut self) -> impl Future<Output = Result<Vec<Entry>>> + Send;
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
}

/// What a user who logged in gets.
#[derive(Debug)]
pub struct Account<S> {
    /// The files, with the user's root as `/`.
    pub storage: Arc<S>,
    /// What is allowed.
    pub grant: Grant,
}
