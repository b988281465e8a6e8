//! The client's driver in the simulated world.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::ids::{Ids, Kind};
use super::mover::{Moved, Mover};
use super::wire::Wire;
use crate::client::{
    Action, Close, DataId, Event, Failure, Input, Outcome, Session, Transfer, TransferEvent,
};
use crate::data::Direction;
use crate::session::OperationId;
use crate::testing::channel::Channel;
use crate::testing::network::{Network, Parcel};
use crate::time::Instant;

/// Where the first of the client's listeners is.
const FIRST_PORT: u16 = 40_001;

#[derive(Debug)]
pub(super) struct ClientSide {
    pub(super) session: Session,
    pub(super) events: Vec<Event>,
    /// What happened to the operations, while they go on and until it is asked for.
    asked: BTreeMap<u32, Asked>,
    data: Vec<Data>,
    /// Connections that the server has closed between two transfers.
    gone: Vec<DataId>,
    listeners: u16,
    pub(super) channel: Channel,
    pub(super) ids: Ids,
    /// What happens to the session later.
    pub(super) coming: Vec<(Instant, Input)>,
}

/// An operation, and its file.
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
    /// Where it listens, if it does.
    port: Option<u16>,
    transfer: Option<Transfer>,
    mover: Option<Mover>,
    /// Where it was left open by the transfer before (RFC 959 § 3.3).
    kept: Option<Wire>,
}

impl ClientSide {
    pub(super) fn new(session: Session) -> Self {
        Self {
            session,
            events: Vec::new(),
            asked: BTreeMap::new(),
            data: Vec::new(),
            gone: Vec::new(),
            listeners: 0,
            channel: Channel::default(),
            ids: Ids::default(),
            coming: Vec::new(),
        }
    }

    pub(super) fn asks(&mut self, id: OperationId, upload: &[u8]) {
        let upload = upload.to_vec();
        self.asked.insert(
            id.0,
            Asked {
                upload,
                ..Asked::default()
            },
        );
    }

    pub(super) fn finishes(&mut self, id: OperationId, result: Result<Outcome, Failure>) {
        let asked = self.asked.get_mut(&id.0);
        let asked = asked.expect("the end of something that was not asked for");
        assert!(asked.result.is_none(), "an operation ended twice");
        asked.result = Some(result);
    }

    pub(super) fn is_finished(&self, id: OperationId) -> bool {
        self.asked
            .get(&id.0)
            .is_none_or(|asked| asked.result.is_some())
    }

    /// What came of an operation, and what it has fetched, once it is over.
    pub(super) fn take(&mut self, id: OperationId) -> Option<(Result<Outcome, Failure>, Vec<u8>)> {
        let result = self.asked.get_mut(&id.0)?.result.take()?;
        let asked = self.asked.remove(&id.0)?;
        Some((result, asked.download))
    }

    /// Remembers a connection that is being made.
    pub(super) fn connects(&mut self, id: DataId, link: Option<usize>) {
        assert!(
            self.data.iter().all(|data| data.port.is_some()),
            "a second data connection, and the first was not dropped"
        );
        self.open(id, link, None);
    }

    /// Listens on a port of its own.
    pub(super) fn listens(&mut self, id: DataId) -> u16 {
        let port = FIRST_PORT + self.listeners % 1000;
        self.listeners += 1;
        self.open(id, None, Some(port));
        port
    }

    fn open(&mut self, id: DataId, link: Option<usize>, port: Option<u16>) {
        self.ids.add(Kind::Data, id.0);
        self.data.push(Data {
            id,
            link,
            port,
            transfer: None,
            mover: None,
            kept: None,
        });
    }

    /// The server connects to a listener on this side, if there is one.
    pub(super) fn accept(&mut self, port: u16, link: usize) -> bool {
        let listens = |data: &&mut Data| data.port == Some(port) && data.link.is_none();
        let listener = self.data.iter_mut().find(listens);
        listener.map(|data| data.link = Some(link)).is_some()
    }

