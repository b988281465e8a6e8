//! What random runs come upon too rarely to be sure of it: every byte of a protected transfer, and tickets that get few.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use ftp_runtime_simulated::client::{Config, Error, Options};
use ftp_runtime_simulated::memory::MemoryStorage;
use ftp_runtime_simulated::sansio::client::Tls as ClientMode;
use ftp_runtime_simulated::sansio::server::Tls as ServerMode;
use ftp_runtime_simulated::sansio::tls::Resumption;
use ftp_runtime_simulated::sansio::wire::{Secret, VirtualPath};
use ftp_runtime_simulated::server::Builder;
use ftp_runtime_simulated::tls::Version;
use ftp_runtime_simulated::{
    Client, Conditions, Direction, Event, Fault, Network, Runtime, Server, Simulation,
};

use super::files::memory;
use super::tls::Source;
use super::{Anybody, arg, tls};

const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const CONTROL: u16 = 21;
const OLD: Bytes = Bytes::from_static(b"the old file");
const NEW: Bytes = Bytes::from_static(b"the new file, which is a bit longer");

/// A server that wants each data connection to resume the session of its control connection.
fn serve(net: &Network, files: &MemoryStorage) -> SocketAddr {
    let mut config = ftp_runtime_simulated::server::Config::default();
    config.tls = ServerMode::Require;
    config.resumption = Resumption::Require;
    tls::begin(net);
    let there = net.host(SERVER);
    let settings = Builder::new().config(config).tls(tls::server(Source::Seed));
    let server: Server<_> = settings
        .build(there.clone(), Anybody(files.clone()))
        .unwrap();
    let at = SocketAddr::new(SERVER, CONTROL);
    let listener = there.listen(at).unwrap();
    there.spawn(async move { server.serve(listener).await });
    at
}

async fn connect(net: &Network, at: SocketAddr, version: Version) -> Client {
    let mut config = Config::default();
    config.tls = ClientMode::Explicit;
    let (here, tls) = (net.host(CLIENT), tls::client(version, Source::Seed));
    let client = Client::connect_tls(here, at, config, &tls, tls::server_name()).await;
    let mut client = client.unwrap();
    client.secure().await.unwrap();
    let login = client.login(arg("anybody"), Secret::new(arg("secret")));
    login.await.unwrap();
    client
}

async fn upload(client: &mut Client, content: &Bytes) -> Result<(), Error> {
    let mut upload = client.store(arg("file"), Options::default()).await?;
    upload.write(content.clone()).await?;
    upload.finish().await.map(drop)
}

async fn download(client: &mut Client) -> Result<Bytes, Error> {
    let mut download = client.retrieve(arg("file"), Options::default()).await?;
    let mut all = Vec::new();
    while let Some(bytes) = download.read().await? {
        all.extend_from_slice(&bytes);
    }
    download.finish().await?;
    Ok(all.into())
}

/// How many bytes came over data connections from an address.
#[derive(Clone, Default)]
struct Counted(Arc<Mutex<BTreeMap<IpAddr, u64>>>);

impl Counted {
    fn note(&self, event: &Event) {
        if let Event::Delivered(from, to, bytes) = event
            && from.port() != CONTROL
            && to.port() != CONTROL
        {
            *self.0.lock().unwrap().entry(from.ip()).or_default() += bytes.len() as u64;
        }
    }

    /// Since it was asked for the last time.
    fn take(&self, from: IpAddr) -> u64 {
        std::mem::take(&mut *self.0.lock().unwrap())
            .remove(&from)
            .unwrap_or_default()
    }
}

/// Runs one transfer after the other, in which the data connection ends after each number of bytes that it could have, without the
/// `close_notify` that they would have ended with; `transfer` says whether one was a success, and checks all else.
fn truncated_anywhere(
    version: Version,
    direction: Direction,
    transfer: impl AsyncFn(&mut Client, &MemoryStorage) -> bool,
) {
    let counts = Counted::default();
    let noted = counts.clone();
    Simulation::new(1)
        .network(Conditions::default())
        .observe(move |_, event| noted.note(event))
        .run(async |net| {
            let files = memory();
            let at = serve(&net, &files);
            let mut client = connect(&net, at, version).await;
            let sender = match direction {
                Direction::Forth => CLIENT,
                Direction::Back => SERVER,
            };
            let file = VirtualPath::ROOT.join(&arg("file")).unwrap();
            let mut after = 0;
            loop {
                // A whole one first, and then another: it gets no more tickets than the one that is cut off will.
                let mut total = 0;
                for _ in 0..2 {
                    files.put(&file, &OLD).unwrap();
                    counts.take(sender);
                    assert!(transfer(&mut client, &files).await);
                    net.sleep(Duration::from_secs(2)).await;
                    total = counts.take(sender);
                }
                files.put(&file, &OLD).unwrap();
                net.inject(CLIENT, SERVER, Fault::Truncate { direction, after });
                let is_success = transfer(&mut client, &files).await;
                assert_eq!(
                    is_success,
                    after >= total,
                    "cut off after {after} of {total}"
                );
                net.sleep(Duration::from_secs(2)).await;
                assert_eq!(counts.take(sender), after.min(total));
                client.noop().await.unwrap();
                if after > total {
                    assert!(
                        total > 200,
                        "a handshake, a file and an end in {total} bytes"
                    );
                    break;
                }
                after += 1;
            }
        });
}

#[test]
fn a_truncated_download_is_no_success() {
    for version in [Version::Tls12, Version::Tls13] {
        truncated_anywhere(
            version,
            Direction::Back,
            async |client, _| match download(client).await {
                Ok(content) => {
                    assert_eq!(content, OLD);
                    true
                }
                Err(_) => false,
            },
        );
    }
}

#[test]
fn a_truncated_upload_is_no_success() {
    for version in [Version::Tls12, Version::Tls13] {
        truncated_anywhere(version, Direction::Forth, async |client, files| {
            let told = upload(client, &NEW).await;
            let file = VirtualPath::ROOT.join(&arg("file")).unwrap();
            let expected = if told.is_ok() { NEW } else { OLD };
            assert_eq!(files.content(&file).unwrap(), expected, "{told:?}");
            told.is_ok()
        });
    }
}

/// A ticket that an upload brought is not lost with it.
#[test]
fn dropped_uploads_leave_their_tickets() {
    Simulation::new(1).run(async |net| {
        let files = memory();
        let at = serve(&net, &files);
        let mut client = connect(&net, at, Version::Tls13).await;
        for _ in 0..20 {
            let mut upload = client.store(arg("file"), Options::default()).await.unwrap();
            upload.write(NEW).await.unwrap();
            net.sleep(Duration::from_secs(1)).await;
            drop(upload);
        }
        upload(&mut client, &NEW).await.unwrap();
        assert_eq!(download(&mut client).await.unwrap(), NEW);
    });
}
