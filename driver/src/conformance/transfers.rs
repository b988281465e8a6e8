//! Server and client together: files both ways, whole and in parts; folders, names, listings.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ftp_sansio::listing::{Dialect, Kind, Parser};
use ftp_sansio::wire::{DateTime, Representation};

use super::peer::Peer;
use super::site::{LARGE, Site, Tricky, arg, get, pattern, put};
use super::support::{read, read_to_end, write_all};
use crate::client::{Error, Options};
use crate::runtime::Runtime;

const SIZES: [usize; 4] = [0, 1, 64 * 1024 + 1, 5 * 1024 * 1024 + 3];

fn from(offset: usize) -> Options {
    Options {
        offset: offset as u64,
        ..Options::default()
    }
}

fn ascii() -> Options {
    Options {
        representation: Representation::default(),
        ..Options::default()
    }
}

/// Files of all sizes arrive as they were.
pub async fn moves_every_size<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut client = site.client().await;
    for size in SIZES {
        let content = pattern(size);
        put(&mut client, "file", &content, Options::default())
            .await
            .unwrap();
        assert!(
            site.content("file") == content,
            "{size} bytes were stored changed"
        );
        assert_eq!(client.size(arg("file")).await.unwrap(), size as u64);
        let back = get(&mut client, "file", Options::default()).await.unwrap();
        assert!(back == content, "{size} bytes came back changed");
    }
    client.quit().await.unwrap();
    assert_eq!(site.close().await.names_on_disk(""), ["file"]);
}

/// One write of many pieces, and a reply that counts them.
pub async fn counts_what_moved<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut client = site.client().await;
    let content = pattern(3 * 1024 * 1024);
    let mut upload = client.store(arg("file"), Options::default()).await.unwrap();
    upload.write(Bytes::from(content.clone())).await.unwrap();
    upload.write(Bytes::new()).await.unwrap();
    let transferred = upload.finish().await.unwrap();
    assert_eq!(transferred.bytes, content.len() as u64);
    assert!(transferred.reply.to_string().starts_with("226"));
    let mut download = client
        .retrieve(arg("file"), Options::default())
        .await
        .unwrap();
    let mut count = 0;
    while let Some(bytes) = download.read().await.unwrap() {
        count += bytes.len() as u64;
    }
    assert_eq!(
        download.read().await.unwrap(),
        None,
        "the end stays the end"
    );
    let transferred = download.finish().await.unwrap();
    assert_eq!(
        (transferred.bytes, count),
        (content.len() as u64, content.len() as u64)
    );
    drop(client);
    site.close().await;
}

/// A download goes on where it broke off: at every place up to the end, and not past it.
pub async fn resumes_downloads<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(70_000);
    site.put("file", &content);
    let mut client = site.client().await;
    for offset in [1, 4096, 69_999, 70_000] {
        let rest = get(&mut client, "file", from(offset)).await.unwrap();
        assert!(rest == content[offset..], "from {offset} on");
    }
    let past = get(&mut client, "file", from(70_001)).await;
    assert!(matches!(past, Err(Error::Refused(_))), "{past:?}");
    // The offset was for that one download.
    assert!(get(&mut client, "file", Options::default()).await.unwrap() == content);
    client.quit().await.unwrap();
    site.close().await;
}

/// An upload goes on where it broke off: REST and STOR write in place, APPE after the end.
pub async fn resumes_uploads<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(200_000);
    site.put("file", &content[..50_000]);
    let mut client = site.client().await;
    put(&mut client, "file", &content[50_000..120_000], from(50_000))
        .await
        .unwrap();
    assert!(site.content("file") == content[..120_000]);
    let past = put(&mut client, "file", b"x", from(120_001)).await;
    assert!(matches!(past, Err(Error::Refused(_))), "{past:?}");
    for name in ["file", "fresh"] {
        let mut upload = client.append(arg(name), Options::default()).await.unwrap();
        upload
            .write(Bytes::copy_from_slice(&content[120_000..]))
            .await
            .unwrap();
        upload.finish().await.unwrap();
    }
    assert!(site.content("file") == content);
    assert!(site.content("fresh") == content[120_000..]);
    put(&mut client, "file", b"short", Options::default())
        .await
        .unwrap();
    assert_eq!(site.content("file"), b"short");
    client.quit().await.unwrap();
    site.close().await;
}

