//! Sessions that are kept for the next who wants one to the same site.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ftp_sansio::time::Instant;
use ftp_sansio::wire::Arg;

use super::{Client, Error, Site, Target};
use crate::runtime::{Runtime, sleep, within};

/// How long a session may take to prove that it is there.
const CHECK: Duration = Duration::from_secs(5);

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// A checkout holds its session until it is dropped.
const HELD: &str = "the session is held until this is dropped";

/// How often idle sessions are looked at, at the most.
const LEAST_REST: Duration = Duration::from_millis(10);

/// How many sessions a [`Pool`] may have, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PoolSettings {
    /// The most sessions with one server (host and port), those of all its sites together. At least 1; by default 4.
    pub per_host: usize,
    /// The most sessions in all. At least 1; by default 64.
    pub total: usize,
    /// How long a session is kept that nobody wants: by default a minute, less than servers wait.
    pub idle: Duration,
    /// After how long without a use a session is asked whether it is there (NOOP) before it is given away: by default 5 seconds.
    pub check_after: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            per_host: 4,
            total: 64,
            idle: Duration::from_secs(60),
            check_after: Duration::from_secs(5),
        }
    }
}

/// How many sessions there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct PoolStatus {
    /// Waiting for somebody who wants them.
    pub idle: usize,
    /// Checked out, or being made.
    pub busy: usize,
    /// Those who wait for one.
    pub waiting: usize,
}

/// Sessions that are kept and given to who wants one of exactly their [`Site`]: the same server, settings, proxy and login. Clones are the same
/// pool.
///
/// ```no_run
/// # async fn example<R: ftp_driver::Runtime>(runtime: R) -> Result<(), Box<dyn std::error::Error>> {
/// use ftp_driver::client::{Pool, PoolSettings, Site, Target};
/// # use std::time::Duration;
///
/// let pool = Pool::new(runtime, PoolSettings::default());
/// let site = Site::new(Target::new("ftp.example.org", 21)?);
/// let mut client = pool.checkout(&site, Duration::from_secs(30)).await?;
/// client.list(None).await?;
/// drop(client); // The next checkout gets the same session.
/// # Ok(())
/// # }
/// ```
pub struct Pool<R: Runtime> {
    shared: Arc<Shared<R>>,
}

impl<R: Runtime> Clone for Pool<R> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<R: Runtime> std::fmt::Debug for Pool<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("settings", &self.shared.settings)
            .field("status", &self.status())
            .finish()
    }
}

struct Shared<R: Runtime> {
    runtime: R,
    settings: PoolSettings,
    state: Mutex<State<R>>,
}

struct State<R: Runtime> {
    /// In the order in which they came back.
    idle: Vec<Idle<R>>,
    /// How many sessions there are with each server: idle, checked out, or being made.
    open: HashMap<Target, usize>,
    /// In the order in which they came.
    waiting: VecDeque<Waiting>,
    granted: HashMap<u64, Claim<R>>,
    serial: u64,
    is_tended: bool,
}

/// A session that nobody uses.
struct Idle<R: Runtime> {
    site: Arc<Site>,
    client: Client<R>,
    home: Option<Arg>,
    since: Instant,
}

struct Waiting {
    id: u64,
    site: Arc<Site>,
    waker: Option<Waker>,
}

/// What somebody who waited has got.
enum Claim<R: Runtime> {
    Session(Box<Idle<R>>),
    /// The right to make one.
    Place,
}

impl<R: Runtime> State<R> {
    fn total(&self) -> usize {
        self.open.values().sum()
    }

    fn release(&mut self, host: &Target) {
        if let Some(count) = self.open.get_mut(host) {
            *count -= 1;
            if *count == 0 {
                self.open.remove(host);
            }
        }
    }

    /// Gives what there is to those who wait, in their order; somebody who needs what is not there holds up nobody who does not. Wakes them, and
    /// gives the sessions that had to make room.
    fn serve(&mut self, settings: &PoolSettings) -> Vec<Idle<R>> {
        let mut evicted = Vec::new();
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain_mut(|waiting| {
            let Some(claim) = self.claim(&waiting.site, settings, &mut evicted) else {
                return true;
            };
            self.granted.insert(waiting.id, claim);
            waiting.waker.take().into_iter().for_each(Waker::wake);
            false
        });
        self.waiting = waiting;
        evicted
    }

    fn claim(
        &mut self,
        site: &Arc<Site>,
        settings: &PoolSettings,
        evicted: &mut Vec<Idle<R>>,
    ) -> Option<Claim<R>> {
        // The one that was used last is the likeliest to be there.
        if let Some(at) = self.idle.iter().rposition(|idle| idle.site == *site) {
            return Some(Claim::Session(Box::new(self.idle.remove(at))));
        }
        let host = &site.server;
        let count = self.open.get(host).copied().unwrap_or_default();
        if count >= settings.per_host.max(1) {
            self.evict(|idle| idle.site.server == *host, evicted)?;
        }
        if self.total() >= settings.total.max(1) {
            self.evict(|_| true, evicted)?;
        }
        *self.open.entry(host.clone()).or_default() += 1;
        Some(Claim::Place)
    }

