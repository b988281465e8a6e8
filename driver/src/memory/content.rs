//! What a file holds: blocks of one size, which all share that hold the same.

use std::sync::Arc;

use bytes::BytesMut;

use super::room::{Room, Taken};
use crate::storage::{Result, StorageError};

/// How much a block holds, in bytes; the last one of a file may hold less.
pub(super) const BLOCK: usize = 64 * 1024;

/// The content of a file as it is at some moment. A clone stays as it is, whatever is written to the other: a block that both have is
/// copied before it changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    blocks: Arc<Vec<Arc<Block>>>,
    len: u64,
}

impl Content {
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was written to either since one was cloned from the other.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.len == other.len && Arc::ptr_eq(&self.blocks, &other.blocks)
    }

    /// Writes over what is there, and goes on after the end. Where the room does not suffice, what was written stays.
    pub(super) fn write_at(
        &mut self,
        room: &Arc<Room>,
        mut position: u64,
        mut data: &[u8],
    ) -> Result<()> {
        // There are no holes: the file has become shorter since somebody began to write here.
        if position > self.len {
            return Err(StorageError::PastTheEnd);
        }
        if data.is_empty() {
            return Ok(());
        }
        let blocks = Arc::make_mut(&mut self.blocks);
        while !data.is_empty() {
            let (index, offset) = place(position);
            let (now, later) = data.split_at(data.len().min(BLOCK - offset));
            if index == blocks.len() {
                blocks.push(Arc::new(Block::new(room.take(0)?)));
            }
            Block::own(&mut blocks[index])?.write(offset, now)?;
            position += now.len() as u64;
            self.len = self.len.max(position);
            data = later;
        }
        Ok(())
    }

    /// Cuts off what lies behind `len` bytes.
    pub(super) fn truncate(&mut self, len: u64) {
        if len < self.len {
            self.len = len;
            let (index, offset) = place(len);
            let count = index + usize::from(offset > 0);
            Arc::make_mut(&mut self.blocks).truncate(count);
            self.tidy();
        }
    }

    /// Gives back the room that the last block does not need.
    pub(super) fn tidy(&mut self) {
        let (index, offset) = place(self.len);
        let Some(blocks) = Arc::get_mut(&mut self.blocks) else {
            return;
        };
        if let Some(block) = blocks.get_mut(index).and_then(Arc::get_mut) {
            block.shrink(offset);
        }
    }

    /// What comes next, as far as it lies in one piece; nothing at the end.
    pub(super) fn piece(&self, position: u64) -> &[u8] {
        let (index, offset) = place(position);
        // A block may hold more than belongs to the file, where that was cut off while somebody else had the block too.
        let left = usize::try_from(self.len.saturating_sub(position)).unwrap_or(usize::MAX);
        let block = self.blocks.get(index).map_or(&[][..], |block| &block.data);
        let piece = block.get(offset..).unwrap_or_default();
        &piece[..piece.len().min(left)]
    }

    /// Fills the buffer's spare capacity from `position` on. It gives how much that was, in bytes.
    pub(super) fn read(&self, mut position: u64, buffer: &mut BytesMut) -> u64 {
        let start = position;
        loop {
            let piece = self.piece(position);
            let count = piece.len().min(buffer.capacity() - buffer.len());
            if count == 0 {
                return position - start;
            }
            buffer.extend_from_slice(&piece[..count]);
            position += count as u64;
        }
    }
}

/// The block of a position, and the place in it.
fn place(position: u64) -> (usize, usize) {
    let block = BLOCK as u64;
    let index = usize::try_from(position / block).unwrap_or(usize::MAX);
    (index, (position % block) as usize)
}

#[derive(Debug)]
struct Block {
    data: Vec<u8>,
    /// As much as the data's capacity.
    taken: Taken,
}

impl Block {
    const fn new(taken: Taken) -> Self {
        Self {
            data: Vec::new(),
            taken,
        }
    }

    /// A block that nobody else has: this one or a copy in its place.
    fn own(block: &mut Arc<Self>) -> Result<&mut Self> {
        if Arc::get_mut(block).is_none() {
            let taken = block.taken.another(block.data.len() as u64)?;
            let data = block.data.clone();
            *block = Arc::new(Self { data, taken });
        }
        Arc::get_mut(block).ok_or(StorageError::Failed)
    }

    /// Writes from `offset` on, which is at the end or before it.
    fn write(&mut self, offset: usize, data: &[u8]) -> Result<()> {
        let end = offset + data.len();
        self.grow(end)?;
        let (over, after) = data.split_at(data.len().min(self.data.len() - offset));
        self.data[offset..offset + over.len()].copy_from_slice(over);
        self.data.extend_from_slice(after);
        Ok(())
    }

