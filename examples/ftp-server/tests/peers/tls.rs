//! TLS with the clients that people have: who gets in, what a data connection has to show, and certificates that change.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use ftp_peers::{
    Certificates, Done, Ftplib, Identity, Runtime, Scratch, Server, TlsClient, TlsVersion, Wire,
    assert_same, command, fill, finish, need, on_both_runtimes, ours, run, sibling, until,
};

use crate::{PROGRAM, start};

on_both_runtimes!(
    lftp_resumes_for_every_transfer,
    our_client_resumes_for_every_transfer,
    python_is_refused_where_it_does_not_resume,
    curl,
    from_the_first_byte,
    a_certificate_alone_offers_tls,
    nothing_in_clear_where_tls_is_required,
    clear_text_again,
    clients_with_certificates,
    a_certificate_for_each_name,
    certificates_are_read_again,
    authorities_are_read_again,
    self_signed,
    certificates_of_no_use,
);

const VERSIONS: [TlsVersion; 2] = [TlsVersion::V1_2, TlsVersion::V1_3];

/// A server with certificates on an empty folder, and a folder for what its clients have.
struct House {
    server: Server,
    certificates: Certificates,
    here: Scratch,
}

impl House {
    fn new(runtime: Runtime, options: &[&str]) -> Self {
        let (here, certificates) = certified();
        let root = here.folder("root");
        let identity = identity(&certificates.server());
        let server = start(&root, runtime, &[&identity.each()[..], options].concat());
        Self {
            server,
            certificates,
            here,
        }
    }

    fn client(&self, highest: TlsVersion) -> TlsClient<'_> {
        TlsClient {
            server: &self.server,
            certificates: &self.certificates,
            highest,
            folder: self.here.path(),
        }
    }

    /// curl, which shows this of itself and fetches `file` as `back`.
    fn shows(&self, identity: &Identity) -> Done {
        let (certificate, key) = (&identity.certificate, &identity.key);
        let words = [
            "--cert",
            certificate.to_str().expect("a path in UTF-8"),
            "--key",
            key.to_str().expect("a path in UTF-8"),
            "--output",
            "back",
        ];
        let client = self.client(TlsVersion::V1_3);
        client.curl(&words, "file").expect("curl")
    }

    /// A file there and back.
    fn there_and_back(&self, run: impl FnOnce(&str, &str)) {
        let (sent, back) = (self.here.at("sent"), self.here.at("back"));
        fill(&sent, 3_000_001, 1);
        fill(&back, 0, 0);
        run("sent", "back");
        assert_same(&sent, &self.server.at("file"));
        assert_same(&sent, &back);
    }
}

fn certified() -> (Scratch, Certificates) {
    let here = Scratch::new();
    let certificates = Certificates::make(&here.folder("certificates"));
    (here, certificates)
}

/// The options that name a certificate.
struct Named([String; 4]);

impl Named {
    fn each(&self) -> [&str; 4] {
        self.0.each_ref().map(String::as_str)
    }
}

fn identity(identity: &Identity) -> Named {
    let path = |path: &Path| path.display().to_string();
    Named([
        "--tls-cert".to_owned(),
        path(&identity.certificate),
        "--tls-key".to_owned(),
        path(&identity.key),
    ])
}

fn lftp_resumes_for_every_transfer(runtime: Runtime) {
    need!("lftp");
    let house = House::new(runtime, &["--tls", "require", "--tls-reuse", "require"]);
    for highest in VERSIONS {
        house.there_and_back(|sent, back| {
            let script = format!("put {sent} -o file\nget file -o {back}\n").repeat(25);
            house.client(highest).lftp(&script).map(Done::ok);
        });
    }
}

fn our_client_resumes_for_every_transfer(runtime: Runtime) {
    const FILES: u64 = 60;
    let Some(program) = sibling(Path::new(PROGRAM), "ftp-client") else {
        return;
    };
    let house = House::new(runtime, &["--tls", "require", "--tls-reuse", "require"]);
    let sent = house.here.folder("sent");
    for number in 0..FILES {
        fill(&sent.join(number.to_string()), number * 997, number);
    }
    let ours = |words: &[&str]| {
        let mut client = command(&program);
        client
            .args(["--runtime", runtime.name(), "--tls", "explicit", "--ca"])
            .arg(house.certificates.authority())
            .current_dir(house.here.path());
        run(client.args(words)).ok();
    };
    ours(&["put", "-r", "sent", &house.server.url("there/")]);
    ours(&["get", "-r", &house.server.url("there/"), "back"]);
    for number in 0..FILES {
        let name = number.to_string();
        assert_same(&sent.join(&name), &house.server.at("there").join(&name));
        assert_same(&sent.join(&name), &house.here.at("back").join(&name));
    }
}

