//! What a server says it can do: the 211 that answers `FEAT` (RFC 2389 § 3.2).

use bytes::Bytes;

use super::reply::{Code, Reply};

/// The features a server listed. None of them is a promise: a server may still refuse.
///
/// It shares the text of the reply, and so is bounded as that is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Features(Bytes);

impl Features {
    /// Takes the lines between the first and the last of a 211. Any other reply lists nothing.
    #[must_use]
    pub fn from_reply(reply: &Reply) -> Self {
        if reply.code() == Code::SYSTEM_STATUS {
            Self(reply.shared_text())
        } else {
            Self::default()
        }
    }

    /// How many bytes it holds.
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// The features, each with its parameters, as the server wrote them; without the space that begins each line.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut lines = self.0.split(|&byte| byte == b'\n');
        lines.next();
        lines.next_back();
        lines
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
    }

    /// Whether a line begins with this feature, in any case. It may be of several words: `AUTH TLS`.
    #[must_use]
    pub fn has(&self, feature: &str) -> bool {
        self.parameters(feature).is_some()
    }

    /// What follows this feature on the first line that begins with it: `STREAM` for `REST`; nothing for many.
    #[must_use]
    pub fn parameters(&self, feature: &str) -> Option<&[u8]> {
        self.lines()
            .find_map(|line| after(line, feature.as_bytes()))
    }
}

/// The rest of the line after these words.
fn after<'a>(line: &'a [u8], words: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = line.split_at_checked(words.len())?;
    let whole = rest.first().is_none_or(u8::is_ascii_whitespace);
    (whole && start.eq_ignore_ascii_case(words)).then(|| rest.trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn features(text: &'static str) -> Features {
        Features::from_reply(&Reply::from_static(Code::SYSTEM_STATUS, text))
    }

    #[test]
    fn reads_a_list() {
        let features = features(
            "Extensions supported:\n MLST size*;create;modify*;\n rest STREAM\nMDTM\n AUTH SSL\n AUTH TLS\n UTF8 \nEnd",
        );
        assert_eq!(
            features.parameters("mlst"),
            Some(&b"size*;create;modify*;"[..])
        );
        assert_eq!(features.parameters("REST"), Some(&b"STREAM"[..]));
        assert_eq!(features.parameters("UTF8"), Some(&b""[..]));
        assert!(features.has("MDTM") && features.has("AUTH TLS"));
        assert!(!features.has("MLS") && !features.has("End") && !features.has("Extensions"));
        assert_eq!(features.lines().count(), 6);
    }

    #[test]
    fn nothing_is_listed_elsewhere() {
        for text in ["No features", "Features:\nEnd", ""] {
            assert_eq!(features(text).lines().count(), 0, "{text}");
        }
        let refused = Reply::from_static(Code::SYNTAX_ERROR, "a\n MDTM\nb");
        assert!(!Features::from_reply(&refused).has("MDTM"));
    }

    proptest! {
        #[test]
        fn what_was_listed_is_found(words in prop::collection::vec("[A-Z]{1,8}", 0..8), parameter in "[a-z]{0,9}") {
            let mut text = alloc::string::String::from("Features:\n");
            for word in &words {
                text.push_str(&format!(" {word} {parameter}\n"));
            }
            let features = Features::from_reply(&Reply::new(Code::SYSTEM_STATUS, text + "End"));
            for word in &words {
                prop_assert_eq!(features.parameters(&word.to_lowercase()), Some(parameter.as_bytes()));
            }
        }

        #[test]
        fn no_text_panics(text: Vec<u8>, feature: alloc::string::String) {
            let features = Features::from_reply(&Reply::new(Code::SYSTEM_STATUS, text));
            let _ = (features.has(&feature), features.lines().count());
        }
    }
}
