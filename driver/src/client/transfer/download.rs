//! A download.

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use ftp_sansio::client::{OperationId, TransferEvent};
use ftp_sansio::data::{End, Marker, Status};

use super::{Begun, State, Transfer, Transferred};
use crate::client::connection::Connection;
use crate::client::error::Error;
use crate::client::progress::{Meter, Progress};
use crate::direct::{self, Received};
use crate::moving::{PIECE, convert};
use crate::runtime::Runtime;

/// With less room than this left, in bytes, a new buffer is taken.
const LEAST_ROOM: usize = 16 * 1024;

/// A download: [`read`](Self::read) it to its end, then [`finish`](Self::finish). Dropped before, it is aborted, and the session
/// goes on with whatever comes next.
#[derive(Debug)]
pub struct Download<'a, R: Runtime> {
    transfer: Transfer<'a, R>,
    /// Room to read into, all of it valid memory already; what was read is split off and given away.
    buffer: BytesMut,
    /// What came, and the codec is yet to take.
    input: Bytes,
    /// What follows the input.
    follows: End,
    /// The codec has nothing to give before it gets more.
    starved: bool,
    marker: Option<Marker>,
    /// The data broke off: what the operation came to is still to be told.
    is_broken: bool,
    /// What was read and did not fit where a reader wanted it.
    pub(in crate::client) unread: Bytes,
}

impl<'a, R: Runtime> Download<'a, R> {
    pub(in crate::client) fn new(
        connection: &'a mut Connection<R>,
        id: OperationId,
        begun: Begun,
    ) -> Self {
        let input = connection.take_early();
        let mut transfer = Transfer::new(connection, id, begun);
        transfer.bytes = input.len() as u64;
        Self {
            transfer,
            buffer: BytesMut::new(),
            starved: input.is_empty(),
            input,
            follows: End::More,
            marker: None,
            is_broken: false,
            unread: Bytes::new(),
        }
    }

    /// The next bytes; nothing after the data has ended cleanly. Only [`finish`](Self::finish) tells whether the transfer is complete.
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// What ended the transfer.
    pub async fn read(&mut self) -> Result<Option<Bytes>, Error> {
        if !self.unread.is_empty() {
            return Ok(Some(std::mem::take(&mut self.unread)));
        }
        poll_fn(|context| self.poll_bytes(context)).await
    }

