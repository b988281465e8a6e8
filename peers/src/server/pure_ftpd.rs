//! Pure-FTPd, with an account file of its own.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use rustix::process::getuid;

use super::port::{Sign, on_a_free_port};
use super::{SECRET, Server};
use crate::client::run;
use crate::daemon::Daemon;
use crate::tls::Tls;
use crate::tool::{command, skip, unpacked};

/// Nobody, by number: it takes no account of root's.
const NOBODY: u32 = 65534;

impl Server {
    /// Starts it, where it is installed and whoever runs the tests is root: Debian's wants to be. `work` is a folder for its settings,
    /// outside the served one, which becomes nobody's.
    pub fn pure_ftpd(work: &Path, root: &Path, tls: Option<&Tls<'_>>) -> Option<Self> {
        let program = unpacked("pure-ftpd", "pure-ftpd")?;
        if !getuid().is_root() {
            skip("Pure-FTPd runs as root only");
            return None;
        }
        chown(root, Some(NOBODY), Some(NOBODY)).expect("root may give a folder away");
        let accounts = accounts(&program, work, root);
        let start = |address: SocketAddr| {
            let mut command = command(&program);
            // IPv4 alone, no look-up of names, no log, and the lowest number of a user who may log in.
            command.args(["-4", "-H", "-E", "-f", "none", "-u", "1"]);
            command.args(["-S", &format!("{},{}", address.ip(), address.port())]);
            command.args(["-l", &format!("puredb:{}", accounts.display())]);
            command
                .arg("-g")
                .arg(work.join(format!("pure-ftpd-{}.pid", address.port())));
            if let Some(tls) = tls {
                let both = tls.certificates.server().both;
                command.args(["-Y", "1"]).arg("-2").arg(both);
                command.env("OPENSSL_CONF", tls.openssl_settings(work));
            }
            Daemon::start(&mut command)
        };
        let (daemon, address) = on_a_free_port(false, Sign::Listener, start);
        Some(Self::new(daemon, root, vec![address], "alice:secret"))
    }
}

/// Its accounts in the form that it reads, made by its own tool.
fn accounts(program: &Path, work: &Path, root: &Path) -> PathBuf {
    let (text, database) = (work.join("pure-ftpd.passwd"), work.join("pure-ftpd.pdb"));
    // The point ends the part of the path that a session may not leave.
    let entry = format!(
        "alice:{SECRET}:{NOBODY}:{NOBODY}::{}/./::::::::::::\n",
        root.display()
    );
    fs::write(&text, entry).expect("room for an account");
    let tool = program.ancestors().nth(2).unwrap_or(program);
    let mut make = command(&tool.join("bin/pure-pw"));
    run(make.arg("mkdb").arg(&database).arg("-f").arg(&text)).ok();
    database
}
