//! Looks whether this machine can run the server: can the data root be written, is there space, how
//! long does a flush take, do locks work, is the port free, does a prepared transaction wait for a decision.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sop::PreparedInfo;
use sop::options_file::OPTIONS_FILE;
use sop::vfs::{RealVfs, Vfs as _};

use super::maintain::open_to_read;
use super::{ServeArgs, say};
use crate::config::Config;

/// Less free space than this is a warning.
const LITTLE_SPACE: u64 = 1 << 30;
/// A slower flush than this is a warning.
const SLOW_FLUSH: Duration = Duration::from_millis(20);
/// Flushes that are timed.
const FLUSHES: usize = 20;

/// How one look ended.
enum Finding {
    Good(String),
    Warning(String),
    Bad(String),
}

/// Looks at everything and says what it found; fails when the server could not run.
pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let config = args.config()?;
    let findings = [
        ("data folder", writable(&config.data)),
        ("free space", free_space(&config.data)),
        ("flush", flush_time(&config.data)),
        ("locks", locks(&config.data)),
        ("port", port(&config)),
        ("prepared transactions", prepared(&config)),
    ];
    let mut failed = false;
    for (what, finding) in findings {
        let (word, text) = match finding {
            Finding::Good(text) => ("ok", text),
            Finding::Warning(text) => ("warning", text),
            Finding::Bad(text) => {
                failed = true;
                ("failed", text)
            }
        };
        say(&format!("{word:<8} {what}: {text}\n"))?;
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// A file of its own for each look, gone afterwards.
fn probe<T>(
    folder: &Path,
    look: impl FnOnce(&Path, File) -> std::io::Result<T>,
) -> std::io::Result<T> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    let result = File::create(&path).and_then(|file| look(&path, file));
    let removed = fs::remove_file(&path);
    result.and_then(|value| removed.map(|()| value))
}

fn writable(folder: &Path) -> Finding {
    match probe(folder, |_, mut file| {
        file.write_all(b"probe").and_then(|()| file.sync_all())
    }) {
        Ok(()) => Finding::Good(format!("{} can be written", folder.display())),
        Err(error) => Finding::Bad(format!(
            "{} cannot be written: {error}. Choose another folder: --data DIR",
            folder.display()
        )),
    }
}

fn free_space(folder: &Path) -> Finding {
    match RealVfs.free_space(folder) {
        Ok(bytes) => {
            let text = format!("{} MiB", bytes >> 20);
            if bytes < LITTLE_SPACE {
                Finding::Warning(format!("only {text}"))
            } else {
                Finding::Good(text)
            }
        }
        Err(error) => Finding::Warning(format!("cannot be told: {error}")),
    }
}

fn flush_time(folder: &Path) -> Finding {
    let timed = probe(folder, |_, mut file| {
        let mut times = Vec::with_capacity(FLUSHES);
        for _ in 0..FLUSHES {
            file.write_all(&[0; 512])?;
            let started = Instant::now();
            file.sync_data()?;
            times.push(started.elapsed());
        }
        times.sort();
        Ok(times.get(FLUSHES / 2).copied().unwrap_or_default())
    });
    match timed {
        Ok(median) if median > SLOW_FLUSH => Finding::Warning(format!(
            "{median:.1?}: each commit waits for one, so writing will be slow here"
        )),
        Ok(median) => Finding::Good(format!("{median:.1?}")),
        Err(error) => Finding::Bad(format!(
            "does not work: {error}. Data would not be safe in this folder"
        )),
    }
}

fn locks(folder: &Path) -> Finding {
    let tried = probe(folder, |path, file| {
        file.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => std::io::ErrorKind::WouldBlock.into(),
        })?;
        let second = File::open(path)?;
        Ok(matches!(second.try_lock(), Err(TryLockError::WouldBlock)))
    });
    match tried {
        Ok(true) => Finding::Good("a second process would be kept out".to_owned()),
        Ok(false) => Finding::Bad(
            "two processes could write at once here. Choose a local disk: --data DIR".to_owned(),
        ),
        Err(error) => Finding::Bad(format!(
            "do not work here: {error}. Choose a local disk: --data DIR"
        )),
    }
}

fn port(config: &Config) -> Finding {
    let host = config.host.trim_start_matches('[').trim_end_matches(']');
    match std::net::TcpListener::bind((host, config.port)) {
        Ok(_) => Finding::Good(format!("{host}:{} is free", config.port)),
        Err(error) => Finding::Warning(format!(
            "{host}:{}: {error}. Choose another: --port N",
            config.port
        )),
    }
}

/// What holds keys until its coordinator decides, in every database that would be served.
fn prepared(config: &Config) -> Finding {
    let mut waiting = Vec::new();
    let mut closed = Vec::new();
    for folder in databases(config) {
        match open_to_read(&folder) {
            Ok(db) => {
                let found = db.prepared();
                waiting.extend(found.iter().map(|one| describe(one, &folder)));
            }
            Err(error) => closed.push(format!("{error:#}")),
        }
    }
    if !closed.is_empty() {
        return Finding::Warning(format!("cannot be listed: {}", closed.join("; ")));
    }
    if waiting.is_empty() {
        return Finding::Good("none waits for a decision".to_owned());
    }
    Finding::Warning(format!(
        "{} for a decision and keep others from what they hold: {}",
        if waiting.len() == 1 {
            "one waits".to_owned()
        } else {
            format!("{} wait", waiting.len())
        },
        waiting.join("; ")
    ))
}

fn databases(config: &Config) -> Vec<PathBuf> {
    let inside = fs::read_dir(&config.data).into_iter().flatten();
    let mut folders: Vec<PathBuf> = inside
        .filter_map(|entry| Some(entry.ok()?.path()))
        .chain(config.databases.iter().cloned())
        .filter(|folder| folder.join(OPTIONS_FILE).exists())
        .collect();
    folders.sort();
    folders.dedup();
    folders
}

fn describe(one: &PreparedInfo, folder: &Path) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_ms = now.map_or(0, |since| since.as_millis() as u64);
    let left = match one.expires_at_ms.saturating_sub(now_ms) {
        0 => "its time is over".to_owned(),
        ms => format!("rolled back in {} min", ms.div_ceil(60_000)),
    };
    format!(
        "'{}' in {} ({} items of {}, {left})",
        one.id,
        folder.display(),
        one.items,
        one.stores.join(", ")
    )
}
