//! Replies (RFC 959 § 4.2): codes by name in [`super::code`], one reply as a value, and reading it line by line.

use alloc::vec::Vec;
use core::fmt;
use core::mem;

use bytes::Bytes;
use memchr::{memchr_iter, memchr3, memrchr};

pub use super::code::{Class, Code};

use super::argument::Escaped;
use super::line::append_within;
use super::telnet::IAC;

/// One reply: a code, and a text of one or several lines separated by LF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    code: Code,
    text: Bytes,
}

impl Reply {
    /// A reply with this text, whose lines are separated by LF. Any bytes will do: [`encode`](Self::encode) sees to it.
    pub fn new(code: Code, text: impl Into<Bytes>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }

    /// A reply with a text of the program itself, which is not copied.
    #[must_use]
    pub const fn from_static(code: Code, text: &'static str) -> Self {
        Self {
            code,
            text: Bytes::from_static(text.as_bytes()),
        }
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// What the code's first digit says.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.code.class()
    }

    /// The text, its lines separated by LF.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The text's lines: one at least, which may be empty.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        split_lines(&self.text)
    }

    /// The text's first line.
    #[must_use]
    pub fn first_line(&self) -> &[u8] {
        self.lines().next().unwrap_or_default()
    }

    /// The text, shared.
    pub(crate) fn shared_text(&self) -> Bytes {
        self.text.clone()
    }

    /// Appends the reply as it travels. It is well formed whatever the text.
    ///
    /// A line in between that starts with a digit gets a space before it, so that none passes for the last (RFC 959
    /// § 4.2). A CR or NUL, which would not arrive as they are, become `?`; 0xFF is doubled (Telnet).
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.encoded_len());
        let (before, last) = self.split_last();
        for (at, line) in before.into_iter().flat_map(split_lines).enumerate() {
            if at == 0 {
                out.extend_from_slice(&self.code.digits());
                out.push(b'-');
            } else if starts_with_digit(line) {
                out.push(b' ');
            }
            append_text(line, out);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(&self.code.digits());
        out.push(b' ');
        append_text(last, out);
        out.extend_from_slice(b"\r\n");
    }

    /// The lines before the last, if there are any, and the last.
    fn split_last(&self) -> (Option<&[u8]>, &[u8]) {
        match memrchr(b'\n', &self.text) {
            None => (None, &self.text),
            Some(end) => (Some(&self.text[..end]), &self.text[end + 1..]),
        }
    }

    /// How many bytes [`encode`](Self::encode) appends, exactly.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        const CODE: usize = "220 ".len();
        const END: usize = "\r\n".len();
        let (before, last) = self.split_last();
        let mut len = CODE + last.len() + END;
        for (at, line) in before.into_iter().flat_map(split_lines).enumerate() {
            let before = if at == 0 {
                CODE
            } else {
                usize::from(starts_with_digit(line))
            };
            len += before + line.len() + END;
        }
        len + memchr_iter(IAC, &self.text).count()
    }
}

fn split_lines(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n')
}

fn starts_with_digit(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_digit)
}

fn append_text(mut line: &[u8], out: &mut Vec<u8>) {
    // Nearly every line goes as it is.
    while let Some(at) = memchr3(b'\r', 0, IAC, line) {
        let (plain, rest) = line.split_at(at);
        out.extend_from_slice(plain);
        out.extend_from_slice(match rest[0] {
            IAC => &[IAC, IAC],
            _ => b"?",
        });
        line = &rest[1..];
    }
    out.extend_from_slice(line);
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, Escaped(&self.text))
    }
}

/// Why a line could not be taken as part of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// A line outside a reply that does not start with a code. It is dropped; the reader is where it was.
    #[error("the line is not a reply")]
    NotAReply,
    /// The reply's text is over the limit. Where the next reply begins is unknown, so the reader stays failed.
    #[error("the reply is too long")]
    TooLong,
}

/// Puts replies together from lines, without their ends.
///
/// Both forms of a reply of several lines are taken: `123-first`, bare lines, `123 last`; and each line with `123-`
/// before it, which is removed. A line in between that starts with another code is text.
#[derive(Debug)]
pub struct ReplyReader {
    limit: usize,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Between,
    Within {
        code: Code,
        text: Vec<u8>,
    },
    Failed,
}

