//! The tree itself: what is called how in which folder, and the ways through it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use ftp_sansio::listing::{Entry, Kind, Modified, Permissions, Precision, Zone};
use ftp_sansio::wire::{DateTime, VirtualPath};

use super::content::Content;
use super::room::{Room, Taken};
use crate::storage::{Result, StorageError};

/// What a file, folder or link takes besides the bytes of a file and the text of a link, in bytes: its name, and what is known of it.
pub(super) const OVERHEAD: u64 = 1024;

/// The longest name, in bytes.
const NAME_MAX: usize = 255;

/// How many links one path may lead through.
const LINKS_MAX: usize = 40;

/// The number of a file, folder or link. None is used twice.
pub(super) type Id = u64;

pub(super) const ROOT: Id = 0;

/// What all clones of a store share. It holds ids and not pointers, so that a tree of any depth is dropped without recursion.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: BTreeMap<Id, Node>,
    next: Id,
    /// How many folders have been moved so far.
    moves: u64,
}

/// A file, folder or link.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) folder: Id,
    name: Bytes,
    pub(super) inside: Inside,
    pub(super) facts: Facts,
    _taken: Taken,
}

#[derive(Debug)]
pub(super) enum Inside {
    File(Content),
    Folder(BTreeMap<Bytes, Id>),
    /// The absolute path to which it leads.
    Link(Bytes),
}

/// What is known of a file, folder or link, and can be set.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) modified: DateTime,
    pub(super) created: DateTime,
    pub(super) permissions: u16,
    pub(super) owner: u32,
    pub(super) group: u32,
}

impl Facts {
    pub(super) const fn new(now: DateTime, permissions: u16) -> Self {
        Self {
            modified: now,
            created: now,
            permissions,
            owner: 0,
            group: 0,
        }
    }
}

/// Where a path leads.
#[derive(Debug)]
pub(super) enum Place {
    There(Id),
    /// Only the last name is missing.
    Free(Slot),
}

/// A name in a folder.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) folder: Id,
    pub(super) name: Bytes,
}

/// What becomes of a link in the last place of a path; those before it are followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Last {
    Followed,
    Itself,
}

impl Tree {
    pub(super) fn new(room: &Arc<Room>, now: DateTime, permissions: u16) -> Self {
        // There is room for nothing: the root is not counted.
        let root = room.take(0).map(|taken| Node {
            folder: ROOT,
            name: Bytes::from_static(b"/"),
            inside: Inside::Folder(BTreeMap::new()),
            facts: Facts::new(now, permissions),
            _taken: taken,
        });
        Self {
            nodes: root.into_iter().map(|root| (ROOT, root)).collect(),
            next: ROOT + 1,
            moves: 0,
        }
    }

    pub(super) fn node(&self, id: Id) -> Result<&Node> {
        self.nodes.get(&id).ok_or(StorageError::NotFound)
    }

    pub(super) fn node_mut(&mut self, id: Id) -> Result<&mut Node> {
        self.nodes.get_mut(&id).ok_or(StorageError::NotFound)
    }

    /// A number that is not used yet, and will not be again.
    pub(super) fn number(&mut self) -> Id {
        let number = self.next;
        self.next += 1;
        number
    }

    /// How many folders have been moved so far.
    pub(super) const fn moves(&self) -> u64 {
        self.moves
    }

    /// Follows a path from the root.
    pub(super) fn walk(&self, path: &VirtualPath, last: Last) -> Result<Place> {
        self.walk_bytes(path.as_bytes(), last)
    }

    fn walk_bytes(&self, path: &[u8], last: Last) -> Result<Place> {
        let mut ahead: Vec<&[u8]> = components(path).rev().collect();
        let mut links = 0;
        let mut at = ROOT;
        while let Some(name) = ahead.pop() {
            let children = self.node(at)?.children()?;
            if name.len() > NAME_MAX {
                return Err(StorageError::NameNotAllowed);
            }
            let Some(&child) = children.get(name) else {
                if !ahead.is_empty() {
                    return Err(StorageError::NotFound);
                }
                let name = Bytes::copy_from_slice(name);
                return Ok(Place::Free(Slot { folder: at, name }));
            };
            match &self.node(child)?.inside {
                Inside::Link(target) if last == Last::Followed || !ahead.is_empty() => {
                    links += 1;
                    if links > LINKS_MAX {
                        return Err(StorageError::Denied);
                    }
                    at = ROOT;
                    ahead.extend(components(target).rev());
                }
                _ => at = child,
            }
        }
        Ok(Place::There(at))
    }

