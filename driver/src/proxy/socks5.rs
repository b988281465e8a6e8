//! SOCKS5: CONNECT (RFC 1928), with a user and a password where the proxy asks for them (RFC 1929).

use std::net::IpAddr;

use super::{Dialogue, Login, ProxyError, SocksRefusal};
use crate::target::Target;

const VERSION: u8 = 5;
const LOGIN_VERSION: u8 = 1;
const NO_LOGIN: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NOTHING_ACCEPTABLE: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Version, reply, a reserved byte, the kind of address, and its first byte: what tells how long a reply is.
const HEAD: usize = 5;

pub(super) struct Socks5<'a> {
    target: &'a Target,
    login: Option<&'a Login>,
    /// Holds the password while it is on its way.
    to_say: Vec<u8>,
    said: usize,
    heard: Vec<u8>,
    stage: Stage,
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// Which of the ways to log in it takes.
    Method,
    /// Whether the login was good.
    Login,
    /// Whether the connection was made.
    Verdict,
    /// How long the rest of that reply is.
    Head,
    /// That rest: the proxy's own address, which nobody needs.
    Rest(usize),
    Through,
}

impl<'a> Socks5<'a> {
    pub(super) fn new(target: &'a Target, login: Option<&'a Login>) -> Self {
        let to_say = match login {
            None => vec![VERSION, 1, NO_LOGIN],
            Some(_) => vec![VERSION, 2, NO_LOGIN, USER_AND_PASSWORD],
        };
        Self {
            target,
            login,
            to_say,
            said: 0,
            heard: Vec::new(),
            stage: Stage::Method,
        }
    }

    fn say(&mut self, bytes: Vec<u8>, stage: Stage) {
        (self.to_say, self.said, self.stage) = (bytes, 0, stage);
        self.heard.clear();
    }

    /// How long what was heard has to be before anything can be made of it.
    const fn needed(&self) -> usize {
        match self.stage {
            Stage::Method | Stage::Login | Stage::Verdict => 2,
            Stage::Head => HEAD,
            Stage::Rest(whole) => whole,
            Stage::Through => 0,
        }
    }

    fn go_on(&mut self) -> Result<(), ProxyError> {
        let expected = match self.stage {
            Stage::Login => LOGIN_VERSION,
            _ => VERSION,
        };
        let (Some(&version), Some(&answer)) = (self.heard.first(), self.heard.get(1)) else {
            return Ok(());
        };
        if version != expected {
            return Err(ProxyError::NotAProxy);
        }
        match (self.stage, answer) {
            (Stage::Method, NO_LOGIN) => self.say(self.request(), Stage::Verdict),
            (Stage::Method, USER_AND_PASSWORD) => {
                let login = self.login.ok_or(ProxyError::NotAProxy)?;
                self.say(say_login(login), Stage::Login);
            }
            (Stage::Method, NOTHING_ACCEPTABLE) => return Err(ProxyError::LoginRequired),
            (Stage::Method, _) => return Err(ProxyError::NotAProxy),
            (Stage::Login, 0) => self.say(self.request(), Stage::Verdict),
            (Stage::Login, _) => return Err(ProxyError::LoginRefused),
            (Stage::Verdict, 0) => self.stage = Stage::Head,
            (Stage::Verdict, code) => return Err(ProxyError::Socks(SocksRefusal::of(code))),
            (Stage::Head, _) => {
                let address = match self.heard.get(3..HEAD) {
                    Some([IPV4, _]) => 4,
                    Some([IPV6, _]) => 16,
                    Some([NAME, length]) => 1 + usize::from(*length),
                    _ => return Err(ProxyError::NotAProxy),
                };
                self.stage = Stage::Rest(HEAD - 1 + address + 2);
            }
            (Stage::Rest(_) | Stage::Through, _) => self.stage = Stage::Through,
        }
        Ok(())
    }

    /// CONNECT (RFC 1928 § 4). An IPv6 address loses its scope, which means something here alone.
    fn request(&self) -> Vec<u8> {
        let mut request = vec![VERSION, CONNECT, 0];
        match self.target {
            Target::Name(name, _) => {
                // A name is checked to have 253 bytes at the most.
                let name = name.as_str().as_bytes();
                request.extend([NAME, u8::try_from(name.len()).unwrap_or(u8::MAX)]);
                request.extend_from_slice(name);
            }
            Target::Address(address) => match address.ip() {
                IpAddr::V4(ip) => {
                    request.push(IPV4);
                    request.extend(ip.octets());
                }
                IpAddr::V6(ip) => {
                    request.push(IPV6);
                    request.extend(ip.octets());
                }
            },
        }
        request.extend(self.target.port().to_be_bytes());
        request
    }
}

