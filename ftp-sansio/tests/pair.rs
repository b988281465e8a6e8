//! A client's and a server's session, joined under virtual time.
#![allow(clippy::unwrap_used, reason = "what fails in a test shall panic")]

use core::time::Duration;

use ftp_sansio::client::{
    self, DataPath, Failure, Meaning, Operation, Options, Outcome, TransferRequest, Wait,
};
use ftp_sansio::server::{self, Event};
use ftp_sansio::testing::Pair;
use ftp_sansio::testing::pair::{Injection, path};
use ftp_sansio::tls::Resumption;
use ftp_sansio::wire::{Arg, Command, Format, Mode, Representation};

fn logged_in(seed: u64, data_path: DataPath) -> Pair {
    let mut config = client::Config::default();
    config.data_path = data_path;
    let mut pair = Pair::with(seed, config, server::Config::default());
    pair.faults().delay = Duration::from_millis(20);
    pair.login().unwrap();
    pair
}

const WAYS: [DataPath; 3] = [
    DataPath::Passive,
    DataPath::PassiveHostPort,
    DataPath::Active,
];

#[test]
fn a_file_goes_up_and_comes_down() {
    for seed in 0..20 {
        for way in WAYS {
            let mut pair = logged_in(seed, way);
            let bytes: Vec<u8> = (0..3000).map(|n: u32| n.to_le_bytes()[0]).collect();
            let stored = pair.store_file("a", &bytes).unwrap();
            assert!(
                matches!(stored, Outcome::Transferred { bytes: 3000, .. }),
                "{stored:?}"
            );
            assert_eq!(pair.store().file(&path("a")), Some(&bytes[..]));
            assert_eq!(pair.retrieve("a").unwrap(), bytes);
            assert_eq!(pair.list(Command::Nlst(None)).unwrap(), b"a\r\n");
            assert_eq!(
                pair.fetch(Command::Retr("a".parse().unwrap()), from(2990))
                    .unwrap(),
                &bytes[2990..]
            );
            pair.quit();
            pair.run();
            assert!(pair.is_over());
        }
    }
}

fn from(offset: u64) -> Options {
    Options {
        offset,
        ..Options::default()
    }
}

#[test]
fn text_travels_as_text() {
    let mut pair = logged_in(1, DataPath::Passive);
    let text = Options {
        representation: Representation::Ascii(Format::NonPrint),
        ..Options::default()
    };
    pair.send(Command::Stor("a".parse().unwrap()), text, b"one\ntwo\n")
        .unwrap();
    assert_eq!(pair.store().file(&path("a")), Some(&b"one\ntwo\n"[..]));
    assert_eq!(
        pair.fetch(Command::Retr("a".parse().unwrap()), text)
            .unwrap(),
        b"one\ntwo\n"
    );
}

#[test]
fn the_rest_of_an_operation_is_plain() {
    let mut pair = logged_in(2, DataPath::Passive);
    let command = |command, meaning| Operation::Command(command, meaning);
    let arg = |text: &str| text.parse().unwrap();
    assert_eq!(
        pair.perform(command(Command::Mkd(arg("a\"b")), Meaning::Path)),
        Ok(Outcome::Path(arg("/a\"b")))
    );
    pair.store_file("a\"b/c", b"four").unwrap();
    assert_eq!(
        pair.perform(command(Command::Size(arg("a\"b/c")), Meaning::Size)),
        Ok(Outcome::Size(4))
    );
    pair.perform(Operation::Rename {
        from: arg("a\"b/c"),
        to: arg("d"),
    })
    .unwrap();
    let Ok(Outcome::Entry(entry)) =
        pair.perform(command(Command::Mlst(Some(arg("d"))), Meaning::Entry))
    else {
        panic!()
    };
    assert_eq!((&entry.name[..], entry.size), (&b"/d"[..], Some(4)));
    let Ok(Outcome::Features(features)) = pair.perform(command(Command::Feat, Meaning::Features))
    else {
        panic!()
    };
    assert!(features.has("REST STREAM") && features.has("MLST"));
    let Err(Failure::Refused(reply)) = pair.retrieve("nothing") else {
        panic!()
    };
    assert_eq!(reply.code().get(), 550);
}

