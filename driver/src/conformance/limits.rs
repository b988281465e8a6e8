//! The server against strangers, greed, and peers that do nothing.

use std::io::IoSlice;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::by_hand::{ByHand, HOUR, unhurried};
use super::peer::Peer;
use super::site::{LARGE, Site, Tricky, get, pause, settings};
use super::support::{LOCALHOST, nowhere, read, read_to_end, wait, would_block, write_all};
use crate::client::{Error, Options};
use crate::runtime::{Interest, Listener, Runtime, Stream};
use crate::server::{Ended, Event};

/// Another address of this machine: Linux has all of 127/8 on the loopback interface, others only the one.
const STRANGER: Option<IpAddr> = if cfg!(target_os = "linux") {
    Some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)))
} else {
    None
};

/// Who comes to a passive port from another address gets nothing, and is not in the way, however early they come.
pub async fn strangers_get_no_data<R: Runtime>(runtime: R) {
    let Some(from) = STRANGER else { return };
    let site = Site::new(runtime.clone());
    site.put("file", b"content");
    let mut peer = Peer::login(&site).await;
    let at = peer.passive().await;
    let mut early = runtime.connect(at, Some(from)).await.unwrap();
    peer.ask("RETR file", "150").await;
    let mut late = runtime.connect(at, Some(from)).await.unwrap();
    for stranger in [&mut early, &mut late] {
        assert!(
            !matches!(read(stranger, &mut [0]).await, Ok(1)),
            "a stranger got data"
        );
    }
    let mut data = runtime.connect(at, None).await.unwrap();
    assert_eq!(read_to_end(&mut data).await.unwrap(), b"content");
    peer.hear("226").await;
    drop(peer);
    site.close().await;
}

/// A stranger's upload is not taken for the user's.
pub async fn strangers_give_no_data<R: Runtime>(runtime: R) {
    let Some(from) = STRANGER else { return };
    let site = Site::new(runtime.clone());
    let mut peer = Peer::login(&site).await;
    let at = peer.passive().await;
    let mut stranger = runtime.connect(at, Some(from)).await.unwrap();
    write_all(&mut stranger, b"theirs").await.unwrap();
    stranger.shutdown().unwrap();
    let mut data = runtime.connect(at, None).await.unwrap();
    peer.ask("STOR file", "150").await;
    write_all(&mut data, b"ours").await.unwrap();
    drop(data);
    peer.hear("226").await;
    assert_eq!(site.content("file"), b"ours");
    drop(peer);
    site.close().await;
}

/// PORT and EPRT lead to the peer itself and to no service's port; the reply does not tell which ports are open.
pub async fn third_parties_are_refused<R: Runtime>(runtime: R) {
    let site = Site::new(runtime.clone());
    let mut peer = Peer::login(&site).await;
    let mut replies = Vec::new();
    for line in [
        "PORT 127,0,0,2,200,10",
        "PORT 10,0,0,1,200,10",
        "PORT 127,0,0,1,0,25",
        "EPRT |1|127.0.0.2|51210|",
    ] {
        replies.push(peer.ask(line, "50").await);
    }
    replies.dedup();
    assert_eq!(replies.len(), 1, "{replies:?}");
    peer.ask("LIST", "425").await;
    let mut listener = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    peer.ask(&format!("EPRT |1|127.0.0.1|{port}|"), "200").await;
    peer.ask("NLST", "150").await;
    let (mut data, _) = super::support::accept(&mut listener).await;
    assert_eq!(read_to_end(&mut data).await.unwrap(), b"");
    peer.hear("226").await;
    drop(peer);
    site.close().await;
}

/// An active data connection that nobody takes is told, and the session goes on.
pub async fn nobody_listens<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"content");
    let (_taken, at) = nowhere();
    let port = at.port();
    let mut peer = Peer::login(&site).await;
    peer.ask(&format!("EPRT |1|127.0.0.1|{port}|"), "200").await;
    peer.ask("RETR file", "150").await;
    peer.hear("425").await;
    assert_eq!(peer.fetch("RETR file").await, b"content");
    drop(peer);
    site.close().await;
}

