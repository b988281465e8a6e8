//! A session without a world: whatever it asks for is answered in the shortest way. For what a transcript cannot show, since it lies between
//! its lines.

use ftp_sansio::server::{
    Action, Config, Endpoints, Failure, Grant, Input, Output, Session, StorageError, TransferEvent,
};
use ftp_sansio::time::Instant;
use ftp_sansio::tls::{TlsEvent, TlsFacts};

const NOW: Instant = Instant::EPOCH;

pub(crate) struct Bare {
    session: Session,
    /// What it sent, and what it asked for and told, in order.
    pub(crate) sent: String,
    pub(crate) outputs: Vec<String>,
    /// TLS was asked for: what the session has not taken by then is ciphertext.
    pub(crate) in_handshake: bool,
    /// Offered, and not taken.
    pub(crate) unread: Vec<u8>,
}

impl Bare {
    pub(crate) fn new(config: Config) -> Self {
        let ends = Endpoints {
            local: ([192, 0, 2, 1], 21).into(),
            peer: ([192, 0, 2, 7], 40_000).into(),
        };
        let mut bare = Self {
            session: Session::new(config.into(), ends, NOW),
            sent: String::new(),
            outputs: Vec::new(),
            in_handshake: false,
            unread: Vec::new(),
        };
        bare.drain();
        bare
    }

    /// Brings bytes, and does what is asked for.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.bring(bytes);
        self.drain();
    }

    /// Brings bytes, and does nothing.
    pub(crate) fn bring(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        self.offer();
    }

    fn offer(&mut self) -> usize {
        let taken = match self.in_handshake {
            true => 0,
            false => self.session.receive(NOW, &self.unread),
        };
        self.unread.drain(..taken);
        taken
    }

    /// Writes, reads and answers until nothing moves.
    pub(crate) fn drain(&mut self) {
        loop {
            let written = self.write();
            let polled = self.session.poll();
            let is_idle = polled.is_none() && written == 0;
            if let Some(output) = polled {
                self.outputs.push(format!("{output:?}"));
                self.answer(output);
            }
            if self.offer() == 0 && is_idle {
                return;
            }
        }
    }

    fn write(&mut self) -> usize {
        let Some(transmit) = self.session.transmit() else {
            return 0;
        };
        let count = transmit.bytes.len();
        self.sent.push_str(&String::from_utf8_lossy(transmit.bytes));
        self.session.transmitted(NOW, count);
        self.session.handle(NOW, Input::Flushed);
        count
    }

    fn answer(&mut self, output: Output) {
        let Output::Action(action) = output else {
            return;
        };
        let input = match action {
            Action::Authenticate { request, user, .. } => {
                let grant = match user.as_bytes() {
                    b"anna" => Some(Grant::read_write()),
                    b"guest" => Some(Grant::read_only("")),
                    _ => None,
                };
                Input::Login(request, grant)
            }
            Action::Perform { request, .. } => Input::Storage(request, Err(StorageError::NotFound)),
            Action::Listen { data, .. } => Input::Listening(data, Some(50_001)),
            Action::Transfer(transfer) => {
                let refused = TransferEvent::Failed(Failure::Storage(StorageError::NotFound));
                Input::Transfer(transfer.id, refused)
            }
            Action::StartTls(_) => {
                self.in_handshake = true;
                return;
            }
            Action::StopTls => Input::Tls(TlsEvent::Down),
            _ => return,
        };
        self.session.handle(NOW, input);
    }

    /// The handshake is complete; what had not been taken by then went into it.
    pub(crate) fn tls_is_up(&mut self) {
        assert!(self.in_handshake, "TLS was not asked for");
        self.in_handshake = false;
        self.unread.clear();
        self.session
            .handle(NOW, Input::Tls(TlsEvent::Up(TlsFacts::default())));
        self.drain();
    }

    /// The codes of the replies since the last call.
    pub(crate) fn codes(&mut self) -> Vec<u16> {
        let sent = core::mem::take(&mut self.sent);
        // The last line of a reply has a space behind its code, and a line within none in front.
        let is_last = |line: &&str| line.as_bytes().get(3) == Some(&b' ');
        let lines = sent.lines().filter(is_last);
        lines
            .filter_map(|line| line.get(..3)?.parse().ok())
            .collect()
    }
}
