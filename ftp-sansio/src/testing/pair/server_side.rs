//! The server's driver in the simulated world.

use alloc::vec::Vec;
use core::net::SocketAddr;

use super::mover::{Moved, Mover};
use crate::data::CleanEnd;
use crate::server::{DataId, Failure, Input, Route, Session, Transfer, TransferEvent, TransferId};
use crate::testing::network::{Network, Parcel};
use crate::testing::store::{Open, Store, Upload};
use crate::time::Instant;

#[derive(Debug)]
pub(super) struct ServerSide {
    pub(super) session: Session,
    pub(super) store: Store,
    pub(super) events: Vec<crate::server::Event>,
    listener: Option<Listener>,
    running: Option<Running>,
    last_port: u16,
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
    mover: Option<(usize, Mover)>,
    /// An upload that has come to its end and waits to be committed.
    ended: Option<(u64, CleanEnd)>,
}

#[derive(Debug)]
enum Content {
    Outgoing(Vec<u8>),
    Incoming(Upload),
}

impl ServerSide {
    pub(super) const fn new(session: Session, store: Store) -> Self {
        Self {
            session,
            store,
            events: Vec::new(),
            listener: None,
            running: None,
            last_port: 50_000,
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
        self.last_port = self.last_port.checked_add(1).unwrap_or(50_001);
        self.listener = Some(Listener {
            data,
            port: self.last_port,
            caller: None,
        });
        self.last_port
    }

    pub(super) fn discard(&mut self, data: DataId) {
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

    pub(super) fn begin(&mut self, transfer: Transfer, now: Instant) {
        assert!(self.running.is_none(), "a second transfer");
        let id = transfer.id;
        let listener = self.listener.take();
        let (content, path, size) = match self.store.open(&transfer.task) {
            Err(error) => {
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
    }

    /// Where the running transfer connects to, if that has not been done.
    pub(super) fn connect(&mut self, link: usize, now: Instant) {
        self.connected(link, now);
    }

    fn connected(&mut self, link: usize, now: Instant) {
        let Some(running) = &mut self.running else {
            return;
        };
        let (id, direction) = (running.id, running.transfer.direction());
        let codec = running
            .transfer
            .parameters
            .codec(direction)
            .expect("a transfer has a codec");
        let mover = match &running.content {
            Content::Outgoing(file) => Mover::sender(link, true, codec, file),
            Content::Incoming(_) => Mover::receiver(link, true, codec),
        };
        running.mover = Some((link, mover));
        self.session
            .handle(now, Input::Transfer(id, TransferEvent::Connected));
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
            id, content, mover, ..
        }) = self.running.take()
        else {
            return;
        };
        if let Some((link, _)) = mover {
            network.send(link, true, Parcel::Reset);
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
        if self.accept(network.now) {
            return true;
        }
        let Some(Running {
            id,
            content,
            mover: Some((_, mover)),
            ..
        }) = &mut self.running
        else {
            return false;
        };
        let id = *id;
        match mover.step(network) {
            Moved::Nothing => return false,
            Moved::Broken => self.fail(Failure::Broken, network),
            Moved::Bytes(bytes, file) => {
                let written = match content {
                    Content::Incoming(upload) => upload.write(&file),
                    Content::Outgoing(_) => Ok(()),
                };
                match written {
                    Ok(()) => self.session.handle(
                        network.now,
                        Input::Transfer(id, TransferEvent::Progress(bytes)),
                    ),
                    Err(error) => self.fail(Failure::Storage(error), network),
                }
            }
            Moved::Ended(bytes, end, file) => self.data_ended(network.now, bytes, end, &file),
        }
        true
    }

    /// A download is over with its data; an upload waits for the session to believe in its end.
    fn data_ended(&mut self, now: Instant, bytes: u64, end: CleanEnd, file: &[u8]) {
        let Some(mut running) = self.running.take() else {
            return;
        };
        let id = running.id;
        let event = match &mut running.content {
            Content::Outgoing(_) => TransferEvent::Ended { bytes, end },
            Content::Incoming(upload) => {
                upload.write(file).expect("the last byte fits");
                running.mover = None;
                running.ended = Some((bytes, end));
                self.running = Some(running);
                TransferEvent::Received(bytes)
            }
        };
        self.session.handle(now, Input::Transfer(id, event));
    }

    pub(super) fn commit(&mut self, id: TransferId, now: Instant) {
        let Some(Running {
            content: Content::Incoming(upload),
            ended: Some((bytes, end)),
            ..
        }) = self.running.take_if(|running| running.id == id)
        else {
            panic!("commits what has not ended");
        };
        self.store.commit(upload);
        let event = TransferEvent::Ended { bytes, end };
        self.session.handle(now, Input::Transfer(id, event));
    }
}
