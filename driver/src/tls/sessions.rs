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

/// How many sessions one handshake may leave behind.
const PER_HANDSHAKE: usize = 4;

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

/// A session that a server keeps: its name, and its secrets.
type Session = (Vec<u8>, Vec<u8>);

/// What may be resumed under one control connection of a server: its own session, for as long as it lasts, and the last of the data
/// connections that resumed it.
///
/// A session that is taken stays: OpenSSL's clients present the same ticket for one data connection after the other.
#[derive(Default)]
pub(super) struct ServerSessions {
    own: Mutex<Vec<Session>>,
    data: Mutex<VecDeque<Session>>,
}

/// Prints no secrets.
impl fmt::Debug for ServerSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSessions").finish_non_exhaustive()
    }
}

impl ServerSessions {
    fn find(&self, key: &[u8]) -> Option<Vec<u8>> {
        let is_it = |session: &&Session| session.0 == key;
        let own = lock(&self.own).iter().find(is_it).cloned();
        own.or_else(|| lock(&self.data).iter().find(is_it).cloned())
            .map(|(_, value)| value)
    }
}

impl StoresServerSessions for ServerSessions {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        let mut own = lock(&self.own);
        let has_room = own.len() < PER_HANDSHAKE;
        if has_room {
            own.push((key, value));
        }
        has_room
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.find(key)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.find(key)
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
        let mut data = lock(&self.control.data);
        for session in lock(&self.new).drain(..) {
            if data.len() >= SESSIONS {
                data.pop_front();
            }
            data.push_back(session);
        }
    }
}

impl StoresServerSessions for DataSessions {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        let mut new = lock(&self.new);
        let has_room = new.len() < PER_HANDSHAKE;
        if has_room {
            new.push((key, value));
        }
        has_room
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.control.find(key)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.control.find(key)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(name: u8) -> Session {
        (vec![name; 4], vec![name])
    }

    fn put(store: &impl StoresServerSessions, name: u8) -> bool {
        let (key, value) = session(name);
        store.put(key, value)
    }

    fn has(store: &impl StoresServerSessions, name: u8) -> bool {
        store.take(&session(name).0) == Some(vec![name])
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
        assert_eq!(lock(&control.own).len(), PER_HANDSHAKE);
    }
}
