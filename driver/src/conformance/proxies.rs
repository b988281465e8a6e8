//! The client through proxies of both kinds: what they pass on, what they refuse, and what they never answer.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ftp_sansio::client::{Credentials, Wait};

use super::site::{ANNA, LONG, Site, arg, client_config, get, pattern, put, secret};
use super::support::{LOCALHOST, beside, nowhere, read, write_all};
use crate::client::{Client, Config, DataPath, Error, Options, Target};
use crate::proxy::{Proxy, ProxyError, SocksRefusal};
use crate::runtime::{Interest, Listener, Runtime, Stream};

const SHORT: Duration = Duration::from_millis(300);

/// The name of the server that the proxies of these tests alone know.
const NAME: &str = "server.invalid";

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Socks,
    Http,
}

const KINDS: [Kind; 2] = [Kind::Socks, Kind::Http];

/// What a proxy does with a connection.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Manner {
    Passes,
    Refuses,
    /// Takes the connection and says nothing.
    IsSilent,
    /// Never stops saying something.
    Babbles,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A proxy that knows one user: anna. It writes down who wanted to go where, and deals with its connections one after another as it was told,
/// with all further ones as with the last.
struct TestProxy<R: Runtime> {
    runtime: R,
    kind: Kind,
    server: SocketAddr,
    manners: Vec<Manner>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl<R: Runtime> TestProxy<R> {
    fn new(runtime: &R, kind: Kind, server: SocketAddr, manners: &[Manner]) -> Self {
        Self {
            runtime: runtime.clone(),
            kind,
            server,
            manners: manners.to_vec(),
            requests: Arc::default(),
        }
    }

    /// Runs it beside a client.
    async fn beside<T>(&self, client: impl AsyncFnOnce(Proxy) -> T) -> T {
        let mut listener = self.runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let mut tasks: Vec<Task> = Vec::new();
        let mut accepted = 0;
        let serving = poll_fn(|context| {
            while let Poll::Ready(connection) = listener.poll_accept(context) {
                let last = *self.manners.last().unwrap();
                let manner = self.manners.get(accepted).copied().unwrap_or(last);
                accepted += 1;
                tasks.push(self.serve(connection.unwrap().0, manner));
            }
            tasks.retain_mut(|task| task.as_mut().poll(context).is_pending());
            Poll::Pending
        });
        let proxy = match self.kind {
            Kind::Socks => Proxy::socks5(at),
            Kind::Http => Proxy::http_connect(at),
        };
        let proxy = proxy.login(arg(ANNA.0), secret(ANNA.1)).unwrap();
        beside(client(proxy), serving).await
    }

    fn serve(&self, mut stream: R::Stream, manner: Manner) -> Task {
        let (runtime, kind, server) = (self.runtime.clone(), self.kind, self.server);
        let requests = self.requests.clone();
        Box::pin(async move {
            let target = match (manner, kind) {
                (Manner::IsSilent, _) => {
                    return while !matches!(read(&mut stream, &mut [0; 64]).await, Ok(0) | Err(_)) {
                    };
                }
                (Manner::Babbles, _) => {
                    let babble: &[u8] = match kind {
                        Kind::Socks => b"\x05\x05\x05",
                        Kind::Http => b"HTTP/1.1 102 Wait\r\n",
                    };
                    return while write_all(&mut stream, babble).await.is_ok() {};
                }
                (_, Kind::Socks) => hear_socks(&mut stream).await,
                (_, Kind::Http) => hear_http(&mut stream).await,
            };
            let Ok(target) = target else { return };
            requests.lock().unwrap().push(target.to_string());
            let answer: &[u8] = match (kind, manner) {
                (Kind::Socks, Manner::Passes) => b"\x05\x00\x00\x01\x0a\0\0\x01\x12\x34",
                (Kind::Socks, _) => b"\x05\x02\x00\x01\0\0\0\0\0\0",
                (Kind::Http, Manner::Passes) => b"HTTP/1.1 200 There\r\nVia: test\r\n\r\n",
                (Kind::Http, _) => b"HTTP/1.1 403 Forbidden\r\n\r\n",
            };
            if manner != Manner::Passes {
                let _ = write_all(&mut stream, answer).await;
                return;
            }
            let to = match target {
                Target::Address(address) => address,
                Target::Name(name, port) => {
                    assert_eq!(name.as_str(), NAME);
                    SocketAddr::new(server.ip(), port)
                }
            };
            let beyond = runtime.connect(to, None).await.unwrap();
            if write_all(&mut stream, answer).await.is_ok() {
                relay(stream, beyond).await;
            }
        })
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn read_exact(stream: &mut impl Stream, count: usize) -> io::Result<Vec<u8>> {
    let mut all = vec![0; count];
    let mut filled = 0;
    while filled < count {
        match read(stream, &mut all[filled..]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => filled += more,
        }
    }
    Ok(all)
}

/// The server's side of RFC 1928 and RFC 1929, up to the request; nothing where the login is wrong.
async fn hear_socks(stream: &mut impl Stream) -> io::Result<Target> {
    let head = read_exact(stream, 2).await?;
    let methods = read_exact(stream, usize::from(head[1])).await?;
    assert!(methods.contains(&2), "{methods:?}");
    write_all(stream, b"\x05\x02").await?;
    let mut login = Vec::new();
    assert_eq!(read_exact(stream, 1).await?, [1]);
    for _ in 0..2 {
        let length = usize::from(read_exact(stream, 1).await?[0]);
        login.push(read_exact(stream, length).await?);
    }
    if login != [ANNA.0.as_bytes(), ANNA.1.as_bytes()] {
        write_all(stream, b"\x01\x01").await?;
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    write_all(stream, b"\x01\x00").await?;
    let head = read_exact(stream, 4).await?;
    assert_eq!(head[..3], [5, 1, 0]);
    let host = match head[3] {
        1 => {
            let octets: [u8; 4] = read_exact(stream, 4).await?.try_into().unwrap();
            std::net::IpAddr::from(octets).to_string()
        }
        4 => {
            let octets: [u8; 16] = read_exact(stream, 16).await?.try_into().unwrap();
            std::net::IpAddr::from(octets).to_string()
        }
        3 => {
            let length = usize::from(read_exact(stream, 1).await?[0]);
            String::from_utf8(read_exact(stream, length).await?).unwrap()
        }
        other => panic!("address type {other}"),
    };
    let port: [u8; 2] = read_exact(stream, 2).await?.try_into().unwrap();
    Ok(Target::new(&host, u16::from_be_bytes(port)).unwrap())
}

/// The head of a CONNECT; nothing where the login is wrong.
async fn hear_http(stream: &mut impl Stream) -> io::Result<Target> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(read_exact(stream, 1).await?);
    }
    let head = String::from_utf8(head).unwrap();
    let line = head.lines().next().unwrap();
    let target = line.strip_prefix("CONNECT ").unwrap();
    let target = target.strip_suffix(" HTTP/1.1").unwrap();
    assert!(head.contains(&format!("\r\nHost: {target}\r\n")), "{head}");
    // anna:hush
    if !head.contains("\r\nProxy-Authorization: Basic YW5uYTpodXNo\r\n") {
        write_all(
            stream,
            b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic\r\n\r\n",
        )
        .await?;
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(target.parse().unwrap())
}

/// Bytes on their way in one direction, and whether their end has been passed on.
#[derive(Default)]
struct Flow {
    held: Vec<u8>,
    is_over: bool,
}

impl Flow {
    fn poll(
        &mut self,
        from: &mut impl Stream,
        to: &mut impl Stream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_over {
            while !self.held.is_empty() {
                match to.try_write(&[IoSlice::new(&self.held)]) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        ready!(to.poll_ready(context, Interest::Write))?;
                    }
                    written => drop(self.held.drain(..written?)),
                }
            }
            let mut room = [0; 16 * 1024];
            match from.try_read(&mut room) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(from.poll_ready(context, Interest::Read))?;
                }
                Ok(0) => {
                    self.is_over = true;
                    to.shutdown()?;
                }
                read => self.held.extend_from_slice(&room[..read?]),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Passes everything on, both ways, a reset as one.
async fn relay<S: Stream>(mut near: S, mut far: S) {
    let (mut out, mut back) = (Flow::default(), Flow::default());
    let relayed = poll_fn(|context| {
        let sent = out.poll(&mut near, &mut far, context)?;
        let received = back.poll(&mut far, &mut near, context)?;
        match (sent, received) {
            (Poll::Ready(()), Poll::Ready(())) => Poll::Ready(Ok::<_, io::Error>(())),
            _ => Poll::Pending,
        }
    });
    if relayed.await.is_err() {
        near.reset_on_drop();
        far.reset_on_drop();
    }
}

async fn connect<R: Runtime>(
    runtime: &R,
    proxy: Proxy,
    config: Config,
    server: impl Into<Target>,
) -> Result<Client<R>, Error> {
    let anna = Credentials {
        user: arg(ANNA.0),
        password: secret(ANNA.1),
        account: None,
    };
    let builder = Client::builder(runtime.clone()).config(config).proxy(proxy);
    builder.credentials(anna).connect(server).await
}

/// Control and data, both ways, and what is aborted in the middle.
pub async fn carry_everything<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(1_000_000);
    for kind in KINDS {
        let proxy = TestProxy::new(&site.runtime, kind, site.at, &[Manner::Passes]);
        proxy
            .beside(async |at| {
                let mut client = connect(&site.runtime, at, client_config(LONG), site.at)
                    .await
                    .unwrap();
                assert_eq!(client.peer_addr(), site.at);
                put(&mut client, "file", &content, Options::default())
                    .await
                    .unwrap();
                let back = get(&mut client, "file", Options::default()).await.unwrap();
                assert!(back == content);
                assert_eq!(client.list(None).await.unwrap().entries.len(), 1);
                let mut dropped = client
                    .retrieve(arg("file"), Options::default())
                    .await
                    .unwrap();
                assert!(dropped.read().await.unwrap().is_some());
                drop(dropped);
                client.noop().await.unwrap();
                client.quit().await.unwrap();
            })
            .await;
        let requests = proxy.requests();
        assert_eq!(requests[0], site.at.to_string());
        assert_eq!(
            requests.len(),
            5,
            "control, and a data connection for each: {requests:?}"
        );
        assert!(
            requests[1..]
                .iter()
                .all(|data| data.starts_with("127.0.0.1:") && *data != requests[0])
        );
    }
    site.close().await;
}

/// A name is the proxy's to look up, for data connections too.
pub async fn look_names_up<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"content");
    let server = Target::new(NAME, site.at.port()).unwrap();
    for kind in KINDS {
        for path in [DataPath::Passive, DataPath::PassiveHostPort] {
            let proxy = TestProxy::new(&site.runtime, kind, site.at, &[Manner::Passes]);
            let mut config = client_config(LONG);
            config.data_path = path;
            proxy
                .beside(async |at| {
                    let mut client = connect(&site.runtime, at, config, server.clone())
                        .await
                        .unwrap();
                    assert_eq!(client.peer_addr().port(), site.at.port());
                    for _ in 0..3 {
                        let back = get(&mut client, "file", Options::default()).await.unwrap();
                        assert_eq!(back, b"content");
                    }
                    client.quit().await.unwrap();
                })
                .await;
            let requests = proxy.requests();
            assert_eq!(requests.len(), 4);
            assert!(
                requests.iter().all(|to| to.starts_with(NAME)),
                "{requests:?}"
            );
        }
    }
    site.close().await;
}

