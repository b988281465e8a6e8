//! What the server serves: a store whose every step takes a while and may be the last (one folder, and nothing but what a store has to do), and the
//! driver's own store in memory, which never waits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::{BufMut, Bytes, BytesMut};
use ftp_runtime_simulated::memory::MemoryStorage;
use ftp_runtime_simulated::sansio::data::CleanEnd;
use ftp_runtime_simulated::sansio::listing::{Entry, Kind};
use ftp_runtime_simulated::sansio::wire::{Arg, DateTime, VirtualPath};
use ftp_runtime_simulated::storage::{
    Entries, Placement, Reader, Result, Storage, StorageError, Writer,
};
use ftp_runtime_simulated::{Runtime, Simulated};

/// What files are called in a run.
pub(crate) const NAMES: [&str; 4] = ["file 0", "file 1", "file 2", "file 3"];

/// A store that a run can look into.
pub(crate) trait Shelf: Storage + Clone {
    /// All there is, and what is in it.
    fn all(&self) -> BTreeMap<String, Bytes>;

    /// Panics where something is left of transfers that are over.
    fn nothing_is_left(&self);
}

impl Shelf for Files {
    fn all(&self) -> BTreeMap<String, Bytes> {
        self.held().files.clone()
    }

    fn nothing_is_left(&self) {
        assert_eq!(self.held().open, 0, "readers and writers are left");
    }
}

/// What each file takes of [`MemoryStorage::used`] besides its content.
const OVERHEAD: u64 = 1024;

/// A tree in memory, in which it is always the same day.
pub(crate) fn memory() -> MemoryStorage {
    let today = DateTime::new(2026, 1, 1, 0, 0, 0, 0).unwrap();
    MemoryStorage::new().with_clock(move || today)
}

impl Shelf for MemoryStorage {
    fn all(&self) -> BTreeMap<String, Bytes> {
        let held = NAMES.iter().filter_map(|name| {
            let path = VirtualPath::ROOT.join(&Arg::try_from(*name).unwrap());
            let content = self.content(&path.unwrap()).ok()?;
            Some(((*name).to_owned(), content))
        });
        held.collect()
    }

    /// Neither of them, nor a file of another name.
    fn nothing_is_left(&self) {
        let files = self.all();
        let known = files
            .values()
            .map(|content| content.len() as u64 + OVERHEAD);
        assert_eq!(self.used(), known.sum(), "something else is held");
    }
}

#[derive(Clone)]
pub(crate) struct Files {
    runtime: Simulated,
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    files: BTreeMap<String, Bytes>,
    /// Readers and writers that somebody has.
    open: usize,
}

impl Held {
    fn get(&self, name: &str) -> Result<Bytes> {
        self.files.get(name).cloned().ok_or(StorageError::NotFound)
    }
}

/// The name of a file in the one folder; nothing for the folder itself.
fn name(path: &VirtualPath) -> Option<String> {
    path.name()
        .map(|name| String::from_utf8(name.to_vec()).unwrap())
}

fn file_name(path: &VirtualPath) -> Result<String> {
    name(path).ok_or(StorageError::IsAFolder)
}

impl Files {
    pub(crate) fn new(runtime: Simulated) -> Self {
        Self {
            runtime,
            held: Arc::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }

    /// Does something a little later, whether or not anybody still waits for it.
    async fn later<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Held) -> T + Send + 'static,
    ) -> T {
        let held = self.held.clone();
        self.runtime
            .blocking(move || change(&mut held.lock().unwrap()))
            .await
    }

    fn handle(&self) -> Handle {
        self.held().open += 1;
        Handle(self.held.clone())
    }
}

/// Counts itself.
pub(crate) struct Handle(Arc<Mutex<Held>>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().unwrap().open -= 1;
    }
}

fn entry(name: &str, content: &Bytes) -> Entry {
    let mut entry = Entry::new(name.to_owned(), Kind::File);
    entry.size = Some(content.len() as u64);
    entry
}

impl Storage for Files {
    type Reader = FileReader;
    type Writer = FileWriter;
    type Entries = FileEntries;

    async fn inspect(&self, path: &VirtualPath) -> Result<Entry> {
        let name = name(path);
        self.later(move |held| match name {
            Some(name) => Ok(entry(&name, &held.get(&name)?)),
            None => Ok(Entry::new("/", Kind::Folder)),
        })
        .await
    }

