//! The interactive shell: words in any case, from a terminal or a pipe. What goes wrong is a sentence, and the shell goes on.

mod actions;
mod input;
mod link;
mod tokens;
mod words;

use std::rc::Rc;

use ftp_driver::Runtime;
use ftp_sansio::wire::Escaped;

use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::session::Settings;
use crate::url;
use input::Input;
pub(crate) use input::ask_password;
use link::Link;
use words::{Line, Word};

const UNTIL_THEN: &str = "until then only USER, PASS, HELP, CONN and QUIT do anything";

/// Whether the shell goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Line,
    End,
}

struct Shell<R: Runtime> {
    console: Rc<Console>,
    link: Link<R>,
}

/// Runs the shell until it is left, or its input ends.
pub(crate) async fn run<R: Runtime>(
    runtime: R,
    settings: Settings,
    start: Option<&str>,
) -> Result<(), Failure> {
    let mut input = Input::new();
    let mut shell = Shell {
        console: Rc::clone(&settings.console),
        link: Link::new(runtime, settings),
    };
    if let Some(start) = start {
        let target = url::parse(start)?;
        match shell.link.open(&target).await {
            Err(failure) if input.is_terminal() => shell.console.note(failure),
            opened => opened?,
        }
    } else if input.is_terminal() {
        shell
            .console
            .say("CONN [IP PORT] connects, HELP lists the words, QUIT leaves.");
    }
    loop {
        let line = input.next();
        let line = line.map_err(|error| Failure::local("standard input".as_ref(), &error))?;
        match line {
            Some(line) if shell.obey(&line).await == Next::Line => {}
            _ => break,
        }
    }
    shell.link.close().await;
    Ok(())
}

impl<R: Runtime> Shell<R> {
    /// Does what a line says.
    async fn obey(&mut self, line: &[u8]) -> Next {
        let (word, arguments) = match Line::read(line) {
            Line::Known(Word::Quit, _) => return Next::End,
            Line::Known(word, arguments) => (word, arguments),
            Line::Empty => return Next::Line,
            Line::Unclosed => {
                self.console.note("a quote is not closed");
                return Next::Line;
            }
            Line::Unknown(word) => {
                let word = Escaped(&word);
                self.console.note(format_args!(
                    "{word} is no word of this shell; HELP lists them"
                ));
                return Next::Line;
            }
        };
        if let Err(failure) = self.act(word, &arguments).await {
            self.console.note(&failure);
            if self.link.drop_if_lost() {
                self.console
                    .note("the connection is closed; CONN connects again");
            }
        }
        Next::Line
    }

    /// The words that need no login; the others when there is one.
    async fn act(&mut self, word: Word, arguments: &[Vec<u8>]) -> Result<(), Failure> {
        match (word, arguments) {
            (Word::Help, about) => self.help(about.first().map(|about| &about[..])),
            (Word::Connect, address) => {
                let host = link::address(address)?;
                self.link.connect(&host).await
            }
            (Word::User, [user]) => self.link.user(user),
            (Word::User, _) => Err(sentence("it goes like this: USER NAME")),
            (Word::Pass, password) => {
                let password = password.first().map_or(&[][..], |password| &password[..]);
                self.link.pass(password).await
            }
            (Word::Close, _) => {
                self.link.close().await;
                self.console.say("closed");
                Ok(())
            }
            _ => self.act_logged_in(word, arguments).await,
        }
    }

    async fn act_logged_in(&mut self, word: Word, arguments: &[Vec<u8>]) -> Result<(), Failure> {
        if word == Word::Passive && self.link.is_logged_in() {
            self.link.passive();
            return Ok(());
        }
        match self.link.session() {
            Ok(session) => actions::act(session, word, arguments).await,
            Err(why) => Err(sentence(format!("{why}; {UNTIL_THEN}"))),
        }
    }

    fn help(&self, about: Option<&[u8]>) -> Result<(), Failure> {
        match words::help(about) {
            Some(text) => {
                self.console.note(text);
                Ok(())
            }
            None => {
                let about = Escaped(about.unwrap_or_default());
                Err(sentence(format!(
                    "{about} is no word of this shell; HELP lists them"
                )))
            }
        }
    }
}

/// Something that is said, and has no exit code: the shell goes on.
fn sentence(text: impl Into<String>) -> Failure {
    Failure::new(Exit::Partial, text)
}
