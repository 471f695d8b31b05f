//! Limits on what an answer of a model may take: steps, time, tokens, money and sizes.

use std::time::Duration;

use serde::Deserialize;

use super::limits::limits;

limits! {
    /// Requests to the model for one answer.
    steps = 12, 1, 100;
    /// Time of one answer; waiting for a person's approval does not count.
    answer_ms = 60_000, 100, 3_600_000;
    /// Tokens of one answer, in and out, over all its requests.
    answer_tokens = 200_000, 100, 100_000_000;
    /// Money of one answer in millionths of a dollar, where the price of the model is known.
    answer_microdollars = 500_000, 1, 1_000_000_000;
    /// Money of one session in millionths of a dollar, where the price of the model is known.
    session_microdollars = 5_000_000, 1u64, 4_000_000_000u64;
    /// Tokens of one request's answer.
    output_tokens = 8_192, 16, 1_000_000;
    /// Estimated tokens of the earlier talk that go along; older turns become a summary.
    memory_tokens = 24_000, 100, 10_000_000;
    /// Bytes of the schema in a prompt.
    schema_bytes = 12_288, 256, 1_048_576;
    /// Bytes of a tool's result that a model gets.
    result_bytes = 16_384, 256, 1_048_576;
    /// Rows of a tool's result that a model gets when rows are shared.
    result_rows = 50, 1, 10_000;
    /// Time until the connection to the provider stands.
    connect_ms = 10_000, 10, 600_000;
    /// Time until the first byte of an answer.
    first_byte_ms = 45_000, 10, 600_000;
    /// Longest silence inside an answer.
    between_bytes_ms = 45_000, 10, 600_000;
    /// Repetitions of a request that the provider was too busy for.
    retries = 2, 0, 10;
    /// Longest wait before a repetition; a provider that asks for more is given up.
    longest_wait_ms = 20_000, 0, 600_000;
    /// Time in which a proposed change can be approved.
    approval_ms = 900_000, 100, 86_400_000;
    /// Sessions in memory; the one unused for longest makes room.
    sessions = 1_000, 1, 100_000;
    /// Bytes of a message of a person.
    message_bytes = 65_536, 1, 1_048_576;
}

impl Limits {
    /// Time of one answer.
    pub fn answer(&self) -> Duration {
        Duration::from_millis(self.answer_ms)
    }

    /// Time until the connection stands.
    pub fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    /// Time until the first byte.
    pub fn first_byte(&self) -> Duration {
        Duration::from_millis(self.first_byte_ms)
    }

    /// Longest silence inside an answer.
    pub fn between_bytes(&self) -> Duration {
        Duration::from_millis(self.between_bytes_ms)
    }

    /// Longest wait before a repetition.
    pub fn longest_wait(&self) -> Duration {
        Duration::from_millis(self.longest_wait_ms)
    }

    /// Time in which a proposed change can be approved.
    pub fn approval(&self) -> Duration {
        Duration::from_millis(self.approval_ms)
    }
}
