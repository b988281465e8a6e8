//! A server's session under the same bytes in different pieces, in clear text and under TLS.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ftp_sansio::testing::fuzz::server_bytes(data));
