//! Outputs that take nothing: what cannot be said is no reason not to serve.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use ftp_peers::{
    Certificates, Daemon, Runtime, Scratch, Wire, closed_pipe, command, full_pipe,
    on_both_runtimes, ours, until,
};

use crate::{House, PROGRAM};

on_both_runtimes!(
    nobody_reads_the_ready_lines,
    standard_output_is_closed,
    all_output_is_closed,
    sigterm_before_it_is_ready,
    nobody_reads_what_happens,
    the_last_lines_are_said,
);

/// The command that starts it so that it has to say on standard error that anonymous may read.
fn server(here: &Scratch, runtime: Runtime) -> Command {
    let mut command = command(Path::new(PROGRAM));
    command.args(["--listen", "127.0.0.1:0", "--runtime", runtime.name()]);
    command.arg("--root").arg(here.path());
    command
}

/// It serves, and ends when it is told to.
fn assert_serves(mut daemon: Daemon) {
    Wire::login(daemon.listens_on(), "anonymous", "me@").expect("QUIT", 221);
    daemon.terminate();
    assert_eq!(daemon.wait().code(), Some(0));
}

fn nobody_reads_the_ready_lines(runtime: Runtime) {
    let here = Scratch::new();
    let (_reader, full) = full_pipe();
    let mut server = server(&here, runtime);
    assert_serves(Daemon::start_with(&mut server, full, Stdio::null()));
}

fn standard_output_is_closed(runtime: Runtime) {
    let here = Scratch::new();
    let (mut server, closed) = (server(&here, runtime), closed_pipe());
    assert_serves(Daemon::start_with(&mut server, closed, Stdio::null()));
}

fn all_output_is_closed(runtime: Runtime) {
    let here = Scratch::new();
    let (mut server, closed) = (server(&here, runtime), closed_pipe());
    assert_serves(Daemon::start_with(&mut server, closed, closed_pipe()));
}

/// The ready line tells others that they may send signals: by then SIGTERM does what it does later. A standard error that is full
/// holds the server just before that line.
fn sigterm_before_it_is_ready(runtime: Runtime) {
    let here = Scratch::new();
    let (mut reader, full) = full_pipe();
    let mut daemon = Daemon::start_with(&mut server(&here, runtime), Stdio::piped(), full);
    daemon.listens_on();
    daemon.terminate();
    thread::spawn(move || reader.read_to_end(&mut Vec::new()));
    assert_eq!(daemon.wait().code(), Some(0));
}

/// A terminal that was stopped, or a reader that stalls: sessions go on, more than there are threads, and so do signals.
fn nobody_reads_what_happens(runtime: Runtime) {
    const SESSIONS: usize = 40;
    let here = Scratch::new();
    let root = here.folder("root");
    fs::write(root.join("file"), "hello").expect("room for a small file");
    let (_reader, full) = full_pipe();
    let mut server = ours(Path::new(PROGRAM), &root, runtime);
    let certificate = Certificates::make(&here.folder("certificates")).server();
    server
        .arg("-vv")
        .arg("--tls-cert")
        .arg(certificate.certificate);
    server.arg("--tls-key").arg(certificate.key);
    let mut daemon = Daemon::start_with(&mut server, Stdio::piped(), full);
    let address = daemon.listens_on();
    let mut wires: Vec<_> = (0..SESSIONS)
        .map(|_| Wire::login(address, "alice", "secret"))
        .collect();
    for wire in &mut wires {
        assert_eq!(wire.retrieve("file"), b"hello");
    }
    // What it says of the certificates holds up no signal either.
    daemon.hang_up();
    wires[0].expect("NOOP", 200);
    daemon.terminate();
    assert_eq!(daemon.wait().code(), Some(0));
}

fn the_last_lines_are_said(runtime: Runtime) {
    let House {
        mut server,
        here: _here,
    } = House::with(runtime, &["-v"]);
    let _wire = Wire::login(server.address(), "alice", "secret");
    server.daemon.terminate();
    assert_eq!(server.daemon.wait().code(), Some(0));
    until("the end of the session in the log", || {
        let said = server.daemon.said();
        said.contains("gone: the server is stopping").then_some(())
    });
}
