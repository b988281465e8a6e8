//! A client's session under bytes in pieces, in clear text and under TLS.

use alloc::vec::Vec;

use super::chunks::{BATCH, Cuts, Trace, assert_alike, wire};
use super::client::ends;
use crate::client::{
    Action, Config, DataPath, Input, Meaning, Options, Output, Session, Tls, TransferEvent,
};
use crate::testing::channel::{Channel, Heard};
use crate::testing::stream::clean_end;
use crate::time::Instant;
use crate::tls::{Protection, TlsEvent, TlsFacts};
use crate::wire::{Arg, Command, Mode};

/// How many bytes the server says before the user has the next wish.
const A_WHILE: usize = BATCH / 10;

/// Feeds bytes to clients that have begun operations, in different pieces. The first byte chooses the configuration; the rest are what
/// the server sends, with `~` before the lines of it that travel in TLS.
///
/// # Panics
/// Where the pieces make a difference.
pub fn client_bytes(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    let bytes = wire(bytes, false);
    assert_alike(&bytes, |cuts| run(*choice, &bytes, cuts));
}

fn run(choice: u8, bytes: &[u8], mut cuts: Cuts) -> Trace<Output> {
    let mut client = Client::new(choice);
    for (index, batch) in bytes.chunks(A_WHILE).enumerate() {
        client.channel.bring(batch);
        client.go_on(&mut cuts);
        client.begin(index);
        client.go_on(&mut cuts);
    }
    client.end(&mut cuts);
    (client.outputs, client.sent)
}

/// Bits of the choice, as the characters of a text have them.
mod bits {
    pub(super) const PASSIVE_HOST_PORT: u8 = 1;
    pub(super) const ACTIVE: u8 = 2;
    pub(super) const TLS: u8 = 4;
    pub(super) const IMPLICIT: u8 = 8;
    /// One thing after another.
    pub(super) const STEP_BY_STEP: u8 = 64;
    pub(super) const UNTRACED: u8 = 128;
}

/// A client whose driver answers at once, and whose user has a wish every now and then.
struct Client {
    session: Session,
    now: Instant,
    channel: Channel,
    has_tls: bool,
    outputs: Vec<Output>,
    sent: Vec<u8>,
}

impl Client {
    fn new(choice: u8) -> Self {
        let has = |bit| choice & bit != 0;
        let config = Config {
            trace: !has(bits::UNTRACED),
            pipelining: !has(bits::STEP_BY_STEP),
            data_path: match has(bits::ACTIVE) {
                true => DataPath::Active,
                false if has(bits::PASSIVE_HOST_PORT) => DataPath::PassiveHostPort,
                false => DataPath::Passive,
            },
            tls: match has(bits::TLS) {
                true if has(bits::IMPLICIT) => Tls::Implicit,
                true => Tls::Explicit,
                false => Tls::Off,
            },
            ..Config::default()
        };
        let mut client = Self {
            session: Session::new(config.into(), ends(), Instant::EPOCH),
            now: Instant::EPOCH,
            channel: Channel::default(),
            has_tls: has(bits::TLS),
            outputs: Vec::new(),
            sent: Vec::new(),
        };
        client.drain();
        client
    }

    fn begin(&mut self, index: usize) {
        let (now, session) = (self.now, &mut self.session);
        let name = || Arg::from_static("a").unwrap_or_default();
        let blocks = Options {
            mode: Mode::Block,
            ..Options::default()
        };
        // What is refused is as telling as what is not, and seen in what is sent.
        let _ = match index % 6 {
            0 if self.has_tls => session.secure(now),
            0 => session.command(now, Command::Pwd, Meaning::Path),
            1 => session.retrieve(now, name(), Options::default()),
            2 => session.rename(now, name(), name()),
            3 => session.store(now, name(), Options::default()),
            4 => session.retrieve(now, name(), blocks),
            _ if self.has_tls => session.clear_control(now),
            _ => session.list(now, Command::Mlsd(None)),
        };
    }

    /// Goes on until the session has taken what there is, or waits for something that will not come.
    fn go_on(&mut self, cuts: &mut Cuts) {
        while self.offer(cuts) + self.drain() > 0 {}
        assert!(
            !self.channel.has_unread() || !self.session.wants_read(),
            "leaves bytes that it wants"
        );
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
            Heard::Up => Input::Tls(TlsEvent::Up(TlsFacts::default())),
            Heard::Down => Input::Tls(TlsEvent::Down),
            Heard::Failed => Input::Tls(TlsEvent::Failed),
            Heard::Ended => Input::PeerEnded,
        };
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
            Action::Connect { data, .. } => Input::Connected(*data),
            Action::Listen { data, address } => {
                Input::Listening(*data, Some((*address, 40_001).into()))
            }
            Action::Transfer(transfer) => {
                if transfer.protection != Protection::Clear {
                    let event = TransferEvent::Secured { resumed: true };
                    let input = Input::Transfer(transfer.id, event);
                    self.session.handle(self.now, input);
                }
                let end = clean_end();
                Input::Transfer(transfer.id, TransferEvent::Ended { bytes: 0, end })
            }
            Action::StartTls(_) => return self.start_tls(),
            Action::StopTls => match self.channel.stop_tls() {
                Some(close) => return self.sent.extend(close),
                None => return,
            },
            Action::Close(_) => return self.channel.end(),
            Action::Drop(..) => return,
        };
        self.session.handle(self.now, input);
    }

    fn start_tls(&mut self) {
        assert!(
            !self.session.wants_read(),
            "the session reads on behind the 234"
        );
        self.channel.start_tls(true);
        self.sent.extend(self.channel.hello().unwrap_or_default());
    }

    /// The server goes away, and time passes until nothing waits for it any more.
    fn end(&mut self, cuts: &mut Cuts) {
        self.session.handle(self.now, Input::PeerEnded);
        self.go_on(cuts);
        while let Some(deadline) = self.session.deadline() {
            assert!(deadline > self.now, "a driver would spin");
            self.now = deadline;
            self.session.handle(self.now, Input::Tick);
            self.go_on(cuts);
        }
        assert!(
            self.session.is_closed(),
            "a session without a server goes on"
        );
    }
}
