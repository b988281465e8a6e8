//! Bytes as a program: numbers taken from the front, zeros when none are left.

use core::time::Duration;

/// What is left of the program.
#[derive(Clone, Debug)]
pub(super) struct Program<'a>(&'a [u8]);

impl<'a> Program<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// So many bytes, or what is left.
    pub(super) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// Mostly short, sometimes very long.
    pub(super) fn duration(&mut self) -> Duration {
        match self.byte() {
            255 => Duration::MAX,
            number => Duration::from_millis(u64::from(number).pow(2) * 8),
        }
    }
}

/// The last few things of a kind that a session named, the dead ones among them. On no heap, so that what is measured is the
/// session's alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recent<T> {
    held: [Option<T>; 4],
    next: usize,
}

impl<T: Copy> Recent<T> {
    pub(super) const fn new() -> Self {
        Self {
            held: [None; 4],
            next: 0,
        }
    }

    pub(super) fn push(&mut self, value: T) {
        self.held[self.next % 4] = Some(value);
        self.next += 1;
    }

    /// One of them; the latest for a small `choice`.
    pub(super) fn get(&self, choice: u8) -> Option<T> {
        let back = usize::from(choice / 64) + 1;
        self.held[(self.next + 4 - back) % 4]
    }
}
