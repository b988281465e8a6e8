//! A server as a process of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::scratch::until;

/// What a server said so far.
type Said = Arc<Mutex<String>>;

/// A server that is killed when its owner goes.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    lines: Receiver<String>,
    said: Said,
}

impl Daemon {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        Self::start_with(command, Stdio::piped(), Stdio::piped())
    }

    /// Starts it with outputs of the test's own. What it says there is the test's affair.
    pub fn start_with(
        command: &mut Command,
        stdout: impl Into<Stdio>,
        stderr: impl Into<Stdio>,
    ) -> Self {
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let said = Said::default();
        let lines = follow(child.stdout.take(), &said);
        // Its stderr is kept for the message of a test that fails; nobody waits for a line of it.
        drop(follow(child.stderr.take(), &said));
        Self { child, lines, said }
    }

    /// The next line on its stdout.
    pub fn line(&self) -> Option<String> {
        self.lines.recv_timeout(Duration::from_secs(30)).ok()
    }

    /// All it has said, on stdout and stderr, for a person to read.
    pub fn said(&self) -> String {
        self.said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens on IPv4, asked of the system: for a server that could not say so.
    pub fn listens_on(&self) -> SocketAddr {
        until("a listener", || self.listeners().first().copied())
    }

    /// Where it listens on IPv4 by now.
    pub(crate) fn listeners(&self) -> Vec<SocketAddr> {
        let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
        let sockets = sockets_of(self.id()).unwrap_or_default();
        let of_line = |line| listener(line, &sockets);
        table.lines().filter_map(of_line).collect()
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child
            .try_wait()
            .expect("a child that can be waited for")
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends SIGINT.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Sends SIGHUP.
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process number");
        kill_process(id, signal).expect("a child can be sent a signal");
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        until("the server's end", || self.ended())
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            // Through the runner's capture, so that it stands with the test that failed.
            eprintln!("--- the server said\n{}", self.said());
        }
    }
}

/// A process's sockets by their numbers in the system's tables.
fn sockets_of(process: u32) -> Option<Vec<String>> {
    let files = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
    let links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    let number = |link: PathBuf| {
        let link = link.to_str()?.strip_prefix("socket:[")?;
        Some(link.strip_suffix(']')?.to_owned())
    };
    Some(links.filter_map(number).collect())
}

/// The address in a line of `/proc/net/tcp` that is about one of these sockets, listening.
fn listener(line: &str, sockets: &[String]) -> Option<SocketAddr> {
    const LISTENS: &str = "0A";
    let columns: Vec<_> = line.split_whitespace().collect();
    let [_, at, _, LISTENS, _, _, _, _, _, socket, ..] = columns[..] else {
        return None;
    };
    let (address, port) = at.split_once(':')?;
    // The kernel shows the address as a number of its own byte order.
    let address = u32::from_str_radix(address, 16).ok()?.to_ne_bytes();
    let port = u16::from_str_radix(port, 16).ok()?;
    let found = sockets.iter().any(|mine| mine == socket);
    found.then(|| SocketAddr::from((address, port)))
}

/// Reads a pipe to its end, so that its writer never blocks, and hands on each line.
fn follow(pipe: Option<impl Read + Send + 'static>, said: &Said) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let said = Arc::clone(said);
    thread::spawn(move || {
        let Some(pipe) = pipe else { return };
        for line in BufReader::new(pipe).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line).into_owned();
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.push_str(&line);
            said.push('\n');
            drop(said);
            // Whoever waited for a line may have gone.
            let _ = sender.send(line);
        }
    });
    receiver
}
