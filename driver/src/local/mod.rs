//! Files in a folder of this machine.
//!
//! Everything is opened beneath the folder's handle (cap-std; `openat2` with `RESOLVE_BENEATH` on Linux), so that neither
//! `..` nor a link nor a race between the two leads out of it: what would is
//! [`Denied`](crate::storage::StorageError::Denied). Absolute links lead out, wherever they point.
//!
//! # Uploads
//!
//! A new file is written under a hidden, random name in its own folder and renamed when it is complete, so that a
//! reader sees the old file or the new one, whole. What follows from the rename:
//!
//! - The new file has the old one's permissions (without set-user-id and set-group-id), and the server's user as its owner; other hard
//!   links go on to hold the old content; a link of that name is itself replaced and not written through. Whether a file may
//!   be replaced is decided by the permissions of its folder.
//! - Nothing is forced to the disk (no `fsync`): a crash of the machine just after the reply may lose a new file, as it
//!   may with other servers.
//! - A process that is killed leaves the hidden file behind. Listings never show one, but a folder that holds one is not empty;
//!   [`remove_leftovers`](LocalStorage::remove_leftovers) clears them away.
//!
//! Appending, and restarting after an offset, write in place and follow links. A restart past the end is refused. What the
//! file holds beyond the end of a restarted upload stays, as it does with vsftpd; only one from offset 0 cuts it off.
//!
//! Only plain files are opened: a device could do anything, and a pipe would wait for ever.

mod describe;
mod entries;
mod error;
mod name;
mod reader;
mod writer;

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions};
use ftp_sansio::listing::Entry;
use ftp_sansio::wire::VirtualPath;

pub use self::entries::LocalEntries;
pub use self::reader::LocalReader;
pub use self::writer::LocalWriter;

use self::describe::describe;
use self::entries::Walk;
use self::error::{check, translate};
use self::name::relative;
use self::writer::Target;
use crate::runtime::Runtime;
use crate::storage::{Placement, Result, Storage, StorageError};

/// A folder of this machine as a store. See the [module](self).
#[derive(Clone, Debug)]
pub struct LocalStorage<R> {
    runtime: R,
    root: Arc<Dir>,
}

impl<R: Runtime> LocalStorage<R> {
    /// The store whose `/` is the folder `root`. The folder stays the root when it is renamed afterwards.
    ///
    /// This blocks for as long as the system takes to open a folder.
    ///
    /// # Errors
    /// What the system says: there is no such folder, or it may not be entered.
    pub fn open(runtime: R, root: &Path) -> io::Result<Self> {
        let root = Arc::new(Dir::open_ambient_dir(root, ambient_authority())?);
        Ok(Self { runtime, root })
    }

    /// Removes the hidden files of uploads that a killed process has left behind, in the whole tree: those that have not been
    /// written to for `older_than`. Choose it longer than an upload may stall. It gives the number of files removed.
    ///
    /// # Errors
    /// [`StorageError::Failed`] when the clock cannot express that long ago. What cannot be read or removed is passed over.
    pub async fn remove_leftovers(&self, older_than: Duration) -> Result<usize> {
        self.run(move |root| entries::sweep(root, older_than)).await
    }

    /// Works on the root's handle where blocking hurts nobody.
    async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Arc<Dir>) -> Result<T> + Send + 'static,
    {
        let root = Arc::clone(&self.root);
        self.runtime.blocking(move || work(&root)).await
    }
}

impl<R: Runtime> Storage for LocalStorage<R> {
    type Reader = LocalReader<R>;
    type Writer = LocalWriter<R>;
    type Entries = LocalEntries<R>;

    async fn inspect(&self, path: &VirtualPath) -> Result<Entry> {
        let path = path.clone();
        self.run(move |root| {
            let metadata = check(root.metadata(relative(&path)?))?;
            Ok(describe(path.name().unwrap_or(b"/").to_vec(), &metadata))
        })
        .await
    }

    async fn list(&self, path: &VirtualPath) -> Result<LocalEntries<R>> {
        let path = relative(path)?;
        let walk = self
            .run(move |root| Walk::open(Arc::clone(root), path))
            .await?;
        Ok(LocalEntries::new(self.runtime.clone(), walk))
    }

