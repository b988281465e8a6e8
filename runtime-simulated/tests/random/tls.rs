//! TLS that is a function of the seed too: its random bits and its time of day are the run's own, its signatures have one length and one value
//! (Ed25519), and its key exchange, of which ring leaves nothing to others, is one that keeps no secret. All else is rustls's and ring's.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ftp_runtime_simulated::Network;
use ftp_runtime_simulated::tls::{
    Certificate, ClientTls, ClientTlsBuilder, Roots, ServerName, ServerTls, ServerTlsBuilder,
    Trust, Version,
};
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret,
    SupportedKxGroup, ring,
};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use rustls::{Error, NamedGroup};

/// For `10.0.0.1`, `fd00::1` and `server.example`, until the year 2100; signed by itself.
const CHAIN: &[u8] = b"-----BEGIN CERTIFICATE-----
MIIBTDCB/6ADAgECAgEBMAUGAytlcDAdMRswGQYDVQQDDBJhIHNpbXVsYXRlZCBz
ZXJ2ZXIwIBcNMDAwMTAxMDAwMDAwWhgPMjEwMDAxMDEwMDAwMDBaMB0xGzAZBgNV
BAMMEmEgc2ltdWxhdGVkIHNlcnZlcjAqMAUGAytlcAMhAJwYbILgKOwE956TpNU9
k+mSVvitGYaVogMpokpZFijso2IwYDAxBgNVHREEKjAogg5zZXJ2ZXIuZXhhbXBs
ZYcECgAAAYcQ/QAAAAAAAAAAAAAAAAAAATAMBgNVHRMBAf8EAjAAMB0GA1UdDgQW
BBQ0OfqZynpf9hsjd4ma118BZyMLqzAFBgMrZXADQQAU/aVZX5Qp5+Nprg+ejBsv
Athy243x+VKkt0mImnzmkJNhRX3pniPkY2CAiJ6Ssal1rUPLICMdoQ/uGlgAlm4E
-----END CERTIFICATE-----
";

/// Its key, which protects nothing.
const KEY: &[u8] = b"-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIA0OGt/I1tAPhOnKNUfmv5C2NW6RQr0pPj3L/TXhwPjM
-----END PRIVATE KEY-----
";

/// The time of day in every run: 2026-01-01.
const TODAY: Duration = Duration::from_secs(1_767_225_600);

static CERTIFICATE: LazyLock<Certificate> =
    LazyLock::new(|| Certificate::from_pem(CHAIN, KEY).unwrap());

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider {
        kx_groups: vec![&Open],
        secure_random: &Drawn,
        ..ring::default_provider()
    })
});

/// Where TLS's random bits come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// The seed, so that a run repeats itself to the byte.
    Seed,
    /// The system, as everywhere else.
    System,
}

thread_local! {
    /// The network of the run on this thread, from which its random bits are drawn.
    static NETWORK: RefCell<Option<Network>> = const { RefCell::new(None) };
}

/// Begins a run.
pub(crate) fn begin(net: &Network) {
    NETWORK.set(Some(net.clone()));
}

fn fill(buffer: &mut [u8]) {
    NETWORK.with_borrow(|net| {
        let net = net.as_ref().unwrap();
        for chunk in buffer.chunks_mut(8) {
            let drawn = net.draw(u64::MAX).to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    });
}

#[derive(Debug)]
struct Drawn;

impl SecureRandom for Drawn {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        fill(buffer);
        Ok(())
    }
}

/// What the two sides have in common is the sum of what they send each other openly; of X25519 it has the name and the lengths.
#[derive(Debug)]
struct Open;

impl SupportedKxGroup for Open {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut share = [0; 32];
        fill(&mut share);
        Ok(Box::new(Share(share)))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct Share([u8; 32]);

impl ActiveKeyExchange for Share {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let pairs = self.0.iter().zip(peer);
        let sum: Vec<u8> = pairs.map(|(own, other)| own ^ other).collect();
        Ok(sum.into())
    }

    fn pub_key(&self) -> &[u8] {
        &self.0
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

#[derive(Debug)]
struct Today;

impl TimeProvider for Today {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(TODAY))
    }
}

pub(crate) fn server(source: Source) -> ServerTls {
    let tls = ServerTls::builder(CERTIFICATE.clone());
    let tls: ServerTlsBuilder = match source {
        Source::Seed => tls.means(PROVIDER.clone(), Arc::new(Today)),
        Source::System => tls,
    };
    tls.build().unwrap()
}

/// Of a client that speaks one version, and trusts that certificate alone.
pub(crate) fn client(version: Version, source: Source) -> ClientTls {
    let tls = ClientTls::builder()
        .trust(Trust::Roots(Roots::only(&CERTIFICATE).unwrap()))
        .min_version(version)
        .max_version(version);
    let tls: ClientTlsBuilder = match source {
        Source::Seed => tls.means(PROVIDER.clone(), Arc::new(Today)),
        Source::System => tls,
    };
    tls.build().unwrap()
}

pub(crate) fn server_name() -> ServerName {
    ServerName::new("server.example").unwrap()
}
