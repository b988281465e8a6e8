//! TLS that is attacked, breaks, stalls, or ends in the middle.

use std::time::Duration;

use ftp_sansio::server::{Ended, Event, Tls};
use ftp_sansio::tls::TlsRole;
use rustls::ContentType;

use super::by_hand::{ByHand, HOUR, unhurried};
use super::peer::{Peer, scripted};
use super::site::{arg, get, pattern, pause};
use super::staged::Staged;
use super::support::{LOCALHOST, accept, poll_once, read_to_end, write_all};
use super::tls::{VERSIONS, client_tls, explicit, name, server_tls, site};
use super::tls_peer::{TlsPeer, TlsServer, Wire};
use crate::client::{Client, Error, Options};
use crate::runtime::{Listener, Runtime, Stream};
use crate::tls::{Engine, TlsError, Version};
use crate::transport::Transport;

/// What was sent in clear text behind AUTH is the handshake's first bytes and never a command, however it was cut (CVE-2011-0411).
pub async fn early_commands_are_never_run<R: Runtime>(runtime: R) {
    let site = site(runtime, |_| {});
    let sent = b"AUTH TLS\r\nUSER anna\r\nPASS hush\r\nNOOP\r\n";
    for split in 1..sent.len() {
        let mut peer = Peer::connect(&site).await;
        peer.hear("220").await;
        write_all(&mut peer.stream, &sent[..split]).await.unwrap();
        // So that some of it comes by itself.
        pause(&site.runtime, Duration::from_millis(1)).await;
        // The server may have ended it already.
        let _ = write_all(&mut peer.stream, &sent[split..]).await;
        peer.hear("234").await;
        let rest = read_to_end(&mut peer.stream).await.unwrap_or_default();
        // Nothing, or an alert (RFC 8446 § 5.1).
        assert!(
            rest.first().is_none_or(|&kind| kind == 21),
            "split at {split}: {rest:?}"
        );
    }
    site.log
        .wait_for(|event| *event == Event::Ended(Ended::TlsFailed))
        .await;
    assert!(!site.log.has(|event| matches!(event, Event::LoggedIn(_))));
    site.close().await;
}

/// The same on the client's side: what came behind the 234 is no reply (CVE-2021-22947).
pub async fn early_replies_are_never_heard<R: Runtime>(runtime: R) {
    let sent = b"234 Go on\r\n200 Early\r\n200 Early\r\n230 Welcome\r\n";
    for split in (1..sent.len()).step_by(3) {
        let script = async |mut peer: Peer<R>| {
            peer.say("220 Hello").await;
            let line = peer.line().await.unwrap().unwrap();
            assert_eq!(line, "AUTH TLS");
            write_all(&mut peer.stream, &sent[..split]).await.unwrap();
            pause(&runtime, Duration::from_millis(1)).await;
            let _ = write_all(&mut peer.stream, &sent[split..]).await;
            assert!(TlsServer::begin(peer).await.is_err());
        };
        let told = scripted(&runtime, script, async |at| {
            let tls = client_tls(Version::Tls13);
            let client = Client::connect_tls(runtime.clone(), at, explicit(), &tls, name()).await;
            let mut client = client.unwrap();
            let told = client.secure().await;
            assert!(!client.is_usable());
            told
        });
        let told = Box::pin(told).await;
        assert!(
            matches!(told, Err(Error::Tls(TlsError::Broken(_)))),
            "split at {split}: {told:?}"
        );
    }
}

/// A FIN is no end under TLS: an upload that ends by one alone was cut off, and is not there.
pub async fn truncated_uploads_are_told<R: Runtime>(runtime: R) {
    let site = site(runtime, |_| {});
    site.put("file", b"the old file");
    for version in VERSIONS {
        let mut peer = TlsPeer::login(&site, version).await;
        for length in [0, 1000, 300_000] {
            let mut data = peer.open_secured("STOR file").await;
            data.write(&pattern(length)).await.unwrap();
            data.stream.shutdown().unwrap();
            peer.hear("426").await;
            assert_eq!(site.content("file"), b"the old file");
        }
        let mut data = peer.open_secured("STOR file").await;
        data.write(b"new").await.unwrap();
        data.end_with(b"").await.unwrap();
        assert_eq!(
            data.read_to_end().await.unwrap(),
            b"",
            "the server ends it in order too"
        );
        peer.hear("226").await;
        assert_eq!(site.content("file"), b"new");
        site.put("file", b"the old file");
    }
    site.close().await;
}

