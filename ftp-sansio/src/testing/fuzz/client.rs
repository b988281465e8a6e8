//! A client's session under a hostile server, a careless driver, any user and any schedule.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;

use super::program::{Program, Recent};
use crate::client::{
    AbortStyle, Action, Config, Credentials, DataId, DataPath, Endpoints, Event, Input, Meaning,
    NotNow, Operation, OperationId, Options, Output, Refused, Session, Timeouts, Tls, TlsEvent,
    TlsFacts, TransferEvent, TransferId, TransferRequest,
};
use crate::testing::stream::{clean_end, marker};
use crate::time::Instant;
use crate::wire::{Arg, Command, Mode, Representation, Restart, Secret};

const REPLIES: &[&[u8]] = &[
    b"220 Hi",
    b"200 Fine",
    b"331 Password?",
    b"230 In",
    b"229 (|||50001|)",
    b"150 Here",
    b"226 Done",
    b"227 (192,0,2,1,9,9)",
    b"350 And?",
    b"257 \"/a\"",
    b"213 5",
    b"550 No",
    b"426 Broken",
    b"250-One\r\n type=file; a\r\n250 End",
    b"211-Can\r\n SIZE\r\n211 End",
    b"530 No",
    b"332 Account?",
    b"425 No",
    b"500 What?",
    b"120 Soon",
    b"\xff\xfb\x01",
    b"110 MARK",
    b"202 Fine",
    b"221 Bye",
    b"421 Enough",
    b"999 What",
    b"",
    b"225 Done",
    b"250 Kept",
    b"125 Go on",
    b"110 MARK 5 = 7",
    b"234 Go on",
    b"228 (4,4,192,0,2,1,2,9,9)",
    b"215 UNIX",
];

/// A session, and the program that is its world. Its own memory is on no heap, but for the operations it hands over.
#[derive(Debug)]
pub struct ClientProgram<'a> {
    program: Program<'a>,
    pub(super) session: Session,
    pub(super) now: Instant,
    pub(super) connections: Recent<DataId>,
    transfers: Recent<TransferId>,
    operations: Recent<OperationId>,
    pub(super) unfinished: u32,
    is_over: bool,
    /// The end of time has come, after which no timer expires.
    is_endless: bool,
}

impl<'a> ClientProgram<'a> {
    /// The session of this program.
    #[must_use]
    pub fn new(data: &'a [u8]) -> Self {
        let mut program = Program::new(data);
        let now = Instant::EPOCH;
        let session = Session::new(config(program.byte()), ends(), now);
        let (connections, transfers) = (Recent::new(), Recent::new());
        Self {
            program,
            session,
            now,
            connections,
            transfers,
            operations: Recent::new(),
            unfinished: 0,
            is_over: false,
            is_endless: false,
        }
    }

    /// Does the next thing. False when the program is over.
    ///
    /// # Panics
    /// Where the session breaks its contract.
    pub fn step(&mut self) -> bool {
        if self.program.is_over() {
            return false;
        }
        match self.program.byte() % 16 {
            0..=4 => self.reply(),
            5 => self.raw(),
            6 => self.flood(),
            7 => self.time(),
            8 => self.write(),
            9 | 10 => self.poll(),
            11 => self.data(),
            12 => self.transfer(),
            13 => self.give_up(),
            _ => self.begin(),
        }
        assert!(
            self.session.is_idle()
                || self.session.is_closed()
                || self.session.deadline().is_some()
                || self.is_endless,
            "nothing would ever happen, and nobody would notice: {:?}",
            self.session
        );
        if self.is_over {
            assert!(self.session.is_closed(), "a closed session opened again");
            assert_eq!(self.session.poll(), None, "something followed the end");
            assert_eq!(
                self.session.transmit(),
                None,
                "something is to be sent after the end"
            );
            assert_eq!(self.session.deadline(), None, "a timer runs after the end");
        }
        true
    }

    fn receive(&mut self, bytes: &[u8]) {
        let wanted = self.session.wants_read();
        let taken = self.session.receive(self.now, bytes);
        assert!(
            taken <= bytes.len() && (wanted || taken == 0),
            "takes bytes while it is paused"
        );
        assert!(
            taken == bytes.len() || !self.session.wants_read(),
            "leaves bytes that it wants"
        );
    }

    fn reply(&mut self) {
        let line = self.program.pick(REPLIES);
        self.receive(line);
        self.receive(b"\r\n");
    }

    fn raw(&mut self) {
        let count = usize::from(self.program.byte());
        let bytes = self.program.bytes(count);
        self.receive(bytes);
    }

