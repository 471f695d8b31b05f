//! Keys and values of the works.

use crate::peer::Keys;

/// Distinct values; more than any engine's compression finds in one block.
const VALUES: usize = 4_096;

/// The order in which keys come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    Random,
    Ascending,
}

/// Keys, and JSON values of 100 bytes.
pub struct Data {
    pub keys: Vec<Vec<u8>>,
    values: Vec<Vec<u8>>,
}

/// xorshift64, Marsaglia 2003.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

impl Data {
    pub fn new(items: usize, keys: Keys, arrival: Arrival) -> Self {
        let mut state = 88_172_645_463_325_252_u64;
        let mut values = Vec::with_capacity(VALUES);
        for _ in 0..VALUES {
            let mut text = String::new();
            while text.len() < 92 {
                text += &format!("{:016x}", next(&mut state));
            }
            text.truncate(92);
            values.push(format!("{{\"v\":\"{text}\"}}").into_bytes());
        }
        let keys = (0..items as u64)
            .map(|i| match arrival {
                Arrival::Random => next(&mut state),
                Arrival::Ascending => i,
            })
            .map(|number| match keys {
                Keys::U64 => number.to_be_bytes().to_vec(),
                Keys::Text => format!("{number:016x}").into_bytes(),
            })
            .collect();
        Self { keys, values }
    }

    /// The value that item `i` gets in round `round`.
    pub fn value(&self, i: usize, round: usize) -> &[u8] {
        &self.values[(i + round * 7) % VALUES]
    }

    /// Item `i` of a walk that touches all in an order of its own.
    pub fn hop(&self, i: usize, items: usize) -> &[u8] {
        &self.keys[i * 7_919 % items]
    }
}
