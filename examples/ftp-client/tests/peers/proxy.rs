//! `--proxy`: everything goes through it, names and TLS too, and what it does not do is told in one line.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use ftp_peers::{
    Certificates, Done, Runtime, Scratch, Server, assert_same, fill, on_both_runtimes, ours, run,
};

use crate::{client, our_server};

on_both_runtimes!(
    there_and_back_by_socks,
    there_and_back_by_http,
    the_certificate_is_the_server_s,
    a_proxy_that_is_not_there,
    a_proxy_that_refuses,
    a_proxy_that_is_none,
    a_proxy_that_says_nothing,
    options_that_make_no_sense,
);

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Kind {
    Socks,
    Http,
}

impl Kind {
    const fn scheme(self) -> &'static str {
        match self {
            Self::Socks => "socks5",
            Self::Http => "http",
        }
    }
}

/// A proxy that knows one user (anna, hush), and behind which every name is this machine. It writes down who wanted to go where.
pub(crate) struct Proxy {
    kind: Kind,
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn new(kind: Kind) -> Self {
        Self::watched(kind, |_| ())
    }

    /// This is called with a connection's port before anything passes.
    pub(crate) fn watched(kind: Kind, watch: impl Fn(u16) + Send + Sync + 'static) -> Self {
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&requests);
        let address = listen(move |stream| {
            let target = match kind {
                Kind::Socks => hear_socks(&stream),
                Kind::Http => hear_http(&stream),
            };
            // A client that was refused has gone.
            let Ok(Some((name, port))) = target else {
                return;
            };
            let mut requests = heard.lock().expect("no test panics with it");
            requests.push(format!("{name}:{port}"));
            drop(requests);
            let Ok(beyond) = TcpStream::connect(("127.0.0.1", port)) else {
                return;
            };
            let answer: &[u8] = match kind {
                Kind::Socks => b"\x05\x00\x00\x01\0\0\0\0\0\0",
                Kind::Http => b"HTTP/1.1 200 There\r\nVia: test\r\n\r\n",
            };
            if (&stream).write_all(answer).is_ok() {
                watch(port);
                relay(stream, beyond);
            }
        });
        Self {
            kind,
            address,
            requests,
        }
    }

    pub(crate) fn url(&self, login: &str) -> String {
        format!("{}://{login}@{}", self.kind.scheme(), self.address)
    }

    fn requests(&self) -> Vec<String> {
        self.requests
            .lock()
            .expect("no test panics with it")
            .clone()
    }
}

/// A listener that treats each of its connections so.
fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = listener.local_addr().expect("a listener has an address");
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn exactly<const COUNT: usize>(mut stream: impl Read) -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn counted(mut stream: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; exactly::<1>(&mut stream)?[0].into()];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// RFC 1928 and RFC 1929; nothing for whoever is not anna.
fn hear_socks(mut stream: &TcpStream) -> io::Result<Option<(String, u16)>> {
    assert_eq!(exactly(stream)?, [5], "the version");
    if !counted(stream)?.contains(&2) {
        stream.write_all(&[5, 0xff])?;
        return Ok(None);
    }
    stream.write_all(&[5, 2])?;
    assert_eq!(exactly(stream)?, [1], "the version of the login");
    if (counted(stream)?, counted(stream)?) != (b"anna".to_vec(), b"hush".to_vec()) {
        stream.write_all(&[1, 1])?;
        return Ok(None);
    }
    stream.write_all(&[1, 0])?;
    let [version, command, _, kind] = exactly(stream)?;
    assert_eq!((version, command), (5, 1), "CONNECT");
    let name = match kind {
        1 => std::net::Ipv4Addr::from(exactly(stream)?).to_string(),
        3 => String::from_utf8(counted(stream)?).expect("a name"),
        kind => panic!("an address of kind {kind}"),
    };
    Ok(Some((name, u16::from_be_bytes(exactly(stream)?))))
}

