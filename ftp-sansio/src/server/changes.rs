//! What sets a file's facts: MFMT, MFCT, MFF (draft-somers-ftp-mfxx), MDTM with a time, and CHMOD, UTIME and CHGRP of SITE.

use alloc::format;
use alloc::vec::Vec;

use super::capabilities::Capability;
use super::files::Purpose;
use super::replies::{append_printable, say};
use super::session::Session;
use super::storage::{Changes, Operation};
use crate::listing::{Entry, Modified, Permissions, Zone};
use crate::wire::date::TimeVal;
use crate::wire::modify::{FactChange, modification};
use crate::wire::{Arg, Code, DateTime, Reply, SiteTimes, Verb};

/// How the success of a change is told.
#[derive(Debug)]
pub(super) enum Told {
    /// MDTM: as the question would be answered (RFC 3659 § 3.1).
    Time,
    /// MFMT, MFCT and MFF: the facts as they are now, and the name as it was sent (draft-somers-ftp-mfxx § 5.1).
    Facts(Vec<FactChange>, Arg),
    /// SITE: 200.
    Done,
}

impl Session {
    /// MDTM asks, or sets: `20240102150405 name` sets unless there is a file of this whole name, which goes before.
    pub(super) fn modified_time(&mut self, argument: &Arg) {
        let Some(path) = self.resolve(argument) else {
            return;
        };
        let purpose = match modification(argument) {
            Some((time, name)) if self.can(Capability::SetModified) => {
                Purpose::WholeName { time, name }
            }
            _ => Purpose::ModifiedTime,
        };
        self.ask(Operation::Inspect(path), purpose);
    }

    /// There is no file whose name is the whole argument of an MDTM: its time is to be set.
    pub(super) fn set_modified_time(&mut self, time: DateTime, name: &Arg) {
        if !self.may_write() {
            return self.refuse_write(None);
        }
        let changes = Changes {
            modified: Some(time),
            ..Changes::default()
        };
        self.change_facts(Verb::Mdtm, name, changes, Told::Time);
    }

    /// MFMT and MFCT, which are 502 where FEAT does not list them.
    pub(super) fn set_fact(&mut self, verb: Verb, fact: FactChange, name: &Arg) {
        if self.offers(verb) {
            self.set_facts(verb, Vec::from([fact]), name);
        } else {
            self.refuse_verb();
        }
    }

    pub(super) fn set_facts(&mut self, verb: Verb, facts: Vec<FactChange>, name: &Arg) {
        let mut changes = Changes::default();
        for fact in &facts {
            match fact {
                FactChange::Modify(time) => changes.modified = Some(*time),
                FactChange::Create(time) => changes.created = Some(*time),
                // Twelve bits, by how it was read.
                FactChange::UnixMode(mode) => changes.permissions = Some(permissions(*mode)),
                FactChange::UnixOwner(owner) => changes.owner = Some(owner.clone()),
                FactChange::UnixGroup(group) => changes.group = Some(group.clone()),
                FactChange::Other { name, .. } => return self.refuse_fact(name.as_bytes()),
            }
        }
        self.change_facts(verb, name, changes, Told::Facts(facts, name.clone()));
    }

    pub(super) fn set_permissions(&mut self, mode: u32, name: &Arg) {
        let changes = Changes {
            permissions: Some(permissions(mode)),
            ..Changes::default()
        };
        self.change_facts(Verb::Site, name, changes, Told::Done);
    }

    pub(super) fn set_group(&mut self, group: Arg, name: &Arg) {
        let changes = Changes {
            group: Some(group),
            ..Changes::default()
        };
        self.change_facts(Verb::Site, name, changes, Told::Done);
    }

    /// The time at which a file was made is set where that is possible, and passed over elsewhere: the one that clients send is
    /// mostly the time of the last change once more.
    pub(super) fn set_times(&mut self, times: SiteTimes, name: &Arg) {
        let mut changes = Changes::default();
        match times {
            SiteTimes::Modified(time) => changes.modified = Some(time),
            SiteTimes::All {
                accessed,
                modified,
                created,
            } => {
                changes.accessed = Some(accessed);
                changes.modified = Some(modified);
                changes.created = self.can(Capability::SetCreated).then_some(created);
            }
        }
        self.change_facts(Verb::Site, name, changes, Told::Done);
    }

