//! A server's data under every TYPE, STRU and MODE, for a peer that speaks them itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ftp_sansio::client::AbortStyle;
use ftp_sansio::data::{Direction, End, Parameters, Status};
use ftp_sansio::wire::{Format, Mode, Representation, Structure, Verb};

use super::peer::Peer;
use super::site::{Site, arg, client_config, get, pattern, put};
use super::support::{read, read_to_end, write_all};
use crate::client::{Error, Options, Trace};
use crate::runtime::{Runtime, Stream};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs all of it through a codec.
fn convert(parameters: Parameters, direction: Direction, mut bytes: &[u8]) -> Vec<u8> {
    let mut codec = parameters.codec(direction).unwrap();
    let (mut out, mut room) = (Vec::new(), vec![0; 10_000]);
    loop {
        let progress = codec.step(bytes, &mut room, End::Closed);
        out.extend_from_slice(&room[..progress.produced]);
        bytes = &bytes[progress.consumed..];
        match progress.status {
            Status::Full | Status::Marker(_) => {}
            Status::Ended(_) => return out,
            other => panic!("{parameters:?}: {other:?}"),
        }
    }
}

async fn set<R: Runtime>(peer: &mut Peer<R>, parameters: Parameters) {
    let Parameters {
        representation,
        structure,
        mode,
    } = parameters;
    peer.ask(&format!("TYPE {representation}"), "200").await;
    peer.ask(&format!("STRU {structure}"), "200").await;
    peer.ask(&format!("MODE {mode}"), "200").await;
}

/// Sends all of a file. Where its end is marked, the connection is for the server to leave open (RFC 959 § 3.3).
async fn store<R: Runtime>(peer: &mut Peer<R>, parameters: Parameters, file: &[u8]) {
    let sent = convert(parameters, Direction::Send, file);
    if !parameters.leaves_open() {
        return peer.store("STOR file", &sent).await;
    }
    let mut data = peer.open("STOR file").await;
    write_all(&mut data, &sent).await.unwrap();
    peer.hear("250").await;
}

/// Fetches all that a command sends, as it comes out of the codec.
async fn fetch<R: Runtime>(peer: &mut Peer<R>, parameters: Parameters, command: &str) -> Vec<u8> {
    if !parameters.leaves_open() {
        return convert(parameters, Direction::Receive, &peer.fetch(command).await);
    }
    let mut data = peer.open(command).await;
    let back = read_marked(&mut data, parameters).await;
    peer.hear("250").await;
    back
}

/// Reads as far as the mark that is the end, behind which there is nothing.
async fn read_marked(data: &mut impl Stream, parameters: Parameters) -> Vec<u8> {
    let mut beyond = Vec::new();
    let file = read_next(data, &mut beyond, parameters).await;
    assert!(beyond.is_empty(), "something follows the mark");
    file
}

/// Reads as far as the mark that is the end; what came with it belongs to the next file.
async fn read_next(data: &mut impl Stream, held: &mut Vec<u8>, parameters: Parameters) -> Vec<u8> {
    let mut codec = parameters.codec(Direction::Receive).unwrap();
    let (mut out, mut room, mut buffer) = (Vec::new(), vec![0; 10_000], vec![0; 10_000]);
    loop {
        let progress = codec.step(held, &mut room, End::More);
        out.extend_from_slice(&room[..progress.produced]);
        held.drain(..progress.consumed);
        match progress.status {
            Status::Full | Status::Marker(_) => {}
            Status::Starved => {
                let count = read(data, &mut buffer).await.unwrap();
                assert_ne!(count, 0, "the connection ended before its mark");
                held.extend_from_slice(&buffer[..count]);
            }
            Status::Ended(_) => return out,
            Status::Failed(fault) => panic!("{parameters:?}: {fault}"),
        }
    }
}

