//! Everything there is in a simulation but its tasks: the clock, what will happen, hosts, sockets, timers, blocking work.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use std::{io, mem};

use ftp_sansio::time::Instant;

use crate::conditions::{Conditions, Fault, Link};
use crate::connection::{Connection, Segment};
use crate::listening::Listening;
use crate::random::Random;
use crate::ready::Ready;
use crate::task::Task;
use crate::trace::{Event, Trace};

/// What every handle of a simulation holds.
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) ready: Arc<Ready>,
}

impl Shared {
    pub(crate) fn new(world: World) -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::new(world),
            ready: Arc::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        // What panics with the lock held is this crate itself, and the test has failed then.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the world. Who is to be woken by that is woken when the world is free again.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.lock();
        let done = change(&mut world);
        let wakers = mem::take(&mut world.wakers);
        drop(world);
        wakers.into_iter().for_each(Waker::wake);
        done
    }
}

/// Who waits for something.
pub(crate) struct Waiting {
    pub(crate) waker: Waker,
    /// The task that was polled when this was asked for.
    pub(crate) task: u64,
}

/// Blocking work, with its result on its way to who waits for it.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// What is going to happen.
pub(crate) enum Happening {
    /// A segment comes to one of a connection's two ends.
    Arrival {
        connection: u64,
        to: usize,
        segment: Segment,
    },
    /// An attempt to connect is given up.
    GivenUp { connection: u64 },
    /// A timer fires.
    Timer(u64),
    /// Blocking work is done.
    Work(Work),
}

/// A place in the queue of what is going to happen: first by its time, then in the order of asking.
pub(crate) type Place = (Instant, u64);

#[derive(Default)]
pub(crate) struct TimerState {
    at: Option<Instant>,
    place: Option<Place>,
    waiting: Option<Waiting>,
}

/// The ways between two hosts.
pub(crate) struct Way {
    pub(crate) link: Option<Link>,
    /// Until when the line is busy, by direction: from the first host of the pair, and from the second.
    pub(crate) busy_until: [Instant; 2],
    pub(crate) is_cut: bool,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) random: Random,
    pub(crate) conditions: Conditions,
    pub(crate) trace: Trace,
    happenings: BTreeMap<Place, Happening>,
    next_id: u64,
    pub(crate) hosts: Vec<Vec<IpAddr>>,
    pub(crate) ways: BTreeMap<(usize, usize), Way>,
    pub(crate) listeners: BTreeMap<u64, Listening>,
    pub(crate) connections: BTreeMap<u64, Connection>,
    timers: BTreeMap<u64, TimerState>,
    /// What the next connections from one host to another meet.
    pub(crate) faults: Vec<(usize, usize, Fault)>,
    /// The tasks that have not ended, and where they were spawned.
    pub(crate) tasks: BTreeMap<u64, &'static Location<'static>>,
    /// Tasks that the scheduler has not taken over yet.
    pub(crate) spawned: Vec<Task>,
    /// The task that is polled just now.
    pub(crate) current: u64,
    /// How many tasks have panicked.
    pub(crate) panicked: usize,
    /// Blocking work that is not done.
    pub(crate) works: usize,
    /// The run is over: nothing is begun any more.
    pub(crate) is_over: bool,
    /// Who is to be woken once the world is free.
    wakers: Vec<Waker>,
}

impl World {
    pub(crate) fn new(seed: u64, conditions: Conditions, trace: Trace) -> Self {
        Self {
            now: Instant::EPOCH,
            random: Random::new(seed),
            conditions,
            trace,
            happenings: BTreeMap::new(),
            next_id: 1,
            hosts: Vec::new(),
            ways: BTreeMap::new(),
            listeners: BTreeMap::new(),
            connections: BTreeMap::new(),
            timers: BTreeMap::new(),
            faults: Vec::new(),
            tasks: BTreeMap::new(),
            spawned: Vec::new(),
            current: 0,
            panicked: 0,
            works: 0,
            is_over: false,
            wakers: Vec::new(),
        }
    }

    /// A number that nothing else in this world has.
    pub(crate) const fn id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    pub(crate) fn note(&mut self, event: &Event) {
        self.trace.note(self.now, event);
    }

    pub(crate) fn plan(&mut self, at: Instant, happening: Happening) -> Place {
        let place = (at, self.id());
        self.happenings.insert(place, happening);
        place
    }

    /// Something will not happen after all.
    pub(crate) fn forget(&mut self, place: Place) {
        self.happenings.remove(&place);
    }

