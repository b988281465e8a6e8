//! Patterns for names, as a shell has them: what `NLST *.txt` asks for.

use bytes::Bytes;

/// A pattern for the names in one folder: the last component of what LIST or NLST was asked for.
///
/// `*` stands for any number of characters, `?` for one, `[a-z]` for one of these and `[!a-z]` (or `[^a-z]`) for one that
/// is none of them; a backslash takes what follows it literally. A `[` that no `]` ends stands for itself. A character is
/// one of UTF-8, and a byte where the name is none. A name that begins with a dot is matched only by a pattern that does.
/// There is no `{a,b}`, no `~` and no `**`; a pattern in any but the last component is taken literally.
///
/// To match takes no recursion, no memory, and at most as many steps as the name has characters times the pattern: a
/// pattern such as `*a*a*a*b` costs no more than another of its length.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    text: Bytes,
    prefix: Bytes,
}

/// One thing that a pattern asks of a name.
enum Token<'a> {
    /// Any number of characters.
    Any,
    /// One character, whichever.
    One,
    /// This character.
    This(u32),
    /// One character of these, or none of them.
    Class { members: &'a [u8], negated: bool },
}

impl Pattern {
    /// The longest pattern, in bytes: as long as a name may be in most file systems.
    pub const MAX_LEN: usize = 255;

    /// The pattern that the last component of `path` is; `None` where it asks for nothing special.
    #[must_use]
    pub fn of(path: &Bytes) -> Option<Self> {
        let name = memchr::memrchr(b'/', path).map_or(0, |slash| slash + 1);
        let text = path.slice(name..);
        let prefix = path.slice(..name);
        memchr::memchr3(b'*', b'?', b'[', &text).map(|_| Self { text, prefix })
    }

    /// Whether it is longer than [`MAX_LEN`](Self::MAX_LEN), and so is not carried out.
    #[must_use]
    pub const fn is_too_long(&self) -> bool {
        self.text.len() > Self::MAX_LEN
    }

    /// What the client wrote before the pattern, with its `/`: NLST puts it before each name, so that every line is one that the client
    /// can ask for (RFC 959 § 4.1.3).
    #[must_use]
    pub fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Whether a name is one that the pattern asks for.
    #[must_use]
    pub fn matches(&self, name: &[u8]) -> bool {
        if name.first() == Some(&b'.') && self.text.first() != Some(&b'.') {
            return false;
        }
        let (mut pattern, mut name) = (&self.text[..], name);
        // What follows the last `*`, and from where on it was tried last: to try earlier ones again would find nothing new.
        let mut last_star = None;
        loop {
            if let Some((Token::Any, rest)) = next_token(pattern) {
                last_star = Some((rest, name));
                pattern = rest;
                continue;
            }
            if pattern.is_empty() && name.is_empty() {
                return true;
            }
            if let Some((rest, tail)) = step(pattern, name) {
                (pattern, name) = (rest, tail);
                continue;
            }
            let Some((after, from)) = last_star else {
                return false;
            };
            let Some((_, tail)) = next_character(from) else {
                return false;
            };
            last_star = Some((after, tail));
            (pattern, name) = (after, tail);
        }
    }
}

/// What is left of both where the first token takes the first character.
fn step<'a>(pattern: &'a [u8], name: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (token, rest) = next_token(pattern)?;
    let (character, tail) = next_character(name)?;
    let takes = match token {
        Token::Any => false,
        Token::One => true,
        Token::This(wanted) => wanted == character,
        Token::Class { members, negated } => has_member(members, character) != negated,
    };
    takes.then_some((rest, tail))
}

fn next_token(pattern: &[u8]) -> Option<(Token<'_>, &[u8])> {
    let (&first, rest) = pattern.split_first()?;
    match first {
        b'*' => return Some((Token::Any, rest)),
        b'?' => return Some((Token::One, rest)),
        b'[' => {
            if let Some(class) = class(rest) {
                return Some(class);
            }
        }
        b'\\' if !rest.is_empty() => {
            let (character, rest) = next_character(rest)?;
            return Some((Token::This(character), rest));
        }
        _ => {}
    }
    let (character, rest) = next_character(pattern)?;
    Some((Token::This(character), rest))
}

/// What is between `[` and `]`. A `]` that comes first is a member (POSIX, XCU § 2.13.1).
fn class(text: &[u8]) -> Option<(Token<'_>, &[u8])> {
    let negated = matches!(text.first(), Some(b'!' | b'^'));
    let members = if negated { &text[1..] } else { text };
    let end = memchr::memchr(b']', members.get(1..)?)? + 1;
    let (members, rest) = members.split_at_checked(end)?;
    Some((Token::Class { members, negated }, &rest[1..]))
}

fn has_member(mut members: &[u8], character: u32) -> bool {
    while let Some((first, rest)) = next_character(members) {
        let range = rest.strip_prefix(b"-").and_then(next_character);
        let (last, rest) = range.unwrap_or((first, rest));
        if (first..=last).contains(&character) {
            return true;
        }
        members = rest;
    }
    false
}

