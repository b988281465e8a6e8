//! What the commands take besides their URLs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgAction, Args, ValueEnum};
use ftp_sansio::wire::Mode;

/// The modes of a transfer, RFC 959 § 3.4, and the one that came later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeName {
    /// As it is.
    Stream,
    /// In blocks (MODE B), over one data connection for many files where the server keeps it.
    Block,
    /// Runs of a byte shortened (MODE C).
    Compressed,
    /// As a zlib stream (MODE Z).
    Deflate,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Stream => Self::Stream,
            ModeName::Block => Self::Block,
            ModeName::Compressed => Self::Compressed,
            ModeName::Deflate => Self::Deflate,
        }
    }
}

/// Permissions as chmod(1) takes them in octal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Octal(pub(crate) u32);

impl FromStr for Octal {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wellformed = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let mode = u32::from_str_radix(text, 8).ok().filter(|_| wellformed);
        mode.filter(|mode| *mode <= 0o7777)
            .map(Self)
            .ok_or("permissions are octal digits, such as 644")
    }
}

const DU_EXAMPLES: &str = "\
A line for each folder: what is in it and below it, in bytes, and its path as it stands in a URL of that server. What a server tells no
size of counts nothing, and is told. No link is followed. With --json an object a line: path, size, files.

Examples:
  ftp-client du -s -h ftp://ftp.example.org/pub/
  ftp-client du ftp://ftp.example.org/pub/ | sort -n";

#[derive(Args, Debug)]
#[command(after_help = DU_EXAMPLES)]
pub(crate) struct Du {
    /// The total alone.
    #[arg(short, long)]
    pub(crate) summarize: bool,
    /// Sizes for people: 1.2K, 34M, 5G.
    #[arg(short, long)]
    pub(crate) human_readable: bool,
    /// Print help
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Find {
    /// Only names that match this shell pattern.
    #[arg(long, value_name = "G")]
    pub(crate) name: Option<String>,
    /// Only files (f), folders (d) or links (l).
    #[arg(long = "type", value_name = "f|d|l")]
    pub(crate) kind: Option<KindName>,
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
}

/// A kind of entry, as find(1) calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindName {
    #[value(name = "f")]
    File,
    #[value(name = "d")]
    Folder,
    #[value(name = "l")]
    Symlink,
}

/// A server without a URL.
#[derive(Args, Debug)]
pub(crate) struct Server {
    /// The server's name or address [default: 127.0.0.1]
    #[arg(long)]
    pub(crate) host: Option<String>,
    /// Its port [default: 2121]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// Who logs in [default: anonymous]
    #[arg(long)]
    pub(crate) user: Option<OsString>,
    /// The password; the environment is a better place for it.
    #[arg(long, requires = "user")]
    pub(crate) password: Option<OsString>,
}

impl Server {
    pub(crate) fn is_named(&self) -> bool {
        self.host.is_some() || self.port.is_some() || self.user.is_some()
    }
}

#[derive(Args, Debug)]
pub(crate) struct Sync {
    /// Remove from the target what the source does not have.
    #[arg(long)]
    pub(crate) delete: bool,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Take only files that match.
    #[arg(long, value_name = "G")]
    pub(crate) include: Vec<String>,
    /// Leave out files and folders that match.
    #[arg(long, value_name = "G")]
    pub(crate) exclude: Vec<String>,
    /// Source and target; one of them is a URL.
    #[arg(num_args = 2, value_names = ["SOURCE", "TARGET"], required_unless_present_all = ["local_dir", "remote_dir"])]
    pub(crate) places: Vec<OsString>,
    #[command(flatten)]
    pub(crate) server: Server,
    /// The folder here.
    #[arg(
        long,
        value_name = "L",
        conflicts_with = "places",
        requires = "remote_dir"
    )]
    pub(crate) local_dir: Option<PathBuf>,
    /// The folder on the server.
    #[arg(
        long,
        value_name = "R",
        conflicts_with = "places",
        requires = "local_dir"
    )]
    pub(crate) remote_dir: Option<OsString>,
}
