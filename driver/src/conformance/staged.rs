//! A runtime whose network behaves as a test wants, though the kernel beneath it is the real one: ports that cannot be had,
//! connections that are lost before they are accepted, sockets that take little at a time.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use ftp_sansio::time::Instant;

use super::at_rest::Tasks;
use super::site::pause;
use crate::runtime::{Interest, Listener, Runtime, Stream, Timer, Unread};

/// What a slow socket takes at once. Replies fit in it, and so are not slow.
const PART: usize = 4096;

/// What was asked for, and what has come of it so far. By default all is as the runtime itself has it.
#[derive(Debug, Default)]
struct Stage {
    /// Why nobody can listen.
    refusal: Option<io::ErrorKind>,
    /// How often somebody wanted to.
    tries: usize,
    /// How many accepts fail before the first that does not.
    lost: usize,
    /// Who would end a connection finds that its peer has reset it.
    loses_ends: bool,
    /// Each timer that is set is ready at once, for the first time.
    is_hasty: bool,
    /// Listeners are none any more.
    is_deaf: bool,
    /// How long each part of what is sent takes, where that goes slowly.
    pace: Option<Duration>,
    /// How far the clock was put forward, by that or by the test.
    ahead: Duration,
    /// Readiness to read is that of the socket itself, and not what a reactor has heard so far.
    is_prompt: bool,
    /// Sockets have a handle to lend, and something to read whenever it is lent.
    is_flooded: bool,
    /// The size of the largest task so far, in bytes.
    largest_task: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Staged<R> {
    inner: R,
    stage: Arc<Mutex<Stage>>,
    tasks: Tasks,
}

impl<R> Staged<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            stage: Arc::default(),
            tasks: Tasks::default(),
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap()
    }

    /// From now on nobody can listen, for this reason; or everybody can again.
    pub(super) fn refuse(&self, why: Option<io::ErrorKind>) {
        self.stage().refusal = why;
    }

    /// How often somebody has wanted to listen since this was asked last.
    pub(super) fn tries(&self) -> usize {
        std::mem::take(&mut self.stage().tries)
    }

    /// From now on so many accepts fail before the first that does not.
    pub(super) fn lose(&self, count: usize) {
        self.stage().lost = count;
    }

    /// From now on who would end a connection finds that its peer has reset it.
    pub(super) fn lose_ends(&self) {
        self.stage().loses_ends = true;
    }

    /// From now on timers are early when they are asked first.
    pub(super) fn hurry(&self) {
        self.stage().is_hasty = true;
    }

    /// From now on listeners are lost, as one that a reactor would not take.
    pub(super) fn deafen(&self) {
        self.stage().is_deaf = true;
    }

    /// From now on each part of what is sent takes so long. No time passes for that, but the clock is put forward.
    pub(super) fn slow_down(&self, pace: Duration) {
        self.stage().pace = Some(pace);
    }

    /// From now on sockets lend their handles, and there is always something to read then: this waits for it where it stands.
    pub(super) fn flood(&self) {
        self.stage().is_flooded = true;
    }

    /// The clock is put forward.
    pub(super) fn skip(&self, time: Duration) {
        self.stage().ahead += time;
    }

    /// The size of the largest task that was begun, in bytes.
    pub(super) fn largest_task(&self) -> usize {
        self.stage().largest_task
    }

    /// How long what was sent has taken.
    pub(super) fn taken(&self) -> Duration {
        self.stage().ahead
    }
}

impl<R: Runtime> Staged<R> {
    /// Waits until no task has anything to do before something comes from outside; and then this is done, in which time stands still for them, and
    /// the clock is put forward.
    pub(super) async fn asleep<T>(&self, time: Duration, meanwhile: impl FnOnce() -> T) -> T {
        while !self.tasks.are_at_rest() {
            pause(&self.inner, Duration::from_millis(1)).await;
        }
        self.tasks.hold();
        // A reactor may yet have to hear of what comes now (async-io's says so even to those that it has woken for it).
        self.stage().is_prompt = true;
        let done = meanwhile();
        self.skip(time);
        self.tasks.release();
        done
    }
}

impl<R: Runtime> Runtime for Staged<R> {
    type Stream = StagedStream<R::Stream>;
    type Listener = StagedListener<R::Listener>;
    type Timer = StagedTimer<R::Timer>;

    fn now(&self) -> Instant {
        self.inner.now() + self.taken()
    }

    fn timer(&self) -> Self::Timer {
        StagedTimer {
            inner: self.inner.timer(),
            stage: self.stage.clone(),
            setting: None,
            is_early: false,
            was_early: false,
        }
    }

    fn connect(
        &self,
        to: SocketAddr,
        from: Option<IpAddr>,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send + 'static {
        let (connect, stage) = (self.inner.connect(to, from), self.stage.clone());
        async move { Ok(StagedStream::new(connect.await?, stage)) }
    }

