//! Bytes as a setting and steps.

use alloc::vec::Vec;
use core::time::Duration;

use super::{COMMANDS, Name, Setting, Step, Wish, run};
use crate::client::Options;
use crate::testing::fuzz::program::Program;
use crate::testing::pair::Faults;
use crate::wire::{Format, Mode, Representation, Structure};

/// So many steps are a run.
const MOST_STEPS: usize = 24;

/// So many wishes are asked for at once.
const MOST_WISHES: u8 = 5;

/// Runs a client and a server through the program that `data` is.
///
/// # Panics
/// Where something is called a success that is none, the two do not agree, or something never ends.
pub fn pair(data: &[u8]) {
    let mut program = Program::new(data);
    let setting = Setting {
        seed: u64::from(program.byte()),
        client: number(&mut program),
        server: number(&mut program),
    };
    let mut steps = Vec::new();
    while !program.is_over() && steps.len() < MOST_STEPS {
        steps.push(step(&mut program));
    }
    run(setting, steps);
}

fn number(program: &mut Program<'_>) -> u16 {
    u16::from(program.byte()) | u16::from(program.byte()) << 8
}

fn step(program: &mut Program<'_>) -> Step {
    match program.byte() {
        0..=199 => {
            let wishes = 1 + program.byte() % MOST_WISHES;
            Step::Ask {
                wishes: (0..wishes).map(|_| wish(program)).collect(),
                abort: program.byte().checked_sub(192),
            }
        }
        200..=229 => Step::Faults(faults(program)),
        230..=249 => Step::Wait(program.duration().min(Duration::from_secs(1000))),
        _ => Step::Quit,
    }
}

fn wish(program: &mut Program<'_>) -> Wish {
    let name = |program: &mut Program<'_>| Name::new(program.byte());
    match program.byte() % 16 {
        0 => match program.byte() {
            0..=127 => Wish::Login(true),
            128..=223 => Wish::Secure,
            224..=247 => Wish::Clear,
            _ => Wish::Login(false),
        },
        1..=4 => Wish::Retrieve(name(program), options(program)),
        5..=8 => Wish::Store(name(program), options(program), length(program)),
        9 => Wish::Append(name(program), options(program), length(program)),
        10 => Wish::StoreUnique(options(program), length(program)),
        11 => Wish::List(program.byte()),
        12 => Wish::Delete(name(program)),
        13 => Wish::Rename(name(program), name(program)),
        _ => {
            let choice = program.byte();
            Wish::Command(usize::from(choice) % COMMANDS.len(), choice < 128)
        }
    }
}

fn length(program: &mut Program<'_>) -> usize {
    usize::from(program.byte()).pow(2) / 16
}

fn options(program: &mut Program<'_>) -> Options {
    let (choice, offset) = (program.byte(), program.byte());
    Options {
        offset: u64::from(offset.saturating_sub(128)),
        representation: match choice % 4 {
            0 | 1 => Representation::Image,
            2 => Representation::Ascii(Format::NonPrint),
            _ => Representation::Ebcdic(Format::NonPrint),
        },
        structure: match choice / 4 % 8 {
            7 => Structure::Record,
            6 => Structure::Page,
            _ => Structure::File,
        },
        mode: match choice / 32 {
            0..=4 => Mode::Stream,
            5 => Mode::Block,
            6 => Mode::Compressed,
            _ => Mode::Deflate,
        },
    }
}

fn faults(program: &mut Program<'_>) -> Faults {
    let after = |program: &mut Program<'_>| match program.byte() {
        0..=127 => None,
        number => Some(u64::from(number - 128).pow(2) / 4),
    };
    let delay = |program: &mut Program<'_>| match program.byte() {
        0..=63 => Duration::ZERO,
        number => Duration::from_millis(u64::from(number - 64).pow(2) / 8),
    };
    Faults {
        delay: Duration::from_millis(u64::from(program.byte())),
        reply_delay: delay(program),
        data_delay: delay(program),
        drop_control_after: after(program).and_then(|after| usize::try_from(after).ok()),
        reset_data_after: after(program),
        lose_data_after: after(program),
        stall_data_after: after(program),
        refuse_connects: u32::from(program.byte() % 4),
        forget_tls: program.byte() > 127,
    }
}
