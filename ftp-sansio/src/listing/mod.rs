//! What `LIST` and `MLSD` send, read in whatever dialect the server speaks; and written.
//!
//! RFC 959 § 4.1.3 leaves the format of `LIST` open, so the dialect has to be guessed. A [`Parser`] holds back the first
//! lines, lets every dialect try them all, and takes the one that understands most; a line that fits two dialects then
//! does not decide alone. Once [`VOTE_BYTES`] or [`VOTE_LINES`] are held the vote is taken and the rest is streamed
//! through the winner. A smaller listing is voted over whole. Every line is looked at a constant number of times.
//!
//! A server that speaks RFC 3659 leaves nothing to guess: use [`Parser::with_dialect`] and [`Dialect::Mlsx`].

use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use crate::wire::date::DateTime;
use item::{Keeper, Outcome, State};

mod dos;
mod entry;
mod eplf;
#[cfg(test)]
mod fixture;
pub(crate) mod item;
mod macwebstar;
mod mlsx;
mod month;
mod netware;
mod os2;
mod os400;
mod unix;
mod vms;
mod when;
pub(crate) mod write;
mod zos;

pub use entry::{Entry, Kind, Modified, Permissions, Precision, Zone};
pub use write::{write_long, write_name};

/// Longest line that is read, in bytes without its end; a longer one is counted as not understood and not held.
pub const MAX_LINE: usize = 16 * 1024;
/// How many bytes of a listing are held back, at most, before the dialect is decided.
pub const VOTE_BYTES: usize = 64 * 1024;
/// How many lines of a listing are held back, at most, before the dialect is decided.
pub const VOTE_LINES: usize = 512;
/// How many lines that were not understood are kept to be shown, each cut at [`UNPARSED_LEN`].
pub const UNPARSED_LINES: usize = 32;
/// How much of a line that was not understood is kept, in bytes.
pub const UNPARSED_LEN: usize = 512;
/// What a parser's entries may take, in bytes, unless [`Parser::limit`] says otherwise: some hundred thousand files.
pub const DEFAULT_LIMIT: usize = 256 * 1024 * 1024;

/// The format a server lists its files in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// The facts of `MLSD` and `MLST`, RFC 3659 § 7.
    Mlsx,
    /// Easily Parsed LIST Format, D. J. Bernstein.
    Eplf,
    /// `NetPresenz` and `MacWebStar`: Unix in looks, with the sizes of both forks.
    MacWebStar,
    /// `ls -l`, with its many variations.
    Unix,
    /// `dir` of MS-DOS and Windows, IIS.
    Dos,
    /// VMS, whose entries may take two lines.
    Vms,
    /// Novell NetWare.
    Netware,
    /// IBM OS/2.
    Os2,
    /// IBM OS/400.
    Os400,
    /// IBM z/OS (MVS): data sets, members and jobs.
    Zos,
}

impl Dialect {
    /// All of them. Where two understand equally much, the earlier is taken: the more particular come first.
    pub const ALL: &[Self] = &[
        Self::Mlsx,
        Self::Eplf,
        Self::MacWebStar,
        Self::Unix,
        Self::Dos,
        Self::Vms,
        Self::Netware,
        Self::Os2,
        Self::Os400,
        Self::Zos,
    ];

    fn parse_line<'a>(self, line: &'a [u8], state: &'a mut State) -> Outcome<'a> {
        match self {
            Self::Mlsx => mlsx::parse_line(line, state),
            Self::Eplf => eplf::parse_line(line, state),
            Self::MacWebStar => macwebstar::parse_line(line, state),
            Self::Unix => unix::parse_line(line, state),
            Self::Dos => dos::parse_line(line, state),
            Self::Vms => vms::parse_line(line, state),
            Self::Netware => netware::parse_line(line, state),
            Self::Os2 => os2::parse_line(line, state),
            Self::Os400 => os400::parse_line(line, state),
            Self::Zos => zos::parse_line(line, state),
        }
    }
}

/// A listing that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The dialect it was read in; `None` when no line was understood in any.
    pub dialect: Option<Dialect>,
    /// How much of the listing that dialect understood, in percent of its lines, blank ones not counted.
    pub confidence: u8,
    /// The entries in the server's order, `.` and `..` among them where it lists those.
    pub entries: Vec<Entry>,
    /// The first lines that were not understood, at most [`UNPARSED_LINES`], each cut at [`UNPARSED_LEN`] bytes.
    pub unparsed: Vec<Bytes>,
    /// How many lines were not understood, or were longer than [`MAX_LINE`], or came after the limit was reached.
    pub unparsed_count: usize,
    /// Whether entries were left out because the limit was reached.
    pub truncated: bool,
}

/// Reads a whole listing. `now`, in the server's time zone as near as it is known, chooses the year of dates that have
/// none; without it they are left out.
#[must_use]
pub fn parse(bytes: &[u8], now: Option<DateTime>) -> Listing {
    let mut parser = Parser::new(now);
    parser.feed(bytes);
    parser.finish()
}

/// Reads a listing as it arrives; how it is cut into pieces makes no difference.
///
/// It holds at most [`VOTE_BYTES`] and [`MAX_LINE`] of text, what [`Listing::unparsed`] may hold, and entries up to its
/// limit. Linear in the bytes fed.
#[derive(Debug)]
pub struct Parser {
    state: State,
    dialect: Option<Dialect>,
    /// Whole lines, each with its LF, that wait for the vote.
    held: Vec<u8>,
    held_lines: usize,
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    /// Inside a line that is too long, and whose beginning was dropped.
    skipping: bool,
    keeper: Keeper,
    understood: usize,
    limit: usize,
    listing: Listing,
}

