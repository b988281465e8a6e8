//! How a session is made: names, addresses, ports, and the time it may take.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ftp_sansio::client::{Credentials, Wait};

use super::peer::{Peer, scripted};
use super::site::{ANNA, LONG, Site, arg, client_config, get, secret};
use super::support::{LOCALHOST, read_to_end, wait};
use crate::client::{Builder, Client, DataPath, Error, Options, Target, Trace};
use crate::runtime::{Interest, Listener, Runtime, Stream};

const SHORT: Duration = Duration::from_millis(300);

fn anna() -> Credentials {
    Credentials {
        user: arg(ANNA.0),
        password: secret(ANNA.1),
        account: None,
    }
}

fn builder<R: Runtime>(runtime: &R) -> Builder<R> {
    Client::builder(runtime.clone()).config(client_config(LONG))
}

/// A name leads to the server, and one that does not exist to an error that says so.
pub async fn looks_names_up<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let target = Target::new("localhost", site.at.port()).unwrap();
    let client = builder(&site.runtime).connect(target).await.unwrap();
    assert_eq!(client.peer_addr(), site.at);
    client.quit().await.unwrap();
    // RFC 6761 § 6.4: no resolver knows it, and none asks the network.
    let target = Target::new("nowhere.invalid", 21).unwrap();
    // However long a resolver that reaches nobody takes.
    let patient = builder(&site.runtime).config(client_config(LONG * 60));
    let told = patient.connect(target).await.unwrap_err();
    assert!(matches!(told, Error::Connect(_)), "{told:?}");
    assert!(told.is_retryable());
    site.close().await;
}

/// Where the first of a host's addresses does not answer, the next is tried: `localhost` has two on most machines, and the server listens at
/// the other one than comes first.
pub async fn tries_every_address<R: Runtime>(runtime: R) {
    let target = Target::new("localhost", 1).unwrap();
    let addresses = target.resolve(&runtime).await.unwrap();
    assert!(!addresses.is_empty());
    for address in addresses {
        let Ok(mut listener) = runtime.listen(SocketAddr::new(address.ip(), 0)) else {
            continue;
        };
        let at = listener.local_addr().unwrap();
        let server = async {
            let (stream, _) = super::support::accept(&mut listener).await;
            let mut peer = Peer::of(&runtime, stream);
            peer.say("220 Here.").await;
            peer.answer("QUIT", "221 Bye.").await;
        };
        let client = async {
            let client = builder(&runtime)
                .connect(target.with_port(at.port()))
                .await
                .unwrap();
            assert_eq!(client.peer_addr(), at);
            client.quit().await.unwrap();
        };
        super::support::join(server, client).await;
    }
}

/// One deadline for all of it, however long its parts might take.
pub async fn a_deadline_covers_it_all<R: Runtime>(runtime: R) {
    let script = async |mut peer: Peer<R>| {
        peer.say("220 Here.").await;
        peer.answer("USER", "331 Password?").await;
        // And then nothing.
        peer.outlive().await;
    };
    let connecting = async |at: SocketAddr| {
        let builder = builder(&runtime).credentials(anna()).deadline(SHORT);
        builder.connect(at).await
    };
    let began = runtime.now();
    let told = scripted(&runtime, script, connecting).await.unwrap_err();
    assert!(matches!(told, Error::Timeout(Wait::Connect)), "{told:?}");
    let took = runtime.now().saturating_since(began);
    assert!(took >= SHORT && took < LONG, "{took:?}");
}

/// With credentials, a client is logged in when it is there; wrong ones are told.
pub async fn logs_in_as_it_connects<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"content");
    let right = builder(&site.runtime).credentials(anna());
    let mut client = right.connect(site.at).await.unwrap();
    let content = get(&mut client, "file", Options::default()).await.unwrap();
    assert_eq!(content, b"content");
    client.quit().await.unwrap();
    let wrong = Credentials {
        password: secret("loud"),
        ..anna()
    };
    let wrong = builder(&site.runtime).credentials(wrong);
    let told = wrong.connect(site.at).await.unwrap_err();
    assert!(matches!(told, Error::LoginRefused(_)), "{told:?}");
    assert!(!told.is_retryable());
    site.close().await;
}

/// An observer that is set beforehand sees the greeting and the login.
pub async fn shows_the_greeting<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let observing = builder(&site.runtime)
        .credentials(anna())
        .observe(move |trace| {
            log.lock().unwrap().push(match trace {
                Trace::Sent(command) => format!("{command:?}"),
                Trace::Received(reply) => reply.to_string(),
            });
        });
    let client = observing.connect(site.at).await.unwrap();
    client.quit().await.unwrap();
    let seen = seen.lock().unwrap().join("\n");
    assert!(seen.starts_with("220"), "{seen}");
    assert!(seen.contains("anna") && !seen.contains(ANNA.1), "{seen}");
    site.close().await;
}

