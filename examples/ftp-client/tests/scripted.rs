//! Servers of every age, played by a script: what the client sends them, and what it makes of their answers.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use ftp_peers::{Done, Runtime, Scratch, command, names_in, on_both_runtimes, run};

on_both_runtimes!(
    permissions_by_mff,
    permissions_that_nobody_sets,
    a_time_by_mdtm,
    a_time_that_mdtm_only_seems_to_set,
    a_time_by_the_older_utime,
    a_time_that_nobody_sets,
    a_file_is_made_without_appe,
    facts_without_mlst,
    facts_that_make_no_sense,
    the_last_word_of_a_session,
    a_password_is_not_shown,
    nothing_follows_a_quit,
    facts_are_asked_for_before_a_list,
    a_digest_that_differs,
    a_digest_that_is_none,
    nothing_to_verify_by,
    a_digest_takes_its_time,
    replies_without_what_they_promise,
    no_data_connection,
    a_refused_file_leaves_the_other_server_alone,
);

/// How late an answer is that stands behind a `~`.
const LATE: Duration = Duration::from_secs(3);

/// What a server answers to a line that begins like this. The first that fits; the rest is 502.
type Script = &'static [(&'static str, &'static str)];

/// A server that answers by a script, and keeps what it was sent after the login.
struct Played {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

const LOGIN: Script = &[
    ("USER", "331 and the password?"),
    ("PASS", "230 welcome"),
    ("TYPE", "200 fine"),
    ("QUIT", "221 bye"),
];

impl Played {
    fn new(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().expect("a listener has an address");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let lines = Arc::clone(&lines);
                thread::spawn(move || serve(&stream, script, &lines));
            }
        });
        Self { address, heard }
    }

    fn url(&self, path: &str) -> String {
        format!("ftp://alice:geheim@{}/{path}", self.address)
    }

    /// The lines that a client sends by itself left out.
    fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock().expect("no test panics with it");
        let own = |line: &&String| {
            ![
                "AUTH",
                "USER",
                "PASS alice",
                "PASS geheim",
                "FEAT",
                "TYPE",
                "QUIT",
                "PWD",
            ]
            .iter()
            .any(|start| line.starts_with(start))
        };
        heard.iter().filter(own).cloned().collect()
    }
}

fn serve(stream: &TcpStream, script: Script, heard: &Mutex<Vec<String>>) {
    let mut writer = stream;
    stream.set_nodelay(true).expect("a socket");
    let mut say = |text: &str| drop(writer.write_all(format!("{text}\r\n").as_bytes()));
    let listen = || TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let mut passive = listen();
    say("220 ready");
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        heard
            .lock()
            .expect("no test panics with it")
            .push(line.clone());
        let fits = |(start, _): &&(&str, &str)| line.starts_with(start);
        let answer = script
            .iter()
            .chain(LOGIN)
            .find(fits)
            .map(|(_, answer)| *answer);
        match answer {
            // Unless the script has it otherwise.
            None if line == "EPSV" && !script.iter().any(|(start, _)| *start == "PASV") => {
                passive = listen();
                let address = passive.local_addr().expect("a listener has an address");
                say(&format!("229 go on (|||{}|)", address.port()));
            }
            // What goes over the data connection stands behind a `>`.
            Some(answer) if answer.starts_with('>') => {
                say("150 here it comes");
                if let Ok((mut data, _)) = passive.accept() {
                    let _ = data.write_all(&answer.as_bytes()[1..]);
                }
                say("226 that was all");
            }
            Some("<") => {
                say("150 go on");
                drop(
                    passive
                        .accept()
                        .map(|(data, _)| BufReader::new(data).lines().count()),
                );
                say("226 got it");
            }
            Some(answer) => match answer.strip_prefix('~') {
                Some(answer) => {
                    thread::sleep(LATE);
                    say(answer);
                }
                None => say(answer),
            },
            None => say("502 not here"),
        }
        if answer.is_some_and(|answer| answer.starts_with("421") || answer.starts_with("221")) {
            return;
        }
    }
}

fn client(runtime: Runtime, words: &[&str]) -> Done {
    let mut client = command(Path::new(env!("CARGO_BIN_EXE_ftp-client")));
    run(client.args(words).args(["--runtime", runtime.name()]))
}

