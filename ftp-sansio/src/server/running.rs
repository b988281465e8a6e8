//! The transfer that runs: what is heard of it, what is said of it, and what may come while it does: ABOR and STAT.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::exchange::{
    Action, Event, Failure, Route, Transfer, TransferEvent, TransferFailure, TransferReport,
};
use super::replies::{say, storage_code, storage_refusal};
use super::routes::Prepared;
use super::session::{Session, Timer, Waiting};
use super::storage::StorageError;
use crate::data::{Direction, Marker};
use crate::session::TransferId;
use crate::time::Instant;
use crate::tls::{Protection, Resumption};
use crate::wire::{Code, Reply, Verb, VirtualPath};

/// What part of the time that an upload took it may be held back before it is committed: a sixteenth.
const DOUBT_SHARE: u32 = 16;

/// An upload that came faster than this, in bytes a millisecond (some gigabyte a second), is held back as if it had come so.
const DOUBT_RATE: u64 = 1024 * 1024;

/// A driver that says so, or that leaves out to say the opposite.
const NOT_SECURED: TransferFailure = TransferFailure::Reported(Failure::NotSecured);

/// Less than this is not waited for.
const LEAST_DOUBT: Duration = Duration::from_millis(1);

/// The transfer that runs.
#[derive(Debug)]
pub(super) struct Running {
    id: TransferId,
    verb: Verb,
    path: VirtualPath,
    began: Instant,
    bytes: u64,
    direction: Direction,
    route: Route,
    protection: Protection,
    /// Its data connection stays open after a clean end.
    keep: bool,
    /// Its 150 was said.
    opened: bool,
    /// Its data connection is protected as it has to be.
    secured: bool,
    /// The driver was asked to make the upload visible.
    committing: bool,
    /// Why it was asked to stop, if it was.
    stopped: Option<TransferFailure>,
}

impl Running {
    pub(super) fn new(transfer: &Transfer, verb: Verb, path: VirtualPath, began: Instant) -> Self {
        let mut running = Self {
            id: transfer.id,
            verb,
            path,
            began,
            bytes: 0,
            direction: transfer.direction(),
            route: transfer.route,
            protection: transfer.protection,
            keep: transfer.keep,
            opened: false,
            secured: false,
            committing: false,
            stopped: None,
        };
        running.secured = running.has_connection() || running.protection == Protection::Clear;
        running
    }

    /// Whether it began with a data connection that was there.
    const fn has_connection(&self) -> bool {
        matches!(self.route, Route::Kept(_))
    }

    /// Whether its data connection is left open, now that it is over.
    fn leaves_open(&self, outcome: Result<(), TransferFailure>) -> bool {
        match outcome {
            Ok(()) => self.keep,
            // It was refused, and nothing has moved.
            Err(TransferFailure::Reported(Failure::Storage(_))) => {
                self.has_connection() && !self.opened && self.direction == Direction::Send
            }
            Err(_) => false,
        }
    }
}

impl Session {
    pub(super) const fn running(&self) -> Option<&Running> {
        match &self.waiting {
            Waiting::Transfer(running) => Some(running),
            _ => None,
        }
    }

    /// Whether what is in hand may take long, and is of use only to a client that waits for it.
    pub(super) const fn takes_long(&self) -> bool {
        match &self.waiting {
            Waiting::Transfer(_) => true,
            Waiting::Storage { purpose, .. } => purpose.is_digest(),
            _ => false,
        }
    }

