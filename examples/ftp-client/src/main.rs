//! `ftp-client`: an FTP client for the command line and for scripts, with an interactive shell.
#![forbid(unsafe_code)]

mod attributes;
mod below;
mod change;
mod cli;
mod connecting;
mod console;
mod download;
mod failure;
mod find;
mod fxp;
mod interrupt;
mod json;
mod landing;
mod login;
mod names;
mod opener;
mod parallel;
mod progress;
mod proxy;
mod put;
mod raw;
mod remote;
mod run;
#[cfg(test)]
mod scratch;
mod session;
mod shell;
mod show;
mod stat;
mod sync;
mod time;
mod tls;
mod tree;
mod upload;
mod url;
mod verify;

use std::process::ExitCode;
use std::rc::Rc;

use clap::Parser;
use ftp_runtime_async_std::AsyncStd;
use ftp_runtime_tokio::Tokio;

use cli::{Cli, Command, Options, RuntimeName};
use console::Console;
use failure::{Exit, Failure};
use session::Settings;
use tls::Tls;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Shell { url: None });
    let console = console(&cli.options, &command);
    let done = over_runtime(&cli.options, &console, command);
    exit(&console, done)
}

fn console(options: &Options, command: &Command) -> Rc<Console> {
    let console = Console::new(options.quiet, options.verbose, options.json);
    Rc::new(match command {
        Command::Shell { .. } => console.for_shell(),
        _ => console,
    })
}

/// The commands are written once, over any runtime; here is where one is chosen.
fn over_runtime(options: &Options, console: &Rc<Console>, command: Command) -> Result<(), Failure> {
    let settings = Settings {
        active: options.active,
        ascii: options.ascii,
        timeout: options.timeout,
        jobs: options.jobs.into(),
        proxy: proxy::wanted(options)?,
        tls: Tls::new(&options.protection)?,
        verify: options.verify,
        console: Rc::clone(console),
    };
    if options.jobs > 1 && !command.moves_files() {
        return Err(Failure::usage("-j goes with get -r, put and sync"));
    }
    if options.verify && options.ascii {
        return Err(verify::not_as_text());
    }
    match options.runtime {
        RuntimeName::Tokio => on_tokio(settings, command),
        RuntimeName::AsyncStd => {
            async_std::task::block_on(run::run(AsyncStd::new(), settings, command))
        }
    }
}

fn on_tokio(settings: Settings, command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Partial, error.to_string()))?;
    let done = runtime.block_on(run::run(Tokio::new(), settings, command));
    // A look-up that was given up may still run; nobody waits for it.
    runtime.shutdown_background();
    done
}

/// The exit code: of the failure that ended the work, or of the problems on the way.
fn exit(console: &Console, done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) if console.problems() == 0 || console.in_shell => ExitCode::SUCCESS,
        Ok(()) => Exit::Partial.into(),
        Err(failure) => {
            console.failure(&failure);
            failure.exit().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_on_the_way_make_the_exit_code_1() {
        let console = Console::new(true, false, false);
        assert_eq!(exit(&console, Ok(())), ExitCode::SUCCESS);
        console.problem("(said by a test)");
        assert_eq!(exit(&console, Ok(())), ExitCode::from(1));
        let failure = Failure::new(Exit::Timeout, "");
        assert_eq!(exit(&console, Err(failure)), ExitCode::from(7));
    }
}
