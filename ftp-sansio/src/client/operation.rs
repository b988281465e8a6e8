//! What a user can ask a session for, and the machines that carry it out: one small one each.

use alloc::boxed::Box;

use super::exchange::{Failure, NotNow, Outcome, Refused};
use super::login::Login;
use super::rename::Rename;
use super::session::Session;
use super::single::{Meaning, Single};
use super::transfer::Transferring;
use crate::data::{Direction, Parameters};
use crate::sequence::Step;
use crate::session::OperationId;
use crate::time::Instant;
use crate::wire::{Arg, Command, Reply, Representation, Secret, Verb};

/// Something a user asks for. [`Session`] has a method for each.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Operation {
    /// USER, PASS, and ACCT where it is asked for.
    Login(Credentials),
    /// One command.
    Command(Command, Meaning),
    /// RNFR and RNTO.
    Rename {
        /// What it is called now.
        from: Arg,
        /// What it shall be called.
        to: Arg,
    },
    /// Moving data.
    Transfer(TransferRequest),
}

/// Who logs in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// USER.
    pub user: Arg,
    /// PASS.
    pub password: Secret<Arg>,
    /// ACCT, for servers that ask for it.
    pub account: Option<Secret<Arg>>,
}

/// What to transfer, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransferRequest {
    /// RETR, STOR, APPE, STOU, LIST, NLST or MLSD, with what it is about.
    pub command: Command,
    /// Where to begin, in bytes (REST).
    pub offset: u64,
    /// TYPE; nothing leaves what is in force.
    pub representation: Option<Representation>,
}

impl TransferRequest {
    /// A file, or its rest: `command` is RETR, STOR, APPE or STOU.
    #[must_use]
    pub const fn file(command: Command, options: Options) -> Self {
        let Options {
            offset,
            representation,
        } = options;
        Self {
            command,
            offset,
            representation: Some(representation),
        }
    }

    /// A listing: `command` is LIST, NLST or MLSD. Its bytes come as the server sent them.
    #[must_use]
    pub fn list(command: Command) -> Self {
        let command = match command {
            Command::List(Some(path)) => Command::List(Some(not_an_option(path))),
            Command::Nlst(Some(path)) => Command::Nlst(Some(not_an_option(path))),
            command => command,
        };
        // RFC 1123 § 4.1.2.7: LIST and NLST travel under TYPE A; under TYPE I a mainframe would send them in EBCDIC. MLSD is the
        // same under every type (RFC 3659 § 7.1).
        let representation = match command {
            Command::Mlsd(_) => None,
            _ => Some(Representation::default()),
        };
        Self {
            command,
            offset: 0,
            representation,
        }
    }

    /// Which way the data goes; nothing for a command that moves none.
    pub(super) fn direction(&self) -> Option<Direction> {
        match self.command.verb()? {
            Verb::Retr | Verb::List | Verb::Nlst | Verb::Mlsd => Some(Direction::Receive),
            Verb::Stor | Verb::Appe | Verb::Stou => Some(Direction::Send),
            _ => None,
        }
    }

    /// How the bytes are to be taken. A listing is read as it came, line ends and all, under whichever TYPE it travels.
    pub(super) fn parameters(&self) -> Parameters {
        let is_file = !matches!(
            self.command,
            Command::List(_) | Command::Nlst(_) | Command::Mlsd(_)
        );
        match self.representation {
            Some(representation) if is_file => Parameters {
                representation,
                ..Parameters::IMAGE
            },
            _ => Parameters::IMAGE,
        }
    }
}

/// How a [`Session::retrieve`] or a [`Session::store`] shall go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Where to begin, in bytes: the rest of a file that is there in part.
    pub offset: u64,
    /// Image by default; ASCII converts line ends.
    pub representation: Representation,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            offset: 0,
            representation: Representation::Image,
        }
    }
}

/// How an operation goes on after something happened.
#[derive(Debug)]
pub(super) enum Flow {
    Continue,
    Finish(Result<Outcome, Failure>),
}

/// An operation under way.
#[derive(Debug)]
pub(super) enum Procedure {
    Login(Login),
    Single(Box<Single>),
    Rename(Rename),
    Transfer(Box<Transferring>),
}

