//! TLS between this project's client and its server, and between either and a peer that does it wrong.

use std::sync::LazyLock;

use ftp_sansio::client::Tls as ClientMode;
use ftp_sansio::server::{Event, Tls};
use ftp_sansio::tls::{Resumption, TlsFacts};
use ftp_sansio::wire::{Mode, Structure};

use sha2::{Digest, Sha256};

use super::cancelling::drop_at_every_poll_of;
use super::held::Gate;
use super::polled;
use super::site::{ANNA, LONG, Site, Users, arg, client_config, config, get, pattern, put, secret};
use super::support::{LOCALHOST, Scratch};
use crate::client::{Client, Config, DataPath, Error, Options};
use crate::runtime::{Listener, Runtime};
use crate::server::{Builder, TlsNotSetUp};
use crate::tls::{
    Certificate, CertificateError, ClientCertificates, ClientTls, Distrust, Pin, Roots, ServerName,
    ServerTls, TlsError, Trust, Version,
};

/// What every test's server shows: making one takes a while.
pub(super) static CERTIFICATE: LazyLock<Certificate> =
    LazyLock::new(|| Certificate::self_signed(["localhost", "127.0.0.1"]).unwrap());

pub(super) const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];

pub(super) fn name() -> ServerName {
    LOCALHOST.into()
}

pub(super) fn server_tls() -> ServerTls {
    ServerTls::builder(CERTIFICATE.clone()).build().unwrap()
}

/// Of a client that trusts that certificate alone, and speaks one version.
pub(super) fn client_tls(version: Version) -> ClientTls {
    let roots = Roots::only(&CERTIFICATE).unwrap();
    ClientTls::builder()
        .trust(Trust::Roots(roots))
        .min_version(version)
        .max_version(version)
        .build()
        .unwrap()
}

/// A server that offers TLS.
pub(super) fn site<R: Runtime>(
    runtime: R,
    change: impl FnOnce(&mut crate::server::Config),
) -> Site<R> {
    let config = config(|config| {
        config.tls = Tls::Allow;
        change(config);
    });
    Site::with(runtime, Builder::new().config(config).tls(server_tls()))
}

pub(super) fn explicit() -> Config {
    let mut config = client_config(LONG);
    config.tls = ClientMode::Explicit;
    config
}

/// A client that has only heard the greeting.
pub(super) async fn stranger<R: Runtime>(
    site: &Site<R>,
    config: Config,
    tls: &ClientTls,
) -> Client<R> {
    let connected = Client::connect_tls(site.runtime.clone(), site.at, config, tls, name()).await;
    connected.unwrap()
}

/// A client that is secured and logged in.
pub(super) async fn client_with<R: Runtime>(
    site: &Site<R>,
    config: Config,
    tls: &ClientTls,
) -> Client<R> {
    let mut client = stranger(site, config, tls).await;
    client.secure().await.unwrap();
    client.login(arg(ANNA.0), secret(ANNA.1)).await.unwrap();
    client
}

