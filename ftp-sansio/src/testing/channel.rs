//! One end of a control connection as a driver has it: in clear text, or under the tests' TLS.

use alloc::vec::Vec;

use super::tls::{FakeTls, Record};

/// What travels, and what of it may be read.
#[derive(Debug, Default)]
pub(super) struct Channel {
    layer: Layer,
    /// What came and the session has not taken.
    unread: Vec<u8>,
    last_taken: Option<u8>,
}

#[derive(Debug, Default)]
enum Layer {
    #[default]
    Clear,
    /// Under TLS, or on the way there; or on the way out, having sent its own `close_notify`.
    Tls { tls: FakeTls, is_stopping: bool },
    /// Nothing more comes.
    Ended,
}

/// What came besides bytes in clear text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    /// Bytes under TLS, which may be read now.
    Bytes,
    /// The handshake is complete on this side; this end's hello may have to be sent yet.
    Up,
    /// TLS has ended as this side had asked.
    Down,
    /// What came is no TLS.
    Failed,
    /// TLS has ended, and the connection with it.
    Ended,
}

impl Channel {
    /// The socket brings bytes.
    pub(super) fn bring(&mut self, bytes: &[u8]) {
        match &mut self.layer {
            Layer::Clear => self.unread.extend_from_slice(bytes),
            Layer::Tls { tls, .. } => tls.feed(bytes),
            Layer::Ended => {}
        }
    }

    /// Offers what came to a session, in pieces of which `piece` chooses the lengths, up to where it pauses. How much it took.
    pub(super) fn offer(
        &mut self,
        mut piece: impl FnMut(usize) -> usize,
        mut receive: impl FnMut(&[u8]) -> usize,
    ) -> usize {
        let mut taken = 0;
        while taken < self.unread.len() {
            let piece = piece(self.unread.len() - taken);
            let count = receive(&self.unread[taken..taken + piece]);
            assert!(count <= piece, "takes more than there is");
            taken += count;
            if count < piece {
                break;
            }
        }
        self.last_taken = self.unread[..taken].last().copied().or(self.last_taken);
        self.unread.drain(..taken);
        taken
    }

    /// Takes all that came.
    pub(super) fn take_unread(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.unread)
    }

    /// What was taken and is wanted later.
    pub(super) fn put_back(&mut self, mut bytes: Vec<u8>) {
        bytes.append(&mut self.unread);
        self.unread = bytes;
    }

    /// Whether something waits to be taken.
    pub(super) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Whether TLS is on its way up or down: what comes then is no business of the session's, which reads nothing.
    const fn is_changing(&self) -> bool {
        match &self.layer {
            Layer::Tls { tls, is_stopping } => *is_stopping || !tls.is_up(),
            Layer::Clear | Layer::Ended => false,
        }
    }

    /// Whether the socket is to be read, for a session that says whether it wants more.
    pub(super) fn wants_read(&self, session: bool) -> bool {
        self.is_changing() || (session && self.unread.is_empty())
    }

    /// Reads the next record, where [the socket is to be read](Self::wants_read). What the last one brought and was not taken is
    /// shown to a session that ends TLS afterwards.
    pub(super) fn next(&mut self, session: bool) -> Option<Heard> {
        if !self.wants_read(session) {
            return None;
        }
        let Layer::Tls { tls, is_stopping } = &mut self.layer else {
            return None;
        };
        Some(match tls.next()? {
            Record::Data(bytes) => {
                self.unread.extend(bytes);
                Heard::Bytes
            }
            Record::Up => Heard::Up,
            Record::Failed => Heard::Failed,
            Record::Closed if !*is_stopping => {
                self.layer = Layer::Ended;
                Heard::Ended
            }
            Record::Closed => {
                if let Layer::Tls { tls, .. } = core::mem::take(&mut self.layer) {
                    self.unread.extend(tls.into_rest());
                }
                Heard::Down
            }
        })
    }

    /// Begins TLS. What was not taken is the beginning of what the other end says in it.
    pub(super) fn start_tls(&mut self, is_client: bool) {
        assert!(
            matches!(self.last_taken, None | Some(b'\n')),
            "the session has taken what stands behind the line that begins TLS"
        );
        let mut tls = FakeTls::new(is_client);
        tls.feed(&core::mem::take(&mut self.unread));
        self.layer = Layer::Tls {
            tls,
            is_stopping: false,
        };
    }

    /// This end's hello, when it is time for it.
    pub(super) fn hello(&mut self) -> Option<Vec<u8>> {
        match &mut self.layer {
            Layer::Tls { tls, .. } => tls.hello(),
            _ => None,
        }
    }

    /// Ends TLS: the `close_notify` to send.
    pub(super) fn stop_tls(&mut self) -> Option<Vec<u8>> {
        match &mut self.layer {
            Layer::Tls { tls, is_stopping } => {
                *is_stopping = true;
                Some(tls.close())
            }
            _ => None,
        }
    }

    /// What travels of these bytes.
    pub(super) fn wrap(&mut self, bytes: &[u8]) -> Vec<u8> {
        match &mut self.layer {
            Layer::Tls { tls, .. } => tls.data(bytes),
            _ => bytes.to_vec(),
        }
    }

    /// Nothing more is read.
    pub(super) fn end(&mut self) {
        self.layer = Layer::Ended;
        self.unread.clear();
    }
}
