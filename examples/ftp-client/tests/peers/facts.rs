//! `stat`, `chmod`, `touch`, `du`, `find` and `raw`.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use ftp_peers::{Done, assert_same, fill, names_in};
use serde_json::Value;

use crate::{House, Peer, on_every_peer};

on_every_peer!(
    stat_of_a_file,
    stat_of_a_folder,
    stat_of_what_is_not_there,
    chmod,
    touch_makes_a_file,
    touch_sets_a_time,
    touch_harms_no_file,
    du,
    find,
    raw,
    raw_after_a_refusal,
);

fn objects(done: &Done) -> Vec<Value> {
    let lines = done.lines();
    let objects = lines.iter().map(|line| serde_json::from_str(line));
    objects.collect::<Result<_, _>>().expect("an object a line")
}

/// A file of 12,345 bytes from 2001-09-09 01:46:40 UTC.
fn furnish(file: &Path) {
    fill(file, 12_345, 1);
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let set = File::options()
        .write(true)
        .open(file)
        .and_then(|file| file.set_modified(time));
    set.expect("a time can be set");
    fs::set_permissions(file, fs::Permissions::from_mode(0o640)).expect("a file of ours");
}

fn stat_of_a_file(house: &House) {
    fs::create_dir(house.server.at("in")).expect("a folder");
    for name in ["in/two words", "[x]*"] {
        furnish(&house.server.at(name));
        let url = house.server.url(name);
        let done = house.run(&["stat", "--json", &url]).ok();
        let [object] = &objects(&done)[..] else {
            panic!("{done:?}");
        };
        assert_eq!(object["name"], name.trim_start_matches("in/"), "{done:?}");
        assert_eq!(
            (&object["path"], &object["type"]),
            (&name.into(), &"file".into())
        );
        assert_eq!(object["size"], 12_345);
        assert_eq!(object["modified"], "2001-09-09T01:46:40");
        assert!(object["facts"].is_object());
        // pyftpdlib tells the mode only when it is asked to.
        assert_eq!(object["permissions"], "rw-r-----", "{done:?}");
        let done = house.run(&["stat", &url]).ok();
        let first = done.lines()[0].to_owned();
        assert!(first.contains(" 12345 2001-09-09 01:46:40 "), "{done:?}");
        assert!(first.ends_with(name), "{done:?}");
    }
}

fn stat_of_a_folder(house: &House) {
    fs::create_dir_all(house.server.at("a/b c")).expect("folders");
    furnish(&house.server.at("a/b c/file"));
    for name in ["a/b c", "a", "a/b c/", ""] {
        let url = house.server.url(name);
        let done = house.run(&["stat", "--json", &url]).ok();
        assert_eq!(objects(&done)[0]["type"], "dir", "{done:?}");
    }
}

fn stat_of_what_is_not_there(house: &House) {
    fs::create_dir(house.server.at("folder")).expect("a folder");
    furnish(&house.server.at("there"));
    for name in ["none", "folder/none", "none/none", "ther?", "the*"] {
        let done = house.run(&["stat", &house.server.url(name)]).exits(6);
        assert!(done.stdout.is_empty(), "{done:?}");
    }
    let (there, none) = (house.server.url("there"), house.server.url("none"));
    let done = house.run(&["stat", &none, &there]).exits(1);
    assert!(
        done.stdout.contains("12345"),
        "the others are told: {done:?}"
    );
}

fn chmod(house: &House) {
    let file = house.server.at("two words");
    furnish(&file);
    let url = house.server.url("two words");
    let done = house.run(&["chmod", "604", &url]);
    if house.peer == Peer::Vsftpd {
        // Its anonymous user may not, and nobody has MFF there.
        done.exits(6);
        return;
    }
    done.ok();
    let mode = || fs::metadata(&file).expect("a file").permissions().mode() & 0o7777;
    assert_eq!(mode(), 0o604);
    house
        .run(&["chmod", "600", &house.server.url("none")])
        .exits(6);
    house.run(&["chmod", "888", &url]).exits(2);
    assert_eq!(mode(), 0o604);
}

fn touch_makes_a_file(house: &House) {
    let url = house.server.url("new file");
    house.run(&["touch", &url]).ok();
    let file = fs::metadata(house.server.at("new file")).expect("a new file");
    let age = file
        .modified()
        .expect("a time")
        .elapsed()
        .unwrap_or_default();
    assert!(file.len() == 0 && age < Duration::from_secs(60), "{age:?}");
    let done = house.run(&["touch", &house.server.url("none/x")]);
    assert!(!matches!(done.code(), Some(0) | None), "{done:?}");
}

fn touch_sets_a_time(house: &House) {
    for name in ["old file", "new file"] {
        let url = house.server.url(name);
        if name == "old file" {
            furnish(&house.server.at(name));
        }
        house
            .run(&["touch", "-d", "2020-02-29T12:30:59", &url])
            .ok();
        let file = fs::metadata(house.server.at(name)).expect("a file");
        let time = file.modified().expect("a time");
        let wanted = SystemTime::UNIX_EPOCH + Duration::from_secs(1_582_979_459);
        assert_eq!(time, wanted, "{name}");
    }
    // Without a time it is that of now.
    house.run(&["touch", &house.server.url("old file")]).ok();
    let file = fs::metadata(house.server.at("old file")).expect("a file");
    let age = file
        .modified()
        .expect("a time")
        .elapsed()
        .unwrap_or_default();
    assert!(age < Duration::from_secs(60), "{age:?}");
}

