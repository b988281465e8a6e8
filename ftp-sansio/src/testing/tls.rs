//! A TLS that hides nothing from a test and notices everything that a test injects: a hello each way, records with a checksum, and a
//! `close_notify` each way.

use alloc::vec::Vec;

/// What a record begins with. No byte of a command or a reply is one of these.
const CLOSE: u8 = 0x15;
const HELLO: u8 = 0x16;
const DATA: u8 = 0x17;

/// Kind, checksum, and length.
const HEADER: usize = 7;

/// The longest record, and the longest payload in it.
const MOST: usize = 1 << 14;

/// One end of a connection under TLS.
#[derive(Debug)]
pub(super) struct FakeTls {
    is_client: bool,
    said_hello: bool,
    heard_hello: bool,
    /// How many records went each way: one that is repeated or left out is noticed.
    sent: u32,
    received: u32,
    /// What came and was not read yet.
    bytes: Vec<u8>,
    failed: bool,
}

/// What the next record says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Record {
    /// The handshake is complete.
    Up,
    Data(Vec<u8>),
    /// The other end's `close_notify`. What follows it is clear text.
    Closed,
    /// Something is not what the other end has sent. Nothing follows.
    Failed,
}

impl FakeTls {
    pub(super) const fn new(is_client: bool) -> Self {
        Self {
            is_client,
            said_hello: false,
            heard_hello: false,
            sent: 0,
            received: 0,
            bytes: Vec::new(),
            failed: false,
        }
    }

    /// What this end says first: the client at once, the server when it has heard the client.
    pub(super) fn hello(&mut self) -> Option<Vec<u8>> {
        let may = !self.said_hello && (self.is_client || self.heard_hello);
        self.said_hello |= may;
        may.then(|| self.greet())
    }

    /// The same, whatever was said and heard.
    pub(super) fn greet(&mut self) -> Vec<u8> {
        self.seal(HELLO, b"")
    }

    /// Whether the handshake is complete on this side.
    pub(super) const fn is_up(&self) -> bool {
        self.heard_hello
    }

    /// The records that these bytes travel in.
    pub(super) fn data(&mut self, bytes: &[u8]) -> Vec<u8> {
        let records = bytes.chunks(MOST - HEADER);
        records.flat_map(|bytes| self.seal(DATA, bytes)).collect()
    }

    pub(super) fn close(&mut self) -> Vec<u8> {
        self.seal(CLOSE, b"")
    }

    fn seal(&mut self, kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut record = Vec::from([kind]);
        record.extend(checksum(kind, self.is_client, self.sent, payload).to_be_bytes());
        record.extend((payload.len() as u16).to_be_bytes());
        record.extend(payload.iter().map(|byte| byte ^ mask(self.is_client)));
        self.sent += 1;
        record
    }

    /// Takes bytes in; [`next`](Self::next) reads them.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next record, once it is there whole.
    pub(super) fn next(&mut self) -> Option<Record> {
        if self.failed {
            return None;
        }
        let kind = *self.bytes.first()?;
        let record = self.open(kind)?;
        self.failed = record == Record::Failed;
        Some(record)
    }

    fn open(&mut self, kind: u8) -> Option<Record> {
        // What is no record at all need not be waited for.
        if !matches!(kind, CLOSE | HELLO | DATA) {
            return Some(Record::Failed);
        }
        let (header, rest) = self.bytes.split_first_chunk::<HEADER>()?;
        let [_, a, b, c, d, high, low] = *header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > MOST - HEADER {
            return Some(Record::Failed);
        }
        let payload = rest.get(..length)?;
        let from_client = !self.is_client;
        let payload: Vec<u8> = payload
            .iter()
            .map(|byte| byte ^ mask(from_client))
            .collect();
        let sum = checksum(kind, from_client, self.received, &payload);
        self.bytes.drain(..HEADER + length);
        self.received += 1;
        let is_first = !core::mem::replace(&mut self.heard_hello, true);
        Some(match kind {
            _ if sum.to_be_bytes() != [a, b, c, d] || is_first != (kind == HELLO) => Record::Failed,
            HELLO => Record::Up,
            DATA => Record::Data(payload),
            _ => Record::Closed,
        })
    }

    /// What came behind the `close_notify`.
    pub(super) fn into_rest(self) -> Vec<u8> {
        self.bytes
    }
}

const fn mask(from_client: bool) -> u8 {
    if from_client { 0x5a } else { 0xa5 }
}

/// FNV-1a over everything that a record must not be mistaken in.
fn checksum(kind: u8, from_client: bool, number: u32, payload: &[u8]) -> u32 {
    let head = [kind, mask(from_client)];
    let number = number.to_be_bytes();
    let bytes = head.iter().chain(&number).chain(payload);
    bytes.fold(0x811c_9dc5, |sum: u32, &byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up() -> (FakeTls, FakeTls) {
        let (mut client, mut server) = (FakeTls::new(true), FakeTls::new(false));
        assert_eq!(server.hello(), None);
        server.feed(&client.hello().unwrap_or_default());
        assert_eq!(server.next(), Some(Record::Up));
        client.feed(&server.hello().unwrap_or_default());
        assert_eq!(client.next(), Some(Record::Up));
        (client, server)
    }

    #[test]
    fn both_ways_and_an_end() {
        let (mut client, mut server) = up();
        for byte in client.data(b"USER anna\r\n") {
            assert_eq!(server.next(), None);
            server.feed(&[byte]);
        }
        assert_eq!(server.next(), Some(Record::Data(b"USER anna\r\n".to_vec())));
        client.feed(&server.close());
        client.feed(b"220 ");
        assert_eq!(client.next(), Some(Record::Closed));
        assert_eq!(client.into_rest(), b"220 ");
    }

    #[test]
    fn nothing_can_be_injected() {
        let forge = |bytes: &[u8]| {
            let (_, mut server) = up();
            server.feed(bytes);
            server.next()
        };
        let (mut client, mut server) = up();
        assert_eq!(forge(b"NOOP\r\n"), Some(Record::Failed));
        // Sent back to where it came from.
        assert_eq!(forge(&server.data(b"200 Done.\r\n")), Some(Record::Failed));
        client.data(b"one");
        assert_eq!(forge(&client.data(b"two")), Some(Record::Failed));
    }
}
