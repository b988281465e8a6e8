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
        // What somebody else has moved away meanwhile does not belong to this tree any more, with all that it holds.
        let stays = |(folder, id): &&(Id, Id)| {
            let node = tree.node(*id);
            node.is_ok_and(|node| node.folder == *folder)
        };
        let staying = self.0.iter().take_while(stays).count();
        if staying == 0 {
            return Err(StorageError::NotFound);
        }
        self.0.truncate(staying);
        let mut removed = Vec::new();
        for _ in 0..CHUNK {
            let Some(&(_, id)) = self.0.last() else {
                break;
            };
            match tree.node(id)?.children()?.values().next() {
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
