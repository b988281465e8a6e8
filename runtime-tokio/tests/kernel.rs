//! The kernel's own calls, in a process of their own, where what they move can be counted.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use ftp_driver::conformance::{direct, watched};
use ftp_runtime_tokio::Tokio;

#[test]
fn the_kernel_moves_files() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let tokio = Tokio::new();
        watched(&tokio, direct::the_kernel_moves_files(tokio.clone())).await;
    });
}
