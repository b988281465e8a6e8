//! The bytes of a connection, control or data, as those who move them see it: attempts that wait where there is nothing to do.
//!
//! Every attempt is made first, and the reactor is asked only after the socket said that it has nothing: a data connection that moves
//! costs no readiness, and a session that sleeps costs no attempt for each of its wakings.

use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};

use crate::runtime::{Interest, Stream, Unread};

/// A connection.
pub(crate) struct Transport<S> {
    socket: S,
    /// The last attempt to read found nothing: readiness comes before the next.
    is_dry: bool,
    /// Nothing more will be written, and the peer was told.
    is_closed: bool,
}

impl<S: Stream> Transport<S> {
    pub(crate) const fn new(socket: S) -> Self {
        Self {
            socket,
            is_dry: false,
            is_closed: false,
        }
    }

    /// Reads some bytes; 0 is the peer's end, which is why there must be room.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        debug_assert!(!room.is_empty(), "a read into nothing looks like the end");
        loop {
            if self.is_dry {
                ready!(self.socket.poll_ready(context, Interest::Read))?;
                self.is_dry = false;
            }
            match self.socket.try_read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.is_dry = true,
                result => return Poll::Ready(result),
            }
        }
    }

    /// Writes some of `data`, and says how much.
    pub(crate) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_attempt(context, |socket| socket.try_write(&[IoSlice::new(data)]))
    }

    /// Writes some of `data` as urgent data (see [`Stream::try_write_urgent`]).
    pub(crate) fn poll_write_urgent(
        &mut self,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_attempt(context, |socket| socket.try_write_urgent(data))
    }

    fn poll_attempt(
        &mut self,
        context: &mut Context<'_>,
        mut attempt: impl FnMut(&mut S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match attempt(&mut self.socket) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.socket.poll_ready(context, Interest::Write))?;
                }
                result => return Poll::Ready(result),
            }
        }
    }

    /// Writes all of `data`, which shrinks as it goes, so that a write that was given up has lost nothing.
    pub(crate) fn poll_write_all(
        &mut self,
        context: &mut Context<'_>,
        data: &mut Bytes,
    ) -> Poll<io::Result<()>> {
        while !data.is_empty() {
            let count = ready!(self.poll_write(context, data))?;
            data.advance(count);
        }
        Poll::Ready(Ok(()))
    }

    /// Fills the buffer's spare capacity as far as bytes come without waiting, after the first. True at the peer's end.
    pub(crate) async fn read_piece(&mut self, buffer: &mut BytesMut) -> io::Result<bool> {
        let mut filled = buffer.len();
        // Made valid once a piece, and not once a read: safe code cannot read into memory that was never written.
        buffer.resize(buffer.capacity(), 0);
        let start = filled;
        let ended = std::future::poll_fn(|context| {
            while filled < buffer.len() {
                match self.poll_read(context, &mut buffer[filled..]) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Ok(true)),
                    Poll::Ready(Ok(count)) => filled += count,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending if filled == start => return Poll::Pending,
                    Poll::Pending => break,
                }
            }
            Poll::Ready(Ok(false))
        })
        .await?;
        buffer.truncate(filled);
        Ok(ended)
    }

    /// The socket, where what goes over it is what is read and written here: for the calls that only a socket has.
    pub(crate) const fn as_clear(&mut self) -> Option<&mut S> {
        Some(&mut self.socket)
    }

    /// Has the next read ask the socket, though it was dry: for a task that lets nobody else hear of what has come since.
    pub(crate) const fn try_again(&mut self) {
        self.is_dry = false;
    }

    /// Says that nothing more will be written; reading goes on.
    pub(crate) fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_closed {
            self.socket.shutdown()?;
            self.is_closed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// What there is to read, as the socket itself knows it.
    pub(crate) fn unread(&self) -> Unread {
        self.socket.unread()
    }

    /// Makes dropping it a reset.
    pub(crate) fn reset_on_drop(&mut self) {
        self.socket.reset_on_drop();
    }
}