    fn listen(&self, at: SocketAddr) -> io::Result<Self::Listener> {
        let mut stage = self.stage();
        stage.tries += 1;
        if let Some(why) = stage.refusal {
            return Err(why.into());
        }
        Ok(StagedListener {
            inner: self.inner.listen(at)?,
            stage: self.stage.clone(),
        })
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let largest = &mut self.stage().largest_task;
        *largest = size_of_val(&task).max(*largest);
        self.inner.spawn(self.tasks.observe(task));
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

/// It has no handle to lend, but in a flood: what went that way would not go by the stage.
#[derive(Debug)]
pub(super) struct StagedStream<S> {
    inner: S,
    stage: Arc<Mutex<Stage>>,
    /// It has taken a part, and takes the next only after a wait.
    full: bool,
}

impl<S> StagedStream<S> {
    const fn new(inner: S, stage: Arc<Mutex<Stage>>) -> Self {
        Self {
            inner,
            stage,
            full: false,
        }
    }
}

impl<S: Stream> Stream for StagedStream<S> {
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
        if interest == Interest::Write && std::mem::take(&mut self.full) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let is_prompt = self.stage.lock().unwrap().is_prompt;
        if interest == Interest::Read && is_prompt && self.inner.unread()? != Unread::Nothing {
            return Poll::Ready(Ok(()));
        }
        self.inner.poll_ready(context, interest)
    }

    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.try_read(buffer)
    }

    fn try_write(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut stage = self.stage.lock().unwrap();
        let length: usize = buffers.iter().map(|buffer| buffer.len()).sum();
        let first = buffers.iter().find(|buffer| !buffer.is_empty());
        let (Some(pace), Some(first), PART..) = (stage.pace, first, length) else {
            return self.inner.try_write(buffers);
        };
        if self.full {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let part = &first[..first.len().min(PART)];
        let count = self.inner.try_write(&[IoSlice::new(part)])?;
        self.full = true;
        stage.ahead += pace;
        Ok(count)
    }

    fn try_write_urgent(&mut self, data: &[u8]) -> io::Result<usize> {
        self.inner.try_write_urgent(data)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        if self.stage.lock().unwrap().loses_ends {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.inner.shutdown()
    }

    fn unread(&self) -> io::Result<Unread> {
        self.inner.unread()
    }

    fn reset_on_drop(&mut self) {
        self.inner.reset_on_drop();
    }

    #[cfg(unix)]
    fn attempt<T>(
        &mut self,
        interest: Interest,
        call: impl FnOnce(std::os::fd::BorrowedFd<'_>) -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        if !self.stage.lock().unwrap().is_flooded {
            return None;
        }
        while interest == Interest::Read && matches!(self.inner.unread(), Ok(Unread::Nothing)) {
            std::thread::yield_now();
        }
        self.inner.attempt(interest, call)
    }
}

#[derive(Debug)]
pub(super) struct StagedListener<L> {
    inner: L,
    stage: Arc<Mutex<Stage>>,
}

impl<L> StagedListener<L> {
    /// Loses a connection, if it is to.
    fn lose(&self) -> io::Result<()> {
        let mut stage = self.stage.lock().unwrap();
        if stage.is_deaf {
            return Err(io::ErrorKind::NotConnected.into());
        }
        match stage.lost.checked_sub(1) {
            None => Ok(()),
            Some(left) => {
                stage.lost = left;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    }
}

impl<L: Listener> Listener for StagedListener<L> {
    type Stream = StagedStream<L::Stream>;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn try_accept(&mut self) -> io::Result<(Self::Stream, SocketAddr)> {
        self.lose()?;
        let (stream, peer) = self.inner.try_accept()?;
        Ok((StagedStream::new(stream, self.stage.clone()), peer))
    }

    fn poll_accept(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<(Self::Stream, SocketAddr)>> {
        self.lose()?;
        let stage = self.stage.clone();
        self.inner
            .poll_accept(context)
            .map_ok(|(stream, peer)| (StagedStream::new(stream, stage), peer))
    }
}

#[derive(Debug)]
pub(super) struct StagedTimer<T> {
    inner: T,
    stage: Arc<Mutex<Stage>>,
    /// When it is to be ready, and how far the clock had been put forward when it was set: elsewhere, since sessions are weighed with it.
    setting: Option<Box<(Instant, Duration)>>,
    is_early: bool,
    was_early: bool,
}

impl<T: Timer> StagedTimer<T> {
    /// Sets it again where the clock was put forward meanwhile.
    fn keep_up(&mut self) {
        let ahead = self.stage.lock().unwrap().ahead;
        if let Some(setting) = &mut self.setting
            && setting.1 != ahead
        {
            setting.1 = ahead;
            self.inner.set(Some(behind(setting.0, ahead)));
        }
    }
}

/// A moment as the clock beneath has it.
fn behind(at: Instant, ahead: Duration) -> Instant {
    Instant::from_epoch(at.since_epoch().saturating_sub(ahead))
}

impl<T: Timer> Timer for StagedTimer<T> {
    fn set(&mut self, at: Option<Instant>) {
        let stage = self.stage.lock().unwrap();
        self.setting = at.map(|at| Box::new((at, stage.ahead)));
        self.inner.set(at.map(|at| behind(at, stage.ahead)));
        // Set again, it keeps to its time.
        self.is_early = stage.is_hasty && !self.was_early && at.is_some();
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_early {
            (self.is_early, self.was_early) = (false, true);
            self.setting = None;
            self.inner.set(None);
            return Poll::Ready(());
        }
        self.keep_up();
        self.inner.poll(context)
    }
}
