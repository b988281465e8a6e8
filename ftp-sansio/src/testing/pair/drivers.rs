//! What the two drivers do, a thing at a time. True where there was something to do.

use alloc::vec::Vec;
use core::net::SocketAddr;

use super::ids::Kind;
use super::{CLIENT_PORT, Pair};
use crate::client::{self, Close};
use crate::server::{self, Grant, Route};
use crate::testing::channel::Heard;
use crate::testing::network::Parcel;
use crate::time::Instant;
use crate::tls::{TlsEvent, TlsFacts};

impl Pair {
    pub(super) fn client_writes(&mut self) -> bool {
        let at = self.network.later();
        let Some(transmit) = self.client.session.transmit() else {
            return false;
        };
        let injects = self.injections.awaits(true, transmit.bytes);
        let count = match injects {
            true => transmit.bytes.len(),
            false => 1 + self.network.random.up_to(transmit.bytes.len() - 1),
        };
        let bytes = self.client.channel.wrap(&transmit.bytes[..count]);
        let parcels = match injects {
            true => self.injections.inject(bytes),
            false => [bytes, Vec::new()],
        };
        for bytes in parcels {
            self.up.send(at, Parcel::Bytes(bytes));
        }
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
        let injects = self.injections.awaits(false, transmit.bytes);
        let count = match injects {
            true => transmit.bytes.len(),
            false => 1 + self.network.random.up_to(transmit.bytes.len() - 1),
        };
        let bytes = self.server.channel.wrap(&transmit.bytes[..count]);
        let parcels = match injects {
            true => self.injections.inject(bytes),
            false => [bytes, Vec::new()],
        };
        for bytes in parcels {
            self.down.send(at, Parcel::Bytes(bytes));
        }
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
        let (session, channel) = (&mut self.client.session, &mut self.client.channel);
        if channel.has_unread() {
            let random = &mut self.network.random;
            let piece = |left: usize| 1 + random.up_to(left - 1);
            if channel.offer(piece, |bytes| session.receive(now, bytes)) > 0 {
                return true;
            }
        }
        if let Some(heard) = channel.next(session.wants_read()) {
            let event = match heard {
                Heard::Bytes => return true,
                Heard::Up => TlsEvent::Up(TlsFacts::default()),
                Heard::Down => TlsEvent::Down,
                Heard::Failed => TlsEvent::Failed,
                Heard::Ended => {
                    session.handle(now, client::Input::PeerEnded);
                    return true;
                }
            };
            session.handle(now, client::Input::Tls(event));
            return true;
        }
        if !channel.wants_read(session.wants_read()) {
            return false;
        }
        match self.down.take(now) {
            Some(Parcel::Bytes(bytes)) => channel.bring(&bytes),
            Some(Parcel::Fin) => session.handle(now, client::Input::PeerEnded),
            Some(Parcel::Reset) => session.handle(now, client::Input::Disconnected),
            None => return false,
        }
        true
    }

    pub(super) fn server_reads(&mut self) -> bool {
        let now = self.network.now;
        let (session, channel) = (&mut self.server.session, &mut self.server.channel);
        if channel.has_unread() {
            let random = &mut self.network.random;
            let piece = |left: usize| 1 + random.up_to(left - 1);
            if channel.offer(piece, |bytes| session.receive(now, bytes)) > 0 {
                return true;
            }
        }
        if let Some(heard) = channel.next(session.wants_read()) {
            let event = match heard {
                Heard::Bytes => return true,
                Heard::Up => {
                    let hello = channel.hello().unwrap_or_default();
                    self.down.send(self.network.later(), Parcel::Bytes(hello));
                    TlsEvent::Up(TlsFacts::default())
                }
                Heard::Down => TlsEvent::Down,
                Heard::Failed => TlsEvent::Failed,
                Heard::Ended => {
                    session.handle(now, server::Input::PeerEnded);
                    return true;
                }
            };
            session.handle(now, server::Input::Tls(event));
            return true;
        }
        if !channel.wants_read(session.wants_read()) {
            return false;
        }
        match self.up.take(now) {
            Some(Parcel::Bytes(bytes)) => channel.bring(&bytes),
            Some(Parcel::Fin) => session.handle(now, server::Input::PeerEnded),
            Some(Parcel::Reset) => session.handle(now, server::Input::Disconnected),
            None => return false,
        }
        true
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
            Output::Event(event) => self.client.events.push(event),
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
            Output::Action(Action::StartTls(_)) => {
                self.client.channel.start_tls(true);
                let hello = self.client.channel.hello().unwrap_or_default();
                self.up.send(at, Parcel::Bytes(hello));
            }
            Output::Action(Action::StopTls) => {
                let close = self.client.channel.stop_tls();
                let close = close.expect("ends TLS, and there is none");
                self.up.send(at, Parcel::Bytes(close));
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
                self.server.ids.add(Kind::Request, request.0);
                let grant = (password.expose().as_bytes() == b"hush").then(Grant::read_write);
                self.server.coming.push((at, Input::Login(request, grant)));
            }
            Output::Action(Action::Perform { request, operation }) => {
                self.server.ids.add(Kind::Request, request.0);
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
            Output::Action(Action::Discard(data)) => self.server.discard(data, &mut self.network),
            Output::Action(Action::Transfer(transfer)) => self.server_begins(transfer),
            Output::Action(Action::Commit(id)) => self.server.commit(id, &mut self.network),
            Output::Action(Action::Abort(id)) => self.server.abort(id, &mut self.network),
            Output::Action(Action::StartTls(_)) => self.server.channel.start_tls(false),
            Output::Action(Action::StopTls) => {
                let close = self.server.channel.stop_tls();
                let close = close.expect("ends TLS, and there is none");
                self.down.send(at, Parcel::Bytes(close));
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
        self.server.begin(transfer, &mut self.network);
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
