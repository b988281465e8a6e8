//! Wind River `VxWorks`, whose server prints what its shell's `ls` does; many routers run it.
//!
//! ```text
//!   size          date       time       name
//! --------       ------     ------    --------
//!      512    Jan-01-1980  00:00:00   pico              <DIR>
//! ```

use super::Kind;
use super::item::{Item, Outcome, State, Word, is_blank, next_word, number, words};
use super::month::english;
use super::when::{When, clock, small, year};

pub(super) fn parse_line<'a>(line: &'a [u8], state: &State) -> Outcome<'a> {
    if line.is_empty() || is_frame(line) {
        return Outcome::Ignored;
    }
    parse(line, state).into()
}

/// The two lines above the files, and `total: 15793152 used: 7580672 free: 8212480 bytes` below them.
fn is_frame(line: &[u8]) -> bool {
    let starts = |expected: &[&[u8]]| {
        let mut words = words(line, 0).map(|word| word.text);
        expected.iter().all(|text| words.next() == Some(text))
    };
    let is_total = || {
        let mut words = words(line, 0).map(|word| word.text);
        words.next() == Some(b"total:") && words.nth(1) == Some(b"used:")
    };
    starts(&[b"size", b"date", b"time", b"name"])
        || starts(&[b"--------", b"------", b"------", b"--------"])
        || is_total()
}

fn parse<'a>(line: &'a [u8], state: &State) -> Option<Item<'a>> {
    let size = next_word(line, 0)?;
    let date = next_word(line, size.end())?;
    let time = next_word(line, date.end())?;
    let when = When {
        clock: Some(clock(time.text)?),
        ..parse_date(&date)?
    };
    // The server prints a signed number of 32 bits; one below zero tells nothing.
    let magnitude = size.text.strip_prefix(b"-").unwrap_or(size.text);
    let magnitude = number(magnitude)?;
    let mut item = Item::new(&[], Kind::File);
    item.size = Some(magnitude).filter(|_| size.text[0] != b'-');
    item.modified = when.resolve(state.now);
    item.name = trim_end(name_field(line, time.end())?);
    if let Some(name) = item.name.strip_suffix(b"<DIR>")
        && name.last().is_none_or(|last| is_blank(*last))
    {
        item.name = trim_end(name);
        item.kind = Kind::Folder;
    }
    (!item.name.is_empty()).then_some(item)
}

/// `JAN-01-1980`; the server writes `???` for a month that it does not know, and the date is left out.
fn parse_date(word: &Word<'_>) -> Option<When> {
    let mut parts = word.text.splitn(3, |byte| *byte == b'-');
    let month = match parts.next()? {
        b"???" => 0,
        month => english(month)?,
    };
    Some(When {
        month,
        day: small(parts.next()?, 31)?,
        year: Some(year(parts.next()?)?),
        clock: None,
    })
}

/// What stands after the three blanks behind the time: the name, padded to sixteen columns.
fn name_field(line: &[u8], end: usize) -> Option<&[u8]> {
    let rest = line.get(end..)?;
    let blanks = rest.iter().take(3).take_while(|byte| is_blank(**byte));
    let count = blanks.count();
    (count > 0).then(|| &rest[count..])
}

fn trim_end(text: &[u8]) -> &[u8] {
    let last = text.iter().rposition(|byte| !is_blank(*byte));
    &text[..last.map_or(0, |last| last + 1)]
}

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::super::fixture::{check, check_unknown};

    #[test]
    fn reads() {
        check(
            Dialect::VxWorks,
            &[
                (
                    "  size          date       time       name\r\n--------       ------     ------    --------\r\n\
                     total: 15793152 used: 7580672 free: 8212480 bytes",
                    "",
                ),
                (
                    "     512    Jan-01-1980  00:00:00   .                 <DIR>",
                    r#"[Folder 512 1980-01-01T00:00:00 "."]"#,
                ),
                (
                    "  731228    AUG-19-1997  01:31:58   VXWORKS.ST        ",
                    r#"[File 731228 1997-08-19T01:31:58 "VXWORKS.ST"]"#,
                ),
                (
                    "    2048    FEB-28-1998  05:23:30    a b <DIR> c                <DIR>",
                    r#"[Folder 2048 1998-02-28T05:23:30 " a b <DIR> c"]"#,
                ),
                (
                    "      11    SEP-19-2007  13:03:42   x<DIR>",
                    r#"[File 11 2007-09-19T13:03:42 "x<DIR>"]"#,
                ),
                (
                    "-1073741824    ???-00-1900  00:00:00   large",
                    r#"[File - - "large"]"#,
                ),
            ],
        );
    }

    #[test]
    fn unknown() {
        check_unknown(
            Dialect::VxWorks,
            &[
                "512 Foo-01-1980 00:00:00   x",
                "512 Jan-01-80 00:00:00   x",
                "512 Jan-01-1980 00:00   ",
                "512 Jan-01-1980",
                "x   Jan-01-1980 00:00:00   x",
                "512 Jan-01-1980 00:00:00   <DIR>",
                "Can't open \".\".",
            ],
        );
    }
}
