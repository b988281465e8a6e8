//! The bytes of a connection, control or data, as those who move them see it: attempts that wait where there is nothing to do, in clear text
//! or under TLS.
//!
//! Every attempt is made first, and the reactor is asked only after the socket said that it has nothing: a data connection that moves
//! costs no readiness, and a session that sleeps costs no attempt for each of its wakings.

use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes};

use crate::kernel;
use crate::runtime::{Interest, Stream, Unread};
use crate::tls::Engine;

/// A socket, and what its last attempts have shown.
pub(crate) struct Socket<S> {
    stream: S,
    /// The last attempt to read found nothing: readiness comes before the next.
    is_dry: bool,
    /// Bytes went out since it was asked last.
    has_sent: bool,
}

impl<S: Stream> Socket<S> {
    pub(crate) const fn is_dry(&self) -> bool {
        self.is_dry
    }

    /// Ready when an attempt to read is worth it.
    pub(crate) fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_dry {
            ready!(self.stream.poll_ready(context, Interest::Read))?;
            self.is_dry = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads some bytes; 0 is the peer's end, which is why there must be room.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        debug_assert!(!room.is_empty(), "a read into nothing looks like the end");
        loop {
            ready!(self.poll_readable(context))?;
            match self.stream.try_read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.is_dry = true,
                result => return Poll::Ready(result),
            }
        }
    }

    /// Tries to write until it works, waiting in between.
    pub(crate) fn poll_attempt(
        &mut self,
        context: &mut Context<'_>,
        mut attempt: impl FnMut(&mut S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match attempt(&mut self.stream) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.stream.poll_ready(context, Interest::Write))?;
                }
                result => {
                    self.has_sent |= matches!(result, Ok(1..));
                    return Poll::Ready(result);
                }
            }
        }
    }
}

/// A connection.
pub(crate) struct Transport<S> {
    socket: Socket<S>,
    /// TLS, from where it begins to where it ends.
    tls: Option<Box<Engine>>,
    /// Nothing more will be written, and the peer was told.
    is_closed: bool,
}

