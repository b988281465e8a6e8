//! Runs the steps, and checks what both sides say of them.

use alloc::vec::Vec;
use core::time::Duration;

use super::versions::{Version, Versions};
use super::{COMMANDS, NAMES, Name, Setting, Step, Wish, content};
use crate::client::{Credentials, Failure, Meaning, Operation, Options, Outcome, TransferRequest};
use crate::data::Parameters;
use crate::server::{Event, ListForm, Task, TransferReport};
use crate::session::OperationId;
use crate::testing::pair::{Pair, path};
use crate::testing::store::Open;
use crate::testing::stream::comes_back;
use crate::time::Instant;
use crate::wire::{Arg, Command, Secret, Verb, VirtualPath};

/// No operation takes longer, whatever goes wrong: some ten waits of a minute each, twice over.
const LONGEST: Duration = Duration::from_secs(20 * 60);

/// Nor does it take more steps of the simulation.
const MOST_STEPS: u32 = 20_000;

/// Runs a client and a server through these steps.
///
/// # Panics
/// Where something is called a success that is none, the two do not agree, or something never ends.
pub fn run(setting: Setting, steps: impl IntoIterator<Item = Step>) {
    let mut world = World::new(setting);
    for step in steps {
        world.step(step);
    }
    world.end();
}

struct World {
    pair: Pair,
    versions: Versions,
    /// How many of the server's events have been looked at.
    seen: usize,
    /// How many of the wishes at hand change the store.
    changes: usize,
}

/// What was asked for, until its end.
struct Asked {
    id: OperationId,
    wish: Wish,
    sent: Vec<u8>,
}

impl World {
    fn new(setting: Setting) -> Self {
        let mut pair = Pair::with(setting.seed, setting.client(), setting.server());
        pair.store().put_file(path("a"), content(900));
        pair.store()
            .put_file(path("b"), b"one\ntwo\r\n\nthree".to_vec());
        pair.store().put_folder(path("pub"));
        let versions = now(&mut pair);
        Self {
            pair,
            versions,
            seen: 0,
            changes: 0,
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Ask { wishes, abort } => self.ask(wishes, abort),
            Step::Faults(faults) => *self.pair.faults() = faults,
            Step::Wait(time) => self.pair.wait(time),
            Step::Quit => self.pair.quit(),
        }
    }

    fn ask(&mut self, wishes: Vec<Wish>, abort: Option<u8>) {
        let began = self.pair.now();
        self.changes = wishes.iter().filter(|wish| wish.changes()).count();
        let mut asked = Vec::new();
        for wish in wishes {
            let (operation, sent) = operation(&wish);
            // Where the session is over there is nothing to check.
            if let Ok(id) = self.pair.ask(operation, &sent) {
                asked.push(Asked { id, wish, sent });
            }
        }
        if let Some(steps) = abort {
            for _ in 0..steps {
                if !self.pair.is_finished() {
                    self.pair.step();
                }
            }
            self.pair.abort();
        }
        let mut ends = Vec::new();
        for asked in &asked {
            self.await_end(began, |pair| pair.is_over_with(asked.id));
            ends.push(self.pair.end_of(asked.id));
        }
        // What the client has given up may not have come to its end on the server.
        self.await_end(began, |pair| !pair.is_serving());
        let reports = self.reports();
        for (asked, (result, bytes)) in asked.iter().zip(ends) {
            self.check(asked, result, &bytes, &reports);
        }
        self.check_store();
    }

    fn await_end(&mut self, began: Instant, is_over: impl Fn(&Pair) -> bool) {
        let mut steps = 0;
        while !is_over(&self.pair) {
            let more = self.pair.step();
            steps += 1;
            assert!(more || is_over(&self.pair), "it never ends");
            assert!(steps < MOST_STEPS, "it goes round and round");
            let time = self.pair.now().saturating_since(began);
            assert!(time < LONGEST, "it takes {time:?}");
        }
    }

    /// What the server has said of transfers since it was asked last.
    fn reports(&mut self) -> Vec<TransferReport> {
        let events = &self.pair.server_events()[self.seen..];
        self.seen += events.len();
        let reports = events.iter().filter_map(|event| match event {
            Event::TransferEnded(report) => Some(report.clone()),
            _ => None,
        });
        reports.collect()
    }

    /// In the end each file is what it may be.
    fn check_store(&mut self) {
        for name in NAMES {
            let file = self.pair.store().file(&path(name));
            assert!(
                self.versions.admit(name, file),
                "{name} is {file:?}, and may be {:?}",
                self.versions.of(name)
            );
        }
        self.versions = now(&mut self.pair);
    }

