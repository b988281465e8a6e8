//! `sync`, whose second run has to find nothing to do.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use ftp_peers::{assert_same, fill};

use crate::{House, on_every_peer};

on_every_peer!(up, down, delete, dry_run);

const LEAVES: [&str; 3] = ["leaf", "branch/leaf 2", "branch/twig ü/leaf 3"];

fn grow(tree: &Path) {
    for (seed, leaf) in LEAVES.into_iter().enumerate() {
        let path = tree.join(leaf);
        fs::create_dir_all(path.parent().expect("a folder above")).expect("folders");
        fill(&path, 4000 + seed as u64, seed as u64);
    }
}

/// What changes about a file that is written anew, by whichever way.
fn marks(tree: &Path) -> Vec<(u64, i64, i64)> {
    let mark = |leaf: &str| {
        let data = fs::metadata(tree.join(leaf)).unwrap_or_else(|error| panic!("{leaf}: {error}"));
        (data.ino(), data.mtime(), data.mtime_nsec())
    };
    LEAVES.into_iter().map(mark).collect()
}

fn assert_alike(left: &Path, right: &Path) {
    for leaf in LEAVES {
        assert_same(&left.join(leaf), &right.join(leaf));
    }
}

/// Other bytes of the same length, and newer by far than any clock's or listing's grain.
fn change(file: &Path) {
    fill(file, fs::metadata(file).expect("the file").len(), 99);
    let later = SystemTime::now() + Duration::from_secs(3 * 24 * 60 * 60);
    File::options()
        .write(true)
        .open(file)
        .and_then(|file| file.set_modified(later))
        .expect("a time can be set");
}

/// Syncs three times: everything, nothing, and the one file that changed.
fn three_times(house: &House, source: &Path, target: &Path, words: &[&str]) {
    grow(source);
    house.run(words).ok();
    assert_alike(source, target);
    let before = marks(target);
    house.run(words).ok();
    assert_eq!(marks(target), before, "there was nothing to do");
    change(&source.join("branch/leaf 2"));
    house.run(words).ok();
    assert_alike(source, target);
    assert_eq!(marks(target)[0], before[0], "the others had not changed");
}

fn up(house: &House) {
    let local = house.here.folder("tree");
    three_times(
        house,
        &local,
        &house.server.at("there"),
        &["sync", "tree", &house.server.url("there/")],
    );
}

fn down(house: &House) {
    let remote = house.server.at("there");
    three_times(
        house,
        &remote,
        &house.here.at("tree"),
        &["sync", &house.server.url("there/"), "tree"],
    );
}

fn delete(house: &House) {
    let local = house.here.folder("tree");
    grow(&local);
    let url = house.server.url("there/");
    house.run(&["sync", "tree", &url]).ok();
    fs::remove_dir_all(local.join("branch")).expect("a folder can be removed");
    house.run(&["sync", "tree", &url]).ok();
    assert!(
        house.server.at("there/branch/leaf 2").exists(),
        "nothing is deleted unless asked for"
    );
    house.run(&["sync", "--delete", "tree", &url]).ok();
    assert!(!house.server.at("there/branch").exists());
    assert_same(&local.join("leaf"), &house.server.at("there/leaf"));
}

fn dry_run(house: &House) {
    grow(&house.here.folder("tree"));
    let done = house
        .run(&["sync", "--dry-run", "tree", &house.server.url("there/")])
        .ok();
    assert!(!house.server.at("there").exists(), "nothing is done");
    for leaf in LEAVES {
        assert!(
            done.stdout.contains(leaf) || done.stderr.contains(leaf),
            "{leaf}: {done:?}"
        );
    }
}
