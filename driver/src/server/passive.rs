//! Ports to listen at for data connections, chosen so that nobody can guess the next one (RFC 2577 § 8).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use crate::runtime::Runtime;

/// The ports that are tried where the embedder named none: the dynamic ones (RFC 6335 § 6).
pub(super) const DYNAMIC: RangeInclusive<u16> = 49152..=65535;

/// How many ports are tried at the most.
const MOST_TRIES: u32 = 512;

/// Listens at a random free port of the range.
pub(crate) fn listen<R: Runtime>(
    runtime: &R,
    address: IpAddr,
    ports: &RangeInclusive<u16>,
) -> io::Result<R::Listener> {
    let (low, count) = (
        u32::from(*ports.start()),
        u32::try_from(ports.len()).unwrap_or(0).max(1),
    );
    // What is below a `u32` is one.
    let random = (runtime.random()? % u64::from(count)) as u32;
    // From a random place on, around the range. Where that is crowded, so many tries are enough: each costs a system call or three,
    // and the session's thread waits for them.
    let mut refusal = io::Error::from(io::ErrorKind::AddrInUse);
    for step in 0..count.min(MOST_TRIES) {
        match listen_at(runtime, address, low + (random + step) % count) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => refusal = error,
            result => return result,
        }
    }
    Err(refusal)
}

fn listen_at<R: Runtime>(runtime: &R, address: IpAddr, port: u32) -> io::Result<R::Listener> {
    let port = u16::try_from(port).map_err(io::Error::other)?;
    runtime.listen(SocketAddr::new(address, port))
}
