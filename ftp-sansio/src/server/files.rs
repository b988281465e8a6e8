//! Navigation and file management: what asks the storage one question and replies with its answer.

use alloc::vec::Vec;

use bytes::Bytes;

use super::exchange::{Action, Event, perm};
use super::replies::{say, storage_code, storage_refusal};
use super::session::{Session, Waiting};
use super::storage::{Answer, Operation, StorageError};
use crate::listing::{Entry, Kind};
use crate::session::RequestId;
use crate::wire::date::TimeVal;
use crate::wire::facts::write_facts;
use crate::wire::path::quote;
use crate::wire::{Arg, Code, Reply, Verb, VirtualPath};

/// Why the storage was asked.
#[derive(Debug)]
pub(super) enum Purpose {
    ChangeFolder(VirtualPath),
    Size,
    ModifiedTime,
    Facts(VirtualPath),
    Status,
    RenameFrom(VirtualPath),
    Change { verb: Verb, path: VirtualPath },
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

    fn ask(&mut self, operation: Operation, purpose: Purpose) {
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

    pub(super) fn modified_time(&mut self, argument: &Arg) {
        if let Some(path) = self.resolve(argument) {
            self.ask(Operation::Inspect(path), Purpose::ModifiedTime);
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
        if let Some(path) = self.resolve(argument) {
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

    pub(super) fn storage_answered(
        &mut self,
        answered: RequestId,
        answer: Result<Answer, StorageError>,
    ) {
        let purpose = match core::mem::replace(&mut self.waiting, Waiting::Nothing) {
            Waiting::Storage { request, purpose } if request == answered => purpose,
            other => return self.waiting = other,
        };
        let reply = match answer {
            Ok(answer) => self.succeeded(purpose, answer),
            Err(error) => refusal(error, &purpose),
        };
        self.reply(reply);
    }

    fn succeeded(&mut self, purpose: Purpose, answer: Answer) -> Reply {
        match (purpose, answer) {
            (Purpose::ChangeFolder(path), Answer::Done) => {
                self.settings.folder = path;
                say(Code::FILE_ACTION_COMPLETED, "Folder changed.")
            }
            (Purpose::Size, Answer::Entry(entry)) => size_reply(&entry),
            (Purpose::ModifiedTime, Answer::Entry(entry)) => modified_reply(&entry),
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
            (Purpose::Change { verb, path }, Answer::Done) => self.changed(verb, path),
            // A driver that answers another question than it was asked has failed at this one.
            _ => say(Code::LOCAL_ERROR, "Local error in processing."),
        }
    }

    fn changed(&mut self, verb: Verb, path: VirtualPath) -> Reply {
        let reply = match verb {
            Verb::Mkd => pathname(&path, b" was made."),
            _ => say(Code::FILE_ACTION_COMPLETED, "Done."),
        };
        self.outputs.tell(Event::Changed { verb, path });
        reply
    }

    /// 250 with one line of facts between, behind a space (RFC 3659 § 7.2). The name is the full path.
    fn facts_reply(&self, path: &VirtualPath, mut entry: Entry) -> Reply {
        let mut text = b"Facts follow.\n ".to_vec();
        entry.name = Bytes::copy_from_slice(path.as_bytes());
        write_facts(
            &entry,
            self.settings.facts,
            perm(entry.kind, self.may_write()),
            &mut text,
        );
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
        Purpose::ChangeFolder(path) | Purpose::Facts(path) | Purpose::RenameFrom(path) => {
            storage_refusal(error, path.as_bytes())
        }
        Purpose::Change { path, .. } => storage_refusal(error, path.as_bytes()),
        Purpose::Size | Purpose::ModifiedTime | Purpose::Status => Reply::new(
            storage_code(error),
            alloc::format!("Not possible: {error}."),
        ),
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
        (Kind::File, Some(size)) => Reply::new(Code::FILE_STATUS, alloc::format!("{size}")),
        _ => say(Code::FILE_UNAVAILABLE, "Not a plain file."),
    }
}

fn modified_reply(entry: &Entry) -> Reply {
    match entry.modified {
        Some(modified) => Reply::new(
            Code::FILE_STATUS,
            alloc::format!("{}", TimeVal(modified.date)),
        ),
        None => say(Code::FILE_UNAVAILABLE, "Its time is not known."),
    }
}
