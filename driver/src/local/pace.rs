//! Whether the disk is quick enough for file work to be done where it stands, and not on a thread of its own.
//!
//! What is written lands in memory, as a rule, in a few microseconds, while a hop to another thread costs more than that. But a disk
//! that is behind makes writers wait. So work is done where it stands as long as it is quick. Once it took longer than [`SLOW`], it is
//! done where blocking hurts nobody for [`REST`], and then tried again: of the time of a session's thread a slow disk gets a fiftieth.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ftp_sansio::time::Instant;

use crate::runtime::Runtime;

/// What others on the same thread can be made to wait.
const SLOW: Duration = Duration::from_millis(5);

/// How long a disk that was slow is left alone.
const REST: Duration = Duration::from_millis(250);

/// How one disk keeps up.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Until when it is taken to be slow, in nanoseconds of the runtime's clock.
    slow_until: AtomicU64,
}

impl Pace {
    pub(super) fn is_quick(&self, now: Instant) -> bool {
        nanoseconds(now.since_epoch()) >= self.slow_until.load(Ordering::Relaxed)
    }

    /// Something that was begun where it stood took so long, and has ended `now`.
    pub(super) fn note(&self, now: Instant, took: Duration) {
        if took > SLOW {
            let until = nanoseconds(now.since_epoch() + REST);
            self.slow_until.fetch_max(until, Ordering::Relaxed);
        }
    }

    /// Does the work where it stands, if that `may` be and the disk is quick, and elsewhere otherwise.
    pub(super) async fn run<R: Runtime, T: Send + 'static>(
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
        pace.note(at(100), SLOW);
        assert!(pace.is_quick(at(100)));
        pace.note(at(100), SLOW * 2);
        assert!(!pace.is_quick(at(100)) && !pace.is_quick(at(349)));
        assert!(pace.is_quick(at(350)));
        // Who began earlier and ends later does not shorten it.
        pace.note(at(200), SLOW * 2);
        pace.note(at(150), SLOW * 2);
        assert!(!pace.is_quick(at(449)));
    }
}
