//! A file store in memory: it answers a server's operations and holds what transfers read and write.

mod more;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::listing::{Entry, Kind, Modified, Permissions, Precision, Zone};
use crate::server::{Answer, ListForm, Operation, Pattern, Placement, StorageError, Task};
use crate::wire::{DateTime, VirtualPath};

/// Files, folders and links by their paths. All are as old as the Unix epoch unless that is changed, and so is its present. A link is
/// followed where it is the last component of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    nodes: BTreeMap<VirtualPath, Node>,
    /// How many bytes one upload may bring before the disk is full.
    room: Option<usize>,
    unique: u32,
    umask: Permissions,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Node {
    content: Content,
    modified: DateTime,
    permissions: Option<Permissions>,
    group: Option<Bytes>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Content {
    Folder,
    File(Vec<u8>),
    Link(VirtualPath),
}

impl Node {
    const FOLDER: Self = Self::new(Content::Folder);

    const fn new(content: Content) -> Self {
        Self {
            content,
            modified: DateTime::UNIX_EPOCH,
            permissions: None,
            group: None,
        }
    }
}

/// What a transfer found open.
#[derive(Debug)]
pub enum Open {
    /// The bytes to send: of a file from its offset on, or of a listing.
    Read(Vec<u8>),
    /// What takes the bytes that arrive.
    Write(Upload),
}

/// An upload that is not over: [`Store::commit`] it, or [`Store::abandon`] it.
#[derive(Debug)]
pub struct Upload {
    path: VirtualPath,
    placement: Placement,
    bytes: Vec<u8>,
    room: usize,
    /// How many bytes may be written where they go.
    most: usize,
}

impl Upload {
    /// The file it will be.
    #[must_use]
    pub const fn path(&self) -> &VirtualPath {
        &self.path
    }

    /// Takes bytes in.
    ///
    /// # Errors
    /// [`StorageError::NoSpace`] where the store is full, and [`StorageError::PastTheEnd`] where nothing may be written beyond; what fitted
    /// is kept.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        if self.bytes.len() + bytes.len() > self.most {
            let count = self.most - self.bytes.len();
            self.bytes.extend_from_slice(&bytes[..count]);
            return Err(StorageError::PastTheEnd);
        }
        let count = bytes.len().min(self.room - self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..count]);
        if count < bytes.len() {
            Err(StorageError::NoSpace)
        } else {
            Ok(())
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            nodes: BTreeMap::from([(VirtualPath::ROOT, Node::FOLDER)]),
            room: None,
            unique: 0,
            umask: Permissions::new(0o022),
        }
    }
}

impl Store {
    /// A store that holds the root alone.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a file there; folders above it are made.
    pub fn put_file(&mut self, path: VirtualPath, bytes: impl Into<Vec<u8>>) {
        if let Some(parent) = path.parent() {
            self.put_folder(parent);
        }
        self.nodes
            .insert(path, Node::new(Content::File(bytes.into())));
    }

    /// Puts a folder there; those above it are made.
    pub fn put_folder(&mut self, path: VirtualPath) {
        let mut next = Some(path);
        while let Some(folder) = next {
            next = folder.parent();
            self.nodes.entry(folder).or_insert(Node::FOLDER);
        }
    }

    /// Lets one upload bring so many bytes, and no more.
    pub const fn limit(&mut self, bytes: usize) {
        self.room = Some(bytes);
    }