    /// What is there, at the end of a link too.
    pub(super) fn find(&self, path: &VirtualPath) -> Result<Id> {
        self.find_bytes(path.as_bytes())
    }

    fn find_bytes(&self, path: &[u8]) -> Result<Id> {
        match self.walk_bytes(path, Last::Followed)? {
            Place::There(id) => Ok(id),
            Place::Free(_) => Err(StorageError::NotFound),
        }
    }

    /// What is there: a link where there is one.
    pub(super) fn find_itself(&self, path: &VirtualPath) -> Result<Id> {
        match self.walk(path, Last::Itself)? {
            Place::There(id) => Ok(id),
            Place::Free(_) => Err(StorageError::NotFound),
        }
    }

    pub(super) fn find_folder(&self, path: &VirtualPath) -> Result<Id> {
        let id = self.find(path)?;
        self.node(id)?.children().map(|_| id)
    }

    /// The content of a file as it is now.
    pub(super) fn content(&self, id: Id) -> Result<&Content> {
        match &self.node(id)?.inside {
            Inside::File(content) => Ok(content),
            Inside::Folder(_) => Err(StorageError::IsAFolder),
            Inside::Link(_) => Err(StorageError::Denied),
        }
    }

    pub(super) fn content_mut(&mut self, id: Id) -> Result<&mut Content> {
        match &mut self.node_mut(id)?.inside {
            Inside::File(content) => Ok(content),
            Inside::Folder(_) => Err(StorageError::IsAFolder),
            Inside::Link(_) => Err(StorageError::Denied),
        }
    }

    /// The place that a path names, whatever is there. The root has none.
    pub(super) fn slot(&self, path: &VirtualPath) -> Result<Slot> {
        match self.walk(path, Last::Itself)? {
            Place::Free(slot) => Ok(slot),
            Place::There(ROOT) => Err(StorageError::Denied),
            Place::There(id) => {
                let node = self.node(id)?;
                Ok(Slot {
                    folder: node.folder,
                    name: node.name.clone(),
                })
            }
        }
    }

    /// What is in a place.
    pub(super) fn occupant(&self, slot: &Slot) -> Result<Option<Id>> {
        Ok(self.node(slot.folder)?.children()?.get(&slot.name).copied())
    }

    /// Puts something new into a place that is free.
    pub(super) fn insert(
        &mut self,
        slot: &Slot,
        inside: Inside,
        facts: Facts,
        taken: Taken,
    ) -> Result<Id> {
        if self.occupant(slot)?.is_some() {
            return Err(StorageError::Exists);
        }
        let id = self.number();
        self.enter(slot, id, facts.modified)?;
        let node = Node {
            folder: slot.folder,
            name: slot.name.clone(),
            inside,
            facts,
            _taken: taken,
        };
        self.nodes.insert(id, node);
        Ok(id)
    }

    /// Makes a folder in a place that is free.
    pub(super) fn insert_folder(
        &mut self,
        slot: &Slot,
        facts: Facts,
        room: &Arc<Room>,
    ) -> Result<Id> {
        if self.occupant(slot)?.is_some() {
            return Err(StorageError::Exists);
        }
        let taken = room.take(OVERHEAD)?;
        self.insert(slot, Inside::Folder(BTreeMap::new()), facts, taken)
    }

    /// Makes what is missing of a path of folders.
    pub(super) fn make_missing(
        &mut self,
        path: &VirtualPath,
        facts: &Facts,
        room: &Arc<Room>,
    ) -> Result<()> {
        let mut at = ROOT;
        for name in path.components() {
            if name.len() > NAME_MAX {
                return Err(StorageError::NameNotAllowed);
            }
            let there = self.node(at)?.children()?.get(name).copied();
            at = match there {
                None => {
                    let name = Bytes::copy_from_slice(name);
                    self.insert_folder(&Slot { folder: at, name }, facts.clone(), room)?
                }
                Some(id) => match &self.node(id)?.inside {
                    Inside::Link(target) => self.find_bytes(target)?,
                    _ => id,
                },
            };
        }
        self.node(at)?.children().map(drop)
    }

