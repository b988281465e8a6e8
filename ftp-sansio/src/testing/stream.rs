//! Running a codec over bytes that come in pieces.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::data::{CleanEnd, Codec, Direction, End, Fault, Marker, Parameters, Status};
use crate::wire::{Mode, Representation, Structure};

/// What comes out of `input`, and the end once the codec says so.
pub(super) fn run(
    codec: &mut Codec,
    input: &[u8],
    end: End,
) -> (Vec<u8>, Option<Result<CleanEnd, Fault>>) {
    let run = run_with_rest(codec, input, end);
    (run.bytes, run.end)
}

/// All that comes out of some input.
pub(super) struct Run<'a> {
    pub(super) bytes: Vec<u8>,
    pub(super) markers: Vec<Marker>,
    pub(super) end: Option<Result<CleanEnd, Fault>>,
    /// What lies behind the end.
    pub(super) rest: &'a [u8],
}

/// The same, with the markers in it and what is left behind its end.
pub(super) fn run_with_rest<'a>(codec: &mut Codec, input: &'a [u8], end: End) -> Run<'a> {
    let mut run = Run {
        bytes: Vec::new(),
        markers: Vec::new(),
        end: None,
        rest: input,
    };
    let mut buffer = [0; 64];
    loop {
        let progress = codec.step(run.rest, &mut buffer, end);
        run.bytes.extend_from_slice(&buffer[..progress.produced]);
        run.rest = &run.rest[progress.consumed..];
        match progress.status {
            Status::Full => assert!(
                progress.consumed + progress.produced > 0,
                "a codec makes no progress"
            ),
            Status::Marker(marker) => run.markers.push(marker),
            Status::Starved => return run,
            Status::Ended(end) => {
                run.end = Some(Ok(end));
                return run;
            }
            Status::Failed(fault) => {
                run.end = Some(Err(fault));
                return run;
            }
        }
    }
}

/// As a codec gives it at the end of a file without a byte.
pub(super) fn clean_end() -> CleanEnd {
    let codec = Parameters::IMAGE.codec(Direction::Receive);
    let progress = codec.map(|mut codec| codec.step(&[], &mut [], End::Closed));
    match progress.map(|progress| progress.status) {
        Some(Status::Ended(end)) => end,
        other => panic!("an image in a stream has an end, not {other:?}"),
    }
}

/// A restart marker, as only a codec makes one (RFC 959 § 3.4.2).
pub(super) fn marker(text: &str) -> Box<Marker> {
    let blocks = Parameters {
        mode: Mode::Block,
        ..Parameters::IMAGE
    };
    let mut codec = blocks.codec(Direction::Receive).expect("a codec");
    let length = u8::try_from(text.len()).expect("a short marker");
    let block = [&[16, 0, length], text.as_bytes()].concat();
    let mut run = run_with_rest(&mut codec, &block, End::More);
    Box::new(run.markers.pop().expect("a marker"))
}

/// What a transfer's codec came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It waits for more.
    Open,
    Ended,
    Failed(Fault),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    pub(crate) bytes: Vec<u8>,
    /// The restart markers, each with its offset.
    pub(crate) markers: Vec<(Vec<u8>, u64)>,
    pub(crate) verdict: Verdict,
    /// How much of the input was taken.
    pub(crate) consumed: usize,
}

/// Runs the pieces through the codec, into so many bytes of room at a time, and then `end`.
pub(crate) fn trace(codec: &mut Codec, pieces: &[&[u8]], room: usize, end: End) -> Outcome {
    let mut outcome = Outcome {
        bytes: Vec::new(),
        markers: Vec::new(),
        verdict: Verdict::Open,
        consumed: 0,
    };
    let mut buffer = vec![0; room];
    let offers = pieces
        .iter()
        .map(|piece| (*piece, End::More))
        .chain([(&[][..], end)]);
    for (mut piece, end) in offers {
        loop {
            let progress = codec.step(piece, &mut buffer, end);
            outcome.bytes.extend(&buffer[..progress.produced]);
            outcome.consumed += progress.consumed;
            piece = &piece[progress.consumed..];
            match progress.status {
                Status::Starved => {
                    assert!(piece.is_empty(), "starved, and not all was taken");
                    assert_eq!(end, End::More, "starved after the end");
                    break;
                }
                Status::Full => assert!(
                    progress.consumed + progress.produced > 0,
                    "no progress with {room} bytes of room"
                ),
                Status::Marker(marker) => outcome
                    .markers
                    .push((marker.text().to_vec(), marker.offset())),
                Status::Ended(_) => {
                    outcome.verdict = Verdict::Ended;
                    return outcome;
                }
                Status::Failed(fault) => {
                    outcome.verdict = Verdict::Failed(fault);
                    return outcome;
                }
            }
        }
    }
    outcome
}

/// What becomes of a file that is sent and received. It is the same but for two things: CRLF comes back as LF where that is
/// what travels at the end of a line, and the last line of a text gets its end if it is a record.
pub(crate) fn comes_back(parameters: Parameters, file: &[u8]) -> Vec<u8> {
    let mut back = file.to_vec();
    let is_text = matches!(
        parameters.representation,
        Representation::Ascii(_) | Representation::Ebcdic(_)
    );
    if parameters.structure == Structure::Record {
        if is_text && !file.is_empty() && !file.ends_with(b"\n") {
            back.push(b'\n');
        }
    } else if matches!(parameters.representation, Representation::Ascii(_)) {
        let mut after_cr = false;
        back.clear();
        for &byte in file {
            if byte == b'\n' && after_cr {
                back.pop();
            }
            back.push(byte);
            after_cr = byte == b'\r';
        }
    }
    back
}
