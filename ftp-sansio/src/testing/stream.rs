//! Running a codec over bytes that come in pieces.

use alloc::vec::Vec;

use crate::data::{CleanEnd, Codec, End, Status};

/// What comes out of `input`, and the clean end once the codec says so.
pub(super) fn run(codec: &mut Codec, mut input: &[u8], end: End) -> (Vec<u8>, Option<CleanEnd>) {
    let mut out = Vec::new();
    let mut buffer = [0; 64];
    loop {
        let progress = codec.step(input, &mut buffer, end);
        out.extend_from_slice(&buffer[..progress.produced]);
        input = &input[progress.consumed..];
        match progress.status {
            Status::Full => assert!(
                progress.consumed + progress.produced > 0,
                "a codec makes no progress"
            ),
            Status::Starved => return (out, None),
            Status::Ended(end) => return (out, Some(end)),
        }
    }
}
