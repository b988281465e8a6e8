//! What sets a file's facts: `MFF`, and `MDTM` with a time before the name.

use alloc::vec::Vec;
use core::str;

use super::argument::Arg;
use super::date::{DateTime, ExactTimeVal, parse_time_val};
use super::text::append;
use super::words::{arg, optional, split_at_space};

/// One fact that `MFF` sets (draft-somers-ftp-mfxx § 5).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FactChange {
    /// `Modify`: when it was modified, in UTC.
    Modify(DateTime),
    /// `Create`: when it was created, in UTC.
    Create(DateTime),
    /// `UNIX.mode`, at most 7777 octal.
    UnixMode(u32),
    /// `UNIX.owner`: a number or a name, not empty; `UNIX.ownername` is taken for it.
    UnixOwner(Arg),
    /// `UNIX.group`: a number or a name, not empty; `UNIX.groupname` is taken for it.
    UnixGroup(Arg),
    /// A fact that is none of the above: the answer is a 504 that names it (§ 5.5). Written with the name of one of them, or
    /// with `=`, `;` or a space where they do not belong, it is read back as something else.
    Other {
        /// The fact's name.
        name: Arg,
        /// Its value, possibly empty.
        value: Arg,
    },
}

/// How many facts a command may set: what it is read into stays in proportion to its line.
const MOST_FACTS: usize = 16;

impl FactChange {
    fn parse(fact: &[u8]) -> Option<Self> {
        let (name, value) = fact.split_at_checked(memchr::memchr(b'=', fact)?)?;
        let value = value.strip_prefix(b"=")?;
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("Modify") {
            return Some(Self::Modify(parse_time_val(value)?));
        }
        if is("Create") {
            return Some(Self::Create(parse_time_val(value)?));
        }
        if is("UNIX.mode") {
            return Some(Self::UnixMode(parse_mode(value)?));
        }
        if is("UNIX.owner") || is("UNIX.ownername") {
            return Some(Self::UnixOwner(optional(value)?));
        }
        if is("UNIX.group") || is("UNIX.groupname") {
            return Some(Self::UnixGroup(optional(value)?));
        }
        Some(Self::Other {
            name: optional(name)?,
            value: arg(value),
        })
    }

    /// Appends the fact as `MFF` and its reply write it: `Modify=20240102150405;`.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Modify(time) => append(format_args!("Modify={};", ExactTimeVal(*time)), out),
            Self::Create(time) => append(format_args!("Create={};", ExactTimeVal(*time)), out),
            Self::UnixMode(mode) => append(format_args!("UNIX.mode={mode:03o};"), out),
            Self::UnixOwner(value) => append_fact(b"UNIX.owner", value, out),
            Self::UnixGroup(value) => append_fact(b"UNIX.group", value, out),
            Self::Other { name, value } => append_fact(name.as_bytes(), value, out),
        }
    }
}

fn append_fact(name: &[u8], value: &Arg, out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.push(b'=');
    out.extend_from_slice(value.as_bytes());
    out.push(b';');
}

/// Up to 7777 octal.
pub(super) fn parse_mode(digits: &[u8]) -> Option<u32> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mode = u32::from_str_radix(str::from_utf8(digits).ok()?, 8).ok()?;
    (mode <= 0o7777).then_some(mode)
}

/// Reads `fact=value;… path`. Neither names nor values hold a space (RFC 3659 § 7.2), so the first one ends them.
pub(super) fn parse_mff(argument: &[u8]) -> Option<(Vec<FactChange>, Arg)> {
    let (facts, path) = split_at_space(argument);
    let facts = facts.strip_suffix(b";")?;
    let facts = facts.split(|&byte| byte == b';').take(MOST_FACTS + 1);
    let facts: Vec<_> = facts.map(FactChange::parse).collect::<Option<_>>()?;
    (facts.len() <= MOST_FACTS).then_some((facts, optional(path)?))
}

/// Reads `time path`, the argument of `MFMT` and `MFCT`.
pub(super) fn parse_timed(argument: &[u8]) -> Option<(DateTime, Arg)> {
    let (time, path) = split_at_space(argument);
    Some((parse_time_val(time)?, optional(path)?))
}

/// What `MDTM` sets where its argument is a time and a name: an older custom than `MFMT`, which RFC 3659 does not know.
///
/// The first word has to be exactly 14 digits that make a date, with a fraction behind a point or without. `None` is the
/// plain question. A file of the whole name goes before: whoever carries the command out has to look for it.
#[must_use]
pub fn modification(argument: &Arg) -> Option<(DateTime, Arg)> {
    let (time, _) = split_at_space(argument.as_bytes());
    let digits = time.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits == 14).then(|| parse_timed(argument.as_bytes()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Arg {
        Arg::try_from(text).unwrap()
    }

    fn date(text: &str) -> DateTime {
        parse_time_val(text.as_bytes()).unwrap()
    }

    #[test]
    fn reads_the_examples_of_the_draft() {
        let create = FactChange::Create(date("20020718012845"));
        let table = [
            (
                "Create=20020718012845; Sheila.txt",
                alloc::vec![create.clone()],
                "Sheila.txt",
            ),
            (
                "unix.MODE=777;create=20020718012845; Fred 1.txt",
                alloc::vec![FactChange::UnixMode(0o777), create],
                "Fred 1.txt",
            ),
            (
                "UNIX.ownername=a;UNIX.group=5;X.y=; f",
                alloc::vec![
                    FactChange::UnixOwner(text("a")),
                    FactChange::UnixGroup(text("5")),
                    FactChange::Other {
                        name: text("X.y"),
                        value: Arg::EMPTY,
                    },
                ],
                "f",
            ),
        ];
        for (line, facts, path) in table {
            assert_eq!(
                parse_mff(line.as_bytes()),
                Some((facts, text(path))),
                "{line}"
            );
        }
    }

    #[test]
    fn refuses_bad_facts() {
        let many = "a=b;".repeat(17) + " f";
        for bad in [
            "",
            "f",
            "; f",
            "a; f",
            "=b; f",
            "a=b f",
            "a=b;",
            "a=b; ",
            "Modify=20230229000000; f",
            "Modify=; f",
            "UNIX.mode=8; f",
            "UNIX.mode=; f",
            "UNIX.mode=10000; f",
            "UNIX.owner=; f",
            "a=b;; f",
            &many,
        ] {
            assert_eq!(parse_mff(bad.as_bytes()), None, "{bad}");
        }
        assert!(parse_mff(("a=b;".repeat(16) + " f").as_bytes()).is_some());
    }

    #[test]
    fn splits_the_argument_of_mdtm() {
        let time = date("20240102150405");
        let half = DateTime::from_unix(time.to_unix(), 500_000_000).unwrap();
        let table = [
            ("20240102150405 a b", Some((time, "a b"))),
            ("20240102150405.5 a", Some((half, "a"))),
            ("20240102150405", None),
            ("20240102150405 ", None),
            ("20241302150405 a", None),
            ("2024010215040 a", None),
            ("191240102150405 a", None),
            ("20240102150405x a", None),
            ("20240102150405. a", None),
            ("a b", None),
        ];
        for (argument, expected) in table {
            let expected = expected.map(|(time, path)| (time, text(path)));
            assert_eq!(modification(&text(argument)), expected, "{argument}");
        }
    }
}