    /// The actions that concern a data connection which is there.
    pub(super) fn act(&mut self, action: Action, network: &mut Network) {
        match action {
            Action::Transfer(transfer) => {
                self.ids.add(Kind::Transfer, transfer.id.0);
                assert!(
                    self.data.iter().all(|data| data.transfer.is_none()),
                    "two transfers move at a time"
                );
                let data = self.data.iter_mut().find(|data| data.id == transfer.data);
                let data = data.expect("moves data on a connection that is not there");
                data.mover = None;
                data.transfer = Some(transfer);
            }
            Action::Drop(id, how) => {
                let Some(index) = self.data.iter().position(|data| data.id == id) else {
                    let was_there = self.gone.contains(&id);
                    return assert!(was_there, "drops a data connection that never was there");
                };
                let data = self.data.remove(index);
                let mover = data.mover.map(Mover::into_wire);
                match (mover.or(data.kept), data.link) {
                    (Some(wire), _) if how == Close::Abruptly => wire.reset(network),
                    (Some(mut wire), _) => {
                        wire.close(network);
                    }
                    (None, Some(link)) => {
                        let abruptly = how == Close::Abruptly;
                        let parcel = if abruptly { Parcel::Reset } else { Parcel::Fin };
                        network.send(link, false, parcel);
                    }
                    (None, None) => {}
                }
            }
            Action::Connect { .. }
            | Action::Listen { .. }
            | Action::StartTls(_)
            | Action::StopTls
            | Action::Close(_) => {}
        }
    }

    /// Moves some of the data. False when there is nothing to do.
    pub(super) fn move_data(&mut self, network: &mut Network) -> bool {
        if self.lose_kept(network) {
            return true;
        }
        let Some(data) = self.data.iter_mut().find(|data| data.transfer.is_some()) else {
            return false;
        };
        let (Some(transfer), Some(link)) = (&data.transfer, data.link) else {
            return false;
        };
        let (id, operation) = (transfer.id, transfer.operation);
        let Some(asked) = self.asked.get_mut(&operation.0) else {
            return false;
        };
        let Some(mover) = &mut data.mover else {
            asked.download.clear();
            let kept = data.kept.take();
            let is_new = kept.is_none();
            let wire = kept.unwrap_or_else(|| Wire::new(link, false, transfer.protection));
            data.mover = Some(mover(transfer, wire, &asked.upload));
            if is_new && data.port.is_some() {
                self.session.handle(network.now, Input::Connected(data.id));
            }
            return true;
        };
        let event = match mover.step(network) {
            Moved::Nothing => return false,
            Moved::Secured => TransferEvent::Secured {
                resumed: !network.faults.forget_tls,
            },
            Moved::Bytes(bytes, file, markers) => {
                asked.download.extend_from_slice(&file);
                for marker in markers {
                    let event = TransferEvent::Marker(marker.into());
                    self.session.handle(network.now, Input::Transfer(id, event));
                }
                TransferEvent::Progress(bytes)
            }
            Moved::Ended(bytes, end, file) => {
                asked.download.extend_from_slice(&file);
                if transfer.parameters.leaves_open() {
                    data.kept = data.mover.take().map(Mover::into_wire);
                }
                data.transfer = None;
                TransferEvent::Ended { bytes, end }
            }
            Moved::NotSecured => {
                data.transfer = None;
                TransferEvent::SecureFailed
            }
            Moved::Broken => {
                data.transfer = None;
                TransferEvent::Broken
            }
        };
        self.session.handle(network.now, Input::Transfer(id, event));
        true
    }

    /// The server has closed a connection that was left open.
    fn lose_kept(&mut self, network: &mut Network) -> bool {
        let is_gone = |data: &mut Data| {
            let kept = data.kept.take_if(|wire| wire.is_gone(network));
            kept.is_some().then_some(data.id)
        };
        let Some(id) = self.data.iter_mut().find_map(is_gone) else {
            return false;
        };
        self.data.retain(|data| data.id != id);
        self.gone.push(id);
        self.session.handle(network.now, Input::DataClosed(id));
        true
    }
}

fn mover(transfer: &Transfer, wire: Wire, upload: &[u8]) -> Mover {
    let codec = transfer.parameters.codec(transfer.direction);
    let codec = codec.expect("a transfer has a codec");
    match transfer.direction {
        Direction::Send => Mover::sender(wire, codec, upload, transfer.parameters.leaves_open()),
        Direction::Receive => Mover::receiver(wire, codec),
    }
}
