//! Copying and joining files: into a hidden file, a piece at a time, that gets its name when it is whole.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::{Dir, OpenOptions};
use ftp_sansio::wire::VirtualPath;

use super::error::check;
use super::name::relative;
use super::open_regular;
use super::place::real;
use super::version::Version;
use super::writer::Target;
use crate::storage::{Result, StorageError};

/// How much is copied in one go, in bytes. The system does it without a buffer here (`copy_file_range`), or does not copy at all
/// where the file system can share what files hold.
const PIECE: u64 = 64 * 1024 * 1024;

/// A copy under way. Dropping it leaves everything as it was.
#[derive(Debug)]
pub(super) struct Copying {
    sources: VecDeque<File>,
    target: Target,
}

impl Copying {
    pub(super) fn copy(
        root: &Arc<Dir>,
        from: &VirtualPath,
        to: VirtualPath,
        umask: Option<u32>,
    ) -> Result<Self> {
        let (source, metadata) =
            open_regular(root, &relative(from)?, OpenOptions::new().read(true))?;
        Ok(Self {
            sources: VecDeque::from([source]),
            target: Target::replace(root, to, Some(&metadata), umask)?,
        })
    }

    /// Copies some more. False when there is nothing more.
    pub(super) fn step(&mut self) -> Result<bool> {
        let Some(source) = self.sources.front() else {
            return Ok(false);
        };
        let copied = check(io::copy(&mut source.take(PIECE), &mut self.target.file()))?;
        if copied == 0 {
            self.sources.pop_front();
        }
        Ok(true)
    }

    pub(super) fn finish(self) -> Result<()> {
        self.target.commit()
    }
}

/// What is joined, as it was when that began: what others have put there since is theirs, and stays.
#[derive(Debug)]
pub(super) struct Joined {
    target: PathBuf,
    /// Nothing where there was none.
    held: Option<Version>,
    parts: Vec<(PathBuf, Version)>,
}

impl Joined {
    /// What the target holds already comes before the parts.
    pub(super) fn begin(
        root: &Arc<Dir>,
        to: VirtualPath,
        parts: &[VirtualPath],
        umask: Option<u32>,
    ) -> Result<(Self, Copying)> {
        each_once(root, &to, parts)?;
        let mut sources = VecDeque::new();
        let mut open = |path: &Path| {
            let (file, metadata) = open_regular(root, path, OpenOptions::new().read(true))?;
            sources.push_back(file);
            Ok(Version::of(&metadata))
        };
        let target = relative(&to)?;
        let held = match open(&target) {
            Ok(held) => Some(held),
            Err(StorageError::NotFound) => None,
            Err(error) => return Err(error),
        };
        let parts = parts.iter().map(|part| {
            let part = relative(part)?;
            let version = open(&part)?;
            Ok((part, version))
        });
        let joined = Self {
            target,
            held,
            parts: parts.collect::<Result<_>>()?,
        };
        let target = Target::replace(root, to, None, umask)?;
        Ok((joined, Copying { sources, target }))
    }

    /// Gives the whole its name, and removes the parts. Where somebody has written to the target meanwhile, that would be lost.
    pub(super) fn finish(self, root: &Dir, copied: Copying) -> Result<()> {
        let now = match root.metadata(&self.target) {
            Ok(now) => Some(Version::of(&now)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => return Err(StorageError::Busy),
        };
        if now != self.held {
            return Err(StorageError::Busy);
        }
        copied.finish()?;
        for (part, joined) in self.parts {
            if root
                .metadata(&part)
                .is_ok_and(|now| Version::of(&now) == joined)
            {
                // One that stays has been joined all the same: an error would have the client do it again.
                let _ = root.remove_file(part);
            }
        }
        Ok(())
    }
}

/// Refuses files that are one and the same by way of a link: a part that is the target would be removed when all is joined.
fn each_once(root: &Dir, to: &VirtualPath, parts: &[VirtualPath]) -> Result<()> {
    let mut found = Vec::with_capacity(parts.len() + 1);
    match real(root, &relative(to)?) {
        Ok(target) => found.push(target),
        // It is not there yet.
        Err(StorageError::NotFound) => {}
        Err(error) => return Err(error),
    }
    for part in parts {
        let part = real(root, &relative(part)?)?;
        if found.contains(&part) {
            return Err(StorageError::NameNotAllowed);
        }
        found.push(part);
    }
    Ok(())
}
