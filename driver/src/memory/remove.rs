//! Removing a folder with all that it holds, some at a time.

use ftp_sansio::wire::{DateTime, VirtualPath};

use super::tree::{Id, Node, ROOT, Tree};
use crate::storage::{Result, StorageError};

/// How much is removed in one go.
const CHUNK: usize = 256;

/// A removal under way.
#[derive(Debug)]
pub(super) struct Removal {
    /// The folders on the way down to where it is at work, each with the folder that holds it: as many as the tree is deep.
    way: Vec<(Id, Id)>,
    /// How many folders had been moved when this was the way.
    moves: u64,
}

impl Removal {
    /// A link to a folder is none.
    pub(super) fn begin(tree: &Tree, path: &VirtualPath) -> Result<Self> {
        let id = tree.find_itself(path)?;
        if id == ROOT {
            return Err(StorageError::Denied);
        }
        let node = tree.node(id)?;
        node.children()?;
        Ok(Self {
            way: vec![(node.folder, id)],
            moves: tree.moves(),
        })
    }

    pub(super) const fn is_done(&self) -> bool {
        self.way.is_empty()
    }

    /// Removes some more, and hands it back, to be dropped.
    pub(super) fn step(&mut self, tree: &mut Tree, now: DateTime) -> Result<Vec<Node>> {
        self.find_the_way(tree)?;
        let mut removed = Vec::new();
        for _ in 0..CHUNK {
            let Some(&(_, id)) = self.way.last() else {
                break;
            };
            match tree.node(id)?.children()?.values().next() {
                None => {
                    removed.push(tree.remove(id, now)?);
                    self.way.pop();
                }
                Some(&child) if tree.node(child)?.children().is_ok() => self.way.push((id, child)),
                Some(&child) => removed.push(tree.remove(child, now)?),
            }
        }
        Ok(removed)
    }

    /// What somebody else has moved to another folder meanwhile does not belong to this tree any more, with all that it holds.
    fn find_the_way(&mut self, tree: &Tree) -> Result<()> {
        if self.moves != tree.moves() {
            self.moves = tree.moves();
            let stays = |&&(folder, id): &&(Id, Id)| {
                let node = tree.node(id);
                node.is_ok_and(|node| node.folder == folder)
            };
            let staying = self.way.iter().take_while(stays).count();
            self.way.truncate(staying);
        }
        // What is removed is empty: unless it was moved, only the last ones can be gone.
        while self
            .way
            .last()
            .is_some_and(|&(_, id)| tree.node(id).is_err())
        {
            self.way.pop();
        }
        if self.is_done() {
            return Err(StorageError::NotFound);
        }
        Ok(())
    }
}
