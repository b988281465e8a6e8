//! What is said while the server runs: put into a queue here, and written by a thread of its own. Whoever says something never waits for
//! whoever reads it.

use std::io::{ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many bytes of lines wait at the most. Nobody wants to read more than this of the past, and a megabyte is what ten thousand sessions
/// say in a bad moment.
const MOST: usize = 1 << 20;

/// How long a writer that may not wait now is left alone.
const PAUSE: Duration = Duration::from_millis(10);

/// The way to whoever reads. Clones lead to the same one.
#[derive(Clone)]
pub(crate) struct Log(Arc<Queue>);

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whole lines that the writer has not taken yet.
    lines: Vec<u8>,
    /// How many there was no room for, all of them said after those.
    lost: u64,
    /// The writer has some in hand.
    is_writing: bool,
}

impl State {
    const fn has_more(&self) -> bool {
        !self.lines.is_empty() || self.lost > 0
    }
}

impl Queue {
    /// It is held for moments, and nothing in it can be left half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next lines to be written, once there are any, and behind them how many are missing.
    fn take(&self) -> Vec<u8> {
        let mut state = self.state();
        state.is_writing = false;
        self.changed.notify_all();
        let mut state = self
            .changed
            .wait_while(state, |state| !state.has_more())
            .unwrap_or_else(PoisonError::into_inner);
        state.is_writing = true;
        let mut lines = std::mem::take(&mut state.lines);
        let lost = std::mem::take(&mut state.lost);
        if lost > 0 {
            let notice = format!("({lost} lines are missing here: nobody read them in time)\n");
            lines.extend_from_slice(notice.as_bytes());
        }
        lines
    }
}

impl Log {
    /// One that is written to `out`, as far as that takes it.
    pub(crate) fn to(mut out: impl Write + Send + 'static) -> Self {
        let queue = Arc::new(Queue::default());
        let taker = Arc::clone(&queue);
        std::thread::spawn(move || {
            loop {
                write(&mut out, &taker.take());
            }
        });
        Self(queue)
    }

    /// Says a line, if there is room for it.
    pub(crate) fn say(&self, line: &str) {
        let mut state = self.0.state();
        // What comes after a line that is missing is missing too, so that it is said where they would have been.
        if state.lost > 0 || state.lines.len() + line.len() >= MOST {
            state.lost += 1;
            return;
        }
        state.lines.extend_from_slice(line.as_bytes());
        state.lines.push(b'\n');
        drop(state);
        self.0.changed.notify_all();
    }

    /// Waits until all of it is written, but no longer than this.
    pub(crate) fn flush(&self, limit: Duration) {
        let is_unwritten = |state: &mut State| state.is_writing || state.has_more();
        // What is not written by then has nobody who reads it.
        drop(
            self.0
                .changed
                .wait_timeout_while(self.0.state(), limit, is_unwritten),
        );
    }
}

/// Writes all of it. A console that is gone is no reason to stop serving.
fn write(out: &mut impl Write, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return,
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Somebody who shares the terminal has told it not to let anybody wait.
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, PipeReader, Read, pipe};
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// A log into a pipe, and the pipe's other end.
    fn piped() -> (Log, PipeReader) {
        let (reader, writer) = pipe().unwrap();
        (Log::to(writer), reader)
    }

    #[test]
    fn what_is_said_is_written_in_its_order() {
        let (log, mut reader) = piped();
        for number in 0..100 {
            log.say(&number.to_string());
        }
        log.flush(LONG);
        let mut written = vec![0; 290];
        reader.read_exact(&mut written).unwrap();
        let wanted: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(String::from_utf8(written).unwrap(), wanted);
    }

    #[test]
    fn nobody_waits_for_a_reader_and_what_was_lost_is_told() {
        const LINES: usize = 5000;
        let (log, reader) = piped();
        let line = "x".repeat(999);
        for _ in 0..LINES {
            log.say(&line);
        }
        let begun = Instant::now();
        log.flush(Duration::from_millis(50));
        assert!(begun.elapsed() < LONG, "a stalled reader holds nothing up");
        let read = std::thread::spawn(move || {
            let lines = io::BufRead::lines(io::BufReader::new(reader));
            let is_last = |line: &String| line == "and on it goes";
            let lines = lines.map(Result::unwrap);
            lines.take_while(|line| !is_last(line)).collect::<Vec<_>>()
        });
        log.flush(LONG);
        log.say("and on it goes");
        let lines = read.join().unwrap();
        let (whole, notices): (Vec<_>, Vec<_>) = lines.into_iter().partition(|read| *read == line);
        let lost = notices.iter().map(|notice| {
            let (count, _) = notice.strip_prefix('(').unwrap().split_once(' ').unwrap();
            count.parse::<usize>().unwrap()
        });
        assert!(!notices.is_empty());
        assert_eq!(whole.len() + lost.sum::<usize>(), LINES);
    }

    #[test]
    fn a_reader_that_is_gone_takes_everything() {
        let (log, reader) = piped();
        drop(reader);
        for _ in 0..3 {
            log.say("nobody hears it");
            log.flush(LONG);
            assert!(!log.0.state().has_more());
        }
    }
}
