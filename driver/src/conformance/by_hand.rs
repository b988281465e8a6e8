//! A runtime whose time passes only when a test says so: what has to be done in time is done in time, however slow the machine is, and
//! what is to be late is late at once.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ftp_sansio::time::Instant;

use crate::client;
use crate::runtime::{Runtime, Timer, within};
use crate::server;

/// What is to be late in a test.
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// What is never late in one.
const NEVER: Duration = Duration::from_secs(3600 * 24 * 365);

/// How long something may take to come by itself, before time passes for it.
const MOMENT: Duration = Duration::from_millis(1);

#[derive(Debug)]
struct Time {
    now: Instant,
    /// Who waits for a later one.
    waiting: Vec<Waker>,
}

#[derive(Clone, Debug)]
pub(super) struct ByHand<R> {
    pub(super) inner: R,
    time: Arc<Mutex<Time>>,
}

impl<R: Runtime> ByHand<R> {
    pub(super) fn new(inner: R) -> Self {
        let time = Time {
            now: inner.now(),
            waiting: Vec::new(),
        };
        Self {
            inner,
            time: Arc::new(Mutex::new(time)),
        }
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.time.lock().unwrap()
    }

    /// So much time passes, at once.
    pub(super) fn pass(&self, time: Duration) {
        let mut at = self.time();
        at.now += time;
        let waiting = std::mem::take(&mut at.waiting);
        drop(at);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// A quarter of an hour passes, and another, until this is there.
    pub(super) async fn passing<T>(&self, what: impl Future<Output = T>) -> T {
        let mut what = pin!(what);
        loop {
            if let Some(done) = within(&self.inner, MOMENT, what.as_mut()).await {
                return done;
            }
            self.pass(HOUR / 4);
        }
    }
}

/// A server for which nothing is late but what the test says.
pub(super) fn unhurried(config: &mut server::Config) {
    let timeouts = &mut config.timeouts;
    timeouts.login = NEVER;
    timeouts.idle = NEVER;
    timeouts.handshake = NEVER;
    timeouts.data_open = NEVER;
    timeouts.data_progress = NEVER;
    timeouts.linger = NEVER;
    timeouts.doubt = NEVER;
    timeouts.login_delay = NEVER;
}

/// Such a client.
pub(super) fn unhurried_client() -> client::Config {
    super::site::client_config(NEVER)
}

impl<R: Runtime> Runtime for ByHand<R> {
    type Stream = R::Stream;
    type Listener = R::Listener;
    type Timer = TimerByHand;

    fn now(&self) -> Instant {
        self.time().now
    }

    fn timer(&self) -> TimerByHand {
        TimerByHand {
            time: self.time.clone(),
            at: None,
        }
    }

    fn connect(
        &self,
        to: SocketAddr,
        from: Option<IpAddr>,
    ) -> impl Future<Output = io::Result<R::Stream>> + Send + 'static {
        self.inner.connect(to, from)
    }

    fn listen(&self, at: SocketAddr) -> io::Result<R::Listener> {
        self.inner.listen(at)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.inner.spawn(task);
    }

    fn blocking<T, F>(&self, work: F) -> impl Future<Output = T> + Send + 'static
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.inner.blocking(work)
    }

    fn random(&self) -> io::Result<u64> {
        self.inner.random()
    }
}

#[derive(Debug)]
pub(super) struct TimerByHand {
    time: Arc<Mutex<Time>>,
    at: Option<Instant>,
}

impl Timer for TimerByHand {
    fn set(&mut self, at: Option<Instant>) {
        self.at = at;
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else {
            return Poll::Pending;
        };
        let mut time = self.time.lock().unwrap();
        if time.now >= at {
            return Poll::Ready(());
        }
        if !time
            .waiting
            .iter()
            .any(|waker| waker.will_wake(context.waker()))
        {
            time.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}
