//! How far a transfer has come, how fast it is, and when it may end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::Duration;

use ftp_sansio::time::Instant;

use crate::runtime::Runtime;

/// After this time, what happened before counts a third (1/e) of what it did.
const SMOOTHING: f64 = 3.0;

/// A sample is taken no more often than this.
const INTERVAL: Duration = Duration::from_millis(100);

/// What is not known.
const UNKNOWN: u64 = u64::MAX;

/// How far a transfer has come.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that went over the data connection.
    pub bytes: u64,
    /// How many will, if somebody said so: the server when it began a download, or the user.
    pub total: Option<u64>,
    /// Since data could move; once the transfer is over, what it took.
    pub elapsed: Duration,
    /// Bytes a second, smoothed over some seconds. A transfer that stalls sinks towards 0.
    pub rate: f64,
    /// How long the rest will take at this rate.
    pub eta: Option<Duration>,
}

/// Tells the [`Progress`] of one transfer, from anywhere and without a lock: beside whatever reads or writes it.
#[derive(Clone, Debug)]
pub struct Meter<R> {
    runtime: R,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    start: Instant,
    /// Even when what follows belongs together.
    version: AtomicU64,
    bytes: AtomicU64,
    total: AtomicU64,
    /// When it ended, in nanoseconds after the start.
    end: AtomicU64,
    /// The last sample: when it was taken, in nanoseconds after the start; the bytes at that time; and what came of it.
    sampled: AtomicU64,
    sampled_bytes: AtomicU64,
    rate: AtomicU64,
    weight: AtomicU64,
}

/// What is known at some moment.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
struct Sample {
    /// After the start.
    at: Duration,
    bytes: u64,
    /// Bytes a second, as far as `weight` (0 to 1) has grown.
    rate: f64,
    weight: f64,
}

impl Sample {
    /// The next one: what happened since this one counts the more the longer that was.
    fn next(self, at: Duration, bytes: u64) -> Self {
        let seconds = at.saturating_sub(self.at).as_secs_f64();
        if seconds <= 0.0 {
            return self;
        }
        let latest = bytes.saturating_sub(self.bytes) as f64 / seconds;
        let share = -(-seconds / SMOOTHING).exp_m1();
        Self {
            at,
            bytes,
            rate: self.rate + share * (latest - self.rate),
            weight: self.weight + share * (1.0 - self.weight),
        }
    }

    fn rate(self) -> f64 {
        match self.weight > 0.0 {
            true => self.rate / self.weight,
            false => 0.0,
        }
    }
}

impl<R: Runtime> Meter<R> {
    pub(super) fn new(runtime: R) -> Self {
        let unknown = || AtomicU64::new(UNKNOWN);
        let shared = Shared {
            start: runtime.now(),
            version: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            total: unknown(),
            end: unknown(),
            sampled: AtomicU64::new(0),
            sampled_bytes: AtomicU64::new(0),
            rate: AtomicU64::new(0),
            weight: AtomicU64::new(0),
        };
        Self {
            runtime,
            shared: Arc::new(shared),
        }
    }

    pub(super) fn expect(&self, total: u64) {
        self.shared.total.store(total, Ordering::Relaxed);
    }

    /// Called by the transfer alone, with all the bytes so far.
    pub(super) fn note(&self, bytes: u64) {
        self.shared.note(self.elapsed(), bytes);
    }

    /// No more will follow.
    pub(super) fn end(&self) {
        let elapsed = nanoseconds(self.elapsed());
        let end = &self.shared.end;
        // Only the first end counts.
        let _ = end.compare_exchange(UNKNOWN, elapsed, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// How far the transfer is now.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.shared.progress(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        self.runtime.now().saturating_since(self.shared.start)
    }
}

impl Shared {
    fn sample(&self) -> Sample {
        Sample {
            at: Duration::from_nanos(self.sampled.load(Ordering::Relaxed)),
            bytes: self.sampled_bytes.load(Ordering::Relaxed),
            rate: f64::from_bits(self.rate.load(Ordering::Relaxed)),
            weight: f64::from_bits(self.weight.load(Ordering::Relaxed)),
        }
    }

    /// One that belongs together. A writer that is interrupted in the middle is not waited for: what is read then is off by one sample.
    fn consistent_sample(&self) -> Sample {
        for _ in 0..16 {
            let before = self.version.load(Ordering::Acquire);
            let sample = self.sample();
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == before {
                return sample;
            }
        }
        self.sample()
    }

    fn note(&self, elapsed: Duration, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
        let sample = self.sample();
        if elapsed.saturating_sub(sample.at) < INTERVAL {
            return;
        }
        let next = sample.next(elapsed, bytes);
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        self.sampled.store(nanoseconds(next.at), Ordering::Relaxed);
        self.sampled_bytes.store(next.bytes, Ordering::Relaxed);
        self.rate.store(next.rate.to_bits(), Ordering::Relaxed);
        self.weight.store(next.weight.to_bits(), Ordering::Relaxed);
        self.version.store(version + 2, Ordering::Release);
    }

