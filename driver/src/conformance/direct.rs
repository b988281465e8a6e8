//! Files that go straight between a disk and a socket, and small ones that need no wait.

use std::fs::{self, File, OpenOptions};
use std::future::poll_fn;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures_io::AsyncRead;

use super::peer::Peer;
use super::site::{ANNA, LARGE, LONG, Site, Tricky, arg, get, pattern, put, settings};
use super::support::{Scratch, clean_end, join, path, poll_once, read_to_end, wait, write_all};
use super::tls;
use crate::client::{Error, Options};
use crate::kernel;
use crate::runtime::{Interest, Listener, Runtime, Stream};
use crate::storage::{Placement, Reader, Storage, Writer};
use crate::tls::Version;

/// The kernel moves a plain transfer by itself, at either end, where this build and this file system let it, and says how much that was. To be run in
/// a process of its own, since it is counted for a process.
pub async fn the_kernel_moves_files<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(LARGE);
    site.put("down", &content);
    let is_local = kernel::is_local(&File::open(&site.scratch.root).unwrap());
    if !is_local {
        println!(
            "the kernel's own calls are not used: not on Linux, not in this build, or not on this file system"
        );
    }
    let expected = |bytes: usize| if is_local { bytes as u64 } else { 0 };
    // What is received first goes through a buffer: an upload that ends soon is quicker so.
    let most = expected(LARGE);
    // The server's last 64 KiB may go through a buffer: where they begin depends on what the socket took before.
    let is_most = |sent: u64| (expected(LARGE - 64 * 1024)..=most).contains(&sent);
    let mut peer = Peer::login(&site).await;
    let before = kernel::moved();
    assert!(peer.fetch("RETR down").await == content);
    let after = kernel::moved();
    assert!(is_most(after.sent - before.sent));
    // How much of an upload is the disk's affair: while it is slow, it is written to elsewhere.
    loop {
        let before = kernel::moved().received;
        peer.store("STOR up", &content).await;
        let received = kernel::moved().received - before;
        assert!(received <= most, "{received}");
        assert!(site.content("up") == content);
        if received > 0 || !is_local {
            break;
        }
    }
    let mut client = site.client().await;
    let before = kernel::moved();
    let local = File::open(site.scratch.root.join("down")).unwrap();
    let stored = client.store_from(arg("again"), local, Options::default(), |_| {});
    assert_eq!(stored.await.unwrap().bytes, LARGE as u64);
    let sent = kernel::moved().sent - before.sent;
    assert_eq!(sent, most);
    let local = File::create(site.scratch.outside("here")).unwrap();
    let before = kernel::moved();
    let fetched = client.retrieve_to(arg("again"), local, Options::default(), |_| {});
    assert_eq!(fetched.await.unwrap().bytes, LARGE as u64);
    let moved = kernel::moved();
    assert!(is_most(moved.sent - before.sent));
    assert!(moved.received > before.received || !is_local);
    assert!(fs::read(site.scratch.outside("here")).unwrap() == content);
    client.quit().await.unwrap();
    drop(peer);
    site.close().await;
}

/// A client's files of every size, whole and from an offset, with what was moved told.
pub async fn a_client_moves_files<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut client = site.client().await;
    let (from, to) = (site.scratch.outside("from"), site.scratch.outside("to"));
    for size in [0, 1, 65_535, 65_536, 65_537, 3_000_000] {
        let content = pattern(size);
        fs::write(&from, &content).unwrap();
        for offset in [0, size / 2, size] {
            // A restart writes in place: what lies before the offset is there already.
            site.put("file", &content[..offset]);
            let mut local = File::open(&from).unwrap();
            local.seek(SeekFrom::Start(offset as u64)).unwrap();
            let mut told = 0;
            let stored = client
                .store_from(arg("file"), local, from_offset(offset), |count| {
                    told += count
                })
                .await
                .unwrap();
            assert_eq!((stored.bytes, told), ((size - offset) as u64, stored.bytes));
            assert!(site.content("file") == content, "{size} from {offset}");

            fs::write(&to, &content[..offset]).unwrap();
            let mut local = OpenOptions::new().write(true).open(&to).unwrap();
            local.seek(SeekFrom::End(0)).unwrap();
            let mut told = 0;
            let fetched = client
                .retrieve_to(arg("file"), local, from_offset(offset), |count| {
                    told += count
                })
                .await
                .unwrap();
            assert_eq!(
                (fetched.bytes, told),
                ((size - offset) as u64, fetched.bytes)
            );
            assert!(fs::read(&to).unwrap() == content, "{size} from {offset}");
        }
    }
    client.quit().await.unwrap();
    site.close().await;
}

