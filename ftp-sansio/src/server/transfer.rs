//! Transfers: RETR, STOR, STOU, APPE, LIST, NLST, MLSD; and what may come while one runs: ABOR and STAT.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::exchange::{
    Action, Event, Failure, ListForm, Task, Transfer, TransferEvent, TransferFailure,
    TransferReport,
};
use super::pattern::Pattern;
use super::replies::{say, storage_code, storage_refusal};
use super::session::{Session, Timer, Waiting};
use super::storage::Placement;
use crate::data::Parameters;
use crate::session::TransferId;
use crate::time::Instant;
use crate::wire::{Arg, Code, Command, OctetRange, Reply, Representation, Verb, VirtualPath};

/// What part of the time that an upload took it may be held back before it is committed: a sixteenth.
const DOUBT_SHARE: u32 = 16;

/// An upload that came faster than this, in bytes a millisecond (some gigabyte a second), is held back as if it had come so.
const DOUBT_RATE: u64 = 1024 * 1024;

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
    /// Its 150 was said.
    opened: bool,
    /// The driver was asked to make the upload visible.
    committing: bool,
    /// Why it was asked to stop, if it was.
    stopped: Option<TransferFailure>,
}

impl Session {
    pub(super) fn execute_transfer(&mut self, now: Instant, command: Command) {
        let restart = core::mem::take(&mut self.settings.restart);
        // A TYPE may have come between REST and this; under ASCII the position would count other bytes than the file's.
        if restart > 0 && !self.is_image() {
            self.discard_route();
            return self.reply(say(Code::FILE_UNAVAILABLE, "Restarting needs TYPE I."));
        }
        let range = self.settings.range.take();
        if range.is_some() && !self.is_plain() {
            self.discard_route();
            return self.reply(say(
                Code::PAGE_TYPE_UNKNOWN,
                "A range needs TYPE I, STRU F and MODE S.",
            ));
        }
        match command {
            Command::Retr(path) => self.begin(now, Verb::Retr, &path, |path| Task::Retrieve {
                path,
                offset: range.map_or(restart, OctetRange::first),
                end: range.map(end_of),
            }),
            Command::Stor(path) => {
                let placement = match range {
                    Some(range) => Placement::Within {
                        start: range.first(),
                        end: end_of(range),
                    },
                    None if restart > 0 => Placement::At(restart),
                    None => Placement::Replace,
                };
                self.begin(now, Verb::Stor, &path, |path| Task::Store {
                    path,
                    placement,
                });
            }
            Command::Appe(path) => {
                let placement = Placement::Append;
                self.begin(now, Verb::Appe, &path, |path| Task::Store {
                    path,
                    placement,
                });
            }
            // RFC 959 § 4.1.3: "in the current directory". A name that some clients send is no more than a wish.
            Command::Stou(_) => {
                let placement = Placement::Unique;
                self.begin(now, Verb::Stou, &Arg::EMPTY, |path| Task::Store {
                    path,
                    placement,
                });
            }
            Command::List(path) => self.list(now, Verb::List, path.as_ref(), ListForm::Long),
            Command::Nlst(path) => self.list(now, Verb::Nlst, path.as_ref(), ListForm::Names),
            Command::Mlsd(path) => {
                let form = ListForm::Facts {
                    set: self.settings.facts,
                    writable: self.may_write(),
                };
                self.begin(now, Verb::Mlsd, &path.unwrap_or(Arg::EMPTY), |path| {
                    Task::List {
                        path,
                        form,
                        pattern: None,
                    }
                });
            }
            _ => self.reply(say(Code::NOT_IMPLEMENTED, "Command not implemented.")),
        }
    }

    /// LIST and NLST take options as `ls` does, because clients send them (`LIST -la`); none changes anything here. A pattern is
    /// expanded in the last component, where no file is called so ([`Pattern`]).
    fn list(&mut self, now: Instant, verb: Verb, path: Option<&Arg>, form: ListForm) {
        let path = path.map_or(Arg::EMPTY, without_options);
        let pattern = Pattern::of(&path.clone().into_bytes());
        if pattern.as_ref().is_some_and(Pattern::is_too_long) {
            self.discard_route();
            return self.reply(say(Code::NAME_NOT_ALLOWED, "The pattern is too long."));
        }
        self.begin(now, verb, &path, |path| Task::List {
            path,
            form,
            pattern,
        });
    }

    fn begin(
        &mut self,
        now: Instant,
        verb: Verb,
        argument: &Arg,
        task: impl FnOnce(VirtualPath) -> Task,
    ) {
        let Some(path) = self.resolve(argument) else {
            return self.discard_route();
        };
        let Some(route) = self.settings.route.take() else {
            return self.reply(say(
                Code::CANNOT_OPEN_DATA_CONNECTION,
                "PASV, EPSV, PORT or EPRT first.",
            ));
        };
        let id = TransferId(self.serial.next());
        let task = task(path.clone());
        // Listings are text whatever TYPE says (RFC 1123 § 4.1.2.7); the writer has put CRLF into them already.
        let parameters = match task {
            Task::List { .. } => Parameters {
                representation: Representation::Image,
                ..self.settings.parameters
            },
            _ => self.settings.parameters,
        };
        self.outputs.act(Action::Transfer(Transfer {
            id,
            task,
            route,
            parameters,
        }));
        self.waiting = Waiting::Transfer(Running {
            id,
            verb,
            path,
            began: now,
            bytes: 0,
            opened: false,
            committing: false,
            stopped: None,
        });
        // An ABOR may have come before this had its turn: it would otherwise wait for the end of what it shall end.
        if self.lookahead.take_abort() {
            self.abort_transfer();
            self.trace(Command::Abor);
        }
    }

