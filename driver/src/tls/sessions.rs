//! The sessions that data connections resume: each control connection has its own, on either side.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;
use rustls::server::StoresServerSessions;

/// How many tickets a client keeps, the newest. A server sends two with the control connection, and one or two with each data connection.
const TICKETS: usize = 8;

/// How many sessions of data connections a server keeps, the newest, besides the control connection's own.
const SESSIONS: usize = 8;

/// How many tickets a server sees to it that a client has, since some use each only once: one for the next data connection, and others for those that
/// break before their client has the ticket that they bring.
pub(super) const STOCK: usize = 4;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What it guards is whole after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a client may resume. There is one server, so that its name does not matter.
#[derive(Default)]
pub(super) struct ClientSessions(Mutex<Known>);

#[derive(Default)]
struct Known {
    group: Option<NamedGroup>,
    tls12: Option<Tls12ClientSessionValue>,
    tickets: VecDeque<Tls13ClientSessionValue>,
}

/// Prints no secrets.
impl fmt::Debug for ClientSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSessions").finish_non_exhaustive()
    }
}

impl ClientSessionStore for ClientSessions {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        lock(&self.0).group = Some(group);
    }

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        lock(&self.0).group
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        lock(&self.0).tls12 = Some(value);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        lock(&self.0).tls12.clone()
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        lock(&self.0).tls12 = None;
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        let tickets = &mut lock(&self.0).tickets;
        if tickets.len() >= TICKETS {
            tickets.pop_front();
        }
        tickets.push_back(value);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        lock(&self.0).tickets.pop_back()
    }
}

/// A session that a server keeps.
struct Session {
    name: Vec<u8>,
    secrets: Vec<u8>,
    /// The client may still have a ticket for it that it has not used.
    is_in_stock: bool,
}

/// What may be resumed under one control connection of a server: its own session, for as long as it lasts, and the last of the data
/// connections that resumed it.
///
/// A session that is taken stays: OpenSSL's clients present the same ticket for one data connection after the other.
#[derive(Default)]
pub(super) struct ServerSessions(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// The control connection's own.
    own: Vec<Session>,
    data: VecDeque<Session>,
}

/// Prints no secrets.
impl fmt::Debug for ServerSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSessions").finish_non_exhaustive()
    }
}

impl Kept {
    /// From the oldest to the newest.
    fn all(&self) -> impl Iterator<Item = &Session> {
        self.own.iter().chain(&self.data)
    }

    fn find(&self, name: &[u8]) -> Option<Vec<u8>> {
        let found = self.all().find(|session| session.name == name)?;
        Some(found.secrets.clone())
    }

    /// A client has used a ticket. Of those who use each once, the newest first, it has lost what came later than that one: a data
    /// connection that brought a ticket has ended before it could be read.
    fn used(&mut self, name: &[u8]) {
        let all = self.own.iter_mut().chain(&mut self.data);
        let mut all = all.skip_while(|session| session.name != name);
        // One that is used again is no sign of anything.
        if let Some(used) = all.next()
            && std::mem::replace(&mut used.is_in_stock, false)
        {
            all.for_each(|later| later.is_in_stock = false);
        }
    }

    fn stock(&self) -> usize {
        self.all().filter(|session| session.is_in_stock).count()
    }

    fn add(&mut self, session: Session) {
        if self.data.len() >= SESSIONS {
            // What was used may be used again, and what was not will be.
            let used = self.data.iter().position(|session| !session.is_in_stock);
            self.data.remove(used.unwrap_or(0));
        }
        self.data.push_back(session);
    }
}

impl ServerSessions {
    fn find(&self, name: &[u8]) -> Option<Vec<u8>> {
        lock(&self.0).find(name)
    }
}

impl StoresServerSessions for ServerSessions {
    fn put(&self, name: Vec<u8>, secrets: Vec<u8>) -> bool {
        let own = &mut lock(&self.0).own;
        let has_room = own.len() < STOCK;
        if has_room {
            own.push(Session {
                name,
                secrets,
                is_in_stock: true,
            });
        }
        has_room
    }

    fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.find(name)
    }

    fn take(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.find(name)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

/// The same as one data connection sees it: what its handshake brings is good for nothing until it is known that it resumed the control
/// connection's session. Else who had come with nothing could come again with what he was given.
pub(super) struct DataSessions {
    control: Arc<ServerSessions>,
    new: Mutex<Vec<Session>>,
}

impl fmt::Debug for DataSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataSessions").finish_non_exhaustive()
    }
}

impl DataSessions {
    pub(super) const fn new(control: Arc<ServerSessions>) -> Self {
        Self {
            control,
            new: Mutex::new(Vec::new()),
        }
    }

