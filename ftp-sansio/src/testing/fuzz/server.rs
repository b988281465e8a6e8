//! A server's session under a hostile client, a careless driver and any schedule.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use super::program::{Program, Recent};
use crate::data::{Direction, End, Marker, Parameters, Status, Tuning};
use crate::listing::{Entry, Kind, Permissions};
use crate::server::{
    self, Action, Answer, Capability, Config, DataId, DataTls, Endpoints, Failure, FileDigest,
    Grant, Input, Output, RequestId, Session, StorageError, Timeouts, TransferEvent, TransferId,
};
use crate::testing::Store;
use crate::testing::stream::clean_end;
use crate::time::Instant;
use crate::tls::{Resumption, TlsEvent, TlsFacts};
use crate::wire::{Arg, DateTime, Mode, VirtualPath};

/// What a client may well say. Some of them end a session: they come last, where small numbers do not choose them.
const LINES: &[&[u8]] = &[
    b"USER anna",
    b"PASS hush",
    b"EPSV",
    b"RETR a",
    b"STOR a",
    b"LIST",
    b"ABOR",
    b"STAT",
    b"NOOP",
    b"PASV",
    b"TYPE I",
    b"REST 5",
    b"MLSD",
    b"CWD a",
    b"STAT a",
    b"SIZE a",
    b"RNFR a",
    b"RNTO b",
    b"PORT 192,0,2,7,100,0",
    b"APPE a",
    b"STOU",
    b"MKD \"\"\"\"",
    b"DELE a",
    b"HELP",
    b"FEAT",
    b"MLST",
    b"EPSV ALL",
    b"OPTS MLST size;",
    b"CDUP",
    b"PWD",
    b"EPRT |1|192.0.2.7|2000|",
    b"\xff\xf4\xff\xf2ABOR",
    b"\xff\xfd\x01",
    b"",
    b"TYPE",
    b"TYPE A",
    b"nonsense",
    b"REST 99999999999999999999",
    b"ACCT x",
    b"SITE x",
    b"MDTM a",
    b"RMD a",
    b"AUTH TLS",
    b"PBSZ 0",
    b"PROT P",
    b"PROT C",
    b"AUTH TLS-P",
    b"CCC",
    b"HOST ftp.example.com",
    b"LPSV",
    b"LPRT 4,4,192,0,2,7,2,100,0",
    b"MODE B",
    b"MODE S",
    b"CPSV",
    b"SSCN ON",
    b"PRET STOR a",
    b"LANG en",
    b"MIC x",
    b"CSID Name=x;",
    b"MDTM 20240102150405 a",
    b"MFMT 20240102150405 a",
    b"MFF UNIX.mode=640;Modify=20240102150405; a",
    b"HASH a",
    b"RANG 0 5",
    b"OPTS HASH MD5",
    b"XCRC a 0 5",
    b"AVBL",
    b"COMB t a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4 5 6 7 8 9",
    b"SITE CHMOD 640 a",
    b"SITE CPFR a",
    b"SITE CPTO b",
    b"SITE RMDIR -p a/b/c",
    b"SITE SYMLINK ../a b",
    b"SITE HELP",
    b"SITE IDLE 60",
    b"NLST *a*a*b",
    b"REIN",
    b"QUIT",
    b"GET / HTTP/1.1",
];

/// A session, and the program that is its world. Its own memory is on no heap.
#[derive(Debug)]
pub struct ServerProgram<'a> {
    program: Program<'a>,
    pub(super) session: Session,
    pub(super) now: Instant,
    pub(super) requests: Recent<RequestId>,
    pub(super) listeners: Recent<DataId>,
    pub(super) transfers: Recent<TransferId>,
    /// The last data connection that was to be kept.
    kept: Option<DataId>,
    tls: Tls,
    is_over: bool,
}

/// What was asked for on the control connection and has not been answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tls {
    Settled,
    Starting,
    Stopping,
}

impl<'a> ServerProgram<'a> {
    /// The session of this program.
    #[must_use]
    pub fn new(data: &'a [u8]) -> Self {
        let mut program = Program::new(data);
        let now = Instant::EPOCH;
        let choice = program.byte();
        let session = match choice & 0x88 {
            0x88 => Session::implicit(config(choice), ends(), now),
            _ => Session::new(config(choice), ends(), now),
        };
        let (requests, listeners, transfers) = (Recent::new(), Recent::new(), Recent::new());
        Self {
            program,
            session,
            now,
            requests,
            listeners,
            transfers,
            kept: None,
            tls: Tls::Settled,
            is_over: false,
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
            0..=4 => self.line(),
            5 => self.raw(),
            6 => self.flood(),
            7 | 8 => self.time(),
            9 => self.write(),
            10 => self.poll(),
            11 => self.session.handle(self.now, Input::Flushed),
            12 => self.login(),
            13 => self.storage(),
            14 => self.listening(),
            _ => self.transfer(),
        }
        self.check();
        true
    }

