//! `raw`: commands of the protocol as somebody types them, and the replies as they come.

use std::io::{self, IsTerminal, Write};

use ftp_driver::Runtime;
use ftp_driver::client::Error;
use ftp_sansio::wire::{Arg, Code, Command, Escaped, Reply, Verb};

use crate::failure::{Exit, Failure};
use crate::json::Object;
use crate::session::{Session, command_line};

/// Reads one line that is to be sent.
///
/// # Errors
/// A line that would be two, that is none, or that would leave the session in a state that this program knows nothing of.
pub(crate) fn line(text: &[u8]) -> Result<Arg, Failure> {
    let text = text.trim_ascii_start();
    let shown = Escaped(text);
    if text.is_empty() {
        return Err(Failure::usage("a command that is empty cannot be sent"));
    }
    let line = Arg::try_from(text)
        .map_err(|error| Failure::usage(format!("{shown} cannot be sent as one line: {error}")))?;
    match refusal(&line) {
        Some(why) => Err(Failure::usage(format!("{shown} is not sent: {why}"))),
        None => Ok(line),
    }
}

/// Why a command is not sent by itself. Whatever stands behind the first word is no matter: a server may make sense of it.
fn refusal(line: &Arg) -> Option<&'static str> {
    let mut words = line.as_bytes().split(u8::is_ascii_whitespace);
    let verb = words.next().and_then(Verb::from_bytes)?;
    match verb {
        Verb::Auth | Verb::Ccc => {
            Some("it changes what protects the connection, and not by itself")
        }
        verb if verb.moves_data() => Some("it moves data, which ls, get, put and cat do"),
        _ => None,
    }
}

/// Sends the lines one after the other, up to a refusal or, with `keep_going`, all of them.
pub(crate) async fn run<R: Runtime>(
    session: &mut Session<R>,
    lines: &[Arg],
    keep_going: bool,
) -> Result<(), Failure> {
    let mut worst: Option<Code> = None;
    for (at, line) in lines.iter().enumerate() {
        let reply = ask(session, line).await?;
        print(session.console.json, line, &reply)?;
        if !reply.class().is_negative() {
            continue;
        }
        if worst.is_none_or(|code| code.class() < reply.class()) {
            worst = Some(reply.code());
        }
        let left = lines.len() - at - 1;
        if left > 0 && !keep_going {
            session.console.note(format_args!(
                "after this refusal the rest ({left}) is not sent; -k sends it"
            ));
            break;
        }
    }
    match worst {
        None => Ok(()),
        // The reply has been shown: it says all there is to say.
        Some(code) => Err(Failure::new(exit_of(code), "")),
    }
}

/// Sends one line; gives its reply, a refusal too.
pub(crate) async fn ask<R: Runtime>(
    session: &mut Session<R>,
    line: &Arg,
) -> Result<Reply, Failure> {
    let shown = shown(line);
    if !session.client.is_usable() {
        let text = format!("{shown} is not sent: the session has ended");
        return Err(Failure::new(Exit::Connect, text));
    }
    match session.client.raw(line.clone()).await {
        Ok(reply) => Ok(reply),
        Err(Error::NotPossible(_)) => {
            let text = format!(
                "{shown} is not sent: it is malformed, or this program could not go on after it"
            );
            Err(Failure::usage(text))
        }
        Err(error) => {
            // The server's last word was an answer too.
            if let (Error::Closed(_), Some(reply)) = (&error, error.reply()) {
                print(session.console.json, line, reply)?;
            }
            Err(Failure::server(shown, &error))
        }
    }
}

/// A command as it may be seen: a password in it may not.
fn shown(line: &Arg) -> String {
    match Command::parse(line.as_bytes()) {
        Ok(command) => command_line(&command),
        Err(_) => line.to_string(),
    }
}

