//! The transfer parameters: `TYPE`, `STRU`, `MODE` (RFC 959 § 3.1, § 3.4) and `PROT` (RFC 2228 § 3).

use core::fmt;

use super::command::CommandErrorKind;
use super::text::decimal;

/// How the bytes of a file are written on the data connection (RFC 959 § 3.1.1). The default is ASCII Non-print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Representation {
    /// `A`: text in ASCII, its lines ended by CRLF.
    Ascii(Format),
    /// `E`: text in EBCDIC, its lines ended by NL.
    Ebcdic(Format),
    /// `I`: bytes as they are.
    Image,
    /// `L`: logical bytes of so many bits, 1 to 255.
    Local(u8),
}

/// The vertical format control of a text (RFC 959 § 3.1.1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// `N`: none.
    #[default]
    NonPrint,
    /// `T`: Telnet's format effectors.
    Telnet,
    /// `C`: carriage control (ASA) in each line's first column.
    Carriage,
}

/// The structure of a file (RFC 959 § 3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Structure {
    /// `F`: none, a sequence of bytes.
    #[default]
    File,
    /// `R`: a sequence of records.
    Record,
    /// `P`: numbered pages.
    Page,
}

/// How a file travels on the data connection (RFC 959 § 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// `S`: as a stream of bytes.
    #[default]
    Stream,
    /// `B`: in blocks with headers.
    Block,
    /// `C`: with runs of one byte shortened.
    Compressed,
    /// `Z`: through deflate (draft-preston-ftpext-deflate).
    Deflate,
}

/// How the data connection is protected (RFC 2228 § 3). Over TLS only Clear and Private mean anything (RFC 4217 § 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ProtectionLevel {
    /// `C`: not at all.
    #[default]
    Clear,
    /// `S`: integrity.
    Safe,
    /// `E`: confidentiality.
    Confidential,
    /// `P`: both.
    Private,
}

/// Why a parameter was refused, as the kind of the command's error.
type Refusal = CommandErrorKind;

impl Representation {
    pub(super) fn parse(argument: &[u8]) -> Result<Self, Refusal> {
        let argument = argument.trim_ascii();
        let (letter, rest) = argument.split_first().ok_or(Refusal::Argument)?;
        let parameter = rest.trim_ascii_start();
        // `L8` without the space is as old as BSD's server; any other word of several letters is unknown.
        let spaced = parameter.len() < rest.len() || rest.is_empty();
        match letter.to_ascii_uppercase() {
            b'L' => local(parameter),
            b'A' if spaced => Ok(Self::Ascii(Format::parse(parameter)?)),
            b'E' if spaced => Ok(Self::Ebcdic(Format::parse(parameter)?)),
            b'I' if rest.is_empty() => Ok(Self::Image),
            b'I' if spaced => Err(Refusal::Argument),
            _ => Err(Refusal::Parameter),
        }
    }
}

fn local(bits: &[u8]) -> Result<Representation, Refusal> {
    if bits.is_empty() || !bits.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::Argument);
    }
    match decimal(bits).and_then(|bits| u8::try_from(bits).ok()) {
        None | Some(0) => Err(Refusal::Parameter),
        Some(bits) => Ok(Representation::Local(bits)),
    }
}

impl Format {
    /// Reads the word after `A` or `E`; none at all is the default.
    fn parse(word: &[u8]) -> Result<Self, Refusal> {
        if word.is_empty() {
            return Ok(Self::default());
        }
        match letter(word)? {
            b'N' => Ok(Self::NonPrint),
            b'T' => Ok(Self::Telnet),
            b'C' => Ok(Self::Carriage),
            _ => Err(Refusal::Parameter),
        }
    }
}

/// The one letter that the argument consists of, in upper case.
fn letter(argument: &[u8]) -> Result<u8, Refusal> {
    match argument.trim_ascii() {
        [letter] => Ok(letter.to_ascii_uppercase()),
        [] => Err(Refusal::Argument),
        words if words.iter().any(u8::is_ascii_whitespace) => Err(Refusal::Argument),
        _ => Err(Refusal::Parameter),
    }
}

