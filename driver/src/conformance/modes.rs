//! A server's data under every TYPE, STRU and MODE, for a peer that speaks them itself.

use ftp_sansio::data::{Direction, End, Parameters, Status};
use ftp_sansio::wire::{Format, Mode, Representation, Structure};

use super::peer::Peer;
use super::site::{Site, pattern};
use super::support::{read_to_end, write_all};
use crate::runtime::Runtime;

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
                let sent = convert(parameters, Direction::Send, file);
                peer.store("STOR file", &sent).await;
                assert!(site.content("file") == file, "{parameters:?}: received");
                let fetched = peer.fetch("RETR file").await;
                let back = convert(parameters, Direction::Receive, &fetched);
                assert!(back == file, "{parameters:?}: sent");
                let listing = peer.fetch("NLST").await;
                let listing_comes_as = Parameters {
                    representation: Representation::Image,
                    ..parameters
                };
                let listing = convert(listing_comes_as, Direction::Receive, &listing);
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
        peer.hear("226").await;
        assert_eq!(site.content("file"), b"new", "{parameters:?}");
        drop(open);
    }
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
