//! `ftp-client` against the servers that people have and against ours, compared byte by byte, and against servers that
//! lie, stall or die.

mod facts;
mod faults;
mod idle;
mod ipv6;
mod killed;
mod moving;
mod parallel;
mod proxy;
mod sync;
mod terminal;
mod tls;
mod transfer;
mod tree;
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

use ftp_peers::{Done, Pyftpdlib, Runtime, Scratch, Server, command, run, sibling};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_ftp-client");

/// A server that the client has to get on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    Ours,
    Vsftpd,
    Proftpd,
    Pyftpdlib,
}

impl Peer {
    /// Starts it on `root`; `None` where it is not installed.
    fn start(self, work: &Path, root: &Path, runtime: Runtime) -> Option<Server> {
        match self {
            Self::Ours => Some(Server::ours(&our_server()?, root, runtime)),
            Self::Vsftpd => Server::vsftpd(work, root, false),
            Self::Proftpd => Server::proftpd(work, root, false),
            Self::Pyftpdlib => Pyftpdlib::default().start(root),
        }
    }
}

fn our_server() -> Option<PathBuf> {
    sibling(Path::new(PROGRAM), "ftp-server")
}

/// A server on an empty folder, and a folder for what the client has.
struct House {
    server: Server,
    here: Scratch,
    peer: Peer,
    runtime: Runtime,
}

impl House {
    fn new(peer: Peer, runtime: Runtime) -> Option<Self> {
        let here = Scratch::new();
        let root = here.folder("root");
        let server = peer.start(here.path(), &root, runtime)?;
        Some(Self {
            server,
            here,
            peer,
            runtime,
        })
    }

    /// Runs the client with these words.
    fn run(&self, words: &[&str]) -> Done {
        run(&mut self.client(words))
    }

    /// The client with these words, at work in the scratch folder.
    fn client(&self, words: &[&str]) -> Command {
        let mut client = client(self.runtime, words);
        client.current_dir(self.here.path());
        client
    }
}

fn client(runtime: Runtime, words: &[&str]) -> Command {
    let mut client = command(Path::new(PROGRAM));
    client.args(words).args(["--runtime", runtime.name()]);
    client
}

/// Makes each named function, which takes a [`House`], into a test for each server and runtime, such as
/// `vsftpd::tokio::name`.
macro_rules! on_every_peer {
    ($($name:ident),+ $(,)?) => {
        mod ours { crate::on_every_peer!(@runtimes Ours: $($name),+); }
        mod vsftpd { crate::on_every_peer!(@runtimes Vsftpd: $($name),+); }
        mod proftpd {
            crate::on_every_peer!(@runtimes Proftpd: $($name),+);
        }
        mod pyftpdlib { crate::on_every_peer!(@runtimes Pyftpdlib: $($name),+); }
    };
    (@runtimes $peer:ident: $($name:ident),+) => {
        mod tokio { $(crate::on_every_peer!(@test $peer, Tokio, $name);)+ }
        mod async_std { $(crate::on_every_peer!(@test $peer, AsyncStd, $name);)+ }
    };
    (@test $peer:ident, $runtime:ident, $name:ident) => {
        #[test]
        fn $name() {
            if let Some(house) = crate::House::new(crate::Peer::$peer, ftp_peers::Runtime::$runtime) {
                super::super::$name(&house);
            }
        }
    };
}
use on_every_peer;
