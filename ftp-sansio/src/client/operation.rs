//! What a user can ask a session for.

use alloc::boxed::Box;

use super::failure::{NotNow, Refused};
use super::meaning::Meaning;
use super::queue::Procedure;
use super::server::Wanted;
use super::session::Session;
use crate::data::{Direction, Parameters};
use crate::session::OperationId;
use crate::time::Instant;
use crate::wire::{Arg, Command, Mode, Representation, Restart, Secret, Structure, Verb};

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
    /// A transfer whose data goes to another server, or comes from one; see [`Session::third_party`].
    ThirdParty(TransferRequest),
    /// AUTH TLS where it is not up, PBSZ and PROT; see [`Session::secure`].
    Secure,
    /// CCC; see [`Session::clear_control`].
    ClearControl,
}

/// Who logs in.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
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
    /// Where to begin (REST): nothing is the beginning.
    pub start: Option<Restart>,
    /// TYPE; nothing leaves what is in force.
    pub representation: Option<Representation>,
    /// STRU.
    pub structure: Structure,
    /// MODE.
    pub mode: Mode,
}

impl TransferRequest {
    /// A file, or its rest: `command` is RETR, STOR, APPE or STOU.
    #[must_use]
    pub fn file(command: Command, options: Options) -> Self {
        let Options {
            offset,
            representation,
            structure,
            mode,
        } = options;
        Self {
            command,
            start: (offset > 0).then_some(Restart::Offset(offset)),
            representation: Some(representation),
            structure,
            mode,
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
            start: None,
            representation,
            structure: Structure::File,
            mode: Mode::Stream,
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

    pub(super) const fn wanted(&self) -> Wanted {
        Wanted {
            representation: self.representation,
            structure: self.structure,
            mode: self.mode,
        }
    }

    /// How the bytes are to be taken. A listing is read as it came, line ends and all, under whichever TYPE it travels.
    pub(super) fn parameters(&self) -> Parameters {
        let is_file = !matches!(
            self.command,
            Command::List(_) | Command::Nlst(_) | Command::Mlsd(_)
        );
        Parameters {
            representation: self
                .representation
                .filter(|_| is_file)
                .unwrap_or(Representation::Image),
            structure: self.structure,
            mode: self.mode,
        }
    }

    /// What PRET says of it.
    pub(super) fn announcement(&self) -> Option<Command> {
        let path = match &self.command {
            Command::Retr(path) | Command::Stor(path) | Command::Appe(path) => Some(path.clone()),
            Command::Stou(path)
            | Command::List(path)
            | Command::Nlst(path)
            | Command::Mlsd(path) => path.clone(),
            _ => None,
        };
        let verb = self.command.verb()?;
        Some(Command::Pret { verb, path })
    }
}

/// How a [`Session::retrieve`] or a [`Session::store`] shall go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Where to begin, in bytes: the rest of a file that is there in part.
    pub offset: u64,
    /// Image by default; ASCII converts line ends.
    pub representation: Representation,
    /// A file without structure by default.
    pub structure: Structure,
    /// A stream by default. In [`Mode::Block`] and [`Mode::Compressed`] the data connection stays open from transfer to transfer where the
    /// server does its part (RFC 959 § 3.3).
    pub mode: Mode,
}

impl Default for Options {
    fn default() -> Self {
        let Parameters {
            representation,
            structure,
            mode,
        } = Parameters::IMAGE;
        Self {
            offset: 0,
            representation,
            structure,
            mode,
        }
    }
}

impl Operation {
    /// How many bytes of memory its arguments take, about.
    pub(super) fn size(&self) -> usize {
        let line = |command: &Command| {
            let mut line = alloc::vec::Vec::new();
            command.encode(&mut line);
            line.len()
        };
        match self {
            Self::Login(Credentials {
                user,
                password,
                account,
            }) => {
                let account = account.as_ref().map_or(0, |account| account.expose().len());
                user.len() + password.expose().len() + account
            }
            Self::Command(command, _) => line(command),
            Self::Rename { from, to } => from.len() + to.len(),
            Self::Transfer(request) | Self::ThirdParty(request) => {
                let marker = match &request.start {
                    Some(Restart::Marker(marker)) => marker.len(),
                    _ => 0,
                };
                line(&request.command) + marker
            }
            Self::Secure | Self::ClearControl => 0,
        }
    }
}

impl Session {
    /// Begins an operation, behind all that were begun before it; its end is an [`Event::Finished`](super::Event::Finished) with this id.
    ///
    /// Operations take effect strictly in the order in which they were begun. One may be told of as finished before another that is
    /// ahead of it only where that one had to be asked for again.
    ///
    /// # Errors
    /// Hands the operation back where it cannot begin; nothing has changed then.
    pub fn begin(&mut self, now: Instant, operation: Operation) -> Result<OperationId, Refused> {
        if let Some(why) = self.not_now(&operation) {
            return Err(Refused {
                operation: Box::new(operation),
                why,
            });
        }
        let id = OperationId(self.serial.peek());
        let size = operation.size();
        let procedure = Procedure::of(operation, id).map_err(|operation| Refused {
            operation: Box::new(operation),
            why: NotNow::Impossible,
        })?;
        self.serial.next();
        self.enqueue(now, id, procedure, size);
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

    /// Secures the session: AUTH TLS where TLS is not up, then PBSZ 0 and PROT P or C as
    /// [`Config::protect_data`](super::Config::protect_data) has it (RFC 4217 § 4, § 9). A second one after that says PBSZ and PROT again.
    ///
    /// Behind the 234 nothing more is read in clear text. What was known of the server starts afresh, and so does the login.
    /// A refusal is [`Failure::Refused`](super::Failure::Refused), and the session goes on as it was; with [`Tls::Explicit`](super::Tls::Explicit) nothing
    /// that matters can be said in it.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn secure(&mut self, now: Instant) -> Result<OperationId, Refused> {
        self.begin(now, Operation::Secure)
    }

    /// Leaves TLS on the control connection (CCC, RFC 4217 § 5), for the sake of firewalls that have to read along. Data connections stay as
    /// PROT had it, and nothing can be changed about that afterwards.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn clear_control(&mut self, now: Instant) -> Result<OperationId, Refused> {
        self.begin(now, Operation::ClearControl)
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

    /// Has the server send to, or receive from, another server (RFC 959 § 5.2): where the data goes was said before, by
    /// [`command`](Self::command) with PORT on this one and [`Meaning::Address`] on the other.
    ///
    /// [`Event::Underway`](super::Event::Underway) tells that it has begun; the other server may be asked when this one has been.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn third_party(
        &mut self,
        now: Instant,
        request: TransferRequest,
    ) -> Result<OperationId, Refused> {
        self.begin(now, Operation::ThirdParty(request))
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