/// What a reader took from the socket and has not given away yet comes before all that is still to be received.
pub async fn the_rest_of_a_download_is_saved<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(1_000_000);
    site.put("file", &content);
    let mut client = site.client().await;
    let here = site.scratch.outside("here");
    let download = client.retrieve(arg("file"), Options::default()).await;
    let mut download = download.unwrap();
    let mut head = [0; 10];
    let read = poll_fn(|context| Pin::new(&mut download).poll_read(context, &mut head));
    let count = read.await.unwrap();
    assert!(head[..count] == content[..count]);
    let local = File::create(&here).unwrap();
    download.save_to(local, |_| {}).await.unwrap();
    assert!(fs::read(&here).unwrap() == content[count..]);
    client.quit().await.unwrap();
    site.close().await;
}

fn from_offset(offset: usize) -> Options {
    Options {
        offset: offset as u64,
        ..Options::default()
    }
}

/// A file that may not be written, or read, ends the transfer and not the session; one that is open for appending, and one that is no plain file, take
/// the ordinary way.
pub async fn a_clients_file_may_fail<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(1_000_000);
    site.put("file", &content);
    let mut client = site.client().await;
    let here = site.scratch.outside("here");
    fs::write(&here, b"here").unwrap();
    let read_only = File::open(&here).unwrap();
    let fetched = client.retrieve_to(arg("file"), read_only, Options::default(), |_| {});
    assert!(matches!(fetched.await, Err(Error::File(_))));
    let write_only = OpenOptions::new().write(true).open(&here).unwrap();
    let stored = client.store_from(arg("up"), write_only, Options::default(), |_| {});
    assert!(matches!(stored.await, Err(Error::File(_))));
    assert!(!site.scratch.root.join("up").exists());
    assert!(get(&mut client, "file", Options::default()).await.unwrap() == content);
    let appending = OpenOptions::new().append(true).open(&here).unwrap();
    let fetched = client.retrieve_to(arg("file"), appending, Options::default(), |_| {});
    fetched.await.unwrap();
    assert!(fs::read(&here).unwrap() == [b"here", &content[..]].concat());
    #[cfg(unix)]
    {
        let device = OpenOptions::new().write(true).open("/dev/null").unwrap();
        let fetched = client.retrieve_to(arg("file"), device, Options::default(), |_| {});
        assert_eq!(fetched.await.unwrap().bytes, 1_000_000);
        let device = File::open("/dev/null").unwrap();
        let stored = client.store_from(arg("empty"), device, Options::default(), |_| {});
        assert_eq!(stored.await.unwrap().bytes, 0);
        assert_eq!(site.content("empty"), b"");
    }
    #[cfg(target_os = "linux")]
    {
        // It tells a size of 0, and has more.
        let told = "/proc/sys/kernel/ostype";
        let local = File::open(told).unwrap();
        let stored = client.store_from(arg("told"), local, Options::default(), |_| {});
        stored.await.unwrap();
        assert_eq!(site.content("told"), fs::read(told).unwrap());
        // Its first page cannot be read: EIO.
        let broken = File::open("/proc/self/mem").unwrap();
        let stored = client.store_from(arg("up"), broken, Options::default(), |_| {});
        assert!(matches!(stored.await, Err(Error::File(_))));
        assert!(!site.scratch.root.join("up").exists());
    }
    client.quit().await.unwrap();
    site.close().await;
}