/// The address to connect from is the data connections' too.
pub async fn connects_from_a_source<R: Runtime>(runtime: R) {
    // Linux has all of 127/8 on the loopback interface, others only the one.
    let last = if cfg!(target_os = "linux") { 3 } else { 1 };
    let source = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    let script = async |mut peer: Peer<R>| {
        assert_eq!(peer.stream.peer_addr().unwrap().ip(), source);
        peer.say("220 Here.").await;
        peer.answer("TYPE I", "200 Yes.").await;
        let mut data = peer.answer_transfer("RETR", "150 Coming.").await;
        assert_eq!(data.peer_addr().unwrap().ip(), source);
        wait(&mut data, Interest::Write).await.unwrap();
        data.shutdown().unwrap();
        peer.say("226 Done.").await;
        assert_eq!(read_to_end(&mut data).await.unwrap(), b"");
        peer.outlive().await;
    };
    let client = async |at: SocketAddr| {
        let mut config = client_config(LONG);
        config.pipelining = false;
        let builder = Client::builder(runtime.clone())
            .config(config)
            .source(source);
        let mut client = builder.connect(at).await.unwrap();
        let content = get(&mut client, "file", Options::default()).await.unwrap();
        assert_eq!(content, b"");
    };
    scripted(&runtime, script, client).await;
}

/// Three ports next to each other that are free now.
fn free_ports<R: Runtime>(runtime: &R) -> std::ops::RangeInclusive<u16> {
    loop {
        let free = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
        let first = free.local_addr().unwrap().port();
        let at = |port| runtime.listen(SocketAddr::new(LOCALHOST, port));
        if let (Some(second), Some(third)) = (first.checked_add(1), first.checked_add(2))
            && at(second).is_ok()
            && at(third).is_ok()
        {
            return first..=third;
        }
    }
}

/// In active mode this side listens where it was told to.
pub async fn active_ports_keep_to_their_range<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"content");
    let ports = free_ports(&site.runtime);
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = told.clone();
    let mut config = client_config(LONG);
    config.data_path = DataPath::Active;
    let active = Client::builder(site.runtime.clone())
        .config(config)
        .credentials(anna())
        .active_ports(ports.clone())
        .observe(move |trace| {
            if let Trace::Sent(ftp_sansio::wire::Command::Port(at)) = trace {
                log.lock().unwrap().push(at.port());
            }
        });
    let mut client = active.connect(site.at).await.unwrap();
    for _ in 0..3 {
        let content = get(&mut client, "file", Options::default()).await.unwrap();
        assert_eq!(content, b"content");
    }
    client.quit().await.unwrap();
    let told = told.lock().unwrap().clone();
    assert!(
        told.len() >= 3 && told.iter().all(|port| ports.contains(port)),
        "{told:?}"
    );
    site.close().await;
}

/// Behind a NAT, the server is told the NAT's address, and the port that this side listens at.
pub async fn a_nat_address_is_told<R: Runtime>(runtime: R) {
    let nat = Ipv4Addr::new(192, 0, 2, 33);
    let script = async |mut peer: Peer<R>| {
        peer.say("220 Here.").await;
        peer.answer("TYPE I", "200 Yes.").await;
        let line = peer.line().await.unwrap().unwrap();
        let numbers = line.strip_prefix("PORT 192,0,2,33,").expect(&line);
        let (high, low) = numbers.split_once(',').unwrap();
        let port = 256 * high.parse::<u16>().unwrap() + low.parse::<u16>().unwrap();
        peer.say("200 Yes.").await;
        peer.answer("RETR", "150 Coming.").await;
        // What the NAT would do.
        let own = SocketAddr::new(LOCALHOST, port);
        let mut data = runtime.connect(own, Some(LOCALHOST)).await.unwrap();
        super::support::write_all(&mut data, b"content")
            .await
            .unwrap();
        drop(data);
        peer.say("226 Done.").await;
        peer.outlive().await;
    };
    let client = async |at: SocketAddr| {
        let mut config = client_config(LONG);
        (config.data_path, config.pipelining) = (DataPath::Active, false);
        let builder = Client::builder(runtime.clone()).config(config);
        let mut client = builder
            .active_address(nat.into())
            .connect(at)
            .await
            .unwrap();
        let content = get(&mut client, "file", Options::default()).await.unwrap();
        assert_eq!(content, b"content");
    };
    scripted(&runtime, script, client).await;
}
