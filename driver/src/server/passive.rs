//! Ports for passive data connections, chosen so that nobody can guess the next one (RFC 2577 § 8).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use crate::runtime::Runtime;

/// The ports that are tried where the embedder named none: the dynamic ones (RFC 6335 § 6).
pub(super) const DYNAMIC: RangeInclusive<u16> = 49152..=65535;

/// How many ports are tried at random before all of the range are, one after another.
const RANDOM_TRIES: usize = 16;

/// Listens at a random free port of the range.
pub(super) fn listen<R: Runtime>(
    runtime: &R,
    address: IpAddr,
    ports: &RangeInclusive<u16>,
) -> io::Result<R::Listener> {
    let (low, count) = (u32::from(*ports.start()), ports.len());
    let mut start = 0;
    for _ in 0..RANDOM_TRIES.min(count * 2) {
        start =
            getrandom::u32().map_err(io::Error::other)? % u32::try_from(count.max(1)).unwrap_or(1);
        if let Ok(listener) = listen_at(runtime, address, low + start) {
            return Ok(listener);
        }
    }
    // A narrow or crowded range: from the last random place, all around it.
    let all = (0..u32::try_from(count).unwrap_or(0))
        .map(|step| low + (start + step) % u32::try_from(count).unwrap_or(1));
    let mut last = io::ErrorKind::AddrInUse.into();
    for port in all {
        match listen_at(runtime, address, port) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen_at<R: Runtime>(runtime: &R, address: IpAddr, port: u32) -> io::Result<R::Listener> {
    let port = u16::try_from(port).map_err(io::Error::other)?;
    runtime.listen(SocketAddr::new(address, port))
}
