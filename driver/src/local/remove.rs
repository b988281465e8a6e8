//! Removing a folder with all that it holds, some at a time.

use std::path::PathBuf;

use cap_std::fs::Dir;

use super::error::check;
use crate::storage::{Result, StorageError};

/// How much is removed in one go.
const CHUNK: usize = 256;

/// The folders on the way down to where it is at work: as many as the tree is deep, however wide it is.
#[derive(Debug)]
pub(super) struct Removal(Vec<PathBuf>);

impl Removal {
    /// A link to a folder is none.
    pub(super) fn begin(root: &Dir, path: PathBuf) -> Result<Self> {
        if check(root.symlink_metadata(&path))?.is_dir() {
            Ok(Self(vec![path]))
        } else {
            Err(StorageError::NotAFolder)
        }
    }

    /// Removes some more. True when nothing is left of it.
    pub(super) fn step(&mut self, root: &Dir) -> Result<bool> {
        let mut left = CHUNK;
        while let Some(folder) = self.0.last() {
            match empty(root, folder, &mut left)? {
                Found::Folder(inner) => self.0.push(inner),
                Found::TooMuch => return Ok(false),
                Found::Nothing => {
                    check(root.remove_dir(folder))?;
                    self.0.pop();
                    left = left.saturating_sub(1);
                }
            }
        }
        Ok(true)
    }
}

enum Found {
    Nothing,
    Folder(PathBuf),
    TooMuch,
}

/// Removes what is no folder, up to the first that is one.
fn empty(root: &Dir, folder: &PathBuf, left: &mut usize) -> Result<Found> {
    for entry in check(root.read_dir(folder))? {
        if *left == 0 {
            return Ok(Found::TooMuch);
        }
        let entry = check(entry)?;
        if check(entry.file_type())?.is_dir() {
            return Ok(Found::Folder(folder.join(entry.file_name())));
        }
        check(entry.remove_file())?;
        *left -= 1;
    }
    Ok(Found::Nothing)
}
