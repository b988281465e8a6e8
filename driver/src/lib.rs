//! The FTP client and the FTP server, written once over any runtime.
//!
//! The protocol is in [`sansio`] (the crate `ftp-sansio`); this crate gives its machines sockets, time and files:
//!
//! - [`runtime`]: the four small traits that an adapter implements. `ftp-runtime-tokio` and `ftp-runtime-async-std` do; take one of
//!   these rather than this crate, unless you write a third.
//! - [`client::Client`]: operations as `async` methods, transfers as values to read from and write to.
//! - [`server::Server`]: one future a session, over the embedder's [`storage::Storage`] and [`storage::Authenticator`].
//! - [`tls`]: how either of them does TLS.
//! - [`local::LocalStorage`]: files of this machine, beneath a folder that no path and no link leads out of.
//! - [`memory::MemoryStorage`]: files in memory, for tests and for what need not outlive the process.
//! - [`proxy`]: SOCKS5 and HTTP proxies for the client's connections.
//! - [`kernel`]: how much the kernel has moved by itself, by the calls that only Linux has.
//! - [`socket`]: what every adapter for kernel sockets needs alike.
//! - `conformance` (a feature): the suite that an adapter runs on itself, and the one for a store of your own.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod calendar;
pub mod client;
#[cfg(feature = "conformance")]
pub mod conformance;
mod control;
pub mod digest;
mod direct;
pub mod kernel;
pub mod local;
pub mod memory;
mod moving;
mod pace;
mod parting;
pub mod proxy;
mod random;
pub mod runtime;
pub mod server;
pub mod socket;
pub mod storage;
mod target;
pub mod tls;
mod trace;
mod transport;

pub use ftp_sansio as sansio;
pub use runtime::Runtime;
