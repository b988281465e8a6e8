//! TLS with the servers that people have, strict ones among them, and with ours.

use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use ftp_peers::{
    Certificates, Done, Identity, Pyftpdlib, Runtime, Scratch, Server, Tls, TlsVersion,
    assert_same, fill, names_in, on_both_runtimes, ours, run, run_fed,
};

use crate::proxy::{Kind, Proxy};
use crate::{client, our_server};

on_both_runtimes!(
    ours_there_and_back,
    vsftpd_there_and_back,
    proftpd_there_and_back,
    pure_ftpd_there_and_back,
    pyftpdlib_there_and_back,
    from_the_first_byte,
    several_sessions,
    a_certificate_that_nobody_trusts,
    a_certificate_for_another_name_or_time,
    without_tls_there_is_a_note,
    tls_that_was_asked_for_is_not_done_without,
    a_certificate_of_its_own,
    the_shell,
    files_of_no_use,
);

/// A server with TLS on an empty folder, and a folder for what the client has.
struct House {
    server: Server,
    certificates: Certificates,
    here: Scratch,
    runtime: Runtime,
}

impl House {
    fn new(
        runtime: Runtime,
        start: impl FnOnce(&Path, &Path, Tls<'_>) -> Option<Server>,
    ) -> Option<Self> {
        let here = Scratch::new();
        let root = here.folder("root");
        let certificates = Certificates::make(&here.folder("certificates"));
        let server = start(here.path(), &root, Tls::new(&certificates))?;
        Some(Self {
            server,
            certificates,
            here,
            runtime,
        })
    }

    /// Ours with the server's certificate, and these options.
    fn ours(runtime: Runtime, options: &[&str]) -> Option<Self> {
        Self::ours_as(runtime, Certificates::server, options)
    }

    fn ours_as(
        runtime: Runtime,
        identity: fn(&Certificates) -> Identity,
        options: &[&str],
    ) -> Option<Self> {
        let program = our_server()?;
        Self::new(runtime, |_, root, tls| {
            let mut command = ours(&program, root, runtime);
            let identity = identity(tls.certificates);
            command.arg("--tls-cert").arg(identity.certificate);
            command.arg("--tls-key").arg(identity.key).args(options);
            Some(Server::start(&mut command, root))
        })
    }

    /// Runs the client with these words.
    fn run(&self, words: &[&str]) -> Done {
        run(client(self.runtime, words).current_dir(self.here.path()))
    }

    /// The same, trusting the server's authority.
    fn trusting(&self, words: &[&str]) -> Done {
        let authority = self.certificates.authority();
        let authority = authority.to_str().expect("a path in UTF-8");
        self.run(&[&["--ca", authority], words].concat())
    }

    /// Many files there over one session, and back over another.
    fn there_and_back(&self) {
        const FILES: u64 = 20;
        let sent = self.here.folder("sent");
        for number in 0..FILES {
            fill(&sent.join(number.to_string()), number * 9973, number);
        }
        let url = self.server.url("there/");
        let put = self.trusting(&["--tls", self.mode(), "put", "-r", "sent", &url]);
        put.ok();
        let get = self.trusting(&["--tls", self.mode(), "get", "-r", &url, "back"]);
        get.ok();
        for number in 0..FILES {
            let name = number.to_string();
            assert_same(&sent.join(&name), &self.here.at("back").join(&name));
        }
        let listed = self.trusting(&["--tls", self.mode(), "ls", &url]).ok();
        assert_eq!(listed.lines().len(), names_in(&sent).len());
    }

    fn mode(&self) -> &'static str {
        match self.server.scheme() {
            "ftps" => "implicit",
            _ => "explicit",
        }
    }
}

