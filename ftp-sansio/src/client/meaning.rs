//! What the reply to a single command means.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use super::exchange::Outcome;
use crate::session::Endpoints;
use crate::wire::address::{find_extended_port, find_host_port, find_long};
use crate::wire::date::parse_time_val;
use crate::wire::facts::FactLine;
use crate::wire::path::unquote;
use crate::wire::{Arg, Code, Command, DigestAlgorithm, Features, Reply};

/// What a good reply to a command tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Meaning {
    /// That it was done.
    Done,
    /// The path in a 257.
    Path,
    /// The number in a 213: a size (SIZE), or the space that is left (AVBL), in bytes.
    Size,
    /// The time-val in a 213, with or without the `Modify=` of MFMT.
    Modified,
    /// The lines of a 211.
    Features,
    /// The line of facts in a 250.
    Entry,
    /// The digest that HASH, XCRC, XMD5, XSHA1, XSHA256 or XSHA512 asked for.
    Digest,
    /// Text in lines, for people (HELP, SITE), or a listing of a folder (STAT).
    Lines,
    /// Where the server listens for the next data connection (PASV, EPSV, LPSV, CPSV): for a transfer between two servers. The host
    /// is the one that was told, since it is not this side that connects; EPSV's is the server itself.
    Address,
    /// Whatever it says, a refusal too: the user reads it.
    Raw,
}

/// A file's digest, as a server computed it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Digest {
    /// By which algorithm; nothing for one that is not known here.
    pub algorithm: Option<DigestAlgorithm>,
    /// The digest itself.
    pub bytes: Vec<u8>,
}

/// The text of a reply in lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lines(Reply);

impl Lines {
    /// The reply that they are of.
    #[must_use]
    pub const fn reply(&self) -> &Reply {
        &self.0
    }

    /// The lines between the first and the last, which only frame them, without the space that begins many of them; the one line of a
    /// reply that has no more.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let count = self.0.lines().count();
        let (skipped, taken) = if count == 1 { (0, 1) } else { (1, count - 2) };
        let lines = self.0.lines().skip(skipped).take(taken);
        lines.map(|line| line.strip_prefix(b" ").unwrap_or(line))
    }
}

impl Meaning {
    /// What `reply` says to `command`, or nothing where it does not say it.
    pub(super) fn read(self, command: &Command, reply: &Reply, ends: Endpoints) -> Option<Outcome> {
        Some(match self {
            Self::Path => Outcome::Path(path(reply)?),
            Self::Size => Outcome::Size(crate::wire::text::decimal(first_word(reply))?),
            Self::Modified => Outcome::Modified(parse_time_val(time(first_word(reply)))?),
            Self::Features => Outcome::Features(Features::from_reply(reply)),
            Self::Entry => {
                let line = reply.lines().nth(1)?;
                let line = Bytes::copy_from_slice(line.trim_ascii_start());
                Outcome::Entry(Box::new(FactLine::parse(&line)?.entry))
            }
            Self::Digest => Outcome::Digest(digest(command, reply)?),
            Self::Lines => Outcome::Lines(Lines(reply.clone())),
            Self::Address => Outcome::Address(match reply.code() {
                Code::EXTENDED_PASSIVE_MODE => {
                    (ends.peer.ip(), find_extended_port(reply.text())?).into()
                }
                Code::PASSIVE_MODE => find_host_port(reply.text())?.into(),
                _ => find_long(reply.text())?,
            }),
            Self::Done | Self::Raw => Outcome::Reply(reply.clone()),
        })
    }
}

/// RFC 959 has the path in quotation marks; a server that forgets them begins with it.
fn path(reply: &Reply) -> Option<Arg> {
    let bare = || {
        Some(first_word(reply))
            .filter(|word| word.starts_with(b"/"))
            .map(<[u8]>::to_vec)
    };
    Arg::new(unquote(reply.text()).or_else(bare)?).ok()
}

/// The time-val in `Modify=20020717210715;`, as MFMT answers it (draft-somers-ftp-mfxx § 3.1), or by itself.
fn time(word: &[u8]) -> &[u8] {
    let value = match word.split_at_checked(b"Modify=".len()) {
        Some((name, value)) if name.eq_ignore_ascii_case(b"Modify=") => value,
        _ => word,
    };
    value.strip_suffix(b";").unwrap_or(value)
}

/// HASH answers `SHA-256 0-49 <digest> <name>` (draft-bryan-ftpext-hash § 3.2); the older commands answer the digest, and some
/// servers write something before it. ProFTPD's is the last line of several.
fn digest(command: &Command, reply: &Reply) -> Option<Digest> {
    let line = reply.lines().next_back().unwrap_or_default();
    let mut words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    if let Command::Hash(_) = command {
        let algorithm = DigestAlgorithm::from_name(words.next()?);
        let bytes = hexadecimal(words.nth(1)?)?;
        let fits = algorithm.is_none_or(|algorithm| algorithm.digest_len() == bytes.len());
        return fits.then_some(Digest { algorithm, bytes });
    }
    let algorithm = DigestAlgorithm::from_verb(command.verb()?)?;
    let length = algorithm.digest_len();
    let whole = |word: &[u8]| hexadecimal(word).filter(|bytes| bytes.len() == length);
    let bytes = match algorithm {
        // Printed as a number, without the zeros in front.
        DigestAlgorithm::Crc32 => words.find_map(number).map(|crc| crc.to_be_bytes().into()),
        _ => words.find_map(whole),
    };
    Some(Digest {
        algorithm: Some(algorithm),
        bytes: bytes?,
    })
}

