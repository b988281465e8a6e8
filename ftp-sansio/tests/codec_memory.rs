//! A codec takes its memory when it is made: its steps allocate nothing, whatever they are given.
#![allow(
    unsafe_code,
    reason = "a global allocator that counts can be written in no other way"
)]
#![allow(clippy::unwrap_used, reason = "what fails in a test shall panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use ftp_sansio::data::{Codec, Direction, End, Parameters, Status, Tuning};
use ftp_sansio::wire::{Format, Mode, Representation, Structure};

struct Counting;

thread_local! {
    /// The bytes that this thread holds on the heap.
    static HELD: Cell<isize> = const { Cell::new(0) };
    /// How often it has asked for some.
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // After the thread's end there is nothing left to count for.
    let _ = HELD.try_with(|held| held.set(held.get() + bytes));
    let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
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

fn all() -> impl Iterator<Item = Parameters> {
    let representations = [
        Representation::Ascii(Format::NonPrint),
        Representation::Ebcdic(Format::NonPrint),
        Representation::Image,
    ];
    let structures = [Structure::File, Structure::Record, Structure::Page];
    let modes = [Mode::Stream, Mode::Block, Mode::Compressed, Mode::Deflate];
    representations.into_iter().flat_map(move |representation| {
        structures.into_iter().flat_map(move |structure| {
            modes.into_iter().map(move |mode| Parameters {
                representation,
                structure,
                mode,
            })
        })
    })
}

/// Runs all of it through the codec into `out`, which has the capacity for it, and counts allocations.
fn run(codec: &mut Codec, bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let mut buffer = [0; 1000];
    let before = CALLS.get();
    for mut piece in bytes.chunks(777).chain([&[][..]]) {
        let end = if piece.is_empty() {
            End::Closed
        } else {
            End::More
        };
        loop {
            let progress = codec.step(piece, &mut buffer, end);
            out.extend_from_slice(&buffer[..progress.produced]);
            piece = &piece[progress.consumed..];
            match progress.status {
                Status::Full | Status::Marker(_) => {}
                Status::Starved => break,
                Status::Ended(_) | Status::Failed(_) => return CALLS.get() - before,
            }
        }
    }
    panic!("it has no end");
}

#[test]
fn steps_allocate_nothing() {
    let mut tuning = Tuning::default();
    tuning.markers_every = Some(100);
    let file: Vec<u8> = (0..60_000_u32)
        .map(|index| b"some lines\n, and \r\n\0\0\0\xff"[(index * index / 7 % 23) as usize])
        .collect();
    for parameters in all() {
        let file = if parameters.structure == Structure::Page {
            &file[..40_000]
        } else {
            &file
        };
        let mut sent = Vec::with_capacity(4 * file.len());
        let mut back = Vec::with_capacity(4 * file.len());
        let mut codec = parameters.codec_with(Direction::Send, &tuning).unwrap();
        assert_eq!(run(&mut codec, file, &mut sent), 0, "{parameters:?}, sent");
        let mut codec = parameters.codec_with(Direction::Receive, &tuning).unwrap();
        assert_eq!(run(&mut codec, &sent, &mut back), 0, "{parameters:?}, back");
        assert!(back.len() > 30_000);
        // What makes no sense allocates nothing either.
        let mut codec = parameters.codec(Direction::Receive).unwrap();
        assert_eq!(run(&mut codec, file, &mut back), 0, "{parameters:?}, wrong");
    }
}

/// What [`Parameters::codec`] promises of what it takes.
#[test]
fn a_codec_takes_no_more_than_it_says() {
    for parameters in all() {
        for direction in [Direction::Send, Direction::Receive] {
            let before = HELD.get();
            let codec = parameters.codec(direction).unwrap();
            let held = HELD.get() - before;
            let most = match (codec.is_identity(), parameters.mode, direction) {
                (true, ..) => 0,
                (_, Mode::Deflate, Direction::Send) => 400 * 1024,
                (_, Mode::Deflate, Direction::Receive) => 64 * 1024,
                _ => 32 * 1024,
            };
            assert!(held <= most, "{parameters:?} {direction:?}: {held} bytes");
        }
    }
    assert!(
        size_of::<Codec>() <= 64,
        "what moves with a transfer is small"
    );
}