    fn check(
        &mut self,
        asked: &Asked,
        result: Result<Outcome, Failure>,
        bytes: &[u8],
        reports: &[TransferReport],
    ) {
        if let Err(Failure::Protocol(violation)) = &result {
            panic!("the server is out of step: {violation}");
        }
        match &asked.wish {
            Wish::Retrieve(name, options) => {
                if let Ok(outcome) = &result {
                    agree(outcome, Verb::Retr, &path(name.text()), reports);
                    self.check_download(*name, *options, bytes);
                }
            }
            Wish::Store(name, ..) | Wish::Append(name, ..) => {
                self.check_upload(*name, asked, &result, reports);
            }
            Wish::StoreUnique(options, _) => {
                if let Ok(outcome) = &result {
                    let path = chosen(outcome, reports);
                    agree(outcome, Verb::Stou, &path, reports);
                    let read = comes_back(parameters(*options), &asked.sent);
                    let file = self.pair.store().file(&path);
                    assert_eq!(file, Some(&read[..]), "{path:?}");
                }
            }
            Wish::List(kind) => {
                if result.is_ok() {
                    self.check_listing(*kind, bytes);
                }
            }
            Wish::Delete(name) => self.check_deleted(*name, &result),
            Wish::Rename(from, to) => self.check_renamed(*from, *to, &result),
            Wish::Command(..) | Wish::Login(_) | Wish::Secure | Wish::Clear => {}
        }
    }

    /// Bytes that were fetched are the file's.
    fn check_download(&self, name: Name, options: Options, bytes: &[u8]) {
        let read = |file: &[u8]| comes_back(parameters(options), file);
        let versions = &self.versions;
        let offset = usize::try_from(options.offset).unwrap_or(usize::MAX);
        assert!(
            versions.read_as(name.text(), offset, read, bytes),
            "{} was fetched as {bytes:?}, and may be {:?}",
            name.text(),
            versions.of(name.text())
        );
    }

    /// Bytes that were sent are in the file, or it is as it was; where it is written in place, a part of them may be.
    fn check_upload(
        &mut self,
        name: Name,
        asked: &Asked,
        result: &Result<Outcome, Failure>,
        reports: &[TransferReport],
    ) {
        let (verb, options) = match asked.wish {
            Wish::Append(_, options, _) => (Verb::Appe, options),
            Wish::Store(_, options, _) => (Verb::Stor, options),
            _ => return,
        };
        let name = name.text();
        let bytes = comes_back(parameters(options), &asked.sent);
        let start = match verb {
            Verb::Stor => usize::try_from(options.offset).ok(),
            _ => None,
        };
        let whole = |old: &Version| match old {
            _ if start == Some(0) => Version::File(bytes.clone()),
            Version::Absent => Version::File(bytes.clone()),
            Version::File(old) => {
                let kept = &old[..start.unwrap_or(old.len()).min(old.len())];
                Version::File([kept, &bytes].concat())
            }
            Version::Part(..) | Version::Anything => Version::Anything,
        };
        let wholes: Vec<_> = self.versions.of(name).iter().map(whole).collect();
        match result {
            Ok(outcome) => {
                agree(outcome, verb, &path(name), reports);
                self.versions.set(name, wholes);
            }
            Err(_) => {
                for whole in wholes {
                    let part = match (&whole, start) {
                        (Version::File(_), Some(0)) => None,
                        (Version::File(file), _) => {
                            Some(Version::Part(file.len() - bytes.len(), file.clone()))
                        }
                        _ => None,
                    };
                    self.versions.or(name, part.unwrap_or(whole));
                }
            }
        }
    }

    /// NLST and LIST are what the store has; MLSD is whole lines.
    fn check_listing(&mut self, kind: u8, bytes: &[u8]) {
        let form = match kind % 3 {
            0 => ListForm::Names,
            1 => ListForm::Long,
            _ => return assert!(bytes.is_empty() || bytes.ends_with(b"\r\n"), "{bytes:?}"),
        };
        let task = Task::List {
            path: VirtualPath::ROOT,
            form,
            pattern: None,
        };
        let Ok(Open::Read(listing)) = self.pair.store().open(&task) else {
            panic!("the root can be listed");
        };
        // What was changed behind it is in the store already.
        if self.changes == 0 {
            assert_eq!(bytes, listing, "a listing is not whole");
        }
    }