fn number(word: &[u8]) -> Option<u32> {
    let digits = core::str::from_utf8(word).ok()?;
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let is_number = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

fn hexadecimal(word: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = word.chunks(2).map(|pair| match *pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

/// Servers pad, and some write more after the value.
fn first_word(reply: &Reply) -> &[u8] {
    reply
        .first_line()
        .trim_ascii_start()
        .split(u8::is_ascii_whitespace)
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::wire::Command;

    fn read(command: &str, meaning: Meaning, code: u16, text: &'static str) -> Option<Outcome> {
        let ends = Endpoints {
            local: "192.0.2.7:40000".parse().unwrap(),
            peer: "192.0.2.1:21".parse().unwrap(),
        };
        let command = Command::parse(command.as_bytes()).unwrap();
        let reply = Reply::from_static(Code::new(code).unwrap(), text);
        meaning.read(&command, &reply, ends)
    }

    fn digest_of(command: &str, text: &'static str) -> Option<(Option<DigestAlgorithm>, Vec<u8>)> {
        match read(command, Meaning::Digest, 250, text)? {
            Outcome::Digest(digest) => Some((digest.algorithm, digest.bytes)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn digests() {
        use DigestAlgorithm::{Crc32, Md5, Sha1};
        let md5 = vec![
            0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0, 0xb2, 4, 0xe9, 0x80, 9, 0x98, 0xec, 0xf8, 0x42, 0x7e,
        ];
        for text in [
            "d41d8cd98f00b204e9800998ecf8427e",
            " MD5 D41D8CD98F00B204E9800998ECF8427E",
        ] {
            assert_eq!(digest_of("XMD5 a", text), Some((Some(Md5), md5.clone())));
        }
        assert_eq!(digest_of("XMD5 a", "d41d8cd9"), None);
        assert_eq!(
            digest_of("XCRC a", "D1B2"),
            Some((Some(Crc32), vec![0, 0, 0xd1, 0xb2]))
        );
        assert_eq!(
            digest_of("XCRC a", "0xffffffff"),
            Some((Some(Crc32), vec![255; 4]))
        );
        assert_eq!(digest_of("XCRC a", "+1"), None);
        let sha1 = "SHA-1 0-49 80bc95fd391772fa61c91ed68567f0980bb45fd9 a";
        let (algorithm, bytes) = digest_of("HASH a", sha1).unwrap();
        assert_eq!((algorithm, bytes.len(), bytes[0]), (Some(Sha1), 20, 0x80));
        assert_eq!(
            digest_of("HASH a", "SHA3-256 0-1 ff a"),
            Some((None, vec![255]))
        );
        let several =
            "Computing SHA-1 digest\nSHA-1 0-50 80bc95fd391772fa61c91ed68567f0980bb45fd9 a";
        assert_eq!(digest_of("HASH a", several), digest_of("HASH a", sha1));
        let several = "Computing MD5 digest\nd41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(digest_of("XMD5 a", several), Some((Some(Md5), md5)));
        assert_eq!(digest_of("HASH a", "SHA-1 0-49 ff a"), None);
        assert_eq!(digest_of("HASH a", "SHA-1"), None);
    }

    #[test]
    fn addresses_dates_and_lines() {
        let address = |command, code, text| match read(command, Meaning::Address, code, text) {
            Some(Outcome::Address(address)) => Some(address),
            _ => None,
        };
        let at = |text: &str| Some(text.parse().unwrap());
        assert_eq!(
            address("PASV", 227, "(203,0,113,5,1,2)"),
            at("203.0.113.5:258")
        );
        assert_eq!(address("EPSV", 229, "(|||258|)"), at("192.0.2.1:258"));
        assert_eq!(
            address("LPSV", 228, "(4,4,203,0,113,5,2,1,2)"),
            at("203.0.113.5:258")
        );
        assert_eq!(address("CPSV", 227, "no"), None);
        for text in ["20020717210715", "Modify=20020717210715; a"] {
            assert!(matches!(
                read("MFMT 20020717210715 a", Meaning::Modified, 213, text),
                Some(Outcome::Modified(date)) if date.year() == 2002
            ));
        }
        for (text, count) in [("a", 1), ("a\nb", 0), ("a\n b\n c\nd", 2)] {
            let Some(Outcome::Lines(lines)) = read("HELP", Meaning::Lines, 214, text) else {
                panic!()
            };
            assert_eq!(lines.iter().count(), count);
        }
    }
}