fn print(json: bool, line: &Arg, reply: &Reply) -> Result<(), Failure> {
    let stdout = io::stdout();
    let raw = !stdout.is_terminal();
    let mut out = io::BufWriter::new(stdout.lock());
    let written = match json {
        true => writeln!(out, "{}", object(line, reply)),
        false => write(&mut out, raw, reply),
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(&error))
}

/// The reply as it travelled, its lines ended as this system ends them. A terminal is not driven by it.
fn write(out: &mut impl Write, raw: bool, reply: &Reply) -> io::Result<()> {
    for line in lines(reply) {
        match raw {
            true => out.write_all(&line)?,
            false => write!(out, "{}", Escaped(&line))?,
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The lines of a reply with its code before the first and the last, RFC 959 § 4.2.
pub(crate) fn lines(reply: &Reply) -> impl Iterator<Item = Vec<u8>> {
    let code = reply.code().get();
    let last = reply.lines().count() - 1;
    reply.lines().enumerate().map(move |(at, line)| {
        let start = match at {
            at if at == last => format!("{code} "),
            0 => format!("{code}-"),
            _ => String::new(),
        };
        [start.as_bytes(), line].concat()
    })
}

fn object(line: &Arg, reply: &Reply) -> Object {
    let lines: Vec<_> = reply.lines().collect();
    Object::new()
        .text("command", &shown(line))
        .number("code", Some(reply.code().get().into()))
        .list("lines", &lines)
}

/// The exit code of a refusal.
fn exit_of(code: Code) -> Exit {
    match code.get() {
        450 | 550 | 553 => Exit::NotFound,
        530 => Exit::Login,
        _ => Exit::Partial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, text: &'static str) -> Reply {
        Reply::new(Code::new(code).unwrap(), text)
    }

    fn written(raw: bool, reply: &Reply) -> String {
        let mut out = Vec::new();
        write(&mut out, raw, reply).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_would_break_the_session_is_refused() {
        for text in [
            "RETR a",
            "stor b",
            "LIST",
            "  nlst -l",
            "MLSD\tx",
            "AUTH TLS",
            "ccc",
            "",
            " ",
            "NOOP\r\nDELE x",
            "NOOP\n",
            "DELE a\0b",
        ] {
            assert_eq!(line(text.as_bytes()).unwrap_err().exit(), Exit::Usage);
        }
        for text in [
            "NOOP",
            "SITE CHMOD 644 RETR",
            "XYZZY",
            "TYPE Q",
            "MLST a",
            "XRETR a",
        ] {
            assert_eq!(line(text.as_bytes()).unwrap().as_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn replies_are_shown_as_they_came() {
        assert_eq!(written(true, &reply(200, "fine")), "200 fine\n");
        assert_eq!(
            written(true, &reply(211, "so much\n MDTM\n 211 x\nend")),
            "211-so much\n MDTM\n 211 x\n211 end\n"
        );
        let hostile = reply(550, "\x1b[2J no");
        assert_eq!(written(false, &hostile), "550 \\x1b[2J no\n");
        assert_eq!(written(true, &hostile), "550 \x1b[2J no\n");
    }

    #[test]
    fn an_object_a_reply() {
        let noop = line(b"noop").unwrap();
        assert_eq!(
            object(&noop, &reply(200, "a\n\"b\"")).to_string(),
            r#"{"command":"NOOP","code":200,"lines":["a","\"b\""]}"#
        );
        let pass = line(b"PASS hunter2").unwrap();
        assert!(
            !object(&pass, &reply(230, ""))
                .to_string()
                .contains("hunter2")
        );
    }

    #[test]
    fn refusals_have_their_exit_codes() {
        for (code, exit) in [
            (450, Exit::NotFound),
            (550, Exit::NotFound),
            (553, Exit::NotFound),
            (530, Exit::Login),
            (502, Exit::Partial),
            (452, Exit::Partial),
        ] {
            assert_eq!(exit_of(Code::new(code).unwrap()), exit, "{code}");
        }
    }
}
