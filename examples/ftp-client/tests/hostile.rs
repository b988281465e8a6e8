//! Servers that mean harm: what they list must not leave the folder it is fetched into, drive a terminal, go on for ever, or
//! have anything deleted.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use ftp_peers::{Done, Runtime, Scratch, command, names_in, on_both_runtimes, run};

on_both_runtimes!(
    names_that_leave_the_folder,
    a_link_first_and_then_a_file_through_it,
    a_tree_without_an_end,
    a_tree_without_an_end_is_not_walked_for_ever,
    nothing_is_deleted_after_a_listing_that_is_not_understood,
    nothing_is_removed_by_a_name_that_leaves,
    what_is_said_is_escaped,
    verbose_shows_no_password,
);

/// Starts a server that lists every folder like this, and whose every file holds `x`. It ends with the tests' process.
fn listing(lines: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = listener.local_addr().expect("a listener has an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(&stream, lines));
        }
    });
    address
}

fn serve(stream: &TcpStream, lines: &str) {
    let mut writer = stream;
    stream.set_nodelay(true).expect("a socket");
    let mut say = |line: &str| drop(writer.write_all(format!("{line}\r\n").as_bytes()));
    let passive = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let port = passive
        .local_addr()
        .expect("a listener has an address")
        .port();
    let by_facts = lines.starts_with("type=");
    say("220 \x1b]0;owned\x07 ready");
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        let data = match line.split(' ').next().unwrap_or_default() {
            "MLSD" | "LIST" => lines,
            "RETR" => "x",
            verb => {
                say(&answer(verb, port, by_facts));
                continue;
            }
        };
        say("150 here it comes");
        if let Ok((mut stream, _)) = passive.accept() {
            let _ = stream.write_all(data.as_bytes());
        }
        say("226 that was all");
    }
}

fn answer(verb: &str, port: u16, by_facts: bool) -> String {
    match verb {
        "USER" => "331 and the password?".to_owned(),
        "PASS" => "230 welcome".to_owned(),
        "FEAT" if by_facts => "211-so much\r\n MLST type*;size*;\r\n211 and no more".to_owned(),
        "PWD" => "257 \"/\"".to_owned(),
        "EPSV" => format!("229 go on (|||{port}|)"),
        "TYPE" | "CWD" | "NOOP" => "200 fine".to_owned(),
        "DELE" | "RMD" => "550 \x1b[2J no".to_owned(),
        "QUIT" => "221 bye".to_owned(),
        _ => "502 not here".to_owned(),
    }
}

fn client(here: &Path, runtime: Runtime, words: &[&str]) -> Done {
    let mut client = command(Path::new(env!("CARGO_BIN_EXE_ftp-client")));
    client.args(words).args(["--runtime", runtime.name()]);
    run(client.current_dir(here))
}

/// CVE-2014-4877, CVE-2026-27699.
fn names_that_leave_the_folder(runtime: Runtime) {
    let here = Scratch::new();
    let server = listing(
        "type=file;size=1; ../evil\r\ntype=file;size=1; /tmp/evil\r\ntype=file;size=1; ..\r\n\
         type=dir; ../up\r\ntype=file;size=1; a/../../evil\r\ntype=file;size=1; good\r\n",
    );
    let url = format!("ftp://{server}/");
    let done = client(here.path(), runtime, &["get", "-r", &url, "into"]).exits(1);
    assert_eq!(done.stderr.matches("refused").count(), 5, "{done:?}");
    assert_eq!(names_in(here.path()), ["into"]);
    assert_eq!(names_in(&here.at("into")), ["good"]);
}

