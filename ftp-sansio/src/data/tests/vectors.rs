//! Bytes worked out by hand from RFC 959 (and RFC 1950 for MODE Z), before there was code.

use alloc::vec::Vec;

use super::*;
use crate::data::CodePage;
use crate::wire::Mode::{Block, Compressed, Deflate, Stream};
use crate::wire::Structure::{File, Page, Record};

/// This file travels as these bytes, and comes back from them.
fn both_ways(parameters: Parameters, local: &[u8], travelling: &[u8]) {
    assert_eq!(send(parameters, local), travelling, "{parameters:?}, sent");
    assert_eq!(
        file(parameters, travelling),
        local,
        "{parameters:?}, received"
    );
}

fn fails(parameters: Parameters, travelling: &[u8], fault: Fault) {
    let outcome = receive(parameters, travelling);
    assert_eq!(
        outcome.verdict,
        Verdict::Failed(fault),
        "{parameters:?} {travelling:02x?}"
    );
}

/// § 3.4.1: 0xFF is the escape; then 1 is EOR, 2 EOF, 3 both, and 0xFF is itself.
#[test]
fn records_in_a_stream() {
    let text = with(ASCII, Record, Stream);
    both_ways(text, b"ab\n\xffc\n", b"ab\xff\x01\xff\xffc\xff\x03");
    both_ways(text, b"\n", b"\xff\x03");
    both_ways(text, b"\n\n", b"\xff\x01\xff\x03");
    both_ways(text, b"", b"\xff\x02");
    // § 3.4: every EOR is explicit, the final one too.
    assert_eq!(send(text, b"ab"), b"ab\xff\x03");
    // EOR and EOF may be told apart as well as together.
    assert_eq!(file(text, b"a\xff\x01\xff\x02"), b"a\n");
    assert_eq!(file(text, b"a\xff\x02"), b"a", "no EOR, no line's end");
    // § 3.1.1.1: CRLF within a record is a line's end all the same; a CR alone is data.
    assert_eq!(file(text, b"a\r\nb\r\xff\x03"), b"a\nb\r\n");
    // An image is one record here, and loses the bounds of those it comes with.
    both_ways(with(IMAGE, Record, Stream), b"a\n", b"a\n\xff\x03");
    both_ways(with(IMAGE, Record, Stream), b"", b"\xff\x02");
    assert_eq!(
        file(with(IMAGE, Record, Stream), b"a\xff\x01b\xff\x03"),
        b"ab"
    );
    // A record in EBCDIC: 'a' is 0x81; the LF is an EOR and not an NL.
    both_ways(with(EBCDIC, Record, Stream), b"a\n", b"\x81\xff\x03");
    fails(text, b"a\xff\x00", Fault::Malformed);
    fails(text, b"a\xff\x04", Fault::Malformed);
    for cut in [&b""[..], b"a", b"a\xff", b"a\xff\x01"] {
        fails(text, cut, Fault::Truncated);
    }
}

/// § 3.4.2: descriptor, 16 bits of count, data. 128 is EOR, 64 is EOF, 32 is "suspected errors", 16 is a marker.
#[test]
fn blocks() {
    let image = with(IMAGE, File, Block);
    both_ways(image, b"abc", b"\x40\x00\x03abc");
    both_ways(image, b"", b"\x40\x00\x00");
    both_ways(with(ASCII, File, Block), b"a\n", b"\x40\x00\x03a\r\n");
    both_ways(with(EBCDIC, File, Block), b"a\n", b"\x40\x00\x02\x81\x15");
    let records = with(ASCII, Record, Block);
    both_ways(records, b"ab\nc\n", b"\x80\x00\x02ab\xc0\x00\x01c");
    both_ways(records, b"\n\n", b"\x80\x00\x00\xc0\x00\x00");
    both_ways(records, b"", b"\x40\x00\x00");
    both_ways(
        with(IMAGE, Record, Block),
        b"ab\nc\n",
        b"\xc0\x00\x05ab\nc\n",
    );
    // A record of several blocks: only the last one's end is the record's.
    assert_eq!(file(records, b"\x00\x00\x01a\xc0\x00\x01b"), b"ab\n");
    assert_eq!(file(image, b"\x00\x00\x02ab\x40\x00\x00"), b"ab");
    // In a file without records an EOR says nothing.
    assert_eq!(
        file(with(ASCII, File, Block), b"\x80\x00\x02a\r\x40\x00\x01\n"),
        b"a\n"
    );
    let long = [b'x'; 300];
    let travelling = [&b"\x40\x01\x2c"[..], &long].concat();
    both_ways(image, &long, &travelling);
    fails(image, b"\x01\x00\x00", Fault::Malformed);
    for cut in [&b""[..], b"\x40", b"\x40\x00\x03ab", b"\x00\x00\x02ab"] {
        fails(image, cut, Fault::Truncated);
    }
}

