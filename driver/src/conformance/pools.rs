//! A pool of sessions: who gets which, how many there are, and what becomes of those that nobody wants.

use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use ftp_sansio::client::Credentials;

use super::by_hand::{ByHand, HOUR, unhurried};
use super::peer::{Peer, scripted};
use super::site::{self, ANNA, LONG, Tricky, arg, client_config, secret};
use super::support::{LOCALHOST, poll_once};
use crate::client::{
    Checkout, DataPath, Error, Options, Pool, PoolSettings, PoolStatus, Site, Target,
};
use crate::runtime::{Listener, Runtime};

const SHORT: Duration = Duration::from_millis(300);

fn settings(change: impl FnOnce(&mut PoolSettings)) -> PoolSettings {
    let mut settings = PoolSettings::default();
    change(&mut settings);
    settings
}

fn site_of(server: impl Into<Target>, user: &str, password: &str) -> Site {
    let mut site = Site::new(server);
    site.config = client_config(LONG);
    site.credentials = Some(Credentials {
        user: arg(user),
        password: secret(password),
        account: None,
    });
    site
}

fn anna(server: impl Into<Target>) -> Site {
    site_of(server, ANNA.0, ANNA.1)
}

fn counts<R: Runtime>(pool: &Pool<R>) -> (usize, usize, usize) {
    let PoolStatus {
        idle,
        busy,
        waiting,
    } = pool.status();
    (idle, busy, waiting)
}

/// Looks until something is so, which the test's own time limits.
async fn until<R: Runtime>(runtime: &R, mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        site::pause(runtime, Duration::from_millis(5)).await;
    }
}

/// Whoever comes next gets the session that was given back, and no new one is made.
pub async fn sessions_are_used_again<R: Runtime>(runtime: R) {
    let server = site::Site::new(runtime.clone());
    let pool = Pool::new(runtime, PoolSettings::default());
    let site = anna(server.at);
    for _ in 0..5 {
        let mut client = pool.checkout(&site, LONG).await.unwrap();
        assert_eq!(counts(&pool), (0, 1, 0));
        client.list(None).await.unwrap();
        drop(client);
        assert_eq!(counts(&pool), (1, 0, 0));
        assert_eq!(server.server.sessions(), 1);
    }
    drop(pool);
    server.close().await;
}

/// Not with other credentials, other settings or another way there, though the server is the same.
pub async fn sites_are_told_apart<R: Runtime>(runtime: R) {
    let server = site::Site::new(runtime.clone());
    let pool = Pool::new(runtime, PoolSettings::default());
    let mut other_config = anna(server.at);
    other_config.config.data_path = DataPath::Active;
    let mut other_account = anna(server.at);
    if let Some(credentials) = &mut other_account.credentials {
        credentials.account = Some(secret("accounts"));
    }
    let sites = [
        anna(server.at),
        site_of(server.at, "bob", "bell"),
        other_config,
        other_account,
    ];
    for (at, site) in sites.iter().enumerate() {
        drop(pool.checkout(site, LONG).await.unwrap());
        assert_eq!(counts(&pool), (at + 1, 0, 0), "{site:?}");
    }
    // A wrong password does not get a session that the right one has made.
    let wrong = site_of(server.at, ANNA.0, "loud");
    let told = pool.checkout(&wrong, LONG).await.unwrap_err();
    assert!(matches!(told, Error::LoginRefused(_)), "{told:?}");
    for site in &sites {
        drop(pool.checkout(site, LONG).await.unwrap());
    }
    drop(pool);
    server.close().await;
}

/// Neither a host nor all together get more than they may, and who waits too long is told.
pub async fn limits_hold<R: Runtime>(runtime: R) {
    let (one, other) = (
        site::Site::new(runtime.clone()),
        site::Site::new(runtime.clone()),
    );
    let pool = Pool::new(
        runtime,
        settings(|settings| (settings.per_host, settings.total) = (2, 3)),
    );
    let (here, there) = (anna(one.at), anna(other.at));
    let first = pool.checkout(&here, LONG).await.unwrap();
    let second = pool
        .checkout(&site_of(one.at, "bob", "bell"), LONG)
        .await
        .unwrap();
    let told = pool.checkout(&here, SHORT).await.unwrap_err();
    assert!(
        matches!(
            told,
            Error::Deadline {
                begun: false,
                usable: false
            }
        ),
        "{told:?}"
    );
    assert!(told.is_retryable() && !told.may_have_applied());
    // Another host has room, until all have none.
    let third = pool.checkout(&there, LONG).await.unwrap();
    assert!(pool.checkout(&there, SHORT).await.is_err());
    assert_eq!(counts(&pool), (0, 3, 0));
    assert_eq!((one.server.sessions(), other.server.sessions()), (2, 1));
    drop(first);
    drop(pool.checkout(&here, LONG).await.unwrap());
    drop((second, third, pool));
    one.close().await;
    other.close().await;
}

