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
//! - Nothing is forced to a disk of this machine (no `fsync`): a crash just after the reply may lose a new file, as it may with other
//!   servers. What is written elsewhere (NFS, FUSE, whatever is not known to be such a disk), in place too, is forced there before it
//!   counts as complete: such a system may take bytes that it has no room for, and not say so before.
//! - A process that is killed leaves the hidden file behind. Listings never show one, but a folder that holds one is not empty;
//!   [`remove_leftovers`](LocalStorage::remove_leftovers) clears them away.
//!
//! Appending, and restarting after an offset, write in place and follow links. A restart past the end is refused. What the
//! file holds beyond the end of a restarted upload stays, as it does with vsftpd; only one from offset 0 cuts it off.
//!
//! Only plain files are opened: a device could do anything, and a pipe would wait for ever.
//!
//! # Threads
//!
//! What may wait for a disk is done on the runtime's blocking threads. On Linux, where the root is on a disk of this machine (ext2 to ext4, XFS,
//! Btrfs, tmpfs, overlayfs), what the kernel says is in memory is done where it stands: opening a file, looking at one. Making and
//! writing an upload, and giving a small one its name, happen in memory too; they are done where they stand as long as that is quick,
//! and elsewhere for a quarter of a second after one of them took more than 5 ms.
//!
//! # Besides
//!
//! - Digests are computed a piece at a time and remembered for whole files, as long as the file is as it was; at most 16 at once.
//! - A copy and a COMB are written under a hidden name and renamed, as uploads are. A copy has the permissions of its source. A part of a
//!   COMB that cannot be removed stays, without an error: it has been joined, and to do it again would join it twice.
//!   What others do meanwhile is not lost: where the target is not as it was, the COMB fails with
//!   [`Busy`](crate::storage::StorageError::Busy), and a part that is not as it was stays. (That is looked at just before, and not at once with
//!   the rename and the removal, for which systems have no call.)
//! - A link is made relative, and leads beneath the root for every program that follows it, as long as neither it nor a folder that
//!   holds it is renamed to a place nearer to the root. Then its `..` may lead out: not for this store, but for a program that looks at
//!   the same folder and follows links.
//! - A mode with set-user-id or set-group-id is refused. Owners and groups are set only where that is
//!   [allowed](LocalStorage::allow_ownership), and by number. The time at which a file was made cannot be set.
//! - A umask that a session chose holds for its new files and folders; for those that are written in place (APPE, and REST or RANG with
//!   STOR) the system's umask holds besides.

mod change;
mod copy;
mod describe;
mod digest;
mod entries;
mod error;
mod link;
mod name;
mod place;
mod reader;
mod remove;
mod version;
mod writer;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions};
use ftp_sansio::listing::{Entry, Permissions};
use ftp_sansio::wire::VirtualPath;

pub use self::entries::LocalEntries;
pub use self::reader::LocalReader;
pub use self::writer::LocalWriter;

use self::copy::{Copying, Joined};
use self::describe::describe;
use self::digest::{Begun, Digesting, Digests, Turn};
use self::entries::Walk;
use self::error::{check, translate};
use self::name::relative;
use self::reader::Opened;
use self::remove::Removal;
use self::writer::Target;
use crate::kernel::{self, Purpose};
use crate::pace::Pace;
use crate::runtime::Runtime;
use crate::storage::{
    Capabilities, Capability, Changes, ChecksumRange, DigestAlgorithm, FileDigest, Placement,
    Result, Storage, StorageError,
};

