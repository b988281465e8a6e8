//! Listings, measured: a folder of any size is read in constant memory, next to no allocations and linear time.
#![allow(
    unsafe_code,
    reason = "a global allocator that counts can be written in no other way"
)]
#![allow(clippy::unwrap_used, reason = "what fails in a test shall panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;
use std::time::{Duration, Instant};

use ftp_sansio::listing::{Dialect, Entry, MAX_LINE, Reader, Summary, UNPARSED_LINES, VOTE_LINES};
use proptest::prelude::*;

struct Counting;

thread_local! {
    /// The bytes that this thread holds on the heap, less those that it freed for others; the most it held; how often it
    /// asked for some.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // After the thread's end there is nothing left to count for.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
    if bytes > 0 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
    }
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

/// The most bytes that were held while `work` ran, beyond those held before, and how many allocations it made.
fn measure<T>(work: impl FnOnce() -> T) -> (T, isize, u64) {
    let (before, asked) = (HELD.get(), ALLOCATIONS.get());
    MOST.set(before);
    let done = work();
    (done, MOST.get() - before, ALLOCATIONS.get() - asked)
}

const BOUND: isize = Reader::MEMORY_BOUND.cast_signed();

/// Half a megabyte is what the documentation of a client may promise.
const _: () = assert!(Reader::MEMORY_BOUND < 512 * 1024);

fn read_all(reader: &mut Reader, bytes: &[u8], mut each: impl FnMut(Entry)) {
    let mut rest = bytes;
    loop {
        let (taken, entry) = reader.read(rest);
        rest = &rest[taken..];
        let Some(entry) = entry else { return };
        each(entry);
    }
}

/// Streams lines, many of them to a piece, through a buffer that is used again.
fn stream(
    mut reader: Reader,
    lines: u32,
    mut line: impl FnMut(u32, &mut Vec<u8>),
    mut each: impl FnMut(Entry),
) -> Summary {
    let mut buffer = Vec::with_capacity(64 * 1024);
    for number in 0..lines {
        line(number, &mut buffer);
        if buffer.len() > 60 * 1024 || number + 1 == lines {
            read_all(&mut reader, &buffer, &mut each);
            buffer.clear();
        }
    }
    while let Some(entry) = reader.end() {
        each(entry);
    }
    reader.finish()
}

fn unix(number: u32, out: &mut Vec<u8>) {
    let owner = ["ann", "bob", "0"][number as usize % 3];
    write!(
        out,
        "-rw-r--r--   1 {owner:8} staff {number:12} Mar 17  2001 file-{number}.txt\r\n"
    )
    .unwrap();
}

fn link(number: u32, out: &mut Vec<u8>) {
    write!(
        out,
        "lrwxrwxrwx   1 ann   staff  9 Mar 17  2001 link-{number} -> target-{number}\r\n"
    )
    .unwrap();
}

fn facts(number: u32, out: &mut Vec<u8>) {
    write!(
        out,
        "type=file;size={number};modify=20240102150405;perm=adfr;unique=801g{number:x};UNIX.mode=0644;\
         X.colour=red; file-{number}.txt\r\n"
    )
    .unwrap();
}

#[test]
fn a_million_entries_stream_through_in_constant_memory() {
    for (dialect, line) in [
        (Dialect::Unix, unix as fn(u32, &mut Vec<u8>)),
        (Dialect::Mlsx, facts),
    ] {
        let (mut entries, mut sizes) = (0u64, 0u64);
        let (summary, most, allocations) = measure(|| {
            stream(Reader::new(None), 1_000_000, line, |entry| {
                entries += 1;
                sizes += entry.size.unwrap();
            })
        });
        assert_eq!((entries, sizes), (1_000_000, 499_999_500_000));
        assert_eq!((summary.dialect, summary.entries), (Some(dialect), entries));
        assert_eq!((summary.confidence, summary.unparsed_count), (100, 0));
        // The buffer that the lines are written to is not the reader's.
        assert!(most <= BOUND + 64 * 1024, "{dialect:?}: {most} bytes");
        assert!(
            allocations < 200_000,
            "{dialect:?}: {allocations} allocations"
        );
    }
}

/// One allocation an entry and one more for a link's target would be much already.
#[test]
fn an_entry_costs_less_than_an_allocation() {
    for (name, line, dialect) in [
        ("unix", unix as fn(u32, &mut Vec<u8>), Dialect::Unix),
        ("links", link, Dialect::Unix),
        ("facts", facts, Dialect::Mlsx),
    ] {
        let mut text = Vec::new();
        (0..10_000).for_each(|number| line(number, &mut text));
        let mut entries = Vec::with_capacity(10_000);
        let (_, most, allocations) = measure(|| {
            let mut reader = Reader::with_dialect(dialect, None);
            read_all(&mut reader, &text, |entry| entries.push(entry));
            assert_eq!(reader.finish().entries, 10_000);
        });
        assert!(allocations < 1000, "{name}: {allocations} allocations");
        // All are kept here: their texts take little more than their length.
        let texts: usize = entries
            .iter()
            .map(|entry| entry.name.len() + entry.target.as_deref().map_or(0, <[u8]>::len))
            .sum();
        assert!(
            most < 3 * texts.cast_signed() + BOUND,
            "{name}: {most} bytes"
        );
    }
}

