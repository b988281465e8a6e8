use alloc::format;
use alloc::string::String;
use alloc::vec;

use proptest::prelude::*;

use super::*;
use crate::wire::date::parse_time_val;
use crate::wire::host::Domain;
use crate::wire::line::{Frame, LineReader};
use crate::wire::modify::modification;
use crate::wire::{OptionsCommand, Removal, SiteCommand, SiteTimes};

fn text(text: &str) -> Arg {
    Arg::try_from(text).unwrap()
}

fn encoded(command: &Command) -> Vec<u8> {
    let mut out = Vec::new();
    command.encode(&mut out);
    out
}

/// What a server makes of the bytes.
fn decoded(bytes: &[u8]) -> Result<Command, CommandError> {
    match LineReader::new(usize::MAX).read(bytes) {
        (taken, Some(Frame::Line(line))) if taken == bytes.len() => Command::parse(&line),
        other => panic!("not one line: {other:?}"),
    }
}

#[test]
fn parses() {
    let address: SocketAddrV4 = "10.0.0.1:258".parse().unwrap();
    let table = [
        ("USER anonymous", Command::User(text("anonymous"))),
        ("pass a b", Command::Pass(Secret::new(text("a b")))),
        ("PASS", Command::Pass(Secret::new(Arg::EMPTY))),
        ("PASS ", Command::Pass(Secret::new(Arg::EMPTY))),
        ("RETR  a ", Command::Retr(text(" a "))),
        ("XMKD a", Command::Mkd(text("a"))),
        ("LIST", Command::List(None)),
        ("LIST ", Command::List(None)),
        ("LIST -a", Command::List(Some(text("-a")))),
        ("NOOP whatever", Command::Noop),
        ("PORT 10,0,0,1,1,2", Command::Port(address)),
        ("EPRT |1|10.0.0.1|258|", Command::Eprt(address.into())),
        ("EPSV", Command::Epsv(EpsvArgument::Default)),
        ("EPSV all", Command::Epsv(EpsvArgument::All)),
        ("TYPE I", Command::Type(Representation::Image)),
        (
            "ALLO 10",
            Command::Allo {
                size: 10,
                record: None,
            },
        ),
        (
            "ALLO 10 r 5",
            Command::Allo {
                size: 10,
                record: Some(5),
            },
        ),
        (
            "REST 9223372036854775807",
            Command::Rest(Restart::Offset(i64::MAX.unsigned_abs())),
        ),
        ("PBSZ 0", Command::Pbsz(0)),
        (
            "GET / HTTP/1.1",
            Command::Unknown {
                verb: text("GET"),
                argument: Some(text("/ HTTP/1.1")),
            },
        ),
        (
            "FOO ",
            Command::Unknown {
                verb: text("FOO"),
                argument: None,
            },
        ),
    ];
    for (line, command) in table {
        assert_eq!(Command::parse(line.as_bytes()), Ok(command), "{line}");
    }
}

fn date(text: &str) -> DateTime {
    parse_time_val(text.as_bytes()).unwrap()
}

