//! ASCII type (RFC 959 § 3.1.1.1): line ends travel as CRLF, and are LF in a file here.
//!
//! On the way out each LF becomes CRLF; a file that holds CRLF already keeps it, rather than getting CR CR LF. On the way
//! in each CRLF becomes LF; a CR before anything else is data.

use super::{CleanEnd, End, Progress, Status};

/// File to connection.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// The last byte that left was a CR, so that an LF next to it is a line end already.
    after_cr: bool,
}

impl Encoder {
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8], end: End) -> Progress {
        let (mut consumed, mut produced) = (0, 0);
        while let Some(&byte) = input.get(consumed) {
            let line_end = byte == b'\n' && !self.after_cr;
            let encoded: &[u8] = if line_end {
                b"\r\n"
            } else {
                &input[consumed..=consumed]
            };
            let Some(room) = output.get_mut(produced..produced + encoded.len()) else {
                return Progress {
                    consumed,
                    produced,
                    status: Status::Full,
                };
            };
            room.copy_from_slice(encoded);
            self.after_cr = byte == b'\r';
            produced += encoded.len();
            consumed += 1;
        }
        Progress::at(consumed, produced, true, end)
    }
}

/// Connection to file.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// A CR was taken whose meaning the next byte decides.
    held_cr: bool,
}

impl Decoder {
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8], end: End) -> Progress {
        let (mut consumed, mut produced) = (0, 0);
        while let Some(&byte) = input.get(consumed) {
            let needed = usize::from(self.held_cr && byte != b'\n') + usize::from(byte != b'\r');
            if output.len() - produced < needed {
                return Progress {
                    consumed,
                    produced,
                    status: Status::Full,
                };
            }
            if self.held_cr && byte != b'\n' {
                output[produced] = b'\r';
                produced += 1;
            }
            self.held_cr = byte == b'\r';
            if !self.held_cr {
                output[produced] = byte;
                produced += 1;
            }
            consumed += 1;
        }
        if end == End::Closed && self.held_cr {
            let Some(room) = output.get_mut(produced) else {
                return Progress {
                    consumed,
                    produced,
                    status: Status::Full,
                };
            };
            *room = b'\r';
            produced += 1;
            self.held_cr = false;
        }
        match end {
            End::More => Progress {
                consumed,
                produced,
                status: Status::Starved,
            },
            End::Closed => Progress {
                consumed,
                produced,
                status: Status::Ended(CleanEnd(())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::super::{Codec, Direction, Parameters};
    use super::*;

    fn run(direction: Direction, pieces: &[&[u8]], room: usize) -> Vec<u8> {
        let mut codec = Parameters::default().codec(direction).unwrap();
        let mut out = Vec::new();
        let mut buffer = alloc::vec![0; room];
        let (last, earlier) = pieces.split_last().unwrap();
        let offers = earlier
            .iter()
            .map(|piece| (*piece, End::More))
            .chain([(*last, End::Closed)]);
        for (mut piece, end) in offers {
            loop {
                let Progress {
                    consumed,
                    produced,
                    status,
                } = codec.step(piece, &mut buffer, end);
                out.extend_from_slice(&buffer[..produced]);
                piece = &piece[consumed..];
                match status {
                    Status::Full => {}
                    Status::Starved => break assert_eq!(end, End::More),
                    Status::Ended(_) => break assert_eq!(end, End::Closed),
                }
            }
            assert!(piece.is_empty());
        }
        out
    }

    #[test]
    fn line_ends_by_hand() {
        let out = |bytes: &[u8]| run(Direction::Send, &[bytes], 16);
        assert_eq!(out(b"a\nb\n"), b"a\r\nb\r\n");
        assert_eq!(
            out(b"a\r\nb\r"),
            b"a\r\nb\r",
            "a file that holds CRLF keeps it"
        );
        assert_eq!(out(b"\n\n"), b"\r\n\r\n");
        let file = |bytes: &[u8]| run(Direction::Receive, &[bytes], 16);
        assert_eq!(file(b"a\r\nb\r\n"), b"a\nb\n");
        assert_eq!(
            file(b"a\rb\r\r\n\r"),
            b"a\rb\r\n\r",
            "a CR alone is data, the last one too"
        );
    }

    #[test]
    fn nothing_is_a_clean_end_too() {
        assert_eq!(run(Direction::Send, &[b""], 2), b"");
        assert_eq!(run(Direction::Receive, &[b""], 2), b"");
    }

    fn lines() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'x')], 0..40)
    }

    proptest! {
        #[test]
        fn chunks_and_room_never_matter(bytes in lines(), cut in 0..41_usize, room in Codec::MIN_OUTPUT..9, sends: bool) {
            let direction = if sends { Direction::Send } else { Direction::Receive };
            let (left, right) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(run(direction, &[left, right], room), run(direction, &[&bytes], 200));
        }

        #[test]
        fn a_file_of_plain_lines_comes_back(mut bytes in lines()) {
            bytes.retain(|&byte| byte != b'\r');
            let sent = run(Direction::Send, &[&bytes], 64);
            prop_assert_eq!(run(Direction::Receive, &[&sent], 64), bytes);
        }
    }
}
