//! Navigation and file management: what asks the storage one question and replies with its answer.

use alloc::format;
use alloc::vec::Vec;

use bytes::Bytes;

use super::capabilities::Capability;
use super::changes::{Told, modified_reply, set_reply};
use super::digests::{checksum_reply, hash_reply};
use super::exchange::{Action, Event, perm};
use super::replies::{say, storage_code, storage_refusal};
use super::session::{Session, Waiting};
use super::storage::{Answer, Operation, StorageError};
use super::transfer::without_options;
use crate::listing::{Entry, Kind};
use crate::session::RequestId;
use crate::wire::facts::write_facts;
use crate::wire::path::quote;
use crate::wire::{Arg, Code, DateTime, DigestAlgorithm, Reply, Verb, VirtualPath};

/// How long the paths of a COMB may be together, in bytes: the session's memory has a bound.
const MOST_BYTES: usize = 8 * VirtualPath::MAX_LEN;

/// Why the storage was asked.
#[derive(Debug)]
pub(super) enum Purpose {
    ChangeFolder(VirtualPath),
    Size,
    ModifiedTime,
    Facts(VirtualPath),
    Status,
    RenameFrom(VirtualPath),
    /// SITE CPFR.
    CopyFrom(VirtualPath),
    /// SITE CPTO, which tells its success as RNTO does.
    CopyTo(VirtualPath),
    Change {
        verb: Verb,
        path: VirtualPath,
    },
    /// MDTM with a time: whether a file of the whole name is there, which goes before.
    WholeName {
        time: DateTime,
        name: Arg,
    },
    /// A change of facts.
    Set {
        verb: Verb,
        path: VirtualPath,
        told: Told,
    },
    /// SITE RMDIR -p: this one was empty; next is its parent, until it is `above` or holds that.
    RemoveParents {
        path: VirtualPath,
        above: VirtualPath,
        first: bool,
    },
    Hash {
        algorithm: DigestAlgorithm,
        path: VirtualPath,
        name: Arg,
    },
    Checksum {
        path: VirtualPath,
        end: Option<u64>,
    },
    Available(VirtualPath),
    Umask,
    /// A word of SITE that is the store's own.
    Site,
}

impl Purpose {
    pub(super) const fn is_digest(&self) -> bool {
        matches!(self, Self::Hash { .. } | Self::Checksum { .. })
    }

    /// A change that a word of SITE asked for.
    pub(super) const fn site(path: VirtualPath) -> Self {
        Self::Change {
            verb: Verb::Site,
            path,
        }
    }
}

impl Session {
    /// The path that an argument names, seen from the current folder; replies and gives nothing where it names none.
    pub(super) fn resolve(&mut self, argument: &Arg) -> Option<VirtualPath> {
        match self.settings.folder.join(argument) {
            Ok(path) => Some(path),
            Err(_) => {
                self.reply(say(Code::NAME_NOT_ALLOWED, "No such path is possible."));
                None
            }
        }
    }

    pub(super) fn ask(&mut self, operation: Operation, purpose: Purpose) {
        let request = RequestId(self.serial.next());
        self.waiting = Waiting::Storage { request, purpose };
        self.outputs.act(Action::Perform { request, operation });
    }

    pub(super) fn change_folder(&mut self, argument: &Arg) {
        if let Some(path) = self.resolve(argument) {
            self.ask(Operation::Enter(path.clone()), Purpose::ChangeFolder(path));
        }
    }

    pub(super) fn parent_folder(&mut self) {
        let path = self.settings.folder.parent().unwrap_or_default();
        self.ask(Operation::Enter(path.clone()), Purpose::ChangeFolder(path));
    }

    pub(super) fn working_folder(&mut self) {
        self.reply(pathname(&self.settings.folder, b" is the current folder."));
    }

    /// SIZE is the number of bytes a RETR would send (RFC 3659 § 4), which for ASCII is not known without reading the file.
    pub(super) fn size(&mut self, argument: &Arg) {
        if !self.is_image() {
            return self.reply(say(Code::FILE_UNAVAILABLE, "SIZE needs TYPE I."));
        }
        if let Some(path) = self.resolve(argument) {
            self.ask(Operation::Inspect(path), Purpose::Size);
        }
    }

    pub(super) fn facts(&mut self, argument: Option<&Arg>) {
        if let Some(path) = self.resolve(argument.unwrap_or(&Arg::EMPTY)) {
            self.ask(Operation::Inspect(path.clone()), Purpose::Facts(path));
        }
    }

    pub(super) fn status_of(&mut self, argument: &Arg) {
        /// More than fit into a reply even if every name were one letter long.
        const MOST: usize = 200;
        // What LIST would tell (RFC 959 § 4.1.3), asked for as clients ask LIST.
        if let Some(path) = self.resolve(&without_options(argument)) {
            self.ask(Operation::Glance { path, limit: MOST }, Purpose::Status);
        }
    }

    pub(super) fn delete(&mut self, argument: &Arg) {
        self.change(Verb::Dele, argument, Operation::Delete);
    }

    pub(super) fn make_folder(&mut self, argument: &Arg) {
        self.change(Verb::Mkd, argument, Operation::MakeFolder);
    }

