//! The data connection's codecs: Representation ∘ Structure ∘ Mode (RFC 959 § 3.1 to § 3.4; MODE Z as draft-preston-ftpext-deflate has it).
//!
//! A [`Codec`] turns a file's bytes into what travels, or back, one allocation-free [`step`](Codec::step) at a time. Image
//! type, file structure and stream mode together are [*identity*](Codec::is_identity): a driver moves such bytes as
//! fast as it can and asks the codec only at the end, whether that end was clean.
//!
//! What the end is depends on structure and mode. MODE S with STRU F: the close. Records and blocks, compressed or not: their mark for
//! the end of the file. Pages: the last page. MODE Z: the end of the zlib stream, and the close. A close before that is
//! [`Fault::Truncated`].
//!
//! # What a file is here
//!
//! A file is bytes; where it is a text its lines end in LF. So:
//!
//! - ASCII (N, T and C alike: format controls are moved, and not acted on): LF travels as CRLF. A CRLF in the file travels as it
//!   is, and comes back as LF.
//! - EBCDIC: files are ISO 8859-1, LF travels as NL. Every file comes back as it was.
//! - Records: a line is a record, and the last line gets its LF if it had none. An image is sent as one record, and loses the
//!   bounds of those it comes with.
//! - Pages: of 255 bytes, and 256 of them at most. Descriptor pages and access controls are passed over.
//!
//! ```
//! use ftp_sansio::data::{Direction, End, Parameters, Status};
//! use ftp_sansio::wire::{Mode, Representation, Structure};
//!
//! let parameters = Parameters { structure: Structure::Record, ..Parameters::default() };
//! let mut codec = parameters.codec(Direction::Receive).unwrap();
//! let mut room = [0; 64];
//! let progress = codec.step(b"one\xff\x01two\xff\x03", &mut room, End::More);
//! assert_eq!(&room[..progress.produced], b"one\ntwo\n");
//! assert!(matches!(progress.status, Status::Ended(_)));
//! ```

mod ascii;
mod block;
mod compressed;
mod deflate;
mod descriptor;
mod ebcdic;
mod escape;
mod page;
mod pipeline;
mod record;
mod restart;
#[cfg(test)]
mod tests;
mod tuning;
mod unit;

use alloc::boxed::Box;
use alloc::vec::Vec;

pub use ebcdic::CodePage;
pub use restart::Marker;
pub use tuning::Tuning;

use crate::wire::{Mode, Representation, Structure};
use pipeline::Pipeline;
use unit::{Mark, Stage, Stop};

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
#[allow(
    clippy::large_enum_variant,
    reason = "a marker in a box would be an allocation in a step"
)]
pub enum Status {
    /// All input was taken; offer more.
    Starved,
    /// The output has no room for what comes next; drain it and call again.
    Full,
    /// A restart marker stands behind what was put out so far (MODE B and C); call again to go on.
    Marker(Marker),
    /// The data has ended, cleanly. Nothing beyond that is taken of the input; each further step says the same.
    Ended(CleanEnd),
    /// The data makes no sense, or stopped too early. What had been understood before was put out. Each further step says the same.
    Failed(Fault),
}

