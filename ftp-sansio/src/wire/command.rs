//! Commands (RFC 959 § 4.1 and its extensions): one value a line, read and written.

use alloc::vec::Vec;
use core::net::{SocketAddr, SocketAddrV4};

use memchr::memchr3;

pub use super::parameter::{Format, Mode, ProtectionLevel, Representation, Structure};
pub use super::verb::{Takes, Verb};

use super::address::{self, EpsvArgument, ExtendedError, LongError};
use super::argument::{Arg, Secret};
use super::date::DateTime;
use super::digest::{ChecksumRange, DigestAlgorithm, OctetRange, parse_checksum, position};
use super::host::{Host, LanguageTag};
use super::modify::{FactChange, parse_mff, parse_timed};
use super::reply::Code;
use super::text::decimal;
use super::words::{arg, optional, split_at_space, take_word};

/// A command with its argument, read.
///
/// `Debug` shows no secret. An [`Arg`] of a verb that needs one should not be empty: such a command can be written, and
/// the peer will answer it with a 501.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// The user's name.
    User(Arg),
    /// The password, possibly empty.
    Pass(Secret<Arg>),
    /// The account.
    Acct(Secret<Arg>),
    /// Change the folder.
    Cwd(Arg),
    /// Change to the parent folder.
    Cdup,
    /// Mount another file system.
    Smnt(Arg),
    /// Log out, and begin again.
    Rein,
    /// Log out, and end.
    Quit,
    /// Where to connect for data.
    Port(SocketAddrV4),
    /// Listen for a data connection.
    Pasv,
    /// Where to connect for data (RFC 2428 § 2). The flow and the zone of an IPv6 address do not travel.
    Eprt(SocketAddr),
    /// Listen for a data connection (RFC 2428 § 3).
    Epsv(EpsvArgument),
    /// The representation type.
    Type(Representation),
    /// The file structure.
    Stru(Structure),
    /// The transfer mode.
    Mode(Mode),
    /// Send a file to the client.
    Retr(Arg),
    /// Store a file.
    Stor(Arg),
    /// Store a file under a name of its own; servers differ on whether a name may be given.
    Stou(Option<Arg>),
    /// Append to a file.
    Appe(Arg),
    /// Reserve space.
    Allo {
        /// The file's size in bytes.
        size: u64,
        /// The largest record or page in bytes.
        record: Option<u64>,
    },
    /// Where the next transfer begins.
    Rest(Restart),
    /// Rename: the old name.
    Rnfr(Arg),
    /// Rename: the new name.
    Rnto(Arg),
    /// Abort the transfer.
    Abor,
    /// Delete a file.
    Dele(Arg),
    /// Remove a folder.
    Rmd(Arg),
    /// Make a folder.
    Mkd(Arg),
    /// The current folder's path.
    Pwd,
    /// A listing for people, of this path or of the current folder.
    List(Option<Arg>),
    /// A listing of names.
    Nlst(Option<Arg>),
    /// What only this server offers: see [`SiteCommand`](super::SiteCommand).
    Site(Arg),
    /// The system's type.
    Syst,
    /// The status, or a path's listing over the control connection.
    Stat(Option<Arg>),
    /// Help, in general or on a verb.
    Help(Option<Arg>),
    /// Nothing.
    Noop,
    /// The features (RFC 2389 § 3).
    Feat,
    /// A verb's options (RFC 2389 § 4): see [`OptionsCommand`](super::OptionsCommand).
    Opts(Arg),
    /// A file's size as the current type would transfer it (RFC 3659 § 4).
    Size(Arg),
    /// When a file was modified (RFC 3659 § 3); for many servers also when it is to have been, which
    /// [`modification`](super::modify::modification) tells.
    Mdtm(Arg),
    /// The facts of one file (RFC 3659 § 7).
    Mlst(Option<Arg>),
    /// The facts of a folder's files (RFC 3659 § 7).
    Mlsd(Option<Arg>),
    /// Begin a security mechanism (RFC 2228 § 3, RFC 4217 § 4).
    Auth(Arg),
    /// The protection buffer's size in bytes; 0 for TLS (RFC 4217 § 8).
    Pbsz(u64),
    /// The data connection's protection level.
    Prot(ProtectionLevel),
    /// The data of a security mechanism, in base64, which is not looked at here (RFC 2228 § 3).
    Adat(Arg),
    /// End the protection of commands (RFC 2228 § 3, RFC 4217 § 6).
    Ccc,
    /// A command with its integrity protected, in base64 (RFC 2228 § 3).
    Mic(Arg),
    /// A command kept confidential, in base64.
    Conf(Arg),
    /// A command with both protections, in base64.
    Enc(Arg),
    /// Where to connect for data (RFC 1639). The flow and the zone of an IPv6 address do not travel.
    Lprt(SocketAddr),
    /// Listen for a data connection (RFC 1639).
    Lpsv,
    /// The language of the replies; none is the server's own (RFC 2640 § 4.1).
    Lang(Option<LanguageTag>),
    /// The virtual host (RFC 7151 § 3).
    Host(Host),
    /// A file's digest, by the algorithm that `OPTS HASH` chose (draft-bryan-ftpext-hash § 3).
    Hash(Arg),
    /// The octets that the next RETR, STOR or HASH is about; none, written `1 0`, are all (draft-bryan-ftp-range § 3).
    Rang(Option<OctetRange>),
    /// A file's digest by XCRC, XMD5, XSHA1, XSHA256 or XSHA512.
    Checksum {
        /// Which of them.
        algorithm: DigestAlgorithm,
        /// The file, not empty.
        path: Arg,
        /// The part of it; none is all.
        range: Option<ChecksumRange>,
    },
    /// Set when a file was modified (draft-somers-ftp-mfxx § 3).
    Mfmt {
        /// When, in UTC.
        time: DateTime,
        /// The file.
        path: Arg,
    },
    /// Set when a file was created (draft-somers-ftp-mfxx § 4).
    Mfct {
        /// When, in UTC.
        time: DateTime,
        /// The file.
        path: Arg,
    },
    /// Set a file's facts (draft-somers-ftp-mfxx § 5).
    Mff {
        /// The facts: one to sixteen.
        facts: Vec<FactChange>,
        /// The file.
        path: Arg,
    },
    /// How much space is left, for this folder or the current one.
    Avbl(Option<Arg>),
    /// Join files into one, and remove them.
    Comb {
        /// The file they become. Not empty.
        target: Arg,
        /// The files in their order: one to [`MOST_PARTS`], none of them empty.
        parts: Vec<Arg>,
    },
    /// The client's name.
    Clnt(Arg),
    /// The client's name and version, `Name=…;Version=…;`; the reply has the server's.
    Csid(Arg),
    /// Which transfer follows, for servers that choose where the data connection goes by it.
    Pret {
        /// The verb: one that [moves data](Verb::moves_data).
        verb: Verb,
        /// Its path, which RETR, STOR and APPE need.
        path: Option<Arg>,
    },
    /// Listen for a data connection on which this server will be the TLS client: for transfers between two servers.
    Cpsv,
    /// Whether the server is the TLS client on data connections from now on; none is the question.
    Sscn(Option<bool>),
    /// A verb that is none of the above, as it came. Written with a known verb or a space in `verb`, it is read back
    /// as something else.
    Unknown {
        /// The line up to its first space.
        verb: Arg,
        /// What follows that space, if anything does.
        argument: Option<Arg>,
    },
}

