//! The facts of `MLSD`, RFC 3659 § 7; what a line means is known in [`crate::wire::facts`].

use super::facts;
use super::item::{Item, Outcome, State};
use crate::wire::facts::{Role, read_line};

pub(super) fn parse_line<'a>(line: &'a [u8], state: &'a mut State) -> Outcome<'a> {
    if line.is_empty() {
        return Outcome::Ignored;
    }
    let certain = state.certain;
    let other = &mut state.pending;
    other.clear();
    let read = read_line(line, |name, value| facts::append(other, name, value));
    // Without facts anything that begins with a space would be a line of this dialect.
    let Some(read) = read.filter(|read| certain || read.count > 0) else {
        return Outcome::Unknown;
    };
    let mut item = rename(read.item, read.role);
    item.facts = &state.pending;
    Outcome::Entry(item)
}

/// The listed folder and its parent may bear names of their own here, and would pass for files in the folder. They are
/// called as `ls` calls them, unless it is a whole path, which passes for nothing.
fn rename(mut item: Item<'_>, role: Role) -> Item<'_> {
    if memchr::memchr(b'/', item.name).is_none() {
        item.name = match role {
            Role::Child => item.name,
            Role::Current => b".",
            Role::Parent => b"..",
        };
    }
    item
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{check, check_unknown};
    use super::super::{Dialect, parse};

    #[test]
    fn reads() {
        check(
            Dialect::Mlsx,
            &[
                (
                    "Type=file;Size=43;Modify=20130303210732; a b",
                    r#"[File 43 2013-03-03T21:07:32 "a b"]"#,
                ),
                (
                    "type=cdir;modify=20130303210732; here",
                    r#"[Folder - 2013-03-03T21:07:32 "."]"#,
                ),
                ("type=pdir; ..", r#"[Folder - - ".."]"#),
                ("type=pdir; /a/path", r#"[Folder - - "/a/path"]"#),
                (" no facts", r#"[Other - - "no facts"]"#),
                ("Size=; x", r#"[Other - - "x"]"#),
            ],
        );
        check_unknown(
            Dialect::Mlsx,
            &["type=file;", "type=file", "=x; y", "total 12"],
        );
    }

    #[test]
    fn a_vote_needs_facts() {
        assert_eq!(parse(b" one\r\n two\r\n", None).dialect, None);
        assert_eq!(
            parse(b"type=dir; one\r\n", None).dialect,
            Some(Dialect::Mlsx)
        );
    }
}
