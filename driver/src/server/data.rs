//! The data connection of a transfer, with the codec that runs over it, and between two transfers.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use ftp_sansio::data::{CleanEnd, Codec, End, Marker, Status};
use ftp_sansio::server::{Failure, TransferEvent};

use super::chain::{Chain, Left, Link, fail, go_on};
use crate::moving::convert;
use crate::parting::Guard;
use crate::runtime::Stream;

/// A data connection between two transfers (RFC 959 § 3.3).
pub(super) struct Kept<S: Stream> {
    stream: Guard<S>,
    /// What it brought beyond the end of the last transfer: the beginning of the next.
    early: Bytes,
}

/// How many bytes of a transfer that nobody has asked for yet are read, to see whether the peer has closed.
const EARLY: usize = 512;

impl<S: Stream> Kept<S> {
    /// For the next transfer: it, and what it brought.
    pub(super) fn again(self) -> (Guard<S>, Bytes) {
        let Self { mut stream, early } = self;
        stream.begin();
        (stream, early)
    }

    /// Ends it in order.
    pub(super) fn end(mut self) {
        if self.stream.transport.tls().is_some() {
            self.stream.transport.close_now();
        }
    }

    /// Ready when it is of no use any more, because its peer has closed it or it broke.
    pub(super) fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.early.is_empty() {
            return Poll::Pending;
        }
        let mut room = [0; EARLY];
        match self.stream.transport.poll_read(context, &mut room) {
            Poll::Ready(Ok(count)) if count > 0 => {
                self.early = Bytes::copy_from_slice(&room[..count]);
                Poll::Pending
            }
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    }
}

pub(super) struct Data<S: Stream> {
    pub(super) stream: Guard<S>,
    codec: Codec,
    /// Whether it stays open after a clean end.
    keep: bool,
    /// What went over the data connection so far.
    pub(super) bytes: u64,
    /// What the peer has sent ahead of its turn: the next upload's, and not what is sent to it.
    early: Bytes,
    /// What the codec is yet to take.
    input: Bytes,
    /// What follows the input.
    pub(super) follows: End,
    /// The codec has nothing to give before it gets more.
    starved: bool,
    /// What is still to be sent, converted already.
    pending: Bytes,
    /// A restart marker that followed what the codec gave last.
    pub(super) marker: Option<Box<Marker>>,
    /// The codec's word that nothing follows what is pending.
    pub(super) end: Option<CleanEnd>,
    /// The last piece of the file, kept so that its memory can be used again.
    pub(super) piece: Bytes,
    /// Whether the kernel may be asked to move the bytes by itself: until it says that it cannot.
    pub(super) by_kernel: bool,
}

impl<S: Stream> Data<S> {
    pub(super) const fn new(stream: Guard<S>, early: Bytes, codec: Codec, keep: bool) -> Self {
        Self {
            stream,
            codec,
            keep,
            bytes: 0,
            early,
            starved: true,
            input: Bytes::new(),
            follows: End::More,
            pending: Bytes::new(),
            marker: None,
            end: None,
            piece: Bytes::new(),
            by_kernel: true,
        }
    }

    /// What came early is this transfer's.
    pub(super) fn with_early(self) -> Self {
        Self {
            bytes: self.early.len() as u64,
            starved: self.early.is_empty(),
            input: self.early,
            early: Bytes::new(),
            ..self
        }
    }

    pub(super) fn progress(&self) -> TransferEvent {
        TransferEvent::Progress(self.bytes)
    }

    /// A buffer with room for a piece: the last one again, where nobody holds on to it.
    pub(super) fn buffer(&mut self, size: usize) -> BytesMut {
        if self.pending.is_empty() {
            // What is written out still holds on to its memory.
            self.pending = Bytes::new();
        }
        let piece = std::mem::take(&mut self.piece);
        let mut buffer = piece.try_into_mut().unwrap_or_default();
        buffer.clear();
        buffer.reserve(size);
        buffer
    }

    /// The same, with room that may be written to at once: so much of it at least.
    pub(super) fn room(&mut self, size: usize) -> BytesMut {
        if self.pending.is_empty() {
            self.pending = Bytes::new();
        }
        let piece = std::mem::take(&mut self.piece);
        let mut room = piece.try_into_mut().unwrap_or_default();
        if room.len() < size {
            // Not copied to a larger place, only to be written over.
            room.clear();
            room.resize(size, 0);
        }
        room
    }

    /// Whether the bytes of the file go over the connection as they are.
    pub(super) fn is_direct(&mut self) -> bool {
        self.by_kernel && self.codec.is_identity() && self.stream.transport.as_clear().is_some()
    }

    /// Takes the beginning of a piece.
    pub(super) fn load_part(&mut self, piece: Bytes, count: usize) {
        self.input = piece.slice(..count);
        self.piece = piece;
    }

