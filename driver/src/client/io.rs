//! Downloads and uploads as `futures_io` readers and writers, and listings as streams, for what speaks those traits.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use ftp_sansio::listing::Entry;
use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_io::{AsyncRead, AsyncWrite};

use super::entries::Entries;
use super::error::Error;
use super::transfer::{Download, Upload};
use crate::runtime::Runtime;

impl From<Error> for io::Error {
    /// The error is within: `get_ref` and `downcast_ref` find it.
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Connect(error) => error.kind(),
            Error::Timeout(_) | Error::Deadline { .. } => io::ErrorKind::TimedOut,
            Error::Closed(_) => io::ErrorKind::ConnectionAborted,
            Error::NotBegun(_) => io::ErrorKind::NotConnected,
            Error::Incomplete(_) | Error::Aborted => io::ErrorKind::UnexpectedEof,
            Error::Malformed(_) | Error::Protocol(_) => io::ErrorKind::InvalidData,
            Error::LoginRefused(_) => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// The end, 0, comes only once the server has said that the transfer is complete: whoever reads to the end has it whole. Else there is an error, which
/// holds an [`Error`].
impl<R: Runtime> AsyncRead for Download<'_, R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if room.is_empty() {
            return Poll::Ready(Ok(0));
        }
        while self.unread.is_empty() {
            match ready!(self.poll_bytes(context))? {
                Some(bytes) => self.unread = bytes,
                None => {
                    ready!(self.poll_finish(context))?;
                    return Poll::Ready(Ok(0));
                }
            }
        }
        let count = room.len().min(self.unread.len());
        self.unread.copy_to_slice(&mut room[..count]);
        Poll::Ready(Ok(count))
    }
}

/// What was written may wait for the next call, as with any buffered writer; `flush` sends it. `close` is [`finish`](Upload::finish): only when it
/// has succeeded is the file there. An upload that is dropped without it is aborted.
impl<R: Runtime> AsyncWrite for Upload<'_, R> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_take(context, data).map_err(io::Error::from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_sent(context).map_err(io::Error::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let finished = ready!(self.poll_finish(context));
        Poll::Ready(finished.map(drop).map_err(io::Error::from))
    }
}

/// The entries one after another; after an error nothing more. The end comes only once the listing is complete.
impl<R: Runtime> Stream for Entries<'_, R> {
    type Item = Result<Entry, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let next = ready!(self.poll_entry(context)).transpose();
        self.is_over = !matches!(next, Some(Ok(_)));
        Poll::Ready(next)
    }
}

impl<R: Runtime> FusedStream for Entries<'_, R> {
    fn is_terminated(&self) -> bool {
        self.is_over
    }
}