/// The final reply before the data's end, and long after it.
#[test]
fn the_two_ends_of_a_transfer_in_either_order() {
    for (reply_delay, data_delay) in [(5, 0), (0, 5)] {
        let mut pair = logged_in(3, DataPath::Passive);
        pair.faults().reply_delay = Duration::from_secs(reply_delay);
        pair.faults().data_delay = Duration::from_secs(data_delay);
        pair.store_file("a", &[7; 5000]).unwrap();
        assert_eq!(pair.retrieve("a").unwrap(), [7; 5000]);
    }
}

#[test]
fn a_port_that_cannot_be_reached_is_asked_for_in_the_other_form() {
    for way in WAYS {
        let mut pair = logged_in(4, way);
        pair.store().put_file(path("a"), b"x".to_vec());
        pair.faults().refuse_connects = 1;
        match (way, pair.retrieve("a")) {
            (
                DataPath::Active,
                Err(Failure::Incomplete {
                    reply: Some(reply), ..
                }),
            ) => {
                assert_eq!(reply.code().get(), 425);
            }
            (_, bytes) => assert_eq!(bytes.unwrap(), b"x"),
        }
        pair.faults().refuse_connects = 2;
        pair.retrieve("a").unwrap_err();
        pair.faults().refuse_connects = 0;
        assert_eq!(pair.retrieve("a").unwrap(), b"x", "the session goes on");
    }
}

#[test]
fn a_reset_is_incomplete_in_both_directions() {
    for seed in 0..20 {
        let mut pair = logged_in(seed, DataPath::Passive);
        pair.store().put_file(path("a"), vec![1; 3000]);
        pair.faults().reset_data_after = Some(1000);
        assert!(matches!(
            pair.retrieve("a"),
            Err(Failure::Incomplete { .. })
        ));
        assert!(matches!(
            pair.store_file("a", &[2; 3000]),
            Err(Failure::Incomplete { .. })
        ));
        assert_eq!(
            pair.store().file(&path("a")),
            Some(&[1; 3000][..]),
            "the file that was there is untouched"
        );
        pair.faults().reset_data_after = None;
        assert_eq!(pair.retrieve("a").unwrap(), [1; 3000]);
    }
}

/// The server sent everything and says 226, but not everything arrived.
#[test]
fn a_226_does_not_make_truncated_data_whole() {
    let mut pair = logged_in(8, DataPath::Passive);
    pair.store().put_file(path("a"), vec![1; 3000]);
    pair.faults().lose_data_after = Some(1000);
    let Err(Failure::Incomplete {
        reply: Some(reply), ..
    }) = pair.retrieve("a")
    else {
        panic!("half a file is no file");
    };
    assert_eq!(reply.code().get(), 226);
}

/// A transfer that stalls ends, and the session goes on.
#[test]
fn a_stall_has_an_end() {
    let mut pair = logged_in(5, DataPath::Passive);
    pair.store().put_file(path("a"), vec![1; 3000]);
    pair.faults().stall_data_after = Some(1000);
    assert_eq!(
        pair.retrieve("a"),
        Err(Failure::Timeout(Wait::DataProgress))
    );
    pair.store_file("a", &[2; 3000]).unwrap_err();
    pair.faults().stall_data_after = None;
    assert_eq!(pair.retrieve("a").unwrap(), [1; 3000]);
}

#[test]
fn the_control_connection_breaks() {
    for most in (70..220).step_by(10) {
        let mut pair = logged_in(6, DataPath::Passive);
        pair.store().put_file(path("a"), vec![1; 3000]);
        pair.faults().drop_control_after = Some(most);
        let result = pair.retrieve("a").and_then(|_| pair.retrieve("a"));
        assert!(matches!(result, Err(Failure::Closed(_))), "{result:?}");
        pair.run();
        assert!(pair.is_over());
        assert!(matches!(
            pair.server_events().last(),
            Some(Event::Ended(server::Ended::Disconnected))
        ));
    }
}

