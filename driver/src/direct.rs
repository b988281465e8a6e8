//! Moving a file's bytes by the kernel's own calls, where nothing stands between the file and the socket: no codec, no TLS.

use std::fs::File;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::kernel::{self, Pipe};
use crate::runtime::{Interest, Stream, Unread};
use crate::transport::Transport;

/// The most that goes at once, in bytes: others on the same thread wait so long, and an ABOR too.
pub(crate) const PIECE: usize = 1024 * 1024;

/// What came of an attempt to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sent {
    /// So many bytes went; none means that the file has no more.
    Bytes(usize),
    /// What comes next has to be waited for where that hurts nobody; it may go this way again after that.
    Cold,
    /// It cannot go this way.
    NotThisWay,
}

/// Sends at most `count` bytes of a file from `at` on; `last` is where the last of them is, as far as is known.
pub(crate) fn poll_send<S: Stream>(
    transport: &mut Transport<S>,
    context: &mut Context<'_>,
    file: &File,
    (at, last): (u64, u64),
    count: usize,
) -> Poll<io::Result<Sent>> {
    let Some(socket) = transport.as_clear() else {
        return Poll::Ready(Ok(Sent::NotThisWay));
    };
    // Where the end of the piece is in memory, its beginning most likely is: a file is read ahead.
    if !kernel::is_cached(file, last) {
        return Poll::Ready(Ok(Sent::Cold));
    }
    loop {
        match kernel::send_file(socket, file, at, count) {
            None => return Poll::Ready(Ok(Sent::NotThisWay)),
            Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                ready!(socket.poll_ready(context, Interest::Write))?;
            }
            Some(sent) => return Poll::Ready(sent.map(Sent::Bytes)),
        }
    }
}

/// What came of an attempt to receive.
#[derive(Debug)]
pub(crate) enum Received {
    /// Something came in.
    Some {
        /// How many bytes.
        count: usize,
        /// How many of them are in the file.
        written: usize,
        /// How long the file took for that.
        took: Duration,
        /// What the file did not take in this way: it is to be written yet, by the ordinary one, where its error shows.
        rest: Bytes,
    },
    /// It cannot go this way; it may be the end that comes next.
    NotThisWay,
}

/// Receives some bytes into a file, at the file's own position.
///
/// `splice` stops at urgent data for good, though it is to stay in line: it has nothing then, and is at the end once the peer has closed. So neither is
/// believed where there may be something to read.
pub(crate) fn poll_receive<S: Stream>(
    transport: &mut Transport<S>,
    context: &mut Context<'_>,
    file: &File,
) -> Poll<io::Result<Received>> {
    let Some(socket) = transport.as_clear() else {
        return Poll::Ready(Ok(Received::NotThisWay));
    };
    let mut was_asked = false;
    // A pipe is held only while something moves, and not while the peer is waited for.
    let (mut pipe, count) = loop {
        let filled = {
            let Some(mut pipe) = Pipe::take() else {
                return Poll::Ready(Ok(Received::NotThisWay));
            };
            match pipe.fill(socket) {
                Some(Ok(0)) => None,
                Some(Ok(count)) => break (pipe, count),
                filled => filled,
            }
        };
        match filled {
            Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                match socket.unread() {
                    Unread::Nothing => ready!(socket.poll_ready(context, Interest::Read))?,
                    // It may have come since.
                    _ if !was_asked => was_asked = true,
                    _ => return Poll::Ready(Ok(Received::NotThisWay)),
                }
            }
            Some(Err(error)) => return Poll::Ready(Err(error)),
            _ => return Poll::Ready(Ok(Received::NotThisWay)),
        }
    };
    // The disk's time is the real one, whatever the runtime's clock shows.
    let begun = Instant::now();
    let drained = pipe.drain(file);
    let took = begun.elapsed();
    let written = count - pipe.held();
    let rest = match drained {
        Ok(()) => Bytes::new(),
        Err(_) => pipe.rest()?.into(),
    };
    Poll::Ready(Ok(Received::Some {
        count,
        written,
        took,
        rest,
    }))
}
