//! Writing a file: into a content of its own that becomes the file, or into the file as it is.

use bytes::Bytes;
use ftp_sansio::data::CleanEnd;
use ftp_sansio::wire::VirtualPath;

use super::MemoryStorage;
use super::content::Content;
use super::room::Taken;
use super::tree::{Facts, Id, Inside, Last, OVERHEAD, Place, Slot};
use crate::runtime::give_way;
use crate::storage::{Placement, Result, StorageError, Writer};

/// How much is written in one go while all others wait, in bytes.
const PIECE: usize = 256 * 1024;

/// Writes one file of a [`MemoryStorage`].
#[derive(Debug)]
pub struct MemoryWriter {
    path: VirtualPath,
    start: u64,
    /// How much may still be written, if there is an end to that.
    left: Option<u64>,
    target: Target,
}

#[derive(Debug)]
enum Target {
    New(Box<New>),
    InPlace(InPlace),
}

/// A file that nobody sees yet.
#[derive(Debug)]
pub(super) struct New {
    storage: MemoryStorage,
    slot: Slot,
    /// Whether nothing may be replaced.
    exclusive: bool,
    permissions: u16,
    pub(super) content: Content,
    taken: Taken,
}

/// A file that is written where everybody sees it.
#[derive(Debug)]
struct InPlace {
    storage: MemoryStorage,
    file: Id,
    /// Where the next byte goes, if that is not the end, wherever it is by then.
    position: Option<u64>,
    /// Whether the commit cuts off what is left of the old content.
    cuts: bool,
}

