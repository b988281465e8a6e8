//! Downloads and uploads as readers and writers, listings as streams, and what they tell of their progress.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

use futures_core::Stream as _;
use futures_io::{AsyncRead, AsyncWrite};

use super::peer::Peer;
use super::servers::after_login;
use super::site::{LONG, Site, Tricky, arg, client_config, pattern};
use super::support::write_all;
use crate::client::{Client, Error, Options};
use crate::runtime::{Runtime, Stream};

async fn read_all(reader: &mut (impl AsyncRead + Unpin), size: usize) -> io::Result<Vec<u8>> {
    let (mut all, mut room) = (Vec::new(), vec![0; size]);
    loop {
        let read = poll_fn(|context| Pin::new(&mut *reader).poll_read(context, &mut room));
        match read.await? {
            0 => return Ok(all),
            count => all.extend_from_slice(&room[..count]),
        }
    }
}

async fn write(writer: &mut (impl AsyncWrite + Unpin), mut data: &[u8]) -> io::Result<()> {
    while !data.is_empty() {
        let written = poll_fn(|context| Pin::new(&mut *writer).poll_write(context, data));
        data = &data[written.await?..];
    }
    Ok(())
}

async fn close(writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    poll_fn(|context| Pin::new(&mut *writer).poll_flush(context)).await?;
    poll_fn(|context| Pin::new(&mut *writer).poll_close(context)).await
}

/// Whole files of every size, in pieces of every size; `finish` may follow, and tells the same.
pub async fn readers_and_writers<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut client = site.client().await;
    for size in [0, 1, 4095, 3_000_000] {
        let content = pattern(size);
        for piece in [7_001, 1 << 20] {
            let mut upload = client.store(arg("file"), Options::default()).await.unwrap();
            for part in content.chunks(piece) {
                write(&mut upload, part).await.unwrap();
            }
            close(&mut upload).await.unwrap();
            close(&mut upload).await.unwrap();
            assert_eq!(upload.finish().await.unwrap().bytes, size as u64);
            assert!(site.content("file") == content);
            let mut download = client
                .retrieve(arg("file"), Options::default())
                .await
                .unwrap();
            assert!(read_all(&mut download, piece).await.unwrap() == content);
            assert_eq!(
                read_all(&mut download, 1).await.unwrap(),
                b"",
                "the end stays the end"
            );
            assert_eq!(download.finish().await.unwrap().bytes, size as u64);
        }
    }
    // What a reader has left, `read` gives.
    let mut download = client
        .retrieve(arg("file"), Options::default())
        .await
        .unwrap();
    let mut room = [0; 1000];
    let count = poll_fn(|context| Pin::new(&mut download).poll_read(context, &mut room))
        .await
        .unwrap();
    let mut all = room[..count].to_vec();
    while let Some(bytes) = download.read().await.unwrap() {
        all.extend_from_slice(&bytes);
    }
    download.finish().await.unwrap();
    assert!(all == pattern(3_000_000));
    client.quit().await.unwrap();
    site.close().await;
}

/// A reader's end is the whole file: where data broke off, or the server does not say that it was all, there is an error instead.
pub async fn an_end_is_the_whole<R: Runtime>(runtime: R) {
    for (reset, last) in [
        (false, "426 That was not all."),
        (true, "226 Done."),
        (true, "426 Broken."),
    ] {
        let script = async |peer: &mut Peer<R>| {
            peer.answer("TYPE I", "200 Yes.").await;
            let mut data = peer.answer_transfer("RETR", "150 Coming.").await;
            write_all(&mut data, b"some").await.unwrap();
            if reset {
                data.reset_on_drop();
            }
            drop(data);
            peer.say(last).await;
        };
        let operation = async |client: &mut Client<R>| {
            let told = match client.retrieve(arg("file"), Options::default()).await {
                Ok(mut download) => {
                    let told = read_all(&mut download, 3).await.unwrap_err();
                    // And it does not look like an end afterwards.
                    assert!(read_all(&mut download, 3).await.is_err());
                    told
                }
                // The server's last word may be there before anything is read.
                Err(told) => told.into(),
            };
            assert_eq!(told.kind(), io::ErrorKind::UnexpectedEof, "{told:?}");
            let error = told
                .get_ref()
                .and_then(|error| error.downcast_ref::<Error>());
            assert!(matches!(error, Some(Error::Incomplete(_))), "{told:?}");
        };
        let mut config = client_config(LONG);
        config.pipelining = false;
        after_login(&runtime, config, script, operation).await;
    }
}

/// A writer that is dropped before it was closed has stored nothing; one that fails says so.
pub async fn a_writer_that_is_not_closed_aborts<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"the old file");
    let mut client = site.client().await;
    let mut upload = client.store(arg("file"), Options::default()).await.unwrap();
    write(&mut upload, &pattern(200_000)).await.unwrap();
    poll_fn(|context| Pin::new(&mut upload).poll_flush(context))
        .await
        .unwrap();
    drop(upload);
    client.noop().await.unwrap();
    assert_eq!(site.content("file"), b"the old file");
    let name = arg(Tricky::<R>::FULL);
    let mut upload = client.store(name, Options::default()).await.unwrap();
    let written = write(&mut upload, &pattern(Tricky::<R>::ROOM * 20)).await;
    let told = match written {
        Ok(()) => close(&mut upload).await.unwrap_err(),
        Err(told) => told,
    };
    let error = told
        .get_ref()
        .and_then(|error| error.downcast_ref::<Error>());
    assert!(
        matches!(error, Some(Error::Incomplete(Some(_)))),
        "{told:?}"
    );
    assert!(close(&mut upload).await.is_err());
    drop(upload);
    client.quit().await.unwrap();
    assert_eq!(site.close().await.names_on_disk(""), ["file"]);
}

