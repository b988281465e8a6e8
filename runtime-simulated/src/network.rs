//! The network as a test holds it: hosts to get runtimes from, and everything that can go wrong.

use std::fmt;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::panic::Location;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ftp_sansio::time::Instant;

use crate::conditions::{Fault, Link};
use crate::simulated::Simulated;
use crate::world::Shared;

/// The network of a simulation. Clones are the same network.
#[derive(Clone)]
pub struct Network {
    shared: Arc<Shared>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

/// What is in use: what a test that is about to end expects to be [nothing](Open::is_nothing).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Open {
    /// Connections of which somebody holds an end (or that wait to be accepted): who has connected, to whom.
    pub connections: Vec<(SocketAddr, SocketAddr)>,
    /// Listeners.
    pub listeners: Vec<SocketAddr>,
    /// Spawned tasks that have not ended, and where they were spawned.
    pub tasks: Vec<&'static Location<'static>>,
    /// Blocking work that is not done.
    pub works: usize,
}

impl Open {
    /// Whether nothing is.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Network {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The runtime of the host with this address; there is one from now on, if there was none. Every host has a loopback interface of its own
    /// besides.
    ///
    /// # Panics
    /// Where the address is no host's own: a loopback, unspecified or multicast one.
    #[must_use]
    pub fn host(&self, address: impl Into<IpAddr>) -> Simulated {
        self.host_with([address.into()])
    }

    /// The runtime of a host with several addresses, of which others may be known already; the first is the one from which it connects where
    /// nobody says otherwise.
    ///
    /// # Panics
    /// Where no address is given; where one is no host's own ([`host`](Self::host)), or belongs to another host than the first.
    #[must_use]
    pub fn host_with(&self, addresses: impl IntoIterator<Item = IpAddr>) -> Simulated {
        let addresses: Vec<IpAddr> = addresses.into_iter().collect();
        for address in &addresses {
            let is_own =
                !address.is_loopback() && !address.is_unspecified() && !address.is_multicast();
            assert!(is_own, "{address} is no host's own");
        }
        assert!(!addresses.is_empty(), "a host has an address");
        let host = self.shared.with(|world| {
            let known = world.host_with(addresses[0]).unwrap_or_else(|| {
                world.hosts.push(Vec::new());
                world.hosts.len() - 1
            });
            for address in addresses {
                match world.host_with(address) {
                    None => world.hosts[known].push(address),
                    Some(owner) => assert_eq!(owner, known, "{address} is another host's"),
                }
            }
            known
        });
        Simulated::new(self.shared.clone(), host)
    }

    fn pair(&self, a: IpAddr, b: IpAddr) -> (usize, usize) {
        let number = |address| Self::host_number(&self.host(address));
        (number(a), number(b))
    }

    const fn host_number(host: &Simulated) -> usize {
        host.host
    }

    /// What the way between two hosts (or from one to itself) is like from now on, in both directions.
    ///
    /// # Panics
    /// As [`host`](Self::host) does; so do all that name two hosts.
    pub fn set_link(&self, a: impl Into<IpAddr>, b: impl Into<IpAddr>, link: Link) {
        let (a, b) = self.pair(a.into(), b.into());
        self.shared.with(|world| world.way(a, b).link = Some(link));
    }

    /// Nothing arrives between two hosts until they are [joined](Self::heal) again; what was sent meanwhile does then. Nobody is told.
    pub fn partition(&self, a: impl Into<IpAddr>, b: impl Into<IpAddr>) {
        let (a, b) = self.pair(a.into(), b.into());
        self.shared.with(|world| world.way(a, b).is_cut = true);
    }

    /// Ends a [partition](Self::partition).
    pub fn heal(&self, a: impl Into<IpAddr>, b: impl Into<IpAddr>) {
        let (a, b) = self.pair(a.into(), b.into());
        self.shared.with(|world| {
            world.way(a, b).is_cut = false;
            world.release([a, b]);
        });
    }

    /// Resets all connections between two hosts, now and at both ends; how many they were.
    pub fn reset_between(&self, a: impl Into<IpAddr>, b: impl Into<IpAddr>) -> usize {
        let (a, b) = self.pair(a.into(), b.into());
        self.shared.with(|world| {
            let connections = world.connections.iter();
            let ids: Vec<u64> = connections
                .filter(|(_, connection)| {
                    let [one, other] = [0, 1].map(|side| connection.ends[side].host);
                    (one, other) == (a, b) || (one, other) == (b, a)
                })
                .map(|(id, _)| *id)
                .collect();
            ids.iter().for_each(|id| world.cut(*id));
            ids.len()
        })
    }

    /// Has the next connection that `from` asks `to` for meet a fault. Several are met by as many connections, in order.
    pub fn inject(&self, from: impl Into<IpAddr>, to: impl Into<IpAddr>, fault: Fault) {
        let (from, to) = self.pair(from.into(), to.into());
        self.shared
            .with(|world| world.faults.push((from, to, fault)));
    }

    /// The virtual time since the run began.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.shared.with(|world| world.now)
    }

    /// Lets virtual time pass.
    pub async fn sleep(&self, time: Duration) {
        let (id, until) = self.shared.with(|world| {
            let (id, until) = (world.new_timer(), world.now + time);
            world.set_timer(id, Some(until));
            (id, until)
        });
        let timer = crate::simulated::Timer::new(self.shared.clone(), id);
        poll_fn(|context| {
            // The clock decides.
            match self.shared.with(|world| world.now >= until) {
                true => Poll::Ready(()),
                false => timer.wait(context),
            }
        })
        .await;
    }

    /// A number below `bound` (0 where there is none), drawn from the same sequence as all else that the seed decides.
    #[must_use]
    pub fn draw(&self, bound: u64) -> u64 {
        self.shared.with(|world| world.random.below(bound))
    }

    /// A sum over all that has happened on the network so far: the same for two runs with the same seed, and as good as never for two
    /// that differ in a byte or in a moment.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.shared.with(|world| world.trace.sum())
    }

    /// What is in use just now. Sockets that are closed go on in the background, as the systems of real hosts have them, and are not
    /// counted.
    #[must_use]
    pub fn open(&self) -> Open {
        self.shared.with(|world| {
            let connections = world.connections.values();
            let held = connections.filter(|connection| connection.ends.iter().any(|end| end.held));
            Open {
                connections: held
                    .map(|connection| (connection.ends[0].address, connection.ends[1].address))
                    .collect(),
                listeners: world
                    .listeners
                    .values()
                    .map(|listening| listening.at)
                    .collect(),
                tasks: world.tasks.values().copied().collect(),
                works: world.works,
            }
        })
    }

    /// How many spawned tasks have ended in a panic. Each has ended alone, so that a test has to ask.
    #[must_use]
    pub fn panicked(&self) -> usize {
        self.shared.with(|world| world.panicked)
    }
}
