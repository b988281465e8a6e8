//! The data plane as the session sees it: whose turn it is, the connection that is kept open between transfers, and how data
//! connections are protected.
//!
//! A driver has one data connection at a time (and in active mode perhaps the listener for the next). Transfers that the server is
//! ahead with wait for their turn: their connection is made, or their bytes are taken from the one that is there, when the data of the one
//! before has ended.

use core::net::SocketAddr;

use super::exchange::{Action, Input};
use super::queue::Flow;
use super::session::{Session, Stage, Timer};
use super::transfer::Transferring;
use crate::session::{Close, DataId, OperationId};
use crate::time::Instant;
use crate::tls::{Protection, TlsRole};
use crate::wire::ProtectionLevel;

/// The data connection, and how it is protected.
#[derive(Debug)]
pub(super) struct DataPlane {
    /// Whose turn it is.
    pub(super) user: Option<OperationId>,
    pub(super) kept: Option<Kept>,
    pub(super) decoy: Option<Decoy>,
    level: Option<ProtectionLevel>,
    role: TlsRole,
}

/// A data connection that the server left open (RFC 959 § 3.3): in MODE B and C, with 250.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kept {
    pub(super) data: DataId,
    /// Whether its TLS had resumed a session.
    pub(super) resumed: Option<bool>,
}

/// A data connection that is made only for its end: a command that nobody wants any more waits for it, and would not be over otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Decoy {
    /// The server listens there.
    Wanted(SocketAddr),
    Connecting(DataId),
}

impl Default for DataPlane {
    fn default() -> Self {
        Self {
            user: None,
            kept: None,
            decoy: None,
            level: None,
            role: TlsRole::Client,
        }
    }
}

impl DataPlane {
    /// PROT was accepted.
    pub(super) const fn protected(&mut self, level: ProtectionLevel) {
        self.level = Some(level);
    }

    /// SSCN was accepted: is the server the TLS client from now on?
    pub(super) const fn roles_turned(&mut self, server_is_client: bool) {
        self.role = if server_is_client {
            TlsRole::Server
        } else {
            TlsRole::Client
        };
    }

    pub(super) const fn is_protection_agreed(&self) -> bool {
        self.level.is_some()
    }

    pub(super) const fn forget_protection(&mut self) {
        self.level = None;
        self.role = TlsRole::Client;
    }

    /// How a transfer that starts now is protected, whichever way its connection came about.
    pub(super) const fn protection(&self) -> Protection {
        match self.level {
            None | Some(ProtectionLevel::Clear) => Protection::Clear,
            Some(_) => Protection::Tls(self.role),
        }
    }

    pub(super) fn is_kept(&self, data: Option<DataId>) -> bool {
        self.kept.is_some_and(|kept| Some(kept.data) == data)
    }
}

impl Session {
    /// Lets go of the data connection that was kept open between transfers.
    pub(super) fn drop_kept(&mut self, how: Close) {
        if let Some(kept) = self.data.kept.take() {
            self.outputs.act(Action::Drop(kept.data, how));
        }
    }

    pub(super) fn drop_decoy(&mut self) {
        if let Some(Decoy::Connecting(data)) = self.data.decoy.take() {
            self.outputs.act(Action::Drop(data, Close::Abruptly));
        }
    }

    /// Gives the data connection to the first operation that waits for it.
    pub(super) fn give_turns(&mut self, now: Instant) {
        self.clear_the_way();
        while self.stage != Stage::Closed {
            if let Some(id) = self.first_transfer(|_, transfer| transfer.has_lost_data(&self.data))
            {
                self.with_transfer(id, Transferring::settle);
                continue;
            }
            let user = self.data.user;
            if let (None, Some(Decoy::Wanted(to))) = (user, self.data.decoy) {
                let data = DataId(self.serial.next());
                self.data.decoy = Some(Decoy::Connecting(data));
                self.outputs.act(Action::Connect { data, to });
            }
            let next = self.first_transfer(|id, transfer| {
                user.is_none_or(|user| user == id) && transfer.wants_turn(self)
            });
            let Some(id) = next else { return };
            self.data.user = Some(id);
            self.with_transfer(id, |transfer, session| transfer.take_turn(session, now));
        }
    }

    /// A transfer that has to be tried again does so with nothing else under way: what has got itself a data connection behind it, and has
    /// not said what for, has to do that again later.
    fn clear_the_way(&mut self) {
        let Some(first) = self.first_transfer(|_, transfer| transfer.has_to_be_alone()) else {
            return;
        };
        while let Some(id) = self.first_transfer(|id, transfer| id != first && transfer.is_early())
        {
            self.with_transfer(id, |transfer, session| {
                transfer.retreat(session);
                Flow::Continue
            });
        }
    }

    fn first_transfer(
        &self,
        mut is: impl FnMut(OperationId, &Transferring) -> bool,
    ) -> Option<OperationId> {
        let mut transfers = self.queue.transfers();
        transfers
            .find(|(id, transfer)| is(*id, transfer))
            .map(|(id, _)| id)
    }

    /// What the driver tells of data connections.
    pub(super) fn data_happened(&mut self, now: Instant, input: Input) {
        let data = match input {
            Input::Connected(data)
            | Input::NotConnected(data)
            | Input::Listening(data, _)
            | Input::DataClosed(data) => data,
            Input::Transfer(id, event) => {
                if let Some(of) = self.first_transfer(|_, transfer| transfer.moves(id)) {
                    self.with_transfer(of, |transfer, session| transfer.moved(session, now, event));
                }
                return;
            }
            _ => return,
        };
        if self.data.decoy == Some(Decoy::Connecting(data)) {
            return self.drop_decoy();
        }
        let is_kept = self.data.is_kept(Some(data));
        let user = self.data.user;
        let of = self.first_transfer(|id, transfer| {
            transfer.has_data(data) && (!is_kept || user == Some(id))
        });
        match (of, input) {
            (Some(of), Input::DataClosed(_)) => self.with_transfer(of, Transferring::data_closed),
            (None, Input::DataClosed(_)) if is_kept => self.drop_kept(Close::Gracefully),
            (Some(of), input) => self.with_transfer(of, |transfer, session| {
                transfer.data_happened(session, now, input)
            }),
            (None, _) => {}
        }
    }

    pub(super) fn data_timed_out(&mut self, now: Instant, timer: Timer) {
        let of = match timer {
            Timer::DataOpen | Timer::DataProgress => self.data.user,
            timer => self.first_transfer(|_, transfer| transfer.waits_on(timer)),
        };
        if let Some(of) = of {
            self.with_transfer(of, |transfer, session| {
                transfer.timed_out(session, now, timer)
            });
        }
    }
}
