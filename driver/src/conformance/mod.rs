//! Tests that an adapter runs on itself: what [`Client`](crate::client::Client), [`Server`](crate::server::Server) and
//! [`LocalStorage`](crate::local::LocalStorage) rely on, the same for every [`Runtime`].
//!
//! An adapter turns the feature `conformance` on for its own tests alone, and has one test file:
//!
//! ```ignore
//! ftp_driver::conformance_tests!(MyRuntime::new(), my_block_on);
//! ```
//!
//! Who writes a store, and no runtime, takes [`storage`] alone.
//!
//! Every function here is one test and panics where the adapter breaks the contract. All of them stay on the loopback
//! interface, on ports that the system chooses, and in folders of their own below the system's temporary folder; none
//! waits for a state by sleeping.
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "to panic is how a test fails"
)]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::future_not_send,
    reason = "these are tests"
)]

mod at_rest;
pub mod between;
mod by_hand;
pub mod cancelling;
pub mod certificates;
pub mod commands;
pub mod connecting;
pub mod deadlines;
pub mod direct;
pub mod disk;
pub mod failures;
pub mod faults;
pub mod footprint;
mod held;
pub mod in_place;
pub mod limits;
pub mod links;
pub mod marked;
pub mod modes;
pub mod network;
mod peer;
pub mod pools;
pub mod proxies;
pub mod servers;
pub mod sessions;
mod site;
mod staged;
pub mod steady;
pub mod stopping;
pub mod storage;
pub mod streams;
mod support;
pub mod tasks;
pub mod threads;
pub mod tls;
pub mod tls_faults;
mod tls_peer;
pub mod transfers;
mod tricky;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::runtime::{Runtime, Timer};

/// How long one test may take: far longer than any does, and not for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs one test, and has it fail rather than hang.
pub async fn watched<R: Runtime>(runtime: &R, test: impl Future<Output = ()>) {
    let mut timer = runtime.timer();
    timer.set(Some(runtime.now() + PATIENCE));
    let mut test = pin!(test);
    poll_fn(|context| {
        if test.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        assert!(timer.poll(context).is_pending(), "the test hangs");
        Poll::Pending
    })
    .await;
}

/// An empty folder of this machine, for the suite of [`storage`]; it goes away with the test.
pub fn local_shelf<R: Runtime>(runtime: R) -> impl storage::Shelf {
    support::Scratch::new(runtime)
}