    async fn list(&self, path: &VirtualPath) -> Result<FileEntries> {
        let name = name(path);
        let entries = self.later(move |held| match name {
            Some(name) => Ok(vec![entry(&name, &held.get(&name)?)]),
            None => Ok(held
                .files
                .iter()
                .map(|(name, content)| entry(name, content))
                .collect()),
        });
        Ok(FileEntries {
            left: entries.await?,
            runtime: self.runtime.clone(),
        })
    }

    async fn open(&self, path: &VirtualPath, offset: u64) -> Result<FileReader> {
        let name = file_name(path)?;
        let content = self.later(move |held| held.get(&name)).await?;
        let start = usize::try_from(offset).unwrap();
        if start > content.len() {
            return Err(StorageError::PastTheEnd);
        }
        Ok(FileReader {
            size: content.len() as u64,
            left: content.slice(start..),
            runtime: self.runtime.clone(),
            _handle: self.handle(),
        })
    }

    async fn create(&self, path: &VirtualPath, placement: Placement) -> Result<FileWriter> {
        let name = file_name(path)?;
        let in_place = placement == Placement::Append;
        if !in_place && placement != Placement::Replace {
            return Err(StorageError::Unsupported);
        }
        let start = self
            .later({
                let name = name.clone();
                move |held| match in_place {
                    true => held.files.entry(name).or_default().len() as u64,
                    false => 0,
                }
            })
            .await;
        Ok(FileWriter {
            handle: self.handle(),
            files: self.clone(),
            path: path.clone(),
            name,
            start,
            in_place,
            written: BytesMut::new(),
        })
    }

    async fn delete(&self, path: &VirtualPath) -> Result<()> {
        let name = file_name(path)?;
        self.later(move |held| held.files.remove(&name))
            .await
            .map(drop)
            .ok_or(StorageError::NotFound)
    }

    async fn make_folder(&self, _: &VirtualPath) -> Result<()> {
        Err(StorageError::Unsupported)
    }

    async fn remove_folder(&self, _: &VirtualPath) -> Result<()> {
        Err(StorageError::Unsupported)
    }

    async fn rename(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let (from, to) = (file_name(from)?, file_name(to)?);
        self.later(move |held| {
            let content = held.files.remove(&from).ok_or(StorageError::NotFound)?;
            held.files.insert(to, content);
            Ok(())
        })
        .await
    }
}

pub(crate) struct FileReader {
    size: u64,
    left: Bytes,
    runtime: Simulated,
    _handle: Handle,
}

impl Reader for FileReader {
    fn size(&self) -> Option<u64> {
        Some(self.size)
    }

    async fn read(&mut self, mut buffer: BytesMut) -> Result<BytesMut> {
        let room = buffer.capacity() - buffer.len();
        // Pieces of all sizes, though never none before the end.
        let most =
            1 + self.runtime.random().unwrap() % (1 << (self.runtime.random().unwrap() % 19));
        let piece = self
            .left
            .split_to(self.left.len().min(room).min(most as usize));
        buffer.put(piece);
        self.runtime.blocking(|| ()).await;
        Ok(buffer)
    }
}

pub(crate) struct FileWriter {
    handle: Handle,
    files: Files,
    path: VirtualPath,
    name: String,
    start: u64,
    in_place: bool,
    written: BytesMut,
}

impl Writer for FileWriter {
    fn path(&self) -> &VirtualPath {
        &self.path
    }

    fn start(&self) -> u64 {
        self.start
    }

    async fn write(&mut self, data: Bytes) -> Result<()> {
        if !self.in_place {
            self.written.put(data);
            self.files.runtime.blocking(|| ()).await;
            return Ok(());
        }
        let name = self.name.clone();
        self.files
            .later(move |held| {
                let old = held.files.entry(name).or_default();
                *old = [&old[..], &data].concat().into();
            })
            .await;
        Ok(())
    }

    async fn commit(self, _: &CleanEnd) -> Result<()> {
        let Self {
            handle,
            files,
            name,
            in_place,
            written,
            ..
        } = self;
        files
            .later(move |held| {
                if !in_place {
                    held.files.insert(name, written.freeze());
                }
            })
            .await;
        drop(handle);
        Ok(())
    }
}

pub(crate) struct FileEntries {
    left: Vec<Entry>,
    runtime: Simulated,
}

impl Entries for FileEntries {
    async fn next(&mut self) -> Result<Vec<Entry>> {
        self.runtime.blocking(|| ()).await;
        let count = self.left.len().min(3);
        Ok(self.left.drain(..count).collect())
    }
}
