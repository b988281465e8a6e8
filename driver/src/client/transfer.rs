//! Transfers as values: a download to read from, an upload to write to. Dropping one before its end aborts the transfer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use ftp_sansio::client::{OperationId, Outcome, TransferEvent};
use ftp_sansio::data::{Codec, End};
use ftp_sansio::wire::Reply;

use super::connection::{Connection, Happened, closed};
use super::error::Error;
use crate::moving::{PIECE, convert, poll_read, poll_write_all};
use crate::runtime::{Runtime, Stream};

/// A transfer that is complete: its data ended cleanly and the server said so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transferred {
    /// Bytes that went over the data connection.
    pub bytes: u64,
    /// The server's final reply.
    pub reply: Reply,
}

/// With less room than this left, in bytes, a new buffer is taken.
const LEAST_ROOM: usize = 16 * 1024;

/// What both kinds of transfer are made of.
struct Transfer<'a, R: Runtime> {
    connection: &'a mut Connection<R>,
    id: OperationId,
    codec: Codec,
    bytes: u64,
    state: State,
}

enum State {
    /// Bytes may move.
    Moving,
    /// The data has ended, cleanly or not; the final reply is outstanding.
    DataEnded,
    /// The operation is over, and this came of it (until it was told).
    Over(Option<Result<Outcome, Error>>),
}

impl<'a, R: Runtime> Transfer<'a, R> {
    /// Waits until data may move, or until it is clear that it will not.
    async fn begin(connection: &'a mut Connection<R>, id: OperationId) -> Result<Self, Error> {
        let codec = poll_fn(|context| {
            let happened = connection.poll(context);
            // The driving itself may have brought the data connection, or the word that it may be used.
            if let Some((transfer, _)) = connection.moving() {
                return Poll::Ready(
                    transfer
                        .parameters
                        .codec(transfer.direction)
                        .ok_or(Error::Aborted),
                );
            }
            match ready!(happened) {
                Happened::Finished(finished, result) if finished == id => {
                    Poll::Ready(Err(result.map_or_else(Error::from, |_| Error::Aborted)))
                }
                Happened::Closed(failure) => Poll::Ready(Err(closed(failure))),
                _ => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
            }
        })
        .await?;
        Ok(Self {
            connection,
            id,
            codec,
            bytes: 0,
            state: State::Moving,
        })
    }

    /// Drives the control connection beside the data; notes when the operation ends under it.
    fn poll_control(&mut self, context: &mut Context<'_>) {
        if matches!(self.state, State::Over(_)) {
            return;
        }
        if let Poll::Ready(result) = self.connection.poll_finished(context, self.id) {
            self.state = State::Over(Some(result));
        }
    }

    /// Tells the machine of bytes that moved, or of their end.
    fn tell(&mut self, event: TransferEvent) {
        let is_end = !matches!(event, TransferEvent::Progress(_));
        if is_end && matches!(self.state, State::Moving) {
            self.state = State::DataEnded;
        }
        self.connection.tell_transfer(event);
    }

    /// Waits for the operation's end.
    async fn finish(&mut self) -> Result<Transferred, Error> {
        poll_fn(|context| {
            self.poll_control(context);
            match &mut self.state {
                State::Over(result) => Poll::Ready(result.take().unwrap_or(Err(Error::Aborted))),
                State::Moving | State::DataEnded => Poll::Pending,
            }
        })
        .await
        .and_then(|outcome| match outcome {
            Outcome::Transferred { bytes, reply, .. } => Ok(Transferred { bytes, reply }),
            _ => Err(Error::Aborted),
        })
    }
}

impl<R: Runtime> Drop for Transfer<'_, R> {
    fn drop(&mut self) {
        if !matches!(self.state, State::Over(_)) {
            self.connection.abort();
        }
    }
}

impl<R: Runtime> std::fmt::Debug for Transfer<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transfer")
            .field("id", &self.id)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// A download: [`read`](Self::read) it to its end, then [`finish`](Self::finish). Dropped before, it is aborted, and the session
/// goes on with whatever comes next.
#[derive(Debug)]
pub struct Download<'a, R: Runtime> {
    transfer: Transfer<'a, R>,
    /// Room to read into, all of it valid memory already; what was read is split off and given away.
    buffer: BytesMut,
}

impl<'a, R: Runtime> Download<'a, R> {
    pub(super) async fn begin(
        connection: &'a mut Connection<R>,
        id: OperationId,
    ) -> Result<Self, Error> {
        Ok(Self {
            transfer: Transfer::begin(connection, id).await?,
            buffer: BytesMut::new(),
        })
    }