/// Where a transfer goes on: the argument of `REST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restart {
    /// So many bytes into the file (RFC 3659 § 5); at most 2^63 - 1.
    Offset(u64),
    /// A marker that the data's sender gave, which only that side understands (RFC 959 § 3.5): printable ASCII without
    /// spaces, and not digits alone, which are always read as an offset.
    Marker(Arg),
}

impl Restart {
    /// A number too large for a file's position is an error and no marker.
    fn parse(argument: &[u8]) -> Option<Self> {
        let argument = argument.trim_ascii();
        if argument.iter().all(u8::is_ascii_digit) {
            return position(argument).map(Self::Offset);
        }
        let printable = argument.iter().all(u8::is_ascii_graphic);
        printable.then(|| Self::Marker(arg(argument)))
    }
}

impl From<u64> for Restart {
    fn from(offset: u64) -> Self {
        Self::Offset(offset)
    }
}

/// How many parts a `COMB` may name.
pub const MOST_PARTS: usize = 64;

/// A line that is not a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{kind}")]
pub struct CommandError {
    /// The verb, where the line began with one.
    pub verb: Option<Verb>,
    /// What is wrong.
    pub kind: CommandErrorKind,
}

/// What is wrong with a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CommandErrorKind {
    /// There is no verb: a 500.
    #[error("the command is empty")]
    Empty,
    /// The argument is missing or malformed, or the line holds a CR, LF or NUL: a 501.
    #[error("the argument is missing or malformed")]
    Argument,
    /// The argument is well formed and names something unknown, as in `TYPE Q`: a 504.
    #[error("the parameter is unknown")]
    Parameter,
    /// An `EPRT` for an unknown network protocol: a 522 (RFC 2428 § 2).
    #[error("the network protocol is unknown")]
    NetworkProtocol,
    /// An `LPRT` for an unknown address family: a 521 that names the known ones, `(4,6)` (RFC 1639).
    #[error("the address family is unknown")]
    AddressFamily,
}

