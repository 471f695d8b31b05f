//! Randomness as the engine sees it: [`Rng`], the operating system's and a seeded one.
//!
//! Nothing else in the crate draws random numbers. They serve database ids, retry jitter and
//! simulations; no result of the engine depends on them.

use std::fmt::Debug;
use std::io;

use parking_lot::Mutex;

/// A source of random bytes, shared by threads.
pub trait Rng: Send + Sync + Debug + 'static {
    /// Fills the slice with random bytes.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
    /// A random number, all 64 bits.
    fn next_u64(&self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
}

/// The operating system's random numbers, fit for ids and secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRng;

impl Rng for OsRng {
    #[expect(clippy::disallowed_methods, reason = "the real source")]
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(io::Error::other)
    }
}

/// A repeatable sequence from a seed: the same seed gives the same numbers on every machine.
#[derive(Debug)]
pub struct SeededRng {
    state: Mutex<SplitMix64>,
}

impl SeededRng {
    /// Starts the sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            state: Mutex::new(SplitMix64::new(seed)),
        }
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        for chunk in bytes.chunks_mut(8) {
            let random = state.next().to_le_bytes();
            chunk.copy_from_slice(random.get(..chunk.len()).unwrap_or_default());
        }
        Ok(())
    }
}

/// `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub(crate) struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A fair coin.
    pub(crate) fn coin(&mut self) -> bool {
        self.next() >> 63 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_sequence() {
        let rng = SeededRng::new(1_234_567);
        assert_eq!(rng.next_u64().unwrap(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next_u64().unwrap(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_slice_of_any_length_is_filled() {
        let rng = SeededRng::new(3);
        let mut bytes = [0; 21];
        rng.fill(&mut bytes).unwrap();
        assert!(bytes.chunks(3).all(|chunk| chunk != [0, 0, 0]));
        let mut other = [0; 16];
        OsRng.fill(&mut other).unwrap();
        assert_ne!(other, [0; 16]);
    }
}
