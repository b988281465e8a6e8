//! Proxies that pass connections on: SOCKS5 (RFC 1928, RFC 1929) and HTTP's CONNECT (RFC 9110 § 9.3.6).
//!
//! Each kind is a dialogue: bytes to say and bytes to hear, without a socket. It never asks for a byte beyond its own
//! end, because what follows is the server's greeting, or a file.

mod http_connect;
mod socks5;

use std::future::poll_fn;
use std::io;

use ftp_sansio::wire::{Arg, Secret};
use http_connect::HttpConnect;
use socks5::Socks5;
use thiserror::Error;

use crate::runtime::Stream;
use crate::target::Target;
use crate::transport::Transport;

/// The longest user name and the longest password, in bytes (RFC 1929 § 2 counts them in one byte).
const LONGEST_LOGIN: usize = 255;

/// The most bytes that are read at a time.
const ROOM: usize = 512;

/// A proxy that passes the control connection and the data connections on.
///
/// The server's name is looked up by the proxy. Active mode does not work through one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Proxy {
    kind: Kind,
    at: Target,
    login: Option<Login>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kind {
    Socks5,
    HttpConnect,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Login {
    user: Arg,
    password: Secret<Arg>,
}

impl Proxy {
    /// A SOCKS5 proxy (RFC 1928); its usual port is 1080.
    #[must_use]
    pub fn socks5(at: impl Into<Target>) -> Self {
        Self::new(Kind::Socks5, at.into())
    }

    /// An HTTP proxy that allows CONNECT (RFC 9110 § 9.3.6) to FTP's ports; many allow 443 alone.
    #[must_use]
    pub fn http_connect(at: impl Into<Target>) -> Self {
        Self::new(Kind::HttpConnect, at.into())
    }

    const fn new(kind: Kind, at: Target) -> Self {
        Self {
            kind,
            at,
            login: None,
        }
    }

    /// Who uses it: by RFC 1929 with SOCKS5, by HTTP's basic scheme (RFC 7617) with CONNECT. Both send the password unprotected.
    ///
    /// # Errors
    /// [`InvalidLogin`] for what the protocol cannot say.
    pub fn login(mut self, user: Arg, password: Secret<Arg>) -> Result<Self, InvalidLogin> {
        let fits = |bytes: &Arg| bytes.len() <= LONGEST_LOGIN;
        let is_sayable = match self.kind {
            Kind::Socks5 => !user.is_empty() && !password.expose().is_empty(),
            Kind::HttpConnect => !user.as_bytes().contains(&b':'),
        };
        if !is_sayable || !fits(&user) || !fits(password.expose()) {
            return Err(InvalidLogin);
        }
        self.login = Some(Login { user, password });
        Ok(self)
    }

    /// Where it is.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.at
    }

    /// Has the proxy at the other end of `stream` pass it on to `target`. Only the caller limits the time this takes.
    pub(crate) async fn pass_on<S: Stream>(
        &self,
        stream: S,
        target: &Target,
    ) -> Result<S, ProxyError> {
        let (login, mut transport) = (self.login.as_ref(), Transport::new(stream));
        match self.kind {
            Kind::Socks5 => converse(&mut transport, Socks5::new(target, login)).await,
            Kind::HttpConnect => converse(&mut transport, HttpConnect::new(target, login)).await,
        }?;
        Ok(transport.into_socket())
    }
}

/// A user name or a password that the proxy's protocol cannot say.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error(
    "the proxy's protocol cannot say this login: SOCKS5 takes 1 to 255 bytes each, HTTP no colon in the user's name"
)]
pub struct InvalidLogin;

