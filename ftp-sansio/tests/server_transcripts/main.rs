//! What the server's session says and does, as conversations. How to read one: see `ftp_sansio::testing::transcript`.

mod aborts;
mod active;
mod combine;
mod digests;
mod files;
mod limits;
mod lines;
mod listings;
mod login;
mod parameters;
mod passive;
mod patterns;
mod site;
mod times;
mod transfers;

use ftp_sansio::testing::transcript::server as transcript;
