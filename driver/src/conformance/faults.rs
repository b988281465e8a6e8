//! The server on a network that is slow or out of order, which the real one is only now and then.

use std::io::{ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use super::peer::Peer;
use super::site::{Site, pattern};
use super::staged::Staged;
use super::support::{LOCALHOST, poll_once, read_to_end, write_all};
use crate::runtime::{Runtime, Stream};

const HOUR: Duration = Duration::from_secs(3600);

/// A listener that the runtime has lost ends its service, and is not tried for ever.
pub async fn a_lost_listener_is_given_up<R: Runtime>(runtime: R) {
    let runtime = Staged::new(runtime);
    let site = Site::new(runtime.clone());
    let second = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
    runtime.deafen();
    site.server.serve(second).await;
    site.close().await;
}

/// A server to which nothing may move for an hour, on a network that takes 20 minutes for a few kilobytes.
async fn slow_site<R: Runtime>(runtime: &Staged<R>) -> (Site<Staged<R>>, Peer<Staged<R>>) {
    let site = Site::configured(runtime.clone(), |config| {
        config.timeouts.data_progress = HOUR;
    });
    let peer = Peer::login(&site).await;
    runtime.slow_down(HOUR / 3);
    (site, peer)
}

/// A client that takes a download slowly, and never stands still, gets all of it: one piece of the file takes it longer than a
/// stall may last.
pub async fn slow_downloads_go_on<R: Runtime>(runtime: R) {
    let runtime = Staged::new(runtime);
    let (site, mut peer) = slow_site(&runtime).await;
    let content = pattern(600_000);
    site.put("file", &content);
    assert!(peer.fetch("RETR file").await == content);
    assert!(runtime.taken() > HOUR * 24);
    drop(peer);
    site.close().await;
}

/// So does one that takes a listing slowly.
pub async fn slow_listings_go_on<R: Runtime>(runtime: R) {
    let runtime = Staged::new(runtime);
    let (site, mut peer) = slow_site(&runtime).await;
    for number in 0..1000 {
        site.put(&format!("a file of some length {number:03}"), b"");
    }
    let listed = String::from_utf8(peer.fetch("LIST").await).unwrap();
    let mut names: Vec<_> = listed
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u32>().unwrap())
        .collect();
    names.sort_unstable();
    assert!(names.into_iter().eq(0..1000), "{listed}");
    assert!(runtime.taken() > HOUR * 4);
    drop(peer);
    site.close().await;
}

/// A server whose tasks can be seen at rest, and a client of it.
async fn restful<R: Runtime>(
    runtime: &Staged<R>,
    data_open: Duration,
    data_progress: Duration,
) -> (Site<Staged<R>>, Peer<Staged<R>>) {
    let site = Site::configured(runtime.clone(), |config| {
        config.timeouts.data_open = data_open;
        config.timeouts.data_progress = data_progress;
        config.timeouts.idle = HOUR * 10;
    });
    let peer = Peer::login(&site).await;
    (site, peer)
}

/// What has come while nobody looked is no stall, though the clock says that it would have been one: a machine that stood still, or was
/// suspended, ends no upload that went on.
pub async fn what_has_come_is_no_stall<R: Runtime>(runtime: R) {
    let runtime = Staged::new(runtime);
    let (site, mut peer) = restful(&runtime, HOUR, HOUR).await;
    let mut data = peer.open("STOR file").await;
    let content = b"content";
    let send = || {
        // A rough network may take less than all of it.
        let written = data.try_write(&[IoSlice::new(content)]).unwrap();
        drop(data);
        written
    };
    let written = runtime.asleep(HOUR * 2, send).await;
    peer.hear("226").await;
    assert_eq!(site.content("file"), content[..written]);
    drop(peer);
    site.close().await;
}

/// Nor is a connection missing that was made meanwhile.
pub async fn who_has_come_is_not_missing<R: Runtime>(runtime: R) {
    let runtime = Staged::new(runtime);
    let (site, mut peer) = restful(&runtime, HOUR, HOUR * 10).await;
    let at = peer.passive().await;
    peer.ask("STOR file", "150").await;
    let mut connecting = Box::pin(runtime.connect(at, None));
    let connect = || poll_once(|context| connecting.as_mut().poll(context));
    let connected = match runtime.asleep(HOUR * 2, connect).await {
        Poll::Ready(connected) => connected,
        Poll::Pending => connecting.await,
    };
    let mut data = connected.unwrap();
    write_all(&mut data, b"content").await.unwrap();
    drop(data);
    peer.hear("226").await;
    assert_eq!(site.content("file"), b"content");
    drop(peer);
    site.close().await;
}

/// Where no port can be had at all (no file handle is left, the address is not ours), one try is enough; where ports are in use,
/// others are tried, and not without end. It is told, and the session goes on.
pub async fn the_search_for_a_port_ends<R: Runtime>(runtime: R) {
    let runtime = Staged::new(runtime);
    let site = Site::new(runtime.clone());
    site.put("file", b"content");
    let mut peer = Peer::login(&site).await;
    for (why, tries) in [
        (ErrorKind::AddrNotAvailable, 1..=1),
        (ErrorKind::Other, 1..=1),
        (ErrorKind::AddrInUse, 100..=1000),
    ] {
        runtime.refuse(Some(why));
        runtime.tries();
        peer.ask("EPSV", "425").await;
        let tried = runtime.tries();
        assert!(tries.contains(&tried), "{tried} tries after {why:?}");
    }
    runtime.refuse(None);
    assert_eq!(peer.fetch("RETR file").await, b"content");
    drop(peer);
    site.close().await;
}

/// Connections that are gone before they are accepted do not use up a passive port: the client's own comes after them. A port
/// at which every accept fails is given up, and the session goes on.
pub async fn lost_connections_are_passed_over<R: Runtime>(runtime: R) {
    let runtime = Staged::new(runtime);
    let site = Site::new(runtime.clone());
    site.put("file", b"content");
    let mut peer = Peer::login(&site).await;
    for lost in [1, 3] {
        runtime.lose(lost);
        assert_eq!(peer.fetch("RETR file").await, b"content");
    }
    runtime.lose(usize::MAX);
    let mut data = peer.open("RETR file").await;
    peer.hear("425").await;
    assert!(!matches!(read_to_end(&mut data).await, Ok(bytes) if !bytes.is_empty()));
    runtime.lose(0);
    assert_eq!(peer.fetch("RETR file").await, b"content");
    drop(peer);
    site.close().await;
}
