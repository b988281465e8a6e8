//! Framing: the bytes of a control connection → lines, with Telnet taken out and a cap that holds.

use alloc::vec::Vec;
use core::fmt;
use core::mem;

use bytes::Bytes;
use memchr::memchr2;

use super::telnet::{Heard, IAC, Telnet};

/// What [`LineReader::read`] found.
///
/// Its `Debug` shows the bytes of a line, a password's included: keep it out of logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A line without its end.
    Line(Bytes),
    /// A line over the limit was thrown away, whole. These were its first bytes, eight at the most: enough to see that it was meant for
    /// another protocol.
    TooLong(Bytes),
    /// The peer asked for a Telnet option: these three bytes refuse it and are to be sent as they are.
    Negotiate([u8; 3]),
}

/// How much is kept of a line that is thrown away, in bytes.
const BEGINNING: usize = 8;

/// Cuts a stream into lines, however it arrives in pieces.
///
/// A line ends at an LF, with or without one CR before it. A line longer than the limit is *poisoned*: it is dropped
/// in constant memory until its end and then reported once, so that its tail is never taken for a line of its own.
///
/// At most the limit and one byte (its CR) are held, of a poisoned line its first few; nothing on the heap between two lines.
pub struct LineReader {
    limit: usize,
    /// The line so far, or its first bytes where it is poisoned.
    held: Vec<u8>,
    poisoned: bool,
    telnet: Telnet,
}

impl LineReader {
    /// A reader of lines of at most `limit` bytes, the line's end and Telnet's bytes not counted.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            held: Vec::new(),
            poisoned: false,
            telnet: Telnet::Data,
        }
    }

    /// Takes `input` up to and including the end of its first frame.
    ///
    /// Returns how many bytes were taken, and the frame. Without a frame all of `input` was taken, and the beginning
    /// of a line may be held. A negotiation may come in the midst of a line, which then goes on.
    pub fn read(&mut self, input: &[u8]) -> (usize, Option<Frame>) {
        let mut rest = input;
        let mut frame = None;
        while let (None, &[first, ..]) = (&frame, rest) {
            rest = if self.telnet == Telnet::Data {
                let (tail, found) = self.take_data(rest);
                frame = found;
                tail
            } else {
                let (tail, found) = self.take_command(first, rest);
                frame = found;
                tail
            };
        }
        (input.len().saturating_sub(rest.len()), frame)
    }

    /// Whether the stream stands inside a line, an over-long one included, or inside a Telnet command.
    #[must_use]
    pub fn is_mid_line(&self) -> bool {
        self.poisoned || !self.held.is_empty() || self.telnet != Telnet::Data
    }

    /// How many bytes of heap memory are held.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held.capacity()
    }

    /// Takes data up to the next LF or IAC. One search for both: looking for the LF alone would walk over the same
    /// bytes again for every negotiation before it.
    fn take_data<'a>(&mut self, input: &'a [u8]) -> (&'a [u8], Option<Frame>) {
        let Some(at) = memchr2(b'\n', IAC, input) else {
            self.hold(input);
            return (&[], None);
        };
        let (data, mark, tail) = split_around(input, at);
        if mark == IAC {
            self.hold(data);
            self.telnet.hear(IAC);
            return (tail, None);
        }
        (tail, Some(self.end_line(data)))
    }

    /// Takes one byte inside a Telnet command.
    fn take_command<'a>(&mut self, first: u8, input: &'a [u8]) -> (&'a [u8], Option<Frame>) {
        let (_, tail) = input.split_at(1);
        match self.telnet.hear(first) {
            Heard::Nothing => (tail, None),
            Heard::Refuse(refusal) => (tail, Some(Frame::Negotiate(refusal))),
            Heard::Doubled => {
                self.hold(&[IAC]);
                (tail, None)
            }
            Heard::Undoubled => {
                self.hold(&[IAC]);
                (input, None)
            }
        }
    }

    fn end_line(&mut self, data: &[u8]) -> Frame {
        if !self.poisoned && self.held.is_empty() {
            let line = without_cr(data);
            return if line.len() > self.limit {
                self.too_long(line)
            } else {
                Frame::Line(Bytes::copy_from_slice(line))
            };
        }
        self.hold(data);
        let mut line = mem::take(&mut self.held);
        if mem::take(&mut self.poisoned) {
            return self.too_long(&line);
        }
        line.truncate(without_cr(&line).len());
        if line.len() > self.limit {
            return self.too_long(&line);
        }
        Frame::Line(line.into_boxed_slice().into())
    }

    /// A line over the limit, of which at least the first `limit + 1` bytes or [`BEGINNING`] are here.
    fn too_long(&self, line: &[u8]) -> Frame {
        let kept = self.limit.saturating_add(1).min(BEGINNING).min(line.len());
        Frame::TooLong(Bytes::copy_from_slice(&line[..kept]))
    }

    /// Keeps the beginning of a line, or finds it over-long. One byte over the limit may still be the CR of its end.
    fn hold(&mut self, data: &[u8]) {
        let room = self.limit.saturating_add(1);
        if self.poisoned || data.len() > room.saturating_sub(self.held.len()) {
            self.poisoned = true;
            let kept = room.min(BEGINNING);
            self.held.truncate(kept);
            let more = data.len().min(kept - self.held.len());
            self.held.extend_from_slice(&data[..more]);
            self.held.shrink_to_fit();
            return;
        }
        append_within(&mut self.held, data, room);
    }
}

