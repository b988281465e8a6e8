//! One run: the scheduler that polls tasks and lets things happen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ftp_sansio::time::Instant;

use crate::conditions::Conditions;
use crate::connection::{ACCEPTED, CONNECTED, Stage};
use crate::network::Network;
use crate::task::{Ended, Task};
use crate::trace::{Event, Trace};
use crate::world::{Happening, Shared, Waiting, World};

/// The number of the main future among the tasks.
pub(crate) const MAIN: u64 = 0;

/// What a poll takes of virtual time, so that a task that works without a wait does not stop the clock.
const POLL: Duration = Duration::from_micros(10);

/// How many polls in a row without anything happening are a task that wakes itself for ever.
const MOST_POLLS: u64 = 10_000_000;

/// Who hears of what happens in the network.
type Observer = dyn FnMut(Instant, &Event) + Send;

/// A run that is about to begin.
pub struct Simulation {
    seed: u64,
    conditions: Conditions,
    limit: Duration,
    observer: Option<Box<Observer>>,
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation")
            .field("seed", &self.seed)
            .field("conditions", &self.conditions)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl Simulation {
    /// A run of which everything that is left open is decided by the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            conditions: Conditions::default(),
            limit: Duration::from_secs(24 * 3600),
            observer: None,
        }
    }

    /// What the network is like. By default a local one: [`Conditions::default`].
    #[must_use]
    pub fn network(mut self, conditions: Conditions) -> Self {
        self.conditions = conditions;
        self
    }

    /// How much virtual time the run may take before it counts as hanging: by default a day.
    #[must_use]
    pub const fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Hears of every event on the network, with its time. To look at a run that went wrong: repeat it, and print them.
    #[must_use]
    pub fn observe(mut self, observer: impl FnMut(Instant, &Event) + Send + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Runs a future to its end, and with it all tasks that are spawned meanwhile; those that are left then are dropped.
    ///
    /// # Panics
    /// Where the future does; where it waits for what will never come, since nothing is left to happen (the message says which task
    /// waits for what); where it takes longer than the [limit](Self::limit); where a task wakes itself without end. The seed is
    /// printed then.
    pub fn run<T, F: Future<Output = T>>(self, main: impl FnOnce(Network) -> F) -> T {
        let _announced = Announced(self.seed);
        let trace = Trace::new(self.observer);
        let shared = Shared::new(World::new(self.seed, self.conditions, trace));
        let mut scheduler = Scheduler {
            shared: Arc::clone(&shared),
            tasks: BTreeMap::new(),
            limit: Instant::EPOCH + self.limit,
            idle_polls: 0,
        };
        let mut main = pin!(main(Network::new(shared)));
        let waker = scheduler.shared.ready.waker(MAIN);
        scheduler.shared.ready.insert(MAIN);
        loop {
            if scheduler.next() == MAIN {
                let polled = main.as_mut().poll(&mut Context::from_waker(&waker));
                scheduler.polled();
                if let Poll::Ready(output) = polled {
                    return output;
                }
            }
        }
    }
}

/// Says which seed it was, if the run ends in a panic.
struct Announced(u64);

impl Drop for Announced {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the simulation's seed was {}", self.0);
        }
    }
}

struct Scheduler {
    shared: Arc<Shared>,
    tasks: BTreeMap<u64, Task>,
    limit: Instant,
    idle_polls: u64,
}

impl Scheduler {
    /// Lets things happen and polls tasks, until it is the main future's turn, or one task was polled.
    fn next(&mut self) -> u64 {
        self.happen();
        self.adopt();
        let task = self
            .shared
            .ready
            .take(|count| self.shared.with(|world| world.random.index(count)));
        let Some(id) = task else {
            self.advance();
            return u64::MAX;
        };
        self.idle_polls += 1;
        assert!(
            self.idle_polls < MOST_POLLS,
            "a task wakes itself without end{}",
            self.report(Some(id))
        );
        self.shared.with(|world| world.current = id);
        if id != MAIN {
            self.poll_task(id);
        }
        id
    }

    fn poll_task(&mut self, id: u64) {
        // One that has ended may be woken all the same.
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        let polled = task.poll();
        self.polled();
        if let Poll::Ready(ended) = polled {
            self.tasks.remove(&id);
            self.shared.with(|world| {
                world.tasks.remove(&id);
                world.panicked += usize::from(ended == Ended::Panicked);
            });
        }
    }

