//! What sessions tell by the crate `tracing`, and above all what they do not.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fmt::{Debug, Write as _};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ftp_runtime_tokio::client::Credentials;
use ftp_runtime_tokio::proxy::Proxy;
use ftp_runtime_tokio::runtime::{Listener, Runtime};
use ftp_runtime_tokio::sansio::wire::{Arg, Secret};
use ftp_runtime_tokio::server::Grant;
use ftp_runtime_tokio::storage::{Account, Authenticator, Login};
use ftp_runtime_tokio::{Client, LocalStorage, Server, Tokio};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const PASSWORD: &str = "hush-password";
const ACCOUNT: &str = "hush-account";
const PROXY_PASSWORD: &str = "hush-proxy";
/// `anna:hush-proxy`, as HTTP sends it.
const PROXY_BASIC: &str = "YW5uYTpodXNoLXByb3h5";

/// Writes everything down, every field of every span and event.
#[derive(Clone, Default)]
struct Recorder {
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<AtomicU64>,
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Recorder {
    fn note(&self, what: &str, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(what.to_owned());
        record(&mut fields);
        self.lines.lock().unwrap().push(fields.0);
    }

    fn text(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("ftp_")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.spans.fetch_add(1, Ordering::Relaxed) + 1;
        self.note(&format!("span {id} {}", span.metadata().name()), |fields| {
            span.record(fields)
        });
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.note(&format!("record {}", span.into_u64()), |fields| {
            values.record(fields)
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let parent = event.parent().map_or(0, Id::into_u64);
        self.note(&format!("event in {parent}"), |fields| event.record(fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn arg(text: &str) -> Arg {
    text.parse().unwrap()
}

fn secret(text: &str) -> Secret<Arg> {
    Secret::new(arg(text))
}

/// What this thread tells while the future runs.
fn recorded(run: impl Future<Output = ()>) -> String {
    let recorder = Recorder::default();
    let guard = tracing::subscriber::set_default(recorder.clone());
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(run);
    drop(guard);
    recorder.text()
}

#[derive(Clone, Copy)]
enum Kind {
    Socks5,
    HttpConnect,
}

/// A proxy and a server in one, which repeats every secret that it hears.
fn echo(listener: &TcpListener, kind: Kind) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut exact = |count: usize| {
        let mut bytes = vec![0; count];
        reader.read_exact(&mut bytes).unwrap();
        bytes
    };
    match kind {
        Kind::Socks5 => {
            assert_eq!(exact(4), b"\x05\x02\x00\x02");
            stream.write_all(b"\x05\x02").unwrap();
            let login = exact(3 + "anna".len() + PROXY_PASSWORD.len());
            assert!(login.ends_with(PROXY_PASSWORD.as_bytes()));
            stream.write_all(b"\x01\x00").unwrap();
            exact(10);
            stream.write_all(b"\x05\x00\x00\x01\0\0\0\0\0\0").unwrap();
        }
        Kind::HttpConnect => {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                head.push(char::from(exact(1)[0]));
            }
            assert!(head.contains(PROXY_BASIC), "{head}");
            stream.write_all(b"HTTP/1.1 200 There\r\n\r\n").unwrap();
        }
    }
    stream.write_all(b"220 Here.\r\n").unwrap();
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 0 {
        let (verb, argument) = line
            .trim_end()
            .split_once(' ')
            .unwrap_or((line.trim_end(), ""));
        let code = match verb {
            "USER" => 331,
            "PASS" => 332,
            "ACCT" => 230,
            "QUIT" => 221,
            _ => 500,
        };
        write!(stream, "{code} You said {argument}.\r\n").unwrap();
        line.clear();
    }
}

/// A server that repeats what it was told in confidence cannot make us tell it on; nor can a failure, or a command that nobody knows.
#[test]
fn secrets_are_not_told() {
    for kind in [Kind::Socks5, Kind::HttpConnect] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let proxy = std::thread::spawn(move || echo(&listener, kind));
        let told = recorded(async {
            let proxy = match kind {
                Kind::Socks5 => Proxy::socks5(at),
                Kind::HttpConnect => Proxy::http_connect(at),
            };
            let credentials = Credentials {
                user: arg("anna"),
                password: secret(PASSWORD),
                account: Some(secret(ACCOUNT)),
            };
            let mut client = Client::builder(Tokio::new())
                .proxy(proxy.login(arg("anna"), secret(PROXY_PASSWORD)).unwrap())
                .credentials(credentials)
                .connect("192.0.2.1:21".parse::<std::net::SocketAddr>().unwrap())
                .await
                .unwrap();
            client.raw(arg("XPASS hush-unknown")).await.unwrap();
            client.delete(arg("file")).await.unwrap_err();
            client.quit().await.unwrap();
        });
        proxy.join().unwrap();
        for expected in [
            "span 1 ftp_client peer=192.0.2.1:21",
            "USER anna",
            "PASS ***",
            "ACCT ***",
            "code=230",
            "DELE file",
            "refused: 500",
            "XPASS",
        ] {
            assert!(
                told.contains(expected),
                "{expected:?} is missing in\n{told}"
            );
        }
        for hidden in [PASSWORD, ACCOUNT, PROXY_PASSWORD, PROXY_BASIC] {
            assert!(!told.contains(hidden), "{hidden:?} is in\n{told}");
        }
        assert!(!told.contains("XPASS hush-unknown"), "{told}");
    }
}

/// Lets anna in, with her password.
struct Anna(Arc<LocalStorage>);

impl Authenticator for Anna {
    type Storage = LocalStorage;

    async fn authenticate(&self, login: &Login) -> Option<Account<LocalStorage>> {
        let is_right = login.password.expose().as_bytes() == PASSWORD.as_bytes();
        let (storage, grant) = (self.0.clone(), Grant::read_write());
        is_right.then_some(Account { storage, grant })
    }
}

/// The server's sessions tell who they are, and what they do.
#[test]
fn a_server_tells_who_does_what() {
    let folder = std::env::temp_dir().join(format!("ftp-tokio-tracing-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let told = recorded(async {
        let runtime = Tokio::new();
        let files = Arc::new(LocalStorage::open(runtime.clone(), &folder).unwrap());
        let server = Server::builder()
            .build(runtime.clone(), Anna(files))
            .unwrap();
        let listener = runtime.listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let at = listener.local_addr().unwrap();
        let serving = server.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        let mut client = Client::builder(runtime).connect(at).await.unwrap();
        client
            .login(arg("eve"), secret("hush-guess"))
            .await
            .unwrap_err();
        client.login(arg("anna"), secret(PASSWORD)).await.unwrap();
        let mut upload = client
            .store(arg("notes"), Default::default())
            .await
            .unwrap();
        upload.write(b"text".to_vec().into()).await.unwrap();
        upload.finish().await.unwrap();
        client.quit().await.unwrap();
        server.stop(Duration::from_secs(5)).await;
    });
    std::fs::remove_dir_all(&folder).unwrap();
    for expected in [
        "ftp_session id=",
        "user=eve",
        "login refused",
        " user=anna",
        "logged in",
        "TransferEnded",
        "notes",
        "session ended",
        "Quit",
        "ftp_operation operation=STOR notes",
        "data connection made",
    ] {
        assert!(
            told.contains(expected),
            "{expected:?} is missing in\n{told}"
        );
    }
    for hidden in [PASSWORD, "hush-guess"] {
        assert!(!told.contains(hidden), "{hidden:?} is in\n{told}");
    }
}