pub(super) async fn client<R: Runtime>(site: &Site<R>, version: Version) -> Client<R> {
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

/// Transfers that are dropped, at whatever moment and one after the other, leave tickets for those that are not.
pub async fn dropped_transfers_leave_tickets<R: Runtime>(runtime: R) {
    let site = site(runtime, |config| config.resumption = Resumption::Require);
    site.put("file", b"content");
    for version in VERSIONS {
        let mut client = client(&site, version).await;
        for polls in 0.. {
            for _ in 0..2 {
                let upload = client.store(arg("other"), Options::default()).await;
                let mut upload = upload.unwrap();
                upload.write((&b"content"[..]).into()).await.unwrap();
            }
            let told = polled(polls, get(&mut client, "file", Options::default())).await;
            if let Some(told) = told {
                assert_eq!(told.unwrap(), b"content");
                break;
            }
            assert_eq!(
                resumed(&mut client).await,
                (Some(true), Some(true)),
                "{version:?}, after {polls} polls"
            );
        }
        client.quit().await.unwrap();
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

/// Transfers may be dropped at any time under TLS too.
pub async fn any_poll_may_be_the_last<R: Runtime>(runtime: R) {
    let site = site(runtime, |_| {});
    let old = b"the old file";
    let new = pattern(150_000);
    site.put("known", b"known");
    site.put("large", &new);
    let tls = client_tls(Version::Tls13);
    let connect = async || client_with(&site, explicit(), &tls).await;
    let download = async |client: &mut Client<R>| get(client, "large", Options::default()).await;
    let name = "download under TLS";
    drop_at_every_poll_of(&site, name, connect, |_| {}, download, |_| {}).await;
    let upload = async |client: &mut Client<R>| put(client, "file", &new, Options::default()).await;
    let prepare = |site: &Site<R>| site.put("file", old);
    let check = |site: &Site<R>| {
        let content = site.content("file");
        let length = content.len();
        assert!(
            content == old || content == new,
            "half a file of {length} bytes"
        );
    };
    drop_at_every_poll_of(&site, "upload under TLS", connect, prepare, upload, check).await;
    assert!(site.content("file") == new);
    site.close().await;
}

fn trusting(trust: Trust) -> ClientTls {
    ClientTls::builder().trust(trust).build().unwrap()
}

/// What a client says to a certificate, by whom it trusts; where it does not, it says what would pin it.
pub async fn servers_are_checked<R: Runtime>(runtime: R) {
    let site = site(runtime, |_| {});
    let stranger = Certificate::self_signed(["127.0.0.1"]).unwrap();
    let (own, other) = (
        Roots::only(&CERTIFICATE).unwrap(),
        Roots::only(&stranger).unwrap(),
    );
    let (name, wrong) = (name(), ServerName::new("example.org").unwrap());
    let whole: Pin = Sha256::digest(&CERTIFICATE.der()[0])
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<Vec<_>>()
        .join(":")
        .parse()
        .unwrap();
    let untrusted = |why| {
        Some(TlsError::Untrusted {
            why,
            pin: CERTIFICATE.pin(),
        })
    };
    for (trust, name, expected) in [
        (Trust::Roots(own.clone()), &name, None),
        (
            Trust::Roots(own.clone()),
            &ServerName::new("LocalHost.").unwrap(),
            None,
        ),
        (Trust::Roots(own), &wrong, untrusted(Distrust::WrongName)),
        (
            Trust::Roots(other),
            &name,
            untrusted(Distrust::UnknownIssuer),
        ),
        (
            Trust::Pinned(vec![stranger.pin(), CERTIFICATE.pin()]),
            &wrong,
            None,
        ),
        (Trust::Pinned(vec![whole]), &wrong, None),
        (
            Trust::Pinned(vec![stranger.pin()]),
            &name,
            untrusted(Distrust::NotPinned),
        ),
        (
            Trust::Pinned(Vec::new()),
            &name,
            untrusted(Distrust::NotPinned),
        ),
        (Trust::Insecure, &wrong, None),
    ] {
        let tls = trusting(trust.clone());
        let runtime = site.runtime.clone();
        let client = Client::connect_tls(runtime, site.at, explicit(), &tls, name.clone()).await;
        let mut client = client.unwrap();
        let told = match client.secure().await {
            Ok(_) => None,
            Err(Error::Tls(fault)) => Some(fault),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(told, expected, "{trust:?} {name:?}");
        assert_eq!(client.is_usable(), expected.is_none());
        assert_eq!(client.server_pin(), Some(CERTIFICATE.pin()));
    }
    site.close().await;
}

/// A server that wants to know who its clients are.
pub async fn clients_are_checked<R: Runtime>(runtime: R) {
    let known = Certificate::self_signed(["known"]).unwrap();
    let unknown = Certificate::self_signed(["unknown"]).unwrap();
    let roots = Roots::only(&known).unwrap();
    for (clients, without) in [
        (ClientCertificates::Required(roots.clone()), false),
        (ClientCertificates::Accepted(roots), true),
    ] {
        let tls = ServerTls::builder(CERTIFICATE.clone()).client_certificates(clients);
        let settings = Builder::new().config(config(|config| config.tls = Tls::Require));
        let site = Site::with(runtime.clone(), settings.tls(tls.build().unwrap()));
        for version in VERSIONS {
            for (shown, is_good) in [
                (None, without),
                (Some(&known), true),
                (Some(&unknown), false),
            ] {
                let mut tls = ClientTls::builder()
                    .trust(Trust::Roots(Roots::only(&CERTIFICATE).unwrap()))
                    .max_version(version);
                if let Some(shown) = shown {
                    tls = tls.certificate(shown.clone());
                }
                let mut client = stranger(&site, explicit(), &tls.build().unwrap()).await;
                match (client.secure().await, is_good) {
                    (Ok(_), true) => {
                        client.login(arg(ANNA.0), secret(ANNA.1)).await.unwrap();
                        moves(&site, &mut client, Options::default()).await;
                    }
                    (Err(Error::Tls(TlsError::Refused(_))), false) => {}
                    (told, _) => panic!("{version:?} {shown:?}: {told:?}"),
                }
            }
        }
        site.close().await;
    }
}

/// A reload is for who comes after it; a session goes on with what it has.
pub async fn certificates_are_read_again<R: Runtime>(runtime: R) {
    let other = Certificate::self_signed(["127.0.0.1"]).unwrap();
    let scratch = Scratch::new(runtime.clone());
    let (chain, key) = (scratch.outside("chain.pem"), scratch.outside("key.pem"));
    let write = |certificate: &Certificate| {
        let (chain_pem, key_pem) = certificate.to_pem();
        std::fs::write(&chain, chain_pem).unwrap();
        std::fs::write(&key, key_pem).unwrap();
    };
    write(&CERTIFICATE);
    let tls = ServerTls::from_pem_files(&chain, &key).build().unwrap();
    let config = config(|config| {
        config.tls = Tls::Require;
        config.resumption = Resumption::Require;
    });
    let site = Site::with(runtime, Builder::new().config(config).tls(tls.clone()));
    site.put("file", b"content");
    let trust = trusting(Trust::Pinned(vec![CERTIFICATE.pin(), other.pin()]));
    let mut before = client_with(&site, explicit(), &trust).await;
    assert_eq!(before.server_pin(), Some(CERTIFICATE.pin()));
    std::fs::write(&key, b"no key").unwrap();
    assert!(matches!(tls.reload(), Err(CertificateError::NoKey(_))));
    std::fs::remove_file(&chain).unwrap();
    assert!(matches!(tls.reload(), Err(CertificateError::File { .. })));
    let unchanged = client_with(&site, explicit(), &trust).await;
    assert_eq!(unchanged.server_pin(), Some(CERTIFICATE.pin()));
    write(&other);
    tls.reload().unwrap();
    let mut after = client_with(&site, explicit(), &trust).await;
    assert_eq!(after.server_pin(), Some(other.pin()));
    for client in [&mut before, &mut after] {
        assert_eq!(resumed(client).await, (Some(true), Some(true)));
    }
    drop((before, unchanged, after));
    site.close().await;
}

/// A host that is named is shown its own certificate, on data connections too.
pub async fn hosts_have_their_own<R: Runtime>(runtime: R) {
    let hosted = Certificate::self_signed(["files.example"]).unwrap();
    let tls = ServerTls::builder(CERTIFICATE.clone()).host("Files.Example", hosted.clone());
    let settings = Builder::new().config(config(|config| config.tls = Tls::Require));
    let site = Site::with(runtime, settings.tls(tls.build().unwrap()));
    for (name, shown) in [("files.example", &hosted), ("localhost", &*CERTIFICATE)] {
        let tls = trusting(Trust::Roots(Roots::only(shown).unwrap()));
        let (runtime, name) = (site.runtime.clone(), ServerName::new(name).unwrap());
        let client = Client::connect_tls(runtime, site.at, explicit(), &tls, name.clone()).await;
        let mut client = client.unwrap();
        client.secure().await.unwrap();
        client.login(arg(ANNA.0), secret(ANNA.1)).await.unwrap();
        moves(&site, &mut client, Options::default()).await;
    }
    site.log
        .wait_for(|event| {
            *event == Event::Secured(TlsFacts::new(Some(arg("files.example")), false))
        })
        .await;
    site.close().await;
}

/// Two sides without a version in common do not speak.
pub async fn old_versions_are_refused<R: Runtime>(runtime: R) {
    let tls = ServerTls::builder(CERTIFICATE.clone()).min_version(Version::Tls13);
    let settings = Builder::new().config(config(|config| config.tls = Tls::Allow));
    let site = Site::with(runtime, settings.tls(tls.build().unwrap()));
    let mut old = stranger(&site, explicit(), &client_tls(Version::Tls12)).await;
    let told = old.secure().await;
    assert!(
        matches!(told, Err(Error::Tls(TlsError::Refused(_)))),
        "{told:?}"
    );
    let mut new = client(&site, Version::Tls13).await;
    moves(&site, &mut new, Options::default()).await;
    drop((old, new));
    site.close().await;
}

/// TLS that was asked for and is not there ends in an error, and nothing was said in clear text; who only would like it goes on.
pub async fn what_is_not_there_is_refused<R: Runtime>(runtime: R) {
    let unsaid = Builder::new().config(config(|config| config.tls = Tls::Allow));
    let site = Site::new(runtime.clone());
    let nowhere = Scratch::new(runtime.clone());
    let built = unsaid.build(
        runtime.clone(),
        Users::of(&runtime, &nowhere, &Gate::default()),
    );
    assert!(matches!(built, Err(TlsNotSetUp)));
    site.put("file", b"content");
    let without = Client::connect(runtime, site.at, explicit()).await;
    assert!(matches!(without, Err(Error::Tls(TlsError::NotSetUp))));
    let tls = client_tls(Version::Tls13);
    let mut strict = stranger(&site, explicit(), &tls).await;
    assert!(matches!(strict.secure().await, Err(Error::Refused(_))));
    let login = strict.login(arg(ANNA.0), secret(ANNA.1)).await;
    assert!(matches!(login, Err(Error::NotPossible(_))), "{login:?}");
    let mut modest = stranger(&site, client_config(LONG), &tls).await;
    assert!(matches!(modest.secure().await, Err(Error::Refused(_))));
    modest.login(arg(ANNA.0), secret(ANNA.1)).await.unwrap();
    assert_eq!(resumed(&mut modest).await, (None, None));
    drop((strict, modest));
    site.close().await;
}