/// A local file that becomes shorter while it is sent is no whole file, in clear text and under TLS: the server keeps the one that it had.
pub async fn a_clients_file_may_shrink<R: Runtime>(runtime: R) {
    let site = tls::site(runtime, |_| {});
    let from = site.scratch.outside("from");
    let content = pattern(3_000_000);
    for mut client in [
        site.client().await,
        tls::client(&site, Version::Tls13).await,
    ] {
        // Beyond what has been sent when it happens, within it, and all of it.
        for length in [2_000_000, 1000, 0] {
            site.put("file", b"old");
            fs::write(&from, &content).unwrap();
            let to = OpenOptions::new().write(true).open(&from).unwrap();
            let local = File::open(&from).unwrap();
            let cut = |_| to.set_len(length).unwrap();
            let stored = client.store_from(arg("file"), local, Options::default(), cut);
            let told = stored.await;
            assert!(
                matches!(&told, Err(Error::File(error)) if error.kind() == ErrorKind::UnexpectedEof),
                "{length}: {told:?}"
            );
            client.noop().await.unwrap();
            assert_eq!(site.content("file"), b"old", "{length}");
        }
        client.quit().await.unwrap();
    }
    site.close().await;
}

/// One that grows goes as long as it was when that began.
pub async fn a_clients_file_may_grow<R: Runtime>(runtime: R) {
    let site = tls::site(runtime, |_| {});
    let from = site.scratch.outside("from");
    for mut client in [
        site.client().await,
        tls::client(&site, Version::Tls13).await,
    ] {
        for size in [1, 300_000, 3_000_000] {
            let content = pattern(size);
            fs::write(&from, &content).unwrap();
            let mut to = OpenOptions::new().append(true).open(&from).unwrap();
            let local = File::open(&from).unwrap();
            let add = |_| to.write_all(b"and more").unwrap();
            let stored = client.store_from(arg("file"), local, Options::default(), add);
            assert_eq!(stored.await.unwrap().bytes, size as u64);
            assert!(site.content("file") == content, "{size}");
        }
        client.quit().await.unwrap();
    }
    site.close().await;
}

/// What a store lends agrees with what it reads and writes: the places follow each other in both ways.
pub async fn lent_files_keep_their_place<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let content = pattern(300_000);
    fs::write(scratch.root.join("file"), &content).unwrap();
    let mut reader = scratch.store.open(&path("file"), 1000).await.unwrap();
    assert_eq!(reader.size(), Some(300_000));
    let mut at = 1000;
    while at < content.len() {
        if let Some((file, offset)) = reader.lend() {
            assert_eq!(offset, at as u64);
            let mut piece = vec![0; 5000.min(content.len() - at)];
            let mut file = file;
            file.seek(SeekFrom::Start(offset)).unwrap();
            file.read_exact(&mut piece).unwrap();
            assert!(piece == content[at..at + piece.len()]);
            reader.advance(piece.len() as u64);
            at += piece.len();
        }
        let piece = reader.read(BytesMut::with_capacity(7000)).await.unwrap();
        assert!(piece == content[at..at + piece.len()]);
        at += piece.len();
    }
    let end = reader.read(BytesMut::with_capacity(7000)).await.unwrap();
    assert!(end.is_empty());

    for (placement, begins) in [
        (Placement::Replace, 0),
        (Placement::At(5), 5),
        (Placement::Append, 5),
    ] {
        scratch.put("up", "12345");
        let mut writer = scratch.store.create(&path("up"), placement).await.unwrap();
        assert_eq!(writer.start(), begins);
        writer.write(Bytes::from_static(b"one ")).await.unwrap();
        if let Some(mut file) = writer.lend() {
            assert!(placement != Placement::Append, "its position means nothing");
            file.write_all(b"two ").unwrap();
            writer.advance(4, std::time::Duration::ZERO);
        } else {
            writer.write(Bytes::from_static(b"two ")).await.unwrap();
        }
        writer.write(Bytes::from_static(b"three")).await.unwrap();
        writer.commit(&clean_end()).await.unwrap();
        let kept = &"12345"[..begins as usize];
        assert_eq!(scratch.content("up"), format!("{kept}one two three"));
    }
}