/// Python's own class has a new TLS session for each data connection; the common way around resumes the control connection's.
fn python_is_refused_where_it_does_not_resume(runtime: Runtime) {
    need!("python3");
    let strict = House::new(runtime, &["--tls-reuse", "require"]);
    let lenient = House::new(runtime, &[]);
    for highest in VERSIONS {
        let refused = strict.client(highest).ftplib(Ftplib::Stock, 1);
        let refused = refused.expect("Python").exits(1);
        assert!(refused.stderr.starts_with("refused: 522 "), "{refused:?}");
        let version = format!("TLSv{}", highest.name());
        let taken = |house: &House, class, resumed: &str| {
            let done = house.client(highest).ftplib(class, 20).expect("Python");
            assert_eq!(done.ok().lines(), [version.as_str(), resumed]);
        };
        taken(&strict, Ftplib::Resuming, "40");
        taken(&lenient, Ftplib::Stock, "0");
        taken(&lenient, Ftplib::Resuming, "40");
    }
}

fn curl(runtime: Runtime) {
    need!("curl");
    let house = House::new(runtime, &["--tls", "require"]);
    for highest in VERSIONS {
        let client = house.client(highest);
        // Not in active mode: curl 7.88 cannot do that under TLS, with whatever server.
        house.there_and_back(|sent, back| {
            client.curl(&["--upload-file", sent], "file").map(Done::ok);
            client.curl(&["--output", back], "file").map(Done::ok);
        });
        let listed = client.curl(&["--list-only"], "").expect("curl").ok();
        assert_eq!(listed.lines(), ["file"]);
    }
}

fn from_the_first_byte(runtime: Runtime) {
    let House {
        server,
        certificates,
        here,
    } = House::new(
        runtime,
        &["--implicit-tls", "127.0.0.1:0", "--tls-reuse", "require"],
    );
    let plain = server.address();
    let house = House {
        server: server.over_implicit_tls(),
        certificates,
        here,
    };
    for highest in VERSIONS {
        let client = house.client(highest);
        client.ftplib(Ftplib::Resuming, 5).map(Done::ok);
        house.there_and_back(|sent, back| {
            let script = format!("put {sent} -o file\nget file -o {back}");
            client.lftp(&script).map(Done::ok);
        });
    }
    Wire::login(plain, "alice", "secret").expect("QUIT", 221);
}

fn a_certificate_alone_offers_tls(runtime: Runtime) {
    let house = House::new(runtime, &[]);
    let mut wire = Wire::login(house.server.address(), "alice", "secret");
    let features = wire.expect("FEAT", 211);
    assert!(features.text.contains(" AUTH TLS"), "{features:?}");
    wire.expect("QUIT", 221);
    let off = House::new(runtime, &["--tls", "off"]);
    let mut wire = Wire::connect(off.server.address());
    wire.answer();
    assert!(!wire.expect("FEAT", 211).text.contains("AUTH"));
    assert!(matches!(wire.ask("AUTH TLS").code, 500 | 502));
}

fn nothing_in_clear_where_tls_is_required(runtime: Runtime) {
    let house = House::new(runtime, &["--tls", "require"]);
    let mut wire = Wire::connect(house.server.address());
    wire.answer();
    let refused = wire.ask("USER alice");
    assert!(matches!(refused.code, 530 | 532 | 534), "{refused:?}");
    let refused = wire.ask("PASS secret");
    assert!(refused.code >= 500, "{refused:?}");
    wire.expect("PWD", 530);
}

/// curl says CCC, and goes on in clear text.
fn clear_text_again(runtime: Runtime) {
    need!("curl");
    for (options, code) in [(&["--ccc", "on"][..], "< 200 "), (&[], "< 534 ")] {
        let house = House::new(runtime, options);
        fill(&house.server.at("file"), 5000, 1);
        let client = house.client(TlsVersion::V1_3);
        let words = [
            "--ftp-ssl-ccc-mode",
            "active",
            "--verbose",
            "--output",
            "back",
        ];
        let done = client.curl(&words, "file").expect("curl");
        let said: Vec<_> = done.stderr.lines().collect();
        let asked = said.iter().position(|line| *line == "> CCC");
        let answer = asked.and_then(|at| said[at..].iter().find(|line| line.starts_with("< ")));
        let answer = answer.unwrap_or_else(|| panic!("no CCC: {done:?}"));
        assert!(answer.starts_with(code), "{answer}");
        done.ok();
        assert_same(&house.server.at("file"), &house.here.at("back"));
    }
}