#[test]
fn parses_the_extensions() {
    let time = date("20240102150405.25");
    let tag = |tag: &str| Command::Lang(LanguageTag::new(tag));
    let host = |name: &str| Command::Host(Host::parse(name.as_bytes()).unwrap());
    let checksum = |algorithm, path: &str, range| Command::Checksum {
        algorithm,
        path: text(path),
        range,
    };
    let pret = |verb, path: Option<&str>| Command::Pret {
        verb,
        path: path.map(text),
    };
    let table = [
        (
            "REST MARK-1;a",
            Command::Rest(Restart::Marker(text("MARK-1;a"))),
        ),
        ("REST -1", Command::Rest(Restart::Marker(text("-1")))),
        ("REST  7 ", Command::Rest(7.into())),
        ("ADAT bm90IHRvZGF5", Command::Adat(text("bm90IHRvZGF5"))),
        ("ccc", Command::Ccc),
        ("MIC YQ==", Command::Mic(text("YQ=="))),
        ("CONF YQ==", Command::Conf(text("YQ=="))),
        ("ENC YQ==", Command::Enc(text("YQ=="))),
        (
            "LPRT 4,4,10,0,0,1,2,1,2",
            Command::Lprt("10.0.0.1:258".parse().unwrap()),
        ),
        (
            "LPRT 6,16,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,2,1,2",
            Command::Lprt("[::1]:258".parse().unwrap()),
        ),
        ("LPSV", Command::Lpsv),
        ("LANG", Command::Lang(None)),
        ("LANG de-CH", tag("de-CH")),
        ("HOST ftp.example.com", host("ftp.example.com")),
        ("HOST 192.0.2.1", host("192.0.2.1")),
        ("HOST [2001:db8::1]", host("[2001:db8::1]")),
        ("HASH a b", Command::Hash(text("a b"))),
        ("RANG 0 0", Command::Rang(OctetRange::new(0, 0))),
        ("RANG 1 0", Command::Rang(None)),
        ("XCRC a", checksum(DigestAlgorithm::Crc32, "a", None)),
        ("XMD5 \"a b\"", checksum(DigestAlgorithm::Md5, "a b", None)),
        ("XSHA a b", checksum(DigestAlgorithm::Sha1, "a b", None)),
        (
            "xsha1 a 5",
            checksum(
                DigestAlgorithm::Sha1,
                "a",
                Some(ChecksumRange {
                    start: 5,
                    end: None,
                }),
            ),
        ),
        (
            "XSHA256 \"a 5\" 0 10",
            checksum(
                DigestAlgorithm::Sha256,
                "a 5",
                Some(ChecksumRange {
                    start: 0,
                    end: Some(10),
                }),
            ),
        ),
        ("XSHA512 a", checksum(DigestAlgorithm::Sha512, "a", None)),
        (
            "MFMT 20240102150405.25 a b",
            Command::Mfmt {
                time,
                path: text("a b"),
            },
        ),
        (
            "MFCT 20240102150405.250  a",
            Command::Mfct {
                time,
                path: text(" a"),
            },
        ),
        (
            "MFF modify=20240102150405.25;UNIX.mode=0644; a b",
            Command::Mff {
                facts: [FactChange::Modify(time), FactChange::UnixMode(0o644)].into(),
                path: text("a b"),
            },
        ),
        ("AVBL", Command::Avbl(None)),
        ("AVBL a b", Command::Avbl(Some(text("a b")))),
        (
            "COMB a \"b c\"  d ",
            Command::Comb {
                target: text("a"),
                parts: [text("b c"), text("d")].into(),
            },
        ),
        ("CLNT FileZilla", Command::Clnt(text("FileZilla"))),
        ("CSID Name=x;", Command::Csid(text("Name=x;"))),
        ("PRET RETR a b", pret(Verb::Retr, Some("a b"))),
        ("pret list", pret(Verb::List, None)),
        ("CPSV", Command::Cpsv),
        ("SSCN", Command::Sscn(None)),
        ("SSCN on", Command::Sscn(Some(true))),
        ("SSCN OFF ", Command::Sscn(Some(false))),
    ];
    for (line, command) in table {
        assert_eq!(Command::parse(line.as_bytes()), Ok(command), "{line}");
    }
}

