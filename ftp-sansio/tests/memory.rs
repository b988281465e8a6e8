//! Rule 2, measured: whatever the peer and the driver do, a session's machine stays within its documented bound.
#![allow(
    unsafe_code,
    reason = "a global allocator that counts can be written in no other way"
)]
#![allow(clippy::unwrap_used, reason = "what fails in a test shall panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use ftp_sansio::testing::fuzz::{ClientProgram, ServerProgram};
use ftp_sansio::time::Instant;
use ftp_sansio::wire::Arg;
use ftp_sansio::{client, server};
use proptest::prelude::*;

struct Counting;

thread_local! {
    /// The bytes that this thread holds on the heap, less those that it freed for others.
    static HELD: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // After the thread's end there is nothing left to count for.
    let _ = HELD.try_with(|held| held.set(held.get() + bytes));
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that the configuration and the like take, beside what the bound is about.
const CONFIGURATION: isize = 4096;

/// Runs something step by step; the most that it held after a step.
fn most_held<T>(begin: impl FnOnce() -> T, mut step: impl FnMut(&mut T) -> bool) -> isize {
    let before = HELD.get();
    let mut running = begin();
    let mut most = HELD.get() - before;
    while step(&mut running) {
        most = most.max(HELD.get() - before);
    }
    most
}

fn server_holds(program: &[u8]) -> isize {
    most_held(|| ServerProgram::new(program), ServerProgram::step)
}

fn client_holds(program: &[u8]) -> isize {
    most_held(|| ClientProgram::new(program), ClientProgram::step)
}

const SERVER_BOUND: isize = server::MEMORY_BOUND.cast_signed() + CONFIGURATION;
/// Six replies of the default limit come on top.
const CLIENT_BOUND: isize = client::MEMORY_BOUND.cast_signed() + 6 * 64 * 1024 + CONFIGURATION;

/// Mostly what makes a session grow: floods, and little that empties it.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let step = prop_oneof![
        4 => (any::<u8>(), 0..8_u8).prop_map(|(count, what)| vec![6, count | 128, what]),
        4 => any::<[u8; 2]>().prop_map(|[line, _]| vec![0, line % 40]),
        2 => any::<[u8; 2]>().prop_map(|choice| vec![12 + choice[0] % 4, choice[1]]),
        1 => any::<[u8; 3]>().prop_map(Vec::from),
    ];
    let config = any::<u8>().prop_map(|config| config & 1);
    (config, prop::collection::vec(step, 0..200)).prop_map(|(config, steps)| {
        // The start of a session on either side: what means nothing there does no harm.
        [
            &[config, 0, 0, 0, 1, 10, 9, 12, 2, 9, 9][..],
            &steps.concat(),
        ]
        .concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_server_stays_within_its_bound(program in hostile()) {
        let held = server_holds(&program);
        prop_assert!(held <= SERVER_BOUND, "{held} bytes are held, {SERVER_BOUND} are promised");
    }

    #[test]
    fn a_client_stays_within_its_bound(program in hostile()) {
        let held = client_holds(&program);
        prop_assert!(held <= CLIENT_BOUND, "{held} bytes are held, {CLIENT_BOUND} are promised");
    }
}

/// The measure measures: an endless line is held up to its cap, and endless commands until they are not taken any more.
#[test]
fn what_floods_hold() {
    let line: Vec<u8> = [0].into_iter().chain([6, 60, 0]).collect();
    assert!((3000..5000 + CONFIGURATION).contains(&server_holds(&line)));
    let help: Vec<u8> = [0]
        .into_iter()
        .chain([6, 255, 4].into_iter().cycle().take(60))
        .collect();
    assert!((10_000..SERVER_BOUND).contains(&server_holds(&help)));
}

/// Replies of the greatest length, all traced, and a driver that takes none of it.
#[test]
fn long_replies_that_nobody_polls() {
    let now = Instant::EPOCH;
    let line = [&b"150-"[..], &[b'a'; 8000], b"\r\n"].concat();
    let reply = [&line.repeat(8)[..], b"150 \r\n"].concat();
    let before = HELD.get();
    let mut config = client::Config::default();
    config.trace = true;
    let ends = client::Endpoints {
        local: ([192, 0, 2, 7], 40_000).into(),
        peer: ([192, 0, 2, 1], 21).into(),
    };
    let mut session = client::Session::new(config.into(), ends, now);
    session.receive(now, b"220 Hello.\r\n");
    session
        .retrieve(
            now,
            Arg::from_static("a").unwrap(),
            client::Options::default(),
        )
        .unwrap();
    session.receive(now, b"200 Fine.\r\n229 (|||50001|)\r\n");
    while let Some(output) = session.poll() {
        if let client::Output::Action(client::Action::Connect { data, .. }) = output {
            session.handle(now, client::Input::Connected(data));
        }
    }
    let mut taken = 0;
    for _ in 0..30 {
        taken += session.receive(now, &reply);
        let held = HELD.get() - before;
        assert!(
            held <= CLIENT_BOUND,
            "{held} bytes are held, {CLIENT_BOUND} are promised"
        );
    }
    assert!((reply.len()..4 * reply.len()).contains(&taken) && !session.wants_read());
    while session.poll().is_some() {}
    assert!(session.wants_read());
}

/// What a session holds while it waits for a command: many do.
#[test]
fn an_idle_session_is_small() {
    let idle = [
        0, 9, 255, 10, 63, 0, 0, 0, 1, 9, 255, 10, 63, 12, 2, 9, 255, 10, 63,
    ];
    let most = most_held(|| ServerProgram::new(&idle), ServerProgram::step);
    let before = HELD.get();
    let mut program = ServerProgram::new(&idle);
    while program.step() {}
    let held = HELD.get() - before;
    assert!(held <= most && held < 1024, "{held} bytes on the heap");
    assert!(
        size_of::<server::Session>() < 2048,
        "{} bytes",
        size_of::<server::Session>()
    );
}

/// As many operations as can wait, with as long names as can be, the greatest replies to them, and a driver that takes none of it.
#[test]
fn a_full_queue_holds_what_is_promised() {
    let now = Instant::EPOCH;
    let before = HELD.get();
    let mut config = client::Config::default();
    config.trace = true;
    let ends = client::Endpoints {
        local: ([192, 0, 2, 7], 40_000).into(),
        peer: ([192, 0, 2, 1], 21).into(),
    };
    let mut session = client::Session::new(config.into(), ends, now);
    session.receive(now, b"220 Hello.\r\n");
    let name =
        || Arg::try_from(&vec![0xff; client::QUEUE_BYTES / client::QUEUE_LENGTH / 2 - 8][..]);
    let mut begun = 0;
    // 0xFF is doubled on its way (Telnet).
    while session
        .retrieve(now, name().unwrap(), client::Options::default())
        .is_ok()
    {
        begun += 1;
    }
    assert_eq!(begun, client::QUEUE_LENGTH);
    let line = [&b"200-"[..], &[b'a'; 8000], b"\r\n"].concat();
    let reply = [&line.repeat(7)[..], b"200 \r\n"].concat();
    for _ in 0..30 {
        session.receive(now, &reply);
        let held = HELD.get() - before;
        assert!(
            held <= CLIENT_BOUND,
            "{held} bytes are held, {CLIENT_BOUND} are promised"
        );
    }
    println!(
        "{} bytes are held, {CLIENT_BOUND} are promised",
        HELD.get() - before
    );
}