/// Up and down again, and a listing, in every combination there is.
pub async fn moves_under_all_parameters<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut peer = Peer::login(&site).await;
    // Lines, so that every combination gives them back; and longer than what passes through a codec at a time.
    let lines: Vec<u8> = b"a line of text,   \xff and more\n".repeat(12_000);
    for representation in [
        Representation::Ascii(Format::NonPrint),
        Representation::Ebcdic(Format::NonPrint),
        Representation::Image,
    ] {
        for structure in [Structure::File, Structure::Record, Structure::Page] {
            for mode in [Mode::Stream, Mode::Block, Mode::Compressed, Mode::Deflate] {
                let parameters = Parameters {
                    representation,
                    structure,
                    mode,
                };
                // There are no more than 256 pages.
                let file = match structure {
                    Structure::Page => &lines[..31 * 2000],
                    _ => &lines,
                };
                set(&mut peer, parameters).await;
                store(&mut peer, parameters, file).await;
                assert!(site.content("file") == file, "{parameters:?}: received");
                let back = fetch(&mut peer, parameters, "RETR file").await;
                assert!(back == file, "{parameters:?}: sent");
                let listing_comes_as = Parameters {
                    representation: match representation {
                        Representation::Ebcdic(_) => representation,
                        _ => Representation::Image,
                    },
                    structure: Structure::File,
                    mode,
                };
                let listing = fetch(&mut peer, listing_comes_as, "NLST").await;
                assert_eq!(listing, b"file\r\n", "{parameters:?}");
            }
        }
    }
    site.close().await;
}

const BLOCKS: Parameters = Parameters {
    mode: Mode::Block,
    ..Parameters::IMAGE
};

/// RFC 959 § 3.3: the mark ends the file; the sender need not close.
pub async fn a_mark_is_an_end<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut peer = Peer::login(&site).await;
    for (parameters, data) in [
        (BLOCKS, &b"\x00\x00\x03new\x40\x00\x00"[..]),
        (
            Parameters {
                mode: Mode::Compressed,
                ..Parameters::IMAGE
            },
            b"\x00\x40\x03new",
        ),
        (
            Parameters {
                structure: Structure::Record,
                ..Parameters::IMAGE
            },
            b"new\xff\x03",
        ),
        (
            Parameters {
                structure: Structure::Page,
                ..Parameters::IMAGE
            },
            b"\x04\x00\x03\x01new\x04\x01\x00\x00",
        ),
    ] {
        site.put("file", b"old");
        set(&mut peer, parameters).await;
        let mut open = peer.open("STOR file").await;
        write_all(&mut open, data).await.unwrap();
        let end = if parameters.leaves_open() {
            "250"
        } else {
            "226"
        };
        peer.hear(end).await;
        assert_eq!(site.content("file"), b"new", "{parameters:?}");
        drop(open);
    }
    site.close().await;
}

/// RFC 959 § 3.3: one connection for many transfers, both ways and asked for ahead; a refused download does not end it.
pub async fn blocks_keep_their_connection<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut peer = Peer::login(&site).await;
    let contents = [&b""[..], b"one", &pattern(100_000)];
    for (name, content) in ["a", "b", "c"].iter().zip(contents) {
        site.put(name, content);
    }
    set(&mut peer, BLOCKS).await;
    let mut data = peer.open("RETR a").await;
    assert_eq!(read_marked(&mut data, BLOCKS).await, b"");
    peer.hear("250").await;
    for command in ["RETR b", "RETR nothing", "RETR c"] {
        peer.say(command).await;
    }
    // The second file may come in one read with the end of the first.
    let mut held = Vec::new();
    peer.hear("125").await;
    let one = read_next(&mut data, &mut held, BLOCKS).await;
    assert_eq!(one, b"one");
    peer.hear("250").await;
    peer.hear("550").await;
    peer.hear("125").await;
    assert!(read_next(&mut data, &mut held, BLOCKS).await == contents[2]);
    peer.hear("250").await;
    assert!(held.is_empty());
    for content in contents {
        peer.ask("STOR d", "125").await;
        let sent = convert(BLOCKS, Direction::Send, content);
        write_all(&mut data, &sent).await.unwrap();
        peer.hear("250").await;
        assert!(site.content("d") == content);
    }
    // What a client sent ahead of its turn is the next upload's, and no download's.
    peer.ask("STOR d", "125").await;
    let both = [&b"first"[..], b"second"].map(|file| convert(BLOCKS, Direction::Send, file));
    write_all(&mut data, &both.concat()).await.unwrap();
    peer.hear("250").await;
    peer.ask("RETR b", "125").await;
    assert_eq!(read_next(&mut data, &mut held, BLOCKS).await, b"one");
    peer.hear("250").await;
    peer.ask("STOR e", "125").await;
    peer.hear("250").await;
    assert_eq!(site.content("d"), b"first");
    assert_eq!(site.content("e"), b"second");
    site.close().await;
}

