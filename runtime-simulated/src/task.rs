//! A spawned task.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// A future that nobody waits for.
pub(crate) struct Task {
    pub(crate) id: u64,
    /// Nothing once it has ended.
    future: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    pub(crate) waker: Waker,
}

/// How a task has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    Well,
    Panicked,
}

impl Task {
    pub(crate) fn new(
        id: u64,
        future: impl Future<Output = ()> + Send + 'static,
        waker: Waker,
    ) -> Self {
        Self {
            id,
            future: Some(Box::pin(future)),
            waker,
        }
    }

    /// Polls it. What it panics with ends it, and nothing else.
    pub(crate) fn poll(&mut self) -> Poll<Ended> {
        let Some(future) = &mut self.future else {
            return Poll::Ready(Ended::Well);
        };
        let mut context = Context::from_waker(&self.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context)));
        let ended = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(())) => Ended::Well,
            Err(_) => Ended::Panicked,
        };
        Poll::Ready(self.drop_future().max_with(ended))
    }

    fn drop_future(&mut self) -> Ended {
        let future = self.future.take();
        match catch_unwind(AssertUnwindSafe(|| drop(future))) {
            Ok(()) => Ended::Well,
            Err(_) => Ended::Panicked,
        }
    }
}

impl Ended {
    const fn max_with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Well, Self::Well) => Self::Well,
            _ => Self::Panicked,
        }
    }
}
