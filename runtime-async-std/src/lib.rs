//! The FTP client and server of [`ftp_driver`] on [async-std](async_std).
//!
//! [`AsyncStd`] is the whole adapter; everything else here is a re-export, so that a program depends on this crate
//! alone.
//!
//! **async-std is discontinued** ([RUSTSEC-2025-0052](https://rustsec.org/advisories/RUSTSEC-2025-0052)). Its authors
//! name [smol](https://docs.rs/smol) as the way on. This crate is for programs that run on async-std today; a new one
//! takes `ftp-runtime-tokio`. The sockets and timers here are those of `async_io`, which smol uses too, so an adapter
//! for smol differs from this one in `spawn` and `blocking` alone.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

use std::future::Future;
use std::io::{self, IoSlice, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant as StdInstant;

use async_io::Async;
use ftp_driver::runtime::{Interest, Unread};
pub use ftp_driver::*;
use ftp_sansio::time::Instant;

/// The client on this runtime.
pub type Client = client::Client<AsyncStd>;

/// The server on this runtime.
pub type Server<A> = server::Server<AsyncStd, A>;

/// Local files on this runtime.
pub type LocalStorage = local::LocalStorage<AsyncStd>;

/// async-std's global runtime.
#[derive(Clone, Debug)]
pub struct AsyncStd {
    epoch: StdInstant,
}

impl AsyncStd {
    /// A handle; its clock starts now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            epoch: StdInstant::now(),
        }
    }
}

impl Default for AsyncStd {
    fn default() -> Self {
        Self::new()
    }
}

impl Runtime for AsyncStd {
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
            inner: async_io::Timer::never(),
        }
    }

    fn connect(
        &self,
        to: SocketAddr,
        from: Option<IpAddr>,
    ) -> impl Future<Output = io::Result<Stream>> + Send + 'static {
        let attempt = socket::start_connect(to, from);
        async move {
            let stream = Async::new_nonblocking(attempt?)?;
            stream.writable().await?;
            socket::finish_connect(&stream)?;
            Ok(Stream(Inner::Known(stream)))
        }
    }

    fn listen(&self, at: SocketAddr) -> io::Result<Listener> {
        Ok(Listener(Inner::Bare(socket::bind(at)?)))
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(async_std::task::spawn(task));
    }

    fn blocking<T, F>(&self, work: F) -> impl Future<Output = T> + Send + 'static
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        async_std::task::spawn_blocking(work)
    }
}

/// A connected socket. async-std's own hides its readiness; this is the same reactor's view of the standard library's, and the reactor is told of
/// it when it is first waited for: a data connection that brings a small file is never waited for.
#[derive(Debug)]
pub struct Stream(Inner<TcpStream>);

#[derive(Debug)]
enum Inner<S> {
    Bare(S),
    Known(Async<S>),
    /// The reactor would not take it.
    Lost,
}

impl<S> Inner<S> {
    fn socket(&self) -> io::Result<&S> {
        match self {
            Self::Bare(socket) => Ok(socket),
            Self::Known(socket) => Ok(socket.get_ref()),
            Self::Lost => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// The socket as the reactor's, which is told of it now if it was not before.
    fn register(&mut self, tell: impl FnOnce(S) -> io::Result<Async<S>>) -> io::Result<&Async<S>> {
        if let Self::Bare(_) = self
            && let Self::Bare(socket) = std::mem::replace(self, Self::Lost)
        {
            *self = Self::Known(tell(socket)?);
        }
        match self {
            Self::Known(socket) => Ok(socket),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl runtime::Stream for Stream {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.socket()?.local_addr()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.socket()?.peer_addr()
    }

    fn poll_ready(
        &mut self,
        context: &mut Context<'_>,
        interest: Interest,
    ) -> Poll<io::Result<()>> {
        let socket = self.0.register(Async::new_nonblocking)?;
        match interest {
            Interest::Read => socket.poll_readable(context),
            Interest::Write => socket.poll_writable(context),
        }
    }

    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.socket()?.read(buffer)
    }

    fn try_write(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.socket()?.write_vectored(buffers)
    }

    fn try_write_urgent(&mut self, data: &[u8]) -> io::Result<usize> {
        socket::write_urgent(self.0.socket()?, data)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        socket::shutdown(self.0.socket()?)
    }

    fn unread(&self) -> io::Result<Unread> {
        socket::unread(self.0.socket()?)
    }

    fn reset_on_drop(&mut self) {
        let _ = self.0.socket().map(socket::reset_on_drop);
    }

    #[cfg(unix)]
    fn attempt<T>(
        &mut self,
        _: Interest,
        call: impl FnOnce(std::os::fd::BorrowedFd<'_>) -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        use std::os::fd::AsFd as _;

        Some(self.0.socket().and_then(|socket| call(socket.as_fd())))
    }
}

/// A listening socket.
#[derive(Debug)]
pub struct Listener(Inner<TcpListener>);

impl runtime::Listener for Listener {
    type Stream = Stream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.socket()?.local_addr()
    }

    fn try_accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let (stream, peer) = socket::accept(self.0.socket()?)?;
        Ok((Stream(Inner::Bare(stream)), peer))
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(Stream, SocketAddr)>> {
        loop {
            match self.try_accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                accepted => return Poll::Ready(accepted),
            }
            ready!(
                self.0
                    .register(Async::new_nonblocking)?
                    .poll_readable(context)
            )?;
        }
    }
}

/// A timer.
#[derive(Debug)]
pub struct Timer {
    epoch: StdInstant,
    at: Option<StdInstant>,
    inner: async_io::Timer,
}

impl runtime::Timer for Timer {
    fn set(&mut self, at: Option<Instant>) {
        // A moment that the clock cannot express never comes.
        let at = at.and_then(|at| self.epoch.checked_add(at.since_epoch()));
        if at == self.at {
            return;
        }
        self.at = at;
        match at {
            Some(at) => self.inner.set_at(at),
            None => self.inner = async_io::Timer::never(),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // The inner timer tells of its moment once; it has come all the same when it is asked again.
        match self.at {
            Some(at) if at <= StdInstant::now() => Poll::Ready(()),
            _ => Pin::new(&mut self.inner).poll(context).map(drop),
        }
    }
}
