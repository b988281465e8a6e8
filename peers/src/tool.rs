//! Finding the peers.

use std::env;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that `.ci/peers` fills.
fn folder() -> PathBuf {
    match env::var_os("FTP_PEERS") {
        Some(folder) => folder.into(),
        None => Path::new(&env::var_os("HOME").unwrap_or_default()).join(".cache/ftp-peers"),
    }
}

/// Where a program on the `PATH` is.
///
/// Without it there is nothing to test: a failure where `CI` is set, otherwise a line on stderr and `None`.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    first(env::split_paths(&path).map(|place| place.join(name)), name)
}

/// Where a server is that `.ci/peers` unpacked from a package; as [`find`] otherwise.
pub(crate) fn unpacked(package: &str, name: &str) -> Option<PathBuf> {
    first(
        [folder().join(package).join("usr/sbin").join(name)].into_iter(),
        name,
    )
}

fn first(mut places: impl Iterator<Item = PathBuf>, name: &str) -> Option<PathBuf> {
    let found = places.find(|file| file.is_file());
    if found.is_none() {
        missing(name, ".ci/peers");
    }
    found
}

/// Another program of this workspace, which cargo puts beside the one under test.
pub fn sibling(program: &Path, name: &str) -> Option<PathBuf> {
    let found = program.with_file_name(name);
    if found.is_file() {
        return Some(found);
    }
    missing(name, &format!("cargo build --bin {name}"));
    None
}

/// A Python with pyftpdlib beside it.
pub fn python() -> Option<Command> {
    let mut command = command(&find("python3")?);
    command
        .env("PYTHONPATH", folder().join("python"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Some(command)
}

/// Says aloud that a peer is missing, and what brings it.
fn missing(name: &str, how: &str) {
    assert!(
        env::var_os("CI").is_none(),
        "{name} is not installed; what installs it: {how}"
    );
    skip(&format!("{name} is not installed"));
}

/// Says aloud, past the test runner's capture, that a test is passed over.
pub fn skip(why: &str) {
    // Nothing is to be done about a stderr that is closed.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Whether this machine has no `::1`, said aloud.
pub fn skip_without_ipv6() -> bool {
    let without = TcpListener::bind("[::1]:0").is_err();
    if without {
        skip("this machine has no IPv6 loopback");
    }
    without
}

/// A command that nothing in the environment of whoever runs the tests can send astray: no proxy, no settings of
/// theirs, and names in UTF-8.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "dumb");
    for name in [
        "ftp_proxy",
        "http_proxy",
        "all_proxy",
        "FTP_PROXY",
        "ALL_PROXY",
        "FTP_PASSWORD",
        "NETRC",
    ] {
        command.env_remove(name);
    }
    command
}

/// The path of a peer, or the end of the test that needs it.
#[macro_export]
macro_rules! need {
    ($name:expr) => {
        match $crate::find($name) {
            Some(path) => path,
            None => return,
        }
    };
}
