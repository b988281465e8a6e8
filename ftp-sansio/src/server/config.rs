//! What an embedder sets for all sessions of a server.

use core::net::Ipv4Addr;
use core::time::Duration;

use bytes::Bytes;

use super::capabilities::Capabilities;
use crate::wire::VirtualPath;

/// How a server's sessions behave. Shared by all of them; see [`Session::new`](super::Session::new).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The text of the 220 greeting.
    pub greeting: Bytes,
    /// The address that a 227 names instead of the control connection's own: for a server behind NAT.
    pub public_ip: Option<Ipv4Addr>,
    /// Whether PORT and EPRT are taken at all.
    pub active: bool,
    /// How many failed logins end the session.
    pub login_attempts: u32,
    /// Whether every command and reply is an [`Event`](super::Event) too: for logs by the line.
    pub trace: bool,
    /// What FEAT and HELP say of the stores before anybody is logged in. Afterwards it is [`Grant::capabilities`].
    pub capabilities: Capabilities,
    /// Between which times SITE IDLE may choose.
    pub idle_bounds: (Duration, Duration),
    /// How long each state may last.
    pub timeouts: Timeouts,
}

/// How long each state of a session that waits for its peer may last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the connection to a login that went well.
    pub login: Duration,
    /// Between commands; also for a peer that reads none of its replies. RFC 1123 § 4.1.3.2 wants five minutes at least.
    pub idle: Duration,
    /// From the 150 to the data connection.
    pub data_open: Duration,
    /// Without one byte moved on the data connection.
    pub data_progress: Duration,
    /// How long at the most a complete upload is kept from becoming visible, to see whether its peer is still there (see
    /// [`Action::Commit`](super::Action::Commit)).
    pub doubt: Duration,
    /// How long a failed login is kept waiting for its 530.
    pub login_delay: Duration,
    /// From the last reply to the end of the connection.
    pub linger: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            greeting: Bytes::from_static(b"FTP server ready."),
            public_ip: None,
            active: true,
            login_attempts: 5,
            trace: false,
            capabilities: Capabilities::NONE,
            idle_bounds: (Duration::from_secs(30), Duration::from_secs(7200)),
            timeouts: Timeouts::default(),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            login: Duration::from_secs(60),
            idle: Duration::from_secs(300),
            data_open: Duration::from_secs(30),
            data_progress: Duration::from_secs(120),
            doubt: Duration::from_millis(100),
            login_delay: Duration::from_secs(1),
            linger: Duration::from_secs(10),
        }
    }
}

/// What a user who logged in may do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// Whether anything may be changed.
    pub write: bool,
    /// What a refused change says besides "permission denied": for example how to get the permission.
    pub advice: Bytes,
    /// The folder where the session starts.
    pub home: VirtualPath,
    /// What the user's store can do. A driver fills it in; what is not in it is neither offered nor asked of the store.
    pub capabilities: Capabilities,
}

impl Grant {
    /// Reading and writing, from the root.
    #[must_use]
    pub fn read_write() -> Self {
        Self {
            write: true,
            advice: Bytes::new(),
            home: VirtualPath::root(),
            capabilities: Capabilities::NONE,
        }
    }

    /// Reading alone, from the root; `advice` is told to who tries to write.
    #[must_use]
    pub fn read_only(advice: impl Into<Bytes>) -> Self {
        Self {
            write: false,
            advice: advice.into(),
            home: VirtualPath::root(),
            capabilities: Capabilities::NONE,
        }
    }
}
