//! What tells about the session (STAT, SYST), and the dispatch of what needs a login.

use alloc::string::String;
use core::fmt::Write;

use super::replies::{bad_command, say};
use super::session::{Login, MAX_REPLY, Session};
use crate::listing::Entry;
use crate::listing::write::write_long;
use crate::time::Instant;
use crate::wire::{
    Code, Command, CommandErrorKind, DateTime, Escaped, FactChange, Reply, Representation, Restart,
    Verb,
};

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
            Command::Opts(argument) => self.options(&argument),
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
            Command::Hash(path) => self.hash(&path),
            Command::Rang(range) => self.choose_range(range),
            Command::Checksum {
                algorithm,
                path,
                range,
            } => self.checksum(algorithm, &path, range),
            Command::Mfmt { time, path } => {
                self.set_fact(Verb::Mfmt, FactChange::Modify(time), &path)
            }
            Command::Mfct { time, path } => {
                self.set_fact(Verb::Mfct, FactChange::Create(time), &path)
            }
            Command::Mff { facts, path } => self.set_facts(Verb::Mff, facts, &path),
            Command::Avbl(path) => self.available(path.as_ref()),
            Command::Comb { target, parts } => self.combine(&target, &parts),
            Command::Site(argument) => self.site(&argument),
            Command::Smnt(_) => self.reply(say(Code::NOT_IMPLEMENTED, "Command not implemented.")),
            command => self.execute_transfer(now, command),
        }
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
            match self.settings.parameters.representation {
                Representation::Ascii(_) => "ASCII",
                Representation::Ebcdic(_) => "EBCDIC",
                Representation::Image | Representation::Local(_) => "image",
            }
        );
        let write = matches!(&self.login, Login::User(grant) if grant.write);
        let _ = write!(
            text,
            "\n This login may {}",
            if write { "read and write" } else { "read" }
        );
        let _ = write!(text, "\n {}", self.security.describe());
        text.push_str("\nEnd");
        self.reply(Reply::new(Code::SYSTEM_STATUS, text));
    }
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