/// Begins a session with a client as its server, up to its login and TYPE.
async fn serve<R: Runtime>(mut peer: Peer<R>) -> TlsServer<R> {
    peer.say("220 Hello").await;
    peer.answer("AUTH TLS", "234 Go on").await;
    let mut server = TlsServer::begin(peer).await.unwrap();
    server.answer("PBSZ", "200 Yes").await;
    server.answer("PROT P", "200 Yes").await;
    server.answer("USER", "230 Welcome").await;
    server
}

/// The client of such a server.
async fn served<R: Runtime>(runtime: R, at: std::net::SocketAddr) -> Client<R> {
    let tls = client_tls(Version::Tls13);
    let client = Client::connect_tls(runtime, at, explicit(), &tls, name()).await;
    let mut client = client.unwrap();
    client.secure().await.unwrap();
    let login = client.login(arg("anna"), ftp_sansio::wire::Secret::new(arg("x")));
    login.await.unwrap();
    client
}

/// The same for a download, whatever the server says of it.
pub async fn truncated_downloads_are_told<R: Runtime>(runtime: R) {
    for in_order in [true, false] {
        let script = async |peer: Peer<R>| {
            let mut server = serve(peer).await;
            server.answer("TYPE I", "200 Yes").await;
            let mut listener = runtime.listen((LOCALHOST, 0).into()).unwrap();
            let port = listener.local_addr().unwrap().port();
            server
                .answer("EPSV", &format!("229 Here (|||{port}|)"))
                .await;
            let (data, _) = accept(&mut listener).await;
            server.answer("RETR", "150 Here it comes").await;
            let mut data = server.secure(data).await;
            data.write(&pattern(50_000)).await.unwrap();
            if in_order {
                data.end_with(b"").await.unwrap();
            }
            data.stream.shutdown().unwrap();
            server.wire.write(b"226 That was all\r\n").await.unwrap();
            // Until the client is gone.
            let _ = server.wire.read_to_end().await;
        };
        let told = scripted(&runtime, script, async |at| {
            let mut client = served(runtime.clone(), at).await;
            get(&mut client, "file", Options::default()).await
        });
        match Box::pin(told).await {
            Ok(content) => assert!(in_order && content == pattern(50_000)),
            Err(told) => assert!(
                !in_order && matches!(told, Error::Incomplete(_)),
                "{told:?}"
            ),
        }
    }
}

/// A reset in the middle, and a record that was changed on its way.
pub async fn resets_under_tls_are_told<R: Runtime>(runtime: R) {
    let site = site(runtime, |_| {});
    site.put("file", b"the old file");
    for version in VERSIONS {
        let mut peer = TlsPeer::login(&site, version).await;
        let mut data = peer.open_secured("STOR file").await;
        data.write(&pattern(100_000)).await.unwrap();
        data.stream.reset_on_drop();
        drop(data);
        // It may have come before the last of the handshake was read.
        peer.hear_any(&["426", "522"]).await;
        let mut data = peer.open_secured("STOR file").await;
        data.write(b"new").await.unwrap();
        // An application record whose authentication is wrong.
        write_all(
            &mut data.stream,
            b"\x17\x03\x03\x00\x20nothing that this side has sealed ",
        )
        .await
        .unwrap();
        peer.hear("426").await;
        assert_eq!(site.content("file"), b"the old file");
        peer.ask("NOOP", "200").await;
    }
    site.close().await;
}

/// A data connection on which no TLS comes about is told so, and the session goes on.
pub async fn failed_handshakes_are_answered<R: Runtime>(runtime: R) {
    let site = site(runtime, |_| {});
    site.put("file", b"content");
    for version in VERSIONS {
        let mut peer = TlsPeer::login(&site, version).await;
        for command in ["RETR file", "STOR other", "NLST"] {
            let mut data = peer.open(command).await;
            write_all(&mut data, b"in clear text\r\n").await.unwrap();
            peer.hear("522").await;
            drop(data);
            let data = peer.open(command).await;
            drop(data);
            peer.hear("522").await;
        }
        let mut data = peer.open_secured("RETR file").await;
        assert_eq!(data.read_to_end().await.unwrap(), b"content");
        peer.hear("226").await;
        assert_eq!(site.scratch.names_on_disk(""), ["file"]);
    }
    site.close().await;
}