/// With both versions of TLS as the highest that the server speaks.
fn with_both(runtime: Runtime, start: impl Fn(&Path, &Path, &Tls<'_>) -> Option<Server>) {
    for highest in [TlsVersion::V1_2, TlsVersion::V1_3] {
        let house = House::new(runtime, |work, root, tls| {
            start(work, root, &Tls { highest, ..tls })
        });
        let Some(house) = house else { return };
        house.there_and_back();
    }
}

fn ours_there_and_back(runtime: Runtime) {
    let Some(house) = House::ours(runtime, &["--tls", "require", "--tls-reuse", "require"]) else {
        return;
    };
    house.there_and_back();
}

fn vsftpd_there_and_back(runtime: Runtime) {
    with_both(runtime, Server::vsftpd_tls);
}

fn proftpd_there_and_back(runtime: Runtime) {
    with_both(runtime, Server::proftpd_tls);
}

fn pure_ftpd_there_and_back(runtime: Runtime) {
    with_both(runtime, |work, root, tls| {
        Server::pure_ftpd(work, root, Some(tls))
    });
}

fn pyftpdlib_there_and_back(runtime: Runtime) {
    with_both(runtime, |_, root, tls| {
        Pyftpdlib::default().start_tls(root, tls)
    });
}

fn from_the_first_byte(runtime: Runtime) {
    fn implicit(tls: Tls<'_>) -> Tls<'_> {
        Tls {
            implicit: true,
            ..tls
        }
    }
    let houses = [
        House::new(runtime, |work, root, tls| {
            Server::vsftpd_tls(work, root, &implicit(tls))
        }),
        House::new(runtime, |work, root, tls| {
            Server::proftpd_tls(work, root, &implicit(tls))
        }),
        House::ours(runtime, &["--implicit-tls", "127.0.0.1:0"]).map(|house| House {
            server: house.server.over_implicit_tls(),
            ..house
        }),
    ];
    for house in houses.into_iter().flatten() {
        house.there_and_back();
        fill(&house.server.at("file"), 5000, 1);
        let url = house.server.url("file");
        assert!(url.starts_with("ftps://"));
        house.trusting(&["get", &url, "by-url"]).ok();
        assert_same(&house.server.at("file"), &house.here.at("by-url"));
        let url = url.replace("ftps://", "ftp://");
        house
            .trusting(&["--tls", "implicit", "get", &url, "by-option"])
            .ok();
        assert_same(&house.server.at("file"), &house.here.at("by-option"));
    }
}

/// A way to the server on which the first data connections pass, so many, and the three after those wait for each other: then three sessions
/// are at work, however long the last of them has taken to begin.
fn together(server: &Server, first: usize) -> Proxy {
    let (control, count) = (server.address().port(), AtomicUsize::new(0));
    let gate = Barrier::new(3);
    Proxy::watched(Kind::Socks, move |port| {
        if port != control && (first..first + 3).contains(&count.fetch_add(1, Ordering::SeqCst)) {
            gate.wait();
        }
    })
}

/// Each has a TLS session of its own, which its data connections resume.
fn several_sessions(runtime: Runtime) {
    let strict = ["--tls", "require", "--tls-reuse", "require"];
    let Some(house) = House::ours(runtime, &strict) else {
        return;
    };
    let sent = house.here.folder("sent");
    for number in 0..20 {
        fill(&sent.join(number.to_string()), number * 997, number);
    }
    let url = house.server.url("there/");
    let by = |first| together(&house.server, first).url("anna:hush");
    let words = ["-v", "-j3", "--timeout", "30", "--proxy"];
    let put = house.trusting(&[&words[..], &[&by(0), "put", "-r", "sent", &url]].concat());
    // One of the data connections is the listing's.
    let get = house.trusting(&[&words[..], &[&by(1), "get", "-r", &url, "back"]].concat());
    for done in [put.ok(), get.ok()] {
        assert_eq!(done.stderr.matches("> AUTH TLS").count(), 3, "{done:?}");
        assert_eq!(done.stderr.matches("> PROT P").count(), 3, "{done:?}");
    }
    for number in 0..20 {
        let name = number.to_string();
        assert_same(&sent.join(&name), &house.here.at("back").join(&name));
    }
}

/// The line that would trust it does.
fn a_certificate_that_nobody_trusts(runtime: Runtime) {
    let Some(house) = House::ours(runtime, &[]) else {
        return;
    };
    fill(&house.server.at("file"), 5000, 1);
    let url = house.server.url("file");
    for mode in [&[][..], &["--tls", "explicit"]] {
        let done = house
            .run(&[mode, &["-v", "get", &url, "back"]].concat())
            .exits(4);
        let sent: Vec<_> = done
            .stderr
            .lines()
            .filter(|line| line.starts_with("> "))
            .collect();
        assert_eq!(sent, ["> AUTH TLS"], "nothing else is said: {done:?}");
        assert!(!house.here.at("back").exists());
        let mut words = done
            .stderr
            .split_whitespace()
            .skip_while(|word| *word != "--pin");
        let pin = words.nth(1).expect("a pin behind --pin").to_owned();
        house.run(&["--pin", &pin, "get", &url, "back"]).ok();
        assert_same(&house.server.at("file"), &house.here.at("back"));
        std::fs::remove_file(house.here.at("back")).expect("a file of ours");
        let other = "00".repeat(32);
        house.run(&["--pin", &other, "get", &url, "back"]).exits(4);
    }
    house.run(&["--insecure", "get", &url, "back"]).ok();
    assert_same(&house.server.at("file"), &house.here.at("back"));
}

fn a_certificate_for_another_name_or_time(runtime: Runtime) {
    let wrong: [fn(&Certificates) -> Identity; 2] =
        [Certificates::elsewhere, Certificates::expired];
    for identity in wrong {
        let Some(house) = House::ours_as(runtime, identity, &[]) else {
            return;
        };
        let done = house.trusting(&["ls", &house.server.url("")]).exits(4);
        assert!(done.stderr.contains("--pin"), "{done:?}");
        house.run(&["--insecure", "ls", &house.server.url("")]).ok();
    }
}

fn without_tls_there_is_a_note(runtime: Runtime) {
    let Some(program) = our_server() else { return };
    let here = Scratch::new();
    let server = Server::ours(&program, here.path(), runtime);
    fill(&server.at("file"), 100, 1);
    let url = server.url("file");
    let cat = |options: &[&str]| run(&mut client(runtime, &[options, &["cat", &url]].concat()));
    let noted = cat(&[]).ok();
    assert_eq!(noted.stderr.lines().count(), 1, "{noted:?}");
    assert!(noted.stderr.contains("clear text"), "{noted:?}");
    for silent in [&["--tls", "off"][..], &["--quiet"]] {
        let done = cat(silent).ok();
        assert!(done.stderr.is_empty(), "{done:?}");
    }
}

/// Never plain instead.
fn tls_that_was_asked_for_is_not_done_without(runtime: Runtime) {
    let Some(program) = our_server() else { return };
    let here = Scratch::new();
    let server = Server::ours(&program, here.path(), runtime);
    for mode in ["explicit", "implicit"] {
        let words = ["-v", "--tls", mode, "ls", &server.url("")];
        let done = run(&mut client(runtime, &words)).exits(4);
        assert!(!done.stderr.contains("USER"), "{done:?}");
    }
    let contradiction = server.url("").replace("ftp://", "ftps://");
    for mode in ["explicit", "off"] {
        run(&mut client(runtime, &["--tls", mode, "ls", &contradiction])).exits(2);
    }
}

fn a_certificate_of_its_own(runtime: Runtime) {
    let others_folder = Scratch::new();
    let others = Certificates::make(others_folder.path());
    let authority = others.authority().display().to_string();
    let Some(house) = House::ours(runtime, &["--tls-client-ca", &authority]) else {
        return;
    };
    let url = house.server.url("");
    let (mine, strange) = (others.client(), house.certificates.client());
    let show = |identity: &Identity| {
        let (certificate, key) = (&identity.certificate, &identity.key);
        house.trusting(&[
            "--cert",
            certificate.to_str().expect("a path in UTF-8"),
            "--key",
            key.to_str().expect("a path in UTF-8"),
            "ls",
            &url,
        ])
    };
    show(&mine).ok();
    show(&strange).exits(4);
    house.trusting(&["ls", &url]).exits(4);
    let both = mine.both.to_str().expect("a path in UTF-8");
    house.trusting(&["--cert", both, "ls", &url]).ok();
}

fn the_shell(runtime: Runtime) {
    let Some(house) = House::ours(
        runtime,
        &["--implicit-tls", "127.0.0.1:0", "--anonymous", "ro"],
    ) else {
        return;
    };
    fill(&house.server.at("file"), 5000, 1);
    let explicit = house.server.address();
    let authority = house.certificates.authority().display().to_string();
    let shell = |script: String| {
        let words = ["--ca", &authority, "shell"];
        let mut shell = client(runtime, &words);
        run_fed(shell.current_dir(house.here.path()), script.as_bytes())
    };
    let done = shell(format!("CONN {explicit}\nget file\nQUIT\n")).ok();
    assert!(!done.stdout.contains("clear text"), "{done:?}");
    assert_same(&house.server.at("file"), &house.here.at("file"));
    let server = house.server.over_implicit_tls();
    fill(&house.here.at("file"), 0, 0);
    shell(format!(
        "CONN ftps://{}/\nget file\nQUIT\n",
        server.address()
    ))
    .ok();
    assert_same(&server.at("file"), &house.here.at("file"));
}

fn files_of_no_use(runtime: Runtime) {
    let here = Scratch::new();
    std::fs::write(here.at("nonsense.pem"), "nonsense").expect("room for a small file");
    for option in ["--ca", "--cert"] {
        for file in ["nonsense.pem", "missing.pem"] {
            let mut client = client(runtime, &[option, file, "ls", "ftp://127.0.0.1:1/"]);
            let done = run(client.current_dir(here.path())).exits(2);
            assert_eq!(done.stderr.lines().count(), 1, "{done:?}");
            assert!(done.stderr.contains(file), "{done:?}");
        }
    }
}
