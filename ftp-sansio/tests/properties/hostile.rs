//! Rules 2, 3, 4 and 7: whatever the peer, the driver and the user do, in any order, nothing panics and no driver would spin; a
//! refused operation changes nothing; a command is one line. The programs check all of it as they go. And wherever they have led, a peer
//! that falls silent is not waited for for ever.

use ftp_sansio::client::{Config, Endpoints, Event, Input, Meaning, NotNow, Output, Session};
use ftp_sansio::testing::fuzz;
use ftp_sansio::time::Instant;
use ftp_sansio::wire::{Arg, Command};
use proptest::prelude::*;

/// Programs that get somewhere: the session is let in first.
fn program(start: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let program = prop::collection::vec(any::<u8>(), 0..600);
    (any::<u8>(), any::<bool>(), program).prop_map(move |(config, begun, rest)| {
        let start = if begun { start } else { &[] };
        [&[config], start, &rest].concat()
    })
}

/// USER, PASS, poll, and the answer.
const LOGIN: &[u8] = &[0, 0, 0, 1, 10, 9, 12, 2];
/// The greeting.
const GREETING: &[u8] = &[0, 0, 9, 9];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_server_keeps_its_contract(program in program(LOGIN)) {
        fuzz::server(&program);
    }

    #[test]
    fn a_client_keeps_its_contract(program in program(GREETING)) {
        fuzz::client(&program);
    }
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(bytes: Vec<u8>) {
        fuzz::parser(&bytes);
        fuzz::listing(&bytes);
    }

    /// Rule 7: whatever an argument holds, it does not end its line.
    #[test]
    fn an_encoded_command_is_one_line(name: Vec<u8>, verb: Vec<u8>, which in 0..6) {
        let (Ok(name), Ok(verb)) = (Arg::new(name), Arg::new(verb)) else { return Ok(()) };
        let command = match which {
            0 => Command::Retr(name),
            1 => Command::Unknown { verb, argument: Some(name) },
            2 => Command::Pass(ftp_sansio::wire::Secret::new(name)),
            3 => Command::List(Some(name)),
            4 => Command::Site(name),
            _ => Command::User(name),
        };
        let mut line = Vec::new();
        command.encode(&mut line);
        prop_assert!(line.ends_with(b"\r\n"));
        prop_assert_eq!(line.iter().filter(|&&byte| byte == b'\r' || byte == b'\n').count(), 2);
    }
}

/// Rule 3: the end is sticky.
#[test]
fn after_the_end_everything_is_refused() {
    let ends = Endpoints {
        local: "192.0.2.7:40000".parse().unwrap(),
        peer: "192.0.2.1:21".parse().unwrap(),
    };
    let mut session = Session::new(Config::default().into(), ends, Instant::EPOCH);
    session.receive(Instant::EPOCH, b"nonsense\r\n220 Hello.\r\n");
    assert!(matches!(
        session.poll(),
        Some(Output::Event(Event::Closed(Some(_))))
    ));
    for _ in 0..2 {
        let refused = session
            .command(Instant::EPOCH, Command::Noop, Meaning::Done)
            .unwrap_err();
        assert_eq!(refused.why, NotNow::Closed);
        session.handle(Instant::EPOCH, Input::Tick);
        session.receive(Instant::EPOCH, b"220 Hello.\r\n");
    }
}