    pub(super) fn remove_folder(&mut self, argument: &Arg) {
        self.change(Verb::Rmd, argument, Operation::RemoveFolder);
    }

    fn change(&mut self, verb: Verb, argument: &Arg, operation: fn(VirtualPath) -> Operation) {
        if let Some(path) = self.resolve(argument) {
            self.ask(operation(path.clone()), Purpose::Change { verb, path });
        }
    }

    pub(super) fn rename_from(&mut self, argument: &Arg) {
        if let Some(path) = self.resolve(argument) {
            self.ask(Operation::Inspect(path.clone()), Purpose::RenameFrom(path));
        }
    }

    pub(super) fn rename_to(&mut self, argument: &Arg) {
        let Some(from) = self.settings.rename_from.take() else {
            return self.reply(say(Code::BAD_SEQUENCE, "RNFR first."));
        };
        if let Some(to) = self.resolve(argument) {
            let purpose = Purpose::Change {
                verb: Verb::Rnto,
                path: to.clone(),
            };
            self.ask(Operation::Rename { from, to }, purpose);
        }
    }

    /// AVBL: of the current folder, unless another is named.
    pub(super) fn available(&mut self, argument: Option<&Arg>) {
        if !self.can(Capability::Available) {
            return self.refuse_verb();
        }
        if let Some(path) = self.resolve(argument.unwrap_or(&Arg::EMPTY)) {
            let purpose = Purpose::Available(path.clone());
            self.ask(Operation::Available(path), purpose);
        }
    }

    /// COMB: the parts are appended to the target, which need not be there yet, and removed.
    pub(super) fn combine(&mut self, target: &Arg, parts: &[Arg]) {
        if !self.can(Capability::Combine) {
            return self.refuse_verb();
        }
        let Some(target) = self.resolve(target) else {
            return;
        };
        let (mut paths, mut bytes) = (Vec::with_capacity(parts.len()), 0);
        for part in parts {
            let Some(path) = self.resolve(part) else {
                return;
            };
            // A long current folder before each of many short names: what they take together has its bound too.
            bytes += path.as_bytes().len();
            if bytes > MOST_BYTES {
                return self.reply(say(
                    Code::ARGUMENT_SYNTAX_ERROR,
                    "The names are too long together.",
                ));
            }
            if path == target || paths.contains(&path) {
                return self.reply(say(Code::NAME_NOT_ALLOWED, "Each file once, please."));
            }
            paths.push(path);
        }
        let purpose = Purpose::Change {
            verb: Verb::Comb,
            path: target.clone(),
        };
        self.ask(
            Operation::Combine {
                target,
                parts: paths,
            },
            purpose,
        );
    }

    pub(super) fn storage_answered(
        &mut self,
        answered: RequestId,
        answer: Result<Answer, StorageError>,
    ) {
        let purpose = match core::mem::replace(&mut self.waiting, Waiting::Nothing) {
            Waiting::Storage { request, purpose } if request == answered => purpose,
            other => return self.waiting = other,
        };
        match (purpose, answer) {
            // A whole name that is too long for the store is none of its files either.
            (
                Purpose::WholeName { time, name },
                Err(StorageError::NotFound | StorageError::NameNotAllowed),
            ) => {
                self.set_modified_time(time, &name);
            }
            (Purpose::RemoveParents { path, above, .. }, Ok(Answer::Done)) => {
                self.remove_parent(path, above);
            }
            // What holds something, or may not be removed, ends it.
            (Purpose::RemoveParents { first: false, .. }, Err(_)) => {
                self.reply(say(Code::OK, "Done."));
            }
            (purpose, Ok(answer)) => {
                let reply = self.succeeded(purpose, answer);
                self.reply(reply);
            }
            (purpose, Err(error)) => self.reply(refusal(error, &purpose)),
        }
    }

    fn remove_parent(&mut self, path: VirtualPath, above: VirtualPath) {
        let parent = path.parent().filter(|parent| !above.starts_with(parent));
        self.tell_change(Verb::Site, path);
        match parent {
            Some(parent) => {
                let purpose = Purpose::RemoveParents {
                    path: parent.clone(),
                    above,
                    first: false,
                };
                self.ask(Operation::RemoveFolder(parent), purpose);
            }
            _ => self.reply(say(Code::OK, "Done.")),
        }
    }

