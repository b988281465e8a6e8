//! Stages in a row: what one puts out is the next one's input.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::restart::MarkerText;
use super::unit::{Flow, Mark, Stage, Stop};

/// Bytes between two stages at most.
const JOINT: usize = 4096;

/// What one stage has put out and the next has not taken yet.
#[derive(Debug)]
struct Joint {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
    then: Option<Mark>,
}

impl Joint {
    fn new() -> Self {
        Self {
            bytes: vec![0; JOINT].into_boxed_slice(),
            start: 0,
            end: 0,
            then: None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Pipeline {
    stages: Vec<Box<dyn Stage>>,
    /// One between each two stages.
    joints: Vec<Joint>,
    marker: MarkerText,
}

/// How far the pipeline came.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) consumed: usize,
    pub(super) produced: usize,
    pub(super) stop: Stop,
}

impl Pipeline {
    /// A pipeline of these stages, of which there is at least one.
    pub(super) fn new(stages: Vec<Box<dyn Stage>>) -> Self {
        debug_assert!(!stages.is_empty(), "identity needs no pipeline");
        let joints = (1..stages.len()).map(|_| Joint::new()).collect();
        Self {
            stages,
            joints,
            marker: MarkerText::EMPTY,
        }
    }

    /// The text of the marker that came last.
    pub(super) const fn marker(&self) -> &MarkerText {
        &self.marker
    }

    pub(super) fn is_suspected(&self) -> bool {
        self.stages.iter().any(|stage| stage.is_suspected())
    }

    /// Begins at the last stage, and goes back while stages want input: so a stage runs only when all that it put out before was
    /// taken, and at most one restart marker is under way.
    pub(super) fn run(&mut self, input: &[u8], then: Option<Mark>, output: &mut [u8]) -> Run {
        let (mut input, mut then) = (input, then);
        let offered = input.len();
        let mut produced = 0;
        let last = self.stages.len() - 1;
        let mut index = last;
        let stop = loop {
            let (before, after) = self.joints.split_at_mut(index);
            let mut source = before.last_mut();
            let mut sink = after.first_mut();
            let (bytes, mark) = match &source {
                Some(joint) => (&joint.bytes[joint.start..joint.end], joint.then),
                None => (input, then),
            };
            let room = match &mut sink {
                Some(joint) => &mut joint.bytes[..],
                None => &mut output[produced..],
            };
            let mut flow = Flow::new(bytes, mark, room, &mut self.marker);
            let stop = self.stages[index].step(&mut flow);
            let (left, mark, count) = (flow.input().len(), flow.then(), flow.produced());
            debug_assert!(
                stop != Stop::Starved || (left == 0 && mark.is_none()),
                "a stage wants more and leaves some"
            );
            match &mut source {
                Some(joint) => {
                    joint.start = joint.end - left;
                    joint.then = mark;
                }
                None => {
                    input = &input[input.len() - left..];
                    then = mark;
                }
            }
            let Some(joint) = sink else {
                produced += count;
                match stop {
                    Stop::Starved if index > 0 => index -= 1,
                    // An image keeps no trace of the records that it came in.
                    Stop::Mark(Mark::Record) => {}
                    stop => break stop,
                }
                continue;
            };
            (joint.start, joint.end) = (0, count);
            if let Stop::Mark(mark) = stop {
                joint.then = Some(mark);
            }
            if count > 0 || joint.then.is_some() {
                index += 1;
            } else if index > 0 {
                index -= 1;
            } else {
                break Stop::Starved;
            }
        };
        Run {
            consumed: offered - input.len(),
            produced,
            stop,
        }
    }
}
