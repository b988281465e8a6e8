//! Reading a file.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

use bytes::BytesMut;

use super::error::check;
use crate::runtime::Runtime;
use crate::storage::{Reader, Result};

/// What a buffer without room is given, in bytes.
const DEFAULT_ROOM: usize = 64 * 1024;

/// How much is read at least, in bytes: enough to find the end, or what has been appended since.
const LEAST_READ: usize = 4 * 1024;

/// Reads one file of a [`LocalStorage`](super::LocalStorage).
#[derive(Debug)]
pub struct LocalReader<R> {
    pub(super) runtime: R,
    pub(super) file: Arc<File>,
    pub(super) size: u64,
    /// What lies ahead of the current position, as far as is known.
    pub(super) left: u64,
}

impl<R: Runtime> Reader for LocalReader<R> {
    fn size(&self) -> Option<u64> {
        Some(self.size)
    }

    async fn read(&mut self, mut buffer: BytesMut) -> Result<BytesMut> {
        if buffer.capacity() == buffer.len() {
            buffer.reserve(DEFAULT_ROOM);
        }
        let before = buffer.len();
        // Without `unsafe` the room must be zeroed before it is read into; no more than what will be used.
        let expected = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .max(LEAST_READ);
        let room = (buffer.capacity() - before).min(expected);
        let file = Arc::clone(&self.file);
        let work = move || {
            buffer.resize(before + room, 0);
            let count = fill(&file, &mut buffer[before..])?;
            buffer.truncate(before + count);
            Ok(buffer)
        };
        let buffer = check(self.runtime.blocking(work).await)?;
        self.left = self.left.saturating_sub((buffer.len() - before) as u64);
        Ok(buffer)
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(mut file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