    pub(super) fn transfer_event(&mut self, now: Instant, id: TransferId, event: TransferEvent) {
        let Waiting::Transfer(running) = &mut self.waiting else {
            return;
        };
        if running.id != id {
            return;
        }
        match event {
            TransferEvent::Opened { path, size }
                if running.stopped.is_none() && !running.opened =>
            {
                running.opened = true;
                self.opened(now, path, size);
            }
            TransferEvent::Connected if running.stopped.is_none() => {
                if running.secured {
                    self.await_progress(now);
                } else {
                    // Its handshake has a time of its own.
                    self.timers
                        .start(Timer::DataOpen, now, self.config.timeouts.handshake);
                }
            }
            TransferEvent::Secured { resumed } if running.stopped.is_none() => {
                if resumed || self.config.resumption == Resumption::Off {
                    running.secured = true;
                    self.await_progress(now);
                } else {
                    self.stop(TransferFailure::NotResumed);
                }
            }
            TransferEvent::Progress(bytes) => {
                running.bytes = bytes;
                if running.stopped.is_none() && running.secured {
                    self.await_progress(now);
                }
            }
            TransferEvent::Marker(marker) if running.stopped.is_none() => self.mark(&marker),
            TransferEvent::Opened { .. }
            | TransferEvent::Connected
            | TransferEvent::Secured { .. }
            | TransferEvent::Marker(_) => {}
            TransferEvent::Received(bytes) => {
                running.bytes = bytes;
                if running.secured {
                    self.received(now);
                } else {
                    self.stop(NOT_SECURED);
                }
            }
            TransferEvent::Ended { bytes, end: _ } => {
                running.bytes = bytes;
                let outcome = match running.secured {
                    true => Ok(()),
                    false => Err(running.stopped.unwrap_or(NOT_SECURED)),
                };
                self.ended(now, outcome);
            }
            TransferEvent::Failed(failure) => {
                let failure = running
                    .stopped
                    .unwrap_or(TransferFailure::Reported(failure));
                self.ended(now, Err(failure));
            }
        }
    }

    /// From here on something has to move.
    fn await_progress(&mut self, now: Instant) {
        self.timers.stop(Timer::DataOpen);
        self.timers
            .start(Timer::DataProgress, now, self.config.timeouts.data_progress);
    }

    /// 110 (RFC 959 § 4.2), in its exact form. Where the client does not read its replies a marker is passed over: the next one
    /// says more.
    fn mark(&mut self, marker: &Marker) {
        if self.is_underway() && self.has_room() {
            let mut mark = b"MARK ".to_vec();
            mark.extend_from_slice(marker.text());
            mark.extend_from_slice(format!(" = {}", marker.offset()).as_bytes());
            self.reply(Reply::new(Code::RESTART_MARKER, mark));
        }
    }

    fn opened(&mut self, now: Instant, chosen: Option<VirtualPath>, size: Option<u64>) {
        let Waiting::Transfer(running) = &mut self.waiting else {
            return;
        };
        if let Some(path) = chosen {
            running.path = path;
        }
        let (id, verb, path) = (running.id, running.verb, running.path.clone());
        let is_there = running.has_connection();
        let reply = opening(verb, &path, size, is_there);
        self.outputs.tell(Event::TransferBegan {
            transfer: id,
            verb,
            path,
        });
        self.reply(reply);
        if is_there {
            self.await_progress(now);
        } else {
            self.timers
                .start(Timer::DataOpen, now, self.config.timeouts.data_open);
        }
    }

    /// An upload's data has come to a clean end. A client that is killed makes the same end: all its connections are closed,
    /// in any order. So an upload of some time or size is held back for a moment, in which the control connection's end can come too; a
    /// small quick one is not worth the wait.
    fn received(&mut self, now: Instant) {
        let Waiting::Transfer(running) = &self.waiting else {
            return;
        };
        if running.stopped.is_some() {
            return;
        }
        self.timers.stop(Timer::DataProgress);
        let by_time = now.saturating_since(running.began) / DOUBT_SHARE;
        let doubt = by_time.max(Duration::from_millis(running.bytes / DOUBT_RATE));
        if doubt < LEAST_DOUBT {
            return self.commit();
        }
        let doubt = doubt.min(self.config.timeouts.doubt);
        self.timers.start(Timer::Doubt, now, doubt);
    }

