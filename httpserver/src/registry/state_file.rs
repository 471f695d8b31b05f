//! The list of databases of an environment on disk, with what is said of the environment. Folders under
//! the data root stand in it as relative paths, so the file means the same on another machine.
//!
//! It is written beside itself, flushed and renamed over the old one, so a crash leaves the old or
//! the new list, never a part. A list that cannot be read stops the start: it is never replaced by
//! an empty one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::entry::{Durability, Settings};
use super::guard::EnvironmentSettings;

const VERSION: u32 = 1;

/// What the file says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateFile {
    version: u32,
    /// What is said of the environment.
    #[serde(default)]
    pub environment: EnvironmentSettings,
    /// Where the system database of the server lies, when somebody chose that; only the first list says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<PathBuf>,
    /// The databases of the list.
    pub databases: Vec<Listed>,
    /// Folders in the data root that were taken off the list and keep their data.
    #[serde(default)]
    pub hidden: Vec<PathBuf>,
}

/// One database of the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listed {
    /// Its name.
    pub name: String,
    /// Its folder, relative to the data root where it lies under it.
    pub path: PathBuf,
    /// Whether it is opened for reading only.
    #[serde(default)]
    pub read_only: bool,
    /// Bytes of its node cache, where it has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_bytes: Option<u64>,
    /// When its commits are durable.
    #[serde(default, skip_serializing_if = "Durability::is_usual")]
    pub durability: Durability,
}

impl Listed {
    /// What the server keeps of it.
    pub fn settings(&self) -> Settings {
        Settings {
            read_only: self.read_only,
            cache_bytes: self.cache_bytes,
            durability: self.durability,
        }
    }
}

impl Default for StateFile {
    fn default() -> Self {
        Self {
            version: VERSION,
            environment: EnvironmentSettings::default(),
            system: None,
            databases: Vec::new(),
            hidden: Vec::new(),
        }
    }
}

impl StateFile {
    /// Reads the file; one that is not there has an empty list. Paths come back absolute.
    pub fn read(path: &Path, root: &Path) -> anyhow::Result<Self> {
        let bytes = match fs::read(path) {
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
        let mut state: Self = serde_json::from_slice(&bytes).with_context(advice)?;
        anyhow::ensure!(
            state.version == VERSION,
            "The list of databases {} has version {}, this program knows {VERSION}. Use a newer program.",
            path.display(),
            state.version
        );
        for path in state.paths() {
            *path = root.join(&*path);
        }
        Ok(state)
    }

    /// Replaces the file.
    pub fn write(&self, path: &Path, root: &Path) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(&self.portable(root))?;
        bytes.push(b'\n');
        replace_file(path, &bytes)
    }

    /// The same with relative paths where folders lie under the data root.
    pub fn portable(&self, root: &Path) -> Self {
        let mut portable = self.clone();
        for path in portable.paths() {
            if let Ok(below) = path.strip_prefix(root) {
                *path = below.to_owned();
            }
        }
        portable
    }

    fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let listed = self.databases.iter_mut().map(|listed| &mut listed.path);
        listed.chain(&mut self.hidden).chain(&mut self.system)
    }
}

/// Puts a file in the place of another, whole or not at all.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_by(path, bytes, OpenOptions::new().create(true).truncate(true))
}

/// The same with a file that only its owner can read, from the moment it is there.
pub(crate) fn replace_private_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    // A file that is there already keeps its rights, and somebody may hold it open.
    options.create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match fs::remove_file(temporary(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    replace_by(path, bytes, &mut options)
}

fn temporary(path: &Path) -> PathBuf {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    temporary.into()
}

fn replace_by(path: &Path, bytes: &[u8], options: &mut OpenOptions) -> io::Result<()> {
    let temporary = temporary(path);
    let mut file = options.write(true).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, path)?;
    path.parent().map_or(Ok(()), sync_folder)
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
        let folder = tempfile::tempdir().unwrap();
        let (root, path) = (folder.path(), folder.path().join("databases.json"));
        assert!(StateFile::read(&path, root).unwrap().databases.is_empty());
        let mut state = StateFile::default();
        for (name, path) in [("shop", root.join("a/shop")), ("far", "/x/far".into())] {
            state.databases.push(Listed {
                name: name.into(),
                path,
                read_only: true,
                cache_bytes: None,
                durability: Durability::default(),
            });
        }
        state.write(&path, root).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("\"a/shop\"") && text.contains("\"/x/far\""),
            "{text}"
        );
        let again = StateFile::read(&path, root).unwrap();
        assert_eq!(again.databases[0].path, root.join("a/shop"));
        assert!(again.databases[0].read_only);

        for damaged in [
            "",
            "{",
            r#"{"version":1,"databases":[{"nam":"x"}]}"#,
            r#"{"version":9,"databases":[]}"#,
        ] {
            fs::write(&path, damaged).unwrap();
            assert!(StateFile::read(&path, root).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }
}
