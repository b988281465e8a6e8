//! Digests of files: computed a piece at a time, and remembered.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cap_std::fs::{Dir, Metadata, OpenOptions};
use ftp_sansio::wire::{ChecksumRange, DigestAlgorithm, VirtualPath};

use super::error::check;
use super::name::relative;
use super::open_regular;
use super::version::Version;
use crate::digest::Hasher;
use crate::storage::{FileDigest, Result, StorageError};

/// How much is read and digested in one go, in bytes: a millisecond's work at the slowest.
const PIECE: usize = 256 * 1024;

/// How many digests are remembered.
const REMEMBERED: usize = 1024;

/// How many digests are computed at once, for all users of a store: who comes then is told to try again (450), and not one
/// processor more is taken from the transfers.
const AT_ONCE: usize = 16;

/// What the digests of one store share.
#[derive(Debug, Default)]
pub(super) struct Digests {
    at_work: AtomicUsize,
    known: Mutex<VecDeque<(Key, Bytes)>>,
}

/// A file as it was when it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Key {
    algorithm: DigestAlgorithm,
    version: Version,
}

impl Digests {
    fn recall(&self, key: &Key) -> Option<Bytes> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let at = known.iter().position(|(other, _)| other == key)?;
        let found = known.remove(at)?;
        let digest = found.1.clone();
        known.push_back(found);
        Some(digest)
    }

    fn remember(&self, key: Key, digest: Bytes) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        while known.len() >= REMEMBERED {
            known.pop_front();
        }
        known.push_back((key, digest));
    }
}

/// One of the digests that may be computed at once.
#[derive(Debug)]
pub(super) struct Turn(Arc<Digests>);

impl Turn {
    pub(super) fn take(digests: &Arc<Digests>) -> Result<Self> {
        let begun = digests.at_work.fetch_add(1, Ordering::Relaxed);
        let turn = Self(Arc::clone(digests));
        if begun < AT_ONCE {
            Ok(turn)
        } else {
            Err(StorageError::Busy)
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A digest under way.
#[derive(Debug)]
pub(super) struct Digesting {
    turn: Turn,
    file: File,
    hasher: Hasher,
    start: u64,
    position: u64,
    end: u64,
    buffer: Vec<u8>,
    /// What it will be remembered by, unless it is of a part.
    key: Option<Key>,
}

/// How a file's digest begins.
pub(super) enum Begun {
    /// It is known.
    Known(FileDigest),
    /// It has to be computed.
    Unknown(Box<Digesting>),
}

impl Digesting {
    pub(super) fn begin(
        root: &Dir,
        path: &VirtualPath,
        algorithm: DigestAlgorithm,
        range: Option<ChecksumRange>,
        turn: Turn,
    ) -> Result<Begun> {
        let hasher = Hasher::new(algorithm).ok_or(StorageError::Unsupported)?;
        let (mut file, metadata) =
            open_regular(root, &relative(path)?, OpenOptions::new().read(true))?;
        let size = metadata.len();
        let (start, end) = range.map_or((0, size), |range| {
            (range.start, range.end.unwrap_or(size).min(size))
        });
        if start > end {
            return Err(StorageError::PastTheEnd);
        }
        let is_whole = start == 0 && end == size;
        let key = is_whole.then(|| key(algorithm, &metadata)).flatten();
        if let Some(digest) = key.as_ref().and_then(|key| turn.0.recall(key)) {
            return Ok(Begun::Known(FileDigest { digest, start, end }));
        }
        check(file.seek(SeekFrom::Start(start)))?;
        Ok(Begun::Unknown(Box::new(Self {
            turn,
            file,
            hasher,
            start,
            position: start,
            end,
            buffer: Vec::new(),
            key,
        })))
    }

    /// Reads some more. False at the end.
    pub(super) fn step(&mut self) -> Result<bool> {
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        self.buffer.resize(left.min(PIECE), 0);
        let count = check(read(&self.file, &mut self.buffer))?;
        self.hasher.update(&self.buffer[..count]);
        self.position += count as u64;
        Ok(count > 0)
    }

    /// The digest of what was read: less than was asked for where the file has become shorter meanwhile.
    pub(super) fn finish(self) -> FileDigest {
        let digest = self.hasher.finish();
        if let Some(key) = self.key.filter(|key| still_is(&self.file, key)) {
            self.turn.0.remember(key, digest.clone());
        }
        FileDigest {
            digest,
            start: self.start,
            end: self.position,
        }
    }
}

fn read(mut file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// What a file is remembered by.
#[cfg(unix)]
fn key(algorithm: DigestAlgorithm, metadata: &Metadata) -> Option<Key> {
    Some(Key {
        algorithm,
        version: Version::of(metadata),
    })
}

/// Elsewhere a file has no name of its own that is cheap to ask for.
#[cfg(not(unix))]
fn key(_: DigestAlgorithm, _: &Metadata) -> Option<Key> {
    None
}

/// Whether the file is as it was, and has been for so long that a change since would show: the clock of some file systems goes
/// in steps of two seconds.
#[cfg(unix)]
fn still_is(file: &File, key: &Key) -> bool {
    const STEP: i64 = 2;
    let is_same = Metadata::from_file(file).is_ok_and(|now| Version::of(&now) == key.version);
    is_same && crate::calendar::today().to_unix() - key.version.changed.0 > STEP
}

#[cfg(not(unix))]
fn still_is(_: &File, _: &Key) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(inode: u64) -> Key {
        Key {
            algorithm: DigestAlgorithm::Sha256,
            version: Version {
                device: 1,
                inode,
                size: 3,
                modified: (1, 2),
                changed: (3, 4),
            },
        }
    }

    #[test]
    fn remembers_the_latest() {
        let digests = Digests::default();
        for inode in 0..REMEMBERED as u64 {
            digests.remember(key(inode), Bytes::from(inode.to_string()));
        }
        // One that was asked for is not the oldest any more.
        assert_eq!(digests.recall(&key(0)), Some(Bytes::from("0")));
        digests.remember(key(u64::MAX), Bytes::from("new"));
        assert_eq!(digests.recall(&key(1)), None);
        assert!(digests.recall(&key(0)).is_some() && digests.recall(&key(2)).is_some());
        let mut touched = key(2);
        touched.version.changed = (3, 5);
        assert_eq!(digests.recall(&touched), None);
        assert_eq!(digests.known.lock().unwrap().len(), REMEMBERED);
    }

    #[test]
    fn only_so_many_at_once() {
        let digests = Arc::default();
        let turns: Vec<_> = (0..AT_ONCE)
            .map(|_| Turn::take(&digests).unwrap())
            .collect();
        assert_eq!(Turn::take(&digests).err(), Some(StorageError::Busy));
        drop(turns);
        assert!(Turn::take(&digests).is_ok());
    }
}