fn clients_with_certificates(runtime: Runtime) {
    need!("curl");
    let (_others_folder, others) = certified();
    let authority = others.authority().display().to_string();
    let house = House::new(runtime, &["--tls-client-ca", &authority]);
    fill(&house.server.at("file"), 5000, 1);
    house.shows(&others.client()).ok();
    assert_same(&house.server.at("file"), &house.here.at("back"));
    let refused = house.shows(&house.certificates.client());
    assert_ne!(refused.code(), Some(0), "{refused:?}");
    let nothing = house.client(TlsVersion::V1_3).curl(&[], "file");
    let nothing = nothing.expect("curl");
    assert_ne!(nothing.code(), Some(0), "{nothing:?}");
    // Nor does it help to leave TLS out altogether.
    let mut plain = Wire::connect(house.server.address());
    assert_eq!(plain.answer().code, 220);
    for line in ["USER alice", "PASS secret", "RETR file"] {
        let code = plain.ask(line).code;
        assert!(code >= 500, "{line}: {code}");
    }
}

/// SNI: who calls the server by another name sees that name's certificate.
fn a_certificate_for_each_name(runtime: Runtime) {
    let program = need!("curl");
    let (here, certificates) = certified();
    let root = here.folder("root");
    let (main, other) = (certificates.server(), certificates.elsewhere());
    let host = format!(
        "elsewhere.test={},{}",
        other.certificate.display(),
        other.key.display()
    );
    let main = identity(&main);
    let server = start(
        &root,
        runtime,
        &[&main.each()[..], &["--tls-host", &host]].concat(),
    );
    let port = server.address().port();
    for name in ["elsewhere.test", "localhost"] {
        let mut curl = command(&program);
        curl.args(["--disable", "--silent", "--show-error", "--max-time", "60"])
            .args(["--ssl-reqd", "--list-only", "--cacert"])
            .arg(certificates.authority())
            .args(["--resolve", &format!("{name}:{port}:127.0.0.1")])
            .args(["--user", "alice:secret", &format!("ftp://{name}:{port}/")]);
        run(&mut curl).ok();
    }
}

/// A session of Python's that waits between two uploads.
struct Waiting {
    python: Child,
    heard: Receiver<String>,
}

impl Waiting {
    /// Waits for a line on stdin between the two.
    const SCRIPT: &str = r#"
import ftplib, io, ssl, sys
host, port, authority, *shown = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
if shown:
    context.load_cert_chain(*shown)
ftp = ftplib.FTP_TLS(context=context, timeout=30)
ftp.connect(host, int(port))
ftp.login("alice", "secret")
ftp.prot_p()
for name in ("before", "after"):
    ftp.storbinary("STOR " + name, io.BytesIO(b"x"))
    print(name, flush=True)
    sys.stdin.readline()
ftp.quit()
"#;

    /// A client that shows this of itself, and has made its first upload.
    fn begin(program: &Path, house: &House, shown: Option<&Identity>) -> Self {
        let address = house.server.address();
        let mut python = command(program);
        python
            .args(["-c", Self::SCRIPT])
            .args([address.ip().to_string(), address.port().to_string()])
            .arg(house.certificates.authority())
            .args(shown.map(|shown| &shown.certificate))
            .args(shown.map(|shown| &shown.key))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut python = python.spawn().expect("Python");
        let stdout = python.stdout.take().expect("a pipe was asked for");
        let (sender, heard) = mpsc::channel();
        thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            // A test that has failed hears no more.
            lines.for_each(|line| drop(sender.send(line)));
        });
        let waiting = Self { python, heard };
        match waiting.line() {
            Some(line) if line == "before" => waiting,
            line => panic!("{line:?}: {:?}", finish(waiting.python, "python")),
        }
    }

    /// The next line; none at its end, or when it takes far too long.
    fn line(&self) -> Option<String> {
        self.heard.recv_timeout(Duration::from_secs(60)).ok()
    }

    /// The second upload.
    fn go_on(mut self) {
        let stdin = self.python.stdin.as_mut().expect("a pipe was asked for");
        stdin.write_all(b"go on\n\n").expect("a session that waits");
        let line = self.line();
        let ended = finish(self.python, "python").ok();
        assert_eq!(line.as_deref(), Some("after"), "{ended:?}");
    }
}

/// A session that was there before SIGHUP goes on, data connections too; who comes afterwards sees the new certificate.
fn certificates_are_read_again(runtime: Runtime) {
    let program = need!("python3");
    let house = House::new(runtime, &[]);
    let session = Waiting::begin(&program, &house, None);

    // Another authority's, in the same files.
    let renewed = Certificates::make(&house.here.at("certificates"));
    house.server.daemon.hang_up();
    let client = TlsClient {
        certificates: &renewed,
        ..house.client(TlsVersion::V1_3)
    };
    until("the new certificate", || {
        let done = client.ftplib(Ftplib::Stock, 1).expect("Python");
        (done.code() == Some(0)).then_some(())
    });
    session.go_on();

    // What is in the files now is of no use: the last good certificate stays.
    fs::write(house.certificates.server().certificate, "nonsense").expect("a file of ours");
    house.server.daemon.hang_up();
    until("what is wrong with it", || {
        let said = house.server.daemon.said();
        said.contains("no certificate").then_some(())
    });
    client.ftplib(Ftplib::Stock, 1).map(Done::ok);
}

