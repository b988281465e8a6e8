//! Files in memory: for tests, for simulated runs, and for what need not outlive the process.
//!
//! A [`MemoryStorage`] is the root of a tree; its clones are the same tree, seen by as many users as one likes. It never blocks, needs no
//! runtime, and asks the system for nothing but the time, which an embedder may give instead ([`MemoryStorage::with_clock`]): then
//! what it does is a function of what it is told to do. What takes long is done a piece at a time, with a pause after each in which
//! other futures get their turn.
//!
//! ```
//! use ftp_driver::memory::MemoryStorage;
//! use ftp_driver::sansio::wire::{Arg, VirtualPath};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let storage = MemoryStorage::new().with_quota(64 * 1024 * 1024);
//! let path = VirtualPath::ROOT.join(&Arg::try_from("notes/first.txt")?)?;
//! storage.put(&path, b"what a client will find")?;
//! // Hand clones of `storage` to an `Authenticator`, serve, and look at what clients have left:
//! assert_eq!(storage.content(&path)?, "what a client will find");
//! # Ok(())
//! # }
//! ```
//!
//! # What it does
//!
//! - An upload is seen when it is committed, and not before; one that is dropped leaves nothing. Like a file system's, it belongs to the
//!   folder that it was begun in, whatever that is called by then.
//! - Who reads a file reads it as it was when it was opened, whatever becomes of it meanwhile.
//! - Appending and restarting write in place and follow links. A restart past the end is refused; what the file holds beyond the end
//!   of a restarted upload stays, and only one from offset 0 cuts it off. If the file is removed or replaced meanwhile, the
//!   upload fails: what it had written is nowhere.
//! - A link holds the absolute path that it leads to, beneath the root as all paths are. At most 40 are followed for one path.
//! - Permissions, owners (by number) and times are kept and told. Nobody is kept from anything by them: what a user may do is said by
//!   the [`Grant`](crate::storage::Grant). Set-user-id and set-group-id are refused.
//! - A name has at most 255 bytes.
//!
//! # How much memory
//!
//! All is kept until it is removed, and without a quota nothing keeps clients from filling the memory: give one
//! ([`with_quota`](MemoryStorage::with_quota)) wherever somebody may write. Counted is the content of files, in bytes, 1024 bytes for each
//! file, folder and link, and the text of links. An upload under way counts, so to replace a file takes room for both until
//! the commit; while somebody reads what was replaced or removed since, that counts too, and so do the blocks of 64 KiB of it
//! that were written over. A copy shares its content with its source and counts when one of the two is written in place.
//! A file that is being written may hold up to 64 KiB more than its content, unless the room is scarce. So the memory of a tree is what its quota
//! says, and some hundred bytes for each transfer under way.

mod content;
mod entries;
mod reader;
mod remove;
mod room;
#[cfg(test)]
mod tests;
mod tree;
mod writer;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use ftp_sansio::listing::{Entry, Permissions};
use ftp_sansio::wire::{Arg, DateTime, VirtualPath};

pub use self::entries::MemoryEntries;
pub use self::reader::MemoryReader;
pub use self::writer::MemoryWriter;

use self::content::Content;
use self::remove::Removal;
use self::room::Room;
use self::tree::{Facts, Id, Inside, OVERHEAD, Tree};
use self::writer::New;
use crate::calendar;
use crate::digest::Hasher;
use crate::runtime::give_way;
use crate::storage::{
    Capabilities, Capability, Changes, ChecksumRange, DigestAlgorithm, FileDigest, Placement,
    Result, Storage, StorageError,
};

/// How much is digested or joined in one go, in bytes: a millisecond's work at the slowest.
const PIECE: u64 = 256 * 1024;

/// Set-user-id and set-group-id.
const SET_ID: u16 = 0o6000;

/// A tree of files in memory as a store. See the [module](self).
#[derive(Clone)]
pub struct MemoryStorage {
    tree: Arc<Mutex<Tree>>,
    room: Arc<Room>,
    clock: Arc<dyn Fn() -> DateTime + Send + Sync>,
    /// The permissions that new files and folders do not get.
    umask: u16,
}

