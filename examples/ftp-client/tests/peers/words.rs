//! The words that people know from other small FTP programs: `upload`, `download` and `sync` with `--host`.

use ftp_peers::{Runtime, Scratch, Server, assert_same, fill, on_both_runtimes, ours, run};

use crate::{client, our_server};

on_both_runtimes!(upload_and_download, sync);

/// A server that lets anybody write, as those programs' servers do.
fn open_to_all(here: &Scratch, runtime: Runtime) -> Option<Server> {
    let root = here.folder("root");
    Some(Server::start(
        ours(&our_server()?, &root, runtime).args(["--anonymous", "rw"]),
        &root,
    ))
}

fn upload_and_download(runtime: Runtime) {
    let here = Scratch::new();
    let Some(server) = open_to_all(&here, runtime) else {
        return;
    };
    let port = server.address().port().to_string();
    let at = ["--host", "127.0.0.1", "--port", &port, "--file"];
    fill(&here.at("two words"), 100_001, 1);
    let sent = here.at("two words");
    let upload = [&["upload"][..], &at, &["two words"]].concat();
    run(client(runtime, &upload).current_dir(here.path())).ok();
    assert_same(&sent, &server.at("two words"));
    let there = here.folder("there");
    let download = [&["download"][..], &at, &["two words"]].concat();
    run(client(runtime, &download).current_dir(&there)).ok();
    assert_same(&sent, &there.join("two words"));
    let missing = [&["download"][..], &at, &["none"]].concat();
    run(client(runtime, &missing).current_dir(&there)).exits(6);
}

fn sync(runtime: Runtime) {
    let here = Scratch::new();
    let Some(server) = open_to_all(&here, runtime) else {
        return;
    };
    let port = server.address().port().to_string();
    here.folder("tree/branch");
    for leaf in ["leaf 1", "branch/leaf 2"] {
        fill(&here.at("tree").join(leaf), 4000, 2);
    }
    let words = [
        "sync",
        "--host",
        "127.0.0.1",
        "--port",
        &port,
        "--local-dir",
        "tree",
        "--remote-dir",
        "/backup/of tree",
    ];
    run(client(runtime, &words).current_dir(here.path())).ok();
    for leaf in ["leaf 1", "branch/leaf 2"] {
        assert_same(
            &here.at("tree").join(leaf),
            &server.at("backup/of tree").join(leaf),
        );
    }
}
