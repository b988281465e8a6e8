//! A store of local files some of whose names misbehave.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ftp_sansio::data::CleanEnd;
use ftp_sansio::listing::Entry;
use ftp_sansio::wire::VirtualPath;

use super::held::Gate;
use crate::local::{LocalEntries, LocalReader, LocalStorage, LocalWriter};
use crate::runtime::Runtime;
use crate::storage::{
    Capabilities, Changes, ChecksumRange, DigestAlgorithm, FileDigest, Placement, Reader, Result,
    Storage, StorageError, Writer,
};

/// Local files, except for some names: see its constants.
pub(super) struct Tricky<R> {
    runtime: R,
    local: LocalStorage<R>,
    /// The root of the store, as the system knows it.
    root: PathBuf,
    gate: Gate,
}

impl<R: Runtime> Tricky<R> {
    /// To open it for reading panics, and so does to ask for it.
    pub(super) const PANICS: &'static str = "panics";
    /// Reading it never ends.
    pub(super) const ENDLESS: &'static str = "endless";
    /// The disk is full after [`Tricky::ROOM`] bytes of it.
    pub(super) const FULL: &'static str = "full";
    pub(super) const ROOM: usize = 300_000;
    /// Letting go of it takes a while.
    pub(super) const CLINGS: &'static str = "clings";
    /// All that is done to it waits at the site's gate: to open it for writing, each write, its commit, its removal.
    pub(super) const HELD: &'static str = "held";

    pub(super) fn new(runtime: &R, local: LocalStorage<R>, root: &Path, gate: &Gate) -> Arc<Self> {
        Arc::new(Self {
            runtime: runtime.clone(),
            local,
            root: root.into(),
            gate: gate.clone(),
        })
    }

    /// Where the writer of what is held writes to.
    fn held(&self, path: &VirtualPath, placement: Placement, start: u64) -> Option<Held<R>> {
        if !Self::is(path, Self::HELD) {
            return None;
        }
        let file = placement.is_in_place().then(|| {
            let mut file = File::options()
                .write(true)
                .open(self.root.join(Self::HELD))
                .unwrap();
            file.seek(SeekFrom::Start(start)).unwrap();
            Arc::new(file)
        });
        Some(Held {
            runtime: self.runtime.clone(),
            gate: self.gate.clone(),
            file,
        })
    }

    fn is(path: &VirtualPath, name: &str) -> bool {
        path.name() == Some(name.as_bytes())
    }
}

impl<R: Runtime> Storage for Tricky<R> {
    type Reader = TrickyReader<R>;
    type Writer = TrickyWriter<R>;
    type Entries = LocalEntries<R>;

    async fn inspect(&self, path: &VirtualPath) -> Result<Entry> {
        assert!(!Self::is(path, Self::PANICS), "a panic that is expected");
        self.local.inspect(path).await
    }

    async fn list(&self, path: &VirtualPath) -> Result<LocalEntries<R>> {
        self.local.list(path).await
    }

    async fn open(&self, path: &VirtualPath, offset: u64) -> Result<TrickyReader<R>> {
        assert!(!Self::is(path, Self::PANICS), "a panic that is expected");
        if Self::is(path, Self::ENDLESS) {
            return Ok(TrickyReader::Endless);
        }
        self.local.open(path, offset).await.map(TrickyReader::Local)
    }

    async fn create(&self, path: &VirtualPath, placement: Placement) -> Result<TrickyWriter<R>> {
        if Self::is(path, Self::HELD) {
            self.gate.pass().await;
        }
        let local = self.local.create(path, placement).await?;
        let left = Self::is(path, Self::FULL).then_some(Self::ROOM);
        let clings = Self::is(path, Self::CLINGS).then(|| Clinging);
        Ok(TrickyWriter {
            _clings: clings,
            held: self.held(path, placement, local.start()),
            local,
            left,
        })
    }

    async fn delete(&self, path: &VirtualPath) -> Result<()> {
        if Self::is(path, Self::HELD) {
            self.gate.pass().await;
        }
        self.local.delete(path).await
    }

    async fn make_folder(&self, path: &VirtualPath) -> Result<()> {
        self.local.make_folder(path).await
    }

    async fn remove_folder(&self, path: &VirtualPath) -> Result<()> {
        self.local.remove_folder(path).await
    }

    async fn rename(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        self.local.rename(from, to).await
    }

    fn capabilities(&self) -> Capabilities {
        self.local.capabilities()
    }

    async fn remove_tree(&self, path: &VirtualPath) -> Result<()> {
        self.local.remove_tree(path).await
    }

    async fn change(&self, path: &VirtualPath, changes: Changes) -> Result<Entry> {
        self.local.change(path, changes).await
    }

    async fn copy(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        self.local.copy(from, to).await
    }

    async fn combine(&self, target: &VirtualPath, parts: &[VirtualPath]) -> Result<()> {
        self.local.combine(target, parts).await
    }

    async fn digest(
        &self,
        path: &VirtualPath,
        algorithm: DigestAlgorithm,
        range: Option<ChecksumRange>,
    ) -> Result<FileDigest> {
        self.local.digest(path, algorithm, range).await
    }
}

pub(super) enum TrickyReader<R> {
    Local(LocalReader<R>),
    Endless,
}

impl<R: Runtime> Reader for TrickyReader<R> {
    fn size(&self) -> Option<u64> {
        match self {
            Self::Local(local) => local.size(),
            Self::Endless => None,
        }
    }

    async fn read(&mut self, mut buffer: BytesMut) -> Result<BytesMut> {
        match self {
            Self::Local(local) => local.read(buffer).await,
            Self::Endless => {
                buffer.resize(buffer.capacity(), b'~');
                Ok(buffer)
            }
        }
    }

    fn lend(&self) -> Option<(&File, u64)> {
        match self {
            Self::Local(local) => local.lend(),
            Self::Endless => None,
        }
    }

    fn advance(&mut self, count: u64) {
        if let Self::Local(local) = self {
            local.advance(count);
        }
    }
}

/// What takes long to be dropped, and holds up what is dropped after it.
struct Clinging;

impl Drop for Clinging {
    fn drop(&mut self) {
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// How the writer of [`Tricky::HELD`] waits.
struct Held<R> {
    runtime: R,
    gate: Gate,
    /// The file, where it is written in place.
    file: Option<Arc<File>>,
}

pub(super) struct TrickyWriter<R> {
    _clings: Option<Clinging>,
    held: Option<Held<R>>,
    local: LocalWriter<R>,
    left: Option<usize>,
}

impl<R: Runtime> Writer for TrickyWriter<R> {
    fn path(&self) -> &VirtualPath {
        self.local.path()
    }

    fn start(&self) -> u64 {
        self.local.start()
    }

    async fn write(&mut self, data: Bytes) -> Result<()> {
        if let Some(held) = &self.held {
            if let Some(file) = &held.file {
                held.gate.write(&held.runtime, file.clone(), data).await;
                return Ok(());
            }
            held.gate.pass().await;
        }
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(data.len()).ok_or(StorageError::NoSpace)?;
        }
        self.local.write(data).await
    }

    fn lend(&self) -> Option<&File> {
        let may = self.left.is_none() && self.held.is_none();
        self.local.lend().filter(|_| may)
    }

    fn advance(&mut self, count: u64, took: Duration) {
        self.local.advance(count, took);
    }

    async fn commit(self, end: &CleanEnd) -> Result<()> {
        if let Some(held) = &self.held {
            held.gate.pass().await;
        }
        self.local.commit(end).await
    }
}