impl MemoryStorage {
    /// An empty tree, without a quota, on the system's clock.
    #[must_use]
    pub fn new() -> Self {
        let (room, umask) = (Arc::new(Room::without_quota()), 0o022);
        let tree = Tree::new(&room, calendar::today(), 0o777 & !umask);
        Self {
            tree: Arc::new(Mutex::new(tree)),
            room,
            clock: Arc::new(calendar::today),
            umask,
        }
    }

    /// The same tree, in which there is from now on so much room, in bytes; the [module](self) says what counts. It holds for all
    /// clones. What is there already stays, even if it is more.
    #[must_use]
    pub fn with_quota(self, bytes: u64) -> Self {
        self.room.set_quota(bytes);
        self
    }

    /// The same tree, in which what is done by way of this handle, and of clones that are made of it, happens at the time (in UTC) that
    /// `clock` gives. The root was made at the time that it gives now.
    #[must_use]
    pub fn with_clock(self, clock: impl Fn() -> DateTime + Send + Sync + 'static) -> Self {
        let now = clock();
        if let Ok(root) = self.tree().node_mut(tree::ROOT) {
            (root.facts.created, root.facts.modified) = (now, now);
        }
        Self {
            clock: Arc::new(clock),
            ..self
        }
    }

    /// How much room is taken, in bytes.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.room.used()
    }

    /// Puts a file there, as an upload does it, and makes the folders above it that are missing.
    ///
    /// # Errors
    /// What an upload would be told: there is a folder of that name, a file where a folder is wanted, or not enough room.
    pub fn put(&self, path: &VirtualPath, content: &[u8]) -> Result<()> {
        if let Some(folder) = path.parent() {
            self.make_missing(&folder)?;
        }
        let mut new = New::replace(self, path, None)?;
        new.write(content)?;
        new.publish(|_| Ok(()))
    }

    /// What a file holds.
    ///
    /// # Errors
    /// There is no such file.
    pub fn content(&self, path: &VirtualPath) -> Result<Bytes> {
        let (_, content) = self.snapshot(path)?;
        let len = usize::try_from(content.len()).map_err(|_| StorageError::Failed)?;
        let mut buffer = BytesMut::with_capacity(len);
        content.read(0, &mut buffer);
        Ok(buffer.freeze())
    }

    /// Nobody holds this for longer than a piece of work takes, and never while something is waited for.
    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> DateTime {
        (self.clock)()
    }

    /// A file, and what it holds at this moment.
    fn snapshot(&self, path: &VirtualPath) -> Result<(Id, Content)> {
        let tree = self.tree();
        let id = tree.find(path)?;
        Ok((id, tree.content(id)?.clone()))
    }

    fn make_one(&self, path: &VirtualPath) -> Result<()> {
        if path.is_root() {
            return Err(StorageError::Exists);
        }
        let facts = Facts::new(self.now(), 0o777 & !self.umask);
        let mut tree = self.tree();
        let slot = tree.slot(path)?;
        tree.insert_folder(&slot, facts, &self.room).map(drop)
    }

    fn make_missing(&self, path: &VirtualPath) -> Result<()> {
        let facts = Facts::new(self.now(), 0o777 & !self.umask);
        self.tree().make_missing(path, &facts, &self.room)
    }

    /// A new target of a COMB, with all in it.
    async fn join(
        &self,
        target: &VirtualPath,
        held: Option<&Content>,
        parts: &[(Id, Content)],
    ) -> Result<New> {
        let mut new = New::replace(self, target, None)?;
        new.content = held.cloned().unwrap_or_default();
        for (_, part) in parts {
            let mut position = 0;
            let mut rest = PIECE;
            while position < part.len() {
                let piece = part.piece(position);
                new.write(piece)?;
                position += piece.len() as u64;
                rest = rest.saturating_sub(piece.len() as u64);
                if rest == 0 {
                    rest = PIECE;
                    give_way().await;
                }
            }
        }
        Ok(new)
    }
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStorage {
    /// Not all that it holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStorage")
            .field("room", &self.room)
            .field("umask", &format_args!("{:03o}", self.umask))
            .finish_non_exhaustive()
    }
}

impl Storage for MemoryStorage {
    type Reader = MemoryReader;
    type Writer = MemoryWriter;
    type Entries = MemoryEntries;

    async fn inspect(&self, path: &VirtualPath) -> Result<Entry> {
        let tree = self.tree();
        tree.describe(tree.find(path)?, path.name().unwrap_or(b"/"))
    }

