//! How the program ends: the exit codes that scripts rely on, and the one line that says why.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use ftp_driver::client::Error;
use ftp_driver::tls::TlsError;
use ftp_sansio::wire::{Code, Escaped, Reply};

/// The exit codes other than 0. They are a contract: scripts outside this repository test them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Some of the work failed.
    Partial = 1,
    /// The command line made no sense.
    Usage = 2,
    /// Could not connect, be it for the data, or the connection was lost.
    Connect = 3,
    /// TLS was wanted and could not be had.
    Tls = 4,
    /// The login was refused.
    Login = 5,
    /// Not found, or no permission.
    NotFound = 6,
    /// A deadline passed.
    Timeout = 7,
    /// A transfer did not come to its end.
    Incomplete = 8,
    /// The server broke the protocol.
    Protocol = 9,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why something was not done: one line for a person, one code for a script.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    text: String,
    fatal: bool,
    unopened: bool,
}

impl Failure {
    pub(crate) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self {
            exit,
            text: text.into(),
            fatal: false,
            unopened: false,
        }
    }

    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(Exit::Usage, text)
    }

    /// A file of this machine could not be read, written or made.
    pub(crate) fn local(path: &Path, error: &io::Error) -> Self {
        let shown = Shown(path);
        match error.kind() {
            io::ErrorKind::NotFound => {
                Self::new(Exit::NotFound, format!("there is no local file {shown}"))
            }
            io::ErrorKind::PermissionDenied => {
                let text = format!("the local file {shown} may not be used: permission denied");
                Self::new(Exit::NotFound, text)
            }
            // A full disk and its like: what was moved is not whole.
            _ => Self::new(Exit::Incomplete, format!("{shown}: {error}")),
        }
    }

    /// Standard output could not be written. Whoever closed the pipe knows why, and hears nothing.
    pub(crate) fn output(error: &io::Error) -> Self {
        let text = match error.kind() {
            io::ErrorKind::BrokenPipe => String::new(),
            _ => format!("standard output: {error}"),
        };
        Self::new(Exit::Partial, text)
    }

    /// The server, or the way to it, did not do `what` asks.
    pub(crate) fn server(what: impl fmt::Display, error: &Error) -> Self {
        let text = match (error, error.reply()) {
            (Error::LoginRefused(reply), _) => format!("the login was refused: {reply}"),
            (Error::Refused(_), Some(reply)) => format!("{what}: the server says {reply}"),
            (
                Error::Tls(TlsError::Untrusted { why, pin })
                | Error::DataTls(TlsError::Untrusted { why, pin }),
                _,
            ) => format!(
                "{what}: the server's certificate is not to be trusted: {why}. If it is the right one all the same, say so \
                 with --pin {pin}"
            ),
            _ => format!("{what}: {error}"),
        };
        Self::server_text(error, text)
    }

    /// The same in other words.
    pub(crate) fn server_text(error: &Error, text: String) -> Self {
        Self {
            exit: exit_of(error),
            text,
            fatal: matches!(
                error,
                Error::Connect(_)
                    | Error::Proxy(_)
                    | Error::NotBegun(_)
                    | Error::Closed(_)
                    | Error::Protocol(_)
            ),
            unopened: error.reply().is_some_and(|reply| reply.code().get() == 425),
        }
    }

    /// As [`server`](Self::server), for a file or folder that has to be there.
    ///
    /// A path of which MLSD can list nothing is 501 to some servers (RFC 3659 § 7.2.1), and 550 to the others.
    pub(crate) fn remote(name: impl fmt::Display, error: &Error) -> Self {
        match error {
            Error::Refused(reply) if matches!(reply.code().get(), 450 | 501 | 550 | 553) => {
                let text =
                    format!("there is no remote file {name}, or it may not be read ({reply})");
                Self::new(Exit::NotFound, text)
            }
            _ => Self::server(name, error),
        }
    }

    /// The same, for what happened while a file was on its way: a lost connection leaves it incomplete. Where there was none for the data,
    /// nothing of it was moved.
    pub(crate) fn in_transfer(mut self) -> Self {
        if self.exit == Exit::Connect && self.fatal {
            self.exit = Exit::Incomplete;
        }
        self
    }

    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// Whether the server could not open the data connection (425, RFC 959 § 5.4): nothing was moved.
    pub(crate) const fn is_unopened(&self) -> bool {
        self.unopened
    }

    /// Whether the session cannot go on after this.
    pub(crate) const fn is_fatal(&self) -> bool {
        self.fatal
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn exit_of(error: &Error) -> Exit {
    match error {
        Error::NotBegun(why) => exit_of(why),
        Error::Connect(_) | Error::Proxy(_) | Error::Closed(_) | Error::NoDataConnection => {
            Exit::Connect
        }
        Error::Refused(reply) => exit_of_reply(reply),
        Error::LoginRefused(_) => Exit::Login,
        Error::Timeout(_) | Error::Deadline { .. } => Exit::Timeout,
        Error::Incomplete(_) | Error::Aborted => Exit::Incomplete,
        // A reply of which the code promises what the text does not hold breaks it too, though the session goes on.
        Error::Protocol(_) | Error::Malformed(_) => Exit::Protocol,
        Error::Tls(_) | Error::DataTls(_) => Exit::Tls,
        _ => Exit::Partial,
    }
}

/// The reply codes of RFC 959 § 4.2 that mean more than "it failed".
fn exit_of_reply(reply: &Reply) -> Exit {
    match reply.code() {
        Code::NOT_LOGGED_IN => Exit::Login,
        code => match code.get() {
            450 | 532 | 550 | 553 => Exit::NotFound,
            426 | 451 | 452 | 552 => Exit::Incomplete,
            _ => Exit::Partial,
        },
    }
}

/// A local path, made fit for a terminal: it may bear a remote name.
pub(crate) struct Shown<'a>(pub(crate) &'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(self.0.as_os_str().as_encoded_bytes()).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16) -> Failure {
        let reply = Reply::new(Code::new(code).unwrap(), "No");
        Failure::server("x", &Error::Refused(reply))
    }

    #[test]
    fn replies_have_their_exit_codes() {
        for (code, exit) in [
            (550, Exit::NotFound),
            (553, Exit::NotFound),
            (530, Exit::Login),
            (452, Exit::Incomplete),
            (502, Exit::Partial),
        ] {
            assert_eq!(refused(code).exit(), exit, "{code}");
        }
    }

    #[test]
    fn errors_have_their_exit_codes() {
        let lost = || Error::Closed(None);
        let connect = Error::Connect(io::ErrorKind::ConnectionRefused.into());
        let login = Error::LoginRefused(Reply::new(Code::NOT_LOGGED_IN, "No"));
        assert_eq!(Failure::server("x", &connect).exit(), Exit::Connect);
        assert_eq!(Failure::server("x", &lost()).exit(), Exit::Connect);
        assert_eq!(
            Failure::server("x", &lost()).in_transfer().exit(),
            Exit::Incomplete
        );
        assert_eq!(Failure::server("x", &login).exit(), Exit::Login);
        let promised = Error::Malformed(Reply::new(Code::new(227).unwrap(), "Here"));
        assert_eq!(Failure::server("x", &promised).exit(), Exit::Protocol);
        let no_data = Error::NoDataConnection;
        assert_eq!(Failure::server("x", &no_data).exit(), Exit::Connect);
        assert_eq!(
            Failure::server("x", &no_data).in_transfer().exit(),
            Exit::Connect,
            "nothing was moved"
        );
        let late = Error::Deadline {
            begun: true,
            usable: true,
        };
        assert_eq!(Failure::server("x", &late).exit(), Exit::Timeout);
        for tls in [Error::Tls(TlsError::Ended), Error::DataTls(TlsError::Ended)] {
            assert_eq!(Failure::server("x", &tls).exit(), Exit::Tls);
        }
    }

    #[test]
    fn a_data_connection_that_was_not_opened_is_told() {
        assert!(refused(425).is_unopened() && !refused(426).is_unopened());
        let reply = Reply::new(Code::new(425).unwrap(), "No");
        let failure = Failure::server("x", &Error::Incomplete(Some(reply)));
        assert!(failure.in_transfer().is_unopened());
    }

    #[test]
    fn what_has_to_be_there_is_not_found() {
        for (code, exit) in [
            (501, Exit::NotFound),
            (550, Exit::NotFound),
            (500, Exit::Partial),
        ] {
            let reply = Reply::new(Code::new(code).unwrap(), "No");
            let failure = Failure::remote("x", &Error::Refused(reply));
            assert_eq!(failure.exit(), exit, "{code}");
        }
    }

    #[test]
    fn local_errors_have_theirs() {
        let of = |kind: io::ErrorKind| Failure::local(Path::new("f"), &kind.into()).exit();
        assert_eq!(of(io::ErrorKind::NotFound), Exit::NotFound);
        assert_eq!(of(io::ErrorKind::PermissionDenied), Exit::NotFound);
        assert_eq!(of(io::ErrorKind::StorageFull), Exit::Incomplete);
    }

    #[test]
    fn what_a_server_says_is_escaped() {
        let reply = Reply::new(Code::new(550).unwrap(), "\x1b[2J");
        let failure = Failure::server("x", &Error::Refused(reply));
        assert_eq!(failure.to_string(), "x: the server says 550 \\x1b[2J");
    }
}