    pub(in crate::client) fn poll_bytes(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Error>> {
        loop {
            if self.is_broken {
                let finished = ready!(self.transfer.poll_finish(context));
                self.is_broken = false;
                return Poll::Ready(finished.map(|_| None));
            }
            if self.starved {
                match ready!(self.poll_piece(context)) {
                    Piece::Bytes(bytes) => {
                        self.transfer.bytes += bytes.len() as u64;
                        self.input = bytes;
                    }
                    Piece::End => self.follows = End::Closed,
                    Piece::Nothing => return Poll::Ready(Ok(None)),
                    Piece::Broken => {
                        self.transfer.tell(TransferEvent::Broken);
                        self.is_broken = true;
                        continue;
                    }
                }
            }
            let converted = self.convert();
            if !converted.is_empty() {
                return Poll::Ready(Ok(Some(converted)));
            }
        }
    }

    /// With TLS on the data connection: whether it resumed the control connection's session.
    #[must_use]
    pub const fn data_resumed(&self) -> Option<bool> {
        self.transfer.resumed
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.transfer.meter.progress()
    }

    /// Tells how far it has come from elsewhere, such as another task.
    #[must_use]
    pub fn meter(&self) -> Meter<R> {
        self.transfer.meter.clone()
    }

    /// Says how many bytes will come, for its [`progress`](Self::progress): what [`Client::size`](crate::client::Client::size) told, less the offset.
    /// Many servers say it by themselves, of whole files.
    pub fn expect(&mut self, bytes: u64) {
        self.transfer.meter.expect(bytes);
    }

    /// The last restart marker that came with the data (RFC 959 § 3.5), in MODE B and C from a server that sends some. Its offset counts
    /// from where the transfer started.
    #[must_use]
    pub const fn marker(&self) -> Option<&Marker> {
        self.marker.as_ref()
    }

    /// One step of the codec, and what the machine has to know of it.
    fn convert(&mut self) -> Bytes {
        let (converted, status) = convert(&mut self.transfer.codec, &mut self.input, self.follows);
        let bytes = self.transfer.bytes;
        let mut event = TransferEvent::Progress(bytes);
        // Once the data has ended, one way or the other, nothing is read any more.
        self.starved = true;
        match status {
            Status::Full => self.starved = false,
            Status::Marker(marker) => {
                self.marker = Some(marker);
                self.starved = false;
            }
            Status::Starved if self.follows == End::More => {}
            Status::Ended(end) => {
                // What lies beyond the mark belongs to the next transfer.
                let beyond = std::mem::take(&mut self.input);
                let bytes = bytes - beyond.len() as u64;
                if self.transfer.leaves_open {
                    self.transfer.connection.leave_open(beyond);
                }
                event = TransferEvent::Ended { bytes, end };
            }
            Status::Starved | Status::Failed(_) => event = TransferEvent::Broken,
        }
        self.transfer.tell(event);
        converted
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Piece> {
        match &self.transfer.state {
            State::Moving => {}
            State::Over(Some(Err(_))) => return Poll::Ready(Piece::Broken),
            State::DataEnded | State::Over(_) => return Poll::Ready(Piece::Nothing),
        }
        if self.transfer.is_to_yield(context) {
            return Poll::Pending;
        }
        // Data before control: what has arrived counts, even where the server has said its last word already.
        if let Some((_, transport)) = self.transfer.connection.moving() {
            if self.buffer.len() < LEAST_ROOM {
                self.buffer = BytesMut::zeroed(PIECE);
            }
            match transport.poll_read(context, &mut self.buffer) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Piece::End),
                Poll::Ready(Ok(count)) => {
                    return Poll::Ready(Piece::Bytes(self.buffer.split_to(count).freeze()));
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Piece::Broken),
                Poll::Pending => self.transfer.rounds = 0,
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
        poll_fn(|context| self.poll_finish(context)).await
    }

    pub(in crate::client) fn poll_finish(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Transferred, Error>> {
        if matches!(self.transfer.state, State::Moving) {
            return Poll::Ready(Err(Error::Aborted));
        }
        self.transfer.poll_finish(context)
    }
}

impl<R: Runtime> Download<'_, R> {
    pub(in crate::client) const fn runtime(&self) -> &R {
        &self.transfer.connection.runtime
    }

    /// Whether the next bytes are in the socket, and go to a file as they are.
    pub(in crate::client) fn is_direct(&mut self) -> bool {
        self.starved && self.unread.is_empty() && self.transfer.is_direct()
    }

    /// Receives some bytes into a file; what cannot go this way, or has ended, is a matter for [`read`](Self::read).
    pub(in crate::client) fn poll_into(
        &mut self,
        context: &mut Context<'_>,
        file: &File,
    ) -> Poll<io::Result<Received>> {
        if let Some((_, transport)) = self.transfer.connection.moving()
            && let Poll::Ready(received) = direct::poll_receive(transport, context, file)
        {
            if let Ok(Received::Some { count, .. }) = &received {
                self.transfer.count(*count);
            }
            return Poll::Ready(received);
        }
        let over = self.transfer.poll_beside(context);
        over.map(|()| Ok(Received::NotThisWay))
    }

    /// To be called after every few pieces.
    pub(in crate::client) async fn look_up(&mut self) {
        self.transfer.look_up().await;
    }

    /// The data connection broke.
    pub(in crate::client) async fn break_off(&mut self) -> Result<(), Error> {
        self.transfer.break_off().await.map(drop)
    }
}

enum Piece {
    Bytes(Bytes),
    End,
    Broken,
    Nothing,
}

// Nothing in it is ever pinned.
impl<R: Runtime> Unpin for Download<'_, R> {}
