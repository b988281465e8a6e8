//! Promises of every codec: for any file, any bytes, and however they are cut.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::data::CodePage;

const REPRESENTATIONS: [Representation; 4] = [ASCII, EBCDIC, IMAGE, Representation::Local(8)];
const STRUCTURES: [Structure; 3] = [Structure::File, Structure::Record, Structure::Page];
const MODES: [Mode; 4] = [Mode::Stream, Mode::Block, Mode::Compressed, Mode::Deflate];

fn all() -> Vec<Parameters> {
    let mut all = Vec::new();
    for representation in REPRESENTATIONS {
        for structure in STRUCTURES {
            all.extend(MODES.map(|mode| with(representation, structure, mode)));
        }
    }
    all
}

fn any_parameters() -> impl Strategy<Value = Parameters> {
    select(all())
}

/// Bytes that mean something to one codec or another, and runs of them.
fn any_file(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => select(&b"\r\n\n ab\0\xff\x85\x01\x15"[..]),
        1 => any::<u8>(),
    ];
    let run = (
        byte,
        prop_oneof![4 => Just(1), 1 => 1..70_usize, 1 => Just(300)],
    );
    prop::collection::vec(run, 0..most).prop_map(|runs| {
        let runs = runs.iter().map(|(byte, count)| vec![*byte; *count]);
        runs.collect::<Vec<_>>().concat()
    })
}

fn any_tuning() -> impl Strategy<Value = Tuning> {
    (any::<bool>(), 0..=9_u8, prop::option::of(1..200_u64)).prop_map(|(old, level, every)| {
        let page = if old {
            CodePage::Ibm037
        } else {
            CodePage::Ibm1047
        };
        Tuning {
            page,
            level,
            markers_every: every,
            ..Tuning::default()
        }
    })
}

fn pieces<'a>(mut bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, rest) = bytes.split_at((*cut).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

/// Runs it again in these pieces and with this room, and compares.
fn assert_alike(
    parameters: Parameters,
    tuning: &Tuning,
    direction: Direction,
    bytes: &[u8],
    cuts: &[usize],
    room: usize,
) {
    let expected = whole(parameters, tuning, direction, bytes);
    let mut codec = parameters.codec_with(direction, tuning).unwrap();
    let mut outcome = run(&mut codec, &pieces(bytes, cuts), room, End::Closed);
    if let Verdict::Failed(_) = expected.verdict {
        // How much was read before the fault was met may differ.
        outcome.consumed = expected.consumed;
    }
    assert_eq!(
        outcome, expected,
        "{parameters:?} {direction:?} {bytes:02x?}"
    );
}

const DIRECTIONS: [Direction; 2] = [Direction::Send, Direction::Receive];

proptest! {
    #[test]
    fn a_file_comes_back(parameters in any_parameters(), tuning in any_tuning(), file in any_file(80)) {
        let sent = whole(parameters, &tuning, Direction::Send, &file);
        prop_assert_eq!(sent.verdict, Verdict::Ended);
        let back = whole(parameters, &tuning, Direction::Receive, &sent.bytes);
        prop_assert_eq!(back.verdict, Verdict::Ended);
        prop_assert_eq!(back.consumed, sent.bytes.len());
        prop_assert_eq!(back.bytes, comes_back(parameters, &file));
    }

    #[test]
    fn chunks_and_room_never_matter(
        parameters in any_parameters(),
        tuning in any_tuning(),
        file in any_file(40),
        cuts in prop::collection::vec(0..20_usize, 0..40),
        room in prop_oneof![Codec::MIN_OUTPUT..40, Just(5000)],
        damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        assert_alike(parameters, &tuning, Direction::Send, &file, &cuts, room);
        let mut sent = whole(parameters, &tuning, Direction::Send, &file).bytes;
        if let Some((index, byte)) = damage && !sent.is_empty() {
            let index = index.index(sent.len());
            sent[index] = byte;
        }
        assert_alike(parameters, &tuning, Direction::Receive, &sent, &cuts, room);
    }

    #[test]
    fn any_bytes_are_understood_or_refused(
        parameters in any_parameters(),
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            prop::collection::vec(select(&b"\0\0\x01\x02\x04\x10\x40\x80\xc0\xff\x05ab"[..]), 0..60),
        ],
        cuts in prop::collection::vec(0..9_usize, 0..20),
        room in Codec::MIN_OUTPUT..20,
    ) {
        assert_alike(parameters, &Tuning::default(), Direction::Receive, &bytes, &cuts, room);
    }

    #[test]
    fn a_part_is_never_the_whole(parameters in any_parameters(), tuning in any_tuning(), file in any_file(12)) {
        prop_assume!(parameters.marks_end());
        let sent = whole(parameters, &tuning, Direction::Send, &file).bytes;
        for cut in 0..sent.len() {
            let outcome = receive(parameters, &sent[..cut]);
            prop_assert_eq!(outcome.verdict, Verdict::Failed(Fault::Truncated), "{} of {}", cut, sent.len());
        }
    }
}

