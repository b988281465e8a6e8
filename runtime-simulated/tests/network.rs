//! The network itself: what a real one does to its sockets, at which moment, and what a test can have it do.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ftp_runtime_simulated::runtime::{Interest, Listener as _, Stream as _, Unread, within};
use ftp_runtime_simulated::{
    Conditions, Direction, Event, Fault, Link, Listener, Network, Runtime, Simulated, Simulation,
    Stream,
};

const MS: Duration = Duration::from_millis(1);

const HERE: &str = "10.0.0.2";
const THERE: &str = "10.0.0.1";

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(ip(address), port)
}

/// Ten milliseconds each way, and nothing else that takes time.
fn conditions() -> Conditions {
    Conditions {
        link: Link {
            delay: 10 * MS..=10 * MS,
            ..Link::ideal()
        },
        ..Conditions::ideal()
    }
}

async fn accept(listener: &mut Listener) -> Stream {
    poll_fn(|context| listener.poll_accept(context))
        .await
        .unwrap()
        .0
}

/// Who has connected, who has accepted.
async fn pair(net: &Network) -> (Stream, Stream) {
    let mut listener = net.host(ip(THERE)).listen(at(THERE, 0)).unwrap();
    let to = listener.local_addr().unwrap();
    let connected = net.host(ip(HERE)).connect(to, None).await.unwrap();
    let accepted = accept(&mut listener).await;
    (connected, accepted)
}

async fn read(stream: &mut Stream) -> std::io::Result<Vec<u8>> {
    let mut room = vec![0; 100_000];
    loop {
        match stream.try_read(&mut room) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                poll_fn(|context| stream.poll_ready(context, Interest::Read)).await?;
            }
            read => return read.map(|count| room[..count].to_vec()),
        }
    }
}

async fn read_to_end(stream: &mut Stream) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        match read(stream).await? {
            some if some.is_empty() => return Ok(all),
            some => all.extend(some),
        }
    }
}

fn write(stream: &mut Stream, bytes: &[u8]) -> std::io::Result<usize> {
    stream.try_write(&[IoSlice::new(bytes)])
}

/// What comes within a second of virtual time.
async fn soon<F: Future>(host: &Simulated, future: F) -> Option<F::Output> {
    within(host, Duration::from_secs(1), future).await
}

#[test]
fn time_passes_on_the_way_and_nowhere_else() {
    Simulation::new(1)
        .network(conditions())
        .run(|net| async move {
            let (mut here, mut there) = pair(&net).await;
            let rounds = |net: &Network| net.now().since_epoch().as_micros() / 10_000;
            assert_eq!(rounds(&net), 2, "there and back");
            write(&mut here, b"some").unwrap();
            assert_eq!(read(&mut there).await.unwrap(), b"some");
            assert_eq!(rounds(&net), 3);
            net.sleep(Duration::from_secs(3600)).await;
            let hour = net.now().since_epoch().as_secs();
            assert_eq!(hour, 3600);
        });
}

#[test]
fn bandwidth_is_shared_by_direction() {
    let mut conditions = conditions();
    conditions.link.bandwidth = Some(100_000);
    Simulation::new(1)
        .network(conditions)
        .run(|net| async move {
            let (mut a, mut a_there) = pair(&net).await;
            let (mut b, mut b_there) = pair(&net).await;
            let began = net.now();
            for stream in [&mut a, &mut b, &mut b_there] {
                assert_eq!(write(stream, &[7; 50_000]).unwrap(), 50_000);
                stream.shutdown().unwrap();
            }
            assert_eq!(read_to_end(&mut b).await.unwrap().len(), 50_000);
            let took = net.now().saturating_since(began);
            assert!((510 * MS..520 * MS).contains(&took), "one way: {took:?}");
            assert_eq!(read_to_end(&mut a_there).await.unwrap().len(), 50_000);
            assert_eq!(read_to_end(&mut b_there).await.unwrap().len(), 50_000);
            let took = net.now().saturating_since(began);
            assert!(
                (1010 * MS..1020 * MS).contains(&took),
                "the other: {took:?}"
            );
        });
}

