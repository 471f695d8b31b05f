//! The disk of the data folder: how long a flush takes, how much room there is.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use sop::vfs::{RealVfs, Vfs as _};

use super::{Finding, Probe};

/// Less free space than this is a warning, in bytes.
const LITTLE_SPACE: u64 = 1 << 30;
/// With less free space than this nothing can be written for long, in bytes.
const NO_SPACE: u64 = 16 << 20;
/// A slower flush in the middle is a warning.
const SLOW: Duration = Duration::from_millis(20);
/// A faster one did not reach a disk.
const TOO_FAST: Duration = Duration::from_micros(8);
/// When one in a hundred takes so many times as long as the usual one, commits will stall.
const UNEVEN: u32 = 50;
/// Flushes that are timed, and the time after which no more are.
const FLUSHES: usize = 200;
const ENOUGH: Duration = Duration::from_secs(3);
/// What is written before each flush: a small commit in whole blocks.
const BLOCK: [u8; 4_096] = [7; 4_096];

/// Times of flushes, sorted.
#[derive(Debug)]
struct Times(Vec<Duration>);

impl Times {
    /// The time that this share of the flushes does not pass; `part` of 100.
    fn at(&self, part: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        let at = (self.0.len() * part).div_ceil(100).saturating_sub(1);
        self.0.get(at.min(last)).copied().unwrap_or_default()
    }
}

pub(super) fn free_space(folder: &Path) -> Finding {
    match RealVfs.free_space(folder) {
        Ok(bytes) => space(bytes),
        Err(error) => Finding::Unknown(format!("cannot be told: {error}")),
    }
}

fn space(bytes: u64) -> Finding {
    let text = super::machine::size(bytes);
    if bytes < NO_SPACE {
        Finding::Bad(format!(
            "only {text}. Make room, or choose another folder: --data DIR"
        ))
    } else if bytes < LITTLE_SPACE {
        Finding::Warning(format!(
            "only {text}. When it is used up, commits are refused"
        ))
    } else {
        Finding::Good(text)
    }
}

/// The way of a commit: into a file that has its length already.
pub(super) fn prepared_flush(folder: &Path) -> Finding {
    let timed = Probe::new(folder, "flush").and_then(|probe| {
        let mut file = probe.file()?;
        for _ in 0..FLUSHES {
            file.write_all(&BLOCK)?;
        }
        file.sync_all()?;
        file.seek(SeekFrom::Start(0))?;
        time(&mut file)
    });
    judge(timed)
}

/// What it costs when the file grows with each commit.
pub(super) fn growing_flush(folder: &Path) -> Finding {
    judge(Probe::new(folder, "grow").and_then(|probe| time(&mut probe.file()?)))
}

fn time(file: &mut File) -> io::Result<Times> {
    let began = Instant::now();
    let mut times = Vec::with_capacity(FLUSHES);
    while times.len() < FLUSHES && began.elapsed() < ENOUGH {
        file.write_all(&BLOCK)?;
        let started = Instant::now();
        file.sync_data()?;
        times.push(started.elapsed());
    }
    times.sort();
    Ok(Times(times))
}

fn judge(timed: io::Result<Times>) -> Finding {
    let times = match timed {
        Ok(times) => times,
        Err(error) => {
            return Finding::Bad(format!(
                "does not work: {error}. Data would not be safe in this folder. Choose another: --data DIR"
            ));
        }
    };
    let (median, slow) = (times.at(50), times.at(99));
    let text = format!(
        "median {median:.1?}, 99 of 100 within {slow:.1?}, {} timed",
        times.0.len()
    );
    if median > SLOW {
        Finding::Warning(format!(
            "{text}. Each commit waits for one, so writing will be slow here; a local SSD takes a tenth of it"
        ))
    } else if median < TOO_FAST {
        Finding::Warning(format!(
            "{text}. That is too fast for a disk: a power cut will lose commits that were answered. \
             Choose a folder on a disk that keeps what it is told to: --data DIR"
        ))
    } else if slow > median * UNEVEN && slow > SLOW {
        Finding::Warning(format!(
            "{text}. Some commits will stall; see what else writes to this disk"
        ))
    } else {
        Finding::Good(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(all: impl IntoIterator<Item = u64>) -> Times {
        let mut times: Vec<Duration> = all.into_iter().map(Duration::from_micros).collect();
        times.sort();
        Times(times)
    }

    #[test]
    fn shares_of_times() {
        let hundred = times(1..=100);
        assert_eq!(hundred.at(50), Duration::from_micros(50));
        assert_eq!(hundred.at(99), Duration::from_micros(99));
        assert_eq!(times([5]).at(99), Duration::from_micros(5));
        assert_eq!(times([]).at(50), Duration::ZERO);
    }

    #[test]
    fn verdicts_say_what_is_wrong() {
        let usual = judge(Ok(times(std::iter::repeat_n(100, 200))));
        assert_eq!(
            usual,
            Finding::Good("median 100.0µs, 99 of 100 within 100.0µs, 200 timed".to_owned())
        );
        let warning = |all: Times, words: &str| {
            let finding = judge(Ok(all));
            assert!(
                matches!(&finding, Finding::Warning(text) if text.contains(words)),
                "{finding:?}"
            );
        };
        warning(times(std::iter::repeat_n(30_000, 50)), "slow");
        warning(times(std::iter::repeat_n(1, 200)), "too fast");
        warning(
            times((0..200).map(|n| if n < 190 { 100 } else { 40_000 })),
            "stall",
        );
        let failed = judge(Err(io::ErrorKind::Unsupported.into()));
        assert!(matches!(failed, Finding::Bad(text) if text.contains("--data")));
    }

    #[test]
    fn space_has_its_limits() {
        assert!(matches!(space(1 << 20), Finding::Bad(_)));
        assert!(matches!(space(100 << 20), Finding::Warning(_)));
        assert_eq!(space(2 << 30), Finding::Good("2.0 GiB".to_owned()));
    }

    #[test]
    fn real_flushes_are_timed() {
        let folder = tempfile::tempdir().unwrap();
        for finding in [prepared_flush(folder.path()), growing_flush(folder.path())] {
            assert!(!matches!(finding, Finding::Bad(_)), "{finding:?}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
