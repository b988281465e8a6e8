//! Moving bytes over a data connection, for both roles: the waits, and the codec in between.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use ftp_sansio::data::{CleanEnd, Codec, End, Status};

use crate::runtime::{Interest, Stream};

/// Bytes moved at a time: large, since each piece of a file costs a hop to where blocking is allowed.
pub(crate) const PIECE: usize = 256 * 1024;

/// Reads some bytes into the buffer's spare capacity; 0 is the peer's end.
pub(crate) fn poll_read(
    stream: &mut impl Stream,
    context: &mut Context<'_>,
    buffer: &mut BytesMut,
) -> Poll<io::Result<usize>> {
    let start = buffer.len();
    let room = buffer.capacity();
    buffer.resize(room, 0);
    let result = loop {
        match stream.try_read(&mut buffer[start..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                match stream.poll_ready(context, Interest::Read) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                    Poll::Pending => break Poll::Pending,
                }
            }
            result => break Poll::Ready(result),
        }
    };
    let count = if let Poll::Ready(Ok(count)) = &result {
        *count
    } else {
        0
    };
    buffer.truncate(start + count);
    result
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

/// Fills a piece as far as bytes come without waiting, after the first. True at the peer's end.
pub(crate) async fn read_piece(
    stream: &mut impl Stream,
    buffer: &mut BytesMut,
) -> io::Result<bool> {
    if poll_fn(|context| poll_read(stream, context, buffer)).await? == 0 {
        return Ok(true);
    }
    poll_fn(|context| {
        while buffer.len() < buffer.capacity() {
            match poll_read(stream, context, buffer) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(true)),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => break,
            }
        }
        Poll::Ready(Ok(false))
    })
    .await
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