#[test]
fn a_link_of_its_own() {
    Simulation::new(1)
        .network(conditions())
        .run(|net| async move {
            net.set_link(ip(HERE), ip(THERE), Link::ideal());
            let before = net.now();
            pair(&net).await;
            assert!(net.now().saturating_since(before) < MS);
        });
}

#[test]
fn full_buffers_push_back() {
    let conditions = Conditions {
        send_buffer: 1000,
        receive_buffer: 300,
        ..conditions()
    };
    Simulation::new(1)
        .network(conditions)
        .run(|net| async move {
            let (mut here, mut there) = pair(&net).await;
            assert_eq!(write(&mut here, &[1; 5000]).unwrap(), 1000);
            let refused = write(&mut here, b"more").unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::WouldBlock);
            net.sleep(Duration::from_secs(1)).await;
            // What has arrived is nobody's care here any more.
            assert_eq!(write(&mut here, &[2; 5000]).unwrap(), 300);
            let host = net.host(ip(HERE));
            let ready = poll_fn(|context| here.poll_ready(context, Interest::Write));
            assert!(soon(&host, ready).await.is_none(), "nobody has read");
            assert_eq!(read(&mut there).await.unwrap().len(), 300);
            poll_fn(|context| here.poll_ready(context, Interest::Write))
                .await
                .unwrap();
            assert_eq!(write(&mut here, &[3; 5000]).unwrap(), 300);
            here.shutdown().unwrap();
            assert_eq!(read_to_end(&mut there).await.unwrap().len(), 1300);
        });
}

#[test]
fn splits_anywhere_and_loses_nothing() {
    let link = Link {
        segment: 7,
        splits: true,
        delay: Duration::ZERO..=MS,
        ..Link::ideal()
    };
    let mut conditions = conditions();
    conditions.link = link;
    Simulation::new(3)
        .network(conditions)
        .run(|net| async move {
            let (mut here, mut there) = pair(&net).await;
            let sent: Vec<u8> = (0..=255).collect();
            write(&mut here, &sent).unwrap();
            drop(here);
            let (mut all, mut sizes) = (Vec::new(), std::collections::BTreeSet::new());
            loop {
                let some = read(&mut there).await.unwrap();
                if some.is_empty() {
                    break;
                }
                sizes.insert(some.len());
                all.extend(some);
            }
            assert_eq!(all, sent);
            assert!(sizes.len() > 3, "{sizes:?}");
        });
}

#[test]
fn one_direction_ends_and_the_other_goes_on() {
    Simulation::new(1)
        .network(conditions())
        .run(|net| async move {
            let (mut here, mut there) = pair(&net).await;
            here.shutdown().unwrap();
            let refused = write(&mut here, b"more").unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::BrokenPipe);
            assert_eq!(read_to_end(&mut there).await.unwrap(), b"");
            assert_eq!(there.unread().unwrap(), Unread::End);
            assert_eq!(here.unread().unwrap(), Unread::Nothing);
            write(&mut there, b"answer").unwrap();
            drop(there);
            assert_eq!(read_to_end(&mut here).await.unwrap(), b"answer");
        });
}

/// As a kernel has it: bytes that nobody has read, or that come when nobody is there, are answered with a reset.
#[test]
fn closing_on_unread_bytes_resets() {
    Simulation::new(1)
        .network(conditions())
        .run(|net| async move {
            for reads in [true, false] {
                let (mut here, mut there) = pair(&net).await;
                write(&mut here, b"question").unwrap();
                if reads {
                    // Too late for this end, which has gone in order.
                    write(&mut there, b"answer").unwrap();
                    drop(there);
                    assert_eq!(read(&mut here).await.unwrap(), b"answer");
                } else {
                    net.sleep(20 * MS).await;
                    assert_eq!(there.unread().unwrap(), Unread::Bytes);
                    drop(there);
                }
                net.sleep(50 * MS).await;
                assert!(
                    here.peer_addr().is_err(),
                    "a connection that is gone has no peer"
                );
                // The end in order came first, where there was one.
                match reads {
                    true => assert_eq!(read(&mut here).await.unwrap(), b""),
                    false => {
                        let error = read(&mut here).await.unwrap_err();
                        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                        assert_eq!(read(&mut here).await.unwrap(), b"", "it is told once");
                    }
                }
                let error = write(&mut here, b"more").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            }
        });
}

