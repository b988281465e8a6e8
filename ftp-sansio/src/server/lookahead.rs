//! The commands that arrived while another was being carried out, up to a bound.

use alloc::collections::VecDeque;

use crate::wire::{Command, CommandError};

/// One line of the peer, understood as far as it could be.
#[derive(Debug)]
pub(super) enum Line {
    /// A command.
    Command(Command),
    /// Something that gets its 500, 501 or 504.
    Bad(CommandError),
    /// An over-long line, thrown away whole.
    TooLong,
    /// A command that came while the lookahead was full.
    Refused,
}

/// Lines in the order in which they came.
///
/// While a transfer runs, reading never pauses, or an ABOR behind a full lookahead would not be seen. Lines beyond the
/// bound are not kept then but counted, and refused when their turn comes.
#[derive(Debug, Default)]
pub(super) struct Lookahead {
    lines: VecDeque<(Line, usize)>,
    bytes: usize,
    refused: u64,
    /// A QUIT came when there was no room. It is never refused, and nothing after it counts.
    quits: bool,
    /// The last of the lines changes how the control connection travels: nothing is read behind it before it was carried out.
    sealed: bool,
}

/// How many commands may wait.
pub(super) const MAX_LINES: usize = 64;

/// How many bytes of commands may wait before no more are kept.
pub(super) const MAX_BYTES: usize = 16 * 1024;

impl Lookahead {
    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= MAX_LINES || self.bytes >= MAX_BYTES || self.refused > 0 || self.quits
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.refused == 0 && !self.quits
    }

    /// Whether nothing may be read until its last line was carried out.
    pub(super) const fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Queues a line that took `bytes` bytes, or counts it where there is no room. One that `is_last` seals what waits; where there was
    /// no room it will be refused, and changes nothing.
    pub(super) fn push(&mut self, line: Line, bytes: usize, is_last: bool) {
        if self.quits {
            return;
        }
        if self.is_full() {
            match line {
                Line::Command(Command::Quit) => self.quits = true,
                _ => self.refused += 1,
            }
        } else {
            let bytes = bytes + beside(&line);
            self.lines.push_back((line, bytes));
            self.bytes += bytes;
            self.sealed = is_last;
        }
    }

    pub(super) fn pop(&mut self) -> Option<Line> {
        let Some((line, bytes)) = self.lines.pop_front() else {
            return self.pop_beyond();
        };
        self.bytes -= bytes;
        if self.lines.is_empty() {
            self.lines = VecDeque::new();
            self.sealed = false;
        }
        Some(line)
    }

    /// What is left of the lines for which there was no room.
    fn pop_beyond(&mut self) -> Option<Line> {
        if self.refused > 0 {
            self.refused -= 1;
            return Some(Line::Refused);
        }
        core::mem::take(&mut self.quits).then_some(Line::Command(Command::Quit))
    }

    /// Whether a QUIT waits.
    pub(super) fn has_quit(&self) -> bool {
        let is_quit = |(line, _): &(Line, usize)| matches!(line, Line::Command(Command::Quit));
        self.quits || self.lines.iter().any(is_quit)
    }

    /// Takes out the first ABOR, if one waits.
    pub(super) fn take_abort(&mut self) -> bool {
        let is_abort = |(line, _): &(Line, usize)| matches!(line, Line::Command(Command::Abor));
        let abort = self
            .lines
            .iter()
            .position(is_abort)
            .and_then(|at| self.lines.remove(at));
        abort.is_some_and(|(_, bytes)| {
            self.bytes -= bytes;
            true
        })
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// What a command of many short arguments takes besides their bytes.
fn beside(line: &Line) -> usize {
    /// An argument by itself, and the allocation that holds its bytes.
    const AN_ARGUMENT: usize = 96;
    match line {
        Line::Command(Command::Comb { parts, .. }) => parts.len() * AN_ARGUMENT,
        Line::Command(Command::Mff { facts, .. }) => facts.len() * 2 * AN_ARGUMENT,
        _ => 0,
    }
}
