//! `ftp-server`: the FTP server as a program. Its command line is a contract that scripts rely on.
#![forbid(unsafe_code)]

mod accounts;
mod cli;
mod console;

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use accounts::Accounts;
use clap::Parser;
use cli::{Cli, Mode, RuntimeName, Switch};
use console::Detail;
use ftp_driver::Runtime;
use ftp_driver::local::LocalStorage;
use ftp_driver::runtime::Listener;
use ftp_driver::server::{Config, Server, Settings};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long a stop waits for running transfers.
const GRACE: Duration = Duration::from_secs(30);

/// Hidden files of uploads that nobody has written to for so long belong to a server that was killed.
const LEFT_OVER: Duration = Duration::from_secs(24 * 60 * 60);

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Standard error may be closed; the exit code says it too.
            let _ = writeln!(std::io::stderr(), "ftp-server: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<(), String> {
    // Before anybody is told that the server is ready: from then on a signal must stop it in order.
    let signals = Signals::new([SIGTERM, SIGINT, SIGHUP])
        .map_err(|error| format!("cannot wait for signals: {error}"))?;
    match cli.runtime {
        RuntimeName::Tokio => on_tokio(cli, signals),
        RuntimeName::AsyncStd => {
            let runtime = ftp_runtime_async_std::AsyncStd::new();
            let server = async_std::task::block_on(async { start(runtime, cli) })?;
            wait(&server, signals, |stop| async_std::task::block_on(stop));
            Ok(())
        }
    }
}

fn on_tokio(cli: &Cli, signals: Signals) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("could not start: {error}"))?;
    let server = runtime.block_on(async { start(ftp_runtime_tokio::Tokio::new(), cli) })?;
    wait(&server, signals, |stop| runtime.block_on(stop));
    Ok(())
}

type FileServer<R> = Server<R, Accounts<LocalStorage<R>>>;

/// Opens everything, says where it listens, and lets it run.
fn start<R: Runtime>(runtime: R, cli: &Cli) -> Result<FileServer<R>, String> {
    raise_file_limit();
    let storage = open_root(&runtime, &cli.root)?;
    let listeners = cli
        .listen
        .iter()
        .map(|at| {
            runtime
                .listen(*at)
                .map_err(|error| cannot_listen(*at, &error))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let accounts = Accounts {
        users: cli.user.clone(),
        anonymous: anonymous(cli),
        storage: Arc::new(storage.clone()),
    };
    let server = Server::new(runtime.clone(), accounts, settings::<R>(cli));
    let addresses = listeners
        .iter()
        .map(Listener::local_addr)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("could not start: {error}"))?;
    for listener in listeners {
        let server = server.clone();
        runtime.spawn(async move { server.serve(listener).await });
    }
    announce(addresses);
    runtime.spawn(async move {
        // What could not be swept now is swept at another start.
        let _ = storage.remove_leftovers(LEFT_OVER).await;
    });
    Ok(server)
}

/// Says where it listens, on a thread of its own: a standard output that is full holds up nobody else, and one that is closed is no
/// reason not to serve.
fn announce(addresses: Vec<SocketAddr>) {
    std::thread::spawn(move || {
        let mut out = std::io::stdout();
        for at in addresses {
            let _ = writeln!(out, "listening on {at}");
        }
        let _ = out.flush();
    });
}

/// Says something about the start, where anybody listens.
fn remark(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn open_root<R: Runtime>(runtime: &R, root: &Path) -> Result<LocalStorage<R>, String> {
    LocalStorage::open(runtime.clone(), root)
        .map_err(|error| format!("cannot serve the folder {}: {error}", root.display()))
}

fn cannot_listen(at: SocketAddr, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => format!("cannot listen on {at}: the port is in use"),
        _ => format!("cannot listen on {at}: {error}"),
    }
}

/// The first start must show something useful: with no account named, anonymous may read.
fn anonymous(cli: &Cli) -> Option<Mode> {
    if cli.anonymous.is_none() && cli.user.is_empty() {
        remark(
            "no account was named: anonymous may read. Add one with --user NAME:PASS, or --anonymous rw.",
        );
        return Some(Mode::Ro);
    }
    if !cli.user.is_empty() && cli.listen.iter().any(|at| !at.ip().is_loopback()) {
        remark("warning: passwords travel in clear over this connection.");
    }
    cli.anonymous
}

fn settings<R: Runtime>(cli: &Cli) -> Settings {
    let detail = Detail::new(cli.verbose, cli.quiet);
    let mut config = Config::default();
    config.capabilities = LocalStorage::<R>::CAPABILITIES;
    config.public_ip = cli.public_ip;
    config.active = cli.active == Switch::On;
    config.fxp = cli.fxp == Switch::On;
    config.trace = detail >= Detail::Commands;
    config.timeouts.idle = Duration::from_secs(cli.idle_timeout);
    config.timeouts.data_progress = Duration::from_secs(cli.transfer_timeout);
    let settings = Settings::default()
        .config(config)
        .max_sessions(cli.max_sessions)
        .max_sessions_per_address(cli.max_sessions_per_ip.unwrap_or(usize::MAX))
        .observe(move |session, event| console::tell(detail, session, event));
    match &cli.passive_ports {
        Some(ports) => settings.passive_ports(ports.0.clone()),
        None => settings,
    }
}

/// Waits for SIGTERM or SIGINT, then stops; a second one does not wait for the grace time. SIGHUP is there to have files read
/// again; as long as there are none, it must not end the server.
fn wait<R: Runtime>(
    server: &FileServer<R>,
    mut signals: Signals,
    run: impl FnOnce(Pin<Box<dyn Future<Output = ()> + '_>>),
) {
    let is_end = |signal: &i32| *signal != SIGHUP;
    signals.forever().find(is_end);
    std::thread::spawn(move || {
        signals.forever().find(is_end);
        std::process::exit(0);
    });
    run(Box::pin(server.stop(GRACE)));
}

/// Ten thousand sessions want more file handles than a shell gives. What the system does not grant, sessions do without.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
}
