//! The command line.

mod protection;

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, ValueEnum};

pub(crate) use protection::{Protection, Reuse, TlsMode};

const EXAMPLES: &str = "\
Examples:
  ftp-server                                        anonymous may read the current folder, on 127.0.0.1:2121
  ftp-server --root /srv/ftp --user anna:secret     anna may read and write
  ftp-server --anonymous ro --user anna:secret:rw   both at once
  ftp-server --listen 0.0.0.0:21 --listen '[::]:21' --passive-ports 50000-50100 --public-ip 203.0.113.7
  ftp-server --tls require --tls-cert chain.pem --tls-key key.pem --implicit-tls 0.0.0.0:990 --user anna:secret
  ftp-server --tls-self-signed                      TLS at once, for trying it out";

/// An FTP server.
#[derive(Parser, Debug)]
#[command(name = "ftp-server", version, about, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// Where to listen; port 0 picks a free one. Repeatable.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:2121")]
    pub(crate) listen: Vec<SocketAddr>,

    /// The folder that is served.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,

    /// Somebody who may log in: read and write, or with `:ro` at the end only read. Repeatable.
    #[arg(long, value_name = "NAME:PASS[:ro|rw]")]
    pub(crate) user: Vec<User>,

    /// Lets `anonymous` and `ftp` log in with any password.
    #[arg(long, value_name = "ro|rw")]
    pub(crate) anonymous: Option<Mode>,

    /// The ports for passive data connections.
    #[arg(long, value_name = "LO-HI")]
    pub(crate) passive_ports: Option<Ports>,

    /// The address that PASV tells clients, for a server behind NAT.
    #[arg(long, value_name = "IP")]
    pub(crate) public_ip: Option<Ipv4Addr>,

    /// Whether the server connects to clients that ask for it (PORT, EPRT).
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub(crate) active: Switch,

    /// Whether this server takes part in transfers between two servers (FXP): data to and from any address that a client names, which
    /// RFC 2577 tells the dangers of.
    #[arg(long, value_name = "on|off", default_value = "off")]
    pub(crate) fxp: Switch,

    #[command(flatten)]
    pub(crate) protection: Protection,

    /// How long a session may say nothing. It may ask for less (SITE IDLE), and not for more.
    #[arg(long, value_name = "SECS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) idle_timeout: u64,

    /// How long a transfer may move nothing.
    #[arg(long, value_name = "SECS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) transfer_timeout: u64,

    /// How many sessions there may be at once.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub(crate) max_sessions: usize,

    /// How many sessions there may be at once from one address.
    #[arg(long, value_name = "N")]
    pub(crate) max_sessions_per_ip: Option<usize>,

    /// What runs the sessions.
    #[arg(long, value_name = "tokio|async-std", default_value = "tokio")]
    pub(crate) runtime: RuntimeName,

    /// Says who connects, what is moved and how it ended, also where standard error is no terminal; twice, every command and
    /// reply too. Nobody waits for whoever reads it: lines that are not read in time are left out, and how many is said.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Says nothing of what happens, also on a terminal.
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum RuntimeName {
    Tokio,
    AsyncStd,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

/// What a login may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Mode {
    /// Read.
    Ro,
    /// Read and write.
    Rw,
}

/// `NAME:PASS[:ro|rw]`: the first colon ends the name, a final `:ro` or `:rw` is the mode.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) mode: Mode,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl FromStr for User {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, rest) = text
            .split_once(':')
            .ok_or("a user is NAME:PASS, NAME:PASS:ro or NAME:PASS:rw")?;
        let (password, mode) = match rest.rsplit_once(':') {
            Some((password, "ro")) => (password, Mode::Ro),
            Some((password, "rw")) => (password, Mode::Rw),
            _ => (rest, Mode::Rw),
        };
        if name.is_empty() {
            return Err("the name of a user is missing");
        }
        Ok(Self {
            name: name.to_owned(),
            password: password.to_owned(),
            mode,
        })
    }
}

/// `LO-HI`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ports(pub(crate) RangeInclusive<u16>);

impl FromStr for Ports {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "ports are LO-HI, such as 50000-50100";
        let (low, high) = text.split_once('-').ok_or(FORM)?;
        let (low, high) = (
            low.parse().map_err(|_| FORM)?,
            high.parse().map_err(|_| FORM)?,
        );
        match low {
            0 => Err("port 0 is no port"),
            _ if low > high => Err("the first port is higher than the last"),
            _ => Ok(Self(low..=high)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> (String, String, Mode) {
        let User {
            name,
            password,
            mode,
        } = text.parse().unwrap();
        (name, password, mode)
    }

    #[test]
    fn the_first_colon_ends_the_name_and_the_last_word_may_be_the_mode() {
        assert_eq!(user("anna:pw"), ("anna".into(), "pw".into(), Mode::Rw));
        assert_eq!(user("anna:p:w:ro"), ("anna".into(), "p:w".into(), Mode::Ro));
        assert_eq!(user("anna:p:w"), ("anna".into(), "p:w".into(), Mode::Rw));
        assert_eq!(user("anna:"), ("anna".into(), String::new(), Mode::Rw));
        assert_eq!(user("anna::ro"), ("anna".into(), String::new(), Mode::Ro));
        assert_eq!(user("anna:ro"), ("anna".into(), "ro".into(), Mode::Rw));
        assert!("anna".parse::<User>().is_err() && ":pw".parse::<User>().is_err());
    }

    #[test]
    fn ports_are_a_range() {
        assert_eq!("50000-50100".parse(), Ok(Ports(50000..=50100)));
        assert!(
            ["", "5", "0-9", "9-8", "1-70000"]
                .iter()
                .all(|text| text.parse::<Ports>().is_err())
        );
    }
}
