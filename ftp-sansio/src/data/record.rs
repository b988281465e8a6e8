//! Record structure (RFC 959 § 3.1.2.2) on files that have none.
//!
//! In a text each line is a record, and LF is what ends it. Any other file is sent as one record, and loses the bounds of the
//! records that it comes with.

use super::unit::{Flow, Mark, Stage, Stop, Unit};

/// File to records.
#[derive(Debug)]
pub(super) struct Splitter {
    is_text: bool,
    /// Whether there is something in the record that has begun.
    begun: bool,
}

impl Splitter {
    pub(super) const fn new(is_text: bool) -> Self {
        Self {
            is_text,
            begun: false,
        }
    }
}

impl Stage for Splitter {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            match flow.peek() {
                // All ends of records are explicit, that of the last one too (§ 3.4).
                Some(Unit::Mark(Mark::End)) if self.begun => {
                    self.begun = false;
                    return Stop::Mark(Mark::Record);
                }
                None | Some(Unit::Mark(_)) => return flow.pass_mark(),
                Some(Unit::Byte(b'\n')) if self.is_text => {
                    flow.advance(1);
                    self.begun = false;
                    return Stop::Mark(Mark::Record);
                }
                Some(Unit::Byte(_)) => {
                    let count = if self.is_text {
                        flow.copy_until(b'\n')
                    } else {
                        flow.copy(usize::MAX)
                    };
                    if count == 0 {
                        return Stop::Full;
                    }
                    self.begun = true;
                }
            }
        }
    }
}

/// Records to a file of lines.
#[derive(Debug)]
pub(super) struct Joiner;

impl Stage for Joiner {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            match flow.peek() {
                Some(Unit::Mark(Mark::Record)) => {
                    if !flow.put(b"\n") {
                        return Stop::Full;
                    }
                    flow.take_mark();
                }
                None | Some(Unit::Mark(_)) => return flow.pass_mark(),
                Some(Unit::Byte(_)) => {
                    if flow.copy(usize::MAX) == 0 {
                        return Stop::Full;
                    }
                }
            }
        }
    }
}
