//! Clients that speak TLS, as people start them.

use std::path::Path;

use crate::certificates::Certificates;
use crate::client::{Done, run, run_fed};
use crate::server::Server;
use crate::tls::TlsVersion;
use crate::tool::{command, find};

/// lftp without second tries, and without TLS that it could do without. Data and listings travel under TLS too.
const LFTP: &str = "\
    set cmd:fail-exit yes\nset net:max-retries 1\nset net:timeout 30\nset net:reconnect-interval-base 1\n\
    set xfer:clobber yes\nset xfer:log no\nset cmd:interactive no\nset ftp:ssl-force yes\n\
    set ftp:ssl-protect-data yes\nset ftp:ssl-protect-list yes\nset ssl:verify-certificate yes\n";

/// Which FTP over TLS a Python program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ftplib {
    /// `ftplib.FTP_TLS` as it comes: each data connection is a TLS session of its own.
    Stock,
    /// A class of it whose data connections resume the control connection's session.
    Resuming,
}

/// How a client is to speak to a server: whom it trusts, the highest version, and where its local files are.
#[derive(Clone, Copy, Debug)]
pub struct TlsClient<'a> {
    /// The server.
    pub server: &'a Server,
    /// Their authority is trusted, and no other.
    pub certificates: &'a Certificates,
    /// The highest version that it speaks; the lowest is 1.2.
    pub highest: TlsVersion,
    /// The folder of its local files.
    pub folder: &'a Path,
}

impl TlsClient<'_> {
    /// lftp, with these lines after its `open`; `None` where it is not installed.
    pub fn lftp(&self, script: &str) -> Option<Done> {
        let priority = match self.highest {
            TlsVersion::V1_2 => "NORMAL:-VERS-ALL:+VERS-TLS1.2",
            TlsVersion::V1_3 => "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2",
        };
        let script = format!(
            "{LFTP}set ssl:ca-file {}\nset ssl:priority {priority}\nopen {}\n{script}\n",
            self.certificates.authority().display(),
            self.server.url("")
        );
        let mut lftp = command(&find("lftp")?);
        lftp.arg("--norc").current_dir(self.folder);
        Some(run_fed(lftp.env("HOME", self.folder), script.as_bytes()))
    }

    /// curl, with these options before the URL of the file; `None` where it is not installed.
    pub fn curl(&self, options: &[&str], name: &str) -> Option<Done> {
        let mut curl = command(&find("curl")?);
        curl.args(["--disable", "--silent", "--show-error", "--globoff"])
            .args(["--max-time", "60", "--ssl-reqd", "--tlsv1.2"])
            .args(["--tls-max", self.highest.name(), "--cacert"])
            .arg(self.certificates.authority())
            .current_dir(self.folder);
        Some(run(curl.args(options).arg(self.server.url(name))))
    }

    /// Python, which puts a file and gets it back so many times over one session, its data under TLS. Its lines are the version
    /// (`TLSv1.3`), and how many data connections of [`Ftplib::Resuming`] resumed a session. It ends with 1, and the server's reply behind
    /// `refused: ` on stderr, where a transfer is refused. `None` where there is no Python.
    pub fn ftplib(&self, class: Ftplib, times: u32) -> Option<Done> {
        let mut python = command(&find("python3")?);
        let (address, login) = (self.server.address(), self.server.login());
        python
            .args(["-c", include_str!("ftplib_tls.py")])
            .args([address.ip().to_string(), address.port().to_string()])
            .arg(login)
            .arg(self.certificates.authority())
            .args([self.server.scheme(), self.highest.name()])
            .arg(format!("{class:?}"))
            .arg(times.to_string())
            .current_dir(self.folder);
        Some(run(&mut python))
    }
}
