//! The server's driver in the simulated world.

use alloc::vec::Vec;
use core::net::SocketAddr;

use super::ids::{Ids, Kind};
use super::mover::{Moved, Mover};
use super::wire::Wire;
use crate::data::{CleanEnd, Direction};
use crate::server::{DataId, Failure, Input, Route, Session, Transfer, TransferEvent, TransferId};
use crate::testing::channel::Channel;
use crate::testing::network::Network;
use crate::testing::store::{Open, Store, Upload};
use crate::time::Instant;

#[derive(Debug)]
pub(super) struct ServerSide {
    pub(super) session: Session,
    pub(super) store: Store,
    pub(super) events: Vec<crate::server::Event>,
    listener: Option<Listener>,
    running: Option<Running>,
    /// A data connection between two transfers (RFC 959 § 3.3).
    kept: Option<(DataId, Wire)>,
    /// Those that the client has closed, which the session may not have heard of when it asked for something.
    gone: Vec<DataId>,
    last_port: u16,
    pub(super) channel: Channel,
    pub(super) ids: Ids,
    pub(super) coming: Vec<(Instant, Input)>,
}

#[derive(Debug)]
struct Listener {
    data: DataId,
    port: u16,
    caller: Option<(usize, SocketAddr)>,
}

#[derive(Debug)]
struct Running {
    id: TransferId,
    transfer: Transfer,
    content: Content,
    /// The port it waits at.
    listener: Option<Listener>,
    mover: Option<Mover>,
    /// An upload that has come to its end and waits to be committed, and its connection where that is kept.
    ended: Option<(u64, CleanEnd, Wire)>,
}

#[derive(Debug)]
enum Content {
    Outgoing(Vec<u8>),
    Incoming(Upload),
}

impl ServerSide {
    pub(super) fn new(session: Session, store: Store) -> Self {
        Self {
            session,
            store,
            events: Vec::new(),
            listener: None,
            running: None,
            kept: None,
            gone: Vec::new(),
            last_port: 50_000,
            channel: Channel::default(),
            ids: Ids::default(),
            coming: Vec::new(),
        }
    }

    pub(super) const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub(super) fn listen(&mut self, data: DataId) -> u16 {
        assert!(
            self.listener.is_none(),
            "a second listener, and the first was not discarded"
        );
        self.ids.add(Kind::Data, data.0);
        self.last_port = self.last_port.checked_add(1).unwrap_or(50_001);
        self.listener = Some(Listener {
            data,
            port: self.last_port,
            caller: None,
        });
        self.last_port
    }

    pub(super) fn discard(&mut self, data: DataId, network: &mut Network) {
        if let Some((_, mut wire)) = self.kept.take_if(|(kept, _)| *kept == data) {
            wire.close(network);
            return;
        }
        if self.gone.contains(&data) {
            return;
        }
        let listener = self.listener.take();
        assert_eq!(
            listener.map(|listener| listener.data),
            Some(data),
            "discards what is not there"
        );
    }

    /// Somebody connects to a port. False where nobody listens.
    pub(super) fn call(&mut self, port: u16, link: usize, from: SocketAddr) -> bool {
        let waiting = self
            .running
            .as_mut()
            .and_then(|running| running.listener.as_mut());
        let mut listeners = waiting.into_iter().chain(&mut self.listener);
        let Some(listener) =
            listeners.find(|listener| listener.port == port && listener.caller.is_none())
        else {
            return false;
        };
        listener.caller = Some((link, from));
        true
    }

    pub(super) fn begin(&mut self, transfer: Transfer, network: &mut Network) {
        assert!(self.running.is_none(), "a second transfer");
        let (id, now) = (transfer.id, network.now);
        self.ids.add(Kind::Transfer, id.0);
        if let Route::Connect { data, .. } = transfer.route {
            self.ids.add(Kind::Data, data.0);
        }
        let listener = self.listener.take();
        let is_kept = matches!(transfer.route, Route::Kept(_));
        if is_kept && self.gone.contains(&transfer.route.data()) {
            let failed = TransferEvent::Failed(Failure::NotConnected);
            return self.session.handle(now, Input::Transfer(id, failed));
        }
        assert_eq!(
            self.kept.as_ref().map(|(kept, _)| *kept),
            is_kept.then_some(transfer.route.data()),
            "another connection is kept than is used"
        );
        let (content, path, size) = match self.store.open(&transfer.task) {
            Err(error) => {
                if transfer.direction() == Direction::Receive
                    && let Some((_, mut wire)) = self.kept.take()
                {
                    wire.close(network);
                }
                let failed = TransferEvent::Failed(Failure::Storage(error));
                return self.session.handle(now, Input::Transfer(id, failed));
            }
            Ok(Open::Read(file)) => {
                let size = Some(file.len() as u64);
                (Content::Outgoing(file), None, size)
            }
            Ok(Open::Write(upload)) => {
                let path = upload.path().clone();
                (Content::Incoming(upload), Some(path), None)
            }
        };
        self.running = Some(Running {
            id,
            transfer,
            content,
            listener,
            mover: None,
            ended: None,
        });
        self.session.handle(
            now,
            Input::Transfer(id, TransferEvent::Opened { path, size }),
        );
        if let Some((_, wire)) = self.kept.take() {
            self.moves(wire);
        }
    }

    /// Where the running transfer connects to, if that has not been done.
    pub(super) fn connect(&mut self, link: usize, now: Instant) {
        self.connected(link, now);
    }

