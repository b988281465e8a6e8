//! `dir` of MS-DOS and Windows, as IIS sends it: `01-02-06  03:04PM       <DIR>          name`.

use super::item::{Item, Outcome, State, grouped_number, next_word, trim_start};
use super::when::{When, any_year, clock, date_parts, half_day, name_after, small, year};
use super::{Kind, Modified};

pub(super) fn parse_line<'a>(line: &'a [u8], state: &State) -> Outcome<'a> {
    if line.is_empty() || is_frame(line) {
        return Outcome::Ignored;
    }
    parse(line, state).into()
}

/// What `dir` prints around its files: ` Volume in drive C is …`, `   2 File(s)   1,234 bytes`.
fn is_frame(line: &[u8]) -> bool {
    let text = trim_start(line);
    let starts = [
        &b"Volume in drive "[..],
        b"Volume Serial Number ",
        b"Directory of ",
    ];
    if starts.iter().any(|start| text.starts_with(start)) {
        return true;
    }
    let counted = next_word(text, 0).filter(|word| grouped_number(word.text).is_some());
    let what = counted.and_then(|word| next_word(text, word.end()));
    what.is_some_and(|word| matches!(word.text, b"File(s)" | b"Dir(s)"))
}

fn parse<'a>(line: &'a [u8], state: &State) -> Option<Item<'a>> {
    let (modified, end) = parse_when(line, state)?;
    let what = next_word(line, end)?;
    let mut item = if what.text[0] == b'<' {
        // The name's column depends on the server, so blanks that begin it cannot be told from padding.
        let name = trim_start(name_after(line, what.end())?);
        marked(what.text, name)?
    } else {
        let mut item = Item::new(name_after(line, what.end())?, Kind::File);
        item.size = Some(grouped_number(what.text)?);
        item
    };
    item.modified = modified;
    (!item.name.trim_ascii().is_empty()).then_some(item)
}

/// An entry with a mark in the place of its size.
fn marked<'a>(mark: &[u8], name: &'a [u8]) -> Option<Item<'a>> {
    let mut item = match mark {
        b"<DIR>" | b"<dir>" => return Some(Item::new(name, Kind::Folder)),
        b"<SYMLINK>" | b"<SYMLINKD>" | b"<JUNCTION>" => Item::new(name, Kind::Symlink),
        _ => return None,
    };
    // `name [C:\target]`
    if let Some(at) = memchr::memmem::find(name, b" [")
        && let Some(target) = name[at + 2..].strip_suffix(b"]")
    {
        item.name = &name[..at];
        item.target = Some(target);
    }
    Some(item)
}

/// The date and the time, and where they end. The shape makes the line a DOS line, even if there is no such day.
fn parse_when(line: &[u8], state: &State) -> Option<(Option<Modified>, usize)> {
    let date = next_word(line, 0)?;
    let when = parse_date(date.text)?;
    let time = next_word(line, date.end())?;
    let digits = time.text.iter().position(u8::is_ascii_alphabetic);
    let (digits, mark) = time.text.split_at(digits.unwrap_or(time.text.len()));
    let mut end = time.end();
    let mut clock = clock(digits)?;
    if !mark.is_empty() {
        clock = half_day(clock, mark)?;
    } else if let Some(apart) = next_word(line, end).filter(|word| word.text.len() == 2)
        && let Some(marked) = half_day(clock, apart.text)
    {
        clock = marked;
        end = apart.end();
    }
    let clock = Some(clock);
    Some((When { clock, ..when }.resolve(state.now), end))
}

/// `MM-DD-YY` and `MM/DD/YYYY`, `DD.MM.YYYY`, `YYYY-MM-DD`; `DD/MM` where the number leaves no other way.
pub(super) fn parse_date(text: &[u8]) -> Option<When> {
    let ([first, second, third], separator) = date_parts(text)?;
    if let Some(year) = year(first) {
        return Some(When {
            year: Some(year),
            month: small(second, 12)?,
            day: small(third, 31)?,
            clock: None,
        });
    }
    let (first, second) = (small(first, 31)?, small(second, 31)?);
    let day_first = separator == b'.' || first > 12;
    let (day, month) = if day_first {
        (first, second)
    } else {
        (second, first)
    };
    Some(When {
        year: Some(any_year(third)?),
        month: Some(month).filter(|month| *month <= 12)?,
        day,
        clock: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::super::fixture::{check, check_unknown, read};

    #[test]
    fn reads() {
        check(
            Dialect::Dos,
            &[
                (
                    "05-26-95  10:57AM               143712 $LDR$",
                    r#"[File 143712 1995-05-26T10:57 "$LDR$"]"#,
                ),
                (
                    "12-05-1996  05:03PM       <DIR>          Program Files",
                    r#"[Folder - 1996-12-05T17:03 "Program Files"]"#,
                ),
                (
                    "05-22-97  12:08AM                  828 10 years",
                    r#"[File 828 1997-05-22T00:08 "10 years"]"#,
                ),
                (
                    "05-22-97  12:08PM                  828  led",
                    r#"[File 828 1997-05-22T12:08 " led"]"#,
                ),
                (
                    "09-13-10  20:08       <DIR>          Recycled",
                    r#"[Folder - 2010-09-13T20:08 "Recycled"]"#,
                ),
                (
                    "01/02/2006  03:04 PM         1,234,567 a.txt",
                    r#"[File 1234567 2006-01-02T15:04 "a.txt"]"#,
                ),
                (
                    "31.12.2006  15:04             1.234 a.txt",
                    r#"[File 1234 2006-12-31T15:04 "a.txt"]"#,
                ),
                (
                    "31/12/2006  15:04             34 a.txt",
                    r#"[File 34 2006-12-31T15:04 "a.txt"]"#,
                ),
                (
                    "2006-01-02  15:04             34 a.txt",
                    r#"[File 34 2006-01-02T15:04 "a.txt"]"#,
                ),
                (
                    "01-02-106  15:04             34 a.txt",
                    r#"[File 34 2006-01-02T15:04 "a.txt"]"#,
                ),
                (
                    "02-30-06  15:04             34 a.txt",
                    r#"[File 34 - "a.txt"]"#,
                ),
                (
                    "01-02-06  03:04PM    <JUNCTION>     j [C:\\x y]",
                    r#"[Symlink - 2006-01-02T15:04 "j" -> "C:\\x y"]"#,
                ),
                (
                    "01-02-06  03:04PM    <SYMLINKD>     s",
                    r#"[Symlink - 2006-01-02T15:04 "s"]"#,
                ),
            ],
        );
    }

    #[test]
    fn frame_and_unknown() {
        let frame = b" Volume in drive C is X\r\n Volume Serial Number is 1\r\n\r\n Directory of C:\\\r\n\
            \x20              2 File(s)      1,234 bytes\r\n               1 Dir(s)  1 bytes free\r\n";
        assert_eq!(read(Dialect::Dos, frame).unparsed_count, 0);
        let unknown = [
            "13-13-95  10:57AM   1 x",
            "05-26-95  25:57   1 x",
            "05-26-95  10:57AM   1",
            "05-26-95  10:57AM   1,23 x",
            "05-26-95  10:57AM   <WHAT> x",
        ];
        check_unknown(Dialect::Dos, &unknown);
    }
}
