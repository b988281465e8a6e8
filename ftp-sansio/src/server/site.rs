//! SITE (RFC 959 § 4.1.3): what several servers offer under the same words, and what a store offers of its own.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use super::capabilities::Capability;
use super::files::Purpose;
use super::replies::{append_printable, bad_command, say};
use super::session::{MAX_REPLY, Session};
use super::storage::{Operation, SiteRequest};
use crate::listing::Permissions;
use crate::wire::{Arg, Code, Removal, Reply, SiteCommand, VirtualPath};

/// A word of SITE: its syntax, and what the store must be able to do for it.
struct Word {
    name: &'static str,
    arguments: &'static str,
    needs: Option<Capability>,
}

const WORDS: &[Word] = &[
    word("CHGRP", " <group> <path>", Some(Capability::SetGroup)),
    word("CHMOD", " <mode> <path>", Some(Capability::SetPermissions)),
    word("COPY", " <from> <to>", Some(Capability::Copy)),
    word("CPFR", " <path>", Some(Capability::Copy)),
    word("CPTO", " <path>", Some(Capability::Copy)),
    word("HELP", " [<word>]", None),
    word("IDLE", " [<seconds>]", None),
    word("MKDIR", " [-p] <path>", None),
    word("RMDIR", " [-p|-r] <path>", None),
    word("SYMLINK", " <target> <link>", Some(Capability::Links)),
    word("UMASK", " [<mask>]", Some(Capability::Umask)),
    word(
        "UTIME",
        " <YYYYMMDDhhmm[ss]> <path> | <path> <accessed> <modified> <created> UTC",
        Some(Capability::SetModified),
    ),
];

const fn word(name: &'static str, arguments: &'static str, needs: Option<Capability>) -> Word {
    Word {
        name,
        arguments,
        needs,
    }
}

impl Session {
    pub(super) fn site(&mut self, argument: &Arg) {
        let command = match SiteCommand::parse(argument) {
            Ok(command) => command,
            Err(kind) => return self.reply(bad_command(kind)),
        };
        if !matches!(command, SiteCommand::CopyTo(_)) {
            self.settings.copy_from = None;
        }
        if let Some(missing) = needs(&command)
            && !self.can(missing)
        {
            return self.refuse_word();
        }
        if changes_files(&command) && !self.may_write() {
            return self.refuse_write(None);
        }
        match command {
            SiteCommand::Chmod { mode, path } => self.set_permissions(mode, &path),
            SiteCommand::Umask(mask) => self.umask(mask),
            SiteCommand::Utime { path, times } => self.set_times(times, &path),
            SiteCommand::Symlink { target, link } => self.link(&target, &link),
            SiteCommand::Mkdir { path, .. } => self.make_folders(&path),
            SiteCommand::Rmdir { removal, path } => self.remove_folder_by_site(removal, &path),
            SiteCommand::Idle(seconds) => self.idle(seconds),
            SiteCommand::Help(topic) => self.site_help(topic.as_ref()),
            SiteCommand::CopyFrom(path) => self.copy_from(&path),
            SiteCommand::CopyTo(path) => self.copy_to(&path),
            SiteCommand::Copy { from, to } => self.copy(&from, &to),
            SiteCommand::Group { group, path } => self.set_group(group, &path),
            SiteCommand::Other { word, rest } => self.own_word(word, rest),
        }
    }

    /// 504: SITE is implemented, and not for that (RFC 959 § 4.2.1).
    pub(super) fn refuse_word(&mut self) {
        self.reply(say(
            Code::PARAMETER_NOT_IMPLEMENTED,
            "SITE knows no such word here.",
        ));
    }

    fn umask(&mut self, mask: Option<u32>) {
        // At most nine bits, by how it was read.
        let mask = mask.map(|mask| Permissions::new(u16::try_from(mask).unwrap_or_default()));
        self.ask(Operation::Umask(mask), Purpose::Umask);
    }

