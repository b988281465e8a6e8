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
    finish: Finish,
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

    async fn write(&mut self, data: Bytes) -> Result<()> {
        let file = Arc::clone(&self.target.file);
        check(
            self.runtime
                .blocking(move || (&*file).write_all(&data))
                .await,
        )
    }

    async fn commit(self, _: &CleanEnd) -> Result<()> {
        let Self { runtime, target } = self;
        runtime.blocking(move || target.commit()).await
    }
}

impl Target {
    /// Opens what `placement` asks for.
    pub(super) fn open(root: &Dir, path: VirtualPath, placement: Placement) -> Result<Self> {
        match placement {
            Placement::Replace => Self::replace(root, path),
            Placement::Unique => Self::unique(root, &path),
            Placement::Append => Self::in_place(root, path, None),
            Placement::At(offset) => Self::in_place(root, path, Some(offset)),
        }
    }

    fn replace(root: &Dir, path: VirtualPath) -> Result<Self> {
        let (Some(parent), Some(name)) = (path.parent(), path.name()) else {
            return Err(StorageError::IsAFolder);
        };
        let name = name::os_string(name)?;
        let folder = check(root.open_dir(name::relative(&parent)?))?;
        let old = replaceable(root, &folder, &name, &name::relative(&path)?)?;
        let (temporary, file) = Temporary::create(folder, name, false, old.as_ref())?;
        Ok(Self {
            path,
            file: Arc::new(file),
            finish: Finish::Publish(temporary),
        })
    }

    fn unique(root: &Dir, folder: &VirtualPath) -> Result<Self> {
        let name = name::unique()?;
        let path = folder
            .child(name.as_bytes())
            .map_err(|_| StorageError::NameNotAllowed)?;
        let folder = check(root.open_dir(name::relative(folder)?))?;
        let (temporary, file) = Temporary::create(folder, name.into(), true, None)?;
        Ok(Self {
            path,
            file: Arc::new(file),
            finish: Finish::Publish(temporary),
        })
    }

    /// From `offset` on, or after the end. A link is followed here: it is the file it leads to that is written.
    fn in_place(root: &Dir, path: VirtualPath, offset: Option<u64>) -> Result<Self> {
        if path.is_root() {
            return Err(StorageError::IsAFolder);
        }
        let mut options = OpenOptions::new();
        match offset {
            None => options.append(true).create(true),
            Some(offset) => options.write(true).create(offset == 0),
        };
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
            finish,
        })
    }

    fn commit(self) -> Result<()> {
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
        old: Option<&Metadata>,
    ) -> Result<(Self, File)> {
        let name = name::upload()?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // From the first byte on, nobody may read more here than in the file that it will replace.
        #[cfg(unix)]
        if let Some(mode) = old.map(mode) {
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
        if let Some(mode) = old.map(mode) {
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

/// The bits that are kept: not set-user-id and its like, which were granted to the old content.
#[cfg(unix)]
fn mode(old: &Metadata) -> u32 {
    cap_std::fs::MetadataExt::mode(old) & 0o777
}

impl Drop for Temporary {
    /// One unlink; it does not wait for a disk, so it is done where it stands.
    fn drop(&mut self) {
        if !self.name.is_empty() {
            let _ = self.folder.remove_file(&self.name);
        }
    }
}
