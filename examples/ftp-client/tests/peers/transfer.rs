//! `get`, `put` and `cat`.

use std::fs;

use ftp_peers::{NAMES, SIZES, assert_same, fill, half_of, names_in};

use crate::{House, on_every_peer};

on_every_peer!(
    every_size_both_ways,
    active,
    resume_a_download,
    resume_an_upload,
    resume_what_is_complete,
    odd_names,
    several_files_into_a_folder,
    without_a_local_name,
    cat,
    what_is_not_there,
);

fn every_size_both_ways(house: &House) {
    there_and_back(house, &SIZES, &[]);
    assert_eq!(names_in(&house.server.root), ["file"]);
}

fn active(house: &House) {
    there_and_back(house, &[0, (64 << 10) + 1], &["--active"]);
}

/// Puts files of these lengths, each over the one before, and gets them back.
fn there_and_back(house: &House, lengths: &[u64], options: &[&str]) {
    let (sent, back, url) = (
        house.here.at("sent"),
        house.here.at("back"),
        house.server.url("file"),
    );
    for (seed, length) in lengths.iter().enumerate() {
        fill(&sent, *length, seed as u64);
        house
            .run(&[&["put"], options, &["sent", &url]].concat())
            .ok();
        assert_same(&sent, &house.server.at("file"));
        house
            .run(&[&["get"], options, &[url.as_str(), "back"]].concat())
            .ok();
        assert_same(&sent, &back);
    }
}

fn resume_a_download(house: &House) {
    let (whole, part) = (house.server.at("file"), house.here.at("part"));
    fill(&whole, 3_000_001, 2);
    half_of(&whole, &part);
    house
        .run(&["get", "-c", &house.server.url("file"), "part"])
        .ok();
    assert_same(&whole, &part);
}

fn resume_an_upload(house: &House) {
    let (whole, part) = (house.here.at("whole"), house.server.at("file"));
    fill(&whole, 3_000_001, 3);
    half_of(&whole, &part);
    house
        .run(&["put", "-c", "whole", &house.server.url("file")])
        .ok();
    assert_same(&whole, &part);
}

fn resume_what_is_complete(house: &House) {
    let url = house.server.url("file");
    fill(&house.here.at("whole"), 100_001, 4);
    // The first of each has nothing to resume, the second nothing to do.
    for _ in 0..2 {
        house.run(&["put", "-c", "whole", &url]).ok();
        assert_same(&house.here.at("whole"), &house.server.at("file"));
    }
    for _ in 0..2 {
        house.run(&["get", "-c", &url, "back"]).ok();
        assert_same(&house.here.at("whole"), &house.here.at("back"));
    }
}

fn odd_names(house: &House) {
    let there = house.here.folder("there");
    for (seed, name) in NAMES.iter().enumerate() {
        let local = there.join(name);
        fill(&local, 1000, seed as u64);
        let path = local.to_str().expect("a name in UTF-8");
        house.run(&["put", path, &house.server.url(name)]).ok();
        assert_same(&local, &house.server.at(name));
        house.run(&["get", &house.server.url(name), "back"]).ok();
        assert_same(&local, &house.here.at("back"));
    }
    let listed = house.run(&["ls", &house.server.url("")]).ok();
    let mut listed = listed.lines();
    listed.sort_unstable();
    assert_eq!(listed, names_in(&there));
    for name in NAMES {
        house.run(&["rm", &house.server.url(name)]).ok();
    }
    assert_eq!(names_in(&house.server.root), [""; 0]);
}

fn several_files_into_a_folder(house: &House) {
    fs::create_dir(house.server.at("folder")).expect("a folder");
    for (seed, name) in ["one", "two words"].into_iter().enumerate() {
        fill(&house.here.at(name), 5000, seed as u64);
    }
    house
        .run(&["put", "one", "two words", &house.server.url("folder/")])
        .ok();
    for name in ["one", "two words"] {
        assert_same(&house.here.at(name), &house.server.at("folder").join(name));
    }
}

fn without_a_local_name(house: &House) {
    fs::create_dir(house.server.at("folder")).expect("a folder");
    fill(&house.server.at("folder/two words"), 5000, 6);
    house
        .run(&["get", &house.server.url("folder/two words")])
        .ok();
    assert_same(
        &house.server.at("folder/two words"),
        &house.here.at("two words"),
    );
    house.here.folder("into");
    house
        .run(&["get", &house.server.url("folder/two words"), "into"])
        .ok();
    assert_same(
        &house.server.at("folder/two words"),
        &house.here.at("into/two words"),
    );
}

fn cat(house: &House) {
    let text = "one\r\ntwo\nthree – ü";
    fs::write(house.server.at("text"), text).expect("room for a small file");
    assert_eq!(
        house.run(&["cat", &house.server.url("text")]).ok().stdout,
        text
    );
}

fn what_is_not_there(house: &House) {
    let url = house.server.url("none");
    for words in [
        &["get", &url, "back"][..],
        &["cat", &url],
        &["rm", &url],
        &["ls", &house.server.url("none/")],
    ] {
        let done = house.run(words).exits(6);
        assert!(
            !done.stderr.is_empty() && done.stdout.is_empty(),
            "{done:?}"
        );
    }
    assert!(
        !house.here.at("back").exists(),
        "a file that is not there is not made here"
    );
    let done = house.run(&["put", "nothing-of-the-kind", &url]);
    assert!(!matches!(done.code(), Some(0) | None), "{done:?}");
    assert!(done.stderr.contains("nothing-of-the-kind"), "{done:?}");
    assert_eq!(names_in(&house.server.root), [""; 0]);
}