/// What the first four bytes of a line say.
enum Start<'a> {
    /// `123 text`, or `123` alone.
    Last(Code, &'a [u8]),
    /// `123-text`.
    More(Code, &'a [u8]),
    Text,
}

impl ReplyReader {
    /// A reader of replies whose text, with a byte for each LF between its lines, is at most `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            state: State::Between,
        }
    }

    /// Whether a reply of several lines has begun and not ended.
    #[must_use]
    pub const fn is_mid_reply(&self) -> bool {
        matches!(self.state, State::Within { .. })
    }

    /// Takes one line, without its end. Gives the reply that it ends, if it does.
    ///
    /// # Errors
    ///
    /// [`ReplyError::NotAReply`] drops the line; [`ReplyError::TooLong`] is given again for every line after it.
    pub fn push(&mut self, line: &[u8]) -> Result<Option<Reply>, ReplyError> {
        match (mem::replace(&mut self.state, State::Failed), start(line)) {
            (State::Failed, _) => Err(ReplyError::TooLong),
            (State::Between, Start::Text) => {
                self.state = State::Between;
                Err(ReplyError::NotAReply)
            }
            (State::Between, Start::Last(code, text)) => {
                if text.len() > self.limit {
                    return Err(ReplyError::TooLong);
                }
                self.state = State::Between;
                Ok(Some(Reply::new(code, Bytes::copy_from_slice(text))))
            }
            (State::Between, Start::More(code, line)) => {
                self.keep(code, Vec::new(), line)?;
                Ok(None)
            }
            (State::Within { code, mut text }, Start::Last(last, line)) if code == last => {
                self.append(&mut text, b"\n", line)?;
                self.state = State::Between;
                Ok(Some(Reply::new(code, text.into_boxed_slice())))
            }
            (State::Within { code, mut text }, start) => {
                let line = match start {
                    Start::More(again, rest) if again == code => rest,
                    _ => line,
                };
                self.append(&mut text, b"\n", &[])?;
                self.keep(code, text, line)?;
                Ok(None)
            }
        }
    }

    fn keep(&mut self, code: Code, mut text: Vec<u8>, line: &[u8]) -> Result<(), ReplyError> {
        self.append(&mut text, &[], line)?;
        self.state = State::Within { code, text };
        Ok(())
    }

    fn append(&self, text: &mut Vec<u8>, between: &[u8], line: &[u8]) -> Result<(), ReplyError> {
        let len = text
            .len()
            .saturating_add(between.len())
            .saturating_add(line.len());
        if len > self.limit {
            return Err(ReplyError::TooLong);
        }
        append_within(text, between, self.limit);
        append_within(text, line, self.limit);
        Ok(())
    }
}

