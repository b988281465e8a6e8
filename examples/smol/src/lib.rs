//! The FTP client and server on [smol]: how an adapter for another runtime is written.
//!
//! What has to be there is on the page of [`ftp_driver::runtime`]; this is one way to write it down. Three things are smol's own: who
//! runs a task ([`smol::spawn`]), who may block ([`smol::unblock`]), and whose readiness it is ([`smol::Async`]). How a socket is
//! made, and what is set on it, is [`ftp_driver::socket`]'s business. The test beside it runs the whole suite of the driver on it.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

use std::future::Future;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant as Clock;

use ftp_driver::runtime::{self, Interest, Runtime, Unread};
use ftp_driver::{client, local, server, socket};
use ftp_sansio::time::Instant;
use smol::Async;

/// The client on this runtime.
pub type Client = client::Client<Smol>;

/// The server on this runtime.
pub type Server<A> = server::Server<Smol, A>;

/// Local files on this runtime.
pub type LocalStorage = local::LocalStorage<Smol>;

/// smol's global executor.
#[derive(Clone, Debug)]
pub struct Smol {
    epoch: Clock,
}

impl Smol {
    /// A handle; its clock starts now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            epoch: Clock::now(),
        }
    }
}

impl Default for Smol {
    fn default() -> Self {
        Self::new()
    }
}

impl Runtime for Smol {
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
            wait: smol::Timer::never(),
        }
    }

    fn connect(
        &self,
        to: SocketAddr,
        from: Option<IpAddr>,
    ) -> impl Future<Output = io::Result<Stream>> + Send + 'static {
        // Begun here and not at the first poll, so that who only has a race to win may drop the future at once.
        let begun = socket::start_connect(to, from);
        async move {
            let connecting = Async::new_nonblocking(begun?)?;
            connecting.writable().await?;
            socket::finish_connect(&connecting)?;
            Ok(Stream(connecting))
        }
    }

    fn listen(&self, at: SocketAddr) -> io::Result<Listener> {
        Ok(Listener(Async::new_nonblocking(socket::bind(at)?)?))
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // smol's own executor goes on after a panic; another one may need to be told to.
        smol::spawn(task).detach();
    }

    fn blocking<T, F>(&self, work: F) -> impl Future<Output = T> + Send + 'static
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        smol::unblock(work)
    }
}

/// A connected socket.
#[derive(Debug)]
pub struct Stream(Async<TcpStream>);

impl runtime::Stream for Stream {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().peer_addr()
    }

    fn poll_ready(
        &mut self,
        context: &mut Context<'_>,
        interest: Interest,
    ) -> Poll<io::Result<()>> {
        // smol remembers no readiness from before it was asked, so whatever tries may try beside it.
        match interest {
            Interest::Read => self.0.poll_readable(context),
            Interest::Write => self.0.poll_writable(context),
        }
    }

    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.get_ref().read(buffer)
    }

    fn try_write(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.get_ref().write_vectored(buffers)
    }

    fn try_write_urgent(&mut self, data: &[u8]) -> io::Result<usize> {
        socket::write_urgent(&self.0, data)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        socket::shutdown(&self.0)
    }

    fn unread(&self) -> io::Result<Unread> {
        socket::unread(&self.0)
    }

    fn reset_on_drop(&mut self) {
        socket::reset_on_drop(&self.0);
    }

    #[cfg(unix)]
    fn attempt<T>(
        &mut self,
        _: Interest,
        call: impl FnOnce(std::os::fd::BorrowedFd<'_>) -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        use std::os::fd::AsFd as _;

        Some(call(self.0.as_fd()))
    }
}

/// A listening socket.
#[derive(Debug)]
pub struct Listener(Async<TcpListener>);

impl runtime::Listener for Listener {
    type Stream = Stream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }

    fn try_accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let (accepted, peer) = socket::accept(self.0.get_ref())?;
        Ok((Stream(Async::new_nonblocking(accepted)?), peer))
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(Stream, SocketAddr)>> {
        loop {
            match self.try_accept() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(self.0.poll_readable(context))?;
                }
                accepted => return Poll::Ready(accepted),
            }
        }
    }
}

/// A timer.
#[derive(Debug)]
pub struct Timer {
    epoch: Clock,
    at: Option<Clock>,
    wait: smol::Timer,
}

impl runtime::Timer for Timer {
    fn set(&mut self, at: Option<Instant>) {
        // A moment that the clock cannot express never comes.
        self.at = at.and_then(|at| self.epoch.checked_add(at.since_epoch()));
        self.wait = self.at.map_or_else(smol::Timer::never, smol::Timer::at);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // smol's timer tells of its moment once, and a moment that was is past however often it is asked.
        if self.at.is_some_and(|at| at <= Clock::now()) {
            return Poll::Ready(());
        }
        Pin::new(&mut self.wait).poll(context).map(drop)
    }
}