/// What is wrong with data that came, or cannot be sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The connection was closed before the mark that ends the data.
    #[error("the data stopped before its end")]
    Truncated,
    /// It is not what structure and mode prescribe; in MODE Z, the checksum may be wrong too.
    #[error("the data is malformed")]
    Malformed,
    /// Something follows the end of the data.
    #[error("something follows the end of the data")]
    Trailing,
    /// More came of compressed data than [`Tuning::ratio_cap`] allows.
    #[error("the compressed data is a bomb")]
    Bomb,
    /// A file for which there are not enough page numbers (STRU P), or a restart marker of more than 255 bytes.
    #[error("a file of pages, or a restart marker, is too long")]
    TooLong,
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

    /// Whether there is a codec for these parameters, in both directions: only local bytes of other than eight bits have none.
    #[must_use]
    pub const fn is_known(self) -> bool {
        !matches!(self.representation, Representation::Local(bits) if bits != 8)
    }

    /// Whether the data connection can stay open after the end of the file, and serve for the next one: in MODE B and C, whose
    /// end of file is in the data (RFC 959 § 3.3).
    #[must_use]
    pub const fn leaves_open(self) -> bool {
        matches!(self.mode, Mode::Block | Mode::Compressed)
    }

    /// Whether the data itself says where it ends, so that a part of it never looks like the whole: always, but for a file in MODE S, whose end is
    /// that of the connection (RFC 959 § 3.4.1).
    #[must_use]
    pub const fn marks_end(self) -> bool {
        !matches!((self.mode, self.structure), (Mode::Stream, Structure::File))
    }

    /// The codec of one transfer, or nothing where this library has none for these parameters. All that it will ever allocate is
    /// allocated here: nothing for identity, some kilobytes for most others, some hundreds of them to send in MODE Z.
    #[must_use]
    pub fn codec(self, direction: Direction) -> Option<Codec> {
        self.codec_with(direction, &Tuning::default())
    }

    /// The [codec](Self::codec) of one transfer, with choices of one's own.
    #[must_use]
    pub fn codec_with(self, direction: Direction, tuning: &Tuning) -> Option<Codec> {
        if !self.is_known() {
            return None;
        }
        let stages = match direction {
            Direction::Send => self.sending(tuning),
            Direction::Receive => self.receiving(tuning),
        };
        let kind = if stages.is_empty() {
            Kind::Identity
        } else {
            Kind::Pipeline(Box::new(Pipeline::new(stages)))
        };
        Some(Codec {
            kind,
            offset: tuning.offset,
            verdict: None,
        })
    }

    const fn is_text(self) -> bool {
        matches!(
            self.representation,
            Representation::Ascii(_) | Representation::Ebcdic(_)
        )
    }

    /// The byte that compressed mode calls filler (RFC 959 § 3.4.3): the space of a text, or zero.
    const fn filler(self) -> u8 {
        match self.representation {
            Representation::Ascii(_) => b' ',
            Representation::Ebcdic(_) => 0x40,
            Representation::Image | Representation::Local(_) => 0,
        }
    }

    /// From the file to the connection.
    fn sending(self, tuning: &Tuning) -> Vec<Box<dyn Stage>> {
        let mut stages: Vec<Box<dyn Stage>> = Vec::new();
        if let Some(every) = tuning.markers_every
            && self.leaves_open()
            && self.structure != Structure::Page
        {
            let placer = restart::Placer::new(every, tuning.offset, self.is_text());
            stages.push(Box::new(placer));
        }
        if self.structure == Structure::Record {
            stages.push(Box::new(record::Splitter::new(self.is_text())));
        }
        match self.representation {
            // Lines that are records have no other end.
            Representation::Ascii(_) if self.structure != Structure::Record => {
                stages.push(Box::<ascii::Encoder>::default());
            }
            Representation::Ebcdic(_) => {
                let translator = ebcdic::Translator::new(tuning.page, Direction::Send);
                stages.push(Box::new(translator));
            }
            _ => {}
        }
        if self.structure == Structure::Page {
            stages.push(Box::new(page::Encoder::new()));
        }
        match self.mode {
            Mode::Block => stages.push(Box::new(block::Encoder::new())),
            Mode::Compressed => stages.push(Box::new(compressed::Encoder::new(self.filler()))),
            Mode::Stream | Mode::Deflate => {
                if self.structure == Structure::Record {
                    stages.push(Box::<escape::Encoder>::default());
                }
            }
        }
        if self.mode == Mode::Deflate {
            stages.push(Box::new(deflate::Encoder::new(tuning.level)));
        }
        stages
    }

    /// From the connection to the file.
    fn receiving(self, tuning: &Tuning) -> Vec<Box<dyn Stage>> {
        let mut stages: Vec<Box<dyn Stage>> = Vec::new();
        let records = self.structure == Structure::Record;
        let filler = self.filler();
        // The end of the structure is that of the data only where no mode is around it.
        let waits = self.mode != Mode::Stream;
        match self.mode {
            Mode::Stream => {}
            Mode::Block => stages.push(Box::new(block::Decoder::new(records))),
            Mode::Compressed => stages.push(Box::new(compressed::Decoder::new(filler, records))),
            Mode::Deflate => stages.push(Box::new(deflate::Decoder::new(tuning.ratio_cap))),
        }
        match self.structure {
            Structure::Record if !self.leaves_open() => {
                stages.push(Box::new(escape::Decoder::new(waits)));
            }
            Structure::Page => stages.push(Box::new(page::Decoder::new(waits))),
            Structure::File | Structure::Record => {}
        }
        match self.representation {
            Representation::Ascii(_) => stages.push(Box::<ascii::Decoder>::default()),
            Representation::Ebcdic(_) => {
                let translator = ebcdic::Translator::new(tuning.page, Direction::Receive);
                stages.push(Box::new(translator));
            }
            Representation::Image | Representation::Local(_) => {}
        }
        if records && self.is_text() {
            stages.push(Box::new(record::Joiner));
        }
        stages
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
    /// Where in the local file the next byte that is put out goes.
    offset: u64,
    /// How it ended.
    verdict: Option<Result<(), Fault>>,
}

