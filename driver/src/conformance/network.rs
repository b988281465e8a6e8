//! Sockets: readiness, ends, resets, addresses.

use std::future::{Future, poll_fn};
use std::io::{ErrorKind, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::Poll;

use super::support::{
    LOCALHOST, accept, join, pair, poll_once, read, read_to_end, would_block, write_all,
};
use crate::runtime::{Interest, Listener, Runtime, Stream, Unread};

/// More than any socket buffers, so that both sides have to wait.
const LARGE: usize = 8 * 1024 * 1024;

fn pattern() -> Vec<u8> {
    (0..LARGE).map(|at| (at % 251) as u8).collect()
}

async fn echo<R: Runtime>(runtime: &R, at: IpAddr) {
    let (mut client, mut server) = pair(runtime, at).await;
    let sent = pattern();
    let client_side = async {
        write_all(&mut client, &sent).await.unwrap();
        client.shutdown().unwrap();
        read_to_end(&mut client).await.unwrap()
    };
    let server_side = async {
        let received = read_to_end(&mut server).await.unwrap();
        write_all(&mut server, &received).await.unwrap();
        drop(server);
    };
    let (echoed, ()) = join(client_side, server_side).await;
    assert!(
        sent == echoed,
        "the bytes came back changed: {} for {}",
        echoed.len(),
        sent.len()
    );
}

/// Vectored writes and partial reads of much data; the end after a shutdown, with the other direction still open.
pub async fn transfers_both_ways<R: Runtime>(runtime: R) {
    echo(&runtime, LOCALHOST).await;
}

/// The same over IPv6, where there is such a thing.
pub async fn connects_over_ipv6<R: Runtime>(runtime: R) {
    let at = IpAddr::V6(Ipv6Addr::LOCALHOST);
    if runtime.listen(SocketAddr::new(at, 0)).is_ok() {
        echo(&runtime, at).await;
    }
}

/// Each end's address is the other's peer, and what `poll_accept` tells.
pub async fn addresses_agree<R: Runtime>(runtime: R) {
    let mut listener = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    assert_ne!(at.port(), 0);
    let ((accepted, peer), connected) =
        join(accept(&mut listener), runtime.connect(at, None)).await;
    let connected = connected.unwrap();
    assert_eq!(connected.peer_addr().unwrap(), at);
    assert_eq!(accepted.local_addr().unwrap(), at);
    assert_eq!(connected.local_addr().unwrap(), peer);
    assert_eq!(accepted.peer_addr().unwrap(), peer);
}

/// Dropping a socket is an end in order.
pub async fn an_end_is_not_a_reset<R: Runtime>(runtime: R) {
    let (mut client, mut server) = pair(&runtime, LOCALHOST).await;
    write_all(&mut client, b"last words").await.unwrap();
    drop(client);
    assert_eq!(read_to_end(&mut server).await.unwrap(), b"last words");
    assert_eq!(
        read(&mut server, &mut [0; 8]).await.unwrap(),
        0,
        "the end stays the end"
    );
}

/// The peer of a socket that is dropped after `reset_on_drop` sees an error and no end.
pub async fn reset_on_drop_is_seen<R: Runtime>(runtime: R) {
    let (client, mut server) = pair(&runtime, LOCALHOST).await;
    let reset = async {
        let mut client = client;
        client.reset_on_drop();
    };
    let (outcome, ()) = join(read_to_end(&mut server), reset).await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

/// Who only asks what there is to read is told of a reset too: nobody is told of it twice, and what is left to read then looks like an end.
pub async fn a_question_tells_of_a_reset<R: Runtime>(runtime: R) {
    let (mut client, mut server) = pair(&runtime, LOCALHOST).await;
    assert_eq!(server.unread().unwrap(), Unread::Nothing);
    client.reset_on_drop();
    drop(client);
    let told = poll_fn(|context| {
        loop {
            match server.unread() {
                Ok(Unread::Nothing) => {}
                told => return Poll::Ready(told),
            }
            // It may have come since.
            std::task::ready!(server.poll_ready(context, Interest::Read)).unwrap();
        }
    });
    assert_eq!(told.await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

/// A connect that is dropped before it was seen to be complete is no connection that ended in order: that would be a whole, empty file.
pub async fn a_dropped_connect_is_a_reset<R: Runtime>(runtime: R) {
    /// The reactor may be so quick that nothing is left to drop; not so often in a row.
    const TRIES: usize = 1000;
    let mut listener = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    let mut was_dropped = false;
    for _ in 0..TRIES {
        let mut connecting = Box::pin(runtime.connect(at, None));
        was_dropped = poll_once(|context| connecting.as_mut().poll(context)).is_pending();
        drop(connecting);
        let (mut stream, _) = accept(&mut listener).await;
        if was_dropped {
            assert!(read_to_end(&mut stream).await.is_err(), "an end in order");
            break;
        }
    }
    assert!(was_dropped, "nothing was left to drop");
    // One that was complete ends as ever.
    let (client, mut server) = pair(&runtime, LOCALHOST).await;
    drop(client);
    assert_eq!(read_to_end(&mut server).await.unwrap(), b"");
}

/// One task waits for both directions at once, and is woken for either.
pub async fn waits_both_ways_at_once<R: Runtime>(runtime: R) {
    let (mut client, mut server) = pair(&runtime, LOCALHOST).await;
    let mut filled = fill(&mut client).await;
    let peer = async {
        write_all(&mut server, b"!").await.unwrap();
        server
    };
    // Room may still come where what was written takes a while to arrive; but a byte is there at last.
    let reading = async {
        while wait_for_either(&mut client).await == Interest::Write {
            filled += 1;
        }
    };
    let ((), mut server) = join(reading, peer).await;
    let drain = async {
        let mut buffer = vec![0; 65536];
        let mut drained = 0;
        while drained < filled {
            drained += read(&mut server, &mut buffer).await.unwrap();
        }
        server
    };
    let (interest, _server) = join(wait_for_either(&mut client), drain).await;
    assert_eq!(interest, Interest::Write);
}

/// Writes until nothing fits any more and the reactor says so; gives the number of bytes.
pub(super) async fn fill(stream: &mut impl Stream) -> usize {
    let chunk = vec![0; 65536];
    let mut filled = 0;
    poll_fn(|context| {
        loop {
            let outcome = stream.try_write(&[IoSlice::new(&chunk)]);
            if !would_block(&outcome) {
                filled += outcome.unwrap();
            } else if stream.poll_ready(context, Interest::Write).is_pending() {
                return Poll::Ready(());
            }
        }
    })
    .await;
    filled
}

/// Waits for both directions; gives the first that moves a byte. Readiness may be spurious, so each is tried.
async fn wait_for_either(stream: &mut impl Stream) -> Interest {
    poll_fn(|context| {
        loop {
            let read = stream
                .poll_ready(context, Interest::Read)
                .map(Result::unwrap)
                .is_ready();
            let write = stream
                .poll_ready(context, Interest::Write)
                .map(Result::unwrap)
                .is_ready();
            if read && !would_block(&stream.try_read(&mut [0])) {
                return Poll::Ready(Interest::Read);
            }
            if write && !would_block(&stream.try_write(&[IoSlice::new(b"+")])) {
                return Poll::Ready(Interest::Write);
            }
            if !read && !write {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Calls on the bare handle hide from the reactor that readiness is over; it must find out, and not answer "ready" for
/// ever. Nothing to test where there is no such handle.
pub async fn readiness_is_not_stale_after_the_bare_handle<R: Runtime>(runtime: R) {
    let (mut client, mut server) = pair(&runtime, LOCALHOST).await;
    write_all(&mut client, b"a write that the reactor saw")
        .await
        .unwrap();
    #[cfg(unix)]
    {
        if client.attempt(Interest::Write, |_| Ok(())).is_none() {
            return;
        }
        let mut filled = 0;
        let mut rounds = 0;
        let pending = poll_fn(|context| {
            filled += fill_bare(&mut client);
            rounds += 1;
            let ready = stream_is_ready(&mut client, context);
            if ready && rounds < 100 {
                poll_again(context)
            } else {
                Poll::Ready(!ready)
            }
        });
        assert!(pending.await, "readiness is remembered for ever");
        let drain = async { while read(&mut server, &mut vec![0; 65536]).await.unwrap() > 0 {} };
        let write = async {
            super::support::wait(&mut client, Interest::Write)
                .await
                .unwrap();
            assert!(fill_bare(&mut client) > 0);
            drop(client);
        };
        join(write, drain).await;
    }
    #[cfg(not(unix))]
    drop(server.shutdown());
}

#[cfg(unix)]
fn poll_again<T>(context: &std::task::Context<'_>) -> Poll<T> {
    context.waker().wake_by_ref();
    Poll::Pending
}

#[cfg(unix)]
fn stream_is_ready(stream: &mut impl Stream, context: &mut std::task::Context<'_>) -> bool {
    stream
        .poll_ready(context, Interest::Write)
        .map(Result::unwrap)
        .is_ready()
}

/// Writes on the bare handle until nothing fits.
#[cfg(unix)]
fn fill_bare(stream: &mut impl Stream) -> usize {
    let chunk = [0; 16384];
    let mut filled = 0;
    loop {
        let written = stream.attempt(Interest::Write, |handle| {
            Ok(rustix::io::write(handle, &chunk)?)
        });
        match written.unwrap() {
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return filled,
            Err(error) => panic!("{error}"),
        }
    }
}

/// An urgent byte arrives in its place among the others, accepted side and connecting side alike.
pub async fn urgent_bytes_stay_in_line<R: Runtime>(runtime: R) {
    let (client, server) = pair(&runtime, LOCALHOST).await;
    urgent(client, server).await;
    let (client, server) = pair(&runtime, LOCALHOST).await;
    urgent(server, client).await;
}

async fn urgent(mut from: impl Stream, mut to: impl Stream) {
    let mut synch = &b"\xff\xf4\xff"[..];
    while !synch.is_empty() {
        let outcome = from.try_write_urgent(synch);
        if would_block(&outcome) {
            super::support::wait(&mut from, Interest::Write)
                .await
                .unwrap();
        } else {
            synch = &synch[outcome.unwrap()..];
        }
    }
    write_all(&mut from, b"\xf2ABOR\r\n").await.unwrap();
    let (mut received, mut buffer) = (Vec::new(), [0; 64]);
    while received.len() < 10 {
        let count = read(&mut to, &mut buffer).await.unwrap();
        received.extend_from_slice(&buffer[..count]);
    }
    assert_eq!(received, b"\xff\xf4\xff\xf2ABOR\r\n");
}

/// Where nobody listens, connecting fails.
pub async fn a_refused_connect_fails<R: Runtime>(runtime: R) {
    // Bound and not listening: nobody else gets the port meanwhile.
    let taken = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    taken.bind(&SocketAddr::new(LOCALHOST, 0).into()).unwrap();
    let at = taken.local_addr().unwrap().as_socket().unwrap();
    let error = runtime
        .connect(at, None)
        .await
        .err()
        .expect("nobody listens there");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

/// A source address is used, and one that is not ours is an error.
pub async fn connects_from_an_address<R: Runtime>(runtime: R) {
    let mut listener = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    // Linux has all of 127/8 on the loopback interface, others only the one.
    let last = if cfg!(target_os = "linux") { 2 } else { 1 };
    let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    let ((_accepted, peer), connected) =
        join(accept(&mut listener), runtime.connect(at, Some(from))).await;
    assert_eq!(peer.ip(), from);
    assert_eq!(connected.unwrap().local_addr().unwrap(), peer);
    let foreign = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let error = runtime
        .connect(at, Some(foreign))
        .await
        .err()
        .expect("not our address");
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

/// Connections that come together are each accepted.
pub async fn accepts_several<R: Runtime>(runtime: R) {
    let mut listener = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    let mut connected = Vec::new();
    for _ in 0..5 {
        connected.push(
            runtime
                .connect(at, None)
                .await
                .unwrap()
                .local_addr()
                .unwrap(),
        );
    }
    let mut accepted = Vec::new();
    for _ in 0..5 {
        accepted.push(accept(&mut listener).await.1);
    }
    assert_eq!(connected, accepted);
}