    /// Takes out the session that was idle for longest among these.
    fn evict(
        &mut self,
        which: impl Fn(&Idle<R>) -> bool,
        evicted: &mut Vec<Idle<R>>,
    ) -> Option<()> {
        let at = self.idle.iter().position(which)?;
        let idle = self.idle.remove(at);
        self.release(&idle.site.server);
        evicted.push(idle);
        Some(())
    }
}

impl<R: Runtime> Shared<R> {
    /// It is held for moments, and nothing in it can be left half done.
    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, and then serves those who wait. Sessions end outside of the lock.
    fn change<T>(&self, change: impl FnOnce(&mut State<R>) -> T) -> T {
        let mut state = self.state();
        let changed = change(&mut state);
        let evicted = state.serve(&self.settings);
        drop(state);
        drop(evicted);
        changed
    }

    /// Takes out what was idle for too long; nothing where no session is left to look after.
    fn expired(&self) -> Option<(Vec<Idle<R>>, Duration)> {
        let mut state = self.state();
        if state.open.is_empty() {
            state.is_tended = false;
            return None;
        }
        let (now, limit) = (self.runtime.now(), self.settings.idle);
        let age = |idle: &Idle<R>| now.saturating_since(idle.since);
        let (expired, kept) = std::mem::take(&mut state.idle)
            .into_iter()
            .partition::<Vec<_>, _>(|idle| age(idle) >= limit);
        state.idle = kept;
        for idle in &expired {
            state.release(&idle.site.server);
        }
        let oldest = state.idle.first().map(age).unwrap_or_default();
        Some((expired, limit.saturating_sub(oldest).max(LEAST_REST)))
    }
}

/// Ends sessions that nobody wants any more, as long as there are any.
async fn tend<R: Runtime>(runtime: R, shared: Weak<Shared<R>>) {
    loop {
        let Some(strong) = shared.upgrade() else {
            return;
        };
        let Some((expired, rest)) = strong.expired() else {
            return;
        };
        // What they held is free.
        strong.change(|_| ());
        drop(strong);
        for idle in expired {
            let _ = within(&runtime, GOODBYE, idle.client.quit()).await;
        }
        sleep(&runtime, rest).await;
    }
}

/// A place among those who wait.
struct Ticket<R: Runtime> {
    shared: Arc<Shared<R>>,
    site: Arc<Site>,
    id: u64,
}

impl<R: Runtime> Ticket<R> {
    fn take(shared: &Arc<Shared<R>>, site: &Arc<Site>) -> Self {
        let id = shared.change(|state| {
            state.serial += 1;
            state.waiting.push_back(Waiting {
                id: state.serial,
                site: site.clone(),
                waker: None,
            });
            state.serial
        });
        Self {
            shared: shared.clone(),
            site: site.clone(),
            id,
        }
    }