/// A handshake that stands still is given up, and the session goes on.
pub async fn stalled_handshakes_time_out<R: Runtime>(runtime: R) {
    let runtime = ByHand::new(runtime);
    let site = site(runtime.clone(), |config| {
        unhurried(config);
        config.timeouts.handshake = HOUR;
    });
    site.put("file", b"content");
    let mut peer = TlsPeer::login(&site, Version::Tls13).await;
    for (command, sent) in [
        ("RETR file", &b""[..]),
        ("STOR other", b"\x16\x03\x01\x00\x80\x01"),
    ] {
        let mut data = peer.open(command).await;
        write_all(&mut data, sent).await.unwrap();
        runtime.passing(peer.hear("425")).await;
        assert!(read_to_end(&mut data).await.is_err(), "it is not left open");
    }
    let mut data = peer.open_secured("RETR file").await;
    assert_eq!(data.read_to_end().await.unwrap(), b"content");
    peer.hear("226").await;
    drop((peer, data));
    site.close().await;
}

/// The same on the control connection, which is its end.
pub async fn a_silent_control_handshake_times_out<R: Runtime>(runtime: R) {
    let runtime = ByHand::new(runtime);
    let site = site(runtime.clone(), |config| {
        unhurried(config);
        config.timeouts.handshake = HOUR;
    });
    let mut peer = Peer::connect(&site).await;
    peer.hear("220").await;
    peer.ask("AUTH TLS", "234").await;
    runtime.passing(peer.outlive()).await;
    site.log
        .wait_for(|event| *event == Event::Ended(Ended::TlsFailed))
        .await;
    drop(peer);
    site.close().await;
}

/// Who was meant to speak another protocol is sent away in the handshake (ALPACA).
pub async fn another_protocol_is_refused<R: Runtime>(runtime: R) {
    let site = site(runtime, |_| {});
    for (protocols, is_good) in [
        (&["h2", "http/1.1"][..], false),
        (&["x", "ftp"], true),
        (&[], true),
    ] {
        let mut peer = Peer::connect(&site).await;
        peer.hear("220").await;
        peer.ask("AUTH TLS", "234").await;
        let tls = client_tls(Version::Tls13);
        let session = tls.connection(name()).session_offering(protocols).unwrap();
        let wire = Wire::new(peer.stream, session).await;
        // Under TLS 1.3 the client's part may be done before it hears of it.
        let answered = match wire {
            Ok(mut wire) => match wire.write(b"NOOP\r\n").await {
                Ok(()) => wire.hears("200").await,
                Err(_) => false,
            },
            Err(_) => false,
        };
        assert_eq!(answered, is_good, "{protocols:?}");
    }
    site.close().await;
}

/// REIN under TLS: it ends, and all is as after the greeting; TLS can be begun again.
pub async fn begins_anew<R: Runtime>(runtime: R) {
    let site = site(runtime, |config| config.tls = Tls::Require);
    for version in VERSIONS {
        let mut peer = TlsPeer::login(&site, version).await;
        peer.ask("REIN", "220").await;
        // What follows TLS in the same packet is clear text.
        peer.wire
            .end_with(b"USER anna\r\nAUTH TLS\r\n")
            .await
            .unwrap();
        assert_eq!(peer.wire.read_to_end().await.unwrap(), b"");
        let mut clear = peer.wire.into_clear(&site.runtime);
        clear.hear("5").await;
        clear.hear("234").await;
        let session = client_tls(version).connection(name()).session().unwrap();
        let mut again = Wire::new(clear.stream, session).await.unwrap();
        again.write(b"PBSZ 0\r\n").await.unwrap();
        assert!(again.hears("200").await);
    }
    site.close().await;
}

/// CCC: what came under TLS behind it, and what came behind TLS, is taken in this order and as what it was.
pub async fn what_follows_tls_is_clear<R: Runtime>(runtime: R) {
    let site = site(runtime, |config| config.ccc = true);
    for version in VERSIONS {
        let mut peer = TlsPeer::login(&site, version).await;
        peer.wire.write(b"CCC\r\nPWD\r\n").await.unwrap();
        peer.hear("200").await;
        peer.wire.end_with(b"NOOP\r\nTYPE A\r\n").await.unwrap();
        assert_eq!(peer.wire.read_to_end().await.unwrap(), b"");
        let mut clear = peer.wire.into_clear(&site.runtime);
        clear.hear("257").await;
        clear.hear("200").await;
        clear.hear("200").await;
        clear.ask("NOOP", "200").await;
    }
    site.close().await;
}