    fn change_facts(&mut self, verb: Verb, name: &Arg, changes: Changes, told: Told) {
        if let Some(fact) = self.first_impossible(&changes) {
            return self.refuse_fact(fact.as_bytes());
        }
        if let Some(path) = self.resolve(name) {
            let purpose = Purpose::Set {
                verb,
                path: path.clone(),
                told,
            };
            self.ask(Operation::Change { path, changes }, purpose);
        }
    }

    /// The first fact that the store cannot set.
    fn first_impossible(&self, changes: &Changes) -> Option<&'static str> {
        let asked = [
            (changes.modified.is_some(), Capability::SetModified),
            (changes.created.is_some(), Capability::SetCreated),
            (changes.permissions.is_some(), Capability::SetPermissions),
            (changes.owner.is_some(), Capability::SetOwner),
            (changes.group.is_some(), Capability::SetGroup),
        ];
        let missing = asked
            .into_iter()
            .find(|&(is_asked, ability)| is_asked && !self.can(ability));
        missing.and_then(|(_, ability)| fact_name(ability))
    }

    /// 504 with the name of the fact (draft-somers-ftp-mfxx § 5.5).
    fn refuse_fact(&mut self, fact: &[u8]) {
        let mut text = b"Not implemented for this parameter (".to_vec();
        append_printable(fact, &mut text);
        text.extend_from_slice(b").");
        self.reply(Reply::new(Code::PARAMETER_NOT_IMPLEMENTED, text));
    }
}

/// The fact that an ability sets, as FEAT lists it for MFF.
pub(super) const fn fact_name(ability: Capability) -> Option<&'static str> {
    match ability {
        Capability::SetModified => Some("Modify"),
        Capability::SetCreated => Some("Create"),
        Capability::SetPermissions => Some("UNIX.mode"),
        Capability::SetOwner => Some("UNIX.owner"),
        Capability::SetGroup => Some("UNIX.group"),
        _ => None,
    }
}

fn permissions(mode: u32) -> Permissions {
    Permissions::new(u16::try_from(mode & 0o7777).unwrap_or_default())
}

/// What came of it: the entry is what the store holds now, which may be coarser than what was asked for.
pub(super) fn set_reply(told: Told, entry: &Entry) -> Reply {
    match told {
        Told::Done => say(Code::OK, "Done."),
        Told::Time => modified_reply(entry),
        Told::Facts(facts, name) => {
            let mut text = Vec::new();
            for fact in facts {
                as_it_is(fact, entry).write(&mut text);
            }
            text.push(b' ');
            text.extend_from_slice(name.as_bytes());
            Reply::new(Code::FILE_STATUS, text)
        }
    }
}

/// The fact with the value that it has now, as far as that is known.
fn as_it_is(fact: FactChange, entry: &Entry) -> FactChange {
    match fact {
        FactChange::Modify(wanted) => FactChange::Modify(utc(entry.modified).unwrap_or(wanted)),
        FactChange::Create(wanted) => FactChange::Create(utc(entry.created).unwrap_or(wanted)),
        FactChange::UnixMode(wanted) => {
            let permissions = entry.permissions.map(|mode| u32::from(mode.bits()));
            FactChange::UnixMode(permissions.unwrap_or(wanted))
        }
        other => other,
    }
}

fn utc(time: Option<Modified>) -> Option<DateTime> {
    time.filter(|time| time.zone == Zone::Utc)
        .map(|time| time.date)
}

/// 213 and the time in UTC (RFC 3659 § 3.1).
pub(super) fn modified_reply(entry: &Entry) -> Reply {
    match entry.modified {
        Some(modified) => Reply::new(Code::FILE_STATUS, format!("{}", TimeVal(modified.date))),
        None => say(Code::FILE_UNAVAILABLE, "Its time is not known."),
    }
}
