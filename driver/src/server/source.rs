//! What a transfer of the server sends: a file or a range of it, a folder or what of it matches a pattern.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use ftp_sansio::listing::{Entry, Kind};
use ftp_sansio::server::{ListForm, Pattern};
use ftp_sansio::wire::VirtualPath;

use crate::direct::{self, Sent};
use crate::kernel;
use crate::runtime::Stream;
use crate::storage::{Entries as _, Reader, Storage, StorageError};
use crate::transport::Transport;

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

/// What came of an attempt to send some of a file directly.
pub(super) enum Direct {
    /// So many bytes went, and the file has ended with them or not.
    Sent { count: usize, is_end: bool },
    /// What comes next has to be waited for; it may go this way again after that.
    Cold,
    /// It cannot go this way.
    NotThisWay,
}

/// By the kernel's own calls, and from what it has in memory.
impl<F: Reader> Source<F> {
    /// Whether the store lends the file itself.
    pub(super) fn is_lent(&self) -> bool {
        self.reader.lend().is_some()
    }

    /// How much of the lent file is still to come, as far as is known.
    pub(super) fn remaining(&self) -> Option<u64> {
        let (_, at) = self.reader.lend()?;
        let left = self.reader.size().map(|size| size.saturating_sub(at));
        match (left, self.left) {
            (Some(left), Some(range)) => Some(left.min(range)),
            (left, range) => left.or(range),
        }
    }

    /// `count`, or what is left of the range.
    fn most(&self, count: usize) -> usize {
        let left = self.left.and_then(|left| usize::try_from(left).ok());
        count.min(left.unwrap_or(usize::MAX))
    }

    /// Sends some more. Nothing is lost where the future is dropped.
    pub(super) async fn send<S: Stream>(
        &mut self,
        transport: &mut Transport<S>,
    ) -> io::Result<Direct> {
        let count = self.most(direct::PIECE);
        // Exclusive, so that a reader need not be fit to be shared between threads.
        let this = &mut *self;
        let sent = poll_fn(move |context| match this.reader.lend() {
            _ if count == 0 => Poll::Ready(Ok(Sent::Bytes(0))),
            None => Poll::Ready(Ok(Sent::NotThisWay)),
            Some((file, at)) => {
                let known = this.remaining().map_or(1, |left| left.min(count as u64));
                let last = at + known.saturating_sub(1);
                direct::poll_send(transport, context, file, (at, last), count)
            }
        });
        Ok(match sent.await? {
            Sent::Bytes(sent) => Direct::Sent {
                count: sent,
                is_end: self.take(sent, count),
            },
            Sent::Cold => Direct::Cold,
            Sent::NotThisWay => Direct::NotThisWay,
        })
    }

    /// Reads what comes next into `room`, if it is in memory; says how many bytes, and whether the file has ended with them.
    pub(super) fn read_cached(&mut self, room: &mut [u8]) -> Option<(usize, bool)> {
        let most = self.most(room.len());
        let (file, at) = self.reader.lend()?;
        // An error shows again on the ordinary way.
        let count = kernel::read_cached(file, at, &mut room[..most]).ok()?;
        Some((count, self.take(count, most)))
    }

    /// So much of the lent file was taken, of so much that was asked for; true where that was the end.
    fn take(&mut self, count: usize, of: usize) -> bool {
        let before = self.remaining();
        self.reader.advance(count as u64);
        if let Some(left) = &mut self.left {
            *left -= count as u64;
        }
        // Less than was asked for, and as much as there was when the file was opened: nothing has been added to it.
        let is_short = count < of && before == Some(count as u64);
        count == 0 || is_short || self.left == Some(0)
    }
}

/// In which lines a folder is told.
pub(super) struct Lines {
    pub(super) form: ListForm,
    pub(super) pattern: Option<Pattern>,
}

/// What a listing goes through: the path itself, or, where there is none and its name is a pattern, the folder above it. Facts are those of a
/// folder's entries alone (RFC 3659 § 7.1).
pub(super) async fn find<S: Storage>(
    storage: &S,
    path: &VirtualPath,
    form: ListForm,
    pattern: Option<Pattern>,
) -> Result<(S::Entries, Option<Pattern>), StorageError> {
    match (storage.list(path).await, pattern) {
        (Ok(entries), _) if matches!(form, ListForm::Facts { .. }) => {
            let is_folder = match entries.is_folder() {
                Some(is_folder) => is_folder,
                None => storage.inspect(path).await?.kind == Kind::Folder,
            };
            match is_folder {
                true => Ok((entries, None)),
                false => Err(StorageError::NotAFolder),
            }
        }
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