#[test]
fn refuses_bad_extensions() {
    use CommandErrorKind::{AddressFamily, Argument, Parameter};
    let many = format!("COMB t{}", " p".repeat(MOST_PARTS + 1));
    let enough = format!("COMB t{}", " p".repeat(MOST_PARTS));
    assert!(Command::parse(enough.as_bytes()).is_ok());
    let table = [
        ("ADAT", Argument, 501),
        ("MIC ", Argument, 501),
        ("CONF", Argument, 501),
        ("ENC", Argument, 501),
        ("LPRT 4,4,10,0,0,1,2,1", Argument, 501),
        ("LPRT 1,2,10,0,2,1,2", AddressFamily, 521),
        ("LANG e_n", Argument, 501),
        ("HOST 192.0.2.1:2112", Argument, 501),
        ("HOST [2001:db8::c000:201]:2112", Argument, 501),
        ("HOST", Argument, 501),
        ("HASH", Argument, 501),
        ("RANG 1", Argument, 501),
        ("RANG 2 1", Argument, 501),
        ("RANG 0 1 2", Argument, 501),
        ("RANG 0 9223372036854775808", Argument, 501),
        ("XCRC", Argument, 501),
        ("XMD5 \"a", Argument, 501),
        ("XSHA1 \"a\" b", Argument, 501),
        ("XSHA256 \"\"", Argument, 501),
        ("XSHA512 a 99999999999999999999", Argument, 501),
        ("MFMT 20240102150405", Argument, 501),
        ("MFMT 20230229150405 a", Argument, 501),
        ("MFCT a b", Argument, 501),
        ("MFF Modify=20230229150405; a", Argument, 501),
        ("MFF a", Argument, 501),
        ("COMB a", Argument, 501),
        ("COMB a \"b", Argument, 501),
        ("COMB a \"\"", Argument, 501),
        (&many, Argument, 501),
        ("CLNT", Argument, 501),
        ("CSID", Argument, 501),
        ("PRET NOOP", Parameter, 504),
        ("PRET FOO a", Parameter, 504),
        ("PRET RETR", Argument, 501),
        ("SSCN maybe", Parameter, 504),
    ];
    for (line, kind, code) in table {
        let verb = line.split(' ').next().unwrap();
        let verb = Verb::from_bytes(verb.as_bytes());
        assert!(verb.is_some());
        let expected = Err(CommandError { verb, kind });
        assert_eq!(Command::parse(line.as_bytes()), expected, "{line}");
        assert_eq!(kind.code().get(), code);
    }
}

#[test]
fn encodes_the_extensions() {
    let table = [
        (Command::Rang(None), "RANG 1 0\r\n"),
        (Command::Rang(OctetRange::new(0, 49)), "RANG 0 49\r\n"),
        (
            Command::Lprt("10.0.0.1:258".parse().unwrap()),
            "LPRT 4,4,10,0,0,1,2,1,2\r\n",
        ),
        (
            Command::Checksum {
                algorithm: DigestAlgorithm::Crc32,
                path: text("a b"),
                range: Some(ChecksumRange {
                    start: 0,
                    end: Some(9),
                }),
            },
            "XCRC \"a b\" 0 9\r\n",
        ),
        (
            Command::Mfmt {
                time: date("20240102150405"),
                path: text("a b"),
            },
            "MFMT 20240102150405 a b\r\n",
        ),
        (
            Command::Mff {
                facts: [
                    FactChange::UnixMode(0o777),
                    FactChange::Create(date("20240102150405.5")),
                ]
                .into(),
                path: text("a"),
            },
            "MFF UNIX.mode=777;Create=20240102150405.5; a\r\n",
        ),
        (
            Command::Comb {
                target: text("a b"),
                parts: [text("c"), text("d\"")].into(),
            },
            "COMB \"a b\" c \"d\"\"\"\r\n",
        ),
        (Command::Sscn(Some(true)), "SSCN ON\r\n"),
        (Command::Lang(None), "LANG\r\n"),
    ];
    for (command, line) in table {
        assert_eq!(encoded(&command), line.as_bytes());
    }
    let latin = Command::Hash(Arg::new(&b"\xff"[..]).unwrap());
    assert_eq!(encoded(&latin), b"HASH \xff\xff\r\n");
}