    /// The handshake resumed: what it brought can be resumed in its turn.
    pub(super) fn adopt(&self) {
        let mut kept = lock(&self.control.0);
        for session in lock(&self.new).drain(..) {
            kept.add(session);
        }
    }
}

impl StoresServerSessions for DataSessions {
    /// As many as are missing, but always one: none at all would leave a client that uses each ticket once without.
    fn put(&self, name: Vec<u8>, secrets: Vec<u8>) -> bool {
        let missing = STOCK.saturating_sub(lock(&self.control.0).stock());
        let mut new = lock(&self.new);
        let is_wanted = new.len() < missing.max(1);
        if is_wanted {
            new.push(Session {
                name,
                secrets,
                is_in_stock: true,
            });
        }
        is_wanted
    }

    fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.control.find(name)
    }

    fn take(&self, name: &[u8]) -> Option<Vec<u8>> {
        lock(&self.control.0).used(name);
        self.control.find(name)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: u8) -> Vec<u8> {
        vec![name; 4]
    }

    fn put(store: &impl StoresServerSessions, name: u8) -> bool {
        store.put(named(name), vec![name])
    }

    fn has(store: &impl StoresServerSessions, name: u8) -> bool {
        store.take(&named(name)) == Some(vec![name])
    }

    /// What a handshake brings that has resumed nothing is good for nothing, on any connection.
    #[test]
    fn only_what_resumed_is_kept() {
        let control = Arc::new(ServerSessions::default());
        assert!(put(&*control, 1));
        let (refused, good) = (
            DataSessions::new(control.clone()),
            DataSessions::new(control.clone()),
        );
        assert!(put(&refused, 2) && put(&good, 3));
        good.adopt();
        for store in [&refused, &good] {
            assert!(has(store, 1) && !has(store, 2) && has(store, 3));
        }
        assert!(!has(&ServerSessions::default(), 1));
    }

    /// The control connection's own stays, however many there were since; and what was taken stays.
    #[test]
    fn the_first_is_never_forgotten() {
        let control = Arc::new(ServerSessions::default());
        assert!(put(&*control, 0));
        for name in 1..=100 {
            let data = DataSessions::new(control.clone());
            assert!(put(&data, name));
            data.adopt();
            assert!(has(&data, 0) && has(&data, name) && has(&data, name));
        }
        assert!(!has(&*control, 1), "memory has a bound");
        for name in 1..=100 {
            put(&*control, name);
        }
        assert_eq!(lock(&control.0).own.len(), STOCK);
    }

    /// A client that uses each ticket once, and the newest first.
    struct Once {
        control: Arc<ServerSessions>,
        tickets: Vec<u8>,
        names: std::ops::RangeFrom<u8>,
    }

    impl Once {
        fn new() -> Self {
            let (control, mut names) = (Arc::new(ServerSessions::default()), 1..);
            let offered: Vec<u8> = names.by_ref().take(STOCK).collect();
            let tickets = offered.into_iter().filter(|name| put(&*control, *name));
            let tickets = tickets.collect();
            Self {
                control,
                tickets,
                names,
            }
        }

        /// A data connection; how many tickets it brought, which the client may have or not.
        fn connect(&mut self, has_them: bool) -> usize {
            let data = DataSessions::new(self.control.clone());
            let ticket = self.tickets.pop().expect("there is a ticket");
            assert!(has(&data, ticket), "{ticket} is forgotten");
            let offered: Vec<u8> = self.names.by_ref().take(STOCK).collect();
            let brought: Vec<u8> = offered
                .into_iter()
                .filter(|name| put(&data, *name))
                .collect();
            data.adopt();
            if has_them {
                self.tickets.extend(&brought);
            }
            brought.len()
        }
    }

    /// Whose data connections end before their tickets can be read gets others for them with the next.
    #[test]
    fn lost_tickets_are_made_up_for() {
        let mut client = Once::new();
        for lost in [0, 1, 0, 2, 3, 0, 1, 1, 2, 3] {
            for _ in 0..lost {
                client.connect(false);
            }
            assert_eq!(client.connect(true), 1 + lost);
            assert_eq!(client.tickets.len(), STOCK);
        }
    }

    /// Those that a client keeps for later are there when it comes to them, however many came and went since.
    #[test]
    fn what_is_in_stock_is_kept() {
        let mut client = Once::new();
        for lost in [3, 0] {
            for _ in 0..lost {
                client.connect(false);
            }
            for _ in 0..20 {
                client.connect(true);
            }
        }
        for _ in 0..STOCK {
            client.connect(false);
        }
    }
}