type Waiting<'a, R> = std::pin::Pin<Box<dyn Future<Output = Result<Checkout<R>, Error>> + 'a>>;

/// Those who wait are served in the order in which they came, however often they are polled.
pub async fn the_first_come_is_served_first<R: Runtime>(runtime: R) {
    let server = site::Site::new(runtime.clone());
    let pool = Pool::new(runtime, settings(|settings| settings.per_host = 1));
    let site = anna(server.at);
    let mut held = vec![pool.checkout(&site, LONG).await.unwrap()];
    let mut waiting: Vec<Waiting<'_, R>> = Vec::new();
    for _ in 0..4 {
        let mut next: Waiting<'_, R> = Box::pin(pool.checkout(&site, LONG));
        assert!(poll_once(|context| next.as_mut().poll(context)).is_pending());
        waiting.push(next);
    }
    assert_eq!(counts(&pool), (0, 1, 4));
    for turn in 0..4 {
        held.clear();
        // The last are asked first.
        let (served, client) = poll_fn(|context| {
            for (at, next) in waiting.iter_mut().enumerate().rev() {
                if let Poll::Ready(client) = next.as_mut().poll(context) {
                    return Poll::Ready((at, client.unwrap()));
                }
            }
            Poll::Pending
        })
        .await;
        assert_eq!(served, 0, "turn {turn}");
        drop(waiting.remove(0));
        held.push(client);
    }
    assert_eq!(counts(&pool), (0, 1, 0));
    drop((held, waiting));
    drop(pool);
    server.close().await;
}

/// Who gives up while waiting, or after a place was granted, does not keep it from the next.
pub async fn who_gives_up_gives_back<R: Runtime>(runtime: R) {
    let server = site::Site::new(runtime.clone());
    // Nobody is let in there.
    let closed = runtime.listen((LOCALHOST, 0).into()).unwrap();
    let pool = Pool::new(runtime, settings(|settings| settings.per_host = 1));
    let site = anna(closed.local_addr().unwrap());
    // In the middle of connecting.
    for _ in 0..3 {
        let mut connecting: Waiting<'_, R> = Box::pin(pool.checkout(&site, LONG));
        assert!(poll_once(|context| connecting.as_mut().poll(context)).is_pending());
        assert_eq!(counts(&pool), (0, 1, 0));
        drop(connecting);
        assert_eq!(counts(&pool), (0, 0, 0));
    }
    let site = anna(server.at);
    let held = pool.checkout(&site, LONG).await.unwrap();
    let mut first: Waiting<'_, R> = Box::pin(pool.checkout(&site, LONG));
    let mut second: Waiting<'_, R> = Box::pin(pool.checkout(&site, LONG));
    assert!(poll_once(|context| first.as_mut().poll(context)).is_pending());
    assert!(poll_once(|context| second.as_mut().poll(context)).is_pending());
    // It is the first one's now, who does not know yet, and never will.
    drop(held);
    assert_eq!(counts(&pool), (0, 1, 1));
    drop(first);
    let served = second.await.unwrap();
    drop(served);
    assert_eq!(counts(&pool), (1, 0, 0));
    drop(pool);
    server.close().await;
}

/// A session that is over is not given to anybody, and its place is free.
pub async fn the_dead_are_discarded<R: Runtime>(runtime: R) {
    let script = async |mut peer: Peer<R>| {
        peer.say("220 Here.").await;
        peer.answer("USER", "230 Welcome.").await;
        peer.answer("PWD", "257 \"/\" it is.").await;
        peer.answer("NOOP", "421 Good night.").await;
    };
    let client = async |at: std::net::SocketAddr| {
        let pool = Pool::new(runtime.clone(), PoolSettings::default());
        let mut client = pool.checkout(&anna(at), LONG).await.unwrap();
        assert!(client.noop().await.is_err());
        drop(client);
        assert_eq!(counts(&pool), (0, 0, 0));
    };
    scripted(&runtime, script, client).await;
}

