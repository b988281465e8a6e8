//! Addresses of data connections: `PORT` and 227 (RFC 959), `EPRT`, `EPSV` and 229 (RFC 2428), `LPRT` and 228 (RFC 1639).

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4};
use core::str::{self, FromStr};

use super::text::decimal;

/// Reads the argument of `PORT`: `h1,h2,h3,h4,p1,p2` (RFC 959 § 4.1.2), with nothing else but spaces around it.
///
/// Port 0 is read as it is: whether to connect there is for a policy.
#[must_use]
pub fn parse_host_port(argument: &[u8]) -> Option<SocketAddrV4> {
    match host_port_prefix(argument.trim_ascii(), false)? {
        (address, []) => Some(address),
        _ => None,
    }
}

/// Finds the address in the text of a 227: the first six numbers separated by commas, wherever they are.
///
/// RFC 1123 § 4.1.2.6: a client is not to rely on the parentheses. A space after a comma is tolerated. `None` also
/// when the port is 0, where nobody listens.
#[must_use]
pub fn find_host_port(text: &[u8]) -> Option<SocketAddrV4> {
    let mut before = b' ';
    for (at, &byte) in text.iter().enumerate() {
        // Only where a number begins, and a try looks at 30 bytes at most: linear, whatever the text.
        if byte.is_ascii_digit() && !before.is_ascii_digit() {
            let found = text.get(at..).and_then(|rest| host_port_prefix(rest, true));
            if let Some((address, _)) = found {
                return Some(address).filter(|address| address.port() != 0);
            }
        }
        before = byte;
    }
    None
}

/// Six numbers at the start of `text`, and what follows them.
fn host_port_prefix(text: &[u8], spaced: bool) -> Option<(SocketAddrV4, &[u8])> {
    let mut numbers = [0_u8; 6];
    let mut rest = text;
    for (at, number) in numbers.iter_mut().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(b",")?;
            if spaced {
                rest = rest.strip_prefix(b" ").unwrap_or(rest);
            }
        }
        let (digits, tail) = leading_digits(rest, 3);
        *number = u8::try_from(decimal(digits)?).ok()?;
        rest = tail;
    }
    if rest.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let [a, b, c, d, high, low] = numbers;
    Some((
        SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low])),
        rest,
    ))
}

/// Splits off the digits at the start, `most` of them at the most.
fn leading_digits(text: &[u8], most: usize) -> (&[u8], &[u8]) {
    let count = text
        .iter()
        .take(most)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    text.split_at(count)
}

/// An address as `PORT` and 227 write it: `192,0,2,1,7,138`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HostPort(pub SocketAddrV4);

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0.ip().octets();
        let [high, low] = self.0.port().to_be_bytes();
        write!(f, "{a},{b},{c},{d},{high},{low}")
    }
}

/// Why the argument of an `EPRT` was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ExtendedError {
    /// It is not of the form `|1|192.0.2.1|6275|`: a 501.
    #[error("not an extended address")]
    Syntax,
    /// It names a network protocol other than 1 (IPv4) and 2 (IPv6): a 522 (RFC 2428 § 2).
    #[error("unknown network protocol")]
    Protocol,
}

/// Reads the argument of `EPRT`, such as `|1|132.235.1.2|6275|`, with any printable delimiter (RFC 2428 § 2).
///
/// Port 0 is read as it is: whether to connect there is for a policy.
///
/// # Errors
///
/// [`ExtendedError::Protocol`] when the form is right and only the network protocol is unknown.
pub fn parse_extended(argument: &[u8]) -> Result<SocketAddr, ExtendedError> {
    let (protocol, host, port) =
        extended_parts(argument.trim_ascii()).ok_or(ExtendedError::Syntax)?;
    let address = match decimal(protocol).ok_or(ExtendedError::Syntax)? {
        1 => parse_ip::<Ipv4Addr>(host).map(IpAddr::V4),
        2 => parse_ip::<Ipv6Addr>(host).map(IpAddr::V6),
        _ => return Err(ExtendedError::Protocol),
    };
    Ok(SocketAddr::new(address.ok_or(ExtendedError::Syntax)?, port))
}

