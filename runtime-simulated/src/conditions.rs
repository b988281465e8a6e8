//! What a network is like, and what goes wrong on it.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::random::Random;

/// What a way between two hosts is like, in either direction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// How long a segment is under way; drawn for each. Segments of one connection stay in order all the same, as TCP has them.
    pub delay: RangeInclusive<Duration>,
    /// Bytes a second that leave in one direction, for all connections together; without a limit where there is none. (0 is taken for 1.)
    pub bandwidth: Option<u64>,
    /// The most bytes of a segment. (0 is taken for 1.)
    pub segment: usize,
    /// Whether segments are cut anywhere: each has a drawn length up to the most. Otherwise each is as long as it can be.
    pub splits: bool,
}

impl Link {
    /// No time passes, and nothing is split that fits into a segment.
    #[must_use]
    pub const fn ideal() -> Self {
        Self {
            delay: Duration::ZERO..=Duration::ZERO,
            bandwidth: None,
            segment: 64 * 1024,
            splits: false,
        }
    }
}

impl Default for Link {
    /// A local network: 100 to 300 µs, 125 MB a second, segments of up to 16 KiB that are cut anywhere.
    fn default() -> Self {
        Self {
            delay: Duration::from_micros(100)..=Duration::from_micros(300),
            bandwidth: Some(125_000_000),
            segment: 16 * 1024,
            splits: true,
        }
    }
}

/// What the whole simulated world is like: its network, and the systems of its hosts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conditions {
    /// Every way between two hosts, and from a host to itself, for which [`Network::set_link`](crate::Network::set_link) has said nothing else.
    pub link: Link,
    /// How many bytes a socket takes that have not arrived. (0 is taken for 1.)
    pub send_buffer: usize,
    /// How many bytes wait at the other end to be read. (0 is taken for 1.)
    pub receive_buffer: usize,
    /// How many connections wait at a listener to be accepted. Who comes when they are so many is not answered, and tries again after a second,
    /// then two, and so on.
    pub backlog: usize,
    /// How long blocking work takes; drawn for each.
    pub blocking: RangeInclusive<Duration>,
    /// Whether sockets are at times said to be ready when they are not, and writes take less than would fit. Both are allowed to them.
    pub capricious: bool,
    /// Whether a reset throws away, at times, what had arrived and was not read. Linux keeps it, other systems do not.
    pub forgetful: bool,
}

impl Conditions {
    /// A network on which nothing takes time and nothing is out of the ordinary.
    #[must_use]
    pub const fn ideal() -> Self {
        Self {
            link: Link::ideal(),
            send_buffer: 256 * 1024,
            receive_buffer: 256 * 1024,
            backlog: 1024,
            blocking: Duration::ZERO..=Duration::ZERO,
            capricious: false,
            forgetful: false,
        }
    }

    /// Small buffers, segments of a few bytes, delays that differ much: what finds the faults of a program that counts on how its bytes arrive.
    #[must_use]
    pub const fn rough() -> Self {
        Self {
            link: Link {
                delay: Duration::ZERO..=Duration::from_micros(400),
                bandwidth: None,
                segment: 4096,
                splits: true,
            },
            send_buffer: 7001,
            receive_buffer: 16_381,
            backlog: 8,
            blocking: Duration::ZERO..=Duration::from_millis(5),
            capricious: true,
            forgetful: true,
        }
    }

    /// Any conditions at all, chosen by the seed: from a network without a delay to one over a satellite.
    #[must_use]
    pub fn drawn(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x636f_6e64_6974_696f);
        let shortest = match random.below(3) {
            0 => Duration::ZERO,
            1 => Duration::from_micros(random.below(2_000)),
            _ => Duration::from_micros(random.below(300_000)),
        };
        let spread = match random.below(3) {
            0 => Duration::ZERO,
            1 => shortest / 4,
            _ => Duration::from_micros(random.below(50_000)),
        };
        let mut size = |most: u64| 1usize << (10 + random.below(most - 9));
        let (segment, send_buffer, receive_buffer) = (size(16), size(18), size(18));
        Self {
            link: Link {
                delay: shortest..=shortest + spread,
                bandwidth: match random.below(3) {
                    0 => None,
                    1 => Some(30_000 + random.below(1_000_000)),
                    _ => Some(1_000_000 + random.below(1_000_000_000)),
                },
                segment,
                splits: random.one_in(2),
            },
            send_buffer,
            receive_buffer,
            backlog: 1 + random.index(16),
            blocking: Duration::ZERO..=Duration::from_micros(random.below(20_000)),
            capricious: random.one_in(2),
            forgetful: random.one_in(2),
        }
    }
}

impl Default for Conditions {
    /// A local network between systems with the buffers that Linux has.
    fn default() -> Self {
        Self {
            link: Link::default(),
            send_buffer: 512 * 1024,
            receive_buffer: 128 * 1024,
            backlog: 128,
            blocking: Duration::ZERO..=Duration::from_micros(200),
            capricious: false,
            forgetful: false,
        }
    }
}

/// Which way bytes go over a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// From who has connected to who has accepted.
    Forth,
    /// From who has accepted to who has connected.
    Back,
}

/// What happens to one connection: see [`Network::inject`](crate::Network::inject).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// It is refused, though somebody listens.
    Refuse,
    /// It is never answered.
    Ignore,
    /// So many bytes arrive; instead of the next, or of the end, both sides meet a reset.
    Reset {
        /// Which bytes are counted.
        direction: Direction,
        /// How many of them still arrive.
        after: u64,
    },
    /// So many bytes arrive, and from then on nothing does that way: neither bytes nor an end nor a reset. Nobody is told.
    Stall {
        /// Which bytes are counted.
        direction: Direction,
        /// How many of them still arrive.
        after: u64,
    },
    /// So many bytes arrive; instead of the next, an end as if it were in order does, as somebody on the way can forge it. What is sent
    /// that way from then on is lost. In clear text nothing tells such an end from a true one; under TLS its `close_notify` does.
    Truncate {
        /// Which bytes are counted.
        direction: Direction,
        /// How many of them still arrive.
        after: u64,
    },
}