fn permissions_by_mff(runtime: Runtime) {
    let server = Played::new(&[("MFF UNIX.mode=640; a b", "213 UNIX.mode=640; a b")]);
    client(runtime, &["chmod", "640", &server.url("a%20b")]).ok();
    assert_eq!(
        server.heard(),
        ["SITE CHMOD 640 a b", "MFF UNIX.mode=640; a b"]
    );
    // What is said of the file is said of the file.
    let server = Played::new(&[("SITE CHMOD", "550 not yours")]);
    client(runtime, &["chmod", "640", &server.url("a")]).exits(6);
    assert_eq!(server.heard(), ["SITE CHMOD 640 a"]);
}

fn permissions_that_nobody_sets(runtime: Runtime) {
    let server = Played::new(&[("SITE", "500 what?")]);
    let done = client(runtime, &["chmod", "7", &server.url("a")]).exits(1);
    assert!(done.stderr.contains("500 what?"), "{done:?}");
    assert_eq!(server.heard(), ["SITE CHMOD 007 a", "MFF UNIX.mode=007; a"]);
}

const TIME: [&str; 3] = ["touch", "-d", "2020-01-02T03:04:05"];

fn touch(runtime: Runtime, server: &Played) -> Done {
    client(runtime, &[&TIME[..], &[&server.url("a b")]].concat())
}

fn a_time_by_mdtm(runtime: Runtime) {
    let server = Played::new(&[
        ("FEAT", "211-so much\r\n MDTM\r\n211 and no more"),
        ("MDTM 2020", "213 set"),
        ("MDTM a b", "213 20200102030405"),
    ]);
    touch(runtime, &server).ok();
    assert_eq!(server.heard(), ["MDTM 20200102030405 a b", "MDTM a b"]);
}

fn a_time_that_mdtm_only_seems_to_set(runtime: Runtime) {
    let server = Played::new(&[
        ("FEAT", "211-so much\r\n MDTM\r\n211 and no more"),
        ("MDTM", "213 20240102030405"),
        ("SITE UTIME 2020", "200 set"),
    ]);
    touch(runtime, &server).ok();
    assert_eq!(
        server.heard().last().expect("lines"),
        "SITE UTIME 20200102030405 a b"
    );
}

fn a_time_by_the_older_utime(runtime: Runtime) {
    let server = Played::new(&[
        ("SITE UTIME 2020", "501 that is no name"),
        (
            "SITE UTIME a b 20200102030405 20200102030405 20200102030405 UTC",
            "200 set",
        ),
    ]);
    touch(runtime, &server).ok();
}

fn a_time_that_nobody_sets(runtime: Runtime) {
    let server = Played::new(&[("SIZE", "213 7"), ("PWD", "257 \"/\"")]);
    let done = touch(runtime, &server).exits(1);
    assert!(done.stderr.contains("lets nobody set the time"), "{done:?}");
    let stored = |line: &String| line.starts_with("STOR") || line.starts_with("APPE");
    assert!(!server.heard().iter().any(stored), "{:?}", server.heard());
}

fn a_file_is_made_without_appe(runtime: Runtime) {
    let server = Played::new(&[("STOR new", "<"), ("PWD", "257 \"/\""), ("CWD", "550 none")]);
    client(runtime, &["touch", &server.url("new")]).ok();
    let heard = server.heard();
    assert!(heard.contains(&"APPE new".to_owned()) && heard.contains(&"STOR new".to_owned()));
    // A refusal of the file is none of the command: what may be there is not replaced.
    let server = Played::new(&[
        ("APPE", "553 no"),
        ("STOR", "<"),
        ("PWD", "257 \"/\""),
        ("CWD", "550 none"),
    ]);
    client(runtime, &["touch", &server.url("new")]).exits(6);
    assert!(!server.heard().iter().any(|line| line.starts_with("STOR")));
}

fn facts_without_mlst(runtime: Runtime) {
    let server = Played::new(&[
        ("PWD", "257 \"/\""),
        ("CWD", "550 no folder"),
        (
            "LIST [x]",
            ">-rw-r----- 1 u g 12 Jan  2  2020 x\r\n-rw-r--r-- 1 u g 34 Jan  3  2020 [x]\r\n",
        ),
        ("SIZE", "502 what?"),
    ]);
    let done = client(runtime, &["stat", "--json", &server.url("%5bx%5d")]).ok();
    assert_eq!(
        done.stdout,
        "{\"name\":\"[x]\",\"type\":\"file\",\"size\":34,\"modified\":\"2020-01-03T00:00\",\"target\":null,\
         \"permissions\":\"rw-r--r--\",\"path\":\"[x]\",\"facts\":{}}\n"
    );
    // Only what a pattern matched is listed: that is another file.
    let done = client(runtime, &["stat", &server.url("%5bx%5d%2A")]).exits(6);
    assert!(done.stdout.is_empty(), "{done:?}");
}

