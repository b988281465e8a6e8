//! This project's server.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

use super::Server;
use crate::daemon::Daemon;
use crate::runtime::Runtime;
use crate::tool::command;

/// The command that starts it for `alice:secret`, who may write, and `bob:look`, who may only read, on ports that the
/// kernel picks.
pub fn ours(program: &Path, root: &Path, runtime: Runtime) -> Command {
    let mut command = command(program);
    command
        .args(["--listen", "127.0.0.1:0"])
        .arg("--root")
        .arg(root);
    command.args([
        "--user",
        "alice:secret:rw",
        "--user",
        "bob:look:ro",
        "--runtime",
        runtime.name(),
    ]);
    command
}

/// An address that nobody else on this machine uses, so that nobody takes a port there that was let go of.
pub fn own_ip(runtime: Runtime) -> Ipv4Addr {
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 100 + runtime as u8, high, low)
}

impl Server {
    /// Starts it, on IPv6 too where this machine has it.
    pub fn ours(program: &Path, root: &Path, runtime: Runtime) -> Self {
        let mut command = ours(program, root, runtime);
        if TcpListener::bind("[::1]:0").is_ok() {
            command.args(["--listen", "[::1]:0"]);
        }
        Self::start(&mut command, root)
    }

    /// Starts it by a command made from that of [`ours`], and waits until it says that it is ready.
    pub fn start(command: &mut Command, root: &Path) -> Self {
        let wanted = command
            .get_args()
            .filter(|argument| *argument == "--listen" || *argument == "--implicit-tls")
            .count();
        let daemon = Daemon::start(command);
        let (mut addresses, mut implicit) = (Vec::new(), Vec::new());
        while addresses.len() + implicit.len() < wanted {
            let line = daemon
                .line()
                .unwrap_or_else(|| panic!("{command:?} is not ready: {}", daemon.said()));
            match line.strip_suffix(" (implicit TLS)") {
                Some(line) => implicit.extend(listening_on(line)),
                None => addresses.extend(listening_on(&line)),
            }
        }
        let server = Self::new(daemon, root, addresses, "alice:secret");
        Self {
            implicit_addresses: implicit,
            ..server
        }
    }

    /// The same where it is TLS from the first byte on.
    pub fn over_implicit_tls(mut self) -> Self {
        self.addresses = std::mem::take(&mut self.implicit_addresses);
        self.implicit(true)
    }
}

/// The address in a line that says that a listener is ready.
pub(crate) fn listening_on(line: &str) -> Option<SocketAddr> {
    line.trim().strip_prefix("listening on ")?.parse().ok()
}