/// Under TYPE A lines travel with CRLF, and are LF on either side; a CR may end a piece.
pub async fn converts_line_ends<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let text: Vec<u8> = b"line\n\nanother line\n".repeat(30_000);
    let on_the_wire = String::from_utf8(text.clone())
        .unwrap()
        .replace('\n', "\r\n")
        .into_bytes();
    let mut client = site.client().await;
    put(&mut client, "text", &text, ascii()).await.unwrap();
    assert!(site.content("text") == text);
    assert!(get(&mut client, "text", ascii()).await.unwrap() == text);
    client.quit().await.unwrap();
    let mut peer = Peer::login(&site).await;
    peer.ask("TYPE A", "200").await;
    assert!(peer.fetch("RETR text").await == on_the_wire);
    peer.store("STOR back", &on_the_wire).await;
    assert!(site.content("back") == text);
    peer.ask("TYPE I", "200").await;
    peer.store("STOR crlf", &on_the_wire).await;
    assert!(site.content("crlf") == on_the_wire);
    drop(peer);
    site.close().await;
}

const NAMES: [&str; 8] = [
    "with spaces ",
    " in front",
    "grüße 日本",
    "-dash",
    "say \"hello\"",
    "it's;a=b",
    "*?[x]",
    "...",
];

/// A name is bytes: none is taken for an option, a pattern or two words.
pub async fn takes_any_name<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut client = site.client().await;
    for name in NAMES {
        put(&mut client, name, name.as_bytes(), Options::default())
            .await
            .unwrap();
        assert_eq!(site.content(name), name.as_bytes());
        assert_eq!(
            get(&mut client, name, Options::default()).await.unwrap(),
            name.as_bytes()
        );
        assert_eq!(client.size(arg(name)).await.unwrap(), name.len() as u64);
        client.inspect(arg(name)).await.unwrap();
    }
    let listing = client.list(None).await.unwrap();
    let mut names: Vec<_> = listing
        .entries
        .iter()
        .map(|entry| &entry.name[..])
        .collect();
    names.sort();
    let mut wanted = NAMES.map(str::as_bytes);
    wanted.sort();
    assert_eq!(names, wanted);
    for name in NAMES {
        client.delete(arg(name)).await.unwrap();
        client.make_folder(arg(name)).await.unwrap();
        client.change_folder(arg(name)).await.unwrap();
        assert_eq!(
            client.working_folder().await.unwrap(),
            arg(&format!("/{name}"))
        );
        client.parent_folder().await.unwrap();
        client.remove_folder(arg(name)).await.unwrap();
    }
    client.quit().await.unwrap();
    assert!(site.close().await.names_on_disk("").is_empty());
}

/// A large folder, by facts and by `ls` lines.
pub async fn lists_a_thousand_files<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut wanted: Vec<String> = (0..1000)
        .map(|number| format!("file {number}.txt"))
        .collect();
    for name in &wanted {
        site.put(name, name.as_bytes());
    }
    wanted.sort();
    let mut client = site.client().await;
    let listing = client.list(None).await.unwrap();
    assert_eq!(
        (listing.dialect, listing.unparsed_count),
        (Some(Dialect::Mlsx), 0)
    );
    let mut entries = client.entries(None).await.unwrap();
    let mut streamed = Vec::new();
    while let Some(entry) = entries.next().await.unwrap() {
        streamed.push(entry);
    }
    let summary = entries.finish().await.unwrap();
    assert_eq!((summary.entries, summary.confidence), (1000, 100));
    assert_eq!(streamed, listing.entries);
    check_listing(listing.entries, &wanted);
    // One that is dropped half-way leaves the session usable.
    let mut entries = client.entries(None).await.unwrap();
    assert!(entries.next().await.unwrap().is_some());
    drop(entries);
    client.quit().await.unwrap();
    let mut peer = Peer::login(&site).await;
    let mut parser = Parser::new(None);
    parser.feed(&peer.fetch("LIST -la").await);
    let listing = parser.finish();
    assert_eq!(listing.unparsed_count, 0);
    check_listing(listing.entries, &wanted);
    let names = String::from_utf8(peer.fetch("NLST").await).unwrap();
    let mut names: Vec<&str> = names.lines().collect();
    names.sort_unstable();
    assert_eq!(names, wanted);
    drop(peer);
    site.close().await;
}

