//! Transfers as values: a download to read from, an upload to write to. Dropping one before its end aborts the transfer.

use std::collections::VecDeque;
use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use ftp_sansio::client::{OperationId, Outcome, TransferEvent, TransferRequest};
use ftp_sansio::data::{CleanEnd, Codec, End, Marker, Status};
use ftp_sansio::wire::{Mode, Reply, Representation};

use super::connection::{Connection, Happened};
use super::error::Error;
use super::progress::{Meter, Progress};
use crate::control::PASSES;
use crate::direct::{self, Received, Sent};
use crate::moving::{PIECE, convert};
use crate::runtime::Runtime;

/// A transfer that is complete: its data ended cleanly and the server said so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transferred {
    /// Bytes that went over the data connection.
    pub bytes: u64,
    /// The server's final reply.
    pub reply: Reply,
    /// With TLS on the data connection: whether it resumed the control connection's session.
    pub resumed: Option<bool>,
}

impl Transferred {
    /// With TLS on the data connection: whether it resumed the control connection's session.
    #[must_use]
    pub const fn data_resumed(&self) -> Option<bool> {
        self.resumed
    }
}

/// With less room than this left, in bytes, a new buffer is taken.
const LEAST_ROOM: usize = 16 * 1024;

/// What both kinds of transfer are made of.
struct Transfer<'a, R: Runtime> {
    connection: &'a mut Connection<R>,
    id: OperationId,
    codec: Codec,
    /// Whether its data marks its own end, after which the connection stays open (RFC 959 § 3.3).
    leaves_open: bool,
    /// With TLS: whether it resumed the control connection's session.
    resumed: Option<bool>,
    bytes: u64,
    state: State,
    meter: Meter<R>,
    /// How often in a row something was ready without a wait.
    rounds: usize,
    /// What came of it in the end, for those who ask again.
    finished: Option<Transferred>,
}

/// What a transfer whose data may move begins with.
pub(super) struct Begun {
    codec: Codec,
    leaves_open: bool,
}

enum State {
    /// Bytes may move.
    Moving,
    /// The data has ended, cleanly or not; the final reply is outstanding.
    DataEnded,
    /// The operation is over, and this came of it (until it was told).
    Over(Option<Result<Outcome, Error>>),
}