/// One that died while it was idle is found out before it is given away: another takes its place.
pub async fn the_silent_are_found_out<R: Runtime>(runtime: R) {
    let by_hand = ByHand::new(runtime.clone());
    let server = site::Site::configured(by_hand.clone(), |config| {
        unhurried(config);
        config.timeouts.idle = HOUR;
    });
    let pool = Pool::new(
        runtime.clone(),
        settings(|settings| settings.check_after = Duration::ZERO),
    );
    let site = anna(server.at);
    drop(pool.checkout(&site, LONG).await.unwrap());
    let gone = until(&runtime, || server.server.sessions() == 0);
    by_hand.passing(gone).await;
    assert_eq!(counts(&pool), (1, 0, 0));
    let mut client = pool.checkout(&site, LONG).await.unwrap();
    client.noop().await.unwrap();
    assert_eq!(counts(&pool), (0, 1, 0));
    drop((client, pool));
    server.close().await;
}

/// The next user finds the folder where it was at first, and never a session that was changed in ways that nobody can follow.
pub async fn changes_do_not_pass_on<R: Runtime>(runtime: R) {
    let server = site::Site::new(runtime.clone());
    std::fs::create_dir(server.scratch.root.join("sub")).unwrap();
    let pool = Pool::new(runtime, PoolSettings::default());
    let site = anna(server.at);
    for _ in 0..2 {
        let mut client = pool.checkout(&site, LONG).await.unwrap();
        assert_eq!(client.working_folder().await.unwrap(), arg("/"));
        client.change_folder(arg("sub")).await.unwrap();
        assert_eq!(client.working_folder().await.unwrap(), arg("/sub"));
    }
    assert_eq!(server.server.sessions(), 1);
    let mut client = pool.checkout(&site, LONG).await.unwrap();
    client.raw(arg("REST 5")).await.unwrap();
    drop(client);
    assert_eq!(counts(&pool), (0, 0, 0));
    let mut client = pool.checkout(&site, LONG).await.unwrap();
    client.login(arg("bob"), secret("bell")).await.unwrap();
    drop(client);
    assert_eq!(counts(&pool), (0, 0, 0));
    drop(pool);
    server.close().await;
}

/// A transfer that was dropped with its session is over before the next user has it.
pub async fn what_was_dropped_is_brought_to_its_end<R: Runtime>(runtime: R) {
    let server = site::Site::new(runtime.clone());
    server.put("file", b"content");
    let pool = Pool::new(runtime, PoolSettings::default());
    let site = anna(server.at);
    for _ in 0..3 {
        let mut client = pool.checkout(&site, LONG).await.unwrap();
        let content = site::get(&mut client, "file", Options::default())
            .await
            .unwrap();
        assert_eq!(content, b"content");
        let name = arg(Tricky::<R>::ENDLESS);
        let mut download = client.retrieve(name, Options::default()).await.unwrap();
        assert!(download.read().await.unwrap().is_some());
        drop(download);
        drop(client);
        assert_eq!(counts(&pool), (1, 0, 0));
    }
    drop(pool);
    server.close().await;
}

/// Who is not wanted for a while is sent away, with a goodbye.
pub async fn the_idle_end<R: Runtime>(runtime: R) {
    let server = site::Site::new(runtime.clone());
    let pool = Pool::new(runtime, settings(|settings| settings.idle = SHORT));
    let site = anna(server.at);
    let held = pool.checkout(&site, LONG).await.unwrap();
    drop(pool.checkout(&site, LONG).await.unwrap());
    assert_eq!(counts(&pool), (1, 1, 0));
    until(&server.runtime, || server.server.sessions() == 1).await;
    assert_eq!(counts(&pool), (0, 1, 0));
    drop(held);
    assert_eq!(counts(&pool), (1, 0, 0));
    until(&server.runtime, || counts(&pool) == (0, 0, 0)).await;
    drop(pool.checkout(&site, LONG).await.unwrap());
    drop(pool);
    server.close().await;
}

/// An idle session of another site makes room for who needs it, the one that was idle for longest.
pub async fn the_idle_make_room<R: Runtime>(runtime: R) {
    let server = site::Site::new(runtime.clone());
    let pool = Pool::new(runtime, settings(|settings| settings.per_host = 2));
    let (anna, bob) = (anna(server.at), site_of(server.at, "bob", "bell"));
    let guest = site_of(server.at, "anonymous", "guest@");
    for site in [&anna, &bob] {
        drop(pool.checkout(site, LONG).await.unwrap());
    }
    assert_eq!(counts(&pool), (2, 0, 0));
    let held = pool.checkout(&guest, LONG).await.unwrap();
    assert_eq!(counts(&pool), (1, 1, 0));
    // Bob's is still there, and Anna's is not: hers would need room that nobody makes now.
    let bobs = pool.checkout(&bob, LONG).await.unwrap();
    assert!(pool.checkout(&anna, SHORT).await.is_err());
    drop((held, bobs, pool));
    server.close().await;
}
