//! One end of a data connection, moving a file's bytes.

use alloc::vec::Vec;

use crate::data::{CleanEnd, Codec, End};
use crate::testing::network::{Network, Parcel};
use crate::testing::stream;

/// What an end did.
#[derive(Debug)]
pub(super) enum Moved {
    /// Nothing; it waits for the other end, or for ever.
    Nothing,
    /// So many bytes in all, and these are new to the file.
    Bytes(u64, Vec<u8>),
    /// All of them.
    Ended(u64, CleanEnd, Vec<u8>),
    Broken,
}

#[derive(Debug)]
pub(super) struct Mover {
    link: usize,
    /// Whether this is the server's end.
    is_server: bool,
    bytes: u64,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Out {
        rest: Vec<u8>,
        end: Option<CleanEnd>,
    },
    In(Codec),
}

impl Mover {
    pub(super) fn sender(link: usize, is_server: bool, mut codec: Codec, file: &[u8]) -> Self {
        let (rest, end) = stream::run(&mut codec, file, End::Closed);
        let end = end.and_then(Result::ok);
        Self {
            link,
            is_server,
            bytes: 0,
            way: Way::Out { rest, end },
        }
    }

    pub(super) const fn receiver(link: usize, is_server: bool, codec: Codec) -> Self {
        Self {
            link,
            is_server,
            bytes: 0,
            way: Way::In(codec),
        }
    }

    pub(super) fn step(&mut self, network: &mut Network) -> Moved {
        let now = network.now;
        let link = network.link(self.link);
        let incoming = if self.is_server {
            &mut link.to_server
        } else {
            &mut link.to_client
        };
        let parcel = incoming.take(now);
        match (&mut self.way, parcel) {
            (_, Some(Parcel::Reset)) => Moved::Broken,
            (Way::In(codec), Some(Parcel::Bytes(bytes))) => {
                self.bytes += bytes.len() as u64;
                match stream::run(codec, &bytes, End::More) {
                    (file, None) => Moved::Bytes(self.bytes, file),
                    (file, Some(Ok(end))) => Moved::Ended(self.bytes, end, file),
                    (_, Some(Err(_))) => Moved::Broken,
                }
            }
            (Way::In(codec), Some(Parcel::Fin)) => match stream::run(codec, &[], End::Closed) {
                (file, Some(Ok(end))) => Moved::Ended(self.bytes, end, file),
                _ => Moved::Broken,
            },
            (Way::In(_), None) => Moved::Nothing,
            // Who closes while data is still coming does not want it.
            (Way::Out { .. }, Some(_)) => Moved::Broken,
            (Way::Out { .. }, None) => self.send(network),
        }
    }

    /// Sends a piece of random length, or the end.
    fn send(&mut self, network: &mut Network) -> Moved {
        let Way::Out { rest, end } = &mut self.way else {
            return Moved::Nothing;
        };
        if rest.is_empty() {
            if end.is_none() || !network.send(self.link, self.is_server, Parcel::Fin) {
                return Moved::Nothing;
            }
            return end.take().map_or(Moved::Nothing, |end| {
                Moved::Ended(self.bytes, end, Vec::new())
            });
        }
        let count = 1 + network.random.up_to(rest.len().min(200) - 1);
        if !network.send(
            self.link,
            self.is_server,
            Parcel::Bytes(rest[..count].to_vec()),
        ) {
            return Moved::Nothing;
        }
        rest.drain(..count);
        self.bytes += count as u64;
        Moved::Bytes(self.bytes, Vec::new())
    }
}
