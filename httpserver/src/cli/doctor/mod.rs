//! Looks whether this machine can run the server well: what the disk of the data folder does, whether locks
//! work, whether there is room, memory and files enough, whether the port is free, whether a prepared transaction
//! waits for a decision.
//!
//! One line for each look: `ok`, `warning` or `failed`, what was looked at, what was found, and what to do where
//! something is to be done. It writes only files of its own in the data folder, and removes them.

mod disk;
mod machine;
mod mount;
mod prepared;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sop::SystemClock;
use sop::lock::{DatabaseLock, LOCK_FILE, LockError, LockHolder};
use sop::vfs::RealVfs;

use super::{ServeArgs, say};
use crate::config::{Config, TlsConfig};
use crate::serve::Tls;

/// How one look ended.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Good(String),
    Warning(String),
    Bad(String),
    /// Nothing can be said of it on this machine.
    Unknown(String),
}

/// Looks at everything and says what it found; fails when the server could not run.
pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let config = args.config()?;
    let data = &config.data;
    let mut failed = false;
    let mut tell = |what: &str, finding: Finding| {
        let (word, text) = match finding {
            Finding::Good(text) => ("ok", text),
            Finding::Warning(text) => ("warning", text),
            Finding::Bad(text) => {
                failed = true;
                ("failed", text)
            }
            Finding::Unknown(text) => ("unknown", text),
        };
        say(&format!("{word:<8} {what}: {text}\n"))
    };
    tell("data folder", writable(data))?;
    tell("file system", mount::file_system(data))?;
    tell("free space", disk::free_space(data))?;
    tell("sectors", mount::sectors(data))?;
    tell("flush of a prepared file", disk::prepared_flush(data))?;
    tell("flush of a growing file", disk::growing_flush(data))?;
    tell("locks", locks(data))?;
    tell("memory", machine::memory(&config))?;
    tell("open files", machine::open_files(&config))?;
    tell("port", port(&config))?;
    if let Some(tls) = &config.tls {
        tell("certificate", certificate(tls))?;
    }
    tell("prepared transactions", prepared::prepared(&config))?;
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Whether certificate and key can be used; not whether others trust them.
fn certificate(tls: &TlsConfig) -> Finding {
    match Tls::open(tls) {
        Ok(_) => Finding::Good(format!("{}", tls.certificate.display())),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

/// Something of its own in the data folder, gone afterwards.
struct Probe(PathBuf);

impl Probe {
    fn new(folder: &Path, what: &str) -> std::io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self(
            folder.join(format!(".doctor-{what}-{}", std::process::id())),
        ))
    }

    fn file(&self) -> std::io::Result<File> {
        File::create(&self.0)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // What cannot be removed was said when it was made or used.
        let _ = if self.0.is_dir() {
            fs::remove_dir_all(&self.0)
        } else {
            fs::remove_file(&self.0)
        };
    }
}

fn writable(folder: &Path) -> Finding {
    let tried = Probe::new(folder, "write").and_then(|probe| {
        let mut file = probe.file()?;
        file.write_all(b"probe")?;
        file.sync_all()
    });
    match tried {
        Ok(()) => Finding::Good(format!("{} can be written", folder.display())),
        Err(error) => Finding::Bad(format!(
            "{} cannot be written: {error}. Choose another folder: --data DIR",
            folder.display()
        )),
    }
}

/// Takes the lock of a database, and sees that nobody else gets it.
fn locks(folder: &Path) -> Finding {
    let holder = LockHolder::current(&SystemClock::new());
    let take = |folder: &Path| DatabaseLock::acquire(&RealVfs, folder, &holder);
    let tried = Probe::new(folder, "lock").and_then(|probe| {
        fs::create_dir(&probe.0)?;
        let kept_out = || -> Result<bool, LockError> {
            let first = take(&probe.0)?;
            let second = take(&probe.0);
            drop(first);
            let after = take(&probe.0).map(drop);
            match second {
                Err(LockError::Held { .. }) => after.map(|()| true),
                Err(error) => Err(error),
                Ok(_) => Ok(false),
            }
        };
        let kept_out = kept_out();
        let _ = fs::remove_file(probe.0.join(LOCK_FILE));
        kept_out.map_err(std::io::Error::other)
    });
    match tried {
        Ok(true) => Finding::Good("work: a second process would be kept out".to_owned()),
        Ok(false) => Finding::Bad(
            "two processes could write at once here. Choose a folder on a local disk: --data DIR"
                .to_owned(),
        ),
        Err(error) => Finding::Bad(format!(
            "do not work here: {error}. Choose a folder on a local disk: --data DIR"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_and_writing_are_tried_and_leave_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(locks(folder.path()), Finding::Good(_)));
        assert!(matches!(writable(folder.path()), Finding::Good(_)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for finding in [writable(&file), locks(&file)] {
            assert!(
                matches!(&finding, Finding::Bad(text) if text.contains("--data")),
                "{finding:?}"
            );
        }
    }
}