/// The first character and what follows it. A byte that is no UTF-8 is a character beyond all others.
fn next_character(text: &[u8]) -> Option<(u32, &[u8])> {
    const BEYOND: u32 = 0x11_0000;
    let &first = text.first()?;
    if first.is_ascii() {
        return Some((u32::from(first), &text[1..]));
    }
    // No character is longer than four bytes.
    let start = &text[..text.len().min(4)];
    let valid = start.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    Some(match valid.chars().next() {
        Some(character) => (u32::from(character), &text[character.len_utf8()..]),
        None => (BEYOND + u32::from(first), &text[1..]),
    })
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &[u8], name: &[u8]) -> bool {
        Pattern {
            text: Bytes::copy_from_slice(pattern),
            prefix: Bytes::new(),
        }
        .matches(name)
    }

    #[test]
    fn matches_as_a_shell_does() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("*", &["a", "a.b", "a b"], &[".a"]),
            ("*.txt", &["a.txt", "a.b.txt"], &["a.txtx", "txt", ".txt"]),
            (".*", &[".a", "."], &["a"]),
            ("a*b*c", &["abc", "aXbYc", "abbcc"], &["ab", "acb", "abcd"]),
            ("**", &["a", ""], &[]),
            ("?", &["a", "ä", "漢"], &["", "ab"]),
            ("a??", &["abc", "aäö"], &["ab", "abcd"]),
            ("[a-cx]1", &["a1", "c1", "x1"], &["d1", "-1", "a"]),
            ("[!a-c]", &["d", "ä"], &["a", "b", ""]),
            ("[^a]", &["b"], &["a"]),
            ("[]a]", &["]", "a"], &["b"]),
            ("[!]a]", &["b"], &["]", "a"]),
            ("[a-]", &["a", "-"], &["b"]),
            ("[ä-ü]", &["ö"], &["o"]),
            ("a[1", &["a[1"], &["a1"]),
            ("a[", &["a["], &["a"]),
            ("a[]", &["a[]"], &["a"]),
            (r"\*", &["*"], &["a", r"\*"]),
            (r"a\", &[r"a\"], &["a"]),
            ("A", &["A"], &["a"]),
            ("", &[""], &["a"]),
        ];
        for (pattern, yes, no) in table {
            for name in *yes {
                assert!(
                    matches(pattern.as_bytes(), name.as_bytes()),
                    "{pattern} {name}"
                );
            }
            for name in *no {
                assert!(
                    !matches(pattern.as_bytes(), name.as_bytes()),
                    "{pattern} {name}"
                );
            }
        }
    }

    #[test]
    fn names_that_are_no_text() {
        assert!(matches(b"a?c", b"a\xffc"));
        assert!(matches(b"*\xff", b"a\xff"));
        assert!(!matches(b"?", b"\xc3"[..].repeat(2).as_slice()));
        assert!(matches(b"[\xfe-\xff]", b"\xff"));
    }

    /// What takes an exponential time with a careless matcher.
    #[test]
    fn costs_no_more_than_its_length() {
        let name = [b'a'; 255];
        let pattern = [&b"*a".repeat(127)[..], b"b"].concat();
        for _ in 0..100 {
            assert!(!matches(&pattern, &name));
        }
        assert!(matches(&pattern[..254], &name));
    }

    #[test]
    fn is_the_last_component() {
        let of = |path: &'static str| Pattern::of(&Bytes::from_static(path.as_bytes()));
        let found = of("/pub/x*/*.c").unwrap();
        assert_eq!(
            (&found.text[..], found.prefix()),
            (&b"*.c"[..], &b"/pub/x*/"[..])
        );
        assert_eq!(of("*").unwrap().prefix(), b"");
        for literal in ["", "/", "a", "a*/b", "*/", "{a,b}", "~"] {
            assert_eq!(of(literal), None, "{literal}");
        }
        let long = Pattern::of(&Bytes::from("*".repeat(256))).unwrap();
        assert!(long.is_too_long());
    }

    proptest! {
        #[test]
        fn a_literal_matches_itself_alone(name in "[a-c.]{1,6}", other in "[a-c.]{1,6}") {
            prop_assert_eq!(matches(name.as_bytes(), other.as_bytes()), name == other);
        }

        #[test]
        fn agrees_with_the_plain_definition(pattern in "[ab*?]{0,7}", name in "[ab]{0,7}") {
            fn plain(pattern: &[u8], name: &[u8]) -> bool {
                match (pattern.split_first(), name.split_first()) {
                    (None, None) => true,
                    (Some((b'*', rest)), None) => plain(rest, name),
                    (Some((b'*', rest)), Some((_, tail))) => plain(rest, name) || plain(pattern, tail),
                    (Some((b'?', rest)), Some((_, tail))) => plain(rest, tail),
                    (Some((a, rest)), Some((b, tail))) => a == b && plain(rest, tail),
                    _ => false,
                }
            }
            prop_assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), plain(pattern.as_bytes(), name.as_bytes()));
        }

        #[test]
        fn nothing_panics(pattern: Vec<u8>, close in r"[a\[\]!\\*?-]{0,9}", name: Vec<u8>, text: String) {
            for pattern in [&pattern[..], close.as_bytes()] {
                for name in [&name[..], text.as_bytes()] {
                    let _ = matches(pattern, name);
                }
            }
        }
    }
}
