//! The library's client and servers that let no data connection pass that does not resume the control connection's TLS session.

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use ftp_driver::Runtime;
use ftp_driver::client::{self, Client, Config, Error, Options};
use ftp_driver::sansio::wire::{Arg, Secret};
use ftp_driver::tls::{ClientTls, Roots, ServerName, Trust, Version};
use ftp_peers::{Certificates, Pyftpdlib, Scratch, Server, Tls, TlsVersion};
use ftp_runtime_async_std::AsyncStd;
use ftp_runtime_tokio::Tokio;

/// Starts a server, given a folder for its settings and the one to serve.
type Start = fn(&Path, &Path, &Tls<'_>) -> Option<Server>;

/// Transfers in a row, in each direction.
const TRANSFERS: usize = 200;

/// A server with TLS on an empty folder.
struct House {
    server: Server,
    tls: ClientTls,
    _here: Scratch,
}

impl House {
    /// A server, and a client that speaks versions up to this one.
    fn new(
        highest: TlsVersion,
        start: impl FnOnce(&Path, &Path, &Tls<'_>) -> Option<Server>,
    ) -> Option<Self> {
        let here = Scratch::new();
        let root = here.folder("root");
        let certificates = Certificates::make(&here.folder("certificates"));
        let server = start(here.path(), &root, &Tls::new(&certificates))?;
        let roots = Roots::from_pem_file(certificates.authority()).expect("an authority");
        let highest = match highest {
            TlsVersion::V1_2 => Version::Tls12,
            TlsVersion::V1_3 => Version::Tls13,
        };
        let builder = ClientTls::builder().trust(Trust::Roots(roots));
        let tls = builder.max_version(highest).build();
        Some(Self {
            server,
            tls: tls.expect("a client's TLS"),
            _here: here,
        })
    }

    async fn client<R: Runtime>(&self, runtime: R) -> Client<R> {
        let at: SocketAddr = self.server.address();
        let mut config = Config::default();
        config.tls = client::Tls::Explicit;
        let name = ServerName::from(at.ip());
        let client = Client::connect_tls(runtime, at, config, &self.tls, name).await;
        let mut client = client.expect("a greeting");
        client.secure().await.expect("TLS");
        let (user, password) = self.server.login().split_once(':').expect("a login");
        let (user, password) = (argument(user), Secret::new(argument(password)));
        client.login(user, password).await.expect("a login");
        client
    }
}

fn argument(text: &str) -> Arg {
    text.try_into().expect("text without an end of line")
}

/// What the transfer of this number moves.
fn content(number: usize) -> Bytes {
    (0..number * 311).map(|at| (at % 251) as u8).collect()
}

/// How a transfer was: whether it resumed.
async fn upload<R: Runtime>(client: &mut Client<R>, name: &str, content: Bytes) -> Option<bool> {
    let done = try_upload(client, name, content).await;
    done.unwrap_or_else(|error| panic!("{name}: {error}"))
}

async fn try_upload<R: Runtime>(
    client: &mut Client<R>,
    name: &str,
    content: Bytes,
) -> Result<Option<bool>, Error> {
    let mut upload = client.store(argument(name), Options::default()).await?;
    upload.write(content).await?;
    Ok(upload.finish().await?.resumed)
}

async fn download<R: Runtime>(client: &mut Client<R>, name: &str, wanted: &Bytes) -> Option<bool> {
    let download = client.retrieve(argument(name), Options::default()).await;
    let mut download = download.unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut bytes = Vec::new();
    while let Some(piece) = download.read().await.expect("a piece") {
        bytes.extend_from_slice(&piece);
    }
    let done = download.finish().await;
    let done = done.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(bytes == wanted[..], "{name} is not what it was");
    done.resumed
}

/// All uploads, and then all downloads, over one connection; says how many resumed.
async fn both_ways<R: Runtime>(runtime: R, house: &House) -> usize {
    let mut client = house.client(runtime).await;
    let mut resumed = 0;
    for number in 0..TRANSFERS {
        let done = upload(&mut client, &number.to_string(), content(number)).await;
        resumed += usize::from(done.expect("TLS"));
    }
    for number in 0..TRANSFERS {
        let done = download(&mut client, &number.to_string(), &content(number)).await;
        resumed += usize::from(done.expect("TLS"));
    }
    client.quit().await.expect("a goodbye");
    resumed
}

/// Connections side by side, whose transfers alternate, each with tickets of its own.
async fn side_by_side<R: Runtime>(runtime: R, house: &House) {
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(house.client(runtime.clone()).await);
    }
    for number in 0..25 {
        for (at, client) in clients.iter_mut().enumerate() {
            let (name, content) = (at.to_string(), content(number));
            assert_eq!(upload(client, &name, content.clone()).await, Some(true));
            assert_eq!(download(client, &name, &content).await, Some(true));
        }
    }
}

fn on_tokio<T>(test: impl AsyncFnOnce(Tokio) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(test(Tokio::new()))
}

fn on_async_std<T>(test: impl AsyncFnOnce(AsyncStd) -> T) -> T {
    async_std::task::block_on(test(AsyncStd::new()))
}

fn all_resume(highest: TlsVersion, start: Start) {
    let Some(house) = House::new(highest, start) else {
        return;
    };
    let resumed = on_tokio(async |runtime| both_ways(runtime, &house).await);
    assert_eq!(resumed, 2 * TRANSFERS, "tokio");
    let resumed = on_async_std(async |runtime| both_ways(runtime, &house).await);
    assert_eq!(resumed, 2 * TRANSFERS, "async-std");
}

#[test]
fn vsftpd_tls_1_2() {
    all_resume(TlsVersion::V1_2, Server::vsftpd_tls);
}

#[test]
fn vsftpd_tls_1_3() {
    all_resume(TlsVersion::V1_3, Server::vsftpd_tls);
}

#[test]
fn proftpd_tls_1_2() {
    all_resume(TlsVersion::V1_2, Server::proftpd_tls);
}

/// It gives out no ticket of TLS 1.3 with an upload, so that there is none for the third, which is refused. The refused handshake
/// brings two: the way around, besides TLS 1.2, is to try once more. Downloads bring their tickets.
#[test]
fn proftpd_tls_1_3() {
    let Some(house) = House::new(TlsVersion::V1_3, Server::proftpd_tls) else {
        return;
    };
    on_tokio(async |runtime| over_tls_1_3(runtime, &house).await);
    on_async_std(async |runtime| over_tls_1_3(runtime, &house).await);
}

async fn over_tls_1_3<R: Runtime>(runtime: R, house: &House) {
    let mut client = house.client(runtime.clone()).await;
    let mut refused = 0;
    for number in 0..TRANSFERS {
        let (name, content) = (number.to_string(), content(number));
        let resumed = match try_upload(&mut client, &name, content.clone()).await {
            Err(error) if error.reply().is_some_and(|reply| reply.code().get() == 425) => {
                refused += 1;
                upload(&mut client, &name, content).await
            }
            done => done.expect("an upload"),
        };
        assert_eq!(resumed, Some(true), "{number}");
    }
    client.quit().await.expect("a goodbye");
    let mut client = house.client(runtime).await;
    for number in 0..TRANSFERS {
        let resumed = download(&mut client, &number.to_string(), &content(number)).await;
        assert_eq!(resumed, Some(true), "{number}");
    }
    // Two tickets each: one for the second try, one for the next upload. One may be lost with the connection.
    assert!(
        refused < TRANSFERS * 3 / 4,
        "{refused} of {TRANSFERS} refused"
    );
}

#[test]
fn connections_side_by_side() {
    let servers: [(TlsVersion, Start); 3] = [
        (TlsVersion::V1_2, Server::vsftpd_tls),
        (TlsVersion::V1_3, Server::vsftpd_tls),
        (TlsVersion::V1_2, Server::proftpd_tls),
    ];
    for (highest, start) in servers {
        if let Some(house) = House::new(highest, start) {
            on_tokio(async |runtime| side_by_side(runtime, &house).await);
            on_async_std(async |runtime| side_by_side(runtime, &house).await);
        }
    }
}

/// They ask for no resumption; it is done all the same, but by Pure-FTPd under TLS 1.3, which knows none.
#[test]
fn lenient_servers() {
    let pure_ftpd: Start = |work, root, tls| Server::pure_ftpd(work, root, Some(tls));
    let pyftpdlib: Start = |_, root, tls| Pyftpdlib::default().start_tls(root, tls);
    for (start, highest, resumes) in [
        (pure_ftpd, TlsVersion::V1_2, true),
        (pure_ftpd, TlsVersion::V1_3, false),
        (pyftpdlib, TlsVersion::V1_2, true),
        (pyftpdlib, TlsVersion::V1_3, true),
    ] {
        let Some(house) = House::new(highest, start) else {
            continue;
        };
        let resumed = on_tokio(async |runtime| both_ways(runtime, &house).await);
        if resumes {
            assert_eq!(resumed, 2 * TRANSFERS, "{highest:?}");
        }
    }
}