    /// The next bytes; nothing after the data has ended cleanly. Only [`finish`](Self::finish) tells whether the transfer is complete.
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// What ended the transfer.
    pub async fn read(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let piece = poll_fn(|context| self.poll_piece(context)).await;
            let (bytes, end) = match piece {
                Piece::Bytes(bytes) => (bytes, End::More),
                Piece::End => (Bytes::new(), End::Closed),
                Piece::Nothing => return Ok(None),
                Piece::Broken => {
                    self.transfer.tell(TransferEvent::Broken);
                    self.transfer.finish().await?;
                    return Ok(None);
                }
            };
            self.transfer.bytes += bytes.len() as u64;
            let (converted, clean) = convert(&mut self.transfer.codec, bytes, end);
            self.transfer.tell(match (clean, end) {
                (Some(end), _) => TransferEvent::Ended {
                    bytes: self.transfer.bytes,
                    end,
                },
                (None, End::Closed) => TransferEvent::Broken,
                (None, End::More) => TransferEvent::Progress(self.transfer.bytes),
            });
            if !converted.is_empty() {
                return Ok(Some(converted));
            }
        }
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Piece> {
        if !matches!(self.transfer.state, State::Moving) {
            return Poll::Ready(Piece::Nothing);
        }
        // Data before control: what has arrived counts, even where the server has said its last word already.
        if let Some((_, stream)) = self.transfer.connection.moving() {
            if self.buffer.len() < LEAST_ROOM {
                self.buffer = BytesMut::zeroed(PIECE);
            }
            match poll_read(stream, context, &mut self.buffer) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Piece::End),
                Poll::Ready(Ok(count)) => {
                    return Poll::Ready(Piece::Bytes(self.buffer.split_to(count).freeze()));
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Piece::Broken),
                Poll::Pending => {}
            }
        }
        self.transfer.poll_control(context);
        match &self.transfer.state {
            State::Over(Some(Err(_))) => Poll::Ready(Piece::Broken),
            State::Over(_) => Poll::Ready(Piece::Nothing),
            _ => Poll::Pending,
        }
    }

    /// Waits for the server's final word.
    ///
    /// # Errors
    /// What made the transfer incomplete; [`Error::Aborted`] where it was not read to its end.
    pub async fn finish(mut self) -> Result<Transferred, Error> {
        if matches!(self.transfer.state, State::Moving) {
            return Err(Error::Aborted);
        }
        self.transfer.finish().await
    }
}

enum Piece {
    Bytes(Bytes),
    End,
    Broken,
    Nothing,
}

/// An upload: [`write`](Self::write) it, then [`finish`](Self::finish). Dropped before, it is aborted: the data connection is reset, so
/// that the server cannot take a part for the whole.
#[derive(Debug)]
pub struct Upload<'a, R: Runtime> {
    transfer: Transfer<'a, R>,
    /// Converted, and not on its way yet: what a write that was dropped has left goes first.
    waiting: VecDeque<Bytes>,
}

impl<'a, R: Runtime> Upload<'a, R> {
    pub(super) async fn begin(
        connection: &'a mut Connection<R>,
        id: OperationId,
    ) -> Result<Self, Error> {
        Ok(Self {
            transfer: Transfer::begin(connection, id).await?,
            waiting: VecDeque::new(),
        })
    }

    /// Sends all of `data`.
    ///
    /// Dropping the future loses nothing, once it was polled: what is not sent yet goes with the next call.
    ///
    /// # Errors
    /// What ended the transfer, the server's refusal in the middle of it too.
    pub async fn write(&mut self, data: Bytes) -> Result<(), Error> {
        let (piece, _) = convert(&mut self.transfer.codec, data, End::More);
        self.waiting.push_back(piece);
        self.send().await
    }

    async fn send(&mut self) -> Result<(), Error> {
        if poll_fn(|context| self.poll_send(context)).await.is_ok() {
            return Ok(());
        }
        self.transfer.tell(TransferEvent::Broken);
        self.transfer
            .finish()
            .await
            .and(Err(Error::Incomplete(None)))
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !matches!(self.transfer.state, State::Moving) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let sent = self.poll_waiting(context);
        if sent.is_ready() {
            return sent;
        }
        self.transfer.poll_control(context);
        match self.transfer.state {
            State::Over(_) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            _ => Poll::Pending,
        }
    }

    /// Writes what waits. Each part of a large piece that went out is progress, however long the whole takes.
    fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(piece) = self.waiting.front_mut() {
            let Some((_, stream)) = self.transfer.connection.moving() else {
                return Poll::Pending;
            };
            let before = piece.len();
            let written = poll_write_all(stream, context, piece);
            let count = before - piece.len();
            if count > 0 {
                self.transfer.bytes += count as u64;
                self.transfer
                    .tell(TransferEvent::Progress(self.transfer.bytes));
            }
            ready!(written)?;
            self.waiting.pop_front();
        }
        Poll::Ready(Ok(()))
    }

    /// Ends the data and waits for the server's final word.
    ///
    /// # Errors
    /// What made the transfer incomplete.
    pub async fn finish(mut self) -> Result<Transferred, Error> {
        let (rest, clean) = convert(&mut self.transfer.codec, Bytes::new(), End::Closed);
        self.waiting.push_back(rest);
        self.send().await?;
        let ended = self
            .transfer
            .connection
            .moving()
            .is_some_and(|(_, stream)| stream.shutdown().is_ok());
        self.transfer.tell(match clean {
            Some(end) if ended => TransferEvent::Ended {
                bytes: self.transfer.bytes,
                end,
            },
            _ => TransferEvent::Broken,
        });
        self.transfer.finish().await
    }
}
