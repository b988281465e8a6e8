//! The bodies of the fuzz targets, compiled by ordinary builds and run over the committed corpus by ordinary tests.
//!
//! Each takes any bytes, and panics where a promise of this crate is broken. [`parser`] and [`listing`] read the bytes as
//! they are, and [`codec`] takes them for data behind a choice of its parameters. For [`server`] and [`client`] they are a program: what the peer sends, what the driver and the user do, and when.

mod chunks;
mod client;
mod codec;
mod parser;
mod program;
mod server;

pub use chunks::{client_chunks, server_chunks};
pub use client::ClientProgram;
pub use codec::codec;
pub use parser::{listing, parser};
pub use server::ServerProgram;

/// Runs a server's session through the program that `data` is, and feeds it the bytes themselves in different pieces.
///
/// # Panics
/// Where the session breaks its contract.
pub fn server(data: &[u8]) {
    let mut program = ServerProgram::new(data);
    while program.step() {}
    server_chunks(data, data);
}

/// Runs a client's session through the program that `data` is, and feeds it the bytes themselves in different pieces.
///
/// # Panics
/// Where the session breaks its contract.
pub fn client(data: &[u8]) {
    let mut program = ClientProgram::new(data);
    while program.step() {}
    client_chunks(data, data);
}