/// A download that a slow peer takes little by little is not given up, though a stall may not last as long as what waits under TLS takes it.
pub async fn slow_downloads_go_on<R: Runtime>(runtime: R) {
    let runtime = Staged::new(runtime);
    let site = site(runtime.clone(), |config| {
        config.timeouts.data_progress = HOUR
    });
    // A last piece that is short, and one that is as long as what may wait under TLS.
    for (version, size) in [
        (Version::Tls12, 600_000),
        (Version::Tls13, 600_000),
        (Version::Tls12, 5 * 64 * 1024),
        (Version::Tls13, 5 * 64 * 1024),
    ] {
        let content = pattern(size);
        site.put("file", &content);
        let mut peer = TlsPeer::login(&site, version).await;
        runtime.slow_down(HOUR / 3);
        let before = runtime.taken();
        let mut data = peer.open_secured("RETR file").await;
        assert!(data.read_to_end().await.unwrap() == content);
        peer.hear("226").await;
        assert!(runtime.taken() > before + HOUR * 12);
    }
    site.close().await;
}

/// A ticket of TLS 1.3 (RFC 8446 § 4.6.1): its lifetime, what is added to its age, a nonce, the ticket itself, no extension.
const TICKET: &[u8] = b"\x04\0\0\x10\0\0\x0e\x10\0\0\0\0\x01n\0\x02it\0\0";

/// Tickets without end, as fast as they may come, keep nobody from anything else: not a client from its deadline, nor a thread from its
/// other tasks.
pub async fn endless_tickets_keep_nobody<R: Runtime>(runtime: R) {
    let (one, other) = super::support::pair(&runtime, LOCALHOST).await;
    let server = server_tls().connection();
    let session = server.session_with(|config| config.enable_secret_extraction = true);
    let far = Wire::new(one, session.unwrap());
    let client = client_tls(Version::Tls13).connection(name());
    let mut near = Transport::new(other);
    near.start_tls(Engine::data(client.session().unwrap()));
    let handshake = std::future::poll_fn(|context| near.poll_handshake(context));
    let (far, near_is_up) = super::support::join(far, handshake).await;
    near_is_up.unwrap();
    let (mut far, mut sealer) = far.unwrap().into_parts();
    let mut records: Vec<u8> = (0..1000)
        .flat_map(|_| sealer.seal(ContentType::Handshake, TICKET))
        .collect();
    records.extend(sealer.seal(ContentType::ApplicationData, b"x"));
    write_all(&mut far, &records).await.unwrap();
    let mut room = [0; 100];
    let read = poll_once(|context| near.poll_read(context, &mut room));
    assert!(
        read.is_pending(),
        "it was at it until there was no more: {read:?}"
    );
    assert!(near.tls().unwrap().buffered() > 0, "nothing is left");
    let read = std::future::poll_fn(|context| near.poll_read(context, &mut room));
    assert_eq!(read.await.unwrap(), 1);
    assert_eq!(room[0], b'x');
}

/// An idle connection under TLS has no buffer for what may come; nor has one on which a transfer rests.
pub async fn an_idle_session_holds_no_buffer<R: Runtime>(runtime: R) {
    let (one, other) = super::support::pair(&runtime, LOCALHOST).await;
    let client = client_tls(Version::Tls13).connection(name());
    let server = server_tls().connection();
    let far = Wire::new(one, client.session().unwrap());
    let mut near = Transport::new(other);
    let (data, _) = server.data(TlsRole::Server).unwrap().into_parts();
    near.start_tls(Engine::data(data));
    let handshake = std::future::poll_fn(|context| near.poll_handshake(context));
    let (far, near_is_up) = super::support::join(far, handshake).await;
    near_is_up.unwrap();
    let mut far = far.unwrap();
    let mut room = vec![0; 100_000];
    for _ in 0..3 {
        far.write(&pattern(50_000)).await.unwrap();
        let mut taken = 0;
        while taken < 50_000 {
            taken += std::future::poll_fn(|context| near.poll_read(context, &mut room))
                .await
                .unwrap();
        }
        assert!(poll_once(|context| near.poll_read(context, &mut room)).is_pending());
        assert_eq!(near.tls().unwrap().buffered(), 0);
    }
}
