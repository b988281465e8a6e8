//! Writing a file: where the bytes go at first, and what makes them the file.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use cap_std::fs::{Dir, Metadata, OpenOptions};
use ftp_sansio::data::CleanEnd;
use ftp_sansio::wire::VirtualPath;

use super::error::{check, translate};
use super::{name, open_regular};
use crate::runtime::Runtime;
use crate::storage::{Placement, Result, StorageError, Writer};

/// Writes one file of a [`LocalStorage`](super::LocalStorage).
#[derive(Debug)]
pub struct LocalWriter<R> {
    pub(super) runtime: R,
    // Dropped in this order: some systems do not remove a file that is open.
    pub(super) target: Target,
}

/// An upload under way.
#[derive(Debug)]
pub(super) struct Target {
    path: VirtualPath,
    file: Arc<File>,
    /// How many bytes of it come before the first that is written.
    start: u64,
    finish: Finish,
    /// How much may still be written, if there is an end to that.
    left: Option<u64>,
}

/// What [`Writer::commit`] still has to do.
#[derive(Debug)]
enum Finish {
    /// Give the temporary file its name.
    Publish(Temporary),
    /// Cut off what is left of the old content.
    Cut,
    Nothing,
}

impl<R: Runtime> Writer for LocalWriter<R> {
    fn path(&self) -> &VirtualPath {
        &self.target.path
    }

    fn start(&self) -> u64 {
        self.target.start
    }

    async fn write(&mut self, mut data: Bytes) -> Result<()> {
        let is_too_much = self.target.take(&mut data);
        let file = Arc::clone(&self.target.file);
        check(
            self.runtime
                .blocking(move || (&*file).write_all(&data))
                .await,
        )?;
        if is_too_much {
            return Err(StorageError::PastTheEnd);
        }
        Ok(())
    }

    async fn commit(self, _: &CleanEnd) -> Result<()> {
        let Self { runtime, target } = self;
        runtime.blocking(move || target.commit()).await
    }
}

impl Target {
    /// Opens what `placement` asks for. A `umask` is the session's own choice; without one the system's holds.
    pub(super) fn open(
        root: &Dir,
        path: VirtualPath,
        placement: Placement,
        umask: Option<u32>,
    ) -> Result<Self> {
        match placement {
            Placement::Replace => Self::replace(root, path, None, umask),
            Placement::Unique => Self::unique(root, &path, umask),
            Placement::Append => Self::in_place(root, path, None, umask),
            Placement::At(offset) => Self::in_place(root, path, Some(offset), umask),
            Placement::Within { start, end } => {
                let mut target = Self::in_place(root, path, Some(start), umask)?;
                // What lies behind the range stays, and so does what lies in it and is not written.
                target.finish = Finish::Nothing;
                target.left = Some(end.saturating_sub(start));
                Ok(target)
            }
        }
    }

    /// A new file that gets its name when it is committed: with the permissions of the one that it replaces, or else those of `like`.
    pub(super) fn replace(
        root: &Dir,
        path: VirtualPath,
        like: Option<&Metadata>,
        umask: Option<u32>,
    ) -> Result<Self> {
        let (Some(parent), Some(name)) = (path.parent(), path.name()) else {
            return Err(StorageError::IsAFolder);
        };
        let name = name::os_string(name)?;
        let folder = check(root.open_dir(name::relative(&parent)?))?;
        let old = replaceable(root, &folder, &name, &name::relative(&path)?)?;
        let mode = wanted_mode(old.as_ref(), like, umask);
        let (temporary, file) = Temporary::create(folder, name, false, mode)?;
        Ok(Self {
            path,
            file: Arc::new(file),
            start: 0,
            finish: Finish::Publish(temporary),
            left: None,
        })
    }

    fn unique(root: &Dir, folder: &VirtualPath, umask: Option<u32>) -> Result<Self> {
        let name = name::unique()?;
        let path = folder
            .child(name.as_bytes())
            .map_err(|_| StorageError::NameNotAllowed)?;
        let folder = check(root.open_dir(name::relative(folder)?))?;
        let mode = wanted_mode(None, None, umask);
        let (temporary, file) = Temporary::create(folder, name.into(), true, mode)?;
        Ok(Self {
            path,
            file: Arc::new(file),
            start: 0,
            finish: Finish::Publish(temporary),
            left: None,
        })
    }

    /// From `offset` on, or after the end. A link is followed here: it is the file it leads to that is written.
    fn in_place(
        root: &Dir,
        path: VirtualPath,
        offset: Option<u64>,
        umask: Option<u32>,
    ) -> Result<Self> {
        if path.is_root() {
            return Err(StorageError::IsAFolder);
        }
        let mut options = OpenOptions::new();
        match offset {
            None => options.append(true).create(true),
            Some(offset) => options.write(true).create(offset == 0),
        };
        #[cfg(unix)]
        if let Some(mode) = wanted_mode(None, None, umask) {
            // The system's umask takes its part too: in place, a session may take more from a new file than that, and not less.
            cap_std::fs::OpenOptionsExt::mode(&mut options, mode);
        }
        let (mut file, metadata) = open_regular(root, &name::relative(&path)?, &mut options)?;
        if let Some(offset) = offset {
            if offset > metadata.len() {
                return Err(StorageError::PastTheEnd);
            }
            check(file.seek(SeekFrom::Start(offset)))?;
        }
        let finish = if offset == Some(0) {
            Finish::Cut
        } else {
            Finish::Nothing
        };
        Ok(Self {
            path,
            file: Arc::new(file),
            start: offset.unwrap_or(metadata.len()),
            finish,
            left: None,
        })
    }

