//! The calls that only Linux has, and what is done where they are missing.
//!
//! Everything here says "not this way" where it cannot do a thing, and the caller then goes the ordinary way: bytes through buffers, and
//! file work where blocking hurts nobody. The twin for other systems says so always. The feature `portable` puts it in place on Linux
//! too, so that tests go that way.

#[cfg(all(target_os = "linux", not(feature = "portable")))]
mod linux;
#[cfg(not(all(target_os = "linux", not(feature = "portable"))))]
mod portable;

#[cfg(all(target_os = "linux", not(feature = "portable")))]
pub(crate) use linux::{Pipe, is_cached, is_local, open_cached, read_cached, send_file, send_held};
#[cfg(not(all(target_os = "linux", not(feature = "portable"))))]
pub(crate) use portable::{
    Pipe, is_cached, is_local, open_cached, read_cached, send_file, send_held,
};

use std::sync::atomic::{AtomicU64, Ordering};

/// How much the kernel has moved by itself since the process began, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Moved {
    /// From files to sockets, by `sendfile`.
    pub sent: u64,
    /// From sockets to files, by `splice`.
    pub received: u64,
}

/// Whether this build uses the calls that only Linux has.
pub const IS_NATIVE: bool = cfg!(all(target_os = "linux", not(feature = "portable")));

static SENT: AtomicU64 = AtomicU64::new(0);
static RECEIVED: AtomicU64 = AtomicU64::new(0);

/// How much the kernel has moved by itself: always nothing where this build [uses no such calls](IS_NATIVE).
#[must_use]
pub fn moved() -> Moved {
    Moved {
        sent: SENT.load(Ordering::Relaxed),
        received: RECEIVED.load(Ordering::Relaxed),
    }
}

/// What a file is opened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// To be read; a pipe or a device is opened without waiting for anybody.
    Read,
    /// To learn what is known of it.
    Look,
    /// To go on from it: a folder, and nothing else.
    Enter,
}
