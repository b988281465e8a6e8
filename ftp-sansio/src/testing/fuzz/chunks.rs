//! Chunking never changes behaviour: the same bytes, in any pieces, give the same outputs and the same bytes sent.

use alloc::vec::Vec;

use super::server::clean_end;
use crate::client;
use crate::server::{self, Failure, Grant, TransferEvent, TransferId};
use crate::testing::Random;
use crate::testing::store::Store;
use crate::time::Instant;
use crate::tls::{Protection, TlsEvent, TlsFacts};

/// What a session did: its outputs, and the bytes it sent.
type Trace<O> = (Vec<O>, Vec<u8>);

/// Bytes are given in batches of at most this many, and outputs are taken between batches.
const BATCH: usize = 700;

/// How a batch is cut.
enum Cuts {
    Whole,
    Bytes,
    Random(Random),
}

impl Cuts {
    fn next(&mut self, left: usize) -> usize {
        match self {
            Self::Whole => left,
            Self::Bytes => 1,
            Self::Random(random) => 1 + random.up_to(left - 1).min(random.up_to(40)),
        }
    }
}

fn seed(bytes: &[u8]) -> u64 {
    bytes.iter().fold(bytes.len() as u64, |seed, &byte| {
        seed.wrapping_mul(31).wrapping_add(u64::from(byte))
    })
}

fn assert_alike<O: PartialEq + core::fmt::Debug>(seed: u64, mut run: impl FnMut(Cuts) -> Trace<O>) {
    let whole = run(Cuts::Whole);
    assert_eq!(run(Cuts::Bytes), whole, "byte by byte");
    assert_eq!(run(Cuts::Random(Random::new(seed))), whole, "in pieces");
}

/// Feeds `bytes` to servers in different pieces, cut as `cuts` says.
///
/// # Panics
/// Where they do not do the same.
pub fn server_chunks(bytes: &[u8], cuts: &[u8]) {
    assert_alike(seed(cuts), |mut cuts| {
        let mut world = Server::new();
        for batch in bytes.chunks(BATCH) {
            world.batch(batch, &mut cuts);
        }
        (world.outputs, world.sent)
    });
}

/// A server whose driver answers at once, and whose transfers end with the batch after the one they began in.
struct Server {
    session: server::Session,
    store: Store,
    running: Option<(TransferId, Protection)>,
    outputs: Vec<server::Output>,
    sent: Vec<u8>,
}

impl Server {
    fn new() -> Self {
        let config = server::Config {
            trace: true,
            tls: server::Tls::Allow,
            ccc: true,
            ..server::Config::default()
        };
        let mut store = Store::new();
        if let Ok(name) = server_name() {
            store.put_file(name, b"text".to_vec());
        }
        let session = server::Session::new(config.into(), super::server::ends(), Instant::EPOCH);
        Self {
            session,
            store,
            running: None,
            outputs: Vec::new(),
            sent: Vec::new(),
        }
    }

    fn batch(&mut self, mut bytes: &[u8], cuts: &mut Cuts) {
        loop {
            while !bytes.is_empty() {
                let piece = cuts.next(bytes.len());
                let taken = self.session.receive(Instant::EPOCH, &bytes[..piece]);
                bytes = &bytes[taken..];
                if taken < piece {
                    break;
                }
            }
            let left = bytes.len();
            let done = self.drain();
            if let Some((id, protection)) = self.running.take() {
                if protection != Protection::Clear {
                    let event = TransferEvent::Secured { resumed: true };
                    self.session
                        .handle(Instant::EPOCH, server::Input::Transfer(id, event));
                }
                let event = TransferEvent::Ended {
                    bytes: 4,
                    end: clean_end(),
                };
                self.session
                    .handle(Instant::EPOCH, server::Input::Transfer(id, event));
            } else if bytes.is_empty()
                || (done == 0 && left == bytes.len() && !self.session.wants_read())
            {
                return;
            }
        }
    }

    fn drain(&mut self) -> usize {
        let before = self.outputs.len() + self.sent.len();
        loop {
            let count = self.session.transmit().map_or(0, |transmit| {
                self.sent.extend_from_slice(transmit.bytes);
                transmit.bytes.len()
            });
            if count > 0 {
                self.session.transmitted(Instant::EPOCH, count);
                self.session.handle(Instant::EPOCH, server::Input::Flushed);
            }
            match self.session.poll() {
                Some(output) => {
                    self.answer(&output);
                    self.outputs.push(output);
                }
                None if count == 0 => return self.outputs.len() + self.sent.len() - before,
                None => {}
            }
        }
    }

    fn answer(&mut self, output: &server::Output) {
        use server::{Action, Input, Output};
        let Output::Action(action) = output else {
            return;
        };
        let input = match action {
            Action::Authenticate { request, user, .. } => {
                Input::Login(*request, (user.len() > 1).then(Grant::read_write))
            }
            Action::Perform { request, operation } => {
                Input::Storage(*request, self.store.perform(operation.clone()))
            }
            Action::Listen { data, .. } => Input::Listening(*data, Some(50_001)),
            Action::Transfer(transfer) => {
                let opened = self.store.open(&transfer.task);
                self.running = opened.is_ok().then_some((transfer.id, transfer.protection));
                let opened = opened.map(|_| TransferEvent::Opened {
                    path: None,
                    size: None,
                });
                Input::Transfer(
                    transfer.id,
                    opened.unwrap_or_else(|error| TransferEvent::Failed(Failure::Storage(error))),
                )
            }
            Action::Abort(id) => {
                self.running = None;
                Input::Transfer(*id, TransferEvent::Failed(Failure::Aborted))
            }
            Action::StartTls(_) => {
                self.sent.extend_from_slice(b"<TLS>");
                Input::Tls(TlsEvent::Up(TlsFacts::default()))
            }
            Action::StopTls => {
                self.sent.extend_from_slice(b"</TLS>");
                Input::Tls(TlsEvent::Down)
            }
            Action::Discard(_) | Action::Commit(_) | Action::Close(_) => return,
        };
        self.session.handle(Instant::EPOCH, input);
    }
}

fn server_name() -> Result<crate::wire::VirtualPath, crate::wire::InvalidPath> {
    crate::wire::VirtualPath::ROOT.child(b"a")
}

/// Feeds `bytes` to clients that have begun operations, in different pieces, cut as `cuts` says.
///
/// # Panics
/// Where they do not do the same.
pub fn client_chunks(bytes: &[u8], cuts: &[u8]) {
    assert_alike(seed(cuts), |mut cuts| {
        let config = client::Config {
            trace: true,
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
