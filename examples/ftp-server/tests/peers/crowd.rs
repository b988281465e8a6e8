//! Many clients, one after the other and all at once, polite and not.

use std::fs;
use std::thread;

use ftp_peers::{Runtime, Wire, fill, names_in, on_both_runtimes, until};

use crate::House;

on_both_runtimes!(
    two_users_in_turn,
    fifty_at_once,
    sessions_that_end_without_quit,
    more_than_max_sessions,
    more_than_max_sessions_of_one_address,
    nobody_asks_for_more_time_than_there_is,
);

fn two_users_in_turn(runtime: Runtime) {
    let House {
        server,
        here: _here,
    } = House::with(runtime, &[]);
    fs::write(server.at("file"), "hello").expect("room for a small file");
    for _ in 0..3 {
        let mut alice = Wire::login(server.address(), "alice", "secret");
        assert_eq!(alice.retrieve("file"), b"hello");
        alice.expect("MKD folder", 257);
        alice.expect("RMD folder", 250);
        alice.expect("QUIT", 221);
        let mut bob = Wire::login(server.address(), "bob", "look");
        assert_eq!(bob.retrieve("file"), b"hello");
        assert_eq!(bob.ask("MKD folder").code, 550, "bob may only read");
        bob.expect("QUIT", 221);
    }
    assert_eq!(names_in(&server.root), ["file"]);
}

fn fifty_at_once(runtime: Runtime) {
    const CROWD: usize = 50;
    let House {
        server,
        here: _here,
    } = House::with(runtime, &[]);
    let whole = server.at("file");
    fill(&whole, (64 << 10) + 1, 1);
    let wanted = fs::read(&whole).expect("the file");
    thread::scope(|scope| {
        let enter = |number| {
            let (user, password) = if number % 2 == 0 {
                ("alice", "secret")
            } else {
                ("bob", "look")
            };
            let address = server.address();
            scope.spawn(move || Wire::login(address, user, password))
        };
        // All of them are in before the first does anything; one that is not is a failure that nobody waits for.
        let entering: Vec<_> = (0..CROWD).map(enter).collect();
        let wires: Vec<Wire> = entering
            .into_iter()
            .map(|entered| entered.join().expect("a login"))
            .collect();
        for (number, mut wire) in wires.into_iter().enumerate() {
            let wanted = &wanted;
            scope.spawn(move || {
                wire.expect("TYPE I", 200);
                for _ in 0..3 {
                    assert!(
                        wire.retrieve("file") == *wanted,
                        "session {number} got something else"
                    );
                }
                // Some leave without a word.
                if number % 3 != 0 {
                    wire.expect("QUIT", 221);
                }
            });
        }
    });
    Wire::login(server.address(), "alice", "secret").expect("QUIT", 221);
}

fn sessions_that_end_without_quit(runtime: Runtime) {
    let House {
        server,
        here: _here,
    } = House::with(runtime, &["--max-sessions", "2"]);
    fs::write(server.at("file"), "hello").expect("room for a small file");
    let address = server.address();
    let endings: [fn(Wire); 5] = [
        drop,
        |mut wire| wire.send("NOOP"),
        |mut wire| drop(wire.data()),
        |mut wire| wire.send("PASV"),
        |mut wire| {
            let _data = wire.data();
            wire.send("STOR unfinished");
        },
    ];
    for ending in endings {
        // More often than there are sessions: each has to be given back.
        for _ in 0..3 {
            ending(admitted(&server));
        }
        let mut wire = admitted(&server);
        assert_eq!(wire.retrieve("file"), b"hello");
    }
    drop(Wire::connect(address));
    admitted(&server).expect("QUIT", 221);
}

/// A session, as soon as the server has noticed that an earlier one is gone.
fn admitted(server: &ftp_peers::Server) -> Wire {
    until("a session to be had", || {
        let mut wire = Wire::connect(server.address());
        (wire.answer().code == 220).then(|| {
            wire.expect("USER alice", 331);
            wire.expect("PASS secret", 230);
            wire
        })
    })
}

fn more_than_max_sessions(runtime: Runtime) {
    refuses_the_third(runtime, &["--max-sessions", "2"]);
}

fn more_than_max_sessions_of_one_address(runtime: Runtime) {
    refuses_the_third(runtime, &["--max-sessions-per-ip", "2"]);
}

fn refuses_the_third(runtime: Runtime, options: &[&str]) {
    let House {
        server,
        here: _here,
    } = House::with(runtime, options);
    let mut first = Wire::login(server.address(), "alice", "secret");
    let mut second = Wire::login(server.address(), "bob", "look");
    for _ in 0..3 {
        assert_eq!(Wire::connect(server.address()).answer().code, 421);
    }
    first.expect("NOOP", 200);
    second.expect("QUIT", 221);
    admitted(&server).expect("QUIT", 221);
    first.expect("QUIT", 221);
}

/// SITE IDLE may ask for less than `--idle-timeout`, and never for more: a seat would be kept that others wait for.
fn nobody_asks_for_more_time_than_there_is(runtime: Runtime) {
    for (timeout, granted, refused) in [
        ("60", &["30", "60"][..], &["29", "61", "7200"][..]),
        ("10", &["10"], &["9", "11", "30"]),
        ("9000", &["30", "9000"], &["9001"]),
    ] {
        let House {
            server,
            here: _here,
        } = House::with(runtime, &["--idle-timeout", timeout]);
        let mut wire = Wire::login(server.address(), "alice", "secret");
        for (seconds, code) in [(granted, 200), (refused, 501)] {
            for seconds in seconds {
                wire.expect(&format!("SITE IDLE {seconds}"), code);
            }
        }
    }
}
