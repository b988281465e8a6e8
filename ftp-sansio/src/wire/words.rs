//! Words of an argument in which names follow each other, some of them in quotation marks.

use alloc::vec::Vec;

use bytes::Bytes;

use super::argument::Arg;
use super::path::quote;

/// Copies a part of an argument that was found free of CR, LF and NUL.
pub(super) fn arg(bytes: &[u8]) -> Arg {
    Arg::from_checked(Bytes::copy_from_slice(bytes))
}

/// The same, or nothing where there is no byte.
pub(super) fn optional(bytes: &[u8]) -> Option<Arg> {
    (!bytes.is_empty()).then(|| arg(bytes))
}

/// What is before the first space, and what is after it.
pub(super) fn split_at_space(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', text).and_then(|at| text.split_at_checked(at)) {
        Some((word, rest)) => (word, rest.strip_prefix(b" ").unwrap_or(rest)),
        None => (text, &[]),
    }
}

/// The first word, and what follows the space behind it: up to that space, or in quotation marks, where a doubled one
/// stands for itself as in a 257 (RFC 959, appendix II). `None` where there is no word, or no closing quotation mark.
pub(super) fn take_word(text: &[u8]) -> Option<(Arg, &[u8])> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let (word, rest) = split_at_space(text);
        return Some((optional(word)?, rest));
    };
    let mut word = Vec::new();
    loop {
        let (part, tail) = rest.split_at_checked(memchr::memchr(b'"', rest)?)?;
        word.extend_from_slice(part);
        rest = tail.strip_prefix(b"\"")?;
        match rest.split_first() {
            Some((b'"', tail)) => {
                word.push(b'"');
                rest = tail;
            }
            Some((b' ', tail)) => return Some((Arg::from_checked(word.into()), tail)),
            Some(_) => return None,
            None => return Some((Arg::from_checked(word.into()), rest)),
        }
    }
}

/// Appends a word so that [`take_word`] finds it again: in quotation marks where it is empty or holds white space or a
/// quotation mark, and as it is otherwise, since not every peer knows them.
pub(super) fn append_word(word: &Arg, out: &mut Vec<u8>) {
    let word = word.as_bytes();
    let apart = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'"';
    if word.is_empty() || word.iter().any(apart) {
        quote(word, out);
    } else {
        out.extend_from_slice(word);
    }
}

/// Two names: the first a word, the second another one in quotation marks or all the rest as it stands.
pub(super) fn two_names(text: &[u8]) -> Option<(Arg, Arg)> {
    let (first, rest) = take_word(text.trim_ascii_start())?;
    let second = if rest.starts_with(b"\"") {
        let (second, after) = take_word(rest)?;
        Some(second).filter(|_| after.is_empty())?
    } else {
        arg(rest)
    };
    (!first.is_empty() && !second.is_empty()).then_some((first, second))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn takes_words() {
        let table: [(&str, Option<(&str, &str)>); 10] = [
            ("", None),
            (" a", None),
            ("a", Some(("a", ""))),
            ("a b c", Some(("a", "b c"))),
            (r#"a"b c"#, Some((r#"a"b"#, "c"))),
            (r#""a b" c"#, Some(("a b", "c"))),
            (r#""a""b""#, Some((r#"a"b"#, ""))),
            (r#""""#, Some(("", ""))),
            (r#""a b"#, None),
            (r#""a"b"#, None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|(word, rest)| (arg(word.as_bytes()), rest.as_bytes()));
            assert_eq!(take_word(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn takes_two_names() {
        let table = [
            ("a b", Some(("a", "b"))),
            ("a b c", Some(("a", "b c"))),
            (r#""a b" "c d""#, Some(("a b", "c d"))),
            (r#"a "b" c"#, None),
            (r#"a """#, None),
            ("a", None),
            ("a ", None),
            ("", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|(one, two)| (arg(one.as_bytes()), arg(two.as_bytes())));
            assert_eq!(two_names(text.as_bytes()), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_word_comes_back(word in "[a\" \tü]{0,12}", rest in "[a\" ]{0,9}") {
            let word = arg(word.as_bytes());
            let mut text = Vec::new();
            append_word(&word, &mut text);
            prop_assert_eq!(take_word(&text), Some((word.clone(), &b""[..])));
            text.push(b' ');
            text.extend_from_slice(rest.as_bytes());
            prop_assert_eq!(take_word(&text), Some((word, rest.as_bytes())));
        }
    }
}
