//! One end of a data connection, moving a file's bytes.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::wire::{Came, Wire};
use crate::data::{CleanEnd, Codec, End, Marker};
use crate::testing::network::Network;
use crate::testing::stream;

/// What an end did.
#[derive(Debug)]
pub(super) enum Moved {
    /// Nothing; it waits for the other end, or for ever.
    Nothing,
    /// TLS is up.
    Secured,
    /// TLS could not be had.
    NotSecured,
    /// So many bytes in all, and these are new to the file; and these restart markers were among them.
    Bytes(u64, Vec<u8>, Vec<Marker>),
    /// All of them.
    Ended(u64, CleanEnd, Vec<u8>),
    Broken,
}

#[derive(Debug)]
pub(super) struct Mover {
    wire: Wire,
    bytes: u64,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Out {
        rest: Vec<u8>,
        end: Option<CleanEnd>,
        /// Whether it is left open at its end.
        keep: bool,
    },
    In(Box<Codec>),
}

impl Mover {
    pub(super) fn sender(wire: Wire, mut codec: Codec, file: &[u8], keep: bool) -> Self {
        let run = stream::run_with_rest(&mut codec, file, End::Closed);
        let way = Way::Out {
            rest: run.bytes,
            end: run.end.and_then(Result::ok),
            keep,
        };
        Self {
            wire,
            bytes: 0,
            way,
        }
    }

    pub(super) fn receiver(wire: Wire, codec: Codec) -> Self {
        Self {
            wire,
            bytes: 0,
            way: Way::In(Box::new(codec)),
        }
    }

    /// The connection, when all has moved.
    pub(super) fn into_wire(self) -> Wire {
        self.wire
    }

    pub(super) fn step(&mut self, network: &mut Network) -> Moved {
        let in_handshake = self.wire.in_handshake();
        let came = match (&self.way, in_handshake) {
            (Way::Out { .. }, false) if self.wire.is_gone(network) => return Moved::Broken,
            // What comes while a file goes out is for a later one.
            (Way::Out { .. }, false) => return self.send(network),
            _ => self.wire.take(network),
        };
        match came {
            Came::Nothing => Moved::Nothing,
            Came::Secured => Moved::Secured,
            Came::NotSecured => Moved::NotSecured,
            Came::Broken => Moved::Broken,
            Came::Bytes(bytes) => self.receive(&bytes, End::More),
            Came::End => self.receive(&[], End::Closed),
        }
    }

    fn receive(&mut self, bytes: &[u8], end: End) -> Moved {
        let Way::In(codec) = &mut self.way else {
            return Moved::Broken;
        };
        let run = stream::run_with_rest(codec, bytes, end);
        self.bytes += (bytes.len() - run.rest.len()) as u64;
        match run.end {
            None if end == End::More => Moved::Bytes(self.bytes, run.bytes, run.markers),
            Some(Ok(end)) => {
                self.wire.put_back(run.rest.to_vec());
                Moved::Ended(self.bytes, end, run.bytes)
            }
            _ => Moved::Broken,
        }
    }

    /// Sends a piece of random length, or the end.
    fn send(&mut self, network: &mut Network) -> Moved {
        let Way::Out { rest, end, keep } = &mut self.way else {
            return Moved::Nothing;
        };
        if rest.is_empty() {
            if end.is_none() || !*keep && !self.wire.close(network) {
                return Moved::Nothing;
            }
            return end.take().map_or(Moved::Nothing, |end| {
                Moved::Ended(self.bytes, end, Vec::new())
            });
        }
        let count = 1 + network.random.up_to(rest.len().min(200) - 1);
        if !self.wire.send(network, &rest[..count]) {
            return Moved::Nothing;
        }
        rest.drain(..count);
        self.bytes += count as u64;
        Moved::Bytes(self.bytes, Vec::new(), Vec::new())
    }
}
