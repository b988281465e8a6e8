//! One session with one server: connecting, logging in, and asking in ways that work with servers of every age.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use ftp_driver::Runtime;
use ftp_driver::client::{self, Client, Config, DataPath, Error, Options, Target, Timeouts, Trace};
use ftp_driver::proxy::Proxy;
use ftp_driver::runtime::within;
use ftp_driver::tls::{ServerName, Version};
use ftp_sansio::listing::{Entry, Listing};
use ftp_sansio::wire::{
    Arg, Command, DateTime, Escaped, Features, Format, Mode, Reply, Representation, Secret,
};

use crate::attributes::Clock;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::remote::RemotePath;
use crate::tls::{self, Tls};
use crate::url::Host;

/// How long a server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

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

impl Settings {
    fn config(&self, mode: tls::Mode) -> Config {
        let mut config = Config::default();
        config.tls = match mode {
            tls::Mode::Off | tls::Mode::IfOffered => client::Tls::Off,
            tls::Mode::Explicit => client::Tls::Explicit,
            tls::Mode::Implicit => client::Tls::Implicit,
        };
        if self.active {
            config.data_path = DataPath::Active;
        }
        if let Some(timeout) = self.timeout {
            // Of a transfer between two servers nothing is seen here before its end: no time is a stall.
            let third_party = config.timeouts.third_party;
            config.timeouts = Timeouts::all(timeout);
            config.timeouts.third_party = third_party;
        }
        config
    }
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

/// Connects to the first of the host's addresses that answers, or to the proxy, and protects the session as far as it is to be.
pub(crate) async fn connect<R: Runtime>(
    runtime: &R,
    settings: &Settings,
    host: &Host,
) -> Result<Session<R>, Failure> {
    let mode = settings.tls.mode(host)?;
    let host = &Host {
        implicit: mode == tls::Mode::Implicit,
        ..host.clone()
    };
    let config = settings.config(mode);
    let mut failure = None;
    for server in servers(runtime, settings, host, config.timeouts.connect).await? {
        let way = Way(settings.proxy.as_ref());
        settings
            .console
            .detail(format_args!("* connecting to {server}{way}"));
        let connected = reach(runtime, settings, host, &server, &config, Version::Tls13).await?;
        let connected = match connected {
            Ok(client) if mode != tls::Mode::Off && wants_tls_1_2(client.greeting()) => {
                reach(runtime, settings, host, &server, &config, Version::Tls12).await?
            }
            connected => connected,
        };
        match connected {
            Ok(client) => {
                let mut session = Session::new(runtime.clone(), client, settings);
                session.protect(mode, host).await?;
                return Ok(session);
            }
            Err(error) => {
                let reached = !matches!(error, Error::Connect(_) | Error::Timeout(..));
                failure = Some(Failure::server(format_args!("{host}{way}"), &error));
                if reached {
                    break;
                }
            }
        }
    }
    Err(failure.unwrap_or_else(|| unknown_host(host, "it has no address")))
}

/// How a server is reached, where that is worth a word.
#[derive(Clone, Copy)]
struct Way<'a>(Option<&'a Proxy>);

impl std::fmt::Display for Way<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(proxy) => write!(f, " by the proxy {}", proxy.target()),
            None => Ok(()),
        }
    }
}

/// Where to connect to, one after the other. A proxy is told the server's name, and looks it up itself.
async fn servers<R: Runtime>(
    runtime: &R,
    settings: &Settings,
    host: &Host,
    limit: Duration,
) -> Result<Vec<Target>, Failure> {
    if settings.proxy.is_none() {
        let addresses = resolve(runtime, host, limit).await?;
        return Ok(addresses.into_iter().map(Target::from).collect());
    }
    let target = Target::new(&host.name, host.port());
    Ok(vec![target.map_err(|error| unknown_host(host, error))?])
}

/// Connects to one server; the inner error may be another's luck.
async fn reach<R: Runtime>(
    runtime: &R,
    settings: &Settings,
    host: &Host,
    server: &Target,
    config: &Config,
    highest: Version,
) -> Result<Result<Client<R>, Error>, Failure> {
    let mut builder = Client::builder(runtime.clone()).config(config.clone());
    if settings.tls.mode(host)? != tls::Mode::Off {
        let tls = settings.tls.client(highest)?;
        builder = builder.tls(tls).server_name(server_name(host)?);
    }
    if let Some(proxy) = &settings.proxy {
        builder = builder.proxy(proxy.clone());
    }
    Ok(builder.connect(server.clone()).await)
}

/// `ProFTPD` takes no data connection that does not resume a TLS session, but gives out no ticket of TLS 1.3 with an upload: after two of
/// them there is none left. Under TLS 1.2 one session is resumed as often as it takes.
fn wants_tls_1_2(greeting: &Reply) -> bool {
    let is_named = |line: &[u8]| line.windows(7).any(|word| word == b"ProFTPD");
    greeting.lines().any(is_named)
}

/// What the server's certificate has to be for.
fn server_name(host: &Host) -> Result<ServerName, Failure> {
    ServerName::new(&host.name).ok_or_else(|| {
        let name = Escaped(host.name.as_bytes());
        let text = format!("no certificate can be for the name {name}: --tls off does without");
        Failure::new(Exit::Tls, text)
    })
}

fn unknown_host(host: &Host, why: impl std::fmt::Display) -> Failure {
    let name = Escaped(host.name.as_bytes());
    Failure::new(
        Exit::Connect,
        format!("the host {name} is not known: {why}"),
    )
}

async fn resolve<R: Runtime>(
    runtime: &R,
    host: &Host,
    limit: Duration,
) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(address) = host.name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, host.port())]);
    }
    let question = (host.name.clone(), host.port());
    let lookup = runtime.blocking(move || question.to_socket_addrs().map(Vec::from_iter));
    match within(runtime, limit, lookup).await {
        Some(Ok(addresses)) => Ok(addresses),
        Some(Err(error)) => Err(unknown_host(host, error)),
        None => Err(Failure::new(
            Exit::Timeout,
            format!("nobody told the address of {host} in time"),
        )),
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
    fn new(runtime: R, mut client: Client<R>, settings: &Settings) -> Self {
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

    /// Begins TLS where it is to be.
    async fn protect(&mut self, mode: tls::Mode, host: &Host) -> Result<(), Failure> {
        if mode == tls::Mode::Off {
            return Ok(());
        }
        match self.client.secure().await {
            Ok(_) => Ok(()),
            Err(Error::Refused(reply)) if self.is_protected() => {
                let text = format!("{host} does not protect data by TLS: {reply}");
                Err(Failure::new(Exit::Tls, text))
            }
            Err(Error::Refused(reply)) if mode != tls::Mode::IfOffered => {
                let text =
                    format!("{host} does not offer TLS, and without it nothing is sent: {reply}");
                Err(Failure::new(Exit::Tls, text))
            }
            Err(Error::Refused(_)) => {
                if !self.console.quiet {
                    self.console.note(format_args!(
                        "warning: {host} does not offer TLS: everything travels in clear text, passwords too \
                         (--tls explicit forbids that, --tls off permits it)"
                    ));
                }
                Ok(())
            }
            Err(error) => Err(Failure::server(host, &error)),
        }
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
