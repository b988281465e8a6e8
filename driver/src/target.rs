//! Where a server is to be found: a name or an address, and a port.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6, ToSocketAddrs};
use std::str::FromStr;
use std::sync::Arc;

use crate::runtime::Runtime;

/// The port of FTP's control connection (RFC 959 § 8).
const FTP: u16 = 21;

/// The longest name of a host, in bytes (RFC 1035 § 2.3.4, in text).
const LONGEST_NAME: usize = 253;

/// Where a server (or a proxy) is to be found.
///
/// As text: `ftp.example.org`, `ftp.example.org:2121`, `192.0.2.1:21`, `[2001:db8::1]:21`; without a port it is 21.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// By name, which is looked up here, or by the proxy where there is one.
    Name(HostName, u16),
    /// By address.
    Address(SocketAddr),
}

/// The name of a host. Names that differ only in their case are the same.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HostName(Arc<str>);

/// What is no name of a host.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "not the name or address of a host: a name has letters, digits, `-`, `_` and `.`, 253 at the most"
)]
pub struct InvalidTarget;

impl HostName {
    /// Takes a name: letters, digits, `-`, `_` and `.` (RFC 1123 § 2.1, and the underscore that is met besides). One in other letters
    /// is written in its form for the DNS (`xn--…`, RFC 5891).
    ///
    /// # Errors
    /// [`InvalidTarget`] for anything else, and for more than 253 bytes.
    pub fn new(name: &str) -> Result<Self, InvalidTarget> {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_name = !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(is_known);
        match is_name {
            true => Ok(Self(name.to_ascii_lowercase().into())),
            false => Err(InvalidTarget),
        }
    }

    /// The name, in small letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Target {
    /// A host by name or address, and a port. An IPv6 address may have brackets.
    ///
    /// # Errors
    /// [`InvalidTarget`] for what is neither.
    pub fn new(host: &str, port: u16) -> Result<Self, InvalidTarget> {
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(host).parse::<IpAddr>() {
            return Ok(SocketAddr::new(address, port).into());
        }
        // One with a scope (`fe80::1%2`) is known by the standard library in this form alone.
        let scoped = format!("[{}]:{port}", bare.unwrap_or(host));
        if let Ok(address) = scoped.parse::<SocketAddrV6>() {
            return Ok(SocketAddr::V6(address).into());
        }
        HostName::new(host).map(|name| Self::Name(name, port))
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self {
            Self::Name(_, port) => *port,
            Self::Address(address) => address.port(),
        }
    }

    /// The same host at another port.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        let mut target = self.clone();
        match &mut target {
            Self::Name(_, old) => *old = port,
            Self::Address(address) => address.set_port(port),
        }
        target
    }

    /// The addresses behind it: each once, in the system's order of preference.
    ///
    /// # Errors
    /// What the system's resolver says; a name without an address is [`NotFound`](io::ErrorKind::NotFound).
    pub(crate) async fn resolve<R: Runtime>(&self, runtime: &R) -> io::Result<Vec<SocketAddr>> {
        let (name, port) = match self {
            Self::Address(address) => return Ok(vec![*address]),
            Self::Name(name, port) => (name.clone(), *port),
        };
        let found = runtime.blocking(move || {
            let found = (name.as_str(), port).to_socket_addrs()?;
            Ok::<_, io::Error>(found.collect::<Vec<_>>())
        });
        let mut addresses = Vec::new();
        for address in found.await? {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        match addresses.is_empty() {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(addresses),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name, port) => write!(f, "{name}:{port}"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address)
    }
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(address.into());
        }
        match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => {
                Self::new(host, port.parse().map_err(|_| InvalidTarget)?)
            }
            _ => Self::new(text, FTP),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        text.parse::<Target>()
            .map_or("-".into(), |target| target.to_string())
    }

    #[test]
    fn targets_are_read() {
        assert_eq!(parsed("Ftp.Example.ORG"), "ftp.example.org:21");
        assert_eq!(parsed("ftp.example.org:2121"), "ftp.example.org:2121");
        assert_eq!(parsed("192.0.2.1"), "192.0.2.1:21");
        assert_eq!(parsed("192.0.2.1:990"), "192.0.2.1:990");
        assert_eq!(parsed("2001:db8::1"), "[2001:db8::1]:21");
        assert_eq!(parsed("[2001:db8::1]"), "[2001:db8::1]:21");
        assert_eq!(parsed("[2001:db8::1]:990"), "[2001:db8::1]:990");
        assert_eq!(parsed("fe80::1%2"), "[fe80::1%2]:21");
    }

    /// Above all nothing that could end a line of HTTP.
    #[test]
    fn what_is_no_host_is_refused() {
        let too_long = "a".repeat(LONGEST_NAME + 1);
        for text in [
            "",
            ":21",
            "a b",
            "a\r\nHost: b",
            "ä.example",
            "a/b",
            "a@b",
            "a:port",
            "a:70000",
            "[a]",
            &too_long,
        ] {
            assert_eq!(parsed(text), "-", "{text:?}");
        }
    }

    #[test]
    fn case_makes_no_other_host() {
        let (one, other) = (Target::new("A.example", 21), Target::new("a.EXAMPLE", 21));
        assert_eq!(one, other);
        assert_ne!(one, Target::new("a.example", 22));
    }

    #[test]
    fn ports_change() {
        for text in ["a.example:21", "[::1]:21", "192.0.2.1:21"] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.with_port(7).to_string(), text.replace(":21", ":7"));
        }
    }
}
