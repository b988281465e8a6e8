//! Server and client together: what is dropped or breaks in the middle leaves files whole and sessions usable.

use std::future::{Future as _, poll_fn};
use std::task::Poll;

use bytes::Bytes;
use ftp_sansio::server::Event;
use ftp_sansio::wire::DigestAlgorithm;

use super::peer::Peer;
use super::polled;
use super::site::{ANNA, LARGE, LONG, Site, Tricky, arg, client_config, get, pattern, put, secret};
use super::support::{read, write_all};
use crate::client::{Client, DataPath, Error, Options};
use crate::runtime::{Runtime, Stream};

const OLD: &[u8] = b"the old file";

/// A download that nobody wants any more is aborted, at its beginning, in its middle and at its end; the session goes on.
pub async fn a_dropped_download_is_aborted<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(3_000_000);
    site.put("file", &content);
    let mut client = site.client().await;
    for name in ["file", Tricky::<R>::ENDLESS] {
        for pieces in [0, 1, 5] {
            let mut download = client
                .retrieve(arg(name), Options::default())
                .await
                .unwrap();
            for _ in 0..pieces {
                assert!(download.read().await.unwrap().is_some());
            }
            drop(download);
            assert!(client.is_usable());
            client.noop().await.unwrap();
        }
        let download = client
            .retrieve(arg(name), Options::default())
            .await
            .unwrap();
        assert!(matches!(download.finish().await, Err(Error::Aborted)));
        assert!(get(&mut client, "file", Options::default()).await.unwrap() == content);
    }
    let mut download = client
        .retrieve(arg("file"), Options::default())
        .await
        .unwrap();
    while download.read().await.unwrap().is_some() {}
    drop(download);
    assert_eq!(client.list(None).await.unwrap().entries.len(), 1);
    drop(
        client
            .retrieve(arg("file"), Options::default())
            .await
            .unwrap(),
    );
    client.quit().await.unwrap();
    site.close().await;
}

/// An upload that is dropped has not happened; the session goes on.
pub async fn a_dropped_upload_changes_nothing<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", OLD);
    let mut client = site.client().await;
    for pieces in [0, 1, 20] {
        for name in ["file", "fresh"] {
            let mut upload = client.store(arg(name), Options::default()).await.unwrap();
            for _ in 0..pieces {
                upload.write(pattern(100_000).into()).await.unwrap();
            }
            drop(upload);
            assert!(client.is_usable());
            client.noop().await.unwrap();
            assert_eq!(site.scratch.names_on_disk(""), ["file"]);
            assert_eq!(site.content("file"), OLD);
        }
    }
    put(&mut client, "file", b"new", Options::default())
        .await
        .unwrap();
    client.quit().await.unwrap();
    assert_eq!(site.content("file"), b"new");
    site.close().await;
}

/// More polls than any operation here takes.
const MOST_POLLS: usize = 10_000;

/// Drops an operation after every number of polls that it takes; the session must be in step after each, or over and say so. `prepare` makes
/// the files what the operation needs, and `check` looks at what has become of them. Tells how many polls there were.
async fn drop_at_every_poll<R: Runtime, T>(
    site: &Site<R>,
    name: &str,
    path: DataPath,
    prepare: impl Fn(&Site<R>),
    operation: impl AsyncFn(&mut Client<R>) -> Result<T, Error>,
    check: impl Fn(&Site<R>),
) {
    let mut config = client_config(LONG);
    config.data_path = path;
    let name = format!("{name} ({path:?})");
    let connect = async || site.client_with(config.clone()).await;
    drop_at_every_poll_of(site, &name, connect, prepare, operation, check).await;
}

