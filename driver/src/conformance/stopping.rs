//! How a server ends, and how it ends a session.

use std::time::Duration;

use bytes::Bytes;

use super::peer::Peer;
use super::site::{LARGE, LONG, Site, Tricky, arg, pattern};
use super::support::{join, read, read_to_end, write_all};
use crate::client::Options;
use crate::runtime::{Runtime, Stream};
use crate::server::Event;

/// Idle sessions hear a 421 at once; running transfers come to their end first; nobody else is let in.
pub async fn lets_transfers_end<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(LARGE);
    site.put("down", &content);
    let mut idle = Peer::login(&site).await;
    let mut client = site.client().await;
    let mut peer = Peer::login(&site).await;
    let mut data = peer.open("RETR down").await;
    let mut upload = client.store(arg("up"), Options::default()).await.unwrap();
    upload
        .write(Bytes::copy_from_slice(&content[..100_000]))
        .await
        .unwrap();
    let others = async {
        idle.hear("421").await;
        idle.hear_the_end().await;
        assert!(site.server.sessions() >= 2);
        assert!(read_to_end(&mut data).await.unwrap() == content);
        peer.hear("226").await;
        peer.hear("421").await;
        peer.hear_the_end().await;
        upload
            .write(Bytes::copy_from_slice(&content[100_000..]))
            .await
            .unwrap();
        upload.finish().await.unwrap();
    };
    join(site.server.stop(LONG), others).await;
    assert!(client.noop().await.is_err());
    assert!(!client.is_usable());
    assert!(site.content("up") == content);
    assert!(site.stranger().await.is_err());
    site.close().await;
}

/// With no time left all ends where it is: no part looks whole, and the old file stays.
pub async fn cuts_off<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let (clings, endless) = (Tricky::<R>::CLINGS, Tricky::<R>::ENDLESS);
    site.put(clings, b"old");
    let mut peers = Vec::new();
    for command in [format!("STOR {clings}"), format!("RETR {endless}")] {
        let mut peer = Peer::login(&site).await;
        let data = peer.open(&command).await;
        peers.push((peer, data));
    }
    write_all(&mut peers[0].1, &pattern(300_000)).await.unwrap();
    read(&mut peers[1].1, &mut [0]).await.unwrap();
    site.server.stop(Duration::ZERO).await;
    assert_eq!(site.server.sessions(), 0);
    assert_eq!(site.scratch.names_on_disk(""), [clings]);
    assert_eq!(site.content(clings), b"old");
    for (mut peer, mut data) in peers {
        peer.outlive().await;
        assert!(
            read_to_end(&mut data).await.is_err(),
            "a part must not look whole"
        );
    }
    site.close().await;
}

/// One server, several listeners: a stop reaches all of them, and may be asked for twice.
pub async fn stops_all_listeners<R: Runtime>(runtime: R) {
    let site = Site::new(runtime.clone());
    let second = runtime
        .listen(std::net::SocketAddr::new(super::support::LOCALHOST, 0))
        .unwrap();
    let at = crate::runtime::Listener::local_addr(&second).unwrap();
    let serve = site.server.serve(second);
    let visit = async {
        let stream = runtime.connect(at, None).await.unwrap();
        let mut peer = Peer::of(&runtime, stream);
        peer.hear("220").await;
        join(site.server.stop(LONG), site.server.stop(LONG)).await;
        peer.hear("421").await;
        peer.hear_the_end().await;
    };
    join(serve, visit).await;
    assert!(runtime.connect(at, None).await.is_err());
    site.close().await;
}

/// Who goes on sending after the server's last word hears that word, and all before it: bytes that the server leaves unread would
/// have its system reset the connection, and throw away what the peer has not taken yet.
pub async fn the_last_reply_is_heard<R: Runtime>(runtime: R) {
    // The answers are more than a peer's system takes that reads nothing, and less than a server's keeps to be sent.
    const QUESTIONS: usize = 1000;
    let wrong = "USER anna\r\nPASS wrong\r\n";
    for (last, replies) in [
        ("QUIT\r\n".to_owned(), &["221"][..]),
        (wrong.repeat(2), &["331", "530", "331", "421"]),
    ] {
        let site = Site::configured(runtime.clone(), |config| config.login_attempts = 2);
        let mut peer = Peer::login(&site).await;
        let lines = "HELP\r\n".repeat(QUESTIONS) + &last + &"NOOP\r\n".repeat(6000);
        write_all(&mut peer.stream, lines.as_bytes()).await.unwrap();
        peer.stream.shutdown().unwrap();
        site.log
            .wait_for(|event| matches!(event, Event::Ended(_)))
            .await;
        site.server.stop(LONG).await;
        let mut heard = 0;
        for _ in 0..QUESTIONS {
            heard += peer.hear("214").await.len();
        }
        assert!(heard > 200_000, "{heard} bytes are too few to tell");
        for reply in replies {
            peer.hear(reply).await;
        }
        peer.hear_the_end().await;
        site.close().await;
    }
}
