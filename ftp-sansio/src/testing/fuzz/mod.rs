//! The bodies of the fuzz targets, compiled by ordinary builds and run over the committed corpus by ordinary tests.
//!
//! Each takes any bytes, and panics where a promise of this crate is broken. [`parser`] and [`listing`] read the bytes as
//! they are, and [`codec`] takes them for data behind a choice of its parameters. For [`server`] and [`client`] they are a program: what
//! the peer sends, what the driver and the user do, and when. [`server_bytes`] and [`client_bytes`] give a session the same bytes in
//! different pieces. [`pair`](self::pair::pair) is both joined, under a
//! program of what the user asks for and what the network does.

mod chunks;
mod client;
mod client_bytes;
mod codec;
pub mod pair;
mod parser;
mod program;
mod server;
mod server_bytes;
mod silence;

pub use client::ClientProgram;
pub use client_bytes::client_bytes;
pub use codec::codec;
pub use parser::{listing, parser};
pub use server::ServerProgram;
pub use server_bytes::server_bytes;

/// Runs a server's session through the program that `data` is, and then lets its client fall silent.
///
/// # Panics
/// Where the session breaks its contract.
pub fn server(data: &[u8]) {
    let mut program = ServerProgram::new(data);
    while program.step() {}
    program.fall_silent();
}

/// Runs a client's session through the program that `data` is, and then lets its server fall silent.
///
/// # Panics
/// Where the session breaks its contract.
pub fn client(data: &[u8]) {
    let mut program = ClientProgram::new(data);
    while program.step() {}
    program.fall_silent();
}