macro_rules! letters {
    ($type:ident: $($letter:literal => $variant:ident),+) => {
        impl $type {
            pub(super) fn parse(argument: &[u8]) -> Result<Self, Refusal> {
                const fn find(letter: char) -> Option<$type> {
                    match letter {
                        $($letter => Some($type::$variant),)+
                        _ => None,
                    }
                }
                find(char::from(letter(argument)?)).ok_or(Refusal::Parameter)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let letter = match self { $(Self::$variant => $letter,)+ };
                write!(f, "{letter}")
            }
        }
    };
}

letters!(Structure: 'F' => File, 'R' => Record, 'P' => Page);
letters!(Mode: 'S' => Stream, 'B' => Block, 'C' => Compressed, 'Z' => Deflate);
letters!(ProtectionLevel: 'C' => Clear, 'S' => Safe, 'E' => Confidential, 'P' => Private);

impl Default for Representation {
    fn default() -> Self {
        Self::Ascii(Format::NonPrint)
    }
}

impl fmt::Display for Representation {
    /// As the argument of `TYPE`; the default format is left out, as everybody does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ascii(format) => write!(f, "A{}", format.suffix()),
            Self::Ebcdic(format) => write!(f, "E{}", format.suffix()),
            Self::Image => f.write_str("I"),
            Self::Local(bits) => write!(f, "L {bits}"),
        }
    }
}

impl Format {
    const fn suffix(self) -> &'static str {
        match self {
            Self::NonPrint => "",
            Self::Telnet => " T",
            Self::Carriage => " C",
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_types() {
        let table = [
            ("A", Ok(Representation::Ascii(Format::NonPrint))),
            ("a n", Ok(Representation::Ascii(Format::NonPrint))),
            (" A  T ", Ok(Representation::Ascii(Format::Telnet))),
            ("E C", Ok(Representation::Ebcdic(Format::Carriage))),
            ("i", Ok(Representation::Image)),
            ("L 8", Ok(Representation::Local(8))),
            ("L8", Ok(Representation::Local(8))),
            ("", Err(Refusal::Argument)),
            ("L", Err(Refusal::Argument)),
            ("L x", Err(Refusal::Argument)),
            ("I N", Err(Refusal::Argument)),
            ("A N T", Err(Refusal::Argument)),
            ("Q", Err(Refusal::Parameter)),
            ("A X", Err(Refusal::Parameter)),
            ("AN", Err(Refusal::Parameter)),
            ("L 0", Err(Refusal::Parameter)),
            ("L 256", Err(Refusal::Parameter)),
            ("L 99999999999999999999", Err(Refusal::Parameter)),
        ];
        for (text, expected) in table {
            assert_eq!(Representation::parse(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn reads_letters() {
        assert_eq!(Structure::parse(b"r"), Ok(Structure::Record));
        assert_eq!(Mode::parse(b" Z "), Ok(Mode::Deflate));
        assert_eq!(ProtectionLevel::parse(b"P"), Ok(ProtectionLevel::Private));
        assert_eq!(ProtectionLevel::parse(b"Q"), Err(Refusal::Parameter));
        assert_eq!(Mode::parse(b"SS"), Err(Refusal::Parameter));
        assert_eq!(Mode::parse(b"S S"), Err(Refusal::Argument));
        assert_eq!(Mode::parse(b""), Err(Refusal::Argument));
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_alike(bytes: Vec<u8>, text in "[AEILNTC0-9 ]{0,6}") {
            for argument in [bytes, text.into_bytes()] {
                if let Ok(representation) = Representation::parse(&argument) {
                    let written = representation.to_string();
                    prop_assert_eq!(Representation::parse(written.as_bytes()), Ok(representation));
                }
                if let Ok(mode) = Mode::parse(&argument) {
                    prop_assert!(argument.trim_ascii().eq_ignore_ascii_case(mode.to_string().as_bytes()));
                }
                let _ = (Structure::parse(&argument), ProtectionLevel::parse(&argument));
            }
        }
    }
}
