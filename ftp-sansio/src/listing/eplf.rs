//! EPLF, Easily Parsed LIST Format (<https://cr.yp.to/ftp/list/eplf.html>): `+i8388621.29609,m824255902,/,<TAB>name`.

use super::item::{Item, Outcome, State, number};
use super::{Kind, Modified, Precision, Zone};
use crate::wire::date::DateTime;
use crate::wire::facts::octal;

pub(super) fn parse_line<'a>(line: &'a [u8], _: &State) -> Outcome<'a> {
    if line.is_empty() {
        return Outcome::Ignored;
    }
    parse(line).into()
}

fn parse(line: &[u8]) -> Option<Item<'_>> {
    let line = line.strip_prefix(b"+")?;
    let tab = memchr::memchr(b'\t', line)?;
    let name = Some(&line[tab + 1..]).filter(|name| !name.is_empty())?;
    let mut item = Item::new(name, Kind::Other);
    for fact in line[..tab].split(|byte| *byte == b',') {
        apply(&mut item, fact);
    }
    Some(item)
}

/// Facts that are not known are skipped, as the format asks for.
fn apply<'a>(item: &mut Item<'a>, fact: &'a [u8]) {
    match fact {
        b"/" => item.kind = Kind::Folder,
        b"r" if item.kind == Kind::Other => item.kind = Kind::File,
        [b's', size @ ..] => item.size = number(size),
        [b'm', seconds @ ..] => item.modified = modified(seconds),
        [b'i', unique @ ..] => item.unique = Some(unique),
        [b'u', b'p', mode @ ..] => item.permissions = octal(mode),
        _ => {}
    }
}

fn modified(seconds: &[u8]) -> Option<Modified> {
    let seconds = i64::try_from(number(seconds)?).ok()?;
    Some(Modified {
        date: DateTime::from_unix(seconds, 0)?,
        precision: Precision::Second,
        zone: Zone::Utc,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{check, check_unknown, read};
    use super::super::{Dialect, Permissions, Zone};

    #[test]
    fn reads() {
        check(
            Dialect::Eplf,
            &[
                (
                    "+i83.48594,m825718503,r,s280,\tdjb.html",
                    r#"[File 280 1996-03-01T22:15:03 "djb.html"]"#,
                ),
                (
                    "+i83.49152,m1718452800,/,\t5 14",
                    r#"[Folder - 2024-06-15T12:00:00 "5 14"]"#,
                ),
                ("+/,r,\tboth", r#"[Folder - - "both"]"#),
                ("+up644,x,,\t a\tb", r#"[Other - - " a\tb"]"#),
                ("+sx,m99999999999999999999,r,\tx", r#"[File - - "x"]"#),
            ],
        );
        let listing = read(Dialect::Eplf, b"+i7.8,m1,up100644,r,\tx");
        let entry = &listing.entries[0];
        assert_eq!(entry.unique.as_deref(), Some(&b"7.8"[..]));
        assert_eq!(entry.permissions, Some(Permissions::new(0o644)));
        assert_eq!(entry.modified.unwrap().zone, Zone::Utc);
    }

    #[test]
    fn unknown() {
        check_unknown(Dialect::Eplf, &["+r,s5 name", "+r,\t", "r,\tx", "+"]);
    }
}