    fn succeeded(&mut self, purpose: Purpose, answer: Answer) -> Reply {
        match (purpose, answer) {
            (Purpose::ChangeFolder(path), Answer::Done) => {
                self.settings.folder = path;
                say(Code::FILE_ACTION_COMPLETED, "Folder changed.")
            }
            (Purpose::Size, Answer::Entry(entry)) => size_reply(&entry),
            (Purpose::ModifiedTime | Purpose::WholeName { .. }, Answer::Entry(entry)) => {
                modified_reply(&entry)
            }
            (Purpose::Facts(path), Answer::Entry(entry)) => self.facts_reply(&path, *entry),
            (Purpose::Status, Answer::Entries { entries, more, at }) => {
                super::information::folder_status(&entries, more, at)
            }
            (Purpose::RenameFrom(path), Answer::Entry(_)) => {
                self.settings.rename_from = Some(path);
                say(
                    Code::FILE_ACTION_PENDING,
                    "And what shall it be called? RNTO, please.",
                )
            }
            (Purpose::CopyFrom(path), Answer::Entry(_)) => {
                self.settings.copy_from = Some(path);
                say(
                    Code::FILE_ACTION_PENDING,
                    "And where to? SITE CPTO, please.",
                )
            }
            (Purpose::CopyTo(path), Answer::Done) => {
                self.tell_change(Verb::Site, path);
                say(Code::FILE_ACTION_COMPLETED, "Done.")
            }
            (Purpose::Change { verb, path }, Answer::Done) => self.changed(verb, path),
            (Purpose::Set { verb, path, told }, Answer::Entry(entry)) => {
                self.tell_change(verb, path);
                set_reply(told, &entry)
            }
            (
                Purpose::Hash {
                    algorithm, name, ..
                },
                Answer::Digest(digest),
            ) => hash_reply(algorithm, &name, &digest),
            (Purpose::Checksum { end, .. }, Answer::Digest(digest)) => checksum_reply(&digest, end),
            (Purpose::Available(_), Answer::Available(bytes)) => {
                Reply::new(Code::FILE_STATUS, format!("{bytes}"))
            }
            (Purpose::Umask, Answer::Umask(mask)) => {
                let text = format!("The umask is {:03o}.", mask.bits());
                Reply::new(Code::OK, text)
            }
            (Purpose::Site, Answer::Text(lines)) => super::site::own_reply(&lines),
            // A driver that answers another question than it was asked has failed at this one.
            _ => say(Code::LOCAL_ERROR, "Local error in processing."),
        }
    }

    fn changed(&mut self, verb: Verb, path: VirtualPath) -> Reply {
        let reply = match verb {
            Verb::Mkd => pathname(&path, b" was made."),
            Verb::Site => say(Code::OK, "Done."),
            _ => say(Code::FILE_ACTION_COMPLETED, "Done."),
        };
        self.tell_change(verb, path);
        reply
    }

    fn tell_change(&mut self, verb: Verb, path: VirtualPath) {
        self.outputs.tell(Event::Changed { verb, path });
    }

    /// 250 with one line of facts between, behind a space (RFC 3659 § 7.2). The name is the full path.
    fn facts_reply(&self, path: &VirtualPath, mut entry: Entry) -> Reply {
        let mut text = b"Facts follow.\n ".to_vec();
        entry.name = Bytes::copy_from_slice(path.as_bytes());
        let perm = match perm(entry.kind, self.may_write()) {
            // The root is neither removed nor renamed.
            "cdeflmp" if path.is_root() => "celmp",
            perm => perm,
        };
        write_facts(&entry, self.settings.facts, perm, &mut text);
        while text
            .last()
            .is_some_and(|&byte| byte == b'\r' || byte == b'\n')
        {
            text.pop();
        }
        text.extend_from_slice(b"\nEnd.");
        Reply::new(Code::FILE_ACTION_COMPLETED, text)
    }
}

fn refusal(error: StorageError, purpose: &Purpose) -> Reply {
    match purpose {
        // The digest of a folder is not defined (draft-bryan-ftpext-hash § 3.5).
        Purpose::Hash { path, .. } if error == StorageError::IsAFolder => {
            let refusal = storage_refusal(error, path.as_bytes());
            Reply::new(Code::NAME_NOT_ALLOWED, refusal.text().to_vec())
        }
        Purpose::ChangeFolder(path)
        | Purpose::Facts(path)
        | Purpose::RenameFrom(path)
        | Purpose::CopyFrom(path)
        | Purpose::CopyTo(path)
        | Purpose::Change { path, .. }
        | Purpose::Set { path, .. }
        | Purpose::RemoveParents { path, .. }
        | Purpose::Hash { path, .. }
        | Purpose::Checksum { path, .. }
        | Purpose::Available(path) => storage_refusal(error, path.as_bytes()),
        // SITE is implemented, and not for that.
        Purpose::Umask | Purpose::Site if error == StorageError::Unsupported => say(
            Code::PARAMETER_NOT_IMPLEMENTED,
            "SITE knows no such word here.",
        ),
        Purpose::Size
        | Purpose::ModifiedTime
        | Purpose::WholeName { .. }
        | Purpose::Status
        | Purpose::Umask
        | Purpose::Site => Reply::new(storage_code(error), format!("Not possible: {error}.")),
    }
}

fn pathname(path: &VirtualPath, remark: &[u8]) -> Reply {
    let mut text = Vec::with_capacity(path.as_bytes().len() + remark.len() + 2);
    quote(path.as_bytes(), &mut text);
    text.extend_from_slice(remark);
    Reply::new(Code::PATHNAME, text)
}

fn size_reply(entry: &Entry) -> Reply {
    match (entry.kind, entry.size) {
        (Kind::File, Some(size)) => Reply::new(Code::FILE_STATUS, format!("{size}")),
        _ => say(Code::FILE_UNAVAILABLE, "Not a plain file."),
    }
}
