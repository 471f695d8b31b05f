//! How many files and connections the system lets this program open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files of the program itself.
const BESIDE: u64 = 64;
/// For so many open databases there should be room.
pub const DATABASES: u64 = 4;
/// Files that an open database needs beside its segments, and the segments that it keeps open.
const A_DATABASE: u64 = 80;

/// Files that this many connections need, with those of some databases.
pub const fn needed(connections: u64) -> u64 {
    BESIDE + connections + DATABASES * A_DATABASE
}

/// Raises what a new program gets by default to what `connections` need, as far as the system allows it, and
/// gives how many connections there can be.
pub fn make_room(connections: u64) -> u64 {
    let now = getrlimit(Resource::Nofile);
    let wanted = needed(connections);
    let Some(current) = now.current.filter(|current| *current < wanted) else {
        return connections;
    };
    let most = now.maximum.map_or(wanted, |most| most.min(wanted));
    let raised = Rlimit {
        current: Some(most),
        maximum: now.maximum,
    };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => most,
        Err(error) => {
            tracing::debug!(%error, "the limit of open files stays as it is");
            current
        }
    };
    // A few always, whatever is left.
    allowed
        .saturating_sub(needed(0))
        .clamp(16, connections.max(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_what_fits() {
        assert_eq!(make_room(16), 16);
        let many = make_room(u64::from(u32::MAX));
        assert!((16..=u64::from(u32::MAX)).contains(&many), "{many}");
    }
}
