//! What the server's session says and does, as conversations. How to read one: see `ftp_sansio::testing::transcript`.
//!
//! What must never happen in a server, as far as its machine can show it:
//!
//! | fault | test |
//! |---|---|
//! | data sent to a third party (bounce) | `active::bouncing_is_refused`, `fxp::who_is_never_called` |
//! | a data connection taken by somebody else | `passive::a_stranger_on_the_data_port`, `protection::a_data_connection_has_to_resume_the_session` |
//! | commands smuggled through AUTH TLS | `injection` |
//! | the tail of an over-long line run as a command | `lines::an_over_long_line_is_thrown_away_whole` |
//! | memory that grows before login | `tests/memory.rs`; `transfers::markers_for_nobody` |
//! | a syntax error that ends a session or brings it out of step | `verbs::a_bad_command_gets_its_one_reply`, `lines` |
//! | a session locked for a transfer | `aborts`, `limits::nothing_moves` |
//! | PROT ignored on one of PASV, EPSV, PORT, EPRT | `protection::prot_holds_for_every_route` |
//! | leaving the root | `files::the_root_cannot_be_left` |
//! | a truncated upload called complete | `transfers::an_upload_that_breaks_off`, `transfers::a_killed_client_leaves_the_old_file` |
//! | who exists, told by words or by time | `login::an_unknown_user_is_refused_like_a_wrong_password` |
//! | slow peers: a state without a deadline | every transcript (its world asks for the deadline); `limits`, `secure::a_handshake_that_never_ends`, `protection::the_handshake_of_a_data_connection_never_ends` |
//! | exhaustion | `login::too_many_sessions`, `passive::no_port_is_free` |
//! | control characters in replies | `files::folders_with_quotes` |
//! | another protocol's request (ALPACA) | `lines::http_is_sent_away`, `secure::http_under_tls_is_sent_away` |
//! | REST past the end, negative or huge; ALLO lies | `transfers::a_position_past_the_end`, `parameters::restart_positions`, `transfers::an_allo_that_lies` |

mod aborts;
mod active;
mod bare;
mod combine;
mod digests;
mod files;
mod fxp;
mod host;
mod injection;
mod kept;
mod limits;
mod lines;
mod listings;
mod login;
mod parameters;
mod passive;
mod patterns;
mod protection;
mod secure;
mod site;
mod times;
mod transfers;
mod verbs;

use ftp_sansio::testing::transcript::server as transcript;
