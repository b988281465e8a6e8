//! The FTP client and the FTP server, written once over any runtime.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod calendar;
pub mod client;
#[cfg(feature = "conformance")]
pub mod conformance;
mod control;
pub mod local;
mod moving;
pub mod runtime;
pub mod server;
pub mod socket;
pub mod storage;

pub use ftp_sansio as sansio;
pub use runtime::Runtime;