/// The three fields between four delimiters.
fn extended_parts(argument: &[u8]) -> Option<(&[u8], &[u8], u16)> {
    let (&delimiter, rest) = argument.split_first()?;
    if !is_delimiter(delimiter) {
        return None;
    }
    let mut fields = rest.split(|&byte| byte == delimiter);
    let (protocol, host, port) = (fields.next()?, fields.next()?, fields.next()?);
    match (fields.next(), fields.next()) {
        (Some([]), None) => Some((protocol, host, parse_port(port)?)),
        _ => None,
    }
}

/// RFC 2428 § 2: "one of the ASCII characters in range 33-126 inclusive".
const fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

fn parse_port(digits: &[u8]) -> Option<u16> {
    u16::try_from(decimal(digits)?).ok()
}

fn parse_ip<T: FromStr>(text: &[u8]) -> Option<T> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// An address as `EPRT` writes it: `|2|2001:db8::1|6275|`. The flow and the zone of an IPv6 address do not travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extended(pub SocketAddr);

impl fmt::Display for Extended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.0.is_ipv4() { 1 } else { 2 };
        write!(f, "|{protocol}|{}|{}|", self.0.ip(), self.0.port())
    }
}

/// Finds the port in the text of a 229: `(|||6446|)` with any delimiter (RFC 2428 § 3).
///
/// What follows a parenthesis is preferred; failing that, the form is taken wherever it is. `None` also when the port
/// is 0, where nobody listens.
#[must_use]
pub fn find_extended_port(text: &[u8]) -> Option<u16> {
    let starts = || (0..text.len()).filter_map(|at| text.split_at_checked(at));
    let enclosed = starts().filter(|(before, _)| before.ends_with(b"("));
    let port = enclosed
        .chain(starts())
        .find_map(|(_, rest)| extended_port_prefix(rest))?;
    Some(port).filter(|&port| port != 0)
}

fn extended_port_prefix(text: &[u8]) -> Option<u16> {
    let (&[delimiter, second, third], rest) = text.split_first_chunk()?;
    if delimiter != second || delimiter != third || !is_delimiter(delimiter) {
        return None;
    }
    let (digits, tail) = leading_digits(rest, 5);
    let port = parse_port(digits)?;
    (tail.first() == Some(&delimiter)).then_some(port)
}

/// Why the argument of an `LPRT` was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum LongError {
    /// It is not of the form `4,4,192,0,2,1,2,24,131`: a 501.
    #[error("not a long address")]
    Syntax,
    /// It names an address family other than 4 (IPv4) and 6 (IPv6): a 521 (RFC 1639).
    #[error("unknown address family")]
    Family,
}

/// Reads the argument of `LPRT`: `af,hal,h1,…,pal,p1,…` (RFC 1639), with nothing else but spaces around it.
///
/// Port 0 is read as it is: whether to connect there is for a policy.
///
/// # Errors
///
/// [`LongError::Family`] when the form is right and only the address family is unknown.
pub fn parse_long(argument: &[u8]) -> Result<SocketAddr, LongError> {
    match long_prefix(argument.trim_ascii(), false) {
        Some((address, [])) => address.ok_or(LongError::Family),
        _ => Err(LongError::Syntax),
    }
}

/// Finds the address in the text of a 228: the first such list, wherever it is, as for a 227.
///
/// A space after a comma is tolerated. `None` also when the port is 0, where nobody listens.
#[must_use]
pub fn find_long(text: &[u8]) -> Option<SocketAddr> {
    let mut before = b' ';
    for (at, &byte) in text.iter().enumerate() {
        // Only where a number begins, and a try reads 35 numbers at most: linear, whatever the text.
        if byte.is_ascii_digit() && !before.is_ascii_digit() {
            let found = text.get(at..).and_then(|rest| long_prefix(rest, true));
            if let Some((Some(address), _)) = found {
                return Some(address).filter(|address| address.port() != 0);
            }
        }
        before = byte;
    }
    None
}

