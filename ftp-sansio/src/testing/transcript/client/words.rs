//! The words of a client's transcript: what it is given, what its user asks for, and how results are told.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::super::arg;
use crate::client::{
    Config, Credentials, DataPath, Endpoints, Failure, Meaning, Options, Outcome, Violation,
};
use crate::testing::escape::{quoted, unescape};
use crate::wire::{Arg, Command, Format, Representation, Secret};

pub(super) fn config(given: &[&str]) -> Config {
    let mut config = Config::default();
    for line in given {
        match *line {
            "passive host port" => config.data_path = DataPath::PassiveHostPort,
            "active" => config.data_path = DataPath::Active,
            "believe passive host" => config.believe_passive_host = true,
            "trace" => config.trace = true,
            "greeted" | "ipv6" => {}
            _ => panic!("nobody knows what is given by {line:?}"),
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
        Outcome::Transferred { bytes, reply } => {
            format!("transferred {bytes} bytes, {}", reply.code())
        }
    }
}

pub(super) fn describe_failure(failure: &Failure) -> String {
    match failure {
        Failure::Refused(reply) => format!("refused {}", reply.code()),
        Failure::LoginRefused(reply) => format!("login refused {}", reply.code()),
        Failure::Closed(Some(reply)) => format!("closed {}", reply.code()),
        Failure::Closed(None) => "closed".into(),
        Failure::Incomplete(Some(reply)) => format!("incomplete {}", reply.code()),
        Failure::Incomplete(None) => "incomplete".into(),
        Failure::Malformed(reply) => format!("malformed {}", reply.code()),
        Failure::Protocol(violation) => match violation {
            Violation::Unexpected(reply) => format!("unexpected {}", reply.code()),
            Violation::OutOfSequence(reply) => format!("out of sequence {}", reply.code()),
            Violation::NotAReply | Violation::TooLong => violation.to_string(),
        },
        other => other.to_string(),
    }
}
