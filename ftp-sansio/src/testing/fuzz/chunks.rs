//! Chunking never changes behaviour: the same bytes, in any pieces, give the same outputs and the same bytes sent.

use alloc::vec::Vec;
use core::fmt::Debug;

use crate::testing::Random;
use crate::testing::tls::FakeTls;

/// What a session did: its outputs, and the bytes it sent.
pub(super) type Trace<O> = (Vec<O>, Vec<u8>);

/// Bytes are given in batches of at most this many, and outputs are taken between batches.
pub(super) const BATCH: usize = 700;

/// Input of at most this many bytes is cut in two at every place besides.
const SHORT: usize = 80;

/// How what there is to take is cut.
pub(super) enum Cuts {
    Whole,
    Bytes,
    Random(Random),
    /// In two, behind so many bytes.
    Two(usize),
}

impl Cuts {
    /// How many of the bytes that are left are offered next.
    pub(super) fn next(&mut self, left: usize) -> usize {
        match self {
            Self::Whole => left,
            Self::Bytes => 1,
            Self::Random(random) => 1 + random.up_to(left - 1).min(random.up_to(40)),
            Self::Two(first) => {
                let count = if *first == 0 { left } else { left.min(*first) };
                *first -= count.min(*first);
                count
            }
        }
    }
}

fn seed(bytes: &[u8]) -> u64 {
    bytes.iter().fold(bytes.len() as u64, |seed, &byte| {
        seed.wrapping_mul(31).wrapping_add(u64::from(byte))
    })
}

/// Runs the same bytes in pieces of every kind.
pub(super) fn assert_alike<O: PartialEq + Debug>(bytes: &[u8], run: impl Fn(Cuts) -> Trace<O>) {
    let whole = run(Cuts::Whole);
    assert_eq!(run(Cuts::Bytes), whole, "byte by byte");
    let mut random = Random::new(seed(bytes));
    for _ in 0..2 {
        let cuts = Random::new(random.next());
        assert_eq!(run(Cuts::Random(cuts)), whole, "in pieces");
    }
    if bytes.len() <= SHORT {
        for first in 1..bytes.len() {
            assert_eq!(run(Cuts::Two(first)), whole, "in two, behind {first} bytes");
        }
    }
}

/// What travels where these are the lines of a peer: one that begins with `~` travels in TLS, and is said by TLS's client or its server.
/// `~hello` begins it, `~close` is its end, `~NOOP` is a line in a record. All else travels as it is, in a handshake or under TLS too, and
/// there is what somebody has injected.
pub(super) fn wire(lines: &[u8], is_client: bool) -> Vec<u8> {
    let mut tls = FakeTls::new(is_client);
    let mut wire = Vec::new();
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_prefix(b"~").map(<[u8]>::trim_ascii_end) {
            None => wire.extend_from_slice(line),
            Some(b"hello") => {
                tls = FakeTls::new(is_client);
                wire.extend(tls.greet());
            }
            Some(b"close") => wire.extend(tls.close()),
            Some(line) => wire.extend(tls.data(&[line, b"\r\n"].concat())),
        }
    }
    wire
}
