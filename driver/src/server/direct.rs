//! Moving a file's bytes by the kernel's own calls, where nothing stands between the file and the socket: no codec, no TLS.

use std::future::poll_fn;
use std::io;
use std::task::{Poll, ready};
use std::time::Instant;

use bytes::Bytes;

use super::source::Source;
use crate::kernel::{self, Cached, Pipe};
use crate::runtime::{Interest, Stream};
use crate::storage::{Reader, Writer};
use crate::transport::Transport;

/// The most that goes at once, in bytes: others on the same thread wait so long, and an ABOR too.
const PIECE: usize = 1024 * 1024;

/// What came of an attempt to send.
pub(super) enum Sent {
    /// So many bytes, and whether the file has ended with them.
    Bytes(usize, bool),
    /// What comes next has to be waited for where that hurts nobody; it may go this way again after that.
    Cold,
    /// It cannot go this way.
    NotThisWay,
}

/// Sends some of a file. Nothing is lost where the future is dropped.
pub(super) async fn send<S: Stream, F: Reader>(
    transport: &mut Transport<S>,
    source: &mut Source<F>,
) -> io::Result<Sent> {
    poll_fn(|context| {
        let Some(socket) = transport.as_clear() else {
            return Poll::Ready(Ok(Sent::NotThisWay));
        };
        let Some(lent) = source.lend() else {
            return Poll::Ready(Ok(Sent::NotThisWay));
        };
        let count = lent.most(PIECE);
        if count == 0 {
            return Poll::Ready(Ok(Sent::Bytes(0, true)));
        }
        // Where the end of the piece is in memory, its beginning most likely is: a file is read ahead.
        let last = lent.clip(count).saturating_sub(1);
        if !kernel::is_cached(lent.file, lent.at + last) {
            return Poll::Ready(Ok(Sent::Cold));
        }
        let sent = loop {
            match kernel::send_file(socket, lent.file, lent.at, count) {
                None => return Poll::Ready(Ok(Sent::NotThisWay)),
                Some(Ok(sent)) => break sent,
                Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(socket.poll_ready(context, Interest::Write))?;
                }
                Some(Err(error)) => return Poll::Ready(Err(error)),
            }
        };
        let is_end = sent == 0 || (sent < count && lent.ends_after(sent));
        source.advance(sent);
        Poll::Ready(Ok(Sent::Bytes(sent, is_end || source.is_exhausted())))
    })
    .await
}

/// Reads what comes next of a file into `room`, if it is in memory; says how many bytes, and whether the file has ended with them.
pub(super) fn read_cached<F: Reader>(
    source: &mut Source<F>,
    room: &mut [u8],
) -> Option<(usize, bool)> {
    let lent = source.lend()?;
    let most = lent.most(room.len());
    let room = &mut room[..most];
    match kernel::read_cached(lent.file, lent.at, room) {
        // An error shows again on the ordinary way.
        Ok(Cached::WouldWait) | Err(_) => None,
        Ok(Cached::Read(count)) => {
            let is_end = count == 0 || (count < room.len() && lent.ends_after(count));
            source.advance(count);
            Some((count, is_end || source.is_exhausted()))
        }
    }
}

/// What came of an attempt to receive.
pub(super) enum Received {
    /// So many bytes are in the file.
    Bytes(usize),
    /// So many came in, and the file did not take all of them in this way: these are to be written yet. It goes the ordinary way from now on.
    Rest(usize, Bytes),
    /// The peer has closed.
    End,
    /// The file is not lent now.
    NotNow,
    /// It cannot go this way.
    NotThisWay,
}

/// Receives some of a file. Where the future is dropped, nothing is lost that was not lost with the transfer.
pub(super) async fn receive<S: Stream, F: Writer>(
    transport: &mut Transport<S>,
    writer: &mut F,
) -> io::Result<Received> {
    poll_fn(|context| {
        let Some(socket) = transport.as_clear() else {
            return Poll::Ready(Ok(Received::NotThisWay));
        };
        if writer.lend().is_none() {
            return Poll::Ready(Ok(Received::NotNow));
        }
        // A pipe is held only while something moves, and not while the peer is waited for.
        let (mut pipe, count) = loop {
            let Some(mut pipe) = Pipe::take() else {
                return Poll::Ready(Ok(Received::NotThisWay));
            };
            match pipe.fill(socket) {
                None => return Poll::Ready(Ok(Received::NotThisWay)),
                Some(Ok(0)) => return Poll::Ready(Ok(Received::End)),
                Some(Ok(count)) => break (pipe, count),
                Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    drop(pipe);
                    ready!(socket.poll_ready(context, Interest::Read))?;
                }
                Some(Err(error)) => return Poll::Ready(Err(error)),
            }
        };
        let Some(file) = writer.lend() else {
            return Poll::Ready(pipe.rest().map(|rest| Received::Rest(count, rest.into())));
        };
        // The disk's time is the real one, whatever the runtime's clock shows.
        let begun = Instant::now();
        let drained = pipe.drain(file);
        let left = pipe.held();
        writer.advance((count - left) as u64, begun.elapsed());
        // An error shows again on the ordinary way, where the store puts it into its own words.
        Poll::Ready(match drained {
            Ok(()) => Ok(Received::Bytes(count)),
            Err(_) => pipe.rest().map(|rest| Received::Rest(count, rest.into())),
        })
    })
    .await
}
