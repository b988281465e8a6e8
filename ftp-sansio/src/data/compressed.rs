//! Compressed mode (RFC 959 § 3.4.3): strings of bytes, replications of one, and fillers.
//!
//! An escape (0x00 and a descriptor) speaks of the string that follows it, so that the mark for the end of a record or of the
//! file stands before the last string of it. Where there is nothing left to be sent, that is a string of no fillers.

use super::Fault;
use super::descriptor::Descriptor;
use super::unit::{Flow, Mark, Stage, Stop, Unit};

/// The most bytes in a string of regular data.
const STRING: usize = 0x7f;
/// The most replications or fillers.
const RUN: u8 = 0x3f;
const REPLICATED: u8 = 0x80;
const FILLERS: u8 = 0xc0;

/// What the encoder holds ready at most: a string and a run, and a descriptor before each.
const READY: usize = (2 + 1 + STRING) + (2 + 2);

#[derive(Debug)]
pub(super) struct Encoder {
    /// The byte that need not be sent (a space in a text, else zero).
    filler: u8,
    /// Regular data that is not sent yet.
    string: [u8; STRING],
    length: usize,
    /// The byte that came last, and how often in a row.
    run: (u8, u8),
    after_record: bool,
    ready: [u8; READY],
    ready_from: usize,
    ready_to: usize,
    ending: bool,
}

