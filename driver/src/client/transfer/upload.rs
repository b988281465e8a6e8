//! An upload.

use std::collections::VecDeque;
use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use ftp_sansio::client::{OperationId, TransferEvent};
use ftp_sansio::data::{CleanEnd, End, Status};

use super::{Begun, State, Transfer, Transferred};
use crate::client::connection::Connection;
use crate::client::error::Error;
use crate::client::progress::{Meter, Progress};
use crate::direct::{self, Sent};
use crate::moving::{PIECE, convert};
use crate::runtime::Runtime;

/// An upload: [`write`](Self::write) it, then [`finish`](Self::finish). Dropped before, it is aborted: the data connection is reset, so
/// that the server cannot take a part for the whole.
#[derive(Debug)]
pub struct Upload<'a, R: Runtime> {
    transfer: Transfer<'a, R>,
    /// What the codec is yet to take: what a write that was dropped has left goes first.
    waiting: VecDeque<Bytes>,
    /// What follows what waits.
    follows: End,
    /// The codec has nothing to give before it gets more.
    starved: bool,
    /// Converted, and not on its way yet.
    pending: Bytes,
    /// The codec's word that nothing follows what is pending.
    end: Option<CleanEnd>,
    /// The data broke off: what the operation came to is still to be told.
    is_broken: bool,
    /// The data has ended, and the machine knows.
    is_told: bool,
}

impl<'a, R: Runtime> Upload<'a, R> {
    pub(in crate::client) fn new(
        connection: &'a mut Connection<R>,
        id: OperationId,
        begun: Begun,
    ) -> Self {
        Self {
            transfer: Transfer::new(connection, id, begun),
            waiting: VecDeque::new(),
            follows: End::More,
            starved: true,
            pending: Bytes::new(),
            end: None,
            is_broken: false,
            is_told: false,
        }
    }

    /// Sends all of `data`.
    ///
    /// Dropping the future loses nothing, once it was polled: what is not sent yet goes with the next call.
    ///
    /// # Errors
    /// What ended the transfer, the server's refusal in the middle of it too.
    pub async fn write(&mut self, data: Bytes) -> Result<(), Error> {
        self.waiting.push_back(data);
        poll_fn(|context| self.poll_sent(context)).await
    }

    /// With TLS on the data connection: whether it resumed the control connection's session.
    #[must_use]
    pub const fn data_resumed(&self) -> Option<bool> {
        self.transfer.resumed
    }

    /// Takes some of `data`, once what was taken before is on its way. Nothing of what does not fit is lost.
    pub(in crate::client) fn poll_take(
        &mut self,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<Result<usize, Error>> {
        ready!(self.poll_sent(context))?;
        let taken = data.get(..PIECE).unwrap_or(data);
        self.waiting.push_back(Bytes::copy_from_slice(taken));
        match self.poll_sent(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(taken.len())),
        }
    }

    /// Ready when all that was taken is on its way.
    pub(in crate::client) fn poll_sent(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        if self.is_told && self.waiting.is_empty() {
            return Poll::Ready(Ok(()));
        }
        if !self.is_broken {
            if ready!(self.poll_send(context)).is_ok() {
                return Poll::Ready(Ok(()));
            }
            self.transfer.tell(TransferEvent::Broken);
            self.is_broken = true;
        }
        ready!(self.transfer.poll_finish(context))?;
        Poll::Ready(Err(Error::Incomplete(None)))
    }

