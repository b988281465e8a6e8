//! `ls -l` and what looks like it.
//!
//! Between the mode and the date stand links, owner, group and size; any but the size may be missing, and owner and
//! group may hold spaces. So the date is the anchor: the first date after a number.

use super::item::{Item, Outcome, State, Word, next_word, number, words};
use super::when::{When, ls_date, name_after};
use super::{Kind, Permissions};

/// Words looked at before the name. More than any listing has, and it keeps a line's cost bounded.
const WORDS: usize = 32;

pub(super) fn parse_line<'a>(line: &'a [u8], state: &State) -> Outcome<'a> {
    if is_total(line) || line.is_empty() {
        return Outcome::Ignored;
    }
    parse(line, state).into()
}

/// `total 12`, `Gesamt 4352`, `итого 0`: a word and a number.
pub(super) fn is_total(line: &[u8]) -> bool {
    let mut words = words(line, 0);
    let (Some(word), Some(count), None) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let word = word.text.strip_suffix(b":").unwrap_or(word.text);
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    word.iter().all(is_letter) && count.text[0].is_ascii_digit() && count.text.len() <= 20
}

pub(super) fn parse<'a>(line: &'a [u8], state: &State) -> Option<Item<'a>> {
    let mode = find_mode(line)?;
    let mut item = Item::new(&[], kind(mode.text[0])?);
    item.permissions = mode.text.get(1..10).and_then(Permissions::from_symbolic);
    let columns = Columns::find(line, mode.end())?;
    item.modified = columns.when.resolve(state.now);
    columns.fill(line, &mut item);
    set_name(&mut item, name_after(line, columns.end)?)?;
    Some(item)
}

/// The mode: the first word, after at most an inode and a number of blocks (`ls -lis`).
fn find_mode(line: &[u8]) -> Option<Word<'_>> {
    let mut at = 0;
    for _ in 0..3 {
        let word = next_word(line, at)?;
        if is_mode(word.text) {
            return Some(word);
        }
        number(word.text)?;
        at = word.end();
    }
    None
}

/// Ten places, and maybe a mark for an ACL, `SELinux` or extended attributes.
///
/// Unisys and others have letters of their own there (`-C--E-----FTP`), so any capitals pass.
fn is_mode(word: &[u8]) -> bool {
    let Some((kind, rest)) = word.split_first() else {
        return false;
    };
    if word.len() < 10 || word.len() > 16 || self::kind(*kind).is_none() {
        return false;
    }
    if Permissions::from_symbolic(&rest[..9]).is_some() {
        return true;
    }
    let is_place = |byte: &u8| byte.is_ascii_uppercase() || b"-rwxstl".contains(byte);
    rest[..9].iter().all(is_place) && rest[..9].contains(&b'-')
}

fn kind(letter: u8) -> Option<Kind> {
    match letter {
        // `C` is a contiguous file, `m` and `M` are migrated to tape, `n` is HP-UX's network file.
        b'-' | b'f' | b'F' | b'C' | b'm' | b'M' | b'n' => Some(Kind::File),
        b'd' => Some(Kind::Folder),
        b'l' => Some(Kind::Symlink),
        b'b' | b'c' | b'p' | b's' | b'D' | b'P' | b'w' | b'|' | b'?' => Some(Kind::Other),
        _ => None,
    }
}

/// What stands between the mode and the name.
struct Columns<'a> {
    /// The words before the size.
    before: [Word<'a>; WORDS],
    len: usize,
    size: Option<u64>,
    when: When,
    end: usize,
}

