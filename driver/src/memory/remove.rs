//! Removing a folder with all that it holds, some at a time.

use ftp_sansio::wire::{DateTime, VirtualPath};

use super::tree::{Id, Node, ROOT, Tree};
use crate::storage::{Result, StorageError};

/// How much is removed in one go.
const CHUNK: usize = 256;

/// The folders on the way down to where it is at work, each with the folder that holds it: as many as the tree is deep.
#[derive(Debug)]
pub(super) struct Removal(Vec<(Id, Id)>);

impl Removal {
    /// A link to a folder is none.
    pub(super) fn begin(tree: &Tree, path: &VirtualPath) -> Result<Self> {
        let id = tree.find_itself(path)?;
        if id == ROOT {
            return Err(StorageError::Denied);
        }
        let node = tree.node(id)?;
        node.children()?;
        Ok(Self(vec![(node.folder, id)]))
    }

    pub(super) const fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes some more, and hands it back, to be dropped.
    pub(super) fn step(&mut self, tree: &mut Tree, now: DateTime) -> Result<Vec<Node>> {
        let mut removed = Vec::new();
        for _ in 0..CHUNK {
            let Some(&(folder, id)) = self.0.last() else {
                break;
            };
            let node = tree.node(id).ok().filter(|node| node.folder == folder);
            let Some(children) = node.and_then(|node| node.children().ok()) else {
                // Somebody else has removed it, or moved it away: then it does not belong to this tree any more.
                self.0.pop();
                if self.is_done() {
                    return Err(StorageError::NotFound);
                }
                continue;
            };
            match children.values().next() {
                None => {
                    removed.push(tree.remove(id, now)?);
                    self.0.pop();
                }
                Some(&child) if tree.node(child)?.children().is_ok() => self.0.push((id, child)),
                Some(&child) => removed.push(tree.remove(child, now)?),
            }
        }
        Ok(removed)
    }
}