#[derive(Debug)]
enum Kind {
    Identity,
    Pipeline(Box<Pipeline>),
}

impl Codec {
    /// True when the bytes travel as they are in the file. A driver may then move them without calling [`step`](Self::step)
    /// until the end, where `step(&[], &mut [], End::Closed)` gives the [`CleanEnd`].
    #[must_use]
    pub const fn is_identity(&self) -> bool {
        matches!(self.kind, Kind::Identity)
    }

    /// True once the peer has sent data under the descriptor "suspected errors" (RFC 959 § 3.4.2): what it could not read
    /// without errors itself, and sends for what it is worth. Only MODE B and C can say so.
    #[must_use]
    pub fn is_suspected(&self) -> bool {
        match &self.kind {
            Kind::Identity => false,
            Kind::Pipeline(pipeline) => pipeline.is_suspected(),
        }
    }

    /// Takes what it can from `input`, puts what comes of it into `output`, and says why it stopped.
    ///
    /// It makes progress whenever `output` has room for [`MIN_OUTPUT`](Self::MIN_OUTPUT) bytes, and allocates nothing.
    pub fn step(&mut self, input: &[u8], output: &mut [u8], end: End) -> Progress {
        let pipeline = match &mut self.kind {
            Kind::Identity => return identity_step(input, output, end),
            Kind::Pipeline(pipeline) => pipeline,
        };
        let (mut consumed, mut produced, mut status) = (0, 0, None);
        if self.verdict.is_none() {
            let then = (end == End::Closed).then_some(Mark::End);
            let run = pipeline.run(input, then, output);
            (consumed, produced) = (run.consumed, run.produced);
            self.offset = self.offset.saturating_add(produced as u64);
            match run.stop {
                Stop::Starved => status = Some(Status::Starved),
                Stop::Full => status = Some(Status::Full),
                Stop::Mark(Mark::Restart) => {
                    let marker = Marker::new(pipeline.marker().clone(), self.offset);
                    status = Some(Status::Marker(marker));
                }
                Stop::Mark(Mark::End | Mark::Record) => self.verdict = Some(Ok(())),
                Stop::Mark(Mark::Fault(fault)) => self.verdict = Some(Err(fault)),
            }
        }
        let status = status.unwrap_or(match self.verdict {
            Some(Err(fault)) => Status::Failed(fault),
            _ => Status::Ended(CleanEnd(())),
        });
        Progress {
            consumed,
            produced,
            status,
        }
    }

    /// The least room in the output, in bytes, with which every codec makes progress.
    pub const MIN_OUTPUT: usize = 2;
}

fn identity_step(input: &[u8], output: &mut [u8], end: End) -> Progress {
    let count = input.len().min(output.len());
    output[..count].copy_from_slice(&input[..count]);
    let status = match end {
        _ if count < input.len() => Status::Full,
        End::More => Status::Starved,
        End::Closed => Status::Ended(CleanEnd(())),
    };
    Progress {
        consumed: count,
        produced: count,
        status,
    }
}
