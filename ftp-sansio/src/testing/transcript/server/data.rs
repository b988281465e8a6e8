//! The data connections of a server's transcript: its ports, its calls, and the transfer that runs.

use alloc::format;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::super::text;
use super::{Content, Listener, Running, Server};
use crate::data::{Direction, End};
use crate::server::{DataId, Failure, Input, Route, Task, Transfer, TransferEvent, TransferId};
use crate::testing::escape::quoted;
use crate::testing::store::Open;
use crate::testing::stream;
use crate::tls::{Protection, TlsRole};

impl Server {
    pub(super) fn listen(&mut self, data: DataId) {
        assert!(
            self.listener.is_none(),
            "a second listener, and the first was not discarded"
        );
        let port = self.has_ports.then(|| self.last_port + 1);
        if let Some(port) = port {
            self.last_port = port;
            self.listener = Some(Listener {
                data,
                port,
                callers: Vec::new(),
            });
        }
        self.answer(Input::Listening(data, port));
    }

    pub(super) fn discard(&mut self, data: DataId) {
        if self.kept.take_if(|(kept, _)| *kept == data).is_some() {
            return self.tell("data: is closed");
        }
        let listener = self.listener.take_if(|listener| listener.data == data);
        let port = listener
            .expect("discards a listener that is not there")
            .port;
        self.tell(format!("data: {port} is closed"));
    }

    pub(super) fn begin(&mut self, transfer: &Transfer) {
        assert!(self.running.is_none(), "a second transfer");
        let direction = transfer.direction();
        let mut codec = transfer
            .codec()
            .expect("the session refuses parameters without a codec");
        let is_kept = matches!(transfer.route, Route::Kept(_));
        if let Route::Kept(data) = transfer.route {
            let kept = self.kept.as_ref().map(|(kept, _)| *kept);
            assert_eq!(kept, Some(data), "uses a connection that is not there");
        }
        let listener = self.listener.take();
        let (content, path, size) = match self.store.open(&transfer.task) {
            Err(error) => {
                if is_kept && direction == Direction::Receive {
                    self.kept = None;
                    self.tell("data: is closed");
                }
                return self
                    .transfer_event(transfer.id, TransferEvent::Failed(Failure::Storage(error)));
            }
            Ok(Open::Read(bytes)) => {
                let is_known =
                    codec.is_identity() && matches!(transfer.task, Task::Retrieve { .. });
                let size = is_known.then_some(bytes.len() as u64);
                let (bytes, end) = stream::run(&mut codec, &bytes, End::Closed);
                let end = end.and_then(Result::ok);
                (Content::Outgoing(bytes, end), None, size)
            }
            Ok(Open::Write(upload)) => {
                let path = upload.path().clone();
                (Content::Incoming(upload), Some(path), None)
            }
        };
        let kept = self.kept.take();
        let Transfer {
            id,
            route,
            protection,
            keep,
            ..
        } = *transfer;
        self.running = Some(Running {
            id,
            direction,
            codec,
            route,
            protection,
            keep,
            connected: is_kept,
            in_handshake: false,
            content,
            moved: 0,
            beyond: Vec::new(),
            end: None,
        });
        self.session.handle(
            self.now,
            Input::Transfer(id, TransferEvent::Opened { path, size }),
        );
        match route {
            // What had come behind the end of the last transfer is the beginning of this one.
            Route::Kept(_) if direction == Direction::Receive => {
                let beyond = kept.map(|(_, beyond)| beyond).unwrap_or_default();
                if !beyond.is_empty() {
                    self.incoming(&beyond);
                }
            }
            Route::Kept(_) => {}
            Route::Connect { to, .. } => self.tell(format!("data: calls {to}")),
            Route::Accept { data, .. } => {
                let listener = listener
                    .filter(|listener| listener.data == data)
                    .expect("accepts at no listener");
                listener
                    .callers
                    .into_iter()
                    .for_each(|from| self.caller(from));
            }
        }
    }

    /// Somebody connects to the passive port.
    fn caller(&mut self, from: IpAddr) {
        match (&mut self.running, &mut self.listener) {
            (
                Some(
                    running @ Running {
                        connected: false,
                        route: Route::Accept { .. },
                        ..
                    },
                ),
                _,
            ) => {
                let Route::Accept { admission, .. } = running.route else {
                    return;
                };
                if !admission.admits(SocketAddr::new(from, 40_001)) {
                    return self.tell(format!("data: turns away {from}"));
                }
                self.is_connected();
            }
            (_, Some(listener)) => listener.callers.push(from),
            _ => panic!("nobody listens"),
        }
    }

    /// The data connection is there, and a handshake begins where it is to be protected.
    fn is_connected(&mut self) {
        let running = self.running();
        running.connected = true;
        running.in_handshake = running.protection != Protection::Clear;
        let (id, protection) = (running.id, running.protection);
        match protection {
            Protection::Clear => {}
            Protection::Tls(TlsRole::Server) => self.tell("data: awaits tls"),
            Protection::Tls(TlsRole::Client) => self.tell("data: begins tls"),
        }
        self.transfer_event(id, TransferEvent::Connected);
    }

    /// The end of the handshake on the data connection.
    fn data_secured(&mut self, resumed: bool) {
        let running = self.running();
        assert!(
            core::mem::take(&mut running.in_handshake),
            "no handshake is on its way"
        );
        let id = running.id;
        self.transfer_event(id, TransferEvent::Secured { resumed });
    }

    fn transfer_event(&mut self, id: TransferId, event: TransferEvent) {
        self.session.handle(self.now, Input::Transfer(id, event));
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("no transfer runs")
    }

