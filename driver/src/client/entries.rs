//! A folder's entries as they arrive.

use bytes::{Buf, Bytes};
use ftp_sansio::listing::{Entry, Reader, Summary};

use super::error::Error;
use super::transfer::Download;
use crate::runtime::Runtime;

/// The entries of a folder as they arrive: take the [`next`](Self::next) until there is none, then [`finish`](Self::finish).
/// Dropped before, the listing is aborted, and the session goes on with whatever comes next.
///
/// Entries come while the listing is still on its way. That it is complete is told only by the `None` after the last; what an
/// entry's absence decides, such as a delete, waits for it, and for a [`Summary`] without a line that was not understood.
#[derive(Debug)]
pub struct Entries<'a, R: Runtime> {
    /// Nothing once the server has said that all was sent.
    download: Option<Download<'a, R>>,
    is_complete: bool,
    reader: Reader,
    /// What has arrived and was not read.
    bytes: Bytes,
}

impl<'a, R: Runtime> Entries<'a, R> {
    pub(super) const fn new(download: Download<'a, R>, reader: Reader) -> Self {
        Self {
            download: Some(download),
            is_complete: false,
            reader,
            bytes: Bytes::new(),
        }
    }

    /// The next entry, in the server's order, `.` and `..` among them where it lists those.
    ///
    /// Dropping the future loses nothing while entries arrive; dropped at the end, when the server's final word is waited for,
    /// the listing counts as aborted.
    ///
    /// # Errors
    /// What made the listing incomplete: [`Error::Incomplete`], or what ended the session.
    pub async fn next(&mut self) -> Result<Option<Entry>, Error> {
        while !self.is_complete {
            let (taken, entry) = self.reader.read(&self.bytes);
            self.bytes.advance(taken);
            if entry.is_some() {
                return Ok(entry);
            }
            let download = self.download.as_mut().ok_or(Error::Aborted)?;
            if let Some(bytes) = download.read().await? {
                self.bytes = bytes;
            } else {
                // A last line that was cut off must not pass for one, so the final word comes first.
                let download = self.download.take().ok_or(Error::Aborted)?;
                download.finish().await?;
                self.is_complete = true;
            }
        }
        Ok(self.reader.end())
    }

    /// Reads what is left, and tells how well all of it was understood.
    ///
    /// # Errors
    /// As [`next`](Self::next) has them.
    pub async fn finish(mut self) -> Result<Summary, Error> {
        while self.next().await?.is_some() {}
        Ok(self.reader.finish())
    }
}
