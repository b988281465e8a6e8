//! The vote: which dialect understands most of some lines.

use super::Dialect;
use super::item::{Outcome, State};

/// The dialect that finds most entries in `text`, then the one that knows most of the other lines.
pub(super) fn elect(text: &[u8], state: &State) -> Option<Dialect> {
    let mut best = ((0, 0), None);
    for dialect in Dialect::ALL {
        let score = score(*dialect, text, state);
        // `total 0` alone belongs to several; the common one is meant.
        let common = *dialect == Dialect::Unix && score.0 == 0 && score.1 > 0;
        if score > best.0 || (common && score == best.0) {
            best = (score, Some(*dialect));
        }
    }
    best.1
}

/// How many lines of `text` are entries of `dialect`, and how many others it knows.
fn score(dialect: Dialect, text: &[u8], state: &State) -> (usize, usize) {
    let mut state = state.clone();
    let (mut entries, mut ignored) = (0, 0);
    let mut rest = text;
    while let Some(line) = next_line(&mut rest) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match dialect.parse_line(line, &mut state) {
            Outcome::Entry(_) => entries += 1,
            Outcome::Ignored => ignored += 1,
            Outcome::Unknown => {}
        }
    }
    (entries, ignored)
}

/// Takes the first line off text in which each has its LF.
pub(super) fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = memchr::memchr(b'\n', rest)?;
    let line = &rest[..end];
    *rest = &rest[end + 1..];
    Some(line)
}
