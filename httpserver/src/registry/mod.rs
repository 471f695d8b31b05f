//! The databases that the server knows, by name.
//!
//! Databases live as folders under the data root, where they are found by looking; folders
//! elsewhere under the allowed roots can be attached, and that list is kept in a file of the data
//! root. A database is opened when it is first needed. One that cannot be opened stays listed with
//! the reason; nothing here ever empties or repairs a folder.
//!
//! What always holds: a name belongs to one folder and a folder to one name; no database lies inside
//! another; the list on disk is replaced whole or not at all.

mod entry;
mod erase;
mod name;
mod roots;
mod state_file;
mod system;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::config::Config;
use crate::error::{ApiError, ApiResult, Code, nearest};

pub use entry::{Entry, Origin, Settings};
pub use name::check_name;
pub use roots::Roots;
use state_file::{Listed, StateFile};
pub(crate) use system::REASON as SYSTEM_REASON;

/// The file whose presence makes a folder a database.
pub(crate) const MARK: &str = "dboptions.json";

/// The databases by name.
pub struct Registry {
    roots: Roots,
    cache_bytes: Option<u64>,
    entries: RwLock<BTreeMap<String, Arc<Entry>>>,
    /// Held through every change of the list, so that memory and file agree.
    state: Mutex<StateFile>,
    /// The server's own database; not on the list.
    system: system::SystemPlace,
}

/// What a new entry is to be.
#[derive(Debug)]
pub struct Attach {
    /// Its name.
    pub name: String,
    /// Its folder; under the data root when missing.
    pub path: Option<String>,
    /// Its settings.
    pub settings: Settings,
}

