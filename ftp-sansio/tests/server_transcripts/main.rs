//! What the server's session says and does, as conversations. How to read one: see `ftp_sansio::testing::transcript`.

mod aborts;
mod active;
mod files;
mod limits;
mod lines;
mod listings;
mod login;
mod parameters;
mod passive;
mod transfers;

use ftp_sansio::testing::transcript::server as transcript;
