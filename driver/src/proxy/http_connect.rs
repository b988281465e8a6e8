//! HTTP's CONNECT (RFC 9110 § 9.3.6), in HTTP/1.1 (RFC 9112), with the basic scheme (RFC 7617).

use ftp_sansio::wire::Escaped;

use super::{Dialogue, Login, ProxyError};
use crate::target::Target;

/// The most bytes of all the heads that a proxy may answer with.
const LONGEST_HEAD: usize = 16 * 1024;

/// The most bytes of the proxy's own words that are kept.
const LONGEST_REASON: usize = 100;

/// How every answer begins.
const PROTOCOL: &[u8] = b"HTTP/1.";

const LOGIN_REQUIRED: u16 = 407;

pub(super) struct HttpConnect {
    /// Holds the password while it is on its way.
    to_say: Vec<u8>,
    said: usize,
    has_login: bool,
    /// Of the head that is read.
    head: Vec<u8>,
    /// Of all heads.
    heard: usize,
    is_through: bool,
}

impl HttpConnect {
    pub(super) fn new(target: &Target, login: Option<&Login>) -> Self {
        let authority = match target {
            // A scope means something on this machine alone.
            Target::Address(std::net::SocketAddr::V6(v6)) => format!("[{}]:{}", v6.ip(), v6.port()),
            target => target.to_string(),
        };
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some(Login { user, password }) = login {
            let pair = [user.as_bytes(), b":", password.expose().as_bytes()].concat();
            request.push_str("Proxy-Authorization: Basic ");
            encode_base64(&pair, &mut request);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        Self {
            to_say: request.into_bytes(),
            said: 0,
            has_login: login.is_some(),
            head: Vec::new(),
            heard: 0,
            is_through: false,
        }
    }

    /// How many bytes the head lacks at the least. A line may end with LF alone (RFC 9112 § 2.2).
    fn lacking(&self) -> usize {
        match self.head.as_slice() {
            [.., b'\n', b'\n'] | [.., b'\n', b'\r', b'\n'] => 0,
            [.., b'\n'] | [.., b'\n', b'\r'] => 1,
            head => 2.max(PROTOCOL.len().saturating_sub(head.len())),
        }
    }

    /// A whole head has come.
    fn conclude(&mut self) -> Result<(), ProxyError> {
        let head = std::mem::take(&mut self.head);
        let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let (status, reason) = read_status(line.trim_ascii_end()).ok_or(ProxyError::NotAProxy)?;
        match status {
            // Something is still to come; a proxy that switches protocols does another thing than was asked for (RFC 9110 § 15.2).
            100 | 102..200 => Ok(()),
            // Any of them (RFC 9110 § 9.3.6), and whatever the head says of a length.
            200..300 => {
                self.is_through = true;
                Ok(())
            }
            LOGIN_REQUIRED if self.has_login => Err(ProxyError::LoginRefused),
            LOGIN_REQUIRED => Err(ProxyError::LoginRequired),
            300.. => Err(ProxyError::Http { status, reason }),
            _ => Err(ProxyError::NotAProxy),
        }
    }
}

/// `HTTP/1.1 200 Connection established` (RFC 9112 § 4).
fn read_status(line: &[u8]) -> Option<(u16, String)> {
    let mut parts = line.strip_prefix(PROTOCOL)?.splitn(3, |&byte| byte == b' ');
    let (Some([minor]), Some(digits @ [_, _, _])) = (parts.next(), parts.next()) else {
        return None;
    };
    if !minor.is_ascii_digit() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = digits.iter().map(|digit| u16::from(digit - b'0'));
    let reason = parts.next().unwrap_or_default();
    let reason = reason.get(..LONGEST_REASON).unwrap_or(reason);
    let status = digits.fold(0, |status, digit| 10 * status + digit);
    Some((status, Escaped(reason).to_string()))
}

/// RFC 4648 § 4.
fn encode_base64(bytes: &[u8], text: &mut String) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in bytes.chunks(3) {
        let byte = |at: usize| group.get(at).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize % 64];
            text.push(if place > group.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
}

impl Dialogue for HttpConnect {
    fn to_say(&self) -> &[u8] {
        self.to_say.get(self.said..).unwrap_or_default()
    }

    fn said(&mut self, count: usize) {
        self.said += count;
    }

