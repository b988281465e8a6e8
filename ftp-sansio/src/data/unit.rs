//! What passes from one stage of a codec to the next: bytes, and the marks between them.

use core::fmt::Debug;

use memchr::memchr;

use super::Fault;
use super::restart::MarkerText;

/// What may stand between two bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mark {
    /// The end of a record.
    Record,
    /// A restart marker. Its text is in [`Flow::marker`]: only one is under way at a time.
    Restart,
    /// Nothing follows. At a codec's outer side: the file, or the data connection, has ended in order.
    End,
    /// What follows cannot be understood. It comes after all that could be, however the bytes were cut.
    Fault(Fault),
}

/// The next thing in a stage's input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    Byte(u8),
    Mark(Mark),
}

/// Why a stage stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// All of its input is taken, the mark behind it too.
    Starved,
    /// The output has no room for what comes next.
    Full,
    /// This stands behind what it put out.
    Mark(Mark),
}

/// One of the things a codec is made of. It does as much as it can in each step, and the same however its input is cut.
pub(super) trait Stage: Debug + Send + Sync {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop;

    /// Whether the peer marked some of the data as suspect.
    fn is_suspected(&self) -> bool {
        false
    }
}

/// A stage's input and output in one step.
#[derive(Debug)]
pub(super) struct Flow<'a> {
    input: &'a [u8],
    /// What stands behind the input.
    then: Option<Mark>,
    output: &'a mut [u8],
    produced: usize,
    /// The text of the restart marker that is under way.
    pub(super) marker: &'a mut MarkerText,
}

impl<'a> Flow<'a> {
    pub(super) const fn new(
        input: &'a [u8],
        then: Option<Mark>,
        output: &'a mut [u8],
        marker: &'a mut MarkerText,
    ) -> Self {
        Self {
            input,
            then,
            output,
            produced: 0,
            marker,
        }
    }

    /// The bytes of the input that are not taken yet.
    pub(super) const fn input(&self) -> &'a [u8] {
        self.input
    }

    /// The mark behind the input, if it is not taken yet.
    pub(super) const fn then(&self) -> Option<Mark> {
        self.then
    }

    /// How many bytes were put out.
    pub(super) const fn produced(&self) -> usize {
        self.produced
    }

    pub(super) fn peek(&self) -> Option<Unit> {
        match self.input.first() {
            Some(&byte) => Some(Unit::Byte(byte)),
            None => self.then.map(Unit::Mark),
        }
    }

    /// Takes so many bytes of the input.
    pub(super) fn advance(&mut self, count: usize) {
        self.input = &self.input[count..];
    }

    /// Takes the mark behind the input, which is empty.
    pub(super) fn take_mark(&mut self) -> Option<Mark> {
        debug_assert!(self.input.is_empty(), "a mark is taken before its turn");
        self.then.take()
    }

    /// What a stage does at the end of its input with a mark that means nothing to it.
    pub(super) fn pass_mark(&mut self) -> Stop {
        self.take_mark().map_or(Stop::Starved, Stop::Mark)
    }

    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.output[self.produced..]
    }

    /// The input and the room for output, for what takes both.
    pub(super) fn sides(&mut self) -> (&'a [u8], &mut [u8]) {
        (self.input, &mut self.output[self.produced..])
    }

    /// Counts bytes that were written into the [room](Self::room).
    pub(super) const fn produce(&mut self, count: usize) {
        self.produced += count;
    }

    /// Puts out all of these bytes, or none where there is no room.
    pub(super) fn put(&mut self, bytes: &[u8]) -> bool {
        let Some(room) = self.room().get_mut(..bytes.len()) else {
            return false;
        };
        room.copy_from_slice(bytes);
        self.produced += bytes.len();
        true
    }

    /// Puts out what there is room for, and says how much that was.
    pub(super) fn put_some(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.room().len());
        self.room()[..count].copy_from_slice(&bytes[..count]);
        self.produced += count;
        count
    }

    /// Moves up to so many bytes from the input to the output; how many.
    pub(super) fn copy(&mut self, most: usize) -> usize {
        let input = self.input;
        let count = self.put_some(&input[..most.min(input.len())]);
        self.advance(count);
        count
    }

    /// Moves the input to the output as far as there is no such byte; how many bytes that were.
    pub(super) fn copy_until(&mut self, byte: u8) -> usize {
        self.copy(memchr(byte, self.input).unwrap_or(self.input.len()))
    }
}