impl CommandErrorKind {
    /// The code to answer with.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Empty => Code::SYNTAX_ERROR,
            Self::Argument => Code::ARGUMENT_SYNTAX_ERROR,
            Self::Parameter => Code::PARAMETER_NOT_IMPLEMENTED,
            Self::NetworkProtocol => Code::NETWORK_PROTOCOL_NOT_SUPPORTED,
            Self::AddressFamily => Code::ADDRESS_FAMILY_NOT_SUPPORTED,
        }
    }
}

impl Command {
    /// Reads one line, without its end.
    ///
    /// The argument is everything after one space, as it stands: names may begin or end with spaces. An unknown verb
    /// is [`Command::Unknown`] and no error.
    ///
    /// # Errors
    ///
    /// [`CommandError`] says which reply the line deserves.
    pub fn parse(line: &[u8]) -> Result<Self, CommandError> {
        let (name, argument) = split_at_space(line);
        let verb = Verb::from_bytes(name);
        let fail = |kind| CommandError { verb, kind };
        if memchr3(b'\r', b'\n', 0, line).is_some() {
            return Err(fail(CommandErrorKind::Argument));
        }
        match verb {
            Some(verb) => Self::parse_known(verb, argument).map_err(fail),
            None if name.is_empty() => Err(fail(CommandErrorKind::Empty)),
            None => Ok(Self::Unknown {
                verb: arg(name),
                argument: optional(argument),
            }),
        }
    }

    fn parse_known(verb: Verb, argument: &[u8]) -> Result<Self, CommandErrorKind> {
        if verb.takes() == Takes::Required && argument.is_empty() {
            return Err(CommandErrorKind::Argument);
        }
        Ok(match verb {
            Verb::User => Self::User(arg(argument)),
            Verb::Pass => Self::Pass(Secret::new(arg(argument))),
            Verb::Acct => Self::Acct(Secret::new(arg(argument))),
            Verb::Cwd => Self::Cwd(arg(argument)),
            Verb::Cdup => Self::Cdup,
            Verb::Smnt => Self::Smnt(arg(argument)),
            Verb::Rein => Self::Rein,
            Verb::Quit => Self::Quit,
            Verb::Port => Self::Port(required(address::parse_host_port(argument))?),
            Verb::Pasv => Self::Pasv,
            Verb::Eprt => Self::Eprt(parse_eprt(argument)?),
            Verb::Epsv => Self::Epsv(required(EpsvArgument::parse(argument))?),
            Verb::Type => Self::Type(Representation::parse(argument)?),
            Verb::Stru => Self::Stru(Structure::parse(argument)?),
            Verb::Mode => Self::Mode(Mode::parse(argument)?),
            Verb::Retr => Self::Retr(arg(argument)),
            Verb::Stor => Self::Stor(arg(argument)),
            Verb::Stou => Self::Stou(optional(argument)),
            Verb::Appe => Self::Appe(arg(argument)),
            Verb::Allo => required(parse_allo(argument))?,
            Verb::Rest => Self::Rest(required(Restart::parse(argument))?),
            Verb::Rnfr => Self::Rnfr(arg(argument)),
            Verb::Rnto => Self::Rnto(arg(argument)),
            Verb::Abor => Self::Abor,
            Verb::Dele => Self::Dele(arg(argument)),
            Verb::Rmd => Self::Rmd(arg(argument)),
            Verb::Mkd => Self::Mkd(arg(argument)),
            Verb::Pwd => Self::Pwd,
            Verb::List => Self::List(optional(argument)),
            Verb::Nlst => Self::Nlst(optional(argument)),
            Verb::Site => Self::Site(arg(argument)),
            Verb::Syst => Self::Syst,
            Verb::Stat => Self::Stat(optional(argument)),
            Verb::Help => Self::Help(optional(argument)),
            Verb::Noop => Self::Noop,
            Verb::Feat => Self::Feat,
            Verb::Opts => Self::Opts(arg(argument)),
            Verb::Size => Self::Size(arg(argument)),
            Verb::Mdtm => Self::Mdtm(arg(argument)),
            Verb::Mlst => Self::Mlst(optional(argument)),
            Verb::Mlsd => Self::Mlsd(optional(argument)),
            Verb::Auth => Self::Auth(arg(argument)),
            Verb::Pbsz => Self::Pbsz(required(decimal(argument.trim_ascii()))?),
            Verb::Prot => Self::Prot(ProtectionLevel::parse(argument)?),
            Verb::Adat => Self::Adat(arg(argument)),
            Verb::Ccc => Self::Ccc,
            Verb::Mic => Self::Mic(arg(argument)),
            Verb::Conf => Self::Conf(arg(argument)),
            Verb::Enc => Self::Enc(arg(argument)),
            Verb::Lprt => Self::Lprt(parse_lprt(argument)?),
            Verb::Lpsv => Self::Lpsv,
            Verb::Lang if argument.is_empty() => Self::Lang(None),
            Verb::Lang => Self::Lang(Some(required(LanguageTag::parse(argument))?)),
            Verb::Host => Self::Host(required(Host::parse(argument))?),
            Verb::Hash => Self::Hash(arg(argument)),
            Verb::Rang => Self::Rang(required(OctetRange::parse(argument))?),
            Verb::Xcrc => checksum(DigestAlgorithm::Crc32, argument)?,
            Verb::Xmd5 => checksum(DigestAlgorithm::Md5, argument)?,
            Verb::Xsha1 => checksum(DigestAlgorithm::Sha1, argument)?,
            Verb::Xsha256 => checksum(DigestAlgorithm::Sha256, argument)?,
            Verb::Xsha512 => checksum(DigestAlgorithm::Sha512, argument)?,
            Verb::Mfmt => {
                let (time, path) = required(parse_timed(argument))?;
                Self::Mfmt { time, path }
            }
            Verb::Mfct => {
                let (time, path) = required(parse_timed(argument))?;
                Self::Mfct { time, path }
            }
            Verb::Mff => {
                let (facts, path) = required(parse_mff(argument))?;
                Self::Mff { facts, path }
            }
            Verb::Avbl => Self::Avbl(optional(argument)),
            Verb::Comb => required(parse_comb(argument))?,
            Verb::Clnt => Self::Clnt(arg(argument)),
            Verb::Csid => Self::Csid(arg(argument)),
            Verb::Pret => parse_pret(argument)?,
            Verb::Cpsv => Self::Cpsv,
            Verb::Sscn => Self::Sscn(parse_sscn(argument)?),
        })
    }
}