    fn enter(&mut self, slot: &Slot, id: Id, now: DateTime) -> Result<()> {
        let folder = self.node_mut(slot.folder)?;
        folder.children_mut()?.insert(slot.name.clone(), id);
        folder.facts.modified = now;
        Ok(())
    }

    fn leave(&mut self, slot: &Slot, now: DateTime) -> Result<()> {
        let folder = self.node_mut(slot.folder)?;
        folder.children_mut()?.remove(&slot.name);
        folder.facts.modified = now;
        Ok(())
    }

    /// Takes something out of the tree that holds nothing else. To drop it may take a moment: better not under the lock.
    pub(super) fn remove(&mut self, id: Id, now: DateTime) -> Result<Node> {
        let node = self.node(id)?;
        if id == ROOT {
            return Err(StorageError::Denied);
        }
        if node.children().is_ok_and(|children| !children.is_empty()) {
            return Err(StorageError::NotEmpty);
        }
        let slot = Slot {
            folder: node.folder,
            name: node.name.clone(),
        };
        self.leave(&slot, now)?;
        self.nodes.remove(&id).ok_or(StorageError::NotFound)
    }

    /// Gives something another place. What it replaces there is handed back.
    pub(super) fn rename(
        &mut self,
        from: &VirtualPath,
        to: &VirtualPath,
        now: DateTime,
    ) -> Result<Option<Node>> {
        let (from, to) = (self.slot(from)?, self.slot(to)?);
        let id = self.occupant(&from)?.ok_or(StorageError::NotFound)?;
        let there = self.occupant(&to)?;
        if there == Some(id) {
            return Ok(None);
        }
        let moves_folder = self.node(id)?.children().is_ok();
        if moves_folder && self.lies_beneath(to.folder, id)? {
            return Err(StorageError::NameNotAllowed);
        }
        let replaced = match there {
            None => None,
            Some(there) => match (moves_folder, self.node(there)?.children().is_ok()) {
                // A client that renames expects no folder to vanish.
                (true, true) => return Err(StorageError::Exists),
                (true, false) => return Err(StorageError::NotAFolder),
                (false, true) => return Err(StorageError::IsAFolder),
                (false, false) => Some(self.remove(there, now)?),
            },
        };
        self.leave(&from, now)?;
        self.enter(&to, id, now)?;
        self.moves += u64::from(moves_folder);
        let node = self.node_mut(id)?;
        (node.folder, node.name) = (to.folder, to.name);
        Ok(replaced)
    }

    /// Whether a folder is another, or lies in it at any depth.
    fn lies_beneath(&self, mut folder: Id, above: Id) -> Result<bool> {
        loop {
            if folder == above {
                return Ok(true);
            }
            if folder == ROOT {
                return Ok(false);
            }
            folder = self.node(folder)?.folder;
        }
    }

    /// What is known of it, under this name.
    pub(super) fn describe(&self, id: Id, name: &[u8]) -> Result<Entry> {
        let node = self.node(id)?;
        let (kind, size, target) = match &node.inside {
            Inside::File(content) => (Kind::File, Some(content.len()), None),
            Inside::Folder(_) => (Kind::Folder, None, None),
            Inside::Link(target) => (Kind::Symlink, Some(target.len() as u64), Some(target)),
        };
        let date = |date| Modified {
            date,
            precision: Precision::Subsecond,
            zone: Zone::Utc,
        };
        let mut entry = Entry::new(Bytes::copy_from_slice(name), kind);
        entry.size = size;
        entry.modified = Some(date(node.facts.modified));
        entry.created = Some(date(node.facts.created));
        entry.permissions = Some(Permissions::new(node.facts.permissions));
        entry.owner = Some(node.facts.owner.to_string().into());
        entry.group = Some(node.facts.group.to_string().into());
        entry.links = Some(1);
        entry.target = target.cloned();
        entry.unique = Some(format!("{id:x}").into());
        Ok(entry)
    }
}

impl Node {
    /// What a folder holds.
    pub(super) const fn children(&self) -> Result<&BTreeMap<Bytes, Id>> {
        match &self.inside {
            Inside::Folder(children) => Ok(children),
            _ => Err(StorageError::NotAFolder),
        }
    }

    const fn children_mut(&mut self) -> Result<&mut BTreeMap<Bytes, Id>> {
        match &mut self.inside {
            Inside::Folder(children) => Ok(children),
            _ => Err(StorageError::NotAFolder),
        }
    }
}

fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/')
        .filter(|name| !name.is_empty())
}