/// § 3.3: the connection stays open for the next file, so that nothing beyond the EOF is taken, and no close is needed.
#[test]
fn what_follows_the_end_of_a_file_belongs_to_the_next_one() {
    for (mode, travelling) in [
        (Block, &b"\x40\x00\x01a\x40\x00\x01b"[..]),
        (Compressed, b"\x00\x40\x01a\x00\x40\x01b"),
    ] {
        let parameters = with(IMAGE, File, mode);
        let mut rest = travelling;
        for expected in [b"a", b"b"] {
            let mut codec = parameters.codec(Direction::Receive).unwrap();
            let outcome = run(&mut codec, &[rest], 16, End::More);
            assert_eq!(outcome.bytes, expected);
            assert_eq!(outcome.verdict, Verdict::Ended);
            rest = &rest[outcome.consumed..];
            // It says the same again, and takes nothing.
            let again = codec.step(b"more", &mut [0; 8], End::Closed);
            assert_eq!((again.consumed, again.produced), (0, 0));
            assert!(matches!(again.status, Status::Ended(_)));
        }
        assert!(rest.is_empty());
        assert!(parameters.leaves_open());
    }
    assert!(!with(IMAGE, File, Stream).leaves_open());
    assert!(!with(ASCII, Record, Stream).leaves_open());
    assert!(!with(IMAGE, File, Deflate).leaves_open());
}

#[test]
fn suspected_errors() {
    for (mode, travelling) in [
        (Block, &b"\x20\x00\x01a\x40\x00\x00"[..]),
        (Compressed, b"\x00\x20\x01a\x00\x40\xc0"),
    ] {
        let mut codec = with(IMAGE, File, mode).codec(Direction::Receive).unwrap();
        assert!(!codec.is_suspected());
        let outcome = run(&mut codec, &[travelling], 16, End::Closed);
        assert_eq!(
            (&outcome.bytes[..], outcome.verdict),
            (&b"a"[..], Verdict::Ended)
        );
        assert!(codec.is_suspected());
    }
}

/// § 3.4.3: 0nnnnnnn and n bytes; 10nnnnnn and the byte; 11nnnnnn for fillers; 0 and a descriptor for the string after it.
#[test]
fn compressed() {
    let image = with(IMAGE, File, Compressed);
    both_ways(image, b"abc", b"\x00\x40\x03abc");
    both_ways(image, b"aaaa", b"\x00\x40\x84a");
    both_ways(image, b"\0\0\0\0\0", b"\x00\x40\xc5");
    both_ways(image, b"abcaaaaa\0\0\0", b"\x03abc\x85a\x00\x40\xc3");
    // An empty file needs a string for the descriptor to stand before: fillers, none of them.
    both_ways(image, b"", b"\x00\x40\xc0");
    both_ways(with(ASCII, File, Compressed), b"   ", b"\x00\x40\xc3");
    both_ways(with(EBCDIC, File, Compressed), b"   ", b"\x00\x40\xc3");
    both_ways(with(EBCDIC, File, Compressed), b"\0\0\0", b"\x00\x40\x83\0");
    both_ways(with(ASCII, File, Compressed), b"a b", b"\x00\x40\x03a b");
    let records = with(ASCII, Record, Compressed);
    both_ways(records, b"ab\ncd\n", b"\x00\x80\x02ab\x00\xc0\x02cd");
    both_ways(records, b"\n\n", b"\x00\x80\xc0\x00\xc0\xc0");
    both_ways(records, b"a    \nb\n", b"\x01a\x00\x80\xc4\x00\xc0\x01b");
    // The longest strings: 127 bytes, 63 of a kind.
    let long: Vec<u8> = (1..=128).collect();
    let travelling = [&b"\x7f"[..], &long[..127], b"\x00\x40\x01\x80"].concat();
    both_ways(image, &long, &travelling);
    both_ways(image, &[b'a'; 66], b"\xbfa\x00\x40\x83a");
    // Descriptors add up until a string comes.
    assert_eq!(file(records, b"\x00\x80\x00\x40\x01a"), b"a\n");
    fails(image, b"\x00\x01\x01a", Fault::Malformed);
    for cut in [
        &b""[..],
        b"\x01a",
        b"\x00",
        b"\x00\x40",
        b"\x00\x40\x02a",
        b"\x00\x40\x82",
    ] {
        fails(image, cut, Fault::Truncated);
    }
}

