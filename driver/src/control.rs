//! The control connection: carries bytes between a socket and a machine, and keeps the machine's time.

use std::io;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use ftp_sansio::client::Transmit;
use ftp_sansio::time::Instant;
use ftp_sansio::tls::{TlsEvent, TlsFacts};
use ftp_sansio::wire::Arg;
use rustls::Connection;

use crate::runtime::{Runtime, Timer, Unread, poll_until};
use crate::tls::{Engine, PeerCertificates, TlsError};
use crate::transport::Transport;

/// What the two session machines have in common, as a driver sees it.
pub(crate) trait Machine {
    fn receive(&mut self, now: Instant, bytes: &[u8]) -> usize;
    fn wants_read(&self) -> bool;
    fn transmit(&self) -> Option<Transmit<'_>>;
    fn transmitted(&mut self, now: Instant, count: usize);
    fn flushed(&mut self, now: Instant);
    fn disconnected(&mut self, now: Instant);
    fn peer_ended(&mut self, now: Instant);
    fn tls(&mut self, now: Instant, event: TlsEvent);
    fn tick(&mut self, now: Instant);
    fn deadline(&self) -> Option<Instant>;
}

macro_rules! machine {
    ($($role:ident),+) => {$(
        impl Machine for ftp_sansio::$role::Session {
            fn receive(&mut self, now: Instant, bytes: &[u8]) -> usize {
                Self::receive(self, now, bytes)
            }

            fn wants_read(&self) -> bool {
                Self::wants_read(self)
            }

            fn transmit(&self) -> Option<Transmit<'_>> {
                Self::transmit(self)
            }

            fn transmitted(&mut self, now: Instant, count: usize) {
                Self::transmitted(self, now, count);
            }

            fn flushed(&mut self, now: Instant) {
                self.handle(now, ftp_sansio::$role::Input::Flushed);
            }

            fn disconnected(&mut self, now: Instant) {
                self.handle(now, ftp_sansio::$role::Input::Disconnected);
            }

            fn peer_ended(&mut self, now: Instant) {
                self.handle(now, ftp_sansio::$role::Input::PeerEnded);
            }

            fn tls(&mut self, now: Instant, event: TlsEvent) {
                self.handle(now, ftp_sansio::$role::Input::Tls(event));
            }

            fn tick(&mut self, now: Instant) {
                self.handle(now, ftp_sansio::$role::Input::Tick);
            }

            fn deadline(&self) -> Option<Instant> {
                Self::deadline(self)
            }
        }
    )+};
}
machine!(client, server);

/// Passes without a wait after which other tasks get their turn: async-io has no cooperative budget.
pub(crate) const PASSES: usize = 64;

/// Bytes read from the socket at a time: some commands, or some replies. They live on the stack, and are zeroed for each read: an idle
/// session owns no buffer.
const READ_SIZE: usize = 1024;

/// How long the peer's end is waited for after the last word was sent.
const FAREWELL: Duration = Duration::from_secs(1);

/// How many bytes of the peer are thrown away in that time.
const FAREWELL_BYTES: usize = 64 * 1024;

/// How TLS changes on a control connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Change {
    Begins,
    Ends,
}

/// A control connection's socket and timer.
pub(crate) struct Control<R: Runtime> {
    transport: Transport<R::Stream>,
    timer: R::Timer,
    timer_at: Option<Instant>,
    /// Read, and not taken by the machine yet.
    held: Vec<u8>,
    /// All that was shown is written, and the machine was told.
    flushed: bool,
    /// The peer will send nothing more.
    ended: bool,
    /// Nothing can be sent any more either.
    over: bool,
    /// TLS begins or ends: nothing else is read or written.
    change: Option<Change>,
    /// What was wrong with TLS.
    fault: Option<io::Error>,
    /// Until when the peer's end is waited for, after the last word.
    gone_at: Option<Instant>,
    /// How much more is read meanwhile and thrown away.
    farewell_bytes: usize,
}

impl<R: Runtime> Control<R> {
    pub(crate) fn new(runtime: &R, stream: R::Stream) -> Self {
        let timer = runtime.timer();
        Self {
            transport: Transport::new(stream),
            timer,
            timer_at: None,
            held: Vec::new(),
            flushed: false,
            ended: false,
            over: false,
            change: None,
            fault: None,
            gone_at: None,
            farewell_bytes: FAREWELL_BYTES,
        }
    }