    fn connected(&mut self) -> &mut Running {
        let running = self.running();
        assert!(
            running.connected && !running.in_handshake,
            "there is no data connection"
        );
        running
    }

    fn called(&mut self, connected: bool) {
        let running = self.running();
        assert!(
            matches!(running.route, Route::Connect { .. }) && !running.connected,
            "the server calls nobody"
        );
        if connected {
            self.is_connected();
        } else {
            self.fail(Failure::NotConnected);
        }
    }

    /// Bytes of an upload; its end, where its mode marks that.
    fn incoming(&mut self, bytes: &[u8]) {
        self.connected();
        self.take_in(bytes, End::More);
    }

    /// The client closes the data connection: in a stream the end of an upload, and too early everywhere else.
    fn data_closed(&mut self) {
        match self.connected().direction {
            Direction::Send => self.fail(Failure::Broken),
            Direction::Receive => self.take_in(&[], End::Closed),
        }
    }

    /// Decodes and writes what came of an upload.
    fn take_in(&mut self, bytes: &[u8], end: End) {
        let running = self.running();
        let run = stream::run_with_rest(&mut running.codec, bytes, end);
        running.moved += (bytes.len() - run.rest.len()) as u64;
        let (id, moved) = (running.id, running.moved);
        running.beyond = run.rest.to_vec();
        let Content::Incoming(upload) = &mut running.content else {
            panic!("nothing is uploaded")
        };
        if let Err(error) = upload.write(&run.bytes) {
            return self.fail(Failure::Storage(error));
        }
        for marker in run.markers {
            self.transfer_event(id, TransferEvent::Marker(marker.into()));
        }
        match run.end {
            None => self.transfer_event(id, TransferEvent::Progress(moved)),
            Some(Err(fault)) => self.fail(Failure::Data(fault)),
            Some(Ok(end)) => {
                self.running().end = Some(end);
                self.transfer_event(id, TransferEvent::Received(moved));
            }
        }
    }

    fn keep(&mut self, keep: bool, route: Route, beyond: Vec<u8>) {
        if keep {
            self.kept = Some((route.data(), beyond));
            self.tell("data: stays open");
        }
    }

    /// The session believes in the end of an upload.
    pub(super) fn commit(&mut self, id: TransferId) {
        let running = self.running.take().expect("commits what does not run");
        assert_eq!(running.id, id, "commits something else");
        let (Content::Incoming(upload), Some(end)) = (running.content, running.end) else {
            panic!("commits what has not ended")
        };
        self.store.commit(upload);
        self.keep(running.keep, running.route, running.beyond);
        let bytes = running.moved;
        self.transfer_event(id, TransferEvent::Ended { bytes, end });
    }

    /// The client reads these bytes of a download.
    fn outgoing(&mut self, bytes: &[u8]) {
        let running = self.connected();
        let Content::Outgoing(rest, _) = &mut running.content else {
            panic!("nothing is downloaded")
        };
        assert!(
            rest.starts_with(bytes),
            "the data goes on with {}, not {}",
            quoted(rest),
            quoted(bytes)
        );
        rest.drain(..bytes.len());
        running.moved += bytes.len() as u64;
        let (id, moved) = (running.id, running.moved);
        self.transfer_event(id, TransferEvent::Progress(moved));
    }

    /// The client has read a download to its end.
    fn data_ended(&mut self) {
        self.connected();
        let Some(Running {
            id,
            moved,
            keep,
            route,
            content: Content::Outgoing(rest, end),
            ..
        }) = self.running.take()
        else {
            panic!("nothing is downloaded");
        };
        assert!(
            rest.is_empty(),
            "the data does not end, it goes on with {}",
            quoted(&rest)
        );
        self.keep(keep, route, Vec::new());
        self.transfer_event(
            id,
            TransferEvent::Ended {
                bytes: moved,
                end: end.expect("it was encoded whole"),
            },
        );
    }

    pub(super) fn abort(&mut self, id: TransferId) {
        assert!(
            self.running
                .as_ref()
                .is_some_and(|running| running.id == id),
            "aborts what does not run"
        );
        self.tell("data: is aborted");
        if self.slow_aborts {
            self.aborts = true;
        } else {
            self.fail(Failure::Aborted);
        }
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.aborts = false;
        let running = self.running.take().expect("it runs");
        if let Content::Incoming(upload) = running.content {
            self.store.abandon(upload);
        }
        self.transfer_event(running.id, TransferEvent::Failed(failure));
    }

    /// The client closes a connection that was left open.
    fn kept_closes(&mut self) {
        let (data, _) = self.kept.take().expect("no connection was left open");
        self.session.handle(self.now, Input::DataClosed(data));
    }

    pub(super) fn data(&mut self, what: &str) -> bool {
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        match (verb, rest) {
            ("connects", "") => self.caller(self.ends.peer.ip()),
            ("connects", from) => self.caller(
                from.strip_prefix("from ")
                    .and_then(|ip| ip.parse().ok())
                    .expect("from?"),
            ),
            ("secured", "") => self.data_secured(true),
            ("secured,", "not resumed") => self.data_secured(false),
            ("handshake", "fails") => self.fail(Failure::NotSecured),
            ("closes" | "resets", "") if self.running.is_none() => self.kept_closes(),
            ("accepts", "") => self.called(true),
            ("refuses", "") => self.called(false),
            ("sends", bytes) => self.incoming(&text(bytes)),
            ("receives", bytes) => self.outgoing(&text(bytes)),
            ("closes", "") => self.data_closed(),
            ("ends", "") => self.data_ended(),
            ("resets", "") => self.fail(Failure::Broken),
            _ => return false,
        }
        self.drain();
        true
    }
}
