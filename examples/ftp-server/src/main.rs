//! `ftp-server`: the FTP server as a program. Its command line is a contract that scripts rely on.
#![forbid(unsafe_code)]

mod accounts;
mod cli;
mod console;
mod log;
mod tls;

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
use cli::{Cli, Mode, Reuse, RuntimeName, Switch, TlsMode};
use console::Detail;
use ftp_driver::Runtime;
use ftp_driver::local::LocalStorage;
use ftp_driver::runtime::Listener;
use ftp_driver::server::{Builder, Config, DataTls, Resumption, Server, Tls};
use ftp_driver::tls::ServerTls;
use log::Log;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long a stop waits for running transfers.
const GRACE: Duration = Duration::from_secs(30);

/// The least that SITE IDLE may ask for, where `--idle-timeout` is not less still.
const LEAST_IDLE: Duration = Duration::from_secs(30);

/// How long the end waits for calls on files that have begun, and then for whoever reads the log.
const LAST_WORDS: Duration = Duration::from_secs(1);

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
    let tls = tls::set_up(cli)?;
    let log = Log::to(std::io::stderr());
    let done = match cli.runtime {
        RuntimeName::Tokio => on_tokio(cli, tls, &log, signals),
        RuntimeName::AsyncStd => {
            let runtime = ftp_runtime_async_std::AsyncStd::new();
            let started = async { start(runtime, cli, tls.clone(), &log) };
            async_std::task::block_on(started).map(|server| {
                wait(&server, tls, &log, signals, |stop| {
                    async_std::task::block_on(stop);
                });
            })
        }
    };
    log.flush(LAST_WORDS);
    done
}

fn on_tokio(cli: &Cli, tls: Option<ServerTls>, log: &Log, signals: Signals) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("could not start: {error}"))?;
    let tokio = ftp_runtime_tokio::Tokio::new();
    let server = runtime.block_on(async { start(tokio, cli, tls.clone(), log) })?;
    wait(&server, tls, log, signals, |stop| runtime.block_on(stop));
    let_go(runtime);
    Ok(())
}

/// Sessions are over by now. A call on a file that has begun may come to its end, but one that hangs (a disk that is gone, a sweep of a huge
/// tree) does not hold the process: dropping the runtime would wait for it without limit.
fn let_go(runtime: tokio::runtime::Runtime) {
    runtime.shutdown_timeout(LAST_WORDS);
}

type FileServer<R> = Server<R, Accounts<LocalStorage<R>>>;

/// Opens everything, says where it listens, and lets it run.
fn start<R: Runtime>(
    runtime: R,
    cli: &Cli,
    tls: Option<ServerTls>,
    log: &Log,
) -> Result<FileServer<R>, String> {
    raise_file_limit();
    let storage = open_root(&runtime, &cli.root)?;
    let listen = |at: &SocketAddr| {
        let listener = runtime.listen(*at);
        listener.map_err(|error| cannot_listen(*at, &error))
    };
    let plain: Vec<_> = cli.listen.iter().map(listen).collect::<Result<_, _>>()?;
    let implicit = cli.protection.implicit_tls.iter().map(listen);
    let implicit: Vec<_> = implicit.collect::<Result<_, _>>()?;
    let accounts = Accounts {
        users: cli.user.clone(),
        anonymous: anonymous(cli),
        storage: Arc::new(storage.clone()),
    };
    let server = settings::<R>(cli, tls, log.clone())
        .build(runtime.clone(), accounts)
        .map_err(|error| error.to_string())?;
    let lines = plain
        .iter()
        .map(|listener| ready(listener, ""))
        .chain(
            implicit
                .iter()
                .map(|listener| ready(listener, " (implicit TLS)")),
        )
        .collect::<Result<_, _>>()?;
    for listener in plain {
        let server = server.clone();
        runtime.spawn(async move { server.serve(listener).await });
    }
    for listener in implicit {
        let server = server.clone();
        runtime.spawn(async move { server.serve_implicit(listener).await });
    }
    announce(lines);
    runtime.spawn(async move {
        // What could not be swept now is swept at another start.
        let _ = storage.remove_leftovers(LEFT_OVER).await;
    });
    Ok(server)
}

/// The line that says that a listener is ready.
fn ready(listener: &impl Listener, kind: &str) -> Result<String, String> {
    let at = listener.local_addr();
    let at = at.map_err(|error| format!("could not start: {error}"))?;
    Ok(format!("listening on {at}{kind}"))
}

