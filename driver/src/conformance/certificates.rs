//! Clients that a server knows by their certificates, and the authorities that vouch for them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use ftp_sansio::server::Tls;
use ftp_sansio::wire::Arg;
use sha2::{Digest, Sha256};

use super::site::{ANNA, LONG, Site, arg, client_config, config, get, put, secret};
use super::support::{LOCALHOST, Scratch};
use super::tls::{CERTIFICATE, VERSIONS, client_with, explicit, name, stranger};
use crate::client::{Client, Error, Options};
use crate::local::LocalStorage;
use crate::runtime::{Listener, Runtime};
use crate::server::{Builder, Grant, Server};
use crate::storage::{Account, Authenticator, Login};
use crate::tls::{
    Certificate, CertificateError, ClientCertificates, ClientTls, Pin, Roots, ServerTls, TlsError,
    Trust, Version,
};

/// Lets in whoever shows the certificate that goes with the name, whatever the password.
struct Badges<R> {
    users: HashMap<Pin, Arg>,
    storage: Arc<LocalStorage<R>>,
}

impl<R: Runtime> Authenticator for Badges<R> {
    type Storage = LocalStorage<R>;

    async fn authenticate(&self, login: &Login) -> Option<Account<LocalStorage<R>>> {
        let shown = login.certificates.as_ref()?;
        let user = self.users.get(&shown.fingerprint())?;
        (*user == login.user).then(|| Account {
            storage: self.storage.clone(),
            grant: Grant::read_write(),
        })
    }
}

/// A server that knows anna by her certificate, and accepts those of others.
struct Gate<R: Runtime> {
    runtime: R,
    scratch: Scratch<R>,
    server: Server<R, Badges<R>>,
    at: SocketAddr,
    anna: Certificate,
    other: Certificate,
}

impl<R: Runtime> Gate<R> {
    fn new(runtime: R) -> Self {
        let anna = Certificate::self_signed(["anna"]).unwrap();
        let other = Certificate::self_signed(["other"]).unwrap();
        let both = [anna.to_pem().0, other.to_pem().0].concat();
        let roots = Roots::from_pem(both.as_bytes()).unwrap();
        let tls = ServerTls::builder(CERTIFICATE.clone())
            .client_certificates(ClientCertificates::Accepted(roots))
            .build()
            .unwrap();
        let config = config(|config| {
            config.tls = Tls::Allow;
            config.ccc = true;
        });
        let scratch = Scratch::new(runtime.clone());
        let badges = Badges {
            users: HashMap::from([(fingerprint(&anna), arg("anna"))]),
            storage: Arc::new(scratch.store.clone()),
        };
        let settings = Builder::new().config(config).tls(tls);
        let server = settings.build(runtime.clone(), badges).unwrap();
        let listener = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let serving = server.clone();
        runtime.spawn(async move { serving.serve(listener).await });
        Self {
            runtime,
            scratch,
            server,
            at,
            anna,
            other,
        }
    }

    /// A client under TLS that shows this.
    async fn client(&self, version: Version, shown: Option<&Certificate>) -> Client<R> {
        // Not `explicit`, which says no password in clear text after CCC.
        let (runtime, config) = (self.runtime.clone(), client_config(LONG));
        let tls = client_tls(version, shown);
        let connected = Client::connect_tls(runtime, self.at, config, &tls, name()).await;
        let mut client = connected.unwrap();
        client.secure().await.unwrap();
        client
    }

    async fn close(self) {
        self.server.stop(LONG).await;
    }
}

/// As `openssl x509 -fingerprint -sha256` has it.
fn fingerprint(certificate: &Certificate) -> Pin {
    let digest = Sha256::digest(&certificate.der()[0]);
    let digits: Vec<_> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    digits.join(":").parse().unwrap()
}

fn client_tls(version: Version, shown: Option<&Certificate>) -> ClientTls {
    let tls = ClientTls::builder()
        .trust(Trust::Roots(Roots::only(&CERTIFICATE).unwrap()))
        .max_version(version);
    match shown {
        Some(shown) => tls.certificate(shown.clone()),
        None => tls,
    }
    .build()
    .unwrap()
}

fn is_refused<T: std::fmt::Debug>(login: Result<T, Error>) -> bool {
    matches!(login, Err(Error::LoginRefused(_)))
}

