//! A folder's entries as they arrive.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

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
    reader: Reader,
    /// What has arrived and was not read.
    bytes: Bytes,
    /// As a stream it has given its last.
    pub(super) is_over: bool,
}

impl<'a, R: Runtime> Entries<'a, R> {
    pub(super) const fn new(download: Download<'a, R>, reader: Reader) -> Self {
        Self {
            download: Some(download),
            reader,
            bytes: Bytes::new(),
            is_over: false,
        }
    }

    /// The next entry, in the server's order, `.` and `..` among them where it lists those.
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// What made the listing incomplete: [`Error::Incomplete`], or what ended the session.
    pub async fn next(&mut self) -> Result<Option<Entry>, Error> {
        poll_fn(|context| self.poll_entry(context)).await
    }

    pub(super) fn poll_entry(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Entry>, Error>> {
        while let Some(download) = &mut self.download {
            let (taken, entry) = self.reader.read(&self.bytes);
            self.bytes.advance(taken);
            if entry.is_some() {
                return Poll::Ready(Ok(entry));
            }
            if let Some(bytes) = ready!(download.poll_bytes(context))? {
                self.bytes = bytes;
            } else {
                // A last line that was cut off must not pass for one, so the final word comes first.
                ready!(download.poll_finish(context))?;
                self.download = None;
            }
        }
        Poll::Ready(Ok(self.reader.end()))
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

// Nothing in it is ever pinned.
impl<R: Runtime> Unpin for Entries<'_, R> {}
