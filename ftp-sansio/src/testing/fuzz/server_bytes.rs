//! A server's session under bytes in pieces, in clear text and under TLS.

use alloc::vec::Vec;

use super::chunks::{BATCH, Cuts, Trace, assert_alike, wire};
use super::server::ends;
use crate::data::Direction;
use crate::server::{
    Action, Config, Failure, Grant, Input, Output, Session, Tls, Transfer, TransferEvent,
};
use crate::testing::channel::{Channel, Heard};
use crate::testing::store::Store;
use crate::testing::stream::clean_end;
use crate::time::Instant;
use crate::tls::{Protection, TlsEvent, TlsFacts};
use crate::wire::VirtualPath;

/// Feeds bytes to servers in different pieces. The first byte chooses the configuration; the rest are what the client sends, with
/// `~` before the lines of it that travel in TLS.
///
/// # Panics
/// Where the pieces make a difference.
pub fn server_bytes(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    let bytes = wire(bytes, true);
    assert_alike(&bytes, |cuts| run(*choice, &bytes, cuts));
}

fn run(choice: u8, bytes: &[u8], mut cuts: Cuts) -> Trace<Output> {
    let mut server = Server::new(choice);
    for batch in bytes.chunks(BATCH) {
        server.channel.bring(batch);
        server.go_on(&mut cuts);
    }
    server.end(&mut cuts);
    (server.outputs, server.sent)
}

/// Bits of the choice, as the characters of a text have them: a digit chooses among the first three, a letter is transparent too.
mod bits {
    pub(super) const TLS: u8 = 1;
    pub(super) const REQUIRED: u8 = 2;
    pub(super) const CCC: u8 = 4;
    pub(super) const IMPLICIT: u8 = 8;
    /// TLS is up as soon as it is asked for, and hides nothing: what means something in clear text does so under it too.
    pub(super) const TRANSPARENT: u8 = 64;
    pub(super) const UNTRACED: u8 = 128;
}

/// A server whose driver answers at once, and whose transfers end when everything else waits.
struct Server {
    session: Session,
    now: Instant,
    store: Store,
    running: Option<Transfer>,
    channel: Channel,
    is_transparent: bool,
    outputs: Vec<Output>,
    sent: Vec<u8>,
}

impl Server {
    fn new(choice: u8) -> Self {
        let has = |bit| choice & bit != 0;
        let config = Config {
            trace: !has(bits::UNTRACED),
            tls: match has(bits::REQUIRED) {
                true => Tls::Require,
                false if has(bits::TLS) => Tls::Allow,
                false => Tls::Off,
            },
            ccc: has(bits::CCC),
            ..Config::default()
        };
        let mut store = Store::new();
        let name = VirtualPath::ROOT.child(b"a").expect("a name");
        store.put_file(name, b"text".to_vec());
        let begin = match has(bits::IMPLICIT) {
            true => Session::implicit,
            false => Session::new,
        };
        let mut server = Self {
            session: begin(config.into(), ends(), Instant::EPOCH),
            now: Instant::EPOCH,
            store,
            running: None,
            channel: Channel::default(),
            is_transparent: has(bits::TRANSPARENT),
            outputs: Vec::new(),
            sent: Vec::new(),
        };
        server.drain();
        server
    }

    /// Goes on until the session has taken what there is, or waits for something that will not come.
    fn go_on(&mut self, cuts: &mut Cuts) {
        loop {
            let taken = self.offer(cuts);
            let done = self.drain();
            if !self.end_transfer() && taken + done == 0 {
                return;
            }
        }
    }

    /// Offers what came, up to where the session pauses. How much of it was taken, or read of TLS.
    fn offer(&mut self, cuts: &mut Cuts) -> usize {
        let mut taken = 0;
        loop {
            let (session, now) = (&mut self.session, self.now);
            taken += self
                .channel
                .offer(|left| cuts.next(left), |bytes| session.receive(now, bytes));
            let Some(heard) = self.channel.next(self.session.wants_read()) else {
                return taken;
            };
            taken += 1;
            self.hear(heard);
        }
    }

