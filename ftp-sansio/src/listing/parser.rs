//! A listing collected whole, up to a limit.

use alloc::vec::Vec;
use core::mem;

use super::reader::percent;
use super::{DEFAULT_LIMIT, Dialect, Entry, Listing, Reader};
use crate::wire::date::DateTime;

/// Reads a listing as it arrives and collects its entries; how it is cut into pieces makes no difference.
///
/// It holds what a [`Reader`] does, and entries up to its limit. Linear in the bytes fed.
#[derive(Debug)]
pub struct Parser {
    reader: Reader,
    limit: usize,
    /// What the entries take, in bytes.
    kept: usize,
    entries: Vec<Entry>,
    left_out: usize,
}

impl Parser {
    /// A parser that finds the dialect out. For `now` see [`Reader::new`].
    #[must_use]
    pub fn new(now: Option<DateTime>) -> Self {
        Self::start(Reader::new(now))
    }

    /// A parser for a dialect that is known. For `now` see [`Reader::new`].
    #[must_use]
    pub fn with_dialect(dialect: Dialect, now: Option<DateTime>) -> Self {
        Self::start(Reader::with_dialect(dialect, now))
    }

    fn start(reader: Reader) -> Self {
        Self {
            reader,
            limit: DEFAULT_LIMIT,
            kept: 0,
            entries: Vec::new(),
            left_out: 0,
        }
    }

    /// Sets what its entries may take, in bytes: for each the size of [`Entry`] and of its texts. Those that come after are
    /// left out; [`Listing::truncated`] tells.
    #[must_use]
    pub fn limit(self, bytes: usize) -> Self {
        Self {
            limit: bytes,
            ..self
        }
    }

    /// Takes the next bytes of the listing.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let (taken, entry) = self.reader.read(rest);
            let Some(entry) = entry else { return };
            self.keep(entry);
            rest = &rest[taken..];
        }
    }

    /// Takes the end of the listing, and gives what was read. A last line without an end counts.
    #[must_use]
    pub fn finish(mut self) -> Listing {
        while let Some(entry) = self.reader.end() {
            self.keep(entry);
        }
        let understood = self.reader.understood() - self.left_out;
        let summary = self.reader.finish();
        let unparsed_count = summary.unparsed_count + self.left_out;
        Listing {
            dialect: summary.dialect,
            confidence: percent(understood, understood + unparsed_count),
            entries: self.entries,
            unparsed: summary.unparsed,
            unparsed_count,
            truncated: self.left_out > 0,
        }
    }

    /// Takes out the entries read so far; they no longer count against the limit. For folders too large to hold.
    pub fn drain(&mut self) -> Vec<Entry> {
        self.kept = 0;
        mem::take(&mut self.entries)
    }

    fn keep(&mut self, entry: Entry) {
        if self.kept > self.limit {
            self.left_out += 1;
            return;
        }
        self.kept += size_of::<Entry>() + entry.text_len();
        self.entries.push(entry);
    }
}