    pub(super) fn commit(&mut self) {
        if let Waiting::Transfer(running) = &mut self.waiting {
            running.committing = true;
            self.outputs.act(Action::Commit(running.id));
        }
    }

    /// The one end of every transfer: its report, its final reply, and the reply to an ABOR that had stopped it.
    fn ended(&mut self, now: Instant, outcome: Result<(), TransferFailure>) {
        let Waiting::Transfer(running) = core::mem::replace(&mut self.waiting, Waiting::Nothing)
        else {
            return;
        };
        self.stop_timers();
        let stopped_by_peer = running.stopped == Some(TransferFailure::AbortedByPeer);
        let reply = match outcome {
            Ok(()) => complete(&running),
            Err(failure) => broken(failure, &running, self.is_underway()),
        };
        if running.leaves_open(outcome) {
            self.settings.route = Some(Prepared::Kept {
                data: running.route.data(),
                protection: running.protection,
            });
        }
        self.report(now, running, outcome);
        self.reply(reply);
        if stopped_by_peer {
            self.reply_aside(
                Verb::Abor,
                say(Code::CLOSING_DATA_CONNECTION, "Abort done."),
            );
        }
    }

    fn report(&mut self, now: Instant, running: Running, outcome: Result<(), TransferFailure>) {
        let Running {
            id,
            verb,
            path,
            began,
            bytes,
            ..
        } = running;
        let elapsed = now.saturating_since(began);
        self.outputs.tell(Event::TransferEnded(TransferReport {
            transfer: id,
            verb,
            path,
            bytes,
            elapsed,
            outcome,
        }));
    }

    /// ABOR while a transfer runs. False where there is nothing to stop, or it was stopped already: then the ABOR waits its turn.
    pub(super) fn abort_transfer(&mut self) -> bool {
        self.stop(TransferFailure::AbortedByPeer)
    }

    /// ABOR when nothing runs: RFC 959 § 4.1.3 has the data connection closed, and a 226.
    pub(super) fn abort_nothing(&mut self) {
        self.discard_route();
        self.reply(say(Code::CLOSING_DATA_CONNECTION, "No transfer to abort."));
    }

    pub(super) fn transfer_timed_out(&mut self, timer: Timer) {
        self.stop(match timer {
            Timer::DataOpen => TransferFailure::NoConnection,
            _ => TransferFailure::Stalled,
        });
    }

    /// Asks the driver to stop the transfer; what is said of it waits for the driver's word, since it may have ended first.
    fn stop(&mut self, why: TransferFailure) -> bool {
        let Waiting::Transfer(running) = &mut self.waiting else {
            return false;
        };
        if running.stopped.is_some() {
            return false;
        }
        running.stopped = Some(why);
        let id = running.id;
        self.stop_timers();
        self.outputs.act(Action::Abort(id));
        true
    }

    /// The session ends while a transfer runs: nobody is left to reply to.
    pub(super) fn drop_transfer(&mut self, now: Instant) {
        self.stop(TransferFailure::SessionEnded);
        if let Waiting::Transfer(running) = core::mem::replace(&mut self.waiting, Waiting::Nothing)
        {
            let unknown = running.committing;
            let failure = if unknown {
                TransferFailure::Unconfirmed
            } else {
                TransferFailure::SessionEnded
            };
            self.report(now, running, Err(failure));
        }
    }

    fn stop_timers(&mut self) {
        for timer in [Timer::DataOpen, Timer::DataProgress, Timer::Doubt] {
            self.timers.stop(timer);
        }
    }

    /// STAT while a transfer runs (RFC 959 § 4.1.3): answered at once.
    pub(super) fn transfer_status(&mut self, now: Instant) {
        let Some(running) = self.running() else {
            return;
        };
        let seconds = now.saturating_since(running.began).as_secs();
        let text = format!(
            "{}: {} bytes moved in {seconds} s.",
            running.verb.name(),
            running.bytes
        );
        self.reply_aside(Verb::Stat, Reply::new(Code::SYSTEM_STATUS, text));
    }
}