    fn polled(&self) {
        self.shared.with(|world| world.now += POLL);
    }

    /// Takes over what was spawned.
    fn adopt(&mut self) {
        for task in self.shared.with(|world| std::mem::take(&mut world.spawned)) {
            self.shared.ready.insert(task.id);
            self.tasks.insert(task.id, task);
        }
    }

    /// Lets everything happen whose time has come.
    fn happen(&mut self) {
        while let Some(happening) = self.shared.with(|world| {
            let is_due = world.next().is_some_and(|at| at <= world.now);
            is_due.then(|| world.take_next()).flatten()
        }) {
            self.idle_polls = 0;
            if let Some(work) = self.shared.with(|world| world.happen(happening)) {
                work();
                self.shared.with(|world| world.works -= 1);
            }
        }
    }

    /// Nobody can go on: time passes until something happens.
    fn advance(&self) {
        let next = self.shared.with(|world| {
            let next = world.next();
            world.now = next.map_or(world.now, |next| next.max(world.now));
            next
        });
        match next {
            Some(next) => assert!(
                next <= self.limit,
                "the run takes longer than it may{}",
                self.report(None)
            ),
            // Work that was done on another thread might still wake somebody. Nothing of that kind belongs into a simulation.
            None => assert!(
                !self.shared.ready.is_empty(),
                "a deadlock: nothing is left to happen{}",
                self.report(None)
            ),
        }
    }

    fn report(&self, culprit: Option<u64>) -> String {
        self.shared.with(|world| world.report(culprit))
    }
}

impl Drop for Scheduler {
    /// Tasks are dropped in order. What they spawn or begin while they are is dropped too.
    fn drop(&mut self) {
        let left = self.shared.with(World::close);
        self.tasks.clear();
        drop(left);
    }
}

impl World {
    /// Lets something happen; blocking work is given back, to be done where the world is free.
    fn happen(&mut self, happening: Happening) -> Option<crate::world::Work> {
        match happening {
            Happening::Arrival {
                connection,
                to,
                segment,
            } => self.arrive(connection, to, segment),
            Happening::GivenUp { connection } => self.give_up(connection),
            Happening::Timer(timer) => self.fire_timer(timer),
            Happening::Work(work) => return Some(work),
        }
        None
    }

    pub(crate) fn spawn(
        &mut self,
        shared: &Shared,
        task: impl Future<Output = ()> + Send + 'static,
        at: &'static Location<'static>,
    ) {
        let id = self.id();
        self.tasks.insert(id, at);
        let waker = shared.ready.waker(id);
        self.spawned.push(Task::new(id, task, waker));
    }

    /// Who waits for what.
    fn report(&self, culprit: Option<u64>) -> String {
        let mut waits: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        let mut add = |waiting: &Option<Waiting>, what: String| {
            if let Some(waiting) = waiting {
                waits.entry(waiting.task).or_default().push(what);
            }
        };
        for listening in self.listeners.values() {
            add(
                &listening.acceptor,
                format!("a connection to {}", listening.at),
            );
        }
        for connection in self.connections.values() {
            for (side, end) in connection.ends.iter().enumerate() {
                let peer = connection.ends[CONNECTED + ACCEPTED - side].address;
                let here = end.address;
                add(&end.reader, format!("bytes at {here} from {peer}"));
                let what = match connection.stage {
                    Stage::Asked => format!("the connection from {here} to {peer}"),
                    _ => format!("room to write at {here} to {peer}"),
                };
                add(&end.writer, what);
            }
        }
        for (at, waiting) in self.timed() {
            add(waiting, format!("{at:?}"));
        }
        let mut report = format!(", at {:?}", self.now);
        let spawned = self
            .tasks
            .iter()
            .map(|(id, at)| (*id, format!("the task of {at}")));
        for (id, name) in std::iter::once((MAIN, "the main future".to_owned())).chain(spawned) {
            let waits = waits.remove(&id).map(|waits| waits.join(", or "));
            let waits = waits.as_deref().unwrap_or("nothing that is known here");
            let verb = match culprit == Some(id) {
                true => "was polled last, and waits for",
                false => "waits for",
            };
            // Writing to a string does not fail.
            let _ = write!(report, "\n  {name} {verb} {waits}");
        }
        report
    }
}
