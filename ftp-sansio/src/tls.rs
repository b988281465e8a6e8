//! TLS as the machines see it: when it may begin and end, and what came of it (RFC 4217). They never see a byte of it.
//!
//! A driver puts a TLS engine between its socket and a machine when an action with a [`TlsTicket`] tells it to, and takes it away when
//! an action says so. Bytes that the machine had not taken by then were sent as ciphertext, and go into the engine: what somebody
//! slipped in behind an `AUTH` in clear text thereby breaks the handshake and is never a command (CVE-2011-0411), nor a reply
//! (CVE-2021-22947).

use crate::wire::Arg;

/// The right to begin TLS on a control connection, once.
///
/// Only a machine makes one, and only when everything that belongs before it is on the wire and nothing that follows will be read
/// in clear text; so a driver cannot begin too early, or by itself.
#[derive(PartialEq, Eq, Debug)]
pub struct TlsTicket(());

impl TlsTicket {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

/// What became of TLS on a control connection.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TlsEvent {
    /// The handshake is complete.
    Up(TlsFacts),
    /// The handshake failed. Nothing can be sent any more: the stream is neither clear text nor TLS.
    Failed,
    /// The peer's `close_notify` came after this side had sent its own (CCC, REIN): from here on the bytes are clear text.
    Down,
}

/// What a handshake has shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct TlsFacts {
    /// The host that the client named (SNI, RFC 6066 § 3), on the server's side. HOST must agree with it (RFC 7151 § 3).
    pub server_name: Option<Arg>,
    /// Whether it resumed an earlier session.
    pub resumed: bool,
}

impl TlsFacts {
    /// A handshake for this host.
    #[must_use]
    pub const fn new(server_name: Option<Arg>, resumed: bool) -> Self {
        Self {
            server_name,
            resumed,
        }
    }
}

/// How a data connection is protected. A machine decides it when a transfer starts, in the same way for every kind of route.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Protection {
    /// Not at all (PROT C).
    #[default]
    Clear,
    /// By TLS, in which this side has the role of the client or of the server (PROT P). A server is TLS's server (RFC 4217 § 7),
    /// unless CPSV or SSCN turned that around for a transfer between two servers.
    Tls(TlsRole),
}

/// Which part a side has in a handshake.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TlsRole {
    /// It begins.
    Client,
    /// It answers.
    Server,
}

/// What a server asks of data connections besides TLS itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Resumption {
    /// Nothing.
    #[default]
    Off,
    /// That their handshake resumes the control connection's session, so that nobody else can take them.
    Require,
}
