//! VMS: `README.TXT;4    2/16  18-APR-2000 10:40:39.90  [GROUP,OWNER]  (RWED,RWED,RE,)`.
//!
//! A name too long for its column has a line of its own, and the rest follows on the next.

use super::item::{Item, Outcome, State, Word, is_blank, next_word, number};
use super::month::find_month;
use super::when::{When, any_year, clock, small};
use super::{Kind, Permissions};
use crate::wire::date::DateTime;

/// The size of a VMS block, in bytes. What is listed is rounded up to whole blocks.
const BLOCK: u64 = 512;

pub(super) fn parse_line<'a>(line: &'a [u8], state: &'a mut State) -> Outcome<'a> {
    let Some(first) = next_word(line, 0) else {
        return Outcome::Ignored;
    };
    let now = state.now;
    let second_line = match state.pending.is_empty() {
        true => None,
        false => Columns::parse(line, 0, now),
    };
    if let Some(columns) = second_line {
        let again = is_same(&state.last, &state.pending);
        core::mem::swap(&mut state.last, &mut state.pending);
        state.pending.clear();
        return Outcome::Entry(columns.item(name_of(&state.last, again)));
    }
    // What was to be the name of a file has none of its columns.
    state.pending.clear();
    if is_frame(line) {
        return Outcome::Ignored;
    }
    if first.start > 0 || split_version(first.text).is_none() {
        return Outcome::Unknown;
    }
    if line[first.end()..].iter().all(|byte| is_blank(*byte)) {
        state.pending.extend_from_slice(first.text);
        return Outcome::Ignored;
    }
    let Some(columns) = Columns::parse(line, first.end(), now) else {
        return Outcome::Unknown;
    };
    let again = is_same(&state.last, first.text);
    state.last.clear();
    state.last.extend_from_slice(first.text);
    Outcome::Entry(columns.item(name_of(first.text, again)))
}

/// `NAME.EXT;12` without its version; `None` when it has none.
fn split_version(word: &[u8]) -> Option<&[u8]> {
    let at = memchr::memrchr(b';', word).filter(|at| *at > 0)?;
    number(&word[at + 1..])?;
    Some(&word[..at])
}

/// Whether two names differ in the version at most.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    split_version(one).is_some_and(|base| split_version(other) == Some(base))
}

/// The name alone means the newest version, which is listed first. Older ones keep theirs, to be told apart.
fn name_of(word: &[u8], again: bool) -> &[u8] {
    let base = split_version(word).unwrap_or(word);
    if again { word } else { base }
}

/// `Directory DISK:[FOLDER]`, `DISK:[FOLDER]`, `Total of 11 files, 17 blocks.`
fn is_frame(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    text.starts_with(b"Directory ")
        || text.starts_with(b"Total of ")
        || text.starts_with(b"Grand total of ")
        || (text.ends_with(b"]") && memchr::memmem::find(text, b":[").is_some())
}

/// What follows the name.
#[derive(Debug, Default)]
struct Columns<'a> {
    size: Option<u64>,
    when: Option<super::Modified>,
    owner: Option<&'a [u8]>,
    group: Option<&'a [u8]>,
    permissions: Option<Permissions>,
}

impl<'a> Columns<'a> {
    /// The size and the date, in either order, and the owner, which may stand before them too.
    fn parse(line: &'a [u8], at: usize, now: Option<DateTime>) -> Option<Self> {
        let mut columns = Columns::default();
        let mut word = next_word(line, at)?;
        if word.text.starts_with(b"%") || word.text.starts_with(b"insufficient") {
            // `%RMS-E-PRV, insufficient privilege`: a file of which no more may be known.
            return Some(columns);
        }
        columns.read_owner(&line[word.start..]);
        if word.text[0] == b'[' {
            let end = memchr::memchr(b']', &line[word.start..])?;
            word = next_word(line, word.start + end + 1)?;
        }
        columns.size = size(word.text);
        if columns.size.is_some() {
            word = next_word(line, word.end())?;
        }
        let date = parse_date(&word)?;
        let time = next_word(line, word.end());
        let clock = time.and_then(|time| clock(time.text));
        columns.when = When { clock, ..date }.resolve(now);
        if columns.size.is_none() {
            let end = time
                .filter(|_| clock.is_some())
                .map_or(word.end(), |time| time.end());
            columns.size = next_word(line, end).and_then(|word| size(word.text));
        }
        Some(columns)
    }

    /// `[GROUP,OWNER]   (RWED,RWED,RE,)`; the owner may be cut off before its bracket closes.
    fn read_owner(&mut self, rest: &'a [u8]) {
        if let Some(start) = memchr::memchr(b'[', rest) {
            let owner = &rest[start + 1..];
            let end = owner
                .iter()
                .position(|byte| is_blank(*byte) || *byte == b']');
            let owner = &owner[..end.unwrap_or(owner.len())];
            let comma = memchr::memchr(b',', owner);
            self.group = comma.map(|comma| &owner[..comma]);
            self.owner = Some(comma.map_or(owner, |comma| &owner[comma + 1..]));
        }
        if let Some(start) = memchr::memchr(b'(', rest) {
            self.permissions = protection(&rest[start + 1..]);
        }
    }

    fn item<'b>(self, name: &'b [u8]) -> Item<'b>
    where
        'a: 'b,
    {
        let base = split_version(name).unwrap_or(name);
        let extension = base.len().checked_sub(4).map(|at| &base[at..]);
        let is_folder = extension.is_some_and(|text| text.eq_ignore_ascii_case(b".DIR"));
        let mut item = Item::new(name, if is_folder { Kind::Folder } else { Kind::File });
        item.size = self.size;
        item.modified = self.when;
        item.owner = self.owner;
        item.group = self.group;
        item.permissions = self.permissions;
        item
    }
}

