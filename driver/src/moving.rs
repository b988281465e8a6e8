//! Moving bytes over a data connection, for both roles: the waits, and the codec in between.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use ftp_sansio::data::{CleanEnd, Codec, End, Status};
use ftp_sansio::server::Admission;

use crate::runtime::{Interest, Listener, Stream};

/// Bytes moved at a time: large, since each piece of a file costs a hop to where blocking is allowed.
pub(crate) const PIECE: usize = 256 * 1024;

/// How many connections may fail while they are accepted before the port itself is taken to be at fault.
const MOST_FAILED: usize = 16;

/// Accepts the data connection that may come. A stranger who comes first is dropped, and so is who is gone before it was accepted;
/// the port goes on listening.
pub(crate) fn poll_admit<L: Listener>(
    listener: &mut L,
    admission: Admission,
    context: &mut Context<'_>,
) -> Poll<io::Result<L::Stream>> {
    let mut failed = 0;
    loop {
        match ready!(listener.poll_accept(context)) {
            Ok((stream, peer)) if admission.admits(peer) => return Poll::Ready(Ok(stream)),
            Ok(_) => {}
            Err(_) if failed < MOST_FAILED => failed += 1,
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}

/// Reads some bytes; 0 is the peer's end, which is why there must be room.
pub(crate) fn poll_read(
    stream: &mut impl Stream,
    context: &mut Context<'_>,
    room: &mut [u8],
) -> Poll<io::Result<usize>> {
    debug_assert!(!room.is_empty(), "a read into nothing looks like the end");
    loop {
        match stream.try_read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                ready!(stream.poll_ready(context, Interest::Read))?;
            }
            result => return Poll::Ready(result),
        }
    }
}

/// Writes all of `data`, which shrinks as it goes, so that a write that was given up has lost nothing.
pub(crate) fn poll_write_all(
    stream: &mut impl Stream,
    context: &mut Context<'_>,
    data: &mut Bytes,
) -> Poll<io::Result<()>> {
    while !data.is_empty() {
        match stream.try_write(&[IoSlice::new(data)]) {
            Ok(count) => data.advance(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                ready!(stream.poll_ready(context, Interest::Write))?;
            }
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
    Poll::Ready(Ok(()))
}

/// Fills the buffer's spare capacity as far as bytes come without waiting, after the first. True at the peer's end.
pub(crate) async fn read_piece(
    stream: &mut impl Stream,
    buffer: &mut BytesMut,
) -> io::Result<bool> {
    let mut filled = buffer.len();
    // Made valid once a piece, and not once a read: safe code cannot read into memory that was never written.
    buffer.resize(buffer.capacity(), 0);
    let start = filled;
    let ended = poll_fn(|context| {
        while filled < buffer.len() {
            match poll_read(stream, context, &mut buffer[filled..]) {
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

pub(crate) async fn write_all(stream: &mut impl Stream, mut data: Bytes) -> io::Result<()> {
    poll_fn(|context| poll_write_all(stream, context, &mut data)).await
}

/// Runs a piece through a codec. What comes out is the piece itself where the codec changes nothing; the evidence of a clean
/// end comes with the last piece.
pub(crate) fn convert(codec: &mut Codec, piece: Bytes, end: End) -> (Bytes, Option<CleanEnd>) {
    if codec.is_identity() {
        return (
            piece,
            (end == End::Closed)
                .then(|| codec.step(&[], &mut [], end).status)
                .and_then(clean),
        );
    }
    let mut input = &piece[..];
    let mut out = BytesMut::new();
    loop {
        let start = out.len();
        out.resize(start + input.len() + input.len() / 8 + Codec::MIN_OUTPUT, 0);
        let progress = codec.step(input, &mut out[start..], end);
        out.truncate(start + progress.produced);
        input = &input[progress.consumed..];
        if progress.status != Status::Full {
            return (out.freeze(), clean(progress.status));
        }
    }
}

fn clean(status: Status) -> Option<CleanEnd> {
    match status {
        Status::Ended(end) => Some(end),
        _ => None,
    }
}
