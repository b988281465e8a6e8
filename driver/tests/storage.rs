//! The suite for stores, as an embedder runs it, on the store that is included and needs no runtime.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use ftp_driver::memory::MemoryStorage;

mod memory {
    use super::*;

    ftp_driver::storage_tests!(MemoryStorage::new());
}

/// With all that an embedder can choose, which nothing in the suite may notice.
mod memory_with_a_quota {
    use super::*;
    use ftp_driver::sansio::wire::DateTime;

    fn storage() -> MemoryStorage {
        MemoryStorage::new()
            .with_quota(64 * 1024 * 1024)
            .with_clock(|| DateTime::from_unix(1_700_000_000, 0).unwrap())
    }

    ftp_driver::storage_tests!(storage());
}
