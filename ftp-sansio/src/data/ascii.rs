//! ASCII type (RFC 959 § 3.1.1.1): line ends travel as CRLF, and are LF in a file here.
//!
//! On the way out each LF becomes CRLF; a file that holds CRLF already keeps it, rather than getting CR CR LF. On the way
//! in each CRLF becomes LF; a CR before anything else is data.

use super::unit::{Flow, Mark, Stage, Stop, Unit};

/// File to connection.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// The last byte that left was a CR, so that an LF next to it is a line end already.
    after_cr: bool,
}

impl Stage for Encoder {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            match flow.peek() {
                None | Some(Unit::Mark(_)) => return flow.pass_mark(),
                Some(Unit::Byte(b'\n')) => {
                    let line_end: &[u8] = if self.after_cr { b"\n" } else { b"\r\n" };
                    if !flow.put(line_end) {
                        return Stop::Full;
                    }
                    flow.advance(1);
                    self.after_cr = false;
                }
                Some(Unit::Byte(_)) => {
                    let text = flow.input();
                    match flow.copy_until(b'\n') {
                        0 => return Stop::Full,
                        count => self.after_cr = text[count - 1] == b'\r',
                    }
                }
            }
        }
    }
}

/// Connection to file.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// A CR was taken whose meaning the next byte decides.
    held_cr: bool,
}

impl Stage for Decoder {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            match (self.held_cr, flow.peek()) {
                // A marker between CR and LF is not part of the text, and must not change it.
                (_, None | Some(Unit::Mark(Mark::Restart | Mark::Fault(_)))) => {
                    return flow.pass_mark();
                }
                (true, Some(Unit::Byte(b'\n'))) => {
                    if !flow.put(b"\n") {
                        return Stop::Full;
                    }
                    flow.advance(1);
                    self.held_cr = false;
                }
                (true, Some(_)) => {
                    if !flow.put(b"\r") {
                        return Stop::Full;
                    }
                    self.held_cr = false;
                }
                (false, Some(Unit::Mark(_))) => return flow.pass_mark(),
                (false, Some(Unit::Byte(b'\r'))) => {
                    flow.advance(1);
                    self.held_cr = true;
                }
                (false, Some(Unit::Byte(_))) => {
                    if flow.copy_until(b'\r') == 0 {
                        return Stop::Full;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::super::tests::{Outcome, Verdict, run};
    use super::super::{Codec, Direction, End, Parameters};

    fn text(direction: Direction, pieces: &[&[u8]], room: usize) -> Vec<u8> {
        let mut codec = Parameters::default().codec(direction).unwrap();
        let Outcome { bytes, verdict, .. } = run(&mut codec, pieces, room, End::Closed);
        assert_eq!(verdict, Verdict::Ended);
        bytes
    }

    #[test]
    fn line_ends_by_hand() {
        let out = |bytes: &[u8]| text(Direction::Send, &[bytes], 16);
        assert_eq!(out(b"a\nb\n"), b"a\r\nb\r\n");
        assert_eq!(
            out(b"a\r\nb\r"),
            b"a\r\nb\r",
            "a file that holds CRLF keeps it"
        );
        assert_eq!(out(b"\n\n"), b"\r\n\r\n");
        let file = |bytes: &[u8]| text(Direction::Receive, &[bytes], 16);
        assert_eq!(file(b"a\r\nb\r\n"), b"a\nb\n");
        assert_eq!(
            file(b"a\rb\r\r\n\r"),
            b"a\rb\r\n\r",
            "a CR alone is data, the last one too"
        );
    }

    #[test]
    fn nothing_is_a_clean_end_too() {
        assert_eq!(text(Direction::Send, &[b""], 2), b"");
        assert_eq!(text(Direction::Receive, &[b""], 2), b"");
    }

    fn lines() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'x')], 0..40)
    }

    proptest! {
        #[test]
        fn chunks_and_room_never_matter(bytes in lines(), cut in 0..41_usize, room in Codec::MIN_OUTPUT..9, sends: bool) {
            let direction = if sends { Direction::Send } else { Direction::Receive };
            let (left, right) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(text(direction, &[left, right], room), text(direction, &[&bytes], 200));
        }

        #[test]
        fn a_file_of_plain_lines_comes_back(mut bytes in lines()) {
            bytes.retain(|&byte| byte != b'\r');
            let sent = text(Direction::Send, &[&bytes], 64);
            prop_assert_eq!(text(Direction::Receive, &[&sent], 64), bytes);
        }
    }
}