    /// Sees to it that there is room for so many bytes: for twice what there was, so that many small writes cost no more than a large
    /// one, unless there is not so much room any more.
    fn grow(&mut self, needed: usize) -> Result<()> {
        let capacity = self.data.capacity();
        if needed <= capacity {
            return Ok(());
        }
        for wanted in [needed.max(capacity * 2).min(BLOCK), needed] {
            if self.taken.take_more((wanted - capacity) as u64).is_ok() {
                self.data.reserve_exact(wanted - self.data.len());
                return Ok(());
            }
        }
        Err(StorageError::NoSpace)
    }

    fn shrink(&mut self, len: usize) {
        self.data.truncate(len);
        self.data.shrink_to_fit();
        self.taken.keep(self.data.capacity() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(quota: u64) -> Arc<Room> {
        let room = Arc::new(Room::without_quota());
        room.set_quota(quota);
        room
    }

    fn all(content: &Content) -> Vec<u8> {
        let mut buffer = BytesMut::with_capacity(content.len() as usize);
        assert_eq!(content.read(0, &mut buffer), content.len());
        buffer.to_vec()
    }

    fn pattern(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at % 251) as u8).collect()
    }

    /// Writes of every size, over block ends, give what one write gives.
    #[test]
    fn pieces_make_a_whole() {
        let room = room(10 * BLOCK as u64);
        let data = pattern(3 * BLOCK + 17);
        for size in [1, 3, 1000, BLOCK - 1, BLOCK, BLOCK + 1, data.len()] {
            let mut content = Content::default();
            for piece in data.chunks(size) {
                content.write_at(&room, content.len(), piece).unwrap();
            }
            assert!(all(&content) == data, "{size}");
            content.tidy();
            assert_eq!(room.used(), data.len() as u64, "{size}");
        }
        assert_eq!(room.used(), 0);
    }

    #[test]
    fn a_clone_stays_as_it_is() {
        let room = room(10 * BLOCK as u64);
        let data = pattern(2 * BLOCK);
        let mut content = Content::default();
        content.write_at(&room, 0, &data).unwrap();
        let before = content.clone();
        assert!(before.is_same(&content));
        content.write_at(&room, BLOCK as u64 - 1, b"!!").unwrap();
        content.write_at(&room, content.len(), b"more").unwrap();
        assert!(!before.is_same(&content));
        assert!(all(&before) == data);
        let mut changed = data.clone();
        changed[BLOCK - 1..=BLOCK].copy_from_slice(b"!!");
        changed.extend_from_slice(b"more");
        assert!(all(&content) == changed);
        // Both blocks are there twice now, and that counts.
        content.tidy();
        assert_eq!(room.used(), 4 * BLOCK as u64 + 4);
        drop(before);
        assert_eq!(room.used(), 2 * BLOCK as u64 + 4);
    }

    #[test]
    fn cut_off_and_gone_on() {
        let room = room(10 * BLOCK as u64);
        for shared in [false, true] {
            let mut content = Content::default();
            content.write_at(&room, 0, &pattern(BLOCK + 10)).unwrap();
            let other = shared.then(|| content.clone());
            content.truncate(BLOCK as u64 + 3);
            assert!(all(&content) == pattern(BLOCK + 3));
            content.write_at(&room, content.len(), b"x").unwrap();
            assert!(all(&content)[BLOCK..] == [&pattern(BLOCK + 3)[BLOCK..], b"x"].concat());
            content.truncate(BLOCK as u64);
            content.truncate(u64::MAX);
            assert!(all(&content) == pattern(BLOCK));
            assert!(content.piece(BLOCK as u64).is_empty());
            drop(other);
            assert_eq!(room.used(), BLOCK as u64, "{shared}");
            content.truncate(0);
            assert_eq!((room.used(), all(&content)), (0, Vec::new()));
            let beyond = content.write_at(&room, 1, b"x");
            assert_eq!(beyond, Err(StorageError::PastTheEnd));
        }
    }

    /// The last byte of the room can be used, and not one more.
    #[test]
    fn the_room_ends() {
        let room = room(BLOCK as u64 + 100);
        let mut content = Content::default();
        for _ in 0..BLOCK + 100 {
            content.write_at(&room, content.len(), b"x").unwrap();
        }
        let full = Err(StorageError::NoSpace);
        assert_eq!(content.write_at(&room, content.len(), b"x"), full);
        assert_eq!(content.len(), BLOCK as u64 + 100);
        content.write_at(&room, 0, b"over what is there").unwrap();
        let other = content.clone();
        assert_eq!(content.write_at(&room, 0, b"a copy of it"), full);
        assert!(all(&other).starts_with(b"over what is there"));
    }
}