#[test]
fn a_reset_forgets_only_where_it_may() {
    for forgetful in [true, false] {
        let conditions = Conditions {
            forgetful,
            ..conditions()
        };
        let outcomes: Vec<bool> = (0..20)
            .map(|seed| {
                let simulation = Simulation::new(seed).network(conditions.clone());
                simulation.run(|net| async move {
                    let (mut here, mut there) = pair(&net).await;
                    write(&mut here, b"unread").unwrap();
                    net.sleep(20 * MS).await;
                    assert_eq!(net.reset_between(ip(HERE), ip(THERE)), 1);
                    assert!(here.shutdown().is_err());
                    read(&mut there).await.is_ok()
                })
            })
            .collect();
        assert!(outcomes.contains(&true));
        assert_eq!(outcomes.contains(&false), forgetful);
    }
}

#[test]
fn hosts_have_their_own_addresses_and_loopback() {
    Simulation::new(1)
        .network(conditions())
        .run(|net| async move {
            let both = net.host_with([ip(THERE), ip("fd00::1")]);
            let here = net.host_with([ip(HERE), ip("fd00::2")]);
            let foreign = here.listen(at(THERE, 21)).unwrap_err();
            assert_eq!(foreign.kind(), ErrorKind::AddrNotAvailable);
            let any = both.listen(at("0.0.0.0", 21)).unwrap();
            let taken = both.listen(at(THERE, 21)).unwrap_err();
            assert_eq!(taken.kind(), ErrorKind::AddrInUse);
            let six = both.listen(at("fd00::1", 21)).unwrap();
            for (to, from) in [(THERE, HERE), ("fd00::1", "fd00::2")] {
                let stream = here.connect(at(to, 21), None).await.unwrap();
                assert_eq!(stream.local_addr().unwrap().ip(), ip(from));
                assert_eq!(stream.peer_addr().unwrap(), at(to, 21));
            }
            let wrong = here.connect(at(THERE, 21), Some(ip(THERE))).await;
            assert_eq!(wrong.unwrap_err().kind(), ErrorKind::AddrNotAvailable);
            // Each host's loopback is its own.
            assert!(both.connect(at("127.0.0.1", 21), None).await.is_ok());
            let nobody = here.connect(at("127.0.0.1", 21), None).await.unwrap_err();
            assert_eq!(nobody.kind(), ErrorKind::ConnectionRefused);
            drop((any, six));
            let gone = here.connect(at(THERE, 21), None).await.unwrap_err();
            assert_eq!(gone.kind(), ErrorKind::ConnectionRefused);
            let before = net.now();
            let nowhere = here.connect(at("10.9.9.9", 21), None).await.unwrap_err();
            assert_eq!(nowhere.kind(), ErrorKind::TimedOut);
            assert_eq!(net.now().saturating_since(before).as_secs(), 127);
        });
}

#[test]
fn a_full_backlog_is_asked_again() {
    let conditions = Conditions {
        backlog: 1,
        ..conditions()
    };
    Simulation::new(1)
        .network(conditions)
        .run(|net| async move {
            let (there, here) = (net.host(ip(THERE)), net.host(ip(HERE)));
            let mut listener = there.listen(at(THERE, 21)).unwrap();
            let first = here.connect(at(THERE, 21), None).await.unwrap();
            let second = here.connect(at(THERE, 21), None);
            here.spawn(async move { assert!(second.await.is_ok()) });
            net.sleep(100 * MS).await;
            assert_eq!(net.open().tasks.len(), 1, "it waits");
            let accepted = accept(&mut listener).await;
            net.sleep(Duration::from_secs(1)).await;
            assert_eq!(net.open().tasks.len(), 0);
            let late = accept(&mut listener).await;
            drop((first, accepted, late, listener));
            assert!(net.open().is_nothing(), "{:?}", net.open());
            assert_eq!(net.panicked(), 0);
        });
}

