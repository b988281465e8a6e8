//! Uploads whose data says itself where it ends: how the connection beneath them comes to its own end, which means nothing any more.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::time::Duration;

use ftp_sansio::wire::{Mode, Structure};

use super::by_hand::{ByHand, unhurried};
use super::peer::Peer;
use super::site::{ANNA, LONG, Site, arg, client_config, pattern, pause, put, secret};
use super::staged::Staged;
use super::support::{LOCALHOST, pair, read, write_all};
use super::tls::{VERSIONS, client_tls, explicit, name, site};
use super::tls_peer::TlsPeer;
use crate::client::{Client, Error, Options};
use crate::parting::{Guard, Parting};
use crate::runtime::{Runtime, Stream};
use crate::transport::Transport;

/// Three letters, and the marks that end the record and the file (RFC 959 § 3.4.1).
const RECORD: &[u8] = b"new\xff\x03";

/// What the server may have to read of a connection that nobody wants anything of, and no more.
const MUCH: usize = 1 << 20;

/// A client whose connection is gone by the time it would end it has sent all the same what the server has taken for the whole. Where the
/// connection's end is that of the data, nobody can know.
pub async fn a_marked_end_needs_no_other<R: Runtime>(runtime: R) {
    let site = Site::new(runtime.clone());
    let staged = Staged::new(runtime);
    let client = Client::connect(staged.clone(), site.at, client_config(LONG)).await;
    let mut client = client.unwrap();
    client.login(arg(ANNA.0), secret(ANNA.1)).await.unwrap();
    staged.lose_ends();
    for mode in [Mode::Stream, Mode::Deflate] {
        for structure in [Structure::File, Structure::Record, Structure::Page] {
            let options = Options {
                structure,
                mode,
                ..Options::default()
            };
            let content = pattern(50_000);
            let told = put(&mut client, "file", &content, options).await;
            if (mode, structure) == (Mode::Stream, Structure::File) {
                assert!(matches!(told, Err(Error::Incomplete(_))), "{told:?}");
            } else {
                told.unwrap();
                assert!(site.content("file") == content, "{options:?}");
            }
        }
    }
    site.close().await;
}

/// Under TLS its `close_notify` is the mark.
pub async fn tls_marks_the_end<R: Runtime>(runtime: R) {
    let site = site(runtime.clone(), |_| {});
    let staged = Staged::new(runtime);
    for version in VERSIONS {
        let tls = client_tls(version);
        let client = Client::connect_tls(staged.clone(), site.at, explicit(), &tls, name()).await;
        let mut client = client.unwrap();
        client.secure().await.unwrap();
        client.login(arg(ANNA.0), secret(ANNA.1)).await.unwrap();
        staged.lose_ends();
        let content = pattern(50_000);
        let stored = put(&mut client, "file", &content, Options::default()).await;
        stored.unwrap();
        assert!(site.content("file") == content);
    }
    site.close().await;
}

/// A server that has all of an upload waits for the client's own end: else what the client says last would meet a connection that is gone, and
/// the answer is a reset.
pub async fn a_clients_end_is_waited_for<R: Runtime>(runtime: R) {
    // However long it takes on a slow machine.
    let site = site(ByHand::new(runtime), unhurried);
    for version in VERSIONS {
        let mut peer = TlsPeer::login(&site, version).await;
        peer.ask("STRU R", "200").await;
        let mut data = peer.open_secured("STOR file").await;
        data.write(RECORD).await.unwrap();
        peer.hear("226").await;
        assert_eq!(site.content("file"), b"new");
        data.end_with(b"").await.unwrap();
        assert_eq!(data.read_to_end().await.unwrap(), b"");
        // As long as a reset would take.
        peer.ask("NOOP", "200").await;
        data.stream.shutdown().unwrap();
        assert_eq!(read(&mut data.stream, &mut [0]).await.unwrap(), 0);
    }
    site.close().await;
}

/// Nor does it wait for ever where timers are early, as they may be.
pub async fn an_early_timer_is_set_again<R: Runtime>(runtime: R) {
    let staged = Staged::new(runtime);
    staged.hurry();
    // Held, and silent.
    let (stream, _peer) = pair(&staged, LOCALHOST).await;
    let begun = staged.now();
    let mut parting = Parting::new(&staged, Guard::new(Transport::new(stream)));
    poll_fn(|context| parting.poll_over(&staged, context)).await;
    assert!(
        staged.now() >= begun + Duration::from_millis(500),
        "it did not wait"
    );
}

/// It does not wait for ever, nor read whatever comes, and the session goes on meanwhile.
pub async fn an_end_that_never_comes<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    for (piece, gap) in [(1, Duration::from_millis(100)), (10_000, Duration::ZERO)] {
        let mut peer = Peer::login(&site).await;
        peer.ask("STRU R", "200").await;
        let mut data = peer.open("STOR file").await;
        write_all(&mut data, RECORD).await.unwrap();
        peer.hear("226").await;
        assert_eq!(read(&mut data, &mut [0]).await.unwrap(), 0);
        let mut left = MUCH;
        let told = loop {
            peer.ask("NOOP", "200").await;
            if let Err(told) = write_all(&mut data, &pattern(piece)).await {
                break told.kind();
            }
            left = left.checked_sub(piece).expect("it reads without end");
            pause(&site.runtime, gap).await;
        };
        assert!(
            matches!(told, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
            "{told:?}"
        );
    }
    site.close().await;
}
