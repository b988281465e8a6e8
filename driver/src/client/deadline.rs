//! A user's own deadline for whatever is asked of a session.

use std::ops::{Deref, DerefMut};
use std::task::Context;
use std::time::Duration;

use ftp_sansio::time::Instant;

use super::Client;
use super::error::Error;
use crate::runtime::{Runtime, Timer};

/// How long the server may take to let go of what the deadline has ended, before the session is given up.
const SETTLING: Duration = Duration::from_secs(1);

/// Until when something may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deadline {
    /// This long from now on.
    In(Duration),
    /// Until this moment of the runtime's clock ([`Runtime::now`]).
    At(Instant),
}

impl From<Duration> for Deadline {
    fn from(duration: Duration) -> Self {
        Self::In(duration)
    }
}

impl From<Instant> for Deadline {
    fn from(at: Instant) -> Self {
        Self::At(at)
    }
}

/// What the clock says of a deadline.
pub(super) enum Passing {
    /// It has passed: what runs is to be given up.
    Now,
    /// It was not given up in time.
    Finally,
}

/// A deadline that is in force.
pub(super) struct Limit<R: Runtime> {
    at: Instant,
    stage: Stage,
    timer: R::Timer,
    /// The timer is set to what is waited for.
    is_set: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Running,
    Settling(Instant),
    Over,
}

impl<R: Runtime> Limit<R> {
    fn new(runtime: &R, at: Instant) -> Self {
        Self {
            at,
            stage: Stage::Running,
            timer: runtime.timer(),
            is_set: false,
        }
    }

    pub(super) fn has_passed(&self, now: Instant) -> bool {
        self.stage != Stage::Running || now >= self.at
    }

    pub(super) fn poll(&mut self, now: Instant, context: &mut Context<'_>) -> Option<Passing> {
        loop {
            let until = match self.stage {
                Stage::Running => self.at,
                Stage::Settling(until) => until,
                Stage::Over => return None,
            };
            if now >= until {
                self.is_set = false;
                let (stage, passing) = match self.stage {
                    Stage::Running => (Stage::Settling(now + SETTLING), Passing::Now),
                    _ => (Stage::Over, Passing::Finally),
                };
                self.stage = stage;
                return Some(passing);
            }
            if !self.is_set {
                self.timer.set(Some(until));
                self.is_set = true;
            }
            if self.timer.poll(context).is_pending() {
                return None;
            }
            // The clock decides: a timer may be early, and is set again then.
            self.is_set = false;
        }
    }
}

/// A client with a deadline, in place of the client itself; dropping it lifts the deadline.
///
/// See [`Client::with_deadline`].
pub struct Bounded<'a, R: Runtime> {
    client: &'a mut Client<R>,
    before: Option<Box<Limit<R>>>,
}

impl<R: Runtime> std::fmt::Debug for Bounded<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Bounded").field(&self.client).finish()
    }
}

impl<R: Runtime> Deref for Bounded<'_, R> {
    type Target = Client<R>;

    fn deref(&self) -> &Client<R> {
        self.client
    }
}

impl<R: Runtime> DerefMut for Bounded<'_, R> {
    fn deref_mut(&mut self) -> &mut Client<R> {
        self.client
    }
}

impl<R: Runtime> Drop for Bounded<'_, R> {
    fn drop(&mut self) {
        self.client.connection.limit = self.before.take();
    }
}

impl<R: Runtime> Client<R> {
    /// Sets a deadline for everything that is asked through what this returns: commands, listings, whole transfers.
    ///
    /// What runs when it passes is given up and fails with [`Error::Deadline`], which tells what may have come of it; a command's
    /// answer that arrives while it is given up still counts. The server has another second to let go; after that the session is over
    /// ([`is_usable`](Self::is_usable)). Of two deadlines the earlier one holds. The [timeouts](super::Timeouts) of single waits hold besides.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn example<R: ftp_driver::Runtime>(client: &mut ftp_driver::client::Client<R>) -> Result<(), ftp_driver::client::Error> {
    /// let listing = client.with_deadline(Duration::from_secs(5)).list(None).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_deadline(&mut self, deadline: impl Into<Deadline>) -> Bounded<'_, R> {
        let connection = &mut self.connection;
        let at = match deadline.into() {
            Deadline::In(duration) => connection.runtime.now() + duration,
            Deadline::At(at) => at,
        };
        let before = connection.limit.take();
        let at = before.as_ref().map_or(at, |before| at.min(before.at));
        connection.limit = Some(Box::new(Limit::new(&connection.runtime, at)));
        Bounded {
            client: self,
            before,
        }
    }
}

impl Error {
    /// What a failure is called that the deadline has brought about.
    pub(super) fn by_deadline(self, usable: bool) -> Self {
        match self {
            Self::Aborted | Self::Closed(None) | Self::Timeout(_) => Self::Deadline {
                begun: true,
                usable,
            },
            // The server's own word came first.
            error => error,
        }
    }
}
