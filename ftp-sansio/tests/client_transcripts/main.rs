//! What the client's session says and does, as conversations. How to read one: see `ftp_sansio::testing::transcript`.
//!
//! What must never happen in a client, as far as its machine can show it:
//!
//! | fault | test |
//! |---|---|
//! | CR, LF or NUL in an argument | `single::raw_commands_that_would_break_the_session`; an `Arg` cannot hold them, see `wire::argument` |
//! | the host in a 227 believed | `passive::the_host_of_a_227_is_ignored` |
//! | replies in clear text taken for replies under TLS | `secure::what_is_slipped_in_behind_the_234`, `tests/properties/secured.rs`, `tests/pair.rs` |
//! | TLS asked for and not had | `secure::refused`, `secure::the_handshake_fails`, `secure::data_in_clear_text` |
//! | a truncated download called complete | `downloads::truncated_data`, `downloads::the_server_says_that_it_is_incomplete` |
//! | a 226 before the data's end; no 226; a 421 in the middle | `downloads::the_reply_before_the_data`, `downloads::no_final_reply`, `replies::a_421_at_any_time` |
//! | a late reply to an aborted command read as the answer to the next | `aborts::with_one_reply_and_with_two`, `pipelining::late_answers_after_a_refusal` |
//! | endless replies, endless preliminary replies | `replies::a_reply_without_end`, `downloads::endless_preliminary_replies` |
//! | a hang | `tests/properties/hostile.rs` (a silent peer); `replies::no_reply`, `downloads::nothing_comes`, `active::nobody_comes` |

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