#[test]
fn who_waits_to_be_accepted_meets_a_reset_when_the_listener_goes() {
    Simulation::new(1)
        .network(conditions())
        .run(|net| async move {
            let (there, here) = (net.host(ip(THERE)), net.host(ip(HERE)));
            let listener = there.listen(at(THERE, 21)).unwrap();
            let mut stream = here.connect(at(THERE, 21), None).await.unwrap();
            drop(listener);
            assert!(read(&mut stream).await.is_err());
        });
}

#[test]
fn a_partition_holds_up_and_loses_nothing() {
    Simulation::new(1)
        .network(conditions())
        .run(|net| async move {
            let (mut here, mut there) = pair(&net).await;
            write(&mut here, b"before, ").unwrap();
            net.sleep(5 * MS).await;
            net.partition(ip(HERE), ip(THERE));
            write(&mut here, b"during, ").unwrap();
            let host = net.host(ip(THERE));
            assert!(soon(&host, read(&mut there)).await.is_none());
            write(&mut here, b"later, ").unwrap();
            net.sleep(5 * MS).await;
            net.heal(ip(THERE), ip(HERE));
            write(&mut here, b"after").unwrap();
            drop(here);
            let all = read_to_end(&mut there).await.unwrap();
            assert_eq!(all, b"before, during, later, after");
        });
}

#[test]
fn faults_are_met_at_their_byte() {
    Simulation::new(1)
        .network(conditions())
        .run(|net| async move {
            for (direction, after) in [(Direction::Forth, 3), (Direction::Back, 0)] {
                net.inject(ip(HERE), ip(THERE), Fault::Reset { direction, after });
                let (mut here, mut there) = pair(&net).await;
                let (from, to) = match direction {
                    Direction::Forth => (&mut here, &mut there),
                    Direction::Back => (&mut there, &mut here),
                };
                write(from, b"abcdef").unwrap();
                net.sleep(20 * MS).await;
                if after > 0 {
                    assert_eq!(read(to).await.unwrap(), b"abc");
                }
                for stream in [from, to] {
                    let error = read(stream).await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                }
            }
            let (direction, after) = (Direction::Forth, 4);
            net.inject(ip(HERE), ip(THERE), Fault::Stall { direction, after });
            let (mut here, mut there) = pair(&net).await;
            write(&mut here, b"abcdef").unwrap();
            assert_eq!(read(&mut there).await.unwrap(), b"abcd");
            write(&mut there, b"back").unwrap();
            assert_eq!(read(&mut here).await.unwrap(), b"back");
            here.reset_on_drop();
            drop(here);
            let host = net.host(ip(THERE));
            assert!(soon(&host, read(&mut there)).await.is_none());
            net.inject(ip(HERE), ip(THERE), Fault::Truncate { direction, after });
            let (mut here, mut there) = pair(&net).await;
            write(&mut here, b"abcdef").unwrap();
            assert_eq!(read(&mut there).await.unwrap(), b"abcd");
            assert_eq!(read(&mut there).await.unwrap(), b"", "the forged end");
            write(&mut there, b"back").unwrap();
            assert_eq!(read(&mut here).await.unwrap(), b"back");
            for (fault, kind) in [
                (Fault::Refuse, ErrorKind::ConnectionRefused),
                (Fault::Ignore, ErrorKind::TimedOut),
            ] {
                net.inject(ip(HERE), ip(THERE), fault);
                let _listener = host.listen(at(THERE, 21)).unwrap();
                let here = net.host(ip(HERE));
                let error = here.connect(at(THERE, 21), None).await.unwrap_err();
                assert_eq!(error.kind(), kind);
                here.connect(at(THERE, 21), None).await.unwrap();
            }
        });
}

