//! Going through a folder.

use std::ops::Bound;

use bytes::Bytes;
use ftp_sansio::listing::Entry;
use ftp_sansio::wire::VirtualPath;

use super::MemoryStorage;
use super::tree::Id;
use crate::storage::{Entries, Result};

/// How many entries are told in one go.
const CHUNK: usize = 256;

/// Goes through one folder of a [`MemoryStorage`], by name. What is added or removed meanwhile is told or left out, and nothing else is told
/// twice or left out.
#[derive(Debug)]
pub struct MemoryEntries {
    storage: MemoryStorage,
    walk: Walk,
}

#[derive(Debug)]
enum Walk {
    /// A file that stands for itself.
    Alone(Box<Entry>),
    /// A folder, and the last name in it that was told.
    Folder(Id, Option<Bytes>),
    Done,
}

impl MemoryEntries {
    pub(super) fn open(storage: &MemoryStorage, path: &VirtualPath) -> Result<Self> {
        let tree = storage.tree();
        let id = tree.find(path)?;
        let walk = if tree.node(id)?.children().is_ok() {
            Walk::Folder(id, None)
        } else {
            let itself = tree.find_itself(path)?;
            let name = path.name().unwrap_or(b"/");
            Walk::Alone(Box::new(tree.describe(itself, name)?))
        };
        drop(tree);
        let storage = storage.clone();
        Ok(Self { storage, walk })
    }
}

impl Entries for MemoryEntries {
    async fn next(&mut self) -> Result<Vec<Entry>> {
        match std::mem::replace(&mut self.walk, Walk::Done) {
            Walk::Alone(entry) => Ok(vec![*entry]),
            Walk::Done => Ok(Vec::new()),
            Walk::Folder(folder, last) => {
                let chunk = chunk(&self.storage, folder, last.as_ref());
                if let Some(last) = chunk.last() {
                    self.walk = Walk::Folder(folder, Some(last.name.clone()));
                }
                Ok(chunk)
            }
        }
    }

    fn is_folder(&self) -> Option<bool> {
        match self.walk {
            Walk::Folder(..) => Some(true),
            Walk::Alone(_) => Some(false),
            Walk::Done => None,
        }
    }
}

/// What comes after a name; nothing for a folder that was removed meanwhile.
fn chunk(storage: &MemoryStorage, folder: Id, last: Option<&Bytes>) -> Vec<Entry> {
    let tree = storage.tree();
    let Ok(children) = tree.node(folder).and_then(|folder| folder.children()) else {
        return Vec::new();
    };
    let from = last.map_or(Bound::Unbounded, Bound::Excluded);
    children
        .range::<Bytes, _>((from, Bound::Unbounded))
        .filter_map(|(name, &id)| tree.describe(id, name).ok())
        .take(CHUNK)
        .collect()
}
