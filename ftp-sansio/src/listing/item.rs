//! What the dialects share: a borrowed entry, the state between lines, and a scanner of words.

use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::{Entry, Facts, Kind, Modified, Permissions};
use crate::wire::date::DateTime;

/// An [`Entry`] that still lies in its line, so that a vote allocates nothing.
#[derive(Clone, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) kind: Kind,
    pub(crate) size: Option<u64>,
    pub(crate) modified: Option<Modified>,
    pub(crate) created: Option<Modified>,
    pub(crate) permissions: Option<Permissions>,
    pub(crate) owner: Option<&'a [u8]>,
    pub(crate) group: Option<&'a [u8]>,
    pub(crate) links: Option<u64>,
    pub(crate) target: Option<&'a [u8]>,
    pub(crate) unique: Option<&'a [u8]>,
    /// Facts that have no field of their own, each with its semicolon.
    pub(crate) facts: &'a [u8],
}

impl<'a> Item<'a> {
    pub(crate) const fn new(name: &'a [u8], kind: Kind) -> Self {
        Self {
            name,
            kind,
            size: None,
            modified: None,
            created: None,
            permissions: None,
            owner: None,
            group: None,
            links: None,
            target: None,
            unique: None,
            facts: &[],
        }
    }
}

/// What a dialect makes of a line.
#[derive(Debug)]
pub(crate) enum Outcome<'a> {
    /// A file.
    Entry(Item<'a>),
    /// Something that the dialect has between its files, such as `total 12`.
    Ignored,
    /// Nothing of this dialect.
    Unknown,
}

impl<'a> From<Option<Item<'a>>> for Outcome<'a> {
    fn from(item: Option<Item<'a>>) -> Self {
        item.map_or(Self::Unknown, Self::Entry)
    }
}

/// What a dialect knows when it comes to a line. Each dialect has a state of its own.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) now: Option<DateTime>,
    /// The dialect is certain, so a line need not prove it.
    pub(crate) certain: bool,
    /// VMS: a name whose line is still to come. z/OS: a name that is put together. `MLSD`: the line's other facts.
    pub(crate) pending: Vec<u8>,
    /// VMS: the last name without its version. z/OS: the last job.
    pub(crate) last: Vec<u8>,
    /// z/OS: what the last header announced.
    pub(crate) table: super::zos::Table,
}

impl State {
    pub(crate) const fn new(now: Option<DateTime>, certain: bool) -> Self {
        Self {
            now,
            certain,
            pending: Vec::new(),
            last: Vec::new(),
            table: super::zos::Table::None,
        }
    }
}

/// Turns items into entries that stand alone: their texts lie in blocks that neighbours share. Owner, group and other
/// facts are mostly the last line's, and shared with it.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// What is free of the last block.
    free: BytesMut,
    block: usize,
    owner: Bytes,
    group: Bytes,
    facts: Bytes,
}

impl Keeper {
    /// A keeper with blocks of `block` bytes; zero for texts that each have their own.
    pub(crate) fn new(block: usize) -> Self {
        Self {
            free: BytesMut::new(),
            block,
            owner: Bytes::new(),
            group: Bytes::new(),
            facts: Bytes::new(),
        }
    }

    pub(crate) fn keep(&mut self, item: &Item<'_>) -> Entry {
        if let Some(owner) = item.owner.filter(|owner| self.owner != owner) {
            self.owner = self.own(owner);
        }
        if let Some(group) = item.group.filter(|group| self.group != group) {
            self.group = self.own(group);
        }
        if self.facts != item.facts {
            self.facts = self.own(item.facts);
        }
        Entry {
            name: self.own(item.name),
            kind: item.kind,
            size: item.size,
            modified: item.modified,
            created: item.created,
            permissions: item.permissions,
            owner: item.owner.map(|_| self.owner.clone()),
            group: item.group.map(|_| self.group.clone()),
            links: item.links,
            target: item.target.map(|target| self.own(target)),
            unique: item.unique.map(|unique| self.own(unique)),
            facts: Facts::new(self.facts.clone()),
        }
    }