/// Whenever the user aborts, the session is usable afterwards.
#[test]
fn an_abort_at_any_moment() {
    for seed in 0..100 {
        let mut pair = logged_in(seed, WAYS[seed as usize % 3]);
        pair.store().put_file(path("a"), vec![1; 3000]);
        let command = Command::Retr("a".parse().unwrap());
        let retrieve = TransferRequest::file(command, from(seed % 2));
        pair.begin(Operation::Transfer(retrieve)).unwrap();
        for _ in 0..seed {
            if !pair.is_finished() {
                pair.step();
            }
        }
        pair.abort();
        let result = pair.outcome();
        assert!(
            matches!(result, Err(Failure::Aborted) | Ok(_)),
            "{result:?}"
        );
        assert_eq!(pair.retrieve("a").unwrap(), [1; 3000]);
    }
}

#[test]
fn an_idle_client_is_sent_away() {
    let mut pair = logged_in(7, DataPath::Passive);
    pair.wait(Duration::from_secs(299));
    assert!(!pair.is_over());
    pair.wait(Duration::from_secs(2));
    assert!(pair.is_over());
    assert!(matches!(pair.login(), Err(Failure::Closed(_))));
}

/// Everything is asked for at once, of the server's machine: it comes as if it had been asked for one after another.
#[test]
fn many_operations_at_once() {
    for seed in 0..60 {
        let mut pair = logged_in(seed, WAYS[seed as usize % 3]);
        let content = |number: usize| vec![u8::try_from(number).unwrap(); 300 * number];
        for number in 0..10 {
            pair.store()
                .put_file(path(&format!("f{number}")), content(number));
        }
        let file =
            |command| Operation::Transfer(TransferRequest::file(command, Options::default()));
        let mut asked = Vec::new();
        for number in 0..10 {
            let name = |kind: &str| format!("{kind}{number}").parse().unwrap();
            let retrieve = pair.ask(file(Command::Retr(name("f"))), &[]).unwrap();
            let missing = pair.ask(file(Command::Retr(name("none"))), &[]).unwrap();
            let upload = content(10 - number);
            let store = (number % 3 == 0).then(|| {
                let store = file(Command::Stor(name("g")));
                pair.ask(store, &upload).unwrap()
            });
            let size = Operation::Command(Command::Size(name("f")), Meaning::Size);
            let size = pair.ask(size, &[]).unwrap();
            asked.push((number, retrieve, missing, store, size, upload));
        }
        for (number, retrieve, missing, store, size, upload) in asked {
            let (result, bytes) = pair.end_of(retrieve);
            assert!(
                matches!(result, Ok(Outcome::Transferred { .. })),
                "{seed}, {number}: {result:?}"
            );
            assert_eq!(bytes, content(number));
            let (result, _) = pair.end_of(missing);
            assert!(
                matches!(result, Err(Failure::Refused(_))),
                "{seed}, {number}: {result:?}"
            );
            if let Some(store) = store {
                let (result, _) = pair.end_of(store);
                assert!(result.is_ok(), "{seed}, {number}: {result:?}");
                assert_eq!(
                    pair.store().file(&path(&format!("g{number}"))),
                    Some(&upload[..])
                );
            }
            assert_eq!(pair.end_of(size).0, Ok(Outcome::Size(300 * number as u64)));
        }
        pair.quit();
        pair.run();
        assert!(pair.is_over());
    }
}

fn options(mode: Mode) -> Options {
    Options {
        mode,
        ..Options::default()
    }
}

fn retrieve(pair: &mut Pair, name: &str, mode: Mode) -> Result<Vec<u8>, Failure> {
    pair.fetch(Command::Retr(name.parse().unwrap()), options(mode))
}

fn store(pair: &mut Pair, name: &str, mode: Mode, bytes: &[u8]) -> Result<Outcome, Failure> {
    pair.send(Command::Stor(name.parse().unwrap()), options(mode), bytes)
}