#[test]
fn refuses() {
    use CommandErrorKind::{Argument, Empty, NetworkProtocol, Parameter};
    let table = [
        ("", None, Empty, 500),
        (" NOOP", None, Empty, 500),
        ("USER", Some(Verb::User), Argument, 501),
        ("RETR ", Some(Verb::Retr), Argument, 501),
        ("RETR a\0", Some(Verb::Retr), Argument, 501),
        ("RETR a\rDELE b", Some(Verb::Retr), Argument, 501),
        ("NOOP\r", None, Argument, 501),
        ("FOO \r", None, Argument, 501),
        ("PORT 1,2,3", Some(Verb::Port), Argument, 501),
        ("EPRT |1|::1|5|", Some(Verb::Eprt), Argument, 501),
        ("EPRT |7|x|5|", Some(Verb::Eprt), NetworkProtocol, 522),
        ("EPSV x", Some(Verb::Epsv), Argument, 501),
        ("TYPE Q", Some(Verb::Type), Parameter, 504),
        ("PROT X", Some(Verb::Prot), Parameter, 504),
        ("REST a b", Some(Verb::Rest), Argument, 501),
        ("REST 9223372036854775808", Some(Verb::Rest), Argument, 501),
        ("ALLO 1 R", Some(Verb::Allo), Argument, 501),
        ("ALLO 1 R 2 3", Some(Verb::Allo), Argument, 501),
        ("PBSZ x", Some(Verb::Pbsz), Argument, 501),
    ];
    for (line, verb, kind, code) in table {
        assert_eq!(
            Command::parse(line.as_bytes()),
            Err(CommandError { verb, kind }),
            "{line}"
        );
        assert_eq!(kind.code().get(), code);
    }
}

#[test]
fn encodes() {
    let table = [
        (Command::Quit, "QUIT\r\n"),
        (Command::Retr(text(" a")), "RETR  a\r\n"),
        (Command::Epsv(EpsvArgument::Default), "EPSV\r\n"),
        (Command::Epsv(EpsvArgument::Ipv6), "EPSV 2\r\n"),
        (
            Command::Type(Representation::Ascii(Format::NonPrint)),
            "TYPE A\r\n",
        ),
        (Command::Mlsd(None), "MLSD\r\n"),
        (
            Command::Allo {
                size: 1,
                record: Some(2),
            },
            "ALLO 1 R 2\r\n",
        ),
        (
            Command::Unknown {
                verb: text("FOO"),
                argument: Some(text("x")),
            },
            "FOO x\r\n",
        ),
    ];
    for (command, line) in table {
        assert_eq!(encoded(&command), line.as_bytes());
    }
    let latin = Command::Dele(Arg::new(&b"\xff"[..]).unwrap());
    assert_eq!(encoded(&latin), b"DELE \xff\xff\r\n");
}

#[test]
fn debug_shows_no_secret() {
    for command in [
        Command::Pass(Secret::new(text("hunter2"))),
        Command::Acct(Secret::new(text("hunter2"))),
    ] {
        assert!(!format!("{command:?}").contains("hunter2"));
    }
}

#[test]
fn every_verb_has_a_command() {
    for &verb in Verb::ALL {
        for argument in ["1", "I", "F", "S", "P", "1,2,3,4,5,6", "|1|1.2.3.4|5|"] {
            let line = format!("{verb} {argument}");
            if let Ok(command) = Command::parse(line.as_bytes()) {
                assert_eq!(command.verb(), Some(verb));
            }
        }
        let without = Command::parse(verb.name().as_bytes());
        assert_eq!(without.is_err(), verb.takes() == Takes::Required, "{verb}");
    }
}

fn some_arg() -> impl Strategy<Value = Arg> {
    let byte = prop_oneof![3 => any::<u8>(), 1 => Just(0xFF), 1 => Just(b' ')];
    let byte = byte.prop_filter("forbidden", |byte| !matches!(byte, b'\r' | b'\n' | 0));
    prop::collection::vec(byte, 1..20).prop_map(|bytes| Arg::new(bytes).unwrap())
}

fn optional_arg() -> impl Strategy<Value = Option<Arg>> {
    prop::option::of(some_arg())
}

fn with_path() -> impl Strategy<Value = Command> {
    let verbs = [
        Command::User,
        Command::Cwd,
        Command::Smnt,
        Command::Retr,
        Command::Stor,
        Command::Appe,
        Command::Rnfr,
        Command::Rnto,
        Command::Dele,
        Command::Rmd,
        Command::Mkd,
        Command::Site,
        Command::Opts,
        Command::Size,
        Command::Mdtm,
        Command::Auth,
        Command::Adat,
        Command::Mic,
        Command::Conf,
        Command::Enc,
        Command::Hash,
        Command::Clnt,
        Command::Csid,
        |arg| Command::Pass(Secret::new(arg)),
        |arg| Command::Acct(Secret::new(arg)),
    ] as [fn(Arg) -> Command; 25];
    (prop::sample::select(verbs.to_vec()), some_arg()).prop_map(|(verb, arg)| verb(arg))
}