fn opening(verb: Verb, path: &VirtualPath, size: Option<u64>, is_there: bool) -> Reply {
    let (code, what) = match is_there {
        true => (
            Code::DATA_CONNECTION_ALREADY_OPEN,
            "Data connection is open",
        ),
        false => (Code::OPENING_DATA_CONNECTION, "Opening data connection"),
    };
    let mut text: Vec<u8> = match (verb, size) {
        // RFC 1123 § 4.1.2.9: the 1xx to STOU names the file, in this form and no other.
        (Verb::Stou, _) => b"FILE: ".to_vec(),
        (_, Some(size)) => format!("{what} ({size} bytes): ").into_bytes(),
        (_, None) => format!("{what}: ").into_bytes(),
    };
    text.extend_from_slice(if verb == Verb::Stou {
        path.name().unwrap_or_default()
    } else {
        path.as_bytes()
    });
    Reply::new(code, text)
}

/// 250 tells that the data connection stays open, 226 that it is closed (RFC 959 § 3.2).
fn complete(running: &Running) -> Reply {
    let (code, text) = match running.keep {
        true => (
            Code::FILE_ACTION_COMPLETED,
            "Transfer complete, the data connection stays open",
        ),
        false => (Code::CLOSING_DATA_CONNECTION, "Transfer complete"),
    };
    let mut text = text.as_bytes().to_vec();
    if running.verb == Verb::Stou {
        text.extend_from_slice(b": ");
        text.extend_from_slice(running.path.name().unwrap_or_default());
    } else {
        text.push(b'.');
    }
    Reply::new(code, text)
}

/// The reply to a transfer that failed, `underway` when its 150 had been sent.
fn broken(failure: TransferFailure, running: &Running, underway: bool) -> Reply {
    match failure {
        TransferFailure::Reported(Failure::Storage(error)) if underway => {
            Reply::new(storage_code(error), format!("Transfer failed: {error}."))
        }
        TransferFailure::Reported(Failure::Storage(error)) => {
            let refusal = storage_refusal(error, running.path.as_bytes());
            match (running.verb, error) {
                // RFC 3659 § 7.2.1: what is there and no folder has a code of its own.
                (Verb::Mlsd, StorageError::NotAFolder) => {
                    Reply::new(Code::ARGUMENT_SYNTAX_ERROR, refusal.text().to_vec())
                }
                _ => refusal,
            }
        }
        TransferFailure::NoConnection | TransferFailure::Reported(Failure::NotConnected) => {
            say(Code::CANNOT_OPEN_DATA_CONNECTION, "No data connection.")
        }
        TransferFailure::Reported(Failure::NotSecured) => say(
            Code::DATA_TLS_FAILED,
            "TLS could not be had on the data connection.",
        ),
        TransferFailure::NotResumed => say(
            Code::DATA_TLS_FAILED,
            "The data connection has to resume the TLS session of this one.",
        ),
        TransferFailure::Stalled => say(
            Code::TRANSFER_ABORTED,
            "Transfer aborted: nothing moved for too long.",
        ),
        TransferFailure::AbortedByPeer => say(Code::TRANSFER_ABORTED, "Transfer aborted."),
        TransferFailure::Reported(Failure::Broken) => say(
            Code::TRANSFER_ABORTED,
            "Transfer aborted: the data connection broke.",
        ),
        TransferFailure::Reported(Failure::Data(fault)) => Reply::new(
            Code::TRANSFER_ABORTED,
            format!("Transfer aborted: {fault}."),
        ),
        TransferFailure::Reported(Failure::Aborted)
        | TransferFailure::SessionEnded
        | TransferFailure::Unconfirmed => say(Code::TRANSFER_ABORTED, "Transfer aborted."),
    }
}