fn a_link_first_and_then_a_file_through_it(runtime: Runtime) {
    let here = Scratch::new();
    here.folder("outside");
    here.folder("into");
    let server = listing(
        "lrwxrwxrwx 1 u g 4 Jan  2  2020 door -> ../outside\r\n\
         drwxr-xr-x 2 u g 4 Jan  2  2020 door\r\n\
         -rw-r--r-- 1 u g 1 Jan  2  2020 door/file\r\n\
         lrwxrwxrwx 1 u g 4 Jan  2  2020 other -> ../outside\r\n",
    );
    let url = format!("ftp://{server}/");
    client(here.path(), runtime, &["get", "-r", &url, "into"]).exits(1);
    assert_eq!(names_in(&here.at("outside")), [""; 0]);
    let other = here.at("into/other");
    assert!(fs::symlink_metadata(other).is_err(), "no link is made");
}

fn a_tree_without_an_end(runtime: Runtime) {
    let here = Scratch::new();
    let server = listing("type=dir; again\r\n");
    let url = format!("ftp://{server}/");
    let done = client(here.path(), runtime, &["get", "-r", &url, "into"]).exits(1);
    assert!(done.stderr.contains("64 folders deep"), "{done:?}");
}

fn a_tree_without_an_end_is_not_walked_for_ever(runtime: Runtime) {
    let here = Scratch::new();
    let server =
        listing("type=dir; again\r\ntype=file;size=1; ../evil\r\ntype=OS.unix=slink:/; up\r\n");
    let url = format!("ftp://{server}/");
    for word in ["find", "du"] {
        let done = client(here.path(), runtime, &[word, &url]).exits(1);
        assert!(done.stderr.contains("64 folders deep"), "{done:?}");
        assert!(!done.stdout.contains("evil"), "{done:?}");
    }
}

fn nothing_is_deleted_after_a_listing_that_is_not_understood(runtime: Runtime) {
    for lines in [
        "type=file;size=1; good\r\nwhat is this?\r\n",
        "type=file;size=1; good\r\ntype=file;size=1; ../evil\r\n",
    ] {
        let here = Scratch::new();
        fs::write(here.folder("into").join("mine"), "mine").expect("room for a file");
        let url = format!("ftp://{}/", listing(lines));
        let done = client(here.path(), runtime, &["sync", "--delete", &url, "into"]).exits(1);
        assert!(done.stderr.contains("nothing is deleted"), "{done:?}");
        assert_eq!(names_in(&here.at("into")), ["good", "mine"]);
    }
}

fn nothing_is_removed_by_a_name_that_leaves(runtime: Runtime) {
    let here = Scratch::new();
    let server = listing("type=file;size=1; ../evil\r\ntype=dir; /etc\r\n");
    let url = format!("ftp://{server}/folder");
    let done = client(here.path(), runtime, &["-v", "rm", "-r", &url]);
    let sent = done.stderr.lines().filter(|line| line.starts_with("> "));
    let bad: Vec<_> = sent
        .filter(|line| line.contains("evil") || line.contains("etc"))
        .collect();
    assert!(bad.is_empty() && done.code() != Some(0), "{done:?}");
}

fn what_is_said_is_escaped(runtime: Runtime) {
    let here = Scratch::new();
    let server = listing("type=file;size=1; a\x1b[2Jb\u{202e}c/\r\n");
    let url = format!("ftp://{server}/%1b[2J");
    let done = client(here.path(), runtime, &["-v", "rm", &url]).exits(6);
    assert!(
        !done.stderr.contains('\x1b') && done.stderr.contains("\\x1b"),
        "{done:?}"
    );
    let url = format!("ftp://{server}/");
    let done = client(here.path(), runtime, &["get", "-r", &url, "into"]).exits(1);
    assert!(!done.stderr.contains(['\x1b', '\u{202e}']), "{done:?}");
}

fn verbose_shows_no_password(runtime: Runtime) {
    let here = Scratch::new();
    let server = listing("type=file;size=1; f\r\n");
    let url = format!("ftp://alice:geheim@{server}/");
    let done = client(here.path(), runtime, &["-v", "ls", &url]).exits(0);
    assert!(
        done.stderr.contains("> USER alice") && !done.stderr.contains("geheim"),
        "{done:?}"
    );
}
