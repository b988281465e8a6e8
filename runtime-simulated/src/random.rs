//! Where every choice of a run comes from: one sequence of numbers, made by the seed alone.

use std::ops::RangeInclusive;
use std::time::Duration;

/// `SplitMix64` (Steele, Lea and Flood, 2014): one word of state, and every seed is a good one.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of the numbers below `bound`; 0 where there is none.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        match self.draw().checked_rem(bound) {
            Some(drawn) => drawn,
            None => 0,
        }
    }

    /// As [`below`](Self::below), for places and lengths.
    pub(crate) const fn index(&mut self, bound: usize) -> usize {
        // What is below a `usize` is one.
        self.below(bound as u64) as usize
    }

    /// True once in so many times.
    pub(crate) const fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn time(&mut self, range: &RangeInclusive<Duration>) -> Duration {
        let spread = range.end().saturating_sub(*range.start());
        let nanos = u64::try_from(spread.as_nanos()).unwrap_or(u64::MAX);
        *range.start() + Duration::from_nanos(self.below(nanos.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the algorithm's reference implementation.
    #[test]
    fn is_split_mix_64() {
        let mut random = Random::new(1_234_567);
        assert_eq!(random.draw(), 6_457_827_717_110_365_317);
        assert_eq!(random.draw(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn stays_in_its_bounds() {
        let mut random = Random::new(1);
        let range = Duration::from_nanos(3)..=Duration::from_nanos(5);
        let mut seen = [false; 3];
        for _ in 0..100 {
            seen[random.time(&range).as_nanos() as usize - 3] = true;
            assert!(random.below(7) < 7);
        }
        assert_eq!(seen, [true; 3], "each of its moments comes");
        assert_eq!(random.below(0), 0);
    }
}
