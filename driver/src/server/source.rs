//! What a transfer of the server sends: a file or a range of it, a folder or what of it matches a pattern.

use std::fs::File;

use bytes::{Bytes, BytesMut};
use ftp_sansio::listing::Entry;
use ftp_sansio::server::{ListForm, Pattern};
use ftp_sansio::wire::VirtualPath;

use crate::storage::{Reader, Storage, StorageError};

/// A file to send, or the range of it that RANG chose.
pub(super) struct Source<F> {
    reader: F,
    /// How many bytes of the range are still to come, if there is one.
    left: Option<u64>,
}

impl<F: Reader> Source<F> {
    pub(super) async fn open<S: Storage<Reader = F>>(
        storage: &S,
        path: &VirtualPath,
        offset: u64,
        end: Option<u64>,
    ) -> Result<Self, StorageError> {
        let left = end.map(|end| end.saturating_sub(offset));
        match storage.open(path, offset).await {
            // A range past the end is empty, and no error (draft-bryan-ftp-range § 4.3).
            Err(StorageError::PastTheEnd) if left.is_some() => Ok(Self {
                reader: storage.open(path, 0).await?,
                left: Some(0),
            }),
            reader => Ok(Self {
                reader: reader?,
                left,
            }),
        }
    }

    /// How many bytes will come, from `offset` on.
    pub(super) fn size(&self, offset: u64) -> Option<u64> {
        let size = self.reader.size().map(|size| size.saturating_sub(offset));
        match (size, self.left) {
            (Some(size), Some(left)) => Some(size.min(left)),
            (size, _) => size,
        }
    }

    pub(super) async fn read(&mut self, buffer: BytesMut) -> Result<BytesMut, StorageError> {
        if self.left == Some(0) {
            return Ok(buffer);
        }
        let mut piece = self.reader.read(buffer).await?;
        if let Some(left) = &mut self.left {
            piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= piece.len() as u64;
        }
        Ok(piece)
    }
}

/// A file that was lent, and what of it comes next.
pub(super) struct Lent<'a> {
    pub(super) file: &'a File,
    pub(super) at: u64,
    /// The file's size when it was opened.
    size: Option<u64>,
    left: Option<u64>,
}

impl Lent<'_> {
    /// `count`, or what is left of the range.
    pub(super) fn most(&self, count: usize) -> usize {
        let left = self.left.and_then(|left| usize::try_from(left).ok());
        count.min(left.unwrap_or(usize::MAX))
    }

    /// How many of the next `count` bytes there are, as far as is known.
    pub(super) fn clip(&self, count: usize) -> u64 {
        let left = self.size.map(|size| size.saturating_sub(self.at));
        (count as u64).min(left.unwrap_or(u64::MAX))
    }

    /// Whether the file ended there when it was opened.
    pub(super) fn ends_after(&self, count: usize) -> bool {
        self.size == Some(self.at + count as u64)
    }
}

impl<F: Reader> Source<F> {
    /// The file itself, if the store lends it.
    pub(super) fn lend(&self) -> Option<Lent<'_>> {
        let (file, at) = self.reader.lend()?;
        Some(Lent {
            file,
            at,
            size: self.reader.size(),
            left: self.left,
        })
    }

    /// How much of the lent file is still to come, as far as is known.
    pub(super) fn remaining(&self) -> Option<u64> {
        let lent = self.lend()?;
        let left = lent.size.map(|size| size.saturating_sub(lent.at));
        match (left, lent.left) {
            (Some(left), Some(range)) => Some(left.min(range)),
            (left, range) => left.or(range),
        }
    }

    /// So much was taken from the lent file.
    pub(super) fn advance(&mut self, count: usize) {
        self.reader.advance(count as u64);
        if let Some(left) = &mut self.left {
            *left -= count as u64;
        }
    }

    /// Whether there was a range, and it is at its end.
    pub(super) fn is_exhausted(&self) -> bool {
        self.left == Some(0)
    }
}

/// In which lines a folder is told.
pub(super) struct Lines {
    pub(super) form: ListForm,
    pub(super) pattern: Option<Pattern>,
}

/// What a listing goes through: the path itself, or, where there is none and its name is a pattern, the folder above it.
pub(super) async fn find<S: Storage>(
    storage: &S,
    path: &VirtualPath,
    pattern: Option<Pattern>,
) -> Result<(S::Entries, Option<Pattern>), StorageError> {
    match (storage.list(path).await, pattern) {
        // A name that no file can have is none that a file has.
        (Err(StorageError::NotFound | StorageError::NameNotAllowed), Some(pattern)) => {
            let folder = path.parent().unwrap_or_default();
            Ok((storage.list(&folder).await?, Some(pattern)))
        }
        (entries, _) => Ok((entries?, None)),
    }
}

impl Lines {
    pub(super) fn write(&self, entries: Vec<Entry>) -> Bytes {
        let mut text = Vec::with_capacity(entries.len() * 80);
        let now = crate::calendar::today();
        for entry in entries {
            let pattern = self.pattern.as_ref();
            self.form.write_matching(entry, pattern, now, &mut text);
        }
        text.into()
    }
}
