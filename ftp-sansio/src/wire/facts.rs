//! The facts of `MLST` and `MLSD`: `type=file;size=1024;modify=20240102150405; name` (RFC 3659 § 7).

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::date::{TimeVal, parse_time_val};
use crate::listing::item::{Item, Keeper, number};
use crate::listing::{Entry, Kind, Modified, Permissions, Precision, Zone, facts, write};

/// A fact that this crate can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fact {
    /// What it is (§ 7.5.1).
    Type,
    /// Its size in bytes (§ 7.5.7).
    Size,
    /// When it changed, in UTC (§ 7.5.3).
    Modify,
    /// When it was made, in UTC (§ 7.5.4).
    Create,
    /// What the user may do with it (§ 7.5.5).
    Perm,
    /// An identity that all names of one file share (§ 7.5.2).
    Unique,
    /// The Unix mode, in octal.
    UnixMode,
    /// The owner's number.
    UnixOwner,
    /// The owner's name.
    UnixOwnername,
    /// The group's number.
    UnixGroup,
    /// The group's name.
    UnixGroupname,
}

impl Fact {
    /// All of them, in the order in which they are written.
    pub const ALL: &[Self] = &[
        Self::Type,
        Self::Size,
        Self::Modify,
        Self::Create,
        Self::Perm,
        Self::Unique,
        Self::UnixMode,
        Self::UnixOwner,
        Self::UnixOwnername,
        Self::UnixGroup,
        Self::UnixGroupname,
    ];

    /// The name as it is written; it is read in any case (§ 7.2).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Size => "size",
            Self::Modify => "modify",
            Self::Create => "create",
            Self::Perm => "perm",
            Self::Unique => "unique",
            Self::UnixMode => "UNIX.mode",
            Self::UnixOwner => "UNIX.owner",
            Self::UnixOwnername => "UNIX.ownername",
            Self::UnixGroup => "UNIX.group",
            Self::UnixGroupname => "UNIX.groupname",
        }
    }

    fn from_name(name: &[u8]) -> Option<Self> {
        let same = |fact: &&Self| fact.name().as_bytes().eq_ignore_ascii_case(name);
        Self::ALL.iter().find(same).copied()
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// The facts that a session wants to be told, as `OPTS MLST` chooses them (RFC 3659 § 7.9).
///
/// Displayed as the reply to `OPTS MLST` has them: `type;size;modify;`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FactSet(u16);

impl FactSet {
    /// Every fact this crate can tell: what a session gets before it chooses.
    pub const ALL: Self = Self((1 << Fact::ALL.len()) - 1);
    /// No fact, only names; a session may ask for that.
    pub const NONE: Self = Self(0);

    /// The facts that the argument of `OPTS MLST` names, `type;size;`; unknown ones are passed over (§ 7.9).
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let names = text.trim_ascii().split(|byte| *byte == b';');
        names
            .filter_map(Fact::from_name)
            .fold(Self::NONE, Self::with)
    }

    /// This set and `fact`.
    #[must_use]
    pub const fn with(self, fact: Fact) -> Self {
        Self(self.0 | fact.bit())
    }

    /// This set without `fact`.
    #[must_use]
    pub const fn without(self, fact: Fact) -> Self {
        Self(self.0 & !fact.bit())
    }

    /// Whether `fact` is in the set.
    #[must_use]
    pub const fn contains(self, fact: Fact) -> bool {
        self.0 & fact.bit() != 0
    }

    /// Displays every fact as `FEAT` does, with a star after those in this set: `type*;size*;perm;` (§ 7.8).
    #[must_use]
    pub const fn feature(self) -> FactFeature {
        FactFeature(self)
    }
}

impl Default for FactSet {
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Display for FactSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chosen = Fact::ALL.iter().filter(|fact| self.contains(**fact));
        chosen.try_for_each(|fact| write!(f, "{};", fact.name()))
    }
}

/// The argument of the `MLST` line in the reply to `FEAT`; see [`FactSet::feature`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactFeature(FactSet);

impl fmt::Display for FactFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Fact::ALL.iter().try_for_each(|fact| {
            let star = if self.0.contains(*fact) { "*" } else { "" };
            write!(f, "{}{star};", fact.name())
        })
    }
}

/// Whether a line tells of something in the folder, or of the folder itself (RFC 3659 § 7.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Something in the folder, or what `MLST` asked for.
    Child,
    /// `type=cdir`: the folder that is listed.
    Current,
    /// `type=pdir`: its parent, or another folder above it.
    Parent,
}