/// What a proxy does not want is told in its own words.
pub async fn refuse<R: Runtime>(runtime: R) {
    let server: SocketAddr = (LOCALHOST, 1).into();
    for kind in KINDS {
        let proxy = TestProxy::new(&runtime, kind, server, &[Manner::Refuses]);
        let refused =
            proxy.beside(async |at| connect(&runtime, at, client_config(LONG), server).await);
        let told = refused.await.unwrap_err();
        match kind {
            Kind::Socks => assert!(
                matches!(
                    told,
                    Error::Proxy(ProxyError::Socks(SocksRefusal::NotAllowed))
                ),
                "{told:?}"
            ),
            Kind::Http => assert!(
                matches!(&told, Error::Proxy(ProxyError::Http { status: 403, reason }) if reason == "Forbidden"),
                "{told:?}"
            ),
        }
        assert!(!told.is_retryable());
        let stranger = proxy.beside(async |at| {
            let at = at.login(arg("eve"), secret("guess")).unwrap();
            connect(&runtime, at, client_config(LONG), server).await
        });
        let told = stranger.await.unwrap_err();
        assert!(
            matches!(told, Error::Proxy(ProxyError::LoginRefused)),
            "{told:?}"
        );
        assert!(!format!("{told:?} {told}").contains("guess"));
    }
}

