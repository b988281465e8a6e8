//! The command line by itself: usage, exit codes, and `parse-list`.

use std::path::Path;

use ftp_peers::{Done, Scratch, command, run, run_fed};
use serde_json::Value;

fn client(words: &[&str]) -> std::process::Command {
    let mut client = command(Path::new(env!("CARGO_BIN_EXE_ftp-client")));
    client.args(words);
    client
}

fn client_fed(words: &[&str], input: &str) -> Done {
    run_fed(&mut client(words), input.as_bytes())
}

#[test]
fn help_has_examples_and_the_exit_codes() {
    let help = run(&mut client(&["--help"])).ok();
    for text in ["Examples:", "Exit codes:", "parse-list", "--runtime"] {
        assert!(help.stdout.contains(text), "{text}");
    }
    for word in [
        "ls",
        "get",
        "put",
        "rm",
        "mkdir",
        "mv",
        "cat",
        "sync",
        "stat",
        "chmod",
        "touch",
        "du",
        "find",
        "fxp",
        "raw",
        "shell",
        "parse-list",
        "upload",
        "download",
    ] {
        let help = run(&mut client(&[word, "--help"])).ok();
        assert!(help.stdout.contains("Example"), "{word}");
    }
    run(&mut client(&["--version"])).ok();
}

/// What is wrong is said in one line on stderr, and nothing on stdout.
#[track_caller]
fn fails(words: &[&str], code: i32) -> Done {
    let done = run(&mut client(words)).exits(code);
    assert!(
        done.stdout.is_empty() && !done.stderr.is_empty(),
        "{done:?}"
    );
    done
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    for words in [
        &["frobnicate"][..],
        &["ls"],
        &["ls", "ftp://"],
        &["ls", "http://127.0.0.1/"],
        &["ls", "ftp://127.0.0.1:0/"],
        &["ls", "ftp://127.0.0.1/a%0d%0aDELE%20b"],
        &["ls", "--timeout", "soon", "ftp://127.0.0.1/"],
        &["ls", "--runtime", "smol", "ftp://127.0.0.1/"],
        &["get", "ftp://127.0.0.1/"],
        &["mv", "ftp://127.0.0.1/a", "ftp://127.0.0.2/b"],
        &["sync", "a", "b"],
        &["sync", "ftp://127.0.0.1/a", "ftp://127.0.0.1/b"],
        &["sync", "--exclude", "[", ".", "ftp://127.0.0.1/"],
        &["upload", "--host", "127.0.0.1"],
        &["chmod", "u+x", "ftp://127.0.0.1:1/"],
        &["chmod", "10000", "ftp://127.0.0.1:1/"],
        &["touch", "-d", "yesterday", "ftp://127.0.0.1:1/x"],
        &["find", "--type", "x", "ftp://127.0.0.1:1/"],
        &["find", "--name", "[", "ftp://127.0.0.1:1/"],
        &["raw", "ftp://127.0.0.1:1/"],
        &["fxp", "ftp://127.0.0.1:1/", "ftp://127.0.0.1:1/"],
        &["--verify", "--ascii", "get", "ftp://127.0.0.1:1/x"],
        &["get", "--mode", "page", "ftp://127.0.0.1:1/x"],
        &["raw", "ftp://127.0.0.1:1/", "NOOP", "STOR x"],
        &["raw", "ftp://127.0.0.1:1/", "auth tls"],
        &["raw", "ftp://127.0.0.1:1/", "NOOP\r\nDELE x"],
    ] {
        fails(words, 2);
    }
}

#[test]
fn what_is_said_of_tls_has_to_agree() {
    let url = "ftps://alice:secret@127.0.0.1:1/";
    for options in [
        &["--tls", "off"][..],
        &["--tls", "explicit"],
        &["--tls", "perhaps"],
        &["--pin", "00"],
        &["--key", "key.pem"],
        &["--insecure", "--ca", "authority.pem"],
        &["--ca", "no-such-file.pem"],
    ] {
        let done = fails(&[options, &["ls", url]].concat(), 2);
        assert!(!done.stderr.contains("secret"), "{done:?}");
    }
    fails(&["ls", url], 3);
}

