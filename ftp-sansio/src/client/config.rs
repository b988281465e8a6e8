//! What a user of the client sets for a session.

use core::time::Duration;

use crate::tls::Resumption;

/// How a client's session behaves.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Config {
    /// How data connections are made.
    pub data_path: DataPath,
    /// Whether the host in a 227 is connected to, and not the control connection's peer. A server that lies there makes a client
    /// connect to whom it likes (CVE-2020-8284), and one behind NAT often tells an address that nobody can reach.
    pub believe_passive_host: bool,
    /// Whether PRET is sent before EPSV or PASV, for servers that are many and must know which of them the data is for.
    pub pret: bool,
    /// Whether commands are sent before the earlier ones are answered, as far as the server has shown that it can take it. Without it
    /// one command at a time is under way; the outcomes are the same.
    pub pipelining: bool,
    /// Whether an upload's data leaves as soon as its connection is there, before the server's 1xx. It saves a round trip for each
    /// file; a server that refuses has then been sent data in vain.
    pub eager_uploads: bool,
    /// How a transfer is given up.
    pub abort: AbortStyle,
    /// Whether the control connection is protected by TLS. Where it is to be, nothing is sent in clear text that need not be.
    pub tls: Tls,
    /// With TLS: whether data connections are protected too (PROT P), or left in clear text (PROT C).
    pub protect_data: bool,
    /// With TLS: whether each data connection must resume the control connection's session.
    pub resumption: Resumption,
    /// After how long without a word a NOOP is sent, so that nobody on the way forgets the connection.
    pub keepalive: Option<Duration>,
    /// The longest reply that is taken, in bytes.
    pub reply_limit: usize,
    /// Whether every command and reply is an [`Event`](super::Event) too.
    pub trace: bool,
    /// How long each wait may last.
    pub timeouts: Timeouts,
}

/// Who connects to whom for a data connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum DataPath {
    /// This side connects: EPSV, and PASV where that fails.
    #[default]
    Passive,
    /// This side connects: PASV, and EPSV where that fails.
    PassiveHostPort,
    /// This side connects: LPSV (RFC 1639), and EPSV where that fails.
    PassiveLong,
    /// The server connects: PORT (over IPv6 EPRT).
    Active,
    /// The server connects: LPRT (RFC 1639), and EPRT where that fails.
    ActiveLong,
}

/// How a server is told to give up a transfer (RFC 959 § 4.1.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum AbortStyle {
    /// By ABOR alone, which today's servers read while they move data.
    #[default]
    Plain,
    /// By Telnet's IP and Synch first, as urgent data: for servers that look at the control connection during a transfer only then. Over
    /// TLS, which knows no urgent data, they go like any other bytes (RFC 4217 § 14).
    Synch,
}

/// Whether and when the control connection becomes TLS.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Tls {
    /// When the user asks for it by [`secure`](super::Session::secure), if at all.
    #[default]
    Off,
    /// By AUTH TLS (RFC 4217 § 4): until [`secure`](super::Session::secure) has succeeded, nothing but it, HOST, FEAT and QUIT is
    /// sent.
    Explicit,
    /// From the first byte on. [`secure`](super::Session::secure) is still needed before data can be moved: it says PBSZ and PROT.
    Implicit,
}

/// How long each wait may last.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// For the TCP connection. The session does not wait for it; a driver does.
    pub connect: Duration,
    /// For the greeting.
    pub greeting: Duration,
    /// For a reply. For that to an upload whose data is sent, [`data_progress`](Self::data_progress) is added to it: the last of the data may
    /// be in the system's buffer still, on its way to the server.
    pub reply: Duration,
    /// For the reply to a digest (HASH, XSHA256 and their like): a server reads the whole file before it gives any. By default an hour.
    pub digest: Duration,
    /// For TLS to begin or to end on the control connection.
    pub tls: Duration,
    /// For the data connection.
    pub data_open: Duration,
    /// Without one byte moved on the data connection.
    pub data_progress: Duration,
    /// For a transfer between two other parties, of whose progress nothing is seen here.
    pub third_party: Duration,
    /// For the replies after a transfer was given up.
    pub abort: Duration,
    /// For the reply to QUIT.
    pub linger: Duration,
}

impl Timeouts {
    /// Every wait may last this long.
    #[must_use]
    pub const fn all(duration: Duration) -> Self {
        Self {
            connect: duration,
            greeting: duration,
            reply: duration,
            digest: duration,
            tls: duration,
            data_open: duration,
            data_progress: duration,
            third_party: duration,
            abort: duration,
            linger: duration,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            abort: Duration::from_secs(10),
            linger: Duration::from_secs(10),
            digest: Duration::from_secs(3600),
            third_party: Duration::from_secs(24 * 3600),
            ..Self::all(Duration::from_secs(60))
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_path: DataPath::default(),
            believe_passive_host: false,
            pret: false,
            pipelining: true,
            eager_uploads: false,
            abort: AbortStyle::default(),
            tls: Tls::default(),
            protect_data: true,
            resumption: Resumption::default(),
            keepalive: None,
            reply_limit: 64 * 1024,
            trace: false,
            timeouts: Timeouts::default(),
        }
    }
}
