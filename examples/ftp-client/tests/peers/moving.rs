//! How files are moved: as text, in other modes, verified, and from one server to another.

use std::fs;

use ftp_peers::{
    Runtime, Scratch, Server, assert_same, fill, names_in, on_both_runtimes, ours, run,
    skip_without_ipv6,
};

use crate::{House, Peer, client, on_every_peer, our_server};

on_every_peer!(
    text_of_another_system,
    verified_both_ways,
    verified_when_it_resumes,
    modes,
    to_ours_and_back,
);

/// A file with the line ends of Windows goes out by `TYPE A`, and those of Unix are what a server keeps; and the other way round.
fn text_of_another_system(house: &House) {
    let (windows, unix) = ("one\r\ntwo\r\n\r\nthree", "one\ntwo\n\nthree");
    let url = house.server.url("text");
    for sent in [windows, unix] {
        fs::write(house.here.at("sent"), sent).expect("room for a small file");
        house.run(&["put", "--ascii", "sent", &url]).ok();
        let kept = fs::read_to_string(house.server.at("text")).expect("the upload");
        assert_eq!(kept, unix, "of {sent:?}");
    }
    house.run(&["get", "--ascii", &url, "back"]).ok();
    assert_eq!(
        fs::read_to_string(house.here.at("back")).expect("the download"),
        unix
    );
    house.run(&["get", &format!("{url};type=a"), "back"]).ok();
    assert_eq!(
        fs::read_to_string(house.here.at("back")).expect("the download"),
        unix
    );
    // What is kept on the server with the line ends of Windows. Not every server takes those for line ends, and whoever puts a CR
    // before each LF sends two.
    fs::write(house.server.at("text"), windows).expect("room for a small file");
    house.run(&["get", "--ascii", &url, "back"]).ok();
    let back = fs::read_to_string(house.here.at("back")).expect("the download");
    let lines: Vec<_> = back
        .split('\n')
        .map(|line| line.trim_end_matches('\r'))
        .collect();
    assert_eq!(lines, ["one", "two", "", "three"], "{back:?}");
    if house.peer == Peer::Ours {
        assert_eq!(back, unix);
    }
}

fn verified_both_ways(house: &House) {
    fill(&house.here.at("sent"), 100_001, 1);
    let url = house.server.url("two words");
    let by = match house.peer {
        Peer::Ours | Peer::Proftpd => "SHA-512 compared",
        // Neither has a digest.
        Peer::Vsftpd | Peer::Pyftpdlib => "verified by its size alone",
    };
    for words in [
        &["-v", "--verify", "put", "sent", &url][..],
        &["-v", "--verify", "get", &url, "back"],
    ] {
        let done = house.run(words).ok();
        assert!(done.stderr.contains(by), "{done:?}");
    }
    assert_same(&house.here.at("sent"), &house.here.at("back"));
    for words in [
        &["--verify", "--ascii", "get", &url, "back"][..],
        &["--verify", "get", &format!("{url};type=a"), "back"],
    ] {
        house.run(words).exits(2);
    }
}

fn verified_when_it_resumes(house: &House) {
    let (whole, part) = (house.server.at("file"), house.here.at("part"));
    fill(&whole, 300_001, 2);
    ftp_peers::half_of(&whole, &part);
    let url = house.server.url("file");
    // The second of them has nothing left to fetch.
    for _ in 0..2 {
        house.run(&["--verify", "get", "-c", &url, "part"]).ok();
        assert_same(&whole, &part);
    }
    if matches!(house.peer, Peer::Vsftpd | Peer::Pyftpdlib) {
        return;
    }
    // A beginning that is another file's: only a digest shows it.
    for length in [100_000, 300_001] {
        fill(&part, length, 3);
        let done = house.run(&["--verify", "get", "-c", &url, "part"]).exits(8);
        assert!(done.stderr.contains("SHA-512"), "{done:?}");
        let done = house.run(&["--verify", "put", "-c", "part", &url]).exits(8);
        assert!(!done.stderr.is_empty(), "{done:?}");
        fill(&whole, 300_001, 2);
    }
}

/// Whoever has a mode moves files in it; who has not says so, and nothing is made.
fn modes(house: &House) {
    let (sent, url) = (house.here.at("sent"), house.server.url("file"));
    for mode in ["block", "compressed", "deflate"] {
        let has = house.peer == Peer::Ours || house.peer == Peer::Proftpd && mode == "deflate";
        for length in [0, 1, 200_001] {
            fill(&sent, length, length);
            let done = house.run(&["put", "--mode", mode, "sent", &url]);
            if !has {
                assert_eq!(done.exits(1).stdout, "");
                assert_eq!(names_in(&house.server.root), [""; 0]);
                break;
            }
            done.ok();
            assert_same(&sent, &house.server.at("file"));
            house.run(&["get", "--mode", mode, &url, "back"]).ok();
            assert_same(&sent, &house.here.at("back"));
        }
    }
    house
        .run(&["get", "-c", "--mode", "block", &url, "back"])
        .exits(2);
}

