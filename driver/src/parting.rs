//! How a data connection ends: with a reset, unless its data came to its end; and then not before its peer has ended it too.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use ftp_sansio::time::Instant;

use crate::runtime::{Runtime, Stream, Timer, poll_until};
use crate::transport::Transport;

/// A stream that is reset when it is dropped before its end, so that the peer cannot take a part for the whole. Between two transfers it
/// is at an end.
pub(crate) struct Guard<S: Stream> {
    pub(crate) transport: Transport<S>,
    ended: bool,
}

impl<S: Stream> Guard<S> {
    pub(crate) const fn new(transport: Transport<S>) -> Self {
        Self {
            transport,
            ended: false,
        }
    }

    /// It may be dropped in order.
    pub(crate) const fn end(&mut self) {
        self.ended = true;
    }

    /// For another transfer.
    pub(crate) const fn begin(&mut self) {
        self.ended = false;
    }
}

impl<S: Stream> Drop for Guard<S> {
    fn drop(&mut self) {
        if !self.ended {
            self.transport.reset_on_drop();
        }
    }
}

/// How long the peer's end of a data connection is waited for, once all has moved.
const PARTING: Duration = Duration::from_secs(1);

/// How much the peer may say meanwhile, in bytes.
const LAST_WORDS: usize = 64 * 1024;

/// A data connection that is over for this side, until its peer has ended it too. What is still to come may be tickets for the next ones; and a
/// socket that is closed with something to read, or before it comes, resets the connection.
pub(crate) struct Parting<R: Runtime> {
    stream: Guard<R::Stream>,
    timer: R::Timer,
    until: Instant,
    left: usize,
}

impl<R: Runtime> Parting<R> {
    /// Where the stream is at its end it is ended in order. Where it is not it will be reset, after what its peer says was read.
    pub(crate) fn new(runtime: &R, stream: Guard<R::Stream>) -> Self {
        let until = runtime.now() + PARTING;
        let mut timer = runtime.timer();
        timer.set(Some(until));
        Self {
            stream,
            timer,
            until,
            left: LAST_WORDS,
        }
    }

    /// Has the next look at it ask the socket itself.
    pub(crate) const fn look_again(&mut self) {
        self.stream.transport.try_again();
    }

    /// Ready when the peer has ended it, or is not waited for any more.
    pub(crate) fn poll_over(&mut self, runtime: &R, context: &mut Context<'_>) -> Poll<()> {
        if self.poll_ended(context).is_ready() {
            return Poll::Ready(());
        }
        poll_until(runtime, &mut self.timer, self.until, context)
    }

    fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Guard { transport, ended } = &mut self.stream;
        if *ended {
            // A peer that is gone needs no end.
            let _ = ready!(transport.poll_close(context));
        }
        let mut room = [0; 1024];
        while self.left > 0 {
            match ready!(transport.poll_read(context, &mut room)) {
                Ok(count @ 1..) => self.left = self.left.saturating_sub(count),
                Ok(_) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}
