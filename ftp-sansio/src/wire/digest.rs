//! Digests of files, and parts of files: `HASH`, `RANG`, and the five older verbs `XCRC` … `XSHA512`.

use alloc::vec::Vec;
use core::fmt;

use super::argument::Arg;
use super::text::{append, decimal};
use super::verb::Verb;
use super::words::{append_word, arg, take_word};

/// How a file's digest is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// CRC-32 as in zip and Ethernet: against accidents, not against malice.
    Crc32,
    /// MD5, which is broken: against accidents only.
    Md5,
    /// SHA-1, which is broken too, and which every server with `HASH` has (draft-bryan-ftpext-hash § 5).
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    /// Every algorithm, from the weakest.
    pub const ALL: &[Self] = &[
        Self::Crc32,
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
    ];

    /// The name as `HASH` and its line in `FEAT` write it, in IANA's "Hash Function Textual Names" where it is there.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The algorithm of this name, in any case (draft-bryan-ftpext-hash § 3.1).
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let same = |algorithm: &&Self| algorithm.name().as_bytes().eq_ignore_ascii_case(name);
        Self::ALL.iter().find(same).copied()
    }

    /// The older verb that asks for this digest alone.
    #[must_use]
    pub const fn verb(self) -> Verb {
        match self {
            Self::Crc32 => Verb::Xcrc,
            Self::Md5 => Verb::Xmd5,
            Self::Sha1 => Verb::Xsha1,
            Self::Sha256 => Verb::Xsha256,
            Self::Sha512 => Verb::Xsha512,
        }
    }

    /// The algorithm that an older verb asks for.
    #[must_use]
    pub const fn from_verb(verb: Verb) -> Option<Self> {
        match verb {
            Verb::Xcrc => Some(Self::Crc32),
            Verb::Xmd5 => Some(Self::Md5),
            Verb::Xsha1 => Some(Self::Sha1),
            Verb::Xsha256 => Some(Self::Sha256),
            Verb::Xsha512 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// How many bytes the digest has; it travels as twice as many hexadecimal digits.
    #[must_use]
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Crc32 => 4,
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The octets that `RANG` chooses, both ends included (draft-bryan-ftp-range § 3). `RANG 0 0` is the first octet alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OctetRange {
    first: u64,
    last: u64,
}

impl OctetRange {
    /// The octets from `first` to `last`, counted from 0; `None` where they are in the wrong order or beyond the signed
    /// 64 bits of a file system.
    #[must_use]
    pub const fn new(first: u64, last: u64) -> Option<Self> {
        if first <= last && last <= i64::MAX.unsigned_abs() {
            Some(Self { first, last })
        } else {
            None
        }
    }

    /// The first octet.
    #[must_use]
    pub const fn first(self) -> u64 {
        self.first
    }

    /// The last octet, which belongs to the range.
    #[must_use]
    pub const fn last(self) -> u64 {
        self.last
    }

    /// How many octets these are: at least one.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "no range is empty")]
    pub const fn len(self) -> u64 {
        self.last - self.first + 1
    }

    /// Reads the argument of `RANG`. `Some(None)` is `1 0`, which takes the choice back (draft-bryan-ftp-range § 3).
    pub(super) fn parse(argument: &[u8]) -> Option<Option<Self>> {
        let mut words = argument
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let (first, last) = (decimal(words.next()?)?, decimal(words.next()?)?);
        match (words.next(), first, last) {
            (Some(_), ..) => None,
            (None, 1, 0) => Some(None),
            (None, ..) => Self::new(first, last).map(Some),
        }
    }
}

impl fmt::Display for OctetRange {
    /// As the argument of `RANG`: `0 49`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.first, self.last)
    }
}

/// The part of a file that an `XCRC` or one of its kin is about.
///
/// No document defines it. It is read as ProFTPD does: from `start` up to but without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChecksumRange {
    /// The first byte; at most 2^63 - 1.
    pub start: u64,
    /// The byte after the last one, at most 2^63 - 1; none is the file's end.
    pub end: Option<u64>,
}

/// A number that also fits the signed 64 bits of a file system.
pub(super) fn position(digits: &[u8]) -> Option<u64> {
    decimal(digits).filter(|&number| i64::try_from(number).is_ok())
}

