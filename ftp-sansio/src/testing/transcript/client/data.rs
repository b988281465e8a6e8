//! The data connections of a client's transcript.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

use super::super::text;
use super::Client;
use crate::client::{Close, DataId, Input, Protection, Transfer, TransferEvent};
use crate::data::{CleanEnd, Codec, Direction, End, Parameters};
use crate::testing::escape::quoted;
use crate::testing::stream::{self, marker};

/// The data connections and listeners that the session has: one, and in active mode the listeners of transfers to come.
#[derive(Default)]
pub(super) struct Data {
    open: Vec<DataId>,
    moving: Option<Moving>,
}

struct Moving {
    transfer: Transfer,
    codec: Codec,
    moved: u64,
    /// The encoded rest of an upload and its end.
    rest: Vec<u8>,
    end: Option<CleanEnd>,
}

impl Data {
    pub(super) fn opens(&mut self, data: DataId) {
        self.open.push(data);
    }

    pub(super) fn is_left(&self) -> bool {
        !self.open.is_empty()
    }

    pub(super) fn drops(&mut self, data: DataId, how: Close) -> &'static str {
        let index = self.open.iter().position(|open| *open == data);
        let index = index.expect("drops a data connection that is not there");
        self.open.remove(index);
        self.moving.take_if(|moving| moving.transfer.data == data);
        match how {
            Close::Abruptly => "data: is reset",
            Close::Gracefully => "data: is closed",
        }
    }

    pub(super) fn begins(&mut self, transfer: Transfer, upload: &[u8]) -> String {
        assert!(
            self.open.contains(&transfer.data),
            "moves data on a connection that is not there"
        );
        assert!(self.moving.is_none(), "two transfers move at a time");
        // A transcript shows what is in the blocks, and not the blocks.
        let codec = transfer.parameters.codec(transfer.direction);
        let image = || Parameters::IMAGE.codec(transfer.direction);
        let is_framed = Parameters {
            mode: crate::wire::Mode::Stream,
            ..transfer.parameters
        } != transfer.parameters;
        let codec = if is_framed { image() } else { codec };
        let mut codec = codec.expect("a transfer has a codec");
        let (mut rest, mut end) = (Vec::new(), None);
        let mut line = String::from("data: may come");
        if transfer.direction == Direction::Send {
            let (bytes, ended) = stream::run(&mut codec, upload, End::Closed);
            (rest, end) = (bytes, ended.and_then(Result::ok));
            line = "data: may go".into();
        }
        if let Protection::Tls(role) = transfer.protection {
            line += &alloc::format!(" by tls as {role:?}").to_ascii_lowercase();
        }
        self.moving = Some(Moving {
            transfer,
            codec,
            moved: 0,
            rest,
            end,
        });
        line
    }

    fn latest(&self) -> DataId {
        *self.open.last().expect("there is no data connection")
    }

    fn moving(&mut self) -> &mut Moving {
        self.moving
            .as_mut()
            .expect("no data may move yet, or any more")
    }
}

impl Client {
    fn transfer_event(&mut self, event: TransferEvent) {
        let id = self.data.moving().transfer.id;
        let is_end = matches!(
            event,
            TransferEvent::Ended { .. } | TransferEvent::Broken | TransferEvent::SecureFailed
        );
        if is_end {
            self.data.moving = None;
        }
        self.handle(Input::Transfer(id, event));
    }

    /// Bytes of a download, and perhaps their end.
    fn incoming(&mut self, bytes: &[u8], end: End) {
        let moving = self.data.moving();
        assert_eq!(
            moving.transfer.direction,
            Direction::Receive,
            "nothing is downloaded"
        );
        let (file, end) = stream::run(&mut moving.codec, bytes, end);
        moving.moved += bytes.len() as u64;
        let (moved, operation) = (moving.moved, moving.transfer.operation);
        if let Some(operation) = self.operation(operation) {
            operation.file.extend_from_slice(&file);
        }
        self.transfer_event(match end {
            None => TransferEvent::Progress(moved),
            Some(Ok(end)) => TransferEvent::Ended { bytes: moved, end },
            Some(Err(_)) => TransferEvent::Broken,
        });
    }

    /// The server reads these bytes of an upload.
    fn outgoing(&mut self, bytes: &[u8]) {
        let moving = self.data.moving();
        assert!(
            moving.rest.starts_with(bytes),
            "the data goes on with {}, not {}",
            quoted(&moving.rest),
            quoted(bytes)
        );
        moving.rest.drain(..bytes.len());
        moving.moved += bytes.len() as u64;
        let moved = moving.moved;
        self.transfer_event(TransferEvent::Progress(moved));
    }

    fn outgoing_ended(&mut self) {
        let moving = self.data.moving();
        assert!(
            moving.rest.is_empty(),
            "the data does not end, it goes on with {}",
            quoted(&moving.rest)
        );
        let (bytes, end) = (
            moving.moved,
            moving.end.take().expect("an upload, and not ended twice"),
        );
        self.transfer_event(TransferEvent::Ended { bytes, end });
    }

    pub(super) fn data(&mut self, what: &str) -> bool {
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        match (verb, rest) {
            ("connected", "") => {
                let data = self.data.latest();
                self.handle(Input::Connected(data));
            }
            ("accepted", "") => {
                let data = self.data.moving().transfer.data;
                self.handle(Input::Connected(data));
            }
            ("refused", "") => {
                let data = self.data.latest();
                self.handle(Input::NotConnected(data));
            }
            ("listening", at) => {
                let at: SocketAddr = at.parse().expect("an address");
                let data = self.data.latest();
                self.handle(Input::Listening(data, Some(at)));
            }
            ("cannot", "listen") => {
                let data = self.data.latest();
                self.handle(Input::Listening(data, None));
            }
            ("goes", "away") => {
                let data = self.data.latest();
                self.handle(Input::DataClosed(data));
            }
            ("secured", "") => self.transfer_event(TransferEvent::Secured { resumed: false }),
            ("resumed", "") => self.transfer_event(TransferEvent::Secured { resumed: true }),
            ("cannot", "be secured") => self.transfer_event(TransferEvent::SecureFailed),
            ("marks", text) => self.transfer_event(TransferEvent::Marker(marker(text))),
            ("brings", bytes) => self.incoming(&text(bytes), End::More),
            ("takes", bytes) => self.outgoing(&text(bytes)),
            ("ends", "") => self.incoming(&[], End::Closed),
            ("is", "sent") => self.outgoing_ended(),
            ("breaks", "") => self.transfer_event(TransferEvent::Broken),
            _ => return false,
        }
        true
    }
}