/// Waits until data may move, or until it is clear that it will not; it borrows the connection no longer, so that after a
/// refusal something else may be asked.
pub(super) async fn begin<R: Runtime>(
    connection: &mut Connection<R>,
    id: OperationId,
) -> Result<Begun, Error> {
    poll_fn(|context| {
        let happened = connection.poll(context);
        // The driving itself may have brought the data connection, or the word that it may be used.
        if let Some((transfer, _)) = connection.moving() {
            let begun = |codec| Begun {
                codec,
                leaves_open: transfer.parameters.leaves_open(),
            };
            let codec = transfer.parameters.codec(transfer.direction);
            return Poll::Ready(codec.map(begun).ok_or(Error::Aborted));
        }
        match ready!(happened) {
            Happened::Finished(finished, result) if finished == id => {
                let error = result.err().unwrap_or(Error::Aborted);
                Poll::Ready(Err(connection.error(error)))
            }
            Happened::Closed(failure) => Poll::Ready(Err(connection.closed(failure))),
            _ => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    })
    .await
}

impl<'a, R: Runtime> Transfer<'a, R> {
    fn new(connection: &'a mut Connection<R>, id: OperationId, begun: Begun) -> Self {
        let Begun { codec, leaves_open } = begun;
        Self {
            resumed: connection.data_resumed(),
            meter: Meter::new(connection.runtime.clone()),
            rounds: 0,
            finished: None,
            connection,
            id,
            codec,
            leaves_open,
            bytes: 0,
            state: State::Moving,
        }
    }

    fn poll_parting(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.connection.is_parting() {
            // The operation is over: nothing of what happens now is this transfer's.
            if self.connection.poll(context).is_pending() && self.connection.is_parting() {
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    /// Drives the control connection beside the data; notes when the operation ends under it.
    fn poll_control(&mut self, context: &mut Context<'_>) {
        if matches!(self.state, State::Over(_)) {
            return;
        }
        if let Poll::Ready(result) = self.connection.poll_finished(context, self.id) {
            self.meter.end();
            self.state = State::Over(Some(result));
        }
    }

    /// Tells the machine of bytes that moved, or of their end.
    fn tell(&mut self, event: TransferEvent) {
        self.meter.note(self.bytes);
        let is_end = !matches!(event, TransferEvent::Progress(_));
        if is_end && matches!(self.state, State::Moving) {
            self.state = State::DataEnded;
        }
        self.connection.tell_transfer(event);
    }

    /// Lets others have their turn after many rounds without a wait, async-io having no budget of its own, and looks at the control connection. True when the
    /// task is to be polled again instead of going on.
    fn is_to_yield(&mut self, context: &mut Context<'_>) -> bool {
        self.rounds += 1;
        if self.rounds <= PASSES {
            return false;
        }
        self.rounds = 0;
        self.poll_control(context);
        context.waker().wake_by_ref();
        true
    }

    /// Waits for the operation's end.
    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<Transferred, Error>> {
        if let Some(finished) = &self.finished {
            return Poll::Ready(Ok(finished.clone()));
        }
        self.poll_control(context);
        // The end of the data connection belongs to it, where it may bring what the next one needs.
        if matches!(self.state, State::Over(Some(Ok(_)))) {
            ready!(self.poll_parting(context));
        }
        let State::Over(result) = &mut self.state else {
            return Poll::Pending;
        };
        Poll::Ready(match result.take().unwrap_or(Err(Error::Aborted))? {
            Outcome::Transferred {
                bytes,
                reply,
                resumed,
            } => {
                let finished = Transferred {
                    bytes,
                    reply,
                    resumed,
                };
                self.finished = Some(finished.clone());
                Ok(finished)
            }
            _ => Err(Error::Aborted),
        })
    }
}

/// Whether the size in a 150 is that of the data that comes: of a whole file, as it is.
pub(super) fn tells_total(request: &TransferRequest) -> bool {
    request.start.is_none()
        && request.representation == Some(Representation::Image)
        && request.mode == Mode::Stream
}

/// Straight between a file and the socket.
impl<R: Runtime> Transfer<'_, R> {
    /// Whether bytes go over the connection as they are.
    fn is_direct(&mut self) -> bool {
        let connection = &mut self.connection;
        self.codec.is_identity()
            && matches!(self.state, State::Moving)
            && connection
                .moving()
                .is_some_and(|(_, transport)| transport.as_clear().is_some())
    }

    /// So many bytes went over the connection.
    fn count(&mut self, count: usize) {
        if count > 0 {
            self.bytes += count as u64;
            self.tell(TransferEvent::Progress(self.bytes));
        }
    }

    /// Drives the control connection while nothing moves. Ready when the operation has ended meanwhile.
    fn poll_beside(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.poll_control(context);
        match self.state {
            State::Over(_) => Poll::Ready(()),
            State::Moving | State::DataEnded => Poll::Pending,
        }
    }

    /// The data connection broke.
    async fn break_off(&mut self) -> Result<Transferred, Error> {
        self.tell(TransferEvent::Broken);
        poll_fn(|context| self.poll_finish(context))
            .await
            .and(Err(Error::Incomplete(None)))
    }
}

impl<R: Runtime> Download<'_, R> {
    pub(super) const fn runtime(&self) -> &R {
        &self.transfer.connection.runtime
    }

    /// Whether the next bytes are in the socket, and go to a file as they are.
    pub(super) fn is_direct(&mut self) -> bool {
        self.starved && self.unread.is_empty() && self.transfer.is_direct()
    }

    /// Receives some bytes into a file; what cannot go this way, or has ended, is a matter for [`read`](Self::read).
    pub(super) fn poll_into(
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

    /// The data connection broke.
    pub(super) async fn break_off(&mut self) -> Result<(), Error> {
        self.transfer.break_off().await.map(drop)
    }
}

impl<R: Runtime> Upload<'_, R> {
    pub(super) const fn runtime(&self) -> &R {
        &self.transfer.connection.runtime
    }

    /// Whether the next bytes of a file go to the socket as they are.
    pub(super) fn is_direct(&mut self) -> bool {
        self.pending.is_empty() && self.waiting.is_empty() && self.transfer.is_direct()
    }

    /// Sends at most `count` bytes of a file; `span` says where they begin, and where the last of them is as far as is known.
    pub(super) fn poll_from(
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

    /// The data connection broke.
    pub(super) async fn break_off(&mut self) -> Result<Transferred, Error> {
        self.transfer.break_off().await
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
    pub(super) unread: Bytes,
}

impl<'a, R: Runtime> Download<'a, R> {
    pub(super) fn new(connection: &'a mut Connection<R>, id: OperationId, begun: Begun) -> Self {
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

    pub(super) fn poll_bytes(
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

    /// Says how many bytes will come, for its [`progress`](Self::progress): what [`Client::size`](super::Client::size) told, less the offset.
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

    pub(super) fn poll_finish(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Transferred, Error>> {
        if matches!(self.transfer.state, State::Moving) {
            return Poll::Ready(Err(Error::Aborted));
        }
        self.transfer.poll_finish(context)
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
    pub(super) fn new(connection: &'a mut Connection<R>, id: OperationId, begun: Begun) -> Self {
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
    pub(super) fn poll_take(
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
    pub(super) fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
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

    pub(super) fn poll_finish(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Transferred, Error>> {
        self.follows = End::Closed;
        if !self.is_told {
            ready!(self.poll_sent(context))?;
            let leaves_open = self.transfer.leaves_open;
            let ended = match leaves_open {
                true => self.transfer.connection.moving().is_some(),
                false => ready!(self.poll_end(context)).is_ok(),
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

// Nothing in it is ever pinned.
impl<R: Runtime> Unpin for Upload<'_, R> {}
