//! Restart markers (RFC 959 § 3.5), sent and met.

use super::*;
use crate::wire::Mode::{Block, Compressed};
use crate::wire::Structure::{File, Page, Record};

fn every(bytes: u64, offset: u64) -> Tuning {
    Tuning {
        markers_every: Some(bytes),
        offset,
        ..Tuning::default()
    }
}

fn owned(markers: &[(&[u8], u64)]) -> Vec<(Vec<u8>, u64)> {
    markers
        .iter()
        .map(|(text, offset)| (text.to_vec(), *offset))
        .collect()
}

/// § 3.4.2: the marker of six characters that the RFC draws.
#[test]
fn a_marker_is_met_where_it_stands() {
    let outcome = receive(
        with(IMAGE, File, Block),
        b"\x00\x00\x02ab\x10\x00\x06MARK01\x40\x00\x01c",
    );
    assert_eq!(outcome.verdict, Verdict::Ended);
    assert_eq!(outcome.bytes, b"abc");
    assert_eq!(outcome.markers, owned(&[(b"MARK01", 2)]));
    // § 3.4.3: the descriptor's code applies to the string that follows, whichever kind that is.
    let outcome = receive(
        with(IMAGE, File, Compressed),
        b"\x02ab\x00\x10\x03777\x00\x10\x837\x00\x40\x01c",
    );
    assert_eq!(outcome.verdict, Verdict::Ended);
    assert_eq!(outcome.bytes, b"abc");
    assert_eq!(outcome.markers, owned(&[(b"777", 2), (b"777", 2)]));
}

/// The offset is the local file's: after LF where the peer sent CRLF, and from where the transfer began.
#[test]
fn offsets_are_those_of_the_local_file() {
    let tuning = Tuning {
        offset: 1000,
        ..Tuning::default()
    };
    let outcome = whole(
        with(ASCII, File, Block),
        &tuning,
        Direction::Receive,
        b"\x00\x00\x03a\r\n\x10\x00\x01m\x40\x00\x01b",
    );
    assert_eq!(outcome.bytes, b"a\nb");
    assert_eq!(outcome.markers, owned(&[(b"m", 1002)]));
    let outcome = receive(
        with(ASCII, Record, Block),
        b"\x80\x00\x01a\x10\x00\x01m\xc0\x00\x01b",
    );
    assert_eq!(outcome.bytes, b"a\nb\n");
    assert_eq!(outcome.markers, owned(&[(b"m", 2)]));
}

/// A peer that puts its marker between CR and LF does not change the text; it is before both of them that one can resume.
#[test]
fn a_marker_within_a_line_end() {
    let outcome = receive(
        with(ASCII, File, Block),
        b"\x00\x00\x02a\r\x10\x00\x01m\x40\x00\x01\n",
    );
    assert_eq!(outcome.verdict, Verdict::Ended);
    assert_eq!(outcome.bytes, b"a\n");
    assert_eq!(outcome.markers, owned(&[(b"m", 1)]));
}

/// Several codes may stand in one descriptor (§ 3.4.2).
#[test]
fn a_marker_may_be_the_last_block() {
    let outcome = receive(with(IMAGE, File, Block), b"\x00\x00\x01a\x50\x00\x01m");
    assert_eq!(outcome.verdict, Verdict::Ended);
    assert_eq!(outcome.markers, owned(&[(b"m", 1)]));
}