#[test]
fn a_local_file_that_is_not_there_is_told_before_anybody_is_asked() {
    let here = Scratch::new();
    let missing = here.at("missing").display().to_string();
    // Nobody listens there: the client does not get that far.
    fails(&["put", &missing, "ftp://127.0.0.1:1/"], 6);
    fails(&["upload", "--port", "1", "--file", &missing], 6);
    fails(&["sync", &missing, "ftp://127.0.0.1:1/"], 6);
    let line = [
        "sync",
        "--port",
        "1",
        "--local-dir",
        &missing,
        "--remote-dir",
        "r",
    ];
    fails(&line, 6);
}

#[test]
fn nobody_listens() {
    let done = fails(&["cat", "ftp://127.0.0.1:1/x"], 3);
    assert_eq!(done.stderr.lines().count(), 1, "{done:?}");
    fails(
        &[
            "download",
            "--host",
            "127.0.0.1",
            "--port",
            "1",
            "--file",
            "x",
        ],
        3,
    );
    fails(&["ls", "--runtime", "async-std", "ftp://127.0.0.1:1/"], 3);
}

const LIST: &str = "total 3\r\n\
    drwxr-xr-x   2 ftp ftp   4096 Jan  2  2020 sub\r\n\
    -rw-r--r--   1 ftp ftp     12 Mar  4  2021 a file\r\n\
    lrwxrwxrwx   1 ftp ftp      3 Mar  4  2021 link -> sub\r\n";

fn objects(done: &Done) -> Vec<Value> {
    let lines = done.lines();
    let objects = lines.iter().map(|line| serde_json::from_str(line));
    objects
        .collect::<Result<_, _>>()
        .expect("one object a line")
}

#[test]
fn parse_list_prints_names() {
    let done = client_fed(&["parse-list"], LIST).ok();
    assert_eq!(done.lines(), ["sub", "a file", "link"]);
    client_fed(&["parse-list"], "").ok();
}

#[test]
fn parse_list_prints_objects() {
    let done = client_fed(&["parse-list", "--json"], LIST).ok();
    let entries = objects(&done);
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0]["type"], "dir");
    assert_eq!(entries[1]["name"], "a file");
    assert_eq!(entries[1]["size"], 12);
    assert_eq!(entries[1]["modified"], "2021-03-04T00:00");
    assert_eq!(entries[1]["permissions"], "rw-r--r--");
    assert_eq!(entries[1]["target"], Value::Null);
    assert_eq!(entries[2]["type"], "symlink");
    assert_eq!(entries[2]["target"], "sub");
}

#[test]
fn parse_list_reads_mlsd_too() {
    let list = "type=file;size=5;modify=20240102030405; x\r\ntype=OS.weird; y\r\n";
    let entries = objects(&client_fed(&["parse-list", "--json"], list).ok());
    assert_eq!(entries[0]["modified"], "2024-01-02T03:04:05");
    assert_eq!(entries[1]["type"], "other");
}

#[test]
fn parse_list_tells_what_it_did_not_understand() {
    let done = client_fed(&["parse-list"], &format!("{LIST}\x1b[2J what\r\n")).exits(1);
    assert_eq!(done.lines().len(), 3);
    assert!(done.stderr.contains("\\x1b[2J what"), "{done:?}");
}

#[test]
fn parse_list_keeps_the_bytes_of_a_name() {
    let list = b"-rw-r--r--   1 ftp ftp     12 Mar  4  2021 \xff\n";
    let done = run_fed(&mut client(&["parse-list", "--json"]), list).ok();
    let entries = objects(&done);
    assert_eq!(entries[0]["name"], "\u{fffd}");
    assert_eq!(entries[0]["name_bytes"], "ff");
}