    /// One pass over what can be done now. True when something was: another pass is worth it then. The machine's time is kept apart
    /// ([`keep_time`](Self::keep_time)).
    pub(crate) fn poll(
        &mut self,
        runtime: &R,
        machine: &mut impl Machine,
        context: &mut Context<'_>,
    ) -> bool {
        if self.gone_at.is_some() {
            return false;
        }
        let now = runtime.now();
        if let Some(change) = self.change {
            return self.go_on_changing(change, now, machine, context);
        }
        let wrote = self.write(now, machine, context);
        let read = self.read(now, machine, context);
        wrote || read
    }

    fn write(
        &mut self,
        now: Instant,
        machine: &mut impl Machine,
        context: &mut Context<'_>,
    ) -> bool {
        let mut progress = false;
        while let Some(Transmit { bytes, urgent }) = machine.transmit() {
            if self.over {
                // Nobody will read it; the machine has been told.
                let count = bytes.len();
                machine.transmitted(now, count);
                continue;
            }
            self.flushed = false;
            let written = match urgent {
                true => self.transport.poll_write_urgent(context, bytes),
                false => self.transport.poll_write(context, bytes),
            };
            match written {
                Poll::Ready(Ok(count)) => {
                    machine.transmitted(now, count);
                    progress = true;
                }
                Poll::Pending => return progress,
                Poll::Ready(Err(error)) => {
                    self.lose(now, machine, error);
                    return true;
                }
            }
        }
        if !self.flushed {
            match self.transport.poll_flush(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Pending => return progress,
                Poll::Ready(Err(error)) => {
                    self.lose(now, machine, error);
                    return true;
                }
            }
            self.flushed = true;
            machine.flushed(now);
            progress = true;
        }
        progress
    }

    fn read(
        &mut self,
        now: Instant,
        machine: &mut impl Machine,
        context: &mut Context<'_>,
    ) -> bool {
        let mut progress = false;
        if !self.held.is_empty() {
            let taken = machine.receive(now, &self.held);
            self.held.drain(..taken);
            progress = taken > 0;
        }
        if self.over || self.ended || !self.held.is_empty() || !machine.wants_read() {
            return progress;
        }
        self.held = Vec::new();
        let mut buffer = [0; READ_SIZE];
        match self.transport.poll_read(context, &mut buffer) {
            Poll::Pending => return progress,
            Poll::Ready(Ok(0)) => {
                self.ended = true;
                machine.peer_ended(now);
            }
            Poll::Ready(Ok(count)) => {
                let taken = machine.receive(now, &buffer[..count]);
                self.held.extend_from_slice(&buffer[taken..count]);
            }
            Poll::Ready(Err(error)) => self.lose(now, machine, error),
        }
        true
    }

    fn lose(&mut self, now: Instant, machine: &mut impl Machine, error: io::Error) {
        self.over = true;
        let is_fault = TlsError::is_fault(&error);
        self.fault = Some(error);
        match is_fault {
            true => machine.tls(now, TlsEvent::Failed),
            false => machine.disconnected(now),
        }
    }

    /// Begins TLS. What the machine had not taken is the first of the handshake, and was never meant as clear text, or should not have been.
    pub(crate) fn start_tls(&mut self, session: Connection) {
        let early = std::mem::take(&mut self.held);
        self.transport.start_tls(Engine::control(session, early));
        self.change = Some(Change::Begins);
    }

    /// Ends TLS, and goes on in clear text.
    pub(crate) const fn stop_tls(&mut self) {
        self.change = Some(Change::Ends);
    }

    /// What was wrong with TLS, where something was.
    pub(crate) const fn fault(&self) -> Option<&io::Error> {
        self.fault.as_ref()
    }

