//! A listing in any dialect, whole and in pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ftp_sansio::testing::fuzz::listing(data));