#[test]
fn dropped_blocking_work_is_done_all_the_same() {
    let conditions = Conditions {
        blocking: 3 * MS..=3 * MS,
        ..conditions()
    };
    Simulation::new(1)
        .network(conditions)
        .run(|net| async move {
            let done = Arc::new(Mutex::new(false));
            let host = net.host(ip(HERE));
            let inner = done.clone();
            drop(host.blocking(move || *inner.lock().unwrap() = true));
            assert!(!*done.lock().unwrap());
            assert_eq!(net.open().works, 1);
            net.sleep(3 * MS).await;
            assert!(*done.lock().unwrap());
            assert!(net.open().is_nothing());
        });
}

/// What a run panics with.
fn failure(simulation: Simulation, main: impl AsyncFnOnce(Network)) -> String {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        simulation.run(async |net| main(net).await)
    }));
    *outcome.unwrap_err().downcast::<String>().unwrap()
}

#[test]
fn a_deadlock_is_told() {
    let told = failure(Simulation::new(1), async |net| {
        let host = net.host(ip(THERE));
        let mut listener = host.listen(at(THERE, 2121)).unwrap();
        host.spawn(async move { drop(accept(&mut listener).await) });
        let other = host.listen(at(THERE, 0)).unwrap();
        let stream = host.connect(other.local_addr().unwrap(), None);
        read(&mut stream.await.unwrap()).await.unwrap();
    });
    assert!(told.contains("deadlock"), "{told}");
    assert!(
        told.contains("the main future waits for bytes at 10.0.0.1:"),
        "{told}"
    );
    assert!(told.contains("tests/network.rs:"), "{told}");
    assert!(
        told.contains("waits for a connection to 10.0.0.1:2121"),
        "{told}"
    );
}

#[test]
fn a_run_ends_at_its_limit() {
    let hour = Duration::from_secs(3600);
    let told = failure(Simulation::new(1).limit(hour), async |net| {
        loop {
            net.sleep(Duration::from_secs(60)).await;
        }
    });
    assert!(told.contains("longer than it may"), "{told}");
}

#[test]
fn a_panic_in_a_task_is_counted() {
    Simulation::new(1).run(|net| async move {
        let host = net.host(ip(HERE));
        host.spawn(async { panic!("a panic that this test expects") });
        net.sleep(MS).await;
        assert_eq!(net.panicked(), 1);
        assert!(net.open().is_nothing());
    });
}

/// The order in which tasks are polled, and all else, is the seed's.
#[test]
fn a_seed_is_a_run() {
    let run = |seed| {
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = events.clone();
        let trace = Simulation::new(seed)
            .network(Conditions::rough())
            .observe(move |at, event| heard.lock().unwrap().push((at, event.clone())))
            .run(|net| async move {
                let (there, here) = (net.host(ip(THERE)), net.host(ip(HERE)));
                let mut listener = there.listen(at(THERE, 21)).unwrap();
                for number in 0..5u8 {
                    let host = here.clone();
                    here.spawn(async move {
                        let mut stream = host.connect(at(THERE, 21), None).await.unwrap();
                        write(&mut stream, &[number; 100]).unwrap();
                    });
                }
                for _ in 0..5 {
                    read_to_end(&mut accept(&mut listener).await).await.unwrap();
                }
                net.trace()
            });
        let events = std::mem::take(&mut *events.lock().unwrap());
        (trace, events)
    };
    let first = run(1);
    assert_eq!(first, run(1));
    assert_ne!(first.0, run(2).0);
    let delivered = |event: &Event| matches!(event, Event::Delivered(..));
    assert!(first.1.iter().any(|(_, event)| delivered(event)));
}
