//! Certificates, made for a test and gone with its folder.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// The names that a server's certificate is for: every way to say this machine on loopback.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// An authority and those it vouches for, as PEM files in a folder. All keys are on the curve P-256. Whoever knows the authority of one
/// folder does not know that of another.
#[derive(Clone, Debug)]
pub struct Certificates {
    folder: PathBuf,
}

/// A certificate and its key, each a PEM file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key, PKCS #8.
    pub key: PathBuf,
    /// Key and certificate in one file.
    pub both: PathBuf,
}

impl Certificates {
    /// Makes them all, in a folder that is there.
    pub fn make(folder: &Path) -> Self {
        let made = Self {
            folder: folder.to_owned(),
        };
        let authority = authority("a test's authority");
        made.write("authority.pem", &authority.pem());
        made.issue("server", server(), &authority);
        made.issue("client", client(), &authority);
        made.issue("elsewhere", elsewhere(), &authority);
        made.issue("expired", expired(), &authority);
        made
    }

    /// The certificate of the authority that signed the server's and the client's.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// A server on loopback: `localhost`, `127.0.0.1` and `::1`.
    pub fn server(&self) -> Identity {
        self.identity("server")
    }

    /// A client called `alice`.
    pub fn client(&self) -> Identity {
        self.identity("client")
    }

    /// A server called `elsewhere.test`, which nothing on loopback is.
    pub fn elsewhere(&self) -> Identity {
        self.identity("elsewhere")
    }

    /// The server of [`server`](Self::server), some years ago.
    pub fn expired(&self) -> Identity {
        self.identity("expired")
    }

    fn identity(&self, name: &str) -> Identity {
        let file = |suffix| self.folder.join(format!("{name}{suffix}"));
        Identity {
            certificate: file(".pem"),
            key: file(".key"),
            both: file("-both.pem"),
        }
    }

    fn issue(
        &self,
        name: &str,
        params: CertificateParams,
        authority: &CertifiedIssuer<'_, KeyPair>,
    ) {
        let key = KeyPair::generate().expect("randomness for a key");
        let certificate = params
            .signed_by(&key, authority)
            .expect("parameters that make a certificate")
            .pem();
        let key = key.serialize_pem();
        self.write(&format!("{name}.pem"), &certificate);
        self.write(&format!("{name}.key"), &key);
        self.write(&format!("{name}-both.pem"), &(key + &certificate));
    }

    /// Some servers refuse a key that others may read.
    fn write(&self, name: &str, text: &str) {
        let file = self.folder.join(name);
        fs::write(&file, text).expect("room for a certificate");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a file of ours");
    }
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = named(&[], name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().expect("randomness for a key");
    CertifiedIssuer::self_signed(params, key).expect("parameters that make a certificate")
}

fn server() -> CertificateParams {
    end(named(&NAMES, "a test's server"), true)
}

fn elsewhere() -> CertificateParams {
    end(named(&["elsewhere.test"], "another server"), true)
}

fn expired() -> CertificateParams {
    let mut params = server();
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2002, 1, 1);
    params
}

fn client() -> CertificateParams {
    end(named(&[], "alice"), false)
}

/// The certificate of one end, for this purpose alone.
fn end(mut params: CertificateParams, is_server: bool) -> CertificateParams {
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![match is_server {
        true => ExtendedKeyUsagePurpose::ServerAuth,
        false => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    // Clients that hold to RFC 5280 strictly want it.
    params.use_authority_key_identifier_extension = true;
    params
}

fn named(hosts: &[&str], name: &str) -> CertificateParams {
    let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(hosts).expect("names that a certificate can have");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