/// What ends a connection that was left open: its peer, an ABOR, a new port, another mode, a refused upload, and the session.
pub async fn kept_connections_end<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("a", b"one");
    let mut peer = Peer::login(&site).await;
    for (line, code) in [
        ("ABOR", "226"),
        ("EPSV", "229"),
        ("MODE S", "200"),
        ("STOR no/such", "550"),
        ("QUIT", "221"),
    ] {
        set(&mut peer, BLOCKS).await;
        let mut data = peer.open("RETR a").await;
        assert_eq!(read_marked(&mut data, BLOCKS).await, b"one");
        peer.hear("250").await;
        peer.ask(line, code).await;
        assert_eq!(read_to_end(&mut data).await.unwrap(), b"", "{line}");
    }
    let mut peer = Peer::login(&site).await;
    set(&mut peer, BLOCKS).await;
    let mut data = peer.open("RETR a").await;
    assert_eq!(read_marked(&mut data, BLOCKS).await, b"one");
    peer.hear("250").await;
    data.shutdown().unwrap();
    // Its end here says that the server has noticed.
    assert_eq!(read_to_end(&mut data).await.unwrap(), b"");
    peer.ask("RETR a", "425").await;
    site.close().await;
}

/// This project's client at this project's server: one EPSV for all that it moves in MODE B, and every mode both ways.
pub async fn a_client_keeps_the_connection<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut client = site.client().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    client.observe(move |trace| {
        if let Trace::Sent(command) = trace {
            log.lock().unwrap().extend(command.verb());
        }
    });
    for mode in [Mode::Block, Mode::Compressed, Mode::Deflate] {
        for structure in [Structure::File, Structure::Record] {
            let options = Options {
                structure,
                mode,
                ..Options::default()
            };
            for length in [0, 1, 70_000, 600_001] {
                let content = pattern(length);
                put(&mut client, "file", &content, options).await.unwrap();
                // The record bounds of an image are lost; its bytes are not.
                assert!(site.content("file") == content, "{mode} {length}");
                let back = get(&mut client, "file", options).await.unwrap();
                assert!(back == content, "{mode} {length}");
            }
        }
        let refused = get(
            &mut client,
            "nothing",
            Options {
                mode,
                ..Options::default()
            },
        )
        .await;
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    }
    let asked = std::mem::take(&mut *asked.lock().unwrap());
    let count = |verb| asked.iter().filter(|asked| **asked == verb).count();
    assert_eq!(count(Verb::Retr), 3 * (2 * 4 + 1));
    let deflated = 2 * 4 * 2 + 1;
    // One for MODE B, one for MODE C: a new mode begins anew.
    assert_eq!(count(Verb::Epsv), 2 + deflated, "{asked:?}");
    // A listing travels as a stream, and what comes after it in blocks again.
    let listing = client.list(None).await.unwrap();
    assert_eq!(listing.entries.len(), 1);
    client.quit().await.unwrap();
    site.close().await;
}

