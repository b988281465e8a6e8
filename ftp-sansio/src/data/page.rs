//! Page structure (RFC 959 § 3.1.2.3 and appendix I): the file in pages, each behind a header that says which one it is.
//!
//! RFC 959 gives no size for a page. Here it is 255 bytes, the most that the header's field for it can say where a logical byte
//! has eight bits. Page `i` stands at byte `255 · i` of the file; what a page leaves out before a later one, and pages that
//! do not come at all, are zeros. The index has eight bits too, so that a file of more than 256 pages (65,280 bytes) cannot be
//! sent.

use super::Fault;
use super::escape::end_of_structure;
use super::unit::{Flow, Mark, Stage, Stop, Unit};

/// Bytes of a file in a page.
const PAGE: usize = 255;

/// Header length, page index, data length, page type.
const HEADER: usize = 4;

const LAST: u8 = 0;
const SIMPLE: u8 = 1;
const DESCRIPTOR: u8 = 2;
const ACCESS_CONTROLLED: u8 = 3;

#[derive(Debug)]
pub(super) struct Encoder {
    /// Header and data of the page that fills up.
    page: [u8; HEADER + PAGE],
    filled: usize,
    index: u16,
    /// How much of the page is out, once it is on its way.
    sent: Option<usize>,
    ending: bool,
}

impl Encoder {
    pub(super) const fn new() -> Self {
        Self {
            page: [0; HEADER + PAGE],
            filled: 0,
            index: 0,
            sent: None,
            ending: false,
        }
    }

    fn begin(&mut self, kind: u8) -> Result<(), Fault> {
        // The last page is of no place in the file: that its index may not fit does no harm.
        if kind != LAST && self.index > u16::from(u8::MAX) {
            return Err(Fault::TooLong);
        }
        let header = [HEADER as u8, self.index as u8, self.filled as u8, kind];
        self.page[..HEADER].copy_from_slice(&header);
        self.sent = Some(0);
        Ok(())
    }

    /// Puts out the page, as far as there is room; true once all of it is out.
    fn send(&mut self, sent: usize, flow: &mut Flow<'_>) -> bool {
        let whole = HEADER + self.filled;
        let sent = sent + flow.put_some(&self.page[sent..whole]);
        if sent < whole {
            self.sent = Some(sent);
            return false;
        }
        self.sent = None;
        self.filled = 0;
        self.index = self.index.saturating_add(1);
        true
    }
}

impl Stage for Encoder {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            if let Some(sent) = self.sent
                && !self.send(sent, flow)
            {
                return Stop::Full;
            }
            let kind = match flow.peek() {
                None => return Stop::Starved,
                Some(Unit::Byte(_)) if self.filled == PAGE => SIMPLE,
                Some(Unit::Byte(_)) => {
                    let input = flow.input();
                    let count = input.len().min(PAGE - self.filled);
                    let start = HEADER + self.filled;
                    self.page[start..start + count].copy_from_slice(&input[..count]);
                    self.filled += count;
                    flow.advance(count);
                    continue;
                }
                Some(Unit::Mark(Mark::End)) if self.filled > 0 => SIMPLE,
                Some(Unit::Mark(Mark::End)) if !self.ending => {
                    self.ending = true;
                    LAST
                }
                Some(Unit::Mark(_)) => return flow.pass_mark(),
            };
            if let Err(fault) = self.begin(kind) {
                return Stop::Mark(Mark::Fault(fault));
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Decoder {
    part: Part,
    /// Bytes of the file so far.
    position: usize,
    over: bool,
    /// Whether the end of the mode must come too.
    waits: bool,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    /// The header, its optional fields too, of which only the first four are kept.
    Header { bytes: [u8; HEADER], got: usize },
    /// So many zeros, then so many bytes of data.
    Data { hole: usize, left: usize },
    /// What is not of the file.
    Skipped { left: usize },
}

const NEXT_HEADER: Part = Part::Header {
    bytes: [0; HEADER],
    got: 0,
};

impl Decoder {
    pub(super) const fn new(waits: bool) -> Self {
        Self {
            part: NEXT_HEADER,
            position: 0,
            over: false,
            waits,
        }
    }

    fn header(&mut self, byte: u8, mut bytes: [u8; HEADER], got: usize) -> Result<(), Fault> {
        if let Some(field) = bytes.get_mut(got) {
            *field = byte;
        }
        let (got, [length, index, data, kind]) = (got + 1, bytes);
        if usize::from(length) < HEADER {
            return Err(Fault::Malformed);
        }
        if got < usize::from(length) {
            self.part = Part::Header { bytes, got };
            return Ok(());
        }
        let left = usize::from(data);
        self.part = match (kind, length, data) {
            (LAST, 4, 0) => {
                self.over = true;
                NEXT_HEADER
            }
            (SIMPLE, 4, _) | (ACCESS_CONTROLLED, 5, _) => {
                let hole = (usize::from(index) * PAGE).checked_sub(self.position);
                let hole = hole.ok_or(Fault::Malformed)?;
                Part::Data { hole, left }
            }
            (DESCRIPTOR, ..) => Part::Skipped { left },
            _ => return Err(Fault::Malformed),
        };
        Ok(())
    }
}

impl Stage for Decoder {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        const ZEROS: [u8; PAGE] = [0; PAGE];
        loop {
            if self.over {
                return end_of_structure(self.waits, flow);
            }
            if let Part::Data { left: 0, .. } | Part::Skipped { left: 0 } = self.part {
                self.part = NEXT_HEADER;
            }
            let input = flow.input().len();
            match (self.part, flow.peek()) {
                (Part::Data { hole, left }, _) if hole > 0 => {
                    let count = flow.put_some(&ZEROS[..hole.min(PAGE)]);
                    if count == 0 {
                        return Stop::Full;
                    }
                    self.position += count;
                    let hole = hole - count;
                    self.part = Part::Data { hole, left };
                }
                (_, None) => return Stop::Starved,
                (_, Some(Unit::Mark(Mark::End))) => {
                    return Stop::Mark(Mark::Fault(Fault::Truncated));
                }
                (_, Some(Unit::Mark(_))) => return flow.pass_mark(),
                (Part::Header { bytes, got }, Some(Unit::Byte(byte))) => {
                    flow.advance(1);
                    if let Err(fault) = self.header(byte, bytes, got) {
                        return Stop::Mark(Mark::Fault(fault));
                    }
                }
                (Part::Data { hole, left }, _) => {
                    let count = flow.copy(left);
                    if count == 0 {
                        return Stop::Full;
                    }
                    self.position += count;
                    let left = left - count;
                    self.part = Part::Data { hole, left };
                }
                (Part::Skipped { left }, _) => {
                    let count = left.min(input);
                    flow.advance(count);
                    let left = left - count;
                    self.part = Part::Skipped { left };
                }
            }
        }
    }
}
