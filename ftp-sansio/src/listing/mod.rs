//! What `LIST` and `MLSD` send, read in whatever dialect the server speaks; and written.
//!
//! RFC 959 § 4.1.3 leaves the format of `LIST` open, so the dialect has to be guessed. A [`Reader`] holds back the first
//! lines, lets every dialect try them all, and takes the one that understands most; a line that fits two dialects then
//! does not decide alone. Once [`VOTE_BYTES`] or [`VOTE_LINES`] are held the vote is taken and the rest is streamed
//! through the winner. A smaller listing is voted over whole. Every line is looked at a constant number of times.
//!
//! The [`Reader`] gives one entry after another and holds none, for folders of any size; a [`Parser`] collects them in a
//! [`Listing`], up to a limit. A server that speaks RFC 3659 leaves nothing to guess: use [`Reader::with_dialect`] or
//! [`Parser::with_dialect`], and [`Dialect::Mlsx`].

use alloc::vec::Vec;

use bytes::Bytes;

use crate::wire::date::DateTime;
use item::{Outcome, State};

mod dos;
mod entry;
mod eplf;
pub(crate) mod facts;
#[cfg(test)]
mod fixture;
pub(crate) mod item;
mod macwebstar;
mod mlsx;
mod month;
mod netware;
mod nonstop;
mod os2;
mod os400;
mod parser;
mod reader;
mod unix;
mod vms;
mod vote;
mod vxworks;
mod when;
pub(crate) mod write;
mod zos;

pub use entry::{Entry, Kind, Modified, Permissions, Precision, Zone};
pub use facts::Facts;
pub use parser::Parser;
pub use reader::{Reader, Summary};
pub use write::{write_long, write_name};

/// Longest line that is read, in bytes without its end; a longer one is counted as not understood and not held.
pub const MAX_LINE: usize = 16 * 1024;
/// Once so many bytes of a listing are held back the dialect is decided.
pub const VOTE_BYTES: usize = 64 * 1024;
/// Once so many lines of a listing are held back the dialect is decided.
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
    /// HPE `NonStop` (Tandem), its Guardian files.
    NonStop,
    /// Wind River `VxWorks`, and the routers that run it.
    VxWorks,
    /// IBM z/OS (MVS): data sets, members and jobs. Its Unix files are listed as [`Dialect::Unix`].
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
        Self::NonStop,
        Self::VxWorks,
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
            Self::NonStop => nonstop::parse_line(line, state),
            Self::VxWorks => vxworks::parse_line(line, state),
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
    /// How many lines were not understood, or were longer than [`MAX_LINE`], or told of entries that were left out because
    /// the limit was reached.
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

#[cfg(test)]
mod tests;
