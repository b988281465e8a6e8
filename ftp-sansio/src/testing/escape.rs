//! Bytes as a transcript writes them: printable ASCII as it is, `\\`, `\"`, `\r`, `\n`, and `\xNN` for the rest.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// The bytes of an escaped text. `\xNN{count}` repeats a byte, for lines too long to write down.
///
/// # Panics
/// On an escape that is none.
pub(super) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (byte, tail) = escaped(rest).unwrap_or_else(|| panic!("no such escape in {text:?}"));
        let (count, tail) = repeated(tail).unwrap_or((1, tail));
        bytes.resize(bytes.len() + count, byte);
        rest = tail;
    }
    bytes
}

fn escaped(rest: &[u8]) -> Option<(u8, &[u8])> {
    match rest {
        [b'\\', tail @ ..] => Some((b'\\', tail)),
        [b'"', tail @ ..] => Some((b'"', tail)),
        [b'r', tail @ ..] => Some((b'\r', tail)),
        [b'n', tail @ ..] => Some((b'\n', tail)),
        [b'x', high, low, tail @ ..] => {
            let digits = [*high, *low];
            let byte = u8::from_str_radix(core::str::from_utf8(&digits).ok()?, 16).ok()?;
            Some((byte, tail))
        }
        _ => None,
    }
}

/// The number of a `{number}` and what follows it.
fn repeated(rest: &[u8]) -> Option<(usize, &[u8])> {
    let inner = rest.strip_prefix(b"{")?;
    let end = inner.iter().position(|&byte| byte == b'}')?;
    let count = core::str::from_utf8(&inner[..end]).ok()?.parse().ok()?;
    Some((count, &inner[end + 1..]))
}

/// The bytes as text, without their quotes.
pub(super) fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b' '..=b'~' => text.push(char::from(byte)),
            // Writing to a String does not fail.
            _ => drop(write!(text, "\\x{byte:02x}")),
        }
    }
    text
}

/// The bytes as text between quotes.
pub(super) fn quoted(bytes: &[u8]) -> String {
    alloc::format!("\"{}\"", escape(bytes).replace('"', "\\\""))
}

/// The bytes of a text between quotes, where it is one.
pub(super) fn unquoted(text: &str) -> Option<Vec<u8>> {
    Some(unescape(text.strip_prefix('"')?.strip_suffix('"')?))
}
