//! MODE Z (draft-preston-ftpext-deflate): the data as one zlib stream (RFC 1950), which the close of the connection follows.

use alloc::boxed::Box;
use alloc::vec;
use core::fmt;

use miniz_oxide::DataFormat;
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, TDEFLStatus, compress};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use super::Fault;
use super::unit::{Flow, Mark, Stage, Stop, Unit};

/// File to connection.
pub(super) struct Encoder(Box<CompressorOxide>);

impl Encoder {
    /// A compressor that tries as hard as `level` says, from 0 (not at all) to 9.
    pub(super) fn new(level: u8) -> Self {
        // Made in place: it is too large to be moved over a small stack.
        let mut state = Box::<CompressorOxide>::default();
        state.set_format_and_level(DataFormat::Zlib, level.min(9));
        Self(state)
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

impl Stage for Encoder {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            if flow.room().is_empty() {
                return Stop::Full;
            }
            let flush = match flow.then() {
                Some(Mark::End) => TDEFLFlush::Finish,
                _ => TDEFLFlush::None,
            };
            let (input, room) = flow.sides();
            let (status, consumed, produced) = compress(&mut self.0, input, room, flush);
            flow.advance(consumed);
            flow.produce(produced);
            match status {
                TDEFLStatus::Done => return flow.pass_mark(),
                TDEFLStatus::Okay if consumed + produced > 0 => {}
                // Nothing is left to do but to wait: what there is stays within until there is enough for a block.
                TDEFLStatus::Okay if flow.input().is_empty() && flush == TDEFLFlush::None => {
                    return flow.pass_mark();
                }
                // It is never asked for what it cannot do.
                _ => return Stop::Mark(Mark::Fault(Fault::Malformed)),
            }
        }
    }
}

/// A match reaches back this far at most (RFC 1951 § 2).
const WINDOW: usize = 32 * 1024;

/// After so many bytes of input each it is looked at how much came of them. It is always the same bytes, however they were cut.
const GRAIN: usize = 1024;

/// No stream is a bomb before it has given so many bytes.
const ALLOWANCE: u64 = 16 * 1024 * 1024;

/// Connection to file.
///
/// It uses the decompressor's core with a window of its own: `miniz_oxide`'s stream interface does not give what it had decoded
/// before a fault.
pub(super) struct Decoder {
    state: Box<DecompressorOxide>,
    window: Box<[u8]>,
    /// Where in the window the next byte goes.
    position: usize,
    /// Bytes before the position that are still to be put out.
    undelivered: usize,
    /// Whether the window was full once; before that a match may not reach beyond its start.
    wrapped: bool,
    /// It can do nothing without more input.
    hungry: bool,
    /// Input up to the next look at the ratio.
    grain: usize,
    consumed: u64,
    produced: u64,
    /// How many bytes may come of one.
    cap: u64,
    /// What there is to say once all is delivered.
    verdict: Option<Result<(), Fault>>,
}

impl Decoder {
    pub(super) fn new(cap: u32) -> Self {
        Self {
            state: Box::default(),
            window: vec![0; WINDOW].into_boxed_slice(),
            position: 0,
            undelivered: 0,
            wrapped: false,
            hungry: true,
            grain: GRAIN,
            consumed: 0,
            produced: 0,
            cap: cap.into(),
            verdict: None,
        }
    }

    /// Puts out what is in the window, as far as there is room; false where there was too little.
    fn deliver(&mut self, flow: &mut Flow<'_>) -> bool {
        let from = self.position - self.undelivered;
        self.undelivered -= flow.put_some(&self.window[from..self.position]);
        self.undelivered == 0
    }

    /// Decodes into the window, up to its end or to the end of the grain.
    fn decode(&mut self, flow: &mut Flow<'_>) {
        let mut flags = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
            | inflate_flags::TINFL_FLAG_COMPUTE_ADLER32
            | inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
        if self.position == WINDOW {
            self.position = 0;
            self.wrapped = true;
        }
        if !self.wrapped {
            flags |= inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        }
        let input = flow.input();
        let offer = &input[..input.len().min(self.grain)];
        let (status, consumed, produced) = decompress(
            &mut self.state,
            offer,
            &mut self.window,
            self.position,
            flags,
        );
        flow.advance(consumed);
        self.grain -= consumed;
        self.consumed += consumed as u64;
        self.position += produced;
        self.undelivered = produced;
        self.produced += produced as u64;
        self.hungry = status == TINFLStatus::NeedsMoreInput;
        let is_done = status == TINFLStatus::Done;
        if is_done || (self.hungry && self.grain == 0) {
            self.grain = GRAIN;
            let most = self.cap.saturating_mul(self.consumed).max(ALLOWANCE);
            if self.produced > most {
                self.verdict = Some(Err(Fault::Bomb));
                return;
            }
        }
        self.verdict = match status {
            TINFLStatus::Done => Some(Ok(())),
            TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => None,
            _ => Some(Err(Fault::Malformed)),
        };
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("consumed", &self.consumed)
            .field("produced", &self.produced)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

impl Stage for Decoder {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            if !self.deliver(flow) {
                return Stop::Full;
            }
            let fault = |fault| Stop::Mark(Mark::Fault(fault));
            match (self.verdict, flow.peek()) {
                (Some(Err(verdict)), _) => return fault(verdict),
                (Some(Ok(())), Some(Unit::Byte(_))) => return fault(Fault::Trailing),
                (Some(Ok(())), _) => return flow.pass_mark(),
                (None, Some(Unit::Mark(Mark::End))) if self.hungry => {
                    return fault(Fault::Truncated);
                }
                (None, None | Some(Unit::Mark(_))) if self.hungry => return flow.pass_mark(),
                (None, _) => self.decode(flow),
            }
        }
    }
}
