//! What the codecs do, seen from outside: bytes in, bytes out.

mod markers;
mod properties;
mod vectors;

use alloc::vec;
use alloc::vec::Vec;

use super::{Codec, Direction, End, Fault, Parameters, Status, Tuning};
pub(super) use crate::testing::stream::{Outcome, Verdict, comes_back, trace as run};
use crate::wire::{Format, Mode, Representation, Structure};

pub(super) const ASCII: Representation = Representation::Ascii(Format::NonPrint);
pub(super) const EBCDIC: Representation = Representation::Ebcdic(Format::NonPrint);
pub(super) const IMAGE: Representation = Representation::Image;

pub(super) const fn with(
    representation: Representation,
    structure: Structure,
    mode: Mode,
) -> Parameters {
    Parameters {
        representation,
        structure,
        mode,
    }
}

pub(super) fn whole(
    parameters: Parameters,
    tuning: &Tuning,
    direction: Direction,
    bytes: &[u8],
) -> Outcome {
    let mut codec = parameters.codec_with(direction, tuning).unwrap();
    run(&mut codec, &[bytes], 4096, End::Closed)
}

/// What travels when this file is sent.
pub(super) fn send(parameters: Parameters, file: &[u8]) -> Vec<u8> {
    let outcome = whole(parameters, &Tuning::default(), Direction::Send, file);
    assert_eq!(outcome.verdict, Verdict::Ended, "{parameters:?}");
    outcome.bytes
}

pub(super) fn receive(parameters: Parameters, bytes: &[u8]) -> Outcome {
    whole(parameters, &Tuning::default(), Direction::Receive, bytes)
}

/// The file that comes of these bytes.
pub(super) fn file(parameters: Parameters, bytes: &[u8]) -> Vec<u8> {
    let outcome = receive(parameters, bytes);
    assert_eq!(outcome.verdict, Verdict::Ended, "{parameters:?}");
    assert_eq!(outcome.consumed, bytes.len());
    outcome.bytes
}
