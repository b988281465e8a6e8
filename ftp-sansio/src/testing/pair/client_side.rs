//! The client's driver in the simulated world.

use alloc::vec::Vec;

use super::mover::{Moved, Mover};
use crate::client::{
    Action, Close, DataId, Failure, Input, Outcome, Session, Transfer, TransferEvent,
};
use crate::data::Direction;
use crate::session::OperationId;
use crate::testing::network::{Network, Parcel};
use crate::time::Instant;

#[derive(Debug)]
pub(super) struct ClientSide {
    pub(super) session: Session,
    /// What an upload sends.
    pub(super) upload: Vec<u8>,
    /// What a download brought.
    pub(super) download: Vec<u8>,
    pub(super) finished: Option<(OperationId, Result<Outcome, Failure>)>,
    data: Option<Data>,
    /// What happens to the session later.
    pub(super) coming: Vec<(Instant, Input)>,
}

#[derive(Debug)]
struct Data {
    id: DataId,
    link: Option<usize>,
    transfer: Option<Transfer>,
    mover: Option<Mover>,
    listens: bool,
}

impl ClientSide {
    pub(super) const fn new(session: Session) -> Self {
        Self {
            session,
            upload: Vec::new(),
            download: Vec::new(),
            finished: None,
            data: None,
            coming: Vec::new(),
        }
    }

    /// Remembers a connection that is being made, or a listener.
    pub(super) fn opens(&mut self, id: DataId, link: Option<usize>, listens: bool) {
        assert!(
            self.data.is_none(),
            "a second data connection, and the first was not dropped"
        );
        self.data = Some(Data {
            id,
            link,
            transfer: None,
            mover: None,
            listens,
        });
    }

    /// The server connects to this side's listener, if there is one.
    pub(super) fn accept(&mut self, link: usize) -> bool {
        match &mut self.data {
            Some(
                data @ Data {
                    listens: true,
                    link: None,
                    ..
                },
            ) => data.link = Some(link),
            _ => return false,
        }
        true
    }

    /// The actions that concern a data connection which is there.
    pub(super) fn act(&mut self, action: Action, network: &mut Network) {
        match action {
            Action::Transfer(transfer) => {
                let data = self
                    .data
                    .as_mut()
                    .expect("moves data on a connection that is not there");
                assert_eq!(data.id, transfer.data);
                self.download.clear();
                data.transfer = Some(transfer);
            }
            Action::Drop(id, how) => {
                let data = self
                    .data
                    .take()
                    .expect("drops a data connection that is not there");
                assert_eq!(data.id, id, "drops another data connection than there is");
                if let Some(link) = data.link {
                    let parcel = if how == Close::Abruptly {
                        Parcel::Reset
                    } else {
                        Parcel::Fin
                    };
                    network.send(link, false, parcel);
                }
            }
            Action::Connect { .. } | Action::Listen { .. } | Action::Close(_) => {}
        }
    }

    /// Moves some of the data. False when there is nothing to do.
    pub(super) fn move_data(&mut self, network: &mut Network) -> bool {
        let Some(data) = &mut self.data else {
            return false;
        };
        let (Some(transfer), Some(link)) = (&data.transfer, data.link) else {
            return false;
        };
        let id = transfer.id;
        if data.mover.is_none() {
            let codec = transfer
                .parameters
                .codec(transfer.direction)
                .expect("a transfer has a codec");
            data.mover = Some(match transfer.direction {
                Direction::Send => Mover::sender(link, false, codec, &self.upload),
                Direction::Receive => Mover::receiver(link, false, codec),
            });
            if data.listens {
                self.session.handle(network.now, Input::Connected(data.id));
            }
            return true;
        }
        let event = match data
            .mover
            .as_mut()
            .map_or(Moved::Nothing, |mover| mover.step(network))
        {
            Moved::Nothing => return false,
            Moved::Bytes(bytes, file) => {
                self.download.extend_from_slice(&file);
                TransferEvent::Progress(bytes)
            }
            Moved::Ended(bytes, end, file) => {
                self.download.extend_from_slice(&file);
                data.transfer = None;
                TransferEvent::Ended { bytes, end }
            }
            Moved::Broken => {
                data.transfer = None;
                TransferEvent::Broken
            }
        };
        self.session.handle(network.now, Input::Transfer(id, event));
        true
    }
}
