//! The File Transfer Protocol as pure state machines.
//!
//! [`server::Session`] and [`client::Session`] are the two ends of a control connection. They own no socket, read no clock and wait for
//! nothing: bytes that came are given to `receive`, bytes to send are shown by `transmit`, what happens outside is told by
//! `handle`, what shall be done outside is given by `poll`, and `deadline` says when to come back at the latest. So they run on any
//! runtime, or on none, and a test owns their time. Their modules begin with an exchange over nothing but byte slices.
//!
//! Beneath them:
//!
//! - [`wire`]: commands, replies, addresses, paths and facts, as values that are well formed by construction;
//! - [`sequence`]: the one table of which reply may follow what, which both machines go by;
//! - [`data`]: what happens to a file's bytes on the data connection, and the evidence that they ended cleanly;
//! - [`listing`]: the dialects in which servers list folders, read and written.
//!
//! Whoever wants a client or a server and not a protocol takes `ftp-runtime-tokio` or `ftp-runtime-async-std`.
//!
//! # Features
//!
//! - `std` (on by default): lets the dependencies choose faster code at run time. Nothing in this crate needs `std`.
//! - `testing`: a client and a server joined under virtual time, transcripts as tests, and the bodies of the fuzz targets.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod client;
pub mod data;
pub mod listing;
pub mod sequence;
pub mod server;
mod session;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
mod timer;
pub mod tls;
pub mod wire;