fn required<T>(value: Option<T>) -> Result<T, CommandErrorKind> {
    value.ok_or(CommandErrorKind::Argument)
}

fn parse_eprt(argument: &[u8]) -> Result<SocketAddr, CommandErrorKind> {
    address::parse_extended(argument).map_err(|error| match error {
        ExtendedError::Syntax => CommandErrorKind::Argument,
        ExtendedError::Protocol => CommandErrorKind::NetworkProtocol,
    })
}

/// `<size>` or `<size> R <record>` (RFC 959 § 4.1.3).
fn parse_allo(argument: &[u8]) -> Option<Command> {
    let mut words = argument
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let size = decimal(words.next()?)?;
    let record = match words.next() {
        None => None,
        Some(word) if word.eq_ignore_ascii_case(b"R") => Some(decimal(words.next()?)?),
        Some(_) => return None,
    };
    words
        .next()
        .is_none()
        .then_some(Command::Allo { size, record })
}

fn parse_lprt(argument: &[u8]) -> Result<SocketAddr, CommandErrorKind> {
    address::parse_long(argument).map_err(|error| match error {
        LongError::Syntax => CommandErrorKind::Argument,
        LongError::Family => CommandErrorKind::AddressFamily,
    })
}

fn checksum(algorithm: DigestAlgorithm, argument: &[u8]) -> Result<Command, CommandErrorKind> {
    let (path, range) = required(parse_checksum(argument))?;
    Ok(Command::Checksum {
        algorithm,
        path,
        range,
    })
}

/// `target part …`, each a word or in quotation marks.
fn parse_comb(argument: &[u8]) -> Option<Command> {
    let mut names = Vec::new();
    let mut rest = argument.trim_ascii();
    while !rest.is_empty() {
        let (name, after) = take_word(rest)?;
        if name.is_empty() || names.len() > MOST_PARTS {
            return None;
        }
        names.push(name);
        rest = after.trim_ascii_start();
    }
    let mut names = names.into_iter();
    let target = names.next()?;
    let parts: Vec<_> = names.collect();
    (!parts.is_empty()).then_some(Command::Comb { target, parts })
}

fn parse_pret(argument: &[u8]) -> Result<Command, CommandErrorKind> {
    let (name, path) = split_at_space(argument);
    let verb = Verb::from_bytes(name)
        .filter(|verb| verb.moves_data())
        .ok_or(CommandErrorKind::Parameter)?;
    let path = optional(path);
    if path.is_none() && verb.takes() == Takes::Required {
        return Err(CommandErrorKind::Argument);
    }
    Ok(Command::Pret { verb, path })
}

fn parse_sscn(argument: &[u8]) -> Result<Option<bool>, CommandErrorKind> {
    match argument.trim_ascii() {
        [] => Ok(None),
        word if word.eq_ignore_ascii_case(b"ON") => Ok(Some(true)),
        word if word.eq_ignore_ascii_case(b"OFF") => Ok(Some(false)),
        _ => Err(CommandErrorKind::Parameter),
    }
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