/// A file that is cut off or that grows while it is sent is sent as it is then, and nothing hangs.
pub async fn files_change_while_they_are_sent<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let content = pattern(LARGE);
    for (length, least) in [(LARGE + 5000, LARGE), (LARGE / 2, 1)] {
        site.put("file", &content);
        let mut peer = Peer::login(&site).await;
        let mut data = peer.open("RETR file").await;
        // The socket's buffers hold a part of it; the rest is not read before this.
        let file = OpenOptions::new()
            .write(true)
            .open(site.scratch.root.join("file"));
        file.unwrap().set_len(length as u64).unwrap();
        let got = read_to_end(&mut data).await.unwrap();
        assert!(
            got.len() >= least && got.len() <= LARGE + 5000,
            "{}",
            got.len()
        );
        let known = got.len().min(LARGE);
        assert!(got[..known] == content[..known]);
        peer.hear("226").await;
        drop(peer);
    }
    site.close().await;
}

/// Passive ports are used again. What waits at one for another transfer does not get in the way of the next, and gets nothing.
pub async fn ports_are_used_again<R: Runtime>(runtime: R) {
    // Of a range of eight, two are kept.
    let (taken, first) = loop {
        let listener = runtime.listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = listener.local_addr().unwrap().port();
        if port < u16::MAX - 8 {
            break (listener, port);
        }
    };
    let ports = first + 1..=first + 8;
    let site = Site::with(runtime.clone(), settings(|_| {}).passive_ports(ports));
    site.put("file", b"content");
    let mut peer = Peer::login(&site).await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..30 {
        let at = peer.passive().await;
        seen.insert(at);
        let mut data = runtime.connect(at, None).await.unwrap();
        peer.ask("RETR file", "150").await;
        assert_eq!(read_to_end(&mut data).await.unwrap(), b"content");
        peer.hear("226").await;
    }
    assert!(
        seen.len() <= 3,
        "ports are opened again and again: {seen:?}"
    );
    let mut strays = Vec::new();
    for at in &seen {
        if let Ok(stray) = runtime.connect(*at, None).await {
            strays.push(stray);
        }
    }
    assert!(!strays.is_empty(), "nothing is kept");
    for round in 0..10 {
        assert_eq!(peer.fetch("RETR file").await, b"content");
        let uploaded = format!("upload {round}");
        peer.store("STOR up", uploaded.as_bytes()).await;
        assert_eq!(site.content("up"), uploaded.as_bytes());
    }
    // One that was not lent out again meanwhile has its stray until the server ends.
    drop(peer);
    site.close().await;
    for mut stray in strays {
        assert!(!matches!(read_to_end(&mut stray).await, Ok(bytes) if !bytes.is_empty()));
    }
    drop(taken);
}

/// A listener asks its socket, and not only what the reactor has told; what it accepts has the options of every FTP connection.
pub async fn accepts_at_once<R: Runtime>(runtime: R) {
    let mut listener = runtime.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let at = listener.local_addr().unwrap();
    for _ in 0..20 {
        assert!(poll_once(|context| listener.poll_accept(context)).is_pending());
        let connected = runtime.connect(at, None).await.unwrap();
        let accepted = poll_once(|context| listener.poll_accept(context));
        assert!(accepted.is_ready(), "it is complete, and was not accepted");
        #[cfg(unix)]
        if let std::task::Poll::Ready(Ok((mut accepted, _))) = accepted {
            let looked = accepted.attempt(Interest::Read, |handle| {
                let socket = socket2::SockRef::from(&handle);
                assert!(socket.tcp_nodelay()?);
                assert!(socket.out_of_band_inline()?);
                Ok(())
            });
            assert!(looked.is_none_or(|looked| looked.is_ok()));
        }
        drop(connected);
        // Whether somebody waits at it or not.
        let nobody = listener.try_accept().map(drop).unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
        let connected = runtime.connect(at, None).await.unwrap();
        let (_, peer) = listener.try_accept().unwrap();
        assert_eq!(peer, connected.local_addr().unwrap());
    }
}

/// A listener that was waited at in vain accepts what comes later, and one that has accepted may be waited at.
pub async fn accepts_between_waits<R: Runtime>(runtime: R) {
    let mut listener = runtime.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let at = listener.local_addr().unwrap();
    for waits in [true, false, true, true, false, false, true] {
        let accepting = async {
            if waits {
                return poll_fn(|context| listener.poll_accept(context)).await;
            }
            let connected = runtime.connect(at, None).await?;
            let accepted = listener.try_accept();
            drop(connected);
            accepted
        };
        let connecting = async {
            match waits {
                // The waker is registered before anybody comes.
                true => runtime.connect(at, None).await.map(Some),
                false => Ok(None),
            }
        };
        let (accepted, connected) = join(accepting, connecting).await;
        let ((_, peer), connected) = (accepted.unwrap(), connected.unwrap());
        assert!(connected.is_none_or(|connected| connected.local_addr().unwrap() == peer));
    }
}