    fn poll(&self, context: &Context<'_>) -> Poll<Claim<R>> {
        let mut state = self.shared.state();
        if let Some(claim) = state.granted.remove(&self.id) {
            return Poll::Ready(claim);
        }
        let mut waiting = state.waiting.iter_mut();
        if let Some(waiting) = waiting.find(|waiting| waiting.id == self.id) {
            waiting.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

impl<R: Runtime> Drop for Ticket<R> {
    /// Who does not wait any more gives back what was granted meanwhile.
    fn drop(&mut self) {
        self.shared.change(|state| {
            state.waiting.retain(|waiting| waiting.id != self.id);
            match state.granted.remove(&self.id) {
                Some(Claim::Session(idle)) => state.idle.push(*idle),
                Some(Claim::Place) => state.release(&self.site.server),
                None => {}
            }
        });
    }
}

/// A session's place in the count; dropping it gives it up.
struct Place<R: Runtime> {
    shared: Arc<Shared<R>>,
    site: Arc<Site>,
    /// An idle session has it again.
    is_kept: bool,
}

impl<R: Runtime> Drop for Place<R> {
    fn drop(&mut self) {
        if !self.is_kept {
            self.shared.change(|state| state.release(&self.site.server));
        }
    }
}

/// A session out of a [`Pool`]: a [`Client`]. Dropping it gives it back, if it can still be used; what was begun with it and dropped is brought to its end before the
/// next user has it.
///
/// It goes back to the folder that it was in at first. A session with another login, or one that was sent [raw](Client::raw) commands, is not given to
/// anybody else.
pub struct Checkout<R: Runtime> {
    /// Only dropping takes it out.
    client: Option<Client<R>>,
    home: Option<Arg>,
    place: Place<R>,
}

impl<R: Runtime> Deref for Checkout<R> {
    type Target = Client<R>;

    fn deref(&self) -> &Client<R> {
        self.client.as_ref().expect(HELD)
    }
}

impl<R: Runtime> DerefMut for Checkout<R> {
    fn deref_mut(&mut self) -> &mut Client<R> {
        self.client.as_mut().expect(HELD)
    }
}

impl<R: Runtime> std::fmt::Debug for Checkout<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Checkout").field(&self.client).finish()
    }
}

impl<R: Runtime> Drop for Checkout<R> {
    fn drop(&mut self) {
        let Some(mut client) = self.client.take() else {
            return;
        };
        let is_lost = client.changed.folder && self.home.is_none();
        if !client.is_usable() || client.changed.more || is_lost {
            return;
        }
        client.connection.observer = None;
        client.connection.abort();
        let shared = self.place.shared.clone();
        let idle = Idle {
            site: self.place.site.clone(),
            client,
            home: self.home.take(),
            since: shared.runtime.now(),
        };
        self.place.is_kept = true;
        shared.change(|state| state.idle.push(idle));
    }
}

impl<R: Runtime> Pool<R> {
    /// A pool without sessions.
    #[must_use]
    pub fn new(runtime: R, settings: PoolSettings) -> Self {
        let state = State {
            idle: Vec::new(),
            open: HashMap::new(),
            waiting: VecDeque::new(),
            granted: HashMap::new(),
            serial: 0,
            is_tended: false,
        };
        Self {
            shared: Arc::new(Shared {
                runtime,
                settings,
                state: Mutex::new(state),
            }),
        }
    }

    /// A session of this site: one that is there and idle, or a new one. Where there are as many as may be, an idle one of another site makes room;
    /// where none is idle, who came first is served first. All of it takes no longer than `deadline`.
    ///
    /// # Errors
    /// [`Error::Deadline`], and what connecting and logging in may say; see [`Builder::connect`](super::Builder::connect).
    pub async fn checkout(&self, site: &Site, deadline: Duration) -> Result<Checkout<R>, Error> {
        let site = Arc::new(site.clone());
        let checkout = Box::pin(self.claim(site));
        within(&self.shared.runtime, deadline, checkout)
            .await
            .unwrap_or(Err(Error::Deadline {
                begun: false,
                usable: false,
            }))
    }

    async fn claim(&self, site: Arc<Site>) -> Result<Checkout<R>, Error> {
        let ticket = Ticket::take(&self.shared, &site);
        let claim = poll_fn(|context| ticket.poll(context)).await;
        drop(ticket);
        let place = Place {
            shared: self.shared.clone(),
            site,
            is_kept: false,
        };
        self.have_tended();
        if let Claim::Session(idle) = claim
            && let Some((client, home)) = self.check(*idle).await
        {
            return Ok(Checkout {
                client: Some(client),
                home,
                place,
            });
        }
        let builder = Client::builder(self.shared.runtime.clone());
        let mut client = builder.connect_to(&place.site).await?;
        let home = match (&place.site.credentials, client.is_usable()) {
            (Some(_), true) => client.working_folder().await.ok(),
            // Whoever logs in with it has changed it anyhow.
            _ => None,
        };
        Ok(Checkout {
            client: Some(client),
            home,
            place,
        })
    }

    /// Brings an idle session back to what it was when it was new; nothing where it is not there any more.
    async fn check(&self, idle: Idle<R>) -> Option<(Client<R>, Option<Arg>)> {
        let Idle {
            mut client,
            home,
            since,
            ..
        } = idle;
        let age = self.shared.runtime.now().saturating_since(since);
        let is_in_doubt = age >= self.shared.settings.check_after;
        let mut bounded = client.with_deadline(CHECK);
        if bounded.changed.folder {
            bounded.change_folder(home.clone()?).await.ok()?;
            bounded.changed.folder = false;
        } else if is_in_doubt || bounded.connection.has_unfinished() {
            bounded.noop().await.ok()?;
        }
        drop(bounded);
        Some((client, home))
    }

    /// How many sessions there are.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let state = self.shared.state();
        let idle = state.idle.len();
        PoolStatus {
            idle,
            busy: state.total() - idle,
            waiting: state.waiting.len(),
        }
    }

    /// Has somebody look after idle sessions, from the first one on and until there are none. It is here that a task is begun, where there is a runtime
    /// for certain.
    fn have_tended(&self) {
        let mut state = self.shared.state();
        if !std::mem::replace(&mut state.is_tended, true) {
            let (runtime, shared) = (self.shared.runtime.clone(), Arc::downgrade(&self.shared));
            self.shared.runtime.spawn(tend(runtime, shared));
        }
    }
}
