//! What is in a folder and in the folders below it, here or on the server.
//!
//! No symbolic link is followed, and no name is used that could lead out of the folder it is listed in.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ftp_driver::Runtime;
use ftp_sansio::listing::{Dialect, Entry, Kind, Listing, Modified, Precision, Zone};
use ftp_sansio::wire::{DateTime, Escaped};

use crate::below::{Below, Branches};
use crate::failure::{Failure, Shown};
use crate::names;
use crate::remote::RemotePath;
use crate::session::Session;
use crate::show::is_dots;
use crate::sync::Filter;

/// How deep a tree may be. One that is deeper goes round in circles, or means harm.
const DEPTH: usize = 64;
/// How many entries a tree may have.
const ENTRIES: usize = 1_000_000;

/// A time of change in UTC, and how exactly it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Seconds since 1970.
    pub(crate) seconds: i64,
    /// By how many seconds it may be off.
    pub(crate) slack: i64,
}

impl Stamp {
    /// A date of a listing, where its clock is known.
    fn of_listing(modified: Modified) -> Option<Self> {
        let slack = match modified.precision {
            Precision::Day => 24 * 60 * 60,
            Precision::Minute => 60,
            Precision::Second | Precision::Subsecond => 1,
        };
        (modified.zone == Zone::Utc).then(|| Self {
            seconds: modified.date.to_unix(),
            slack,
        })
    }

    /// What MDTM tells, RFC 3659 § 3.
    pub(crate) const fn of_date(date: DateTime) -> Self {
        Self {
            seconds: date.to_unix(),
            slack: 1,
        }
    }

    fn of_file(time: SystemTime) -> Option<Self> {
        let seconds = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).ok()?,
            Err(before) => -i64::try_from(before.duration().as_secs()).ok()?,
        };
        // FAT keeps every second second.
        Some(Self { seconds, slack: 2 })
    }

    /// The date, where it is known to the second.
    pub(crate) fn date(self) -> Option<DateTime> {
        DateTime::from_unix(self.seconds, 0).filter(|_| self.slack <= 2)
    }
}

/// A regular file, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct FileNode {
    pub(crate) size: Option<u64>,
    pub(crate) time: Option<Stamp>,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Folder,
    File(FileNode),
    /// Something that is there and is left alone: a link, a device, what a filter leaves out.
    Skipped,
}

/// What was found, every folder before what is in it.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<Below, Node>,
    /// What was left out on purpose.
    pub(crate) notes: Vec<String>,
    /// Why there may be more than is known.
    pub(crate) doubts: Vec<String>,
    /// A folder was listed in a way that may leave out names that begin with a dot.
    pub(crate) may_hide_dots: bool,
}

impl Tree {
    pub(crate) fn nodes(&self) -> impl DoubleEndedIterator<Item = (&Below, &Node)> {
        self.nodes.iter()
    }

    pub(crate) fn nodes_mut(&mut self) -> impl Iterator<Item = (&Below, &mut Node)> {
        self.nodes.iter_mut()
    }

    pub(crate) fn get(&self, below: &Below) -> Option<&Node> {
        self.nodes.get(below)
    }

    pub(crate) fn folders(&self) -> impl Iterator<Item = &Below> {
        let folders = self.nodes.iter().filter(|(_, node)| **node == Node::Folder);
        folders.map(|(below, _)| below)
    }

    /// The files that lie in none of these, and the size of all of them, where it is known.
    pub(crate) fn files_beside(
        &self,
        blocked: &Branches,
    ) -> (Vec<(&Below, FileNode)>, Option<u64>) {
        let files = self.nodes.iter().filter_map(|(below, node)| match *node {
            Node::File(file) if !blocked.hold(below) => Some((below, file)),
            _ => None,
        });
        let files: Vec<_> = files.collect();
        let bytes = files.iter().map(|(_, file)| file.size).sum();
        (files, bytes)
    }

