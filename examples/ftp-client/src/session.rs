//! One session with one server: logging in, and asking in ways that work with servers of every age.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use ftp_driver::Runtime;
use ftp_driver::client::{Client, Error, Options, Trace};
use ftp_driver::proxy::Proxy;
use ftp_driver::runtime::within;
use ftp_sansio::listing::{Entry, Listing};
use ftp_sansio::wire::{
    Arg, Command, DateTime, Escaped, Features, Format, Mode, Reply, Representation, Secret,
};

use crate::attributes::Clock;
use crate::console::Console;
use crate::failure::Failure;
use crate::remote::RemotePath;
use crate::tls::Tls;

/// How long a server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

/// How long a session may take to prove that it is there.
const CHECK: Duration = Duration::from_secs(5);

/// What the command line says about every session.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) active: bool,
    pub(crate) ascii: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) verify: bool,
    /// How many sessions may move files at once.
    pub(crate) jobs: usize,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) tls: Tls,
    pub(crate) console: Rc<Console>,
}

/// A connected client, and how it is used here.
pub(crate) struct Session<R: Runtime> {
    pub(crate) client: Client<R>,
    runtime: R,
    pub(crate) console: Rc<Console>,
    pub(crate) representation: Representation,
    pub(crate) mode: Mode,
    /// What is moved is compared with what the server has.
    pub(crate) verify: bool,
    /// MDTM was refused as such: it need not be asked again.
    times_refused: bool,
    /// MLST tells all it can from now on.
    pub(crate) all_facts: bool,
    /// How a file's time can be set, as far as is known.
    pub(crate) clocks: Option<Vec<Clock>>,
}

impl<R: Runtime> std::fmt::Debug for Session<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// Writes what passes over the control connection, for `-v`. Passwords are not among it.
fn show(trace: &Trace<'_>) {
    match trace {
        Trace::Sent(command) => eprintln!("> {}", command_line(command)),
        Trace::Received(reply) => {
            let code = reply.code().get();
            for line in reply.lines() {
                eprintln!("< {code} {}", Escaped(line));
            }
        }
        _ => {}
    }
}

/// A command as it is sent, its secrets left out.
pub(crate) fn command_line(command: &Command) -> String {
    match command {
        Command::Pass(_) => "PASS ***".to_owned(),
        Command::Acct(_) => "ACCT ***".to_owned(),
        _ => {
            let mut line = Vec::new();
            command.encode(&mut line);
            Escaped(line.trim_ascii_end()).to_string()
        }
    }
}

impl<R: Runtime> Session<R> {
    pub(crate) fn new(runtime: R, mut client: Client<R>, settings: &Settings) -> Self {
        if settings.console.verbose {
            client.observe(|trace| show(&trace));
        }
        let representation = match settings.ascii {
            true => Representation::Ascii(Format::NonPrint),
            false => Representation::Image,
        };
        Self {
            client,
            runtime,
            console: Rc::clone(&settings.console),
            representation,
            mode: Mode::Stream,
            verify: settings.verify,
            times_refused: false,
            all_facts: false,
            clocks: None,
        }
    }

    /// Whether TLS protects it.
    pub(crate) fn is_protected(&self) -> bool {
        self.client.server_pin().is_some()
    }

    pub(crate) async fn login(
        &mut self,
        user: Arg,
        password: Secret<Arg>,
    ) -> Result<Reply, Failure> {
        let done = self.client.login(user, password).await;
        done.map_err(|error| Failure::server("the login", &error))
    }

    /// How a file is moved, from `offset` on.
    pub(crate) fn options(&self, offset: u64) -> Options {
        Options {
            offset,
            representation: self.representation,
            mode: self.mode,
            ..Options::default()
        }
    }

    /// Whether the session cannot go on after a failure.
    pub(crate) fn is_lost(&self, failure: &Failure) -> bool {
        failure.is_fatal() || !self.client.is_usable()
    }

    /// Whether the server still answers, after a time in which nothing was asked of it.
    pub(crate) async fn is_there(&mut self) -> bool {
        let answer = self.client.with_deadline(CHECK).noop().await;
        // That it does not know NOOP is an answer too.
        matches!(answer, Ok(_) | Err(Error::Refused(_)))
    }

    /// Says goodbye. The work is done, so that nothing that goes wrong now matters.
    pub(crate) async fn quit(self) {
        let _ = within(&self.runtime, GOODBYE, self.client.quit()).await;
    }

    /// What the server says it can do; nothing when it does not say.
    pub(crate) async fn features(&mut self) -> Result<Features, Failure> {
        let asked = self.client.features().await;
        asked.map_err(|error| Failure::server("FEAT", &error))
    }

    pub(crate) async fn has(&mut self, feature: &str) -> Result<bool, Failure> {
        Ok(self.features().await?.has(feature))
    }

    /// Whether the path is a folder that may be entered. The session stays where it is.
    pub(crate) async fn is_folder(&mut self, path: &RemotePath) -> Result<bool, Failure> {
        let here = self.working_folder().await?;
        let entered = self.client.change_folder(path.to_arg()).await;
        let is_folder = optional(entered, path)?.is_some();
        if is_folder {
            self.return_to(here).await?;
        }
        Ok(is_folder)
    }

    pub(crate) async fn working_folder(&mut self) -> Result<Arg, Failure> {
        let asked = self.client.working_folder().await;
        asked.map_err(|error| Failure::server("the current folder", &error))
    }