    async fn open(&self, path: &VirtualPath, offset: u64) -> Result<LocalReader<R>> {
        let path = relative(path)?;
        let (file, size) = self.run(move |root| open_at(root, &path, offset)).await?;
        let runtime = self.runtime.clone();
        Ok(LocalReader {
            runtime,
            file: Arc::new(file),
            size,
            left: size - offset,
        })
    }

    async fn create(&self, path: &VirtualPath, placement: Placement) -> Result<LocalWriter<R>> {
        let path = path.clone();
        let target = self
            .run(move |root| Target::open(root, path, placement))
            .await?;
        Ok(LocalWriter {
            runtime: self.runtime.clone(),
            target,
        })
    }

    async fn delete(&self, path: &VirtualPath) -> Result<()> {
        let path = below_root(path)?;
        self.run(move |root| delete(root, &path)).await
    }

    async fn make_folder(&self, path: &VirtualPath) -> Result<()> {
        if path.is_root() {
            return Err(StorageError::Exists);
        }
        let path = relative(path)?;
        self.run(move |root| check(root.create_dir(path))).await
    }

    async fn remove_folder(&self, path: &VirtualPath) -> Result<()> {
        let path = below_root(path)?;
        self.run(move |root| remove_folder(root, &path)).await
    }

    async fn rename(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let (from, to) = (below_root(from)?, below_root(to)?);
        self.run(move |root| rename(root, &from, &to)).await
    }
}

/// What may be removed or renamed: not the root.
fn below_root(path: &VirtualPath) -> Result<PathBuf> {
    if path.is_root() {
        Err(StorageError::Denied)
    } else {
        relative(path)
    }
}

fn open_at(root: &Dir, path: &Path, offset: u64) -> Result<(File, u64)> {
    let (mut file, metadata) = open_regular(root, path, OpenOptions::new().read(true))?;
    if offset > metadata.len() {
        return Err(StorageError::PastTheEnd);
    }
    if offset > 0 {
        check(file.seek(SeekFrom::Start(offset)))?;
    }
    Ok((file, metadata.len()))
}

/// Opens a plain file and nothing else, without waiting for the other end of a pipe. The check comes after, on the
/// file that was opened, and so cannot be raced.
fn open_regular(root: &Dir, path: &Path, options: &mut OpenOptions) -> Result<(File, Metadata)> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        cap_std::fs::OpenOptionsExt::custom_flags(options, flags.cast_signed());
    }
    let file = check(root.open_with(path, options))?;
    let metadata = check(file.metadata())?;
    match metadata.file_type() {
        kind if kind.is_file() => Ok((file.into_std(), metadata)),
        kind if kind.is_dir() => Err(StorageError::IsAFolder),
        _ => Err(StorageError::Denied),
    }
}

/// Whether it is a folder itself; a link to one is not.
fn is_folder(root: &Dir, path: &Path) -> bool {
    root.symlink_metadata(path)
        .is_ok_and(|metadata| metadata.is_dir())
}

fn delete(root: &Dir, path: &Path) -> Result<()> {
    match root.remove_file(path).map_err(|error| translate(&error)) {
        // What POSIX says of a folder, and Linux does not.
        Err(StorageError::Denied) if is_folder(root, path) => Err(StorageError::IsAFolder),
        outcome => outcome,
    }
}

fn remove_folder(root: &Dir, path: &Path) -> Result<()> {
    match root.remove_dir(path).map_err(|error| translate(&error)) {
        // POSIX lets a system say this of a folder that holds something.
        Err(StorageError::Exists) => Err(StorageError::NotEmpty),
        outcome => outcome,
    }
}

/// The system would let a folder replace an empty one; a client that renames expects no folder to vanish.
fn rename(root: &Dir, from: &Path, to: &Path) -> Result<()> {
    if from != to && is_folder(root, from) && is_folder(root, to) {
        return Err(StorageError::Exists);
    }
    check(root.rename(from, root, to))
}