    /// What is in a folder, at any depth.
    pub(crate) fn inside(
        &self,
        folder: &Below,
    ) -> impl DoubleEndedIterator<Item = (&Below, &Node)> {
        self.nodes.range(folder.inside())
    }

    pub(crate) fn insert(&mut self, below: &Below, node: Node) {
        if self.nodes.insert(below.clone(), node).is_some() {
            self.doubts.push(format!("{below} is listed twice"));
        }
    }

    fn is_full(&mut self) -> bool {
        if self.nodes.len() < ENTRIES {
            return false;
        }
        self.doubts
            .push(format!("more than {ENTRIES} files: the rest is left out"));
        true
    }
}

/// Lists a remote folder and what is below it.
///
/// # Errors
/// The folder itself cannot be listed, or the session is lost. What else goes wrong is a doubt.
pub(crate) async fn walk_remote<R: Runtime>(
    session: &mut Session<R>,
    top: &RemotePath,
    filter: &Filter,
) -> Result<Tree, Failure> {
    visit_remote(session, top, filter, |_, _| {}).await
}

/// As [`walk_remote`], and shows each entry as the server lists it, links and devices too.
pub(crate) async fn visit_remote<R: Runtime>(
    session: &mut Session<R>,
    top: &RemotePath,
    filter: &Filter,
    mut visit: impl FnMut(&Below, &Entry),
) -> Result<Tree, Failure> {
    let mut tree = Tree::default();
    let mut waiting = vec![Below::default()];
    while let Some(folder) = waiting.pop() {
        if tree.is_full() {
            break;
        }
        let path = folder.remote(top)?;
        match session.list(&path).await {
            Ok(listing) => {
                let above = Above::of(session, &path, &listing).await?;
                waiting.extend(tree.take_listing(&folder, &listing, &above, filter, &mut visit));
            }
            Err(failure) if session.is_lost(&failure) || folder.as_bytes().is_empty() => {
                return Err(failure);
            }
            Err(failure) => tree.doubts.push(failure.to_string()),
        }
    }
    Ok(tree)
}

/// The absolute path of a listed folder, where its listing makes it worth knowing: MLSD may list the folder itself, and those
/// above it, by their whole paths (RFC 3659 § 7.5.1).
struct Above(Option<Vec<u8>>);

impl Above {
    async fn of<R: Runtime>(
        session: &mut Session<R>,
        path: &RemotePath,
        listing: &Listing,
    ) -> Result<Self, Failure> {
        let is_whole = |entry: &Entry| entry.kind == Kind::Folder && entry.name.starts_with(b"/");
        if !listing.entries.iter().any(is_whole) {
            return Ok(Self(None));
        }
        let here = session.working_folder().await?;
        let here = RemotePath::new(here.as_bytes()).unwrap_or_default();
        let whole = here.join(path.as_bytes()).unwrap_or_default();
        Ok(Self(Some(whole.as_bytes().to_vec())))
    }

    fn includes(&self, name: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|whole| {
            let rest = whole.strip_prefix(name);
            rest.is_some_and(|rest| name == b"/" || rest.is_empty() || rest.starts_with(b"/"))
        })
    }
}

impl Tree {
    /// Takes in the entries of one folder; gives the folders among them that are to be listed next.
    fn take_listing(
        &mut self,
        folder: &Below,
        listing: &Listing,
        above: &Above,
        filter: &Filter,
        visit: &mut dyn FnMut(&Below, &Entry),
    ) -> Vec<Below> {
        if listing.unparsed_count > 0 || listing.truncated {
            let count = listing.unparsed_count;
            let text = format!("{count} lines of the listing of ./{folder} were not understood");
            self.doubts.push(text);
        }
        let dots = listing.entries.iter().any(|entry| is_dots(&entry.name));
        self.may_hide_dots |= !dots && listing.dialect != Some(Dialect::Mlsx);
        let mut folders = Vec::new();
        for entry in &listing.entries {
            let itself = entry.kind == Kind::Folder && above.includes(&entry.name);
            if is_dots(&entry.name) && entry.kind == Kind::Folder || itself {
                continue;
            }
            match folder.child(&entry.name) {
                Ok(below) => {
                    visit(&below, entry);
                    folders.extend(self.take_entry(below, entry, filter));
                }
                Err(why) => self.doubts.push(format!(
                    "the server lists {} in ./{folder}: refused, {why}",
                    Escaped(&entry.name)
                )),
            }
        }
        folders
    }

