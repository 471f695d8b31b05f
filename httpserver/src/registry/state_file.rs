//! The list of databases on disk: `databases.json` in the data root.
//!
//! It is written beside itself, flushed and renamed over the old one, so a crash leaves the old or
//! the new list, never a part. A list that cannot be read stops the start: it is never replaced by
//! an empty one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

const NAME: &str = "databases.json";
const VERSION: u32 = 1;

/// What the file says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StateFile {
    version: u32,
    /// The databases of the list.
    pub databases: Vec<Listed>,
    /// Folders in the data root that were taken off the list and keep their data.
    #[serde(default)]
    pub hidden: Vec<PathBuf>,
}

/// One database of the list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    /// Its name.
    pub name: String,
    /// Its folder, absolute.
    pub path: PathBuf,
    /// Whether it is opened for reading only.
    #[serde(default)]
    pub read_only: bool,
}

impl Default for StateFile {
    fn default() -> Self {
        Self {
            version: VERSION,
            databases: Vec::new(),
            hidden: Vec::new(),
        }
    }
}

impl StateFile {
    /// Reads the list; a data root without one has an empty list.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let path = root.join(NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("The list {} cannot be read", path.display()));
            }
        };
        let advice = || {
            format!(
                "The list of databases {} is damaged. Move it away to start with what lies in the \
                 data folder; attached folders then have to be attached again",
                path.display()
            )
        };
        let state: Self = serde_json::from_slice(&bytes).with_context(advice)?;
        anyhow::ensure!(
            state.version == VERSION,
            "The list of databases {} has version {}, this program knows {VERSION}. Use a newer program.",
            path.display(),
            state.version
        );
        Ok(state)
    }

    /// Replaces the list.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        let temporary = root.join(format!("{NAME}.new"));
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        let mut file = File::create(&temporary)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&temporary, root.join(NAME))?;
        sync_folder(root)
    }
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_comes_back_and_a_damaged_one_is_kept() {
        let root = tempfile::tempdir().unwrap();
        assert!(StateFile::read(root.path()).unwrap().databases.is_empty());
        let mut state = StateFile::default();
        state.databases.push(Listed {
            name: "shop".into(),
            path: "/x/shop".into(),
            read_only: true,
        });
        state.write(root.path()).unwrap();
        let again = StateFile::read(root.path()).unwrap();
        assert_eq!(
            (
                again.databases[0].name.as_str(),
                again.databases[0].read_only
            ),
            ("shop", true)
        );

        let path = root.path().join(NAME);
        for damaged in [
            "",
            "{",
            r#"{"version":1,"databases":[{"nam":"x"}]}"#,
            r#"{"version":9,"databases":[]}"#,
        ] {
            fs::write(&path, damaged).unwrap();
            assert!(StateFile::read(root.path()).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }
}
