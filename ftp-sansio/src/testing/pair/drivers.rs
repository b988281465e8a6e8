//! What the two drivers do, a thing at a time. True where there was something to do.

use core::net::SocketAddr;

use super::{CLIENT_PORT, Pair};
use crate::client::{self, Close};
use crate::server::{self, Grant, Route};
use crate::testing::network::Parcel;
use crate::time::Instant;

impl Pair {
    pub(super) fn client_writes(&mut self) -> bool {
        let at = self.network.later();
        let Some(transmit) = self.client.session.transmit() else {
            return false;
        };
        let count = 1 + self.network.random.up_to(transmit.bytes.len() - 1);
        self.up
            .send(at, Parcel::Bytes(transmit.bytes[..count].to_vec()));
        self.client.session.transmitted(self.network.now, count);
        if self.client.session.transmit().is_none() {
            self.client
                .session
                .handle(self.network.now, client::Input::Flushed);
        }
        true
    }

    pub(super) fn server_writes(&mut self) -> bool {
        let at = self.network.later() + self.network.faults.reply_delay;
        let Some(transmit) = self.server.session.transmit() else {
            return false;
        };
        let count = 1 + self.network.random.up_to(transmit.bytes.len() - 1);
        self.down
            .send(at, Parcel::Bytes(transmit.bytes[..count].to_vec()));
        self.replied += count;
        self.server.session.transmitted(self.network.now, count);
        if self.server.session.transmit().is_none() {
            self.server
                .session
                .handle(self.network.now, server::Input::Flushed);
        }
        if self
            .network
            .faults
            .drop_control_after
            .is_some_and(|most| self.replied > most)
        {
            self.up.reset(self.network.now);
            self.down.reset(self.network.now);
        }
        true
    }

    pub(super) fn client_reads(&mut self) -> bool {
        let now = self.network.now;
        match self.down.take(now) {
            Some(Parcel::Bytes(bytes)) => {
                let taken = self.client.session.receive(now, &bytes);
                if taken < bytes.len() {
                    self.down.put_back(now, bytes[taken..].to_vec());
                }
                taken > 0
            }
            Some(_) => {
                self.client.session.handle(now, client::Input::Disconnected);
                true
            }
            None => false,
        }
    }

    pub(super) fn server_reads(&mut self) -> bool {
        let now = self.network.now;
        match self.up.take(now) {
            Some(Parcel::Bytes(bytes)) => {
                let taken = self.server.session.receive(now, &bytes);
                if taken < bytes.len() {
                    self.up.put_back(now, bytes[taken..].to_vec());
                }
                taken > 0
            }
            Some(_) => {
                self.server.session.handle(now, server::Input::Disconnected);
                true
            }
            None => false,
        }
    }

    /// Answers of the drivers whose time has come.
    pub(super) fn arrivals(&mut self) -> bool {
        let now = self.network.now;
        let due =
            |coming: &[(Instant, client::Input)]| coming.iter().position(|(at, _)| *at <= now);
        if let Some(at) = due(&self.client.coming) {
            let (_, input) = self.client.coming.remove(at);
            self.client.session.handle(now, input);
            return true;
        }
        let Some(at) = self.server.coming.iter().position(|(at, _)| *at <= now) else {
            return false;
        };
        let (_, input) = self.server.coming.remove(at);
        self.server.session.handle(now, input);
        true
    }

    pub(super) fn client_polls(&mut self) -> bool {
        use client::{Action, Event, Input, Output};
        let Some(output) = self.client.session.poll() else {
            return false;
        };
        let at = self.network.later();
        match output {
            Output::Event(Event::Finished(id, result)) => self.client.finishes(id, result),
            Output::Event(_) => {}
            Output::Action(Action::Connect { data, to }) => {
                let link = self.connect(to);
                self.client.connects(data, link);
                let input = if link.is_some() {
                    Input::Connected(data)
                } else {
                    Input::NotConnected(data)
                };
                self.client.coming.push((at, input));
            }
            Output::Action(Action::Listen { data, address }) => {
                let address = SocketAddr::new(address, self.client.listens(data));
                self.client
                    .coming
                    .push((at, Input::Listening(data, Some(address))));
            }
            Output::Action(Action::Close(how)) => {
                self.up.send(
                    at,
                    if how == Close::Gracefully {
                        Parcel::Fin
                    } else {
                        Parcel::Reset
                    },
                );
            }
            Output::Action(action) => self.client.act(action, &mut self.network),
        }
        true
    }

    /// The client connects to one of the server's ports, where the faults let it.
    fn connect(&mut self, to: SocketAddr) -> Option<usize> {
        let faults = &mut self.network.faults;
        if faults.refuse_connects > 0 {
            faults.refuse_connects -= 1;
            return None;
        }
        let link = self.network.connect();
        let from = SocketAddr::new(self.ends.local.ip(), CLIENT_PORT);
        let answers = to.ip() == self.ends.peer.ip() && self.server.call(to.port(), link, from);
        answers.then_some(link)
    }

    pub(super) fn server_polls(&mut self) -> bool {
        use server::{Action, Input, Output};
        let Some(output) = self.server.session.poll() else {
            return false;
        };
        let at = self.network.later();
        match output {
            Output::Event(event) => self.server.events.push(event),
            Output::Action(Action::Authenticate {
                request, password, ..
            }) => {
                let grant = (password.expose().as_bytes() == b"hush").then(Grant::read_write);
                self.server.coming.push((at, Input::Login(request, grant)));
            }
            Output::Action(Action::Perform { request, operation }) => {
                let answer = self.server.store.perform(operation);
                self.server
                    .coming
                    .push((at, Input::Storage(request, answer)));
            }
            Output::Action(Action::Listen { data, .. }) => {
                let port = self.server.listen(data);
                self.server
                    .coming
                    .push((at, Input::Listening(data, Some(port))));
            }
            Output::Action(Action::Discard(data)) => self.server.discard(data),
            Output::Action(Action::Transfer(transfer)) => self.server_begins(transfer),
            Output::Action(Action::Commit(id)) => self.server.commit(id, self.network.now),
            Output::Action(Action::Abort(id)) => self.server.abort(id, &mut self.network),
            Output::Action(Action::StartTls(_) | Action::StopTls) => {
                unreachable!("there is no TLS between these two")
            }
            Output::Action(Action::Close(how)) => {
                self.down.send(
                    at,
                    if how == Close::Gracefully {
                        Parcel::Fin
                    } else {
                        Parcel::Reset
                    },
                );
            }
        }
        true
    }

    fn server_begins(&mut self, transfer: server::Transfer) {
        let route = transfer.route;
        self.server.begin(transfer, self.network.now);
        let Route::Connect { to, .. } = route else {
            return;
        };
        let link = self.network.connect();
        let is_there = to.ip() == self.ends.local.ip();
        if is_there
            && self.network.faults.refuse_connects == 0
            && self.client.accept(to.port(), link)
        {
            self.server.connect(link, self.network.now);
        } else {
            self.network.faults.refuse_connects =
                self.network.faults.refuse_connects.saturating_sub(1);
            self.server
                .fail(server::Failure::NotConnected, &mut self.network);
        }
    }
}
