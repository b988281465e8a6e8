//! What the server's session says and does, as conversations. How to read one: see `ftp_sansio::testing::transcript`.

mod aborts;
mod active;
mod bare;
mod files;
mod fxp;
mod host;
mod injection;
mod limits;
mod lines;
mod listings;
mod login;
mod parameters;
mod passive;
mod protection;
mod secure;
mod transfers;
mod verbs;

use ftp_sansio::testing::transcript::server as transcript;