    /// The bytes of a file, if there is one.
    #[must_use]
    pub fn file(&self, path: &VirtualPath) -> Option<&[u8]> {
        match &self.nodes.get(path)?.content {
            Content::File(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Answers one question of a session.
    ///
    /// # Errors
    /// As a file system would.
    pub fn perform(&mut self, operation: Operation) -> Result<Answer, StorageError> {
        match operation {
            Operation::Enter(path) => self.folder(&path).map(|()| Answer::Done),
            Operation::Inspect(path) => self.known(&path),
            Operation::Glance { path, limit } => self.glance(&path, limit),
            Operation::Delete(path) => match self.nodes.get(&path) {
                None => Err(StorageError::NotFound),
                Some(node) if node.content == Content::Folder => Err(StorageError::IsAFolder),
                Some(_) => Ok(self.remove(&path)),
            },
            Operation::MakeFolder(path) => self.make_folder(path),
            Operation::RemoveFolder(path) => self.remove_folder(&path),
            Operation::Rename { from, to } => self.rename(&from, &to),
            Operation::MakeFolders(path) => self.make_folders(&path),
            Operation::RemoveTree(path) => self.remove_tree(&path),
            Operation::Change { path, changes } => self.change(&path, changes),
            Operation::Link { path, target } => self.link(path, target),
            Operation::Copy { from, to } => self.copy(&from, to),
            Operation::Combine { target, parts } => self.combine(target, &parts),
            Operation::Digest {
                path,
                algorithm,
                range,
            } => self.digest(&path, algorithm, range),
            Operation::Available(path) => self.available(&path),
            Operation::Umask(mask) => Ok(self.umask(mask)),
            Operation::Site(request) => Self::site(&request),
        }
    }

    /// Where a path leads in the end.
    fn followed(&self, path: &VirtualPath) -> Result<VirtualPath, StorageError> {
        const MOST_LINKS: usize = 8;
        let mut path = path.clone();
        for _ in 0..MOST_LINKS {
            match self.nodes.get(&path).map(|node| &node.content) {
                None => return Err(StorageError::NotFound),
                Some(Content::Link(target)) => path = target.clone(),
                Some(_) => return Ok(path),
            }
        }
        Err(StorageError::Denied)
    }

    fn node(&self, path: &VirtualPath) -> Result<&Node, StorageError> {
        let path = self.followed(path)?;
        self.nodes.get(&path).ok_or(StorageError::NotFound)
    }

    fn folder(&self, path: &VirtualPath) -> Result<(), StorageError> {
        match self.node(path)?.content {
            Content::Folder => Ok(()),
            _ => Err(StorageError::NotAFolder),
        }
    }

    fn remove(&mut self, path: &VirtualPath) -> Answer {
        self.nodes.remove(path);
        Answer::Done
    }

    fn make_folder(&mut self, path: VirtualPath) -> Result<Answer, StorageError> {
        if self.nodes.contains_key(&path) {
            return Err(StorageError::Exists);
        }
        self.folder(&path.parent().unwrap_or_default())?;
        self.nodes.insert(path, Node::FOLDER);
        Ok(Answer::Done)
    }

    fn remove_folder(&mut self, path: &VirtualPath) -> Result<Answer, StorageError> {
        self.folder(path)?;
        if path.is_root() {
            return Err(StorageError::Denied);
        }
        if self
            .nodes
            .keys()
            .any(|other| other != path && other.starts_with(path))
        {
            return Err(StorageError::NotEmpty);
        }
        Ok(self.remove(path))
    }

    fn rename(&mut self, from: &VirtualPath, to: &VirtualPath) -> Result<Answer, StorageError> {
        self.node(from)?;
        self.folder(&to.parent().ok_or(StorageError::Exists)?)?;
        if to.starts_with(from) || self.folder(to).is_ok() {
            return Err(StorageError::Exists);
        }
        let moved: Vec<_> = self
            .nodes
            .keys()
            .filter(|path| path.starts_with(from))
            .cloned()
            .collect();
        for path in moved {
            let name = [to.as_bytes(), &path.as_bytes()[from.as_bytes().len()..]].concat();
            let name = crate::wire::Arg::new(name).map_err(|_| StorageError::NameNotAllowed)?;
            let name = VirtualPath::ROOT
                .join(&name)
                .map_err(|_| StorageError::NameNotAllowed)?;
            if let Some(node) = self.nodes.remove(&path) {
                self.nodes.insert(name, node);
            }
        }
        Ok(Answer::Done)
    }

    fn known(&self, path: &VirtualPath) -> Result<Answer, StorageError> {
        Ok(Answer::Entry(Box::new(self.entry(path)?)))
    }

    fn entry(&self, path: &VirtualPath) -> Result<Entry, StorageError> {
        Ok(describe(path, self.node(path)?))
    }

    /// What a listing of `path` holds, in the order of the names.
    fn entries(&self, path: &VirtualPath) -> Result<Vec<Entry>, StorageError> {
        if self.node(path)?.content != Content::Folder {
            return Ok(Vec::from([self.entry(path)?]));
        }
        let path = self.followed(path)?;
        let inside = self
            .nodes
            .iter()
            .filter(|(other, _)| other.parent().as_ref() == Some(&path));
        Ok(inside.map(|(child, node)| describe(child, node)).collect())
    }

    fn glance(&self, path: &VirtualPath, limit: usize) -> Result<Answer, StorageError> {
        let mut entries = self.entries(path)?;
        let more = entries.len() > limit;
        entries.truncate(limit);
        Ok(Answer::Entries {
            entries,
            more,
            at: DateTime::UNIX_EPOCH,
        })
    }

    /// Opens what a transfer is about.
    ///
    /// # Errors
    /// As a file system would.
    pub fn open(&mut self, task: &Task) -> Result<Open, StorageError> {
        match task {
            Task::Retrieve { path, offset, end } => self.read(path, *offset, *end).map(Open::Read),
            Task::List {
                path,
                form,
                pattern,
            } => self.list(path, *form, pattern.as_ref()).map(Open::Read),
            Task::Store { path, placement } => {
                self.write(path.clone(), *placement).map(Open::Write)
            }
        }
    }

    fn read(
        &self,
        path: &VirtualPath,
        offset: u64,
        end: Option<u64>,
    ) -> Result<Vec<u8>, StorageError> {
        let Content::File(bytes) = &self.node(path)?.content else {
            return Err(StorageError::IsAFolder);
        };
        let size = bytes.len() as u64;
        // A range past the end is empty, a restart past the end a mistake.
        let (offset, end) = match end {
            Some(end) => (offset.min(size), end.min(size)),
            None => (offset, size),
        };
        let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
        let part = range.and_then(|(offset, end)| bytes.get(offset..end));
        part.map(<[u8]>::to_vec).ok_or(StorageError::PastTheEnd)
    }

    fn list(
        &self,
        path: &VirtualPath,
        form: ListForm,
        pattern: Option<&Pattern>,
    ) -> Result<Vec<u8>, StorageError> {
        let (entries, pattern) = match (self.entries(path), pattern) {
            (Err(StorageError::NotFound), Some(pattern)) => {
                let folder = path.parent().unwrap_or_default();
                (self.entries(&folder)?, Some(pattern))
            }
            (entries, _) => (entries?, None),
        };
        if let ListForm::Facts { .. } = form {
            self.folder(path)?;
        }
        let mut out = Vec::new();
        for entry in entries {
            form.write_matching(entry, pattern, DateTime::UNIX_EPOCH, &mut out);
        }
        Ok(out)
    }

    fn write(&mut self, path: VirtualPath, placement: Placement) -> Result<Upload, StorageError> {
        let path = match placement {
            Placement::Unique => self.unique_name(&path)?,
            _ => path,
        };
        let held = match self.node(&path).map(|node| &node.content) {
            Ok(Content::File(bytes)) => bytes.len() as u64,
            Ok(_) => return Err(StorageError::IsAFolder),
            Err(_) => 0,
        };
        self.folder(&path.parent().unwrap_or_default())?;
        let (start, most) = match placement {
            Placement::At(start) => (start, None),
            Placement::Within { start, end } => (start, usize::try_from(end - start).ok()),
            _ => (0, None),
        };
        if start > held {
            return Err(StorageError::PastTheEnd);
        }
        Ok(Upload {
            path,
            placement,
            bytes: Vec::new(),
            room: self.room.unwrap_or(usize::MAX),
            most: most.unwrap_or(usize::MAX),
        })
    }

    fn unique_name(&mut self, folder: &VirtualPath) -> Result<VirtualPath, StorageError> {
        self.unique += 1;
        folder
            .child(format!("unique.{}", self.unique).as_bytes())
            .map_err(|_| StorageError::NameNotAllowed)
    }

    /// The upload is whole: it is the file from now on.
    pub fn commit(&mut self, upload: Upload) {
        let Upload {
            path,
            placement,
            bytes,
            ..
        } = upload;
        let path = self.followed(&path).unwrap_or(path);
        let held = match self.nodes.remove(&path).map(|node| node.content) {
            Some(Content::File(held)) => held,
            _ => Vec::new(),
        };
        let in_place = |start: u64| usize::try_from(start).unwrap_or(usize::MAX).min(held.len());
        let mut whole = match placement {
            Placement::Append => held.clone(),
            Placement::At(start) | Placement::Within { start, .. } => {
                held[..in_place(start)].to_vec()
            }
            Placement::Replace | Placement::Unique => Vec::new(),
        };
        whole.extend_from_slice(&bytes);
        if matches!(placement, Placement::Within { .. }) && held.len() > whole.len() {
            whole.extend_from_slice(&held[whole.len()..]);
        }
        self.nodes.insert(path, Node::new(Content::File(whole)));
    }

    /// The upload broke off: a file that it was to replace is as it was; one that it wrote into keeps what arrived.
    pub fn abandon(&mut self, upload: Upload) {
        if upload.placement.is_in_place() {
            self.commit(upload);
        }
    }
}

fn describe(path: &VirtualPath, node: &Node) -> Entry {
    let (kind, size) = match &node.content {
        Content::Folder => (Kind::Folder, None),
        Content::File(bytes) => (Kind::File, Some(bytes.len() as u64)),
        Content::Link(_) => (Kind::Symlink, None),
    };
    let modified = Modified {
        date: node.modified,
        precision: Precision::Second,
        zone: Zone::Utc,
    };
    let mut entry = Entry::new(path.name().unwrap_or(b"/").to_vec(), kind);
    (entry.size, entry.modified) = (size, Some(modified));
    (entry.permissions, entry.group) = (node.permissions, node.group.clone());
    if let Content::Link(target) = &node.content {
        entry.target = Some(Bytes::copy_from_slice(target.as_bytes()));
    }
    entry
}