/// RFC 1950 and RFC 1951 § 3.2.4: a header whose sixteen bits are a multiple of 31, a stored block, the Adler-32.
const STORED: &[u8] = b"\x78\x01\x01\x05\x00\xfa\xffhello\x06\x2c\x02\x15";

#[test]
fn deflated() {
    let image = with(IMAGE, File, Deflate);
    assert_eq!(file(image, STORED), b"hello");
    // As zlib's own `compress` writes it.
    let by_zlib = b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\x00\x06\x2c\x02\x15";
    assert_eq!(file(image, by_zlib), b"hello");
    let sent = send(image, b"hello");
    assert_eq!(sent[0], 0x78, "deflate, a window of 32 KiB");
    assert_eq!(
        u16::from_be_bytes([sent[0], sent[1]]) % 31,
        0,
        "the header's check"
    );
    assert_eq!(
        sent[sent.len() - 4..],
        [0x06, 0x2c, 0x02, 0x15],
        "the Adler-32 of hello"
    );
    assert_eq!(file(image, &sent), b"hello");
    for level in 0..=9 {
        let tuning = Tuning {
            level,
            ..Tuning::default()
        };
        let sent = whole(image, &tuning, Direction::Send, b"hello");
        assert_eq!(file(image, &sent.bytes), b"hello");
    }
    fails(image, &[STORED, b"x"].concat(), Fault::Trailing);
    fails(image, &STORED[..STORED.len() - 1], Fault::Truncated);
    fails(image, b"", Fault::Truncated);
    fails(image, b"hello", Fault::Malformed);
    let mut wrong = STORED.to_vec();
    *wrong.last_mut().unwrap() ^= 1;
    fails(image, &wrong, Fault::Malformed);
    // RFC 1951 § 3.2.6, a fixed block: a match of three bytes from one byte back, and there is none.
    // Bits: 1, 10 (backwards 01), 0000001 for length 3, 00000 for distance 1.
    fails(image, b"\x78\x01\x03\x02\x00\x00", Fault::Malformed);
}

#[test]
fn what_was_decoded_before_a_fault_is_not_lost() {
    let outcome = receive(
        with(IMAGE, File, Deflate),
        b"\x78\x01\x00\x05\x00\xfa\xffhello\x07",
    );
    assert_eq!(outcome.bytes, b"hello");
    assert_eq!(outcome.verdict, Verdict::Failed(Fault::Malformed));
}

/// In MODE Z what is compressed is what a stream would be: with the escapes of records, and pages.
#[test]
fn structures_in_a_zlib_stream() {
    let wrap = |bytes: &[u8], adler: [u8; 4]| {
        let length = u8::try_from(bytes.len()).unwrap();
        [&[0x78, 0x01, 0x01, length, 0, !length, 0xff], bytes, &adler].concat()
    };
    let records = with(ASCII, Record, Deflate);
    // Adler-32 of 61 FF 03: a = 1 + 97 + 255 + 3 = 0x164, b = 98 + 353 + 356 = 0x327.
    assert_eq!(
        file(records, &wrap(b"a\xff\x03", [3, 0x27, 1, 0x64])),
        b"a\n"
    );
    // 61: a = b = 98. The zlib stream is whole, and the file is not.
    fails(records, &wrap(b"a", [0, 98, 0, 98]), Fault::Truncated);
    // FF 02 61: a = 1 + 255 + 2 + 97 = 0x163, b = 256 + 258 + 355 = 0x365.
    fails(
        records,
        &wrap(b"\xff\x02a", [3, 0x65, 1, 0x63]),
        Fault::Trailing,
    );
}

