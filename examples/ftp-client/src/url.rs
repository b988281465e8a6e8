//! URLs as curl takes them, RFC 1738 § 3.2 with its habits: `ftp://user:password@host:port/path;type=a`.
//!
//! The path is relative to the folder that the login leads to, and absolute when it begins with a second slash. `?` and
//! `#` are ordinary characters of a path here, so that no part of a name is dropped.

use ftp_sansio::wire::{Arg, Escaped, Secret};

use crate::failure::Failure;
use crate::remote::RemotePath;

/// The port of an address that has none, RFC 959 § 8.
const FTP: u16 = 21;
/// The same for TLS from the first byte on, as IANA has it.
const FTPS: u16 = 990;

/// Where a server listens.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    /// Without one it is the usual one.
    pub(crate) port: Option<u16>,
    /// TLS from the first byte on: `ftps://`.
    pub(crate) implicit: bool,
}

impl Host {
    pub(crate) fn port(&self) -> u16 {
        let usual = if self.implicit { FTPS } else { FTP };
        self.port.unwrap_or(usual)
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.port() == other.port() && self.implicit == other.implicit
    }
}

impl Eq for Host {}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = Escaped(self.name.as_bytes());
        match self.name.contains(':') {
            true => write!(f, "[{name}]:{}", self.port()),
            false => write!(f, "{name}:{}", self.port()),
        }
    }
}

/// What a URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: Host,
    pub(crate) user: Option<Arg>,
    pub(crate) password: Option<Secret<Arg>>,
    pub(crate) path: RemotePath,
    /// Written with a slash at its end, or without any path: a folder is meant.
    pub(crate) names_folder: bool,
    /// `;type=a` or `;type=i`.
    pub(crate) ascii: Option<bool>,
}

/// Whether an operand is a URL, where a local path could stand too.
pub(crate) fn is_url(text: &str) -> bool {
    scheme(text).is_some()
}

/// The scheme and the rest of what begins like a URL.
pub(crate) fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let wellformed = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    wellformed.then_some((scheme, rest))
}

/// Reads a URL. Without a scheme it is taken for `ftp://`.
///
/// # Errors
/// One line for the user.
pub(crate) fn parse(text: &str) -> Result<Target, Failure> {
    let (rest, implicit) = match scheme(text) {
        None => (text, false),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ftp") => (rest, false),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ftps") => (rest, true),
        Some((scheme, _)) => {
            return Err(Failure::usage(format!("{scheme}:// is not an FTP address")));
        }
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (login, host) = match authority.rsplit_once('@') {
        Some((login, host)) => (Some(login), host),
        None => (None, authority),
    };
    let host = Host {
        implicit,
        ..parse_host(host)?
    };
    let (user, password) = login.map(parse_login).transpose()?.unwrap_or_default();
    let (path, ascii) = split_type(path)?;
    let names_folder = path.is_empty() || path.ends_with('/');
    let path = parse_path(path)?;
    Ok(Target {
        host,
        user,
        password,
        path,
        names_folder,
        ascii,
    })
}

pub(crate) fn parse_host(text: &str) -> Result<Host, Failure> {
    // The text is not shown: with a `/` in it, a password would stand here.
    let bad = |what: &str| Failure::usage(format!("the URL has {what}"));
    let (name, rest) = match text.strip_prefix('[') {
        Some(inner) => inner
            .split_once(']')
            .ok_or_else(|| bad("no ] after its host"))?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        // curl takes an empty port for the default one.
        Some("") => None,
        None => return Err(bad("something between its host and its port")),
        Some(port) => {
            let port = parse_port(port);
            Some(port.ok_or_else(|| bad("no port (1 to 65535) after the : of its host"))?)
        }
    };
    let name = String::from_utf8(decode(name)?).map_err(|_| bad("a host that is no text"))?;
    let unfit = |c: char| c.is_control() || c.is_whitespace();
    if name.is_empty() || name.contains(unfit) {
        return Err(bad("no host"));
    }
    Ok(Host {
        name,
        port,
        implicit: false,
    })
}

/// A port in decimal digits, and not 0.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&port| digits && port != 0)
}

pub(crate) fn parse_login(text: &str) -> Result<(Option<Arg>, Option<Secret<Arg>>), Failure> {
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (text, None),
    };
    let user = argument(decode(user)?, "user")?;
    let password = password.map(|text| argument(decode(text)?, "password").map(Secret::new));
    Ok((
        Some(user).filter(|user| !user.is_empty()),
        password.transpose()?,
    ))
}

/// Takes `;type=` off the end of the path.
fn split_type(path: &str) -> Result<(&str, Option<bool>), Failure> {
    let Some((rest, kind)) = path
        .rsplit_once(';')
        .and_then(|(rest, option)| Some((rest, type_letter(option)?)))
    else {
        return Ok((path, None));
    };
    match kind {
        'a' => Ok((rest, Some(true))),
        'i' => Ok((rest, Some(false))),
        _ => Err(Failure::usage(
            ";type= takes a (text) or i (as it is); to list a folder, use ls",
        )),
    }
}

fn type_letter(option: &str) -> Option<char> {
    let option = option.to_ascii_lowercase();
    option.strip_prefix("type=")?.chars().next()
}

fn parse_path(text: &str) -> Result<RemotePath, Failure> {
    let path = decode(text.strip_prefix('/').unwrap_or(text))?;
    RemotePath::new(&path).map_err(|error| Failure::usage(format!("the path of the URL: {error}")))
}

