//! Which names from a server may become names here (CVE-2014-4877 and kin): refused and reported, never rewritten.

use std::ffi::OsString;
use std::fmt;

/// Why a name is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsafe {
    /// It is no name of something *in* the folder: empty, `.`, `..`, or with a slash.
    Leaves,
    /// A byte that no name holds, or that would end a command: NUL, CR, LF.
    Forbidden,
    /// This system would take it for something else: a drive, a device, another name.
    System,
}

impl fmt::Display for Unsafe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leaves => "such a name could leave the folder",
            Self::Forbidden => "no file name holds such a byte",
            Self::System => "this system would take such a name for something else",
        })
    }
}

/// Checks a name of a listing before anything is done with it, here or on the server.
pub(crate) fn check(name: &[u8]) -> Result<(), Unsafe> {
    if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') {
        return Err(Unsafe::Leaves);
    }
    if name.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
        return Err(Unsafe::Forbidden);
    }
    Ok(())
}

/// The name that a remote file gets on this system: the same bytes, or none at all.
pub(crate) fn to_local(name: &[u8]) -> Result<OsString, Unsafe> {
    check(name)?;
    if cfg!(windows) && !is_windows_name(name) {
        return Err(Unsafe::System);
    }
    os_string(name).ok_or(Unsafe::System)
}

/// Bytes as a name or path of this system; `None` where they are none.
#[cfg(unix)]
pub(crate) fn os_string(bytes: &[u8]) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(bytes.to_vec()))
}

/// Bytes as a name or path of this system; `None` where they are none.
#[cfg(not(unix))]
pub(crate) fn os_string(bytes: &[u8]) -> Option<OsString> {
    std::str::from_utf8(bytes).ok().map(OsString::from)
}

/// A local name as it is sent to a server; `None` where it is not text on a system that has only text.
pub(crate) fn to_remote(name: &std::ffi::OsStr) -> Option<Vec<u8>> {
    match cfg!(unix) {
        true => Some(name.as_encoded_bytes().to_vec()),
        false => name.to_str().map(|text| text.as_bytes().to_vec()),
    }
}

/// Whether Windows takes a name as it stands: no `\`, no drive, no stream, no device, no dot or space that it would drop.
fn is_windows_name(name: &[u8]) -> bool {
    let reserved = |byte: &u8| *byte < 0x20 || b"<>:\"|?*\\".contains(byte);
    if name.iter().any(reserved) || name.ends_with(b".") || name.ends_with(b" ") {
        return false;
    }
    let stem = name.split(|&byte| byte == b'.').next().unwrap_or(name);
    let stem = stem.trim_ascii_end().to_ascii_uppercase();
    let device = match &stem[..] {
        b"CON" | b"PRN" | b"AUX" | b"NUL" | b"CONIN$" | b"CONOUT$" => true,
        [b'C', b'O', b'M', digits @ ..] | [b'L', b'P', b'T', digits @ ..] => is_port(digits),
        _ => false,
    };
    !device
}

/// One digit, plain or one of the superscripts that Windows takes too.
fn is_port(digits: &[u8]) -> bool {
    matches!(digits, [b'0'..=b'9'] | [0xc2, 0xb2 | 0xb3 | 0xb9])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_are_refused() {
        for name in ["", ".", "..", "../x", "/etc/passwd", "a/b", "a/"] {
            assert_eq!(to_local(name.as_bytes()), Err(Unsafe::Leaves), "{name:?}");
        }
        for name in ["a\0", "a\r", "\n"] {
            assert_eq!(
                to_local(name.as_bytes()),
                Err(Unsafe::Forbidden),
                "{name:?}"
            );
        }
    }

    #[test]
    fn names_that_only_look_odd_are_kept() {
        for name in ["...", "..a", " ", "-rf", "a b", "~", "naïve", "|id"] {
            assert!(check(name.as_bytes()).is_ok(), "{name:?}");
        }
        #[cfg(unix)]
        assert_eq!(to_local(b"\xff\\").unwrap().as_encoded_bytes(), b"\xff\\");
    }

    #[test]
    fn windows_has_more_to_refuse() {
        for name in [
            "C:x", "a\\b", "\\\\h\\s", "con", "NUL.txt", "com1", "LPT9.x", "com²", "a.", "a ",
            "x:y", "aux .c", "a\u{1}",
        ] {
            assert!(!is_windows_name(name.as_bytes()), "{name:?}");
        }
        for name in ["console", "com", "com10", "a.b", ".hidden", "nul_"] {
            assert!(is_windows_name(name.as_bytes()), "{name:?}");
        }
    }
}
