//! A client's and a server's session, joined under virtual time.
#![allow(clippy::unwrap_used, reason = "what fails in a test shall panic")]

use core::time::Duration;

use ftp_sansio::client::{self, DataPath, Failure, Meaning, Operation, Options, Outcome, Wait};
use ftp_sansio::server::{self, Event};
use ftp_sansio::testing::Pair;
use ftp_sansio::testing::pair::path;
use ftp_sansio::wire::{Command, Format, Representation};

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
        let retrieve = client::TransferRequest::file(command, from(seed % 2));
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
