//! What the command line says about TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::Switch;

#[derive(Args, Debug)]
pub(crate) struct Protection {
    /// Whether sessions may be protected by TLS (AUTH TLS), or have to be [default: allow with a certificate, require with --tls-client-ca,
    /// off without either]
    #[arg(long, value_name = "off|allow|require", hide_possible_values = true)]
    tls: Option<TlsMode>,

    /// The server's certificate, in PEM, and behind it those that lead up to its authority's. SIGHUP reads it again.
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Its key, in PEM, where that is not in the same file.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// A certificate that is made at the start and signed by itself, for trying things out. It is told how a client can trust it.
    #[arg(long, conflicts_with = "tls_cert")]
    pub(crate) tls_self_signed: bool,

    /// Where to listen for sessions that are TLS from the first byte on (ftps://). Repeatable.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) implicit_tls: Vec<SocketAddr>,

    /// Whether data connections have to resume the control connection's TLS session, so that nobody else can take them. Many clients
    /// cannot do that: lftp and this project's do, curl mostly, Python's ftplib does not. Data in clear text (PROT C) resumes nothing and passes
    /// where --tls lets it: --tls require takes none.
    #[arg(
        long,
        value_name = "off|require",
        hide_possible_values = true,
        default_value = "off"
    )]
    pub(crate) tls_reuse: Reuse,

    /// Clients have to show a certificate that one of these authorities (PEM) has signed, and so nobody is let in without TLS (--tls require).
    /// They log in all the same. SIGHUP reads it again.
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_client_ca: Option<PathBuf>,

    /// Another certificate for clients that call the server by this name. Repeatable.
    #[arg(long, value_name = "NAME=CERT[,KEY]")]
    pub(crate) tls_host: Vec<HostCertificate>,

    /// Whether a client under TLS may go back to commands in clear text (CCC), for routers on the way that want to read them.
    #[arg(
        long,
        value_name = "on|off",
        hide_possible_values = true,
        default_value = "off"
    )]
    pub(crate) ccc: Switch,
}

/// How much of the sessions that begin in clear text is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum TlsMode {
    Off,
    Allow,
    Require,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Reuse {
    Off,
    Require,
}

impl Protection {
    /// A certificate alone means that TLS is offered. Where clients have to show one too, a session without TLS would be the way around it.
    pub(crate) fn mode(&self) -> TlsMode {
        self.tls
            .unwrap_or(match (self.has_certificate(), &self.tls_client_ca) {
                (true, Some(_)) => TlsMode::Require,
                (true, None) => TlsMode::Allow,
                (false, _) => TlsMode::Off,
            })
    }

    /// What is wrong with options that do not go together.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let is_open = matches!(self.tls, Some(TlsMode::Off | TlsMode::Allow));
        (is_open && self.tls_client_ca.is_some()).then_some(
            "--tls-client-ca wants --tls require: sessions without TLS show no certificate",
        )
    }

    pub(crate) const fn has_certificate(&self) -> bool {
        self.tls_cert.is_some() || self.tls_self_signed
    }

    /// The option that cannot do without a certificate, if one is given.
    pub(crate) fn wants_certificate(&self) -> Option<&'static str> {
        let options = [
            (self.tls == Some(TlsMode::Allow), "--tls allow"),
            (self.tls == Some(TlsMode::Require), "--tls require"),
            (!self.implicit_tls.is_empty(), "--implicit-tls"),
            (self.tls_client_ca.is_some(), "--tls-client-ca"),
            (!self.tls_host.is_empty(), "--tls-host"),
            (self.tls_reuse == Reuse::Require, "--tls-reuse require"),
            (self.ccc == Switch::On, "--ccc on"),
        ];
        let found = options.into_iter().find(|(is_given, _)| *is_given);
        found.map(|(_, option)| option)
    }

    /// The file of the key: where none is named, the certificate's.
    pub(crate) fn key<'a>(&'a self, certificate: &'a Path) -> &'a Path {
        self.tls_key.as_deref().unwrap_or(certificate)
    }
}

/// `NAME=CERT,KEY`, or `NAME=CERT` where the key is in the same file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HostCertificate {
    pub(crate) name: String,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl FromStr for HostCertificate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "a host's certificate is NAME=CERT,KEY or NAME=BOTH";
        let (name, files) = text.split_once('=').ok_or(FORM)?;
        let (certificate, key) = files.split_once(',').unwrap_or((files, files));
        if name.is_empty() || certificate.is_empty() || key.is_empty() {
            return Err(FORM);
        }
        Ok(Self {
            name: name.to_owned(),
            certificate: certificate.into(),
            key: key.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    fn protection(options: &[&str]) -> Protection {
        let line = [&["ftp-server"], options].concat();
        Cli::try_parse_from(line).unwrap().protection
    }

    #[test]
    fn a_certificate_alone_means_allow() {
        assert_eq!(protection(&[]).mode(), TlsMode::Off);
        assert_eq!(protection(&["--tls-cert", "c"]).mode(), TlsMode::Allow);
        assert_eq!(protection(&["--tls-self-signed"]).mode(), TlsMode::Allow);
        let off = protection(&["--tls-cert", "c", "--tls", "off"]);
        assert_eq!(off.mode(), TlsMode::Off);
    }

    #[test]
    fn certificates_of_clients_mean_that_there_is_no_way_around_tls() {
        let with = |options: &[&str]| {
            let named = ["--tls-cert", "c", "--tls-client-ca", "ca"];
            protection(&[&named[..], options].concat())
        };
        assert_eq!(with(&[]).mode(), TlsMode::Require);
        assert_eq!(with(&[]).contradiction(), None);
        assert_eq!(with(&["--tls", "require"]).contradiction(), None);
        for mode in ["allow", "off"] {
            assert!(with(&["--tls", mode]).contradiction().is_some(), "{mode}");
        }
        let allow = protection(&["--tls-cert", "c", "--tls", "allow"]);
        assert_eq!(allow.contradiction(), None);
    }

    #[test]
    fn the_key_may_be_in_the_same_file() {
        let apart = protection(&["--tls-cert", "c", "--tls-key", "k"]);
        assert_eq!(apart.key(Path::new("c")), Path::new("k"));
        let together = protection(&["--tls-cert", "c"]);
        assert_eq!(together.key(Path::new("c")), Path::new("c"));
    }

    #[test]
    fn hosts_have_certificates() {
        let host = |text: &str| {
            let host: Option<HostCertificate> = text.parse().ok();
            host.map(|host| (host.name, host.certificate, host.key))
        };
        let (name, c, k) = ("h".to_owned(), PathBuf::from("c"), PathBuf::from("k"));
        assert_eq!(host("h=c,k"), Some((name.clone(), c.clone(), k)));
        assert_eq!(host("h=c"), Some((name, c.clone(), c)));
        for text in ["", "h", "=c,k", "h=", "h=,k", "h=c,"] {
            assert_eq!(host(text), None, "{text}");
        }
    }
}
