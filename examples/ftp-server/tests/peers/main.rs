//! `ftp-server` against the clients that people have, compared byte by byte, and against what happens to servers:
//! clients that vanish, signals, a crowd, a disk that is full.

mod breaks;
mod crowd;
mod curl;
mod disk;
mod ftplib;
mod lftp;
mod log;
mod others;
mod output;
mod start;
mod tls;

use std::path::Path;

use ftp_peers::{Runtime, Scratch, Server, ours};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_ftp-server");

/// A server on an empty folder, and a folder for what its clients have.
struct House {
    server: Server,
    here: Scratch,
}

impl House {
    fn new(runtime: Runtime) -> Self {
        let here = Scratch::new();
        let root = here.folder("root");
        Self {
            server: Server::ours(Path::new(PROGRAM), &root, runtime),
            here,
        }
    }

    /// A server with more options, on IPv4.
    fn with(runtime: Runtime, options: &[&str]) -> Self {
        let here = Scratch::new();
        let root = here.folder("root");
        let server = start(&root, runtime, options);
        Self { server, here }
    }
}

/// A server with more options on a folder that is there.
fn start(root: &Path, runtime: Runtime, options: &[&str]) -> Server {
    Server::start(ours(Path::new(PROGRAM), root, runtime).args(options), root)
}