/// Why a proxy did not pass a connection on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The connection to the proxy broke.
    #[error("the connection to the proxy broke: {0}")]
    Io(#[from] io::Error),
    /// The proxy closed the connection before it had answered.
    #[error("the proxy closed the connection")]
    Ended,
    /// What answered is no proxy of this kind, or its answer is out of all bounds.
    #[error("the answer is not that of such a proxy")]
    NotAProxy,
    /// The proxy wants to know who uses it, in a way that this side was not told or does not speak.
    #[error("the proxy asks for a login that was not given")]
    LoginRequired,
    /// The proxy does not know this user, or not with this password.
    #[error("the proxy refused the login")]
    LoginRefused,
    /// A SOCKS5 proxy refused or failed.
    #[error("the proxy refused: {0}")]
    Socks(SocksRefusal),
    /// An HTTP proxy refused or failed: with this status, and these words.
    #[error("the proxy refused: {status} {reason}")]
    Http {
        /// The status (RFC 9110 § 15).
        status: u16,
        /// The first of the proxy's words, fit for a terminal.
        reason: String,
    },
    /// Active mode was asked for: a proxy of these kinds passes no connection on to this side.
    #[error("active mode does not work through a proxy: choose a passive data path")]
    ActiveMode,
}

impl ProxyError {
    /// Whether the same may work when it is tried again.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Io(_) | Self::Ended => true,
            Self::Socks(refusal) => refusal.is_transient(),
            // RFC 9110 § 15.6: the proxy's own trouble, or that of the way beyond it. § 15.5.9 and RFC 6585 § 4 ask to come again.
            Self::Http { status, .. } => matches!(status, 408 | 429 | 500..),
            Self::NotAProxy | Self::LoginRequired | Self::LoginRefused | Self::ActiveMode => false,
        }
    }
}

/// What a SOCKS5 proxy says of a connection that it did not make (RFC 1928 § 6).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum SocksRefusal {
    /// 1: some failure of its own.
    #[error("general failure")]
    General,
    /// 2: its rules forbid it.
    #[error("not allowed")]
    NotAllowed,
    /// 3: the network cannot be reached.
    #[error("network unreachable")]
    NetworkUnreachable,
    /// 4: the host cannot be reached; that is also said of a name that is not known.
    #[error("host unreachable")]
    HostUnreachable,
    /// 5: the host refused.
    #[error("connection refused")]
    ConnectionRefused,
    /// 6: it took too long.
    #[error("TTL expired")]
    TtlExpired,
    /// 7: it does not know CONNECT.
    #[error("command not supported")]
    CommandUnknown,
    /// 8: it does not know this kind of address.
    #[error("address type not supported")]
    AddressUnknown,
    /// What RFC 1928 does not say.
    #[error("reply {0}")]
    Other(u8),
}

impl SocksRefusal {
    const fn of(code: u8) -> Self {
        match code {
            1 => Self::General,
            2 => Self::NotAllowed,
            3 => Self::NetworkUnreachable,
            4 => Self::HostUnreachable,
            5 => Self::ConnectionRefused,
            6 => Self::TtlExpired,
            7 => Self::CommandUnknown,
            8 => Self::AddressUnknown,
            other => Self::Other(other),
        }
    }

    const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::General
                | Self::NetworkUnreachable
                | Self::HostUnreachable
                | Self::ConnectionRefused
                | Self::TtlExpired
        )
    }
}

/// What is said to a proxy and heard from it, until it passes everything on.
trait Dialogue {
    /// What is to be said next; nothing while this side listens.
    fn to_say(&self) -> &[u8];

    /// So many bytes of that were said.
    fn said(&mut self, count: usize);

    /// How many bytes at the most may be read now: none of them can lie beyond the end. 0 once the proxy passes everything on.
    fn wanted(&self) -> usize;

    /// Takes what was read.
    fn hear(&mut self, bytes: &[u8]) -> Result<(), ProxyError>;
}