/// Blocks used, before the blocks allocated if those are told: `2` or `2/16`; or a size with its unit, `2KB`.
fn size(word: &[u8]) -> Option<u64> {
    let units: [(&[u8], u64); 3] = [(b"KB", 1 << 10), (b"MB", 1 << 20), (b"GB", 1 << 30)];
    for (unit, bytes) in units {
        if let Some(count) = word.strip_suffix(unit) {
            return number(count)?.checked_mul(bytes);
        }
    }
    let mut parts = word.splitn(2, |byte| *byte == b'/');
    let used = number(parts.next()?)?;
    let is_number = |all| number(all).is_some();
    let blocks = parts.next().is_none_or(is_number).then_some(used)?;
    blocks.checked_mul(BLOCK)
}

/// `18-APR-2000`, the month in the language of the server.
pub(super) fn parse_date(word: &Word<'_>) -> Option<When> {
    let mut parts = word.text.splitn(3, |byte| *byte == b'-');
    Some(When {
        day: small(parts.next()?, 31)?,
        month: find_month(parts.next()?)?,
        year: Some(any_year(parts.next()?)?),
        clock: None,
    })
}

/// System, owner, group and world, each of read, write, execute and delete. Unix knows neither the first nor the last.
fn protection(text: &[u8]) -> Option<Permissions> {
    let end = memchr::memchr(b')', text)?;
    let mut classes = text[..end].split(|byte| *byte == b',').skip(1);
    let mut mode = 0;
    for _ in 0..3 {
        let class = classes.next()?;
        let has = |right: u8, bit: u16| if class.contains(&right) { bit } else { 0 };
        mode = mode << 3 | has(b'R', 4) | has(b'W', 2) | has(b'E', 1);
    }
    Some(Permissions::new(mode))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{check, check_unknown, read};
    use super::super::{Dialect, Permissions};

    #[test]
    fn reads() {
        check(
            Dialect::Vms,
            &[
                (
                    "A.TXT;4    2  18-APR-2000 10:40:39.90",
                    r#"[File 1024 2000-04-18T10:40:39.900000000 "A.TXT"]"#,
                ),
                (
                    "A.;1  0/16  4-nov-2009 06:02 [ANN] (RWED,RWED,,)",
                    r#"[File 0 2009-11-04T06:02 "A." ANN:-]"#,
                ),
                (
                    "D.DIR;1  1/9  2-JUN-1998 07:32:04  [STAFF,ANN]  (RWE,RWE,RE,)",
                    r#"[Folder 512 1998-06-02T07:32:04 "D.DIR" ANN:STAFF]"#,
                ),
                (
                    "X.COM;1  1  2-JUN-1998 07:32  [STAFF,ANN$CUT    (RWE,RWE,RE,)",
                    r#"[File 512 1998-06-02T07:32 "X.COM" ANN$CUT:STAFF]"#,
                ),
                // Two lines, and a header and a footer around.
                (
                    "\nDirectory DISK:[ANN]\n\nLONG_NAME.LOG;1098\n     4/15   24-FEB-2003 13:17:24\n\nTotal of 1 file, 4/15 blocks.",
                    r#"[File 2048 2003-02-24T13:17:24 "LONG_NAME.LOG"]"#,
                ),
                // Older versions keep their number, whichever form they come in.
                (
                    "A.B;3  1  2-JUN-1998\nA.B;2\n   1  2-JUN-1998\nA.B;1  1  2-JUN-1998\nB.B;1  1  2-JUN-1998",
                    concat!(
                        r#"[File 512 1998-06-02 "A.B"][File 512 1998-06-02 "A.B;2"]"#,
                        r#"[File 512 1998-06-02 "A.B;1"][File 512 1998-06-02 "B.B"]"#
                    ),
                ),
                // Other orders, a unit, the month of another language, a second line that is not indented.
                (
                    "A.B;1   [SUMMARY]    1/3     2-AUG-2006 13:05  (RWE,RWE,RE,)",
                    r#"[File 512 2006-08-02T13:05 "A.B" SUMMARY:-]"#,
                ),
                (
                    "A.B;1       17-JUN-1994 17:25:37     6308/13     (RWED,RWED,R,)",
                    r#"[File 3229696 1994-06-17T17:25:37 "A.B"]"#,
                ),
                (
                    "A.B;1 2KB 23-SEP-2005 14:57:07.27",
                    r#"[File 2048 2005-09-23T14:57:07.270000000 "A.B"]"#,
                ),
                (
                    "A.B;1    6/8    15-DÉC-2002    ANN   (RWED,RWED,RE,)",
                    r#"[File 3072 2002-12-15 "A.B"]"#,
                ),
                (
                    "LONG_NAME.LOG;1\r\n170774/170775     24-APR-2003 08:16:15  [A,B]",
                    r#"[File 87436288 2003-04-24T08:16:15 "LONG_NAME.LOG" B:A]"#,
                ),
                (
                    "S.COM;1  %RMS-E-PRV, insufficient privilege or file protection violation",
                    r#"[File - - "S.COM"]"#,
                ),
            ],
        );
    }

    #[test]
    fn reads_the_protection() {
        let listing = read(
            Dialect::Vms,
            b"A.;1  1  4-NOV-2009 06:02 [ANN] (RWED,RWED,RE,)",
        );
        assert_eq!(
            listing.entries[0].permissions,
            Some(Permissions::new(0o750))
        );
    }

    #[test]
    fn unknown() {
        check_unknown(
            Dialect::Vms,
            &[
                "A.TXT 1 2-JUN-1998",
                ";1 1 2-JUN-1998",
                "A;1 x 2-JUN-1998",
                "  1 2-JUN-1998 07:32",
            ],
        );
    }
}
