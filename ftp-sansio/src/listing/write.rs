//! Listings as a server sends them.

use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::{Entry, Kind, Permissions};
use crate::wire::date::{DateTime, ListDate};

/// Appends the line of `ls -l` for `entry`, with CRLF.
///
/// `-rw-r--r--   1 owner    group           1234 Jan  2 15:04 name`, and ` -> target` after a link whose target is
/// known. What is not known is filled with the usual: 0755 for folders, 0777 for links, 0644 for others; one link;
/// `owner`, `group`, zero bytes, 1 January 1970. Blanks in owner and group become `_`. What is neither file, folder nor
/// link is shown as a pipe, which every client knows and none takes for a file. `now` is in the time zone of
/// [`Entry::modified`].
///
/// CR, LF and NUL cannot travel in a listing; in a name or a target they become `?`.
pub fn write_long(entry: &Entry, now: DateTime, out: &mut Vec<u8>) {
    let (letter, usual) = match entry.kind {
        Kind::File => ('-', 0o644),
        Kind::Folder => ('d', 0o755),
        Kind::Symlink => ('l', 0o777),
        Kind::Other => ('p', 0o644),
    };
    let mode = entry.permissions.unwrap_or(Permissions::new(usual));
    let links = entry.links.unwrap_or(1);
    append(out, format_args!("{letter}{mode} {links:3} "));
    write_column(entry.owner.as_deref().unwrap_or(b"owner"), out);
    write_column(entry.group.as_deref().unwrap_or(b"group"), out);
    let date = entry
        .modified
        .map_or(DateTime::UNIX_EPOCH, |modified| modified.date);
    let date = ListDate { date, now };
    append(out, format_args!("{:12} {date} ", entry.size.unwrap_or(0)));
    write_text(&entry.name, out);
    if let (Kind::Symlink, Some(target)) = (entry.kind, &entry.target) {
        out.extend_from_slice(b" -> ");
        write_text(target, out);
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends the name of `entry` with CRLF, for `NLST`. CR, LF and NUL in it become `?`.
pub fn write_name(entry: &Entry, out: &mut Vec<u8>) {
    write_text(&entry.name, out);
    out.extend_from_slice(b"\r\n");
}

/// Appends bytes that shall stay within their line.
pub(crate) fn write_text(text: &[u8], out: &mut Vec<u8>) {
    let clean = |byte: &u8| match byte {
        b'\r' | b'\n' | 0 => b'?',
        byte => *byte,
    };
    out.extend(text.iter().map(clean));
}

/// Appends an owner or a group, padded to eight columns, and a blank.
fn write_column(text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let clean = |byte: &u8| match byte {
        0..=b' ' | 0x7F => b'_',
        byte => *byte,
    };
    out.extend(text.iter().map(clean));
    if out.len() == start {
        out.push(b'-');
    }
    let width = out.len().max(start + 8);
    out.resize(width, b' ');
    out.push(b' ');
}

pub(crate) fn append(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = Appender(out).write_fmt(text);
}

struct Appender<'a>(&'a mut Vec<u8>);

impl Write for Appender<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::super::fixture::now;
    use super::super::{Dialect, write_long, write_name};
    use super::super::{Entry, Kind, Modified, Parser, Permissions, Precision, Zone};
    use crate::wire::date::{DateTime, parse_time_val};

    fn long(entry: &Entry) -> String {
        let mut out = Vec::new();
        write_long(entry, now(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn writes() {
        let mut entry = Entry::new("a b", Kind::File);
        assert_eq!(
            long(&entry),
            "-rw-r--r--   1 owner    group               0 Jan  1  1970 a b\r\n"
        );
        entry.kind = Kind::Symlink;
        entry.size = Some(3);
        entry.target = Some(Bytes::from_static(b"c\nd"));
        entry.owner = Some(Bytes::from_static(b"ann smith"));
        entry.group = Some(Bytes::new());
        entry.links = Some(12);
        entry.permissions = Some(Permissions::new(0o1777));
        entry.modified = Some(Modified {
            date: parse_time_val(b"20240102150405").unwrap(),
            precision: Precision::Second,
            zone: Zone::Utc,
        });
        assert_eq!(
            long(&entry),
            "lrwxrwxrwt  12 ann_smith -                   3 Jan  2 15:04 a b -> c?d\r\n"
        );
        let mut out = Vec::new();
        write_name(&Entry::new(&b"a\r\nb\xFF\0"[..], Kind::File), &mut out);
        assert_eq!(out, b"a??b\xFF?\r\n");
    }

    fn kind() -> impl Strategy<Value = Kind> {
        prop::sample::select([Kind::File, Kind::Folder, Kind::Symlink, Kind::Other].as_slice())
    }

    /// What a path's component may be, unless it is all blank.
    fn name() -> impl Strategy<Value = Vec<u8>> {
        let bytes = prop::collection::vec(any::<u8>(), 1..40).prop_map(|mut name| {
            name.retain(|byte| !b"\r\n\0/".contains(byte));
            name
        });
        let tricky = "[ab0-9>-]?( -> | |Jan|2|15:04|2006|x){1,6}".prop_map(String::into_bytes);
        prop_oneof![bytes, tricky].prop_filter("blank", |name| !name.trim_ascii().is_empty())
    }

    /// The date that the line has room for: minutes within half a year, else days.
    fn shown(date: DateTime) -> Modified {
        let recent = (-3600..15_778_476).contains(&(now().to_unix() - date.to_unix()));
        let (unit, precision) = if recent {
            (60, Precision::Minute)
        } else {
            (86_400, Precision::Day)
        };
        Modified {
            date: DateTime::from_unix(date.to_unix() / unit * unit, 0).unwrap(),
            precision,
            zone: Zone::Unknown,
        }
    }

    fn read(text: &[u8]) -> Vec<Entry> {
        let mut parser = Parser::with_dialect(Dialect::Unix, Some(now()));
        parser.feed(text);
        parser.finish().entries
    }

    proptest! {
        #[test]
        fn long_round_trip(
            kind in kind(), name in name(), target in name(), size: u64, mode in 0u16..0o10000, links: u64,
            owner in "([a-z_]{4,12}|[0-9]{1,9})", group in "([a-z_]{4,12}|[0-9]{1,9})",
            seconds in prop_oneof![0i64..4_000_000_000, 1_700_000_000i64..1_718_456_400],
        ) {
            let mut entry = Entry::new(name, kind);
            entry.size = Some(size);
            if kind == Kind::Symlink {
                entry.size = Some(target.len() as u64);
                entry.target = Some(target.into());
            }
            let date = DateTime::from_unix(seconds, 0).unwrap();
            entry.modified = Some(shown(date));
            entry.permissions = Some(Permissions::new(mode));
            (entry.owner, entry.group, entry.links) = (Some(owner.into()), Some(group.into()), Some(links));
            let mut out = Vec::new();
            write_long(&entry, now(), &mut out);
            prop_assert_eq!(read(&out), [entry]);
        }

        #[test]
        fn anything_stays_within_its_line(kind in kind(), name: Vec<u8>, owner: Vec<u8>, target: Vec<u8>) {
            let mut entry = Entry::new(name, kind);
            (entry.owner, entry.target) = (Some(owner.into()), Some(target.into()));
            let mut out = Vec::new();
            write_long(&entry, now(), &mut out);
            write_name(&entry, &mut out);
            prop_assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 2);
            prop_assert_eq!(out.iter().filter(|byte| **byte == b'\r').count(), 2);
            prop_assert!(out.ends_with(b"\r\n"));
        }
    }
}
