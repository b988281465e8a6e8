//! What the store can do besides reading, writing and naming files.

use alloc::format;
use alloc::vec::Vec;

use bytes::Bytes;

use super::{Content, Node, Store};
use crate::listing::Permissions;
use crate::server::{
    Answer, Capabilities, Capability, Changes, FileDigest, SiteRequest, StorageError,
};
use crate::testing::digest::digest;
use crate::wire::{ChecksumRange, DigestAlgorithm, VirtualPath};

impl Store {
    /// Everything but the time at which a file was made, its owner, and words of SITE.
    pub const CAPABILITIES: Capabilities = Capabilities::NONE
        .with(Capability::SetModified)
        .with(Capability::SetPermissions)
        .with(Capability::SetGroup)
        .with(Capability::Umask)
        .with(Capability::Links)
        .with(Capability::Copy)
        .with(Capability::Combine)
        .with(Capability::Available)
        .with(Capability::RemoveTrees)
        .with_digest(DigestAlgorithm::Crc32)
        .with_digest(DigestAlgorithm::Sha1);

    pub(super) fn make_folders(&mut self, path: &VirtualPath) -> Result<Answer, StorageError> {
        let mut above = Some(path.clone());
        while let Some(folder) = above {
            match self.folder(&folder) {
                Ok(()) => break,
                Err(StorageError::NotFound) => above = folder.parent(),
                Err(error) => return Err(error),
            }
        }
        self.put_folder(path.clone());
        Ok(Answer::Done)
    }

    pub(super) fn remove_tree(&mut self, path: &VirtualPath) -> Result<Answer, StorageError> {
        self.folder(path)?;
        if path.is_root() {
            return Err(StorageError::Denied);
        }
        self.nodes.retain(|other, _| !other.starts_with(path));
        Ok(Answer::Done)
    }

    pub(super) fn change(
        &mut self,
        path: &VirtualPath,
        changes: Changes,
    ) -> Result<Answer, StorageError> {
        let path = self.followed(path)?;
        let node = self.nodes.get_mut(&path).ok_or(StorageError::NotFound)?;
        if changes.created.is_some() || changes.owner.is_some() {
            return Err(StorageError::Unsupported);
        }
        // Whole seconds: what it says it has set may be coarser than what was asked for.
        if let Some(date) = changes.modified {
            node.modified = crate::wire::DateTime::from_unix(date.to_unix(), 0).unwrap_or(date);
        }
        node.permissions = changes.permissions.or(node.permissions);
        if let Some(group) = changes.group {
            node.group = Some(group.into_bytes());
        }
        self.known(&path)
    }

    pub(super) fn link(
        &mut self,
        path: VirtualPath,
        target: VirtualPath,
    ) -> Result<Answer, StorageError> {
        self.folder(&path.parent().ok_or(StorageError::Exists)?)?;
        if self.nodes.contains_key(&path) {
            return Err(StorageError::Exists);
        }
        self.nodes.insert(path, Node::new(Content::Link(target)));
        Ok(Answer::Done)
    }

    pub(super) fn copy(
        &mut self,
        from: &VirtualPath,
        to: VirtualPath,
    ) -> Result<Answer, StorageError> {
        let bytes = self.bytes(from)?.to_vec();
        self.place(to, bytes)
    }

    pub(super) fn combine(
        &mut self,
        target: VirtualPath,
        parts: &[VirtualPath],
    ) -> Result<Answer, StorageError> {
        let mut whole = match self.bytes(&target) {
            Ok(bytes) => bytes.to_vec(),
            Err(StorageError::NotFound) => Vec::new(),
            Err(error) => return Err(error),
        };
        for part in parts {
            whole.extend_from_slice(self.bytes(part)?);
        }
        self.place(target, whole)?;
        for part in parts {
            self.nodes.remove(part);
        }
        Ok(Answer::Done)
    }

    /// Makes it a file of its folder, or the new content of one that is there.
    fn place(&mut self, path: VirtualPath, bytes: Vec<u8>) -> Result<Answer, StorageError> {
        self.folder(&path.parent().ok_or(StorageError::IsAFolder)?)?;
        if self.folder(&path).is_ok() {
            return Err(StorageError::IsAFolder);
        }
        self.nodes.insert(path, Node::new(Content::File(bytes)));
        Ok(Answer::Done)
    }

    fn bytes(&self, path: &VirtualPath) -> Result<&[u8], StorageError> {
        match &self.node(path)?.content {
            Content::File(bytes) => Ok(bytes),
            _ => Err(StorageError::IsAFolder),
        }
    }

    pub(super) fn digest(
        &self,
        path: &VirtualPath,
        algorithm: DigestAlgorithm,
        range: Option<ChecksumRange>,
    ) -> Result<Answer, StorageError> {
        let bytes = self.bytes(path)?;
        let size = bytes.len() as u64;
        let (start, end) = range.map_or((0, size), |range| {
            (range.start, range.end.unwrap_or(size).min(size))
        });
        let part = usize::try_from(start)
            .ok()
            .zip(usize::try_from(end).ok())
            .and_then(|(start, end)| bytes.get(start..end))
            .ok_or(StorageError::PastTheEnd)?;
        let digest = digest(algorithm, part).ok_or(StorageError::Unsupported)?;
        Ok(Answer::Digest(FileDigest {
            digest: digest.into(),
            start,
            end,
        }))
    }

    pub(super) fn available(&self, path: &VirtualPath) -> Result<Answer, StorageError> {
        self.folder(path)?;
        let room = self.room.ok_or(StorageError::Unsupported)?;
        Ok(Answer::Available(room as u64))
    }

    pub(super) fn umask(&mut self, mask: Option<Permissions>) -> Answer {
        self.umask = mask.unwrap_or(self.umask);
        Answer::Umask(self.umask)
    }

    /// One word, `GREET`, which says what it was asked.
    pub(super) fn site(request: &SiteRequest) -> Result<Answer, StorageError> {
        if !request.word.as_bytes().eq_ignore_ascii_case(b"GREET") {
            return Err(StorageError::Unsupported);
        }
        let Some(argument) = &request.argument else {
            return Ok(Answer::Text(Vec::new()));
        };
        let may = if request.writable { "may" } else { "may not" };
        let whole = request.folder.join(argument);
        let path = whole.map_err(|_| StorageError::NameNotAllowed)?;
        Ok(Answer::Text(Vec::from([
            Bytes::from(path.as_bytes().to_vec()),
            Bytes::from(format!("You {may} write.")),
            Bytes::from_static(b"a\nb"),
        ])))
    }
}
