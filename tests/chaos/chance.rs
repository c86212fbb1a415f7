//! What a storm draws at random, all of it from one seed.

use std::ops::Range;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The dice of one part of a storm. What one part draws does not depend on what the others do meanwhile.
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// `part` sets it apart from the other parts of the same storm.
    pub fn of(seed: u64, part: &str) -> Self {
        let mut mixed = seed;
        for byte in part.bytes() {
            // FNV-1a: any spreading will do.
            mixed = (mixed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(ChaCha8Rng::seed_from_u64(mixed))
    }

    pub fn between(&mut self, range: &Range<Duration>) -> Duration {
        self.0.random_range(range.clone())
    }

    pub fn milliseconds(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.0.random_range(range))
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }

    pub fn number(&mut self, range: Range<i64>) -> i64 {
        self.0.random_range(range)
    }

    pub fn coin(&mut self) -> bool {
        self.0.random()
    }
}
