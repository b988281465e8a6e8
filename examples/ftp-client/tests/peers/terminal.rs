//! A file that is shown on a terminal: nothing else is drawn there.
#![cfg(unix)]

use std::fs;

use ftp_peers::{Runtime, on_both_runtimes};
use rexpect::process::WaitStatus;
use rexpect::session::{Options, spawn_with_options};

use crate::{House, Peer};

on_both_runtimes!(cat, get_to_standard_output);

/// How long it may take, in milliseconds: far more than it does.
const PATIENCE: u64 = 20_000;

fn cat(runtime: Runtime) {
    shows_the_file_alone(runtime, |url| vec!["--tls", "off", "cat", url]);
}

fn get_to_standard_output(runtime: Runtime) {
    shows_the_file_alone(runtime, |url| vec!["--tls", "off", "get", url, "-"]);
}

/// Standard output and standard error are one terminal, on which a bar would write over the text.
fn shows_the_file_alone(runtime: Runtime, words: for<'a> fn(&'a str) -> Vec<&'a str>) {
    let Some(house) = House::new(Peer::Ours, runtime) else {
        return;
    };
    let lines: Vec<_> = (0..20_000).map(|number| format!("line {number}")).collect();
    fs::write(house.server.at("text"), lines.join("\n") + "\n").expect("room for a file");
    let mut client = house.client(&words(&house.server.url("text")));
    client.env("TERM", "xterm");
    let options = Options::new().timeout_ms(Some(PATIENCE));
    let mut terminal = spawn_with_options(client, options).expect("a terminal");
    let shown = terminal.exp_eof().expect("an end");
    // The terminal makes CRLF of each LF.
    let wanted = lines.join("\r\n") + "\r\n";
    let other = shown.lines().find(|line| !line.starts_with("line "));
    assert!(shown == wanted, "among the lines of the text: {other:?}");
    let status = terminal.process().wait().expect("a process to wait for");
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
}
