//! A listing as a stream of entries, in constant memory.

use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use super::item::{Keeper, Outcome, State};
use super::vote::{elect, next_line};
use super::{Dialect, Entry, MAX_LINE, UNPARSED_LEN, UNPARSED_LINES, VOTE_BYTES, VOTE_LINES};
use crate::wire::date::DateTime;

/// What is known of a listing beside its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The dialect it was read in; `None` when no line was understood in any.
    pub dialect: Option<Dialect>,
    /// How much of the listing that dialect understood, in percent of its lines, blank ones not counted.
    pub confidence: u8,
    /// How many entries it had.
    pub entries: u64,
    /// The first lines that were not understood, at most [`UNPARSED_LINES`], each cut at [`UNPARSED_LEN`] bytes.
    pub unparsed: Vec<Bytes>,
    /// How many lines were not understood, or were longer than [`MAX_LINE`].
    pub unparsed_count: usize,
}

/// Reads a listing as it arrives and gives its entries one by one; how it is cut into pieces makes no difference.
///
/// It holds at most [`Reader::MEMORY_BOUND`] bytes, however long the listing is. Each line is looked at once by every
/// dialect, at most, and once more by the one that won; the time is linear in the bytes.
///
/// The texts of its entries lie in blocks of [`Reader::BLOCK`] bytes, shared with the entries around, so that an entry
/// costs no allocation of its own. Who keeps one entry of many for long, keeps its block: copy the name then.
///
/// ```
/// use ftp_sansio::listing::Reader;
///
/// let mut reader = Reader::new(None);
/// let mut names = Vec::new();
/// for piece in [&b"-rw-r--r-- 1 ann staff 5 Mar 17  2001 a\r\n-rw-r"[..], b"--r-- 1 ann staff 5 Mar 17  2001 b\r\n"] {
///     let mut rest = piece;
///     loop {
///         let (taken, entry) = reader.read(rest);
///         rest = &rest[taken..];
///         let Some(entry) = entry else { break };
///         names.push(entry.name);
///     }
/// }
/// while let Some(entry) = reader.end() {
///     names.push(entry.name);
/// }
/// assert_eq!(names, ["a", "b"]);
/// assert_eq!(reader.finish().confidence, 100);
/// ```
#[derive(Debug)]
pub struct Reader {
    dialect: Option<Dialect>,
    /// Whole lines, each with its LF, that wait for the vote, or that it is over for and that wait to be read.
    held: Vec<u8>,
    held_lines: usize,
    /// Up to where the held lines were read.
    read: usize,
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    /// Inside a line that is too long, and whose beginning was dropped.
    skipping: bool,
    interpreter: Interpreter,
}

/// What makes entries out of lines, and counts.
#[derive(Debug)]
struct Interpreter {
    state: State,
    keeper: Keeper,
    understood: usize,
    summary: Summary,
}

impl Reader {
    /// The size of the blocks that the texts of entries share, in bytes.
    pub const BLOCK: usize = 4096;
    /// What a reader takes at most, in bytes, and what comes with it: the lines that wait for the vote, the beginning of a
    /// line, what is remembered of the last lines, each in a buffer that is copied to one twice as large when it grows;
    /// [`Summary::unparsed`]; and blocks for the texts of entries.
    pub const MEMORY_BOUND: usize = 3 * (VOTE_BYTES + 5 * MAX_LINE)
        + UNPARSED_LINES * (UNPARSED_LEN + 3 * size_of::<Bytes>())
        + 5 * (Self::BLOCK + 64);

    /// A reader that finds the dialect out. `now`, in the server's time zone as near as it is known, chooses the year of
    /// dates that have none; without it they are left out.
    #[must_use]
    pub fn new(now: Option<DateTime>) -> Self {
        Self::start(None, now)
    }

    /// A reader for a dialect that is known. For `now` see [`Reader::new`].
    #[must_use]
    pub fn with_dialect(dialect: Dialect, now: Option<DateTime>) -> Self {
        Self::start(Some(dialect), now)
    }

    fn start(dialect: Option<Dialect>, now: Option<DateTime>) -> Self {
        Self {
            dialect,
            held: Vec::new(),
            held_lines: 0,
            read: 0,
            partial: Vec::new(),
            skipping: false,
            interpreter: Interpreter {
                state: State::new(now, dialect.is_some()),
                keeper: Keeper::new(Self::BLOCK),
                understood: 0,
                summary: Summary::default(),
            },
        }
    }

    /// Reads bytes up to the end of the next entry; says how many were taken, and gives the entry.
    ///
    /// Without an entry all bytes were taken, and it is time for the next ones.
    pub fn read(&mut self, bytes: &[u8]) -> (usize, Option<Entry>) {
        let mut taken = 0;
        loop {
            if let Some(entry) = self.replay() {
                return (taken, Some(entry));
            }
            let rest = &bytes[taken..];
            let Some(end) = memchr::memchr(b'\n', rest) else {
                self.hold(rest);
                return (bytes.len(), None);
            };
            taken += end + 1;
            if let Some(entry) = self.close_line(&rest[..end]) {
                return (taken, Some(entry));
            }
        }
    }

