//! Reading a file.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use cap_std::fs::{Dir, OpenOptions};

use super::error::check;
use super::open_regular;
use crate::kernel::{self, Purpose};
use crate::runtime::Runtime;
use crate::storage::{Reader, Result, StorageError};

/// What a buffer without room is given, in bytes.
const DEFAULT_ROOM: usize = 64 * 1024;

/// How much is read at least, in bytes: enough to find the end, or what has been appended since.
const LEAST_READ: usize = 4 * 1024;

/// A file of so many bytes is read as soon as it is opened, where that takes a hop to another thread anyway.
const SMALL: u64 = 64 * 1024;

/// Reads one file of a [`LocalStorage`](super::LocalStorage).
#[derive(Debug)]
pub struct LocalReader<R> {
    runtime: R,
    opened: Opened,
}

impl<R> LocalReader<R> {
    pub(super) const fn new(runtime: R, opened: Opened) -> Self {
        Self { runtime, opened }
    }
}

/// A file that was opened to be read.
#[derive(Debug)]
pub(super) struct Opened {
    file: Arc<File>,
    /// Its size then.
    size: u64,
    /// What comes next, behind what was read already.
    at: u64,
    /// What was read when it was opened.
    first: Bytes,
    /// The end was seen.
    is_at_end: bool,
    /// Whether reading it waits for no more than a disk of this machine.
    is_local: bool,
}

impl Opened {
    /// Opens a file without waiting for a disk; nothing where that cannot be, and where it would fail.
    #[cfg(unix)]
    pub(super) fn cached(root: &Dir, path: &Path, offset: u64) -> Option<Self> {
        use rustix::fs::FileType;

        let file = kernel::open_cached(root, path, Purpose::Read)?;
        let stat = rustix::fs::fstat(&file).ok()?;
        let size = u64::try_from(stat.st_size).ok()?;
        let is_plain = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        (is_plain && offset <= size).then(|| Self {
            file: Arc::new(file),
            size,
            at: offset,
            first: Bytes::new(),
            is_at_end: false,
            is_local: true,
        })
    }

    #[cfg(not(unix))]
    pub(super) fn cached(_: &Dir, _: &Path, _: u64) -> Option<Self> {
        None
    }

    /// Opens a file, and reads it if it is small.
    pub(super) fn open(root: &Dir, path: &Path, offset: u64) -> Result<Self> {
        let (file, metadata) = open_regular(root, path, OpenOptions::new().read(true))?;
        let size = metadata.len();
        let left = size.checked_sub(offset).ok_or(StorageError::PastTheEnd)?;
        let mut opened = Self {
            is_local: kernel::is_local(&file),
            file: Arc::new(file),
            size,
            at: offset,
            first: Bytes::new(),
            is_at_end: false,
        };
        if let Some(small) = usize::try_from(left).ok().filter(|_| left <= SMALL) {
            // A byte more than there should be finds the end.
            let mut first = vec![0; small + 1];
            let count = check(fill(&opened.file, offset, &mut first))?;
            opened.is_at_end = count < first.len();
            first.truncate(count);
            opened.at += count as u64;
            opened.first = first.into();
        }
        Ok(opened)
    }
}

impl<R: Runtime> Reader for LocalReader<R> {
    fn size(&self) -> Option<u64> {
        Some(self.opened.size)
    }

    async fn read(&mut self, mut buffer: BytesMut) -> Result<BytesMut> {
        if buffer.capacity() == buffer.len() {
            buffer.reserve(DEFAULT_ROOM);
        }
        let opened = &mut self.opened;
        let (before, room) = (buffer.len(), buffer.capacity() - buffer.len());
        if !opened.first.is_empty() || opened.is_at_end {
            let count = opened.first.len().min(room);
            buffer.extend_from_slice(&opened.first.split_to(count));
            return Ok(buffer);
        }
        // Without `unsafe` the room must be zeroed before it is read into; no more than what will be used.
        let left = opened.size.saturating_sub(opened.at);
        let expected = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
            .max(LEAST_READ);
        let (room, at) = (room.min(expected), opened.at);
        let file = Arc::clone(&opened.file);
        let work = move || {
            buffer.resize(before + room, 0);
            let count = fill(&file, at, &mut buffer[before..])?;
            buffer.truncate(before + count);
            Ok(buffer)
        };
        let buffer = check(self.runtime.blocking(work).await)?;
        let count = buffer.len() - before;
        let opened = &mut self.opened;
        opened.at += count as u64;
        opened.is_at_end = count < room;
        Ok(buffer)
    }

    fn lend(&self) -> Option<(&File, u64)> {
        let opened = &self.opened;
        let is_next = opened.is_local && !opened.is_at_end && opened.first.is_empty();
        is_next.then(|| (&*opened.file, opened.at))
    }

    fn advance(&mut self, count: u64) {
        self.opened.at += count;
    }
}

/// Reads from `at` on until the buffer is full or the file ends.
fn fill(file: &File, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_at(file, &mut buffer[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

/// It moves the file's own position, which nobody else uses.
#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}
