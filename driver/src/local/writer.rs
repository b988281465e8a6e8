//! Writing a file: where the bytes go at first, and what makes them the file.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cap_std::fs::{Dir, Metadata, OpenOptions};
use ftp_sansio::data::CleanEnd;
use ftp_sansio::wire::VirtualPath;

use super::error::check;
use super::{name, open_regular};
use crate::kernel::{self, Purpose};
use crate::pace::Pace;
use crate::runtime::Runtime;
use crate::storage::{Placement, Result, StorageError, Writer};

/// A file of so many bytes gets its name in a moment. That of a larger one may have to wait: the file system may want to write it down
/// before another file gives way to it, and what gives way has to be freed.
const QUICK: u64 = 1024 * 1024;

/// Writes one file of a [`LocalStorage`](super::LocalStorage).
#[derive(Debug)]
pub struct LocalWriter<R> {
    pub(super) runtime: R,
    pub(super) pace: Arc<Pace>,
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
    written: u64,
    finish: Finish,
    /// How much may still be written, if there is an end to that.
    left: Option<u64>,
    /// Whether every write goes to the end, wherever that is.
    appends: bool,
    /// Whether writing to it waits for no more than a disk of this machine.
    is_local: bool,
}

/// What [`Writer::commit`] still has to do.
#[derive(Debug)]
enum Finish {
    /// Give the temporary file its name, which a file of so many bytes bears now.
    Publish(Temporary, u64),
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
        self.target.written += data.len() as u64;
        let file = Arc::clone(&self.target.file);
        let work = move || (&*file).write_all(&data);
        let written = self.pace.run(&self.runtime, self.target.is_local, work);
        check(written.await)?;
        if is_too_much {
            return Err(StorageError::PastTheEnd);
        }
        Ok(())
    }

    fn lend(&self) -> Option<&File> {
        let target = &self.target;
        let may = target.is_local && target.left.is_none() && !target.appends;
        (may && self.pace.is_quick(self.runtime.now())).then(|| &*target.file)
    }

    fn advance(&mut self, count: u64, took: Duration) {
        self.target.written += count;
        self.pace.note(self.runtime.now(), took);
    }

    async fn commit(self, _: &CleanEnd) -> Result<()> {
        let Self {
            runtime,
            target,
            pace,
        } = self;
        let is_quick = target.is_quick_to_commit();
        pace.run(&runtime, is_quick, move || target.commit()).await
    }
}

/// The folder that a file is to be in, if it is in memory, on the root's own file system.
pub(super) fn cached_folder(root: &Arc<Dir>, path: &VirtualPath) -> Option<Arc<Dir>> {
    let parent = path.parent()?;
    if parent.is_root() {
        return Some(Arc::clone(root));
    }
    let parent = name::relative(&parent).ok()?;
    let folder = kernel::open_cached(&**root, &parent, Purpose::Enter)?;
    Some(Arc::new(Dir::from_std_file(folder)))
}

impl Target {
    /// Opens what `placement` asks for. A `umask` is the session's own choice; without one the system's holds.
    pub(super) fn open(
        root: &Arc<Dir>,
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
        root: &Arc<Dir>,
        path: VirtualPath,
        like: Option<&Metadata>,
        umask: Option<u32>,
    ) -> Result<Self> {
        let parent = path.parent().ok_or(StorageError::IsAFolder)?;
        let folder = check(root.open_dir(name::relative(&parent)?))?;
        let mut target = Self::replace_in(root, Arc::new(folder), path, like, umask)?;
        target.is_local = kernel::is_local(&*target.file);
        Ok(target)
    }

    /// The same in a folder that was opened already, on a disk of this machine.
    pub(super) fn replace_in(
        root: &Dir,
        folder: Arc<Dir>,
        path: VirtualPath,
        like: Option<&Metadata>,
        umask: Option<u32>,
    ) -> Result<Self> {
        let name = name::os_string(path.name().ok_or(StorageError::IsAFolder)?)?;
        let old = replaceable(root, &folder, &name, &path)?;
        let mode = wanted_mode(old.as_ref().map(|old| old.mode), like, umask);
        let (temporary, file) = Temporary::create(folder, name, false, mode)?;
        let finish = Finish::Publish(temporary, old.map_or(0, |old| old.size));
        Ok(Self::new(path, file, 0, finish))
    }