    /// Cuts off what lies past the end of a range. True where that is something.
    fn take(&mut self, data: &mut Bytes) -> bool {
        let Some(left) = &mut self.left else {
            return false;
        };
        let room = usize::try_from(*left).unwrap_or(usize::MAX);
        let is_too_much = data.len() > room;
        data.truncate(room);
        *left -= data.len() as u64;
        is_too_much
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn commit(self) -> Result<()> {
        match self.finish {
            Finish::Nothing => Ok(()),
            Finish::Cut => {
                let end = check((&*self.file).stream_position())?;
                check(self.file.set_len(end))
            }
            Finish::Publish(temporary) => {
                drop(self.file);
                temporary.publish()
            }
        }
    }
}

/// What is there already under the name, if it may be replaced: a file, or a link that leads to no folder.
fn replaceable(root: &Dir, folder: &Dir, name: &OsString, path: &Path) -> Result<Option<Metadata>> {
    let old = match folder
        .symlink_metadata(name)
        .map_err(|error| translate(&error))
    {
        Err(StorageError::NotFound) => return Ok(None),
        old => old?,
    };
    // A link that leads nowhere, or out of the root, has nothing to tell: it will be replaced, and not followed.
    let old = if old.is_symlink() {
        root.metadata(path).ok()
    } else {
        Some(old)
    };
    match old {
        Some(old) if old.is_dir() => Err(StorageError::IsAFolder),
        Some(old) if !old.is_file() => Err(StorageError::Denied),
        old => Ok(old),
    }
}

/// A file under a temporary name, which goes away unless it is published.
#[derive(Debug)]
struct Temporary {
    /// The folder itself and not its path, so that both names are in one folder whatever is renamed meanwhile.
    folder: Dir,
    /// Empty once there is nothing to remove any more.
    name: OsString,
    target: OsString,
    exclusive: bool,
}

impl Temporary {
    fn create(
        folder: Dir,
        target: OsString,
        exclusive: bool,
        mode: Option<u32>,
    ) -> Result<(Self, File)> {
        let name = name::upload()?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // From the first byte on, nobody may read more here than in the file that it will replace.
        #[cfg(unix)]
        if let Some(mode) = mode {
            cap_std::fs::OpenOptionsExt::mode(&mut options, mode);
        }
        let file = check(folder.open_with(&name, &options))?.into_std();
        let temporary = Self {
            folder,
            name,
            target,
            exclusive,
        };
        #[cfg(unix)]
        if let Some(mode) = mode {
            // What the umask took away. Some file systems know no modes; they lose nothing.
            let _ = rustix::fs::fchmod(
                &file,
                rustix::fs::Mode::from_raw_mode(mode as rustix::fs::RawMode),
            );
        }
        Ok((temporary, file))
    }

    fn publish(mut self) -> Result<()> {
        if self.exclusive {
            // The one portable way to rename without replacing: to take the name first, and rename over it.
            check(self.folder.open_with(
                &self.target,
                OpenOptions::new().write(true).create_new(true),
            ))?;
        }
        let renamed = check(self.folder.rename(&self.name, &self.folder, &self.target));
        match renamed {
            Ok(()) => self.name.clear(),
            Err(_) if self.exclusive => drop(self.folder.remove_file(&self.target)),
            Err(_) => {}
        }
        renamed
    }
}

/// The permissions of a new file, where the system's usual ones are not wanted: those of the file that it replaces, of the one that
/// it is a copy of, or what the session's umask leaves. Not set-user-id and its like, which were granted to the old content.
#[cfg(unix)]
fn wanted_mode(old: Option<&Metadata>, like: Option<&Metadata>, umask: Option<u32>) -> Option<u32> {
    let mode = |metadata| cap_std::fs::MetadataExt::mode(metadata) & 0o777;
    let left = !umask.unwrap_or(0);
    let copied = like.map(|like| mode(like) & left);
    old.map(mode)
        .or(copied)
        .or(umask.map(|umask| 0o666 & !umask))
}

#[cfg(not(unix))]
fn wanted_mode(_: Option<&Metadata>, _: Option<&Metadata>, _: Option<u32>) -> Option<u32> {
    None
}

impl Drop for Temporary {
    /// One unlink; it does not wait for a disk, so it is done where it stands.
    fn drop(&mut self) {
        if !self.name.is_empty() {
            let _ = self.folder.remove_file(&self.name);
        }
    }
}
