//! A disk that is full, which is a small one of the test's own where it may mount one.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::Command;

use ftp_peers::{Runtime, Scratch, Server, Wire, find, on_both_runtimes, ours, run, skip};

use crate::PROGRAM;

on_both_runtimes!(a_full_disk);

const MOUNT: &str = "mount -t tmpfs -o size=4m tmpfs \"$0\" && exec \"$@\"";

/// The server within a mount namespace of its own, in which its root is a disk of 4 MiB; `None` where this is not
/// allowed.
fn on_a_small_disk(root: &Path, runtime: Runtime) -> Option<Command> {
    let unshare = find("unshare")?;
    let namespace = |options: &[&str]| {
        let mut command = Command::new(&unshare);
        command
            .args(options)
            .args(["--", "sh", "-c", MOUNT])
            .arg(root);
        command
    };
    // As root, or as anybody where user namespaces are allowed.
    let ways: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user"]];
    let way = ways
        .into_iter()
        .find(|way| run(namespace(way).arg("true")).code() == Some(0))?;
    let server = ours(Path::new(PROGRAM), root, runtime);
    let mut command = namespace(way);
    command.arg(server.get_program()).args(server.get_args());
    Some(command)
}

fn a_full_disk(runtime: Runtime) {
    let here = Scratch::new();
    let root = here.folder("root");
    let Some(mut command) = on_a_small_disk(&root, runtime) else {
        return skip("a small disk may not be mounted here");
    };
    let server = Server::start(&mut command, &root);
    let old = vec![b'o'; 1 << 20];
    let mut wire = Wire::login(server.address(), "alice", "secret");
    wire.expect("TYPE I", 200);
    assert_eq!(store(&mut wire, "file", &old), 226);
    for name in ["file", "new"] {
        assert_eq!(store(&mut wire, name, &vec![b'n'; 8 << 20]), 452);
        assert!(wire.retrieve("file") == old, "the old file is whole");
        assert_eq!(
            wire.ask("SIZE new").code,
            550,
            "nothing half under the final name"
        );
    }
    // What the failed ones had taken is given back.
    assert_eq!(store(&mut wire, "small", &old), 226);
    assert!(wire.retrieve("small") == old);
    wire.expect("QUIT", 221);
}

/// Stores this, as far as the server takes it; the code of the final reply.
fn store(wire: &mut Wire, name: &str, bytes: &[u8]) -> u16 {
    let mut data = wire.data();
    wire.begin(&format!("STOR {name}"));
    match data.write_all(bytes) {
        Err(error)
            if !matches!(
                error.kind(),
                ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
            ) =>
        {
            panic!("the data connection failed otherwise: {error}")
        }
        _ => drop(data),
    }
    wire.answer().code
}
