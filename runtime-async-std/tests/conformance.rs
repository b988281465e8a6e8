//! The contract of a runtime, and the local store on this one.

use async_std::task::block_on;
use ftp_runtime_async_std::AsyncStd;

ftp_driver::conformance_tests!(AsyncStd::new(), block_on);
