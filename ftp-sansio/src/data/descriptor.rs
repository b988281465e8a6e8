//! The descriptor codes of block and compressed mode (RFC 959 § 3.4.2): bits that say what the end of the data is.

use super::Fault;
use super::restart::MarkerText;
use super::unit::Mark;

/// What is said of a block, or of the string behind an escape.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Descriptor(u8);

impl Descriptor {
    pub(super) const PLAIN: Self = Self(0);
    /// Its end is the end of a record.
    pub(super) const EOR: Self = Self(128);
    /// Its end is the end of the file.
    pub(super) const EOF: Self = Self(64);
    /// Errors are suspected in it.
    pub(super) const SUSPECT: Self = Self(32);
    /// It is a restart marker.
    pub(super) const MARKER: Self = Self(16);

    /// Reads a descriptor; the other four bits mean nothing, and where one is set this is no descriptor.
    pub(super) const fn parse(byte: u8) -> Result<Self, Fault> {
        if byte & 0x0f != 0 {
            return Err(Fault::Malformed);
        }
        Ok(Self(byte))
    }

    pub(super) const fn byte(self) -> u8 {
        self.0
    }

    pub(super) const fn has(self, code: Self) -> bool {
        self.0 & code.0 != 0
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What stands at the end of what it describes, one mark a call, while there is one.
    pub(super) fn next_mark(&mut self, records: bool, marker: &MarkerText) -> Option<Mark> {
        if self.remove(Self::MARKER) {
            return Some(if marker.is_empty() {
                Mark::Fault(Fault::Malformed)
            } else {
                Mark::Restart
            });
        }
        // In a file without records the end of one says nothing (§ 3.1.2.1).
        if self.remove(Self::EOR) && records {
            return Some(Mark::Record);
        }
        self.has(Self::EOF).then_some(Mark::End)
    }

    const fn remove(&mut self, code: Self) -> bool {
        let was_there = self.has(code);
        self.0 &= !code.0;
        was_there
    }
}