    fn unique(root: &Dir, folder: &VirtualPath, umask: Option<u32>) -> Result<Self> {
        let name = name::unique()?;
        let path = folder
            .child(name.as_bytes())
            .map_err(|_| StorageError::NameNotAllowed)?;
        let folder = Arc::new(check(root.open_dir(name::relative(folder)?))?);
        let mode = wanted_mode(None, None, umask);
        let (temporary, file) = Temporary::create(folder, name.into(), true, mode)?;
        let mut target = Self::new(path, file, 0, Finish::Publish(temporary, 0));
        target.is_local = kernel::is_local(&*target.file);
        Ok(target)
    }

    fn new(path: VirtualPath, file: File, start: u64, finish: Finish) -> Self {
        Self {
            path,
            file: Arc::new(file),
            start,
            written: 0,
            finish,
            left: None,
            appends: false,
            is_local: true,
        }
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
        let start = offset.unwrap_or(metadata.len());
        let is_local = kernel::is_local(&file);
        Ok(Self {
            appends: offset.is_none(),
            is_local,
            ..Self::new(path, file, start, finish)
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

    /// Whether [`commit`](Self::commit) is done in a moment.
    const fn is_quick_to_commit(&self) -> bool {
        let is_quick = match self.finish {
            Finish::Nothing => true,
            Finish::Cut => false,
            Finish::Publish(_, old) => self.written <= QUICK && old <= QUICK,
        };
        is_quick && self.is_local
    }

    pub(super) fn commit(self) -> Result<()> {
        if matches!(self.finish, Finish::Cut) {
            let end = check((&*self.file).stream_position())?;
            check(self.file.set_len(end))?;
        }
        if !self.is_local {
            // A network's file system may take bytes that it has no room for, and say so when they are written down at the latest: to
            // close a file may tell it too, but not to us.
            check(self.file.sync_all())?;
        }
        match self.finish {
            Finish::Cut | Finish::Nothing => Ok(()),
            Finish::Publish(temporary, _) => {
                drop(self.file);
                temporary.publish()
            }
        }
    }
}

/// What a new file will replace.
struct Old {
    mode: u32,
    size: u64,
}

impl Old {
    /// If it may be replaced: a file.
    fn of(metadata: &Metadata) -> Result<Self> {
        if metadata.is_dir() {
            return Err(StorageError::IsAFolder);
        }
        if !metadata.is_file() {
            return Err(StorageError::Denied);
        }
        Ok(Self {
            mode: mode(metadata),
            size: metadata.len(),
        })
    }
}

/// What is there already under the name, if it may be replaced: a file, or a link that leads to no folder.
fn replaceable(
    root: &Dir,
    folder: &Dir,
    name: &OsString,
    path: &VirtualPath,
) -> Result<Option<Old>> {
    let old = match look(folder, name) {
        Err(StorageError::NotFound) => return Ok(None),
        old => old?,
    };
    match old {
        Found::Plain(old) => Ok(Some(old)),
        // A link that leads nowhere, or out of the root, has nothing to tell: it will be replaced, and not followed.
        Found::Link => match root.metadata(name::relative(path)?) {
            Ok(metadata) => Old::of(&metadata).map(Some),
            Err(_) => Ok(None),
        },
    }
}

/// What stands under a name itself.
enum Found {
    Plain(Old),
    Link,
}

/// One call: the name is a single one, so that there is nothing on the way that could lead out of the folder.
#[cfg(unix)]
#[allow(
    clippy::useless_conversion,
    reason = "some systems' modes are narrower"
)]
fn look(folder: &Dir, name: &OsString) -> Result<Found> {
    use rustix::fs::{AtFlags, FileType};

    let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
    let stat = check(stat.map_err(Into::into))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(Found::Plain(Old {
            mode: u32::from(stat.st_mode),
            size: u64::try_from(stat.st_size).unwrap_or(0),
        })),
        FileType::Directory => Err(StorageError::IsAFolder),
        FileType::Symlink => Ok(Found::Link),
        _ => Err(StorageError::Denied),
    }
}

#[cfg(not(unix))]
fn look(folder: &Dir, name: &OsString) -> Result<Found> {
    let metadata = check(folder.symlink_metadata(name))?;
    match metadata.is_symlink() {
        true => Ok(Found::Link),
        false => Old::of(&metadata).map(Found::Plain),
    }
}