fn with_optional() -> impl Strategy<Value = Command> {
    let verbs = [
        Command::Stou,
        Command::List,
        Command::Nlst,
        Command::Stat,
        Command::Help,
        Command::Mlst,
        Command::Mlsd,
        Command::Avbl,
    ] as [fn(Option<Arg>) -> Command; 8];
    (prop::sample::select(verbs.to_vec()), optional_arg()).prop_map(|(verb, arg)| verb(arg))
}

fn alone() -> impl Strategy<Value = Command> {
    prop::sample::select(alloc::vec![
        Command::Cdup,
        Command::Rein,
        Command::Quit,
        Command::Pasv,
        Command::Abor,
        Command::Pwd,
        Command::Syst,
        Command::Noop,
        Command::Feat,
        Command::Ccc,
        Command::Lpsv,
        Command::Cpsv,
        Command::Lang(None),
        Command::Rang(None),
        Command::Sscn(None),
        Command::Sscn(Some(true)),
        Command::Sscn(Some(false)),
        Command::Pass(Secret::new(Arg::EMPTY)),
    ])
}

fn position() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, 0..=i64::MAX.unsigned_abs()]
}

fn some_date() -> impl Strategy<Value = DateTime> {
    let seconds = -62_135_596_800_i64..253_402_300_800;
    let nanoseconds = prop_oneof![Just(0), Just(500_000_000), 0_u32..1_000_000_000];
    (seconds, nanoseconds)
        .prop_map(|(seconds, nanoseconds)| DateTime::from_unix(seconds, nanoseconds).unwrap())
}

/// A name in which words, digits, quotation marks and options are likely.
fn some_name() -> impl Strategy<Value = Arg> {
    let tricky = "( |\"|-p |-r |-- |-|[0-9]{1,2}|20240102150405 ?|UTC|a|ü){1,8}"
        .prop_map(|name| text(&name));
    prop_oneof![some_arg(), tricky]
}

/// What a fact's name or value may hold (RFC 3659 § 7.2), the equals sign aside.
fn fact_text(length: core::ops::Range<usize>) -> impl Strategy<Value = Arg> {
    let byte = any::<u8>().prop_filter("forbidden", |byte| !b"\r\n\0 ;=".contains(byte));
    prop::collection::vec(byte, length).prop_map(|bytes| Arg::new(bytes).unwrap())
}

fn some_fact() -> impl Strategy<Value = FactChange> {
    let other = (fact_text(1..6), fact_text(0..6));
    prop_oneof![
        some_date().prop_map(FactChange::Modify),
        some_date().prop_map(FactChange::Create),
        (0..=0o7777_u32).prop_map(FactChange::UnixMode),
        fact_text(1..9).prop_map(FactChange::UnixOwner),
        fact_text(1..9).prop_map(FactChange::UnixGroup),
        other.prop_map(|(name, value)| FactChange::Other { name, value }),
    ]
}

/// The commands with several arguments, or with one of a grammar of its own.
fn with_several() -> impl Strategy<Value = Command> {
    let range = (position(), prop::option::of(position()));
    let range = prop::option::of(range.prop_map(|(start, end)| ChecksumRange { start, end }));
    let algorithm = prop::sample::select(DigestAlgorithm::ALL);
    let moving: Vec<_> = Verb::ALL
        .iter()
        .copied()
        .filter(|verb| verb.moves_data())
        .collect();
    let pret = (prop::sample::select(moving), optional_arg());
    let marker = "[!-~]{1,9}".prop_filter("digits", |marker: &String| {
        !marker.bytes().all(|byte| byte.is_ascii_digit())
    });
    prop_oneof![
        (algorithm, some_name(), range).prop_map(|(algorithm, path, range)| Command::Checksum {
            algorithm,
            path,
            range
        }),
        (some_date(), some_name()).prop_map(|(time, path)| Command::Mfmt { time, path }),
        (some_date(), some_name()).prop_map(|(time, path)| Command::Mfct { time, path }),
        (prop::collection::vec(some_fact(), 1..=16), some_name())
            .prop_map(|(facts, path)| Command::Mff { facts, path }),
        (some_name(), prop::collection::vec(some_name(), 1..5))
            .prop_map(|(target, parts)| Command::Comb { target, parts }),
        pret.prop_filter("a path is needed", |(verb, path)| {
            path.is_some() || verb.takes() != Takes::Required
        })
        .prop_map(|(verb, path)| Command::Pret { verb, path }),
        marker.prop_map(|marker| Command::Rest(Restart::Marker(text(&marker)))),
        "[a-zA-Z]{1,8}(-[a-zA-Z]{1,8}){0,2}".prop_map(|tag| Command::Lang(LanguageTag::new(&tag))),
        "[a-z0-9]{1,9}(\\.[a-zA-Z0-9]{1,3}-[0-9]){0,3}\\.de"
            .prop_map(|name| Command::Host(Host::Domain(Domain::new(&name).unwrap()))),
    ]
}