    /// When the next thing happens.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.happenings.keys().next().map(|place| place.0)
    }

    /// The next thing that happens, with the clock at its time.
    pub(crate) fn take_next(&mut self) -> Option<Happening> {
        let (place, happening) = self.happenings.pop_first()?;
        self.now = self.now.max(place.0);
        Some(happening)
    }

    /// Ends everything that is still to come, and gives what has to be dropped where the world is free.
    pub(crate) fn close(&mut self) -> impl Sized + use<> {
        self.is_over = true;
        (
            mem::take(&mut self.happenings),
            mem::take(&mut self.spawned),
        )
    }

    /// Who asks, to be woken later.
    pub(crate) fn waiting(&self, context: &Context<'_>) -> Waiting {
        Waiting {
            waker: context.waker().clone(),
            task: self.current,
        }
    }

    pub(crate) fn wake(&mut self, slot: Option<Waiting>) {
        self.wakers.extend(slot.map(|waiting| waiting.waker));
    }

    // Timers.

    pub(crate) fn new_timer(&mut self) -> u64 {
        let id = self.id();
        self.timers.insert(id, TimerState::default());
        id
    }

    pub(crate) fn set_timer(&mut self, id: u64, at: Option<Instant>) {
        let Some(timer) = self.timers.get_mut(&id) else {
            return;
        };
        timer.at = at;
        let (place, waiting) = (timer.place.take(), timer.waiting.take());
        if let Some(place) = place {
            self.happenings.remove(&place);
        }
        // Who waits for the old moment waits for the new one from now on.
        if let (Some(at), Some(waiting)) = (at, waiting) {
            let place = self.plan(at, Happening::Timer(id));
            if let Some(timer) = self.timers.get_mut(&id) {
                (timer.place, timer.waiting) = (Some(place), Some(waiting));
            }
        }
    }

    pub(crate) fn poll_timer(&mut self, id: u64, context: &Context<'_>) -> Poll<()> {
        let waiting = self.waiting(context);
        let Some(timer) = self.timers.get_mut(&id) else {
            return Poll::Pending;
        };
        let Some(at) = timer.at else {
            return Poll::Pending;
        };
        if at <= self.now {
            return Poll::Ready(());
        }
        timer.waiting = Some(waiting);
        if timer.place.is_none() {
            let place = self.plan(at, Happening::Timer(id));
            if let Some(timer) = self.timers.get_mut(&id) {
                timer.place = Some(place);
            }
        }
        Poll::Pending
    }

    pub(crate) fn fire_timer(&mut self, id: u64) {
        if let Some(timer) = self.timers.get_mut(&id) {
            timer.place = None;
            let waiting = timer.waiting.take();
            self.wake(waiting);
        }
    }

    pub(crate) fn drop_timer(&mut self, id: u64) {
        if let Some(place) = self.timers.remove(&id).and_then(|timer| timer.place) {
            self.happenings.remove(&place);
        }
    }

    /// Who waits for which moment.
    pub(crate) fn timed(&self) -> impl Iterator<Item = (Instant, &Option<Waiting>)> {
        let timers = self.timers.values();
        timers.filter_map(|timer| Some((timer.place?.0, &timer.waiting)))
    }

    // Blocking work.

    pub(crate) fn begin_work(&mut self, work: Work) {
        if self.is_over {
            return;
        }
        self.works += 1;
        let takes = self.random.time(&self.conditions.blocking);
        self.plan(self.now + takes, Happening::Work(work));
    }

    // Hosts and their addresses.

    pub(crate) fn host_with(&self, address: IpAddr) -> Option<usize> {
        self.hosts.iter().position(|host| host.contains(&address))
    }

    /// The host that is meant by an address, as another host (or itself) sees it.
    pub(crate) fn resolve(&self, from: usize, address: IpAddr) -> Option<usize> {
        match address.is_loopback() {
            true => Some(from),
            false => self.host_with(address),
        }
    }

    pub(crate) fn has_address(&self, host: usize, address: IpAddr) -> bool {
        address.is_loopback() || self.hosts[host].contains(&address)
    }

    /// The address from which a host goes to another where nobody says which.
    pub(crate) fn source(&self, host: usize, to: IpAddr) -> io::Result<IpAddr> {
        if to.is_loopback() {
            return Ok(match to {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        let mut own = self.hosts[host].iter();
        if own.clone().any(|address| *address == to) {
            return Ok(to);
        }
        own.find(|address| address.is_ipv4() == to.is_ipv4())
            .copied()
            .ok_or_else(|| io::ErrorKind::NetworkUnreachable.into())
    }

    /// A port of a host that nobody has, at a drawn place of the dynamic ones as Linux has them.
    pub(crate) fn free_port(&mut self, host: usize) -> io::Result<u16> {
        const PORTS: std::ops::RangeInclusive<u16> = 32768..=60999;
        let count = PORTS.len();
        let start = self.random.index(count);
        let is_free = |port: &u16| {
            let at = |address: SocketAddr| address.port() == *port;
            let listens = |listener: &Listening| listener.host == host && at(listener.at);
            let has_end = |connection: &Connection| {
                let mut ends = connection.ends.iter();
                ends.any(|end| end.host == host && at(end.address))
            };
            !self.listeners.values().any(listens) && !self.connections.values().any(has_end)
        };
        PORTS
            .skip(start)
            .chain(PORTS.take(start))
            .find(is_free)
            .ok_or_else(|| io::ErrorKind::AddrInUse.into())
    }

    // The ways between hosts.

    pub(crate) fn way(&mut self, a: usize, b: usize) -> &mut Way {
        self.ways.entry((a.min(b), a.max(b))).or_insert(Way {
            link: None,
            busy_until: [Instant::EPOCH; 2],
            is_cut: false,
        })
    }

    pub(crate) fn link(&mut self, a: usize, b: usize) -> Link {
        let own = self.way(a, b).link.clone();
        own.unwrap_or_else(|| self.conditions.link.clone())
    }

    /// When what leaves now (so many bytes, from one host to another) has left and arrived.
    pub(crate) fn arrival(&mut self, from: usize, to: usize, count: usize, link: &Link) -> Instant {
        let now = self.now;
        let delay = self.random.time(&link.delay);
        let way = self.way(from, to);
        let busy_until = &mut way.busy_until[usize::from(from > to)];
        let left = match link.bandwidth {
            Some(bandwidth) if count > 0 => {
                let nanos = count as u128 * 1_000_000_000 / u128::from(bandwidth.max(1));
                let takes = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
                *busy_until = now.max(*busy_until) + takes;
                *busy_until
            }
            _ => now,
        };
        left + delay
    }
}