/// A list at the start of `text`, and what follows it. The address is missing where its family is unknown.
fn long_prefix(text: &[u8], spaced: bool) -> Option<(Option<SocketAddr>, &[u8])> {
    // An IPv6 address; no family that RFC 1639 lists has a longer one.
    const LONGEST: usize = 16;
    let (family, rest) = leading_byte(text)?;
    let (mut host, mut port) = ([0; LONGEST], [0; LONGEST]);
    let (host_length, rest) = counted_bytes(rest, spaced, &mut host)?;
    let (port_length, rest) = counted_bytes(rest, spaced, &mut port)?;
    if rest.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let ip = match (family, host_length, port_length) {
        (4, 4, 2) => {
            let [a, b, c, d, ..] = host;
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        (6, 16, 2) => IpAddr::V6(Ipv6Addr::from(host)),
        (4 | 6, ..) => return None,
        _ => return Some((None, rest)),
    };
    let [high, low, ..] = port;
    let port = u16::from_be_bytes([high, low]);
    Some((Some(SocketAddr::new(ip, port)), rest))
}

/// A comma, a count, and so many bytes.
fn counted_bytes<'a>(text: &'a [u8], spaced: bool, bytes: &mut [u8]) -> Option<(usize, &'a [u8])> {
    let comma = |text: &'a [u8]| {
        let rest = text.strip_prefix(b",")?;
        Some(rest.strip_prefix(b" ").filter(|_| spaced).unwrap_or(rest))
    };
    let (count, mut rest) = leading_byte(comma(text)?)?;
    let count = usize::from(count);
    for byte in bytes.get_mut(..count)? {
        (*byte, rest) = leading_byte(comma(rest)?)?;
    }
    Some((count, rest))
}

fn leading_byte(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = leading_digits(text, 3);
    Some((u8::try_from(decimal(digits)?).ok()?, rest))
}

/// An address as `LPRT` and 228 write it: `4,4,192,0,2,1,2,7,138`. The flow and the zone of an IPv6 address do not travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LongHostPort(pub SocketAddr);

impl fmt::Display for LongHostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut host = |family: u8, octets: &[u8]| {
            write!(f, "{family},{}", octets.len())?;
            octets.iter().try_for_each(|octet| write!(f, ",{octet}"))
        };
        match self.0.ip() {
            IpAddr::V4(ip) => host(4, &ip.octets())?,
            IpAddr::V6(ip) => host(6, &ip.octets())?,
        }
        let [high, low] = self.0.port().to_be_bytes();
        write!(f, ",2,{high},{low}")
    }
}

/// The argument of `EPSV` (RFC 2428 § 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum EpsvArgument {
    /// None: the network protocol of the control connection.
    #[default]
    Default,
    /// `1`: IPv4.
    Ipv4,
    /// `2`: IPv6.
    Ipv6,
    /// A network protocol that is neither; the reply is a 522.
    Other(u32),
    /// `ALL`: no other way to open a data connection will be used from now on (RFC 2428 § 4).
    All,
}

impl EpsvArgument {
    /// Reads the argument; spaces around it are tolerated. `None` when it is neither a number nor `ALL`.
    #[must_use]
    pub fn parse(argument: &[u8]) -> Option<Self> {
        let argument = argument.trim_ascii();
        if argument.is_empty() {
            return Some(Self::Default);
        }
        if argument.eq_ignore_ascii_case(b"ALL") {
            return Some(Self::All);
        }
        match u32::try_from(decimal(argument)?).ok()? {
            1 => Some(Self::Ipv4),
            2 => Some(Self::Ipv6),
            other => Some(Self::Other(other)),
        }
    }
}

