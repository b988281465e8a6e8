//! The kernel's own calls, in a process of their own, where what they move can be counted.

use ftp_driver::conformance::{direct, watched};
use ftp_runtime_async_std::AsyncStd;

#[test]
fn the_kernel_moves_files() {
    async_std::task::block_on(async {
        let runtime = AsyncStd::new();
        watched(&runtime, direct::the_kernel_moves_files(runtime.clone())).await;
    });
}