/// § 3.1.2.3: header length, page index, data length, page type; 1 is a simple page, 0 the last one.
#[test]
fn pages() {
    let image = with(IMAGE, Page, Stream);
    both_ways(image, b"hello", b"\x04\x00\x05\x01hello\x04\x01\x00\x00");
    both_ways(image, b"", b"\x04\x00\x00\x00");
    let long = [b'x'; 256];
    let travelling = [
        &b"\x04\x00\xff\x01"[..],
        &long[..255],
        b"\x04\x01\x01\x01x\x04\x02\x00\x00",
    ]
    .concat();
    both_ways(image, &long, &travelling);
    both_ways(
        with(ASCII, Page, Stream),
        b"a\n",
        b"\x04\x00\x03\x01a\r\n\x04\x01\x00\x00",
    );
    both_ways(
        with(IMAGE, Page, Block),
        b"a",
        b"\x40\x00\x09\x04\x00\x01\x01a\x04\x01\x00\x00",
    );
    // A descriptor page (2) tells about the file and is not of it; an access controlled one (3) has a fifth header byte.
    assert_eq!(
        file(
            image,
            b"\x04\x00\x02\x02??\x05\x00\x01\x03\x77a\x04\x01\x00\x00"
        ),
        b"a"
    );
    // Appendix I: empty pages are not sent, and trailing zeros of a page may be discarded.
    let holey = file(image, b"\x04\x00\x01\x01a\x04\x02\x01\x01b\x04\x03\x00\x00");
    let expected = [&b"a"[..], &[0; 509], b"b"].concat();
    assert_eq!(holey, expected);
    for (wrong, fault) in [
        (&b"\x03\x00\x00\x00"[..], Fault::Malformed),
        (b"\x04\x00\x01\x00", Fault::Malformed),
        (b"\x05\x00\x00\x00\x00", Fault::Malformed),
        (b"\x05\x00\x01\x01\x00a", Fault::Malformed),
        (b"\x04\x00\x01\x03a", Fault::Malformed),
        (b"\x04\x00\x01\x04a", Fault::Malformed),
        // Back to a page that is written already.
        (b"\x04\x00\x01\x01a\x04\x00\x01\x01a", Fault::Malformed),
        (b"", Fault::Truncated),
        (b"\x04\x00\x05", Fault::Truncated),
        (b"\x04\x00\x05\x01hel", Fault::Truncated),
        (b"\x04\x00\x01\x01a", Fault::Truncated),
    ] {
        fails(image, wrong, fault);
    }
    let paged_blocks = with(IMAGE, Page, Block);
    fails(
        paged_blocks,
        b"\x40\x00\x05\x04\x00\x01\x01a",
        Fault::Truncated,
    );
    fails(
        paged_blocks,
        b"\x40\x00\x05\x04\x00\x00\x00a",
        Fault::Trailing,
    );
}

#[test]
fn a_file_of_more_than_256_pages_has_no_page_index() {
    let image = with(IMAGE, Page, Stream);
    let most = [7; 256 * 255];
    assert_eq!(file(image, &send(image, &most)), most);
    let outcome = whole(
        image,
        &Tuning::default(),
        Direction::Send,
        &[7; 256 * 255 + 1],
    );
    assert_eq!(outcome.verdict, Verdict::Failed(Fault::TooLong));
}

/// § 3.1.1.2: EBCDIC's characters, and NL (0x15) where a line ends.
#[test]
fn ebcdic() {
    let text = with(EBCDIC, File, Stream);
    both_ways(text, b"Hello\n", b"\xc8\x85\x93\x93\x96\x15");
    both_ways(text, b"0 9", b"\xf0\x40\xf9");
    // NEL (0x85) and LF change places with what stands for them elsewhere, so that no byte is lost.
    both_ways(text, b"\x85\r", b"\x25\x0d");
    // Where the two code pages differ.
    let old = Tuning {
        page: CodePage::Ibm037,
        ..Tuning::default()
    };
    assert_eq!(send(text, b"[]^"), b"\xad\xbd\x5f");
    let sent = whole(text, &old, Direction::Send, b"[]^");
    assert_eq!(sent.bytes, b"\xba\xbb\xb0");
    let back = whole(text, &old, Direction::Receive, b"\xba\xbb\xb0");
    assert_eq!(back.bytes, b"[]^");
}

#[test]
fn what_has_a_codec() {
    for mode in [Stream, Block, Compressed, Deflate] {
        for structure in [File, Record, Page] {
            for representation in [
                ASCII,
                EBCDIC,
                IMAGE,
                Representation::Local(8),
                Representation::Ascii(Format::Carriage),
                Representation::Ebcdic(Format::Telnet),
            ] {
                let parameters = with(representation, structure, mode);
                assert!(parameters.is_known());
                let codec = parameters.codec(Direction::Receive).unwrap();
                let plain = matches!(
                    representation,
                    Representation::Image | Representation::Local(8)
                );
                assert_eq!(
                    codec.is_identity(),
                    plain && structure == File && mode == Stream
                );
            }
            let words = with(Representation::Local(36), structure, mode);
            assert!(!words.is_known());
            assert!(words.codec(Direction::Send).is_none());
        }
    }
}
