//! Where something really is: the folder that holds it, beneath the root, with no link on the way.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;

use super::error::check;
use crate::storage::Result;

/// A folder's handle and a name in it. The root itself is `.` in itself.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Place {
    pub(super) folder: Dir,
    pub(super) name: OsString,
}

#[cfg(unix)]
impl Place {
    /// Follows links, as far as they stay beneath the root.
    pub(super) fn of(root: &Dir, path: &Path) -> Result<Self> {
        let real = real(root, path)?;
        let name = real.file_name().map_or_else(|| ".".into(), OsString::from);
        let folder = real.parent().unwrap_or(Path::new(""));
        Ok(Self {
            folder: open(root, folder)?,
            name,
        })
    }
}

/// The path without links, as components below the root: none for the root itself.
pub(super) fn real(root: &Dir, path: &Path) -> Result<PathBuf> {
    let real = check(root.canonicalize(path))?;
    // What stands for the root itself differs between systems.
    Ok(real
        .components()
        .filter(|part| matches!(part, std::path::Component::Normal(_)))
        .collect())
}

/// The handle of a folder that is named by components below the root.
pub(super) fn open(root: &Dir, folder: &Path) -> Result<Dir> {
    if folder.as_os_str().is_empty() {
        return check(root.open_dir("."));
    }
    check(root.open_dir(folder))
}
