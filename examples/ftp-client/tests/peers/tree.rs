//! `ls`, `mkdir`, `mv`, `rm`, and whole trees with `-r`.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use ftp_peers::{assert_same, fill, names_in};
use serde_json::Value;

use crate::{House, on_every_peer};

on_every_peer!(
    ls,
    ls_long,
    ls_json,
    ls_in_active_mode,
    folders_and_renames,
    refused_changes,
    put_and_get_a_tree,
    remove_a_tree,
);

/// A folder and a file of 12,345 bytes from 2001-09-09 01:46:40 UTC.
fn furnish(house: &House) {
    fs::create_dir(house.server.at("a folder")).expect("a folder");
    let file = house.server.at("file ü");
    fill(&file, 12_345, 1);
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options()
        .write(true)
        .open(&file)
        .and_then(|file| file.set_modified(time))
        .expect("a time can be set");
}

fn ls(house: &House) {
    assert_eq!(
        house.run(&["ls", &house.server.url("")]).ok().stdout,
        "",
        "an empty folder"
    );
    furnish(house);
    let listed = house.run(&["ls", &house.server.url("")]).ok();
    let mut names = listed.lines();
    names.sort_unstable();
    assert_eq!(names, ["a folder", "file ü"]);
    assert_eq!(
        house
            .run(&["ls", &house.server.url("a folder/")])
            .ok()
            .stdout,
        ""
    );
}

fn ls_long(house: &House) {
    furnish(house);
    let listed = house.run(&["ls", "-l", &house.server.url("")]).ok();
    let lines = listed.lines();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("12345") && line.ends_with("file ü")),
        "{listed:?}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with('d') && line.contains("a folder")),
        "{listed:?}"
    );
}

fn ls_json(house: &House) {
    furnish(house);
    let listed = house.run(&["ls", "--json", &house.server.url("")]).ok();
    let entries: Vec<Value> = listed
        .lines()
        .iter()
        .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
        .collect();
    let entry = |name: &str| {
        entries
            .iter()
            .find(|entry| entry["name"] == name)
            .unwrap_or_else(|| panic!("no {name}: {listed:?}"))
    };
    assert_eq!(entries.len(), 2, "{listed:?}");
    assert_eq!(entry("a folder")["type"], "dir");
    let file = entry("file ü");
    assert_eq!(file["type"], "file");
    assert_eq!(file["size"], 12_345);
    // A LIST says the day only of what is old; a MLSD says it to the second.
    let time = file["modified"]
        .as_str()
        .unwrap_or_else(|| panic!("no time: {listed:?}"));
    assert!(time.starts_with("2001-09-09T"), "{time}");
}

fn ls_in_active_mode(house: &House) {
    furnish(house);
    let listed = house.run(&["ls", "--active", &house.server.url("")]).ok();
    assert_eq!(listed.lines().len(), 2, "{listed:?}");
}

fn folders_and_renames(house: &House) {
    let server = &house.server;
    house.run(&["mkdir", &server.url("one")]).ok();
    house
        .run(&["mkdir", "-p", &server.url("one/two words/drei ü")])
        .ok();
    house
        .run(&["mkdir", "-p", &server.url("one/two words")])
        .ok();
    assert!(server.at("one/two words/drei ü").is_dir());
    fill(&server.at("old name"), 1000, 2);
    house
        .run(&[
            "mv",
            &server.url("old name"),
            &server.url("one/two words/new name"),
        ])
        .ok();
    assert_eq!(
        names_in(&server.at("one/two words")),
        ["drei ü", "new name"]
    );
    house
        .run(&["rm", &server.url("one/two words/new name")])
        .ok();
    assert_eq!(names_in(&server.at("one/two words")), ["drei ü"]);
    assert_eq!(names_in(&server.root), ["one"]);
}

fn refused_changes(house: &House) {
    let server = &house.server;
    fs::create_dir_all(server.at("folder/full")).expect("folders");
    for words in [
        &["mkdir", &server.url("folder")][..],
        &["mv", &server.url("none"), &server.url("some")],
        &["rm", &server.url("folder")],
    ] {
        let done = house.run(words).exits(6);
        assert!(!done.stderr.is_empty(), "{done:?}");
    }
    assert_eq!(names_in(&server.root), ["folder"]);
}

const LEAVES: [&str; 4] = [
    "leaf",
    "branch/leaf 2",
    "branch/twig ü/leaf 3",
    "branch/twig ü/leaf 4",
];

fn put_and_get_a_tree(house: &House) {
    let local = house.here.folder("tree");
    fs::create_dir_all(local.join("branch/twig ü")).expect("folders");
    fs::create_dir(local.join("bare")).expect("a folder");
    for (seed, leaf) in LEAVES.into_iter().enumerate() {
        fill(&local.join(leaf), 3000 * seed as u64, seed as u64);
    }
    house
        .run(&["put", "-r", "tree", &house.server.url("there/")])
        .ok();
    house
        .run(&["get", "-r", &house.server.url("there/"), "back"])
        .ok();
    for leaf in LEAVES {
        assert_same(&local.join(leaf), &house.server.at("there").join(leaf));
        assert_same(&local.join(leaf), &house.here.at("back").join(leaf));
    }
    assert_eq!(
        names_in(&house.server.at("there")),
        ["bare", "branch", "leaf"]
    );
    assert_eq!(names_in(&house.here.at("back")), ["bare", "branch", "leaf"]);
}

fn remove_a_tree(house: &House) {
    for leaf in LEAVES {
        let path = house.server.at("tree").join(leaf);
        fs::create_dir_all(path.parent().expect("a folder above")).expect("folders");
        fill(&path, 10, 0);
    }
    fill(&house.server.at("kept"), 10, 0);
    house.run(&["rm", "-r", &house.server.url("tree")]).ok();
    assert_eq!(names_in(&house.server.root), ["kept"]);
}