    fn flood(&mut self) {
        let count = usize::from(self.program.byte());
        let piece: &[u8] = self.program.pick(&[
            &[b'a'; 64][..],
            b"\xff\xfd\x01",
            b"150-One\r\n",
            b"\n",
            b"150 Wait\r\n",
            &[0xff; 64],
        ]);
        for _ in 0..count * 4 {
            self.receive(piece);
        }
    }

    fn time(&mut self) {
        let time = self.program.duration();
        self.is_endless |= time == core::time::Duration::MAX;
        self.now += time;
        self.session.handle(self.now, Input::Tick);
        assert!(
            self.session
                .deadline()
                .is_none_or(|deadline| deadline > self.now),
            "a driver would spin"
        );
    }

    fn write(&mut self) {
        let most = usize::from(self.program.byte()) * 64;
        let waiting = self
            .session
            .transmit()
            .map_or(0, |transmit| transmit.bytes.len());
        self.session.transmitted(self.now, waiting.min(most));
        self.session.handle(self.now, Input::Flushed);
    }

    fn poll(&mut self) {
        for _ in 0..=self.program.byte() % 64 {
            let Some(output) = self.session.poll() else {
                break;
            };
            assert!(!self.is_over, "something followed the end");
            match output {
                Output::Action(Action::Connect { data, .. } | Action::Listen { data, .. }) => {
                    self.connections.push(data);
                }
                Output::Action(Action::Transfer(transfer)) => self.transfers.push(transfer.id),
                Output::Action(Action::Close(_)) => self.is_over = true,
                Output::Event(Event::Finished(..)) => {
                    assert_ne!(self.unfinished, 0, "an operation ended that had not begun");
                    self.unfinished -= 1;
                }
                Output::Action(_) | Output::Event(_) => {}
            }
        }
        assert!(
            !self.is_over || self.unfinished == 0,
            "the session ended and its operation did not"
        );
    }

    fn data(&mut self) {
        let choice = self.program.byte();
        let Some(data) = self.connections.get(choice) else {
            return;
        };
        let at: SocketAddr = (core::net::Ipv4Addr::new(192, 0, 2, 7), 40_001).into();
        let input = match choice % 8 {
            0..=2 => Input::Connected(data),
            3 => Input::NotConnected(data),
            4 => Input::Listening(data, None),
            5 => Input::DataClosed(data),
            _ => Input::Listening(data, Some(at)),
        };
        self.session.handle(self.now, input);
    }

    fn transfer(&mut self) {
        let choice = self.program.byte();
        let Some(id) = self.transfers.get(choice) else {
            return;
        };
        let event = match choice % 8 {
            0 => TransferEvent::Progress(u64::from(choice)),
            1 => TransferEvent::Broken,
            2 => TransferEvent::Secured {
                resumed: choice & 8 == 0,
            },
            3 if choice & 8 == 0 => TransferEvent::SecureFailed,
            4 => TransferEvent::Marker(marker("42")),
            _ => TransferEvent::Ended {
                bytes: 5,
                end: clean_end(),
            },
        };
        self.session.handle(self.now, Input::Transfer(id, event));
    }

    fn give_up(&mut self) {
        let choice = self.program.byte();
        let tls = |event| Input::Tls(event);
        match choice % 16 {
            0 => self.session.quit(self.now),
            1 => self.session.handle(self.now, Input::Disconnected),
            2 => self.session.handle(self.now, Input::PeerEnded),
            3 => self
                .session
                .handle(self.now, tls(TlsEvent::Up(TlsFacts::default()))),
            4 => self.session.handle(self.now, tls(TlsEvent::Down)),
            5 => self.session.handle(self.now, tls(TlsEvent::Failed)),
            6 => {
                // That it cannot be asked now is an answer too.
                let _ = self.session.ask_status(self.now);
            }
            7 => self.session.handle(self.now, Input::GivenUp),
            _ => {
                if let Some(id) = self.operations.get(choice) {
                    self.session.abort(self.now, id);
                }
            }
        }
    }

    /// Begins an operation. One that is refused is handed back, and nothing has changed.
    fn begin(&mut self) {
        let operation = operation(&mut self.program);
        let before = format!("{:?}", self.session);
        let waiting = self
            .session
            .transmit()
            .map_or(0, |transmit| transmit.bytes.len());
        match self.session.begin(self.now, operation.clone()) {
            Ok(id) => {
                self.unfinished += 1;
                self.operations.push(id);
                let sent = self
                    .session
                    .transmit()
                    .map_or(&[][..], |transmit| &transmit.bytes[waiting..]);
                assert_lines(sent);
            }
            Err(Refused {
                operation: back,
                why,
            }) => {
                assert_eq!(*back, operation, "another operation was handed back");
                assert_eq!(
                    format!("{:?}", self.session),
                    before,
                    "a refused operation changed the session: {why}"
                );
                assert!(
                    why == NotNow::Closed || !self.session.is_closed(),
                    "the end is not sticky"
                );
            }
        }
    }
}

