//! Where the shell's lines come from: a terminal, with a line editor, or a pipe, without any talk.

use std::borrow::Cow;
use std::io::{self, BufRead, IsTerminal};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Behavior, ColorMode, CompletionType, Config, Context, Editor, Helper};

use super::words;

const PROMPT: &str = "ftp> ";

type LineEditor = Editor<Typing, MemHistory>;

/// A source of lines.
pub(super) enum Input {
    Terminal(Box<LineEditor>),
    Pipe,
}

impl Input {
    pub(super) fn new() -> Self {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Self::Pipe;
        }
        match editor(Typing { secret: false }, Behavior::Stdio) {
            Ok(editor) => Self::Terminal(Box::new(editor)),
            Err(_) => Self::Pipe,
        }
    }

    pub(super) const fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal(_))
    }

    /// The next line without its end; `None` when there is none.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Terminal(editor) => edit(editor),
            Self::Pipe => read(&mut io::stdin().lock()),
        }
    }
}

fn editor(typing: Typing, behavior: Behavior) -> rustyline::Result<LineEditor> {
    // A highlighter runs only where colours may be; the one here hides passwords, and knows no colour.
    let config = Config::builder()
        .color_mode(ColorMode::Forced)
        .completion_type(CompletionType::List)
        .auto_add_history(false)
        .behavior(behavior)
        .build();
    let mut editor = Editor::with_history(config, MemHistory::new())?;
    editor.set_helper(Some(typing));
    Ok(editor)
}

fn edit(editor: &mut LineEditor) -> io::Result<Option<Vec<u8>>> {
    loop {
        match editor.readline(PROMPT) {
            Ok(line) => {
                // What holds a password is not kept, nor what may: a URL.
                if words::secret(&line).is_none() && !line.contains('@') {
                    let _ = editor.add_history_entry(&line);
                }
                return Ok(Some(line.into_bytes()));
            }
            // Ctrl-C gives the line up, as in any shell.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => return Ok(None),
            Err(ReadlineError::Io(error)) => return Err(error),
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

fn read(source: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if source.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.ends_with(b"\n") {
        line.pop();
    }
    if line.ends_with(b"\r") {
        line.pop();
    }
    Ok(Some(line))
}

/// Asks a person for a password, on the terminal itself wherever output goes; `None` when they will not tell.
pub(crate) fn ask_password(prompt: &str) -> Option<String> {
    let mut editor = editor(Typing { secret: true }, Behavior::PreferTerm).ok()?;
    editor.readline(prompt).ok()
}

/// What the editor is told of the line: words to complete, and passwords to hide.
pub(super) struct Typing {
    /// The whole line is a password.
    secret: bool,
}

impl Typing {
    fn secret(&self, line: &str) -> Option<usize> {
        match self.secret {
            true => Some(0),
            false => words::secret(line),
        }
    }
}

impl Helper for Typing {}
impl Validator for Typing {}

impl Hinter for Typing {
    type Hint = String;
}

impl Highlighter for Typing {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        match self.secret(line) {
            Some(at) => {
                let (shown, hidden) = line.split_at(at);
                Cow::Owned(format!("{shown}{}", "*".repeat(hidden.chars().count())))
            }
            None => Cow::Borrowed(line),
        }
    }

    /// Without this, a character that is typed would be shown before the line is.
    fn highlight_char(&self, line: &str, _: usize, _: CmdKind) -> bool {
        self.secret(line).is_some()
    }
}

impl Completer for Typing {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let start = line.get(..at).unwrap_or(line);
        match self.secret || start.contains(' ') {
            true => Ok((at, Vec::new())),
            false => Ok((0, words::complete(start))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_pipe() {
        let mut source = &b"a\r\nb \n\nc"[..];
        let mut lines = Vec::new();
        while let Some(line) = read(&mut source).unwrap() {
            lines.push(line);
        }
        assert_eq!(lines, [&b"a"[..], b"b ", b"", b"c"]);
    }

    #[test]
    fn passwords_are_not_shown() {
        let shell = Typing { secret: false };
        assert_eq!(shell.highlight("PASS geheim", 0), "PASS ******");
        assert_eq!(shell.highlight("PASV x", 0), "PASV x");
        let prompt = Typing { secret: true };
        assert_eq!(prompt.highlight("ä1", 0), "**");
        assert!(prompt.highlight_char("", 0, CmdKind::Other));
    }
}