impl<'a> Columns<'a> {
    fn find(line: &'a [u8], start: usize) -> Option<Self> {
        let mut all = [Word { text: &[], start }; WORDS];
        let mut count = 0;
        for (slot, word) in all.iter_mut().zip(words(line, start)) {
            *slot = word;
            count += 1;
        }
        let found = all.get(..count)?;
        let (at, (when, end)) = find_date(line, found)?;
        let (len, size) = match number(found[at - 1].text) {
            Some(_) if at >= 2 && is_major(found[at - 2].text) => (at - 2, None),
            Some(size) => (at - 1, Some(size)),
            None if is_no_group(found[at - 1].text) => (at - 1, None),
            None => (at, None),
        };
        Some(Self {
            before: all,
            len,
            size,
            when,
            end,
        })
    }

    /// Links, owner and group.
    fn fill(&self, line: &'a [u8], item: &mut Item<'a>) {
        item.size = self.size;
        let mut columns = &self.before[..self.len];
        if let [first, rest @ ..] = columns
            && let Some(links) = number(first.text)
        {
            item.links = Some(links);
            columns = rest;
        }
        let (Some(first), Some(last)) = (columns.first(), columns.last()) else {
            return;
        };
        let split = widest_gap(columns);
        item.owner = Some(&line[first.start..columns[split].end()]);
        item.group = columns
            .get(split + 1)
            .map(|group| &line[group.start..last.end()]);
    }
}

/// The first date after a number; else the first after anything, whose size ran into the group.
fn find_date(line: &[u8], words: &[Word<'_>]) -> Option<(usize, (When, usize))> {
    let mut other = None;
    for at in 1..words.len() {
        let Some(date) = ls_date(line, &words[at..]) else {
            continue;
        };
        if number(words[at - 1].text).is_some() {
            return Some((at, date));
        }
        other = other.or(Some((at, date)));
    }
    other
}

/// A device's major number, `109,`.
fn is_major(word: &[u8]) -> bool {
    word.strip_suffix(b",")
        .is_some_and(|major| number(major).is_some())
}

/// A pair of device numbers, `109,767`, or a rounded size, `4.0K`: in the size's place, and no group.
fn is_no_group(word: &[u8]) -> bool {
    let [first, .., last] = word else {
        return false;
    };
    let inside = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b',' | b'.');
    first.is_ascii_digit()
        && (last.is_ascii_digit() || b"BKMGTPkb".contains(last))
        && word[..word.len() - 1].iter().all(inside)
}

/// The word before the widest gap, the first of equal ones: columns are padded, the spaces in a name are not.
fn widest_gap(columns: &[Word<'_>]) -> usize {
    let mut widest = (0, 0);
    for (at, pair) in columns.windows(2).enumerate() {
        let gap = pair[1].start - pair[0].end();
        if gap > widest.0 {
            widest = (gap, at);
        }
    }
    widest.1
}

/// The name, without a link's target or the slash of `ls -F`.
fn set_name<'a>(item: &mut Item<'a>, text: &'a [u8]) -> Option<()> {
    item.name = text;
    if item.kind == Kind::Symlink
        && let Some(at) = find_arrow(text, item.size)
    {
        item.name = &text[..at];
        item.target = Some(&text[at + ARROW.len()..]);
    }
    if let ([.., _, b'/'], Kind::Folder) = (text, item.kind) {
        item.name = &text[..text.len() - 1];
    }
    // Servers that list a folder without a name do exist; a folder that is named by blanks is not heard of.
    (!item.name.trim_ascii().is_empty()).then_some(())
}

const ARROW: &[u8] = b" -> ";

