//! The client's driver.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{End, Flow, Happening, Model};
use crate::client::{
    Action, Close, DataId, Event, Failure, Input, Outcome, Output, Session, Transfer, TransferEvent,
};
use crate::data::{Codec, Direction, End as Ending};
use crate::session::OperationId;
use crate::testing::stream;

#[derive(Debug)]
pub(super) struct Side {
    pub(super) session: Session,
    asked: BTreeMap<u32, Asked>,
    data: Vec<Data>,
    ports: u16,
    moving: Option<Moving>,
}

#[derive(Debug, Default)]
struct Asked {
    upload: Vec<u8>,
    download: Vec<u8>,
    result: Option<Result<Outcome, Failure>>,
}

#[derive(Debug)]
struct Data {
    id: DataId,
    link: Option<usize>,
    port: Option<u16>,
    /// What has come and is nobody's yet.
    held: Vec<u8>,
    end: Option<Flow>,
}

#[derive(Debug)]
struct Moving {
    transfer: Transfer,
    codec: Codec,
    bytes: u64,
}

impl Side {
    pub(super) const fn new(session: Session) -> Self {
        Self {
            session,
            asked: BTreeMap::new(),
            data: Vec::new(),
            ports: 0,
            moving: None,
        }
    }

    pub(super) fn asks(&mut self, id: OperationId, upload: &[u8]) {
        let asked = Asked {
            upload: upload.to_vec(),
            ..Asked::default()
        };
        self.asked.insert(id.0, asked);
    }

    pub(super) fn take(&mut self, id: OperationId) -> Option<End> {
        let result = self.asked.get_mut(&id.0)?.result.take()?;
        Some((result, self.asked.remove(&id.0)?.download))
    }

    /// The server comes to a listener.
    pub(super) fn accept(&mut self, link: usize, port: u16) -> bool {
        let is_it = |data: &&mut Data| data.port == Some(port) && data.link.is_none();
        self.data
            .iter_mut()
            .find(is_it)
            .map(|data| data.link = Some(link))
            .is_some()
    }

    fn opens(&mut self, id: DataId, link: Option<usize>, port: Option<u16>) {
        self.data.push(Data {
            id,
            link,
            port,
            held: Vec::new(),
            end: None,
        });
    }
}

