//! `dboptions.json`: what a database is, in a file that people can read. It makes a folder a database.
//!
//! Fields that this version does not know are kept when the file is written again. The format version
//! is looked at before anything else: a database of a newer version is refused, never guessed at. The
//! file never holds a password or any other secret.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::database_id::DatabaseId;
use crate::vfs::{FileError, IoContext, Vfs, write_file_durable};

/// The name of the file in the database's folder.
pub const OPTIONS_FILE: &str = "dboptions.json";

/// The format version of databases that this version makes and opens.
pub const FORMAT_VERSION: u64 = 1;

/// More than any lawful file; protects from reading something else of the same name.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// How a database is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageMode {
    /// One folder on this machine.
    Local,
}

/// The folders of a database, relative to its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Folders {
    /// Commit log.
    pub log: PathBuf,
    /// Checkpoints.
    pub catalog: PathBuf,
    /// Segments of nodes, values and chunks.
    pub data: PathBuf,
}

impl Default for Folders {
    fn default() -> Self {
        Self {
            log: "log".into(),
            catalog: "catalog".into(),
            data: "data".into(),
        }
    }
}

impl Folders {
    fn all(&self) -> [&Path; 3] {
        [&self.log, &self.catalog, &self.data]
    }
}

/// A copied folder must be a copy of the whole database, so nothing of it may be elsewhere.
fn is_inside(folder: &Path) -> bool {
    folder
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
        && folder.components().next().is_some()
}

/// The content of `dboptions.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseOptions {
    /// The identity that is in every file of the database.
    pub database_id: DatabaseId,
    /// How the database is spread.
    pub mode: StorageMode,
    /// Where its parts are.
    pub folders: Folders,
    /// Fields that this version does not know.
    pub other: Map<String, Value>,
}

/// What can go wrong with the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The folder has no such file.
    #[error("{} is not a database: it has no {OPTIONS_FILE}", folder.display())]
    NotADatabase {
        /// The folder.
        folder: PathBuf,
    },
    /// The database was made by a newer version.
    #[error(
        "{} was made by a newer version: it has format version {found}, this version knows {FORMAT_VERSION}; \
         open it with a newer version", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format version in it.
        found: u64,
    },
    /// The file does not say what it must.
    #[error("{}: {detail}; restore it from a copy", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] FileError),
}

impl DatabaseOptions {
    /// Options of a new local database.
    pub fn new(database_id: DatabaseId) -> Self {
        let (mode, folders) = (StorageMode::Local, Folders::default());
        Self {
            database_id,
            mode,
            folders,
            other: Map::new(),
        }
    }

