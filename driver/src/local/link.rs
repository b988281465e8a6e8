//! Symbolic links that lead nowhere but beneath the root.

use cap_std::fs::Dir;
use ftp_sansio::wire::VirtualPath;

use crate::storage::{Result, StorageError};

/// Makes a relative link from where `path` really is to `target`. Its text begins with as many `..` as lead up to the
/// folder that both have in common, and has none after that: so it leads beneath the root for every program that follows it, and
/// not only for this one, which would not follow it out anyway. A rename nearer to the root undoes that.
#[cfg(unix)]
pub(super) fn link(root: &Dir, path: &VirtualPath, target: &VirtualPath) -> Result<()> {
    use super::error::check;
    use super::name::{os_string, relative};
    use super::place::{open, real};

    let (Some(parent), Some(name)) = (path.parent(), path.name()) else {
        return Err(StorageError::Exists);
    };
    let folder = real(root, &relative(&parent)?)?;
    let text = between(&folder, &relative(target)?);
    check(open(root, &folder)?.symlink(text, os_string(name)?))
}

#[cfg(not(unix))]
pub(super) fn link(_: &Dir, _: &VirtualPath, _: &VirtualPath) -> Result<()> {
    Err(StorageError::Unsupported)
}

/// The way from a folder to a target, both below the root.
#[cfg(unix)]
fn between(folder: &std::path::Path, target: &std::path::Path) -> std::path::PathBuf {
    use std::path::{Component, PathBuf};

    let normal = |part: &Component<'_>| matches!(part, Component::Normal(_));
    let folder: Vec<_> = folder.components().filter(normal).collect();
    let target: Vec<_> = target.components().filter(normal).collect();
    let common = folder
        .iter()
        .zip(&target)
        .take_while(|(one, other)| one == other)
        .count();
    let up = std::iter::repeat_n(Component::ParentDir, folder.len() - common);
    let text: PathBuf = up.chain(target[common..].iter().copied()).collect();
    if text.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        text
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_way_between() {
        for (folder, target, way) in [
            ("", "a", "a"),
            ("", ".", "."),
            ("a", ".", ".."),
            ("a", "a", "."),
            ("a", "a/b", "b"),
            ("a/b", "a", ".."),
            ("a/b", "c/d", "../../c/d"),
            ("a/b", "a/c", "../c"),
            ("ab", "a", "../a"),
        ] {
            let found = between(Path::new(folder), Path::new(target));
            assert_eq!(found, Path::new(way), "{folder} {target}");
        }
    }
}