/// RFC 9110 § 9.3.6 and RFC 7617; the same.
fn hear_http(mut stream: &TcpStream) -> io::Result<Option<(String, u16)>> {
    // One byte at a time: what comes behind the request is not for the proxy.
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.extend(exactly::<1>(stream)?);
    }
    let request = String::from_utf8(request).expect("a request in ASCII");
    let line = request.lines().next().unwrap_or_default();
    let target = line.strip_prefix("CONNECT ").expect("CONNECT");
    let (name, port) = target
        .strip_suffix(" HTTP/1.1")
        .and_then(|target| target.rsplit_once(':'))
        .expect("a host and a port");
    // anna:hush
    if !request.contains("Basic YW5uYTpodXNo\r\n") {
        stream.write_all(b"HTTP/1.1 407 Who are you\r\n\r\n")?;
        return Ok(None);
    }
    Ok(Some((name.to_owned(), port.parse().expect("a port"))))
}

/// Passes everything on, in both directions, until both are at their end.
fn relay(near: TcpStream, far: TcpStream) {
    fn pass(mut from: &TcpStream, mut to: &TcpStream) {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    }
    thread::scope(|scope| {
        scope.spawn(|| pass(&near, &far));
        pass(&far, &near);
    });
}

/// Our server with these options, and a folder for what the client has.
struct House {
    server: Server,
    here: Scratch,
    runtime: Runtime,
}

impl House {
    fn new(runtime: Runtime, options: impl FnOnce(&Scratch) -> Vec<String>) -> Option<Self> {
        let here = Scratch::new();
        let root = here.folder("root");
        let mut command = ours(&our_server()?, &root, runtime);
        let server = Server::start(command.args(options(&here)), &root);
        Some(Self {
            server,
            here,
            runtime,
        })
    }

    fn run(&self, words: &[&str]) -> Done {
        run(client(self.runtime, words).current_dir(self.here.path()))
    }

    /// The server by a name that the proxy alone knows.
    fn url(&self, name: &str, path: &str) -> String {
        let port = self.server.address().port();
        format!("ftp://alice:secret@{name}:{port}/{path}")
    }
}

fn there_and_back(runtime: Runtime, kind: Kind) {
    let Some(house) = House::new(runtime, |_| Vec::new()) else {
        return;
    };
    let proxy = Proxy::new(kind);
    let by = proxy.url("anna:hush");
    fill(&house.here.at("file"), 300_000, 1);
    let url = house.url("server.invalid", "there");
    let done = house.run(&["put", "-v", "--proxy", &by, "file", &url]).ok();
    assert!(!done.stderr.contains("hush"), "{done:?}");
    house.run(&["--proxy", &by, "get", &url, "back"]).ok();
    assert_same(&house.here.at("file"), &house.server.at("there"));
    assert_same(&house.here.at("file"), &house.here.at("back"));
    // By name, control and data connections alike; of each two.
    let (requests, control) = (proxy.requests(), house.server.address().port());
    assert_eq!(requests.len(), 4, "{requests:?}");
    assert!(
        requests.iter().all(|to| to.starts_with("server.invalid:")),
        "{requests:?}"
    );
    let control = format!("server.invalid:{control}");
    assert_eq!(requests.iter().filter(|to| **to == control).count(), 2);
}

fn there_and_back_by_socks(runtime: Runtime) {
    there_and_back(runtime, Kind::Socks);
}

fn there_and_back_by_http(runtime: Runtime) {
    there_and_back(runtime, Kind::Http);
}

fn the_certificate_is_the_server_s(runtime: Runtime) {
    let mut authority = None;
    let house = House::new(runtime, |here| {
        let certificates = Certificates::make(&here.folder("certificates"));
        let identity = certificates.elsewhere();
        authority = Some(certificates.authority());
        let path = |path: std::path::PathBuf| path.into_os_string().into_string().expect("UTF-8");
        ["--tls", "require", "--tls-reuse", "require", "--tls-cert"]
            .map(str::to_owned)
            .into_iter()
            .chain([
                path(identity.certificate),
                "--tls-key".to_owned(),
                path(identity.key),
            ])
            .collect()
    });
    let (Some(house), Some(authority)) = (house, authority) else {
        return;
    };
    fill(&house.server.at("file"), 300_000, 1);
    let authority = authority.to_str().expect("UTF-8");
    for kind in [Kind::Socks, Kind::Http] {
        let proxy = Proxy::new(kind);
        let by = proxy.url("anna:hush");
        let get = |name: &str| {
            let options = ["--proxy", &by, "--ca", authority, "--tls", "explicit"];
            let url = house.url(name, "file");
            house.run(&[&options[..], &["get", &url, "back"]].concat())
        };
        get("elsewhere.test").ok();
        assert_same(&house.server.at("file"), &house.here.at("back"));
        // The proxy is called so, and the server is not.
        get("localhost").exits(4);
    }
}