/// An authenticator learns what the client has shown: who has the certificate that goes with a name is let in under that name, and nobody else.
pub async fn a_certificate_names_its_user<R: Runtime>(runtime: R) {
    let gate = Gate::new(runtime);
    for version in VERSIONS {
        for (shown, user, is_good) in [
            (Some(&gate.anna), "anna", true),
            (Some(&gate.anna), "bob", false),
            (Some(&gate.other), "anna", false),
            (None, "anna", false),
        ] {
            let mut client = gate.client(version, shown).await;
            let login = client.login(arg(user), secret("any")).await;
            match is_good {
                true => {
                    login.unwrap();
                    put(&mut client, "file", b"hers", Options::default())
                        .await
                        .unwrap();
                    assert_eq!(gate.scratch.content("file"), "hers");
                }
                false => assert!(is_refused(login), "{version:?} {shown:?} {user}"),
            }
            client.quit().await.unwrap();
        }
    }
    gate.close().await;
}

/// What was shown counts only while TLS protects the commands: not before it, and not after CCC, when a USER may be anybody's.
pub async fn nobody_is_known_in_clear_text<R: Runtime>(runtime: R) {
    let gate = Gate::new(runtime);
    let (runtime, config) = (gate.runtime.clone(), client_config(LONG));
    let mut client = Client::connect(runtime, gate.at, config).await.unwrap();
    assert!(is_refused(client.login(arg("anna"), secret("any")).await));
    client.quit().await.unwrap();
    for version in VERSIONS {
        let mut client = gate.client(version, Some(&gate.anna)).await;
        client.login(arg("anna"), secret("any")).await.unwrap();
        client.clear_control().await.unwrap();
        put(&mut client, "file", b"hers", Options::default())
            .await
            .unwrap();
        assert!(is_refused(client.login(arg("anna"), secret("any")).await));
        client.quit().await.unwrap();
    }
    gate.close().await;
}

/// A reload takes the authorities from their file again: they are for who comes after it, and a session goes on, its data connections too. What
/// is of no use changes nothing.
pub async fn authorities_are_read_again<R: Runtime>(runtime: R) {
    let [first, second] = ["first", "second"].map(|name| Certificate::self_signed([name]).unwrap());
    let scratch = Scratch::new(runtime.clone());
    let file = scratch.outside("authorities.pem");
    for (clients, without) in [
        (ClientCertificates::RequiredFrom(file.clone()), false),
        (ClientCertificates::AcceptedFrom(file.clone()), true),
    ] {
        std::fs::write(&file, first.to_pem().0).unwrap();
        let tls = ServerTls::builder(CERTIFICATE.clone()).client_certificates(clients);
        let tls = tls.build().unwrap();
        let settings = Builder::new().config(config(|config| config.tls = Tls::Require));
        let site = Site::with(runtime.clone(), settings.tls(tls.clone()));
        site.put("file", b"content");
        let mut before =
            client_with(&site, explicit(), &client_tls(Version::Tls13, Some(&first))).await;
        let is_let_in = async |shown: Option<&Certificate>| {
            let mut all = Vec::new();
            for version in VERSIONS {
                let mut client = stranger(&site, explicit(), &client_tls(version, shown)).await;
                match client.secure().await {
                    Ok(_) => {
                        client.login(arg(ANNA.0), secret(ANNA.1)).await.unwrap();
                        client.quit().await.unwrap();
                        all.push(true);
                    }
                    Err(Error::Tls(TlsError::Refused(_))) => all.push(false),
                    Err(other) => panic!("{other:?}"),
                }
            }
            assert_eq!(all[0], all[1]);
            all[0]
        };
        std::fs::write(&file, "nonsense").unwrap();
        let told = tls.reload();
        assert!(matches!(told, Err(CertificateError::NoCertificate(_))));
        assert!(is_let_in(Some(&first)).await && !is_let_in(Some(&second)).await);
        std::fs::write(&file, second.to_pem().0).unwrap();
        tls.reload().unwrap();
        assert!(is_let_in(Some(&second)).await && !is_let_in(Some(&first)).await);
        assert_eq!(is_let_in(None).await, without);
        let content = get(&mut before, "file", Options::default()).await;
        assert_eq!(content.unwrap(), b"content");
        before.quit().await.unwrap();
        site.close().await;
    }
}
