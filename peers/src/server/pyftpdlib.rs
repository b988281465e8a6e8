//! pyftpdlib, by a script of ours that asks the kernel for the port.

use std::path::Path;

use super::{Server, ours};
use crate::daemon::Daemon;
use crate::tls::Tls;
use crate::tool::python;

/// What is unusual about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pyftpdlib {
    /// It listens on `[::1]`.
    pub ipv6: bool,
    /// It knows neither EPSV nor EPRT, and its 227 names a host that does not exist.
    pub old_and_lying: bool,
    /// It knows neither PASV nor PORT.
    pub extended_only: bool,
}

impl Pyftpdlib {
    /// Starts it, where it is installed.
    pub fn start(self, root: &Path) -> Option<Server> {
        self.run(root, None)
    }

    /// The same with TLS. It cannot require that data connections resume.
    pub fn start_tls(self, root: &Path, tls: &Tls<'_>) -> Option<Server> {
        self.run(root, Some(tls))
    }

    fn run(self, root: &Path, tls: Option<&Tls<'_>>) -> Option<Server> {
        let mut command = python()?;
        command
            .args(["-u", "-c", include_str!("pyftpdlib.py")])
            .arg(root);
        command.arg(if self.ipv6 { "::1" } else { "127.0.0.1" });
        let flags = [
            (self.old_and_lying, "old-and-lying"),
            (self.extended_only, "extended-only"),
        ];
        command.args(flags.iter().filter(|(on, _)| *on).map(|(_, flag)| flag));
        let implicit = tls.is_some_and(|tls| tls.implicit);
        if let Some(tls) = tls {
            let both = tls.certificates.server().both;
            command.arg(format!("tls={}", both.display()));
            command.arg(format!("highest={}", tls.highest.name()));
            command.args(implicit.then_some("implicit"));
        }
        let daemon = Daemon::start(&mut command);
        let line = daemon.line();
        let Some(address) = line.as_deref().and_then(ours::listening_on) else {
            panic!("pyftpdlib is not ready: {line:?} {}", daemon.said());
        };
        Some(Server::new(daemon, root, vec![address], "alice:secret").implicit(implicit))
    }
}
