//! What a runtime must offer: readiness of sockets, a timer, a clock, tasks, and a place for blocking work.
//!
//! An adapter implements the four traits of this page and nothing else; [`Client`](crate::client::Client) and
//! [`Server`](crate::server::Server) are written once over them.
//!
//! # Writing an adapter
//!
//! One for kernel sockets is some hundred lines without any protocol. `examples/smol` is one to copy; in its order:
//!
//! 1. **A handle** that is cheap to clone and implements [`Runtime`]: an epoch for [`now`](Runtime::now), which every clone shares.
//! 2. **Sockets** are made by [`socket`](crate::socket), which sets what every FTP connection wants: [`bind`](crate::socket::bind),
//!    [`start_connect`](crate::socket::start_connect) and then, once the socket is writable,
//!    [`finish_connect`](crate::socket::finish_connect); [`accept`](crate::socket::accept) for what a listener brings. They are the standard
//!    library's, non-blocking, and every reactor can adopt them. `shutdown`, `unread`, `reset_on_drop` and urgent data are there too.
//! 3. **Reading and writing** are attempts that never wait ([`Stream::try_read`], [`Stream::try_write`]) and say `WouldBlock`. Only then does the
//!    driver ask [`Stream::poll_ready`], which keeps the task's waker and may be wrong in one direction: it may say ready when nothing is
//!    there. It must never stay pending when there is something. A reactor that remembers readiness forgets it only when one of *its own* calls saw
//!    `WouldBlock`: make the attempts through it.
//! 4. **The bare handle** is there for `sendfile` and `splice`, which [`Stream::attempt`] makes: an attempt as those above, and to be made through
//!    the reactor as they are. An adapter without kernel sockets leaves the method out, and everything works by the others.
//! 5. **A timer** ([`Timer`]) is set again and again by one task, also while it is waited for, also to a moment that is past or that the clock cannot
//!    express (which never comes). A moment that has come stays so until it is set again. The driver asks the clock, so firing early is no
//!    fault.
//! 6. **Tasks** run to their end wherever the executor likes, and a panic ends its own task alone, dropping what that owned.
//! 7. **Blocking work** runs on other threads than those that poll, so that two of them can wait for each other. Work that has begun goes on when
//!    its future is dropped; a panic in it is raised where it is waited for.
//!
//! Everything owned by a task moves with it between threads, so all of it is `Send`. Nothing is shared between tasks.
//!
//! Then turn the feature `conformance` on for the adapter's own tests, and run the suite with one line
//! (`ftp_driver::conformance_tests!`): it holds an adapter to each sentence above, and runs the whole client and the whole server on it.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ftp_sansio::time::Instant;

/// One runtime: a cheap handle that sessions clone.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// A connected socket.
    type Stream: Stream;
    /// A listening socket.
    type Listener: Listener<Stream = Self::Stream>;
    /// A timer that can be set again.
    type Timer: Timer;

    /// The time since this handle (or the one it was cloned from) was made. It never goes backwards.
    fn now(&self) -> Instant;

    /// A new timer, not set.
    fn timer(&self) -> Self::Timer;

    /// Connects to `to`, from the local address `from` if one is given.
    ///
    /// # Errors
    /// What the network says; dropping the future gives the attempt up, and resets a connection that had come about meanwhile.
    fn connect(
        &self,
        to: SocketAddr,
        from: Option<IpAddr>,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send + 'static;

    /// Listens at `at`; port 0 lets the system choose.
    ///
    /// # Errors
    /// What the network says: the port is in use, the address is not ours.
    fn listen(&self, at: SocketAddr) -> io::Result<Self::Listener>;

    /// Runs a task to its end, on any thread. A panic in it ends that task alone.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Runs work that may block where blocking hurts nobody. A panic in it is raised in the future that waits for it; dropping
    /// that future does not stop work that has begun.
    fn blocking<T, F>(&self, work: F) -> impl Future<Output = T> + Send + 'static
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static;

    /// Random bits: passive ports are chosen by them, which nobody may guess (RFC 2577 § 8). What is provided asks the system, and a
    /// runtime for real networks leaves it at that; one whose runs can be repeated draws from a sequence of its own.
    ///
    /// # Errors
    /// The system has none.
    fn random(&self) -> io::Result<u64> {
        crate::random::bytes().map(u64::from_ne_bytes)
    }
}

/// Waits for a future, but not longer than `limit`: nothing then.
pub async fn within<R: Runtime, F: Future>(
    runtime: &R,
    limit: Duration,
    future: F,
) -> Option<F::Output> {
    let (mut timer, until) = (runtime.timer(), runtime.now() + limit);
    timer.set(Some(until));
    let mut future = pin!(future);
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        poll_until(runtime, &mut timer, until, context).map(|()| None)
    })
    .await
}

