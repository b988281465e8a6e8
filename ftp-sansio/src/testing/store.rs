//! A file store in memory: it answers a server's operations and holds what transfers read and write.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use crate::listing::{Entry, Kind, Modified, Precision, Zone};
use crate::server::{Answer, ListForm, Operation, Placement, StorageError, Task};
use crate::wire::{DateTime, VirtualPath};

/// Files and folders by their paths. All are as old as the Unix epoch, and so is its present.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    nodes: BTreeMap<VirtualPath, Node>,
    /// How many bytes one upload may bring before the disk is full.
    room: Option<usize>,
    unique: u32,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Node {
    Folder,
    File(Vec<u8>),
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
    /// [`StorageError::NoSpace`] where the store is full; what fitted is kept.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
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
            nodes: BTreeMap::from([(VirtualPath::ROOT, Node::Folder)]),
            room: None,
            unique: 0,
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
        self.nodes.insert(path, Node::File(bytes.into()));
    }

    /// Puts a folder there; those above it are made.
    pub fn put_folder(&mut self, path: VirtualPath) {
        let mut next = Some(path);
        while let Some(folder) = next {
            next = folder.parent();
            self.nodes.entry(folder).or_insert(Node::Folder);
        }
    }

    /// Lets one upload bring so many bytes, and no more.
    pub const fn limit(&mut self, bytes: usize) {
        self.room = Some(bytes);
    }

    /// The bytes of a file, if there is one.
    #[must_use]
    pub fn file(&self, path: &VirtualPath) -> Option<&[u8]> {
        match self.nodes.get(path) {
            Some(Node::File(bytes)) => Some(bytes),
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
            Operation::Inspect(path) => self
                .entry(&path)
                .map(|entry| Answer::Entry(Box::new(entry))),
            Operation::Glance { path, limit } => self.glance(&path, limit),
            Operation::Delete(path) => match self.node(&path)? {
                Node::File(_) => Ok(self.remove(&path)),
                Node::Folder => Err(StorageError::IsAFolder),
            },
            Operation::MakeFolder(path) => self.make_folder(path),
            Operation::RemoveFolder(path) => self.remove_folder(&path),
            Operation::Rename { from, to } => self.rename(&from, &to),
        }
    }

    fn node(&self, path: &VirtualPath) -> Result<&Node, StorageError> {
        self.nodes.get(path).ok_or(StorageError::NotFound)
    }

    fn folder(&self, path: &VirtualPath) -> Result<(), StorageError> {
        match self.node(path)? {
            Node::Folder => Ok(()),
            Node::File(_) => Err(StorageError::NotAFolder),
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
        self.nodes.insert(path, Node::Folder);
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
        if to.starts_with(from) || self.nodes.get(to) == Some(&Node::Folder) {
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

    fn entry(&self, path: &VirtualPath) -> Result<Entry, StorageError> {
        let name = path.name().unwrap_or(b"/").to_vec();
        let (kind, size) = match self.node(path)? {
            Node::Folder => (Kind::Folder, None),
            Node::File(bytes) => (Kind::File, Some(bytes.len() as u64)),
        };
        let modified = Modified {
            date: DateTime::UNIX_EPOCH,
            precision: Precision::Second,
            zone: Zone::Utc,
        };
        Ok(Entry {
            size,
            modified: Some(modified),
            ..Entry::new(name, kind)
        })
    }

    /// What a listing of `path` holds, in the order of the names.
    fn entries(&self, path: &VirtualPath) -> Result<Vec<Entry>, StorageError> {
        if let Node::File(_) = self.node(path)? {
            return Ok(Vec::from([self.entry(path)?]));
        }
        let inside = self
            .nodes
            .keys()
            .filter(|other| other.parent().as_ref() == Some(path));
        inside.map(|child| self.entry(child)).collect()
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
            Task::Retrieve { path, offset } => self.read(path, *offset).map(Open::Read),
            Task::List { path, form } => self.list(path, *form).map(Open::Read),
            Task::Store { path, placement } => {
                self.write(path.clone(), *placement).map(Open::Write)
            }
        }
    }

    fn read(&self, path: &VirtualPath, offset: u64) -> Result<Vec<u8>, StorageError> {
        let Node::File(bytes) = self.node(path)? else {
            return Err(StorageError::IsAFolder);
        };
        let offset = usize::try_from(offset).map_err(|_| StorageError::PastTheEnd)?;
        bytes
            .get(offset..)
            .map(<[u8]>::to_vec)
            .ok_or(StorageError::PastTheEnd)
    }

    fn list(&self, path: &VirtualPath, form: ListForm) -> Result<Vec<u8>, StorageError> {
        let mut out = Vec::new();
        for entry in self.entries(path)? {
            form.write(&entry, DateTime::UNIX_EPOCH, &mut out);
        }
        Ok(out)
    }

    fn write(&mut self, path: VirtualPath, placement: Placement) -> Result<Upload, StorageError> {
        let path = match placement {
            Placement::Unique => self.unique_name(&path)?,
            _ => path,
        };
        let held = match self.nodes.get(&path) {
            Some(Node::Folder) => return Err(StorageError::IsAFolder),
            Some(Node::File(bytes)) => bytes.len() as u64,
            None => 0,
        };
        self.folder(&path.parent().unwrap_or_default())?;
        if matches!(placement, Placement::At(offset) if offset > held) {
            return Err(StorageError::PastTheEnd);
        }
        Ok(Upload {
            path,
            placement,
            bytes: Vec::new(),
            room: self.room.unwrap_or(usize::MAX),
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
        let mut whole = match (placement, self.nodes.remove(&path)) {
            (Placement::Append | Placement::At(_), Some(Node::File(held))) => held,
            _ => Vec::new(),
        };
        if let Placement::At(offset) = placement {
            whole.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
        }
        whole.extend_from_slice(&bytes);
        self.nodes.insert(path, Node::File(whole));
    }

    /// The upload broke off: a file that it was to replace is as it was; one that it wrote into keeps what arrived.
    pub fn abandon(&mut self, upload: Upload) {
        if matches!(upload.placement, Placement::Append | Placement::At(_)) {
            self.commit(upload);
        }
    }
}
