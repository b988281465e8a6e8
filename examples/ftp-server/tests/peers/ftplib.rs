//! Python's ftplib as the client. What it says is written in Python, beside this file, where it reads best.

use std::net::SocketAddr;

use ftp_peers::{Runtime, command, need, on_both_runtimes, run, skip_without_ipv6};

use crate::House;

on_both_runtimes!(everything, everything_over_ipv6);

fn converse(house: &House, address: SocketAddr) {
    let script = include_str!("ftplib.py");
    let mut python = command(&need!("python3"));
    python.args([
        "-c",
        script,
        &address.ip().to_string(),
        &address.port().to_string(),
    ]);
    run(python.current_dir(house.here.path())).ok();
}

fn everything(runtime: Runtime) {
    let house = House::new(runtime);
    converse(&house, house.server.address());
}

fn everything_over_ipv6(runtime: Runtime) {
    if skip_without_ipv6() {
        return;
    }
    let house = House::new(runtime);
    converse(&house, house.server.address_v6());
}