    fn wanted(&self) -> usize {
        if self.is_through { 0 } else { self.lacking() }
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), ProxyError> {
        self.head.extend_from_slice(bytes);
        self.heard += bytes.len();
        // What speaks another protocol need not be waited for.
        let begins = self.head.iter().zip(PROTOCOL);
        if self.heard > LONGEST_HEAD || begins.into_iter().any(|(is, expected)| is != expected) {
            return Err(ProxyError::NotAProxy);
        }
        if self.lacking() == 0 {
            self.conclude()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{login, rehearse};
    use super::*;

    fn run(
        login: Option<&Login>,
        heard: &[u8],
        step: usize,
    ) -> (Vec<u8>, Result<(), ProxyError>, usize) {
        let target: Target = "ftp.example:21".parse().unwrap();
        rehearse(HttpConnect::new(&target, login), heard, step)
    }

    #[test]
    fn requests() {
        let said = |target: &str, login: Option<&Login>| {
            let dialogue = HttpConnect::new(&target.parse().unwrap(), login);
            String::from_utf8(dialogue.to_say().to_vec()).unwrap()
        };
        assert_eq!(
            said("ftp.example:21", None),
            "CONNECT ftp.example:21 HTTP/1.1\r\nHost: ftp.example:21\r\n\r\n"
        );
        assert_eq!(
            said("[fe80::1%3]:990", None),
            "CONNECT [fe80::1]:990 HTTP/1.1\r\nHost: [fe80::1]:990\r\n\r\n"
        );
        assert_eq!(
            said("192.0.2.1:21", Some(&login())),
            "CONNECT 192.0.2.1:21 HTTP/1.1\r\nHost: 192.0.2.1:21\r\nProxy-Authorization: Basic YW5uYTpodXNo\r\n\r\n"
        );
    }

    /// RFC 4648 § 10.
    #[test]
    fn base64() {
        let encoded = |bytes: &[u8]| {
            let mut text = String::new();
            encode_base64(bytes, &mut text);
            text
        };
        for (plain, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encoded(plain.as_bytes()), expected);
        }
        assert_eq!(encoded(&[0xfb, 0xff, 0xfe]), "+//+");
    }

    /// Not a byte of the greeting is taken, however the answer is cut.
    #[test]
    fn answers() {
        let greeting = b"220 Here.\r\n";
        for heard in [
            &b"HTTP/1.1 200 Connection established\r\n\r\n"[..],
            b"HTTP/1.0 200\r\n\r\n",
            b"HTTP/1.1 299 \n\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nVia: 1.1 x\r\n\r\n",
            b"HTTP/1.1 102 Wait\r\nA: b\r\n\r\nHTTP/1.1 204 There\r\n\r\n",
        ] {
            for step in 1..=64 {
                let (_, outcome, left) = run(None, &[heard, greeting].concat(), step);
                assert!(outcome.is_ok(), "{outcome:?}");
                assert_eq!(left, greeting.len(), "a byte of the greeting was taken");
            }
        }
    }

    #[test]
    fn refusals() {
        let refused = |login: Option<&Login>, heard: &[u8]| run(login, heard, 64).1.unwrap_err();
        let anna = login();
        let required =
            b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n";
        assert!(matches!(refused(None, required), ProxyError::LoginRequired));
        assert!(matches!(
            refused(Some(&anna), required),
            ProxyError::LoginRefused
        ));
        let told = refused(None, b"HTTP/1.1 403 No\x1b[2J FTP\r\n\r\n<html>");
        assert_eq!(told.to_string(), "the proxy refused: 403 No\\x1b[2J FTP");
        let long = [b"HTTP/1.1 503 ".as_slice(), &b"x".repeat(1000), b"\r\n\r\n"].concat();
        let ProxyError::Http {
            status: 503,
            reason,
        } = refused(None, &long)
        else {
            panic!()
        };
        assert_eq!(reason.len(), LONGEST_REASON);
        for broken in [
            &b"220 Here.\r\n"[..],
            b"SSH-2.0-x\r\n",
            b"\x05\xff",
            b"HTTP/2 200\r\n\r\n",
            b"HTTP/1.1 2000 x\r\n\r\n",
            b"HTTP/1.1 2x0 x\r\n\r\n",
            b"HTTP/1.1 000 x\r\n\r\n",
            b"HTTP/1.1 101 Switching\r\n\r\n",
            b"HTTP/1.1\r\n\r\n",
        ] {
            assert!(
                matches!(refused(None, broken), ProxyError::NotAProxy),
                "{broken:?}"
            );
        }
        assert!(matches!(
            refused(None, b"HTTP/1.1 200 OK\r\n"),
            ProxyError::Ended
        ));
    }

    /// Neither a head without end nor heads without end are kept.
    #[test]
    fn an_endless_answer_is_given_up() {
        for endless in [
            [
                b"HTTP/1.1 200 OK\r\n".as_slice(),
                &b"A: b\r\n".repeat(LONGEST_HEAD),
            ]
            .concat(),
            b"HTTP/1.1 102 Wait\r\n\r\n".repeat(LONGEST_HEAD),
        ] {
            let before = endless.len();
            let (_, outcome, left) = run(None, &endless, 64);
            assert!(matches!(outcome, Err(ProxyError::NotAProxy)));
            assert!(before - left <= LONGEST_HEAD + 64);
        }
    }
}
