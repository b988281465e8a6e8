//! Ports for servers that cannot ask the kernel for one.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process;
use std::time::Duration;

use crate::daemon::Daemon;
use crate::scratch::until;

/// How often a port that somebody else was given first is tried anew.
const TRIES: usize = 10;

/// How a server shows that it is the one on its port, and not another.
#[derive(Clone, Copy)]
pub(super) enum Sign {
    /// It greets with the [`banner`] of its address.
    Greeting,
    /// The system says that it listens there, on IPv4: for one that greets with words of its own, or behind TLS.
    Listener,
}

/// Starts a server on a port that was free a moment ago, and on another when it was taken meanwhile.
pub(super) fn on_a_free_port(
    ipv6: bool,
    sign: Sign,
    start: impl Fn(SocketAddr) -> Daemon,
) -> (Daemon, SocketAddr) {
    let mut said = String::new();
    for _ in 0..TRIES {
        let address = free_address(ipv6);
        let mut daemon = start(address);
        if ready(&mut daemon, address, sign) {
            return (daemon, address);
        }
        said = daemon.said();
    }
    panic!("a server ended {TRIES} times at its start: {said}");
}

/// What the server on this address says of itself.
pub(super) fn banner(address: SocketAddr) -> String {
    format!("peer of process {} on {}", process::id(), address.port())
}

fn free_address(ipv6: bool) -> SocketAddr {
    let host = if ipv6 {
        IpAddr::V6(Ipv6Addr::LOCALHOST)
    } else {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    };
    let probe = TcpListener::bind((host, 0)).expect("a loopback address");
    probe.local_addr().expect("a listener has an address")
}

/// Waits for its sign. `false`: it ended, since the port was taken.
fn ready(daemon: &mut Daemon, address: SocketAddr, sign: Sign) -> bool {
    until("a server's start", || match (daemon.ended(), sign) {
        (Some(_), _) => Some(false),
        (None, Sign::Greeting) => greets(address)?.then_some(true),
        (None, Sign::Listener) => daemon.listeners().contains(&address).then_some(true),
    })
}

fn greets(address: SocketAddr) -> Option<bool> {
    let wanted = format!("220 {}\r\n", banner(address));
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut bytes = vec![0; wanted.len()];
    stream.read_exact(&mut bytes).ok()?;
    Some(bytes == wanted.as_bytes())
}
