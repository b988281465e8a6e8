//! The core without a socket: parsing, listings, and a whole session over byte slices.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ftp_sansio::listing;
use ftp_sansio::server::{Action, Answer, Config, Endpoints, Grant, Input, Output, Session};
use ftp_sansio::time::Instant;
use ftp_sansio::wire::{Command, DateTime, ReplyReader};

fn parsing(c: &mut Criterion) {
    let mut group = c.benchmark_group("parse");
    group.bench_function("command RETR", |b| {
        b.iter(|| Command::parse(black_box(b"RETR some/folder/a file.txt")))
    });
    group.bench_function("reply of three lines", |b| {
        b.iter(|| {
            let mut reader = ReplyReader::new(1024);
            for line in [&b"211-Features:"[..], b" MLST type*;size*;", b"211 End"] {
                let _ = black_box(reader.push(black_box(line)));
            }
        });
    });
    group.finish();
}

fn listings(c: &mut Criterion) {
    let line = |n: u32| {
        format!("-rw-r--r--   1 owner group  {n:>10} Jan  2 15:04 file number {n}.txt\r\n")
    };
    let text: String = (0..10_000).map(line).collect();
    let mut group = c.benchmark_group("listing");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("LIST of 10,000 files", |b| {
        b.iter(|| listing::parse(black_box(text.as_bytes()), Some(DateTime::UNIX_EPOCH)));
    });
    group.finish();
}

/// A session up to its login, with the bytes it sent thrown away.
fn logged_in(config: &Arc<Config>) -> Session {
    let ends = Endpoints {
        local: ([127, 0, 0, 1], 21).into(),
        peer: ([127, 0, 0, 1], 40_000).into(),
    };
    let mut session = Session::new(config.clone(), ends, Instant::EPOCH);
    session.receive(Instant::EPOCH, b"USER a\r\nPASS b\r\n");
    answer(&mut session);
    session
}

/// Answers what the machine asks, and takes what it sends.
fn answer(session: &mut Session) {
    while let Some(output) = session.poll() {
        let input = match output {
            Output::Action(Action::Authenticate { request, .. }) => {
                Input::Login(request, Some(Grant::read_write()))
            }
            Output::Action(Action::Perform { request, .. }) => {
                Input::Storage(request, Ok(Answer::Done))
            }
            _ => continue,
        };
        session.handle(Instant::EPOCH, input);
    }
    let sent = session
        .transmit()
        .map_or(0, |transmit| transmit.bytes.len());
    session.transmitted(Instant::EPOCH, sent);
}

fn sessions(c: &mut Criterion) {
    let config = Arc::new(Config::default());
    let mut group = c.benchmark_group("server session");
    group.bench_function("greeting and login", |b| b.iter(|| logged_in(&config)));
    group.bench_function("CWD", |b| {
        let mut session = logged_in(&config);
        b.iter(|| {
            session.receive(Instant::EPOCH, b"CWD /pub\r\n");
            answer(&mut session);
        });
    });
    group.finish();
}

criterion_group!(benches, parsing, listings, sessions);
criterion_main!(benches);