#[test]
fn what_is_no_marker() {
    let long = [&b"\x10\x01\x00"[..], &[b'm'; 256]].concat();
    for (wrong, fault) in [
        (&b"\x10\x00\x00"[..], Fault::Malformed),
        // § 3.4.2: printable, and no space within.
        (b"\x10\x00\x03a b", Fault::Malformed),
        (b"\x10\x00\x01\x80", Fault::Malformed),
        (&long, Fault::TooLong),
        (b"\x10\x00\x05m", Fault::Truncated),
    ] {
        let outcome = receive(with(IMAGE, File, Block), wrong);
        assert_eq!(outcome.verdict, Verdict::Failed(fault), "{wrong:02x?}");
        assert!(outcome.markers.is_empty());
    }
    let longest = [&b"\x10\x00\xff"[..], &[b'm'; 255], b"\x40\x00\x00"].concat();
    let outcome = receive(with(IMAGE, File, Block), &longest);
    assert_eq!(outcome.markers, [(alloc::vec![b'm'; 255], 0)]);
    // § 3.4.3: fillers are spaces in a text.
    let outcome = receive(with(ASCII, File, Compressed), b"\x00\x10\xc3");
    assert_eq!(outcome.verdict, Verdict::Failed(Fault::Malformed));
}

#[test]
fn markers_are_sent_as_often_as_asked_for() {
    let image = with(IMAGE, File, Block);
    let sent = whole(image, &every(2, 0), Direction::Send, b"abcde");
    assert_eq!(
        sent.bytes,
        b"\x00\x00\x02ab\x10\x00\x012\x00\x00\x02cd\x10\x00\x014\x40\x00\x01e"
    );
    // None at the very end: there is nothing left to begin again with.
    let sent = whole(image, &every(2, 0), Direction::Send, b"abcd");
    assert_eq!(sent.bytes, b"\x00\x00\x02ab\x10\x00\x012\x40\x00\x02cd");
    let sent = whole(image, &every(2, 1000), Direction::Send, b"abc");
    assert_eq!(sent.bytes, b"\x00\x00\x02ab\x10\x00\x041002\x40\x00\x01c");
    let compressed = with(IMAGE, File, Compressed);
    let sent = whole(compressed, &every(2, 0), Direction::Send, b"abc");
    assert_eq!(sent.bytes, b"\x02ab\x00\x10\x012\x00\x40\x01c");
    // Between records, and within one.
    let records = with(ASCII, Record, Block);
    let sent = whole(records, &every(2, 0), Direction::Send, b"a\nbcd\n");
    assert_eq!(
        sent.bytes,
        b"\x80\x00\x01a\x10\x00\x012\x00\x00\x02bc\x10\x00\x014\xc0\x00\x01d"
    );
}

/// A marker between the two bytes of a CRLF that the file holds would make two line ends of one when it is resumed.
#[test]
fn a_crlf_is_not_cut_by_a_marker() {
    let text = with(ASCII, File, Block);
    let sent = whole(text, &every(2, 0), Direction::Send, b"a\r\nbc");
    assert_eq!(sent.bytes, b"\x00\x00\x03a\r\n\x10\x00\x013\x40\x00\x02bc");
}

/// Pages say themselves where they belong, and the other modes have no markers.
#[test]
fn no_markers_where_there_are_none() {
    for (structure, mode) in [(File, Mode::Stream), (Record, Mode::Stream), (Page, Block)] {
        let parameters = with(IMAGE, structure, mode);
        let sent = whole(parameters, &every(2, 0), Direction::Send, b"abcde");
        assert_eq!(sent.bytes, send(parameters, b"abcde"));
    }
}

/// What a receiver noted beside a marker is where the rest of the file goes.
#[test]
fn a_transfer_resumes_at_a_marker() {
    let file = b"one\ntwo\nthree\nfour\n";
    for representation in [ASCII, EBCDIC, IMAGE] {
        for structure in [File, Record] {
            for mode in [Block, Compressed] {
                let parameters = with(representation, structure, mode);
                let sent = whole(parameters, &every(5, 0), Direction::Send, file);
                let first = receive(parameters, &sent.bytes);
                assert_eq!(first.bytes, file);
                assert!(first.markers.len() >= 2);
                for (text, offset) in first.markers {
                    let from: usize = core::str::from_utf8(&text).unwrap().parse().unwrap();
                    let kept = usize::try_from(offset).unwrap();
                    let rest = send(parameters, &file[from..]);
                    let rest = super::file(parameters, &rest);
                    assert_eq!([&first.bytes[..kept], &rest].concat(), file);
                }
            }
        }
    }
}