    /// How far it has come: what the sockets have taken.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.transfer.meter.progress()
    }

    /// Tells how far it has come from elsewhere, such as another task.
    #[must_use]
    pub fn meter(&self) -> Meter<R> {
        self.transfer.meter.clone()
    }

    /// Says how many bytes will be sent, for its [`progress`](Self::progress).
    pub fn expect(&mut self, bytes: u64) {
        self.transfer.meter.expect(bytes);
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !matches!(self.transfer.state, State::Moving) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if self.transfer.is_to_yield(context) {
            return Poll::Pending;
        }
        let sent = self.poll_waiting(context);
        if sent.is_ready() {
            return sent;
        }
        self.transfer.rounds = 0;
        self.transfer.poll_control(context);
        match self.transfer.state {
            State::Over(_) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            _ => Poll::Pending,
        }
    }

    /// Converts and writes what waits. Each part of a large piece that went out is progress, however long the whole takes.
    fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let is_all = self.pending.is_empty() && !self.convert()?;
            let Some((_, transport)) = self.transfer.connection.moving() else {
                return Poll::Pending;
            };
            let before = self.pending.len();
            let written = match is_all {
                true => transport.poll_flush(context),
                false => transport.poll_write_all(context, &mut self.pending),
            };
            let count = before - self.pending.len();
            if transport.has_sent() {
                self.transfer.bytes += count as u64;
                self.transfer
                    .tell(TransferEvent::Progress(self.transfer.bytes));
            }
            ready!(written)?;
            if is_all {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// One step of the codec, if it has anything to do.
    fn convert(&mut self) -> io::Result<bool> {
        let ends = self.follows == End::Closed && self.end.is_none();
        if self.starved && self.waiting.is_empty() && !ends {
            return Ok(false);
        }
        let follows = if self.waiting.len() > 1 {
            End::More
        } else {
            self.follows
        };
        let mut nothing = Bytes::new();
        let input = self.waiting.front_mut().unwrap_or(&mut nothing);
        let (converted, status) = convert(&mut self.transfer.codec, input, follows);
        if input.is_empty() {
            self.waiting.pop_front();
        }
        self.pending = converted;
        self.starved = true;
        match status {
            Status::Full | Status::Marker(_) => self.starved = false,
            Status::Starved => {}
            Status::Ended(end) => self.end = Some(end),
            Status::Failed(fault) => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, fault));
            }
        }
        Ok(true)
    }

    /// Tells the server that this was all, while the control connection is driven.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some((_, transport)) = self.transfer.connection.moving() else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let closed = transport.poll_close(context);
        if closed.is_ready() {
            return closed;
        }
        self.transfer.poll_control(context);
        match self.transfer.state {
            State::Over(_) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            _ => Poll::Pending,
        }
    }

    /// Ends the data and waits for the server's final word.
    ///
    /// # Errors
    /// What made the transfer incomplete.
    pub async fn finish(mut self) -> Result<Transferred, Error> {
        poll_fn(|context| self.poll_finish(context)).await
    }

    pub(in crate::client) fn poll_finish(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Transferred, Error>> {
        self.follows = End::Closed;
        if !self.is_told {
            ready!(self.poll_sent(context))?;
            let leaves_open = self.transfer.leaves_open;
            let ended = match leaves_open {
                true => self.transfer.connection.moving().is_some(),
                // A server that has read the mark may be gone before the end gets there.
                false => ready!(self.poll_end(context)).is_ok() || self.transfer.marks_end,
            };
            if leaves_open {
                self.transfer.connection.leave_open(Bytes::new());
            }
            self.transfer.tell(match self.end.take() {
                Some(end) if ended => TransferEvent::Ended {
                    bytes: self.transfer.bytes,
                    end,
                },
                _ => TransferEvent::Broken,
            });
            self.is_told = true;
        }
        self.transfer.poll_finish(context)
    }
}

impl<R: Runtime> Upload<'_, R> {
    pub(in crate::client) const fn runtime(&self) -> &R {
        &self.transfer.connection.runtime
    }

    /// Whether the next bytes of a file go to the socket as they are.
    pub(in crate::client) fn is_direct(&mut self) -> bool {
        self.pending.is_empty() && self.waiting.is_empty() && self.transfer.is_direct()
    }

    /// Sends at most `count` bytes of a file; `span` says where they begin, and where the last of them is as far as is known.
    pub(in crate::client) fn poll_from(
        &mut self,
        context: &mut Context<'_>,
        file: &File,
        span: (u64, u64),
        count: usize,
    ) -> Poll<io::Result<Sent>> {
        if let Some((_, transport)) = self.transfer.connection.moving()
            && let Poll::Ready(sent) = direct::poll_send(transport, context, file, span, count)
        {
            if let Ok(Sent::Bytes(count)) = sent {
                self.transfer.count(count);
            }
            return Poll::Ready(sent);
        }
        let over = self.transfer.poll_beside(context);
        over.map(|()| Err(io::ErrorKind::BrokenPipe.into()))
    }

    /// To be called after every few pieces.
    pub(in crate::client) async fn look_up(&mut self) {
        self.transfer.look_up().await;
    }

    /// The data connection broke.
    pub(in crate::client) async fn break_off(&mut self) -> Result<Transferred, Error> {
        self.transfer.break_off().await
    }
}

// Nothing in it is ever pinned.
impl<R: Runtime> Unpin for Upload<'_, R> {}
