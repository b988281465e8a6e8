//! `NetPresenz` and `MacWebStar`: modes and dates as `ls` has them, but between them either the word `folder` and a count
//! or the sizes of the resource fork, of the data fork, and of both.

use super::item::{Item, Outcome, State, number, words};
use super::{Kind, unix};

pub(super) fn parse_line<'a>(line: &'a [u8], state: &State) -> Outcome<'a> {
    if line.is_empty() || unix::is_total(line) {
        return Outcome::Ignored;
    }
    parse(line, state).into()
}

fn parse<'a>(line: &'a [u8], state: &State) -> Option<Item<'a>> {
    let mut item = unix::parse(line, state)?;
    let mut columns = words(line, 0).skip(1).map(|word| word.text);
    let first = columns.next()?;
    let second = columns.next()?;
    if item.kind == Kind::Folder {
        // The number counts what is in it, or is zero; it is no size.
        number(second).filter(|_| first == b"folder")?;
    } else {
        let sum = number(first)?.checked_add(number(second)?)?;
        number(columns.next()?).filter(|both| *both == sum)?;
    }
    (item.links, item.owner, item.group) = (None, None, None);
    Some(item)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{check, check_unknown};
    use super::super::{Dialect, parse};

    #[test]
    fn reads() {
        check(
            Dialect::MacWebStar,
            &[
                (
                    "-rw-r--r--    54149       27826    81975 Jul 22  2010 a b",
                    r#"[File 81975 2010-07-22 "a b"]"#,
                ),
                (
                    "drwxr-xr-x               folder        0 Jan  4 14:51 Steak",
                    r#"[Folder 0 2024-01-04T14:51 "Steak"]"#,
                ),
            ],
        );
        // `ls -n`, whose columns do not add up.
        check_unknown(
            Dialect::MacWebStar,
            &[
                "-rw-r--r-- 1 500 4096 Jul 22  2010 x",
                "drwxr-xr-x 1 500 4096 Jul 22  2010 x",
            ],
        );
    }

    #[test]
    fn wins_over_unix_only_if_all_lines_fit() {
        let mac =
            b"-rw-r--r--    2       3    5 Jul 22  2010 a\ndrwxr-xr-x   folder  0 Jan  4 14:51 b\n";
        assert_eq!(parse(mac, None).dialect, Some(Dialect::MacWebStar));
        let unix =
            b"-rw-r--r--    2       3    5 Jul 22  2010 a\ndrwxr-xr-x   1 3  0 Jan  4 14:51 b\n";
        assert_eq!(parse(unix, None).dialect, Some(Dialect::Unix));
    }
}