/// Leads a dialogue to its end.
async fn converse<S: Stream>(
    transport: &mut Transport<S>,
    mut dialogue: impl Dialogue + Send,
) -> Result<(), ProxyError> {
    let mut room = [0; ROOM];
    loop {
        while !dialogue.to_say().is_empty() {
            let count = poll_fn(|context| transport.poll_write(context, dialogue.to_say()));
            let count = count.await?;
            dialogue.said(count);
        }
        let wanted = dialogue.wanted().min(ROOM);
        let Some(room) = room.get_mut(..wanted).filter(|room| !room.is_empty()) else {
            return Ok(());
        };
        match poll_fn(|context| transport.poll_read(context, room)).await? {
            0 => return Err(ProxyError::Ended),
            count => dialogue.hear(room.get(..count).unwrap_or_default())?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn login() -> Login {
        Login {
            user: "anna".parse().unwrap(),
            password: Secret::new("hush".parse().unwrap()),
        }
    }

    /// Leads a dialogue against bytes that were written down before, in pieces of this size: what was said, what came of it, and how many
    /// of the bytes were left.
    pub(super) fn rehearse(
        mut dialogue: impl Dialogue,
        mut heard: &[u8],
        step: usize,
    ) -> (Vec<u8>, Result<(), ProxyError>, usize) {
        let mut said = Vec::new();
        loop {
            while !dialogue.to_say().is_empty() {
                let count = dialogue.to_say().len().min(step);
                said.extend_from_slice(&dialogue.to_say()[..count]);
                dialogue.said(count);
            }
            let count = dialogue.wanted().min(step).min(heard.len());
            if dialogue.wanted() == 0 {
                return (said, Ok(()), heard.len());
            }
            if count == 0 {
                return (said, Err(ProxyError::Ended), 0);
            }
            let (piece, rest) = heard.split_at(count);
            heard = rest;
            if let Err(error) = dialogue.hear(piece) {
                return (said, Err(error), heard.len());
            }
        }
    }

    #[test]
    fn logins_that_cannot_be_said_are_refused() {
        let at: Target = "proxy.example:1080".parse().unwrap();
        let arg = |text: &str| Arg::try_from(text).unwrap();
        let login = |proxy: Proxy, user: &str, password: &str| {
            proxy.login(arg(user), Secret::new(arg(password))).is_ok()
        };
        let long = "x".repeat(LONGEST_LOGIN);
        assert!(login(Proxy::socks5(at.clone()), &long, &long));
        assert!(login(Proxy::socks5(at.clone()), "a:b", "c"));
        assert!(!login(Proxy::socks5(at.clone()), "", "c"));
        assert!(!login(Proxy::socks5(at.clone()), "a", ""));
        assert!(!login(Proxy::socks5(at.clone()), "a", &format!("{long}x")));
        assert!(login(Proxy::http_connect(at.clone()), "a", ""));
        assert!(!login(Proxy::http_connect(at), "a:b", "c"));
    }

    #[test]
    fn a_password_is_not_shown() {
        let proxy = Proxy::socks5("192.0.2.1:1080".parse::<Target>().unwrap());
        let Login { user, password } = login();
        let shown = format!("{:?}", proxy.login(user, password).unwrap());
        assert!(shown.contains("anna") && !shown.contains("hush"), "{shown}");
    }

    #[test]
    fn what_may_be_tried_again() {
        let http = |status| ProxyError::Http {
            status,
            reason: String::new(),
        };
        for (error, expected) in [
            (ProxyError::Io(io::ErrorKind::ConnectionReset.into()), true),
            (ProxyError::Ended, true),
            (ProxyError::NotAProxy, false),
            (ProxyError::LoginRequired, false),
            (ProxyError::LoginRefused, false),
            (ProxyError::ActiveMode, false),
            (http(403), false),
            (http(407), false),
            (http(429), true),
            (http(503), true),
            (ProxyError::Socks(SocksRefusal::of(1)), true),
            (ProxyError::Socks(SocksRefusal::of(2)), false),
            (ProxyError::Socks(SocksRefusal::of(5)), true),
            (ProxyError::Socks(SocksRefusal::of(8)), false),
            (ProxyError::Socks(SocksRefusal::of(99)), false),
        ] {
            assert_eq!(error.is_retryable(), expected, "{error}");
        }
    }
}
