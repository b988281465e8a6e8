//! Pipelining changes when things are said, and nothing else: with every kind of server, the outcomes are those of one step at a time.
//! And it is worth it: round trips are counted.

use core::time::Duration;

use ftp_sansio::client::{
    Config, DataPath, Failure, Meaning, Operation, Options, Outcome, TransferRequest,
};
use ftp_sansio::testing::Model;
use ftp_sansio::testing::model::{End, Habits, Leaves, Meanwhile};
use ftp_sansio::wire::{Arg, Command, Mode, Reply};
use proptest::prelude::*;

fn arg(text: &str) -> Arg {
    text.parse().unwrap()
}

#[derive(Clone, Debug)]
enum Wish {
    Retrieve(&'static str, u64, bool),
    Store(&'static str, usize, bool),
    List(bool),
    Size(&'static str),
    Delete(&'static str),
    Rename(&'static str, &'static str),
    Nothing,
    Unknown,
}

impl Wish {
    fn operation(&self) -> (Operation, Vec<u8>) {
        let mode = |is_block: &bool| if *is_block { Mode::Block } else { Mode::Stream };
        let options = |offset, is_block| {
            let mode = mode(is_block);
            Options {
                offset,
                mode,
                ..Options::default()
            }
        };
        let file = |command, options| Operation::Transfer(TransferRequest::file(command, options));
        match self {
            Self::Retrieve(name, offset, is_block) => (
                file(Command::Retr(arg(name)), options(*offset, is_block)),
                vec![],
            ),
            Self::Store(name, length, is_block) => (
                file(Command::Stor(arg(name)), options(0, is_block)),
                content(*length, 7),
            ),
            Self::List(is_block) => {
                let mut request = TransferRequest::list(Command::Mlsd(None));
                request.mode = mode(is_block);
                (Operation::Transfer(request), vec![])
            }
            Self::Size(name) => (
                Operation::Command(Command::Size(arg(name)), Meaning::Size),
                vec![],
            ),
            Self::Delete(name) => (
                Operation::Command(Command::Dele(arg(name)), Meaning::Done),
                vec![],
            ),
            Self::Rename(from, to) => {
                let (from, to) = (arg(from), arg(to));
                (Operation::Rename { from, to }, vec![])
            }
            Self::Nothing => (Operation::Command(Command::Noop, Meaning::Done), vec![]),
            Self::Unknown => (
                Operation::Command(Command::parse(b"XYZZY").unwrap(), Meaning::Raw),
                vec![],
            ),
        }
    }
}

fn content(length: usize, seed: usize) -> Vec<u8> {
    (0..length).map(|at| (at * seed % 251) as u8).collect()
}

fn wish() -> impl Strategy<Value = Wish> {
    let name = || prop::sample::select(vec!["a", "b", "big", "empty", "torn", "new", "none"]);
    let block = || prop::bool::weighted(0.5);
    let offset = prop_oneof![6 => Just(0), 1 => 1..2000_u64];
    prop_oneof![
        10 => (name(), offset, block()).prop_map(|(name, offset, block)| Wish::Retrieve(name, offset, block)),
        3 => (prop::sample::select(vec!["new", "a", "no"]), 0..9000_usize, block()).prop_map(|(name, length, block)| Wish::Store(name, length, block)),
        1 => block().prop_map(Wish::List),
        1 => name().prop_map(Wish::Size),
        1 => name().prop_map(Wish::Delete),
        1 => Just(Wish::Rename("b", "new")),
        1 => Just(Wish::Nothing),
        1 => Just(Wish::Unknown),
    ]
}

/// What servers are like: most of them are of one kind, since a kind is a habit that goes with others.
fn habits() -> impl Strategy<Value = Habits> {
    let meanwhile = prop::sample::select(vec![
        Meanwhile::Keeps,
        Meanwhile::Keeps,
        Meanwhile::Answers,
        Meanwhile::Refuses,
        Meanwhile::Loses,
        Meanwhile::LosesSome,
    ]);
    let leaves = prop_oneof![
        Just(Leaves::Closed),
        Just(Leaves::Open),
        (1..5_u32).prop_map(Leaves::OpenFor),
        (1..5_u32).prop_map(Leaves::BreaksAfter),
    ];
    let flags = [0.3, 0.2, 0.1, 0.1, 0.2].map(prop::bool::weighted);
    (
        meanwhile,
        leaves,
        flags,
        prop_oneof![3 => Just(0), 1 => 0..100_u8],
        0..30_u64,
    )
        .prop_map(
            |(
                meanwhile,
                leaves,
                [early_150, no_pairs, epsv_unreachable, no_rest, late_port],
                epsv_refusals,
                thinks,
            )| {
                let mut habits = Habits::default();
                habits.meanwhile = meanwhile;
                habits.leaves = leaves;
                habits.early_150 = early_150;
                habits.no_pairs = no_pairs;
                habits.epsv_unreachable = epsv_unreachable;
                habits.no_rest = no_rest;
                habits.late_port = late_port;
                habits.epsv_refusals = epsv_refusals;
                habits.thinks = Duration::from_millis(thinks);
                habits
            },
        )
}

fn model(config: Config, habits: Habits, seed: u64) -> Model {
    let mut model = Model::new(config, habits, Duration::from_millis(40), seed);
    for (name, length) in [
        ("a", 10),
        ("b", 3000),
        ("big", 40_000),
        ("empty", 0),
        ("torn", 9000),
    ] {
        model.put(name, content(length, 3));
    }
    model
}

fn config(data_path: DataPath, pipelining: bool, eager_uploads: bool) -> Config {
    let mut config = Config::default();
    config.data_path = data_path;
    config.pipelining = pipelining;
    config.eager_uploads = eager_uploads;
    config
}

/// What a user sees of an end. Which of 226 and 250 it was says what became of a data connection.
fn seen((result, bytes): &End) -> (String, Vec<u8>) {
    match result {
        Ok(Outcome::Transferred { .. }) => ("transferred".into(), bytes.clone()),
        Ok(outcome) => (format!("{outcome:?}"), vec![]),
        Err(Failure::Incomplete { reply, .. }) => (
            format!("incomplete {:?}", reply.as_ref().map(Reply::code)),
            vec![],
        ),
        Err(failure) => (format!("{failure:?}"), vec![]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_outcomes_are_the_same(
        wishes in prop::collection::vec(wish(), 1..25),
        habits in habits(),
        way in prop::sample::select(vec![DataPath::Passive, DataPath::Passive, DataPath::PassiveHostPort, DataPath::Active]),
        eager: bool,
        seeds: [u64; 2],
    ) {
        let operations = || wishes.iter().map(Wish::operation).collect::<Vec<_>>();
        let mut step_by_step = model(config(way, false, eager), habits, seeds[0]);
        let mut pipelined = model(config(way, true, eager), habits, seeds[1]);
        let expected = step_by_step.run(operations());
        let ends = pipelined.run(operations());
        for (index, (end, expected)) in ends.iter().zip(&expected).enumerate() {
            prop_assert!(seen(end) == seen(expected), "{index}, {:?}: {:?}, and step by step {:?}\n{:?}", wishes[index], seen(end).0, seen(expected).0, pipelined.commands());
        }
        for name in ["a", "b", "new"] {
            prop_assert!(pipelined.file(name) == step_by_step.file(name), "{}", name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is given up, and whenever: the rest is as if nothing had been.
    #[test]
    fn an_abort_harms_nobody_else(
        wishes in prop::collection::vec(wish(), 1..12),
        habits in habits(),
        way in prop::sample::select(vec![DataPath::Passive, DataPath::Active]),
        seeds: [u64; 2],
        which: prop::sample::Index,
        steps in 0..200_usize,
    ) {
        let operations = || wishes.iter().map(Wish::operation).collect::<Vec<_>>();
        // What nobody else can see the effect of.
        let reads = (0..wishes.len()).filter(|&at| matches!(wishes[at], Wish::Retrieve(..) | Wish::List(_) | Wish::Size(_)));
        let reads: Vec<_> = reads.collect();
        let Some(&which) = reads.get(which.index(wishes.len())).or(reads.last()) else { return Ok(()) };
        let mut step_by_step = model(config(way, false, false), habits, seeds[0]);
        let mut pipelined = model(config(way, true, false), habits, seeds[1]);
        let expected = step_by_step.run(operations());
        let ends = pipelined.run_and_abort(operations(), which, steps);
        for (index, (end, expected)) in ends.iter().zip(&expected).enumerate() {
            let is_aborted = index == which && end.0 == Err(Failure::Aborted);
            prop_assert!(is_aborted || seen(end) == seen(expected), "{index}, {:?}: {:?}, and otherwise {:?}\n{:?}", wishes[index], seen(end).0, seen(expected).0, pipelined.commands());
        }
    }
}

/// How many round trips it takes to fetch, or to store, so many small files.
fn round_trips(
    data_path: DataPath,
    leaves: Leaves,
    options: Options,
    stores: bool,
    pipelining: bool,
) -> f64 {
    const ROUND_TRIP: Duration = Duration::from_millis(40);
    let mut habits = Habits::default();
    habits.leaves = leaves;
    let mut model = Model::new(config(data_path, pipelining, true), habits, ROUND_TRIP, 1);
    let name = |number: usize| format!("file{number}");
    for number in 0..200 {
        model.put(&name(number), content(1000, number));
    }
    let operation = |number: usize| {
        let path = arg(&name(number));
        let command = if stores {
            Command::Stor(path)
        } else {
            Command::Retr(path)
        };
        let upload = if stores {
            content(1000, number)
        } else {
            vec![]
        };
        (
            Operation::Transfer(TransferRequest::file(command, options)),
            upload,
        )
    };
    let begun = model.elapsed();
    let ends = model.run((0..200).map(operation).collect());
    for (number, (result, bytes)) in ends.iter().enumerate() {
        assert!(result.is_ok(), "{number}: {result:?}");
        assert!(stores || *bytes == content(1000, number));
    }
    (model.elapsed() - begun).as_secs_f64() / ROUND_TRIP.as_secs_f64()
}

/// The server moves each file in a millisecond or two, which is less than a tenth of a round trip; that much is allowed for.
#[test]
fn two_hundred_small_files() {
    let stream = Options::default();
    let blocks = Options {
        mode: Mode::Block,
        ..stream
    };
    let (passive, active) = (DataPath::Passive, DataPath::Active);
    let (closed, open) = (Leaves::Closed, Leaves::Open);
    // (how, at the most so many round trips for all of them)
    for (what, trips, most) in [
        (
            "get, step by step",
            round_trips(passive, closed, stream, false, false),
            640.0,
        ),
        (
            "get, passive",
            round_trips(passive, closed, stream, false, true),
            430.0,
        ),
        (
            "get, active",
            round_trips(active, closed, stream, false, true),
            240.0,
        ),
        (
            "get, in blocks",
            round_trips(passive, open, blocks, false, true),
            25.0,
        ),
        (
            "put, passive",
            round_trips(passive, closed, stream, true, true),
            430.0,
        ),
        (
            "put, in blocks",
            round_trips(passive, open, blocks, true, true),
            240.0,
        ),
    ] {
        println!("{what}: {trips:.1} round trips");
        assert!(
            trips <= most,
            "{what}: {trips:.1} round trips, and not {most}"
        );
    }
}