    pub(super) const fn running(&self) -> Option<&Running> {
        match &self.waiting {
            Waiting::Transfer(running) => Some(running),
            _ => None,
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
                self.timers.stop(Timer::DataOpen);
                self.timers
                    .start(Timer::DataProgress, now, self.config.timeouts.data_progress);
            }
            TransferEvent::Progress(bytes) => {
                running.bytes = bytes;
                if running.stopped.is_none() {
                    self.timers
                        .start(Timer::DataProgress, now, self.config.timeouts.data_progress);
                }
            }
            TransferEvent::Opened { .. } | TransferEvent::Connected => {}
            TransferEvent::Received(bytes) => {
                running.bytes = bytes;
                self.received(now);
            }
            TransferEvent::Ended { bytes, end: _ } => {
                running.bytes = bytes;
                self.ended(now, Ok(()));
            }
            TransferEvent::Failed(failure) => {
                let failure = running
                    .stopped
                    .unwrap_or(TransferFailure::Reported(failure));
                self.ended(now, Err(failure));
            }
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
        let reply = opening(verb, &path, size);
        self.outputs.tell(Event::TransferBegan {
            transfer: id,
            verb,
            path,
        });
        self.reply(reply);
        self.timers
            .start(Timer::DataOpen, now, self.config.timeouts.data_open);
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
            Ok(()) => complete(running.verb, &running.path),
            Err(failure) => broken(failure, &running.path, self.is_underway()),
        };
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

/// The byte after the last one: there is one, since a range ends within 63 bits.
const fn end_of(range: OctetRange) -> u64 {
    range.last().saturating_add(1)
}

/// What follows the options: `-la pub` is `pub`, and `-la` nothing. A name that starts with a dash can be listed as `./-name`.
fn without_options(argument: &Arg) -> Arg {
    let mut rest = argument.as_bytes();
    while rest.first() == Some(&b'-') {
        let word = rest
            .iter()
            .position(|&byte| byte == b' ')
            .unwrap_or(rest.len());
        rest = rest[word..].trim_ascii_start();
    }
    let start = argument.len() - rest.len();
    Arg::new(argument.clone().into_bytes().slice(start..)).unwrap_or(Arg::EMPTY)
}

fn opening(verb: Verb, path: &VirtualPath, size: Option<u64>) -> Reply {
    let mut text: Vec<u8> = match (verb, size) {
        // RFC 1123 § 4.1.2.9: the 1xx to STOU names the file, in this form and no other.
        (Verb::Stou, _) => b"FILE: ".to_vec(),
        (_, Some(size)) => format!("Opening data connection ({size} bytes): ").into_bytes(),
        (_, None) => b"Opening data connection: ".to_vec(),
    };
    text.extend_from_slice(if verb == Verb::Stou {
        path.name().unwrap_or_default()
    } else {
        path.as_bytes()
    });
    Reply::new(Code::OPENING_DATA_CONNECTION, text)
}

fn complete(verb: Verb, path: &VirtualPath) -> Reply {
    if verb != Verb::Stou {
        return say(Code::CLOSING_DATA_CONNECTION, "Transfer complete.");
    }
    let mut text = b"Transfer complete: ".to_vec();
    text.extend_from_slice(path.name().unwrap_or_default());
    Reply::new(Code::CLOSING_DATA_CONNECTION, text)
}

/// The reply to a transfer that failed, `underway` when its 150 had been sent.
fn broken(failure: TransferFailure, path: &VirtualPath, underway: bool) -> Reply {
    match failure {
        TransferFailure::Reported(Failure::Storage(error)) if underway => {
            Reply::new(storage_code(error), format!("Transfer failed: {error}."))
        }
        TransferFailure::Reported(Failure::Storage(error)) => {
            storage_refusal(error, path.as_bytes())
        }
        TransferFailure::NoConnection | TransferFailure::Reported(Failure::NotConnected) => {
            say(Code::CANNOT_OPEN_DATA_CONNECTION, "No data connection.")
        }
        TransferFailure::Stalled => say(
            Code::TRANSFER_ABORTED,
            "Transfer aborted: nothing moved for too long.",
        ),
        TransferFailure::AbortedByPeer => say(Code::TRANSFER_ABORTED, "Transfer aborted."),
        TransferFailure::Reported(Failure::Broken) => say(
            Code::TRANSFER_ABORTED,
            "Transfer aborted: the data connection broke.",
        ),
        TransferFailure::Reported(Failure::Aborted)
        | TransferFailure::SessionEnded
        | TransferFailure::Unconfirmed => say(Code::TRANSFER_ABORTED, "Transfer aborted."),
    }
}
