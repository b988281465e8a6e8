//! Downloads and uploads as tokio's readers and writers.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ftp_driver::client::{Download, Upload};
use futures_io::{AsyncRead, AsyncWrite};
use tokio::io::ReadBuf;

use crate::Tokio;

/// A transfer as tokio's [`AsyncRead`](tokio::io::AsyncRead) or [`AsyncWrite`](tokio::io::AsyncWrite): see [`IntoTokio`].
///
/// A download's end comes only once the server has said that it is complete. An upload is there only when `shutdown` has succeeded; dropped before, it is
/// aborted.
#[derive(Debug)]
pub struct TokioIo<T>(T);

impl<T> TokioIo<T> {
    /// The transfer within.
    pub const fn get_ref(&self) -> &T {
        &self.0
    }

    /// The transfer within.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.0
    }

    /// The transfer itself, as it is by now.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Turns a transfer into what tokio's own functions take.
///
/// ```no_run
/// # async fn example(client: &mut ftp_runtime_tokio::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use ftp_runtime_tokio::IntoTokio;
/// use tokio::io::AsyncReadExt;
///
/// let download = client.retrieve("notes.txt".parse()?, Default::default()).await?;
/// let mut text = String::new();
/// download.into_tokio().read_to_string(&mut text).await?;
/// # Ok(())
/// # }
/// ```
pub trait IntoTokio: Sized {
    /// The same, for tokio.
    fn into_tokio(self) -> TokioIo<Self> {
        TokioIo(self)
    }
}

impl IntoTokio for Download<'_, Tokio> {}

impl IntoTokio for Upload<'_, Tokio> {}

impl<T: AsyncRead + Unpin> tokio::io::AsyncRead for TokioIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let reader = Pin::new(&mut self.0);
        let count = ready!(reader.poll_read(context, room.initialize_unfilled()))?;
        room.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> tokio::io::AsyncWrite for TokioIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(context)
    }
}