    fn hear(&mut self, heard: Heard) {
        let input = match heard {
            Heard::Bytes => return,
            Heard::Up => {
                self.sent.extend(self.channel.hello().unwrap_or_default());
                Input::Tls(TlsEvent::Up(TlsFacts::default()))
            }
            Heard::Down => Input::Tls(TlsEvent::Down),
            Heard::Failed => Input::Tls(TlsEvent::Failed),
            Heard::Ended => Input::PeerEnded,
        };
        self.session.handle(self.now, input);
    }

    /// The transfer that runs has moved everything.
    fn end_transfer(&mut self) -> bool {
        let Some(transfer) = self.running.take() else {
            return false;
        };
        if transfer.protection != Protection::Clear {
            self.tell(&transfer, TransferEvent::Secured { resumed: true });
        }
        if transfer.direction() == Direction::Receive {
            self.tell(&transfer, TransferEvent::Received(4));
            self.running = Some(transfer);
            self.drain();
            return self.running.take().is_none();
        }
        self.ended(&transfer);
        true
    }

    fn ended(&mut self, transfer: &Transfer) {
        let end = clean_end();
        self.tell(transfer, TransferEvent::Ended { bytes: 4, end });
    }

    fn tell(&mut self, transfer: &Transfer, event: TransferEvent) {
        let input = Input::Transfer(transfer.id, event);
        self.session.handle(self.now, input);
    }

    /// How many bytes were sent and outputs taken.
    fn drain(&mut self) -> usize {
        let before = self.outputs.len() + self.sent.len();
        loop {
            let count = self.session.transmit().map_or(0, |transmit| {
                self.sent.extend_from_slice(transmit.bytes);
                transmit.bytes.len()
            });
            if count > 0 {
                self.session.transmitted(self.now, count);
                self.session.handle(self.now, Input::Flushed);
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

    fn answer(&mut self, output: &Output) {
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
                let event = match self.store.open(&transfer.task) {
                    Ok(_) => {
                        self.running = Some(transfer.clone());
                        TransferEvent::Opened {
                            path: None,
                            size: None,
                        }
                    }
                    Err(error) => TransferEvent::Failed(Failure::Storage(error)),
                };
                Input::Transfer(transfer.id, event)
            }
            Action::Commit(_) => {
                if let Some(transfer) = self.running.take() {
                    self.ended(&transfer);
                }
                return;
            }
            Action::Abort(id) => {
                self.running = None;
                Input::Transfer(*id, TransferEvent::Failed(Failure::Aborted))
            }
            Action::StartTls(_) => match self.start_tls() {
                Some(input) => input,
                None => return,
            },
            Action::StopTls => {
                let close = self.channel.stop_tls();
                self.sent.extend(close.iter().flatten());
                match close {
                    Some(_) => return,
                    None => Input::Tls(TlsEvent::Down),
                }
            }
            Action::Close(_) => return self.channel.end(),
            Action::Discard(_) => return,
        };
        self.session.handle(self.now, input);
    }

    fn start_tls(&mut self) -> Option<Input> {
        assert!(
            !self.session.wants_read(),
            "the session reads on behind its AUTH"
        );
        if self.is_transparent {
            self.sent.extend_from_slice(b"<TLS>");
            return Some(Input::Tls(TlsEvent::Up(TlsFacts::default())));
        }
        self.channel.start_tls(false);
        None
    }

    /// The client goes away, and time passes until nothing waits for it any more.
    fn end(&mut self, cuts: &mut Cuts) {
        const TIMERS: usize = 16;
        self.session.handle(self.now, Input::PeerEnded);
        self.go_on(cuts);
        for _ in 0..TIMERS {
            let Some(deadline) = self.session.deadline() else {
                break;
            };
            self.now = deadline;
            self.session.handle(self.now, Input::Tick);
            self.go_on(cuts);
        }
        assert!(self.session.is_closed(), "a session without a peer goes on");
    }
}