    async fn list(&self, path: &VirtualPath) -> Result<MemoryEntries> {
        MemoryEntries::open(self, path)
    }

    async fn open(&self, path: &VirtualPath, offset: u64) -> Result<MemoryReader> {
        let (_, content) = self.snapshot(path)?;
        if offset > content.len() {
            return Err(StorageError::PastTheEnd);
        }
        Ok(MemoryReader {
            content,
            position: offset,
        })
    }

    async fn create(&self, path: &VirtualPath, placement: Placement) -> Result<MemoryWriter> {
        MemoryWriter::open(self, path, placement)
    }

    async fn delete(&self, path: &VirtualPath) -> Result<()> {
        let now = self.now();
        let mut tree = self.tree();
        let id = tree.find_itself(path)?;
        let removed = match &tree.node(id)?.inside {
            Inside::Folder(_) if id == tree::ROOT => Err(StorageError::Denied),
            Inside::Folder(_) => Err(StorageError::IsAFolder),
            _ => tree.remove(id, now),
        };
        // A large file is dropped when nobody waits for the lock.
        drop(tree);
        removed.map(drop)
    }

    async fn make_folder(&self, path: &VirtualPath) -> Result<()> {
        self.make_one(path)
    }

    async fn remove_folder(&self, path: &VirtualPath) -> Result<()> {
        let now = self.now();
        let mut tree = self.tree();
        let id = tree.find_itself(path)?;
        tree.node(id)?.children()?;
        tree.remove(id, now).map(drop)
    }

    async fn rename(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let now = self.now();
        let replaced = self.tree().rename(from, to, now);
        replaced.map(drop)
    }

    async fn make_folders(&self, path: &VirtualPath) -> Result<()> {
        self.make_missing(path)
    }

    fn capabilities(&self) -> Capabilities {
        let all = Capabilities::NONE
            .with(Capability::SetModified)
            .with(Capability::SetCreated)
            .with(Capability::SetPermissions)
            .with(Capability::SetOwner)
            .with(Capability::SetGroup)
            .with(Capability::Umask)
            .with(Capability::Links)
            .with(Capability::Copy)
            .with(Capability::Combine)
            .with(Capability::RemoveTrees)
            .with_digest(DigestAlgorithm::Crc32)
            .with_digest(DigestAlgorithm::Md5)
            .with_digest(DigestAlgorithm::Sha1)
            .with_digest(DigestAlgorithm::Sha256)
            .with_digest(DigestAlgorithm::Sha512);
        match self.room.left() {
            Some(_) => all.with(Capability::Available),
            None => all,
        }
    }

    async fn remove_tree(&self, path: &VirtualPath) -> Result<()> {
        let mut removal = Removal::begin(&self.tree(), path)?;
        while !removal.is_done() {
            let now = self.now();
            let removed = removal.step(&mut self.tree(), now)?;
            drop(removed);
            give_way().await;
        }
        Ok(())
    }

    async fn change(&self, path: &VirtualPath, changes: Changes) -> Result<Entry> {
        let owner = number(changes.owner.as_ref())?;
        let group = number(changes.group.as_ref())?;
        let permissions = changes.permissions.map(Permissions::bits);
        if permissions.is_some_and(|permissions| permissions & SET_ID != 0) {
            return Err(StorageError::Denied);
        }
        let mut tree = self.tree();
        let id = tree.find(path)?;
        let facts = &mut tree.node_mut(id)?.facts;
        facts.modified = changes.modified.unwrap_or(facts.modified);
        facts.created = changes.created.unwrap_or(facts.created);
        facts.permissions = permissions.unwrap_or(facts.permissions);
        facts.owner = owner.unwrap_or(facts.owner);
        facts.group = group.unwrap_or(facts.group);
        tree.describe(id, path.name().unwrap_or(b"/"))
    }

    async fn link(&self, path: &VirtualPath, target: &VirtualPath) -> Result<()> {
        if path.is_root() {
            return Err(StorageError::Exists);
        }
        let now = self.now();
        let mut tree = self.tree();
        let slot = tree.slot(path)?;
        if tree.occupant(&slot)?.is_some() {
            return Err(StorageError::Exists);
        }
        let target = Bytes::copy_from_slice(target.as_bytes());
        let taken = self.room.take(OVERHEAD + target.len() as u64)?;
        let facts = Facts::new(now, 0o777);
        tree.insert(&slot, Inside::Link(target), facts, taken)
            .map(drop)
    }

