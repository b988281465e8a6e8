//! IBM OS/400: `OWNER     4019 04/03/18 18:58:16 *STMF      name`, and members, which have no size or date.

use super::item::{Item, Outcome, State, Word, next_word, number, trim};
use super::when::{When, any_year, clock, date_parts, name_after, small};
use super::{Kind, Modified};
use crate::wire::date::DateTime;

pub(super) fn parse_line<'a>(line: &'a [u8], state: &State) -> Outcome<'a> {
    if line.is_empty() {
        return Outcome::Ignored;
    }
    parse(line, state).into()
}

fn parse<'a>(line: &'a [u8], state: &State) -> Option<Item<'a>> {
    let owner = next_word(line, 0)?;
    let mut word = next_word(line, owner.end())?;
    let mut item = Item::new(&[], Kind::Other);
    item.owner = Some(owner.text);
    if let Some(size) = number(word.text) {
        item.size = Some(size);
        let date = next_word(line, word.end())?;
        let time = next_word(line, date.end())?;
        item.modified = modified(&date, &time, state.now)?;
        word = next_word(line, time.end())?;
    }
    let kind = word
        .text
        .strip_prefix(b"*")
        .filter(|kind| kind.len() >= 3)?;
    if !kind
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    {
        return None;
    }
    let name = trim(name_after(line, word.end())?);
    let folder = name.strip_suffix(b"/");
    item.kind = if folder.is_some() {
        Kind::Folder
    } else {
        kind_of(kind)
    };
    // With a whole path, its last component is the entry's.
    let name = folder.unwrap_or(name);
    let slash = memchr::memrchr(b'/', name);
    item.name = slash.map_or(name, |slash| &name[slash + 1..]);
    (!item.name.is_empty()).then_some(item)
}

fn kind_of(object: &[u8]) -> Kind {
    match object {
        b"DIR" | b"DDIR" | b"LIB" | b"FLR" => Kind::Folder,
        b"STMF" | b"DSTMF" | b"FILE" | b"MEM" | b"DOC" => Kind::File,
        b"SYMLNK" => Kind::Symlink,
        _ => Kind::Other,
    }
}

/// The date, whose order is a setting of the server: year, month, day or month, day, year or day, month, year. It is
/// left out where two of these give different days. `None` when it is no date in any.
fn modified(date: &Word<'_>, time: &Word<'_>, now: Option<DateTime>) -> Option<Option<Modified>> {
    let ([a, b, c], _) = date_parts(date.text)?;
    let clock = Some(clock(time.text)?);
    let orders = [(a, b, c), (c, a, b), (c, b, a)];
    let mut found: Option<Modified> = None;
    for (year, month, day) in orders {
        let read = || {
            let when = When {
                year: Some(any_year(year)?),
                month: small(month, 12)?,
                day: small(day, 31)?,
                clock,
            };
            when.resolve(now)
        };
        match (found, read()) {
            (Some(one), Some(other)) if one != other => return Some(None),
            (None, read) => found = read,
            _ => {}
        }
    }
    found.map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::super::fixture::{check, check_unknown};

    #[test]
    fn reads() {
        check(
            Dialect::Os400,
            &[
                (
                    "PEP     4019 04/03/24 18:58:16 *STMF      a b.zip",
                    r#"[File 4019 - "a b.zip" PEP:-]"#,
                ),
                (
                    "PEP     4019 99/12/31 18:58:16 *STMF      a.zip",
                    r#"[File 4019 1999-12-31T18:58:16 "a.zip" PEP:-]"#,
                ),
                (
                    "PEP     4019 05/20/45 18:58:16 *STMF      a.zip",
                    r#"[File 4019 2045-05-20T18:58:16 "a.zip" PEP:-]"#,
                ),
                (
                    "PEP    36864 04/04/04 14:06:34 *DIR       dir1/",
                    r#"[Folder 36864 2004-04-04T14:06:34 "dir1" PEP:-]"#,
                ),
                (
                    "QSYS            *MEM       LIB/FILE.MBR",
                    r#"[File - - "FILE.MBR" QSYS:-]"#,
                ),
                (
                    "QSYS     1 04/04/04 14:06:34 *LNK  x",
                    r#"[Other 1 2004-04-04T14:06:34 "x" QSYS:-]"#,
                ),
            ],
        );
        check_unknown(
            Dialect::Os400,
            &[
                "PEP 1 99/99/99 14:06:34 *DIR x",
                "PEP 1 04/04/04 14:06:34 DIR x",
                "PEP *MEM",
                "PEP",
            ],
        );
    }
}