/// A file under a temporary name, which goes away unless it is published.
#[derive(Debug)]
struct Temporary {
    /// The folder itself and not its path, so that both names are in one folder whatever is renamed meanwhile.
    folder: Arc<Dir>,
    /// Empty once there is nothing to remove any more.
    name: OsString,
    target: OsString,
    exclusive: bool,
}

impl Temporary {
    fn create(
        folder: Arc<Dir>,
        target: OsString,
        exclusive: bool,
        mode: Option<u32>,
    ) -> Result<(Self, File)> {
        let name = name::upload()?;
        // From the first byte on, nobody may read more here than in the file that it will replace.
        let file = check(create_new(&folder, &name, mode))?;
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
        let renamed = check(rename(&self.folder, &self.name, &self.target));
        match renamed {
            Ok(()) => self.name.clear(),
            Err(_) if self.exclusive => drop(self.folder.remove_file(&self.target)),
            Err(_) => {}
        }
        renamed
    }
}

/// Makes a new file; both names are single ones here and below, so that there is nothing on the way that could lead out of the folder.
#[cfg(unix)]
fn create_new(folder: &Dir, name: &OsString, mode: Option<u32>) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};

    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(mode.unwrap_or(0o666) as rustix::fs::RawMode);
    Ok(rustix::fs::openat(folder, name, flags, mode)?.into())
}

#[cfg(unix)]
fn rename(folder: &Dir, from: &OsString, to: &OsString) -> io::Result<()> {
    Ok(rustix::fs::renameat(folder, from, folder, to)?)
}

#[cfg(not(unix))]
fn create_new(folder: &Dir, name: &OsString, _: Option<u32>) -> io::Result<File> {
    let file = folder.open_with(name, OpenOptions::new().write(true).create_new(true))?;
    Ok(file.into_std())
}

#[cfg(not(unix))]
fn rename(folder: &Dir, from: &OsString, to: &OsString) -> io::Result<()> {
    folder.rename(from, folder, to)
}

/// The permissions of a new file, where the system's usual ones are not wanted: those of the file that it replaces, of the one that
/// it is a copy of, or what the session's umask leaves. Not set-user-id and its like, which were granted to the old content.
fn wanted_mode(old: Option<u32>, like: Option<&Metadata>, umask: Option<u32>) -> Option<u32> {
    if !cfg!(unix) {
        return None;
    }
    let left = !umask.unwrap_or(0);
    let copied = like.map(|like| mode(like) & 0o777 & left);
    old.map(|old| old & 0o777)
        .or(copied)
        .or(umask.map(|umask| 0o666 & !umask))
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    cap_std::fs::MetadataExt::mode(metadata)
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0
}

impl Drop for Temporary {
    /// One unlink; it does not wait for a disk, so it is done where it stands.
    fn drop(&mut self) {
        if !self.name.is_empty() {
            let _ = self.folder.remove_file(&self.name);
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use cap_std::ambient_authority;

    use super::*;

    /// A device, which takes every byte, and cannot tell that it has written one down: as a file of a network whose server has no room.
    fn refusing() -> File {
        File::options().write(true).open("/dev/null").unwrap()
    }

    fn target(file: File, finish: Finish, is_local: bool) -> Target {
        let path = VirtualPath::ROOT.child(b"file").unwrap();
        Target {
            is_local,
            ..Target::new(path, file, 0, finish)
        }
    }

    #[test]
    fn what_is_elsewhere_counts_when_it_is_written_down() {
        let at = std::env::temp_dir().join(format!("ftp-driver-commit-{}", std::process::id()));
        std::fs::create_dir(&at).unwrap();
        let folder = Arc::new(Dir::open_ambient_dir(&at, ambient_authority()).unwrap());
        let publish = || {
            let folder = Arc::clone(&folder);
            let created = Temporary::create(folder, "file".into(), false, None);
            Finish::Publish(created.unwrap().0, 0)
        };
        let names = || std::fs::read_dir(&at).unwrap().count();
        let refused = [publish(), Finish::Nothing]
            .map(|finish| target(refusing(), finish, false).commit().is_err());
        let refused_names = names();
        // What a disk of this machine has taken is not waited for.
        let taken = [publish(), Finish::Nothing]
            .map(|finish| target(refusing(), finish, true).commit().is_ok());
        let taken_names = names();
        std::fs::remove_dir_all(&at).unwrap();
        assert_eq!((refused, refused_names), ([true; 2], 0));
        assert_eq!((taken, taken_names), ([true; 2], 1));
    }
}