    async fn copy(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let (id, content) = self.snapshot(from)?;
        let facts = self.tree().node(id)?.facts.clone();
        let mut new = New::replace(self, to, Some(&facts))?;
        new.content = content;
        new.publish(|_| Ok(()))
    }

    async fn combine(&self, target: &VirtualPath, parts: &[VirtualPath]) -> Result<()> {
        let held = match self.snapshot(target) {
            Ok(held) => Some(held),
            Err(StorageError::NotFound) => None,
            Err(error) => return Err(error),
        };
        let parts_held = parts
            .iter()
            .map(|part| self.snapshot(part))
            .collect::<Result<Vec<_>>>()?;
        // One that is there twice, by a link or by its own name, would be removed after it was joined once.
        let mut ids: Vec<_> = held.iter().chain(&parts_held).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(StorageError::NameNotAllowed);
        }
        let content = held.as_ref().map(|(_, content)| content);
        let new = self.join(target, content, &parts_held).await?;
        new.publish(|tree| match (tree.find(target), &held) {
            (Err(StorageError::NotFound), None) => Ok(()),
            (Ok(now), Some((before, content)))
                if now == *before && tree.content(now)?.is_same(content) =>
            {
                Ok(())
            }
            // Somebody has written to it meanwhile, which would be lost.
            _ => Err(StorageError::Busy),
        })?;
        for (part, (_, content)) in parts.iter().zip(&parts_held) {
            self.remove_part(part, content);
        }
        Ok(())
    }

    async fn digest(
        &self,
        path: &VirtualPath,
        algorithm: DigestAlgorithm,
        range: Option<ChecksumRange>,
    ) -> Result<FileDigest> {
        let mut hasher = Hasher::new(algorithm).ok_or(StorageError::Unsupported)?;
        let (_, content) = self.snapshot(path)?;
        let (start, end) = range.map_or((0, content.len()), |range| {
            let end = range.end.unwrap_or(u64::MAX);
            (range.start, end.min(content.len()))
        });
        if start > end {
            return Err(StorageError::PastTheEnd);
        }
        let (mut position, mut rest) = (start, PIECE);
        while position < end {
            let piece = content.piece(position);
            let left = usize::try_from(end - position).unwrap_or(usize::MAX);
            let piece = &piece[..piece.len().min(left)];
            hasher.update(piece);
            position += piece.len() as u64;
            rest = rest.saturating_sub(piece.len() as u64);
            if rest == 0 {
                rest = PIECE;
                give_way().await;
            }
        }
        Ok(FileDigest {
            digest: hasher.finish(),
            start,
            end,
        })
    }

    async fn available(&self, path: &VirtualPath) -> Result<u64> {
        self.tree().find_folder(path)?;
        self.room.left().ok_or(StorageError::Unsupported)
    }

    fn umask(&self) -> Option<Permissions> {
        Some(Permissions::new(self.umask))
    }

    fn with_umask(&self, mask: Permissions) -> Option<Self> {
        Some(Self {
            umask: mask.bits() & 0o777,
            ..self.clone()
        })
    }
}

impl MemoryStorage {
    /// Removes what was joined, unless it is another file by now. One that stays has been joined all the same: an error would have
    /// the client do it again.
    fn remove_part(&self, part: &VirtualPath, joined: &Content) {
        let now = self.now();
        let mut tree = self.tree();
        let is_same = |id| {
            let content = tree.content(id);
            content.is_ok_and(|content| content.is_same(joined))
        };
        if !tree.find(part).is_ok_and(is_same) {
            return;
        }
        let removed = tree
            .find_itself(part)
            .and_then(|itself| tree.remove(itself, now));
        drop(tree);
        drop(removed);
    }
}

/// Who it belongs to, as a number: there are no names here.
fn number(text: Option<&Arg>) -> Result<Option<u32>> {
    let parse = |text: &Arg| {
        let digits = std::str::from_utf8(text.as_bytes()).ok()?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| is_number)
    };
    match text {
        None => Ok(None),
        Some(text) => parse(text).map(Some).ok_or(StorageError::NameNotAllowed),
    }
}