#[test]
fn what_contradicts_the_vote_is_counted_in_constant_memory() {
    let odd = |number: u32, out: &mut Vec<u8>| match number % 2 {
        1 if number as usize > VOTE_LINES => out.extend_from_slice(&[b'?'; 5000]),
        _ => unix(number, out),
    };
    let line = |number: u32, out: &mut Vec<u8>| {
        odd(number, out);
        if out.last() != Some(&b'\n') {
            out.push(b'\n');
        }
    };
    let (summary, most, _) = measure(|| stream(Reader::new(None), 20_000, line, drop));
    assert_eq!(summary.unparsed.len(), UNPARSED_LINES);
    assert_eq!(summary.unparsed_count as u64 + summary.entries, 20_000);
    assert_eq!(summary.confidence, 51);
    assert!(most <= BOUND + 128 * 1024, "{most} bytes");
}

/// The beginnings of lines that some dialect understands, so that it is not over with them at once.
const BEGINNINGS: &[&str] = &[
    "",
    "-rw-r--r-- 1 ann staff 5 Mar 17  2001 ",
    "-rw-r--r-- 1 ",
    "lrwxrwxrwx 1 a b 6 Mar 17 11:07 x -> ",
    "d [RWCEAFMS] ann ",
    "05-26-95  10:57AM ",
    "01-02-06  03:04PM    <JUNCTION>     j [",
    "+r,",
    "+r,\t",
    "type=file;",
    "type=OS.unix=slink:",
    "A.B;1 ",
    "A.B;1  1  2-JUN-1998 [",
    " 5 ",
    "PEP     4019 04/03/24 18:58:16 *STMF ",
    "A 101 528 6-Apr-07 14:21:18 ",
    "512 Jan-01-1980 00:00:00   ",
    "Volume Unit\nWPTA01 ",
    " Name VV.MM\nA ",
    " Name Size\nA ",
    "JOBNAME JOBID\nA JOB01906 ",
    "JOBNAME JOBID\nA JOB01906 A OUTPUT\n ID STEPNAME\n 001 ",
];

/// What a line may go on with for long.
const REPEATED: &[&str] = &[
    " ",
    "\t",
    "x",
    "1",
    "1 ",
    "Jan ",
    "Jan 1 ",
    "1 Jan ",
    "1 Jan 2001 ",
    "5 Mar 17 11:07 ",
    "6月 ",
    "январь",
    "\u{fc}",
    "a=",
    "a=b;",
    "a=b",
    ";",
    ";1",
    "A;1 ",
    "[",
    "] ",
    "(",
    "-> ",
    " -> ",
    ",",
    "1,",
    "/",
    "1/",
    "-",
    "1-",
    "1-1-1 ",
    ":",
    "1:",
    "DIR ",
    "A ",
    "*",
    "*DIR ",
    "<DIR>",
    "<DIR> ",
    ".",
    "PO ",
    "Migrated ",
    "+",
    "\r",
    "\0",
    "\u{ff}\n",
];

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let line = (
        prop::sample::select(BEGINNINGS),
        prop::sample::select(REPEATED),
        prop_oneof![0..100_usize, MAX_LINE - 50..MAX_LINE + 5],
        1..9_usize,
    );
    let line = line.prop_map(|(begin, repeated, length, times)| {
        let fill = repeated.bytes().cycle().take(length);
        let line: Vec<u8> = begin.bytes().chain(fill).chain(*b"\n").collect();
        line.repeat(times)
    });
    prop::collection::vec(line, 1..6).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_listing_makes_a_reader_grow(
        dialect in prop::option::of(prop::sample::select(Dialect::ALL)), text in hostile(), piece in 1..70_000_usize,
    ) {
        let (_, most, _) = measure(|| {
            let mut reader = dialect.map_or_else(|| Reader::new(None), |dialect| Reader::with_dialect(dialect, None));
            for piece in text.chunks(piece) {
                read_all(&mut reader, piece, drop);
            }
            reader.finish()
        });
        // An entry that was given away takes twice its line's length at most.
        prop_assert!(most <= BOUND + 2 * MAX_LINE.cast_signed(), "{} bytes", most);
    }
}

/// How long it takes to look for the dialect of `length` bytes in lines of `line` bytes.
fn time(begin: &str, repeated: &str, line: usize, length: usize) -> Duration {
    let one: Vec<u8> = begin
        .bytes()
        .chain(repeated.bytes().cycle().filter(|byte| *byte != b'\n'))
        .take(line)
        .chain(*b"\n")
        .collect();
    let text = one.repeat(length / line);
    let start = Instant::now();
    let mut reader = Reader::new(None);
    read_all(&mut reader, &text, drop);
    let _ = reader.finish();
    start.elapsed()
}

/// The same bytes in lines 32 times as long must not take much longer: a parser that goes over a line again for each of its
/// words, or bytes, would take 32 times as long. Only a line that takes long in every attempt counts, since a machine has
/// other things to do.
#[test]
fn no_line_takes_more_than_linear_time() {
    const LONG: usize = MAX_LINE - 1;
    for begin in BEGINNINGS {
        for repeated in REPEATED {
            let is_linear = || {
                let long = time(begin, repeated, LONG, 4 * LONG);
                long < Duration::from_millis(2)
                    || long < 12 * time(begin, repeated, LONG / 32, 4 * LONG)
            };
            let linear = (0..20).any(|_| is_linear());
            assert!(linear, "{begin:?} and then {repeated:?}");
        }
    }
}
