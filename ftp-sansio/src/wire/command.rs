//! Commands (RFC 959 § 4.1 and its extensions): one value a line, read and written.

use alloc::vec::Vec;
use core::net::{SocketAddr, SocketAddrV4};

use bytes::Bytes;
use memchr::{memchr, memchr3};

pub use super::parameter::{Format, Mode, ProtectionLevel, Representation, Structure};
pub use super::verb::{Takes, Verb};

use super::address::{self, EpsvArgument, Extended, ExtendedError, HostPort};
use super::argument::{Arg, Secret};
use super::reply::Code;
use super::telnet::double_iac;
use super::text::{append, decimal};

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
    /// Where the next transfer begins, in bytes; at most 2^63 - 1.
    Rest(u64),
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
    /// What only this server offers.
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
    /// A verb's options (RFC 2389 § 4).
    Opts(Arg),
    /// A file's size as the current type would transfer it (RFC 3659 § 4).
    Size(Arg),
    /// When a file was modified (RFC 3659 § 3).
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
    /// A verb that is none of the above, as it came. Written with a known verb or a space in `verb`, it is read back
    /// as something else.
    Unknown {
        /// The line up to its first space.
        verb: Arg,
        /// What follows that space, if anything does.
        argument: Option<Arg>,
    },
}

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
            Verb::Rest => Self::Rest(required(parse_offset(argument))?),
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
        })
    }

    /// The verb; an unknown command has none.
    #[must_use]
    pub const fn verb(&self) -> Option<Verb> {
        Some(match self {
            Self::User(_) => Verb::User,
            Self::Pass(_) => Verb::Pass,
            Self::Acct(_) => Verb::Acct,
            Self::Cwd(_) => Verb::Cwd,
            Self::Cdup => Verb::Cdup,
            Self::Smnt(_) => Verb::Smnt,
            Self::Rein => Verb::Rein,
            Self::Quit => Verb::Quit,
            Self::Port(_) => Verb::Port,
            Self::Pasv => Verb::Pasv,
            Self::Eprt(_) => Verb::Eprt,
            Self::Epsv(_) => Verb::Epsv,
            Self::Type(_) => Verb::Type,
            Self::Stru(_) => Verb::Stru,
            Self::Mode(_) => Verb::Mode,
            Self::Retr(_) => Verb::Retr,
            Self::Stor(_) => Verb::Stor,
            Self::Stou(_) => Verb::Stou,
            Self::Appe(_) => Verb::Appe,
            Self::Allo { .. } => Verb::Allo,
            Self::Rest(_) => Verb::Rest,
            Self::Rnfr(_) => Verb::Rnfr,
            Self::Rnto(_) => Verb::Rnto,
            Self::Abor => Verb::Abor,
            Self::Dele(_) => Verb::Dele,
            Self::Rmd(_) => Verb::Rmd,
            Self::Mkd(_) => Verb::Mkd,
            Self::Pwd => Verb::Pwd,
            Self::List(_) => Verb::List,
            Self::Nlst(_) => Verb::Nlst,
            Self::Site(_) => Verb::Site,
            Self::Syst => Verb::Syst,
            Self::Stat(_) => Verb::Stat,
            Self::Help(_) => Verb::Help,
            Self::Noop => Verb::Noop,
            Self::Feat => Verb::Feat,
            Self::Opts(_) => Verb::Opts,
            Self::Size(_) => Verb::Size,
            Self::Mdtm(_) => Verb::Mdtm,
            Self::Mlst(_) => Verb::Mlst,
            Self::Mlsd(_) => Verb::Mlsd,
            Self::Auth(_) => Verb::Auth,
            Self::Pbsz(_) => Verb::Pbsz,
            Self::Prot(_) => Verb::Prot,
            Self::Unknown { .. } => return None,
        })
    }

    /// Appends the command as it travels: exactly one CRLF, at its end, and 0xFF doubled (Telnet).
    pub fn encode(&self, out: &mut Vec<u8>) {
        match (self.verb(), self) {
            (Some(verb), _) => out.extend_from_slice(verb.name().as_bytes()),
            (None, Self::Unknown { verb, .. }) => double_iac(verb.as_bytes(), out),
            (None, _) => {}
        }
        self.encode_argument(out);
        out.extend_from_slice(b"\r\n");
    }

    fn encode_argument(&self, out: &mut Vec<u8>) {
        match self {
            Self::Pass(secret) | Self::Acct(secret) => append_arg(secret.expose(), out),
            Self::Port(address) => append(format_args!(" {}", HostPort(*address)), out),
            Self::Eprt(address) => append(format_args!(" {}", Extended(*address)), out),
            Self::Epsv(EpsvArgument::Default) => {}
            Self::Epsv(argument) => append(format_args!(" {argument}"), out),
            Self::Type(representation) => append(format_args!(" {representation}"), out),
            Self::Stru(structure) => append(format_args!(" {structure}"), out),
            Self::Mode(mode) => append(format_args!(" {mode}"), out),
            Self::Prot(level) => append(format_args!(" {level}"), out),
            Self::Allo { size, record: None } => append(format_args!(" {size}"), out),
            Self::Allo {
                size,
                record: Some(record),
            } => append(format_args!(" {size} R {record}"), out),
            Self::Rest(number) | Self::Pbsz(number) => append(format_args!(" {number}"), out),
            _ => {
                if let Some(argument) = self.text() {
                    append_arg(argument, out);
                }
            }
        }
    }

    /// The argument of the verbs whose argument is any text, secrets excepted.
    const fn text(&self) -> Option<&Arg> {
        match self {
            Self::User(text)
            | Self::Cwd(text)
            | Self::Smnt(text)
            | Self::Retr(text)
            | Self::Stor(text)
            | Self::Appe(text)
            | Self::Rnfr(text)
            | Self::Rnto(text)
            | Self::Dele(text)
            | Self::Rmd(text)
            | Self::Mkd(text)
            | Self::Site(text)
            | Self::Opts(text)
            | Self::Size(text)
            | Self::Mdtm(text)
            | Self::Auth(text) => Some(text),
            Self::Stou(text)
            | Self::List(text)
            | Self::Nlst(text)
            | Self::Stat(text)
            | Self::Help(text)
            | Self::Mlst(text)
            | Self::Mlsd(text)
            | Self::Unknown { argument: text, .. } => text.as_ref(),
            _ => None,
        }
    }
}

fn append_arg(argument: &Arg, out: &mut Vec<u8>) {
    out.push(b' ');
    double_iac(argument.as_bytes(), out);
}

/// What is before the first space, and what is after it.
fn split_at_space(line: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b' ', line).and_then(|at| line.split_at_checked(at)) {
        Some((name, rest)) => (name, rest.strip_prefix(b" ").unwrap_or(rest)),
        None => (line, &[]),
    }
}

/// Copies a part of a line that was found free of CR, LF and NUL.
fn arg(bytes: &[u8]) -> Arg {
    Arg::from_checked(Bytes::copy_from_slice(bytes))
}

fn optional(bytes: &[u8]) -> Option<Arg> {
    (!bytes.is_empty()).then(|| arg(bytes))
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

/// An offset that also fits the signed 64 bits of a file system.
fn parse_offset(argument: &[u8]) -> Option<u64> {
    decimal(argument.trim_ascii()).filter(|&offset| i64::try_from(offset).is_ok())
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