    fn connected(&mut self, link: usize, now: Instant) {
        let Some(running) = &self.running else {
            return;
        };
        let (id, protection) = (running.id, running.transfer.protection);
        self.moves(Wire::new(link, true, protection));
        self.session
            .handle(now, Input::Transfer(id, TransferEvent::Connected));
    }

    /// The running transfer has this connection.
    fn moves(&mut self, wire: Wire) {
        let Some(running) = &mut self.running else {
            return;
        };
        let codec = running.transfer.codec().expect("a transfer has a codec");
        running.mover = Some(match &running.content {
            Content::Outgoing(file) => Mover::sender(wire, codec, file, running.transfer.keep),
            Content::Incoming(_) => Mover::receiver(wire, codec),
        });
    }

    /// Accepts who has come and may.
    fn accept(&mut self, now: Instant) -> bool {
        let Some(Running {
            mover: None,
            transfer,
            listener: Some(listener),
            ..
        }) = &mut self.running
        else {
            return false;
        };
        let (Some((link, from)), Route::Accept { admission, .. }) =
            (listener.caller.take(), transfer.route)
        else {
            return false;
        };
        if admission.admits(from) {
            self.connected(link, now);
        }
        true
    }

    pub(super) fn abort(&mut self, id: TransferId, network: &mut Network) {
        if self
            .running
            .as_ref()
            .is_some_and(|running| running.id == id)
        {
            self.fail(Failure::Aborted, network);
        }
    }

    pub(super) fn fail(&mut self, failure: Failure, network: &mut Network) {
        let Some(Running {
            id,
            content,
            mover,
            ended,
            ..
        }) = self.running.take()
        else {
            return;
        };
        if let Some((_, _, wire)) = ended {
            wire.reset(network);
        }
        if let Some(mover) = mover {
            mover.into_wire().reset(network);
        }
        if let Content::Incoming(upload) = content {
            self.store.abandon(upload);
        }
        self.session.handle(
            network.now,
            Input::Transfer(id, TransferEvent::Failed(failure)),
        );
    }

    /// Moves some of the data. False when there is nothing to do.
    pub(super) fn move_data(&mut self, network: &mut Network) -> bool {
        if self.accept(network.now) || self.lose_kept(network) {
            return true;
        }
        let Some(Running {
            id,
            content,
            mover: Some(mover),
            ..
        }) = &mut self.running
        else {
            return false;
        };
        let id = *id;
        let event = match mover.step(network) {
            Moved::Nothing => return false,
            Moved::Broken => return self.fails(Failure::Broken, network),
            Moved::NotSecured => return self.fails(Failure::NotSecured, network),
            Moved::Secured => TransferEvent::Secured {
                resumed: !network.faults.forget_tls,
            },
            Moved::Bytes(bytes, file, markers) => {
                let written = match content {
                    Content::Incoming(upload) => upload.write(&file),
                    Content::Outgoing(_) => Ok(()),
                };
                if let Err(error) = written {
                    return self.fails(Failure::Storage(error), network);
                }
                for marker in markers {
                    let event = TransferEvent::Marker(marker.into());
                    self.session.handle(network.now, Input::Transfer(id, event));
                }
                TransferEvent::Progress(bytes)
            }
            Moved::Ended(bytes, end, file) => {
                self.data_ended(network, bytes, end, &file);
                return true;
            }
        };
        self.session.handle(network.now, Input::Transfer(id, event));
        true
    }

    fn fails(&mut self, failure: Failure, network: &mut Network) -> bool {
        self.fail(failure, network);
        true
    }

    /// The client has closed the connection that was kept.
    fn lose_kept(&mut self, network: &mut Network) -> bool {
        let lost = self.kept.take_if(|(_, wire)| wire.is_gone(network));
        lost.inspect(|(data, _)| {
            self.gone.push(*data);
            self.session.handle(network.now, Input::DataClosed(*data));
        })
        .is_some()
    }

    /// A download is over with its data; an upload waits for the session to believe in its end.
    fn data_ended(&mut self, network: &mut Network, bytes: u64, end: CleanEnd, file: &[u8]) {
        let Some(mut running) = self.running.take() else {
            return;
        };
        let Some(mover) = running.mover.take() else {
            return;
        };
        let (id, wire) = (running.id, mover.into_wire());
        let event = match &mut running.content {
            Content::Outgoing(_) => {
                self.keep(&running.transfer, wire);
                TransferEvent::Ended { bytes, end }
            }
            Content::Incoming(upload) => {
                if let Err(error) = upload.write(file) {
                    self.running = Some(running);
                    return self.fail(Failure::Storage(error), network);
                }
                running.ended = Some((bytes, end, wire));
                self.running = Some(running);
                TransferEvent::Received(bytes)
            }
        };
        self.session.handle(network.now, Input::Transfer(id, event));
    }

    fn keep(&mut self, transfer: &Transfer, wire: Wire) {
        if transfer.keep {
            self.kept = Some((transfer.route.data(), wire));
        }
    }

    pub(super) fn commit(&mut self, id: TransferId, network: &mut Network) {
        let Some(Running {
            content: Content::Incoming(upload),
            ended: Some((bytes, end, mut wire)),
            transfer,
            ..
        }) = self.running.take_if(|running| running.id == id)
        else {
            panic!("commits what has not ended");
        };
        self.store.commit(upload);
        match transfer.keep {
            true => self.keep(&transfer, wire),
            false => {
                wire.close(network);
            }
        }
        let event = TransferEvent::Ended { bytes, end };
        self.session.handle(network.now, Input::Transfer(id, event));
    }
}