fn argument(bytes: Vec<u8>, what: &str) -> Result<Arg, Failure> {
    Arg::new(bytes).map_err(|error| Failure::usage(format!("the {what} in the URL: {error}")))
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let pair = after.get(..2).and_then(hex_byte);
        // The text is not shown: it may be a password.
        let byte = pair.ok_or_else(|| Failure::usage("a % in a URL needs two hex digits (%25)"))?;
        bytes.push(byte);
        rest = &after[2..];
    }
    Ok(bytes)
}

fn hex_byte(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(pair[0])? * 16 + digit(pair[1])?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    fn good(text: &str) -> Target {
        parse(text).unwrap_or_else(|failure| panic!("{text}: {failure}"))
    }

    fn bad(text: &str) -> Exit {
        parse(text)
            .map(|target| panic!("{target:?}"))
            .unwrap_or_else(|failure: Failure| failure.exit())
    }

    #[test]
    fn host_and_port() {
        let host = |text| {
            let target = good(text);
            (target.host.name.clone(), target.host.port())
        };
        assert_eq!(host("ftp://example.org"), ("example.org".into(), 21));
        assert_eq!(host("FTP://h:2121/x"), ("h".into(), 2121));
        assert_eq!(host("h:2121/x"), ("h".into(), 2121));
        assert_eq!(host("ftp://h:/x"), ("h".into(), 21));
        assert_eq!(host("ftp://[::1]:99/"), ("::1".into(), 99));
        assert_eq!(good("ftp://[::1]:99/").host.to_string(), "[::1]:99");
        for text in [
            "ftp://",
            "ftp://:21/",
            "ftp://h:0/",
            "ftp://h:65536/",
            "ftp://h:+1/",
            "ftp://[::1/",
            "ftp://[::1]x/",
            "ftp://h%00/",
            "http://h/",
        ] {
            assert_eq!(bad(text), Exit::Usage, "{text}");
        }
    }

    #[test]
    fn tls_from_the_first_byte_has_a_port_of_its_own() {
        let host = |text| good(text).host;
        assert!(host("ftps://h/").implicit && host("FTPS://h/").implicit);
        assert_eq!(host("ftps://h/").to_string(), "h:990");
        assert_eq!(host("ftps://h:2990/").to_string(), "h:2990");
        assert!(!host("ftp://h:990/").implicit);
        assert_ne!(host("ftps://h:990/"), host("ftp://h:990/"));
        assert_eq!(host("ftp://h:21/"), host("ftp://h/"));
    }

    #[test]
    fn user_and_password() {
        let target = good("ftp://us%40er:p%3Aa:ss@w@h/");
        assert_eq!(target.user.unwrap().as_bytes(), b"us@er");
        assert_eq!(target.password.unwrap().expose().as_bytes(), b"p:a:ss@w");
        assert_eq!(good("ftp://h/a@b").user, None);
        let target = good("ftp://bob@h/");
        assert_eq!((target.user.unwrap().len(), target.password), (3, None));
        assert_eq!(good("ftp://:x@h/").user, None);
    }

    #[test]
    fn nothing_smuggles_a_line_or_shows_a_password() {
        for text in [
            "ftp://a%0d%0aDELE:b@h/",
            "ftp://a:b%0a@h/",
            "ftp://h/a%0Ab",
            "ftp://h/a%00",
        ] {
            assert_eq!(bad(text), Exit::Usage, "{text}");
        }
        let failure = parse("ftp://u:hunter2%zz@h/").unwrap_err();
        assert!(!failure.to_string().contains("hunter2"));
        let failure = parse("ftp://u:hunter2@h:x/").unwrap_err();
        assert!(!failure.to_string().contains("hunter2"));
        let failure = parse("ftp://u:hunter2/@h/").unwrap_err();
        assert!(!failure.to_string().contains("hunter2"));
        assert!(!format!("{:?}", good("ftp://u:hunter2@h/")).contains("hunter2"));
    }

    #[test]
    fn paths() {
        let path = |text| {
            let target = good(text);
            (target.path.to_string(), target.names_folder)
        };
        assert_eq!(path("ftp://h"), (".".into(), true));
        assert_eq!(path("ftp://h/"), (".".into(), true));
        assert_eq!(path("ftp://h/a/b"), ("a/b".into(), false));
        assert_eq!(path("ftp://h/a/b/"), ("a/b".into(), true));
        assert_eq!(path("ftp://h//a"), ("/a".into(), false));
        assert_eq!(path("ftp://h//"), ("/".into(), true));
        assert_eq!(path("ftp://h/%2Fa"), ("/a".into(), false));
        assert_eq!(path("ftp://h/a%20b%25"), ("a b%".into(), false));
        assert_eq!(path("ftp://h/a?b#c"), ("a?b#c".into(), false));
        assert_eq!(good("ftp://h/%ff").path.as_bytes(), b"\xff");
        assert_eq!(bad("ftp://h/%f"), Exit::Usage);
    }

    #[test]
    fn types() {
        let kind = |text| {
            let target = good(text);
            (target.path.to_string(), target.ascii)
        };
        assert_eq!(kind("ftp://h/a;type=a"), ("a".into(), Some(true)));
        assert_eq!(kind("ftp://h/a;TYPE=I"), ("a".into(), Some(false)));
        assert_eq!(kind("ftp://h/a;b"), ("a;b".into(), None));
        assert_eq!(bad("ftp://h/a;type=d"), Exit::Usage);
        assert!(good("ftp://h/a/;type=a").names_folder);
    }
}