    /// Reads the file of the database in `folder`.
    pub fn load(vfs: &dyn Vfs, folder: &Path) -> Result<Self, OptionsError> {
        let path = folder.join(OPTIONS_FILE);
        let read = vfs.metadata(&path).and_then(|metadata| {
            if metadata.len > MAX_FILE_BYTES {
                Ok(None)
            } else {
                vfs.read(&path).map(Some)
            }
        });
        match read.during("read", &path) {
            Ok(Some(content)) => Self::parse(&path, &content),
            Ok(None) => Err(invalid(
                &path,
                format!("it is longer than {MAX_FILE_BYTES} bytes"),
            )),
            Err(error) if error.is_not_found() => Err(OptionsError::NotADatabase {
                folder: folder.to_path_buf(),
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the file, replacing an older one. Durable when this returns; after a crash at any point
    /// the old or the new content is found.
    pub fn store(&self, vfs: &dyn Vfs, folder: &Path) -> Result<(), OptionsError> {
        let path = folder.join(OPTIONS_FILE);
        let content = self.to_json(&path)?;
        Ok(write_file_durable(vfs, &path, &content)?)
    }

    fn to_json(&self, path: &Path) -> Result<Vec<u8>, OptionsError> {
        let wrong = |error: serde_json::Error| invalid(path, error.to_string());
        let mut object = Map::new();
        object.insert("format_version".into(), FORMAT_VERSION.into());
        object.insert("database_id".into(), self.database_id.to_string().into());
        object.insert(
            "mode".into(),
            serde_json::to_value(self.mode).map_err(wrong)?,
        );
        object.insert(
            "folders".into(),
            serde_json::to_value(&self.folders).map_err(wrong)?,
        );
        for (name, value) in &self.other {
            object.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let mut content = serde_json::to_vec_pretty(&object).map_err(wrong)?;
        content.push(b'\n');
        Ok(content)
    }

    fn parse(path: &Path, content: &[u8]) -> Result<Self, OptionsError> {
        let parsed: Value = serde_json::from_slice(content)
            .map_err(|error| invalid(path, format!("it is not JSON: {error}")))?;
        let Value::Object(mut object) = parsed else {
            return Err(invalid(path, "it is not a JSON object".into()));
        };
        let found: u64 = take(path, &mut object, "format_version")?;
        if found > FORMAT_VERSION {
            return Err(OptionsError::Newer {
                path: path.to_path_buf(),
                found,
            });
        }
        if found == 0 {
            return Err(invalid(path, "there is no format version 0".into()));
        }
        let database_id = take(path, &mut object, "database_id")?;
        let mode = take(path, &mut object, "mode")?;
        let folders: Folders = take(path, &mut object, "folders")?;
        if let Some(folder) = folders.all().into_iter().find(|folder| !is_inside(folder)) {
            let detail = format!(
                "the folder {} must be a path inside the database's folder",
                folder.display()
            );
            return Err(invalid(path, detail));
        }
        Ok(Self {
            database_id,
            mode,
            folders,
            other: object,
        })
    }
}

fn take<T: serde::de::DeserializeOwned>(
    path: &Path,
    object: &mut Map<String, Value>,
    name: &str,
) -> Result<T, OptionsError> {
    let Some(value) = object.remove(name) else {
        return Err(invalid(path, format!("the field {name:?} is missing")));
    };
    serde_json::from_value(value)
        .map_err(|error| invalid(path, format!("the field {name:?} is wrong: {error}")))
}

fn invalid(path: &Path, detail: String) -> OptionsError {
    OptionsError::Invalid {
        path: path.to_path_buf(),
        detail,
    }
}

/// The file with any content: what is read is what is written again; see [`crate::fuzzing`].
#[cfg(any(test, feature = "fuzzing"))]
#[expect(clippy::unwrap_used, reason = "a target reports by panicking")]
pub(crate) fn fuzz(data: &[u8]) {
    let path = Path::new(OPTIONS_FILE);
    let Ok(options) = DatabaseOptions::parse(path, data) else {
        return;
    };
    let written = options.to_json(path).unwrap();
    assert_eq!(DatabaseOptions::parse(path, &written).unwrap(), options);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::SimVfs;
    use crate::vfs::sim::{CrashPolicy, Fault};

    const FOLDER: &str = "/db";

    fn options() -> DatabaseOptions {
        DatabaseOptions::new(DatabaseId::from_bytes(*b"a test database!"))
    }

    fn load(vfs: &SimVfs) -> Result<DatabaseOptions, OptionsError> {
        DatabaseOptions::load(vfs, Path::new(FOLDER))
    }

    fn load_text(text: &str) -> Result<DatabaseOptions, OptionsError> {
        let vfs = SimVfs::new();
        vfs.put(Path::new("/db/dboptions.json"), text.as_bytes());
        load(&vfs)
    }

    #[test]
    fn options_round_trip_and_keep_unknown_fields() {
        let vfs = SimVfs::new();
        vfs.create_dir_all(Path::new(FOLDER)).unwrap();
        let mut options = options();
        options.other.insert(
            "erasure".into(),
            serde_json::json!({"data": 4, "parity": 2.50}),
        );
        options.store(&vfs, Path::new(FOLDER)).unwrap();
        assert_eq!(load(&vfs).unwrap(), options);
        let text = String::from_utf8(vfs.read(Path::new("/db/dboptions.json")).unwrap()).unwrap();
        assert!(
            text.contains("\"database_id\": \"61207465-7374-2064-6174-616261736521\""),
            "{text}"
        );
        assert!(text.contains("\"mode\": \"local\""), "{text}");
    }

    #[test]
    fn a_folder_without_the_file_is_not_a_database() {
        let error = load(&SimVfs::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/db is not a database: it has no dboptions.json"
        );
    }

    #[test]
    fn wrong_files_are_explained() {
        let id = r#""database_id": "61207465-7374-2064-6174-616261736521""#;
        for (text, message) in [
            ("", "it is not JSON"),
            ("[]", "it is not a JSON object"),
            ("{}", "the field \"format_version\" is missing"),
            (
                r#"{"format_version": "1"}"#,
                "the field \"format_version\" is wrong",
            ),
            (r#"{"format_version": 0}"#, "no format version 0"),
            (
                r#"{"format_version": 2, "whatever": 1}"#,
                "made by a newer version",
            ),
            (
                r#"{"format_version": 1}"#,
                "the field \"database_id\" is missing",
            ),
            (
                r#"{"format_version": 1, "database_id": "x"}"#,
                "is not a UUID",
            ),
            (
                &format!(r#"{{"format_version": 1, {id}, "mode": "magic"}}"#),
                "\"mode\" is wrong",
            ),
        ] {
            let error = load_text(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
            assert!(error.contains("/db/dboptions.json"), "{error}");
        }
        for folder in ["/etc", "../data", "", "a/../b"] {
            let text = format!(
                r#"{{"format_version": 1, {id}, "mode": "local", "folders": {{"data": {folder:?}}}}}"#
            );
            let error = load_text(&text).unwrap_err().to_string();
            assert!(error.contains("inside the database's folder"), "{error}");
        }
        let text = format!(r#"{{"format_version": 1, {id}, "mode": "local", "folders": {{}}}}"#);
        assert_eq!(load_text(&text).unwrap(), options());
    }

    #[test]
    fn crashes_and_faults_leave_the_old_or_the_new_options() {
        let mut new = options();
        new.other
            .insert("cache".into(), serde_json::json!("x".repeat(2_000)));
        for operation in 1..=7 {
            for policy in CrashPolicy::samples(operation) {
                for fault in [None].into_iter().chain(Fault::ALL.map(Some)) {
                    let vfs = SimVfs::new();
                    vfs.create_dir_all(Path::new(FOLDER)).unwrap();
                    vfs.sync_dir(Path::new("/")).unwrap();
                    options().store(&vfs, Path::new(FOLDER)).unwrap();
                    let at = vfs.operations() + operation;
                    match fault {
                        Some(fault) => vfs.fail_at(at, fault),
                        None => vfs.crash_at(at),
                    }
                    let stored = new.store(&vfs, Path::new(FOLDER)).is_ok();
                    let found = load(&vfs.after_crash(policy)).unwrap();
                    let story = format!("{operation} {policy:?} {fault:?}");
                    assert!(found == new || (!stored && found == options()), "{story}");
                }
            }
        }
    }
}
