//! How the dialects' tests write a line and what is to be read in it.

use alloc::format;
use alloc::string::{String, ToString};

use super::{Dialect, Entry, Listing, Modified, Parser, Precision};
use crate::wire::date::DateTime;

/// Saturday, 15 June 2024, noon: the present in every test.
pub(crate) fn now() -> DateTime {
    DateTime::new(2024, 6, 15, 12, 0, 0, 0).unwrap()
}

/// Reads lines in a dialect, and compares each entry as [`show`] has it.
pub(crate) fn check(dialect: Dialect, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let listing = read(dialect, text.as_bytes());
        let shown: String = listing.entries.iter().map(show).collect();
        assert_eq!(shown, *expected, "{text}");
        assert_eq!(listing.unparsed_count, 0, "{text}");
    }
}

/// Lines that are no entries of a dialect.
pub(crate) fn check_unknown(dialect: Dialect, lines: &[&str]) {
    for text in lines {
        let listing = read(dialect, text.as_bytes());
        assert_eq!(
            (listing.entries.len(), listing.unparsed_count),
            (0, 1),
            "{text}"
        );
    }
}

pub(crate) fn read(dialect: Dialect, text: &[u8]) -> Listing {
    let mut parser = Parser::with_dialect(dialect, Some(now()));
    parser.feed(text);
    parser.finish()
}

/// `[File 12 2024-01-02T15:04 "name" -> "target" owner:group]`; a dash for what is not known.
pub(crate) fn show(entry: &Entry) -> String {
    let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let size = entry.size.map_or("-".to_string(), |size| size.to_string());
    let date = entry.modified.map_or("-".to_string(), show_date);
    let mut shown = format!("[{:?} {size} {date} {:?}", entry.kind, text(&entry.name));
    if let Some(target) = &entry.target {
        shown += &format!(" -> {:?}", text(target));
    }
    if entry.owner.is_some() || entry.group.is_some() {
        let part = |part: &Option<bytes::Bytes>| part.as_deref().map_or("-".to_string(), text);
        shown += &format!(" {}:{}", part(&entry.owner), part(&entry.group));
    }
    shown + "]"
}

fn show_date(modified: Modified) -> String {
    let mut shown = format!("{:?}", modified.date);
    match modified.precision {
        Precision::Day => shown.truncate(10),
        Precision::Minute => shown.truncate(16),
        Precision::Second | Precision::Subsecond => {}
    }
    shown
}
