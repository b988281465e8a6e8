//! The data connections of a server's transcript: its ports, its calls, and the transfer that runs.

use alloc::format;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::super::text;
use super::{Content, Listener, Running, Server};
use crate::data::{CleanEnd, Direction, End, Fault};
use crate::server::{DataId, Failure, Input, Route, Task, Transfer, TransferEvent, TransferId};
use crate::testing::escape::quoted;
use crate::testing::store::Open;
use crate::testing::stream;

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
            .parameters
            .codec(direction)
            .expect("the session refuses parameters without a codec");
        let listener = self.listener.take();
        let (content, path, size) = match self.store.open(&transfer.task) {
            Err(error) => {
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
        let Transfer { id, route, .. } = *transfer;
        self.running = Some(Running {
            id,
            direction,
            codec,
            route,
            connected: false,
            content,
            moved: 0,
            end: None,
        });
        self.session.handle(
            self.now,
            Input::Transfer(id, TransferEvent::Opened { path, size }),
        );
        match route {
            Route::Connect(to) => self.tell(format!("data: calls {to}")),
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
                running.connected = true;
                let id = running.id;
                self.transfer_event(id, TransferEvent::Connected);
            }
            (_, Some(listener)) => listener.callers.push(from),
            _ => panic!("nobody listens"),
        }
    }

    fn transfer_event(&mut self, id: TransferId, event: TransferEvent) {
        self.session.handle(self.now, Input::Transfer(id, event));
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("no transfer runs")
    }

    fn connected(&mut self) -> &mut Running {
        let running = self.running();
        assert!(running.connected, "there is no data connection");
        running
    }

    fn called(&mut self, connected: bool) {
        let running = self.running();
        let id = running.id;
        assert!(
            matches!(running.route, Route::Connect(_)) && !running.connected,
            "the server calls nobody"
        );
        if connected {
            running.connected = true;
            self.transfer_event(id, TransferEvent::Connected);
        } else {
            self.fail(Failure::NotConnected);
        }
    }

    /// Bytes of an upload.
    fn incoming(&mut self, bytes: &[u8]) {
        let running = self.connected();
        let (file, end) = stream::run(&mut running.codec, bytes, End::More);
        let Content::Incoming(upload) = &mut running.content else {
            panic!("nothing is uploaded")
        };
        let written = upload.write(&file);
        running.moved += bytes.len() as u64;
        if let Err(error) = written {
            return self.fail(Failure::Storage(error));
        }
        match end {
            None => {
                let (id, moved) = (running.id, running.moved);
                self.transfer_event(id, TransferEvent::Progress(moved));
            }
            Some(end) => self.received(end),
        }
    }

    /// The client closes the data connection: the end of an upload, and too early in a download.
    fn data_closed(&mut self) {
        let running = self.connected();
        if running.direction == Direction::Send {
            return self.fail(Failure::Broken);
        }
        let (file, end) = stream::run(&mut running.codec, &[], End::Closed);
        let Content::Incoming(upload) = &mut running.content else {
            panic!("nothing is uploaded")
        };
        upload.write(&file).expect("the last byte fits");
        self.received(end.expect("every codec ends with the connection"));
    }

    /// The data of an upload is over.
    fn received(&mut self, end: Result<CleanEnd, Fault>) {
        let Ok(end) = end else {
            return self.fail(Failure::Broken);
        };
        let running = self.connected();
        running.end = Some(end);
        let (id, moved) = (running.id, running.moved);
        self.transfer_event(id, TransferEvent::Received(moved));
    }

    /// The session believes in the end of an upload.
    pub(super) fn commit(&mut self, id: TransferId) {
        let running = self.running.take().expect("commits what does not run");
        assert_eq!(running.id, id, "commits something else");
        let (Content::Incoming(upload), Some(end)) = (running.content, running.end) else {
            panic!("commits what has not ended")
        };
        self.store.commit(upload);
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
        if !self.slow_aborts {
            self.fail(Failure::Aborted);
        }
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        let running = self.running.take().expect("it runs");
        if let Content::Incoming(upload) = running.content {
            self.store.abandon(upload);
        }
        self.transfer_event(running.id, TransferEvent::Failed(failure));
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