/// A data connection that the proxy refuses is none; the session goes on.
pub async fn refuse_data<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"content");
    for kind in KINDS {
        // EPSV, and PASV after it.
        let manners = [
            Manner::Passes,
            Manner::Refuses,
            Manner::Refuses,
            Manner::Passes,
        ];
        let proxy = TestProxy::new(&site.runtime, kind, site.at, &manners);
        proxy
            .beside(async |at| {
                let mut client = connect(&site.runtime, at, client_config(LONG), site.at)
                    .await
                    .unwrap();
                let told = get(&mut client, "file", Options::default())
                    .await
                    .unwrap_err();
                assert!(matches!(told, Error::NoDataConnection), "{told:?}");
                assert!(client.is_usable());
                let back = get(&mut client, "file", Options::default()).await.unwrap();
                assert_eq!(back, b"content");
                client.quit().await.unwrap();
            })
            .await;
    }
    site.close().await;
}

/// A proxy that never answers is given up in the time for connecting.
pub async fn are_silent<R: Runtime>(runtime: R) {
    let server: SocketAddr = (LOCALHOST, 1).into();
    for kind in KINDS {
        let proxy = TestProxy::new(&runtime, kind, server, &[Manner::IsSilent]);
        let silent =
            proxy.beside(async |at| connect(&runtime, at, client_config(SHORT), server).await);
        let told = silent.await.unwrap_err();
        assert!(matches!(told, Error::Timeout(Wait::Connect)), "{told:?}");
    }
}