    /// Takes a piece of what the codec shall run over; nothing at all is its end.
    pub(super) fn load(&mut self, piece: Bytes) {
        if piece.is_empty() {
            self.follows = End::Closed;
        }
        self.piece = piece.clone();
        self.input = piece;
    }

    /// One step of the codec, and what comes of it.
    pub(super) fn convert(&mut self) -> Result<Bytes, Failure> {
        let (bytes, status) = convert(&mut self.codec, &mut self.input, self.follows);
        self.starved = false;
        match status {
            Status::Full => {}
            Status::Marker(marker) => self.marker = Some(marker.into()),
            Status::Starved if self.follows == End::More => self.starved = true,
            Status::Ended(end) => self.end = Some(end),
            Status::Failed(fault) => return Err(Failure::Data(fault)),
            // A codec that wants more after the end: none does.
            Status::Starved => return Err(Failure::Broken),
        }
        Ok(bytes)
    }

    /// Whether the codec can do nothing before it gets more, and nothing waits to be sent.
    pub(super) const fn wants_input(&self) -> bool {
        self.starved && self.pending.is_empty()
    }

    /// Sends some more, converting it first where nothing is ready; then the end, or `next`.
    pub(super) async fn move_on(mut self, next: impl FnOnce(Self) -> Chain<S>) -> Link<S> {
        if self.pending.is_empty() && self.end.is_none() {
            match self.convert() {
                Ok(bytes) => self.pending = bytes,
                Err(failure) => return fail(failure),
            }
        }
        if self.write_some().await.is_err() {
            return fail(Failure::Broken);
        }
        if self.end.is_none() || !self.pending.is_empty() {
            return go_on(self.progress(), next(self));
        }
        // Under TLS a whole piece may wait yet, which a slow peer takes little by little.
        match self.flush_some().await {
            Ok(true) => {}
            Ok(false) => return go_on(self.progress(), next(self)),
            Err(_) => return fail(Failure::Broken),
        }
        match self.end.take() {
            Some(end) => self.finish(end).await,
            None => fail(Failure::Broken),
        }
    }

    /// Writes out some of what is pending: all that goes without waiting, after the first bytes. A slow peer takes a piece little by
    /// little, and each little is progress.
    async fn write_some(&mut self) -> io::Result<()> {
        let before = self.pending.len();
        let is_last = self.end.is_some() && !self.keep;
        let Self {
            stream, pending, ..
        } = self;
        poll_fn(|context| {
            let written = match is_last {
                true => stream.transport.poll_write_last(context, pending),
                false => stream.transport.poll_write_all(context, pending),
            };
            match written {
                Poll::Pending if stream.transport.has_sent() => Poll::Ready(Ok(())),
                written => written,
            }
        })
        .await?;
        self.bytes += (before - self.pending.len()) as u64;
        Ok(())
    }

    /// The same for what waits to be sent under TLS. True when nothing does any more.
    async fn flush_some(&mut self) -> io::Result<bool> {
        let transport = &mut self.stream.transport;
        poll_fn(|context| match transport.poll_flush(context) {
            Poll::Pending if transport.has_sent() => Poll::Ready(Ok(false)),
            flushed => flushed.map_ok(|()| true),
        })
        .await
    }

    /// Ends what was sent: with a FIN, unless its end was marked and more may follow on the same connection.
    async fn finish(mut self, end: CleanEnd) -> Link<S> {
        let transport = &mut self.stream.transport;
        if !self.keep
            && poll_fn(|context| transport.poll_close(context))
                .await
                .is_err()
        {
            return fail(Failure::Broken);
        }
        self.ended(end)
    }

    /// Under TLS, ends this side of a connection on which all was received: a client may wait for it.
    pub(super) fn part(&mut self) {
        if !self.keep && self.stream.transport.tls().is_some() {
            self.stream.transport.close_now();
        }
    }

    /// All is as it should be: the socket is kept, or let go of as any other; or its peer, who has marked the end, is yet to end it.
    pub(super) fn ended(mut self, end: CleanEnd) -> Link<S> {
        self.stream.end();
        let Self { bytes, keep, .. } = self;
        let left = match self.follows {
            _ if keep => {
                // After an upload, what lies beyond its end; what is sent to the peer is taken to its end.
                let early = if self.input.is_empty() {
                    self.early
                } else {
                    self.input
                };
                let stream = self.stream;
                Left::Open(Box::new(Kept { stream, early }))
            }
            End::More => Left::Parting(Box::new(self.stream)),
            End::Closed => Left::Nothing,
        };
        Link {
            event: TransferEvent::Ended { bytes, end },
            next: None,
            left,
        }
    }
}
