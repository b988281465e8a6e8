//! Setting what is known of a file: its times, its mode, whom it belongs to.

use cap_std::fs::Dir;
use ftp_sansio::listing::Entry;
#[cfg(unix)]
use ftp_sansio::listing::Permissions;
use ftp_sansio::wire::VirtualPath;

use super::describe::describe;
use super::error::check;
use super::name::relative;
use crate::storage::{Changes, Result, StorageError};

/// Set-user-id and set-group-id: a program that carries them runs with the server's rights, whoever uploaded it.
#[cfg(unix)]
const SET_ID: u16 = 0o6000;

/// Sets one after another: there is no call that sets all at once.
pub(super) fn change(
    root: &Dir,
    path: &VirtualPath,
    changes: &Changes,
    ownership: bool,
) -> Result<Entry> {
    let wants_owner = changes.owner.is_some() || changes.group.is_some();
    // The time at which a file was made is the system's own affair on most.
    if changes.created.is_some() || (wants_owner && !ownership) {
        return Err(StorageError::Unsupported);
    }
    let at = relative(path)?;
    let metadata = check(root.metadata(&at))?;
    // A device or a pipe is no business of a client.
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(StorageError::Denied);
    }
    apply(root, &at, changes)?;
    let metadata = check(root.metadata(&at))?;
    Ok(describe(path.name().unwrap_or(b"/").to_vec(), &metadata))
}

#[cfg(unix)]
fn apply(root: &Dir, at: &std::path::Path, changes: &Changes) -> Result<()> {
    use cap_std::fs::PermissionsExt;
    use rustix::fs::{AtFlags, chownat, utimensat};

    use super::place::Place;

    let (owner, group) = (id(changes.owner.as_ref())?, id(changes.group.as_ref())?);
    let mode = changes.permissions.map(Permissions::bits);
    if mode.is_some_and(|mode| mode & SET_ID != 0) {
        return Err(StorageError::Denied);
    }
    // To set times and owners, the system asks for neither the right to read a file nor the right to write it; so no file
    // is opened. A link that takes its place meanwhile is not followed.
    let place = Place::of(root, at)?;
    let (folder, name) = (&place.folder, &place.name);
    if owner.is_some() || group.is_some() {
        let owner = owner.map(rustix::fs::Uid::from_raw);
        let group = group.map(rustix::fs::Gid::from_raw);
        let changed = chownat(folder, name, owner, group, AtFlags::SYMLINK_NOFOLLOW);
        check(changed.map_err(Into::into))?;
    }
    if let Some(times) = times(changes) {
        let changed = utimensat(folder, name, &times, AtFlags::SYMLINK_NOFOLLOW);
        check(changed.map_err(Into::into))?;
    }
    match mode {
        Some(mode) => {
            let permissions = cap_std::fs::Permissions::from_mode(u32::from(mode));
            check(root.set_permissions(at, permissions))
        }
        None => Ok(()),
    }
}

/// A number. Names are not looked up: that may block for as long as a directory service likes, and tells who has an account here.
#[cfg(unix)]
fn id(text: Option<&ftp_sansio::wire::Arg>) -> Result<Option<u32>> {
    let number = |text: &ftp_sansio::wire::Arg| {
        let digits = std::str::from_utf8(text.as_bytes()).ok()?;
        let digits = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        // The highest number means "leave it" to the system.
        digits?.parse().ok().filter(|&number| number != u32::MAX)
    };
    match text {
        None => Ok(None),
        Some(text) => number(text).map(Some).ok_or(StorageError::NameNotAllowed),
    }
}

/// Both times; one that stays is left out by the system's own mark for that.
#[cfg(unix)]
fn times(changes: &Changes) -> Option<rustix::fs::Timestamps> {
    use ftp_sansio::wire::DateTime;
    use rustix::fs::{Timespec, Timestamps, UTIME_OMIT};

    let spec = |date: Option<DateTime>| match date {
        Some(date) => Timespec {
            tv_sec: date.to_unix(),
            tv_nsec: date.nanosecond().into(),
        },
        None => Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
    };
    (changes.modified.is_some() || changes.accessed.is_some()).then(|| Timestamps {
        last_access: spec(changes.accessed),
        last_modification: spec(changes.modified),
    })
}

#[cfg(not(unix))]
fn apply(root: &Dir, at: &std::path::Path, changes: &Changes) -> Result<()> {
    use std::time::{Duration, UNIX_EPOCH};

    if changes.permissions.is_some() {
        return Err(StorageError::Unsupported);
    }
    let Some(date) = changes.modified else {
        return Ok(());
    };
    let seconds = u64::try_from(date.to_unix()).map_err(|_| StorageError::Unsupported)?;
    let time = UNIX_EPOCH + Duration::new(seconds, date.nanosecond());
    let mut options = cap_std::fs::OpenOptions::new();
    let file = check(root.open_with(at, options.write(true)))?.into_std();
    check(file.set_modified(time))
}
