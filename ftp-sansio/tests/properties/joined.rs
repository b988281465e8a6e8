//! Rule 8, and the sequence table: a client and a server joined, with anything going wrong between them.

use core::time::Duration;

use ftp_sansio::client::{Config, DataPath, Failure, Meaning, Operation, Options, Outcome};
use ftp_sansio::server::{self, Event};
use ftp_sansio::testing::Pair;
use ftp_sansio::testing::pair::path;
use ftp_sansio::wire::{Arg, Command, Format, Representation, Verb};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Faults {
    /// Of everything, of replies, of data, in milliseconds.
    delays: [u64; 3],
    /// After how many bytes the control connection is dropped, and the data is reset, stalls, or is lost.
    after: [Option<u64>; 4],
    refuse_connects: u32,
}

fn faults() -> impl Strategy<Value = Faults> {
    let delay = || prop_oneof![Just(0), 0..5000_u64];
    let after = || prop_oneof![4 => Just(None), 1 => (0..2500_u64).prop_map(Some)];
    let delays =
        (0..200_u64, delay(), delay()).prop_map(|(all, replies, data)| [all, replies, data]);
    (delays, [after(), after(), after(), after()], 0..3_u32).prop_map(
        |(delays, after, refuse_connects)| Faults {
            delays,
            after,
            refuse_connects,
        },
    )
}

fn pair(seed: u64, faults: &Faults) -> Pair {
    let mut config = Config::default();
    config.data_path = [
        DataPath::Passive,
        DataPath::PassiveHostPort,
        DataPath::Active,
    ][(seed % 3) as usize];
    let mut pair = Pair::with(seed, config, server::Config::default());
    let its = pair.faults();
    [its.delay, its.reply_delay, its.data_delay] = faults.delays.map(Duration::from_millis);
    let [drop, reset, stall, lose] = faults.after;
    // Replies are short: most of a session is over after a thousand bytes of them.
    its.drop_control_after = drop.map(|bytes| 100 + usize::try_from(bytes / 3).unwrap());
    (
        its.reset_data_after,
        its.stall_data_after,
        its.lose_data_after,
    ) = (reset, stall, lose);
    its.refuse_connects = faults.refuse_connects;
    pair
}

fn arg(text: &str) -> Arg {
    text.parse().unwrap()
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// Whether the server's session said that its latest transfer of this verb was complete.
fn server_says_complete(pair: &Pair, verb: Verb) -> Option<bool> {
    let ended = |event: &Event| match event {
        Event::TransferEnded(report) if report.verb == verb => Some(report.outcome.is_ok()),
        _ => None,
    };
    pair.server_events().iter().rev().find_map(ended)
}

fn operation() -> impl Strategy<Value = Operation> {
    let command = prop::sample::select(vec![
        "PWD",
        "CWD a",
        "CWD /",
        "CDUP",
        "MKD b",
        "RMD b",
        "DELE a",
        "SIZE a",
        "MDTM a",
        "MLST a",
        "FEAT",
        "HELP",
        "STAT",
        "STAT /",
        "NOOP",
        "SYST",
        "TYPE A",
        "TYPE I",
        "REST 5",
        "ALLO 5",
        "RNFR a",
        "RNTO c",
        "USER anna",
        "PASS hush",
        "PASV",
        "EPSV",
        "EPSV ALL",
        "PORT 192,0,2,7,156,65",
        "OPTS MLST size;",
        "ABOR",
        "FOO",
        "SITE x",
        "REIN",
        "ACCT x",
    ]);
    let meaning = prop::sample::select(vec![Meaning::Done, Meaning::Raw]);
    prop_oneof![
        4 => (command, meaning).prop_map(|(line, meaning)| Operation::Command(Command::parse(line.as_bytes()).unwrap(), meaning)),
        1 => Just(Operation::Rename { from: arg("a"), to: arg("d") }),
    ]
}

/// A wish of the user's.
#[derive(Clone, Debug)]
enum Wish {
    Plain(Operation),
    Retrieve(bool),
    Store(usize),
    List,
    Abort(u8),
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        4 => operation().prop_map(Wish::Plain),
        2 => any::<bool>().prop_map(Wish::Retrieve),
        2 => (0..2000_usize).prop_map(Wish::Store),
        1 => Just(Wish::List),
        1 => any::<u8>().prop_map(Wish::Abort),
    ]
}