    /// A link leads to where its target is seen from the folder that holds it, as with `ln -s`; an absolute target is one of this
    /// session's. What would lead above the root is refused, and not taken for the root as in a path: it would not be the link that
    /// was asked for.
    fn link(&mut self, target: &Arg, link: &Arg) {
        let Some(path) = self.resolve(link) else {
            return;
        };
        let folder = path.parent().unwrap_or_default();
        if leaves_root(&folder, target) {
            return self.reply(say(
                Code::NAME_NOT_ALLOWED,
                "The link would lead out of here.",
            ));
        }
        let Ok(target) = folder.join(target) else {
            return self.reply(say(Code::NAME_NOT_ALLOWED, "No such path is possible."));
        };
        let purpose = Purpose::site(path.clone());
        self.ask(Operation::Link { path, target }, purpose);
    }

    /// SITE IDLE: how long this session may wait between commands, within the bounds of
    /// [`Config::idle_bounds`](super::Config::idle_bounds).
    fn idle(&mut self, seconds: Option<u64>) {
        let (least, most) = self.config.idle_bounds;
        if let Some(seconds) = seconds {
            let wanted = Duration::from_secs(seconds);
            if wanted < least || wanted > most {
                let text = format!("From {} to {} seconds.", least.as_secs(), most.as_secs());
                return self.reply(Reply::new(Code::ARGUMENT_SYNTAX_ERROR, text));
            }
            self.settings.idle = Some(wanted);
        }
        let text = format!(
            "Idle for {} seconds at the most.",
            self.idle_time().as_secs()
        );
        self.reply(Reply::new(Code::OK, text));
    }

    pub(super) fn idle_time(&self) -> Duration {
        self.settings.idle.unwrap_or(self.config.timeouts.idle)
    }

    fn copy_from(&mut self, name: &Arg) {
        if let Some(path) = self.resolve(name) {
            let purpose = Purpose::CopyFrom(path.clone());
            self.ask(Operation::Inspect(path), purpose);
        }
    }

    fn copy_to(&mut self, name: &Arg) {
        let Some(from) = self.settings.copy_from.take() else {
            return self.reply(say(Code::BAD_SEQUENCE, "SITE CPFR first."));
        };
        if let Some(to) = self.resolve(name) {
            let purpose = Purpose::CopyTo(to.clone());
            self.ask(Operation::Copy { from, to }, purpose);
        }
    }

    fn copy(&mut self, from: &Arg, to: &Arg) {
        if let Some(from) = self.resolve(from)
            && let Some(to) = self.resolve(to)
        {
            let purpose = Purpose::site(to.clone());
            self.ask(Operation::Copy { from, to }, purpose);
        }
    }

    /// With and without `-p`: what is missing above it is made too, and one that is there is as good. Servers that list `SITE MKDIR`
    /// do so, and lftp relies on it for its `mkdir -p`.
    fn make_folders(&mut self, name: &Arg) {
        if let Some(path) = self.resolve(name) {
            let purpose = Purpose::site(path.clone());
            self.ask(Operation::MakeFolders(path), purpose);
        }
    }

    /// `-p` as rmdir(1) has it: of the folders that were named, from the last one on, as long as they are empty.
    fn remove_folder_by_site(&mut self, removal: Removal, name: &Arg) {
        let Some(path) = self.resolve(name) else {
            return;
        };
        let folder = &self.settings.folder;
        let (operation, purpose) = match removal {
            Removal::Recursive if folder.starts_with(&path) => {
                return self.reply(say(Code::FILE_UNAVAILABLE, "You are in it."));
            }
            Removal::Recursive => {
                let purpose = Purpose::site(path.clone());
                (Operation::RemoveTree(path), purpose)
            }
            Removal::Alone => {
                let purpose = Purpose::site(path.clone());
                (Operation::RemoveFolder(path), purpose)
            }
            Removal::Parents => {
                let above = match path.starts_with(folder) && !name.as_bytes().starts_with(b"/") {
                    true => folder.clone(),
                    false => VirtualPath::ROOT,
                };
                let purpose = Purpose::RemoveParents {
                    path: path.clone(),
                    above,
                    first: true,
                };
                (Operation::RemoveFolder(path), purpose)
            }
        };
        self.ask(operation, purpose);
    }

    fn own_word(&mut self, word: Arg, argument: Option<Arg>) {
        if !self.can(Capability::Site) {
            return self.refuse_word();
        }
        let request = SiteRequest {
            word,
            argument,
            folder: self.settings.folder.clone(),
            writable: self.may_write(),
        };
        self.ask(Operation::Site(request), Purpose::Site);
    }

