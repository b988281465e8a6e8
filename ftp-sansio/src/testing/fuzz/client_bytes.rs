//! A client's session under bytes in pieces.

use alloc::vec::Vec;

use super::chunks::{BATCH, Cuts, assert_alike};
use super::server::clean_end;
use crate::client::{self, DataPath};
use crate::time::Instant;

const WAYS: [DataPath; 3] = [
    DataPath::Passive,
    DataPath::PassiveHostPort,
    DataPath::Active,
];

/// Feeds bytes to clients that have begun operations, in different pieces. The first byte chooses the configuration; the rest are what
/// the server sends.
///
/// # Panics
/// Where the pieces make a difference.
pub fn client_bytes(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    assert_alike(bytes, |mut cuts| {
        let config = client::Config {
            trace: choice & 128 == 0,
            data_path: WAYS[usize::from(*choice) % WAYS.len()],
            ..client::Config::default()
        };
        let session = client::Session::new(config.into(), super::client::ends(), Instant::EPOCH);
        let mut world = Client {
            session,
            outputs: Vec::new(),
            sent: Vec::new(),
        };
        for (index, batch) in bytes.chunks(BATCH / 10).enumerate() {
            world.batch(batch, &mut cuts);
            world.begin(index);
        }
        (world.outputs, world.sent)
    });
}

/// A client whose driver answers at once, and whose user has a wish after every batch.
struct Client {
    session: client::Session,
    outputs: Vec<client::Output>,
    sent: Vec<u8>,
}

impl Client {
    fn begin(&mut self, index: usize) {
        use crate::wire::Command;
        let name = || crate::wire::Arg::from_static("a").unwrap_or_default();
        let now = Instant::EPOCH;
        // What is refused is as telling as what is not, and seen in what is sent.
        let _ = match index % 4 {
            0 => self
                .session
                .command(now, Command::Pwd, client::Meaning::Path),
            1 => self
                .session
                .retrieve(now, name(), client::Options::default()),
            2 => self.session.rename(now, name(), name()),
            _ => self.session.store(now, name(), client::Options::default()),
        };
        self.drain();
    }

    fn batch(&mut self, mut bytes: &[u8], cuts: &mut Cuts) {
        while !bytes.is_empty() {
            let piece = cuts.next(bytes.len());
            let taken = self.session.receive(Instant::EPOCH, &bytes[..piece]);
            bytes = &bytes[taken..];
            if taken < piece {
                self.drain();
                assert!(
                    self.session.wants_read(),
                    "paused, and nothing was left to take"
                );
            }
        }
        self.drain();
    }

    fn drain(&mut self) {
        use client::{Action, Input, Output};
        loop {
            if let Some(transmit) = self.session.transmit() {
                let count = transmit.bytes.len();
                self.sent.extend_from_slice(transmit.bytes);
                self.session.transmitted(Instant::EPOCH, count);
                self.session.handle(Instant::EPOCH, Input::Flushed);
            }
            let Some(output) = self.session.poll() else {
                break;
            };
            match &output {
                Output::Action(Action::Connect { data, .. }) => {
                    self.session.handle(Instant::EPOCH, Input::Connected(*data));
                }
                Output::Action(Action::Transfer(transfer)) => {
                    let event = client::TransferEvent::Ended {
                        bytes: 0,
                        end: clean_end(),
                    };
                    self.session
                        .handle(Instant::EPOCH, Input::Transfer(transfer.id, event));
                }
                _ => {}
            }
            self.outputs.push(output);
        }
    }
}
