//! One connection's TLS: plain bytes on the one side, a socket on the other.
//!
//! What is read from the socket waits here as ciphertext, and rustls is given one record of it at a time. So it is known where TLS ends: what
//! follows the peer's `close_notify` is clear text again (CCC, REIN) and still here.

use std::cell::Cell;
use std::io::{self, IoSlice, Read, Write};
use std::task::{Context, Poll, ready};

use rustls::{Connection, HandshakeKind};

use super::PeerCertificates;
use crate::runtime::Stream;
use crate::transport::Socket;

/// Bytes of a record's header: its type, its version, its length (RFC 8446 § 5.1).
const HEADER: usize = 5;

/// The longest record there is: 2^14 bytes and what TLS 1.2 may add to them (RFC 5246 § 6.2.3).
const LONGEST_RECORD: usize = HEADER + 16 * 1024 + 2048;

/// How much is read from the socket at a time on a control connection, unless a record is longer.
const CONTROL_READ: usize = 4 * 1024;

/// How much is read at a time on a data connection.
const DATA_READ: usize = 128 * 1024;

/// How much may be taken before it is sent, in bytes: four whole records at a time. rustls takes memory for each and gives it back, and of much more than this
/// the C library would hand the pages to the system each time, and get them back cleared.
const WAITING: usize = 64 * 1024;

/// How many records in a row may bring nothing to read before others have their turn: a server that sends tickets and nothing else can be as quick
/// as they are read, and no deadline would ever be looked at.
const MOST_BARREN: usize = 16;

/// How much a peer may say between this side's `close_notify` and its own.
const LAST_WORDS: usize = 64 * 1024;

