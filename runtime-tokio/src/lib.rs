//! The FTP client and server of [`ftp_driver`] on [tokio].
//!
//! [`Tokio`] is the whole adapter; everything else here is a re-export, so that a program depends on this crate alone.
//! It needs a tokio runtime with its I/O and time drivers enabled, of either flavour.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod compat;

use std::cell::Cell;
use std::future::Future;
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pub use compat::{IntoTokio, TokioIo};
use ftp_driver::runtime::{Interest, Unread};
pub use ftp_driver::*;
use ftp_sansio::time::Instant;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant as TokioInstant, Sleep, sleep_until};

/// The client on this runtime.
pub type Client = client::Client<Tokio>;

/// The server on this runtime.
pub type Server<A> = server::Server<Tokio, A>;

/// Local files on this runtime.
pub type LocalStorage = local::LocalStorage<Tokio>;

/// The tokio runtime that the caller runs in.
#[derive(Clone, Debug)]
pub struct Tokio {
    epoch: TokioInstant,
}

impl Tokio {
    /// A handle; its clock starts now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            epoch: TokioInstant::now(),
        }
    }
}

impl Default for Tokio {
    fn default() -> Self {
        Self::new()
    }
}

impl Runtime for Tokio {
    type Stream = Stream;
    type Listener = Listener;
    type Timer = Timer;

    fn now(&self) -> Instant {
        Instant::from_epoch(self.epoch.elapsed())
    }

    fn timer(&self) -> Timer {
        Timer {
            epoch: self.epoch,
            at: None,
            sleep: None,
        }
    }

    fn connect(
        &self,
        to: SocketAddr,
        from: Option<IpAddr>,
    ) -> impl Future<Output = io::Result<Stream>> + Send + 'static {
        let attempt = socket::start_connect(to, from);
        async move {
            let stream = TcpStream::from_std(attempt?)?;
            stream.writable().await?;
            socket::finish_connect(&stream)?;
            Ok(Stream::new(stream))
        }
    }

    fn listen(&self, at: SocketAddr) -> io::Result<Listener> {
        TcpListener::from_std(socket::bind(at)?).map(Listener)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(task));
    }

    fn blocking<T, F>(&self, work: F) -> impl Future<Output = T> + Send + 'static
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let task = tokio::task::spawn_blocking(work);
        async move {
            match task.await.map_err(tokio::task::JoinError::try_into_panic) {
                Ok(done) => done,
                Err(Ok(panic)) => std::panic::resume_unwind(panic),
                // The runtime is shutting down: it will not poll this again, and there is nothing to give.
                Err(Err(_cancelled)) => std::future::pending().await,
            }
        }
    }
}

/// A connected socket.
#[derive(Debug)]
pub struct Stream {
    inner: TcpStream,
    /// Whether the bare handle has been lent out, so that tokio may not know what became of the readiness.
    lent: Cell<bool>,
}

impl Stream {
    const fn new(inner: TcpStream) -> Self {
        Self {
            inner,
            lent: Cell::new(false),
        }
    }

    fn poll_remembered(
        &self,
        context: &mut Context<'_>,
        interest: Interest,
    ) -> Poll<io::Result<()>> {
        match interest {
            Interest::Read => self.inner.poll_read_ready(context),
            Interest::Write => self.inner.poll_write_ready(context),
        }
    }

    /// Asks the kernel, and has tokio forget the readiness if it is over.
    fn confirm(&self, interest: Interest) -> io::Result<()> {
        let tokio_interest = match interest {
            Interest::Read => tokio::io::Interest::READABLE,
            Interest::Write => tokio::io::Interest::WRITABLE,
        };
        self.inner
            .try_io(tokio_interest, || socket::probe(&self.inner, interest))
    }
}

impl runtime::Stream for Stream {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    fn poll_ready(
        &mut self,
        context: &mut Context<'_>,
        interest: Interest,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_remembered(context, interest))?;
            if !self.lent.get() {
                return Poll::Ready(Ok(()));
            }
            match self.confirm(interest) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                confirmed => return Poll::Ready(confirmed),
            }
        }
    }

    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.try_read(buffer)
    }

    fn try_write(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.inner.try_write_vectored(buffers)
    }

    fn try_write_urgent(&mut self, data: &[u8]) -> io::Result<usize> {
        // Told to tokio, so that it does not believe in a readiness that is over.
        let write = || socket::write_urgent(&self.inner, data);
        self.inner.try_io(tokio::io::Interest::WRITABLE, write)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        socket::shutdown(&self.inner)
    }

    fn unread(&self) -> Unread {
        socket::unread(&self.inner)
    }

    fn reset_on_drop(&mut self) {
        socket::reset_on_drop(&self.inner);
    }

    #[cfg(unix)]
    fn fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.lent.set(true);
        Some(std::os::fd::AsFd::as_fd(&self.inner))
    }
}

/// A listening socket.
#[derive(Debug)]
pub struct Listener(TcpListener);

impl runtime::Listener for Listener {
    type Stream = Stream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(Stream, SocketAddr)>> {
        let (stream, peer) = ready!(self.0.poll_accept(context))?;
        socket::prepare(&stream)?;
        Poll::Ready(Ok((Stream::new(stream), peer)))
    }
}

/// A timer.
#[derive(Debug)]
pub struct Timer {
    epoch: TokioInstant,
    at: Option<TokioInstant>,
    /// Made when it is first waited for, and then kept: setting it again allocates nothing.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl runtime::Timer for Timer {
    fn set(&mut self, at: Option<Instant>) {
        // A moment that the clock cannot express never comes.
        self.at = at.and_then(|at| self.epoch.checked_add(at.since_epoch()));
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else {
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(context)
    }
}
