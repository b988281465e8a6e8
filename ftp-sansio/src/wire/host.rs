//! What `HOST` (RFC 7151) and `LANG` (RFC 2640) name: a virtual host, a language.

use alloc::string::String;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::str;

/// The virtual host that `HOST` asks for (RFC 7151 § 3.1). Displayed as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A domain's name.
    Domain(Domain),
    /// An IPv4 address, `192.0.2.1`.
    Ipv4(Ipv4Addr),
    /// An IPv6 address, which travels in brackets: `[2001:db8::1]`.
    Ipv6(Ipv6Addr),
}

impl Host {
    /// Reads the argument of `HOST`. A port is an error, as § 3.1 demands; what could be an IPv4 address is one
    /// (RFC 3986 § 3.2.2).
    #[must_use]
    pub fn parse(argument: &[u8]) -> Option<Self> {
        let text = str::from_utf8(argument.trim_ascii()).ok()?;
        if let Some(inner) = text.strip_prefix('[') {
            return Some(Self::Ipv6(inner.strip_suffix(']')?.parse().ok()?));
        }
        match text.parse() {
            Ok(address) => Some(Self::Ipv4(address)),
            Err(_) => Domain::new(text).map(Self::Domain),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => domain.fmt(f),
            Self::Ipv4(address) => address.fmt(f),
            Self::Ipv6(address) => write!(f, "[{address}]"),
        }
    }
}

/// A domain's name of letters, digits and inner hyphens (RFC 7151 § 3.1), within the lengths of RFC 1034 § 3.1: 63 a
/// label, 253 in all. It keeps its case, which means nothing; a name beyond ASCII comes as its A-labels (`xn--…`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Domain(String);

impl Domain {
    /// Takes a name, if it is one. What reads as an IPv4 address is none.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let label = |label: &str| {
            let bytes = label.as_bytes();
            let inner = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
            (1..=63).contains(&bytes.len())
                && bytes.iter().all(inner)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let good = name.len() <= 253 && name.split('.').all(label);
        (good && name.parse::<Ipv4Addr>().is_err()).then(|| Self(name.into()))
    }

    /// The name. Compare it without regard to case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A language's tag, such as `en` or `de-CH` (RFC 2640 § 4.2): one to eight letters, and more such parts behind hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LanguageTag(String);

impl LanguageTag {
    /// Takes a tag, if it is one.
    #[must_use]
    pub fn new(tag: &str) -> Option<Self> {
        let part = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
        };
        tag.split('-').all(part).then(|| Self(tag.into()))
    }

    pub(super) fn parse(argument: &[u8]) -> Option<Self> {
        Self::new(str::from_utf8(argument.trim_ascii()).ok()?)
    }

    /// The tag. Compare it without regard to case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language without its variant: `de` of `de-CH`.
    #[must_use]
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl fmt::Display for LanguageTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn reads_the_examples_of_rfc_7151() {
        for text in [
            "ftp.example.com",
            "xn--e1afmkfd.com",
            "192.0.2.1",
            "[2001:db8::c000:201]",
            "localhost",
            "1.2.3",
        ] {
            assert_eq!(Host::parse(text.as_bytes()).unwrap().to_string(), text);
        }
        let mapped = "::192.0.2.1".parse().unwrap();
        assert_eq!(Host::parse(b"[::192.0.2.1]"), Some(Host::Ipv6(mapped)));
        let long = format!("{}.com", "a".repeat(64));
        for bad in [
            "",
            "192.0.2.1:2112",
            "[2001:db8::c000:201]:2112",
            "2001:db8::c000:201",
            "[192.0.2.1]",
            "a..b",
            "a.",
            "-a",
            "a-",
            "a_b",
            "a b",
            "ü.de",
            &long,
            &"a.".repeat(127),
        ] {
            assert_eq!(Host::parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(Domain::new("192.0.2.1"), None);
    }

    #[test]
    fn reads_language_tags() {
        for (tag, primary) in [("en", "en"), ("de-CH", "de"), ("x-a-b", "x")] {
            assert_eq!(LanguageTag::new(tag).unwrap().primary(), primary);
        }
        for bad in ["", "-", "en-", "en_US", "abcdefghi", "e1", "en US", "en*"] {
            assert_eq!(LanguageTag::new(bad), None, "{bad}");
        }
    }
}