fn check_listing(mut entries: Vec<ftp_sansio::listing::Entry>, wanted: &[String]) {
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<_> = entries
        .iter()
        .map(|entry| std::str::from_utf8(&entry.name).unwrap())
        .collect();
    assert_eq!(names, wanted);
    for entry in entries {
        assert_eq!(
            (entry.kind, entry.size),
            (Kind::File, Some(entry.name.len() as u64))
        );
    }
}

/// Folders and files are made, named, described and removed.
pub async fn changes_files<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut client = site.client().await;
    client.make_folder(arg("folder")).await.unwrap();
    assert!(matches!(
        client.make_folder(arg("folder")).await,
        Err(Error::Refused(_))
    ));
    client.change_folder(arg("folder")).await.unwrap();
    put(&mut client, "file", b"12345", Options::default())
        .await
        .unwrap();
    client.rename(arg("file"), arg("../moved")).await.unwrap();
    assert_eq!(site.content("moved"), b"12345");
    assert!(matches!(
        client.rename(arg("file"), arg("x")).await,
        Err(Error::Refused(_))
    ));
    client.parent_folder().await.unwrap();
    assert_eq!(client.size(arg("moved")).await.unwrap(), 5);
    assert_eq!(
        client.inspect(arg("folder")).await.unwrap().kind,
        Kind::Folder
    );
    site.put("folder/inside", b"");
    assert!(matches!(
        client.remove_folder(arg("folder")).await,
        Err(Error::Refused(_))
    ));
    client.delete(arg("folder/inside")).await.unwrap();
    client.remove_folder(arg("folder")).await.unwrap();
    assert!(matches!(
        client.delete(arg("folder")).await,
        Err(Error::Refused(_))
    ));
    client.quit().await.unwrap();
    assert_eq!(site.close().await.names_on_disk(""), ["moved"]);
}

/// MDTM tells the file's own time, in UTC.
pub async fn tells_when_files_changed<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"");
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * 365 + 3661);
    let file = std::fs::File::options()
        .write(true)
        .open(site.scratch.root.join("file"))
        .unwrap();
    file.set_modified(time).unwrap();
    let mut client = site.client().await;
    let told = client.modified(arg("file")).await.unwrap();
    assert_eq!(told, DateTime::from_unix(86_400 * 365 + 3661, 0).unwrap());
    client.quit().await.unwrap();
    site.close().await;
}

/// While a download runs, STAT and ABOR are answered at once; after the ABOR the session goes on.
pub async fn answers_during_a_transfer<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"content");
    let mut peer = Peer::login(&site).await;
    for _ in 0..3 {
        let mut data = peer.open(&format!("RETR {}", Tricky::<R>::ENDLESS)).await;
        read(&mut data, &mut [0; 1000]).await.unwrap();
        let status = peer.ask("STAT", "211").await;
        assert!(status.contains("RETR"), "{status}");
        // What comes while it runs waits; the ABOR overtakes it.
        peer.say("NOOP").await;
        peer.ask("ABOR", "426").await;
        peer.hear("226").await;
        peer.hear("200").await;
        peer.ask("ABOR", "226").await;
        assert_eq!(peer.fetch("RETR file").await, b"content");
    }
    peer.ask("QUIT", "221").await;
    peer.hear_the_end().await;
    site.close().await;
}

/// A QUIT that comes while a transfer runs waits for its end.
pub async fn quits_after_the_transfer<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(LARGE);
    site.put("file", &content);
    let mut peer = Peer::login(&site).await;
    let mut data = peer.open("RETR file").await;
    peer.say("QUIT").await;
    peer.ask("STAT", "211").await;
    assert!(read_to_end(&mut data).await.unwrap() == content);
    peer.hear("226").await;
    peer.hear("221").await;
    peer.hear_the_end().await;
    site.close().await;
}

/// The same for an upload, which then has not happened; with the Telnet signals that RFC 959 has before an ABOR.
pub async fn aborts_uploads<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"old");
    let mut peer = Peer::login(&site).await;
    let mut data = peer.open("STOR file").await;
    write_all(&mut data, &pattern(100_000)).await.unwrap();
    peer.ask("STAT", "211").await;
    write_all(&mut peer.stream, b"\xff\xf4\xff\xf2ABOR\r\n")
        .await
        .unwrap();
    peer.hear("426").await;
    peer.hear("226").await;
    assert_eq!(site.content("file"), b"old");
    peer.store("STOR file", b"new").await;
    drop(peer);
    assert_eq!(site.content("file"), b"new");
    site.close().await;
}