    fn own(&mut self, text: &[u8]) -> Bytes {
        // So large a text would leave much of a block unused, and so would a block for the next.
        if text.len() > self.block / 4 {
            return Bytes::copy_from_slice(text);
        }
        if self.free.capacity() < text.len() {
            self.free = BytesMut::with_capacity(self.block);
        }
        self.free.extend_from_slice(text);
        self.free.split().freeze()
    }
}

/// A run of bytes that are no blanks, and where it lies in its line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) start: usize,
}

impl Word<'_> {
    /// Where the word ends in its line.
    pub(crate) const fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The words of `line` from `start` on, separated by blanks.
pub(crate) fn words(line: &[u8], start: usize) -> impl Iterator<Item = Word<'_>> {
    let mut at = start;
    core::iter::from_fn(move || {
        let word = next_word(line, at)?;
        at = word.end();
        Some(word)
    })
}

pub(crate) fn next_word(line: &[u8], at: usize) -> Option<Word<'_>> {
    let rest = line.get(at..)?;
    let start = rest.iter().position(|byte| !is_blank(*byte))?;
    let text = &rest[start..];
    let len = text.iter().position(|byte| is_blank(*byte));
    Some(Word {
        text: &text[..len.unwrap_or(text.len())],
        start: at + start,
    })
}

/// The first `N` words, and where the last of them ends.
pub(crate) fn first_words<const N: usize>(line: &[u8]) -> Option<([&[u8]; N], usize)> {
    let mut found = [&line[..0]; N];
    let mut end = 0;
    for slot in &mut found {
        let word = next_word(line, end)?;
        *slot = word.text;
        end = word.end();
    }
    Some((found, end))
}

pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `text` without the blanks before it.
pub(crate) fn trim_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_blank(*byte));
    &text[start.unwrap_or(text.len())..]
}

/// `text` without the blanks around it.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let text = trim_start(text);
    let end = text.iter().rposition(|byte| !is_blank(*byte));
    &text[..end.map_or(0, |last| last + 1)]
}

/// A decimal number that is all of `text`.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// A decimal number of at most `longest` digits.
pub(crate) fn short_number(text: &[u8], longest: usize) -> Option<u16> {
    if text.len() > longest {
        return None;
    }
    u16::try_from(number(text)?).ok()
}

/// A number that may be grouped by thousands, as `1,234,567` or `1.234.567`.
pub(crate) fn grouped_number(text: &[u8]) -> Option<u64> {
    let first = text.iter().position(|byte| !byte.is_ascii_digit());
    let Some(first) = first else {
        return number(text);
    };
    let mut value = number(&text[..first]).filter(|_| first <= 3)?;
    let separator = Some(text[first]).filter(|byte| matches!(byte, b',' | b'.' | b'\''))?;
    for group in text[first + 1..].split(|byte| *byte == separator) {
        if group.len() != 3 {
            return None;
        }
        value = value.checked_mul(1000)?.checked_add(number(group)?)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{grouped_number, number, trim, words};

    #[test]
    fn splits_words() {
        let found: Vec<_> = words(b" \ta  bc ", 0)
            .map(|word| (word.text, word.start))
            .collect();
        assert_eq!(found, [(&b"a"[..], 2), (&b"bc"[..], 5)]);
        assert!(words(b"a", 9).next().is_none());
        assert_eq!(trim(b" \t a b\t"), b"a b");
        assert_eq!(trim(b"  "), b"");
    }

    #[test]
    fn reads_numbers() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for text in ["", "18446744073709551616", "-1", "+1", "1 ", "0x1"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
        for (text, value) in [
            ("1,234,567", 1_234_567),
            ("12.345", 12_345),
            ("7", 7),
            ("1234", 1234),
        ] {
            assert_eq!(grouped_number(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["1,23", "1234,567", ",123", "1,234.567", "1,", "x"] {
            assert_eq!(grouped_number(text.as_bytes()), None, "{text}");
        }
    }
}