/// Passive ports come from the range that was given.
pub async fn passive_ports_keep_to_their_range<R: Runtime>(runtime: R) {
    let start = free_port(&runtime).1.saturating_sub(100);
    let ports = start..=start + 100;
    let site = Site::with(runtime, settings(|_| {}).passive_ports(ports.clone()));
    let mut peer = Peer::login(&site).await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..30 {
        let port = peer.passive().await.port();
        assert!(ports.contains(&port), "{port} is not of {ports:?}");
        seen.insert(port);
    }
    assert!(seen.len() > 5, "ports must not be guessed: {seen:?}");
    drop(peer);
    site.close().await;
}

/// A port that is in use while the listener lives.
fn free_port<R: Runtime>(runtime: &R) -> (R::Listener, u16) {
    let listener = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// With no port left there is a 425, and the session goes on; so does a client, which says what the server said.
pub async fn all_ports_are_taken<R: Runtime>(runtime: R) {
    let (taken, port) = free_port(&runtime);
    let site = Site::with(runtime, settings(|_| {}).passive_ports(port..=port));
    site.put("file", b"content");
    let mut peer = Peer::login(&site).await;
    peer.ask("EPSV", "425").await;
    peer.ask("PASV", "425").await;
    peer.ask("RETR file", "425").await;
    peer.ask("NOOP", "200").await;
    let mut client = site.client().await;
    for _ in 0..2 {
        let refused = get(&mut client, "file", Options::default())
            .await
            .unwrap_err();
        assert!(
            refused
                .reply()
                .is_some_and(|reply| reply.to_string().starts_with("425")),
            "{refused:?}"
        );
    }
    drop(taken);
    assert_eq!(
        get(&mut client, "file", Options::default()).await.unwrap(),
        b"content"
    );
    client.quit().await.unwrap();
    drop(peer);
    site.close().await;
}

/// Who comes when all places are taken is told so; a place that is given back is there for the next.
pub async fn sessions_are_limited<R: Runtime>(runtime: R) {
    let site = Site::with(runtime, settings(|_| {}).max_sessions(2));
    let first = site.client().await;
    let second = site.client().await;
    for _ in 0..5 {
        let third = site.stranger().await;
        let is_421 = matches!(&third, Err(Error::Closed(Some(reply))) if reply.to_string().starts_with("421"));
        assert!(is_421, "{third:?}");
    }
    first.quit().await.unwrap();
    // The place is free a little after the goodbye.
    while site.stranger().await.is_err() {}
    drop(second);
    site.close().await;
}

/// One address does not take all places.
pub async fn sessions_of_an_address_are_limited<R: Runtime>(runtime: R) {
    let site = Site::with(runtime, settings(|_| {}).max_sessions_per_address(1));
    let only = site.client().await;
    assert!(matches!(site.stranger().await, Err(Error::Closed(Some(_)))));
    if let Some(from) = STRANGER {
        Peer::connect_from(&site, from).await.hear("220").await;
    }
    only.quit().await.unwrap();
    site.close().await;
}

/// Who says nothing is sent away: before the login, and after it.
pub async fn silence_ends_a_session<R: Runtime>(runtime: R) {
    let runtime = ByHand::new(runtime);
    let site = Site::configured(runtime.clone(), |config| {
        unhurried(config);
        config.timeouts.login = HOUR * 2;
        config.timeouts.idle = HOUR;
    });
    let mut idle = Peer::login(&site).await;
    runtime.passing(idle.hear("421")).await;
    idle.hear_the_end().await;
    let mut nobody = Peer::connect(&site).await;
    nobody.hear("220").await;
    // Chatting is not logging in.
    loop {
        nobody.say("NOOP").await;
        let reply = nobody.line().await.unwrap().unwrap();
        if reply.starts_with("421") {
            break;
        }
        assert!(reply.starts_with("200"), "{reply}");
        runtime.pass(HOUR / 4);
    }
    site.log
        .wait_for(|event| matches!(event, Event::Ended(Ended::Idle)))
        .await;
    site.log
        .wait_for(|event| matches!(event, Event::Ended(Ended::NotLoggedIn)))
        .await;
    drop((idle, nobody));
    site.close().await;
}

/// A data connection that never comes, or stands still, is given up; the session goes on, the old file stays.
pub async fn stalled_transfers_end<R: Runtime>(runtime: R) {
    let runtime = ByHand::new(runtime);
    let site = Site::configured(runtime.clone(), |config| {
        unhurried(config);
        config.timeouts.data_open = HOUR;
        config.timeouts.data_progress = HOUR;
    });
    site.put("file", b"old");
    let mut peer = Peer::login(&site).await;
    peer.passive().await;
    peer.ask("RETR file", "150").await;
    runtime.passing(peer.hear("425")).await;
    let mut data = peer.open(&format!("RETR {}", Tricky::<R>::ENDLESS)).await;
    runtime.passing(peer.hear("426")).await;
    assert!(
        read_to_end(&mut data).await.is_err(),
        "a part must not look whole"
    );
    let mut data = peer.open("STOR file").await;
    write_all(&mut data, b"new").await.unwrap();
    runtime.passing(peer.hear("426")).await;
    drop(data);
    assert_eq!(site.content("file"), b"old");
    peer.ask("NOOP", "200").await;
    drop(peer);
    site.close().await;
}

/// A transfer that moves now and then is not given up, though it takes longer than a stall may.
pub async fn slow_transfers_go_on<R: Runtime>(runtime: R) {
    let runtime = ByHand::new(runtime);
    let site = Site::configured(runtime.clone(), |config| {
        unhurried(config);
        config.timeouts.data_progress = HOUR;
    });
    let mut peer = Peer::login(&site).await;
    let mut data = peer.open("STOR file").await;
    for _ in 0..8 {
        write_all(&mut data, b"some").await.unwrap();
        // A simulated network takes a while.
        pause(&runtime.inner, Duration::from_millis(100)).await;
        runtime.pass(HOUR / 4 * 3);
    }
    drop(data);
    // So long an upload is looked at for a moment before it counts.
    runtime.passing(peer.hear("226")).await;
    assert_eq!(site.content("file").len(), 32);
    drop(peer);
    site.close().await;
}

/// A peer that asks without end and reads nothing is not served without end: TCP pushes back, and then it is sent away.
pub async fn a_peer_that_never_reads<R: Runtime>(runtime: R) {
    let runtime = ByHand::new(runtime);
    let site = Site::configured(runtime.clone(), |config| {
        unhurried(config);
        config.timeouts.idle = HOUR;
        config.timeouts.linger = HOUR;
    });
    let mut peer = Peer::login(&site).await;
    let questions = b"HELP\r\nSTAT\r\nFEAT\r\n".repeat(1000);
    let asking = async {
        let mut asked = 0;
        loop {
            match peer.stream.try_write(&[IoSlice::new(&questions)]) {
                Ok(count) => asked += count,
                outcome if would_block(&outcome) => {
                    if wait(&mut peer.stream, Interest::Write).await.is_err() {
                        break;
                    }
                }
                Err(_) => break,
            }
            // After the goodbye what comes is thrown away, for as long as a session may linger.
            let is_over = site.log.has(|event| matches!(event, Event::Ended(_)));
            assert!(is_over || asked < LARGE, "it is served without end");
        }
    };
    runtime.passing(asking).await;
    site.log
        .wait_for(|event| matches!(event, Event::Ended(Ended::Idle)))
        .await;
    drop(peer);
    site.close().await;
}

/// A line without end is one wrong line; what is no command gets its one reply; the session goes on.
pub async fn nonsense_is_answered<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut peer = Peer::login(&site).await;
    write_all(&mut peer.stream, &b"A".repeat(LARGE / 4))
        .await
        .unwrap();
    peer.say(" PWD").await;
    peer.hear("500").await;
    for (line, code) in [
        ("", "500"),
        ("BOGUS", "50"),
        ("RETR", "501"),
        ("REST x", "501"),
        ("TYPE Q", "50"),
    ] {
        peer.ask(line, code).await;
    }
    peer.ask("NOOP", "200").await;
    drop(peer);
    site.close().await;
}