fn site_times() -> impl Strategy<Value = SiteTimes> {
    let whole = some_date().prop_map(|date| DateTime::from_unix(date.to_unix(), 0).unwrap());
    let all = [some_date(), some_date(), some_date()];
    prop_oneof![
        whole.prop_map(SiteTimes::Modified),
        all.prop_map(|[accessed, modified, created]| SiteTimes::All {
            accessed,
            modified,
            created
        }),
    ]
}

fn site() -> impl Strategy<Value = SiteCommand> {
    let removal = prop::sample::select(&[Removal::Alone, Removal::Parents, Removal::Recursive][..]);
    let topic = prop::option::of("[A-Z]{1,9}".prop_map(|topic| text(&topic)));
    prop_oneof![
        (0..=0o7777_u32, some_name()).prop_map(|(mode, path)| SiteCommand::Chmod { mode, path }),
        prop::option::of(0..=0o777_u32).prop_map(SiteCommand::Umask),
        (some_name(), site_times()).prop_map(|(path, times)| SiteCommand::Utime { path, times }),
        (some_name(), some_name()).prop_map(|(target, link)| SiteCommand::Symlink { target, link }),
        (any::<bool>(), some_name())
            .prop_map(|(parents, path)| SiteCommand::Mkdir { parents, path }),
        (removal, some_name()).prop_map(|(removal, path)| SiteCommand::Rmdir { removal, path }),
        any::<Option<u64>>().prop_map(SiteCommand::Idle),
        topic.prop_map(SiteCommand::Help),
        some_name().prop_map(SiteCommand::CopyFrom),
        some_name().prop_map(SiteCommand::CopyTo),
        (some_name(), some_name()).prop_map(|(from, to)| SiteCommand::Copy { from, to }),
        (some_name(), some_name()).prop_map(|(group, path)| SiteCommand::Group { group, path }),
        ("X[a-z]{0,5}", optional_arg()).prop_map(|(word, rest)| SiteCommand::Other {
            word: text(&word),
            rest
        }),
    ]
}

fn with_number() -> impl Strategy<Value = Command> {
    prop_oneof![
        (any::<u64>(), any::<Option<u64>>())
            .prop_map(|(size, record)| Command::Allo { size, record }),
        position().prop_map(|offset| Command::Rest(offset.into())),
        any::<u64>().prop_map(Command::Pbsz),
        any::<([u8; 4], u16)>()
            .prop_map(|(ip, port)| Command::Port(SocketAddrV4::new(ip.into(), port))),
        any::<([u8; 4], u16)>().prop_map(|(ip, port)| Command::Eprt((ip, port).into())),
        any::<([u8; 16], u16)>().prop_map(|(ip, port)| Command::Eprt((ip, port).into())),
        any::<([u8; 4], u16)>().prop_map(|(ip, port)| Command::Lprt((ip, port).into())),
        any::<([u8; 16], u16)>().prop_map(|(ip, port)| Command::Lprt((ip, port).into())),
        any::<[u8; 4]>().prop_map(|ip| Command::Host(Host::Ipv4(ip.into()))),
        any::<[u8; 16]>().prop_map(|ip| Command::Host(Host::Ipv6(ip.into()))),
        [position(), position()]
            .prop_map(|[one, two]| { Command::Rang(OctetRange::new(one.min(two), one.max(two))) }),
        (3_u32..).prop_map(|number| Command::Epsv(EpsvArgument::Other(number))),
        (1_u8..).prop_map(|bits| Command::Type(Representation::Local(bits))),
    ]
}