/// RFC 959 § 3.3: in the modes that mark the end of a file one data connection serves for all, up and down.
#[test]
fn many_files_over_one_data_connection() {
    for seed in 0..40 {
        let mode = [Mode::Block, Mode::Compressed][seed as usize % 2];
        let mut pair = logged_in(seed, WAYS[seed as usize % 3]);
        for (name, length) in [("a", 3000), ("b", 0), ("c", 700)] {
            store(&mut pair, name, mode, &vec![7; length]).unwrap();
            assert_eq!(retrieve(&mut pair, name, mode).unwrap(), vec![7; length]);
        }
        assert!(matches!(
            retrieve(&mut pair, "nothing", mode),
            Err(Failure::Refused(_))
        ));
        assert_eq!(retrieve(&mut pair, "c", mode).unwrap(), [7; 700]);
        assert_eq!(pair.connections(), 1);
        // A file in a stream has a connection of its own, and afterwards there is none.
        assert_eq!(pair.retrieve("a").unwrap(), [7; 3000]);
        assert_eq!(retrieve(&mut pair, "a", mode).unwrap(), [7; 3000]);
        assert_eq!(pair.connections(), 3);
        pair.quit();
        pair.run();
        assert!(pair.is_over());
    }
}

/// Asked for all at once, each file comes over the connection that the one before has left.
#[test]
fn a_queue_of_files_over_one_data_connection() {
    for seed in 0..40 {
        let mut pair = logged_in(seed, WAYS[seed as usize % 3]);
        let ask = |pair: &mut Pair, command, bytes: &[u8]| {
            let request = TransferRequest::file(command, options(Mode::Block));
            pair.ask(Operation::Transfer(request), bytes).unwrap()
        };
        let mut ids = Vec::new();
        for number in 0..8_u8 {
            let name: Arg = format!("{}", number % 3).parse().unwrap();
            let bytes = [number; 400];
            let stored = ask(&mut pair, Command::Stor(name.clone()), &bytes);
            let fetched = ask(&mut pair, Command::Retr(name), &[]);
            ids.push((stored, fetched, bytes));
        }
        for (stored, fetched, bytes) in ids {
            pair.end_of(stored).0.unwrap();
            let (result, fetched) = pair.end_of(fetched);
            result.unwrap();
            assert_eq!(fetched, bytes);
        }
        assert_eq!(pair.connections(), 1);
    }
}

/// What a connection that breaks between two files, or within one, has lost is asked for again or told.
#[test]
fn a_kept_connection_that_breaks() {
    for seed in 0..40 {
        let mut pair = logged_in(seed, WAYS[seed as usize % 3]);
        pair.store().put_file(path("a"), vec![1; 600]);
        pair.faults().reset_data_after = Some(500 + 40 * seed);
        let mut complete = 0;
        for _ in 0..6 {
            match retrieve(&mut pair, "a", Mode::Block) {
                Ok(bytes) => {
                    assert_eq!(bytes, [1; 600]);
                    complete += 1;
                }
                Err(failure) => assert!(matches!(failure, Failure::Incomplete { .. }), "{failure}"),
            }
        }
        assert!(complete > 0 || seed < 4, "nothing arrives");
        pair.faults().reset_data_after = None;
        assert_eq!(retrieve(&mut pair, "a", Mode::Block).unwrap(), [1; 600]);
    }
}

fn with_tls(seed: u64) -> Pair {
    let (mut client, mut server) = (client::Config::default(), server::Config::default());
    client.data_path = WAYS[seed as usize % 3];
    client.tls = client::Tls::Explicit;
    client.resumption = Resumption::Require;
    (server.tls, server.ccc) = (server::Tls::Require, true);
    server.data_tls = server::DataTls::Require;
    server.resumption = Resumption::Require;
    (client.trace, server.trace) = (true, true);
    let mut pair = Pair::with(seed, client, server);
    pair.faults().delay = Duration::from_millis(20);
    pair
}