    /// Takes the end of the listing: gives the entries that were held back, one at a call. A last line without an end
    /// counts.
    pub fn end(&mut self) -> Option<Entry> {
        if let Some(entry) = self.replay() {
            return Some(entry);
        }
        if !self.partial.is_empty() {
            let last = mem::take(&mut self.partial);
            if let Some(entry) = self.end_line(&last) {
                return Some(entry);
            }
        }
        if self.dialect.is_none() {
            self.decide();
        }
        self.replay()
    }

    /// Takes the end of the listing, and tells about it. Entries that [`Reader::end`] has not given are counted.
    #[must_use]
    pub fn finish(mut self) -> Summary {
        while self.end().is_some() {}
        let Interpreter {
            understood,
            mut summary,
            ..
        } = self.interpreter;
        summary.dialect = self.dialect;
        summary.confidence = percent(understood, understood + summary.unparsed_count);
        summary
    }

    /// How many lines were understood so far.
    pub(super) const fn understood(&self) -> usize {
        self.interpreter.understood
    }

    /// Keeps the beginning of a line, unless it is already too long.
    fn hold(&mut self, bytes: &[u8]) {
        if self.skipping {
            return;
        }
        // A CR before the end does not count, and may be the last byte there is.
        if self.partial.len() + bytes.len() > MAX_LINE + 1 {
            self.skipping = true;
            self.partial = Vec::new();
            self.interpreter.summary.unparsed_count += 1;
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }

    /// Takes the rest of a line, without its LF.
    fn close_line(&mut self, rest: &[u8]) -> Option<Entry> {
        if mem::take(&mut self.skipping) {
            return None;
        }
        if self.partial.is_empty() {
            return self.end_line(rest);
        }
        let mut whole = mem::take(&mut self.partial);
        // One byte past the limit shows that it was passed; more need not be copied.
        let room = MAX_LINE + 2 - whole.len();
        whole.extend_from_slice(&rest[..rest.len().min(room)]);
        let entry = self.end_line(&whole);
        whole.clear();
        self.partial = whole;
        entry
    }

    /// Takes a line without its LF.
    fn end_line(&mut self, line: &[u8]) -> Option<Entry> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > MAX_LINE {
            self.interpreter.summary.unparsed_count += 1;
            return None;
        }
        if let Some(dialect) = self.dialect {
            return self.interpreter.read(dialect, line);
        }
        self.held.extend_from_slice(line);
        self.held.push(b'\n');
        self.held_lines += 1;
        if self.held.len() >= VOTE_BYTES || self.held_lines >= VOTE_LINES {
            self.decide();
        }
        None
    }

    /// Takes the vote over the lines held, which then wait to be read. When nobody understands anything they are dropped,
    /// and the vote stays open.
    fn decide(&mut self) {
        self.held_lines = 0;
        self.dialect = elect(&self.held, &self.interpreter.state);
        if self.dialect.is_none() {
            let mut rest = &self.held[..];
            while let Some(line) = next_line(&mut rest) {
                self.interpreter.not_understood(line);
            }
            self.held.clear();
        }
    }

    /// The next entry of the lines that the vote was taken over.
    fn replay(&mut self) -> Option<Entry> {
        let dialect = self.dialect?;
        let mut rest = &self.held[self.read..];
        while let Some(line) = next_line(&mut rest) {
            self.read = self.held.len() - rest.len();
            if let Some(entry) = self.interpreter.read(dialect, line) {
                return Some(entry);
            }
        }
        if self.read > 0 {
            self.held = Vec::new();
            self.read = 0;
        }
        None
    }
}

impl Interpreter {
    fn read(&mut self, dialect: Dialect, line: &[u8]) -> Option<Entry> {
        match dialect.parse_line(line, &mut self.state) {
            Outcome::Entry(item) => {
                self.understood += 1;
                self.summary.entries += 1;
                return Some(self.keeper.keep(&item));
            }
            Outcome::Ignored if line.trim_ascii().is_empty() => {}
            Outcome::Ignored => self.understood += 1,
            Outcome::Unknown => self.not_understood(line),
        }
        None
    }

    fn not_understood(&mut self, line: &[u8]) {
        if line.trim_ascii().is_empty() {
            return;
        }
        self.summary.unparsed_count += 1;
        if self.summary.unparsed.len() < UNPARSED_LINES {
            let cut = &line[..line.len().min(UNPARSED_LEN)];
            self.summary.unparsed.push(Bytes::copy_from_slice(cut));
        }
    }
}

/// How many of a hundred; zero of none.
pub(super) fn percent(part: usize, whole: usize) -> u8 {
    let part = part as u128 * 100;
    part.checked_div(whole as u128)
        .map_or(0, |share| u8::try_from(share).unwrap_or(100))
}