fn touch_harms_no_file(house: &House) {
    let (here, there) = (house.here.at("same"), house.server.at("same"));
    furnish(&here);
    furnish(&there);
    house.run(&["touch", &house.server.url("same")]).ok();
    assert_same(&here, &there);
    assert_eq!(names_in(&house.server.root), ["same"]);
}

/// Folders `a`, `a/b c` and `d`; files of 5, 300 and 7000 bytes in the first two and at the top.
fn plant(house: &House) {
    for folder in ["a/b c", "d"] {
        fs::create_dir_all(house.server.at(folder)).expect("a folder");
    }
    for (name, length) in [("a/b c/five.txt", 5), ("a/300", 300), ("7000.txt", 7000)] {
        fill(&house.server.at(name), length, length);
    }
}

fn du(house: &House) {
    plant(house);
    let url = house.server.url("");
    let done = house.run(&["du", &url]).ok();
    assert_eq!(done.lines(), ["0\td", "5\ta/b c", "305\ta", "7305\t."]);
    let done = house.run(&["du", "-sh", &url, &house.server.url("a")]).ok();
    assert_eq!(done.lines(), ["7.2K\t.", "305\ta"]);
    let done = house
        .run(&["du", "--json", "-s", &house.server.url("a/")])
        .ok();
    assert_eq!(done.lines(), [r#"{"path":"a","size":305,"files":2}"#]);
    let done = house.run(&["du", &house.server.url("7000.txt")]).ok();
    assert_eq!(done.lines(), ["7000\t7000.txt"]);
    house.run(&["du", &house.server.url("none")]).exits(6);
}

fn find(house: &House) {
    plant(house);
    let url = house.server.url("");
    let found = |words: &[&str]| {
        let done = house.run(&[&["find"], words].concat()).ok();
        done.lines()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let all = [
        ".",
        "7000.txt",
        "a",
        "a/300",
        "a/b c",
        "a/b c/five.txt",
        "d",
    ];
    assert_eq!(found(&[&url]), all);
    assert_eq!(found(&["--type", "d", &url]), [".", "a", "a/b c", "d"]);
    assert_eq!(
        found(&["--name", "*.txt", &url]),
        ["7000.txt", "a/b c/five.txt"]
    );
    assert_eq!(
        found(&["--name", "[af]*", "--type", "f", &house.server.url("a")]),
        ["a/b c/five.txt"]
    );
    assert_eq!(found(&[&house.server.url("a/300")]), ["a/300"]);
    let done = house
        .run(&["find", "--json", "--type", "f", &house.server.url("a/")])
        .ok();
    let objects = objects(&done);
    assert_eq!(objects.len(), 2, "{done:?}");
    assert_eq!(
        (&objects[0]["path"], &objects[0]["name"]),
        (&"a/300".into(), &"300".into())
    );
    assert_eq!(
        (&objects[1]["type"], &objects[1]["size"]),
        (&"file".into(), &5.into())
    );
    house.run(&["find", &house.server.url("none")]).exits(6);
    house.run(&["find", &house.server.url("none/")]).exits(6);
}

fn raw(house: &House) {
    plant(house);
    let done = house.run(&[
        "raw",
        &house.server.url(""),
        "NOOP",
        "FEAT",
        "SIZE 7000.txt",
    ]);
    // One may ask for the size under TYPE A or not.
    assert!(matches!(done.code(), Some(0 | 6)), "{done:?}");
    let lines = done.lines();
    assert!(
        lines[0].starts_with("200 ") && lines[1].starts_with("211-"),
        "{done:?}"
    );
    assert!(lines.contains(&" MDTM") && lines.iter().any(|line| line.starts_with("211 ")));
    let done = house
        .run(&[
            "raw",
            "--json",
            &house.server.url("a/"),
            "RNFR 300",
            "RNTO b c/3",
        ])
        .ok();
    let objects = objects(&done);
    assert_eq!(
        (&objects[0]["command"], &objects[0]["code"]),
        (&"RNFR 300".into(), &350.into())
    );
    assert_eq!(
        (&objects[1]["command"], &objects[1]["code"]),
        (&"RNTO b c/3".into(), &250.into())
    );
    assert_eq!(names_in(&house.server.at("a/b c")), ["3", "five.txt"]);
}

fn raw_after_a_refusal(house: &House) {
    let url = house.server.url("");
    let done = house.run(&["raw", &url, "DELE none", "NOOP"]).exits(6);
    assert!(done.stdout.starts_with("550 "), "{done:?}");
    assert!(
        done.lines().len() == 1 && done.stderr.contains("-k"),
        "{done:?}"
    );
    let done = house
        .run(&["raw", "-k", &url, "XYZZY", "DELE none", "NOOP"])
        .exits(1);
    assert_eq!(done.lines().len(), 3, "{done:?}");
    assert!(done.lines()[2].starts_with("200 "), "{done:?}");
    for command in ["RETR x", "AUTH TLS", "NOOP\r\nDELE x", ""] {
        let done = house.run(&["raw", &url, "NOOP", command]).exits(2);
        assert!(done.stdout.is_empty(), "nothing was sent: {done:?}");
    }
}