/// One line, no password of anybody in it, and this exit code.
#[track_caller]
fn fails(runtime: Runtime, words: &[&str], code: i32) -> String {
    let done = run(&mut client(runtime, words)).exits(code);
    assert!(done.stdout.is_empty(), "{done:?}");
    assert_eq!(done.stderr.lines().count(), 1, "{done:?}");
    for password in ["secret", "hush", "wrong"] {
        assert!(!done.stderr.contains(password), "{done:?}");
    }
    done.stderr
}

const URL: &str = "ftp://alice:secret@server.invalid/";

fn a_proxy_that_is_not_there(runtime: Runtime) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = listener.local_addr().expect("a listener has an address");
    drop(listener);
    for scheme in ["socks5", "socks5h", "http"] {
        let by = format!("{scheme}://anna:hush@{address}");
        let said = fails(runtime, &["--proxy", &by, "ls", URL], 3);
        assert!(said.contains(&format!("the proxy {address}")), "{said}");
        let unknown = format!("{scheme}://anna:hush@proxy.invalid");
        fails(runtime, &["--proxy", &unknown, "ls", URL], 3);
    }
}

fn a_proxy_that_refuses(runtime: Runtime) {
    for kind in [Kind::Socks, Kind::Http] {
        let proxy = Proxy::new(kind);
        let none = format!("{}://{}", kind.scheme(), proxy.address);
        for by in [none, proxy.url("anna:wrong")] {
            fails(runtime, &["--proxy", &by, "ls", URL], 3);
        }
        assert_eq!(proxy.requests(), [""; 0], "{kind:?}");
    }
    let forbids = listen(|mut stream| {
        let _ = BufReader::new(&stream)
            .lines()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .count();
        let _ = stream.write_all(b"HTTP/1.1 403 Not there\r\n\r\n");
    });
    let by = format!("http://{forbids}");
    let said = fails(runtime, &["--proxy", &by, "ls", URL], 3);
    assert!(said.contains("403"), "{said}");
}

fn a_proxy_that_is_none(runtime: Runtime) {
    let server = listen(|mut stream| {
        let _ = stream.write_all(b"220 an FTP server\r\n");
        let _ = BufReader::new(stream).lines().count();
    });
    for scheme in ["socks5", "http"] {
        let by = format!("{scheme}://{server}");
        fails(runtime, &["--proxy", &by, "ls", URL], 3);
    }
}

fn a_proxy_that_says_nothing(runtime: Runtime) {
    let silent = listen(|stream| {
        let _ = BufReader::new(stream).lines().count();
    });
    let by = format!("socks5://{silent}");
    fails(runtime, &["--timeout", "1", "--proxy", &by, "ls", URL], 7);
}

fn options_that_make_no_sense(runtime: Runtime) {
    for by in [
        "",
        "127.0.0.1:1080",
        "socks4://anna:hush@127.0.0.1",
        "socks5://anna:hush@127.0.0.1:0",
        "socks5://anna:hush@127.0.0.1/x",
        "socks5://anna@127.0.0.1",
    ] {
        let said = fails(runtime, &["--proxy", by, "ls", URL], 2);
        assert!(said.contains("--proxy"), "{said}");
    }
    let by = "socks5://anna:hush@127.0.0.1";
    let said = fails(runtime, &["--active", "--proxy", by, "ls", URL], 2);
    assert!(said.contains("--active"), "{said}");
}