/// The same of the authorities that vouch for clients: a session that one of the old ones vouched for goes on.
fn authorities_are_read_again(runtime: Runtime) {
    need!("curl");
    let program = need!("python3");
    let (folder, old) = certified();
    let new = Certificates::make(&folder.folder("new"));
    let file = folder.at("authorities.pem");
    let vouch = |certificates: &Certificates| {
        fs::copy(certificates.authority(), &file).expect("room for a certificate");
    };
    vouch(&old);
    let house = House::new(runtime, &["--tls-client-ca", &file.display().to_string()]);
    fill(&house.server.at("file"), 5000, 1);
    let is_let_in =
        |certificates: &Certificates| house.shows(&certificates.client()).code() == Some(0);
    let session = Waiting::begin(&program, &house, Some(&old.client()));

    // Of no use: the old ones stay, and it is told.
    fs::write(&file, "nonsense").expect("a file of ours");
    house.server.daemon.hang_up();
    until("what is wrong with it", || {
        let said = house.server.daemon.said();
        said.contains("authorities.pem: no certificate")
            .then_some(())
    });
    assert!(is_let_in(&old) && !is_let_in(&new));

    vouch(&new);
    house.server.daemon.hang_up();
    until("the new authority", || is_let_in(&new).then_some(()));
    assert!(!is_let_in(&old));
    session.go_on();
}

/// What the server says about its own certificate is what a client has to be told.
fn self_signed(runtime: Runtime) {
    let Some(program) = sibling(Path::new(PROGRAM), "ftp-client") else {
        return;
    };
    let here = Scratch::new();
    let server = start(here.path(), runtime, &["--tls-self-signed"]);
    fill(&server.at("file"), 5000, 1);
    let said = until("how to trust it", || {
        let said = server.daemon.said();
        said.contains("--pin").then_some(said)
    });
    let mut words = said.split_whitespace().skip_while(|word| *word != "--pin");
    let pin = words.nth(1).expect("a pin behind --pin");
    let client = |options: &[&str]| {
        let mut client = command(&program);
        client.args(["--runtime", runtime.name(), "--tls", "explicit"]);
        run(client.args(options).args(["cat", &server.url("file")]))
    };
    client(&["--pin", pin]).ok();
    client(&[]).exits(4);
}

fn certificates_of_no_use(runtime: Runtime) {
    let (here, certificates) = certified();
    let (server, client) = (certificates.server(), certificates.client());
    let path = |path: &Path| path.display().to_string();
    let (good, key, other) = (
        path(&server.certificate),
        path(&server.key),
        path(&client.key),
    );
    let missing = path(&here.at("missing.pem"));
    let nonsense = path(&here.at("nonsense.pem"));
    fs::write(&nonsense, "nonsense").expect("room for a small file");
    let authority = path(&certificates.authority());
    let named = ["--tls-cert", &good, "--tls-key", &key];
    let open = |mode| [&named[..], &["--tls-client-ca", &authority, "--tls", mode]].concat();
    let wrong: [(&[&str], &str); 11] = [
        (&open("allow"), "--tls-client-ca"),
        (&open("off"), "--tls-client-ca"),
        (&["--tls", "require"], "--tls-cert"),
        (&["--implicit-tls", "127.0.0.1:0"], "--tls-cert"),
        (&["--tls-reuse", "require"], "--tls-cert"),
        (&["--tls-cert", &missing], "missing.pem"),
        (&["--tls-cert", &nonsense], "nonsense.pem"),
        (&["--tls-cert", &good], &good),
        (&["--tls-cert", &good, "--tls-key", &other], "key"),
        (
            &[
                "--tls-cert",
                &good,
                "--tls-key",
                &key,
                "--tls-client-ca",
                &nonsense,
            ],
            "nonsense.pem",
        ),
        (
            &[
                "--tls-cert",
                &good,
                "--tls-key",
                &key,
                "--tls-host",
                &format!("h={missing}"),
            ],
            "missing.pem",
        ),
    ];
    for (options, word) in wrong {
        let done = run(ours(Path::new(PROGRAM), here.path(), runtime).args(options)).exits(2);
        assert_eq!(done.stderr.lines().count(), 1, "one line: {done:?}");
        assert!(done.stderr.contains(word), "{word}: {done:?}");
        assert!(!done.stdout.contains("listening"), "{done:?}");
    }
}
