//! Transfers as values: a download to read from, an upload to write to. Dropping one before its end aborts the transfer.
//!
//! Here is what both are made of.

mod download;
mod upload;

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

pub use download::Download;
use ftp_sansio::client::{OperationId, Outcome, TransferEvent, TransferRequest};
use ftp_sansio::data::Codec;
use ftp_sansio::wire::{Mode, Reply, Representation};
pub use upload::Upload;

use super::connection::{Connection, Happened};
use super::error::Error;
use super::progress::Meter;
use crate::control::PASSES;
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

/// What both kinds of transfer are made of.
struct Transfer<'a, R: Runtime> {
    connection: &'a mut Connection<R>,
    id: OperationId,
    codec: Codec,
    /// Whether its data marks its own end, after which the connection stays open (RFC 959 § 3.3).
    leaves_open: bool,
    /// Whether it does, whether or not the connection stays open: then its own end says nothing more.
    marks_end: bool,
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
    marks_end: bool,
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
                marks_end: transfer.parameters.marks_end(),
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
        let Begun {
            codec,
            leaves_open,
            marks_end,
        } = begun;
        Self {
            resumed: connection.data_resumed(),
            meter: Meter::new(connection.runtime.clone()),
            rounds: 0,
            finished: None,
            connection,
            id,
            codec,
            leaves_open,
            marks_end,
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

    /// Looks at the control connection, which also keeps the time, and lets others have their turn: where there is always something to
    /// move, nothing else does.
    async fn look_up(&mut self) {
        let mut has_looked = false;
        poll_fn(|context| {
            if has_looked {
                return Poll::Ready(());
            }
            has_looked = true;
            self.poll_control(context);
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// The data connection broke.
    async fn break_off(&mut self) -> Result<Transferred, Error> {
        self.tell(TransferEvent::Broken);
        poll_fn(|context| self.poll_finish(context))
            .await
            .and(Err(Error::Incomplete(None)))
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
