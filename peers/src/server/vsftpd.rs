//! vsftpd, run as whoever runs the tests, for one anonymous user who may do everything.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use super::Server;
use super::owner;
use super::port::{Sign, banner, on_a_free_port};
use crate::daemon::Daemon;
use crate::tls::{Tls, either};
use crate::tool::{command, unpacked};

impl Server {
    /// Starts it, where it is installed. `work` is a folder for its settings, outside the served one.
    pub fn vsftpd(work: &Path, root: &Path, ipv6: bool) -> Option<Self> {
        Self::start_vsftpd(work, root, ipv6, None)
    }

    /// The same with TLS.
    pub fn vsftpd_tls(work: &Path, root: &Path, tls: &Tls<'_>) -> Option<Self> {
        Self::start_vsftpd(work, root, false, Some(tls))
    }

    fn start_vsftpd(work: &Path, root: &Path, ipv6: bool, tls: Option<&Tls<'_>>) -> Option<Self> {
        let program = unpacked("vsftpd", "vsftpd")?;
        let start = |address: SocketAddr| {
            let settings = work.join(format!("vsftpd-{}.conf", address.port()));
            let text = configuration(work, root, address) + &tls.map(secured).unwrap_or_default();
            fs::write(&settings, text).expect("room for settings");
            let mut command = command(&program);
            if let Some(tls) = tls {
                command.env("OPENSSL_CONF", tls.openssl_settings(work));
            }
            Daemon::start(command.arg(&settings))
        };
        let implicit = tls.is_some_and(|tls| tls.implicit);
        let sign = if implicit {
            Sign::Listener
        } else {
            Sign::Greeting
        };
        let (daemon, address) = on_a_free_port(ipv6, sign, start);
        Some(Self::new(daemon, root, vec![address], "anonymous:me").implicit(implicit))
    }
}

/// Its own cipher list is older than TLS 1.2's.
fn secured(tls: &Tls<'_>) -> String {
    let identity = tls.certificates.server();
    format!(
        "ssl_enable=YES\nallow_anon_ssl=YES\nimplicit_ssl={}\nrequire_ssl_reuse={}\nssl_ciphers=HIGH\n\
        rsa_cert_file={}\nrsa_private_key_file={}\n",
        either(tls.implicit, "YES", "NO"),
        either(tls.require_reuse, "YES", "NO"),
        identity.certificate.display(),
        identity.key.display(),
    )
}

/// Without root it could not change its user, so it never does; seccomp and namespaces are not to be had in every
/// container. Its user sees the whole machine, so paths have to be relative to the folder of the login.
fn configuration(work: &Path, root: &Path, address: SocketAddr) -> String {
    let (v4, v6) = if address.is_ipv4() {
        ("YES", "NO")
    } else {
        ("NO", "YES")
    };
    let listen = if address.is_ipv4() {
        "listen_address"
    } else {
        "listen_address6"
    };
    let (ip, port, banner) = (address.ip(), address.port(), banner(address));
    let (work, root) = (work.display(), root.display());
    format!(
        "listen={v4}\nlisten_ipv6={v6}\n{listen}={ip}\nlisten_port={port}\nftpd_banner={banner}\n\
        background=NO\nrun_as_launching_user=YES\nseccomp_sandbox=NO\nisolate=NO\nisolate_network=NO\n\
        secure_chroot_dir={work}\nallow_writeable_chroot=YES\nconnect_from_port_20=NO\nport_promiscuous=NO\n\
        anonymous_enable=YES\nlocal_enable=NO\nanon_root={root}\nftp_username={user}\n\
        write_enable=YES\nanon_upload_enable=YES\nanon_mkdir_write_enable=YES\nanon_other_write_enable=YES\n\
        anon_world_readable_only=NO\nanon_umask=022\nfile_open_mode=0666\n\
        ascii_upload_enable=YES\nascii_download_enable=YES\n\
        vsftpd_log_file={work}/vsftpd.log\n",
        // It wants to know that its anonymous user exists, though it never becomes it.
        user = owner::user(),
    )
}
