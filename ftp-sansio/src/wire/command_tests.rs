use alloc::format;
use alloc::string::String;

use proptest::prelude::*;

use super::*;
use crate::wire::line::{Frame, LineReader};

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
        |arg| Command::Pass(Secret::new(arg)),
        |arg| Command::Acct(Secret::new(arg)),
    ] as [fn(Arg) -> Command; 18];
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
    ] as [fn(Option<Arg>) -> Command; 7];
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
        Command::Pass(Secret::new(Arg::EMPTY)),
    ])
}

fn with_number() -> impl Strategy<Value = Command> {
    prop_oneof![
        (any::<u64>(), any::<Option<u64>>())
            .prop_map(|(size, record)| Command::Allo { size, record }),
        (0..=i64::MAX.unsigned_abs()).prop_map(|offset| Command::Rest(Restart::Offset(offset))),
        any::<u64>().prop_map(Command::Pbsz),
        any::<([u8; 4], u16)>()
            .prop_map(|(ip, port)| Command::Port(SocketAddrV4::new(ip.into(), port))),
        any::<([u8; 4], u16)>().prop_map(|(ip, port)| Command::Eprt((ip, port).into())),
        any::<([u8; 16], u16)>().prop_map(|(ip, port)| Command::Eprt((ip, port).into())),
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
    fn no_line_panics(bytes: Vec<u8>, at in 0..Verb::ALL.len(), argument in "[ -~\0ü]{0,20}") {
        let _ = Command::parse(&bytes);
        let line = format!("{} {argument}", Verb::ALL[at]);
        if let Ok(command) = Command::parse(line.as_bytes()) {
            prop_assert_eq!(command.verb(), Some(Verb::ALL[at]));
            prop_assert_eq!(decoded(&encoded(&command)), Ok(command));
        }
    }
}
