//! The data connection's codecs: Representation ∘ Structure ∘ Mode (RFC 959 § 3.1 to § 3.4).
//!
//! A [`Codec`] turns a file's bytes into what travels, or back, one allocation-free [`step`](Codec::step) at a time. Image
//! type, file structure and stream mode together are [*identity*](Codec::is_identity): a driver moves such bytes as
//! fast as it can and asks the codec only at the end, whether that end was clean.

mod ascii;

use crate::wire::{Mode, Representation, Structure};

/// Which way a file's bytes go over the data connection, seen from this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// This side sends them: a RETR on the server, a STOR on the client.
    Send,
    /// This side receives them.
    Receive,
}

/// Whether more input follows what is offered to [`Codec::step`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// More may come.
    More,
    /// Nothing follows: the file has ended, or the peer closed its side of the data connection in order (a FIN; under TLS
    /// its `close_notify`). A reset or a timeout is never this.
    Closed,
}

/// Evidence that a transfer's data ended as its structure and mode define it, and did not merely stop.
///
/// Only a [`Codec`] makes one, so that no driver can call a truncated transfer complete (see
/// [`TransferEvent::Ended`](crate::server::TransferEvent::Ended)).
#[derive(PartialEq, Eq, Debug)]
pub struct CleanEnd(());

/// What one [`Codec::step`] did.
#[derive(PartialEq, Eq, Debug)]
pub struct Progress {
    /// Bytes taken from the input.
    pub consumed: usize,
    /// Bytes written to the output.
    pub produced: usize,
    /// Why it stopped there.
    pub status: Status,
}

/// Why a [`Codec::step`] stopped.
#[derive(PartialEq, Eq, Debug)]
pub enum Status {
    /// All input was taken; offer more.
    Starved,
    /// The output has no room for what comes next; drain it and call again.
    Full,
    /// The data has ended, cleanly.
    Ended(CleanEnd),
}

/// The parameters of a transfer: how its data is represented, structured and sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parameters {
    /// TYPE: the representation.
    pub representation: Representation,
    /// STRU: the structure.
    pub structure: Structure,
    /// MODE: the transmission mode.
    pub mode: Mode,
}

impl Parameters {
    /// Image, file, stream: what nearly every transfer uses.
    pub const IMAGE: Self = Self {
        representation: Representation::Image,
        structure: Structure::File,
        mode: Mode::Stream,
    };

    /// The codec of one transfer, or nothing where this library has none for these parameters.
    #[must_use]
    pub fn codec(self, direction: Direction) -> Option<Codec> {
        let Self {
            representation,
            structure: Structure::File,
            mode: Mode::Stream,
        } = self
        else {
            return None;
        };
        let kind = match (representation, direction) {
            (Representation::Image | Representation::Local(8), _) => Kind::Identity,
            (Representation::Ascii(_), Direction::Send) => {
                Kind::AsciiEncode(ascii::Encoder::default())
            }
            (Representation::Ascii(_), Direction::Receive) => {
                Kind::AsciiDecode(ascii::Decoder::default())
            }
            _ => return None,
        };
        Some(Codec { kind })
    }
}

impl Default for Parameters {
    /// What RFC 959 § 5.1 has every session start with: ASCII non-print, file, stream.
    fn default() -> Self {
        Self {
            representation: Representation::default(),
            structure: Structure::File,
            mode: Mode::Stream,
        }
    }
}

/// The codec of one transfer in one direction. See the [module](self).
#[derive(Debug)]
pub struct Codec {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Identity,
    AsciiEncode(ascii::Encoder),
    AsciiDecode(ascii::Decoder),
}

impl Codec {
    /// True when the bytes travel as they are in the file. A driver may then move them without calling [`step`](Self::step)
    /// until the end, where `step(&[], &mut [], End::Closed)` gives the [`CleanEnd`].
    #[must_use]
    pub const fn is_identity(&self) -> bool {
        matches!(self.kind, Kind::Identity)
    }

    /// Takes what it can from `input`, puts what comes of it into `output`, and says why it stopped.
    ///
    /// It makes progress whenever `output` has room for [`MIN_OUTPUT`](Self::MIN_OUTPUT) bytes.
    pub fn step(&mut self, input: &[u8], output: &mut [u8], end: End) -> Progress {
        match &mut self.kind {
            Kind::Identity => identity_step(input, output, end),
            Kind::AsciiEncode(encoder) => encoder.step(input, output, end),
            Kind::AsciiDecode(decoder) => decoder.step(input, output, end),
        }
    }

    /// The least room in the output, in bytes, with which every codec makes progress.
    pub const MIN_OUTPUT: usize = 2;
}

fn identity_step(input: &[u8], output: &mut [u8], end: End) -> Progress {
    let count = input.len().min(output.len());
    output[..count].copy_from_slice(&input[..count]);
    Progress::at(count, count, count == input.len(), end)
}

impl Progress {
    /// The status that follows from how far a step without state got.
    fn at(consumed: usize, produced: usize, drained: bool, end: End) -> Self {
        let status = match (drained, end) {
            (false, _) => Status::Full,
            (true, End::More) => Status::Starved,
            (true, End::Closed) => Status::Ended(CleanEnd(())),
        };
        Self {
            consumed,
            produced,
            status,
        }
    }
}
