//! The client and the server killed in the middle of a transfer between them.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Stdio};

use ftp_peers::{FIFTY_MIB, Runtime, assert_same, fill, finish, names_in, on_both_runtimes, until};

use crate::{House, Peer};

on_both_runtimes!(
    the_client_in_an_upload,
    the_server_in_an_upload,
    the_client_in_a_download,
    the_server_in_a_download,
);

/// A file with a hole, which costs no disk and no time to make, so long that no transfer of it ends before the kill.
const LONG: u64 = 4 << 30;

fn make_long(path: &Path) {
    File::create(path)
        .and_then(|file| file.set_len(LONG))
        .expect("a file with a hole");
}

fn start(house: &House, words: &[&str]) -> Child {
    let mut client = house.client(words);
    client
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    client.spawn().expect("the client can be started")
}

/// Waits until a client has sent half of 50 MiB of its file. (What it moves between its sockets and anything else the kernel
/// does not count everywhere.)
fn half_way(client: &Child) {
    until("half of the transfer", || {
        let counts = fs::read_to_string(format!("/proc/{}/io", client.id()))
            .expect("a process has its counts");
        let count = |name| {
            counts
                .lines()
                .find_map(|line| line.strip_prefix(name)?.parse::<u64>().ok())
                .unwrap_or(0)
        };
        (count("rchar: ") + count("wchar: ") > FIFTY_MIB / 2).then_some(())
    });
}

/// Waits until half of 50 MiB have come to this folder: what is spliced into a file is in no count of the process.
fn half_there(folder: &Path) {
    until("half of the transfer", || {
        names_in(folder).into_iter().find(|name| {
            let there = fs::metadata(folder.join(name));
            there.is_ok_and(|there| there.is_file() && there.len() > FIFTY_MIB / 2)
        })
    });
}

/// An old file of the name `file` on both sides, and the copy it is compared with.
fn old_files(house: &House) {
    fill(&house.here.at("old"), 1_000_000, 1);
    for copy in [house.server.at("file"), house.here.at("file")] {
        fs::copy(house.here.at("old"), copy).expect("room for a file");
    }
}

/// Starts the server anew, on another port, and lets the client prove that both work.
fn go_on(house: &mut House) {
    let root = house.server.root.clone();
    house.server = house
        .peer
        .start(house.here.path(), &root, house.runtime)
        .expect("it was found before");
    house.run(&["get", &house.server.url("file"), "back"]).ok();
    assert_same(&house.here.at("old"), &house.here.at("back"));
    fill(&house.here.at("next"), FIFTY_MIB, 2);
    house.run(&["put", "next", &house.server.url("file")]).ok();
    assert_same(&house.here.at("next"), &house.server.at("file"));
}

fn the_client_in_an_upload(runtime: Runtime) {
    let Some(mut house) = House::new(Peer::Ours, runtime) else {
        return;
    };
    old_files(&house);
    make_long(&house.here.at("long"));
    for name in ["file", "new"] {
        let mut client = start(&house, &["put", "long", &house.server.url(name)]);
        half_way(&client);
        client.kill().expect("a child can be killed");
        client.wait().expect("a child can be waited for");
        until("nothing else is left", || {
            (names_in(&house.server.root) == ["file"]).then_some(())
        });
        assert_same(&house.here.at("old"), &house.server.at("file"));
    }
    house.server.daemon.terminate();
    assert_eq!(house.server.daemon.wait().code(), Some(0));
    assert_same(&house.here.at("old"), &house.server.at("file"));
    assert_eq!(names_in(&house.server.root), ["file"]);
    go_on(&mut house);
}

fn the_server_in_an_upload(runtime: Runtime) {
    let Some(mut house) = House::new(Peer::Ours, runtime) else {
        return;
    };
    old_files(&house);
    make_long(&house.here.at("long"));
    let client = start(&house, &["put", "long", &house.server.url("file")]);
    half_way(&client);
    house.server.daemon.kill();
    let done = finish(client, "put");
    assert!(matches!(done.code(), Some(1 | 3 | 8)), "{done:?}");
    assert!(!done.stderr.is_empty(), "{done:?}");
    assert_same(&house.here.at("old"), &house.server.at("file"));
    go_on(&mut house);
}

fn the_client_in_a_download(runtime: Runtime) {
    let Some(mut house) = House::new(Peer::Ours, runtime) else {
        return;
    };
    old_files(&house);
    make_long(&house.server.at("long"));
    let mut client = start(&house, &["get", &house.server.url("long"), "new"]);
    half_there(house.here.path());
    client.kill().expect("a child can be killed");
    client.wait().expect("a child can be waited for");
    go_on(&mut house);
}

fn the_server_in_a_download(runtime: Runtime) {
    let Some(mut house) = House::new(Peer::Ours, runtime) else {
        return;
    };
    old_files(&house);
    make_long(&house.server.at("long"));
    let client = start(&house, &["get", &house.server.url("long"), "new"]);
    half_there(house.here.path());
    house.server.daemon.kill();
    let done = finish(client, "get");
    assert!(matches!(done.code(), Some(1 | 3 | 8)), "{done:?}");
    assert!(!done.stderr.is_empty(), "{done:?}");
    go_on(&mut house);
}
