//! `ProFTPD`, run as whoever runs the tests, with an account file of its own.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::{getgid, getuid};

use super::port::{Sign, banner, on_a_free_port};
use super::{SECRET, Server, owner};
use crate::daemon::Daemon;
use crate::tls::{Tls, TlsVersion};
use crate::tool::{command, unpacked};

impl Server {
    /// Starts it, where it is installed. `work` is a folder for its settings, outside the served one.
    pub fn proftpd(work: &Path, root: &Path, ipv6: bool) -> Option<Self> {
        Self::start_proftpd(work, root, ipv6, None)
    }

    /// The same with TLS.
    pub fn proftpd_tls(work: &Path, root: &Path, tls: &Tls<'_>) -> Option<Self> {
        Self::start_proftpd(work, root, false, Some(tls))
    }

    fn start_proftpd(work: &Path, root: &Path, ipv6: bool, tls: Option<&Tls<'_>>) -> Option<Self> {
        let program = unpacked("proftpd-core", "proftpd")?;
        let start = |address: SocketAddr| {
            let settings = work.join(format!("proftpd-{}.conf", address.port()));
            let secured = tls.map(|tls| secured(work, tls)).unwrap_or_default();
            let text = modules(&program) + &configuration(work, root, address) + &secured;
            fs::write(&settings, text).expect("room for settings");
            Daemon::start(
                command(&program)
                    .args(["--nodaemon", "--quiet", "--config"])
                    .arg(&settings),
            )
        };
        let implicit = tls.is_some_and(|tls| tls.implicit);
        let sign = if implicit {
            Sign::Listener
        } else {
            Sign::Greeting
        };
        let (daemon, address) = on_a_free_port(ipv6, sign, start);
        Some(Self::new(daemon, root, vec![address], "alice:secret").implicit(implicit))
    }
}

/// Digests and MODE Z, which are modules of their own beside the program: `usr/sbin/proftpd`, `usr/lib/proftpd/mod_digest.so`.
fn modules(program: &Path) -> String {
    let beside = program.ancestors().nth(2).unwrap_or(program);
    let folder = beside.join("lib/proftpd");
    let load = |(name, engine): (&str, &str)| match folder.join(format!("{name}.so")).is_file() {
        true => format!("LoadModule {name}.c\n{engine} on\n"),
        false => String::new(),
    };
    let all = [
        ("mod_digest", "DigestEngine"),
        ("mod_deflate", "DeflateEngine"),
    ];
    format!("ModulePath {}\n", folder.display()) + &all.map(load).concat()
}

/// Without any option, a data connection has to resume the control connection's session.
fn secured(work: &Path, tls: &Tls<'_>) -> String {
    let identity = tls.certificates.server();
    let versions = match tls.highest {
        TlsVersion::V1_2 => "TLSv1.2",
        TlsVersion::V1_3 => "TLSv1.2 TLSv1.3",
    };
    let options = [
        (tls.implicit, "TLSOptions UseImplicitSSL\n"),
        (!tls.require_reuse, "TLSOptions NoSessionReuseRequired\n"),
    ];
    let options = options.iter().filter(|(on, _)| *on).map(|(_, line)| *line);
    format!(
        "LoadModule mod_tls.c\nTLSEngine on\nTLSRequired off\nTLSProtocol {versions}\nTLSLog {}/proftpd-tls.log\n\
        TLSECCertificateFile {}\nTLSECCertificateKeyFile {}\n{}",
        work.display(),
        identity.certificate.display(),
        identity.key.display(),
        options.collect::<String>()
    )
}

/// Its account file, which it wants closed to others.
fn accounts(work: &Path, root: &Path) -> String {
    let file = work.join("proftpd.passwd");
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    let entry = format!(
        "alice:{SECRET}:{user}:{group}::{}:/bin/sh\n",
        root.display()
    );
    fs::write(&file, entry).expect("room for an account");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a file of ours");
    file.display().to_string()
}

/// Only root may change the root folder; without it, alice sees the whole machine from her home.
fn configuration(work: &Path, root: &Path, address: SocketAddr) -> String {
    let (ip, port, banner, accounts) = (
        address.ip(),
        address.port(),
        banner(address),
        accounts(work, root),
    );
    let ipv6 = if address.is_ipv6() { "on" } else { "off" };
    let (user, group) = (owner::user(), owner::group());
    let jail = if getuid().is_root() {
        "DefaultRoot ~\n"
    } else {
        ""
    };
    let work = work.display();
    format!(
        "ServerType standalone\nDefaultAddress {ip}\nSocketBindTight on\nUseIPv6 {ipv6}\nPort {port}\nServerIdent on \"{banner}\"\n\
        User {user}\nGroup {group}\nRootLogin on\n{jail}\
        AuthUserFile {accounts}\nAuthOrder mod_auth_file.c\nRequireValidShell off\n\
        AllowOverwrite on\nAllowStoreRestart on\nAllowRetrieveRestart on\n\
        PidFile {work}/proftpd-{port}.pid\nScoreboardFile {work}/proftpd-{port}.score\n\
        SystemLog {work}/proftpd.log\nTransferLog none\nWtmpLog off\nUseReverseDNS off\nDelayEngine off\n"
    )
}