impl Parser {
    /// A parser that finds the dialect out. For `now` see [`parse`].
    #[must_use]
    pub fn new(now: Option<DateTime>) -> Self {
        Self {
            state: State::new(now, false),
            dialect: None,
            held: Vec::new(),
            held_lines: 0,
            partial: Vec::new(),
            skipping: false,
            keeper: Keeper::default(),
            understood: 0,
            limit: DEFAULT_LIMIT,
            listing: Listing::default(),
        }
    }

    /// A parser for a dialect that is known. For `now` see [`parse`].
    #[must_use]
    pub fn with_dialect(dialect: Dialect, now: Option<DateTime>) -> Self {
        Self {
            state: State::new(now, true),
            dialect: Some(dialect),
            ..Self::new(now)
        }
    }

    /// Sets what its entries may take, in bytes: for each the size of [`Entry`] and the length of its line. Lines that
    /// come after are not read; [`Listing::truncated`] tells.
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
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            if mem::take(&mut self.skipping) {
                self.partial.clear();
            } else if self.partial.is_empty() {
                self.end_line(line);
            } else {
                let mut whole = mem::take(&mut self.partial);
                // One byte past the limit shows that it was passed; more need not be copied.
                let room = MAX_LINE + 2 - whole.len();
                whole.extend_from_slice(&line[..line.len().min(room)]);
                self.end_line(&whole);
                whole.clear();
                self.partial = whole;
            }
            rest = after;
        }
        self.hold(rest);
    }

    /// Takes the end of the listing, and gives what was read. A last line without an end counts.
    #[must_use]
    pub fn finish(mut self) -> Listing {
        if !self.partial.is_empty() {
            let last = mem::take(&mut self.partial);
            self.end_line(&last);
        }
        if self.dialect.is_none() {
            self.decide();
        }
        let lines = self.understood + self.listing.unparsed_count;
        self.listing.dialect = self.dialect;
        self.listing.confidence = match lines {
            0 => 0,
            lines => u8::try_from(self.understood as u128 * 100 / lines as u128).unwrap_or(100),
        };
        self.listing
    }

    /// Takes out the entries read so far; they no longer count against the limit. For folders too large to hold.
    pub fn drain(&mut self) -> Vec<Entry> {
        self.keeper.kept = 0;
        mem::take(&mut self.listing.entries)
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
            self.listing.unparsed_count += 1;
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }

    /// Takes a line without its LF.
    fn end_line(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > MAX_LINE {
            self.listing.unparsed_count += 1;
        } else if let Some(dialect) = self.dialect {
            self.read(dialect, line);
        } else {
            if self.held.len() + line.len() >= VOTE_BYTES || self.held_lines == VOTE_LINES {
                self.decide();
            }
            match self.dialect {
                Some(dialect) => self.read(dialect, line),
                None => {
                    self.held.extend_from_slice(line);
                    self.held.push(b'\n');
                    self.held_lines += 1;
                }
            }
        }
    }

    /// Takes the vote over the lines held, and reads them. When nobody understands anything the vote stays open.
    fn decide(&mut self) {
        let held = mem::take(&mut self.held);
        self.held_lines = 0;
        self.dialect = elect(&held, &self.state);
        for line in lines(&held) {
            match self.dialect {
                Some(dialect) => self.read(dialect, line),
                None => self.not_understood(line),
            }
        }
    }

    fn read(&mut self, dialect: Dialect, line: &[u8]) {
        if self.keeper.kept > self.limit {
            self.listing.truncated = true;
            return self.not_understood(line);
        }
        match dialect.parse_line(line, &mut self.state) {
            Outcome::Entry(item) => {
                let entry = self.keeper.keep(&item);
                self.listing.entries.push(entry);
                self.understood += 1;
            }
            Outcome::Ignored if line.trim_ascii().is_empty() => {}
            Outcome::Ignored => self.understood += 1,
            Outcome::Unknown => self.not_understood(line),
        }
    }

    fn not_understood(&mut self, line: &[u8]) {
        if line.trim_ascii().is_empty() {
            return;
        }
        self.listing.unparsed_count += 1;
        if self.listing.unparsed.len() < UNPARSED_LINES {
            let cut = &line[..line.len().min(UNPARSED_LEN)];
            self.listing.unparsed.push(Bytes::copy_from_slice(cut));
        }
    }
}

/// The dialect that finds most entries in `text`, then the one that knows most of the other lines.
fn elect(text: &[u8], state: &State) -> Option<Dialect> {
    let mut best = ((0, 0), None);
    for dialect in Dialect::ALL {
        let score = score(*dialect, text, state);
        // `total 0` alone belongs to several; the common one is meant.
        let common = *dialect == Dialect::Unix && score.0 == 0 && score.1 > 0;
        if score > best.0 || (common && score == best.0) {
            best = (score, Some(*dialect));
        }
    }
    best.1
}

/// How many lines of `text` are entries of `dialect`, and how many others it knows.
fn score(dialect: Dialect, text: &[u8], state: &State) -> (usize, usize) {
    let mut state = state.clone();
    let (mut entries, mut ignored) = (0, 0);
    for line in lines(text).filter(|line| !line.trim_ascii().is_empty()) {
        match dialect.parse_line(line, &mut state) {
            Outcome::Entry(_) => entries += 1,
            Outcome::Ignored => ignored += 1,
            Outcome::Unknown => {}
        }
    }
    (entries, ignored)
}

/// The lines of text in which each has its LF.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest)?;
        let line = &rest[..end];
        rest = &rest[end + 1..];
        Some(line)
    })
}

#[cfg(test)]
mod tests;