/// The same with clients that are had in this way.
pub(super) async fn drop_at_every_poll_of<R: Runtime, T>(
    site: &Site<R>,
    name: &str,
    connect: impl AsyncFn() -> Client<R>,
    prepare: impl Fn(&Site<R>),
    operation: impl AsyncFn(&mut Client<R>) -> Result<T, Error>,
    check: impl Fn(&Site<R>),
) {
    let mut client = connect().await;
    for times in 0..MOST_POLLS {
        prepare(site);
        let outcome = polled(times, operation(&mut client)).await;
        if client.is_usable() {
            let folder = client.working_folder().await.unwrap();
            assert_eq!(folder, arg("/"), "out of step after {times} polls");
            let known = get(&mut client, "known", Options::default()).await.unwrap();
            assert_eq!(known, b"known", "out of step after {times} polls");
        } else {
            let after = client.noop().await;
            assert!(after.is_err(), "it is over, after {times} polls: {after:?}");
            client = connect().await;
        }
        check(site);
        if let Some(outcome) = outcome {
            assert!(outcome.is_ok(), "{name} fails after {times} polls");
            println!("{name}: dropped after 0 to {} polls", times - 1);
            return client.quit().await.unwrap();
        }
    }
    panic!("{name} never ends");
}

fn remove<R: Runtime>(site: &Site<R>, name: &str) {
    let path = site.scratch.root.join(name);
    let _ = std::fs::remove_dir(&path).or_else(|_| std::fs::remove_file(&path));
}

/// Every operation may be dropped at any time: those that ask.
pub async fn any_poll_may_be_the_last<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("known", b"known");
    site.put("file", &pattern(150_000));
    macro_rules! drop_each {
        ($($name:literal: $operation:expr;)+) => {$(
            let operation = async |client: &mut Client<R>| $operation(client).await;
            drop_at_every_poll(&site, $name, DataPath::Passive, |_| {}, operation, |_| {}).await;
        )+};
    }
    drop_each! {
        "login": async |client: &mut Client<R>| client.login(arg(ANNA.0), secret(ANNA.1)).await;
        "features": Client::features;
        "working_folder": Client::working_folder;
        "change_folder": async |client: &mut Client<R>| client.change_folder(arg("/")).await;
        "parent_folder": Client::parent_folder;
        "size": async |client: &mut Client<R>| client.size(arg("file")).await;
        "modified": async |client: &mut Client<R>| client.modified(arg("file")).await;
        "inspect": async |client: &mut Client<R>| client.inspect(arg("file")).await;
        "digest": async |client: &mut Client<R>| {
            client.digest(arg("file"), DigestAlgorithm::Crc32).await
        };
        "noop": Client::noop;
        "raw": async |client: &mut Client<R>| client.raw(arg("STAT")).await;
        "list": async |client: &mut Client<R>| client.list(None).await;
        "entries": async |client: &mut Client<R>| {
            let mut entries = client.entries(None).await?;
            while entries.next().await?.is_some() {}
            entries.finish().await
        };
    }
    site.close().await;
}

/// A digest that is dropped may have changed by what the server digests: the next is by its own algorithm all the same.
pub async fn a_dropped_digest_leaves_its_algorithm<R: Runtime>(runtime: R) {
    use DigestAlgorithm::{Sha256, Sha512};

    let site = Site::new(runtime);
    site.put("file", b"content");
    let mut client = site.client().await;
    for (dropped, next) in [(Sha512, Sha256), (Sha256, Sha512)] {
        let right = client.digest(arg("file"), next).await.unwrap();
        assert_eq!(right.len(), next.digest_len());
        let mut times = 0;
        loop {
            let outcome = polled(times, client.digest(arg("file"), dropped)).await;
            let told = client.digest(arg("file"), next).await;
            assert_eq!(told.unwrap(), right, "after {times} polls");
            if let Some(outcome) = outcome {
                assert_eq!(outcome.unwrap().len(), dropped.digest_len());
                println!("digest: dropped after 0 to {} polls", times - 1);
                break;
            }
            times += 1;
        }
    }
    client.quit().await.unwrap();
    site.close().await;
}

/// To connect may be given up too, and so may the goodbye: the server is rid of either, and takes the next.
pub async fn any_poll_may_end_a_connect<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut ends = [None; 2];
    for times in 0..MOST_POLLS {
        if let Some(connected) = polled(times, site.stranger()).await {
            connected.unwrap();
            ends[0].get_or_insert(times - 1);
        }
        let client = site.client().await;
        if let Some(gone) = polled(times, client.quit()).await {
            gone.unwrap();
            ends[1].get_or_insert(times - 1);
        }
        if let [Some(connect), Some(quit)] = ends {
            println!("connect: dropped after 0 to {connect} polls");
            println!("quit: dropped after 0 to {quit} polls");
            return drop(site.close().await);
        }
    }
    panic!("it never ends");
}