    fn check(&mut self) {
        if self.tls != Tls::Settled && !self.session.is_closed() {
            assert!(
                !self.session.wants_read() && self.session.transmit().is_none(),
                "reads or writes while the control connection is neither clear nor under TLS"
            );
        }
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

    fn line(&mut self) {
        let line = self.program.pick(LINES);
        self.receive(line);
        self.receive(b"\r\n");
    }

    fn raw(&mut self) {
        let count = usize::from(self.program.byte());
        let bytes = self.program.bytes(count);
        self.receive(bytes);
    }

    /// Much at once: one long line, or many short ones.
    fn flood(&mut self) {
        let count = usize::from(self.program.byte());
        let piece: &[u8] = self.program.pick(&[
            &[b'"'; 64][..],
            &[0xff; 64],
            b"\xff\xfd\x01",
            b"NOOP\r\n",
            b"HELP\n",
            b"\n",
            b"STAT\n",
            b"ABOR\n",
        ]);
        for _ in 0..count {
            self.receive(piece);
        }
    }

    fn time(&mut self) {
        self.now += self.program.duration();
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
    }

    fn poll(&mut self) {
        let most = usize::from(self.program.byte() % 64) + 1;
        self.poll_some(most);
    }

    fn poll_some(&mut self, most: usize) {
        for _ in 0..most {
            let Some(output) = self.session.poll() else {
                break;
            };
            assert!(!self.is_over, "something followed the end");
            let Output::Action(action) = output else {
                continue;
            };
            match action {
                Action::Authenticate { request, .. } | Action::Perform { request, .. } => {
                    self.requests.push(request);
                }
                Action::Listen { data, .. } => self.listeners.push(data),
                Action::Transfer(transfer) => {
                    self.transfers.push(transfer.id);
                    self.kept = transfer.keep.then_some(transfer.route.data());
                }
                Action::Close(_) => self.is_over = true,
                Action::StartTls(_) => self.tls = Tls::Starting,
                Action::StopTls => self.tls = Tls::Stopping,
                Action::Discard(_) | Action::Commit(_) | Action::Abort(_) => {}
            }
        }
    }

    fn login(&mut self) {
        let choice = self.program.byte();
        match choice % 64 {
            59 => self.session.handle(self.now, Input::PeerEnded),
            60 => self.session.handle(self.now, Input::Disconnected),
            61 => self.session.handle(self.now, Input::Shutdown),
            48..=58 => self.tls(choice),
            _ => {
                let Some(request) = self.requests.get(choice) else {
                    return;
                };
                let mut grant = match choice % 4 {
                    0 => None,
                    1 => Some(Grant::read_only("No.")),
                    _ => Some(Grant::read_write()),
                };
                if let Some(grant) = grant.as_mut().filter(|_| choice % 8 != 7) {
                    grant.capabilities = Store::CAPABILITIES.with(Capability::Site);
                }
                self.session.handle(self.now, Input::Login(request, grant));
            }
        }
    }

    /// The answer that is waited for, mostly; and sometimes one that nobody waits for.
    fn tls(&mut self, choice: u8) {
        // A driver that answers a question before it has read it answers none.
        self.poll_some(usize::MAX);
        let up = || {
            TlsEvent::Up(TlsFacts::new(
                Arg::from_static("ftp.example.com").ok(),
                true,
            ))
        };
        let event = match (choice % 16, self.tls) {
            (0 | 1, _) => TlsEvent::Failed,
            (2, _) => up(),
            (3, _) => TlsEvent::Down,
            (_, Tls::Starting) => up(),
            (_, Tls::Stopping) => TlsEvent::Down,
            (_, Tls::Settled) => {
                if let Some(data) = self.kept {
                    self.session.handle(self.now, Input::DataClosed(data));
                }
                return;
            }
        };
        let is_answer = matches!(
            (self.tls, &event),
            (Tls::Starting, TlsEvent::Up(_))
                | (Tls::Stopping, TlsEvent::Down)
                | (_, TlsEvent::Failed)
        );
        if is_answer {
            self.tls = Tls::Settled;
        }
        self.session.handle(self.now, Input::Tls(event));
    }

    fn storage(&mut self) {
        let choice = self.program.byte();
        let Some(request) = self.requests.get(choice) else {
            return;
        };
        let answer = match choice % 8 {
            0 => Err(StorageError::NotFound),
            1 => Err(StorageError::NoSpace),
            2 | 3 => Ok(Answer::Entry(Box::new(Entry {
                size: Some(5),
                ..Entry::new(&b"a"[..], Kind::File)
            }))),
            4 => Ok(glance(usize::from(self.program.byte()))),
            5 => Ok(rarer(self.program.byte())),
            _ => Ok(Answer::Done),
        };
        self.session
            .handle(self.now, Input::Storage(request, answer));
    }

    fn listening(&mut self) {
        let choice = self.program.byte();
        let Some(data) = self.listeners.get(choice) else {
            return;
        };
        let port = (!choice.is_multiple_of(8)).then_some(50_001);
        self.session.handle(self.now, Input::Listening(data, port));
    }

    fn transfer(&mut self) {
        let choice = self.program.byte();
        let Some(id) = self.transfers.get(choice) else {
            return;
        };
        let event = match choice % 11 {
            0 | 1 => TransferEvent::Opened {
                path: VirtualPath::root().child(b"a").ok(),
                size: Some(5),
            },
            2 => TransferEvent::Connected,
            3 => TransferEvent::Progress(u64::from(choice)),
            4 => TransferEvent::Received(u64::from(choice)),
            5 => TransferEvent::Ended {
                bytes: 5,
                end: clean_end(),
            },
            6 => TransferEvent::Failed(Failure::Broken),
            7 | 8 => TransferEvent::Secured {
                resumed: choice < 200,
            },
            9 => TransferEvent::Marker(marker().into()),
            _ => TransferEvent::Failed(Failure::Storage(StorageError::NoSpace)),
        };
        self.session.handle(self.now, Input::Transfer(id, event));
    }
}

fn rarer(choice: u8) -> Answer {
    match choice % 4 {
        0 => Answer::Digest(FileDigest {
            digest: [choice; 64].to_vec().into(),
            start: u64::from(choice),
            end: 5,
        }),
        1 => Answer::Available(u64::MAX),
        2 => Answer::Umask(Permissions::new(0o22)),
        _ => Answer::Text(alloc::vec![Bytes::from_static(b"a\r\n\xff"); usize::from(choice) * 20]),
    }
}

fn glance(count: usize) -> Answer {
    let entry = Entry::new([0xff; 200].to_vec(), Kind::File);
    let entries: Vec<_> = core::iter::repeat_n(entry, count).collect();
    Answer::Entries {
        entries,
        more: false,
        at: DateTime::UNIX_EPOCH,
    }
}

/// The longest there is, as a codec finds it in a block.
fn marker() -> Marker {
    let tuning = Tuning {
        offset: u64::MAX,
        ..Tuning::default()
    };
    let parameters = Parameters {
        mode: Mode::Block,
        ..Parameters::IMAGE
    };
    let block = [&b"\x10\x00\xff"[..], &[b'1'; 255]].concat();
    let codec = parameters.codec_with(Direction::Receive, &tuning);
    let progress = codec.map(|mut codec| codec.step(&block, &mut [0; 4], End::More));
    match progress.map(|progress| progress.status) {
        Some(Status::Marker(marker)) => marker,
        other => panic!("a block that holds a marker, and not {other:?}"),
    }
}

fn config(choice: u8) -> Arc<Config> {
    let mut config = Config {
        trace: choice & 1 == 1,
        ..Config::default()
    };
    if choice & 2 == 2 {
        let zero = Duration::ZERO;
        config.timeouts = Timeouts {
            handshake: zero,
            login: zero,
            idle: zero,
            data_open: zero,
            data_progress: zero,
            doubt: zero,
            login_delay: zero,
            linger: zero,
        };
    }
    if choice & 4 == 4 {
        config.timeouts.login = Duration::MAX;
        config.timeouts.idle = Duration::MAX;
        config.timeouts.handshake = Duration::MAX;
    }
    if choice & 16 == 16 {
        config.data_tls = DataTls::Require;
        config.resumption = Resumption::Require;
    }
    config.tls = match choice & 0xa0 {
        0xa0 => server::Tls::Require,
        _ => server::Tls::Allow,
    };
    (config.ccc, config.fxp) = (choice & 64 == 64, choice & 64 == 64);
    config.into()
}

pub(super) fn ends() -> Endpoints {
    let end = |last, port| (core::net::Ipv4Addr::new(192, 0, 2, last), port).into();
    Endpoints {
        local: end(1, 21),
        peer: end(7, 40_000),
    }
}
