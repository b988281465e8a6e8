//! Every operation of the client dropped after its k-th poll, for every k until it completes, where buffers are small and bytes come in small
//! parts, so that there are many. `cargo test -p ftp-runtime-simulated --test dropping -- --nocapture` prints how many.

use std::net::Ipv4Addr;

use ftp_runtime_simulated::conformance::{between, cancelling};
use ftp_runtime_simulated::{Conditions, Simulated, Simulation};

fn run<F: Future<Output = ()>>(test: impl FnOnce(Simulated) -> F) {
    Simulation::new(1)
        .network(Conditions::rough())
        .run(|net| test(net.host(Ipv4Addr::new(10, 0, 0, 1))));
}

#[test]
fn questions() {
    run(cancelling::any_poll_may_be_the_last);
}

#[test]
fn connecting_and_leaving() {
    run(cancelling::any_poll_may_end_a_connect);
}

#[test]
fn downloads() {
    run(cancelling::any_poll_may_end_a_download);
}

#[test]
fn uploads() {
    run(cancelling::any_poll_may_end_an_upload);
}

#[test]
fn changes() {
    run(cancelling::any_poll_may_end_a_change);
}

#[test]
fn copies_between_servers() {
    run(between::a_dropped_copy_is_aborted);
}
