//! The contract of a runtime, in a simulation.

use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use ftp_driver::runtime::{self, Interest, Runtime, Unread};
use ftp_sansio::time::Instant;

use crate::connection::{ACCEPTED, CONNECTED};
use crate::world::Shared;

/// One host's runtime: its sockets have its addresses; time and tasks are the simulation's.
#[derive(Clone)]
pub struct Simulated {
    shared: Arc<Shared>,
    pub(crate) host: usize,
}

impl Simulated {
    pub(crate) const fn new(shared: Arc<Shared>, host: usize) -> Self {
        Self { shared, host }
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = self.shared.with(|world| world.hosts[self.host].clone());
        f.debug_tuple("Simulated").field(&addresses).finish()
    }
}

impl Runtime for Simulated {
    type Stream = Stream;
    type Listener = Listener;
    type Timer = Timer;

    fn now(&self) -> Instant {
        self.shared.with(|world| world.now)
    }

    fn timer(&self) -> Timer {
        let id = self.shared.with(crate::world::World::new_timer);
        Timer::new(self.shared.clone(), id)
    }

    fn connect(
        &self,
        to: SocketAddr,
        from: Option<IpAddr>,
    ) -> impl Future<Output = io::Result<Stream>> + Send + 'static {
        let attempt = self
            .shared
            .with(|world| world.connect(self.host, to, from))
            .map(|id| Connect {
                shared: self.shared.clone(),
                id: Some(id),
            });
        async move { attempt?.await }
    }

    fn listen(&self, at: SocketAddr) -> io::Result<Listener> {
        let id = self.shared.with(|world| world.listen(self.host, at))?;
        Ok(Listener {
            shared: self.shared.clone(),
            id,
        })
    }

    #[track_caller]
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let at = Location::caller();
        let mut task = Some(task);
        self.shared.with(|world| {
            if !world.is_over
                && let Some(task) = task.take()
            {
                world.spawn(&self.shared, task, at);
            }
        });
    }

    fn blocking<T, F>(&self, work: F) -> impl Future<Output = T> + Send + 'static
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let result = Arc::new(Mutex::new(Promised {
            result: None,
            waker: None,
        }));
        let promised = Arc::clone(&result);
        let work = Box::new(move || {
            let done = catch_unwind(AssertUnwindSafe(work));
            let mut promised = promised.lock().unwrap_or_else(PoisonError::into_inner);
            promised.result = Some(done);
            let waker = promised.waker.take();
            drop(promised);
            if let Some(waker) = waker {
                waker.wake();
            }
        });
        self.shared.with(|world| world.begin_work(work));
        Blocking { result }
    }

    fn random(&self) -> io::Result<u64> {
        Ok(self.shared.with(|world| world.random.draw()))
    }
}

/// An attempt to connect.
struct Connect {
    shared: Arc<Shared>,
    /// Nothing once it has become a stream.
    id: Option<u64>,
}

impl Future for Connect {
    type Output = io::Result<Stream>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(id) = self.id else {
            return Poll::Pending;
        };
        let polled = self.shared.with(|world| world.poll_connect(id, context));
        polled.map_ok(|()| {
            self.id = None;
            Stream {
                shared: self.shared.clone(),
                id,
                side: CONNECTED,
            }
        })
    }
}

impl Drop for Connect {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.shared.with(|world| world.drop_attempt(id));
        }
    }
}

/// What blocking work comes to.
struct Promised<T> {
    result: Option<thread::Result<T>>,
    waker: Option<Waker>,
}

struct Blocking<T> {
    result: Arc<Mutex<Promised<T>>>,
}

impl<T> Future for Blocking<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut promised = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        match promised.result.take() {
            Some(Ok(result)) => Poll::Ready(result),
            Some(Err(panic)) => {
                drop(promised);
                resume_unwind(panic)
            }
            None => {
                promised.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// One end of a connection.
pub struct Stream {
    shared: Arc<Shared>,
    id: u64,
    side: usize,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ends = self.shared.with(|world| {
            [self.side, 1 - self.side].map(|side| world.local_addr(self.id, side).ok())
        });
        f.debug_tuple("Stream").field(&ends).finish()
    }
}

impl runtime::Stream for Stream {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.shared
            .with(|world| world.local_addr(self.id, self.side))
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.shared
            .with(|world| world.peer_addr(self.id, self.side))
    }

    fn poll_ready(
        &mut self,
        context: &mut Context<'_>,
        interest: Interest,
    ) -> Poll<io::Result<()>> {
        self.shared
            .with(|world| world.poll_ready(self.id, self.side, context, interest))
    }

    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.shared
            .with(|world| world.try_read(self.id, self.side, buffer))
    }

    fn try_write(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.shared
            .with(|world| world.try_write(self.id, self.side, buffers))
    }

    /// Urgent bytes arrive in their place among the others.
    fn try_write_urgent(&mut self, data: &[u8]) -> io::Result<usize> {
        self.try_write(&[IoSlice::new(data)])
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.shared.with(|world| world.shutdown(self.id, self.side))
    }

    fn unread(&self) -> io::Result<Unread> {
        self.shared.with(|world| world.unread(self.id, self.side))
    }

    fn reset_on_drop(&mut self) {
        self.shared
            .with(|world| world.reset_on_drop(self.id, self.side));
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.with(|world| world.drop_end(self.id, self.side));
    }
}

/// A listening socket.
pub struct Listener {
    shared: Arc<Shared>,
    id: u64,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = runtime::Listener::local_addr(self).ok();
        f.debug_tuple("Listener").field(&at).finish()
    }
}

impl Listener {
    fn stream(&self, (id, peer): (u64, SocketAddr)) -> (Stream, SocketAddr) {
        let stream = Stream {
            shared: self.shared.clone(),
            id,
            side: ACCEPTED,
        };
        (stream, peer)
    }
}

impl runtime::Listener for Listener {
    type Stream = Stream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        let at = self
            .shared
            .with(|world| world.listeners.get(&self.id).map(|listening| listening.at));
        at.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn try_accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let accepted = self.shared.with(|world| world.try_accept(self.id))?;
        Ok(self.stream(accepted))
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(Stream, SocketAddr)>> {
        let accepted = self
            .shared
            .with(|world| world.poll_accept(self.id, context));
        accepted.map_ok(|accepted| self.stream(accepted))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.with(|world| world.drop_listener(self.id));
    }
}

/// A timer.
pub struct Timer {
    shared: Arc<Shared>,
    id: u64,
}

impl Timer {
    pub(crate) const fn new(shared: Arc<Shared>, id: u64) -> Self {
        Self { shared, id }
    }

    pub(crate) fn wait(&self, context: &Context<'_>) -> Poll<()> {
        self.shared.with(|world| world.poll_timer(self.id, context))
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timer").field(&self.id).finish()
    }
}

impl runtime::Timer for Timer {
    fn set(&mut self, at: Option<Instant>) {
        self.shared.with(|world| world.set_timer(self.id, at));
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.wait(context)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.shared.with(|world| world.drop_timer(self.id));
    }
}
