//! The vote, the bounds, and the properties that hold for every dialect.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::fixture::{now, show};
use super::{
    Dialect, Entry, Kind, Listing, MAX_LINE, Parser, Reader, Summary, UNPARSED_LEN, UNPARSED_LINES,
    VOTE_LINES, parse,
};

const UNIX: &str = "-rw-r--r-- 1 ann staff 5 Mar 17  2001 x\r\n";
const DOS: &str = "05-26-95  10:57AM   5 y\r\n";

#[test]
fn each_dialect_wins_its_own() {
    for (text, dialect) in [
        ("type=file;size=5; x", Dialect::Mlsx),
        ("+r,s5,\tx", Dialect::Eplf),
        ("drwxr-xr-x   folder  0 Jan  4 14:51 b", Dialect::MacWebStar),
        (UNIX, Dialect::Unix),
        (DOS, Dialect::Dos),
        ("A.TXT;4    2  18-APR-2000 10:40:39.90", Dialect::Vms),
        ("d [RWCEAFMS] ann   512 Jun 25  2007 x", Dialect::Netware),
        ("     0           DIR   05-12-97   16:52  x", Dialect::Os2),
        (
            "PEP     4019 04/03/24 18:58:16 *STMF      x",
            Dialect::Os400,
        ),
        (
            "ACCOUNTS   O  101   528  6-Apr-2007 14:21:18 255,255 \"nunu\"",
            Dialect::NonStop,
        ),
        (
            "     512    Jan-01-1980  00:00:00   x                 <DIR>",
            Dialect::VxWorks,
        ),
        (" Name     VV.MM   Created\nMEMBER", Dialect::Zos),
        ("ANN      JOB01906  OUTPUT    3 Spool Files", Dialect::Zos),
        ("total 0", Dialect::Unix),
    ] {
        let listing = parse(text.as_bytes(), Some(now()));
        assert_eq!(
            (listing.dialect, listing.confidence),
            (Some(dialect), 100),
            "{text}"
        );
    }
}

#[test]
fn the_majority_wins() {
    let text = format!("{UNIX}{DOS}{DOS}");
    let listing = parse(text.as_bytes(), None);
    assert_eq!(listing.dialect, Some(Dialect::Dos));
    assert_eq!((listing.entries.len(), listing.confidence), (2, 66));
    assert_eq!(listing.unparsed, [UNIX.trim_end().as_bytes()]);
}

#[test]
fn nothing_understood() {
    for text in ["", "\r\n\r\n", "ls: no such file\r\n"] {
        let listing = parse(text.as_bytes(), None);
        assert_eq!((listing.dialect, listing.confidence), (None, 0), "{text}");
        assert_eq!(listing.unparsed_count, usize::from(text.len() > 4));
    }
}

#[test]
fn the_vote_stays_open_while_nobody_understands() {
    let text = format!("{}{DOS}", "what?\n".repeat(VOTE_LINES * 3));
    let listing = parse(text.as_bytes(), None);
    assert_eq!(
        (listing.dialect, listing.entries.len()),
        (Some(Dialect::Dos), 1)
    );
    assert_eq!(
        (listing.unparsed_count, listing.unparsed.len()),
        (VOTE_LINES * 3, UNPARSED_LINES)
    );
}

#[test]
fn after_the_vote_lines_are_streamed() {
    let mut parser = Parser::new(None);
    parser.feed(UNIX.repeat(VOTE_LINES + 1).as_bytes());
    assert_eq!(parser.drain().len(), VOTE_LINES + 1);
    parser.feed(DOS.as_bytes());
    parser.feed(UNIX.as_bytes());
    let listing = parser.finish();
    assert_eq!((listing.entries.len(), listing.unparsed_count), (1, 1));
    assert_eq!(listing.confidence, 99);
}

#[test]
fn line_ends() {
    for end in ["\n", "\r\n"] {
        let text = UNIX.replace("\r\n", end).repeat(2);
        for text in [&text[..], text.trim_end(), text.trim_end_matches('\n')] {
            let listing = parse(text.as_bytes(), None);
            let names: Vec<_> = listing
                .entries
                .iter()
                .map(|entry| &entry.name[..])
                .collect();
            assert_eq!(names, [b"x", b"x"], "{text:?}");
        }
    }
}

