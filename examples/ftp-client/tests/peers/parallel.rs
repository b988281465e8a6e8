//! `-j`: files over several sessions at once, and no more of them than was asked for.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use ftp_peers::{
    Daemon, Done, Runtime, Scratch, Server, assert_same, fill, names_in, on_both_runtimes, ours,
    run, until,
};
use serde_json::Value;

use crate::{client, our_server};

on_both_runtimes!(
    there_and_back,
    several_operands,
    there_and_back_by_sync,
    a_server_that_has_not_so_many,
    one_that_fails,
    lines_are_whole,
    they_are_at_work_at_once,
    no_more_than_there_are_files,
    an_interrupt_stops_all,
    where_it_has_no_meaning,
);

const FILES: usize = 50;

/// Our server with room for so many sessions, and a folder for what the client has.
struct House {
    server: Server,
    here: Scratch,
    runtime: Runtime,
}

impl House {
    fn new(runtime: Runtime, sessions: &str) -> Option<Self> {
        let here = Scratch::new();
        let server = start(&here.folder("root"), runtime, sessions)?;
        Some(Self {
            server,
            here,
            runtime,
        })
    }

    /// The same files on a new server: the sessions with the old one may not all have ended.
    fn again(self, sessions: &str) -> Self {
        let server = start(&self.server.root, self.runtime, sessions).expect("it was found before");
        Self { server, ..self }
    }

    fn run(&self, words: &[&str]) -> Done {
        run(client(self.runtime, words).current_dir(self.here.path()))
    }

    fn url(&self, path: &str) -> String {
        self.server.url(path)
    }
}

fn start(root: &Path, runtime: Runtime, sessions: &str) -> Option<Server> {
    let mut command = ours(&our_server()?, root, runtime);
    command.args(["--max-sessions", sessions]);
    Some(Server::start(&mut command, root))
}

/// Where the files of a tree lie: some at its top, some in folders.
fn places() -> impl Iterator<Item = String> {
    (0..FILES).map(|number| match number % 3 {
        0 => format!("{number}"),
        1 => format!("folder/{number}"),
        _ => format!("folder/in a folder {}/{number}", number % 2),
    })
}

fn grow(tree: &Path) {
    for (seed, place) in (0_u64..).zip(places()) {
        let path = tree.join(place);
        fs::create_dir_all(path.parent().expect("a folder above")).expect("folders");
        fill(&path, seed * 997, seed);
    }
}

fn assert_alike(left: &Path, right: &Path) {
    for place in places() {
        assert_same(&left.join(&place), &right.join(&place));
    }
}

/// How many sessions `-v` told of.
fn sessions(done: &Done) -> usize {
    let begun = |line: &&str| line.starts_with("* connecting");
    done.stderr.lines().filter(begun).count()
}

/// It went well, without a word about fewer sessions.
#[track_caller]
fn assert_over(count: usize, done: Done) {
    let done = done.ok();
    assert_eq!(sessions(&done), count, "{done:?}");
    assert!(!done.stderr.contains("fewer sessions"), "{done:?}");
}

/// One line of what it said has this text.
#[track_caller]
fn assert_told_once(done: &Done, text: &str) {
    let told = done.stderr.lines().filter(|line| line.contains(text));
    assert_eq!(told.count(), 1, "{done:?}");
}

fn there_and_back(runtime: Runtime) {
    let Some(house) = House::new(runtime, "4") else {
        return;
    };
    grow(&house.here.at("tree"));
    let url = house.url("there/");
    assert_over(4, house.run(&["-v", "put", "-r", "-j", "4", "tree", &url]));
    assert_alike(&house.here.at("tree"), &house.server.at("there"));
    let house = house.again("4");
    let url = house.url("there/");
    assert_over(4, house.run(&["-v", "-j4", "get", "-r", &url, "back"]));
    assert_alike(&house.here.at("tree"), &house.here.at("back"));
}

