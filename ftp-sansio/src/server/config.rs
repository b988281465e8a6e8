//! What an embedder sets for all sessions of a server.

use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use bytes::Bytes;

use super::capabilities::Capabilities;
use crate::data::Tuning;
use crate::tls::Resumption;
use crate::wire::{Domain, VirtualPath};

/// How a server's sessions behave. Shared by all of them; see [`Session::new`](super::Session::new).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The text of the 220 greeting.
    pub greeting: Bytes,
    /// What CSID is answered with: the server's name, version and habits, in the form in which a client tells its own.
    pub identity: Bytes,
    /// Which hosts HOST may name (RFC 7151).
    pub hosts: Hosts,
    /// The address that a 227 names instead of the control connection's own: for a server behind NAT.
    pub public_ip: Option<Ipv4Addr>,
    /// Whether PORT and EPRT are taken at all.
    pub active: bool,
    /// Whether data may go to a third party and come from one: transfers between two servers (RFC 959 § 5.2), for which the checks
    /// against a bounce have to be lifted (RFC 2577 § 3). A port below 1024 is refused all the same, and so is
    /// this machine, by a loopback address, the control connection's own and [`public_ip`](Self::public_ip).
    pub fxp: bool,
    /// Whether the data connection stays open after a transfer whose mode marks its end (RFC 959 § 3.3): for a driver that can keep
    /// one. See [`Transfer::keep`](super::Transfer::keep).
    pub keep_data: bool,
    /// What the codecs of data connections go by: EBCDIC's code page, how hard MODE Z tries and how much it may swell, how often restart
    /// markers are sent. The rest of it is set for each transfer.
    pub tuning: Tuning,
    /// Whether the control connection may be protected by TLS, or has to be.
    pub tls: Tls,
    /// Whether data connections have to be.
    pub data_tls: DataTls,
    /// What is asked of a protected data connection besides.
    pub resumption: Resumption,
    /// Whether CCC is carried out: commands travel in clear text again then, while data stays protected (RFC 4217 § 5 and § 15.3).
    pub ccc: bool,
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

/// The virtual hosts of a server.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Hosts {
    /// Whatever a client calls it; who logs in may be told apart by it ([`Action::Authenticate`](super::Action::Authenticate)).
    #[default]
    Any,
    /// These; another one is refused by a 504. The server's own address is always good.
    Listed(Vec<Domain>),
}

/// Whether a control connection is protected by TLS (RFC 4217 § 10.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Tls {
    /// There is none: AUTH, PBSZ, PROT and CCC are not known.
    #[default]
    Off,
    /// The client chooses.
    Allow,
    /// Nobody logs in without.
    Require,
}

/// Whether data connections are protected by TLS (RFC 4217 § 10.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum DataTls {
    /// The client chooses by PROT.
    #[default]
    Allow,
    /// PROT C is refused, and every transfer without PROT P.
    Require,
}

/// How long each state of a session that waits for its peer may last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the connection to a login that went well.
    pub login: Duration,
    /// Between commands; also for a peer that reads none of its replies. RFC 1123 § 4.1.3.2 wants five minutes at least.
    pub idle: Duration,
    /// For TLS to begin or to end: on the control connection from the reply that announces it, on a data connection from its start.
    pub handshake: Duration,
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
            identity: Bytes::from_static(b"Name=ftp-sansio;CaseSensitive=1;DirSep=/;"),
            hosts: Hosts::Any,
            public_ip: None,
            active: true,
            fxp: false,
            keep_data: true,
            tuning: Tuning::default(),
            tls: Tls::Off,
            data_tls: DataTls::Allow,
            resumption: Resumption::Off,
            ccc: false,
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
            handshake: Duration::from_secs(30),
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
