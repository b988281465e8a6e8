//! A peer that speaks TLS by hand, on rustls alone: whatever a test wants said under it, around it and against it.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use ftp_sansio::tls::TlsRole;
use rustls::crypto::cipher::{MessageEncrypter, OutboundChunks, OutboundPlainMessage};
use rustls::{Connection, ConnectionTrafficSecrets, ContentType, ProtocolVersion};

use super::peer::Peer;
use super::site::{ANNA, Site};
use super::support::{read, write_all};
use super::tls::{client_tls, name, server_tls};
use crate::runtime::{Runtime, Stream};
use crate::tls::{ControlClient, ControlServer, Version};

/// One connection under TLS.
pub(super) struct Wire<S> {
    pub(super) stream: S,
    /// Boxed, as the buffers are: the futures of tests are moved about on small stacks.
    session: Box<Connection>,
    /// Read, and not shown to rustls yet, which takes what follows the end of TLS as well.
    incoming: Vec<u8>,
    /// Plain bytes that nobody has taken.
    plain: Vec<u8>,
}

impl<S: Stream> Wire<S> {
    /// Makes the handshake.
    pub(super) async fn new(stream: S, session: Connection) -> io::Result<Self> {
        let mut wire = Self {
            stream,
            session: Box::new(session),
            incoming: Vec::new(),
            plain: Vec::new(),
        };
        loop {
            wire.flush().await?;
            if !wire.session.is_handshaking() {
                return Ok(wire);
            }
            if !wire.take_in().await? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The ciphertext that waits to be sent.
    fn outgoing(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while self.session.wants_write() {
            self.session.write_tls(&mut out).unwrap();
        }
        out
    }

    /// The stream, and what makes the next records of it, of TLS 1.3. The session has to have been told that its keys may be had.
    pub(super) fn into_parts(self) -> (S, Sealer) {
        let suite = self.session.negotiated_cipher_suite().unwrap();
        let algorithm = suite.tls13().unwrap().aead_alg;
        let (next, secrets) = self.session.dangerous_extract_secrets().unwrap().tx;
        let (ConnectionTrafficSecrets::Aes128Gcm { key, iv }
        | ConnectionTrafficSecrets::Aes256Gcm { key, iv }
        | ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv }) = secrets
        else {
            unreachable!("TLS 1.3 has no others");
        };
        let encrypter = algorithm.encrypter(key, iv);
        (self.stream, Sealer { encrypter, next })
    }

    async fn flush(&mut self) -> io::Result<()> {
        let out = self.outgoing();
        write_all(&mut self.stream, &out).await
    }

    /// Takes a whole record out of what was read: a header of 5 bytes, the last two of which say how much follows (RFC 8446 § 5.1).
    fn next_record(&mut self) -> Option<Vec<u8>> {
        let &[_, _, _, high, low, ref rest @ ..] = &*self.incoming else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        (rest.len() >= length).then(|| self.incoming.drain(..5 + length).collect())
    }

    /// Reads something; false at the end of the stream.
    async fn take_in(&mut self) -> io::Result<bool> {
        let mut buffer = vec![0; 4096];
        let count = read(&mut self.stream, &mut buffer).await?;
        self.incoming.extend_from_slice(&buffer[..count]);
        while let Some(record) = self.next_record() {
            let mut rest = &*record;
            while !rest.is_empty() && self.session.read_tls(&mut rest)? > 0 {}
            let state = self.session.process_new_packets();
            let state = state.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            let mut plain = vec![0; state.plaintext_bytes_to_read()];
            self.session.reader().read_exact(&mut plain)?;
            self.plain.extend_from_slice(&plain);
            if state.peer_has_closed() {
                break;
            }
        }
        Ok(count > 0)
    }

    pub(super) async fn write(&mut self, data: &[u8]) -> io::Result<()> {
        for piece in data.chunks(16 * 1024) {
            self.session.writer().write_all(piece)?;
            self.flush().await?;
        }
        Ok(())
    }

    /// Says that this was all, and right behind it this in clear text.
    pub(super) async fn end_with(&mut self, clear: &[u8]) -> io::Result<()> {
        self.session.send_close_notify();
        let mut out = self.outgoing();
        out.extend_from_slice(clear);
        write_all(&mut self.stream, &out).await
    }

    /// Everything to the peer's `close_notify`; an error where the connection ends without it.
    pub(super) async fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        loop {
            match self.session.reader().read(&mut [0; 1]) {
                Ok(0) => return Ok(std::mem::take(&mut self.plain)),
                Ok(_) => unreachable!("all was taken"),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if !self.take_in().await? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The peer in clear text again, after the end of TLS on both sides.
    pub(super) fn into_clear<R: Runtime<Stream = S>>(self, runtime: &R) -> Peer<R> {
        Peer::having_read(runtime, self.stream, self.incoming)
    }

    /// Whether the next line begins like this.
    pub(super) async fn hears(&mut self, code: &str) -> bool {
        self.line().await.is_ok_and(|line| line.starts_with(code))
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.plain.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.plain.drain(..end + 2).take(end).collect();
                return Ok(String::from_utf8(line).unwrap());
            }
            if !self.take_in().await? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Makes records that rustls would not.
pub(super) struct Sealer {
    encrypter: Box<dyn MessageEncrypter>,
    next: u64,
}

impl Sealer {
    pub(super) fn seal(&mut self, typ: ContentType, data: &[u8]) -> Vec<u8> {
        let message = OutboundPlainMessage {
            typ,
            version: ProtocolVersion::TLSv1_3,
            payload: OutboundChunks::Single(data),
        };
        let sealed = self.encrypter.encrypt(message, self.next).unwrap();
        self.next += 1;
        sealed.encode()
    }
}

/// A client under TLS.
pub(super) struct TlsPeer<R: Runtime> {
    runtime: R,
    pub(super) wire: Wire<R::Stream>,
    tls: ControlClient,
}

impl<R: Runtime> TlsPeer<R> {
    /// Secured, and logged in as anna.
    pub(super) async fn login(site: &Site<R>, version: Version) -> Self {
        let mut peer = Peer::connect(site).await;
        peer.hear("220").await;
        peer.ask("AUTH TLS", "234").await;
        let tls = client_tls(version).connection(name());
        let wire = Wire::new(peer.stream, tls.session().unwrap()).await;
        let runtime = site.runtime.clone();
        let mut peer = Self {
            runtime,
            wire: wire.unwrap(),
            tls,
        };
        for (line, code) in [
            ("PBSZ 0", "200"),
            ("PROT P", "200"),
            (&*format!("USER {}", ANNA.0), "331"),
            (&*format!("PASS {}", ANNA.1), "230"),
            ("TYPE I", "200"),
        ] {
            peer.ask(line, code).await;
        }
        peer
    }

    pub(super) async fn ask(&mut self, line: &str, code: &str) -> String {
        let line = format!("{line}\r\n");
        self.wire.write(line.as_bytes()).await.unwrap();
        self.hear(code).await
    }

    /// A reply of one line, which must have this code.
    pub(super) async fn hear(&mut self, code: &str) -> String {
        self.hear_any(&[code]).await
    }

    /// The same with one of these codes.
    pub(super) async fn hear_any(&mut self, codes: &[&str]) -> String {
        let reply = self.wire.line().await.unwrap();
        let is_one = codes.iter().any(|code| reply.starts_with(code));
        assert!(is_one, "{reply:?} instead of {codes:?}");
        reply
    }

    /// Begins a transfer, up to its 150; the data connection's handshake is still to be made.
    pub(super) async fn open(&mut self, command: &str) -> R::Stream {
        let reply = self.ask("EPSV", "229").await;
        let port: u16 = reply.split('|').nth(3).unwrap().parse().unwrap();
        let at = (self.wire.stream.peer_addr().unwrap().ip(), port).into();
        let data = self.runtime.connect(at, None).await.unwrap();
        self.ask(command, "150").await;
        data
    }

    /// The same, with the handshake.
    pub(super) async fn open_secured(&mut self, command: &str) -> Wire<R::Stream> {
        let data = self.open(command).await;
        let session = self.tls.session().unwrap();
        Wire::new(data, session).await.unwrap()
    }
}

/// A server under TLS: what a script goes on with after its 234.
pub(super) struct TlsServer<R: Runtime> {
    pub(super) wire: Wire<R::Stream>,
    tls: Arc<ControlServer>,
}

impl<R: Runtime> TlsServer<R> {
    pub(super) async fn begin(peer: Peer<R>) -> io::Result<Self> {
        let tls = Arc::new(server_tls().connection());
        let wire = Wire::new(peer.stream, tls.session().unwrap()).await?;
        Ok(Self { wire, tls })
    }

    /// Hears a command and answers it.
    pub(super) async fn answer(&mut self, command: &str, reply: &str) {
        let line = self.wire.line().await.unwrap();
        assert!(line.starts_with(command), "{line:?} instead of {command}");
        let reply = format!("{reply}\r\n");
        self.wire.write(reply.as_bytes()).await.unwrap();
    }

    pub(super) async fn secure(&self, data: R::Stream) -> Wire<R::Stream> {
        let (session, brought) = self.tls.data(TlsRole::Server).unwrap().into_parts();
        let wire = Wire::new(data, session).await.unwrap();
        brought.adopt();
        wire
    }
}
