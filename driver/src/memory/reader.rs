//! Reading a file.

use bytes::BytesMut;

use super::content::{BLOCK, Content};
use crate::storage::{Reader, Result};

/// Reads one file of a [`MemoryStorage`](super::MemoryStorage), as it was when it was opened.
#[derive(Debug)]
pub struct MemoryReader {
    pub(super) content: Content,
    pub(super) position: u64,
}

impl Reader for MemoryReader {
    fn size(&self) -> Option<u64> {
        Some(self.content.len())
    }

    async fn read(&mut self, mut buffer: BytesMut) -> Result<BytesMut> {
        if buffer.capacity() == buffer.len() {
            buffer.reserve(BLOCK);
        }
        self.position += self.content.read(self.position, &mut buffer);
        Ok(buffer)
    }
}
