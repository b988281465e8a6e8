//! Novell NetWare: `d [RWCEAFMS] owner        512 Jun 25  2007 name`.

use super::item::{Item, Outcome, State, Word, number, words};
use super::when::{ls_date, name_after};
use super::{Kind, unix};

pub(super) fn parse_line<'a>(line: &'a [u8], state: &State) -> Outcome<'a> {
    if line.is_empty() || unix::is_total(line) {
        return Outcome::Ignored;
    }
    parse(line, state).into()
}

fn parse<'a>(line: &'a [u8], state: &State) -> Option<Item<'a>> {
    let kind = match line.first()? {
        b'd' => Kind::Folder,
        b'-' => Kind::File,
        _ => return None,
    };
    let start = rights_end(line)?;
    // At most links, owner and group, size, and a date of four words.
    let mut columns = [Word { text: &[], start }; 8];
    let mut count = 0;
    for (slot, word) in columns.iter_mut().zip(words(line, start)) {
        *slot = word;
        count += 1;
    }
    let columns = columns.get(..count)?;
    let (at, size, (when, end)) = (1..count).find_map(|at| {
        let size = number(columns[at - 1].text)?;
        Some((at, size, ls_date(line, &columns[at..])?))
    })?;
    let mut item = Item::new(name_after(line, end)?, kind);
    item.size = Some(size);
    item.modified = when.resolve(state.now);
    // The owner stands alone, or after a number of links.
    item.owner = match columns[..at - 1] {
        [owner] => Some(owner.text),
        [_, owner, ..] => Some(owner.text),
        [] => None,
    };
    (!item.name.trim_ascii().is_empty()).then_some(item)
}

/// Where the rights end: after the kind, a blank or none, then capitals and dashes in brackets.
fn rights_end(line: &[u8]) -> Option<usize> {
    let start = match line {
        [_, b'[', ..] => 2,
        [_, b' ', b'[', ..] => 3,
        _ => return None,
    };
    let len = memchr::memchr(b']', &line[start..])?;
    let is_right = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'-';
    let rights = &line[start..start + len];
    (!rights.is_empty() && rights.iter().all(is_right)).then_some(start + len + 1)
}

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::super::fixture::{check, check_unknown};

    #[test]
    fn reads() {
        check(
            Dialect::Netware,
            &[
                ("total 0", ""),
                (
                    "d [RWCEAFMS] ann                 512 Jun 25  2007 a b",
                    r#"[Folder 512 2007-06-25 "a b" ann:-]"#,
                ),
                (
                    "- [----AF--]          0       19968 Mar 12 15:20 x.doc",
                    r#"[File 19968 2024-03-12T15:20 "x.doc" 0:-]"#,
                ),
                (
                    "-[R----F--] 1 ann      10 Mar 12 15:20 x",
                    r#"[File 10 2024-03-12T15:20 "x" ann:-]"#,
                ),
            ],
        );
        check_unknown(
            Dialect::Netware,
            &[
                "d [rw] ann 512 Jun 25  2007 x",
                "d [RW ann 512 Jun 25  2007 x",
                "d []",
                "d [RW] a",
            ],
        );
    }
}
