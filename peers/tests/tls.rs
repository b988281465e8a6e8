//! The peers' TLS among themselves: that servers are as strict as they are told to be, and that clients resume where they should.

use ftp_peers::{
    Certificates, Done, Ftplib, Pyftpdlib, Scratch, Server, Tls, TlsClient, TlsVersion,
    assert_same, fill,
};

/// A server with TLS on an empty folder, and a folder for what its clients have.
struct House {
    server: Server,
    certificates: Certificates,
    here: Scratch,
}

impl House {
    /// `start` gets the folder for settings, the one to serve, and TLS as far as it is the same for all.
    fn new(
        start: impl FnOnce(&Scratch, &std::path::Path, Tls<'_>) -> Option<Server>,
    ) -> Option<Self> {
        let here = Scratch::new();
        let root = here.folder("root");
        let certificates = Certificates::make(&here.folder("certificates"));
        let server = start(&here, &root, Tls::new(&certificates))?;
        Some(Self {
            server,
            certificates,
            here,
        })
    }

    fn client(&self, highest: TlsVersion) -> TlsClient<'_> {
        TlsClient {
            server: &self.server,
            certificates: &self.certificates,
            highest,
            folder: self.here.path(),
        }
    }

    /// Files there and back by every client, with both versions.
    fn takes_all(&self) {
        for highest in [TlsVersion::V1_2, TlsVersion::V1_3] {
            self.takes(Ftplib::Resuming, highest);
            let client = self.client(highest);
            self.there_and_back(|sent, back| {
                client.curl(&["--upload-file", sent], "file").map(Done::ok);
                client.curl(&["--output", back], "file").map(Done::ok);
            });
            self.there_and_back(|sent, back| {
                let script = format!("put {sent} -o file\nget file -o {back}");
                client.lftp(&script).map(Done::ok);
            });
        }
    }

    fn takes(&self, class: Ftplib, highest: TlsVersion) {
        if let Some(done) = self.client(highest).ftplib(class, 10) {
            let version = format!("TLSv{}", highest.name());
            assert_eq!(done.ok().lines()[0], version);
        }
    }

    fn there_and_back(&self, run: impl FnOnce(&str, &str)) {
        let (sent, back) = (self.here.at("sent"), self.here.at("back"));
        fill(&sent, 100_001, 1);
        fill(&back, 0, 0);
        run("sent", "back");
        assert_same(&sent, &self.server.at("file"));
        assert_same(&sent, &back);
    }

    fn refuses(&self, class: Ftplib, reply: &str) {
        for highest in [TlsVersion::V1_2, TlsVersion::V1_3] {
            if let Some(done) = self.client(highest).ftplib(class, 1) {
                let done = done.exits(1);
                assert!(done.stderr.starts_with(reply), "{done:?}");
            }
        }
    }
}

#[test]
fn vsftpd_wants_resumption() {
    let strict = House::new(|work, root, tls| Server::vsftpd_tls(work.path(), root, &tls));
    let Some(strict) = strict else { return };
    strict.refuses(Ftplib::Stock, "refused: 522 ");
    strict.takes_all();
    let lenient = House::new(|work, root, tls| {
        let tls = Tls {
            require_reuse: false,
            ..tls
        };
        Server::vsftpd_tls(work.path(), root, &tls)
    });
    lenient
        .expect("vsftpd")
        .takes(Ftplib::Stock, TlsVersion::V1_3);
}

#[test]
fn proftpd_wants_resumption() {
    let strict = House::new(|work, root, tls| Server::proftpd_tls(work.path(), root, &tls));
    let Some(strict) = strict else { return };
    strict.refuses(Ftplib::Stock, "refused: 425 ");
    strict.takes_all();
    let lenient = House::new(|work, root, tls| {
        let tls = Tls {
            require_reuse: false,
            ..tls
        };
        Server::proftpd_tls(work.path(), root, &tls)
    });
    lenient
        .expect("ProFTPD")
        .takes(Ftplib::Stock, TlsVersion::V1_3);
}

#[test]
fn pure_ftpd_wants_none() {
    let house = House::new(|work, root, tls| Server::pure_ftpd(work.path(), root, Some(&tls)));
    let Some(house) = house else { return };
    house.takes(Ftplib::Stock, TlsVersion::V1_3);
    house.takes_all();
}

#[test]
fn pyftpdlib_wants_none() {
    let house = House::new(|_, root, tls| Pyftpdlib::default().start_tls(root, &tls));
    let Some(house) = house else { return };
    house.takes(Ftplib::Stock, TlsVersion::V1_3);
    house.takes_all();
}

#[test]
fn tls_from_the_first_byte() {
    let houses = [
        House::new(|work, root, tls| Server::vsftpd_tls(work.path(), root, &implicit(tls))),
        House::new(|work, root, tls| Server::proftpd_tls(work.path(), root, &implicit(tls))),
        House::new(|_, root, tls| Pyftpdlib::default().start_tls(root, &implicit(tls))),
    ];
    for house in houses.into_iter().flatten() {
        assert!(house.server.url("").starts_with("ftps://"));
        house.takes_all();
    }
}

fn implicit(tls: Tls<'_>) -> Tls<'_> {
    Tls {
        implicit: true,
        ..tls
    }
}

/// A client that could do more speaks the server's highest version.
#[test]
fn no_higher_than_1_2() {
    fn old(tls: Tls<'_>) -> Tls<'_> {
        Tls {
            highest: TlsVersion::V1_2,
            ..tls
        }
    }
    let houses = [
        House::new(|work, root, tls| Server::vsftpd_tls(work.path(), root, &old(tls))),
        House::new(|work, root, tls| Server::proftpd_tls(work.path(), root, &old(tls))),
        House::new(|work, root, tls| Server::pure_ftpd(work.path(), root, Some(&old(tls)))),
        House::new(|_, root, tls| Pyftpdlib::default().start_tls(root, &old(tls))),
    ];
    for house in houses.into_iter().flatten() {
        if let Some(done) = house.client(TlsVersion::V1_3).ftplib(Ftplib::Resuming, 3) {
            assert_eq!(done.ok().lines(), ["TLSv1.2", "6"]);
        }
    }
}

/// Whoever trusts another authority goes no further than the handshake.
#[test]
fn clients_look_at_the_certificate() {
    let house = House::new(|_, root, tls| Pyftpdlib::default().start_tls(root, &tls));
    let Some(house) = house else { return };
    let certificates = Certificates::make(&house.here.folder("others"));
    let client = TlsClient {
        certificates: &certificates,
        ..house.client(TlsVersion::V1_3)
    };
    if let Some(done) = client.curl(&[], "") {
        done.exits(60);
    }
    if let Some(done) = client.ftplib(Ftplib::Stock, 1) {
        let done = done.exits(1);
        assert!(
            done.stderr.contains("CERTIFICATE_VERIFY_FAILED"),
            "{done:?}"
        );
    }
    if let Some(done) = client.lftp("nlist") {
        let done = done.exits(1);
        assert!(done.stderr.contains("NOT trusted"), "{done:?}");
    }
}
