//! What `MLSD` and `MLST` told that an [`Entry`](super::Entry) has no field for.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::wire::argument::Escaped;

/// Facts as the server spelt them, `perm=adfr;X.colour=red;` (RFC 3659 § 7.2): those that have no field in an
/// [`Entry`](super::Entry), and those whose value was not understood. Empty in every other dialect.
///
/// They come from the peer: print them through [`Escaped`].
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Facts(Bytes);

impl Facts {
    pub(crate) const fn new(text: Bytes) -> Self {
        Self(text)
    }

    /// The value of the first fact of that name, in any case of its letters (RFC 3659 § 7.2).
    ///
    /// `perm` is a letter for each thing that the user may do (§ 7.5.5), `lang` a language (§ 7.5.6), `media-type` a MIME
    /// type (§ 7.5.8), `charset` one of IANA's names (§ 7.5.9).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let mut all = self.iter();
        all.find_map(|(found, value)| found.eq_ignore_ascii_case(name.as_bytes()).then_some(value))
    }

    /// The names and values, in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = &self.0[..];
        core::iter::from_fn(move || {
            let equals = memchr::memchr(b'=', rest)?;
            let (name, value) = (&rest[..equals], &rest[equals + 1..]);
            let end = memchr::memchr(b';', value)?;
            rest = &value[end + 1..];
            Some((name, &value[..end]))
        })
    }

    /// All of them as text, each with its semicolon.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Facts({})", Escaped(&self.0))
    }
}

/// Appends a fact to the text of others. A name holds no `=`, a value no `;`: that is how they were told apart.
pub(crate) fn append(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(b';');
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use bytes::Bytes;

    use super::Facts;

    #[test]
    fn gives_names_and_values() {
        let facts = Facts::new(Bytes::from("Perm=adfr;X.a=b=c;empty=;perm=r;"));
        assert_eq!(facts.get("PERM"), Some(&b"adfr"[..]));
        assert_eq!(facts.get("x.A"), Some(&b"b=c"[..]));
        assert_eq!(facts.get("empty"), Some(&b""[..]));
        assert_eq!(facts.get("nothing"), None);
        let names: Vec<_> = facts.iter().map(|(name, _)| name).collect();
        assert_eq!(names, [&b"Perm"[..], b"X.a", b"empty", b"perm"]);
        assert!(!facts.is_empty() && Facts::default().is_empty());
        assert_eq!(
            format!("{:?}", Facts::new(Bytes::from("a=\x1b;"))),
            "Facts(a=\\x1b;)"
        );
    }
}
