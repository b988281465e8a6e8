//! Named timers in one small table.

use core::time::Duration;

use crate::time::Instant;

/// No timer expires sooner.
const SHORTEST: Duration = Duration::from_millis(1);

/// A machine's timers: an enum whose discriminants count from zero.
pub(crate) trait Name: Copy + 'static {
    /// All of them, in the order of their discriminants.
    const ALL: &'static [Self];

    fn index(self) -> usize;
}

/// When each of `N` timers expires.
#[derive(Debug)]
pub(crate) struct Timers<T, const N: usize> {
    at: [Option<Instant>; N],
    names: core::marker::PhantomData<T>,
}

impl<T: Name, const N: usize> Timers<T, N> {
    pub(crate) const fn new() -> Self {
        Self {
            at: [None; N],
            names: core::marker::PhantomData,
        }
    }

    /// Starts or restarts a timer. It expires after `now` even where `duration` is zero, so that a driver never spins; at the
    /// end of time it never does.
    pub(crate) fn start(&mut self, timer: T, now: Instant, duration: Duration) {
        let at = now + duration.max(SHORTEST);
        self.at[timer.index()] = (at > now).then_some(at);
    }

    pub(crate) fn stop(&mut self, timer: T) {
        self.at[timer.index()] = None;
    }

    pub(crate) fn stop_all(&mut self) {
        self.at = [None; N];
    }

    pub(crate) fn is_set(&self, timer: T) -> bool {
        self.at[timer.index()].is_some()
    }

    /// The earliest moment at which one expires.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.at.iter().flatten().min().copied()
    }

    /// Takes one that has expired by `now`, which is thereby stopped.
    pub(crate) fn expired(&mut self, now: Instant) -> Option<T> {
        let timer = T::ALL
            .iter()
            .copied()
            .find(|timer| self.at[timer.index()].is_some_and(|at| at <= now))?;
        self.stop(timer);
        Some(timer)
    }
}

/// Declares a machine's timers and how many there are.
macro_rules! timers {
    ($(#[$doc:meta])* $name:ident { $($(#[$timer_doc:meta])* $timer:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum $name { $($(#[$timer_doc])* $timer),+ }

        impl crate::timer::Name for $name {
            const ALL: &'static [Self] = &[$(Self::$timer),+];

            fn index(self) -> usize {
                self as usize
            }
        }

        impl $name {
            pub(crate) const COUNT: usize = <Self as crate::timer::Name>::ALL.len();
        }
    };
}
pub(crate) use timers;

#[cfg(test)]
mod tests {
    use super::*;

    timers! { Two { First, Second } }

    fn at(seconds: u64) -> Instant {
        Instant::from_epoch(Duration::from_secs(seconds))
    }

    #[test]
    fn no_duration_makes_a_driver_spin() {
        let mut timers = Timers::<Two, { Two::COUNT }>::new();
        timers.start(Two::First, at(1), Duration::ZERO);
        assert!(timers.next() > Some(at(1)));
        let end = Instant::from_epoch(Duration::MAX);
        timers.start(Two::First, end, Duration::MAX);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn the_earliest_is_next_and_each_expires_once() {
        let mut timers = Timers::<Two, { Two::COUNT }>::new();
        assert_eq!(timers.next(), None);
        timers.start(Two::First, at(0), Duration::from_secs(9));
        timers.start(Two::Second, at(1), Duration::from_secs(3));
        assert_eq!(timers.next(), Some(at(4)));
        assert_eq!(timers.expired(at(3)), None);
        assert_eq!(timers.expired(at(4)), Some(Two::Second));
        assert_eq!(timers.expired(at(4)), None);
        assert!(timers.is_set(Two::First));
        timers.stop(Two::First);
        assert_eq!(timers.next(), None);
    }
}
