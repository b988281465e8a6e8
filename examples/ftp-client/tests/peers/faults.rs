//! Servers that are not there, refuse, lie, stall, or talk nonsense; each has its exit code.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use ftp_peers::{Pyftpdlib, Runtime, Scratch, assert_same, fill, names_in, on_both_runtimes, run};

use crate::{House, Peer, client};

on_both_runtimes!(
    usage,
    nobody_listens,
    an_unknown_host,
    a_refused_login,
    a_reader_cannot_write,
    a_silent_server,
    no_protocol_at_all,
    a_download_cut_short,
    a_download_is_kept_without_its_time,
    an_old_server_that_names_another_host,
    a_server_of_extended_verbs_only,
);

fn usage(runtime: Runtime) {
    for words in [
        &["get"][..],
        &["no-such-word"],
        &["ls", "http://127.0.0.1/"],
        &["ls", "--no-such-option"],
    ] {
        let done = run(&mut client(runtime, words)).exits(2);
        assert!(!done.stderr.is_empty(), "{done:?}");
    }
}

/// The client says in one line what is wrong, and nothing on stdout.
fn assert_fails(runtime: Runtime, words: &[&str], code: i32) {
    let done = run(&mut client(runtime, words)).exits(code);
    assert!(
        done.stdout.is_empty() && !done.stderr.is_empty(),
        "{done:?}"
    );
    assert!(
        !done.stderr.contains("secret"),
        "a password is never shown: {done:?}"
    );
}

fn nobody_listens(runtime: Runtime) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = listener.local_addr().expect("a listener has an address");
    drop(listener);
    assert_fails(
        runtime,
        &["ls", &format!("ftp://alice:secret@{address}/")],
        3,
    );
}

fn an_unknown_host(runtime: Runtime) {
    // RFC 2606: no such name can ever be.
    assert_fails(runtime, &["ls", "ftp://alice:secret@nobody.invalid/"], 3);
}

fn a_refused_login(runtime: Runtime) {
    let Some(house) = House::new(Peer::Ours, runtime) else {
        return;
    };
    for login in ["alice:wrong", "carol:secret"] {
        house
            .run(&["ls", &house.server.url("").replace("alice:secret", login)])
            .exits(5);
    }
}

fn a_reader_cannot_write(runtime: Runtime) {
    let Some(house) = House::new(Peer::Ours, runtime) else {
        return;
    };
    fill(&house.here.at("file"), 1000, 1);
    let url = house.server.url("file").replace("alice:secret", "bob:look");
    house.run(&["put", "file", &url]).exits(6);
    assert_eq!(names_in(&house.server.root), [""; 0]);
}

fn a_silent_server(runtime: Runtime) {
    // The kernel takes the connection; nobody ever says a word.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = listener.local_addr().expect("a listener has an address");
    assert_fails(
        runtime,
        &[
            "ls",
            "--timeout",
            "1",
            &format!("ftp://alice:secret@{address}/"),
        ],
        7,
    );
}

fn no_protocol_at_all(runtime: Runtime) {
    let address = serve(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2p1\r\n");
        let _ = BufReader::new(stream).lines().count();
    });
    assert_fails(
        runtime,
        &["ls", &format!("ftp://alice:secret@{address}/")],
        9,
    );
}

fn a_download_cut_short(runtime: Runtime) {
    let here = Scratch::new();
    let address = serve(|stream| one_file(&stream, 500, "426 the disk broke", None));
    let url = format!("ftp://alice:secret@{address}/file");
    let done = run(client(runtime, &["get", &url, "file"]).current_dir(here.path())).exits(8);
    assert!(!done.stderr.is_empty(), "{done:?}");
    assert!(
        !here.at("file").exists(),
        "half a file does not get the final name"
    );
}

/// The question for a file's time comes when the file is there already: what becomes of it takes nothing away.
fn a_download_is_kept_without_its_time(runtime: Runtime) {
    for mdtm in [Some("550 nobody knows"), Some("213 yesterday"), None] {
        let here = Scratch::new();
        let address = serve(move |stream| one_file(&stream, 1000, "226 that was all", mdtm));
        let url = format!("ftp://alice:secret@{address}/file");
        let get = ["get", &url, "file"];
        run(client(runtime, &get).current_dir(here.path())).ok();
        let content = fs::read(here.at("file")).expect("the file");
        assert_eq!(content, [b'x'; 1000], "{mdtm:?}");
        assert_eq!(names_in(here.path()), ["file"], "{mdtm:?}");
    }
}

/// Says that a file is 1000 bytes long, sends some of them, and says what it thinks of that. It hangs up rather than tell the
/// file's time, where no answer to that is given.
fn one_file(stream: &TcpStream, sent: usize, last: &str, mdtm: Option<&str>) {
    let mut writer = stream;
    let mut say = |line: &str| drop(writer.write_all(format!("{line}\r\n").as_bytes()));
    let passive = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let port = passive
        .local_addr()
        .expect("a listener has an address")
        .port();
    say("220 ready");
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        match line.split(' ').next().unwrap_or_default() {
            "USER" => say("331 and the password?"),
            "PASS" => say("230 welcome"),
            "FEAT" => say("211-so much\r\n MDTM\r\n211 and no more"),
            "PWD" => say("257 \"/\""),
            "SIZE" => say("213 1000"),
            "EPSV" => say(&format!("229 go on (|||{port}|)")),
            "RETR" => {
                say("150 here it comes");
                if let Ok((mut data, _)) = passive.accept() {
                    let _ = data.write_all(&vec![b'x'; sent]);
                }
                say(last);
            }
            "MDTM" => match mdtm {
                Some(answer) => say(answer),
                None => return,
            },
            "QUIT" => say("221 bye"),
            "TYPE" | "CWD" | "NOOP" => say("200 fine"),
            _ => say("502 not here"),
        }
    }
}

/// A server that treats each connection by this function.
fn serve(each: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = listener.local_addr().expect("a listener has an address");
    // It ends with the process of the tests.
    thread::spawn(move || listener.incoming().flatten().for_each(each));
    address
}

/// It has no EPSV, and nobody is where its 227 points to.
fn an_old_server_that_names_another_host(runtime: Runtime) {
    falls_back(
        runtime,
        Pyftpdlib {
            old_and_lying: true,
            ..Pyftpdlib::default()
        },
    );
}

fn a_server_of_extended_verbs_only(runtime: Runtime) {
    falls_back(
        runtime,
        Pyftpdlib {
            extended_only: true,
            ..Pyftpdlib::default()
        },
    );
}

fn falls_back(runtime: Runtime, kind: Pyftpdlib) {
    let here = Scratch::new();
    let Some(server) = kind.start(&here.folder("root")) else {
        return;
    };
    fill(&here.at("sent"), 100_001, 1);
    let url = server.url("file");
    // Active mode falls back from EPRT to PORT, but not from PORT to EPRT.
    for mode in [&[][..], &["--active"]] {
        let put = [&["put"], mode, &["sent", &url]].concat();
        run(client(runtime, &put).current_dir(here.path())).ok();
        assert_same(&here.at("sent"), &server.at("file"));
        let get = [&["get"], mode, &[&url, "back"]].concat();
        run(client(runtime, &get).current_dir(here.path())).ok();
        assert_same(&here.at("sent"), &here.at("back"));
    }
}
