//! How a peer is to do TLS.

use std::fs;
use std::path::{Path, PathBuf};

use crate::certificates::Certificates;

/// A version of TLS. The two ends speak the highest that both know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// RFC 5246
    V1_2,
    /// RFC 8446
    V1_3,
}

impl TlsVersion {
    /// `1.2` or `1.3`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }
}

/// What a server does about TLS. Plain sessions are taken all the same, unless it is implicit.
#[derive(Clone, Copy, Debug)]
pub struct Tls<'a> {
    /// It shows the server's.
    pub certificates: &'a Certificates,
    /// The highest version that it speaks; the lowest is 1.2.
    pub highest: TlsVersion,
    /// TLS from the first byte, in place of AUTH.
    pub implicit: bool,
    /// Data connections have to resume a session. Where a server cannot require it, this says nothing.
    pub require_reuse: bool,
}

impl<'a> Tls<'a> {
    /// AUTH TLS, 1.2 and 1.3, and data connections that have to resume where a server can ask for it.
    pub const fn new(certificates: &'a Certificates) -> Self {
        Self {
            certificates,
            highest: TlsVersion::V1_3,
            implicit: false,
            require_reuse: true,
        }
    }

    /// Settings of OpenSSL itself for a server that has none for the versions.
    pub(crate) fn openssl_settings(&self, work: &Path) -> PathBuf {
        let highest = self.highest.name();
        let file = work.join(format!("openssl-{highest}.cnf"));
        let text = format!(
            "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = versions\n\
            [versions]\nMinProtocol = TLSv1.2\nMaxProtocol = TLSv{highest}\n"
        );
        fs::write(&file, text).expect("room for settings");
        file
    }
}

/// `YES` or `NO`, `on` or `off`: as a server's settings have it.
pub(crate) const fn either(is_so: bool, yes: &'static str, no: &'static str) -> &'static str {
    if is_so { yes } else { no }
}
