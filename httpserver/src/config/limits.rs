//! Limits on sizes, counts and times, so that nothing that comes from outside is unbounded.

use std::time::Duration;

use serde::Deserialize;

/// Makes `Limits` and `FileLimits` from a table of name, default, least and most.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident = $default:expr, $least:expr, $most:expr;)+) => {
        /// Limits. Times are in milliseconds, sizes in bytes.
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        /// What a file may say about the limits.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct FileLimits {
            $($(#[doc = $doc])+ pub $name: Option<u64>,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl FileLimits {
            /// These over `base`.
            pub(crate) fn over(&self, base: &Limits) -> Limits {
                Limits { $($name: self.$name.unwrap_or(base.$name),)+ }
            }
        }

        impl Limits {
            /// Checks that each limit lies in its range.
            pub(crate) fn check(&self) -> Result<(), String> {
                $(if !($least..=$most).contains(&self.$name) {
                    return Err(format!(
                        "limits.{} must be from {} to {}, not {}.",
                        stringify!($name), $least, $most, self.$name
                    ));
                })+
                Ok(())
            }
        }
    };
}

pub(super) use limits;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

limits! {
    /// Largest JSON body.
    json_body_bytes = 16 * MIB, KIB, 1024 * MIB;
    /// Largest single value; its request may be a little larger.
    value_bytes = 100_000_000, KIB, 1024 * MIB;
    /// Longest line or record of an import.
    import_line_bytes = 128 * MIB, KIB, 1024 * MIB;
    /// Largest file of an import that has to be kept while it is read (Parquet); texts need no room.
    import_file_bytes = 16 * 1024 * MIB, KIB, 1024 * 1024 * MIB;
    /// Items in a page when the request does not say.
    page_items = 100, 1, 1000;
    /// Bytes after which a page ends before its item limit.
    page_bytes = 16 * MIB, KIB, 1024 * MIB;
    /// Connections at the same time. For more, those that have been quiet for the longest time are closed.
    max_connections = 10_240, 1, 100_000;
    /// Database calls at the same time; more wait.
    max_calls = 32, 1, 512;
    /// Imports, exports and checks at the same time; more are refused.
    max_streams = 8, 1, 256;
    /// Queries at the same time; more wait.
    max_queries = 16, 1, 256;
    /// Runs of scripts that may pause, at the same time, beside these queries; more are refused.
    max_pausing_runs = 8, 1, 64;
    /// Those of them that are one person's.
    max_pausing_runs_each = 4, 1, 64;
    /// Longest time that a run of a script is paused without a word; it is stopped then.
    pause_ms = 600_000, 10, 86_400_000;
    /// Longest statement of a query.
    query_statement_bytes = MIB, KIB, MIB;
    /// Memory that all queries may take together for what does not go to files.
    query_memory_bytes = 512 * MIB, 32 * MIB, 1024 * 1024 * MIB;
    /// Most rows of a query's answer as one JSON object; what is left out is said.
    query_rows = 10_000, 1, 1_000_000;
    /// Bytes after which such an answer ends before its row limit; what is left out is said.
    query_bytes = 64 * MIB, KIB, 1024 * MIB;
    /// Time of a query that does not say how long it may take.
    query_timeout_ms = 60_000, 10, 86_400_000;
    /// Longest time that a query may ask for; exports by query get it.
    query_longest_ms = 3_600_000, 10, 86_400_000;
    /// Time for the headers of a request, and longest silence between two requests.
    header_timeout_ms = 15_000, 10, 3_600_000;
    /// Longest silence inside a body, or of a client that does not take its answer.
    idle_timeout_ms = 60_000, 10, 3_600_000;
    /// Longest time of a call that is not a stream.
    request_timeout_ms = 60_000, 10, 3_600_000;
    /// Time that running requests get when the server stops.
    shutdown_timeout_ms = 10_000, 0, 600_000;
}

impl Limits {
    /// Time for the headers of a request.
    pub fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    /// Longest silence of a connection inside a request or answer.
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms)
    }

    /// Longest time of a call that is not a stream.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// Time of a query that does not say how long it may take.
    pub fn query_timeout(&self) -> Duration {
        Duration::from_millis(self.query_timeout_ms.min(self.query_longest_ms))
    }

    /// Longest time that a run of a script is paused without a word.
    pub fn pause(&self) -> Duration {
        Duration::from_millis(self.pause_ms)
    }

    /// Longest time that a query may ask for.
    pub fn query_longest(&self) -> Duration {
        Duration::from_millis(self.query_longest_ms)
    }

    /// Time that running requests get when the server stops.
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_millis(self.shutdown_timeout_ms)
    }

    /// Largest body that carries one value: the value and room for its key.
    pub fn value_body_bytes(&self) -> u64 {
        self.value_bytes + MIB
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_their_ranges_and_others_are_refused() {
        assert!(Limits::default().check().is_ok());
        let wrong = Limits {
            page_items: 1001,
            ..Limits::default()
        };
        assert!(wrong.check().unwrap_err().contains("limits.page_items"));
    }
}
