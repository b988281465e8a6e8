//! A folder for one test.

use std::fs;
use std::path::PathBuf;

pub(crate) use ftp_peers::{Scratch, names_in};

/// Writes a file, with the folders it lies in.
pub(crate) fn write(scratch: &Scratch, name: &str, content: &[u8]) -> PathBuf {
    let path = scratch.at(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}