/// A command, or none yet where a listener comes first: a line of its own and nothing else.
pub(super) fn assert_one_line(sent: &[u8]) {
    let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    assert!(
        sent.is_empty() || sent.ends_with(b"\r\n") && sent.iter().filter(is_end).count() == 2,
        "{sent:?}"
    );
}

/// Whole lines, and nothing else.
fn assert_lines(sent: &[u8]) {
    let lines = sent.split_inclusive(|&byte| byte == b'\n');
    lines.for_each(assert_one_line);
}

fn operation(program: &mut Program<'_>) -> Operation {
    let choice = program.byte();
    let count = usize::from(program.byte() % 32);
    let bytes: Vec<u8> = program
        .bytes(count)
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b'\r' | b'\n' | 0))
        .collect();
    let name = Arg::new(bytes).unwrap_or_default();
    let transfer = |command, offset: u64, representation| {
        let mut request = TransferRequest::file(command, Options::default());
        request.start = (offset > 0).then_some(Restart::Offset(offset));
        request.representation = representation;
        Operation::Transfer(request)
    };
    let image = Some(Representation::Image);
    match choice % 16 {
        0 => Operation::Login(Credentials {
            user: name.clone(),
            password: Secret::new(name),
            account: None,
        }),
        1 => Operation::Login(Credentials {
            user: name.clone(),
            password: Secret::new(name.clone()),
            account: Some(Secret::new(name)),
        }),
        2 => Operation::Rename {
            from: name.clone(),
            to: name,
        },
        3 => Operation::Command(Command::Pwd, Meaning::Path),
        4 => Operation::Command(Command::Size(name), Meaning::Size),
        5 => Operation::Command(Command::Mlst(Some(name)), Meaning::Entry),
        6 => Operation::Command(Command::Feat, Meaning::Features),
        7 => Operation::Command(
            Command::parse(name.as_bytes()).unwrap_or(Command::Noop),
            Meaning::Raw,
        ),
        8 => Operation::Command(
            Command::Unknown {
                verb: name.clone(),
                argument: Some(name),
            },
            Meaning::Done,
        ),
        9 => transfer(Command::List(None), 0, Some(Representation::default())),
        10 => transfer(Command::Stor(name), 0, image),
        11 => transfer(Command::Appe(name), 0, None),
        12 => transfer(Command::Retr(name), 5, image),
        13 => transfer(
            Command::parse(name.as_bytes()).unwrap_or(Command::Noop),
            0,
            Some(Representation::Local(7)),
        ),
        14 => {
            let mode = [Mode::Block, Mode::Stream][count % 2];
            let options = Options {
                mode,
                ..Options::default()
            };
            let command = if count & 2 == 0 {
                Command::Retr(name)
            } else {
                Command::Stor(name)
            };
            match count & 4 {
                0 => Operation::Transfer(TransferRequest::file(command, options)),
                _ => Operation::ThirdParty(TransferRequest::file(command, options)),
            }
        }
        _ if count == 1 => Operation::Secure,
        _ if count == 2 => Operation::ClearControl,
        _ => transfer(Command::Retr(name), 0, image),
    }
}

fn config(choice: u8) -> Arc<Config> {
    let data_path = [
        DataPath::Passive,
        DataPath::PassiveHostPort,
        DataPath::Active,
    ][usize::from(choice / 4) % 3];
    let mut config = Config {
        trace: choice & 1 == 1,
        data_path,
        ..Config::default()
    };
    if choice & 2 == 2 {
        config.timeouts = Timeouts::all(core::time::Duration::ZERO);
    }
    config.pipelining = choice & 16 == 0;
    config.eager_uploads = choice & 32 == 32;
    if choice & 64 == 64 {
        config.abort = AbortStyle::Synch;
        config.keepalive = Some(core::time::Duration::from_secs(30));
    }
    if choice & 128 == 128 {
        config.tls = [Tls::Explicit, Tls::Implicit][usize::from(choice / 4) % 2];
    }
    config.into()
}

pub(super) fn ends() -> Endpoints {
    let Endpoints { local, peer } = super::server::ends();
    Endpoints {
        local: peer,
        peer: local,
    }
}