/// RFC 1929 § 2.
fn say_login(login: &Login) -> Vec<u8> {
    let mut said = vec![LOGIN_VERSION];
    for part in [&login.user, login.password.expose()] {
        // A login is checked to have 255 bytes at the most in each part.
        said.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
        said.extend_from_slice(part.as_bytes());
    }
    said
}

impl Dialogue for Socks5<'_> {
    fn to_say(&self) -> &[u8] {
        self.to_say.get(self.said..).unwrap_or_default()
    }

    fn said(&mut self, count: usize) {
        self.said += count;
    }

    fn wanted(&self) -> usize {
        self.needed().saturating_sub(self.heard.len())
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), ProxyError> {
        self.heard.extend_from_slice(bytes);
        // What was heard may be enough for the next stage already.
        while self.stage != Stage::Through && !self.heard.is_empty() && self.wanted() == 0 {
            self.go_on()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{login, rehearse};
    use super::*;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    /// Whole dialogues, worked out by hand from the RFCs; none takes a byte of the greeting behind it, however it is cut.
    #[test]
    fn dialogues() {
        let greeting = b"220 Here.\r\n";
        let v4 = target("192.0.2.7:21");
        let v6 = target("[2001:db8::1]:8021");
        let name = target("ftp.example:21");
        let anna = login();
        // To where, as whom, what is heard, and what is said.
        type Case<'a> = (&'a Target, Option<&'a Login>, &'a [u8], &'a [u8]);
        let cases: [Case<'_>; 5] = [
            (
                &v4,
                None,
                b"\x05\x00\x05\x00\x00\x01\x0a\x00\x00\x01\x04\x38",
                b"\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x15",
            ),
            (
                &v6,
                None,
                b"\x05\x00\x05\x00\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09\x04\x38",
                b"\x05\x01\x00\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x55",
            ),
            (
                &name,
                None,
                b"\x05\x00\x05\x00\x00\x03\x05proxy\x04\x38",
                b"\x05\x01\x00\x05\x01\x00\x03\x0bftp.example\x00\x15",
            ),
            // A name without a byte is the shortest reply there is.
            (
                &name,
                None,
                b"\x05\x00\x05\x00\x00\x03\x00\x04\x38",
                b"\x05\x01\x00\x05\x01\x00\x03\x0bftp.example\x00\x15",
            ),
            (
                &v4,
                Some(&anna),
                b"\x05\x02\x01\x00\x05\x00\x00\x01\0\0\0\0\0\0",
                b"\x05\x02\x00\x02\x01\x04anna\x04hush\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x15",
            ),
        ];
        for (target, login, heard, expected) in cases {
            for step in 1..=300 {
                let all = [heard, greeting].concat();
                let (said, outcome, left) = rehearse(Socks5::new(target, login), &all, step);
                assert!(outcome.is_ok(), "{outcome:?}");
                assert_eq!(said, expected);
                assert_eq!(left, greeting.len(), "a byte of the greeting was taken");
            }
        }
    }

    /// A proxy that asks for nothing is told nothing.
    #[test]
    fn a_password_is_said_only_when_asked_for() {
        let heard = b"\x05\x00\x05\x00\x00\x01\0\0\0\0\0\0";
        let (v4, anna) = (target("192.0.2.7:21"), login());
        let (said, outcome, _) = rehearse(Socks5::new(&v4, Some(&anna)), heard, 7);
        assert!(outcome.is_ok());
        assert!(!said.windows(4).any(|window| window == b"hush"));
    }

    #[test]
    fn refusals() {
        let refused = |login: Option<&Login>, heard: &[u8]| {
            let target = target("ftp.example:21");
            rehearse(Socks5::new(&target, login), heard, 3)
                .1
                .unwrap_err()
        };
        let anna = login();
        assert!(matches!(
            refused(None, b"\x05\xff"),
            ProxyError::LoginRequired
        ));
        assert!(matches!(
            refused(Some(&anna), b"\x05\x02\x01\x01"),
            ProxyError::LoginRefused
        ));
        // A refusal is one before its address has come: some proxies close there.
        for code in 1..=9 {
            let told = refused(None, &[5, 0, 5, code]);
            assert!(matches!(told, ProxyError::Socks(why) if why == SocksRefusal::of(code)));
        }
        for broken in [
            &b"\x04\x5a"[..],
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            b"\x05\x02",
            b"\x05\x01",
            b"\x05\x00\x04\x00",
            b"\x05\x00\x05\x00\x00\x02\x00",
        ] {
            assert!(
                matches!(refused(None, broken), ProxyError::NotAProxy),
                "{broken:?}"
            );
        }
        assert!(matches!(
            refused(Some(&anna), b"\x05\x02\x05\x00"),
            ProxyError::NotAProxy
        ));
        assert!(matches!(
            refused(None, b"\x05\x00\x05\x00\x00\x01\0\0"),
            ProxyError::Ended
        ));
    }
}