/// A download too, whole or in part, by either way to a data connection.
pub async fn any_poll_may_end_a_download<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("known", b"known");
    site.put("file", &pattern(150_000));
    for path in [DataPath::Passive, DataPath::Active] {
        for offset in [0, 50_000] {
            let options = Options {
                offset,
                ..Options::default()
            };
            let download = async |client: &mut Client<R>| get(client, "file", options).await;
            drop_at_every_poll(&site, "retrieve", path, |_| {}, download, |_| {}).await;
        }
    }
    site.close().await;
}

/// An upload too: the file is the old one or the new one.
pub async fn any_poll_may_end_an_upload<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let new = pattern(150_000);
    site.put("known", b"known");
    for path in [DataPath::Passive, DataPath::Active] {
        let prepare = |site: &Site<R>| site.put("file", OLD);
        let upload =
            async |client: &mut Client<R>| put(client, "file", &new, Options::default()).await;
        let check = |site: &Site<R>| {
            let content = site.content("file");
            assert!(
                content == OLD || content == new,
                "half a file of {} bytes",
                content.len()
            );
        };
        drop_at_every_poll(&site, "store", path, prepare, upload, check).await;
        assert!(site.content("file") == new);
    }
    site.close().await;
}

/// What changes names has happened or has not, since it cannot be tried twice.
pub async fn any_poll_may_end_a_change<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("known", b"known");
    let path = DataPath::Passive;
    let prepare = |site: &Site<R>| {
        site.put("from", b"content");
        remove(site, "to");
    };
    let rename = async |client: &mut Client<R>| client.rename(arg("from"), arg("to")).await;
    let check = |site: &Site<R>| {
        let names = site.scratch.names_on_disk("");
        assert!(
            names.contains(&"from".into()) != names.contains(&"to".into()),
            "{names:?}"
        );
    };
    drop_at_every_poll(&site, "rename", path, prepare, rename, check).await;
    assert_eq!(site.scratch.names_on_disk(""), ["known", "to"]);
    let prepare = |site: &Site<R>| site.put("to", b"content");
    let delete = async |client: &mut Client<R>| client.delete(arg("to")).await;
    drop_at_every_poll(&site, "delete", path, prepare, delete, |_| {}).await;
    let prepare = |site: &Site<R>| remove(site, "folder");
    let make = async |client: &mut Client<R>| client.make_folder(arg("folder")).await;
    drop_at_every_poll(&site, "make_folder", path, prepare, make, |_| {}).await;
    assert_eq!(site.scratch.names_on_disk(""), ["folder", "known"]);
    let prepare = |site: &Site<R>| {
        let _ = std::fs::create_dir(site.scratch.root.join("folder"));
    };
    let unmake = async |client: &mut Client<R>| client.remove_folder(arg("folder")).await;
    drop_at_every_poll(&site, "remove_folder", path, prepare, unmake, |_| {}).await;
    assert_eq!(site.scratch.names_on_disk(""), ["known"]);
    site.close().await;
}

/// A read that is dropped has taken nothing; a write that is dropped has lost nothing.
pub async fn dropped_pieces_are_not_lost<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(LARGE);
    let mut client = site.client().await;
    let mut upload = client.store(arg("file"), Options::default()).await.unwrap();
    for piece in content.chunks(LARGE / 3 + 1) {
        let mut writing = Box::pin(upload.write(Bytes::copy_from_slice(piece)));
        // One poll takes the piece; what of it fits is on its way then.
        let _ = poll_fn(|context| Poll::Ready(writing.as_mut().poll(context))).await;
    }
    upload.finish().await.unwrap();
    assert!(site.content("file") == content, "the upload has a hole");
    let mut download = client
        .retrieve(arg("file"), Options::default())
        .await
        .unwrap();
    let mut all = Vec::new();
    loop {
        let first = polled(1, download.read()).await;
        let piece = match first {
            Some(piece) => piece,
            None => download.read().await,
        };
        let Some(piece) = piece.unwrap() else { break };
        all.extend_from_slice(&piece);
    }
    download.finish().await.unwrap();
    assert!(all == content, "the download has a hole");
    drop(client);
    site.close().await;
}