fn start(line: &[u8]) -> Start<'_> {
    let Some((digits, rest)) = line.split_first_chunk() else {
        return Start::Text;
    };
    match (Code::from_digits(*digits), rest) {
        (Some(code), []) => Start::Last(code, &[]),
        (Some(code), [b' ', text @ ..]) => Start::Last(code, text),
        (Some(code), [b'-', text @ ..]) => Start::More(code, text),
        _ => Start::Text,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;
    use crate::wire::line::{Frame, LineReader};

    fn encoded(reply: &Reply) -> Vec<u8> {
        let mut out = Vec::new();
        reply.encode(&mut out);
        assert_eq!(out.len(), reply.encoded_len());
        out
    }

    /// What a peer makes of the bytes.
    fn decoded(mut bytes: &[u8]) -> Vec<Reply> {
        let (mut lines, mut replies) = (LineReader::new(usize::MAX), ReplyReader::new(usize::MAX));
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let (taken, frame) = lines.read(bytes);
            bytes = &bytes[taken..];
            match frame {
                Some(Frame::Line(line)) => all.extend(replies.push(&line).unwrap()),
                other => assert_eq!(other, None),
            }
        }
        assert!(!replies.is_mid_reply());
        all
    }

    fn push_all(limit: usize, lines: &[&str]) -> Result<Option<Reply>, ReplyError> {
        let mut reader = ReplyReader::new(limit);
        let (last, others) = lines.split_last().unwrap();
        for line in others {
            assert_eq!(reader.push(line.as_bytes())?, None);
            assert!(reader.is_mid_reply());
        }
        reader.push(last.as_bytes())
    }

    #[test]
    fn encodes_one_line_and_several() {
        assert_eq!(
            encoded(&Reply::from_static(Code::SERVICE_READY, "Hi")),
            b"220 Hi\r\n"
        );
        assert_eq!(encoded(&Reply::from_static(Code::OK, "")), b"200 \r\n");
        let several = Reply::from_static(Code::SYSTEM_STATUS, "Features:\n MDTM\n234 x\nEnd");
        assert_eq!(
            encoded(&several),
            b"211-Features:\r\n MDTM\r\n 234 x\r\n211 End\r\n"
        );
    }

    #[test]
    fn no_text_can_break_the_reply() {
        let hostile = Reply::new(Code::OK, &b"a\r\0\xff\n200 b\r\n"[..]);
        assert_eq!(encoded(&hostile), b"200-a??\xff\xff\r\n 200 b?\r\n200 \r\n");
    }

    #[test]
    fn reads_both_forms_of_several_lines() {
        let expected = Reply::from_static(Code::FILE_ACTION_COMPLETED, "a\n\nb\nc");
        assert_eq!(
            push_all(99, &["250-a", "", "b", "250 c"]),
            Ok(Some(expected.clone()))
        );
        assert_eq!(
            push_all(99, &["250-a", "250-", "250-b", "250 c"]),
            Ok(Some(expected))
        );
    }

    #[test]
    fn reads_the_example_of_rfc_959() {
        let lines = [
            "123-First line",
            "Second line",
            "  234 A line",
            "234 x",
            "124-y",
            "1234",
            "123 Last",
        ];
        let reply = push_all(99, &lines).unwrap().unwrap();
        assert_eq!(reply.code().get(), 123);
        assert_eq!(reply.first_line(), b"First line");
        assert_eq!(
            reply.text(),
            b"First line\nSecond line\n  234 A line\n234 x\n124-y\n1234\nLast"
        );
    }

    #[test]
    fn takes_a_code_alone_and_refuses_what_is_none() {
        assert_eq!(
            push_all(9, &["226"]),
            Ok(Some(Reply::from_static(Code::CLOSING_DATA_CONNECTION, "")))
        );
        for line in [
            "", "22", "abc", "2266", "226x", "099 a", "600 a", "631 a", " 226 a",
        ] {
            assert_eq!(push_all(9, &[line]), Err(ReplyError::NotAReply), "{line}");
        }
    }

    #[test]
    fn is_bounded_and_stays_failed() {
        assert_eq!(push_all(3, &["200 abcd"]), Err(ReplyError::TooLong));
        assert_eq!(push_all(3, &["200-a", "200 bc"]), Err(ReplyError::TooLong));
        assert!(push_all(3, &["200-a", "200 b"]).is_ok());
        let mut reader = ReplyReader::new(2);
        let failed = [&b"200-"[..], b"", b"", b"", b"200 a"].map(|line| reader.push(line).is_err());
        assert_eq!(failed, [false, false, false, true, true]);
        assert!(!reader.is_mid_reply());
    }

    #[test]
    fn displays_escaped() {
        let reply = Reply::from_static(Code::OK, "a\n\x1b[2J");
        assert_eq!(reply.to_string(), "200 a\\x0a\\x1b[2J");
    }

    fn code() -> impl Strategy<Value = Code> {
        (100_u16..600).prop_map(|number| Code::new(number).unwrap())
    }

    proptest! {
        #[test]
        fn comes_back(code in code(), lines in prop::collection::vec("([^\0\r\n0-9][^\0\r\n]{0,9})?", 1..6)) {
            let reply = Reply::new(code, lines.join("\n"));
            prop_assert_eq!(decoded(&encoded(&reply)), [reply]);
        }

        #[test]
        fn any_text_is_one_reply(code in code(), bytes: Vec<u8>, digits in "[0-9 \n\r-]{0,40}") {
            for text in [bytes, digits.into_bytes()] {
                let reply = Reply::new(code, text);
                let replies = decoded(&encoded(&reply));
                prop_assert_eq!(replies.len(), 1);
                prop_assert_eq!(replies[0].code(), code);
                prop_assert_eq!(replies[0].lines().count(), reply.lines().count());
            }
        }

        #[test]
        fn no_line_panics(lines in prop::collection::vec("(200|201|)[- ]?[a\0ü]{0,5}", 0..20), limit in 0_usize..40) {
            let mut reader = ReplyReader::new(limit);
            for line in lines {
                if let Ok(Some(reply)) = reader.push(line.as_bytes()) {
                    prop_assert!(reply.text().len() <= limit);
                }
            }
        }
    }
}