fn facts_that_make_no_sense(runtime: Runtime) {
    let server = Played::new(&[
        (
            "FEAT",
            "211-so much\r\n MLST type*;size*;\r\n211 and no more",
        ),
        ("MLST", "250 found"),
        ("PWD", "257 \"/\""),
        ("CWD", "550 no folder"),
        ("SIZE", "213 7"),
        ("MLSD", "550 no folder"),
    ]);
    let done = client(runtime, &["stat", &server.url("a")]).ok();
    assert!(
        done.stdout.contains(" 7 ") && done.stdout.ends_with(" a\n"),
        "{done:?}"
    );
}

fn the_last_word_of_a_session(runtime: Runtime) {
    let server = Played::new(&[("SITE", "421 enough")]);
    let done = client(runtime, &["raw", &server.url(""), "SITE X", "NOOP"]).exits(3);
    assert_eq!(done.stdout, "421 enough\n");
    let refused = Played::new(&[("SITE", "530 not you"), ("NOOP", "200 fine")]);
    client(runtime, &["raw", &refused.url(""), "SITE X"]).exits(5);
    let done = client(
        runtime,
        &["raw", "--json", "-k", &refused.url(""), "SITE X", "NOOP"],
    );
    assert_eq!(
        done.exits(5).stdout,
        "{\"command\":\"SITE X\",\"code\":530,\"lines\":[\"not you\"]}\n\
         {\"command\":\"NOOP\",\"code\":200,\"lines\":[\"fine\"]}\n"
    );
}

fn a_password_is_not_shown(runtime: Runtime) {
    let server = Played::new(&[("PASS hunter2", "530 no")]);
    let words = [
        "raw",
        "-v",
        "--json",
        &server.url(""),
        "PASS hunter2",
        "NOOP",
    ];
    let done = client(runtime, &words).exits(5);
    assert!(!format!("{}{}", done.stdout, done.stderr).contains("hunter2"));
}

fn nothing_follows_a_quit(runtime: Runtime) {
    let server = Played::new(&[]);
    let done = client(runtime, &["raw", &server.url(""), "QUIT", "NOOP"]).exits(3);
    assert_eq!(done.stdout, "221 bye\n");
    client(runtime, &["raw", &server.url(""), "QUIT"]).ok();
}

/// MLSD where FEAT has it, and LIST where it has not, or where the server then does not know it.
fn facts_are_asked_for_before_a_list(runtime: Runtime) {
    let listings = |server: &Played| {
        let heard = server.heard();
        let listings = heard
            .into_iter()
            .filter(|line| line.starts_with("MLSD") || line.starts_with("LIST"));
        listings.collect::<Vec<_>>()
    };
    const FACTS: (&str, &str) = (
        "FEAT",
        "211-so much\r\n MLST type*;size*;\r\n211 and no more",
    );
    const MLSD: (&str, &str) = ("MLSD", ">type=file;size=1; by facts\r\n");
    const LIST: (&str, &str) = ("LIST", ">-rw-r--r-- 1 u g 12 Jan  2  2020 by list\r\n");
    for (script, names, sent) in [
        (&[FACTS, MLSD, LIST][..], "by facts\n", &["MLSD"][..]),
        (&[MLSD, LIST], "by list\n", &["LIST"]),
        (
            &[FACTS, ("MLSD", "502 not here"), LIST],
            "by list\n",
            &["MLSD", "LIST"],
        ),
    ] {
        let server = Played::new(script);
        let done = client(runtime, &["ls", &server.url("")]).ok();
        assert_eq!(done.stdout, names, "{done:?}");
        assert_eq!(listings(&server), sent);
    }
}

const WITH_A_DIGEST: Script = &[
    (
        "FEAT",
        "211-so much\r\n XMD5\r\n HASH SHA-1;MD5*\r\n211 and no more",
    ),
    ("OPTS HASH SHA-1", "200 SHA-1"),
    (
        "HASH file",
        "213 SHA-1 0-4 0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33 file",
    ),
    ("RETR", ">other"),
    ("STOR", "<"),
];

/// The strongest digest is taken, and what differs is not put in place.
fn a_digest_that_differs(runtime: Runtime) {
    let (here, server) = (Scratch::new(), Played::new(WITH_A_DIGEST));
    let file = here.at("file");
    std::fs::write(&file, "as it was").expect("room for a small file");
    let name = file.to_str().expect("a name in UTF-8");
    let done = client(runtime, &["--verify", "get", &server.url("file"), name]).exits(8);
    assert!(done.stderr.contains("SHA-1 differs"), "{done:?}");
    assert_eq!(std::fs::read(&file).expect("the file"), b"as it was");
    assert_eq!(names_in(here.path()), ["file"]);
    client(runtime, &["--verify", "put", name, &server.url("file")]).exits(8);
    std::fs::write(&file, "foo").expect("room for a small file");
    client(runtime, &["--verify", "put", name, &server.url("file")]).ok();
    // Nobody asks who was not told to.
    client(runtime, &["get", &server.url("file"), name]).ok();
}

