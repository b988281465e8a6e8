//! What the command line says about TLS.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ftp_driver::tls::Pin;

#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Protection {
    /// Protect the session by TLS: after AUTH TLS (explicit) or from the first byte on (implicit, as ftps:// has it). Without this
    /// option it is explicit where the server offers it, and said aloud where not.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "explicit|implicit|off",
        hide_possible_values = true
    )]
    pub(crate) tls: Option<TlsName>,
    /// Take any certificate: whoever is on the way may pass for the server.
    #[arg(long, global = true, conflicts_with_all = ["ca", "pin"])]
    pub(crate) insecure: bool,
    /// The authorities to trust, in PEM, in place of the system's.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// A certificate to show to the server, in PEM.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,
    /// Its key, in PEM, where that is not in the same file.
    #[arg(long, global = true, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Trust the certificate or key of which this is the SHA-256 digest, whoever signed it, and no other. In hex, or as curl's
    /// --pinnedpubkey has it. Repeatable.
    #[arg(long, global = true, value_name = "SHA256", conflicts_with = "ca")]
    pub(crate) pin: Vec<Pin>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TlsName {
    Explicit,
    Implicit,
    Off,
}
