//! EBCDIC type (RFC 959 § 3.1.1.2). Files are ISO 8859-1 (Latin-1) here, the character set that both code pages hold; each byte is one
//! character, so that every file survives the way there and back, whatever it means.
//!
//! Lines end in LF in a file and in NL (0x15) on the connection; NEL (0x85), which NL is by the tables, takes the place of LF (0x25).

use super::unit::{Flow, Stage, Stop, Unit};
use Direction::{Receive, Send};

use super::Direction;

/// What EBCDIC's bytes mean: which of its code pages a peer uses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum CodePage {
    /// IBM-1047, Latin-1 for open systems: what z/OS uses for its Unix files.
    #[default]
    Ibm1047,
    /// IBM-037, of the United States and Canada. Brackets, caret and four other characters stand elsewhere than in IBM-1047.
    Ibm037,
}

/// NL: the end of a line in EBCDIC.
const NEW_LINE: u8 = 0x15;
/// LF by the tables.
const LINE_FEED: u8 = 0x25;

type Table = [u8; 256];

/// IBM-037's characters in ISO 8859-1.
#[rustfmt::skip]
const IBM_037: Table = [
    0x00, 0x01, 0x02, 0x03, 0x9c, 0x09, 0x86, 0x7f, 0x97, 0x8d, 0x8e, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x9d, 0x85, 0x08, 0x87, 0x18, 0x19, 0x92, 0x8f, 0x1c, 0x1d, 0x1e, 0x1f,
    0x80, 0x81, 0x82, 0x83, 0x84, 0x0a, 0x17, 0x1b, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x05, 0x06, 0x07,
    0x90, 0x91, 0x16, 0x93, 0x94, 0x95, 0x96, 0x04, 0x98, 0x99, 0x9a, 0x9b, 0x14, 0x15, 0x9e, 0x1a,
    0x20, 0xa0, 0xe2, 0xe4, 0xe0, 0xe1, 0xe3, 0xe5, 0xe7, 0xf1, 0xa2, 0x2e, 0x3c, 0x28, 0x2b, 0x7c,
    0x26, 0xe9, 0xea, 0xeb, 0xe8, 0xed, 0xee, 0xef, 0xec, 0xdf, 0x21, 0x24, 0x2a, 0x29, 0x3b, 0xac,
    0x2d, 0x2f, 0xc2, 0xc4, 0xc0, 0xc1, 0xc3, 0xc5, 0xc7, 0xd1, 0xa6, 0x2c, 0x25, 0x5f, 0x3e, 0x3f,
    0xf8, 0xc9, 0xca, 0xcb, 0xc8, 0xcd, 0xce, 0xcf, 0xcc, 0x60, 0x3a, 0x23, 0x40, 0x27, 0x3d, 0x22,
    0xd8, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0xab, 0xbb, 0xf0, 0xfd, 0xfe, 0xb1,
    0xb0, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0xaa, 0xba, 0xe6, 0xb8, 0xc6, 0xa4,
    0xb5, 0x7e, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0xa1, 0xbf, 0xd0, 0xdd, 0xde, 0xae,
    0x5e, 0xa3, 0xa5, 0xb7, 0xa9, 0xa7, 0xb6, 0xbc, 0xbd, 0xbe, 0x5b, 0x5d, 0xaf, 0xa8, 0xb4, 0xd7,
    0x7b, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0xad, 0xf4, 0xf6, 0xf2, 0xf3, 0xf5,
    0x7d, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0xb9, 0xfb, 0xfc, 0xf9, 0xfa, 0xff,
    0x5c, 0xf7, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0xb2, 0xd4, 0xd6, 0xd2, 0xd3, 0xd5,
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0xb3, 0xdb, 0xdc, 0xd9, 0xda, 0x9f,
];

/// IBM-1047 is IBM-037 but for three pairs that change places: caret and not sign, and the brackets with Y acute and diaeresis.
const IBM_1047: Table = swap(swap(swap(IBM_037, 0x5f, 0xb0), 0xad, 0xba), 0xbd, 0xbb);

const fn swap(mut table: Table, left: usize, right: usize) -> Table {
    (table[left], table[right]) = (table[right], table[left]);
    table
}