    /// True when the change is made, or has failed.
    fn go_on_changing(
        &mut self,
        change: Change,
        now: Instant,
        machine: &mut impl Machine,
        context: &mut Context<'_>,
    ) -> bool {
        if self.over {
            return false;
        }
        let changed = match change {
            Change::Begins => self.transport.poll_handshake(context),
            // The machine is offered first what TLS had brought, and then the clear text.
            Change::Ends => self.transport.poll_stop_tls(context, &mut self.held),
        };
        let event = match changed {
            Poll::Pending => return false,
            Poll::Ready(Ok(())) => match change {
                Change::Begins => TlsEvent::Up(self.facts()),
                Change::Ends => TlsEvent::Down,
            },
            Poll::Ready(Err(error)) => {
                self.over = true;
                self.fault = Some(error);
                TlsEvent::Failed
            }
        };
        self.change = None;
        machine.tls(now, event);
        true
    }

    /// The certificates that the peer has shown, while TLS protects what is said here: after it, whoever is on the way could say it too.
    pub(crate) fn peer_certificates(&self) -> Option<PeerCertificates> {
        self.transport.tls()?.peer_certificates()
    }

    fn facts(&self) -> TlsFacts {
        let tls = self.transport.tls();
        let name = tls.and_then(Engine::server_name);
        let name = name.and_then(|name| Arg::try_from(name).ok());
        TlsFacts::new(name, tls.is_some_and(Engine::resumed))
    }

    /// Ticks when the clock, and not the timer, says that the deadline has passed. True when it did, or might now.
    ///
    /// It comes last in a pass, and in every one, with the moment at which the pass began: what had come by then was looked at since, and
    /// no deadline ends what did move while this task, or the whole machine, stood still.
    pub(crate) fn keep_time(
        &mut self,
        now: Instant,
        machine: &mut impl Machine,
        context: &mut Context<'_>,
    ) -> bool {
        if self.gone_at.is_some() {
            return false;
        }
        let deadline = machine.deadline();
        if deadline.is_some_and(|at| at <= now) {
            machine.tick(now);
            return true;
        }
        let Some(deadline) = deadline else {
            return false;
        };
        // Nearly every command puts the deadline off: a timer that is too early is left alone, and set again when it has fired.
        if self.timer_at.is_none_or(|at| at > deadline) {
            self.timer_at = Some(deadline);
            self.timer.set(self.timer_at);
        }
        matches!(self.timer.poll(context), Poll::Ready(())) && {
            // Early, or just now: set it again in the next pass, or tick there.
            self.timer_at = None;
            true
        }
    }

    /// Has the next pass look whether something has come, which the reactor may not have heard of.
    pub(crate) const fn look_again(&mut self) {
        self.transport.try_again();
    }

    /// What the peer has sent that the machine has not taken, as the socket itself knows it.
    pub(crate) fn unread(&self) -> Unread {
        if self.over || self.ended {
            return Unread::End;
        }
        // Whichever end it is, it is over.
        self.transport.unread().unwrap_or(Unread::End)
    }

    /// Ends the connection: by a reset, or in order. In order means to wait a little for the peer's end
    /// ([`poll_gone`](Self::poll_gone)): what it still sends would reset the connection otherwise, and the last reply with it.
    pub(crate) fn close(&mut self, runtime: &R, gracefully: bool) {
        self.over = true;
        if !gracefully {
            self.transport.reset_on_drop();
            return;
        }
        // Who does not wait has said it as far as it goes without waiting.
        let closed = self
            .transport
            .poll_close(&mut Context::from_waker(Waker::noop()));
        // The peer may be gone already; there is nobody to tell.
        if !matches!(closed, Poll::Ready(Err(_))) {
            let until = runtime.now() + FAREWELL;
            self.gone_at = Some(until);
            self.timer.set(Some(until));
        }
    }

    /// Ready when the connection may be let go of.
    pub(crate) fn poll_gone(&mut self, runtime: &R, context: &mut Context<'_>) -> Poll<()> {
        let Some(until) = self.gone_at else {
            return Poll::Ready(());
        };
        if self.poll_farewell(context).is_ready() {
            return Poll::Ready(());
        }
        poll_until(runtime, &mut self.timer, until, context)
    }

    /// Ready when both sides have said that this was all, or the peer goes on for too long.
    fn poll_farewell(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if ready!(self.transport.poll_close(context)).is_err() || self.ended {
            return Poll::Ready(());
        }
        while self.farewell_bytes > 0 {
            match ready!(self.transport.poll_discard(context)) {
                Ok(count) if count > 0 => {
                    self.farewell_bytes = self.farewell_bytes.saturating_sub(count);
                }
                Ok(_) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}