fn several_operands(runtime: Runtime) {
    let Some(house) = House::new(runtime, "3") else {
        return;
    };
    grow(&house.here.at("tree"));
    grow(&house.here.at("other"));
    for name in ["a", "b", "c", "d"] {
        fill(&house.here.at(name), 5000, 1);
    }
    let url = house.url("there/");
    let words = [
        "-v", "-j3", "put", "-r", "a", "tree", "b", "other", "c", "d", &url,
    ];
    assert_over(3, house.run(&words));
    for tree in ["tree", "other"] {
        assert_alike(&house.here.at(tree), &house.server.at("there").join(tree));
    }
    for name in ["a", "b", "c", "d"] {
        assert_same(&house.here.at(name), &house.server.at("there").join(name));
    }
}

fn there_and_back_by_sync(runtime: Runtime) {
    let Some(house) = House::new(runtime, "4") else {
        return;
    };
    grow(&house.here.at("tree"));
    for old in [house.server.at("there/old"), house.here.at("back/old")] {
        fs::create_dir_all(&old).expect("folders");
        fill(&old.join("file"), 10, 1);
    }
    // A folder where a file will be.
    fs::create_dir_all(house.server.at("there/0/in it")).expect("folders");
    let url = house.url("there/");
    let up = ["-v", "-j", "4", "sync", "--delete", "tree", &url];
    assert_over(4, house.run(&up));
    assert_alike(&house.here.at("tree"), &house.server.at("there"));
    assert!(!house.server.at("there/old").exists());
    let house = house.again("4");
    let url = house.url("there/");
    let down = ["-v", "-j", "4", "sync", "--delete", &url, "back"];
    assert_over(4, house.run(&down));
    assert_alike(&house.here.at("tree"), &house.here.at("back"));
    assert!(!house.here.at("back/old").exists());
    let done = house.run(&["-j", "4", "sync", &url, "back"]).ok();
    let text = format!("0 transferred, 0 deleted, {FILES} unchanged");
    assert!(done.stderr.contains(&text), "{done:?}");
}

/// It is said once, and the others do the work.
fn a_server_that_has_not_so_many(runtime: Runtime) {
    let Some(house) = House::new(runtime, "4") else {
        return;
    };
    grow(&house.server.at("tree"));
    let done = house.run(&["-j", "8", "get", "-r", &house.url("tree/"), "back"]);
    let done = done.ok();
    assert_told_once(&done, "fewer sessions");
    assert_told_once(&done, "421");
    assert_told_once(&done, "does not offer TLS");
    assert_alike(&house.server.at("tree"), &house.here.at("back"));
}

fn one_that_fails(runtime: Runtime) {
    let Some(house) = House::new(runtime, "10") else {
        return;
    };
    let tree = house.here.at("tree");
    grow(&tree);
    // Where a file is to be, there is a folder.
    fs::create_dir_all(house.server.at("there/folder/7/x")).expect("folders");
    let url = house.url("there/");
    let rest = |other: &Path| {
        for place in places().filter(|place| place != "folder/7") {
            assert_same(&tree.join(&place), &other.join(&place));
        }
    };
    let done = house.run(&["-j", "4", "put", "-r", "tree", &url]).exits(1);
    assert_told_once(&done, "folder/7");
    rest(&house.server.at("there"));
    fs::create_dir_all(house.here.at("back/folder/7")).expect("folders");
    fs::remove_dir_all(house.server.at("there/folder/7")).expect("a folder");
    fill(&house.server.at("there/folder/7"), 10, 1);
    let done = house.run(&["-j", "4", "get", "-r", &url, "back"]).exits(1);
    assert_told_once(&done, "folder/7");
    rest(&house.here.at("back"));
}

fn lines_are_whole(runtime: Runtime) {
    let Some(house) = House::new(runtime, "10") else {
        return;
    };
    grow(&house.server.at("tree"));
    let url = house.url("tree/");
    let done = house
        .run(&["--json", "-j4", "get", "-r", &url, "back"])
        .ok();
    let mut names: Vec<_> = done
        .lines()
        .iter()
        .map(|line| {
            let event: Value = serde_json::from_str(line).expect("a JSON object a line");
            assert_eq!(event["event"], "get");
            event["name"].as_str().expect("a name").to_owned()
        })
        .collect();
    names.sort_unstable();
    let mut expected: Vec<_> = places().collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

/// A server with a folder of so many files of two bytes. It sends the first byte of each; the second when so many have been sent a first one.
struct Stage {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Stage {
    fn new(files: usize, at_once: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().expect("a listener has an address");
        let (accepted, gate) = (
            Arc::<AtomicUsize>::default(),
            Arc::new(Barrier::new(at_once)),
        );
        let count = Arc::clone(&accepted);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let gate = Arc::clone(&gate);
                thread::spawn(move || perform(&stream, files, &gate));
            }
        });
        Self { address, accepted }
    }

    fn url(&self) -> String {
        format!("ftp://{}/", self.address)
    }
}