/// A folder of this machine as a store. See the [module](self).
///
/// Clones are the same store, and remember the digests of files together.
#[derive(Clone, Debug)]
pub struct LocalStorage<R> {
    runtime: R,
    root: Arc<Dir>,
    /// Whether no more than a disk of this machine has to be waited for, in what is on the root's own file system.
    is_local: bool,
    pace: Arc<Pace>,
    digests: Arc<Digests>,
    /// The permissions that new files do not get, where a session has chosen them.
    umask: Option<u32>,
    /// Whether clients may give files away.
    ownership: bool,
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
        Ok(Self {
            runtime,
            is_local: kernel::is_local(&*root),
            root,
            pace: Arc::default(),
            digests: Arc::default(),
            umask: None,
            ownership: false,
        })
    }

    /// What every store of this kind can do.
    pub const CAPABILITIES: Capabilities = {
        let everywhere = Capabilities::NONE
            .with(Capability::SetModified)
            .with(Capability::Copy)
            .with(Capability::Combine)
            .with(Capability::RemoveTrees)
            .with_digest(DigestAlgorithm::Crc32)
            .with_digest(DigestAlgorithm::Md5)
            .with_digest(DigestAlgorithm::Sha1)
            .with_digest(DigestAlgorithm::Sha256)
            .with_digest(DigestAlgorithm::Sha512);
        if cfg!(unix) {
            everywhere
                .with(Capability::SetPermissions)
                .with(Capability::Umask)
                .with(Capability::Links)
                .with(Capability::Available)
        } else {
            everywhere
        }
    };

    /// Whether clients may set the owner and the group of files, by number, as far as the system lets the server's user do so. It is off
    /// by default: a server that runs as root could give files to anybody.
    #[must_use]
    pub const fn allow_ownership(mut self, allowed: bool) -> Self {
        self.ownership = allowed && cfg!(unix);
        self
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

    /// What is known of a file, where that is in memory; nothing too where there is an error to tell.
    fn look(&self, path: &Path) -> Option<Metadata> {
        let file = self
            .is_local
            .then(|| kernel::open_cached(&*self.root, path, Purpose::Look))??;
        cap_std::fs::File::from_std(file).metadata().ok()
    }
}

impl<R: Runtime> Storage for LocalStorage<R> {
    type Reader = LocalReader<R>;
    type Writer = LocalWriter<R>;
    type Entries = LocalEntries<R>;

    async fn inspect(&self, path: &VirtualPath) -> Result<Entry> {
        let name = path.name().unwrap_or(b"/").to_vec();
        let path = relative(path)?;
        if let Some(metadata) = self.look(&path) {
            return Ok(describe(name, &metadata));
        }
        let metadata = self.run(move |root| check(root.metadata(path))).await?;
        Ok(describe(name, &metadata))
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
        let cached = self
            .is_local
            .then(|| Opened::cached(&self.root, &path, offset));
        let opened = match cached.flatten() {
            Some(opened) => opened,
            None => {
                self.run(move |root| Opened::open(root, &path, offset))
                    .await?
            }
        };
        Ok(LocalReader::new(self.runtime.clone(), opened))
    }