impl Encoder {
    pub(super) const fn new(filler: u8) -> Self {
        Self {
            filler,
            string: [0; STRING],
            length: 0,
            run: (0, 0),
            after_record: false,
            ready: [0; READY],
            ready_from: 0,
            ready_to: 0,
            ending: false,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.ready[self.ready_to..self.ready_to + bytes.len()].copy_from_slice(bytes);
        self.ready_to += bytes.len();
    }

    fn describe(&mut self, descriptor: Descriptor) {
        if descriptor != Descriptor::PLAIN {
            self.push(&[0, descriptor.byte()]);
        }
    }

    fn push_string(&mut self, descriptor: Descriptor) {
        self.describe(descriptor);
        self.push(&[self.length as u8]);
        let string = self.string;
        self.push(&string[..self.length]);
        self.length = 0;
    }

    /// Whether the run is shorter as one than among the regular data, even where it cuts that in two.
    const fn run_pays(&self) -> bool {
        let (byte, count) = self.run;
        count >= if byte == self.filler { 2 } else { 3 }
    }

    /// Ends the run: makes it ready where that pays, and else regular data.
    fn end_run(&mut self) {
        if self.run_pays() {
            if self.length > 0 {
                self.push_string(Descriptor::PLAIN);
            }
            self.push_run(Descriptor::PLAIN);
        } else {
            self.keep_run();
        }
    }

    fn push_run(&mut self, descriptor: Descriptor) {
        let (byte, count) = self.run;
        self.run.1 = 0;
        self.describe(descriptor);
        if byte == self.filler {
            self.push(&[FILLERS | count]);
        } else {
            self.push(&[REPLICATED | count, byte]);
        }
    }

    fn keep_run(&mut self) {
        let (byte, count) = self.run;
        self.run.1 = 0;
        for _ in 0..count {
            if self.length == STRING {
                self.push_string(Descriptor::PLAIN);
            }
            self.string[self.length] = byte;
            self.length += 1;
        }
    }

    /// Takes a byte; at most one string and one run become ready.
    fn byte(&mut self, byte: u8) {
        if self.run.1 > 0 && (self.run.0 != byte || self.run.1 == RUN) {
            self.end_run();
        }
        self.run.0 = byte;
        self.run.1 += 1;
    }

    /// Makes all of it ready, with the descriptor before the last string.
    fn flush(&mut self, end: Descriptor) {
        let mut descriptor = end;
        if self.after_record {
            descriptor = descriptor.and(Descriptor::EOR);
        }
        self.after_record = false;
        if self.run_pays() {
            if self.length > 0 {
                self.push_string(Descriptor::PLAIN);
            }
            return self.push_run(descriptor);
        }
        self.keep_run();
        if self.length > 0 {
            self.push_string(descriptor);
        } else if descriptor != Descriptor::PLAIN {
            self.describe(descriptor);
            self.push(&[FILLERS]);
        }
    }

    /// Takes what comes next in the input; or leaves it, and makes ready what must go before it.
    fn unit(&mut self, unit: Unit, flow: &mut Flow<'_>) -> Option<Stop> {
        match unit {
            Unit::Byte(_) | Unit::Mark(Mark::Record | Mark::Restart) if self.after_record => {
                self.flush(Descriptor::PLAIN);
            }
            Unit::Byte(byte) => {
                flow.advance(1);
                self.byte(byte);
            }
            Unit::Mark(Mark::Record) => {
                flow.take_mark();
                self.after_record = true;
            }
            Unit::Mark(Mark::Restart) if self.length > 0 || self.run.1 > 0 => {
                self.flush(Descriptor::PLAIN);
            }
            Unit::Mark(Mark::Restart) => {
                flow.take_mark();
                // This library's own markers are short.
                let text = flow.marker.as_bytes();
                self.length = text.len().min(STRING);
                self.string[..self.length].copy_from_slice(&text[..self.length]);
                self.push_string(Descriptor::MARKER);
            }
            Unit::Mark(Mark::End) if self.ending => return Some(flow.pass_mark()),
            Unit::Mark(Mark::End) => {
                self.flush(Descriptor::EOF);
                self.ending = true;
            }
            Unit::Mark(Mark::Fault(_)) => return Some(flow.pass_mark()),
        }
        None
    }
}

impl Stage for Encoder {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            if self.ready_from < self.ready_to {
                self.ready_from += flow.put_some(&self.ready[self.ready_from..self.ready_to]);
                if self.ready_from < self.ready_to {
                    return Stop::Full;
                }
                (self.ready_from, self.ready_to) = (0, 0);
            }
            let Some(unit) = flow.peek() else {
                return Stop::Starved;
            };
            if let Some(stop) = self.unit(unit, flow) {
                return stop;
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Decoder {
    filler: u8,
    /// Whether the file has records.
    records: bool,
    suspected: bool,
    /// What was said of the string that runs, or that comes next.
    descriptor: Descriptor,
    part: Part,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    /// The next byte says what follows.
    Start,
    /// A descriptor follows.
    Escape,
    /// So many bytes of regular data follow.
    String { left: u8 },
    /// The byte to replicate follows.
    Replicated { count: u8 },
    /// So many of this byte are to be put out.
    Run { byte: u8, left: u8 },
    /// The string is over.
    Over,
}

impl Decoder {
    pub(super) const fn new(filler: u8, records: bool) -> Self {
        Self {
            filler,
            records,
            suspected: false,
            descriptor: Descriptor::PLAIN,
            part: Part::Start,
        }
    }

    fn start(&mut self, byte: u8, flow: &mut Flow<'_>) {
        let count = byte & RUN;
        self.part = match byte {
            0 => Part::Escape,
            1..=0x7f => Part::String { left: byte },
            REPLICATED..FILLERS => Part::Replicated { count },
            FILLERS.. => Part::Run {
                byte: self.filler,
                left: count,
            },
        };
        if byte != 0 && self.descriptor.has(Descriptor::MARKER) {
            flow.marker.clear();
        }
    }

    /// Goes on with a run, without any input.
    fn replicate(&mut self, byte: u8, left: u8, flow: &mut Flow<'_>) -> Result<(), Stop> {
        if self.descriptor.has(Descriptor::MARKER) {
            for _ in 0..left {
                push_marker(byte, flow)?;
            }
            self.part = Part::Over;
            return Ok(());
        }
        let run = [byte; RUN as usize];
        // No more than `left`, which is a u8.
        let count = flow.put_some(&run[..usize::from(left)]) as u8;
        if count < left {
            let left = left - count;
            self.part = Part::Run { byte, left };
            return Err(Stop::Full);
        }
        self.part = Part::Over;
        Ok(())
    }

    fn byte(&mut self, byte: u8, flow: &mut Flow<'_>) -> Result<(), Stop> {
        match self.part {
            Part::Start => {
                flow.advance(1);
                self.start(byte, flow);
            }
            Part::Escape => {
                flow.advance(1);
                let descriptor = Descriptor::parse(byte).map_err(fault)?;
                self.descriptor = self.descriptor.and(descriptor);
                self.suspected |= descriptor.has(Descriptor::SUSPECT);
                self.part = Part::Start;
            }
            Part::Replicated { count } => {
                flow.advance(1);
                self.part = Part::Run { byte, left: count };
            }
            Part::String { left } => {
                let count = if self.descriptor.has(Descriptor::MARKER) {
                    flow.advance(1);
                    push_marker(byte, flow)?;
                    1
                } else {
                    // No more than `left`, which is a u8.
                    flow.copy(usize::from(left)) as u8
                };
                if count == 0 {
                    return Err(Stop::Full);
                }
                self.part = if count == left {
                    Part::Over
                } else {
                    let left = left - count;
                    Part::String { left }
                };
            }
            // These two need no input, and are done with before any is taken.
            Part::Run { .. } | Part::Over => {}
        }
        Ok(())
    }
}

const fn fault(fault: Fault) -> Stop {
    Stop::Mark(Mark::Fault(fault))
}

fn push_marker(byte: u8, flow: &mut Flow<'_>) -> Result<(), Stop> {
    flow.marker.push(byte).map_err(fault)
}

impl Stage for Decoder {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            if let Part::Run { byte, left } = self.part
                && let Err(stop) = self.replicate(byte, left, flow)
            {
                return stop;
            }
            if let Part::Over = self.part {
                if let Some(mark) = self.descriptor.next_mark(self.records, flow.marker) {
                    return Stop::Mark(mark);
                }
                self.descriptor = Descriptor::PLAIN;
                self.part = Part::Start;
            }
            match flow.peek() {
                None => return Stop::Starved,
                Some(Unit::Byte(byte)) => {
                    if let Err(stop) = self.byte(byte, flow) {
                        return stop;
                    }
                }
                Some(Unit::Mark(Mark::End)) => return fault(Fault::Truncated),
                Some(Unit::Mark(_)) => return flow.pass_mark(),
            }
        }
    }

    fn is_suspected(&self) -> bool {
        self.suspected
    }
}