/// Reads `path [start [end]]`, the path in quotation marks or not.
///
/// Without them, up to two words of digits at the end are the range and all before them is the path, as long as
/// something is left to be the path: ProFTPD takes `a 0 9` so too, and a name with spaces (`my file.txt`), which many
/// clients do not quote, is still whole. Hence a name that ends in a space and digits has to be quoted.
pub(super) fn parse_checksum(argument: &[u8]) -> Option<(Arg, Option<ChecksumRange>)> {
    if argument.starts_with(b"\"") {
        let (path, rest) = take_word(argument)?;
        if path.is_empty() {
            return None;
        }
        let mut numbers = rest
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let range = checksum_range(numbers.next(), numbers.next())?;
        return numbers.next().is_none().then_some((path, range));
    }
    let (path, start, end) = match split_number(argument) {
        None => (argument, None, None),
        Some((before, last)) => match split_number(before) {
            None => (before, Some(last), None),
            Some((path, first)) => (path, Some(first), Some(last)),
        },
    };
    Some((arg(path), checksum_range(start, end)?))
}

/// The word of digits at the end, and what is before the space in front of it, where there is something.
fn split_number(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, word) = text.split_at_checked(memchr::memrchr(b' ', text)?)?;
    let word = word.strip_prefix(b" ")?;
    let found = !before.is_empty() && !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    found.then_some((before, word))
}

/// `None` is an error, `Some(None)` no range.
fn checksum_range(start: Option<&[u8]>, end: Option<&[u8]>) -> Option<Option<ChecksumRange>> {
    let Some(start) = start else {
        return Some(None);
    };
    let start = position(start)?;
    let end = match end {
        Some(end) => Some(position(end)?),
        None => None,
    };
    Some(Some(ChecksumRange { start, end }))
}

/// Appends `path [start [end]]`.
pub(super) fn append_checksum(path: &Arg, range: Option<ChecksumRange>, out: &mut Vec<u8>) {
    append_word(path, out);
    if let Some(ChecksumRange { start, end }) = range {
        append(format_args!(" {start}"), out);
        if let Some(end) = end {
            append(format_args!(" {end}"), out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_have_names_and_verbs() {
        for &algorithm in DigestAlgorithm::ALL {
            let name = algorithm.name().to_ascii_lowercase();
            assert_eq!(DigestAlgorithm::from_name(name.as_bytes()), Some(algorithm));
            assert_eq!(
                DigestAlgorithm::from_verb(algorithm.verb()),
                Some(algorithm)
            );
            assert!(algorithm.digest_len() >= 4);
        }
        assert_eq!(DigestAlgorithm::from_name(b"CRC-37"), None);
        assert_eq!(DigestAlgorithm::from_verb(Verb::Hash), None);
    }

    #[test]
    fn ranges_hold_their_ends() {
        let range = OctetRange::new(0, 49).unwrap();
        assert_eq!((range.first(), range.last(), range.len()), (0, 49, 50));
        assert_eq!(OctetRange::new(5, 4), None);
        let last = i64::MAX.unsigned_abs();
        assert_eq!(OctetRange::new(0, last).unwrap().len(), last + 1);
        assert_eq!(OctetRange::new(0, last + 1), None);
        for bad in [
            "",
            "1",
            "1 2 3",
            "2 0",
            "a 1",
            "-1 2",
            "0 9223372036854775808",
        ] {
            assert_eq!(OctetRange::parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(OctetRange::parse(b"1 0"), Some(None));
    }

    #[test]
    fn reads_paths_with_ranges() {
        let some = |start, end| Some(ChecksumRange { start, end });
        let table = [
            ("a", "a", None),
            ("a b.txt", "a b.txt", None),
            ("a 1", "a", some(1, None)),
            ("a 1 2", "a", some(1, Some(2))),
            ("a b 1 2", "a b", some(1, Some(2))),
            ("a 1 2 3", "a 1", some(2, Some(3))),
            ("1", "1", None),
            ("1 2", "1", some(2, None)),
            ("a 1 ", "a 1 ", None),
            (r#""a 1""#, "a 1", None),
            (r#""a 1" 2"#, "a 1", some(2, None)),
            (r#""a ""1" 2 3 "#, r#"a "1"#, some(2, Some(3))),
        ];
        for (text, path, range) in table {
            let path = arg(path.as_bytes());
            assert_eq!(
                parse_checksum(text.as_bytes()),
                Some((path, range)),
                "{text}"
            );
        }
        for bad in [
            r#""a"#,
            r#""a" x"#,
            r#""a" 1 2 3"#,
            r#""""#,
            "a 9223372036854775808",
            "a 1 99999999999999999999",
        ] {
            assert_eq!(parse_checksum(bad.as_bytes()), None, "{bad}");
        }
    }
}