/// Drives a future until it is ready or was polled so often, and drops it: nothing then.
pub async fn polled<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = Box::pin(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Makes a `#[test]` of every conformance test. It takes an expression that makes the runtime's handle, and the path
/// of a function that drives a future to its end in that runtime.
///
/// With the word `simulated` after these it leaves out what needs threads and the system's own sockets, which a runtime in a simulation
/// has not.
#[macro_export]
macro_rules! conformance_tests {
    ($runtime:expr, $block_on:path) => {
        $crate::conformance_tests! { $runtime, $block_on, simulated }
        $crate::conformance_tests! { @room $runtime, $block_on, threads:
            blocks_elsewhere, finishes_unawaited_work, room_is_found_at_once, a_flood_leaves_room, an_abort_is_heard_at_once,
            endless_tickets_keep_nobody, a_crowd_is_let_in_by_turns, a_deadline_is_heeded_in_a_flood
        }
    };
    ($runtime:expr, $block_on:path, simulated) => {
        $crate::conformance_tests! { @room $runtime, $block_on, network:
            transfers_both_ways, addresses_agree, an_end_is_not_a_reset, reset_on_drop_is_seen, a_question_tells_of_a_reset, a_dropped_connect_is_a_reset, waits_both_ways_at_once,
            readiness_is_not_stale_after_the_bare_handle, urgent_bytes_stay_in_line, a_refused_connect_fails,
            connects_from_an_address, connects_over_ipv6, accepts_several
        }
        $crate::conformance_tests! { @room $runtime, $block_on, tasks:
            the_clock_is_shared, a_timer_fires, a_timer_is_set_again, a_timer_is_unset, a_timer_takes_any_moment,
            spawns, survives_a_panicking_task, raises_a_panic
        }
        mod storage {
            #[allow(unused_imports)]
            use super::*;

            $crate::storage_tests! { @all (local $runtime, $block_on) }
        }
        $crate::conformance_tests! { @room $runtime, $block_on, disk:
            describes_files, takes_any_name, the_system_refuses, changes_facts, heeds_a_umask, copies_leave_nothing_else,
            digests_are_not_stale, a_dropped_upload_leaves_no_file, keeps_permissions, follows_a_renamed_folder, removes_leftovers
        }
        $crate::conformance_tests! { @room $runtime, $block_on, links:
            nothing_leads_out, links_are_listed, replaces_a_link_itself, links_stay_inside, nothing_is_done_outside,
            opens_only_plain_files
        }
        $crate::conformance_tests! { @room $runtime, $block_on, commands:
            commands_reach_the_store, lists_what_matches, facts_are_of_folders, a_digest_is_given_up
        }
        $crate::conformance_tests! { @room $runtime, $block_on, sessions:
            logs_in, refuses_wrong_logins, a_refused_login_waits, anonymous_may_read, users_take_turns, serves_fifty_at_once,
            connects_in_every_way, goes_on_after_refusals, a_panic_ends_one_session
        }
        $crate::conformance_tests! { @room $runtime, $block_on, transfers:
            moves_every_size, counts_what_moved, resumes_downloads, resumes_uploads, converts_line_ends, takes_any_name,
            lists_a_thousand_files, changes_files, tells_when_files_changed, answers_during_a_transfer,
            quits_after_the_transfer, aborts_uploads
        }
        $crate::conformance_tests! { @room $runtime, $block_on, modes:
            moves_under_all_parameters, a_mark_is_an_end, blocks_keep_their_connection, kept_connections_end, markers_are_answered,
            a_client_keeps_the_connection, a_client_recovers_in_blocks, an_urgent_abort,
            what_has_no_end_is_not_kept
        }
        $crate::conformance_tests! { @room $runtime, $block_on, marked:
            a_marked_end_needs_no_other, tls_marks_the_end, a_clients_end_is_waited_for, an_early_timer_is_set_again, an_end_that_never_comes
        }
        $crate::conformance_tests! { @room $runtime, $block_on, cancelling:
            a_dropped_download_is_aborted, a_dropped_upload_changes_nothing, any_poll_may_be_the_last, a_dropped_digest_leaves_its_algorithm,
            any_poll_may_end_a_connect, any_poll_may_end_a_download, any_poll_may_end_an_upload, any_poll_may_end_a_change,
            dropped_pieces_are_not_lost, a_client_vanishes, a_reset_is_not_an_end, a_broken_append_can_go_on,
            a_full_disk_is_told
        }
        $crate::conformance_tests! { @room $runtime, $block_on, in_place:
            an_abort_waits_for_a_write, an_abort_waits_for_a_new_file, a_session_outlives_its_write, a_session_outlives_its_commit, a_session_outlives_its_removal,
            a_hidden_write_is_not_waited_for,
            a_stop_does_not_wait_for_ever
        }
        $crate::conformance_tests! { @room $runtime, $block_on, direct:
            a_client_moves_files, the_rest_of_a_download_is_saved, a_clients_file_may_fail, a_clients_file_may_shrink, a_clients_file_may_grow,
            lent_files_keep_their_place, files_change_while_they_are_sent,
            ports_are_used_again, accepts_at_once, accepts_between_waits, small_files_are_whole, urgent_bytes_are_part_of_an_upload
        }
        $crate::conformance_tests! { @room $runtime, $block_on, between:
            copies_between_servers, refused_copies_are_told, a_dropped_copy_is_aborted
        }
        $crate::conformance_tests! { @room $runtime, $block_on, limits:
            strangers_get_no_data, strangers_give_no_data, third_parties_are_refused, nobody_listens,
            passive_ports_keep_to_their_range, all_ports_are_taken, sessions_are_limited, sessions_of_an_address_are_limited,
            silence_ends_a_session, stalled_transfers_end, slow_transfers_go_on, a_peer_that_never_reads, nonsense_is_answered
        }
        $crate::conformance_tests! { @room $runtime, $block_on, faults:
            slow_downloads_go_on, slow_listings_go_on, the_search_for_a_port_ends, lost_connections_are_passed_over,
            a_lost_listener_is_given_up, what_has_come_is_no_stall, who_has_come_is_not_missing
        }
        $crate::conformance_tests! { @room $runtime, $block_on, footprint:
            a_session_is_small
        }
        $crate::conformance_tests! { @room $runtime, $block_on, connecting:
            looks_names_up, tries_every_address, a_deadline_covers_it_all, logs_in_as_it_connects, shows_the_greeting,
            connects_from_a_source, active_ports_keep_to_their_range, a_nat_address_is_told
        }
        $crate::conformance_tests! { @room $runtime, $block_on, proxies:
            carry_everything, look_names_up, refuse, refuse_data, are_silent, are_silent_about_data, say_nonsense, take_no_active_mode
        }
        $crate::conformance_tests! { @room $runtime, $block_on, failures:
            refusals_change_nothing, lost_sessions_leave_doubt, missing_replies_leave_doubt, transfers_leave_doubt, nothing_is_begun_on_the_dead
        }
        $crate::conformance_tests! { @room $runtime, $block_on, deadlines:
            end_commands, end_downloads, end_uploads, count_what_was_answered, hold_for_all_that_is_asked, the_earlier_one_holds, are_lifted
        }
        $crate::conformance_tests! { @room $runtime, $block_on, streams:
            readers_and_writers, an_end_is_the_whole, a_writer_that_is_not_closed_aborts, entries_are_a_stream, progress_is_told, others_have_their_turn
        }
        $crate::conformance_tests! { @room $runtime, $block_on, steady:
            questions_are_repeated, changes_are_not, what_was_not_begun_is_repeated, what_went_well_is_not_repeated, the_default_is_never, attempts_end,
            downloads_go_on, changed_files_do_not, a_folder_that_is_gone_is_told
        }
        $crate::conformance_tests! { @room $runtime, $block_on, pools:
            sessions_are_used_again, sites_are_told_apart, limits_hold, the_first_come_is_served_first, who_gives_up_gives_back,
            the_dead_are_discarded, the_silent_are_found_out, changes_do_not_pass_on, what_was_dropped_is_brought_to_its_end,
            the_idle_end, the_idle_make_room
        }
        $crate::conformance_tests! { @room $runtime, $block_on, stopping:
            lets_transfers_end, cuts_off, stops_all_listeners, the_last_reply_is_heard
        }
        $crate::conformance_tests! { @room $runtime, $block_on, tls:
            moves_under_tls, moves_under_implicit_tls, data_may_be_clear, every_mode_under_tls, two_hundred_resume,
            parallel_connections_share_nothing, a_stolen_ticket_is_refused,
            dropped_transfers_leave_tickets, commands_in_clear_again,
            any_poll_may_be_the_last, servers_are_checked, clients_are_checked, certificates_are_read_again,
            hosts_have_their_own, old_versions_are_refused, what_is_not_there_is_refused
        }
        $crate::conformance_tests! { @room $runtime, $block_on, certificates:
            a_certificate_names_its_user, nobody_is_known_in_clear_text, authorities_are_read_again
        }
        $crate::conformance_tests! { @room $runtime, $block_on, tls_faults:
            early_commands_are_never_run, early_replies_are_never_heard, truncated_uploads_are_told,
            truncated_downloads_are_told, resets_under_tls_are_told, failed_handshakes_are_answered,
            stalled_handshakes_time_out, another_protocol_is_refused, a_silent_control_handshake_times_out,
            begins_anew, what_follows_tls_is_clear, slow_downloads_go_on, an_idle_session_holds_no_buffer
        }
        $crate::conformance_tests! { @room $runtime, $block_on, servers:
            greetings_are_checked, an_endless_line_times_out, silent_servers_time_out,
            replies_are_checked, a_missing_reply_times_out,
            broken_downloads_are_told, lost_sessions_are_told, the_last_word_costs_no_data, stalled_data_times_out, missing_data_times_out,
            a_host_in_a_227_is_ignored, refused_uploads_are_told, falls_back_to_pasv,
            slow_servers_are_waited_for
        }
    };
    (@room $runtime:expr, $block_on:path, $room:ident: $($test:ident),*) => {
        mod $room {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[test]
                fn $test() {
                    $block_on(async {
                        let runtime = $runtime;
                        $crate::conformance::watched(&runtime, $crate::conformance::$room::$test(runtime.clone())).await;
                    });
                }
            )*
        }
    };
}