/// Says where it listens, on a thread of its own: a standard output that is full holds up nobody else, and one that is closed is no
/// reason not to serve.
fn announce(lines: Vec<String>) {
    std::thread::spawn(move || {
        let mut out = std::io::stdout();
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
        let _ = out.flush();
    });
}

/// Says something about the start, where anybody listens, before there are sessions that it could hold up.
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
    let is_reachable = cli.listen.iter().any(|at| !at.ip().is_loopback());
    if !cli.user.is_empty() && is_reachable {
        match cli.protection.mode() {
            TlsMode::Off => remark("warning: passwords travel in clear over this connection."),
            TlsMode::Allow => remark(
                "warning: clients may send passwords in clear; --tls require has them use TLS.",
            ),
            TlsMode::Require => {}
        }
    }
    cli.anonymous
}

fn settings<R: Runtime>(cli: &Cli, tls: Option<ServerTls>, log: Log) -> Builder {
    let detail = Detail::new(cli.verbose, cli.quiet);
    let mut config = Config::default();
    config.capabilities = LocalStorage::<R>::CAPABILITIES;
    config.public_ip = cli.public_ip;
    config.active = cli.active == Switch::On;
    config.fxp = cli.fxp == Switch::On;
    (config.tls, config.data_tls) = match cli.protection.mode() {
        TlsMode::Off => (Tls::Off, DataTls::Allow),
        TlsMode::Allow => (Tls::Allow, DataTls::Allow),
        TlsMode::Require => (Tls::Require, DataTls::Require),
    };
    config.resumption = match cli.protection.tls_reuse {
        Reuse::Off => Resumption::Off,
        Reuse::Require => Resumption::Require,
    };
    config.ccc = cli.protection.ccc == Switch::On;
    config.trace = detail >= Detail::Commands;
    let idle = Duration::from_secs(cli.idle_timeout);
    config.timeouts.idle = idle;
    // Who runs the server says how long a seat is kept at the most.
    config.idle_bounds = (idle.min(LEAST_IDLE), idle);
    config.timeouts.data_progress = Duration::from_secs(cli.transfer_timeout);
    let settings = Builder::new()
        .config(config)
        .max_sessions(cli.max_sessions)
        .max_sessions_per_address(cli.max_sessions_per_ip.unwrap_or(usize::MAX))
        .observe(move |session, event| console::tell(&log, detail, session, event));
    let settings = match &cli.passive_ports {
        Some(ports) => settings.passive_ports(ports.0.clone()),
        None => settings,
    };
    match tls {
        Some(tls) => settings.tls(tls),
        None => settings,
    }
}

/// Waits for SIGTERM or SIGINT, then stops; a second one does not wait for the grace time. At SIGHUP files are read again, before
/// and after.
fn wait<R: Runtime>(
    server: &FileServer<R>,
    tls: Option<ServerTls>,
    log: &Log,
    mut signals: Signals,
    run: impl FnOnce(Pin<Box<dyn Future<Output = ()> + '_>>),
) {
    let log = log.clone();
    let said = log.clone();
    let mut is_end = move |signal: &i32| {
        if *signal == SIGHUP {
            read_again(tls.as_ref(), &said);
        }
        *signal != SIGHUP
    };
    signals.forever().find(&mut is_end);
    std::thread::spawn(move || {
        signals.forever().find(is_end);
        log.flush(LAST_WORDS);
        std::process::exit(0);
    });
    run(Box::pin(server.stop(GRACE)));
}

/// Sessions go on as they are; who connects from now on is shown the new certificates.
fn read_again(tls: Option<&ServerTls>, log: &Log) {
    match tls.map(ServerTls::reload) {
        None => {}
        Some(Ok(())) => log.say("the certificates were read again."),
        Some(Err(error)) => log.say(&format!(
            "the certificates stay as they are, since those in the files are of no use: {error}"
        )),
    }
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_call_that_hangs_does_not_hold_the_end() {
        const HANGS: Duration = Duration::from_secs(30);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (begun, begins) = mpsc::channel();
        let (_never, waits) = mpsc::channel::<()>();
        runtime.spawn_blocking(move || {
            begun.send(()).unwrap();
            waits.recv_timeout(HANGS)
        });
        begins.recv().unwrap();
        let at = Instant::now();
        let_go(runtime);
        assert!(at.elapsed() < HANGS, "it waited for what hangs");
    }
}