/// Where the arrow stands. Either side may hold another, but the size of a link is its target's length.
fn find_arrow(text: &[u8], size: Option<u64>) -> Option<usize> {
    let by_size = || {
        let target = usize::try_from(size?).ok().filter(|size| *size > 0)?;
        let at = text.len().checked_sub(target)?.checked_sub(ARROW.len())?;
        text[at..].starts_with(ARROW).then_some(at)
    };
    by_size().or_else(|| memchr::memmem::find(text, ARROW))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{check, check_unknown, now, read, show};
    use super::super::{Dialect, Permissions, Precision, parse};

    #[test]
    fn reads_the_columns() {
        check(
            Dialect::Unix,
            &[
                (
                    "-rw-r--r--   1 ann      staff        1234 Jan  2 15:04 a",
                    r#"[File 1234 2024-01-02T15:04 "a" ann:staff]"#,
                ),
                (
                    "drwxr-xr-x  12 0        0            4096 Nov 30  2019 pub",
                    r#"[Folder 4096 2019-11-30 "pub" 0:0]"#,
                ),
                (
                    "drwxr-xr-x   2 0        0            4096 Nov 30  2019 pub/",
                    r#"[Folder 4096 2019-11-30 "pub" 0:0]"#,
                ),
                // No group, no owner, neither, no links.
                (
                    "-rw-r--r--   1 ann          77 May 25 12:12 b",
                    r#"[File 77 2024-05-25T12:12 "b" ann:-]"#,
                ),
                (
                    "-rw-r--r--   1 77 May 25 12:12 b",
                    r#"[File 77 2024-05-25T12:12 "b"]"#,
                ),
                (
                    "-rw-r--r--   ann 77 May 25 12:12 b",
                    r#"[File 77 2024-05-25T12:12 "b" ann:-]"#,
                ),
                // Spaces in the owner or the group: the widest gap parts them.
                (
                    "-rw-r--r--   1 ann smith     staff     5 May 25 12:12 b",
                    r#"[File 5 2024-05-25T12:12 "b" ann smith:staff]"#,
                ),
                (
                    "-rw-r--r-- 1 ann Domain Users 5 May 25 12:12 b",
                    r#"[File 5 2024-05-25T12:12 "b" ann:Domain Users]"#,
                ),
                (
                    "-rw-r--r--   1 ann     group 7      5 May 25 12:12 b",
                    r#"[File 5 2024-05-25T12:12 "b" ann:group 7]"#,
                ),
                // Marks for an ACL, SELinux and extended attributes.
                (
                    "drwxrwx---+ 23 500     500    0 Jan 10 13:09 acl",
                    r#"[Folder 0 2024-01-10T13:09 "acl" 500:500]"#,
                ),
                (
                    "-rw-------. 1 ann ann 5 May 25 12:12 b",
                    r#"[File 5 2024-05-25T12:12 "b" ann:ann]"#,
                ),
                (
                    "-rw-r--r--@ 1 ann staff 5 May 25 12:12 b",
                    r#"[File 5 2024-05-25T12:12 "b" ann:staff]"#,
                ),
                // Inode and blocks first; a size run into the group; a rounded size.
                (
                    "131 8 -rw-r--r-- 1 ann staff 5 May 25 12:12 b",
                    r#"[File 5 2024-05-25T12:12 "b" ann:staff]"#,
                ),
                (
                    "-rw-r--r--  1 webadmin webadmin123456789 Apr  9  2008 b",
                    r#"[File - 2008-04-09 "b" webadmin:webadmin123456789]"#,
                ),
                (
                    "-rw-r--r-- 1 ann staff 4.0K May 25 12:12 b",
                    r#"[File - 2024-05-25T12:12 "b" ann:staff]"#,
                ),
                // Devices, pipes, sockets.
                (
                    "crw-r----- 1 root kmem 0, 27 Jan 30 11:42 kmem",
                    r#"[Other - 2024-01-30T11:42 "kmem" root:kmem]"#,
                ),
                (
                    "brw-------   1 root     sys      109,767 Jul  2  2004 d",
                    r#"[Other - 2004-07-02 "d" root:sys]"#,
                ),
                (
                    "srwxr-xr-x 1 root root 0 Jan 30 11:42 sock",
                    r#"[Other 0 2024-01-30T11:42 "sock" root:root]"#,
                ),
                // Unisys.
                (
                    "-C--E-----FTP B QUA1I1      18128       41 Apr 1 2014 Q",
                    r#"[File 41 2014-04-01 "Q" B QUA1I1:18128]"#,
                ),
            ],
        );
    }

    #[test]
    fn reads_names() {
        check(
            Dialect::Unix,
            &[
                (
                    "-rw-r--r-- 1 a b 5 Mar 17 11:07 test 1999 a.pdf",
                    r#"[File 5 2024-03-17T11:07 "test 1999 a.pdf" a:b]"#,
                ),
                (
                    "-rw-r--r-- 1 a b 5 Mar 17 11:07 3 Mar 17 11:07 x",
                    r#"[File 5 2024-03-17T11:07 "3 Mar 17 11:07 x" a:b]"#,
                ),
                (
                    "-rw-r--r-- 1 a b 5 Mar 17 11:07   x  ",
                    r#"[File 5 2024-03-17T11:07 "  x  " a:b]"#,
                ),
                (
                    "-rw-r--r-- 1 a b 5 Mar 17  2001  x",
                    r#"[File 5 2001-03-17 " x" a:b]"#,
                ),
                // A year that is padded on its right.
                (
                    "-rw-r--r-- 1 a b 5 Mar 17 2001  x",
                    r#"[File 5 2001-03-17 "x" a:b]"#,
                ),
                (
                    "lrwxrwxrwx 1 a b 9 Mar 17 11:07 l -> ../target",
                    r#"[Symlink 9 2024-03-17T11:07 "l" -> "../target" a:b]"#,
                ),
                (
                    "lrwxrwxrwx 1 a b 1 Mar 17 11:07 x -> y -> z",
                    r#"[Symlink 1 2024-03-17T11:07 "x -> y" -> "z" a:b]"#,
                ),
                (
                    "lrwxrwxrwx 1 a b 6 Mar 17 11:07 x -> y -> z",
                    r#"[Symlink 6 2024-03-17T11:07 "x" -> "y -> z" a:b]"#,
                ),
                (
                    "lrwxrwxrwx 1 a b 6 Mar 17 11:07 l",
                    r#"[Symlink 6 2024-03-17T11:07 "l" a:b]"#,
                ),
                (
                    "-rw-r--r-- 1 a b 5 Mar 17 11:07 a -> b",
                    r#"[File 5 2024-03-17T11:07 "a -> b" a:b]"#,
                ),
            ],
        );
    }

    #[test]
    fn reads_dates() {
        let date = |text: &str| {
            let line = alloc::format!("-rw-r--r-- 1 a b 5 {text} x");
            let listing = read(Dialect::Unix, line.as_bytes());
            assert_eq!(
                listing.entries.first().map(|entry| entry.name.as_ref()),
                Some(&b"x"[..]),
                "{text}"
            );
            show(&listing.entries[0])
                .split(' ')
                .nth(2)
                .unwrap()
                .replace('T', " ")
        };
        for (text, expected) in [
            ("Jan  2 15:04", "2024-01-02 15:04"),
            ("Jan  2 5:04", "2024-01-02 05:04"),
            // Not over a day ahead: this year; else the last.
            ("Jun 16 11:59", "2024-06-16 11:59"),
            ("Jun 16 12:01", "2023-06-16 12:01"),
            ("Feb 29 08:00", "2024-02-29 08:00"),
            ("Dec 31 23:59", "2023-12-31 23:59"),
            ("Feb 29  2023", "-"),
            ("2 Jan 15:04", "2024-01-02 15:04"),
            ("02 Jan  2006", "2006-01-02"),
            ("Jan  2 15:04:05 2006", "2006-01-02 15:04:05"),
            ("2006-01-02 15:04", "2006-01-02 15:04"),
            (
                "2006-01-02 15:04:05.250000000 +0200",
                "2006-01-02 15:04:05.250000000",
            ),
            ("2006-01-02 ", "2006-01-02"),
            ("01-02 15:04", "2024-01-02 15:04"),
            ("2. Mär 15:04", "2024-03-02 15:04"),
            ("déc. 24  2021", "2021-12-24"),
            ("24 дек 2021", "2021-12-24"),
            ("3月 2日 2003年", "2003-03-02"),
            ("3月 2 15:04", "2024-03-02 15:04"),
            ("2003年  3月 20日", "2003-03-20"),
            ("3 29 03:26", "2024-03-29 03:26"),
            ("09-26 2000", "2000-09-26"),
            ("Oct 08, 2002 09:47", "2002-10-08 09:47"),
            ("30. Jan., 12:40", "2024-01-30 12:40"),
            ("1999/10/12 17:12", "1999-10-12 17:12"),
            ("2004.07.15 ", "2004-07-15"),
            ("24-04-2003 17:12", "2003-04-24 17:12"),
            ("04/24/2003 17:12", "2003-04-24 17:12"),
            ("04-04-2003 17:12", "2003-04-04 17:12"),
            // The fifth of April or the fourth of May.
            ("05-04-2003 17:12", "-"),
            ("01-jun-99", "1999-06-01"),
        ] {
            assert_eq!(date(text), expected, "{text}");
        }
    }

    #[test]
    fn reads_months_of_old_encodings() {
        // Latin-1 März, KOI8-R and Windows-1251 and ISO 8859-5 май, Shift JIS and EUC-JP 5月.
        let months: [(&[u8], u8); 6] = [
            (b"M\xE4r 10", 3),
            (b"\xCD\xC1\xCA 10", 5),
            (b"\xEC\xE0\xE9 10", 5),
            (b"\xDC\xD0\xD9 10", 5),
            (b"5\x8C\x8E 10\x93\xFA", 5),
            (b"5\xB7\xEE 10\xC6\xFC", 5),
        ];
        for (text, month) in months {
            let line = [b"-rw-r--r-- 1 a b 5 ", text, b" 15:04 x"].concat();
            let listing = read(Dialect::Unix, &line);
            let date = listing.entries[0].modified.unwrap().date;
            assert_eq!((date.month(), date.day()), (month, 10), "{text:?}");
        }
    }

    #[test]
    fn a_date_without_year_needs_the_present() {
        let line = b"-rw-r--r-- 1 a b 5 Mar 17 11:07 x\r\n-rw-r--r-- 1 a b 5 Mar 17  2001 y\r\n";
        let listing = parse(line, None);
        assert_eq!(listing.entries[0].modified, None);
        assert_eq!(
            listing.entries[1].modified.unwrap().precision,
            Precision::Day
        );
        let listing = parse(line, Some(now()));
        assert_eq!(
            listing.entries[0].modified.unwrap().precision,
            Precision::Minute
        );
    }

    #[test]
    fn reads_modes_and_links() {
        let listing = parse(b"-rwsr-Sr-t   3 a b 5 Mar 17  2001 x", None);
        let entry = &listing.entries[0];
        assert_eq!(entry.permissions, Some(Permissions::new(0o7745)));
        assert_eq!(entry.links, Some(3));
    }

    #[test]
    fn other_lines() {
        for text in [
            "total 12",
            "Gesamt 4352",
            "insgesamt 0",
            "итого 14",
            "total: 3",
            "",
        ] {
            let listing = read(Dialect::Unix, text.as_bytes());
            assert_eq!(
                (listing.entries.len(), listing.unparsed_count),
                (0, 0),
                "{text}"
            );
        }
        let unknown = [
            "ftpd: .: Permission denied",
            "drwxr-xr-x    2 0        0            4096 Mar 18  2007  ",
            "drwxr-xr-x    2 0        0            4096 Mar 18  2007",
            "-rw-r--r--",
            "-rw-r--r-- 1 a b 5 Foo 17 11:07 x",
            "./folder:",
            "drwxrwxrwxrwxrwxrwx 1 a b 5 Mar 17 11:07 x",
        ];
        check_unknown(Dialect::Unix, &unknown);
    }
}