/// A download that is given up in the middle of its blocks, and one whose connection the server has closed meanwhile.
pub async fn a_client_recovers_in_blocks<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(3_000_000);
    site.put("file", &content);
    let options = Options {
        mode: Mode::Block,
        ..Options::default()
    };
    let mut client = site.client().await;
    assert!(get(&mut client, "file", options).await.unwrap() == content);
    let mut download = client.retrieve(arg("file"), options).await.unwrap();
    assert!(download.read().await.unwrap().is_some());
    drop(download);
    assert!(get(&mut client, "file", options).await.unwrap() == content);
    // An ABOR when nothing runs has the server close the connection that it had left open.
    client.raw(arg("ABOR")).await.unwrap();
    assert!(get(&mut client, "file", options).await.unwrap() == content);
    client.quit().await.unwrap();
    site.close().await;
}

/// IP and Synch as urgent data before the ABOR (RFC 959 § 4.1.3): the server takes them in line, and the session goes on.
pub async fn an_urgent_abort<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(3_000_000);
    site.put("file", &content);
    let mut config = client_config(PATIENCE);
    config.abort = AbortStyle::Synch;
    let mut client = site.client_with(config).await;
    for _ in 0..3 {
        let mut download = client
            .retrieve(arg("file"), Options::default())
            .await
            .unwrap();
        assert!(download.read().await.unwrap().is_some());
        drop(download);
        client.noop().await.unwrap();
    }
    assert!(get(&mut client, "file", Options::default()).await.unwrap() == content);
    client.quit().await.unwrap();
    site.close().await;
}

/// A restart marker is answered when what came before it is written, and says where that is (RFC 959 § 3.5).
pub async fn markers_are_answered<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"before, ");
    let mut peer = Peer::login(&site).await;
    set(&mut peer, BLOCKS).await;
    let mut data = peer.open("APPE file").await;
    write_all(&mut data, b"\x00\x00\x03new\x10\x00\x04here")
        .await
        .unwrap();
    assert_eq!(peer.hear("110").await, "110 MARK here = 11");
    assert_eq!(site.content("file"), b"before, new");
    write_all(&mut data, b"\x40\x00\x04 end").await.unwrap();
    peer.hear("250").await;
    assert_eq!(site.content("file"), b"before, new end");
    site.close().await;
}

/// A close before the mark, and what makes no sense, are no end; nor is what would be too much.
pub async fn what_has_no_end_is_not_kept<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut peer = Peer::login(&site).await;
    site.put("file", b"old");
    let deflate = Parameters {
        mode: Mode::Deflate,
        ..Parameters::IMAGE
    };
    let whole = convert(deflate, Direction::Send, &pattern(100_000));
    let bomb = convert(deflate, Direction::Send, &vec![0; 24 << 20]);
    for (parameters, data) in [
        (BLOCKS, &b"\x00\x00\x03new"[..]),
        (BLOCKS, b"\x00\x00\x03new\x01\x00\x00"),
        (deflate, &whole[..whole.len() - 1]),
        (deflate, b"not zlib"),
        (deflate, &[&whole[..], b"more"].concat()),
        (deflate, &bomb),
    ] {
        set(&mut peer, parameters).await;
        let mut open = peer.open("STOR file").await;
        // The server may have seen enough before it has all.
        let _ = write_all(&mut open, data).await;
        drop(open);
        peer.hear("426").await;
        assert_eq!(site.content("file"), b"old");
    }
    // And what cannot be sent breaks off, so that nobody takes it for a whole file.
    site.put("file", &pattern(66_000));
    let pages = Parameters {
        structure: Structure::Page,
        ..Parameters::IMAGE
    };
    set(&mut peer, pages).await;
    let mut open = peer.open("RETR file").await;
    assert!(read_to_end(&mut open).await.is_err(), "no reset");
    peer.hear("426").await;
    site.close().await;
}
