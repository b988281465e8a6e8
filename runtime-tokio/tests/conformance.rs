//! The contract of a runtime, and the local store on this one, on both of tokio's schedulers.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use ftp_runtime_tokio::Tokio;
use tokio::runtime::Builder;

mod current_thread {
    use super::*;

    fn block_on(test: impl Future<Output = ()>) {
        Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(test);
    }

    ftp_driver::conformance_tests!(Tokio::new(), block_on);
}

mod multi_thread {
    use super::*;

    fn block_on(test: impl Future<Output = ()>) {
        Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
            .block_on(test);
    }

    ftp_driver::conformance_tests!(Tokio::new(), block_on);
}
