//! What the machine gives the process: memory and open files. Known on Linux.

use std::fs;

use super::Finding;
use crate::config::Config;
use crate::serve::files;

/// Beside the caches of databases the server needs about this, in bytes.
const BASE_BYTES: u64 = 256 << 20;

/// A size for people.
pub(super) fn size(bytes: u64) -> String {
    let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units.iter().find(|(_, shift)| bytes >> shift > 0);
    unit.map_or(format!("{bytes} bytes"), |(name, shift)| {
        format!("{:.1} {name}", bytes as f64 / (1u64 << shift) as f64)
    })
}

pub(super) fn memory(config: &Config) -> Finding {
    let Some(available) = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| available(&text))
    else {
        return Finding::Unknown("this system does not tell".to_owned());
    };
    let limit = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .iter()
    .find_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    judge_memory(
        available,
        limit,
        config.cache_bytes.unwrap_or(sop::DEFAULT_CACHE_BYTES),
    )
}

/// Bytes that programs can have, from the list of the system.
fn available(list: &str) -> Option<u64> {
    let line = list
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1_024)
}

fn judge_memory(available: u64, limit: Option<u64>, cache: u64) -> Finding {
    let limit = limit.filter(|limit| *limit < available);
    let usable = limit.unwrap_or(available);
    let mut text = format!("{} available", size(usable));
    if limit.is_some() {
        text.push_str(" (the limit of this container or service)");
    }
    if usable < BASE_BYTES.saturating_add(cache) {
        Finding::Warning(format!(
            "{text}, and each open database may take {} for its cache. Give it less with 'cache_bytes' in the settings",
            size(cache)
        ))
    } else {
        Finding::Good(text)
    }
}

pub(super) fn open_files(config: &Config) -> Finding {
    // As when serving, which raises it as far as it may.
    files::make_room(config.limits.max_connections);
    let limits = fs::read_to_string("/proc/self/limits").ok();
    match limits.and_then(|text| file_limit(&text)) {
        Some(limit) => judge_files(limit, config.limits.max_connections),
        None => Finding::Unknown("this system does not tell".to_owned()),
    }
}

/// The soft limit, from the list of the system; `unlimited` is the largest number.
fn file_limit(list: &str) -> Option<u64> {
    let line = list
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    let soft = line.split_whitespace().next()?;
    if soft == "unlimited" {
        return Some(u64::MAX);
    }
    soft.parse().ok()
}

fn judge_files(limit: u64, connections: u64) -> Finding {
    let needed = files::needed(connections);
    let text = if limit == u64::MAX {
        "no limit".to_owned()
    } else {
        format!("at most {limit}")
    };
    if limit < needed {
        Finding::Warning(format!(
            "{text}; {connections} connections and {} databases may need {needed}. Raise it (ulimit -n {needed}), \
             or lower 'max_connections' in the settings",
            files::DATABASES
        ))
    } else {
        Finding::Good(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_the_system_are_read() {
        let list = "MemTotal:       24000000 kB\nMemFree:  5 kB\nMemAvailable:   18000000 kB\n";
        assert_eq!(available(list), Some(18_000_000 * 1_024));
        assert_eq!(available("MemAvailable: many kB"), None);
        let list = "Limit                     Soft Limit           Hard Limit           Units\n\
            Max processes             100                  200                  processes\n\
            Max open files            1024                 524288               files\n";
        assert_eq!(file_limit(list), Some(1_024));
        assert_eq!(
            file_limit("Max open files   unlimited unlimited files"),
            Some(u64::MAX)
        );
        assert_eq!(file_limit(""), None);
    }

    #[test]
    fn verdicts_say_what_to_change() {
        let warned = |finding: Finding, word: &str| {
            assert!(
                matches!(&finding, Finding::Warning(text) if text.contains(word)),
                "{finding:?}"
            );
        };
        assert_eq!(
            judge_memory(4 << 30, None, 256 << 20),
            Finding::Good("4.0 GiB available".to_owned())
        );
        warned(
            judge_memory(4 << 30, Some(300 << 20), 256 << 20),
            "cache_bytes",
        );
        warned(
            judge_memory(4 << 30, Some(u64::MAX), 8 << 30),
            "cache_bytes",
        );
        assert!(matches!(judge_files(u64::MAX, 1_024), Finding::Good(_)));
        warned(judge_files(256, 1_024), "ulimit -n");
        assert_eq!(size(1_536), "1.5 KiB");
        assert_eq!(size(17), "17 bytes");
    }
}
