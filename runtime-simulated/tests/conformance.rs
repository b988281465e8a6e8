//! The contract of a runtime, and the local store on this one, on a network as most are and on one as some are.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::cell::RefCell;
use std::net::Ipv4Addr;

use ftp_runtime_simulated::{Conditions, Simulated, Simulation};

thread_local! {
    /// The host of the simulation that runs on this thread.
    static HOST: RefCell<Option<Simulated>> = const { RefCell::new(None) };
}

fn host() -> Simulated {
    HOST.with_borrow(|host| host.clone().unwrap())
}

fn run(conditions: Conditions, test: impl Future<Output = ()>) {
    Simulation::new(1).network(conditions).run(|net| {
        HOST.set(Some(net.host(Ipv4Addr::new(10, 0, 0, 1))));
        test
    });
}

mod local {
    use super::*;

    fn block_on(test: impl Future<Output = ()>) {
        run(Conditions::default(), test);
    }

    ftp_driver::conformance_tests!(host(), block_on, simulated);
}

mod rough {
    use super::*;

    fn block_on(test: impl Future<Output = ()>) {
        let mut rough = Conditions::rough();
        // The suite moves hundreds of megabytes, and a test has a server keep more than its peer reads.
        let usual = Conditions::default();
        rough.link.segment = usual.link.segment;
        (rough.send_buffer, rough.receive_buffer) = (usual.send_buffer, usual.receive_buffer);
        run(rough, test);
    }

    ftp_driver::conformance_tests!(host(), block_on, simulated);
}
