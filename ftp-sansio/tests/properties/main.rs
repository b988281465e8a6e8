//! The rules that every change keeps (`ARCHITECTURE.md`), as properties. What they run is in `ftp_sansio::testing`.
#![allow(clippy::unwrap_used, reason = "what fails in a test shall panic")]

mod chunking;
mod hostile;
mod joined;
mod pipelined;
mod secured;
