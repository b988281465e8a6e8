//! The words of a client's transcript: what it is given, what its user asks for, and how results are told.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::super::arg;
use crate::client::{
    AbortStyle, Config, Credentials, DataPath, Endpoints, Failure, Meaning, Operation, Options,
    Outcome, Resumption, Tls, TransferRequest, Violation,
};
use crate::testing::escape::{quoted, unescape};
use crate::testing::script::duration;
use crate::wire::{Arg, Command, Format, Mode, Representation, Restart, Secret, Structure};

pub(super) fn config(given: &[&str]) -> Config {
    let mut config = Config::default();
    for line in given {
        match *line {
            "passive host port" => config.data_path = DataPath::PassiveHostPort,
            "active" => config.data_path = DataPath::Active,
            "believe passive host" => config.believe_passive_host = true,
            "passive long" => config.data_path = DataPath::PassiveLong,
            "active long" => config.data_path = DataPath::ActiveLong,
            "trace" => config.trace = true,
            "step by step" => config.pipelining = false,
            "eager uploads" => config.eager_uploads = true,
            "pret" => config.pret = true,
            "synch" => config.abort = AbortStyle::Synch,
            "explicit tls" => config.tls = Tls::Explicit,
            "implicit tls" => config.tls = Tls::Implicit,
            "clear data" => config.protect_data = false,
            "resumption" => config.resumption = Resumption::Require,
            "greeted" | "ipv6" | "beginnings" => {}
            line => match line.strip_prefix("keepalive ") {
                Some(time) => config.keepalive = Some(duration(time)),
                None => panic!("nobody knows what is given by {line:?}"),
            },
        }
    }
    config
}

pub(super) fn ends(ipv6: bool) -> Endpoints {
    let end = |text: &str| text.parse().expect("an address");
    match ipv6 {
        true => Endpoints {
            local: end("[2001:db8::7]:40000"),
            peer: end("[2001:db8::1]:21"),
        },
        false => Endpoints {
            local: end("192.0.2.7:40000"),
            peer: end("192.0.2.1:21"),
        },
    }
}

pub(super) fn credentials(words: &str) -> Credentials {
    let mut words = words.split(' ');
    let user = arg(words.next().unwrap_or_default());
    let password = Secret::new(arg(words.next().unwrap_or_default()));
    Credentials {
        user,
        password,
        account: words.next().map(|account| Secret::new(arg(account))),
    }
}

pub(super) fn options(words: &str) -> (&str, Options) {
    if let Some(words) = words.strip_suffix(" in blocks") {
        let (words, options) = options(words);
        let mode = Mode::Block;
        return (words, Options { mode, ..options });
    }
    if let Some(words) = words.strip_suffix(" in records") {
        let (words, options) = options(words);
        let structure = Structure::Record;
        return (
            words,
            Options {
                structure,
                ..options
            },
        );
    }
    if let Some(words) = words.strip_suffix(" as text") {
        let representation = Representation::Ascii(Format::NonPrint);
        return (
            words,
            Options {
                representation,
                ..Options::default()
            },
        );
    }
    match words.rsplit_once(" from ") {
        Some((words, offset)) => (
            words,
            Options {
                offset: offset.parse().expect("an offset"),
                ..Options::default()
            },
        ),
        None => (words, Options::default()),
    }
}

/// A download that goes on at a marker: `a at 42`.
pub(super) fn resume(words: &str) -> Operation {
    let (words, options) = options(words);
    let (name, marker) = words
        .split_once(" at ")
        .expect("resume what at which marker?");
    let mut request = TransferRequest::file(Command::Retr(arg(name)), options);
    request.start = Some(Restart::Marker(arg(marker)));
    Operation::Transfer(request)
}

/// A transfer between two servers.
pub(super) fn relay(line: &str) -> TransferRequest {
    TransferRequest::file(command(line), Options::default())
}