impl Registry {
    /// Makes the data root when it is missing, reads the list, and looks for databases in the root.
    ///
    /// # Errors
    /// A folder cannot be made or read, or the list is damaged.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let roots = Roots::new(&config.data, &config.roots)?;
        let state = StateFile::read(roots.data())?;
        let registry = Self {
            cache_bytes: config.cache_bytes,
            entries: RwLock::default(),
            state: Mutex::default(),
            system: system::SystemPlace::new(config, &roots, &state),
            roots,
        };
        for listed in &state.databases {
            let settings = Settings {
                read_only: listed.read_only,
            };
            registry.put(Entry::new(
                &listed.name,
                &listed.path,
                Origin::Listed,
                settings,
            ));
        }
        registry.discover(&state)?;
        *registry.state.lock() = state;
        for path in &config.databases {
            registry.attach_for_this_run(path)?;
        }
        Ok(registry)
    }

    /// The folders under which databases and backups may lie.
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    /// All databases in the order of their names.
    pub fn list(&self) -> Vec<Arc<Entry>> {
        self.entries.read().values().cloned().collect()
    }

    /// The database of this name.
    ///
    /// # Errors
    /// `database_not_found` with the nearest names.
    pub fn get(&self, name: &str) -> ApiResult<Arc<Entry>> {
        let entries = self.entries.read();
        let own = || Some(self.system_entry()).filter(|own| own.name == name);
        entries.get(name).cloned().or_else(own).ok_or_else(|| {
            let suggestions = nearest(name, entries.keys().map(String::as_str));
            let hint = suggestions
                .first()
                .map_or(String::new(), |best| format!(" Did you mean '{best}'?"));
            let shown: String = name.chars().take(100).collect();
            ApiError::new(
                Code::DatabaseNotFound,
                format!("There is no database '{shown}'.{hint}"),
            )
            .suggest(suggestions)
        })
    }

    /// The open database of this name.
    ///
    /// # Errors
    /// It is not there or cannot be opened.
    pub fn database(&self, name: &str) -> ApiResult<sop::Database> {
        let entry = self.get(name)?;
        if entry.is_system() {
            return Ok(self.system()?.database().clone());
        }
        entry.database(self.cache_bytes)
    }

    /// As [`Registry::database`], but a failure that is known already is only repeated.
    ///
    /// # Errors
    /// The code and detail of the failure.
    pub fn look(&self, entry: &Entry) -> Result<sop::Database, (Code, String)> {
        entry.look(self.cache_bytes)
    }

    /// The open database of this name, when it takes writes.
    ///
    /// # Errors
    /// As [`Registry::database`], and `read_only`.
    pub fn writable(&self, name: &str) -> ApiResult<sop::Database> {
        let entry = self.get(name)?;
        entry.refuse_own()?;
        let mut database = entry.database(self.cache_bytes)?;
        if entry.held().is_some() {
            // The process that held it may have ended meanwhile.
            database = entry
                .look(self.cache_bytes)
                .map_err(|(code, detail)| ApiError::new(code, detail))?;
        }
        match entry.held().or_else(|| database.read_only()) {
            None => Ok(database),
            Some(reason) => Err(ApiError::new(
                Code::ReadOnly,
                format!("The database '{name}' is read-only: {reason}."),
            )),
        }
    }

    /// Makes a database, or attaches the folder when one is there already.
    ///
    /// # Errors
    /// The name or path is not allowed or taken, or the folder cannot be used.
    pub fn attach(&self, wish: &Attach) -> ApiResult<Arc<Entry>> {
        check_name(&wish.name)?;
        let mut state = self.state.lock();
        let path = match &wish.path {
            Some(path) => self.roots.resolve(path)?,
            None => self.roots.data().join(&wish.name),
        };
        self.check_free(&wish.name, &path)?;
        check_folder(&path)?;
        let entry = Entry::new(&wish.name, &path, Origin::Listed, wish.settings);
        let is_new = !path.join(MARK).exists();
        entry.database_with(self.cache_bytes, is_new)?;
        // The folder may have been reached through a link that was made meanwhile.
        self.roots.check_inside(&path)?;
        let entry = self.put(entry);
        state.hidden.retain(|hidden| *hidden != path);
        if let Err(error) = self.save(&mut state) {
            self.entries.write().remove(&wish.name);
            entry.close();
            return Err(error);
        }
        Ok(entry)
    }

    /// Changes the settings of a database; it is opened anew when needed.
    ///
    /// # Errors
    /// It is not there, or the list cannot be written.
    pub fn change(&self, name: &str, settings: Settings) -> ApiResult<Arc<Entry>> {
        let mut state = self.state.lock();
        let old = self.get(name)?;
        old.refuse_own()?;
        if old.settings == settings {
            return Ok(old);
        }
        let entry = self.put(Entry::new(name, &old.path, old.origin, settings));
        old.close();
        self.save(&mut state)?;
        Ok(entry)
    }

    /// Takes a database off the list, and deletes its files when asked to.
    ///
    /// # Errors
    /// It is not there, the list cannot be written, or files cannot be deleted.
    pub fn remove(&self, name: &str, delete_data: bool) -> ApiResult<()> {
        let mut state = self.state.lock();
        let entry = self.get(name)?;
        entry.refuse_own()?;
        if delete_data
            && let (_, Some(holder)) = (entry.look(self.cache_bytes).is_ok(), entry.held())
        {
            let detail = format!("The files of '{name}' cannot be deleted: {holder}.");
            return Err(ApiError::new(Code::DatabaseLocked, detail));
        }
        self.entries.write().remove(name);
        entry.close();
        if !delete_data && entry.path.starts_with(self.roots.data()) {
            state.hidden.push(entry.path.clone());
        }
        self.save(&mut state)?;
        if delete_data {
            erase::erase(&entry.path)?;
        }
        Ok(())
    }

    /// Closes every database; for the end of the program.
    pub fn close_all(&self) {
        for entry in self.list() {
            entry.close();
        }
        self.system.close();
    }

    fn put(&self, entry: Entry) -> Arc<Entry> {
        let entry = Arc::new(entry);
        self.entries
            .write()
            .insert(entry.name.clone(), Arc::clone(&entry));
        entry
    }

    /// Lists the databases in the data root that are neither listed nor hidden.
    fn discover(&self, state: &StateFile) -> anyhow::Result<()> {
        for found in std::fs::read_dir(self.roots.data())? {
            let path = found?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if check_name(name).is_err()
                || !path.join(MARK).is_file()
                || state.hidden.contains(&path)
                || path == self.system_entry().path
            {
                continue;
            }
            if self.check_free(name, &path).is_ok() {
                self.put(Entry::new(name, &path, Origin::Found, Settings::default()));
            }
        }
        Ok(())
    }

    /// Attaches a folder that the operator named when starting; it may lie anywhere.
    fn attach_for_this_run(&self, path: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(path)?;
        let path = path.canonicalize()?;
        if self.list().iter().any(|entry| entry.path == path) {
            return Ok(());
        }
        let wished = path
            .file_name()
            .map(|name| name::from_text(&name.to_string_lossy()))
            .unwrap_or_default();
        let mut name = wished.clone();
        let mut number = 1;
        while self.get(&name).is_ok() {
            number += 1;
            name = format!("{wished}-{number}");
        }
        self.check_free(&name, &path)?;
        check_folder(&path)?;
        let entry = Entry::new(&name, &path, Origin::ThisRun, Settings::default());
        if !path.join(MARK).exists() {
            entry.database_with(self.cache_bytes, true)?;
        }
        self.put(entry);
        Ok(())
    }

    /// Neither name nor folder may be in use, and no database may lie inside another.
    fn check_free(&self, name: &str, path: &Path) -> ApiResult<()> {
        let entries = self.entries.read();
        let own = self.system_entry();
        for entry in entries.values().chain([&own]) {
            if entry.name.eq_ignore_ascii_case(name) {
                let detail = format!(
                    "There is a database '{}' already. Choose another name.",
                    entry.name
                );
                return Err(ApiError::new(Code::DatabaseExists, detail));
            }
            if entry.path == path {
                let detail = format!("The folder is the database '{}' already.", entry.name);
                return Err(ApiError::new(Code::DatabaseExists, detail));
            }
            if entry.path.starts_with(path) || path.starts_with(&entry.path) {
                let detail = format!(
                    "The folder and that of the database '{}' lie one in the other.",
                    entry.name
                );
                return Err(ApiError::new(Code::InvalidPath, detail));
            }
        }
        Ok(())
    }

    fn save(&self, state: &mut StateFile) -> ApiResult<()> {
        state.databases = self
            .entries
            .read()
            .values()
            .filter(|entry| entry.origin != Origin::ThisRun)
            .map(|entry| Listed {
                name: entry.name.clone(),
                path: entry.path.clone(),
                read_only: entry.settings.read_only,
            })
            .collect();
        state.write(self.roots.data()).map_err(|error| {
            ApiError::new(
                Code::StorageError,
                format!("The list of databases cannot be written: {error}."),
            )
        })
    }
}

/// A folder can be used when it is not there, empty, or a database.
fn check_folder(path: &Path) -> ApiResult<()> {
    let mut found = match std::fs::read_dir(path) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(ApiError::new(
                Code::InvalidPath,
                format!("The folder cannot be read: {error}."),
            ));
        }
    };
    if path.join(MARK).exists() || found.next().is_none() {
        return Ok(());
    }
    let detail = format!(
        "The folder '{}' holds other files and is not a database. Choose an empty or a new one.",
        path.display()
    );
    Err(ApiError::new(Code::NotADatabase, detail))
}

/// The folder of a path for messages and answers.
pub fn shown(path: &Path) -> String {
    PathBuf::from(path).display().to_string()
}
