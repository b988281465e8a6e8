//! What kind of a run a seed makes: how it is protected, and where its files are.

use ftp_runtime_simulated::sansio::client::Tls as ClientMode;
use ftp_runtime_simulated::sansio::server::Tls as ServerMode;
use ftp_runtime_simulated::sansio::tls::Resumption;
use ftp_runtime_simulated::tls::Version;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protection {
    /// All in clear text.
    None,
    /// AUTH TLS, and PROT P.
    Explicit,
    /// TLS from the first byte on, and PROT P.
    Implicit,
    /// AUTH TLS, and PROT C: commands are protected, and data is not.
    CommandsOnly,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Kind {
    pub(crate) protection: Protection,
    pub(crate) version: Version,
    pub(crate) resumption: Resumption,
    /// Its files are in a [`MemoryStorage`](ftp_runtime_simulated::memory::MemoryStorage).
    pub(crate) is_in_memory: bool,
}

impl Kind {
    /// Apart from what the lowest digits of a seed say: whether there are faults, and which version of IP it is.
    pub(crate) const fn of(seed: u64) -> Self {
        let rest = seed / 6;
        let protection = match rest % 6 {
            0 | 1 => Protection::None,
            2 | 3 => Protection::Explicit,
            4 => Protection::Implicit,
            _ => Protection::CommandsOnly,
        };
        let rest = rest / 6;
        Self {
            protection,
            version: match rest % 2 {
                0 => Version::Tls13,
                _ => Version::Tls12,
            },
            resumption: match rest / 2 % 2 {
                0 => Resumption::Require,
                _ => Resumption::Off,
            },
            is_in_memory: (rest / 4).is_multiple_of(3),
        }
    }

    pub(crate) fn protects_data(&self) -> bool {
        matches!(self.protection, Protection::Explicit | Protection::Implicit)
    }

    pub(crate) const fn server_mode(&self) -> ServerMode {
        match self.protection {
            Protection::None => ServerMode::Off,
            _ => ServerMode::Require,
        }
    }

    pub(crate) const fn client_mode(&self) -> ClientMode {
        match self.protection {
            Protection::None => ClientMode::Off,
            Protection::Implicit => ClientMode::Implicit,
            Protection::Explicit | Protection::CommandsOnly => ClientMode::Explicit,
        }
    }

    pub(crate) const fn port(&self) -> u16 {
        match self.protection {
            Protection::Implicit => 990,
            _ => 21,
        }
    }
}