/// Urgent data in an upload is data, in its place: what comes behind it counts, and so does the end.
pub async fn urgent_bytes_are_part_of_an_upload<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut peer = Peer::login(&site).await;
    let (content, half) = (pattern(1_000_000), 500_000);
    let mut data = peer.open("STOR up").await;
    write_all(&mut data, &content[..half]).await.unwrap();
    let mut urgent = &content[half..half + 1];
    while !urgent.is_empty() {
        match data.try_write_urgent(urgent) {
            Ok(count) => urgent = &urgent[count..],
            Err(_) => wait(&mut data, Interest::Write).await.unwrap(),
        }
    }
    write_all(&mut data, &content[half + 1..]).await.unwrap();
    drop(data);
    peer.hear("226").await;
    assert!(site.content("up") == content);
    site.close().await;
}

/// Uploads and downloads of every small size, each in one go: what is read ahead, and what is sent at once, is all of it.
pub async fn small_files_are_whole<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut client = site.client().await;
    for size in [
        0, 1, 1023, 1024, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 65_600,
    ] {
        let content = pattern(size);
        put(&mut client, "file", &content, Options::default())
            .await
            .unwrap();
        assert!(site.content("file") == content, "{size} up");
        let got = get(&mut client, "file", Options::default()).await.unwrap();
        assert!(got == content, "{size} down");
    }
    client.quit().await.unwrap();
    site.close().await;
}

/// However fast a transfer is, and however busy the only thread, an ABOR is heard as soon as it is there: no more goes out than the sockets hold.
pub async fn an_abort_is_heard_at_once<R: Runtime>(runtime: R) {
    let site = Site::new(runtime.clone());
    let at = site.at;
    let sent_after = runtime.blocking(move || abort_endless::<R>(at)).await;
    assert!(sent_after < 64 * 1024 * 1024, "{sent_after} bytes went on");
    site.close().await;
}

/// A client on threads of its own; says how many bytes came after its ABOR.
fn abort_endless<R: Runtime>(at: SocketAddr) -> u64 {
    let mut control = TcpStream::connect(at).unwrap();
    control.set_read_timeout(Some(LONG)).unwrap();
    control.set_write_timeout(Some(LONG)).unwrap();
    let mut replies = BufReader::new(control.try_clone().unwrap()).lines();
    let mut say = |line: &str| control.write_all(format!("{line}\r\n").as_bytes()).unwrap();
    let mut hear = |code: &str| {
        let reply = replies.next().unwrap().unwrap();
        assert!(reply.starts_with(code), "{reply} for {code}");
        reply
    };
    hear("220");
    say(&format!("USER {}", ANNA.0));
    hear("331");
    say(&format!("PASS {}", ANNA.1));
    hear("230");
    say("TYPE I");
    hear("200");
    say("EPSV");
    let port = hear("229").split('|').nth(3).unwrap().parse().unwrap();
    let mut data = TcpStream::connect(SocketAddr::new(at.ip(), port)).unwrap();
    data.set_read_timeout(Some(LONG)).unwrap();
    say(&format!("RETR {}", Tricky::<R>::ENDLESS));
    let received = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&received);
    let sink = std::thread::spawn(move || {
        let mut piece = vec![0; 1024 * 1024];
        while let Ok(count @ 1..) = data.read(&mut piece) {
            counter.fetch_add(count as u64, Ordering::Relaxed);
        }
    });
    hear("150");
    while received.load(Ordering::Relaxed) < 1024 * 1024 {
        assert!(!sink.is_finished(), "the endless file has ended");
        std::thread::yield_now();
    }
    say("ABOR");
    let before = received.load(Ordering::Relaxed);
    hear("426");
    hear("226");
    sink.join().unwrap();
    received.load(Ordering::Relaxed) - before
}