/// How a client may go away while it uploads.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Leaving {
    /// Its process ends: all its sockets are closed, the oldest first.
    Killed,
    /// The network resets both connections.
    Reset,
    /// The control connection alone is closed; the data connection stays open, silent.
    ControlOnly,
}

/// A client that vanishes in the middle of an upload has uploaded nothing, and the server takes the next one.
pub async fn a_client_vanishes<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", OLD);
    for leaving in [Leaving::Killed, Leaving::Reset, Leaving::ControlOnly].repeat(10) {
        let mut peer = Peer::login(&site).await;
        let mut data = peer.open("STOR file").await;
        write_all(&mut data, &pattern(300_000)).await.unwrap();
        if leaving == Leaving::Reset {
            peer.stream.reset_on_drop();
            data.reset_on_drop();
        }
        drop(peer);
        if leaving == Leaving::ControlOnly {
            // The server lets go of it by itself.
            assert!(
                read(&mut data, &mut [0]).await.is_err(),
                "a part must not look whole"
            );
        }
        drop(data);
        let mut next = site.client().await;
        assert_eq!(
            get(&mut next, "file", Options::default()).await.unwrap(),
            OLD,
            "{leaving:?}"
        );
        next.quit().await.unwrap();
    }
    assert_eq!(site.close().await.content("file").as_bytes(), OLD);
}

/// An upload whose data connection breaks is told so and not committed; the session goes on.
pub async fn a_reset_is_not_an_end<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", OLD);
    let mut peer = Peer::login(&site).await;
    for _ in 0..10 {
        let mut data = peer.open("STOR file").await;
        write_all(&mut data, &pattern(300_000)).await.unwrap();
        data.reset_on_drop();
        drop(data);
        peer.hear("426").await;
        assert_eq!(site.scratch.names_on_disk(""), ["file"]);
        assert_eq!(site.content("file"), OLD);
    }
    peer.store("STOR file", b"new").await;
    drop(peer);
    assert_eq!(site.close().await.content("file"), "new");
}

/// A break in what is written in place leaves what had arrived, from which the upload can go on.
pub async fn a_broken_append_can_go_on<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(LARGE / 4);
    site.put("file", &content[..1000]);
    let mut peer = Peer::login(&site).await;
    let mut data = peer.open("APPE file").await;
    write_all(&mut data, &content[1000..]).await.unwrap();
    data.reset_on_drop();
    drop(data);
    peer.hear("426").await;
    drop(peer);
    let arrived = site.content("file");
    assert!(content.starts_with(&arrived) && arrived.len() >= 1000);
    let mut client = site.client().await;
    let size = client.size(arg("file")).await.unwrap();
    let rest = Options {
        offset: size,
        ..Options::default()
    };
    put(&mut client, "file", &content[arrived.len()..], rest)
        .await
        .unwrap();
    assert!(site.content("file") == content);
    client.quit().await.unwrap();
    site.close().await;
}

/// A full disk is told to who uploads; the old file stays, and the session goes on.
pub async fn a_full_disk_is_told<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let name = Tricky::<R>::FULL;
    site.put(name, OLD);
    let mut client = site.client().await;
    for size in [Tricky::<R>::ROOM + 1, LARGE] {
        let told = put(&mut client, name, &pattern(size), Options::default())
            .await
            .unwrap_err();
        assert!(
            matches!(&told, Error::Incomplete(Some(reply)) if reply.to_string().starts_with("452")),
            "{told:?}"
        );
        assert!(told.is_retryable());
        assert!(client.is_usable());
        assert_eq!(site.content(name), OLD);
        assert_eq!(site.scratch.names_on_disk(""), [name]);
    }
    put(
        &mut client,
        name,
        &pattern(Tricky::<R>::ROOM),
        Options::default(),
    )
    .await
    .unwrap();
    client.quit().await.unwrap();
    site.log
        .wait_for(|event| matches!(event, Event::TransferEnded(report) if report.outcome.is_err()))
        .await;
    site.close().await;
}