    fn check_deleted(&mut self, name: Name, result: &Result<Outcome, Failure>) {
        match result {
            Ok(_) => self.versions.set(name.text(), Vec::from([Version::Absent])),
            Err(Failure::Refused(_)) => {}
            Err(_) => self.versions.or(name.text(), Version::Absent),
        }
    }

    fn check_renamed(&mut self, from: Name, to: Name, result: &Result<Outcome, Failure>) {
        let (from, to) = (from.text(), to.text());
        let moved = self.versions.of(from).to_vec();
        match result {
            Ok(_) => {
                self.versions.set(from, Vec::from([Version::Absent]));
                self.versions.set(to, moved);
            }
            Err(Failure::Refused(_)) => {}
            Err(_) => {
                self.versions.or(from, Version::Absent);
                for version in moved {
                    self.versions.or(to, version);
                }
            }
        }
    }

    /// The session ends, and the server notices.
    fn end(mut self) {
        const A_WHILE: Duration = Duration::from_secs(1000);
        self.pair.quit();
        self.pair.wait(A_WHILE);
        assert!(self.pair.is_over(), "the client goes on after its QUIT");
        assert!(
            matches!(self.pair.server_events().last(), Some(Event::Ended(_))),
            "the server goes on without its client"
        );
    }
}

/// The server's word for a transfer that the client calls complete.
fn agree(outcome: &Outcome, verb: Verb, path: &VirtualPath, reports: &[TransferReport]) {
    let Outcome::Transferred { bytes, .. } = outcome else {
        panic!("a transfer ended in {outcome:?}");
    };
    let agrees = |report: &TransferReport| {
        report.verb == verb
            && report.path == *path
            && report.bytes == *bytes
            && report.outcome.is_ok()
    };
    assert!(
        reports.iter().any(agrees),
        "the client has {bytes} bytes of {path:?}, the server says {reports:?}"
    );
}

/// The file that the server chose for a STOU: its last reply names it.
fn chosen(outcome: &Outcome, reports: &[TransferReport]) -> VirtualPath {
    let Outcome::Transferred { reply, .. } = outcome else {
        panic!("a transfer ended in {outcome:?}");
    };
    let name = reply.text().rsplit(|&byte| byte == b' ').next();
    let report = reports.iter().find(|report| report.path.name() == name);
    report
        .unwrap_or_else(|| panic!("nothing was stored as {reply}: {reports:?}"))
        .path
        .clone()
}

fn now(pair: &mut Pair) -> Versions {
    let store = pair.store();
    Versions::now(|name| store.file(&path(name)))
}

const fn parameters(options: Options) -> Parameters {
    Parameters {
        representation: options.representation,
        structure: options.structure,
        mode: options.mode,
    }
}

fn arg(text: &str) -> Arg {
    text.parse()
        .unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// How the session is asked for it, and what it sends.
fn operation(wish: &Wish) -> (Operation, Vec<u8>) {
    let file = |command, options: &Options, length| {
        let request = TransferRequest::file(command, *options);
        (Operation::Transfer(request), content(length))
    };
    let plain = |operation| (operation, Vec::new());
    match wish {
        Wish::Login(well) => plain(Operation::Login(Credentials {
            user: arg("anna"),
            password: Secret::new(arg(if *well { "hush" } else { "wrong" })),
            account: None,
        })),
        Wish::Secure => plain(Operation::Secure),
        Wish::Clear => plain(Operation::ClearControl),
        Wish::Retrieve(name, options) => file(Command::Retr(arg(name.text())), options, 0),
        Wish::Store(name, options, length) => {
            file(Command::Stor(arg(name.text())), options, *length)
        }
        Wish::Append(name, options, length) => {
            file(Command::Appe(arg(name.text())), options, *length)
        }
        Wish::StoreUnique(options, length) => file(Command::Stou(None), options, *length),
        Wish::List(kind) => {
            let root = Some(arg("/"));
            let command = match kind % 3 {
                0 => Command::Nlst(root),
                1 => Command::List(root),
                _ => Command::Mlsd(root),
            };
            plain(Operation::Transfer(TransferRequest::list(command)))
        }
        Wish::Delete(name) => plain(Operation::Command(
            Command::Dele(arg(name.text())),
            Meaning::Done,
        )),
        Wish::Rename(from, to) => plain(Operation::Rename {
            from: arg(from.text()),
            to: arg(to.text()),
        }),
        Wish::Command(which, any) => {
            let line = COMMANDS[which % COMMANDS.len()];
            let command =
                Command::parse(line.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error:?}"));
            let meaning = if *any { Meaning::Raw } else { Meaning::Done };
            plain(Operation::Command(command, meaning))
        }
    }
}