/// One line of `MLSD`, or of the reply to `MLST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactLine {
    /// The file. Its kind is [`Kind::Other`] when the line does not tell.
    pub entry: Entry,
    /// How it stands to the folder listed.
    pub role: Role,
}

impl FactLine {
    /// Reads a line without its CRLF (and for `MLST` without the reply's leading space); `None` when it is none.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let mut other = Vec::new();
        let read = read_line(line, |name, value| facts::append(&mut other, name, value))?;
        let item = Item {
            facts: &other,
            ..read.item
        };
        Some(Self {
            entry: Keeper::new(0).keep(&item),
            role: read.role,
        })
    }
}

/// A [`FactLine`] that still lies in its line.
pub(crate) struct Read<'a> {
    pub(crate) item: Item<'a>,
    pub(crate) role: Role,
    /// How many facts the line has, known or not.
    pub(crate) count: usize,
}

/// Reads a line; facts that it has no place for go to `other`.
pub(crate) fn read_line<'a>(
    line: &'a [u8],
    mut other: impl FnMut(&'a [u8], &'a [u8]),
) -> Option<Read<'a>> {
    let mut read = Read {
        item: Item::new(&[], Kind::Other),
        role: Role::Child,
        count: 0,
    };
    let mut rest = line;
    while *rest.first()? != b' ' {
        let (name, value, after) = split_fact(rest)?;
        read.count += 1;
        let known = known(name).and_then(|fact| read.apply(fact, value));
        if known.is_none() {
            other(name, value);
        }
        rest = after;
    }
    read.item.name = &rest[1..];
    (!read.item.name.is_empty()).then_some(read)
}

/// The fact of that name; Pure-FTPd calls the numbers of owner and group by other names.
fn known(name: &[u8]) -> Option<Fact> {
    Fact::from_name(name).or_else(|| {
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        if is(b"UNIX.uid") {
            Some(Fact::UnixOwner)
        } else {
            is(b"UNIX.gid").then_some(Fact::UnixGroup)
        }
    })
}

/// The first fact of `text`: its name, its value, and what follows.
fn split_fact(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let equals =
        memchr::memchr3(b'=', b';', b' ', text).filter(|at| *at > 0 && text[*at] == b'=')?;
    let (name, value) = (&text[..equals], &text[equals + 1..]);
    // A value holds no space (§ 7.2), but the targets that some servers put there do.
    let is_link = name.eq_ignore_ascii_case(b"type") && strip_prefix(value, b"OS.unix=s").is_some();
    let end = if is_link {
        memchr::memchr(b';', value)
    } else {
        memchr::memchr2(b';', b' ', value)
    }?;
    // Some servers leave out the last semicolon; then the name's space ends the value.
    let next = if value[end] == b';' { end + 1 } else { end };
    Some((name, &value[..end], &value[next..]))
}

fn strip_prefix<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

impl<'a> Read<'a> {
    /// Sets a fact; `None` when its value has no meaning here.
    fn apply(&mut self, fact: Fact, value: &'a [u8]) -> Option<()> {
        let item = &mut self.item;
        match fact {
            Fact::Type => return self.apply_type(value),
            Fact::Size => item.size = Some(number(value)?),
            Fact::Modify => item.modified = Some(modified(value)?),
            Fact::Create => item.created = Some(modified(value)?),
            // An entry has no field for what depends on the user.
            Fact::Perm => return None,
            Fact::Unique => item.unique = Some(value),
            Fact::UnixMode => item.permissions = Some(octal(value)?),
            // The name tells more than the number, whichever comes first.
            Fact::UnixOwner => item.owner = item.owner.or(Some(value)),
            Fact::UnixOwnername => item.owner = Some(value),
            Fact::UnixGroup => item.group = item.group.or(Some(value)),
            Fact::UnixGroupname => item.group = Some(value),
        }
        Some(())
    }

    fn apply_type(&mut self, value: &'a [u8]) -> Option<()> {
        let is = |name: &[u8]| value.eq_ignore_ascii_case(name);
        let link = || {
            let rest = strip_prefix(value, b"OS.unix=")?;
            strip_prefix(rest, b"symlink").or(strip_prefix(rest, b"slink"))
        };
        (self.item.kind, self.role) = if is(b"file") {
            (Kind::File, Role::Child)
        } else if is(b"dir") {
            (Kind::Folder, Role::Child)
        } else if is(b"cdir") {
            (Kind::Folder, Role::Current)
        } else if is(b"pdir") {
            (Kind::Folder, Role::Parent)
        } else {
            let target = link()?;
            let target = target
                .strip_prefix(b":")
                .filter(|target| !target.is_empty());
            self.item.target = target;
            (Kind::Symlink, Role::Child)
        };
        Some(())
    }
}