impl fmt::Display for EpsvArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => Ok(()),
            Self::Ipv4 => f.write_str("1"),
            Self::Ipv6 => f.write_str("2"),
            Self::Other(number) => write!(f, "{number}"),
            Self::All => f.write_str("ALL"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn v4(text: &str) -> SocketAddrV4 {
        text.parse().unwrap()
    }

    #[test]
    fn reads_the_argument_of_port() {
        assert_eq!(
            parse_host_port(b"192,0,2,1,7,138"),
            Some(v4("192.0.2.1:1930"))
        );
        assert_eq!(
            parse_host_port(b" 192,0,2,1,7,138 "),
            Some(v4("192.0.2.1:1930"))
        );
        for bad in [
            "",
            "1,2,3,4,5",
            "1,2,3,4,5,6,7",
            "256,2,3,4,5,6",
            "1,2,3,4,5,-6",
            "1, 2,3,4,5,6",
            "1,2,3,4,5,6x",
            "0001,2,3,4,5,6",
            "1,,3,4,5,6",
        ] {
            assert_eq!(parse_host_port(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn finds_the_address_of_a_227() {
        for text in [
            "Entering Passive Mode (192,0,2,1,7,138).",
            "Entering Passive Mode. 192,0,2,1,7,138",
            "=192,0,2,1,7,138",
            "Mode 2, passive: 192, 0, 2, 1, 7, 138 (ok)",
            "1,2,3 then 192,0,2,1,7,138",
        ] {
            assert_eq!(
                find_host_port(text.as_bytes()),
                Some(v4("192.0.2.1:1930")),
                "{text}"
            );
        }
        for text in [
            "Entering Passive Mode",
            "(192,0,2,1,7)",
            "(192,0,2,1,7,1380)",
            "(192,0,2,1,0,0)",
        ] {
            assert_eq!(find_host_port(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn reads_the_examples_of_rfc_2428() {
        let v4 = parse_extended(b"|1|132.235.1.2|6275|").unwrap();
        assert_eq!(v4, "132.235.1.2:6275".parse().unwrap());
        let v6 = parse_extended(b"|2|1080::8:800:200C:417A|5282|").unwrap();
        assert_eq!(v6, "[1080::8:800:200c:417a]:5282".parse().unwrap());
        assert_eq!(parse_extended(b"!1!132.235.1.2!6275!"), Ok(v4));
        assert_eq!(
            parse_extended(b"|3|anything|6275|"),
            Err(ExtendedError::Protocol)
        );
    }

    #[test]
    fn an_extended_address_is_strict() {
        for bad in [
            "",
            "|",
            "|1|1.2.3.4|5",
            "|1|1.2.3.4|5|x",
            "|1|1.2.3.4|65536|",
            "|1|1.2.3.4|+5|",
            "|1|::1|5|",
            "|2|1.2.3.4|5|",
            "|2|fe80::1%eth0|5|",
            "||1.2.3.4|5|",
            "|x|1.2.3.4|5|",
            "|3|a|b|",
            "\u{7f}1\u{7f}1.2.3.4\u{7f}5\u{7f}",
            "|1|1.2.3.4|5||",
        ] {
            assert_eq!(
                parse_extended(bad.as_bytes()),
                Err(ExtendedError::Syntax),
                "{bad}"
            );
        }
    }

    #[test]
    fn finds_the_port_of_a_229() {
        for text in [
            "Entering Extended Passive Mode (|||6446|)",
            "Entering Extended Passive Mode (!!!6446!).",
            "Extended Passive Mode OK |||6446|",
            "wait... (||||6446|",
            "...1. but (|||6446|)",
        ] {
            assert_eq!(find_extended_port(text.as_bytes()), Some(6446), "{text}");
        }
        for text in [
            "",
            "(|||)",
            "(|||0|)",
            "(|||65536|)",
            "(|||123456|)",
            "(||6446|)",
            "(|||6446)",
            "(|!|6446|)",
        ] {
            assert_eq!(find_extended_port(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn reads_long_addresses() {
        let v6 = "6,16,16,128,0,0,0,0,0,0,0,8,8,0,32,12,65,122,2,20,162";
        let table = [
            ("4,4,192,0,2,1,2,7,138", Ok("192.0.2.1:1930")),
            (" 4,4,192,0,2,1,2,7,138 ", Ok("192.0.2.1:1930")),
            (v6, Ok("[1080::8:800:200c:417a]:5282")),
            ("5,3,1,2,3,1,9", Err(LongError::Family)),
            ("16,0,0", Err(LongError::Family)),
            ("", Err(LongError::Syntax)),
            ("4,4,192,0,2,1,2,7", Err(LongError::Syntax)),
            ("4,4,192,0,2,1,2,7,138,1", Err(LongError::Syntax)),
            ("4,4,192,0,2,1,2,7,1380", Err(LongError::Syntax)),
            ("4,4,192,0,2,256,2,7,138", Err(LongError::Syntax)),
            ("4,3,192,0,2,2,7,138", Err(LongError::Syntax)),
            ("4,4,192,0,2,1,3,0,7,138", Err(LongError::Syntax)),
            ("4, 4,192,0,2,1,2,7,138", Err(LongError::Syntax)),
            ("6,4,192,0,2,1,2,7,138", Err(LongError::Syntax)),
            (
                "7,17,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2,7,138",
                Err(LongError::Syntax),
            ),
            ("192,0,2,1,7,138", Err(LongError::Syntax)),
            ("5,1,2", Err(LongError::Syntax)),
        ];
        for (text, expected) in table {
            let expected = expected.map(|address| address.parse().unwrap());
            assert_eq!(parse_long(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn finds_the_address_of_a_228() {
        for text in [
            "Entering Long Passive Mode (4,4,192,0,2,1,2,7,138).",
            "Entering Long Passive Mode 4, 4, 192, 0, 2, 1, 2, 7, 138",
            "2 of 3,0,0: (4,4,192,0,2,1,2,7,138)",
        ] {
            let address = "192.0.2.1:1930".parse().unwrap();
            assert_eq!(find_long(text.as_bytes()), Some(address), "{text}");
        }
        for text in [
            "",
            "(4,4,192,0,2,1,2,0,0)",
            "(192,0,2,1,7,138)",
            "(5,1,1,1,1)",
        ] {
            assert_eq!(find_long(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn reads_the_argument_of_epsv() {
        let pairs = [
            ("", EpsvArgument::Default),
            ("1", EpsvArgument::Ipv4),
            ("2", EpsvArgument::Ipv6),
            ("3", EpsvArgument::Other(3)),
            ("all", EpsvArgument::All),
        ];
        for (text, argument) in pairs {
            assert_eq!(EpsvArgument::parse(text.as_bytes()), Some(argument));
            assert_eq!(text.to_ascii_uppercase(), argument.to_string());
        }
        assert_eq!(EpsvArgument::parse(b"-1"), None);
        assert_eq!(EpsvArgument::parse(b"4294967296"), None);
    }

    proptest! {
        #[test]
        fn addresses_come_back(ip: [u8; 4], ip6: [u8; 16], port: u16) {
            let v4 = SocketAddrV4::new(ip.into(), port);
            prop_assert_eq!(parse_host_port(HostPort(v4).to_string().as_bytes()), Some(v4));
            let found = Some(v4).filter(|_| port != 0);
            prop_assert_eq!(find_host_port(format!("Mode ({})", HostPort(v4)).as_bytes()), found);
            for address in [v4.into(), SocketAddr::new(ip6.into(), port)] {
                prop_assert_eq!(parse_extended(Extended(address).to_string().as_bytes()), Ok(address));
                let long = LongHostPort(address).to_string();
                prop_assert_eq!(parse_long(long.as_bytes()), Ok(address));
                let found = Some(address).filter(|_| port != 0);
                prop_assert_eq!(find_long(format!("Mode ({long}).").as_bytes()), found);
            }
            let found = Some(port).filter(|&port| port != 0);
            prop_assert_eq!(find_extended_port(format!("Mode (|||{port}|)").as_bytes()), found);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "[(|,0-9a. ]{0,40}") {
            for bytes in [&bytes[..], text.as_bytes()] {
                let _ = parse_host_port(bytes);
                let _ = find_host_port(bytes);
                let _ = parse_extended(bytes);
                let _ = find_extended_port(bytes);
                let _ = (parse_long(bytes), find_long(bytes));
                let _ = EpsvArgument::parse(bytes);
            }
        }
    }
}
