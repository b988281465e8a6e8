//! Going through a folder, and removing what killed processes left in it.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cap_std::fs::{Dir, DirEntry, ReadDir};
use ftp_sansio::listing::{Entry, Kind};

use super::describe::{describe, kind};
use super::error::{check, translate};
use super::name;
use crate::runtime::Runtime;
use crate::storage::{Entries, Result, StorageError};

/// How many entries are fetched in one go.
const CHUNK: usize = 256;

/// Goes through one folder of a [`LocalStorage`](super::LocalStorage).
#[derive(Debug)]
pub struct LocalEntries<R> {
    runtime: R,
    walk: Option<Walk>,
}

/// Where a listing stands.
#[derive(Debug)]
pub(super) enum Walk {
    /// A file that stands for itself.
    Alone(Box<Entry>),
    Folder(Folder),
    Done,
}

#[derive(Debug)]
pub(super) struct Folder {
    root: Arc<Dir>,
    path: PathBuf,
    entries: ReadDir,
}

impl<R: Runtime> LocalEntries<R> {
    pub(super) const fn new(runtime: R, walk: Walk) -> Self {
        Self {
            runtime,
            walk: Some(walk),
        }
    }
}

impl<R: Runtime> Entries for LocalEntries<R> {
    async fn next(&mut self) -> Result<Vec<Entry>> {
        // An earlier call that failed or was given up has taken the place along; to go on would leave entries out.
        let walk = self.walk.take().ok_or(StorageError::Failed)?;
        let (chunk, walk) = match walk {
            Walk::Alone(entry) => (vec![*entry], Walk::Done),
            Walk::Done => (Vec::new(), Walk::Done),
            Walk::Folder(mut folder) => {
                let work = move || folder.chunk().map(|chunk| (chunk, Walk::Folder(folder)));
                self.runtime.blocking(work).await?
            }
        };
        self.walk = Some(walk);
        Ok(chunk)
    }

    fn is_folder(&self) -> Option<bool> {
        match self.walk {
            Some(Walk::Folder(_)) => Some(true),
            Some(Walk::Alone(_)) => Some(false),
            Some(Walk::Done) | None => None,
        }
    }
}

impl Walk {
    pub(super) fn open(root: Arc<Dir>, path: PathBuf) -> Result<Self> {
        match root.read_dir(&path) {
            Ok(entries) => Ok(Self::Folder(Folder {
                root,
                path,
                entries,
            })),
            Err(error) if error.kind() == ErrorKind::NotADirectory => Self::alone(&root, &path),
            Err(error) => Err(translate(&error)),
        }
    }

    fn alone(root: &Dir, path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_owned();
        let mut entry = describe(name::bytes(name), &check(root.symlink_metadata(path))?);
        add_target(root, path, &mut entry);
        Ok(Self::Alone(Box::new(entry)))
    }
}

impl Folder {
    /// Nothing only at the end.
    fn chunk(&mut self) -> Result<Vec<Entry>> {
        let mut chunk = Vec::new();
        for found in self.entries.by_ref() {
            chunk.extend(entry(&self.root, &self.path, &check(found)?));
            if chunk.len() == CHUNK {
                break;
            }
        }
        Ok(chunk)
    }
}

/// Nothing for what is not to be seen, or has vanished meanwhile.
fn entry(root: &Dir, folder: &Path, found: &DirEntry) -> Option<Entry> {
    let name = found.file_name();
    if name::is_upload(&name) {
        return None;
    }
    let path = folder.join(&name);
    let mut entry = match found.metadata() {
        Ok(metadata) => describe(name::bytes(name), &metadata),
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        // A folder that may be read and not searched.
        Err(_) => Entry::new(
            name::bytes(name),
            found.file_type().map_or(Kind::Other, kind),
        ),
    };
    add_target(root, &path, &mut entry);
    Some(entry)
}

/// Tells where a link leads, if that is inside the root: what is outside is no business of a client.
fn add_target(root: &Dir, path: &Path, entry: &mut Entry) {
    if entry.kind == Kind::Symlink && root.metadata(path).is_ok() {
        entry.target = root
            .read_link(path)
            .ok()
            .map(|target| name::bytes(target.into()));
    }
}

/// Removes unfinished uploads that nobody has written to for `age`, from the whole tree; gives their number.
pub(super) fn sweep(root: &Dir, age: Duration) -> Result<usize> {
    let oldest = SystemTime::now()
        .checked_sub(age)
        .ok_or(StorageError::Failed)?;
    let mut folders = vec![PathBuf::from(".")];
    let mut removed = 0;
    while let Some(folder) = folders.pop() {
        // What cannot be read holds no upload of ours.
        let Ok(entries) = root.read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            match leftover(&entry, oldest) {
                Leftover::Inside(name) => folders.push(folder.join(name)),
                Leftover::This if entry.remove_file().is_ok() => removed += 1,
                Leftover::This | Leftover::No => {}
            }
        }
    }
    Ok(removed)
}

enum Leftover {
    This,
    Inside(OsString),
    No,
}

fn leftover(entry: &DirEntry, oldest: SystemTime) -> Leftover {
    let name = entry.file_name();
    match entry.file_type() {
        // Not through links: they may lead in circles.
        Ok(kind) if kind.is_dir() => Leftover::Inside(name),
        Ok(kind) if kind.is_file() && name::is_upload(&name) && is_older(entry, oldest) => {
            Leftover::This
        }
        _ => Leftover::No,
    }
}

fn is_older(entry: &DirEntry, oldest: SystemTime) -> bool {
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.into_std() <= oldest)
}