/// And for a data connection in the time for those; the session goes on.
pub async fn are_silent_about_data<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"content");
    for kind in KINDS {
        let manners = [
            Manner::Passes,
            Manner::IsSilent,
            Manner::IsSilent,
            Manner::Passes,
        ];
        let proxy = TestProxy::new(&site.runtime, kind, site.at, &manners);
        let mut config = client_config(LONG);
        config.timeouts.data_open = SHORT;
        proxy
            .beside(async |at| {
                let mut client = connect(&site.runtime, at, config, site.at).await.unwrap();
                let told = get(&mut client, "file", Options::default())
                    .await
                    .unwrap_err();
                assert!(matches!(told, Error::Timeout(Wait::DataOpen)), "{told:?}");
                assert!(client.is_usable());
                let back = get(&mut client, "file", Options::default()).await.unwrap();
                assert_eq!(back, b"content");
                client.quit().await.unwrap();
            })
            .await;
    }
    site.close().await;
}

/// What is no proxy, or never comes to an end, is given up long before the time is over; so is where nobody listens.
pub async fn say_nonsense<R: Runtime>(runtime: R) {
    let server: SocketAddr = (LOCALHOST, 1).into();
    for kind in KINDS {
        let proxy = TestProxy::new(&runtime, kind, server, &[Manner::Babbles]);
        let babbled =
            proxy.beside(async |at| connect(&runtime, at, client_config(LONG), server).await);
        let told = babbled.await.unwrap_err();
        assert!(
            matches!(told, Error::Proxy(ProxyError::NotAProxy)),
            "{told:?}"
        );
        let (_taken, at) = nowhere();
        let told = connect(&runtime, Proxy::socks5(at), client_config(LONG), server).await;
        assert!(matches!(told, Err(Error::Connect(_))), "{told:?}");
    }
}

/// Active mode is refused before anything is sent.
pub async fn take_no_active_mode<R: Runtime>(runtime: R) {
    let server: SocketAddr = (LOCALHOST, 1).into();
    for path in [DataPath::Active, DataPath::ActiveLong] {
        let proxy = TestProxy::new(&runtime, Kind::Socks, server, &[Manner::Passes]);
        let mut config = client_config(LONG);
        config.data_path = path;
        let told = proxy.beside(async |at| connect(&runtime, at, config, server).await);
        let told = told.await.unwrap_err();
        assert!(
            matches!(told, Error::Proxy(ProxyError::ActiveMode)),
            "{told:?}"
        );
        assert_eq!(proxy.requests(), Vec::<String>::new());
    }
}
