//! Block mode (RFC 959 § 3.4.2): the data in blocks, each behind a descriptor and a count.

use alloc::boxed::Box;
use alloc::vec;

use super::Fault;
use super::descriptor::Descriptor;
use super::unit::{Flow, Mark, Stage, Stop, Unit};

/// The most data in a block that is sent, in bytes. The count would allow 65,535; this much is held for each transfer.
const BLOCK: usize = 16 * 1024;

/// A descriptor, and a count of two bytes, the high one first.
const HEADER: usize = 3;

/// Which bytes follow a header on their way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Payload {
    Data,
    Marker,
}

#[derive(Clone, Copy, Debug)]
struct Sending {
    descriptor: Descriptor,
    payload: Payload,
    /// How much of header and payload together is out.
    sent: usize,
}

#[derive(Debug)]
pub(super) struct Encoder {
    block: Box<[u8]>,
    filled: usize,
    /// A record ends with the block. If the file does as well, its descriptor says both.
    after_record: bool,
    sending: Option<Sending>,
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self {
            block: vec![0; BLOCK].into_boxed_slice(),
            filled: 0,
            after_record: false,
            sending: None,
        }
    }

    /// Sends what has gathered. A block leaves only when it is known what follows, so that its descriptor can say it.
    fn flush(&mut self, with: Descriptor) {
        let record = if self.after_record {
            Descriptor::EOR
        } else {
            Descriptor::PLAIN
        };
        self.after_record = false;
        self.sending = Some(Sending {
            descriptor: with.and(record),
            payload: Payload::Data,
            sent: 0,
        });
    }

    /// Puts out what is being sent, as far as there is room; true once all of it is out.
    fn send(&mut self, mut sending: Sending, flow: &mut Flow<'_>) -> bool {
        let length = match sending.payload {
            Payload::Data => self.filled,
            Payload::Marker => flow.marker.as_bytes().len(),
        };
        let [high, low] = (length as u16).to_be_bytes();
        let header = [sending.descriptor.byte(), high, low];
        if sending.sent < HEADER {
            sending.sent += flow.put_some(&header[sending.sent..]);
        }
        if let Some(from) = sending.sent.checked_sub(HEADER) {
            sending.sent += match sending.payload {
                Payload::Data => flow.put_some(&self.block[from..length]),
                Payload::Marker => {
                    let text = flow.marker.clone();
                    flow.put_some(&text.as_bytes()[from..])
                }
            };
        }
        if sending.sent < HEADER + length {
            self.sending = Some(sending);
            return false;
        }
        self.sending = None;
        if sending.payload == Payload::Data {
            self.filled = 0;
        }
        true
    }
}

impl Stage for Encoder {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            if let Some(sending) = self.sending {
                if !self.send(sending, flow) {
                    return Stop::Full;
                }
                if sending.descriptor.has(Descriptor::EOF) {
                    return flow.pass_mark();
                }
            }
            match flow.peek() {
                None => return Stop::Starved,
                Some(Unit::Byte(_)) if self.after_record || self.filled == BLOCK => {
                    self.flush(Descriptor::PLAIN);
                }
                Some(Unit::Byte(_)) => {
                    let input = flow.input();
                    let count = input.len().min(BLOCK - self.filled);
                    self.block[self.filled..self.filled + count].copy_from_slice(&input[..count]);
                    self.filled += count;
                    flow.advance(count);
                }
                Some(Unit::Mark(Mark::Record)) if self.after_record => {
                    self.flush(Descriptor::PLAIN);
                }
                Some(Unit::Mark(Mark::Record)) => {
                    flow.take_mark();
                    self.after_record = true;
                }
                Some(Unit::Mark(Mark::Restart)) if self.after_record || self.filled > 0 => {
                    self.flush(Descriptor::PLAIN);
                }
                Some(Unit::Mark(Mark::Restart)) => {
                    flow.take_mark();
                    self.sending = Some(Sending {
                        descriptor: Descriptor::MARKER,
                        payload: Payload::Marker,
                        sent: 0,
                    });
                }
                Some(Unit::Mark(Mark::End)) => self.flush(Descriptor::EOF),
                Some(Unit::Mark(Mark::Fault(_))) => return flow.pass_mark(),
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Decoder {
    /// Whether the file has records.
    records: bool,
    suspected: bool,
    descriptor: Descriptor,
    part: Part,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Header { bytes: [u8; HEADER], got: usize },
    Data { left: u16 },
    Marker { left: u16 },
}

const NEXT_HEADER: Part = Part::Header {
    bytes: [0; HEADER],
    got: 0,
};

impl Decoder {
    pub(super) const fn new(records: bool) -> Self {
        Self {
            records,
            suspected: false,
            descriptor: Descriptor::PLAIN,
            part: NEXT_HEADER,
        }
    }

    fn begin(&mut self, header: [u8; HEADER], flow: &mut Flow<'_>) -> Result<(), Fault> {
        let [descriptor, high, low] = header;
        self.descriptor = Descriptor::parse(descriptor)?;
        self.suspected |= self.descriptor.has(Descriptor::SUSPECT);
        let left = u16::from_be_bytes([high, low]);
        self.part = if self.descriptor.has(Descriptor::MARKER) {
            flow.marker.clear();
            Part::Marker { left }
        } else {
            Part::Data { left }
        };
        Ok(())
    }

    fn byte(&mut self, byte: u8, flow: &mut Flow<'_>) -> Result<(), Stop> {
        let fault = |fault| Stop::Mark(Mark::Fault(fault));
        match self.part {
            Part::Header { mut bytes, got } => {
                bytes[got] = byte;
                flow.advance(1);
                if got + 1 < HEADER {
                    let got = got + 1;
                    self.part = Part::Header { bytes, got };
                    return Ok(());
                }
                self.begin(bytes, flow).map_err(fault)
            }
            Part::Marker { left } => {
                flow.advance(1);
                self.part = Part::Marker { left: left - 1 };
                flow.marker.push(byte).map_err(fault)
            }
            Part::Data { left } => {
                // No more than `left`, which is a u16.
                let count = flow.copy(usize::from(left)) as u16;
                if count == 0 {
                    return Err(Stop::Full);
                }
                self.part = Part::Data { left: left - count };
                Ok(())
            }
        }
    }
}

impl Stage for Decoder {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            if let Part::Data { left: 0 } | Part::Marker { left: 0 } = self.part {
                if let Some(mark) = self.descriptor.next_mark(self.records, flow.marker) {
                    return Stop::Mark(mark);
                }
                self.part = NEXT_HEADER;
            }
            match flow.peek() {
                None => return Stop::Starved,
                Some(Unit::Byte(byte)) => {
                    if let Err(stop) = self.byte(byte, flow) {
                        return stop;
                    }
                }
                Some(Unit::Mark(Mark::End)) => return Stop::Mark(Mark::Fault(Fault::Truncated)),
                Some(Unit::Mark(_)) => return flow.pass_mark(),
            }
        }
    }

    fn is_suspected(&self) -> bool {
        self.suspected
    }
}
