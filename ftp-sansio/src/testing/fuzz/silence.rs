//! What becomes of a session whose peer falls silent, wherever a program has led it: the driver does its duty, time passes, and the
//! session comes to its end or to rest. No state waits for a peer for ever.

use core::time::Duration;

use super::client::ClientProgram;
use super::server::ServerProgram;
use crate::client;
use crate::server::{self, StorageError};
use crate::time::Instant;

/// So many timers may go off one after another: a server may have kept many commands, of which each waits for something.
const TIMERS: usize = 1000;

/// No timer goes off any more.
const END_OF_TIME: Instant = Instant::from_epoch(Duration::MAX);

/// The choices that name each of the last few things.
const RECENT: [u8; 4] = [0, 64, 128, 192];

impl ServerProgram<'_> {
    /// The client says nothing more, and reads nothing.
    ///
    /// # Panics
    /// Where the session would go on for ever.
    pub fn fall_silent(mut self) {
        for choice in RECENT {
            self.pay(choice);
        }
        for _ in 0..TIMERS {
            self.serve();
            if self.session.is_closed() || self.now == END_OF_TIME {
                return;
            }
            let Some(deadline) = self.session.deadline() else {
                panic!("it waits for its client for ever: {:?}", self.session);
            };
            self.now = self.now.max(deadline);
            self.session.handle(self.now, server::Input::Tick);
            let next = self.session.deadline();
            assert!(
                next.is_none_or(|next| next > self.now),
                "a driver would spin"
            );
        }
        panic!("one timer follows another: {:?}", self.session);
    }

    /// Answers what the driver may still owe an answer to.
    fn pay(&mut self, choice: u8) {
        use server::{Failure, Input, TransferEvent};
        let now = self.now;
        if let Some(request) = self.requests.get(choice) {
            self.session.handle(now, Input::Login(request, None));
            let missing = Err(StorageError::NotFound);
            self.session.handle(now, Input::Storage(request, missing));
        }
        if let Some(data) = self.listeners.get(choice) {
            self.session.handle(now, Input::Listening(data, None));
        }
        if let Some(id) = self.transfers.get(choice) {
            let failed = TransferEvent::Failed(Failure::Broken);
            self.session.handle(now, Input::Transfer(id, failed));
        }
    }

    fn serve(&mut self) {
        use server::{Action, Failure, Input, Output, TransferEvent};
        while let Some(output) = self.session.poll() {
            let Output::Action(action) = output else {
                continue;
            };
            let input = match action {
                Action::Authenticate { request, .. } => Input::Login(request, None),
                Action::Perform { request, .. } => {
                    Input::Storage(request, Err(StorageError::NotFound))
                }
                Action::Listen { data, .. } => Input::Listening(data, Some(50_001)),
                Action::Transfer(transfer) => {
                    let (path, size) = (None, None);
                    Input::Transfer(transfer.id, TransferEvent::Opened { path, size })
                }
                Action::Commit(id) | Action::Abort(id) => {
                    Input::Transfer(id, TransferEvent::Failed(Failure::Aborted))
                }
                // These wait for the client.
                Action::StartTls(_) | Action::StopTls => continue,
                Action::Discard(_) | Action::Close(_) => continue,
            };
            self.session.handle(self.now, input);
        }
    }
}

impl ClientProgram<'_> {
    /// The server says nothing more, and reads nothing; and the user has no more wishes.
    ///
    /// # Panics
    /// Where the session, or an operation, would go on for ever.
    pub fn fall_silent(mut self) {
        for choice in RECENT {
            if let Some(data) = self.connections.get(choice) {
                let now = self.now;
                self.session
                    .handle(now, client::Input::Listening(data, None));
                self.session.handle(now, client::Input::NotConnected(data));
            }
        }
        for _ in 0..TIMERS {
            self.serve();
            let deadline = self.session.deadline();
            let is_at_rest = self.session.is_idle() && deadline.is_none();
            if self.session.is_closed() || is_at_rest {
                return assert_eq!(self.unfinished, 0, "an operation never ends");
            }
            if self.now == END_OF_TIME {
                return;
            }
            let Some(deadline) = deadline else {
                panic!("it waits for its server for ever: {:?}", self.session);
            };
            self.now = self.now.max(deadline);
            self.session.handle(self.now, client::Input::Tick);
            let next = self.session.deadline();
            assert!(
                next.is_none_or(|next| next > self.now),
                "a driver would spin"
            );
        }
        panic!("one timer follows another: {:?}", self.session);
    }

    fn serve(&mut self) {
        use client::{Action, Event, Input, Output};
        while let Some(output) = self.session.poll() {
            let input = match output {
                Output::Event(Event::Finished(..)) => {
                    assert_ne!(self.unfinished, 0, "an operation ended that had not begun");
                    self.unfinished -= 1;
                    continue;
                }
                Output::Action(Action::Connect { data, .. }) => Input::Connected(data),
                Output::Action(Action::Listen { data, address }) => {
                    Input::Listening(data, Some((address, 40_001).into()))
                }
                Output::Action(_) | Output::Event(_) => continue,
            };
            self.session.handle(self.now, input);
        }
    }
}
