//! The commands of what a store can do besides reading, writing and naming files, over a real connection.

use std::fs;

use super::peer::Peer;
use super::site::{LONG, Site, arg};
use crate::runtime::{Runtime, Stream};
use crate::server::Event;

/// What they answer, what they do, and what is told of it.
pub async fn commands_reach_the_store<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut peer = Peer::login(&site).await;
    peer.store("STOR part1", b"12345").await;
    peer.store("STOR part2", b"6789").await;
    for (command, reply) in [
        ("COMB whole part1 part2", "250 Done."),
        ("XCRC whole", "250 cbf43926"),
        ("OPTS HASH MD5", "200 MD5"),
        (
            "HASH whole",
            "213 MD5 0-8 25f9e794323b453885f5181f1b624d0b whole",
        ),
        ("RANG 0 0", "350 From 0 to 0, both included."),
        (
            "HASH whole",
            "213 MD5 0-0 c4ca4238a0b923820dcc509a6f75849b whole",
        ),
        (
            "MFMT 20240102150405 whole",
            "213 Modify=20240102150405; whole",
        ),
        ("MDTM 20230102150405 whole", "213 20230102150405"),
        ("SITE MKDIR -p a/b", "200 Done."),
        ("SITE COPY whole a/b/copy", "200 Done."),
        ("SITE RMDIR -r a", "200 Done."),
        ("SITE CPFR whole", "350 And where to? SITE CPTO, please."),
        ("SITE CPTO copy", "250 Done."),
        ("SITE WHAT", "504 SITE knows no such word here."),
        ("MFCT 20240102150405 whole", "502 Command not implemented."),
    ] {
        assert_eq!(peer.ask(command, &reply[..3]).await, reply, "{command}");
    }
    // Time and name together are longer than a name may be.
    let name = "n".repeat(250);
    peer.store(&format!("STOR {name}"), b"").await;
    let dated = peer
        .ask(&format!("MDTM 20240102150405 {name}"), "213")
        .await;
    assert_eq!(dated, "213 20240102150405");
    peer.ask(&format!("DELE {name}"), "250").await;
    peer.ask("RANG 2 4", "350").await;
    assert_eq!(peer.fetch("RETR whole").await, b"345");
    peer.ask("RANG 20 30", "350").await;
    assert_eq!(peer.fetch("RETR whole").await, b"");
    peer.ask("RANG 2 4", "350").await;
    peer.store("STOR whole", b"abc").await;
    assert_eq!(site.content("whole"), b"12abc6789");
    assert_eq!(site.content("copy"), b"123456789");
    site.log
        .wait_for(
            |event| matches!(event, Event::Changed { path, .. } if path.name() == Some(b"copy")),
        )
        .await;
    peer.ask("QUIT", "221").await;
    let scratch = site.close().await;
    assert_eq!(scratch.names_on_disk(""), ["copy", "whole"]);
}

/// A pattern lists what it matches, unless a file is called so.
pub async fn lists_what_matches<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    for name in ["a.txt", "b.txt", "c.c", ".d.txt"] {
        site.put(name, b"");
    }
    let mut peer = Peer::login(&site).await;
    let mut expected = vec![
        ("*.txt", vec!["a.txt", "b.txt"]),
        ("/[!a-b].?", vec!["/c.c"]),
        ("*x", vec![]),
    ];
    if cfg!(unix) {
        site.put("[ab].txt", b"");
        expected[0].1.insert(0, "[ab].txt");
        expected.push(("[ab].txt", vec!["[ab].txt"]));
    }
    for (pattern, expected) in expected {
        let listing = peer.fetch(&format!("NLST {pattern}")).await;
        let listing = String::from_utf8(listing).unwrap();
        let mut names: Vec<_> = listing.lines().collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{pattern}");
    }
    peer.ask("QUIT", "221").await;
    site.close().await;
}

/// MLSD lists folders, links to them too, and opens no data connection for anything else; LIST tells of a file.
pub async fn facts_are_of_folders<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"abc");
    let mut peer = Peer::login(&site).await;
    peer.ask("MKD folder", "257").await;
    peer.store("STOR folder/inner", b"").await;
    let mut folders = vec!["folder", "folder/"];
    let mut others = vec!["file"];
    #[cfg(unix)]
    {
        for name in ["folder", "file"] {
            let link = site.scratch.root.join(format!("to-{name}"));
            super::support::symlink(name, link);
        }
        folders.push("to-folder");
        others.push("to-file");
    }
    for name in folders {
        let listing = peer.fetch(&format!("MLSD {name}")).await;
        let listing = String::from_utf8(listing).unwrap();
        assert!(listing.ends_with(" inner\r\n"), "{name}: {listing:?}");
    }
    for name in others {
        peer.passive().await;
        let told = peer.ask(&format!("MLSD {name}"), "501").await;
        assert_eq!(told, format!("501 /{name}: not a folder."));
        let listing = peer.fetch(&format!("NLST {name}")).await;
        assert_eq!(listing, format!("{name}\r\n").as_bytes());
    }
    peer.passive().await;
    peer.ask("MLSD none", "550").await;
    // Our own client then asks by LIST.
    let mut client = site.client().await;
    let listing = client.list(Some(arg("file"))).await.unwrap();
    assert_eq!(listing.entries.len(), 1);
    client.quit().await.unwrap();
    peer.ask("QUIT", "221").await;
    site.close().await;
}

/// A digest of much stops nobody else, and a session that ends does not wait for it.
pub async fn a_digest_is_given_up<R: Runtime>(runtime: R) {
    for by_reset in [true, false] {
        give_up_a_digest(Site::new(runtime.clone()), by_reset).await;
    }
}

async fn give_up_a_digest<R: Runtime>(site: Site<R>, by_reset: bool) {
    let file = fs::File::create(site.scratch.root.join("huge")).unwrap();
    // A hole, and still minutes of work.
    file.set_len(100 << 30).unwrap();
    site.put("small", b"abc");
    let mut peer = Peer::login(&site).await;
    peer.say("XSHA512 huge").await;
    let mut other = Peer::login(&site).await;
    other
        .ask("XMD5 small", "250 900150983cd24fb0d6963f7d28e17f72")
        .await;
    other.ask("QUIT", "221").await;
    if by_reset {
        peer.stream.reset_on_drop();
    }
    drop(peer);
    let (runtime, began) = (site.runtime.clone(), site.runtime.now());
    site.close().await;
    assert!(
        runtime.now() < began + LONG,
        "the server had to cut the session off"
    );
}