#[test]
fn cut_at_every_byte() {
    let file = b"one\r\n\n\xff\xff   \0\0\0\0two\r\rthree three three three\n";
    let tuning = Tuning {
        markers_every: Some(7),
        ..Tuning::default()
    };
    for parameters in all() {
        let sent = whole(parameters, &tuning, Direction::Send, file).bytes;
        for (direction, bytes) in DIRECTIONS.into_iter().zip([&file[..], &sent]) {
            for cut in 0..=bytes.len() {
                for room in [Codec::MIN_OUTPUT, 3, 100] {
                    assert_alike(parameters, &tuning, direction, bytes, &[cut], room);
                }
            }
            let byte_by_byte = vec![1; bytes.len()];
            assert_alike(parameters, &tuning, direction, bytes, &byte_by_byte, 2);
        }
    }
}

/// Longer than every buffer within: a block, the window of deflate, what stands between two stages.
#[test]
fn large_files_come_back_however_they_are_cut() {
    let mut random = crate::testing::Random::new(7);
    let noise: Vec<u8> = (0..100_000).map(|_| random.up_to(255) as u8).collect();
    let text = b"All that travels comes back.\n".repeat(5000);
    for file in [&noise[..], &text] {
        for parameters in all() {
            let file = match parameters.structure {
                Structure::Page => &file[..60_000],
                _ => file,
            };
            for level in [0, 1, 6, 9] {
                let tuning = Tuning {
                    level,
                    ..Tuning::default()
                };
                let sent = whole(parameters, &tuning, Direction::Send, file);
                let back = receive(parameters, &sent.bytes);
                assert_eq!(back.verdict, Verdict::Ended);
                assert_eq!(back.bytes, comes_back(parameters, file));
                if parameters.mode == Mode::Deflate {
                    let cuts: Vec<_> = (0..200).map(|_| random.up_to(2000)).collect();
                    let room = Codec::MIN_OUTPUT + random.up_to(9000);
                    assert_alike(parameters, &tuning, Direction::Send, file, &cuts, room);
                    assert_alike(
                        parameters,
                        &tuning,
                        Direction::Receive,
                        &sent.bytes,
                        &cuts,
                        room,
                    );
                } else {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_bomb_is_refused_and_what_is_large_is_not() {
    let zeros = with(IMAGE, Structure::File, Mode::Deflate);
    let bomb = send(zeros, &vec![0; 24 << 20]);
    assert!(bomb.len() < 40_000);
    let outcome = receive(zeros, &bomb);
    assert_eq!(outcome.verdict, Verdict::Failed(Fault::Bomb));
    assert!(outcome.bytes.len() <= 18 << 20, "{}", outcome.bytes.len());
    assert_alike(
        zeros,
        &Tuning::default(),
        Direction::Receive,
        &bomb,
        &[1000, 1, 9000],
        70_000,
    );
    let tuning = Tuning {
        ratio_cap: 1033,
        ..Tuning::default()
    };
    let outcome = whole(zeros, &tuning, Direction::Receive, &bomb);
    assert_eq!(outcome.verdict, Verdict::Ended);
    assert_eq!(outcome.bytes.len(), 24 << 20);
    // A little of it is nobody's harm.
    let little = send(zeros, &vec![0; 12 << 20]);
    assert_eq!(receive(zeros, &little).verdict, Verdict::Ended);
}

#[test]
fn without_room_nothing_is_lost() {
    for parameters in all() {
        let mut codec = parameters.codec(Direction::Send).unwrap();
        for end in [End::More, End::Closed] {
            let progress = codec.step(b"", &mut [], end);
            assert_eq!((progress.consumed, progress.produced), (0, 0));
        }
        let rest = run(&mut codec, &[], 64, End::Closed);
        assert_eq!(rest.bytes, send(parameters, b""), "{parameters:?}");
    }
}
