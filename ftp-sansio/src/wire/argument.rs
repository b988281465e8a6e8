//! What a command carries: [`Arg`], which cannot end its line; [`Secret`], which does not print; [`Escaped`], which
//! prints foreign bytes without letting them drive a terminal.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use bytes::Bytes;
use memchr::memchr3;

/// The argument of a command: any bytes but CR, LF and NUL, possibly none.
///
/// This is what makes command injection a type error: whatever a user, a file name or a peer supplied, it cannot end
/// the line it is written into. RFC 2640 § 3 would send a CR in a name as CR NUL; such a name is refused here instead,
/// because most peers take that CR for the end of the line.
///
/// A clone shares the bytes. `Debug` and `Display` print through [`Escaped`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Arg(Bytes);

impl Arg {
    /// The argument without a byte.
    pub const EMPTY: Self = Self(Bytes::new());

    /// Takes `bytes` as they are.
    ///
    /// # Errors
    ///
    /// [`InvalidArg`] names the first CR, LF or NUL.
    pub fn new(bytes: impl Into<Bytes>) -> Result<Self, InvalidArg> {
        let bytes = bytes.into();
        check(&bytes)?;
        Ok(Self(bytes))
    }

    /// Takes a text of the program itself, without copying it.
    ///
    /// # Errors
    ///
    /// [`InvalidArg`] names the first CR, LF or NUL.
    pub fn from_static(text: &'static str) -> Result<Self, InvalidArg> {
        Self::new(Bytes::from_static(text.as_bytes()))
    }

    /// For bytes that another type has already found free of CR, LF and NUL.
    pub(crate) fn from_checked(bytes: Bytes) -> Self {
        debug_assert!(check(&bytes).is_ok());
        Self(bytes)
    }

    /// The bytes, neither quoted nor escaped.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is no byte at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// The bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

fn check(bytes: &[u8]) -> Result<(), InvalidArg> {
    match memchr3(b'\r', b'\n', 0, bytes) {
        None => Ok(()),
        Some(at) => Err(InvalidArg {
            at,
            byte: bytes.get(at).copied().unwrap_or_default(),
        }),
    }
}

impl FromStr for Arg {
    type Err = InvalidArg;

    fn from_str(text: &str) -> Result<Self, InvalidArg> {
        Self::try_from(text.as_bytes())
    }
}

impl TryFrom<&str> for Arg {
    type Error = InvalidArg;

    fn try_from(text: &str) -> Result<Self, InvalidArg> {
        Self::try_from(text.as_bytes())
    }
}

impl TryFrom<&[u8]> for Arg {
    type Error = InvalidArg;

    fn try_from(bytes: &[u8]) -> Result<Self, InvalidArg> {
        check(bytes)?;
        Ok(Self(Bytes::copy_from_slice(bytes)))
    }
}

impl TryFrom<String> for Arg {
    type Error = InvalidArg;

    fn try_from(text: String) -> Result<Self, InvalidArg> {
        Self::new(text)
    }
}

impl TryFrom<Vec<u8>> for Arg {
    type Error = InvalidArg;

    fn try_from(bytes: Vec<u8>) -> Result<Self, InvalidArg> {
        Self::new(bytes)
    }
}

impl AsRef<[u8]> for Arg {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Escaped(&self.0))
    }
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

/// An argument was refused because it holds a CR, LF or NUL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an argument cannot hold the byte {byte:#04x} (at {at})")]
pub struct InvalidArg {
    /// Where the first such byte is, counted in bytes from 0.
    pub at: usize,
    /// The byte itself.
    pub byte: u8,
}

/// A value that is kept out of logs: its `Debug` shows nothing of it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps the value.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value. Whoever asks takes care of where it goes.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Unwraps the value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Foreign bytes, made fit for a terminal or a log by its `Display`.
///
/// Printable UTF-8 stays as it is. Control characters (C0, DEL, C1), line and paragraph separators and the marks that
/// reorder text are written `\x1b` or `\u{202e}`, and so are bytes that are not UTF-8 (`\xff`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            write_escaped(f, chunk.valid())?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Writes the harmless stretches whole.
fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some((at, bad)) = rest.char_indices().find(|&(_, c)| is_unprintable(c)) {
        let (clean, tail) = rest.split_at(at);
        f.write_str(clean)?;
        match u32::from(bad) {
            code @ ..0x80 => write!(f, "\\x{code:02x}")?,
            code => write!(f, "\\u{{{code:x}}}")?,
        }
        let mut tail = tail.chars();
        tail.next();
        rest = tail.as_str();
    }
    if rest.is_empty() {
        Ok(())
    } else {
        f.write_str(rest)
    }
}

const fn is_unprintable(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_what_would_end_the_line() {
        for (text, at, byte) in [("a\r", 1, b'\r'), ("\nb", 0, b'\n'), ("ab\0c\r\n", 2, 0)] {
            assert_eq!(Arg::try_from(text), Err(InvalidArg { at, byte }));
        }
        assert_eq!(Arg::from_static("").unwrap(), Arg::EMPTY);
        assert!(Arg::EMPTY.is_empty());
        let message = Arg::try_from("a\r").unwrap_err().to_string();
        assert_eq!(message, "an argument cannot hold the byte 0x0d (at 1)");
    }

    #[test]
    fn prints_escaped() {
        let arg = Arg::new(&b"na\xc3\xafve \x1b[2J \xff \x7f\xc2\x9b \xe2\x80\xae."[..]).unwrap();
        assert_eq!(
            arg.to_string(),
            "naïve \\x1b[2J \\xff \\x7f\\u{9b} \\u{202e}."
        );
        assert_eq!(format!("{arg:?}"), format!("\"{arg}\""));
    }

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new(Arg::from_static("hunter2").unwrap());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(secret.expose().as_bytes(), b"hunter2");
        assert_eq!(secret.into_inner().len(), 7);
    }

    proptest! {
        #[test]
        fn every_way_in_agrees(bytes: Vec<u8>) {
            let expected = bytes.iter().all(|b| !matches!(b, b'\r' | b'\n' | 0));
            prop_assert_eq!(Arg::try_from(&bytes[..]).is_ok(), expected);
            prop_assert_eq!(Arg::try_from(&bytes[..]), Arg::new(bytes.clone()));
            if let Ok(arg) = Arg::new(bytes.clone()) {
                prop_assert_eq!(arg.as_bytes(), &bytes[..]);
                prop_assert_eq!(&arg.into_bytes()[..], &bytes[..]);
            }
        }

        #[test]
        fn what_is_printed_is_printable(bytes: Vec<u8>) {
            prop_assert!(!Escaped(&bytes).to_string().chars().any(is_unprintable));
        }

        #[test]
        fn printable_text_stays(text in "[a-zA-Zäöü漢字 /.-]*") {
            prop_assert_eq!(Escaped(text.as_bytes()).to_string(), text);
        }
    }
}
