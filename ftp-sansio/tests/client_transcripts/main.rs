//! What the client's session says and does, as conversations. How to read one: see `ftp_sansio::testing::transcript`.

mod aborts;
mod active;
mod downloads;
mod kept;
mod login;
mod passive;
mod pipelining;
mod replies;
mod secure;
mod servers;
mod single;
mod uploads;

use ftp_sansio::testing::transcript::client as transcript;