    async fn create(&self, path: &VirtualPath, placement: Placement) -> Result<LocalWriter<R>> {
        let (path, umask, root) = (path.clone(), self.umask, Arc::clone(&self.root));
        // A new file in a folder that is in memory is made in memory.
        let folder = (self.is_local && placement == Placement::Replace)
            .then(|| writer::cached_folder(&root, &path))
            .flatten();
        let is_cached = folder.is_some();
        let work = move || match folder {
            Some(folder) => Target::replace_in(&root, folder, path, None, umask),
            None => Target::open(&root, path, placement, umask),
        };
        let target = self.pace.run(&self.runtime, is_cached, work).await?;
        Ok(LocalWriter {
            runtime: self.runtime.clone(),
            pace: Arc::clone(&self.pace),
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
        let (path, umask) = (relative(path)?, self.umask);
        self.run(move |root| make_folder(root, &path, umask)).await
    }

    async fn remove_folder(&self, path: &VirtualPath) -> Result<()> {
        let path = below_root(path)?;
        self.run(move |root| remove_folder(root, &path)).await
    }

    async fn rename(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let (from, to) = (below_root(from)?, below_root(to)?);
        self.run(move |root| rename(root, &from, &to)).await
    }

    fn capabilities(&self) -> Capabilities {
        if self.ownership {
            Self::CAPABILITIES
                .with(Capability::SetOwner)
                .with(Capability::SetGroup)
        } else {
            Self::CAPABILITIES
        }
    }

    async fn remove_tree(&self, path: &VirtualPath) -> Result<()> {
        let path = below_root(path)?;
        let mut removal = self.run(move |root| Removal::begin(root, path)).await?;
        loop {
            let (left, is_done) = self
                .run(move |root| removal.step(root).map(|is_done| (removal, is_done)))
                .await?;
            if is_done {
                return Ok(());
            }
            removal = left;
        }
    }

    async fn change(&self, path: &VirtualPath, changes: Changes) -> Result<Entry> {
        let (path, ownership) = (path.clone(), self.ownership);
        self.run(move |root| change::change(root, &path, &changes, ownership))
            .await
    }

    async fn link(&self, path: &VirtualPath, target: &VirtualPath) -> Result<()> {
        let (path, target) = (path.clone(), target.clone());
        self.run(move |root| link::link(root, &path, &target)).await
    }

    async fn copy(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let (from, to, umask) = (from.clone(), to.clone(), self.umask);
        let copying = self
            .run(move |root| Copying::copy(root, &from, to, umask))
            .await?;
        let copied = self.copied(copying).await?;
        self.runtime.blocking(move || copied.finish()).await
    }

    async fn combine(&self, target: &VirtualPath, parts: &[VirtualPath]) -> Result<()> {
        let (target, parts, umask) = (target.clone(), parts.to_vec(), self.umask);
        let (joined, copying) = self
            .run(move |root| Joined::begin(root, target, &parts, umask))
            .await?;
        let copied = self.copied(copying).await?;
        self.run(move |root| joined.finish(root, copied)).await
    }

    async fn digest(
        &self,
        path: &VirtualPath,
        algorithm: DigestAlgorithm,
        range: Option<ChecksumRange>,
    ) -> Result<FileDigest> {
        let (path, turn) = (path.clone(), Turn::take(&self.digests)?);
        let begun = self
            .run(move |root| Digesting::begin(root, &path, algorithm, range, turn))
            .await?;
        let mut digesting = match begun {
            Begun::Known(digest) => return Ok(digest),
            Begun::Unknown(digesting) => digesting,
        };
        loop {
            let step = move || digesting.step().map(|is_more| (digesting, is_more));
            let (next, is_more) = self.runtime.blocking(step).await?;
            if !is_more {
                return Ok(next.finish());
            }
            digesting = next;
        }
    }

    async fn available(&self, path: &VirtualPath) -> Result<u64> {
        let path = relative(path)?;
        self.run(move |root| available(root, &path)).await
    }

    fn umask(&self) -> Option<Permissions> {
        let mask = self.umask.or_else(system_umask)?;
        u16::try_from(mask).ok().map(Permissions::new)
    }

    fn with_umask(&self, mask: Permissions) -> Option<Self> {
        cfg!(unix).then(|| Self {
            umask: Some(u32::from(mask.bits()) & 0o777),
            ..self.clone()
        })
    }
}

impl<R: Runtime> LocalStorage<R> {
    /// All of it but its name.
    async fn copied(&self, mut copying: Copying) -> Result<Copying> {
        loop {
            let step = move || copying.step().map(|is_more| (copying, is_more));
            let (next, is_more) = self.runtime.blocking(step).await?;
            if !is_more {
                return Ok(next);
            }
            copying = next;
        }
    }
}

/// How much room the file system has for others than root.
#[cfg(unix)]
fn available(root: &Dir, path: &Path) -> Result<u64> {
    let folder = check(root.open_dir(path))?;
    let system = check(rustix::fs::fstatvfs(&folder).map_err(Into::into))?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(not(unix))]
fn available(_: &Dir, _: &Path) -> Result<u64> {
    Err(StorageError::Unsupported)
}

/// The umask of this process. Only Linux tells it to who does not set it.
fn system_umask() -> Option<u32> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(mask.trim(), 8).ok()
}

fn make_folder(root: &Dir, path: &Path, umask: Option<u32>) -> Result<()> {
    check(root.create_dir(path))?;
    #[cfg(unix)]
    if let Some(umask) = umask {
        use cap_std::fs::{Permissions, PermissionsExt};

        // Some file systems know no modes; they lose nothing.
        let _ = root.set_permissions(path, Permissions::from_mode(0o777 & !umask));
    }
    Ok(())
}

/// What may be removed or renamed: not the root.
fn below_root(path: &VirtualPath) -> Result<PathBuf> {
    if path.is_root() {
        Err(StorageError::Denied)
    } else {
        relative(path)
    }
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