impl<S: Stream> Transport<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self {
            socket: Socket {
                stream,
                is_dry: false,
                has_sent: false,
            },
            tls: None,
            is_closed: false,
        }
    }

    /// Puts TLS between the socket and everybody else; the handshake is still to be made.
    pub(crate) fn start_tls(&mut self, engine: Box<Engine>) {
        self.tls = Some(engine);
    }

    /// The TLS that is there.
    pub(crate) fn tls(&self) -> Option<&Engine> {
        self.tls.as_deref()
    }

    /// Makes the handshake, if there is one to be made. Nothing may be read or written before.
    pub(crate) fn poll_handshake(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.tls {
            Some(tls) => tls.poll_handshake(context, &mut self.socket),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Ends TLS in order, on both sides, and goes on in clear text. What had come under it is added to `last_words`, and then what has come
    /// in clear text already.
    pub(crate) fn poll_stop_tls(
        &mut self,
        context: &mut Context<'_>,
        last_words: &mut Vec<u8>,
    ) -> Poll<io::Result<()>> {
        if let Some(tls) = &mut self.tls {
            ready!(tls.poll_stop(context, &mut self.socket, last_words))?;
        }
        if let Some(tls) = self.tls.take() {
            last_words.extend_from_slice(&tls.into_rest());
        }
        Poll::Ready(Ok(()))
    }

    /// Reads some bytes; 0 is the peer's end, which is why there must be room. Under TLS an end without TLS's own is an error.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.tls {
            Some(tls) => tls.poll_read(context, &mut self.socket, room),
            None => self.socket.poll_read(context, room),
        }
    }

    /// Reads bytes that nobody wants, and whose meaning nobody knows any more; 0 is the peer's end.
    pub(crate) fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.socket.poll_read(context, &mut [0; 4096])
    }

    /// Writes some of `data`, and says how much. Under TLS it may still wait to go out: see [`poll_flush`](Self::poll_flush).
    pub(crate) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.tls {
            Some(tls) => tls.poll_write(context, &mut self.socket, data),
            None => self
                .socket
                .poll_attempt(context, |stream| stream.try_write(&[IoSlice::new(data)])),
        }
    }

    /// Writes some of `data` as urgent data (see [`Stream::try_write_urgent`]), which TLS knows nothing of.
    pub(crate) fn poll_write_urgent(
        &mut self,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.tls {
            Some(tls) => tls.poll_write(context, &mut self.socket, data),
            None => self
                .socket
                .poll_attempt(context, |stream| stream.try_write_urgent(data)),
        }
    }

    /// Ready when everything that was written is on the socket.
    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.tls {
            Some(tls) => tls.poll_flush(context, &mut self.socket),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Whether anything has gone out since this was asked last: a slow peer is not a stalled one.
    pub(crate) const fn has_sent(&mut self) -> bool {
        std::mem::replace(&mut self.socket.has_sent, false)
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

    /// The same for the last that is written before [`poll_close`](Self::poll_close): on a connection in clear, the end may leave with it.
    pub(crate) fn poll_write_last(
        &mut self,
        context: &mut Context<'_>,
        data: &mut Bytes,
    ) -> Poll<io::Result<()>> {
        if self.tls.is_some() {
            return self.poll_write_all(context, data);
        }
        while !data.is_empty() {
            let count = ready!(self.socket.poll_attempt(context, |stream| {
                kernel::send_held(stream, data)
                    .unwrap_or_else(|| stream.try_write(&[IoSlice::new(data)]))
            }))?;
            data.advance(count);
        }
        Poll::Ready(Ok(()))
    }

    /// Fills `room` as far as bytes come without waiting, after the first: how far that was, and whether the peer's end came behind it.
    pub(crate) async fn read_piece(&mut self, room: &mut [u8]) -> io::Result<(usize, bool)> {
        let mut filled = 0;
        std::future::poll_fn(|context| {
            while filled < room.len() {
                match self.poll_read(context, &mut room[filled..]) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Ok((filled, true))),
                    Poll::Ready(Ok(count)) => filled += count,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending if filled == 0 => return Poll::Pending,
                    Poll::Pending => break,
                }
            }
            Poll::Ready(Ok((filled, false)))
        })
        .await
    }

    /// The socket, where what goes over it is what is read and written here: for the calls that only a socket has.
    pub(crate) const fn as_clear(&mut self) -> Option<&mut S> {
        match self.tls {
            None => Some(&mut self.socket.stream),
            Some(_) => None,
        }
    }

    /// Has the next read ask the socket, though it was dry: for a task that lets nobody else hear of what has come since.
    pub(crate) const fn try_again(&mut self) {
        self.socket.is_dry = false;
    }

    /// Says that nothing more will be written; reading goes on.
    pub(crate) fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_closed {
            return Poll::Ready(Ok(()));
        }
        if let Some(tls) = &mut self.tls {
            ready!(tls.poll_end(context, &mut self.socket))?;
        }
        let closed = self.socket.stream.shutdown();
        self.is_closed = true;
        Poll::Ready(match &self.tls {
            // The end was `close_notify`. A peer that has read it may be gone.
            Some(_) => Ok(()),
            None => closed,
        })
    }

    /// The same as far as it goes without waiting, whatever comes of it: nothing depends on the peer's hearing of it.
    pub(crate) fn close_now(&mut self) {
        let _ = self.poll_close(&mut Context::from_waker(Waker::noop()));
    }

    /// The socket beneath a connection in clear. Nothing is lost: what was read was given away.
    pub(crate) fn into_socket(self) -> S {
        self.socket.stream
    }

    /// What there is to read, as the socket itself knows it.
    pub(crate) fn unread(&self) -> io::Result<Unread> {
        self.socket.stream.unread()
    }

    /// Makes dropping it a reset.
    pub(crate) fn reset_on_drop(&mut self) {
        self.socket.stream.reset_on_drop();
    }
}
