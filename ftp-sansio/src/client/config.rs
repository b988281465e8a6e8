//! What a user of the client sets for a session.

use core::time::Duration;

/// How a client's session behaves.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Config {
    /// How data connections are made.
    pub data_path: DataPath,
    /// Whether the host in a 227 is connected to, and not the control connection's peer. A server that lies there makes a client
    /// connect to whom it likes (CVE-2020-8284), and one behind NAT often tells an address that nobody can reach.
    pub believe_passive_host: bool,
    /// The longest reply that is taken, in bytes.
    pub reply_limit: usize,
    /// Whether every command and reply is an [`Event`](super::Event) too.
    pub trace: bool,
    /// How long each wait may last.
    pub timeouts: Timeouts,
}

/// Who connects to whom for a data connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DataPath {
    /// This side connects: EPSV, and PASV where that fails.
    #[default]
    Passive,
    /// This side connects: PASV, and EPSV where that fails.
    PassiveHostPort,
    /// The server connects: PORT (over IPv6 EPRT).
    Active,
}

/// How long each wait may last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// For the TCP connection. The session does not wait for it; a driver does.
    pub connect: Duration,
    /// For a reply, the greeting too.
    pub reply: Duration,
    /// For the data connection.
    pub data_open: Duration,
    /// Without one byte moved on the data connection.
    pub data_progress: Duration,
    /// For the replies after an ABOR.
    pub abort: Duration,
}

impl Timeouts {
    /// Every wait may last this long.
    #[must_use]
    pub const fn all(duration: Duration) -> Self {
        Self {
            connect: duration,
            reply: duration,
            data_open: duration,
            data_progress: duration,
            abort: duration,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            abort: Duration::from_secs(10),
            ..Self::all(Duration::from_secs(60))
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_path: DataPath::default(),
            believe_passive_host: false,
            reply_limit: 64 * 1024,
            trace: false,
            timeouts: Timeouts::default(),
        }
    }
}
