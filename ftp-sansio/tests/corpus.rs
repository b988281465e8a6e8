//! The committed fuzz corpus, through the bodies of the fuzz targets.
#![allow(clippy::unwrap_used, reason = "what fails in a test shall panic")]

use std::fs;
use std::path::Path;

use ftp_sansio::testing::fuzz;

fn run(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let mut count = 0;
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        body(&fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count >= 5, "{} holds {count} files", folder.display());
}

#[test]
fn parser() {
    run("parser", fuzz::parser);
}

#[test]
fn listing() {
    run("listing", fuzz::listing);
}

#[test]
fn server() {
    run("server", fuzz::server);
}

#[test]
fn client() {
    run("client", fuzz::client);
}

#[test]
fn server_bytes() {
    run("server_bytes", fuzz::server_bytes);
}

#[test]
fn client_bytes() {
    run("client_bytes", fuzz::client_bytes);
}

#[test]
fn pair() {
    run("pair", fuzz::pair::pair);
}

#[test]
fn codec() {
    run("codec", fuzz::codec);
}
