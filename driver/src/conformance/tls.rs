//! TLS between this project's client and its server, and between either and a peer that does it wrong.

use std::sync::LazyLock;

use ftp_sansio::client::Tls as ClientMode;
use ftp_sansio::server::{Event, Tls};
use ftp_sansio::tls::{Resumption, TlsFacts};
use ftp_sansio::wire::{Mode, Structure};

use super::site::{ANNA, LONG, Site, arg, client_config, config, get, pattern, put, secret};
use super::support::LOCALHOST;
use crate::client::{Client, Config, DataPath, Error, Options};
use crate::runtime::{Listener, Runtime};
use crate::server::Settings;
use crate::tls::{Certificate, ClientTls, Roots, ServerName, ServerTls, Trust, Version};

/// What every test's server shows: making one takes a while.
static CERTIFICATE: LazyLock<Certificate> =
    LazyLock::new(|| Certificate::self_signed(["localhost", "127.0.0.1"]).unwrap());

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];

fn name() -> ServerName {
    LOCALHOST.into()
}

fn server_tls() -> ServerTls {
    ServerTls::builder(CERTIFICATE.clone()).build().unwrap()
}

/// Of a client that trusts that certificate alone, and speaks one version.
fn client_tls(version: Version) -> ClientTls {
    let roots = Roots::only(&CERTIFICATE).unwrap();
    ClientTls::builder()
        .trust(Trust::Roots(roots))
        .min_version(version)
        .max_version(version)
        .build()
        .unwrap()
}

/// A server that offers TLS.
fn site<R: Runtime>(runtime: R, change: impl FnOnce(&mut crate::server::Config)) -> Site<R> {
    let config = config(|config| {
        config.tls = Tls::Allow;
        change(config);
    });
    Site::with(
        runtime,
        Settings::default().config(config).tls(server_tls()),
    )
}

fn explicit() -> Config {
    let mut config = client_config(LONG);
    config.tls = ClientMode::Explicit;
    config
}

/// A client that has only heard the greeting.
async fn stranger<R: Runtime>(site: &Site<R>, config: Config, tls: &ClientTls) -> Client<R> {
    let connected = Client::connect_tls(site.runtime.clone(), site.at, config, tls, name()).await;
    connected.unwrap()
}

/// A client that is secured and logged in.
async fn client_with<R: Runtime>(site: &Site<R>, config: Config, tls: &ClientTls) -> Client<R> {
    let mut client = stranger(site, config, tls).await;
    client.secure().await.unwrap();
    client.login(arg(ANNA.0), secret(ANNA.1)).await.unwrap();
    client
}

async fn client<R: Runtime>(site: &Site<R>, version: Version) -> Client<R> {
    client_with(site, explicit(), &client_tls(version)).await
}

/// Up, down and a listing.
async fn moves<R: Runtime>(site: &Site<R>, client: &mut Client<R>, options: Options) {
    for length in [0, 1, 20_000, 700_001] {
        let content = pattern(length);
        put(client, "file", &content, options).await.unwrap();
        assert!(site.content("file") == content, "{length}: up");
        let back = get(client, "file", options).await.unwrap();
        assert!(back == content, "{length}: down");
    }
    let listing = client.list(None).await.unwrap();
    assert_eq!(listing.entries.len(), 1);
}

/// Whether a small download and a small upload resumed.
async fn resumed<R: Runtime>(client: &mut Client<R>) -> (Option<bool>, Option<bool>) {
    let mut download = client
        .retrieve(arg("file"), Options::default())
        .await
        .unwrap();
    while download.read().await.unwrap().is_some() {}
    let down = download.finish().await.unwrap().data_resumed();
    let mut upload = client
        .store(arg("other"), Options::default())
        .await
        .unwrap();
    upload.write((&b"content"[..]).into()).await.unwrap();
    let up = upload.finish().await.unwrap().data_resumed();
    (down, up)
}

/// AUTH TLS, and everything both ways after it, by either way to a data connection.
pub async fn moves_under_tls<R: Runtime>(runtime: R) {
    let site = site(runtime, |config| config.tls = Tls::Require);
    for version in VERSIONS {
        for path in [DataPath::Passive, DataPath::Active] {
            let mut config = explicit();
            config.data_path = path;
            let mut client = stranger(&site, config, &client_tls(version)).await;
            let refused = client.login(arg(ANNA.0), secret(ANNA.1)).await;
            assert!(matches!(refused, Err(Error::NotPossible(_))), "{refused:?}");
            let facts = client.secure().await.unwrap();
            assert_eq!(facts, TlsFacts::default());
            assert_eq!(client.server_pin(), Some(CERTIFICATE.pin()));
            client.login(arg(ANNA.0), secret(ANNA.1)).await.unwrap();
            moves(&site, &mut client, Options::default()).await;
            client.quit().await.unwrap();
        }
    }
    site.log
        .wait_for(|event| matches!(event, Event::Secured(_)))
        .await;
    site.close().await;
}

