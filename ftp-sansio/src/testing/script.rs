//! What both kinds of transcripts have in common: lines that act, lines that expect, and time.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;
use core::time::Duration;

/// One side under test, with the script in the place of everything around it.
pub(super) trait World {
    /// Carries out a line that makes something happen. False for a line that tells what must have happened.
    fn act(&mut self, line: &str) -> bool;

    /// Lets time pass.
    fn wait(&mut self, time: Duration);

    /// What happened and was not read yet, as lines.
    fn observed(&mut self) -> &mut VecDeque<String>;

    /// What must not be left when the transcript is over, if anything is.
    fn unfinished(&self) -> Option<String>;

    /// How its expectations may begin.
    const EXPECTS: &'static [&'static str];
}

/// A transcript's lines: the `given:` that come first, and the numbered rest.
pub(super) struct Script<'a> {
    pub(super) given: Vec<&'a str>,
    steps: Vec<(usize, &'a str)>,
}

impl<'a> Script<'a> {
    /// Leaves out comments and empty lines.
    pub(super) fn new(text: &'a str) -> Self {
        let lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim_start()));
        let mut steps: Vec<_> = lines
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .collect();
        let is_given = |line: &str| line.starts_with("given: ");
        let count = steps.iter().take_while(|(_, line)| is_given(line)).count();
        let given = steps
            .drain(..count)
            .filter_map(|(_, line)| line.strip_prefix("given: "))
            .collect();
        Self { given, steps }
    }

    /// Runs the lines one after another.
    ///
    /// # Panics
    /// Where something else happened than the transcript tells, and on a line that it cannot read.
    pub(super) fn run(&self, world: &mut impl World) {
        for (at, (_, line)) in self.steps.iter().enumerate() {
            if let Some(time) = line.strip_prefix('+') {
                let early = world.observed();
                assert!(
                    early.is_empty(),
                    "{}",
                    self.report(at, "before the time passed, this came", early)
                );
                world.wait(duration(time));
            } else if !world.act(line) {
                self.expect(at, line, world);
            }
        }
        let end = self.steps.len();
        let rest = world.observed();
        assert!(
            rest.is_empty(),
            "{}",
            self.report(end, "at the end, this was left over", rest)
        );
        if let Some(what) = world.unfinished() {
            panic!(
                "{}",
                self.report(end, &format!("at the end, {what}"), rest_of(world))
            );
        }
    }

    fn expect<W: World>(&self, at: usize, line: &str, world: &mut W) {
        let seen = world.observed();
        let Some(kind) = W::EXPECTS.iter().find(|prefix| line.starts_with(**prefix)) else {
            panic!(
                "{}",
                self.report(at, "nobody knows what this line means, seen was", seen)
            );
        };
        // Bytes and outputs have no order among each other: a driver may drain in any. Each kind by itself has.
        let next = seen.iter().position(|seen| seen.starts_with(kind));
        let next = next.filter(|&next| seen[next] == line);
        assert!(next.is_some(), "{}", self.report(at, "but this came", seen));
        next.map(|next| seen.remove(next));
    }

    /// The transcript around the line where it went wrong, and what was seen in its place.
    fn report(&self, at: usize, what: &str, seen: &VecDeque<String>) -> String {
        let mut text = String::from("\n");
        for (index, (number, line)) in self
            .steps
            .iter()
            .enumerate()
            .skip(at.saturating_sub(6))
            .take(8)
        {
            let mark = if index == at { '>' } else { ' ' };
            // Writing to a String does not fail.
            let _ = writeln!(text, "{mark} {number:3}  {line}");
        }
        let _ = writeln!(text, "{what}:");
        for line in seen.iter().take(12) {
            let _ = writeln!(text, "       {line}");
        }
        if seen.is_empty() {
            text.push_str("       (nothing)\n");
        }
        text
    }
}

fn rest_of(world: &mut impl World) -> &VecDeque<String> {
    world.observed()
}

/// `300s` or `250ms`.
pub(super) fn duration(text: &str) -> Duration {
    let parsed = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => number.parse().map(Duration::from_millis),
        (None, Some(number)) => number.parse().map(Duration::from_secs),
        (None, None) => panic!("no time: {text:?}"),
    };
    parsed.unwrap_or_else(|_| panic!("no time: {text:?}"))
}
