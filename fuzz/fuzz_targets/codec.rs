//! A codec of the data connection, under any parameters and bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ftp_sansio::testing::fuzz::codec(data));