    /// Takes in one entry; gives it back if it is a folder to be listed.
    fn take_entry(&mut self, below: Below, entry: &Entry, filter: &Filter) -> Option<Below> {
        let is_folder = entry.kind == Kind::Folder;
        let node = match entry.kind {
            _ if !filter.takes(&below, is_folder) => Node::Skipped,
            Kind::Folder => Node::Folder,
            Kind::File => Node::File(FileNode {
                size: entry.size,
                time: entry.modified.and_then(Stamp::of_listing),
            }),
            Kind::Symlink => self.skip(&below, "a symbolic link"),
            Kind::Other => self.skip(&below, "neither a file nor a folder"),
        };
        self.insert(&below, node);
        self.enter(below, node)
    }

    fn skip(&mut self, below: &Below, what: &str) -> Node {
        self.notes.push(format!("{below} is {what}: skipped"));
        Node::Skipped
    }

    /// The folder again, unless it lies too deep.
    fn enter(&mut self, below: Below, node: Node) -> Option<Below> {
        if node != Node::Folder {
            return None;
        }
        if below.depth() >= DEPTH {
            self.doubts
                .push(format!("{below} lies {DEPTH} folders deep: not entered"));
            return None;
        }
        Some(below)
    }
}

/// Lists a local folder and what is below it.
///
/// # Errors
/// The folder itself cannot be read. What else goes wrong is a doubt.
pub(crate) fn walk_local(top: &Path, filter: &Filter) -> Result<Tree, Failure> {
    let mut tree = Tree::default();
    let mut waiting = vec![(Below::default(), top.to_owned())];
    while let Some((folder, path)) = waiting.pop() {
        if tree.is_full() {
            break;
        }
        match tree.take_folder(&folder, &path, filter) {
            Ok(folders) => waiting.extend(folders),
            Err(error) if folder.as_bytes().is_empty() => {
                return Err(Failure::local(top, &error));
            }
            Err(error) => tree.doubts.push(Failure::local(&path, &error).to_string()),
        }
    }
    Ok(tree)
}

impl Tree {
    fn take_folder(
        &mut self,
        folder: &Below,
        path: &Path,
        filter: &Filter,
    ) -> io::Result<Vec<(Below, PathBuf)>> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = names::to_remote(&entry.file_name());
            let below = name.and_then(|name| folder.child(&name).ok());
            let Some(below) = below else {
                let path = entry.path();
                self.doubts
                    .push(format!("{} cannot be sent as a name", Shown(&path)));
                continue;
            };
            let node = self.local_node(&below, &entry, filter)?;
            self.insert(&below, node);
            folders.extend(self.enter(below, node).map(|below| (below, entry.path())));
        }
        Ok(folders)
    }

    fn local_node(
        &mut self,
        below: &Below,
        entry: &fs::DirEntry,
        filter: &Filter,
    ) -> io::Result<Node> {
        let kind = entry.file_type()?;
        if !filter.takes(below, kind.is_dir()) {
            return Ok(Node::Skipped);
        }
        if kind.is_symlink() {
            return Ok(self.skip(below, "a symbolic link"));
        }
        if kind.is_dir() {
            return Ok(Node::Folder);
        }
        if !kind.is_file() {
            return Ok(self.skip(below, "neither a file nor a folder"));
        }
        let there = entry.metadata()?;
        let time = there.modified().ok().and_then(Stamp::of_file);
        Ok(Node::File(FileNode {
            size: Some(there.len()),
            time,
        }))
    }
}

#[cfg(test)]
mod tests;
