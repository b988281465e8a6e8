//! Files whose every byte is known, made and compared as streams.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

/// What a file that is moved for long is long.
pub const FIFTY_MIB: u64 = 50 << 20;

/// The lengths that every pair of peers moves both ways: nothing, one byte, one more than a common buffer, and long.
pub const SIZES: [u64; 4] = [0, 1, (64 << 10) + 1, FIFTY_MIB];

const BLOCK: usize = 64 << 10;

/// Writes `length` bytes that look random, the same ones for the same `seed`. Every value of a byte is among them, so
/// that an end of line or a Telnet byte that is changed on the way is noticed.
pub fn fill(path: &Path, length: u64, seed: u64) {
    let mut file = BufWriter::with_capacity(BLOCK, create(path));
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut left = length;
    while left > 0 {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let word = state.to_le_bytes();
        let take = word.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.write_all(&word[..take])
            .expect("room for a test's file");
        left -= take as u64;
    }
    file.flush().expect("room for a test's file");
}

/// Writes the first half of `whole` to `part`: what a transfer that broke off leaves.
pub fn half_of(whole: &Path, part: &Path) {
    let source = open(whole);
    let length = source.metadata().expect("a file's length").len() / 2;
    std::io::copy(&mut source.take(length), &mut create(part)).expect("room for a test's file");
}

/// Panics unless both files hold the same bytes.
pub fn assert_same(left: &Path, right: &Path) {
    let both = format!("{} and {}", left.display(), right.display());
    let lengths = [left, right].map(|path| fs::metadata(path).map(|data| data.len()));
    match lengths {
        [Ok(left), Ok(right)] => assert_eq!(left, right, "{both} differ in length"),
        other => panic!("cannot compare {both}: {other:?}"),
    }
    if let Some(at) = first_difference(left, right) {
        panic!("{both} differ near byte {at}");
    }
}

fn first_difference(left: &Path, right: &Path) -> Option<u64> {
    let (mut left, mut right) = (BufReader::new(open(left)), BufReader::new(open(right)));
    let (mut ours, mut theirs) = (vec![0; BLOCK], vec![0; BLOCK]);
    let mut at = 0;
    loop {
        let count = read_full(&mut left, &mut ours);
        if read_full(&mut right, &mut theirs) != count || ours[..count] != theirs[..count] {
            return Some(at);
        }
        if count == 0 {
            return None;
        }
        at += count as u64;
    }
}

/// Fills the buffer, unless the file ends first.
fn read_full(file: &mut impl Read, buffer: &mut [u8]) -> usize {
    let mut count = 0;
    while count < buffer.len() {
        match file
            .read(&mut buffer[count..])
            .expect("a test's file can be read")
        {
            0 => break,
            more => count += more,
        }
    }
    count
}

fn open(path: &Path) -> File {
    File::open(path).unwrap_or_else(|error| panic!("cannot open {}: {error}", path.display()))
}

fn create(path: &Path) -> File {
    File::create(path).unwrap_or_else(|error| panic!("cannot create {}: {error}", path.display()))
}
