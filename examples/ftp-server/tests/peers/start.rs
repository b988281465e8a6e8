//! How it starts and how it leaves: what is wrong is said in one line, and a signal is a polite request.

use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

use ftp_peers::{
    Done, FIFTY_MIB, Runtime, Scratch, Server, Wire, command, fill, on_both_runtimes, ours, own_ip,
    run, until,
};

use crate::{House, PROGRAM};

on_both_runtimes!(
    a_port_in_use,
    a_root_that_is_not_there,
    a_root_that_is_a_file,
    nonsense,
    a_first_start_shows_something,
    third_parties_only_where_they_are_allowed,
    sigterm_with_sessions_open,
    sigint,
    sigterm_lets_a_transfer_end,
);

/// It ended with 2 and said why in one line that holds `word`.
fn assert_refusal(done: Done, word: &str) {
    let done = done.exits(2);
    assert_eq!(done.stderr.lines().count(), 1, "one line: {done:?}");
    assert!(done.stderr.contains(word), "{word}: {done:?}");
    assert!(!done.stdout.contains("listening"), "{done:?}");
}

fn a_port_in_use(runtime: Runtime) {
    let here = Scratch::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = taken
        .local_addr()
        .expect("a listener has an address")
        .to_string();
    let mut server = command(Path::new(PROGRAM));
    server.args([
        "--listen",
        &address,
        "--runtime",
        runtime.name(),
        "--user",
        "a:b",
    ]);
    assert_refusal(run(server.arg("--root").arg(here.path())), &address);
}

fn a_root_that_is_not_there(runtime: Runtime) {
    let here = Scratch::new();
    assert_refusal(
        run(&mut ours(Path::new(PROGRAM), &here.at("none"), runtime)),
        "none",
    );
}

fn a_root_that_is_a_file(runtime: Runtime) {
    let here = Scratch::new();
    fill(&here.at("file"), 1, 0);
    assert_refusal(
        run(&mut ours(Path::new(PROGRAM), &here.at("file"), runtime)),
        "file",
    );
}

fn nonsense(runtime: Runtime) {
    let here = Scratch::new();
    let wrong: [&[&str]; 6] = [
        &["--listen", "nowhere"],
        &["--user", "nameonly"],
        &["--anonymous", "perhaps"],
        &["--passive-ports", "9-1"],
        &["--max-sessions", "many"],
        &["--no-such-option"],
    ];
    for options in wrong {
        let done = run(ours(Path::new(PROGRAM), here.path(), runtime).args(options)).exits(2);
        assert!(!done.stderr.is_empty(), "{done:?}");
    }
}

fn a_first_start_shows_something(runtime: Runtime) {
    let here = Scratch::new();
    let root = here.folder("root");
    fs::write(root.join("file"), "hello").expect("room for a small file");
    let mut command = command(Path::new(PROGRAM));
    command
        .args(["--listen", "127.0.0.1:0", "--runtime", runtime.name()])
        .current_dir(&root);
    let server = Server::start(&mut command, &root);
    let mut wire = Wire::login(server.address(), "anonymous", "me@");
    assert_eq!(wire.retrieve("file"), b"hello");
    assert_eq!(wire.ask("DELE file").code, 550);
    until("how to add a user", || {
        server.daemon.said().contains("--user").then_some(())
    });
}

/// RFC 2577: data to an address that is not the client's (one for documentation, to which nothing goes) wants `--fxp on`; to this
/// machine's own services it never goes.
fn third_parties_only_where_they_are_allowed(runtime: Runtime) {
    for (options, code) in [(&[][..], 504), (&["--fxp", "on"], 200)] {
        let house = House::with(runtime, options);
        let mut wire = Wire::login(house.server.address(), "alice", "secret");
        wire.expect("PORT 192,0,2,77,200,1", code);
        wire.expect("PORT 127,0,0,2,200,1", 504);
        wire.expect("PORT 192,0,2,77,0,25", 504);
        wire.expect("PORT 127,0,0,1,200,1", 200);
    }
}

fn sigterm_with_sessions_open(runtime: Runtime) {
    let here = Scratch::new();
    let begin = |address: SocketAddr| {
        let mut command = command(Path::new(PROGRAM));
        command.args(["--listen", &address.to_string(), "--user", "alice:secret"]);
        command
            .arg("--root")
            .arg(here.path())
            .args(["--runtime", runtime.name()]);
        Server::start(&mut command, here.path())
    };
    // A free port is found by a process of its own: a listener of this one would live on for a moment in whatever other tests start.
    let address = begin((own_ip(runtime), 0).into()).address();
    let mut server = begin(address);
    let _greeted = Wire::connect(address);
    let mut logged_in = Wire::login(address, "alice", "secret");
    logged_in.expect("NOOP", 200);
    server.daemon.terminate();
    assert_eq!(server.daemon.wait().code(), Some(0));
    assert!(
        TcpStream::connect(address).is_err(),
        "nobody listens any more"
    );
    // Its port can be had again at once, though its sessions' connections are not forgotten yet.
    let _again = begin(address);
    Wire::login(address, "alice", "secret").expect("QUIT", 221);
}

fn sigint(runtime: Runtime) {
    let House {
        mut server,
        here: _here,
    } = House::with(runtime, &[]);
    Wire::login(server.address(), "alice", "secret").expect("QUIT", 221);
    server.daemon.interrupt();
    assert_eq!(server.daemon.wait().code(), Some(0));
}

fn sigterm_lets_a_transfer_end(runtime: Runtime) {
    let House {
        mut server,
        here: _here,
    } = House::with(runtime, &[]);
    fill(&server.at("file"), FIFTY_MIB, 1);
    let mut wire = Wire::login(server.address(), "alice", "secret");
    wire.expect("TYPE I", 200);
    let mut data = wire.data();
    wire.begin("RETR file");
    let mut first = [0; 1000];
    data.read_exact(&mut first).expect("the first bytes");
    server.daemon.terminate();
    until("the listener's end", || {
        TcpStream::connect(server.address()).is_err().then_some(())
    });
    let rest = std::io::copy(&mut data, &mut std::io::sink()).expect("the other bytes");
    assert_eq!(rest + first.len() as u64, FIFTY_MIB);
    assert_eq!(wire.answer().code, 226);
    assert_eq!(server.daemon.wait().code(), Some(0));
}
