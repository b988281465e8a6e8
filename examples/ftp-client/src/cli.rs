//! The command line.

mod operands;
mod protection;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ftp_sansio::wire::DateTime;

pub(crate) use operands::{Du, Find, KindName, ModeName, Octal, Server, Sync};
pub(crate) use protection::{Protection, TlsName};

const EXAMPLES: &str = "\
Examples:
  ftp-client ls -l ftp://ftp.example.org/pub/
  ftp-client get ftp://ftp.example.org/pub/file.iso
  ftp-client get -r ftp://ftp.example.org/pub/docs/ docs
  FTP_PASSWORD=… ftp-client put report.pdf ftp://bob@ftp.example.org/inbox/
  ftp-client sync --delete site ftp://bob@ftp.example.org/www/
  ftp-client find --name '*.iso' ftp://ftp.example.org/pub/
  ftp-client --tls explicit --ca company.pem get -r ftp://bob@ftp.example.org/inbox/ inbox
  ftp-client -j 4 get -r ftp://ftp.example.org/pub/photos/ photos
  ftp-client --proxy socks5://127.0.0.1:1080 ls ftp://ftp.example.org/
  ftp-client shell ftp://127.0.0.1:2121/

URLs are ftp://user:password@host:port/path, as curl takes them: percent-encoded, the path relative to the folder that the
login leads to, absolute after a second slash (ftp://host//etc/motd), text when it ends in ;type=a. Without a user the
login is anonymous. The password may also come from FTP_PASSWORD, or is asked for on a terminal; it is never shown.
ftps:// is TLS from the first byte on; for ftp:// see --tls. A certificate that is not trusted ends the program with 4,
and it says by which --pin it would be.

A proxy's port is 1080 when none is named, as curl has it, and it looks the server's name up (socks5h:// says the same). A certificate is the
server's all the same. The environment is left alone: ftp_proxy names proxies that fetch files themselves, which these are not.

Exit codes: 0 done; 1 some of the work failed; 2 usage; 3 could not connect; 4 TLS; 5 login refused; 6 not found or no
permission; 7 timed out; 8 transfer incomplete or checksum differs; 9 the server broke the protocol.";

/// An FTP client for the command line and for scripts, with an interactive shell.
#[derive(Debug, Parser)]
#[command(name = "ftp-client", version, after_help = EXAMPLES, infer_long_args = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    /// Without one, the shell.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// More sessions than this are an attack on most servers.
const MOST_JOBS: i64 = 64;

/// What every command understands.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Let the server connect for the data (PORT, EPRT) in place of connecting to it.
    #[arg(long, global = true)]
    pub(crate) active: bool,
    /// Longest wait for anything: a connection, a reply, the next data. Digests (--verify) have longer: 5 minutes, and a second more for
    /// every 4 MiB of the file.
    #[arg(long, global = true, value_name = "SECS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    /// How many sessions may move files at once, for get -r, put and sync: each with a login of its own, opened when there is a file for it. A
    /// server that does not let there be so many gets as many as it does.
    #[arg(short, long, global = true, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=MOST_JOBS))]
    pub(crate) jobs: u8,
    /// The proxy that all connections go through, those for the data too: socks5://HOST:PORT, or http://HOST:PORT for one that allows CONNECT.
    /// USER:PASSWORD@ goes before the host where the proxy asks for them, and a port that is 1080 may be left out. No environment variable names one.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// What the client runs on.
    #[arg(long, global = true, value_enum, default_value_t = RuntimeName::Tokio)]
    pub(crate) runtime: RuntimeName,
    #[command(flatten)]
    pub(crate) protection: Protection,
    /// Transfer as text: line ends become those of the other side.
    #[arg(long, global = true)]
    pub(crate) ascii: bool,
    /// Compare what was moved with what the server has, by the strongest digest it can compute (HASH, XSHA512 … XCRC), else by size.
    #[arg(long, global = true)]
    pub(crate) verify: bool,
    /// Show what passes over the control connection (never a password).
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Say nothing but what went wrong.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// One JSON object a line on standard output: entries, or what was done.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Command {
    /// Whether it may have more than one file to move.
    pub(crate) const fn moves_files(&self) -> bool {
        matches!(
            self,
            Self::Get {
                recursive: true,
                ..
            } | Self::Put { .. }
                | Self::Sync(_)
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeName {
    Tokio,
    AsyncStd,
}

/// A time in seconds, fractions allowed.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    let time = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    match time.is_zero() {
        true => Err("no time at all".to_owned()),
        false => Ok(time),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List a folder, or a file.
    #[command(after_help = "\
One name a line; on a terminal what would drive it is escaped. With --json an object a line: name, type (file, dir, symlink,
other), size, modified, target, permissions; where a name is not UTF-8, name_bytes has its bytes in hex.

Examples:
  ftp-client ls ftp://ftp.example.org/pub/
  ftp-client ls --json ftp://ftp.example.org/ | jq .size")]
    Ls {
        /// Kind and permissions, size and date too.
        #[arg(short)]
        long: bool,
        url: String,
    },
    /// Fetch a file, or with -r what is in a folder.
    #[command(after_help = "\
Without LOCAL the file goes into the current folder; - is standard output. A file that is there is replaced when the new one is
complete, and not before. With -c it is written in place, and a later -c goes on where this one ended.
With --verify a file that differs from the server's is not put in its place, and the exit code is 8.
With -r, what is in the remote folder is put into the folder LOCAL (without LOCAL: a folder of the remote one's name).

Examples:
  ftp-client get ftp://ftp.example.org/pub/file.iso
  ftp-client get -c ftp://ftp.example.org/pub/file.iso file.iso
  ftp-client --verify get --mode deflate ftp://ftp.example.org/pub/log.txt
  ftp-client get -r ftp://ftp.example.org/pub/docs/ docs")]
    Get {
        /// A whole folder.
        #[arg(short, long)]
        recursive: bool,
        /// Go on where an earlier attempt ended.
        #[arg(short = 'c', long = "continue")]
        resume: bool,
        /// How the data travels.
        #[arg(long, value_enum, default_value_t = ModeName::Stream)]
        mode: ModeName,
        url: String,
        local: Option<PathBuf>,
    },
    /// Send files, or with -r what is in folders.
    #[command(after_help = "\
A URL that ends in a slash is a folder, and so is one that several files go to. - is standard input.
With -r, what is in the folder LOCAL is put into the folder of the URL; of several, each gets a folder of its own there. Folders go before files.

Examples:
  ftp-client put report.pdf ftp://bob@ftp.example.org/inbox/
  ftp-client put -c big.iso ftp://bob@ftp.example.org/big.iso
  ftp-client put -r site ftp://bob@ftp.example.org/www/
  tar c . | ftp-client put - ftp://bob@ftp.example.org/backup.tar")]
    Put {
        /// Whole folders.
        #[arg(short, long)]
        recursive: bool,
        /// Send only what the server does not have yet.
        #[arg(short = 'c', long = "continue")]
        resume: bool,
        /// How the data travels.
        #[arg(long, value_enum, default_value_t = ModeName::Stream)]
        mode: ModeName,
        #[arg(required = true)]
        local: Vec<PathBuf>,
        url: String,
    },
    /// Write files to standard output.
    #[command(after_help = "Example:\n  ftp-client cat ftp://ftp.example.org/pub/README")]
    Cat {
        #[arg(required = true, value_name = "URL")]
        urls: Vec<String>,
    },
    /// Remove files, or with -r folders and all that is in them.
    #[command(after_help = "Example:\n  ftp-client rm -r ftp://bob@ftp.example.org/old/")]
    Rm {
        /// Folders too.
        #[arg(short, long)]
        recursive: bool,
        #[arg(required = true, value_name = "URL")]
        urls: Vec<String>,
    },
    /// Make folders.
    #[command(after_help = "Example:\n  ftp-client mkdir -p ftp://bob@ftp.example.org/a/b/c")]
    Mkdir {
        /// Those above it too; it is no error that a folder is there already.
        #[arg(short, long)]
        parents: bool,
        #[arg(required = true, value_name = "URL")]
        urls: Vec<String>,
    },
    /// Give a file or folder another name.
    #[command(after_help = "\
Examples:
  ftp-client mv ftp://bob@ftp.example.org/a.txt b.txt
  ftp-client mv ftp://bob@ftp.example.org/a.txt ftp://bob@ftp.example.org/old/")]
    Mv {
        /// What it is called now.
        url: String,
        /// What it shall be called: a path as it would stand in the URL, or a URL of the same server. With a slash at its
        /// end it is the folder to move to.
        to: String,
    },
    /// Tell all that a server knows of files and folders.
    #[command(after_help = "\
A line as ls -l has it, and below it the facts in the server's own words (MLST), where it has them. With --json an object a line, as
ls has them, with path and facts besides.

Examples:
  ftp-client stat ftp://ftp.example.org/pub/file.iso
  ftp-client stat --json ftp://ftp.example.org/pub/file.iso | jq .facts")]
    Stat {
        #[arg(required = true, value_name = "URL")]
        urls: Vec<String>,
    },
    /// Set the permissions of files and folders.
    #[command(after_help = "\
By SITE CHMOD, or where a server does not know it by MFF.

Example:
  ftp-client chmod 640 ftp://bob@ftp.example.org/inbox/report.pdf")]
    Chmod {
        /// In octal: 644, 755, 4755.
        mode: Octal,
        #[arg(required = true, value_name = "URL")]
        urls: Vec<String>,
    },
    /// Set the time of files, and make those that are not there, empty.
    #[command(after_help = "\
By MFMT, by MDTM with a time, or by SITE UTIME, whichever the server has. TIME is in UTC: 2024-01-31, 2024-01-31T12:30[:59],
20240131123059, or @ and the seconds since 1970; without -d it is now.

Examples:
  ftp-client touch ftp://bob@ftp.example.org/www/reload
  ftp-client touch -d 2024-01-31T12:30 ftp://bob@ftp.example.org/www/index.html")]
    Touch {
        /// The time to set, in place of now.
        #[arg(short, long, value_name = "TIME", value_parser = crate::time::parse)]
        date: Option<DateTime>,
        #[arg(required = true, value_name = "URL")]
        urls: Vec<String>,
    },
    /// Sum up the sizes of what is in folders.
    #[command(disable_help_flag = true)]
    Du(Du),
    /// Find files and folders below a folder.
    #[command(after_help = "\
One path a line, as it stands in a URL of that server; the folder itself is among them, as find(1) has it. No link is followed. With --json
an object a line, as ls has them, with its path besides.

Examples:
  ftp-client find --name '*.iso' --type f ftp://ftp.example.org/pub/
  ftp-client find --json ftp://ftp.example.org/pub/ | jq -r 'select(.size > 1000000) | .path'")]
    Find(Find),
    /// Copy a file from one server straight to another.
    #[command(after_help = "\
The data does not come by here: the one server goes to the other for it (FXP). Both have to be set up for that; most are not, and say so.
A URL that ends in a slash is a folder. How far it is, is not seen from here, so --timeout does not end it. With --verify both servers are asked for their digests, or at least their sizes.

Example:
  ftp-client fxp ftp://ftp.example.org/pub/file.iso ftp://bob@mirror.example.net/pub/")]
    Fxp {
        /// The file.
        from: String,
        /// What it shall be called there.
        to: String,
    },
    /// Send commands of the protocol, and show the replies.
    #[command(after_help = "\
Each COMMAND is one operand and one line, sent after the login, in the folder of the URL. The replies come on standard output as
they are; with --json an object each: command, code, lines. After a refusal nothing more is sent, unless -k says so.
Exit codes of a refusal: 6 for 450, 550 and 553; 5 for 530; 1 for any other; with -k that of the worst reply.
What moves data or turns TLS on is not sent: the other commands of this program do that.

Examples:
  ftp-client raw ftp://ftp.example.org/ FEAT 'SITE HELP'
  ftp-client raw ftp://bob@ftp.example.org/www/ 'RNFR a' 'RNTO b'")]
    Raw {
        /// Send the rest after a refusal too.
        #[arg(short, long)]
        keep_going: bool,
        url: String,
        #[arg(required = true, value_name = "COMMAND")]
        commands: Vec<OsString>,
    },
    /// Make one folder like another, here or there.
    #[command(after_help = "\
Files are the same when size and time are. An upload gets its time where the server lets one (MFMT); elsewhere a local file that is
newer is sent. With --delete, what only the target has goes: not when a listing was partial or not understood, not what a
filter leaves out, and no symbolic link.
G is a shell pattern: with a / for whole paths below the folder, without one for names.
--host with --local-dir and --remote-dir makes the remote folder like the local one.

Examples:
  ftp-client sync --delete --exclude '*.tmp' site ftp://bob@ftp.example.org/www/
  ftp-client sync --dry-run ftp://ftp.example.org/pub/docs/ docs
  ftp-client sync --host 127.0.0.1 --port 2121 --local-dir site --remote-dir www")]
    Sync(Sync),
    /// Send one file: upload --host H --port P --file F.
    #[command(after_help = "\
Example:\n  ftp-client upload --host 127.0.0.1 --port 2121 --file report.pdf")]
    Upload {
        #[command(flatten)]
        server: Server,
        /// The local file; the remote one gets its name.
        #[arg(long)]
        file: PathBuf,
    },
    /// Fetch one file: download --host H --port P --file F.
    #[command(after_help = "\
Example:\n  ftp-client download --host 127.0.0.1 --port 2121 --file report.pdf")]
    Download {
        #[command(flatten)]
        server: Server,
        /// The remote file; it goes into the current folder.
        #[arg(long)]
        file: OsString,
    },
    /// The interactive shell; also what a bare ftp-client starts.
    #[command(after_help = "\
HELP in the shell lists its words. From a pipe it reads one command a line, and the end of the input ends it.

Examples:
  ftp-client shell
  ftp-client shell ftp://bob@ftp.example.org/inbox/
  printf 'CONN\\nLIST\\n' | ftp-client")]
    Shell { url: Option<String> },
    /// Read a raw LIST or MLSD on standard input, and show its entries.
    #[command(after_help = "\
One name a line; with --json an object a line, as ls has them. Lines that were not understood are told on standard error, and make
the exit code 1.

Example:
  ftp-client parse-list --json < listing.txt")]
    ParseList,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_anywhere() {
        let cli = Cli::parse_from(["ftp-client", "ls", "ftp://h/", "--json", "--timeout", "2.5"]);
        assert!(cli.options.json);
        assert_eq!(cli.options.timeout, Some(Duration::from_millis(2500)));
        let cli = Cli::parse_from(["ftp-client", "--runtime", "async-std"]);
        assert!(cli.command.is_none() && cli.options.runtime == RuntimeName::AsyncStd);
    }

    #[test]
    fn the_h_of_du_is_for_humans() {
        let cli = Cli::parse_from(["ftp-client", "du", "-sh", "u"]);
        assert!(matches!(cli.command, Some(Command::Du(du)) if du.summarize && du.human_readable));
        let help = Cli::try_parse_from(["ftp-client", "du", "--help"]);
        assert_eq!(help.unwrap_err().exit_code(), 0);
    }

    #[test]
    fn permissions_are_octal() {
        let of = |text: &str| text.parse().ok();
        assert_eq!(of("644"), Some(Octal(0o644)));
        assert_eq!(of("04755"), Some(Octal(0o4755)));
        for text in ["", "8", "+644", "u+x", "10000", "000644"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            &["ls"][..],
            &["put", "a"],
            &["sync", "a"],
            &["sync", "--local-dir", "a"],
            &["ls", "--timeout", "0", "u"],
            &["ls", "-q", "-v", "u"],
            &["upload", "--port", "0", "--file", "f"],
            &["chmod", "8", "u"],
            &["chmod", "", "u"],
            &["chmod", "644"],
            &["raw", "u"],
        ] {
            let line = ["ftp-client"].iter().chain(line);
            assert_eq!(Cli::try_parse_from(line).unwrap_err().exit_code(), 2);
        }
    }

    #[test]
    fn the_other_forms_are_known() {
        for line in [
            &["upload", "--host", "h", "--port", "1", "--file", "f"][..],
            &["download", "--host", "h", "--port", "1", "--file", "f"],
            &[
                "sync",
                "--host",
                "h",
                "--port",
                "1",
                "--local-dir",
                "l",
                "--remote-dir",
                "r",
            ],
            &["sync", "--local-dir", "l", "--remote-dir", "r", "--delete"],
        ] {
            let line = ["ftp-client"].iter().chain(line);
            assert!(Cli::try_parse_from(line).is_ok());
        }
    }
}
