//! Whether the disk is quick enough for file work to be done where it stands, and not on a thread of its own.
//!
//! What is written lands in memory, as a rule, in a few microseconds, while a hop to another thread costs more than that. But a disk
//! that is behind makes writers wait, each time. So work is done where it stands as long as it is quick. After it took longer than [`SLOW`]
//! twice in a row (once may have been another's turn on the processor), it is done where blocking hurts nobody for [`REST`], and then
//! tried again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ftp_sansio::time::Instant;

use crate::runtime::Runtime;

/// What others on the same thread can be made to wait.
const SLOW: Duration = Duration::from_millis(5);

/// How long a disk that was slow is left alone.
const REST: Duration = Duration::from_millis(250);

/// How one disk keeps up.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Until when it is taken to be slow, in nanoseconds of the runtime's clock.
    slow_until: AtomicU64,
    /// The last work that was done where it stood was slow.
    was_slow: AtomicBool,
}

impl Pace {
    pub(crate) fn is_quick(&self, now: Instant) -> bool {
        nanoseconds(now.since_epoch()) >= self.slow_until.load(Ordering::Relaxed)
    }

    /// Something that was begun where it stood took so long, and has ended `now`.
    pub(crate) fn note(&self, now: Instant, took: Duration) {
        let is_slow = took > SLOW;
        // Only written where it changes: every thread reads it.
        if self.was_slow.load(Ordering::Relaxed) != is_slow {
            self.was_slow.store(is_slow, Ordering::Relaxed);
        } else if is_slow {
            let until = nanoseconds(now.since_epoch() + REST);
            self.slow_until.fetch_max(until, Ordering::Relaxed);
        }
    }

    /// Does the work where it stands, if that `may` be and the disk is quick, and elsewhere otherwise.
    pub(crate) async fn run<R: Runtime, T: Send + 'static>(
        &self,
        runtime: &R,
        may: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let begun = runtime.now();
        if !may || !self.is_quick(begun) {
            return runtime.blocking(work).await;
        }
        let done = work();
        let ended = runtime.now();
        self.note(ended, ended.saturating_since(begun));
        done
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_disk_is_left_alone_for_a_while() {
        let at = |milliseconds| Instant::from_epoch(Duration::from_millis(milliseconds));
        let pace = Pace::default();
        assert!(pace.is_quick(at(0)));
        // Once is nothing, nor is once again.
        for _ in 0..3 {
            pace.note(at(100), SLOW * 2);
            pace.note(at(100), SLOW);
        }
        assert!(pace.is_quick(at(100)));
        pace.note(at(100), SLOW * 2);
        pace.note(at(100), SLOW * 2);
        assert!(!pace.is_quick(at(100)) && !pace.is_quick(at(349)));
        assert!(pace.is_quick(at(350)));
        // It is tried again; who began earlier and ends later does not shorten the rest.
        pace.note(at(400), SLOW * 2);
        pace.note(at(350), SLOW * 2);
        assert!(!pace.is_quick(at(649)) && pace.is_quick(at(650)));
    }
}
