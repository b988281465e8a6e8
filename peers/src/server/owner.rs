//! Whoever runs the tests, by name, for servers that do not take a number.

use std::fs;

use rustix::process::{getgid, getuid};

/// The user's name.
pub(super) fn user() -> String {
    named("/etc/passwd", getuid().as_raw()).unwrap_or_else(|| "nobody".to_owned())
}

/// The group's name.
pub(super) fn group() -> String {
    named("/etc/group", getgid().as_raw()).unwrap_or_else(|| "nogroup".to_owned())
}

fn named(file: &str, number: u32) -> Option<String> {
    let number = number.to_string();
    let entries = fs::read_to_string(file).ok()?;
    let entry = entries
        .lines()
        .find(|line| line.split(':').nth(2) == Some(&number))?;
    entry.split(':').next().map(str::to_owned)
}
