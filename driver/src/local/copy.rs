//! Copying and joining files: into a hidden file, a piece at a time, that gets its name when it is whole.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use cap_std::fs::{Dir, OpenOptions};
use ftp_sansio::wire::VirtualPath;

use super::error::check;
use super::name::relative;
use super::open_regular;
use super::place::real;
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

    /// What the target holds already comes before the parts.
    pub(super) fn combine(
        root: &Arc<Dir>,
        to: VirtualPath,
        parts: &[VirtualPath],
        umask: Option<u32>,
    ) -> Result<Self> {
        each_once(root, &to, parts)?;
        let mut sources = VecDeque::new();
        match open_regular(root, &relative(&to)?, OpenOptions::new().read(true)) {
            Ok((held, _)) => sources.push_back(held),
            Err(StorageError::NotFound) => {}
            Err(error) => return Err(error),
        }
        for part in parts {
            let (part, _) = open_regular(root, &relative(part)?, OpenOptions::new().read(true))?;
            sources.push_back(part);
        }
        Ok(Self {
            sources,
            target: Target::replace(root, to, None, umask)?,
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
