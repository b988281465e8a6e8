//! Connecting: to which address, by which proxy, and under which TLS.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use ftp_driver::Runtime;
use ftp_driver::client::{self, Client, Config, DataPath, Error, Target, Timeouts};
use ftp_driver::proxy::Proxy;
use ftp_driver::runtime::within;
use ftp_driver::tls::{ServerName, Version};
use ftp_sansio::wire::{Escaped, Reply};

use crate::failure::{Exit, Failure};
use crate::session::{Session, Settings};
use crate::tls;
use crate::url::Host;

/// Nobody waits longer for a digest, however large the file is.
const LONGEST_DIGEST: Duration = Duration::from_secs(24 * 3600);

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
        // How long a digest may take depends on the file: see `Session::digest`.
        config.timeouts.digest = LONGEST_DIGEST;
        config
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

impl<R: Runtime> Session<R> {
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
}
