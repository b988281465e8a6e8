//! Running a program to its end, with a limit.

use std::fmt;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take: far more than any here needs, so that only one that hangs is ended.
const LIMIT: Duration = Duration::from_secs(120);

/// A program that ended by itself.
pub struct Done {
    command: String,
    status: ExitStatus,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Done {
    /// Panics unless it ended with 0.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// Panics unless it ended with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert!(
            self.code() == Some(code),
            "wanted exit code {code}:\n{self:?}"
        );
        self
    }

    /// The exit code; `None` where a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The lines of stdout without their ends.
    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }
}

impl fmt::Debug for Done {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.command)?;
        writeln!(formatter, "--- {}", self.status)?;
        writeln!(formatter, "--- stdout\n{}", self.stdout)?;
        write!(formatter, "--- stderr\n{}", self.stderr)
    }
}

/// Runs a program without any input.
#[track_caller]
pub fn run(command: &mut Command) -> Done {
    let child = spawn(command.stdin(Stdio::null()));
    finish(child, &format!("{command:?}"))
}

/// Runs a program with this on its stdin.
#[track_caller]
pub fn run_fed(command: &mut Command, input: &[u8]) -> Done {
    let mut child = spawn(command.stdin(Stdio::piped()));
    let mut stdin = child.stdin.take().expect("a pipe was asked for");
    let input = input.to_vec();
    // A program that ends without having read it all is judged by its exit code.
    thread::spawn(move || stdin.write_all(&input));
    finish(child, &format!("{command:?}"))
}

fn spawn(command: &mut Command) -> Child {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"))
}

/// Waits for a program that was started with pipes for stdout and stderr.
#[track_caller]
pub fn finish(mut child: Child, command: &str) -> Done {
    // One that still waits for more input learns that there is none.
    drop(child.stdin.take());
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child that can be waited for") {
            break Some(status);
        }
        if Instant::now() > deadline {
            break None;
        }
        thread::sleep(Duration::from_millis(2));
    };
    if status.is_none() {
        child.kill().expect("a child that can be killed");
    }
    let gather = |pipe: Receiver<String>| {
        pipe.recv_timeout(Duration::from_secs(10))
            .unwrap_or_default()
    };
    let (stdout, stderr) = (gather(stdout), gather(stderr));
    let Some(status) = status else {
        let _ = child.wait();
        panic!("{command}\nhung for {LIMIT:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
    };
    Done {
        command: command.to_owned(),
        status,
        stdout,
        stderr,
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came before an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        sender.send(String::from_utf8_lossy(&bytes).into_owned())
    });
    receiver
}