thread_local! {
    /// A data connection's buffer that nobody uses at the moment, for the next that has something to read on this thread: making a
    /// large one for each wake-up, and clearing it, is work for nothing.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

pub(crate) struct Engine {
    session: Connection,
    /// Read from the socket and not shown to rustls yet: from `start` to `end`. No memory while nothing is there.
    incoming: Vec<u8>,
    start: usize,
    end: usize,
    read_size: usize,
    /// The peer's `close_notify` was read.
    peer_ended: bool,
    /// This side's was queued.
    has_ended: bool,
    /// A record was not what it had to be; nothing more is understood.
    failed: Option<rustls::Error>,
}

impl Engine {
    /// TLS that begins, on a control connection. `early` was read already, and is ciphertext.
    pub(crate) fn control(session: Connection, early: Vec<u8>) -> Box<Self> {
        Self::new(session, early, CONTROL_READ)
    }

    /// The same on a data connection.
    pub(crate) fn data(session: Connection) -> Box<Self> {
        Self::new(session, Vec::new(), DATA_READ)
    }

    fn new(mut session: Connection, early: Vec<u8>, read_size: usize) -> Box<Self> {
        session.set_buffer_limit(Some(WAITING));
        Box::new(Self {
            session,
            start: 0,
            end: early.len(),
            incoming: early,
            read_size,
            peer_ended: false,
            has_ended: false,
            failed: None,
        })
    }

    /// Whether the handshake resumed an earlier session.
    pub(crate) fn resumed(&self) -> bool {
        self.session.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// On the server's side: the host that the client named (SNI).
    pub(crate) fn server_name(&self) -> Option<&str> {
        match &self.session {
            Connection::Server(session) => session.server_name(),
            Connection::Client(_) => None,
        }
    }

    /// What the peer has shown of itself, if it has.
    pub(crate) fn peer_certificates(&self) -> Option<PeerCertificates> {
        PeerCertificates::new(self.session.peer_certificates()?)
    }

    /// How many bytes of memory there are for what is yet to come.
    #[cfg(feature = "conformance")]
    pub(crate) fn buffered(&self) -> usize {
        self.incoming.capacity()
    }

    /// Brings the handshake to its end, with all of this side's part on the socket.
    pub(crate) fn poll_handshake<S: Stream>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut Socket<S>,
    ) -> Poll<io::Result<()>> {
        while self.session.is_handshaking() {
            // An answer that does not go out now goes with the next wake-up; the peer may say something before that.
            if let Poll::Ready(Err(error)) = self.poll_flush(context, socket) {
                return Poll::Ready(Err(error));
            }
            ready!(self.poll_record(context, socket))?;
            if self.peer_ended {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        self.poll_flush(context, socket)
    }

    /// Reads some plain bytes; 0 is the peer's `close_notify`. A connection that ends without it is an error.
    pub(crate) fn poll_read<S: Stream>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut Socket<S>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let (mut filled, mut barren) = (0, 0);
        while filled < room.len() {
            // What was read counts before what is wrong with what follows it.
            match self.session.reader().read(&mut room[filled..]) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    barren = 0;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            if filled > 0 && !self.has_record() {
                break;
            }
            if barren >= MOST_BARREN {
                if filled > 0 {
                    break;
                }
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            barren += 1;
            match self.poll_record(context, socket) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) | Poll::Pending if filled > 0 => break,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
            // What a record asked for, such as new keys, is answered as far as it goes; the next write takes the rest along.
            if let Poll::Ready(Err(error)) = self.poll_flush(context, socket)
                && !self.peer_ended
            {
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(filled))
    }

    /// Takes some plain bytes to be sent, and sends what goes without waiting. Nothing is taken while much waits.
    pub(crate) fn poll_write<S: Stream>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut Socket<S>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(context, socket))?;
        let count = self.session.writer().write(data)?;
        match self.poll_flush(context, socket) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(count)),
        }
    }

    /// Ready when all that was taken is on the socket.
    pub(crate) fn poll_flush<S: Stream>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut Socket<S>,
    ) -> Poll<io::Result<()>> {
        while self.session.wants_write() {
            ready!(
                socket.poll_attempt(context, |stream| self.session.write_tls(&mut Sink(stream)))
            )?;
        }
        Poll::Ready(Ok(()))
    }

    /// Says that nothing more will be written, and sees it onto the socket.
    pub(crate) fn poll_end<S: Stream>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut Socket<S>,
    ) -> Poll<io::Result<()>> {
        if !self.has_ended && self.failed.is_none() {
            self.has_ended = true;
            self.session.send_close_notify();
        }
        match ready!(self.poll_flush(context, socket)) {
            // Who has said that it is done need not wait for the answer.
            Err(_) if self.peer_ended => Poll::Ready(Ok(())),
            flushed => Poll::Ready(flushed),
        }
    }

    /// Ends TLS in order, on both sides, and keeps the stream. What comes meanwhile is added to `last_words`.
    pub(crate) fn poll_stop<S: Stream>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut Socket<S>,
        last_words: &mut Vec<u8>,
    ) -> Poll<io::Result<()>> {
        let said = self.poll_end(context, socket)?;
        let mut room = [0; CONTROL_READ];
        loop {
            match ready!(self.poll_read(context, socket, &mut room))? {
                0 => return said.map(Ok),
                count => last_words.extend_from_slice(&room[..count]),
            }
            if last_words.len() > LAST_WORDS {
                return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
            }
        }
    }

    /// What was read beyond the peer's `close_notify`.
    pub(crate) fn into_rest(mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.incoming);
        rest.truncate(self.end);
        rest.drain(..self.start);
        rest
    }

    /// How long the next record is, as far as its header tells; one that cannot be a record is as long as its header, for rustls to say so.
    fn next_record(&self) -> Option<usize> {
        let header = self.incoming.get(self.start..self.end)?.get(..HEADER)?;
        let length = HEADER + usize::from(u16::from_be_bytes([header[3], header[4]]));
        // RFC 8446 § 5.1: change_cipher_spec, alert, handshake, application_data; and the version's first byte.
        let is_record = (20..=23).contains(&header[0]) && header[1] == 3;
        Some(match is_record && length <= LONGEST_RECORD {
            true => length,
            false => HEADER,
        })
    }

    fn has_record(&self) -> bool {
        self.next_record()
            .is_some_and(|length| length <= self.end - self.start)
    }

    /// Shows rustls one more record.
    fn poll_record<S: Stream>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut Socket<S>,
    ) -> Poll<io::Result<()>> {
        if let Some(error) = &self.failed {
            return Poll::Ready(Err(fault(error.clone())));
        }
        while !self.has_record() {
            if ready!(self.poll_fill(context, socket))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        let length = self.next_record().unwrap_or(HEADER);
        let mut record = &self.incoming[self.start..self.start + length];
        while !record.is_empty() {
            if self.session.read_tls(&mut record)? == 0 {
                break;
            }
        }
        self.start += length;
        match self.session.process_new_packets() {
            Ok(state) => {
                self.peer_ended = state.peer_has_closed();
                Poll::Ready(Ok(()))
            }
            Err(error) => {
                self.failed = Some(error.clone());
                // The alert goes as far as it goes.
                let _ = self.poll_flush(context, socket);
                Poll::Ready(Err(fault(error)))
            }
        }
    }

    /// Reads more ciphertext; 0 is the end of the stream. Memory is taken once there is something, and given back once there is nothing.
    fn poll_fill<S: Stream>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut Socket<S>,
    ) -> Poll<io::Result<usize>> {
        loop {
            if self.start == self.end {
                (self.start, self.end) = (0, 0);
            }
            if socket.is_dry() {
                if self.end == 0 {
                    self.give_back();
                }
                ready!(socket.poll_readable(context))?;
            }
            self.make_room();
            match socket.poll_read(context, &mut self.incoming[self.end..]) {
                Poll::Ready(Ok(count)) => {
                    self.end += count;
                    return Poll::Ready(Ok(count));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                // It is dry now: once more, to give the memory back.
                Poll::Pending if self.end == 0 && !self.incoming.is_empty() => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Has room behind `end`: for a whole record, where a part of one is there.
    fn make_room(&mut self) {
        if self.start > 0 {
            self.incoming.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let size = match self.next_record() {
            Some(length) => self.read_size.max(length),
            None => self.read_size,
        };
        if self.incoming.is_empty() && size == DATA_READ {
            self.incoming = SPARE.try_with(Cell::take).unwrap_or_default();
        }
        if self.incoming.len() < size {
            self.incoming.resize(size, 0);
        }
    }

    fn give_back(&mut self) {
        let incoming = std::mem::take(&mut self.incoming);
        if incoming.len() == DATA_READ {
            // A thread that ends may have dropped it before the last of its connections.
            let _ = SPARE.try_with(|spare| spare.set(incoming));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn fault(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// A socket as rustls writes to it.
struct Sink<'a, S>(&'a mut S);

impl<S: Stream> Write for Sink<'_, S> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.try_write(&[IoSlice::new(data)])
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write(buffers)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, feature = "conformance"))]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::tls::{ClientTls, ServerName, Trust};

    thread_local! {
        static KEPT: RefCell<Option<Box<Engine>>> = const { RefCell::new(None) };
    }

    /// A connection may be kept for a thread, and be dropped after all else that is.
    #[test]
    fn it_may_outlive_its_threads_spare_buffer() {
        let name = ServerName::new("localhost").unwrap();
        let tls = ClientTls::builder()
            .trust(Trust::Insecure)
            .build()
            .unwrap()
            .connection(name);
        for is_kept_first in [true, false] {
            let mut engine = Engine::data(tls.session().unwrap());
            engine.incoming = vec![0; DATA_READ];
            let thread = std::thread::spawn(move || {
                if is_kept_first {
                    KEPT.set(None);
                    SPARE.set(Vec::new());
                }
                KEPT.set(Some(engine));
                SPARE.set(Vec::new());
            });
            thread.join().unwrap();
        }
    }
}