/// The table with the ends of lines in it.
const fn with_lines(table: Table) -> Table {
    swap(table, NEW_LINE as usize, LINE_FEED as usize)
}

const fn inverse(table: Table) -> Table {
    let mut inverse = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        inverse[table[byte] as usize] = byte as u8;
        byte += 1;
    }
    inverse
}

static FROM_037: Table = with_lines(IBM_037);
static FROM_1047: Table = with_lines(IBM_1047);
static TO_037: Table = inverse(FROM_037);
static TO_1047: Table = inverse(FROM_1047);

/// Exchanges bytes by a table, either way.
#[derive(Debug)]
pub(super) struct Translator(&'static Table);

impl Translator {
    pub(super) const fn new(page: CodePage, direction: Direction) -> Self {
        Self(match (page, direction) {
            (CodePage::Ibm037, Receive) => &FROM_037,
            (CodePage::Ibm037, Send) => &TO_037,
            (CodePage::Ibm1047, Receive) => &FROM_1047,
            (CodePage::Ibm1047, Send) => &TO_1047,
        })
    }
}

impl Stage for Translator {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        let (input, room) = flow.sides();
        let count = input.len().min(room.len());
        for (to, &from) in room.iter_mut().zip(input) {
            *to = self.0[usize::from(from)];
        }
        flow.advance(count);
        flow.produce(count);
        match flow.peek() {
            Some(Unit::Byte(_)) => Stop::Full,
            _ => flow.pass_mark(),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use core::fmt::Write;

    use super::*;

    fn hexadecimal(table: &Table) -> String {
        table.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// What `iconv -f IBM037 -t LATIN1` of the GNU C library makes of the bytes 0 to 255 (Python's `cp037` says the same).
    const ICONV_037: &str = "\
        000102039c09867f978d8e0b0c0d0e0f101112139d8508871819928f1c1d1e1f\
        80818283840a171b88898a8b8c050607909116939495960498999a9b14159e1a\
        20a0e2e4e0e1e3e5e7f1a22e3c282b7c26e9eaebe8edeeefecdf21242a293bac\
        2d2fc2c4c0c1c3c5c7d1a62c255f3e3ff8c9cacbc8cdcecfcc603a2340273d22\
        d8616263646566676869abbbf0fdfeb1b06a6b6c6d6e6f707172aabae6b8c6a4\
        b57e737475767778797aa1bfd0dddeae5ea3a5b7a9a7b6bcbdbe5b5dafa8b4d7\
        7b414243444546474849adf4f6f2f3f57d4a4b4c4d4e4f505152b9fbfcf9faff\
        5cf7535455565758595ab2d4d6d2d3d530313233343536373839b3dbdcd9da9f";

    /// What `iconv -f IBM1047 -t LATIN1` makes of them.
    const ICONV_1047: &str = "\
        000102039c09867f978d8e0b0c0d0e0f101112139d8508871819928f1c1d1e1f\
        80818283840a171b88898a8b8c050607909116939495960498999a9b14159e1a\
        20a0e2e4e0e1e3e5e7f1a22e3c282b7c26e9eaebe8edeeefecdf21242a293b5e\
        2d2fc2c4c0c1c3c5c7d1a62c255f3e3ff8c9cacbc8cdcecfcc603a2340273d22\
        d8616263646566676869abbbf0fdfeb1b06a6b6c6d6e6f707172aabae6b8c6a4\
        b57e737475767778797aa1bfd05bdeaeaca3a5b7a9a7b6bcbdbedda8af5db4d7\
        7b414243444546474849adf4f6f2f3f57d4a4b4c4d4e4f505152b9fbfcf9faff\
        5cf7535455565758595ab2d4d6d2d3d530313233343536373839b3dbdcd9da9f";

    #[test]
    fn the_tables_are_the_published_ones() {
        assert_eq!(hexadecimal(&IBM_037), ICONV_037);
        assert_eq!(hexadecimal(&IBM_1047), ICONV_1047);
    }

    #[test]
    fn no_two_bytes_become_one() {
        for (to, from) in [(&TO_037, &FROM_037), (&TO_1047, &FROM_1047)] {
            for byte in 0..=u8::MAX {
                assert_eq!(from[usize::from(to[usize::from(byte)])], byte);
            }
        }
    }
}
