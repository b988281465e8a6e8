//! The console: one line for what happens, on standard error.

use std::io::IsTerminal;

use ftp_driver::server::{Ended, Event, Failure, SessionInfo, TransferFailure, TransferReport};
use ftp_sansio::wire::{Command, Escaped, Verb};

use crate::log::Log;

/// How much is said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Detail {
    Nothing,
    Happenings,
    Commands,
}

impl Detail {
    /// What the flags ask for. Unless asked, only a terminal is told: scripts that keep the output would fill their disks.
    pub(crate) fn new(verbose: u8, quiet: bool) -> Self {
        match verbose {
            0 if !quiet && std::io::stderr().is_terminal() => Self::Happenings,
            0 => Self::Nothing,
            1 => Self::Happenings,
            _ => Self::Commands,
        }
    }
}

/// Puts an event into the log.
pub(crate) fn tell(log: &Log, detail: Detail, session: &SessionInfo, event: &Event) {
    if detail == Detail::Nothing {
        return;
    }
    if let Some(line) = line(event) {
        let user = session
            .user
            .as_ref()
            .map_or_else(|| "-".to_owned(), ToString::to_string);
        log.say(&format!("#{} {} {user}: {line}", session.id, session.peer));
    }
}

fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Command(command) => format!("> {}", command_text(command)),
        Event::Reply(reply) => format!("< {reply}"),
        Event::Connected => "connected".to_owned(),
        Event::LoggedIn(_) => "logged in".to_owned(),
        Event::LoggedOut => "logged out".to_owned(),
        Event::LoginRefused(user) => format!("login refused: {user}"),
        Event::TransferBegan { .. } => return None,
        Event::TransferEnded(report) => transfer(report),
        Event::Changed { verb, path } => format!("{} {path}", verb.name()),
        Event::Ended(why) => format!("gone: {}", ended(*why)),
        _ => return None,
    })
}

fn command_text(command: &Command) -> String {
    if let Some(verb @ (Verb::Pass | Verb::Acct)) = command.verb() {
        return format!("{} ***", verb.name());
    }
    let mut bytes = Vec::new();
    command.encode(&mut bytes);
    Escaped(bytes.trim_ascii_end()).to_string()
}

fn transfer(report: &TransferReport) -> String {
    let TransferReport {
        verb,
        path,
        bytes,
        elapsed,
        ..
    } = report;
    let seconds = elapsed.as_secs_f64();
    let outcome = match report.outcome {
        Ok(()) => "complete".to_owned(),
        Err(failure) => format!("FAILED: {}", transfer_failure(failure)),
    };
    format!(
        "{} {path}: {bytes} bytes in {seconds:.3} s, {outcome}",
        verb.name()
    )
}

fn transfer_failure(failure: TransferFailure) -> String {
    match failure {
        TransferFailure::Reported(Failure::Storage(error)) => error.to_string(),
        TransferFailure::Reported(Failure::NotConnected) | TransferFailure::NoConnection => {
            "no data connection".to_owned()
        }
        TransferFailure::Reported(Failure::NotSecured) => {
            "no TLS on the data connection".to_owned()
        }
        TransferFailure::Reported(Failure::Broken) => "the data connection broke".to_owned(),
        TransferFailure::Reported(Failure::Data(fault)) => fault.to_string(),
        TransferFailure::Reported(Failure::Aborted) | TransferFailure::AbortedByPeer => {
            "aborted".to_owned()
        }
        TransferFailure::NotResumed => {
            "the data connection did not resume the session's TLS".to_owned()
        }
        TransferFailure::Stalled => "nothing moved for too long".to_owned(),
        TransferFailure::SessionEnded => "the session ended".to_owned(),
        TransferFailure::Unconfirmed => {
            "whole, but the session ended before it could be confirmed".to_owned()
        }
    }
}

const fn ended(why: Ended) -> &'static str {
    match why {
        Ended::Quit => "said goodbye",
        Ended::Disconnected => "without a goodbye",
        Ended::Idle => "said nothing for too long",
        Ended::NotLoggedIn => "did not log in",
        Ended::TurnedAway => "turned away, too many sessions",
        Ended::NotFtp => "spoke HTTP",
        Ended::Shutdown => "the server is stopping",
        _ => "the session ended",
    }
}
