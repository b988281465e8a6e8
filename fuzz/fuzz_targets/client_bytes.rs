//! A client's session under the same bytes in different pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ftp_sansio::testing::fuzz::client_bytes(data));