fn perform(stream: &TcpStream, files: usize, gate: &Barrier) {
    let mut writer = stream;
    let mut say = |text: &str| drop(writer.write_all(format!("{text}\r\n").as_bytes()));
    let listen = || TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let mut passive = listen();
    say("220 ready");
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        match line.split(' ').next() {
            Some("USER") => say("230 welcome"),
            Some("TYPE") => say("200 fine"),
            Some("EPSV") => {
                passive = listen();
                let address = passive.local_addr().expect("a listener has an address");
                say(&format!("229 go on (|||{}|)", address.port()));
            }
            Some("LIST") => {
                say("150 here it comes");
                if let Ok((mut data, _)) = passive.accept() {
                    for number in 0..files {
                        let line = format!("-rw-r--r-- 1 a a 2 Jan 01 2020 {number}\r\n");
                        let _ = data.write_all(line.as_bytes());
                    }
                }
                say("226 that was all");
            }
            Some("RETR") => {
                say("150 here it comes");
                if let Ok((mut data, _)) = passive.accept() {
                    let _ = data.write_all(b"a");
                    gate.wait();
                    let _ = data.write_all(b"b");
                }
                say("226 that was all");
            }
            Some("QUIT") => return say("221 bye"),
            _ => say("502 not here"),
        }
    }
}

/// None of three transfers ends before all three have begun.
fn they_are_at_work_at_once(runtime: Runtime) {
    let (stage, here) = (Stage::new(6, 3), Scratch::new());
    let words = ["--timeout", "20", "-j3", "get", "-r", &stage.url(), "back"];
    run(client(runtime, &words).current_dir(here.path())).ok();
    for number in 0..6 {
        let file = here.at("back").join(number.to_string());
        assert_eq!(fs::read(file).expect("the file"), b"ab");
    }
    assert_eq!(stage.accepted.load(Ordering::SeqCst), 3);
}

fn no_more_than_there_are_files(runtime: Runtime) {
    let (stage, here) = (Stage::new(2, 2), Scratch::new());
    let words = ["--timeout", "20", "-j9", "get", "-r", &stage.url(), "back"];
    run(client(runtime, &words).current_dir(here.path())).ok();
    assert_eq!(names_in(&here.at("back")), ["0", "1"]);
    assert_eq!(stage.accepted.load(Ordering::SeqCst), 2);
}

/// No partial file is left of any of them.
fn an_interrupt_stops_all(runtime: Runtime) {
    // A third one never comes.
    let (stage, here) = (Stage::new(2, 3), Scratch::new());
    let words = ["-j2", "get", "-r", &stage.url(), "back"];
    let mut command = client(runtime, &words);
    let mut client = Daemon::start(command.current_dir(here.path()));
    until("both have begun", || {
        let back = here.at("back");
        let parts = fs::read_dir(back).ok()?.flatten();
        let begun = |entry: &fs::DirEntry| entry.metadata().is_ok_and(|there| there.len() == 1);
        (parts.filter(begun).count() == 2).then_some(())
    });
    client.interrupt();
    assert!(!client.wait().success());
    assert_eq!(names_in(&here.at("back")), [""; 0]);
}

fn where_it_has_no_meaning(runtime: Runtime) {
    let url = "ftp://127.0.0.1:1/file";
    for words in [
        &["-j", "2", "ls", url][..],
        &["-j", "2", "get", url],
        &["-j", "2", "shell", url],
        &["-j", "0", "get", "-r", url],
        &["-j", "65", "get", "-r", url],
        &["-j", "many", "put", "-r", ".", url],
    ] {
        let done = run(&mut client(runtime, words)).exits(2);
        // The shell's talk is its output.
        assert!(!(done.stderr + &done.stdout).is_empty(), "{words:?}");
    }
    // One is what there always is.
    run(&mut client(runtime, &["-j", "1", "ls", url])).exits(3);
}
