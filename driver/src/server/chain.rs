//! The links of a transfer's chain: what each comes to, and which of them may be dropped.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ftp_sansio::server::{Failure, StorageError, TransferEvent};

use super::data::Kept;
use crate::parting::Guard;
use crate::runtime::Stream;

/// What one link of the chain came to.
pub(super) struct Link<S: Stream> {
    pub(super) event: TransferEvent,
    pub(super) next: Option<Chain<S>>,
    pub(super) left: Left<S>,
}

/// What the end of the chain leaves of the data connection.
pub(super) enum Left<S: Stream> {
    Nothing,
    /// It is open, for the next transfer.
    Open(Box<Kept<S>>),
    /// It is over, and its peer is yet to end it too.
    Parting(Box<Guard<S>>),
}

/// What a link does to what others see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    Nothing,
    /// It makes a file that is written in place, or writes to it.
    Changes,
    /// It makes a finished upload visible: it waits for the session's word then.
    Commits,
}

/// The next link, and whether it may still be dropped to stop the transfer.
pub(super) struct Chain<S: Stream> {
    future: Pin<Box<dyn Future<Output = Link<S>> + Send>>,
    effect: Effect,
    approved: bool,
    begun: bool,
    /// Nothing follows this link.
    stopped: bool,
}

impl<S: Stream> Chain<S> {
    pub(super) fn new(future: impl Future<Output = Link<S>> + Send + 'static) -> Self {
        Self {
            future: Box::pin(future),
            effect: Effect::Nothing,
            approved: false,
            begun: false,
            stopped: false,
        }
    }

    pub(super) fn having(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    /// Stops the transfer. True where it is to be dropped for that. A change that has begun must be waited for instead, and the transfer ends
    /// with its link: else the file would change after the client was told that it is over, and nobody could say what became of a commit.
    pub(super) fn stop(&mut self) -> bool {
        self.stopped = true;
        !(self.begun && self.effect != Effect::Nothing)
    }

    /// The session wants the upload to be made visible.
    pub(super) const fn approve(&mut self) {
        self.approved = true;
    }

    /// Whether it waits for that.
    pub(super) fn is_held(&self) -> bool {
        self.effect == Effect::Commits && !self.approved
    }

    /// Whether polling it would begin to make an upload visible.
    pub(super) fn is_about_to_commit(&self) -> bool {
        self.effect == Effect::Commits && !self.begun
    }

    /// What the link comes to, as a part of another one.
    pub(super) async fn run(self) -> Link<S> {
        self.future.await
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Link<S>> {
        self.begun = true;
        let link = ready!(self.future.as_mut().poll(context));
        Poll::Ready(match link.next {
            Some(_) if self.stopped => fail(Failure::Aborted),
            _ => link,
        })
    }
}

pub(super) fn go_on<S: Stream>(event: TransferEvent, next: Chain<S>) -> Link<S> {
    Link {
        event,
        next: Some(next),
        left: Left::Nothing,
    }
}

pub(super) fn fail<S: Stream>(failure: Failure) -> Link<S> {
    Link {
        event: TransferEvent::Failed(failure),
        next: None,
        left: Left::Nothing,
    }
}

pub(super) fn fail_storage<S: Stream>(error: StorageError) -> Link<S> {
    fail(Failure::Storage(error))
}