    async fn return_to(&mut self, folder: Arg) -> Result<(), Failure> {
        let shown = folder.to_string();
        match self.client.change_folder(folder).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::server(shown, &error)),
        }
    }

    /// The listing of a folder.
    ///
    /// `LIST` is sent in the folder and without an argument: servers read options and wildcards in one, and many answer with
    /// an empty listing where there is no such folder.
    pub(crate) async fn list(&mut self, folder: &RemotePath) -> Result<Listing, Failure> {
        let failed = |error: Error| Failure::remote(folder, &error);
        if folder.is_here() {
            return self.client.list(None).await.map_err(failed);
        }
        if self.has("MLST").await? {
            return self
                .client
                .list(Some(folder.to_arg()))
                .await
                .map_err(failed);
        }
        let here = self.working_folder().await?;
        self.client
            .change_folder(folder.to_arg())
            .await
            .map_err(failed)?;
        let listing = self.client.list(None).await.map_err(failed);
        if self.client.is_usable() {
            self.return_to(here).await?;
        }
        listing
    }

    /// The listing of a folder, or of a file that stands for itself.
    pub(crate) async fn list_any(&mut self, path: &RemotePath) -> Result<Listing, Failure> {
        match self.list(path).await {
            Err(failure) if !self.is_lost(&failure) && !path.is_here() => {
                self.list_file(path).await?.ok_or(failure)
            }
            listing => listing,
        }
    }

    /// The listing of one file alone; `None` where there is none, or no way to ask.
    async fn list_file(&mut self, path: &RemotePath) -> Result<Option<Listing>, Failure> {
        let entries: Vec<Entry> = match self.has("MLST").await? {
            true => optional(self.client.inspect(path.to_arg()).await, path)?
                .into_iter()
                .collect(),
            false => match optional(self.client.list(Some(path.to_arg())).await, path)? {
                Some(listing) => listing.entries,
                None => Vec::new(),
            },
        };
        let found = !entries.is_empty();
        let named = entries.into_iter().map(|entry| Entry {
            // MLST may tell the whole path (RFC 3659 § 7.3); a LIST the one that was asked for.
            name: Bytes::copy_from_slice(path.name().unwrap_or(&entry.name)),
            ..entry
        });
        Ok(found.then(|| Listing {
            entries: named.collect(),
            ..Listing::default()
        }))
    }

    /// A file's size in bytes; `None` where the server does not tell.
    pub(crate) async fn size(&mut self, path: &RemotePath) -> Result<Option<u64>, Failure> {
        let asked = self.client.size(path.to_arg()).await;
        optional(asked, path)
    }

    /// When a file was changed, in UTC; `None` where the server does not tell.
    pub(crate) async fn modified(
        &mut self,
        path: &RemotePath,
    ) -> Result<Option<DateTime>, Failure> {
        if self.times_refused || !self.has("MDTM").await? {
            return Ok(None);
        }
        let asked = self.client.modified(path.to_arg()).await;
        self.times_refused |= matches!(&asked, Err(error) if is_unknown_command(error));
        optional(asked, path)
    }

    /// Sends words and a path behind them that no method of the client has; gives the reply, a refusal too.
    pub(crate) async fn say(&mut self, words: &str, path: &RemotePath) -> Result<Reply, Failure> {
        self.say_around(words, path, "").await
    }

    /// The same with something behind the path too.
    pub(crate) async fn say_around(
        &mut self,
        words: &str,
        path: &RemotePath,
        behind: &str,
    ) -> Result<Reply, Failure> {
        let path_arg = path.to_arg();
        let line = [
            words.as_bytes(),
            b" ",
            path_arg.as_bytes(),
            behind.as_bytes(),
        ]
        .concat();
        let line = Arg::new(line).map_err(|error| Failure::usage(format!("{path}: {error}")))?;
        let asked = self.client.raw(line).await;
        asked.map_err(|error| Failure::server(path, &error))
    }

    /// Makes a folder; it is no failure that it is there already.
    pub(crate) async fn make_folder(&mut self, path: &RemotePath) -> Result<(), Failure> {
        if path.is_here() || path.is_root() {
            return Ok(());
        }
        match self.client.make_folder(path.to_arg()).await {
            Ok(_) => Ok(()),
            Err(error @ Error::Refused(_)) => match self.is_folder(path).await? {
                true => Ok(()),
                false => Err(Failure::server(format_args!("the folder {path}"), &error)),
            },
            Err(error) => Err(Failure::server(format_args!("the folder {path}"), &error)),
        }
    }

    /// Makes a folder and those above it that are missing.
    pub(crate) async fn make_folders(&mut self, path: &RemotePath) -> Result<(), Failure> {
        if path.is_here() || path.is_root() || self.is_folder(path).await? {
            return Ok(());
        }
        let steps: Vec<_> = path.steps().collect();
        for step in steps {
            self.make_folder(&step).await?;
        }
        Ok(())
    }
}

/// A refusal is an answer too: `None`. What breaks the session is not.
pub(crate) fn optional<T>(
    asked: Result<T, Error>,
    what: impl std::fmt::Display,
) -> Result<Option<T>, Failure> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Refused(_)) => Ok(None),
        Err(error) => Err(Failure::server(what, &error)),
    }
}

/// Whether the server does not know the command, rather than the file (RFC 959 § 4.2).
fn is_unknown_command(error: &Error) -> bool {
    let code = error.reply().map(|reply| reply.code().get());
    matches!(code, Some(500..=504))
}