fn options(as_text: bool) -> Options {
    let representation = if as_text {
        Representation::Ascii(Format::NonPrint)
    } else {
        Representation::Image
    };
    Options {
        representation,
        ..Options::default()
    }
}

fn fulfil(pair: &mut Pair, wish: Wish) -> Option<Failure> {
    match wish {
        Wish::Plain(operation) => pair.perform(operation).err(),
        Wish::Retrieve(as_text) => pair.fetch(Command::Retr(arg("/a")), options(as_text)).err(),
        Wish::Store(length) => pair.store_file("/a", &content(length)).err(),
        Wish::List => pair.list(Command::Mlsd(Some(arg("/")))).err(),
        Wish::Abort(steps) => {
            let mut request = ftp_sansio::client::TransferRequest::file(
                Command::Retr(arg("/a")),
                Options::default(),
            );
            request.representation = None;
            if let Err(failure) = pair.begin(Operation::Transfer(request)) {
                return Some(failure);
            }
            for _ in 0..steps % 40 {
                if !pair.is_finished() {
                    pair.step();
                }
            }
            pair.abort();
            pair.outcome().err()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A download that the client calls complete is whole; one that the server calls complete was sent whole.
    #[test]
    fn a_download_is_whole_or_not_ok(seed: u64, length in 0..3000_usize, faults in faults()) {
        let mut pair = pair(seed, &faults);
        pair.store().put_file(path("a"), content(length));
        if pair.login().is_ok() {
            match pair.retrieve("a") {
                Ok(bytes) => {
                    prop_assert_eq!(bytes, content(length));
                    prop_assert_eq!(server_says_complete(&pair, Verb::Retr), Some(true));
                }
                Err(Failure::Protocol(violation)) => prop_assert!(false, "{}", violation),
                Err(_) => {}
            }
        }
    }

    /// An upload that either side calls complete is whole; and unless the server called it complete, the old file is untouched.
    #[test]
    fn an_upload_is_whole_or_not_ok(seed: u64, length in 0..3000_usize, faults in faults()) {
        let mut pair = pair(seed, &faults);
        pair.store().put_file(path("a"), b"before".to_vec());
        if pair.login().is_ok() {
            let result = pair.store_file("a", &content(length));
            pair.run();
            let stored = pair.store().file(&path("a")).unwrap().to_vec();
            match result {
                Ok(Outcome::Transferred { bytes, .. }) => {
                    prop_assert_eq!(bytes, length as u64);
                    prop_assert_eq!(&stored, &content(length));
                }
                Ok(other) => prop_assert!(false, "{:?}", other),
                Err(Failure::Protocol(violation)) => prop_assert!(false, "{}", violation),
                Err(_) => {}
            }
            match server_says_complete(&pair, Verb::Stor) {
                Some(true) => prop_assert_eq!(stored, content(length)),
                _ => prop_assert!(stored == b"before" || stored == content(length)),
            }
        }
    }

    /// The server obeys the sequence table: whatever is asked of it, in whatever order, the client never finds it out of step, and
    /// everything has an end.
    #[test]
    fn nothing_is_out_of_sequence(seed: u64, wishes in prop::collection::vec(wish(), 0..12), faults in faults()) {
        let mut pair = pair(seed, &faults);
        pair.store().put_file(path("a"), content(900));
        let mut failures = vec![pair.login().err()];
        failures.extend(wishes.into_iter().map(|wish| fulfil(&mut pair, wish)));
        for failure in failures.into_iter().flatten() {
            prop_assert!(!matches!(failure, Failure::Protocol(_)), "{}", failure);
        }
        pair.quit();
        pair.wait(Duration::from_secs(1000));
        prop_assert!(pair.is_over());
        prop_assert!(matches!(pair.server_events().last(), Some(Event::Ended(_))), "the server goes on without its client");
    }
}
