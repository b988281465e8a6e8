//! Rule 8, and the sequence table: a client and a server joined, with anything going wrong between them. What has to hold is checked by
//! [`pair::run`], for the fuzz target as for these.

use core::time::Duration;

use ftp_sansio::client::Options;
use ftp_sansio::testing::fuzz::pair::{self, COMMANDS, Name, Setting, Step, Wish};
use ftp_sansio::testing::pair::Faults;
use ftp_sansio::wire::{Format, Mode, Representation, Structure};
use proptest::prelude::*;

fn setting() -> impl Strategy<Value = Setting> {
    any::<(u64, u16, u16)>().prop_map(|(seed, client, server)| Setting::new(seed, client, server))
}

fn faults() -> impl Strategy<Value = Faults> {
    let delay = || prop_oneof![Just(0), 0..5000_u64].prop_map(Duration::from_millis);
    let after = || prop_oneof![4 => Just(None), 1 => (0..2500_u64).prop_map(Some)];
    let delays = (
        (0..200_u64).prop_map(Duration::from_millis),
        delay(),
        delay(),
    );
    (
        delays,
        [after(), after(), after(), after()],
        0..3_u32,
        any::<bool>(),
    )
        .prop_map(|(delays, after, refuse_connects, forget_tls)| {
            let mut faults = Faults::default();
            (faults.delay, faults.reply_delay, faults.data_delay) = delays;
            let [drop, reset, stall, lose] = after;
            // Replies are short: most of a session is over after a thousand bytes of them.
            faults.drop_control_after = drop.map(|bytes| 100 + usize::try_from(bytes / 3).unwrap());
            faults.reset_data_after = reset;
            faults.stall_data_after = stall;
            faults.lose_data_after = lose;
            faults.refuse_connects = refuse_connects;
            faults.forget_tls = forget_tls;
            faults
        })
}

fn name() -> impl Strategy<Value = Name> {
    any::<u8>().prop_map(Name::new)
}

fn options() -> impl Strategy<Value = Options> {
    let representation = prop_oneof![
        2 => Just(Representation::Image),
        1 => Just(Representation::Ascii(Format::NonPrint)),
        1 => Just(Representation::Ebcdic(Format::NonPrint)),
    ];
    let structure = prop_oneof![
        6 => Just(Structure::File),
        1 => Just(Structure::Record),
        1 => Just(Structure::Page),
    ];
    let mode = prop_oneof![
        4 => Just(Mode::Stream),
        2 => Just(Mode::Block),
        1 => Just(Mode::Compressed),
        1 => Just(Mode::Deflate),
    ];
    let offset = prop_oneof![3 => Just(0), 1 => 0..1000_u64];
    (offset, representation, structure, mode).prop_map(
        |(offset, representation, structure, mode)| Options {
            offset,
            representation,
            structure,
            mode,
        },
    )
}

fn moving() -> impl Strategy<Value = Wish> {
    let length = || 0..3000_usize;
    prop_oneof![
        3 => (name(), options()).prop_map(|(name, options)| Wish::Retrieve(name, options)),
        3 => (name(), options(), length()).prop_map(|(name, options, length)| Wish::Store(name, options, length)),
        1 => (name(), options(), length()).prop_map(|(name, options, length)| Wish::Append(name, options, length)),
        1 => (options(), length()).prop_map(|(options, length)| Wish::StoreUnique(options, length)),
        1 => any::<u8>().prop_map(Wish::List),
    ]
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        6 => moving(),
        1 => name().prop_map(Wish::Delete),
        1 => (name(), name()).prop_map(|(from, to)| Wish::Rename(from, to)),
        3 => (0..COMMANDS.len(), any::<bool>()).prop_map(|(command, any)| Wish::Command(command, any)),
        1 => any::<bool>().prop_map(Wish::Login),
        1 => prop::sample::select(vec![Wish::Secure, Wish::Clear]),
    ]
}

fn ask() -> impl Strategy<Value = Step> {
    let abort = prop_oneof![3 => Just(None), 1 => (0..64_u8).prop_map(Some)];
    (prop::collection::vec(wish(), 1..6), abort)
        .prop_map(|(wishes, abort)| Step::Ask { wishes, abort })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => ask(),
        2 => faults().prop_map(Step::Faults),
        1 => (0..400_u64).prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
    ]
}

fn only(wish: Wish) -> Step {
    Step::Ask {
        wishes: vec![wish],
        abort: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A transfer that either side calls complete is whole; and an upload that the server does not call complete leaves the old file as it
    /// was.
    #[test]
    fn a_transfer_is_whole_or_not_ok(setting in setting(), faults in faults(), wish in moving()) {
        pair::run(setting, [Step::Faults(faults), only(Wish::Secure), only(Wish::Login(true)), only(wish)]);
    }

    /// Whatever is asked for, in whatever order and however much of it at once, the two are never out of step, and everything has an
    /// end.
    #[test]
    fn nothing_is_out_of_sequence(setting in setting(), mut steps in prop::collection::vec(step(), 0..10), secures: bool, quits: bool) {
        steps.insert(0, only(Wish::Login(true)));
        if secures {
            steps.insert(0, only(Wish::Secure));
        }
        if quits {
            steps.push(Step::Quit);
            steps.push(only(Wish::List(0)));
        }
        pair::run(setting, steps);
    }
}