pub(super) fn optional(path: &str) -> Option<Arg> {
    (!path.is_empty()).then(|| arg(path))
}

pub(super) fn single(what: &str) -> (Command, Meaning) {
    let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
    match (verb, rest) {
        ("pwd", "") => (Command::Pwd, Meaning::Path),
        ("features", "") => (Command::Feat, Meaning::Features),
        ("size", path) => (Command::Size(arg(path)), Meaning::Size),
        ("time", path) => (Command::Mdtm(arg(path)), Meaning::Modified),
        ("facts", of) => (
            Command::Mlst(of.strip_prefix("of ").map(arg)),
            Meaning::Entry,
        ),
        ("make", folder) => (Command::Mkd(arg(folder)), Meaning::Path),
        ("space", "") => (Command::Avbl(None), Meaning::Size),
        ("digest", line) => (command(line), Meaning::Digest),
        ("address", line) => (command(line), Meaning::Address),
        ("lines", line) => (command(line), Meaning::Lines),
        ("do", line) => (command(line), Meaning::Done),
        ("raw", line) => (command(line), Meaning::Raw),
        _ => panic!("the user cannot {what:?}"),
    }
}

pub(super) fn command(line: &str) -> Command {
    Command::parse(&unescape(line)).unwrap_or_else(|error| panic!("{line:?}: {error}"))
}

pub(super) fn describe(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Reply(reply) => format!("ok {}", reply.code()),
        Outcome::Path(path) => format!("path {}", quoted(path.as_bytes())),
        Outcome::Size(size) => format!("size {size}"),
        Outcome::Modified(date) => format!("modified {}", crate::wire::date::TimeVal(*date)),
        Outcome::Features(features) => {
            let lines: Vec<_> = features.lines().map(String::from_utf8_lossy).collect();
            format!("features {}", lines.join(", "))
        }
        Outcome::Entry(entry) => {
            format!("{:?} {} {:?}", entry.kind, quoted(&entry.name), entry.size)
        }
        Outcome::Digest(digest) => {
            let digits: Vec<_> = digest
                .bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!("digest {:?} {}", digest.algorithm, digits.concat())
        }
        Outcome::Lines(lines) => {
            let lines: Vec<_> = lines.iter().map(String::from_utf8_lossy).collect();
            format!("lines {}", lines.join(", "))
        }
        Outcome::Address(address) => format!("address {address}"),
        Outcome::Secured(facts) if facts.resumed => "secured again".into(),
        Outcome::Secured(_) => "secured".into(),
        Outcome::Transferred {
            bytes,
            reply,
            resumed,
        } => {
            let resumed = match resumed {
                None => "",
                Some(true) => ", resumed",
                Some(false) => ", not resumed",
            };
            format!("transferred {bytes} bytes, {}{resumed}", reply.code())
        }
    }
}

pub(super) fn describe_failure(failure: &Failure) -> String {
    match failure {
        Failure::Refused(reply) => format!("refused {}", reply.code()),
        Failure::LoginRefused(reply) => format!("login refused {}", reply.code()),
        Failure::Closed(Some(reply)) => format!("closed {}", reply.code()),
        Failure::Closed(None) => "closed".into(),
        Failure::Incomplete { reply, marker } => {
            let reply = reply
                .as_ref()
                .map_or(String::new(), |reply| format!(" {}", reply.code()));
            let marker = marker.as_ref().map_or(String::new(), |marker| {
                format!(" from marker {}", marker.server)
            });
            format!("incomplete{reply}{marker}")
        }
        Failure::Malformed(reply) => format!("malformed {}", reply.code()),
        Failure::Protocol(violation) => match violation {
            Violation::Unexpected(reply) => format!("unexpected {}", reply.code()),
            Violation::OutOfSequence(reply) => format!("out of sequence {}", reply.code()),
            violation => violation.to_string(),
        },
        other => other.to_string(),
    }
}