fn modified(value: &[u8]) -> Option<Modified> {
    let fraction = memchr::memchr(b'.', value).is_some();
    Some(Modified {
        date: parse_time_val(value)?,
        precision: if fraction {
            Precision::Subsecond
        } else {
            Precision::Second
        },
        zone: Zone::Utc,
    })
}

/// A mode in octal digits, of which the kind of file is dropped. Servers written in Python 3 put its `0o` before them.
pub(crate) fn octal(text: &[u8]) -> Option<Permissions> {
    let text = text.strip_prefix(b"0o").unwrap_or(text);
    if text.is_empty() || text.len() > 8 {
        return None;
    }
    let bits = text.iter().try_fold(0u32, |bits, byte| {
        matches!(byte, b'0'..=b'7').then(|| bits << 3 | u32::from(byte - b'0'))
    })?;
    u16::try_from(bits & 0o7777).ok().map(Permissions::new)
}

/// Appends the facts of `entry` that are in `set` and known, a space, and the name; no line end.
///
/// `perm` is the value of that fact (RFC 3659 § 7.5.5), which depends on the user. Folders called `.` and `..` are of the
/// types `cdir` and `pdir`, links `OS.unix=symlink`. A date whose zone is not known is left out, since `modify` is UTC.
/// CR, LF and NUL in the name become `?`; so does, in a value, what a value cannot hold.
pub fn write_facts(entry: &Entry, set: FactSet, perm: &str, out: &mut Vec<u8>) {
    for fact in Fact::ALL.iter().filter(|fact| set.contains(**fact)) {
        write_fact(entry, *fact, perm, out);
    }
    out.push(b' ');
    write::write_text(&entry.name, out);
}

fn write_fact(entry: &Entry, fact: Fact, perm: &str, out: &mut Vec<u8>) {
    let name = fact.name();
    let numeric = |id: &&Bytes| number(id).is_some();
    let named = |id: &&Bytes| number(id).is_none();
    let text: Option<&[u8]> = match fact {
        Fact::Type => Some(type_of(entry).as_bytes()),
        Fact::Perm => Some(perm.as_bytes()),
        Fact::Unique => entry.unique.as_deref(),
        Fact::UnixOwner => entry.owner.as_ref().filter(numeric).map(AsRef::as_ref),
        Fact::UnixOwnername => entry.owner.as_ref().filter(named).map(AsRef::as_ref),
        Fact::UnixGroup => entry.group.as_ref().filter(numeric).map(AsRef::as_ref),
        Fact::UnixGroupname => entry.group.as_ref().filter(named).map(AsRef::as_ref),
        Fact::Size => {
            if let Some(size) = entry.size {
                write::append(out, format_args!("{name}={size};"));
            }
            None
        }
        Fact::Modify | Fact::Create => {
            let date = match fact {
                Fact::Modify => entry.modified,
                _ => entry.created,
            };
            if let Some(date) = date.filter(|date| date.zone == Zone::Utc) {
                write::append(out, format_args!("{name}={};", TimeVal(date.date)));
            }
            None
        }
        Fact::UnixMode => {
            if let Some(permissions) = entry.permissions {
                write::append(out, format_args!("{name}={:04o};", permissions.bits()));
            }
            None
        }
    };
    if let Some(text) = text {
        write::append(out, format_args!("{name}="));
        let clean = |byte: &u8| {
            if matches!(byte, 0..=b' ' | b';' | 0x7F) {
                b'?'
            } else {
                *byte
            }
        };
        out.extend(text.iter().map(clean));
        out.push(b';');
    }
}