impl Model {
    /// Carries out all that the session wants now.
    pub(super) fn settle(&mut self) {
        loop {
            let mut idle = true;
            if let Some(transmit) = self.client.session.transmit() {
                idle = false;
                let bytes = transmit.bytes.to_vec();
                self.client.session.transmitted(self.now, bytes.len());
                self.later(self.way, Happening::ToServer(bytes));
                if self.client.session.transmit().is_none() {
                    self.client.session.handle(self.now, Input::Flushed);
                }
            }
            while let Some(output) = self.client.session.poll() {
                idle = false;
                match output {
                    Output::Event(Event::Finished(id, result)) => {
                        if let Some(asked) = self.client.asked.get_mut(&id.0) {
                            assert!(asked.result.is_none(), "an operation ended twice");
                            asked.result = Some(result);
                        }
                    }
                    Output::Event(_) => {}
                    Output::Action(action) => self.act(action),
                }
            }
            idle &= !self.move_data();
            if idle {
                return;
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Connect { data, to } => {
                let others = self.client.data.iter().filter(|data| data.port.is_none());
                assert_eq!(others.count(), 0, "a second data connection");
                self.next_link += 1;
                let link = self.next_link;
                self.client.opens(data, Some(link), None);
                self.later(self.way, Happening::CallsServer(link, to.port()));
            }
            Action::Listen { data, address } => {
                self.client.ports += 1;
                let port = 40_000 + self.client.ports;
                self.client.opens(data, None, Some(port));
                let at = (address, port).into();
                let input = Input::Listening(data, Some(at));
                self.later(core::time::Duration::ZERO, Happening::Client(input));
            }
            Action::Transfer(transfer) => {
                assert!(self.client.moving.is_none(), "two transfers move at a time");
                let codec = transfer.parameters.codec(transfer.direction);
                let codec = codec.expect("a transfer has a codec");
                if let Some(asked) = self.client.asked.get_mut(&transfer.operation.0) {
                    asked.download.clear();
                }
                self.client.moving = Some(Moving {
                    transfer,
                    codec,
                    bytes: 0,
                });
            }
            Action::Drop(id, how) => {
                let index = self.client.data.iter().position(|data| data.id == id);
                let index = index.expect("drops a data connection that is not there");
                let data = self.client.data.remove(index);
                self.client
                    .moving
                    .take_if(|moving| moving.transfer.data == id);
                if let Some(link) = data.link {
                    let what = match how {
                        Close::Gracefully => Flow::Fin,
                        Close::Abruptly => Flow::Reset,
                    };
                    self.send(link, false, what);
                }
            }
            Action::StartTls(_) | Action::StopTls => panic!("there is no TLS here"),
            Action::Close(_) => {}
        }
    }

    /// What became of a connection that the client makes.
    pub(super) fn answered(&mut self, link: usize, port: u16, is_there: bool) {
        let data = self.client.data.iter().find(|data| data.link == Some(link));
        let Some(id) = data.map(|data| data.id) else {
            // It was let go of meanwhile.
            return;
        };
        let input = if is_there {
            self.later(self.way, Happening::Accepted(link, port));
            Input::Connected(id)
        } else {
            Input::NotConnected(id)
        };
        self.client.session.handle(self.now, input);
    }

    pub(super) fn client_gets(&mut self, link: usize, what: Flow) {
        let data = self
            .client
            .data
            .iter_mut()
            .find(|data| data.link == Some(link));
        let Some(data) = data else {
            return;
        };
        match what {
            Flow::Bytes(bytes) => data.held.extend_from_slice(&bytes),
            end => data.end = Some(end),
        }
        let id = data.id;
        let is_idle = !self
            .client
            .moving
            .as_ref()
            .is_some_and(|moving| moving.transfer.data == id);
        if is_idle && data.end.is_some() && data.held.is_empty() {
            // Between two transfers.
            self.client.session.handle(self.now, Input::DataClosed(id));
        }
    }

    /// Moves what can be moved. True where there was something.
    fn move_data(&mut self) -> bool {
        let Some(mut moving) = self.client.moving.take() else {
            return false;
        };
        let id = moving.transfer.data;
        let Some(data) = self.client.data.iter_mut().find(|data| data.id == id) else {
            return false;
        };
        let Some(link) = data.link else {
            self.client.moving = Some(moving);
            return false;
        };
        if data.port.take().is_some() {
            self.client.session.handle(self.now, Input::Connected(id));
            self.client.moving = Some(moving);
            return true;
        }
        match moving.transfer.direction {
            Direction::Receive => self.receive(moving),
            Direction::Send => {
                let asked = self.client.asked.get(&moving.transfer.operation.0);
                let upload = asked.map_or(&[][..], |asked| &asked.upload);
                let (bytes, end) = stream::run(&mut moving.codec, upload, Ending::Closed);
                let end = end.and_then(Result::ok).expect("an upload has an end");
                let count = bytes.len() as u64;
                self.send(link, false, Flow::Bytes(bytes));
                if !moving.transfer.parameters.leaves_open() {
                    self.send(link, false, Flow::Fin);
                }
                let event = TransferEvent::Ended { bytes: count, end };
                let input = Input::Transfer(moving.transfer.id, event);
                self.client.session.handle(self.now, input);
                true
            }
        }
    }

    fn receive(&mut self, mut moving: Moving) -> bool {
        let id = moving.transfer.data;
        let Some(data) = self.client.data.iter_mut().find(|data| data.id == id) else {
            return false;
        };
        let held = core::mem::take(&mut data.held);
        let end = match data.end {
            Some(Flow::Fin) => Ending::Closed,
            _ => Ending::More,
        };
        let run = stream::run_with_rest(&mut moving.codec, &held, end);
        data.held = run.rest.to_vec();
        let count = held.len() - run.rest.len();
        moving.bytes += count as u64;
        if let Some(asked) = self.client.asked.get_mut(&moving.transfer.operation.0) {
            asked.download.extend_from_slice(&run.bytes);
        }
        let bytes = moving.bytes;
        let event = match run.end {
            Some(Ok(end)) => TransferEvent::Ended { bytes, end },
            Some(Err(_)) => TransferEvent::Broken,
            None if data.end.is_some() => TransferEvent::Broken,
            None if count > 0 => TransferEvent::Progress(bytes),
            None => {
                self.client.moving = Some(moving);
                return false;
            }
        };
        let is_over = !matches!(event, TransferEvent::Progress(_));
        let transfer = moving.transfer.id;
        if !is_over {
            self.client.moving = Some(moving);
        }
        let input = Input::Transfer(transfer, event);
        self.client.session.handle(self.now, input);
        true
    }
}
