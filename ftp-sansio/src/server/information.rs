//! What tells about the server and the session (FEAT, HELP, STAT, SYST), and the dispatch of what needs a login.

use alloc::format;
use alloc::string::String;
use core::fmt::Write;

use super::replies::{bad_command, say};
use super::session::{Login, MAX_REPLY, Session};
use crate::listing::Entry;
use crate::listing::write::write_long;
use crate::time::Instant;
use crate::wire::{Arg, Code, Command, CommandErrorKind, DateTime, Escaped, Reply, Restart, Verb};

impl Session {
    pub(super) fn execute_logged_in(&mut self, now: Instant, command: Command) {
        match command {
            Command::Type(representation) => self.set_representation(representation),
            Command::Stru(structure) => self.set_structure(structure),
            Command::Mode(mode) => self.set_mode(mode),
            Command::Rest(Restart::Offset(offset)) => self.rest(offset),
            Command::Rest(Restart::Marker(_)) => {
                self.reply(bad_command(CommandErrorKind::Argument));
            }
            Command::Allo { .. } => self.reply(say(Code::SUPERFLUOUS, "No allocation is needed.")),
            Command::Opts(argument) => self.opts(&argument),
            Command::Port(to) => self.active(to.into()),
            Command::Eprt(to) => self.active(to),
            Command::Pasv => self.pasv(),
            Command::Epsv(argument) => self.epsv(argument),
            Command::Cwd(path) => self.change_folder(&path),
            Command::Cdup => self.parent_folder(),
            Command::Pwd => self.working_folder(),
            Command::Mkd(path) => self.make_folder(&path),
            Command::Rmd(path) => self.remove_folder(&path),
            Command::Dele(path) => self.delete(&path),
            Command::Rnfr(path) => self.rename_from(&path),
            Command::Rnto(path) => self.rename_to(&path),
            Command::Size(path) => self.size(&path),
            Command::Mdtm(path) => self.modified_time(&path),
            Command::Mlst(path) => self.facts(path.as_ref()),
            Command::Stat(Some(path)) => self.status_of(&path),
            Command::Stat(None) => self.status(),
            Command::Syst => self.reply(say(Code::SYSTEM_TYPE, "UNIX Type: L8")),
            Command::Feat => self.features(),
            Command::Help(topic) => self.help(topic.as_ref()),
            Command::Noop => self.reply(say(Code::OK, "Done.")),
            Command::Abor => self.abort_nothing(),
            Command::Smnt(_)
            | Command::Site(_)
            | Command::Adat(_)
            | Command::Ccc
            | Command::Mic(_)
            | Command::Conf(_)
            | Command::Enc(_)
            | Command::Lprt(_)
            | Command::Lpsv
            | Command::Lang(_)
            | Command::Host(_)
            | Command::Hash(_)
            | Command::Rang(_)
            | Command::Checksum { .. }
            | Command::Mfmt { .. }
            | Command::Mfct { .. }
            | Command::Mff { .. }
            | Command::Avbl(_)
            | Command::Comb { .. }
            | Command::Clnt(_)
            | Command::Csid(_)
            | Command::Pret { .. }
            | Command::Cpsv
            | Command::Sscn(_) => {
                self.reply(say(Code::NOT_IMPLEMENTED, "Command not implemented."))
            }
            command => self.execute_transfer(now, command),
        }
    }

    /// FEAT (RFC 2389 § 3): what is really on, one a line behind a space.
    fn features(&mut self) {
        let mut text = String::from("Features:");
        if self.config.active {
            text.push_str("\n EPRT");
        }
        text.push_str("\n EPSV\n MDTM");
        // FactSet's own form marks with `*` what is on (RFC 3659 § 7.8). Writing to a String does not fail.
        let _ = write!(text, "\n MLST {}", self.settings.facts.feature());
        text.push_str("\n REST STREAM\n SIZE\n TVFS\n UTF8\nEnd");
        self.reply(Reply::new(Code::SYSTEM_STATUS, text));
    }

    fn help(&mut self, topic: Option<&Arg>) {
        let Some(topic) = topic else {
            return self.reply(Reply::new(Code::HELP, verb_table()));
        };
        let reply = match Verb::from_bytes(topic.as_bytes()) {
            Some(verb) if is_carried_out(verb) => {
                Reply::new(Code::HELP, format!("Syntax: {}", verb.syntax()))
            }
            _ => say(Code::NOT_IMPLEMENTED, "No such command."),
        };
        self.reply(reply);
    }

    fn status(&mut self) {
        let mut text = String::from("Status:");
        // Writing to a String does not fail.
        let _ = write!(text, "\n Connected to {}", self.ends.peer.ip());
        let _ = write!(
            text,
            "\n Folder: {}",
            Escaped(self.settings.folder.as_bytes())
        );
        let _ = write!(
            text,
            "\n TYPE: {}",
            if self.is_image() { "image" } else { "ASCII" }
        );
        let write = matches!(&self.login, Login::User(grant) if grant.write);
        let _ = write!(
            text,
            "\n This login may {}",
            if write { "read and write" } else { "read" }
        );
        text.push_str("\nEnd");
        self.reply(Reply::new(Code::SYSTEM_STATUS, text));
    }
}

/// Verbs that are understood but not carried out are left out of HELP.
pub(super) const fn is_carried_out(verb: Verb) -> bool {
    !matches!(
        verb,
        Verb::Smnt
            | Verb::Site
            | Verb::Auth
            | Verb::Pbsz
            | Verb::Prot
            | Verb::Adat
            | Verb::Ccc
            | Verb::Mic
            | Verb::Conf
            | Verb::Enc
            | Verb::Lprt
            | Verb::Lpsv
            | Verb::Lang
            | Verb::Host
            | Verb::Hash
            | Verb::Rang
            | Verb::Xcrc
            | Verb::Xmd5
            | Verb::Xsha1
            | Verb::Xsha256
            | Verb::Xsha512
            | Verb::Mfmt
            | Verb::Mfct
            | Verb::Mff
            | Verb::Avbl
            | Verb::Comb
            | Verb::Clnt
            | Verb::Csid
            | Verb::Pret
            | Verb::Cpsv
            | Verb::Sscn
    )
}

fn verb_table() -> String {
    const A_LINE: usize = 8;
    let mut text = String::from("These commands are known:");
    for (index, verb) in Verb::ALL
        .iter()
        .filter(|verb| is_carried_out(**verb))
        .enumerate()
    {
        text.push_str(if index % A_LINE == 0 { "\n " } else { " " });
        text.push_str(verb.name());
    }
    text.push_str("\nHELP with one of them tells its syntax.");
    text
}

/// STAT of a path (RFC 959 § 4.1.3): as LIST would, over the control connection, cut to the length of a reply.
pub(super) fn folder_status(entries: &[Entry], mut more: bool, now: DateTime) -> Reply {
    let mut text = b"Status:".to_vec();
    for entry in entries {
        let mut line = alloc::vec::Vec::new();
        write_long(entry, now, &mut line);
        if text.len() + line.len() + 128 > MAX_REPLY {
            more = true;
            break;
        }
        text.extend_from_slice(b"\n ");
        text.extend(line.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')));
    }
    text.extend_from_slice(if more {
        b"\nEnd of the beginning; LIST tells all"
    } else {
        b"\nEnd"
    });
    Reply::new(Code::FILE_STATUS, text)
}
