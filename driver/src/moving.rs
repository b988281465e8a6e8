//! Moving bytes over a data connection, for both roles: the waits, and the codec in between.

use std::io;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use ftp_sansio::data::{Codec, End, Status};
use ftp_sansio::server::Admission;

use crate::runtime::Listener;
use crate::transport::Transport;

/// Bytes moved at a time: large, since each piece of a file costs a hop to where blocking is allowed.
pub(crate) const PIECE: usize = 256 * 1024;

/// How many connections may fail while they are accepted before the port itself is taken to be at fault.
const MOST_FAILED: usize = 16;

/// How many strangers are turned away before others on the same thread have their turn.
const MOST_STRANGERS: usize = 16;

/// Accepts the data connection that may come. A stranger who comes first is dropped, and so is who is gone before it was accepted;
/// the port goes on listening.
pub(crate) fn poll_admit<L: Listener>(
    listener: &mut L,
    admission: Admission,
    context: &mut Context<'_>,
) -> Poll<io::Result<Transport<L::Stream>>> {
    let (mut failed, mut strangers) = (0, 0);
    loop {
        if strangers >= MOST_STRANGERS {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match ready!(listener.poll_accept(context)) {
            Ok((stream, peer)) if admission.admits(peer) => {
                return Poll::Ready(Ok(Transport::new(stream)));
            }
            Ok(_) => strangers += 1,
            Err(_) if failed < MOST_FAILED => failed += 1,
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}

/// The most input of a codec in one step, in bytes: compressing so much takes a few milliseconds, and an executor has others to serve.
const STEP: usize = 64 * 1024;

/// The least room for what comes of a step, in bytes.
const LEAST_ROOM: usize = 4 * 1024;

/// One step of a codec: takes what it can off the front of `piece`, and gives what comes of it. `end` says what follows the piece.
///
/// After [`Status::Full`] and [`Status::Marker`] there is more to come, from the same piece or from within the codec; after
/// [`Status::Starved`] the piece is empty. What comes out is the piece itself where the codec changes nothing.
pub(crate) fn convert(codec: &mut Codec, piece: &mut Bytes, end: End) -> (Bytes, Status) {
    if codec.is_identity() {
        let status = codec.step(&[], &mut [], end).status;
        return (std::mem::take(piece), status);
    }
    let offer = &piece[..piece.len().min(STEP)];
    let end = if offer.len() < piece.len() {
        End::More
    } else {
        end
    };
    let room = (offer.len() + offer.len() / 8).clamp(LEAST_ROOM, PIECE);
    let mut out = BytesMut::zeroed(room);
    let progress = codec.step(offer, &mut out, end);
    out.truncate(progress.produced);
    piece.advance(progress.consumed);
    if piece.is_empty() {
        // An empty part of it would hold on to its memory.
        *piece = Bytes::new();
    }
    let status = match progress.status {
        Status::Starved if !piece.is_empty() => Status::Full,
        status => status,
    };
    (out.freeze(), status)
}

#[cfg(test)]
mod tests {
    use ftp_sansio::data::{Direction, Parameters};
    use ftp_sansio::wire::{Mode, Representation};

    use super::*;

    const DEFLATE: Parameters = Parameters {
        mode: Mode::Deflate,
        ..Parameters::IMAGE
    };

    /// Steps until the codec wants more or has ended; what came of them, and how many they were.
    fn run(codec: &mut Codec, mut piece: Bytes, end: End) -> (Vec<u8>, usize, Status) {
        let (mut out, mut steps) = (Vec::new(), 0);
        loop {
            let (part, status) = convert(codec, &mut piece, end);
            assert!(part.len() <= PIECE, "a step gives too much");
            out.extend_from_slice(&part);
            steps += 1;
            match status {
                Status::Full | Status::Marker(_) => {}
                status => return (out, steps, status),
            }
        }
    }

    #[test]
    fn identity_gives_the_piece_itself() {
        let mut codec = Parameters::IMAGE.codec(Direction::Send).unwrap();
        let mut piece = Bytes::from(vec![7; 100]);
        let at = piece.as_ptr();
        let (out, status) = convert(&mut codec, &mut piece, End::More);
        assert_eq!((out.as_ptr(), out.len()), (at, 100));
        assert_eq!(status, Status::Starved);
        assert!(piece.is_empty());
        let (rest, status) = convert(&mut codec, &mut piece, End::Closed);
        assert!(rest.is_empty() && matches!(status, Status::Ended(_)));
    }

    /// However much comes of little, a step gives no more than a piece.
    #[test]
    fn what_grows_comes_in_parts() {
        let file = vec![0; 3 << 20];
        let mut codec = DEFLATE.codec(Direction::Send).unwrap();
        let (sent, steps, status) = run(&mut codec, file.clone().into(), End::Closed);
        assert!(steps >= file.len() / STEP, "a step takes too much");
        assert!(matches!(status, Status::Ended(_)));
        let mut codec = DEFLATE.codec(Direction::Receive).unwrap();
        let (back, _, status) = run(&mut codec, sent.into(), End::Closed);
        assert!(matches!(status, Status::Ended(_)));
        assert_eq!(back, file);
    }

    #[test]
    fn an_end_within_leaves_the_rest() {
        let parameters = Parameters {
            representation: Representation::Image,
            mode: Mode::Block,
            ..Parameters::IMAGE
        };
        let mut codec = parameters.codec(Direction::Receive).unwrap();
        let mut piece = Bytes::from_static(b"\x40\0\x01anext");
        let (out, status) = convert(&mut codec, &mut piece, End::More);
        assert_eq!(&out[..], b"a");
        assert!(matches!(status, Status::Ended(_)));
        assert_eq!(&piece[..], b"next");
    }
}
