//! What only a runtime with threads, and with the system's own sockets, can be asked: a simulation runs on one thread and knows no others.

use std::fs::File;
use std::future::poll_fn;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use ftp_sansio::client::Wait;

// A client on a thread of its own.
pub use super::direct::an_abort_is_heard_at_once;
use super::network::fill;
use super::peer::Peer;
use super::servers::after_login;
use super::site::{Site, arg, client_config};
use super::staged::Staged;
use super::support::{LOCALHOST, Scratch, join, pair, poll_once, would_block};
// All of it at once in a socket's buffer.
pub use super::tls_faults::endless_tickets_keep_nobody;
use crate::client::{Client, Error, Options};
use crate::runtime::{Listener, Runtime, Stream};

const SHORT: Duration = Duration::from_millis(400);

/// Blocking work runs on another thread, and the waiting task's thread goes on meanwhile.
pub async fn blocks_elsewhere<R: Runtime>(runtime: R) {
    let (sender, receiver) = mpsc::channel();
    let work = runtime.blocking(move || {
        receiver.recv().unwrap();
        thread::current().id()
    });
    let (id, ()) = join(work, async { sender.send(()).unwrap() }).await;
    assert_ne!(id, thread::current().id());
}

/// Work that has begun goes on when nobody waits for it any more.
pub async fn finishes_unawaited_work<R: Runtime>(runtime: R) {
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let (done, is_done) = mpsc::channel();
    let mut work = Box::pin(runtime.blocking(move || {
        begun.send(()).unwrap();
        may_go_on.recv().unwrap();
        done.send(()).unwrap();
    }));
    assert!(poll_once(|context| work.as_mut().poll(context)).is_pending());
    runtime.blocking(move || has_begun.recv().unwrap()).await;
    drop(work);
    go_on.send(()).unwrap();
    runtime.blocking(move || is_done.recv().unwrap()).await;
}

/// Room in a socket is found by who tries, though the reactor has not turned since there was none: after a stall of the machine it may
/// yet have to.
pub async fn room_is_found_at_once<R: Runtime>(runtime: R) {
    /// Far longer than the loopback takes.
    const PATIENCE: Duration = Duration::from_secs(10);
    let (mut stream, mut peer) = pair(&runtime, LOCALHOST).await;
    let mut to_drain = fill(&mut stream).await;
    let mut buffer = vec![0; 65536];
    let begun = Instant::now();
    // This thread does not give way, so that a reactor that lives on it does not turn.
    while to_drain > 0 {
        match peer.try_read(&mut buffer) {
            Ok(count) => to_drain -= count,
            error => assert!(would_block(&error) && begun.elapsed() < PATIENCE),
        }
    }
    loop {
        let written = stream.try_write(&[IoSlice::new(b"!")]);
        if !would_block(&written) {
            assert_eq!(written.unwrap(), 1);
            break;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "there is room, and it is not found"
        );
        thread::yield_now();
    }
}

/// A server that floods the client does not keep the thread from others, and not the client from its timeout.
pub async fn a_flood_leaves_room<R: Runtime>(runtime: R) {
    let listener = std::net::TcpListener::bind((LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    let flood = runtime.blocking(move || {
        let (mut stream, _) = listener.accept().unwrap();
        while std::io::Write::write_all(&mut stream, &[b'2'; 1 << 20]).is_ok() {}
    });
    let mut turns = 0;
    let mut flooded = Box::pin(async {
        let told = Client::connect(runtime.clone(), at, client_config(SHORT * 5)).await;
        assert!(matches!(told, Err(Error::Timeout(Wait::Reply))), "{told:?}");
    });
    let counted = poll_fn(|context| {
        turns += 1;
        flooded.as_mut().poll(context)
    });
    join(counted, flood).await;
    assert!(turns > 20, "others had {turns} turns");
}

/// However many wait to be let in, others on the same thread have their turn in between.
pub async fn a_crowd_is_let_in_by_turns<R: Runtime>(runtime: R) {
    const CROWD: usize = 100;
    let site = Site::new(runtime.clone());
    let second = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
    let at = second.local_addr().unwrap();
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(runtime.connect(at, None).await.unwrap());
    }
    let mut serving = Box::pin(site.server.serve(second));
    assert!(poll_once(|context| serving.as_mut().poll(context)).is_pending());
    let first = site.server.sessions();
    assert!((1..CROWD).contains(&first), "{first} at once");
    let mut polls = 1;
    while site.server.sessions() < CROWD {
        assert!(poll_once(|context| serving.as_mut().poll(context)).is_pending());
        polls += 1;
        assert!(polls < CROWD, "nobody is let in any more");
    }
    drop((serving, crowd));
    site.close().await;
}

/// A deadline ends a download that the kernel writes to a file and that never has to be waited for.
pub async fn a_deadline_is_heeded_in_a_flood<R: Runtime>(runtime: R) {
    const HOUR: Duration = Duration::from_secs(3600);
    let runtime = Staged::new(runtime);
    let listener = std::net::TcpListener::bind((LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let flood = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        while std::io::Write::write_all(&mut stream, &[b'2'; 1 << 20]).is_ok() {}
    });
    let script = async |peer: &mut Peer<_>| {
        peer.answer("TYPE I", "200 Yes.").await;
        let here = format!("229 Here (|||{port}|)");
        peer.answer("EPSV", &here).await;
        peer.answer("RETR", "150 Coming.").await;
        peer.answer("ABOR", "426 Stopped.").await;
        peer.say("226 Aborted.").await;
        peer.answer("NOOP", "200 Yes.").await;
    };
    let scratch = Scratch::new(runtime.clone());
    let operation = async |client: &mut Client<_>| {
        let file = File::create(scratch.outside("download")).unwrap();
        let mut pieces = 0;
        runtime.flood();
        let mut bounded = client.with_deadline(HOUR);
        let name = arg("endless");
        let fetching = bounded.retrieve_to(name, file, Options::default(), |_| {
            // Now it has passed.
            if pieces == 0 {
                runtime.skip(HOUR * 2);
            }
            pieces += 1;
            assert!(pieces < 200, "the deadline is not heeded");
        });
        let told = fetching.await.unwrap_err();
        let expected = Error::Deadline {
            begun: true,
            usable: true,
        };
        assert_eq!(format!("{told:?}"), format!("{expected:?}"));
    };
    let mut config = client_config(HOUR * 10);
    config.pipelining = false;
    after_login(&runtime, config, script, operation).await;
    flood.join().unwrap();
}
