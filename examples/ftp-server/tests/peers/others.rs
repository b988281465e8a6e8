//! A smoke test each for the other clients that people have: wget, ncftp's pair, tnftp.

use std::fs;

use ftp_peers::{
    Runtime, assert_same, command, fill, half_of, names_in, need, on_both_runtimes, run,
    skip_without_ipv6,
};

use crate::House;

on_both_runtimes!(wget, wget_over_ipv6, ncftp, ncftp_aborts, tnftp);

const LENGTH: u64 = (1 << 20) + 1;

fn wget(runtime: Runtime) {
    let program = need!("wget");
    let House { server, here } = &House::new(runtime);
    fs::create_dir(server.at("tree ü")).expect("a folder");
    let whole = server.at("tree ü/two words");
    fill(&whole, LENGTH, 1);
    let wget = |options: &[&str], path: &str| {
        let mut wget = command(&program);
        wget.args([
            "--no-config",
            "--no-verbose",
            "--tries=1",
            "--timeout=30",
            "--local-encoding=UTF-8",
        ]);
        run(wget
            .args(options)
            .arg(server.url(path))
            .current_dir(here.path()))
        .ok();
    };
    wget(&["--output-document=passive"], "tree ü/two words");
    assert_same(&whole, &here.at("passive"));
    wget(
        &["--output-document=active", "--no-passive-ftp"],
        "tree ü/two words",
    );
    assert_same(&whole, &here.at("active"));
    half_of(&whole, &here.at("two words"));
    wget(&["--continue"], "tree ü/two words");
    assert_same(&whole, &here.at("two words"));
    // It reads the LIST for its way down.
    wget(
        &[
            "--recursive",
            "--no-host-directories",
            "--restrict-file-names=nocontrol",
        ],
        "",
    );
    assert_same(&whole, &here.at("tree ü/two words"));
}

fn wget_over_ipv6(runtime: Runtime) {
    let program = need!("wget");
    if skip_without_ipv6() {
        return;
    }
    let House { server, here } = &House::new(runtime);
    fill(&server.at("file"), LENGTH, 1);
    let mut wget = command(&program);
    wget.args([
        "--no-config",
        "--no-verbose",
        "--tries=1",
        "--timeout=30",
        "--output-document=got",
    ]);
    run(wget.arg(server.url_v6("file")).current_dir(here.path())).ok();
    assert_same(&server.at("file"), &here.at("got"));
}

fn ncftp(runtime: Runtime) {
    let (put, get) = (need!("ncftpput"), need!("ncftpget"));
    let House { server, here } = &House::new(runtime);
    let port = server.address().port().to_string();
    let login = [
        "-u", "alice", "-p", "secret", "-P", &port, "-V", "-t", "30", "-r", "1",
    ];
    fill(&here.at("two words"), LENGTH, 2);
    // -m makes the folder; -F and -E are passive and active.
    let mut ncftpput = command(&put);
    ncftpput
        .env("HOME", here.path())
        .args(login)
        .args(["-m", "127.0.0.1", "/a folder"])
        .arg(here.at("two words"));
    run(&mut ncftpput).ok();
    assert_same(&here.at("two words"), &server.at("a folder/two words"));
    for (mode, folder) in [("-F", "passive"), ("-E", "active")] {
        let mut ncftpget = command(&get);
        ncftpget
            .env("HOME", here.path())
            .args(login)
            .args([mode, "127.0.0.1"])
            .arg(here.folder(folder));
        run(ncftpget.arg("/a folder/two words")).ok();
        assert_same(&here.at("two words"), &here.at(folder).join("two words"));
    }
    let mut tree = command(&get);
    tree.env("HOME", here.path())
        .args(login)
        .args(["-R", "127.0.0.1"])
        .arg(here.folder("tree"))
        .arg("/a folder");
    run(&mut tree).ok();
    assert_same(&here.at("two words"), &here.at("tree/a folder/two words"));
}

/// Ctrl-C in the middle of a download is an ABOR, and the session goes on.
#[cfg(unix)]
fn ncftp_aborts(runtime: Runtime) {
    use rexpect::session::{Options, spawn_with_options};

    /// How long anything may take, in milliseconds: far more than it does.
    const PATIENCE: u64 = 20_000;
    /// Bytes of nothing: more than could be fetched before the key is pressed.
    const ENDLESS: u64 = 64 << 30;

    let program = need!("ncftp");
    let House { server, here } = &House::new(runtime);
    let file = fs::File::create(server.at("endless")).expect("a file");
    file.set_len(ENDLESS).expect("a file with a hole");
    let port = server.address().port().to_string();
    let mut ncftp = command(&program);
    ncftp
        .env("HOME", here.path())
        .current_dir(here.path())
        .args(["-u", "alice", "-p", "secret", "-P", &port, "127.0.0.1"]);
    let options = Options::new().timeout_ms(Some(PATIENCE));
    let mut terminal = spawn_with_options(ncftp, options).expect("a terminal");
    let mut hear = |text: &str, say: &str| {
        terminal.exp_string(text).expect(text);
        terminal.send_line(say).expect("it listens");
    };
    hear("ncftp / >", "debug 1");
    hear("ncftp / >", "get endless");
    // The bar: bytes have come.
    terminal.exp_string("ETA:").expect("a bar");
    terminal.send_control('c').expect("it listens");
    for text in ["Cmd: ABOR", "426: ", "226: ", "Aborted successfully"] {
        terminal.exp_string(text).expect(text);
    }
    terminal.exp_string("ncftp / >").expect("its prompt");
    terminal.send_line("pwd").expect("it listens");
    terminal.exp_string("127.0.0.1").expect("where it is");
    terminal.send_line("bye").expect("it listens");
    terminal.exp_eof().expect("an end");
}

#[cfg(not(unix))]
fn ncftp_aborts(_: Runtime) {}

fn tnftp(runtime: Runtime) {
    let program = need!("tnftp");
    let House { server, here } = &House::new(runtime);
    fill(&here.at("sent"), LENGTH, 3);
    let tnftp = |arguments: &[&str]| {
        let mut tnftp = command(&program);
        run(tnftp
            .env("HOME", here.path())
            .current_dir(here.path())
            .args(arguments))
        .ok();
    };
    tnftp(&["-u", &server.url("file"), "sent"]);
    assert_eq!(names_in(&server.root), ["file"]);
    assert_same(&here.at("sent"), &server.at("file"));
    // It decodes the name of a download, but not that of an upload.
    fs::rename(server.at("file"), server.at("two words")).expect("a rename");
    // -A is active, without it passive is tried first.
    for (options, name) in [(&["-A"][..], "active"), (&[], "passive")] {
        tnftp(&[options, &["-o", name, &server.url("two words")]].concat());
        assert_same(&here.at("sent"), &here.at(name));
    }
}
