//! Shell quoting, as far as file names need it: spaces part words; `'…'`, `"…"` and `\` keep them together.

/// A quote that is opened and not closed, or a `\` with nothing after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unclosed;

/// The words of a line, their quotes removed.
pub(super) fn split(line: &[u8]) -> Result<Vec<Vec<u8>>, Unclosed> {
    let mut words = Vec::new();
    let mut rest = line.trim_ascii_start();
    while !rest.is_empty() {
        let (word, after) = next_word(rest)?;
        words.push(word);
        rest = after.trim_ascii_start();
    }
    Ok(words)
}

/// The first word, and what follows it.
fn next_word(line: &[u8]) -> Result<(Vec<u8>, &[u8]), Unclosed> {
    let mut word = Vec::new();
    let mut rest = line;
    loop {
        rest = match rest {
            [] => return Ok((word, rest)),
            [byte, ..] if byte.is_ascii_whitespace() => return Ok((word, rest)),
            [b'\\', escaped, after @ ..] => {
                word.push(*escaped);
                after
            }
            [b'\\'] => return Err(Unclosed),
            [b'\'', after @ ..] => single_quoted(after, &mut word)?,
            [b'"', after @ ..] => double_quoted(after, &mut word)?,
            [byte, after @ ..] => {
                word.push(*byte);
                after
            }
        };
    }
}

/// Everything as it stands up to the next `'`.
fn single_quoted<'a>(line: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Unclosed> {
    let end = line
        .iter()
        .position(|&byte| byte == b'\'')
        .ok_or(Unclosed)?;
    word.extend_from_slice(&line[..end]);
    Ok(&line[end + 1..])
}

/// Everything up to the next `"`; a `\` keeps its meaning before `"` and `\` alone.
fn double_quoted<'a>(line: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Unclosed> {
    let mut rest = line;
    loop {
        rest = match rest {
            [] => return Err(Unclosed),
            [b'"', after @ ..] => return Ok(after),
            [b'\\', escaped @ (b'"' | b'\\'), after @ ..] => {
                word.push(*escaped);
                after
            }
            [byte, after @ ..] => {
                word.push(*byte);
                after
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Vec<String>, Unclosed> {
        let words = split(line.as_bytes())?;
        Ok(words
            .into_iter()
            .map(|word| String::from_utf8(word).unwrap())
            .collect())
    }

    #[test]
    fn splits_at_spaces() {
        assert_eq!(words("").unwrap(), [""; 0]);
        assert_eq!(words("  a\tb  c ").unwrap(), ["a", "b", "c"]);
    }

    #[test]
    fn quotes_keep_together() {
        assert_eq!(words(r#"'a b' "c d" e\ f"#).unwrap(), ["a b", "c d", "e f"]);
        assert_eq!(words(r#"a'b'"c"\d"#).unwrap(), ["abcd"]);
        assert_eq!(words(r#"'' """#).unwrap(), ["", ""]);
        assert_eq!(words(r#"'a\' "\"\\\n""#).unwrap(), ["a\\", "\"\\\\n"]);
    }

    #[test]
    fn what_is_opened_is_closed() {
        for line in ["'a", "\"a", "a\\", "\"a\\\""] {
            assert_eq!(words(line), Err(Unclosed), "{line}");
        }
    }

    #[test]
    fn bytes_stay_bytes() {
        assert_eq!(split(b"\xff '\xfe '").unwrap(), [&b"\xff"[..], b"\xfe "]);
    }
}
