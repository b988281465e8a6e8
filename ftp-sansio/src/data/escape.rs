//! Records in a stream (RFC 959 § 3.4.1): 0xFF, and a byte that says what it stands for.

use super::Fault;
use super::unit::{Flow, Mark, Stage, Stop, Unit};

const ESCAPE: u8 = 0xff;
const EOR: u8 = 1;
const EOF: u8 = 2;

#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// A record has ended. If the file does as well, one code says both.
    after_record: bool,
}

impl Stage for Encoder {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            let end = matches!(flow.peek(), Some(Unit::Mark(Mark::End)));
            if self.after_record && flow.peek().is_some() {
                if !flow.put(&[ESCAPE, if end { EOR | EOF } else { EOR }]) {
                    return Stop::Full;
                }
                self.after_record = false;
                if end {
                    return flow.pass_mark();
                }
            }
            match flow.peek() {
                None => return Stop::Starved,
                Some(Unit::Byte(ESCAPE)) => {
                    if !flow.put(&[ESCAPE, ESCAPE]) {
                        return Stop::Full;
                    }
                    flow.advance(1);
                }
                Some(Unit::Byte(_)) => {
                    if flow.copy_until(ESCAPE) == 0 {
                        return Stop::Full;
                    }
                }
                Some(Unit::Mark(Mark::Record)) => {
                    flow.take_mark();
                    self.after_record = true;
                }
                Some(Unit::Mark(Mark::End)) => {
                    if !flow.put(&[ESCAPE, EOF]) {
                        return Stop::Full;
                    }
                    return flow.pass_mark();
                }
                Some(Unit::Mark(_)) => return flow.pass_mark(),
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Decoder {
    escaped: bool,
    /// The end of the file was told.
    over: bool,
    /// Whether the end of what carries this must come too: that of a zlib stream.
    waits: bool,
}

impl Decoder {
    pub(super) const fn new(waits: bool) -> Self {
        Self {
            escaped: false,
            over: false,
            waits,
        }
    }

    /// Reads the byte behind an escape.
    fn code(&mut self, code: u8, flow: &mut Flow<'_>) -> Option<Stop> {
        if code == ESCAPE && !flow.put(&[ESCAPE]) {
            return Some(Stop::Full);
        }
        flow.advance(1);
        self.escaped = false;
        match code {
            ESCAPE => return None,
            EOR => {}
            EOF => {
                self.over = true;
                return None;
            }
            3 => self.over = true,
            _ => return Some(Stop::Mark(Mark::Fault(Fault::Malformed))),
        }
        Some(Stop::Mark(Mark::Record))
    }
}

impl Stage for Decoder {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            if self.over {
                return end_of_structure(self.waits, flow);
            }
            match flow.peek() {
                None => return Stop::Starved,
                Some(Unit::Byte(code)) if self.escaped => {
                    if let Some(stop) = self.code(code, flow) {
                        return stop;
                    }
                }
                Some(Unit::Byte(ESCAPE)) => {
                    flow.advance(1);
                    self.escaped = true;
                }
                Some(Unit::Byte(_)) => {
                    if flow.copy_until(ESCAPE) == 0 {
                        return Stop::Full;
                    }
                }
                Some(Unit::Mark(Mark::End)) => return Stop::Mark(Mark::Fault(Fault::Truncated)),
                Some(Unit::Mark(_)) => return flow.pass_mark(),
            }
        }
    }
}

/// What comes of the input of a decoder whose structure has told the end of the file. If that `waits` for the end of its
/// mode, nothing else may come before it.
pub(super) fn end_of_structure(waits: bool, flow: &mut Flow<'_>) -> Stop {
    match flow.peek() {
        _ if !waits => Stop::Mark(Mark::End),
        None => Stop::Starved,
        Some(Unit::Byte(_)) => Stop::Mark(Mark::Fault(Fault::Trailing)),
        Some(Unit::Mark(_)) => flow.pass_mark(),
    }
}
