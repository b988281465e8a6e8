//! The FTP client and server of [`ftp_driver`] on [tokio].
//!
//! [`Tokio`] is the whole adapter; everything else here is a re-export, so that a program depends on this crate alone.
//! It needs a tokio runtime with its I/O and time drivers enabled, of either flavour.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod compat;

use std::future::Future;
use std::io::{self, IoSlice, Read, Write};
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
            Ok(Stream::known(stream))
        }
    }

    fn listen(&self, at: SocketAddr) -> io::Result<Listener> {
        Ok(Listener(Inner::Bare(socket::bind(at)?)))
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
pub struct Stream(Inner<std::net::TcpStream, TcpStream>);

/// tokio is told of a socket when it is first waited for: a data connection that brings a small file is never waited for, nor is the
/// listener that it comes from.
#[derive(Debug)]
enum Inner<S, T> {
    Bare(S),
    Known(T),
    /// tokio would not take it.
    Lost,
}

impl<S, T> Inner<S, T> {
    /// The socket as tokio's, which is told of it now if it was not before.
    fn register(&mut self, tell: impl FnOnce(S) -> io::Result<T>) -> io::Result<&mut T> {
        if let Self::Bare(_) = self
            && let Self::Bare(socket) = std::mem::replace(self, Self::Lost)
        {
            *self = Self::Known(tell(socket)?);
        }
        match self {
            Self::Known(socket) => Ok(socket),
            _ => Err(lost()),
        }
    }
}

/// Does the same with either kind of socket.
macro_rules! with {
    ($inner:expr, $socket:ident => $work:expr, lost => $lost:expr) => {
        match $inner {
            Inner::Bare($socket) => $work,
            Inner::Known($socket) => $work,
            Inner::Lost => $lost,
        }
    };
}

fn lost() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl Stream {
    const fn bare(socket: std::net::TcpStream) -> Self {
        Self(Inner::Bare(socket))
    }

    const fn known(socket: TcpStream) -> Self {
        Self(Inner::Known(socket))
    }
}

/// Tries something, and has tokio forget a readiness that is over. tokio would not try before it has heard of one; it may not have listened for
/// a while.
fn attempt<T>(
    socket: &TcpStream,
    interest: Interest,
    call: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let interest = match interest {
        Interest::Read => tokio::io::Interest::READABLE,
        Interest::Write => tokio::io::Interest::WRITABLE,
    };
    let mut call = Some(call);
    let tried = socket.try_io(interest, || match call.take() {
        Some(call) => call(),
        None => Err(io::ErrorKind::WouldBlock.into()),
    });
    match call {
        Some(call) => call(),
        None => tried,
    }
}

impl runtime::Stream for Stream {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        with!(&self.0, socket => socket.local_addr(), lost => Err(lost()))
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        with!(&self.0, socket => socket.peer_addr(), lost => Err(lost()))
    }

    fn poll_ready(
        &mut self,
        context: &mut Context<'_>,
        interest: Interest,
    ) -> Poll<io::Result<()>> {
        let socket = self.0.register(TcpStream::from_std)?;
        match interest {
            Interest::Read => socket.poll_read_ready(context),
            Interest::Write => socket.poll_write_ready(context),
        }
    }

    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Inner::Bare(socket) => socket.read(buffer),
            Inner::Known(socket) => {
                attempt(socket, Interest::Read, || socket::read(socket, buffer))
            }
            Inner::Lost => Err(lost()),
        }
    }

    fn try_write(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        match &mut self.0 {
            Inner::Bare(socket) => socket.write_vectored(buffers),
            Inner::Known(socket) => {
                attempt(socket, Interest::Write, || socket::write(socket, buffers))
            }
            Inner::Lost => Err(lost()),
        }
    }

    fn try_write_urgent(&mut self, data: &[u8]) -> io::Result<usize> {
        match &self.0 {
            Inner::Bare(socket) => socket::write_urgent(socket, data),
            Inner::Known(socket) => attempt(socket, Interest::Write, || {
                socket::write_urgent(socket, data)
            }),
            Inner::Lost => Err(lost()),
        }
    }

    fn shutdown(&mut self) -> io::Result<()> {
        with!(&self.0, socket => socket::shutdown(socket), lost => Err(lost()))
    }

    fn unread(&self) -> io::Result<Unread> {
        with!(&self.0, socket => socket::unread(socket), lost => Err(lost()))
    }

    fn reset_on_drop(&mut self) {
        with!(&self.0, socket => socket::reset_on_drop(socket), lost => ());
    }

    #[cfg(unix)]
    fn attempt<T>(
        &mut self,
        interest: Interest,
        call: impl FnOnce(std::os::fd::BorrowedFd<'_>) -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        use std::os::fd::AsFd as _;

        Some(match &self.0 {
            Inner::Bare(socket) => call(socket.as_fd()),
            Inner::Known(socket) => attempt(socket, interest, || call(socket.as_fd())),
            Inner::Lost => Err(lost()),
        })
    }
}

/// A listening socket.
#[derive(Debug)]
pub struct Listener(Inner<std::net::TcpListener, TcpListener>);

impl runtime::Listener for Listener {
    type Stream = Stream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        with!(&self.0, socket => socket.local_addr(), lost => Err(lost()))
    }

    fn try_accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let accepted = with!(&self.0, socket => socket::accept(socket), lost => Err(lost()));
        accepted.map(|(stream, peer)| (Stream::bare(stream), peer))
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(Stream, SocketAddr)>> {
        match self.try_accept() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            accepted => return Poll::Ready(accepted),
        }
        let listener = self.0.register(TcpListener::from_std)?;
        let (stream, peer) = ready!(listener.poll_accept(context))?;
        socket::prepare(&stream)?;
        Poll::Ready(Ok((Stream::known(stream), peer)))
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