fn type_of(entry: &Entry) -> &'static str {
    match (entry.kind, entry.name.as_ref()) {
        (Kind::File, _) => "file",
        (Kind::Folder, b".") => "cdir",
        (Kind::Folder, b"..") => "pdir",
        (Kind::Folder, _) => "dir",
        (Kind::Symlink, _) => "OS.unix=symlink",
        (Kind::Other, _) => "OS.unix=special",
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{Fact, FactLine, FactSet, Role, write_facts};
    use crate::listing::{Entry, Kind, Modified, Permissions, Precision, Zone};
    use crate::wire::date::{DateTime, parse_time_val};

    fn parse(line: &str) -> FactLine {
        FactLine::parse(line.as_bytes()).unwrap()
    }

    fn written(entry: &Entry, set: FactSet) -> String {
        let mut out = Vec::new();
        write_facts(entry, set, "r", &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn reads_every_fact() {
        let line = parse(
            "Type=FILE;SIZE=12;modify=20240102150405.5;create=20231231235960;perm=rw;Unique=a1;lang=de;\
             UNIX.mode=0100644;X.y=z;media-type=text/plain;charset=UTF-8;create=never; a; b=c",
        );
        assert_eq!(line.entry.name, "a; b=c");
        assert_eq!((line.entry.kind, line.entry.size), (Kind::File, Some(12)));
        let modified = line.entry.modified.unwrap();
        assert_eq!(modified.date, parse_time_val(b"20240102150405.5").unwrap());
        assert_eq!(
            (modified.precision, modified.zone),
            (Precision::Subsecond, Zone::Utc)
        );
        let created = line.entry.created.unwrap();
        assert_eq!(
            (created.date, created.precision),
            (
                parse_time_val(b"20231231235960").unwrap(),
                Precision::Second
            )
        );
        assert_eq!(line.entry.unique.as_deref(), Some(&b"a1"[..]));
        assert_eq!(line.entry.permissions, Some(Permissions::new(0o644)));
        let facts = &line.entry.facts;
        assert_eq!(facts.get("PERM"), Some(&b"rw"[..]));
        assert_eq!(
            facts.as_bytes(),
            &b"perm=rw;lang=de;X.y=z;media-type=text/plain;charset=UTF-8;create=never;"[..]
        );
    }

    #[test]
    fn a_mode_may_be_written_as_python_does() {
        let mode = |text| parse(text).entry.permissions;
        assert_eq!(mode("unix.mode=0o640; x"), Some(Permissions::new(0o640)));
        assert_eq!(
            (mode("unix.mode=0o; x"), mode("unix.mode=0x1; x")),
            (None, None)
        );
    }

    #[test]
    fn reads_types() {
        for (text, kind, role, target) in [
            ("type=dir; x", Kind::Folder, Role::Child, None),
            ("type=cdir; x", Kind::Folder, Role::Current, None),
            ("type=PDIR; x", Kind::Folder, Role::Parent, None),
            ("type=OS.unix=symlink; x", Kind::Symlink, Role::Child, None),
            (
                "type=OS.UNIX=slink:a b; x",
                Kind::Symlink,
                Role::Child,
                Some("a b"),
            ),
            ("type=OS.unix=slink:; x", Kind::Symlink, Role::Child, None),
            ("type=OS.unix=chr-1/2; x", Kind::Other, Role::Child, None),
            ("type=; x", Kind::Other, Role::Child, None),
            (" x", Kind::Other, Role::Child, None),
        ] {
            let line = parse(text);
            assert_eq!(
                (line.entry.kind, line.role, line.entry.name.as_ref()),
                (kind, role, &b"x"[..]),
                "{text}"
            );
            assert_eq!(
                line.entry.target.as_deref(),
                target.map(str::as_bytes),
                "{text}"
            );
        }
    }

    #[test]
    fn names_are_preferred_to_numbers() {
        let line = parse("UNIX.owner=5;UNIX.ownername=ann;UNIX.groupname=staff;UNIX.group=7; x");
        assert_eq!(line.entry.owner.as_deref(), Some(&b"ann"[..]));
        assert_eq!(line.entry.group.as_deref(), Some(&b"staff"[..]));
        let line = parse("unix.UID=5;UNIX.gid=7; x");
        assert_eq!(line.entry.owner.as_deref(), Some(&b"5"[..]));
        assert_eq!(line.entry.group.as_deref(), Some(&b"7"[..]));
    }

    #[test]
    fn tolerates_a_missing_semicolon_only() {
        assert_eq!(parse("type=dir;size=5 a b").entry.name, "a b");
        assert_eq!(parse("type=dir;  a").entry.name, " a");
        for text in [
            "",
            " ",
            "type=dir;",
            "type=dir",
            "type x",
            "=a; x",
            "type=dir;; x",
        ] {
            assert_eq!(FactLine::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn writes() {
        let mut entry = Entry::new("a b", Kind::File);
        assert_eq!(written(&entry, FactSet::ALL), "type=file;perm=r; a b");
        assert_eq!(written(&entry, FactSet::NONE), " a b");
        entry.size = Some(9);
        entry.permissions = Some(Permissions::new(0o644));
        (entry.owner, entry.group) = (Some(Bytes::from("5")), Some(Bytes::from("a;b")));
        assert_eq!(
            written(&entry, FactSet::ALL.without(Fact::Perm)),
            "type=file;size=9;UNIX.mode=0644;UNIX.owner=5;UNIX.groupname=a?b; a b"
        );
        for (name, kind, expected) in [
            (".", Kind::Folder, "type=cdir; ."),
            ("..", Kind::Folder, "type=pdir; .."),
            ("d", Kind::Folder, "type=dir; d"),
            ("l", Kind::Symlink, "type=OS.unix=symlink; l"),
            ("a\r\nb", Kind::Other, "type=OS.unix=special; a??b"),
        ] {
            assert_eq!(
                written(&Entry::new(name, kind), FactSet::NONE.with(Fact::Type)),
                expected
            );
        }
    }

    #[test]
    fn a_local_date_is_not_written() {
        let mut entry = Entry::new("a", Kind::File);
        let mut modified = Modified {
            date: DateTime::UNIX_EPOCH,
            precision: Precision::Second,
            zone: Zone::Unknown,
        };
        entry.modified = Some(modified);
        assert_eq!(written(&entry, FactSet::NONE.with(Fact::Modify)), " a");
        modified.zone = Zone::Utc;
        entry.modified = Some(modified);
        assert_eq!(
            written(&entry, FactSet::NONE.with(Fact::Modify)),
            "modify=19700101000000; a"
        );
        modified.date = parse_time_val(b"20240102150405.678").unwrap();
        entry.created = Some(modified);
        assert_eq!(
            written(&entry, FactSet::NONE.with(Fact::Create)),
            "create=20240102150405.678; a"
        );
    }

    #[test]
    fn chooses_facts() {
        let set = FactSet::parse(b"Size;TYPE;nonsense;;unix.MODE;");
        assert_eq!(set.to_string(), "type;size;UNIX.mode;");
        assert!(
            format!("{}", set.feature())
                .starts_with("type*;size*;modify;create;perm;unique;UNIX.mode*;")
        );
        assert_eq!(FactSet::parse(b""), FactSet::NONE);
        assert_eq!(FactSet::default(), FactSet::ALL);
        assert_eq!(
            FactSet::parse(FactSet::ALL.to_string().as_bytes()),
            FactSet::ALL
        );
    }

    proptest! {
        #[test]
        fn round_trip(
            name in "[^\r\n\0]{1,40}",
            kind in prop::sample::select([Kind::File, Kind::Folder, Kind::Symlink, Kind::Other].as_slice()),
            size: Option<u64>, mode: Option<u16>, owner in prop::option::of("[a-z]{1,8}|[0-9]{1,8}"),
            group in prop::option::of("[a-z]{1,8}|[0-9]{1,8}"), unique in prop::option::of("[!-:<-~]{1,20}"),
            seconds in prop::option::of(0i64..200_000_000_000),
        ) {
            let mut entry = Entry::new(name, kind);
            entry.size = size;
            entry.permissions = mode.map(Permissions::new);
            entry.owner = owner.map(Bytes::from);
            entry.group = group.map(Bytes::from);
            entry.unique = unique.map(Bytes::from);
            entry.modified = seconds.map(|seconds| Modified {
                date: DateTime::from_unix(seconds, 0).unwrap(),
                precision: Precision::Second,
                zone: Zone::Utc,
            });
            entry.created = entry.modified;
            let line = parse(&written(&entry, FactSet::ALL));
            prop_assert_eq!(line.entry.facts.get("perm"), Some(&b"r"[..]));
            entry.facts = line.entry.facts.clone();
            prop_assert_eq!(line.entry, entry);
        }

        #[test]
        fn arbitrary_bytes_never_panic(line: Vec<u8>, close in "(type|size|modify|x)?=?[a-z0-9.:]{0,4}[;= ]{0,3}[a-z;= ]{0,9}") {
            let _ = FactLine::parse(&line);
            let _ = FactLine::parse(close.as_bytes());
            let _ = FactSet::parse(&line);
        }

        #[test]
        fn anything_stays_within_its_line(name: Vec<u8>, owner: Vec<u8>) {
            let mut entry = Entry::new(name, Kind::File);
            entry.owner = Some(owner.into());
            let mut out = Vec::new();
            write_facts(&entry, FactSet::ALL, "", &mut out);
            prop_assert!(!out.iter().any(|byte| b"\r\n\0".contains(byte)));
        }
    }
}