    fn progress(&self, elapsed: Duration) -> Progress {
        let known = |value: &AtomicU64| {
            let value = value.load(Ordering::Relaxed);
            (value != UNKNOWN).then_some(value)
        };
        let elapsed = known(&self.end).map_or(elapsed, Duration::from_nanos);
        let (bytes, total) = (self.bytes.load(Ordering::Relaxed), known(&self.total));
        let rate = self.consistent_sample().next(elapsed, bytes).rate();
        let left = total.map(|total| total.saturating_sub(bytes));
        let eta = match left {
            Some(0) => Some(Duration::ZERO),
            Some(left) if rate > 0.0 => Duration::try_from_secs_f64(left as f64 / rate).ok(),
            _ => None,
        };
        Progress {
            bytes,
            total,
            elapsed,
            rate,
            eta,
        }
    }
}

/// 584 years of them fit.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(UNKNOWN - 1)
}

/// The size that many servers tell in the 150 of a download: `… for file (12345 bytes).`
pub(super) fn announced(text: &[u8]) -> Option<u64> {
    let end = text
        .windows(6)
        .rposition(|window| window.eq_ignore_ascii_case(b" bytes"))?;
    let digits = text.get(text.get(..end)?.iter().rposition(|&byte| byte == b'(')? + 1..end)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared() -> Shared {
        Shared {
            start: Instant::EPOCH,
            version: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            total: AtomicU64::new(UNKNOWN),
            end: AtomicU64::new(UNKNOWN),
            sampled: AtomicU64::new(0),
            sampled_bytes: AtomicU64::new(0),
            rate: AtomicU64::new(0),
            weight: AtomicU64::new(0),
        }
    }

    const fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn is_near(a: f64, b: f64) -> bool {
        (a - b).abs() <= b.abs() / 1000.0
    }

    #[test]
    fn an_even_transfer_has_one_rate() {
        let shared = shared();
        shared.total.store(100_000, Ordering::Relaxed);
        for step in 1..=500 {
            shared.note(at(10 * step), 100 * step);
            let progress = shared.progress(at(10 * step));
            assert!(is_near(progress.rate, 10_000.0), "{progress:?}");
            let left = (100_000 - 100 * step) as f64 / 10_000.0;
            assert!(
                is_near(progress.eta.unwrap().as_secs_f64(), left),
                "{progress:?}"
            );
        }
        assert_eq!(shared.progress(at(5000)).bytes, 50_000);
    }

    #[test]
    fn a_stall_shows_and_a_change_counts_in_time() {
        let shared = shared();
        for step in 1..=100 {
            shared.note(at(100 * step), 1000 * step);
        }
        let running = shared.progress(at(10_000)).rate;
        assert!(is_near(running, 10_000.0));
        let stalled = shared.progress(at(13_000)).rate;
        assert!(
            is_near(stalled, running * (-1.0_f64).exp()) || stalled < running / 2.0,
            "{stalled}"
        );
        assert!(shared.progress(at(60_000)).rate < 1.0);
        for step in 1..=200 {
            shared.note(at(10_000 + 100 * step), 100_000 + 2000 * step);
        }
        let faster = shared.progress(at(30_000)).rate;
        assert!((19_900.0..=20_000.1).contains(&faster), "{faster}");
    }

    #[test]
    fn nothing_is_known_at_first() {
        let progress = shared().progress(Duration::ZERO);
        assert_eq!((progress.bytes, progress.rate), (0, 0.0));
        assert_eq!((progress.total, progress.eta), (None, None));
        let shared = shared();
        shared.total.store(0, Ordering::Relaxed);
        assert_eq!(shared.progress(at(5)).eta, Some(Duration::ZERO));
    }

    /// Time stands still once the transfer is over.
    #[test]
    fn an_end_is_an_end() {
        let shared = shared();
        shared.note(at(1000), 5000);
        shared.end.store(nanoseconds(at(1000)), Ordering::Relaxed);
        let progress = shared.progress(at(90_000));
        assert_eq!((progress.elapsed, progress.bytes), (at(1000), 5000));
        assert!(is_near(progress.rate, 5000.0));
    }

    #[test]
    fn sizes_are_found_in_replies() {
        for (text, expected) in [
            (
                "Opening BINARY mode data connection for a(1) (12345 bytes).",
                Some(12345),
            ),
            ("Opening data connection for x (0 Bytes)", Some(0)),
            ("Data connection accepted; 5 bytes", None),
            ("Here (many bytes)", None),
            ("Here (99999999999999999999 bytes)", None),
            ("", None),
        ] {
            assert_eq!(announced(text.as_bytes()), expected, "{text}");
        }
    }
}