/// TLS from the first byte on.
pub async fn moves_under_implicit_tls<R: Runtime>(runtime: R) {
    let mut site = site(runtime.clone(), |_| {});
    let listener = runtime.listen((LOCALHOST, 0).into()).unwrap();
    site.at = listener.local_addr().unwrap();
    let serving = site.server.clone();
    runtime.spawn(async move { serving.serve_implicit(listener).await });
    for version in VERSIONS {
        let mut config = client_config(LONG);
        config.tls = ClientMode::Implicit;
        let mut client = client_with(&site, config, &client_tls(version)).await;
        moves(&site, &mut client, Options::default()).await;
        client.quit().await.unwrap();
    }
    site.close().await;
}

/// PROT C: commands are protected, and data is not.
pub async fn data_may_be_clear<R: Runtime>(runtime: R) {
    let site = site(runtime, |_| {});
    let mut config = explicit();
    config.protect_data = false;
    let mut client = client_with(&site, config, &client_tls(Version::Tls13)).await;
    moves(&site, &mut client, Options::default()).await;
    assert_eq!(resumed(&mut client).await, (None, None));
    client.quit().await.unwrap();
    site.close().await;
}

/// The modes in which the data connection stays open, and those in which it does not.
pub async fn every_mode_under_tls<R: Runtime>(runtime: R) {
    let site = site(runtime, |config| config.resumption = Resumption::Require);
    for version in VERSIONS {
        let mut client = client(&site, version).await;
        for mode in [Mode::Stream, Mode::Block, Mode::Compressed, Mode::Deflate] {
            for structure in [Structure::File, Structure::Record] {
                let options = Options {
                    structure,
                    mode,
                    ..Options::default()
                };
                moves(&site, &mut client, options).await;
            }
        }
        client.quit().await.unwrap();
    }
    site.close().await;
}

/// Each data connection resumes, in either direction and version, for as long as one likes, at a server that demands it.
pub async fn two_hundred_resume<R: Runtime>(runtime: R) {
    let site = site(runtime, |config| config.resumption = Resumption::Require);
    site.put("file", b"content");
    for version in VERSIONS {
        let mut client = client(&site, version).await;
        for round in 0..100 {
            assert_eq!(
                resumed(&mut client).await,
                (Some(true), Some(true)),
                "{version:?} {round}"
            );
        }
        // Downloads alone, and uploads alone: what the one brings the other need not leave.
        for _ in 0..20 {
            let content = get(&mut client, "file", Options::default()).await.unwrap();
            assert_eq!(content, b"content");
        }
        for _ in 0..20 {
            put(&mut client, "other", b"content", Options::default())
                .await
                .unwrap();
        }
        client.quit().await.unwrap();
    }
    site.close().await;
}

/// Connections of one client side by side do not use up each other's tickets.
pub async fn parallel_connections_share_nothing<R: Runtime>(runtime: R) {
    let site = site(runtime, |config| config.resumption = Resumption::Require);
    site.put("file", b"content");
    for version in VERSIONS {
        let tls = client_tls(version);
        let mut first = client_with(&site, explicit(), &tls).await;
        let mut second = client_with(&site, explicit(), &tls).await;
        for _ in 0..10 {
            assert_eq!(resumed(&mut first).await, (Some(true), Some(true)));
            assert_eq!(resumed(&mut second).await, (Some(true), Some(true)));
        }
        first.quit().await.unwrap();
        second.quit().await.unwrap();
    }
    site.close().await;
}

/// A ticket that is good for one control connection is good for no other; and what a data connection without one brings is good for
/// nothing either.
pub async fn a_stolen_ticket_is_refused<R: Runtime>(runtime: R) {
    let site = site(runtime, |config| config.resumption = Resumption::Require);
    site.put("file", b"content");
    for version in VERSIONS {
        let mut victim = client(&site, version).await;
        let mut thief = client(&site, version).await;
        thief.steal_tickets(&victim);
        for _ in 0..4 {
            let refused = get(&mut thief, "file", Options::default())
                .await
                .unwrap_err();
            assert!(
                matches!(&refused, Error::Incomplete(Some(reply)) if reply.to_string().starts_with("522")),
                "{refused:?}"
            );
            let refused = put(&mut thief, "new", b"x", Options::default())
                .await
                .unwrap_err();
            assert!(
                refused
                    .reply()
                    .is_some_and(|reply| reply.to_string().starts_with("522")),
                "{refused:?}"
            );
        }
        thief.noop().await.unwrap();
        thief.quit().await.unwrap();
        victim.noop().await.unwrap();
        victim.quit().await.unwrap();
        assert_eq!(site.scratch.names_on_disk(""), ["file"]);
    }
    site.close().await;
}

/// CCC: commands in clear text again, data as protected as before.
pub async fn commands_in_clear_again<R: Runtime>(runtime: R) {
    let site = site(runtime, |config| {
        config.ccc = true;
        config.resumption = Resumption::Require;
    });
    site.put("file", b"content");
    for version in VERSIONS {
        let mut client = client(&site, version).await;
        client.clear_control().await.unwrap();
        for _ in 0..5 {
            assert_eq!(resumed(&mut client).await, (Some(true), Some(true)));
        }
        let again = client.secure().await;
        assert!(matches!(again, Err(Error::NotPossible(_))), "{again:?}");
        client.quit().await.unwrap();
    }
    site.log.wait_for(|event| *event == Event::Cleared).await;
    site.close().await;
}