impl MemoryWriter {
    pub(super) fn open(
        storage: &MemoryStorage,
        path: &VirtualPath,
        placement: Placement,
    ) -> Result<Self> {
        let (mut path, mut start, mut left) = (path.clone(), 0, None);
        let target = match placement {
            Placement::Replace => Target::New(Box::new(New::replace(storage, &path, None)?)),
            Placement::Unique => {
                let new = New::unique(storage, &path)?;
                let child = path.child(&new.slot.name);
                path = child.map_err(|_| StorageError::NameNotAllowed)?;
                Target::New(Box::new(new))
            }
            Placement::Append => {
                let file = InPlace::open(storage, &path, None)?;
                start = storage.tree().content(file.file)?.len();
                Target::InPlace(file)
            }
            Placement::At(offset) => {
                start = offset;
                let mut file = InPlace::open(storage, &path, Some(offset))?;
                file.cuts = offset == 0;
                Target::InPlace(file)
            }
            Placement::Within { start: from, end } => {
                (start, left) = (from, Some(end.saturating_sub(from)));
                Target::InPlace(InPlace::open(storage, &path, Some(from))?)
            }
        };
        Ok(Self {
            path,
            start,
            left,
            target,
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
}

impl Writer for MemoryWriter {
    fn path(&self) -> &VirtualPath {
        &self.path
    }

    fn start(&self) -> u64 {
        self.start
    }

    async fn write(&mut self, mut data: Bytes) -> Result<()> {
        let is_too_much = self.take(&mut data);
        let mut pieces = data.chunks(PIECE).peekable();
        while let Some(piece) = pieces.next() {
            match &mut self.target {
                Target::New(new) => new.write(piece)?,
                Target::InPlace(file) => file.write(piece)?,
            }
            if pieces.peek().is_some() {
                give_way().await;
            }
        }
        if is_too_much {
            return Err(StorageError::PastTheEnd);
        }
        Ok(())
    }

    async fn commit(self, _: &CleanEnd) -> Result<()> {
        match self.target {
            Target::New(new) => new.publish(|_| Ok(())),
            Target::InPlace(file) => file.finish(),
        }
    }
}

impl New {
    /// A file that replaces what is there: with the permissions of that, or else those of `like`.
    pub(super) fn replace(
        storage: &MemoryStorage,
        path: &VirtualPath,
        like: Option<&Facts>,
    ) -> Result<Self> {
        if path.is_root() {
            return Err(StorageError::IsAFolder);
        }
        let tree = storage.tree();
        let slot = tree.slot(path)?;
        // What is there, or what a link leads to that is there: a link will itself be replaced, and its file only asked.
        let mut old = None;
        if tree.occupant(&slot)?.is_some()
            && let Ok(id) = tree.find(path)
        {
            tree.content(id)?;
            old = Some(tree.node(id)?.facts.permissions & 0o777);
        }
        drop(tree);
        let mask = !storage.umask;
        let usual = like.map_or(0o666, |like| like.permissions) & 0o777 & mask;
        Self::begin(storage, slot, false, old.unwrap_or(usual))
    }

    /// A file of a name that nobody has. It needs not be hard to guess: nobody can put anything there that would be written through.
    fn unique(storage: &MemoryStorage, folder: &VirtualPath) -> Result<Self> {
        let mut tree = storage.tree();
        let folder = tree.find_folder(folder)?;
        let slot = loop {
            let name = format!("ftp.{:016x}", tree.number()).into();
            let slot = Slot { folder, name };
            if tree.occupant(&slot)?.is_none() {
                break slot;
            }
        };
        drop(tree);
        Self::begin(storage, slot, true, 0o666 & !storage.umask)
    }

    fn begin(
        storage: &MemoryStorage,
        slot: Slot,
        exclusive: bool,
        permissions: u16,
    ) -> Result<Self> {
        Ok(Self {
            taken: storage.room.take(OVERHEAD)?,
            storage: storage.clone(),
            slot,
            exclusive,
            permissions,
            content: Content::default(),
        })
    }

    pub(super) fn write(&mut self, data: &[u8]) -> Result<()> {
        let end = self.content.len();
        self.content.write_at(&self.storage.room, end, data)
    }

    /// Gives it its name, unless `check` finds at that moment that it must not have it.
    pub(super) fn publish(
        self,
        check: impl FnOnce(&super::tree::Tree) -> Result<()>,
    ) -> Result<()> {
        let Self {
            storage,
            slot,
            exclusive,
            permissions,
            mut content,
            taken,
        } = self;
        content.tidy();
        let now = storage.now();
        let mut tree = storage.tree();
        check(&tree)?;
        let old = match tree.occupant(&slot)? {
            Some(_) if exclusive => return Err(StorageError::Exists),
            Some(old) if tree.node(old)?.children().is_ok() => return Err(StorageError::IsAFolder),
            Some(old) => Some(tree.remove(old, now)?),
            None => None,
        };
        let facts = Facts::new(now, permissions);
        let published = tree.insert(&slot, Inside::File(content), facts, taken);
        // What was replaced may be large, and is dropped when nobody waits for the lock.
        drop(tree);
        drop(old);
        published.map(drop)
    }
}

impl InPlace {
    /// The file, at the end of a link too; a new one where there is none and it begins at its beginning.
    fn open(storage: &MemoryStorage, path: &VirtualPath, position: Option<u64>) -> Result<Self> {
        let now = storage.now();
        let mut tree = storage.tree();
        let file = match tree.walk(path, Last::Followed)? {
            Place::There(id) => id,
            Place::Free(_) if position.is_some_and(|position| position > 0) => {
                return Err(StorageError::NotFound);
            }
            Place::Free(slot) => {
                let facts = Facts::new(now, 0o666 & !storage.umask);
                let taken = storage.room.take(OVERHEAD)?;
                tree.insert(&slot, Inside::File(Content::default()), facts, taken)?
            }
        };
        if position.is_some_and(|position| {
            tree.content(file)
                .is_ok_and(|content| position > content.len())
        }) {
            return Err(StorageError::PastTheEnd);
        }
        tree.content(file)?;
        drop(tree);
        Ok(Self {
            storage: storage.clone(),
            file,
            position,
            cuts: false,
        })
    }

    fn write(&mut self, data: &[u8]) -> Result<()> {
        let now = self.storage.now();
        let mut tree = self.storage.tree();
        let content = tree.content_mut(self.file)?;
        let position = self.position.unwrap_or(content.len());
        content.write_at(&self.storage.room, position, data)?;
        tree.node_mut(self.file)?.facts.modified = now;
        if let Some(position) = &mut self.position {
            *position += data.len() as u64;
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        let now = self.storage.now();
        let mut tree = self.storage.tree();
        let content = tree.content_mut(self.file)?;
        if let Some(position) = self.position.filter(|_| self.cuts)
            && position < content.len()
        {
            content.truncate(position);
            tree.node_mut(self.file)?.facts.modified = now;
        }
        Ok(())
    }
}

impl Drop for InPlace {
    fn drop(&mut self) {
        if let Ok(content) = self.storage.tree().content_mut(self.file) {
            content.tidy();
        }
    }
}