/// A file goes from the peer straight to our server, and back under another name.
fn to_ours_and_back(house: &House) {
    let (here, Some(program)) = (Scratch::new(), our_server()) else {
        return;
    };
    let root = here.folder("root");
    let other = Server::start(
        ours(&program, &root, house.runtime).args(["--fxp", "on"]),
        &root,
    );
    fill(&house.server.at("two words"), 3_000_001, 1);
    house
        .run(&[
            "--verify",
            "fxp",
            &house.server.url("two words"),
            &other.url(""),
        ])
        .ok();
    assert_same(&house.server.at("two words"), &other.at("two words"));
    house
        .run(&[
            "--verify",
            "fxp",
            &other.url("two words"),
            &house.server.url("back"),
        ])
        .ok();
    assert_same(&house.server.at("two words"), &house.server.at("back"));
    house
        .run(&["fxp", &house.server.url("none"), &other.url("x")])
        .exits(6);
    house
        .run(&["fxp", &other.url("none"), &house.server.url("x")])
        .exits(6);
    assert!(!other.at("x").exists() && !house.server.at("x").exists());
}

on_both_runtimes!(
    between_our_servers,
    between_our_servers_under_tls,
    servers_that_go_nowhere,
    over_ipv6
);

struct Pair {
    _here: Scratch,
    source: Server,
    target: Server,
}

/// Two of our servers; the second at another address, so that neither is taken for the client.
fn pair(runtime: Runtime, options: &[&str]) -> Option<Pair> {
    let (here, program) = (Scratch::new(), our_server()?);
    let start = |name: &str, address: &str| {
        let root = here.folder(name);
        let mut command = ftp_peers::command(&program);
        command.args([
            "--listen",
            address,
            "--user",
            "alice:secret",
            "--runtime",
            runtime.name(),
        ]);
        command.arg("--root").arg(&root).args(options);
        Server::start(&mut command, &root)
    };
    let (source, target) = (
        start("source", "127.0.0.1:0"),
        start("target", "127.0.0.2:0"),
    );
    Some(Pair {
        source,
        target,
        _here: here,
    })
}

fn fxp(runtime: Runtime, words: &[&str]) -> ftp_peers::Done {
    run(&mut client(runtime, &[&["fxp"], words].concat()))
}

/// The source refuses to go to an address that is not the client's, so the target goes to the source; and the other way round.
fn between_our_servers(runtime: Runtime) {
    let Some(pair) = pair(runtime, &["--fxp", "on"]) else {
        return;
    };
    let Pair { source, target, .. } = &pair;
    for (seed, length) in [0, 1, 5_000_001].into_iter().enumerate() {
        fill(&source.at("a b"), length, seed as u64);
        fxp(
            runtime,
            &["--verify", &source.url("a b"), &target.url("c d")],
        )
        .ok();
        assert_same(&source.at("a b"), &target.at("c d"));
        fxp(
            runtime,
            &["--verify", &target.url("c d"), &source.url("back")],
        )
        .ok();
        assert_same(&source.at("a b"), &source.at("back"));
    }
    let done = fxp(runtime, &[&source.url("none"), &target.url("x")]).exits(6);
    assert!(done.stderr.contains("none"), "{done:?}");
    let done = fxp(runtime, &[&source.url("a b"), &target.url("no/x")]).exits(6);
    assert!(done.stderr.contains("the target"), "{done:?}");
    assert_eq!(names_in(&target.root), ["c d"]);
    let line = fxp(runtime, &["--json", &source.url("a b"), &target.url("e")]).ok();
    assert_eq!(
        line.stdout,
        "{\"event\":\"fxp\",\"name\":\"e\",\"bytes\":null}\n"
    );
    fxp(runtime, &[&source.url(""), &target.url("x")]).exits(2);
}

/// One of them is TLS's client on the data connection. Where only one has TLS, nothing is moved.
fn between_our_servers_under_tls(runtime: Runtime) {
    let options = ["--fxp", "on", "--tls-self-signed", "--tls", "require"];
    let Some(pair) = pair(runtime, &options) else {
        return;
    };
    let Pair { source, target, .. } = &pair;
    fill(&source.at("f"), 3_000_001, 1);
    let (from, to) = (source.url("f"), target.url("g"));
    fxp(runtime, &["--insecure", "--verify", &from, &to]).ok();
    assert_same(&source.at("f"), &target.at("g"));
    let plain = self::pair(runtime, &["--fxp", "on"]).expect("what was there before");
    let nowhere = plain.target.url("g");
    let done = fxp(runtime, &["--insecure", &from, &nowhere]).exits(4);
    assert!(done.stderr.contains("only one"), "{done:?}");
    assert_eq!(names_in(&plain.target.root), [""; 0]);
}

fn servers_that_go_nowhere(runtime: Runtime) {
    let Some(pair) = pair(runtime, &["--active", "off"]) else {
        return;
    };
    fill(&pair.source.at("f"), 1000, 1);
    let (from, to) = (pair.source.url("f"), pair.target.url("f"));
    let done = fxp(runtime, &["--tls", "off", &from, &to]).exits(1);
    assert!(
        done.stderr
            .contains("does not take part in a transfer between two servers"),
        "{done:?}"
    );
    assert_eq!(done.stderr.lines().count(), 1, "{done:?}");
    assert_eq!(names_in(&pair.target.root), [""; 0]);
}

fn over_ipv6(runtime: Runtime) {
    let Some(program) = our_server().filter(|_| !skip_without_ipv6()) else {
        return;
    };
    let here = Scratch::new();
    let start = |name: &str| Server::ours(&program, &here.folder(name), runtime);
    let (source, target) = (start("source"), start("target"));
    fill(&source.at("f"), 100_001, 1);
    fxp(runtime, &[&source.url_v6("f"), &target.url_v6("g")]).ok();
    assert_same(&source.at("f"), &target.at("g"));
}
