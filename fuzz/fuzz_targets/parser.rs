//! Commands, replies, addresses, paths, facts, features, dates and Telnet: any bytes are read or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ftp_sansio::testing::fuzz::parser(data));