#[test]
fn the_longest_line() {
    let start = "-rw-r--r-- 1 ann staff 5 Mar 17  2001 ";
    for (length, entries) in [
        (MAX_LINE, 1),
        (MAX_LINE + 1, 0),
        (MAX_LINE + 2, 0),
        (MAX_LINE * 9, 0),
    ] {
        let line = format!("{start}{}", "n".repeat(length - start.len()));
        for end in ["", "\n", "\r\n", "\r"] {
            let text = format!("{UNIX}{line}{end}");
            let listing = parse(text.as_bytes(), None);
            assert_eq!(
                (listing.entries.len(), listing.unparsed_count),
                (entries + 1, 1 - entries),
                "{length} {end:?}"
            );
        }
    }
}

#[test]
fn entries_over_the_limit_are_left_out() {
    let mut parser = Parser::new(None).limit(0);
    parser.feed(&[b'x'; MAX_LINE * 3]);
    parser.feed(b"\n");
    parser.feed(UNIX.repeat(VOTE_LINES * 2).as_bytes());
    let listing = parser.finish();
    assert!(listing.truncated);
    assert_eq!(
        (listing.entries.len(), listing.unparsed_count),
        (1, VOTE_LINES * 2)
    );
    assert_eq!(listing.confidence, 0);
}

#[test]
fn what_is_kept_of_an_unknown_line_is_cut() {
    let listing = parse(&[&[b'x'; UNPARSED_LEN + 9][..], b"\n"].concat(), None);
    assert_eq!(listing.unparsed[0].len(), UNPARSED_LEN);
}

/// All that a reader gives of a text that comes in pieces.
fn stream<'a>(
    mut reader: Reader,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Entry>, Summary) {
    let mut entries = Vec::new();
    for piece in pieces {
        let mut rest = piece;
        loop {
            let (taken, entry) = reader.read(rest);
            rest = &rest[taken..];
            let Some(entry) = entry else { break };
            entries.push(entry);
        }
        assert!(rest.is_empty());
    }
    entries.extend(core::iter::from_fn(|| reader.end()));
    (entries, reader.finish())
}

#[test]
fn a_reader_gives_what_a_parser_collects() {
    let contradictions = format!("{DOS}what?\r\n").repeat(UNPARSED_LINES);
    let text = format!("total 9\n{}{contradictions}{UNIX}", UNIX.repeat(VOTE_LINES));
    let (entries, summary) = stream(Reader::new(None), [text.as_bytes()]);
    let listing = parse(text.as_bytes(), None);
    assert_eq!(entries, listing.entries);
    assert_eq!(summary.entries, entries.len() as u64);
    assert_eq!(
        (summary.dialect, summary.confidence),
        (Some(Dialect::Unix), 88)
    );
    assert_eq!(listing.confidence, 88);
    assert_eq!(summary.unparsed_count, 2 * UNPARSED_LINES);
    assert_eq!(summary.unparsed.len(), UNPARSED_LINES);
    assert_eq!(summary.unparsed, listing.unparsed);
}

#[test]
fn what_nobody_took_is_counted() {
    let mut reader = Reader::new(None);
    assert_eq!(
        reader.read(UNIX.repeat(3).as_bytes()),
        (UNIX.len() * 3, None)
    );
    assert!(reader.end().is_some());
    assert_eq!(reader.finish().entries, 3);
}

#[test]
fn facts_without_a_field_are_reachable() {
    let text = "type=file;perm=adfr;X.colour=red;unique=1; a\r\n\
        type=file;perm=adfr;X.colour=red;unique=2; b\r\ntype=OS.unix=chr;size=x; c\r\n";
    let entries = parse(text.as_bytes(), None).entries;
    for entry in &entries[..2] {
        assert_eq!(entry.facts.get("perm"), Some(&b"adfr"[..]));
        assert_eq!(entry.facts.get("x.colour"), Some(&b"red"[..]));
        assert_eq!(entry.facts.get("unique"), None);
    }
    assert_eq!(entries[2].facts.as_bytes(), b"type=OS.unix=chr;size=x;");
}