    fn has_word(&self, word: &Word) -> bool {
        word.needs.is_none_or(|needed| self.can(needed))
    }

    /// The words that are carried out.
    pub(super) fn site_words(&self) -> impl Iterator<Item = &'static str> {
        WORDS
            .iter()
            .filter(|word| self.has_word(word))
            .map(|word| word.name)
    }

    pub(super) fn site_help(&mut self, topic: Option<&Arg>) {
        let Some(topic) = topic else {
            let mut text = String::from("SITE knows these words:");
            for word in WORDS.iter().filter(|word| self.has_word(word)) {
                text.push_str("\n ");
                text.push_str(word.name);
                text.push_str(word.arguments);
            }
            if self.can(Capability::Site) {
                text.push_str("\n and words of this server's own");
            }
            text.push_str("\nEnd");
            return self.reply(Reply::new(Code::HELP, text));
        };
        let found = WORDS.iter().find(|word| {
            word.name.as_bytes().eq_ignore_ascii_case(topic.as_bytes()) && self.has_word(word)
        });
        match found {
            Some(Word {
                name, arguments, ..
            }) => {
                let text = format!("Syntax: SITE {name}{arguments}");
                self.reply(Reply::new(Code::HELP, text));
            }
            None => self.refuse_word(),
        }
    }
}

/// What the store must be able to do for it.
const fn needs(command: &SiteCommand) -> Option<Capability> {
    match command {
        SiteCommand::Chmod { .. } => Some(Capability::SetPermissions),
        SiteCommand::Umask(_) => Some(Capability::Umask),
        SiteCommand::Utime { .. } => Some(Capability::SetModified),
        SiteCommand::Symlink { .. } => Some(Capability::Links),
        SiteCommand::Rmdir {
            removal: Removal::Recursive,
            ..
        } => Some(Capability::RemoveTrees),
        SiteCommand::CopyFrom(_) | SiteCommand::CopyTo(_) | SiteCommand::Copy { .. } => {
            Some(Capability::Copy)
        }
        SiteCommand::Group { .. } => Some(Capability::SetGroup),
        _ => None,
    }
}

/// What needs the right to write. What a store's own words do is for the store to say ([`SiteRequest::writable`]).
const fn changes_files(command: &SiteCommand) -> bool {
    !matches!(
        command,
        SiteCommand::Idle(_)
            | SiteCommand::Help(_)
            | SiteCommand::Umask(None)
            | SiteCommand::Other { .. }
    )
}

/// Whether a target, seen from this folder, goes up past the root on its way.
fn leaves_root(folder: &VirtualPath, target: &Arg) -> bool {
    let target = target.as_bytes();
    let depth = match target.starts_with(b"/") {
        true => 0,
        false => folder.components().count(),
    };
    let mut components = target.split(|&byte| byte == b'/');
    let end = components.try_fold(depth, |depth, component| match component {
        b"" | b"." => Some(depth),
        b".." => depth.checked_sub(1),
        _ => Some(depth + 1),
    });
    end.is_none()
}

/// What the store said to a word of its own: 200, cut to the length of a reply.
pub(super) fn own_reply(lines: &[Bytes]) -> Reply {
    let mut text = Vec::new();
    for line in lines {
        if text.len() + line.len() * 2 + 128 > MAX_REPLY / 2 {
            text.extend_from_slice(b"\nAnd more, which has no room here.");
            break;
        }
        if !text.is_empty() {
            text.push(b'\n');
        }
        append_printable(line, &mut text);
    }
    if text.is_empty() {
        return say(Code::OK, "Done.");
    }
    Reply::new(Code::OK, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_above_the_root() {
        let folder = VirtualPath::ROOT
            .join(&Arg::from_static("a/b").unwrap())
            .unwrap();
        let table = [
            ("c", false),
            ("../..", false),
            ("../../c", false),
            ("../../..", true),
            ("../../../a/b", true),
            ("c/../../../..", true),
            ("/", false),
            ("/x/..", false),
            ("/..", true),
            ("/x/../../etc", true),
            (".//./..", false),
            ("...", false),
        ];
        for (target, expected) in table {
            let leaves = leaves_root(&folder, &Arg::from_static(target).unwrap());
            assert_eq!(leaves, expected, "{target}");
        }
    }
}
