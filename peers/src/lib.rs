//! What the two programs' tests share: finding the peers they are tested against, starting servers, running clients
//! with a time limit, and comparing what was moved.
//!
//! A peer that is not installed fails the test where `CI` is set; elsewhere the test says so on stderr and is passed
//! over. `.ci/peers` installs them all. Everything here talks over loopback only, asks the kernel for its ports, and
//! ends only the processes that it started.
//!
//! It is a test's code, so what cannot go wrong in a sane test ends in a panic that says what did.

mod certificates;
mod client;
mod content;
mod daemon;
mod pipe;
mod runtime;
mod scratch;
mod server;
mod tls;
mod tls_client;
mod tool;
mod wire;

pub use certificates::{Certificates, Identity};
pub use client::{Done, finish, run, run_fed};
pub use content::{FIFTY_MIB, SIZES, assert_same, fill, half_of};
pub use daemon::Daemon;
pub use pipe::{closed_pipe, full_pipe};
pub use runtime::Runtime;
pub use scratch::{Scratch, names_in, until};
pub use server::{Pyftpdlib, Server, ours, own_ip, percent};
pub use tls::{Tls, TlsVersion};
pub use tls_client::{Ftplib, TlsClient};
pub use tool::{command, find, python, sibling, skip, skip_without_ipv6};
pub use wire::{Answer, Wire};

/// Names that trip up whoever forgets to quote, to encode, or that a name is bytes.
pub const NAMES: [&str; 6] = [
    "two words.txt",
    "naïve – 日本語.txt",
    "100% #1?.txt",
    "say \"hi\".txt",
    "semi;type=a",
    "-dash [x]*.txt",
];