/// Lines of every dialect, and parts of them, so that the dialects are really entered.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "-rw-r--r--",
        "drwxr-xr-x+",
        "lrwxrwxrwx",
        "crw-------",
        " ",
        "   ",
        "1",
        "0",
        "4096",
        "12, 7",
        "ann",
        "folder",
        "Jan",
        "Feb 29",
        "29 фев",
        "6月",
        "3日",
        "2003年",
        "2004",
        "15:04",
        "15:04:05",
        "2024-01-02",
        "01-02",
        " -> ",
        "name",
        "total 5",
        "+",
        "i1.2,",
        "m825718503,",
        "/,",
        "r,",
        "s9,",
        "\t",
        "A.B;1",
        ";",
        "2/16",
        "18-APR-2000",
        "[A,B]",
        "(RWED,RE,,)",
        "d [RWCEAFMS]",
        "DIR",
        "12-30-97",
        "10:57AM",
        "<DIR>",
        "<JUNCTION> a [b]",
        "04/03/18",
        "18:58:16",
        "*STMF",
        "*DIR",
        "dir/",
        "type=",
        "file;",
        "OS.unix=slink:",
        "size=",
        "modify=20240102150405.1;",
        " Name VV.MM",
        "Volume Unit",
        "JOBNAME JOBID",
        "JOB01906 A OUTPUT",
        " ID STEPNAME",
        " 001 A B C D 5",
        "spool files",
        "Migrated ",
        "Pseudo Directory ",
        "A 101 5",
        "6-Apr-07 ",
        "255, 10",
        "Jan-01-1980  00:00:00   ",
        "<DIR>",
        "Oct 08, 2002",
        "04/24/2003",
        "2KB",
        "perm=r;",
        "X.y=z;",
        "PO",
        "\r",
        "é",
    ]);
    let known =
        prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat().into_bytes());
    let spaced = prop::collection::vec(any::<u8>(), 0..60);
    prop_oneof![4 => known, 1 => spaced, 1 => Just(UNIX.trim_end().as_bytes().to_vec())]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let end = prop::sample::select(vec!["\n", "\r\n", "\n\n"]);
    let lines = prop::collection::vec((line(), end), 0..20);
    lines.prop_map(|lines| {
        lines
            .iter()
            .flat_map(|(line, end)| [line, end.as_bytes()].concat())
            .collect()
    })
}

fn dialect() -> impl Strategy<Value = Option<Dialect>> {
    prop::option::of(prop::sample::select(Dialect::ALL))
}

fn start(dialect: Option<Dialect>) -> Parser {
    match dialect {
        Some(dialect) => Parser::with_dialect(dialect, Some(now())),
        None => Parser::new(Some(now())),
    }
}

fn feed_all(dialect: Option<Dialect>, text: &[u8]) -> Listing {
    let mut parser = start(dialect);
    parser.feed(text);
    parser.finish()
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(dialect in dialect(), bytes: Vec<u8>, text in text()) {
        feed_all(dialect, &bytes);
        let listing = feed_all(dialect, &text);
        prop_assert!(listing.confidence <= 100);
        let names: Vec<String> = listing.entries.iter().map(show).collect();
        prop_assert_eq!(names.len(), listing.entries.len());
    }

    #[test]
    fn a_reader_and_a_parser_agree(dialect in dialect(), text in text(), pieces in 1usize..40) {
        let reader = || match dialect {
            Some(dialect) => Reader::with_dialect(dialect, Some(now())),
            None => Reader::new(Some(now())),
        };
        let whole = stream(reader(), [&text[..]]);
        let listing = feed_all(dialect, &text);
        prop_assert_eq!(&whole.0, &listing.entries);
        prop_assert_eq!(whole.1.unparsed_count, listing.unparsed_count);
        prop_assert_eq!((whole.1.dialect, whole.1.confidence), (listing.dialect, listing.confidence));
        prop_assert_eq!(stream(reader(), text.chunks(pieces)), whole);
    }

    #[test]
    fn names_are_never_empty_nor_leave_their_line(dialect in dialect(), text in text()) {
        for entry in feed_all(dialect, &text).entries {
            prop_assert!(!entry.name.is_empty());
            prop_assert!(!entry.name.contains(&b'\n'));
            prop_assert!(entry.target.is_none() || entry.kind == Kind::Symlink);
        }
    }

    #[test]
    fn chunks_make_no_difference(dialect in dialect(), text in text(), cuts in prop::collection::vec(1usize..40, 1..9)) {
        let whole = feed_all(dialect, &text);
        let mut parser = start(dialect);
        let (mut rest, mut cuts) = (&text[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
            parser.feed(piece);
            rest = after;
        }
        prop_assert_eq!(parser.finish(), whole);
    }

    #[test]
    fn chunks_make_no_difference_to_long_lines(extra in 0usize..5, cut in 0usize..9, end in "(\r?\n)?x?") {
        let text = [&[b'x'; MAX_LINE - 2][..], &[b'\r'; 4][..extra.min(4)], end.as_bytes(), b"\n", UNIX.as_bytes()].concat();
        let whole = feed_all(None, &text);
        let mut parser = start(None);
        let (one, two) = text.split_at(MAX_LINE - 4 + cut);
        parser.feed(one);
        parser.feed(two);
        prop_assert_eq!(parser.finish(), whole);
    }
}