fn a_digest_that_is_none(runtime: Runtime) {
    let server = Played::new(&[
        ("FEAT", "211-so much\r\n XSHA256\r\n211 and no more"),
        ("XSHA256", "250 what a file"),
        ("RETR", ">other"),
        ("SIZE", "213 5"),
    ]);
    let done = client(runtime, &["--verify", "get", &server.url("file"), "-"]).ok();
    assert!(done.stderr.contains("size alone"), "{done:?}");
    let server = Played::new(&[("RETR", ">other"), ("SIZE", "213 6")]);
    let done = client(runtime, &["--verify", "cat", &server.url("file")]).exits(8);
    assert!(done.stderr.contains("5 bytes were moved"), "{done:?}");
}

/// It is computed before it is told: a wait for that is no silence, whatever `--timeout` says of other replies.
fn a_digest_takes_its_time(runtime: Runtime) {
    let (here, server) = (Scratch::new(), Played::new(WITH_A_LATE_DIGEST));
    let file = here.at("file");
    let name = file.to_str().expect("a name in UTF-8");
    let words = ["--timeout", "1", "--verify", "get", &server.url("file")];
    client(runtime, &[&words[..], &[name]].concat()).ok();
    assert_eq!(std::fs::read(&file).expect("the file"), b"foo");
    // Other replies have their time.
    let late = Played::new(&[("SIZE", "~213 5"), ("RETR", ">other")]);
    let words = ["--timeout", "1", "--verify", "cat", &late.url("file")];
    client(runtime, &words).exits(7);
}

const WITH_A_LATE_DIGEST: Script = &[
    ("FEAT", "211-so much\r\n HASH SHA-1*\r\n211 and no more"),
    (
        "HASH file",
        "~213 SHA-1 0-2 0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33 file",
    ),
    ("RETR", ">foo"),
];

fn nothing_to_verify_by(runtime: Runtime) {
    let server = Played::new(&[("RETR", ">other")]);
    let done = client(runtime, &["--verify", "cat", &server.url("file")]).exits(1);
    assert!(done.stderr.contains("not verified"), "{done:?}");
}

/// The server broke the protocol, and it goes on all the same.
fn replies_without_what_they_promise(runtime: Runtime) {
    let server = Played::new(&[("MKD", "257 made"), ("PWD", "257 somewhere")]);
    let list = ["ls", &server.url("folder/")];
    client(runtime, &list).exits(9);
    let server = Played::new(&[("EPSV", "229 somewhere"), ("PASV", "227 somewhere")]);
    client(runtime, &["ls", &server.url("")]).exits(9);
}

/// The address that the server tells has nobody who listens.
fn no_data_connection(runtime: Runtime) {
    let server = Played::new(&[("PASV", "227 here (127,0,0,1,0,1)"), ("RETR", "150 go on")]);
    for words in [
        &["ls", &server.url("")][..],
        &["get", &server.url("file"), "-"],
    ] {
        client(runtime, words).exits(3);
    }
}

/// A source that does not have the file is asked before the target hears of it.
fn a_refused_file_leaves_the_other_server_alone(runtime: Runtime) {
    let source = Played::new(&[("PORT", "200 fine"), ("SIZE", "550 no such file")]);
    let target = Played::new(&[
        ("PASV", "227 here (127,0,0,1,255,255)"),
        ("STOR", "150 go on"),
    ]);
    client(runtime, &["fxp", &source.url("none"), &target.url("x")]).exits(6);
    assert_eq!(source.heard(), ["PORT 127,0,0,1,255,255", "SIZE none"]);
    assert_eq!(target.heard(), ["PASV"]);
    // Nor where it is the target that goes to the source.
    let source = Played::new(&[
        ("PASV", "227 here (127,0,0,1,255,255)"),
        ("SIZE", "550 no such file"),
    ]);
    let target = Played::new(&[("PORT", "200 fine"), ("STOR", "150 go on")]);
    client(runtime, &["fxp", &source.url("none"), &target.url("x")]).exits(6);
    assert_eq!(target.heard(), ["PASV", "PORT 127,0,0,1,255,255"]);
}
