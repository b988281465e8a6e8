//! What the program says, and where: data on standard output, talk on standard error, and in the shell all of it on
//! standard output.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, IsTerminal, Write};

use ftp_sansio::wire::Escaped;
use indicatif::ProgressBar;

use crate::failure::Failure;
use crate::json;

/// How much is said, and where to. It counts what went wrong on the way, for the exit code.
#[derive(Debug, Default)]
pub(crate) struct Console {
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) json: bool,
    /// The shell's talk is its output.
    pub(crate) in_shell: bool,
    problems: Cell<usize>,
    /// The bar that stands while several sessions are at work, and makes room for what is said.
    pub(crate) bar: RefCell<Option<ProgressBar>>,
}

impl Console {
    pub(crate) fn new(quiet: bool, verbose: bool, json: bool) -> Self {
        Self {
            quiet,
            verbose,
            json,
            ..Self::default()
        }
    }

    /// The console of the shell: the same, on standard output.
    pub(crate) fn for_shell(self) -> Self {
        Self {
            in_shell: true,
            ..self
        }
    }

    /// Whether there is somebody to watch a bar.
    pub(crate) fn has_bars(&self) -> bool {
        !self.quiet && !self.verbose && io::stderr().is_terminal()
    }

    /// Says what is nice to know.
    pub(crate) fn say(&self, text: impl fmt::Display) {
        if !self.quiet {
            self.write(format_args!("{text}"));
        }
    }

    /// Says what only `-v` wants to know.
    pub(crate) fn detail(&self, text: impl fmt::Display) {
        if self.verbose {
            self.write(format_args!("{text}"));
        }
    }

    /// Says what has to be known, and changes nothing in the exit code.
    pub(crate) fn note(&self, text: impl fmt::Display) {
        match self.in_shell {
            true => self.write(format_args!("{text}")),
            false => self.write(format_args!("ftp-client: {text}")),
        }
    }

    /// Reports a failure of a part of the work. The rest goes on; the exit code tells.
    pub(crate) fn problem(&self, text: impl fmt::Display) {
        self.problems.set(self.problems.get() + 1);
        self.report(&text);
    }

    /// Reports why the program ends.
    pub(crate) fn failure(&self, failure: &Failure) {
        let text = failure.to_string();
        if !text.is_empty() {
            self.report(&text);
        }
    }

    fn report(&self, text: &dyn fmt::Display) {
        self.note(text);
        if self.json && !self.in_shell {
            let message = json::Object::new()
                .text("event", "error")
                .text("message", &text.to_string());
            self.beside_bar(|| writeln!(io::stdout(), "{message}"));
        }
    }

    /// Tells what was done: an event under `--json`, a line under `-v`.
    pub(crate) fn done(&self, event: &str, name: &[u8], bytes: Option<u64>) {
        if self.json && !self.in_shell {
            let line = json::Object::new()
                .text("event", event)
                .bytes("name", Some(name))
                .number("bytes", bytes);
            self.beside_bar(|| writeln!(io::stdout(), "{line}"));
        }
        let name = Escaped(name);
        match bytes {
            Some(bytes) => self.detail(format_args!("{event} {name} ({bytes} bytes)")),
            None => self.detail(format_args!("{event} {name}")),
        }
    }

    pub(crate) fn problems(&self) -> usize {
        self.problems.get()
    }

    fn write(&self, text: fmt::Arguments<'_>) {
        self.beside_bar(|| match self.in_shell {
            true => writeln!(io::stdout(), "{text}"),
            false => writeln!(io::stderr(), "{text}"),
        });
    }

    /// What cannot be written is lost: there is nowhere to say so.
    fn beside_bar(&self, write: impl FnOnce() -> io::Result<()>) {
        let _ = match &*self.bar.borrow() {
            Some(bar) => bar.suspend(write),
            None => write(),
        };
    }
}
