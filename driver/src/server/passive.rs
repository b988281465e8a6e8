//! Ports for passive data connections, chosen so that nobody can guess the next one (RFC 2577 § 8), and kept for a while.
//!
//! To open a port for each transfer costs more than a small file does. So listeners that have brought a transfer its connection are kept,
//! a few for each address, and lent out again: which one, the system's source of random bits decides. Every so often one is closed, and
//! another port opened in its stead. Whatever waits at a listener when it is lent out was meant for somebody else, and is reset.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::runtime::{Listener, Runtime, Stream};

/// The ports that are tried where the embedder named none: the dynamic ones (RFC 6335 § 6).
pub(super) const DYNAMIC: RangeInclusive<u16> = 49152..=65535;

/// How many ports are tried at the most.
const MOST_TRIES: u32 = 512;

/// How many listeners are kept for an address: as long as there are fewer, every transfer opens another.
const MOST_KEPT: usize = 16;

/// How many are kept in all, on a machine with many addresses.
const MOST_KEPT_IN_ALL: usize = 128;

/// How many transfers one serves.
const MOST_USES: u32 = 256;

/// How many waiting connections are reset before a listener is given up instead.
const MOST_STRAYS: usize = 64;

/// The listeners that are kept.
pub(super) struct Pool<L> {
    ports: RangeInclusive<u16>,
    /// How many for an address: never more than a quarter of the range, which is there for those that transfer at the same time.
    most: usize,
    kept: Mutex<Kept<L>>,
}

struct Kept<L> {
    by_address: HashMap<IpAddr, Vec<Open<L>>>,
    is_closed: bool,
}

struct Open<L> {
    listener: L,
    port: u16,
    uses: u32,
}

/// A listener that was lent out. Dropped, it is closed.
pub(super) struct Lent<L> {
    open: Open<L>,
    address: IpAddr,
    pool: Arc<Pool<L>>,
}

impl<L: Listener> Pool<L> {
    pub(super) fn new(ports: RangeInclusive<u16>) -> Arc<Self> {
        Arc::new(Self {
            most: MOST_KEPT.min(ports.len() / 4),
            ports,
            kept: Mutex::new(Kept {
                by_address: HashMap::new(),
                is_closed: false,
            }),
        })
    }

    /// A panic while they are held leaves them whole: each change is one statement.
    fn kept(&self) -> MutexGuard<'_, Kept<L>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A listener at a random port: a new one as long as few are kept, and where no port is left or none can be had, one of those.
    pub(super) fn lend<R: Runtime<Listener = L>>(
        self: &Arc<Self>,
        runtime: &R,
        address: IpAddr,
    ) -> io::Result<Lent<L>> {
        let random = runtime.random()?;
        let open = match self.choose(address, random, self.most.max(1)) {
            Some(open) => open,
            None => match open(runtime, address, &self.ports, random) {
                Ok(open) => open,
                Err(error) => self.choose(address, random, 1).ok_or(error)?,
            },
        };
        Ok(Lent {
            open,
            address,
            pool: Arc::clone(self),
        })
    }

    /// One of those that are kept, if they are at least so many.
    fn choose(&self, address: IpAddr, random: u64, least: usize) -> Option<Open<L>> {
        loop {
            let mut kept = self.kept();
            let here = kept.by_address.get_mut(&address)?;
            if here.len() < least {
                return None;
            }
            let mut open = here.swap_remove(index(random, here.len()));
            drop(kept);
            if open.is_drained() {
                return Some(open);
            }
        }
    }

    /// Closes all.
    pub(super) fn close(&self) {
        let mut kept = self.kept();
        kept.is_closed = true;
        let all = std::mem::take(&mut kept.by_address);
        drop(kept);
        drop(all);
    }
}

impl<L: Listener> Open<L> {
    /// Resets what waits to be accepted. False where that has no end.
    fn is_drained(&mut self) -> bool {
        for _ in 0..MOST_STRAYS {
            match self.listener.try_accept() {
                Ok((mut stray, _)) => stray.reset_on_drop(),
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        false
    }
}

impl<L: Listener> Lent<L> {
    pub(super) const fn port(&self) -> u16 {
        self.open.port
    }

    pub(super) const fn listener(&mut self) -> &mut L {
        &mut self.open.listener
    }

    /// It has served its transfer: it is kept for another, unless there are enough, or it has served enough.
    pub(super) fn keep(self) {
        let Self {
            mut open,
            address,
            pool,
        } = self;
        open.uses += 1;
        if open.uses >= MOST_USES {
            return;
        }
        let mut kept = pool.kept();
        let in_all: usize = kept.by_address.values().map(Vec::len).sum();
        let is_closed = kept.is_closed;
        let here = kept.by_address.entry(address).or_default();
        if !is_closed && here.len() < pool.most && in_all < MOST_KEPT_IN_ALL {
            here.push(open);
        }
    }
}

/// A place among `count`, of which there is one at least.
fn index(random: u64, count: usize) -> usize {
    usize::try_from(random % count as u64).unwrap_or(0)
}

/// Listens at a random free port of the range.
pub(crate) fn listen<R: Runtime>(
    runtime: &R,
    address: IpAddr,
    ports: &RangeInclusive<u16>,
) -> io::Result<R::Listener> {
    let random = runtime.random()?;
    open(runtime, address, ports, random).map(|open| open.listener)
}

fn open<R: Runtime>(
    runtime: &R,
    address: IpAddr,
    ports: &RangeInclusive<u16>,
    random: u64,
) -> io::Result<Open<R::Listener>> {
    let (low, count) = (
        u32::from(*ports.start()),
        u32::try_from(ports.len()).unwrap_or(0).max(1),
    );
    // What is below a `u32` is one.
    let random = (random % u64::from(count)) as u32;
    // From a random place on, around the range. Where that is crowded, so many tries are enough: each costs a system call or three,
    // and the session's thread waits for them.
    let mut refusal = io::Error::from(io::ErrorKind::AddrInUse);
    for step in 0..count.min(MOST_TRIES) {
        match open_at(runtime, address, low + (random + step) % count) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => refusal = error,
            result => return result,
        }
    }
    Err(refusal)
}

fn open_at<R: Runtime>(runtime: &R, address: IpAddr, port: u32) -> io::Result<Open<R::Listener>> {
    let port = u16::try_from(port).map_err(io::Error::other)?;
    let listener = runtime.listen(SocketAddr::new(address, port))?;
    Ok(Open {
        // A range may begin at 0, where the system chooses.
        port: match port {
            0 => listener.local_addr()?.port(),
            port => port,
        },
        listener,
        uses: 0,
    })
}