impl Procedure {
    /// The machine for an operation. One that would break the session is handed back.
    fn of(operation: Operation, id: OperationId) -> Result<Self, Operation> {
        Ok(match operation {
            Operation::Login(credentials) => Self::Login(Login::new(credentials)),
            Operation::Rename { from, to } => Self::Rename(Rename::new(from, to)),
            Operation::Command(command, meaning) => {
                let single = Single::new(command, meaning);
                let single = single.map_err(|command| Operation::Command(command, meaning))?;
                Self::Single(Box::new(single))
            }
            Operation::Transfer(request) => {
                let transfer = Transferring::new(request, id).map_err(Operation::Transfer)?;
                Self::Transfer(Box::new(transfer))
            }
        })
    }

    pub(super) fn begin(&mut self, session: &mut Session, now: Instant) -> Flow {
        match self {
            Self::Login(login) => login.begin(session, now),
            Self::Single(single) => single.begin(session, now),
            Self::Rename(rename) => rename.begin(session, now),
            Self::Transfer(transfer) => transfer.begin(session, now),
        }
    }

    pub(super) fn replied(
        &mut self,
        session: &mut Session,
        now: Instant,
        step: Step,
        reply: Reply,
    ) -> Flow {
        match self {
            Self::Login(login) => login.replied(session, now, step, reply),
            Self::Single(single) => single.replied(session, step, reply),
            Self::Rename(rename) => rename.replied(session, now, step, reply),
            Self::Transfer(transfer) => transfer.replied(session, now, step, reply),
        }
    }
}

impl Session {
    /// Begins an operation; its end is an [`Event::Finished`](super::Event::Finished) with this id.
    ///
    /// # Errors
    /// Hands the operation back where it cannot begin; nothing has changed then.
    pub fn begin(&mut self, now: Instant, operation: Operation) -> Result<OperationId, Refused> {
        if let Some(why) = self.not_now() {
            return Err(Refused {
                operation: Box::new(operation),
                why,
            });
        }
        let id = OperationId(self.serial.peek());
        let procedure = Procedure::of(operation, id).map_err(|operation| Refused {
            operation: Box::new(operation),
            why: NotNow::Impossible,
        })?;
        self.serial.next();
        self.run(now, id, procedure);
        Ok(id)
    }

    /// Logs in.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn login(
        &mut self,
        now: Instant,
        credentials: Credentials,
    ) -> Result<OperationId, Refused> {
        self.begin(now, Operation::Login(credentials))
    }

    /// Renames a file or folder (RNFR, RNTO).
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn rename(&mut self, now: Instant, from: Arg, to: Arg) -> Result<OperationId, Refused> {
        self.begin(now, Operation::Rename { from, to })
    }

    /// Fetches a file (RETR).
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn retrieve(
        &mut self,
        now: Instant,
        path: Arg,
        options: Options,
    ) -> Result<OperationId, Refused> {
        self.transfer(now, Command::Retr(path), options)
    }

    /// Stores a file (STOR).
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn store(
        &mut self,
        now: Instant,
        path: Arg,
        options: Options,
    ) -> Result<OperationId, Refused> {
        self.transfer(now, Command::Stor(path), options)
    }

    /// Adds to a file (APPE).
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn append(
        &mut self,
        now: Instant,
        path: Arg,
        options: Options,
    ) -> Result<OperationId, Refused> {
        self.transfer(now, Command::Appe(path), options)
    }

    /// Lists a folder; see [`TransferRequest::list`].
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn list(&mut self, now: Instant, command: Command) -> Result<OperationId, Refused> {
        self.begin(now, Operation::Transfer(TransferRequest::list(command)))
    }

    /// Sends one command and takes its reply as `meaning` says.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn command(
        &mut self,
        now: Instant,
        command: Command,
        meaning: Meaning,
    ) -> Result<OperationId, Refused> {
        self.begin(now, Operation::Command(command, meaning))
    }

    fn transfer(
        &mut self,
        now: Instant,
        command: Command,
        options: Options,
    ) -> Result<OperationId, Refused> {
        self.begin(
            now,
            Operation::Transfer(TransferRequest::file(command, options)),
        )
    }
}

/// Servers take a LIST argument that begins with a dash for options of `ls`; the same path behind `./` is none.
fn not_an_option(path: Arg) -> Arg {
    if !path.as_bytes().starts_with(b"-") {
        return path;
    }
    Arg::new([b"./", path.as_bytes()].concat()).unwrap_or(path)
}