/// Appends with doubling growth, as `Vec` does, but never reserves more than `cap` bytes unless they are needed.
pub(super) fn append_within(held: &mut Vec<u8>, data: &[u8], cap: usize) {
    const LEAST: usize = 64;
    let needed = held.len().saturating_add(data.len());
    if needed > held.capacity() {
        let grown = held
            .capacity()
            .saturating_mul(2)
            .max(LEAST)
            .min(cap)
            .max(needed);
        held.reserve_exact(grown.saturating_sub(held.len()));
    }
    held.extend_from_slice(data);
}

/// What is before the byte at `at`, that byte, and what is after it.
fn split_around(input: &[u8], at: usize) -> (&[u8], u8, &[u8]) {
    let (data, tail) = input.split_at(at);
    match tail {
        [mark, tail @ ..] => (data, *mark, tail),
        [] => (data, b'\n', tail),
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

impl fmt::Debug for LineReader {
    /// Leaves out the held bytes, which may be half a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineReader")
            .field("limit", &self.limit)
            .field("held", &self.held.len())
            .field("poisoned", &self.poisoned)
            .field("telnet", &self.telnet)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::telnet::{DO, WONT, double_iac};

    fn read_all(limit: usize, pieces: &[&[u8]]) -> Vec<Frame> {
        let mut reader = LineReader::new(limit);
        let mut frames = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let (taken, frame) = reader.read(rest);
                assert!(taken > 0 && (frame.is_some() || taken == rest.len()));
                assert!(reader.held() <= limit + 1);
                frames.extend(frame);
                rest = &rest[taken..];
            }
        }
        frames
    }

    fn too_long(beginning: &'static [u8]) -> Frame {
        Frame::TooLong(Bytes::from_static(beginning))
    }

    fn line(text: &'static [u8]) -> Frame {
        Frame::Line(Bytes::from_static(text))
    }

    #[test]
    fn ends_lines_at_lf_with_or_without_cr() {
        let frames = read_all(9, &[b"NOOP\r\nQUIT\n\r\n\na\r\r\n", b"x\ry\r", b"\n"]);
        let lines: [&[u8]; 6] = [b"NOOP", b"QUIT", b"", b"", b"a\r", b"x\ry"];
        assert_eq!(frames, lines.map(line));
    }

    #[test]
    fn poisons_an_over_long_line_to_its_end() {
        assert_eq!(
            read_all(4, &[b"abcd\r\nabcde\r\nok\n"]),
            [line(b"abcd"), too_long(b"abcde"), line(b"ok")]
        );
        let pieces: [&[u8]; 4] = [b"abcdefg", b"DELE x", b"\r\nab", b"cd\r\n"];
        assert_eq!(read_all(4, &pieces), [too_long(b"abcde"), line(b"abcd")]);
        assert_eq!(read_all(4, &[b"abcde", b"\n"]), [too_long(b"abcde")]);
    }

    #[test]
    fn an_idle_reader_holds_nothing() {
        let mut reader = LineReader::new(100);
        assert_eq!(reader.read(b"NO"), (2, None));
        assert!(reader.is_mid_line() && reader.held() > 0);
        assert_eq!(reader.read(b"OP\r\nQ"), (4, Some(line(b"NOOP"))));
        assert!(!reader.is_mid_line());
        assert_eq!(reader.held(), 0);
        reader.read(&[b'x'; 200]);
        reader.read(&[b'x'; 200]);
        assert!(reader.is_mid_line());
        assert!(reader.held() <= BEGINNING);
    }

    #[test]
    fn telnet_is_taken_out_in_the_midst_of_a_line() {
        let frames = read_all(
            9,
            &[b"\xff\xf4\xff\xf2AB\xff\xfd\x06OR\xff\xff\r\n\xff\r\n"],
        );
        assert_eq!(
            frames,
            [
                Frame::Negotiate([IAC, WONT, 6]),
                line(b"ABOR\xff"),
                line(b"\xff")
            ]
        );
    }

    #[test]
    fn telnet_is_not_counted_against_the_limit() {
        assert_eq!(
            read_all(2, &[b"\xff\xff\xff\xff\r\n\xff\xf1\xff\xf1ab\n"]),
            [line(b"\xff\xff"), line(b"ab")]
        );
        assert_eq!(
            read_all(2, &[&[IAC, DO, 1, b'a', b'b', b'c', b'\n']])[1],
            too_long(b"abc")
        );
    }

    /// Bytes that mean something, often.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let telling = prop::sample::select(&b"\r\n\xff\xff\xfe\xfd\xfb\xfa\xf0\xf4ab"[..]);
        prop::collection::vec(prop_oneof![4 => telling, 1 => any::<u8>()], 0..96)
    }

    proptest! {
        #[test]
        fn chunking_changes_nothing(
            stream in stream(),
            cuts in prop::collection::vec(1_usize..9, 1..9),
            limit in 0_usize..9,
        ) {
            let mut pieces = Vec::new();
            let mut rest = &stream[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (piece, tail) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = tail;
            }
            prop_assert_eq!(read_all(limit, &pieces), read_all(limit, &[&stream]));
        }

        #[test]
        fn lines_come_back(lines in prop::collection::vec("[^\r\n]{0,20}", 0..5)) {
            let mut stream = Vec::new();
            for line in &lines {
                double_iac(line.as_bytes(), &mut stream);
                stream.extend_from_slice(b"\r\n");
            }
            let expected: Vec<_> = lines.into_iter().map(|line| Frame::Line(line.into())).collect();
            prop_assert_eq!(read_all(80, &[&stream]), expected);
        }
    }
}
