//! A client and a server joined, under a program of what a user asks for and what goes wrong.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ftp_sansio::testing::fuzz::pair::pair(data));
