//! The servers that are started: ours, vsftpd, `ProFTPD`, Pure-FTPd and pyftpdlib.

mod ours;
mod owner;
mod port;
mod proftpd;
mod pure_ftpd;
mod pyftpdlib;
mod vsftpd;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::daemon::Daemon;

pub use ours::{ours, own_ip};
pub use pyftpdlib::Pyftpdlib;

/// A server at work on a folder of the test's.
#[derive(Debug)]
pub struct Server {
    /// Its process.
    pub daemon: Daemon,
    /// The folder that it serves.
    pub root: PathBuf,
    addresses: Vec<SocketAddr>,
    /// Where it is TLS from the first byte on, besides.
    implicit_addresses: Vec<SocketAddr>,
    login: &'static str,
    scheme: &'static str,
}

/// `secret`, as `openssl passwd -5` hashes it.
const SECRET: &str = "$5$NBQfV5istmg6G5Jg$2SluKTREgoH4pkpbi3cuF3f2SIBGLUk/PRwV21ShFQ.";

impl Server {
    fn new(daemon: Daemon, root: &Path, addresses: Vec<SocketAddr>, login: &'static str) -> Self {
        Self {
            daemon,
            root: root.to_owned(),
            addresses,
            implicit_addresses: Vec::new(),
            login,
            scheme: "ftp",
        }
    }

    /// The same where it is TLS from the first byte.
    const fn implicit(mut self, is_implicit: bool) -> Self {
        if is_implicit {
            self.scheme = "ftps";
        }
        self
    }

    /// `ftp`, or `ftps` where it is TLS from the first byte.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Where it listens on IPv4.
    pub fn address(&self) -> SocketAddr {
        self.listener(SocketAddr::is_ipv4)
    }

    /// Where it listens on IPv6.
    pub fn address_v6(&self) -> SocketAddr {
        self.listener(SocketAddr::is_ipv6)
    }

    fn listener(&self, wanted: fn(&SocketAddr) -> bool) -> SocketAddr {
        self.addresses
            .iter()
            .copied()
            .find(wanted)
            .unwrap_or_else(|| panic!("none of {:?} fits", self.addresses))
    }

    /// `NAME:PASSWORD` of somebody who may do everything.
    pub fn login(&self) -> &'static str {
        self.login
    }

    /// The URL of a file, whose name is encoded here.
    pub fn url(&self, name: &str) -> String {
        self.url_at(self.address(), name)
    }

    /// The URL of a file over IPv6.
    pub fn url_v6(&self, name: &str) -> String {
        self.url_at(self.address_v6(), name)
    }

    fn url_at(&self, address: SocketAddr, name: &str) -> String {
        format!(
            "{}://{}@{address}/{}",
            self.scheme,
            self.login,
            percent(name)
        )
    }

    /// The path of a file in the folder that it serves.
    pub fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// A path as it stands in a URL.
pub fn percent(path: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    path.bytes().map(encode).collect()
}
