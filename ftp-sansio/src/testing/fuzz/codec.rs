//! A codec under any bytes: received, and sent and received again.

use alloc::vec::Vec;

use super::program::Program;
use crate::data::{CodePage, Codec, Direction, End, Parameters, Tuning};
use crate::testing::Random;
use crate::testing::stream::{Outcome, Verdict, comes_back, trace};
use crate::wire::{Format, Mode, Representation, Structure};

/// Reads the bytes as parameters, choices, and data for their codecs.
///
/// # Panics
/// Where pieces or room make a difference, or a file does not come back.
pub fn codec(data: &[u8]) {
    let mut program = Program::new(data);
    let parameters = Parameters {
        representation: program.pick(&[
            Representation::Image,
            Representation::Ascii(Format::NonPrint),
            Representation::Ebcdic(Format::NonPrint),
        ]),
        structure: program.pick(&[Structure::File, Structure::Record, Structure::Page]),
        mode: program.pick(&[Mode::Stream, Mode::Block, Mode::Compressed, Mode::Deflate]),
    };
    let tuning = Tuning {
        level: program.byte() % 10,
        page: program.pick(&[CodePage::Ibm1047, CodePage::Ibm037]),
        markers_every: program.byte().checked_sub(1).map(u64::from),
        ..Tuning::default()
    };
    let room = Codec::MIN_OUTPUT + usize::from(program.byte());
    let bytes = program.bytes(usize::MAX);

    alike(parameters, &tuning, Direction::Receive, bytes, room);
    let sent = alike(parameters, &tuning, Direction::Send, bytes, room);
    if sent.verdict == Verdict::Ended {
        let back = alike(parameters, &tuning, Direction::Receive, &sent.bytes, room);
        assert_eq!(back.verdict, Verdict::Ended);
        assert_eq!(back.consumed, sent.bytes.len(), "not all was wanted");
        assert_eq!(back.bytes, comes_back(parameters, bytes));
    } else {
        assert_eq!(
            parameters.structure,
            Structure::Page,
            "a file cannot be sent"
        );
    }
}

/// Runs the bytes through the codec whole and in pieces.
fn alike(
    parameters: Parameters,
    tuning: &Tuning,
    direction: Direction,
    bytes: &[u8],
    room: usize,
) -> Outcome {
    let run = |pieces: &[&[u8]], room| {
        let codec = parameters.codec_with(direction, tuning);
        let mut codec = codec.expect("these parameters have a codec");
        trace(&mut codec, pieces, room, End::Closed)
    };
    let whole = run(&[bytes], 4096);
    let mut random = Random::new(bytes.len() as u64);
    let (mut pieces, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let count = 1 + random.up_to(rest.len() - 1).min(random.up_to(40));
        let (piece, left) = rest.split_at(count);
        pieces.push(piece);
        rest = left;
    }
    let mut cut = run(&pieces, room);
    if let Verdict::Failed(_) = whole.verdict {
        // How much was read before the fault was met may differ.
        cut.consumed = whole.consumed;
    }
    assert_eq!(cut, whole, "{parameters:?} {direction:?}");
    whole
}