/// AUTH, PROT P, transfers in a stream and in blocks, and CCC (RFC 4217).
#[test]
fn under_tls_from_end_to_end() {
    for seed in 0..40 {
        let mut pair = with_tls(seed);
        assert_eq!(pair.login(), Err(Failure::NotBegun), "not in clear text");
        assert!(matches!(
            pair.perform(Operation::Secure),
            Ok(Outcome::Secured(_))
        ));
        pair.login().unwrap();
        let there_and_back = |pair: &mut Pair| {
            for mode in [Mode::Stream, Mode::Block, Mode::Block] {
                let stored = store(pair, "a", mode, &[3; 2000]).unwrap();
                assert!(matches!(
                    stored,
                    Outcome::Transferred {
                        resumed: Some(true),
                        ..
                    }
                ));
                assert_eq!(retrieve(pair, "a", mode).unwrap(), [3; 2000]);
            }
        };
        there_and_back(&mut pair);
        pair.perform(Operation::ClearControl).unwrap();
        // Data is protected as before.
        there_and_back(&mut pair);
        assert!(pair.server_events().contains(&Event::Cleared));
        pair.quit();
        pair.run();
        assert!(pair.is_over());
    }
}

#[test]
fn data_that_does_not_resume_the_session() {
    let mut pair = with_tls(5);
    pair.perform(Operation::Secure).unwrap();
    pair.login().unwrap();
    pair.store().put_file(path("a"), b"secret".to_vec());
    pair.faults().forget_tls = true;
    assert_eq!(pair.retrieve("a"), Err(Failure::NotResumed));
    store(&mut pair, "a", Mode::Stream, b"mine").unwrap_err();
    assert_eq!(pair.store().file(&path("a")), Some(&b"secret"[..]));
    pair.faults().forget_tls = false;
    assert_eq!(pair.retrieve("a").unwrap(), b"secret");
}

/// A download under TLS whose end is a FIN alone was cut by somebody.
#[test]
fn a_fin_is_no_end_under_tls() {
    let mut pair = with_tls(6);
    pair.perform(Operation::Secure).unwrap();
    pair.login().unwrap();
    pair.store().put_file(path("a"), vec![1; 3000]);
    for most in [10, 500, 2900] {
        pair.faults().lose_data_after = Some(most);
        assert!(pair.retrieve("a").is_err());
    }
}

/// Rule 6 (CVE-2011-0411, CVE-2021-22947): what somebody puts behind the AUTH, or behind the 234, in clear text is never a command and never
/// a reply, however it is cut: it breaks the handshake, and with it the session.
#[test]
fn nothing_can_be_injected_into_tls() {
    let behind_auth = [
        &b"USER anna\r\nPASS hush\r\nDELE a\r\n"[..],
        b"NOOP\r\n",
        b"\r\n",
        b"R",
        b"\xff\xf4\xff\xf2",
    ];
    let behind_234 = [
        &b"200 Fine.\r\n230 Welcome.\r\n"[..],
        b"421 Enough.\r\n",
        b"\n",
        b"2",
        b"\xff\xfd\x01",
    ];
    let places = [
        (true, &b"AUTH"[..], behind_auth),
        (false, b"234", behind_234),
    ];
    for (is_clients, line, injected) in places {
        for bytes in injected {
            for cut in 0..60 {
                let mut pair = with_tls(cut as u64);
                pair.store().put_file(path("a"), b"text".to_vec());
                pair.inject(Injection::new(is_clients, line, bytes, cut));
                let result = pair.perform(Operation::Secure);
                assert!(pair.was_injected());
                assert!(
                    matches!(result, Err(Failure::Tls | Failure::Closed(_))),
                    "{result:?}"
                );
                pair.run();
                assert!(pair.is_over());
                assert_eq!(pair.store().file(&path("a")), Some(&b"text"[..]));
                let commands = pair.server_events().iter().filter_map(|event| match event {
                    Event::Command(command) => Some(command),
                    _ => None,
                });
                assert!(commands.eq([&Command::Auth("TLS".parse().unwrap())]));
                assert!(matches!(pair.server_events().last(), Some(Event::Ended(_))));
                let replies = pair.client_events().iter().filter_map(|event| match event {
                    client::Event::Received(reply) => Some(reply.code().get()),
                    _ => None,
                });
                assert!(replies.eq([220, 234]));
            }
        }
    }
}
