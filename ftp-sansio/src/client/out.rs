//! The control bytes on their way out, some of them urgent.

use alloc::vec::Vec;
use core::ops::Range;

use crate::session::{Outbox, Transmit};

/// Control bytes that wait to be written, and whether all that was shown is on the socket.
#[derive(Debug, Default)]
pub(super) struct Out {
    outbox: Outbox,
    /// Which of the waiting bytes go out as urgent data.
    urgent: Range<usize>,
    is_flushed: bool,
}

impl Out {
    /// Appends what `write` does; how many bytes that are.
    pub(super) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> usize {
        let before = self.outbox.len();
        write(self.outbox.buffer());
        self.is_flushed = false;
        self.outbox.len() - before
    }

    /// Appends bytes that overtake what the network holds, as far as TCP lets them.
    pub(super) fn append_urgent(&mut self, bytes: &[u8]) {
        let start = self.outbox.len();
        self.append(|waiting| waiting.extend_from_slice(bytes));
        self.urgent = start..self.outbox.len();
    }

    pub(super) fn len(&self) -> usize {
        self.outbox.len()
    }

    /// The bytes of one kind that are to be written next.
    pub(super) fn transmit(&self) -> Option<Transmit<'_>> {
        let waiting = self.outbox.waiting();
        if waiting.is_empty() {
            return None;
        }
        let Range { start, end } = self.urgent;
        let (count, urgent) = match (start, end) {
            (start, end) if start == end => (waiting.len(), false),
            (0, end) => (end, true),
            (start, _) => (start, false),
        };
        Some(Transmit {
            bytes: waiting.get(..count).unwrap_or(waiting),
            urgent,
        })
    }

    pub(super) fn transmitted(&mut self, count: usize) {
        self.outbox.sent(count);
        let Range { start, end } = self.urgent;
        self.urgent = start.saturating_sub(count)..end.saturating_sub(count);
    }

    /// All that was shown is on the socket.
    pub(super) fn flushed(&mut self) {
        self.is_flushed = self.outbox.is_empty();
    }

    pub(super) const fn is_flushed(&self) -> bool {
        self.is_flushed
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_bytes_are_shown_by_themselves() {
        for step in 1..8 {
            let mut out = Out::default();
            out.append(|bytes| bytes.extend_from_slice(b"NOOP\r\n"));
            out.append_urgent(b"\xff\xf4\xff\xf2");
            out.append(|bytes| bytes.extend_from_slice(b"ABOR\r\n"));
            let mut sent = [Vec::new(), Vec::new()];
            while let Some(Transmit { bytes, urgent }) = out.transmit() {
                let count = bytes.len().min(step);
                sent[usize::from(urgent)].extend_from_slice(&bytes[..count]);
                out.transmitted(count);
                assert!(!out.is_flushed());
            }
            assert_eq!(sent, [&b"NOOP\r\nABOR\r\n"[..], b"\xff\xf4\xff\xf2"]);
            out.flushed();
            assert!(out.is_flushed());
        }
    }
}