fn with_parameter() -> impl Strategy<Value = Command> {
    let mut commands = Vec::new();
    for format in [Format::NonPrint, Format::Telnet, Format::Carriage] {
        commands.extend(
            [
                Representation::Ascii(format),
                Representation::Ebcdic(format),
            ]
            .map(Command::Type),
        );
    }
    commands.push(Command::Type(Representation::Image));
    commands.extend([Structure::File, Structure::Record, Structure::Page].map(Command::Stru));
    commands
        .extend([Mode::Stream, Mode::Block, Mode::Compressed, Mode::Deflate].map(Command::Mode));
    let levels = [
        ProtectionLevel::Clear,
        ProtectionLevel::Safe,
        ProtectionLevel::Confidential,
        ProtectionLevel::Private,
    ];
    commands.extend(levels.map(Command::Prot));
    let arguments = [
        EpsvArgument::Default,
        EpsvArgument::Ipv4,
        EpsvArgument::Ipv6,
        EpsvArgument::All,
    ];
    commands.extend(arguments.map(Command::Epsv));
    prop::sample::select(commands)
}

fn unknown() -> impl Strategy<Value = Command> {
    let verb = "[A-Zÿ]{1,6}".prop_filter("known", |name: &String| {
        Verb::from_bytes(name.as_bytes()).is_none()
    });
    (verb, optional_arg()).prop_map(|(verb, argument)| Command::Unknown {
        verb: text(&verb),
        argument,
    })
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        with_path(),
        with_optional(),
        alone(),
        with_number(),
        with_parameter(),
        with_several(),
        unknown()
    ]
}

proptest! {
    #[test]
    fn comes_back(command in command()) {
        let bytes = encoded(&command);
        let (line, end) = bytes.split_at(bytes.len() - 2);
        prop_assert_eq!(end, b"\r\n");
        prop_assert!(memchr3(b'\r', b'\n', 0, line).is_none());
        prop_assert_eq!(decoded(&bytes), Ok(command));
    }

    #[test]
    fn a_site_command_comes_back(site in site()) {
        prop_assert_eq!(SiteCommand::parse(&site.to_arg()), Ok(site.clone()));
        let bytes = encoded(&site.to_command());
        prop_assert_eq!(memchr::memchr2_iter(b'\r', b'\n', &bytes).count(), 2);
        prop_assert_eq!(decoded(&bytes), Ok(Command::Site(site.to_arg())));
    }

    #[test]
    fn what_site_was_read_is_written_alike(
        word in "(CHMOD|UMASK|UTIME|SYMLINK|MKDIR|RMDIR|IDLE|HELP|CPFR|CPTO|COPY|GROUP|CHGRP|FOO)",
        rest in some_name(),
    ) {
        let line = [word.as_bytes(), b" ", rest.as_bytes()].concat();
        if let Ok(site) = SiteCommand::parse(&Arg::new(line).unwrap()) {
            prop_assert_eq!(SiteCommand::parse(&site.to_arg()), Ok(site));
        }
    }

    #[test]
    fn the_pure_readers_take_anything(argument in some_name()) {
        let _ = (SiteCommand::parse(&argument), OptionsCommand::parse(&argument), modification(&argument));
    }

    #[test]
    fn no_line_panics(bytes: Vec<u8>, at in 0..Verb::ALL.len(), argument in "[ -~\0ü]{0,20}") {
        let _ = Command::parse(&bytes);
        let line = format!("{} {argument}", Verb::ALL[at]);
        if let Ok(command) = Command::parse(line.as_bytes()) {
            prop_assert_eq!(command.verb(), Some(Verb::ALL[at]));
            prop_assert_eq!(decoded(&encoded(&command)), Ok(command));
        }
    }
}
