//! Uploads that break off: the old file stays, nothing half stands under the final name, and the server goes on.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ftp_peers::{
    Runtime, Server, Wire, assert_same, command, fill, finish, names_in, need, on_both_runtimes,
    run, until,
};

use crate::{House, start};

on_both_runtimes!(
    the_client_is_killed,
    the_server_is_killed,
    the_server_is_killed_in_a_download,
    an_abor,
    a_resumed_upload_keeps_what_arrived,
);

/// So that a client that is admitted proves that the one before is gone.
const ONE: [&str; 2] = ["--max-sessions", "1"];

/// A curl that was fed half of 50 MiB and waits for the other half. One that the server has no session for yet ends at
/// once, and another is started.
fn half_an_upload(program: &Path, url: &str) -> Child {
    let piece = vec![0xFF; 1 << 20];
    until("a session for curl", || {
        let mut child = curl(program)
            .args(["--upload-file", "-", url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("curl can be started");
        let stdin = child.stdin.as_mut().expect("a pipe was asked for");
        // What it has taken of the last pieces it has handed on: the pipe between us holds far less.
        if (0..25).all(|_| stdin.write_all(&piece).is_ok()) {
            return Some(child);
        }
        child.wait().expect("a child can be waited for");
        None
    })
}

fn curl(program: &Path) -> Command {
    let mut curl = command(program);
    // With a limit, since some are written to and not waited for.
    curl.args(["--silent", "--show-error", "--disable"]);
    curl.args(["--max-time", "60"]);
    curl
}

/// Waits until the only session is over.
fn session_over(server: &Server) -> Wire {
    until("the end of the session", || {
        let mut wire = Wire::connect(server.address());
        (wire.answer().code == 220).then_some(wire)
    })
}

fn the_client_is_killed(runtime: Runtime) {
    let program = need!("curl");
    let House { server, here } = House::with(runtime, &ONE);
    let (old, file) = (here.at("old"), server.at("file"));
    fill(&old, 1_000_000, 1);
    fs::copy(&old, &file).expect("room for a file");
    // More than once, since the ends of the two connections may come in either order.
    for name in ["file", "new", "file", "new", "file", "new"] {
        let mut child = half_an_upload(&program, &server.url(name));
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
        drop(session_over(&server));
        assert_same(&old, &file);
        until("nothing else is left", || {
            (names_in(&server.root) == ["file"]).then_some(())
        });
    }
    until("the next upload", || {
        let put = run(curl(&program)
            .arg("--upload-file")
            .arg(&old)
            .arg(server.url("again")));
        (put.code() == Some(0)).then_some(())
    });
    assert_same(&old, &server.at("again"));
}

fn the_server_is_killed(runtime: Runtime) {
    let program = need!("curl");
    let House { mut server, here } = House::with(runtime, &[]);
    let (old, file) = (here.at("old"), server.at("file"));
    fill(&old, 1_000_000, 1);
    fs::copy(&old, &file).expect("room for a file");
    for name in ["file", "new"] {
        let child = half_an_upload(&program, &server.url(name));
        server.daemon.kill();
        assert_ne!(finish(child, "curl").code(), Some(0), "the client was told");
        assert_same(&old, &file);
        assert!(
            !server.at("new").exists(),
            "nothing half under the final name"
        );
        server = start(&server.root, runtime, &[]);
    }
    run(curl(&program)
        .arg("--upload-file")
        .arg(&old)
        .arg(server.url("new")))
    .ok();
    assert_same(&old, &server.at("new"));
    // A client never sees what the killed server left lying about.
    let listed = run(curl(&program).args(["--list-only", &server.url("")])).ok();
    let mut listed = listed.lines();
    listed.sort_unstable();
    assert_eq!(listed, ["file", "new"]);
}

fn the_server_is_killed_in_a_download(runtime: Runtime) {
    let House {
        mut server,
        here: _here,
    } = House::with(runtime, &[]);
    fill(&server.at("file"), 50 << 20, 1);
    let mut wire = Wire::login(server.address(), "alice", "secret");
    let data = wire.data();
    wire.begin("RETR file");
    server.daemon.kill();
    drop(data);
    let again = start(&server.root, runtime, &[]);
    let mut wire = Wire::login(again.address(), "alice", "secret");
    wire.expect("TYPE I", 200);
    assert_eq!(wire.retrieve("file").len(), 50 << 20);
}

fn an_abor(runtime: Runtime) {
    let House {
        server,
        here: _here,
    } = House::with(runtime, &[]);
    let file = server.at("file");
    fs::write(&file, "old").expect("room for a small file");
    let mut wire = Wire::login(server.address(), "alice", "secret");
    for line in ["STOR file", "STOR new"] {
        let mut data = wire.data();
        wire.begin(line);
        data.write_all(&[1; 100_000])
            .expect("the server takes data");
        wire.expect("STAT", 211);
        wire.expect("ABOR", 426);
        assert_eq!(wire.answer().code, 226);
        assert_eq!(fs::read(&file).expect("the file"), b"old");
        until("nothing else is left", || {
            (names_in(&server.root) == ["file"]).then_some(())
        });
    }
    assert_eq!(wire.retrieve("file"), b"old");
    wire.expect("QUIT", 221);
}

/// RFC 3659 resumes in place: there what had arrived is what the next try builds on.
fn a_resumed_upload_keeps_what_arrived(runtime: Runtime) {
    let House {
        server,
        here: _here,
    } = House::with(runtime, &ONE);
    let file = server.at("file");
    fs::write(&file, [b'a'; 1000]).expect("room for a small file");
    for (line, length) in [("REST 1000", 2000), ("REST 2000", 3000)] {
        let mut wire = session_over(&server);
        for (line, code) in [
            ("USER alice", 331),
            ("PASS secret", 230),
            ("TYPE I", 200),
            (line, 350),
        ] {
            wire.expect(line, code);
        }
        let mut data = wire.data();
        wire.begin("STOR file");
        data.write_all(&[b'b'; 1000])
            .expect("the server takes data");
        until("the bytes to arrive", || {
            (fs::metadata(&file).ok()?.len() == length).then_some(())
        });
        // The control connection goes first, as it does when a client is killed.
        drop(wire);
        drop(data);
    }
    drop(session_over(&server));
    assert_eq!(
        fs::read(&file).expect("the file"),
        [&[b'a'; 1000][..], &[b'b'; 2000]].concat()
    );
}
