//! HPE `NonStop`, formerly Tandem: the Guardian files of a subvolume. Files under its Unix personality (OSS) are listed as
//! `ls` does.
//!
//! ```text
//! File         Code             EOF  Last Modification    Owner  RWEP
//! ACCOUNTS   O  101            2048   4-Mar-24 23:50:06 255, 10 "nunu"
//! ```

use super::Kind;
use super::item::{Item, Outcome, State, Word, next_word, number, words};
use super::vms::parse_date;
use super::when::{When, clock};

pub(super) fn parse_line<'a>(line: &'a [u8], state: &State) -> Outcome<'a> {
    if line.is_empty() || is_header(line) {
        return Outcome::Ignored;
    }
    parse(line, state).into()
}

fn is_header(line: &[u8]) -> bool {
    let mut words = words(line, 0).map(|word| word.text);
    let begins = [&b"File"[..], b"Code", b"EOF"];
    begins.iter().all(|begin| words.next() == Some(begin))
}

fn parse<'a>(line: &'a [u8], state: &State) -> Option<Item<'a>> {
    let name = next_word(line, 0)?;
    if !is_file_name(name.text) {
        return None;
    }
    let mut code = next_word(line, name.end())?;
    if code.text.iter().all(u8::is_ascii_uppercase) {
        // `O`: somebody has the file open.
        code = next_word(line, code.end())?;
    }
    file_code(code.text)?;
    let end_of_file = next_word(line, code.end())?;
    let date = next_word(line, end_of_file.end())?;
    let time = next_word(line, date.end())?;
    let when = When {
        clock: Some(clock(time.text)?),
        ..parse_date(&date)?
    };
    let mut item = Item::new(name.text, Kind::File);
    item.size = Some(number(end_of_file.text)?);
    item.modified = when.resolve(state.now);
    let (group, owner) = owner(line, &time)?;
    (item.group, item.owner) = (Some(group), Some(owner));
    Some(item)
}

/// Letters and digits, and what parts a system, a volume and a subvolume from it where the name is absolute.
fn is_file_name(text: &[u8]) -> bool {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"$#\\.".contains(byte);
    !text[0].is_ascii_digit() && text.iter().all(inside)
}

/// What the file is for, `101` for a text; a letter after it marks what is particular about it, such as a licence.
fn file_code(text: &[u8]) -> Option<u64> {
    let digits = match text {
        [digits @ .., last] if last.is_ascii_alphabetic() || *last == b'+' => digits,
        _ => text,
    };
    number(digits)
}

/// The numbers of a group and of a user in it: `255,255`, or padded as `255, 10`.
fn owner<'a>(line: &'a [u8], before: &Word<'_>) -> Option<(&'a [u8], &'a [u8])> {
    let first = next_word(line, before.end())?;
    let comma = memchr::memchr(b',', first.text)?;
    let group = &first.text[..comma];
    let owner = match &first.text[comma + 1..] {
        b"" => next_word(line, first.end())?.text,
        text => text,
    };
    number(group)?;
    number(owner)?;
    Some((group, owner))
}

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::super::fixture::{check, check_unknown};

    #[test]
    fn reads() {
        check(
            Dialect::NonStop,
            &[
                (
                    "File         Code             EOF  Last Modification    Owner  RWEP",
                    "",
                ),
                (
                    r#"TACLLOG       101            16354 18-Mar-09 15:09:12 244, 10 "nnnn""#,
                    r#"[File 16354 2009-03-18T15:09:12 "TACLLOG" 10:244]"#,
                ),
                (
                    r#"ACCOUNTS   O  101P             528  6-Apr-2007 14:21:18 255,255 "nu-u""#,
                    r#"[File 528 2007-04-06T14:21:18 "ACCOUNTS" 255:255]"#,
                ),
                (
                    r"$DATA.SALES.RYM01  0   66834432 22-JAN-26  9:04:19 110, 99",
                    r#"[File 66834432 2026-01-22T09:04:19 "$DATA.SALES.RYM01" 99:110]"#,
                ),
            ],
        );
    }

    #[test]
    fn unknown() {
        check_unknown(
            Dialect::NonStop,
            &[
                "A-B 101 528 6-Apr-07 14:21:18 255,255",
                "1A  101 528 6-Apr-07 14:21:18 255,255",
                "A x 101 528 6-Apr-07 14:21:18 255,255",
                "A 101 x 6-Apr-07 14:21:18 255,255",
                "A 101 528 6-Foo-07 14:21:18 255,255",
                "A 101 528 6-Apr-07 14:21:18 255",
                "A 101 528 6-Apr-07 14:21:18 255,",
                "A 101 528 6-Apr-07",
                "A O",
            ],
        );
    }
}