/// Ready once `until` has come, for which the timer is set. The clock decides: a timer may be early, and is set again then.
pub(crate) fn poll_until<R: Runtime>(
    runtime: &R,
    timer: &mut R::Timer,
    until: Instant,
    context: &mut Context<'_>,
) -> Poll<()> {
    while timer.poll(context).is_ready() {
        if runtime.now() >= until {
            return Poll::Ready(());
        }
        timer.set(Some(until));
    }
    Poll::Pending
}

/// Lets this much time pass.
pub async fn sleep<R: Runtime>(runtime: &R, duration: Duration) {
    within(runtime, duration, std::future::pending::<()>()).await;
}

/// Lets others on the same thread have their turn.
pub(crate) async fn give_way() {
    let mut is_over = false;
    poll_fn(|context| {
        if std::mem::replace(&mut is_over, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What a wait on a socket is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interest {
    /// Bytes (or the end) to read.
    Read,
    /// Room to write.
    Write,
}

/// What a socket has to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unread {
    /// Nothing yet.
    Nothing,
    /// Some bytes.
    Bytes,
    /// The peer has closed its side, and all before that was read.
    End,
}

/// A connected, non-blocking socket, owned by one task.
///
/// The order is: *try first*, and wait with [`poll_ready`](Self::poll_ready) only after `WouldBlock`. Readiness may be spurious; try
/// again then.
pub trait Stream: Send + Unpin + 'static {
    /// The address of this end.
    ///
    /// # Errors
    /// What the system says.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// The address of the other end.
    ///
    /// # Errors
    /// What the system says; a connection that is gone has none.
    fn peer_addr(&self) -> io::Result<SocketAddr>;

    /// Ready when another attempt is worth it. One waker a direction is kept: the latest.
    fn poll_ready(&mut self, context: &mut Context<'_>, interest: Interest)
    -> Poll<io::Result<()>>;

    /// Reads what is there; 0 is the peer's end. The socket itself is asked, and not what the reactor has heard so far: a task that moves much
    /// data without a wait may keep the reactor from hearing anything.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there yet; else the connection is lost.
    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes what fits.
    ///
    /// # Errors
    /// `WouldBlock` when nothing fits now; else the connection is lost.
    fn try_write(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Writes what fits of `data` as TCP's urgent data, the last byte of it being marked (RFC 9293 § 3.8.5): Telnet's Synch. A stream that knows
    /// no such thing writes it as any other.
    ///
    /// # Errors
    /// As [`try_write`](Self::try_write).
    fn try_write_urgent(&mut self, data: &[u8]) -> io::Result<usize>;

    /// Says that nothing more will be written (a FIN); reading goes on.
    ///
    /// # Errors
    /// What the system says.
    fn shutdown(&mut self) -> io::Result<()>;

    /// What there is to read: asked of the socket itself, and not of what the reactor has heard so far.
    ///
    /// # Errors
    /// The connection is lost. A kernel says so once, and calls it the end from then on: who asks must not forget it.
    fn unread(&self) -> io::Result<Unread>;

    /// Makes dropping this socket a reset, so that the peer cannot take a broken transfer for a complete one.
    fn reset_on_drop(&mut self);

    /// Makes a call on the kernel's handle, where this is a kernel's socket: one that only such a one has. Nothing where it is none; bytes go by it that are
    /// never seen here, so a stream that counts, delays or changes what goes over another one has none to lend either.
    ///
    /// The call is made whatever the reactor has heard so far. `WouldBlock` from it says that the readiness for `interest` is over, which a reactor that
    /// remembers readiness has to be told.
    #[cfg(unix)]
    fn attempt<T>(
        &mut self,
        interest: Interest,
        call: impl FnOnce(std::os::fd::BorrowedFd<'_>) -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        let _ = (interest, call);
        None
    }
}

/// A listening, non-blocking socket, owned by one task.
pub trait Listener: Send + Unpin + 'static {
    /// What it accepts.
    type Stream: Stream;

    /// Where it listens, with the port that the system chose.
    ///
    /// # Errors
    /// What the system says.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// Accepts a connection that is complete by now: it and the peer's address. The socket itself is asked, and not what the reactor has
    /// heard so far. A listener that nobody has waited at is best not known to the reactor: each of its connections would wake somebody.
    ///
    /// # Errors
    /// `WouldBlock` when nobody waits; else what the system says.
    fn try_accept(&mut self) -> io::Result<(Self::Stream, SocketAddr)>;

    /// The same, and waits where nobody waits yet.
    fn poll_accept(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<(Self::Stream, SocketAddr)>>;
}

/// A timer that one task owns and sets again and again.
pub trait Timer: Send + Unpin + 'static {
    /// Sets it to fire at `at`, or not at all.
    fn set(&mut self, at: Option<Instant>);

    /// Ready once the moment has come. It may be ready early or again; the clock decides what has expired.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()>;
}