/// A listing as a stream.
pub async fn entries_are_a_stream<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    for number in 0..300 {
        site.put(&format!("file-{number:03}"), b"");
    }
    let mut client = site.client().await;
    let mut entries = client.entries(None).await.unwrap();
    let mut names = Vec::new();
    while let Some(entry) = poll_fn(|context| Pin::new(&mut entries).poll_next(context)).await {
        names.push(String::from_utf8(entry.unwrap().name.to_vec()).unwrap());
    }
    let after = poll_fn(|context| Pin::new(&mut entries).poll_next(context)).await;
    assert!(after.is_none(), "the end stays the end");
    drop(entries);
    names.retain(|name| name.starts_with("file-"));
    names.sort();
    assert_eq!(names.len(), 300);
    assert!(
        names
            .iter()
            .enumerate()
            .all(|(at, name)| *name == format!("file-{at:03}"))
    );
    client.quit().await.unwrap();
    site.close().await;
}

/// Bytes, total, time and rate, from the transfer and from beside it.
pub async fn progress_is_told<R: Runtime>(runtime: R) {
    let site = Site::new(runtime.clone());
    let content = pattern(2_000_000);
    site.put("file", &content);
    let mut client = site.client().await;
    let mut download = client
        .retrieve(arg("file"), Options::default())
        .await
        .unwrap();
    download.expect(content.len() as u64);
    let meter = download.meter();
    let mut received = 0;
    while let Some(bytes) = download.read().await.unwrap() {
        received += bytes.len() as u64;
        let progress = download.progress();
        assert_eq!(progress.bytes, received);
        assert_eq!(progress.total, Some(2_000_000));
        assert_eq!(meter.progress().bytes, received);
    }
    assert_eq!(received, 2_000_000);
    let finished = download.finish().await.unwrap();
    let last = meter.progress();
    assert_eq!(
        (last.bytes, last.eta),
        (finished.bytes, Some(std::time::Duration::ZERO))
    );
    super::site::pause(&site.runtime, std::time::Duration::from_millis(20)).await;
    assert_eq!(meter.progress().elapsed, last.elapsed, "it is over");
    let mut upload = client.store(arg("file"), Options::default()).await.unwrap();
    upload.expect(content.len() as u64);
    for (at, part) in content.chunks(500_000).enumerate() {
        assert_eq!(upload.progress().bytes, 500_000 * at as u64);
        upload.write(part.to_vec().into()).await.unwrap();
    }
    let meter = upload.meter();
    upload.finish().await.unwrap();
    assert_eq!(meter.progress().bytes, 2_000_000);
    client.quit().await.unwrap();
    site.close().await;
    the_total_is_heard(runtime).await;
}

/// What a 150 says of the size is the total of a whole file, and not of a rest.
async fn the_total_is_heard<R: Runtime>(runtime: R) {
    for (offset, expected) in [(0, Some(7)), (3, None)] {
        let script = async |peer: &mut Peer<R>| {
            peer.answer("TYPE I", "200 Yes.").await;
            let own = peer.stream.local_addr().unwrap().ip();
            let mut listener = runtime.listen((own, 0).into()).unwrap();
            let port = crate::runtime::Listener::local_addr(&listener)
                .unwrap()
                .port();
            peer.answer("EPSV", &format!("229 Here (|||{port}|)")).await;
            let (mut data, _) = super::support::accept(&mut listener).await;
            if offset > 0 {
                peer.answer("REST 3", "350 From there.").await;
            }
            peer.answer("RETR", "150 Coming: file (7 bytes).").await;
            write_all(&mut data, b"content").await.unwrap();
            drop(data);
            peer.say("226 Done.").await;
        };
        let operation = async |client: &mut Client<R>| {
            let options = Options {
                offset,
                ..Options::default()
            };
            let mut download = client.retrieve(arg("file"), options).await.unwrap();
            assert_eq!(download.progress().total, expected);
            while download.read().await.unwrap().is_some() {}
            download.finish().await.unwrap();
        };
        let mut config = client_config(LONG);
        config.pipelining = false;
        after_login(&runtime, config, script, operation).await;
    }
}

/// What never has to wait leaves room for others in the same task's thread all the same, and comes back by itself.
pub async fn others_have_their_turn<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut client = site.client().await;
    let mut upload = client.store(arg("file"), Options::default()).await.unwrap();
    let (mut rounds, mut turns) = (0, 0);
    // Nothing is ever waited for here: there is nothing to send.
    poll_fn(|context| {
        turns += 1;
        while rounds < 1000 {
            ready!(Pin::new(&mut upload).poll_flush(context)).unwrap();
            rounds += 1;
        }
        Poll::Ready(())
    })
    .await;
    assert!((5..100).contains(&turns), "{turns} turns");
    upload.finish().await.unwrap();
    client.quit().await.unwrap();
    assert_eq!(site.close().await.content("file"), "");
}
