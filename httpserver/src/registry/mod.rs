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
mod folders;
mod guard;
mod name;
mod pool;
mod roots;
mod set_up;
mod state_file;
mod system;
mod turns;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::config::Config;
use crate::error::{ApiError, ApiResult, Code, nearest};
use crate::security::{Capability, Identity, Seen};

pub use entry::{Durability, Entry, Origin, Settings};
pub use guard::{Colour, EnvironmentSettings, Guard, Mode};
pub use name::check_name;
use pool::Lease;
pub use pool::Pool;
pub(crate) use roots::ACCOUNTS;
pub use roots::Roots;
pub use set_up::{First, FirstDatabase, Kind, Step};
pub(crate) use state_file::{Listed, StateFile, replace_file, replace_private_file};
use system::Look;
pub(crate) use system::{REASON as SYSTEM_REASON, SystemPlace};

/// The file whose presence makes a folder a database.
pub(crate) const MARK: &str = "dboptions.json";

/// The databases of an environment by name, as one request may use them; cheap to clone.
#[derive(Clone)]
pub struct Registry {
    list: Arc<List>,
    guard: Guard,
    /// What keeps the system database open while a request looks at it.
    look: Look,
}

/// The databases of an environment.
struct List {
    /// Where the list is kept.
    file: PathBuf,
    roots: Roots,
    pool: Pool,
    cache_bytes: Option<u64>,
    entries: RwLock<BTreeMap<String, Arc<Entry>>>,
    /// Held through every change of the list, so that memory and file agree.
    state: Mutex<StateFile>,
    /// The server's own database, shared by all environments; not on the list.
    system: Arc<SystemPlace>,
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
    /// The databases of the first environment: those in the data root, those of its list
    /// (`databases.json` there), and those named when the server was started.
    ///
    /// # Errors
    /// A folder cannot be made or read, or the list is damaged.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let roots = Roots::new(&config.data, &config.roots)?;
        let file = roots.data().join("databases.json");
        let pool = Pool::default();
        let system = SystemPlace::new(
            config,
            &roots,
            &StateFile::read(&file, roots.data())?,
            &pool,
        );
        let registry = Self::open_list(roots, file, config.cache_bytes, pool, Arc::new(system))?;
        for path in &config.databases {
            registry.attach_for_this_run(path)?;
        }
        Ok(registry)
    }

    /// The databases of a list in `file` and those in the data root.
    ///
    /// # Errors
    /// A folder cannot be made or read, or the list is damaged.
    pub(crate) fn open_list(
        roots: Roots,
        file: PathBuf,
        cache_bytes: Option<u64>,
        pool: Pool,
        system: Arc<SystemPlace>,
    ) -> anyhow::Result<Self> {
        let state = StateFile::read(&file, roots.data())?;
        let registry = Self {
            guard: Guard::default(),
            look: Look::default(),
            list: Arc::new(List {
                file,
                cache_bytes,
                pool,
                entries: RwLock::default(),
                state: Mutex::default(),
                system,
                roots,
            }),
        };
        for listed in &state.databases {
            let settings = listed.settings();
            registry.put(registry.entry(&listed.name, &listed.path, Origin::Listed, settings));
        }
        registry.discover(&state)?;
        *registry.list.state.lock() = state;
        Ok(registry)
    }

    /// The same for a request that may do what `guard` says.
    #[must_use]
    pub fn guarded(&self, guard: Guard) -> Self {
        Self {
            list: Arc::clone(&self.list),
            guard,
            look: Look::of_request(),
        }
    }

    /// What the request may do.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Open databases, shared by all environments.
    pub fn pool(&self) -> &Pool {
        &self.list.pool
    }

    /// What is said of the environment.
    pub fn environment(&self) -> EnvironmentSettings {
        self.list.state.lock().environment.clone()
    }

    /// Says something else of the environment.
    ///
    /// # Errors
    /// The file cannot be written; nothing changed then.
    pub fn set_environment(&self, settings: EnvironmentSettings) -> ApiResult<()> {
        let mut state = self.list.state.lock();
        let old = std::mem::replace(&mut state.environment, settings);
        self.save(&mut state)
            .inspect_err(|_| state.environment = old)
    }

    /// The list with whole paths.
    pub(crate) fn state(&self) -> StateFile {
        let mut state = self.list.state.lock().clone();
        state.databases = self.listed();
        state
    }

    /// The list as it is on disk, with paths that mean the same elsewhere.
    pub(crate) fn portable(&self) -> StateFile {
        self.state().portable(self.list.roots.data())
    }

    /// Bytes of the node cache of a database that has none of its own.
    pub fn cache_bytes(&self) -> Option<u64> {
        self.list.cache_bytes
    }

    /// The folders under which databases and backups may lie.
    pub fn roots(&self) -> &Roots {
        &self.list.roots
    }

    /// Who the request is by.
    pub fn who(&self) -> &Arc<Identity> {
        &self.guard.who
    }

    /// What they see of a database.
    pub fn seen(&self, name: &str) -> Seen {
        self.guard.who.seen(name)
    }

    /// Whether a database exists for them. The server's own is for those who manage it: it has what all did.
    fn exists_for(&self, entry: &Entry) -> bool {
        match entry.is_system() {
            true => self.guard.who.is_admin(),
            false => self.guard.who.sees(&entry.name),
        }
    }

    /// All databases that exist for them, in the order of their names.
    pub fn list(&self) -> Vec<Arc<Entry>> {
        let entries = self.list.entries.read();
        let seen = entries.values().filter(|entry| self.exists_for(entry));
        seen.cloned().collect()
    }

    /// The database that is meant where none is named.
    pub fn first_name(&self) -> Option<String> {
        self.list().first().map(|entry| entry.name.clone())
    }

    /// The database of this name.
    ///
    /// # Errors
    /// `database_not_found` with the nearest names.
    pub fn get(&self, name: &str) -> ApiResult<Arc<Entry>> {
        let entries = self.list.entries.read();
        let own = || Some(self.system_entry()).filter(|own| own.name == name);
        let found = entries.get(name).cloned().or_else(own);
        let found = found.filter(|entry| self.exists_for(entry));
        found.ok_or_else(|| {
            let names = entries.values().filter(|entry| self.exists_for(entry));
            let suggestions = nearest(name, names.map(|entry| entry.name.as_str()));
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
            return self.look_at_system();
        }
        entry.database(self.list.cache_bytes)
    }

    /// As [`Registry::database`], but a failure that is known already is only repeated.
    ///
    /// # Errors
    /// The code and detail of the failure.
    pub fn look(&self, entry: &Entry) -> Result<sop::Database, (Code, String)> {
        if entry.is_system() {
            let looked = self.look_at_system();
            return looked.map_err(|error| (error.code(), error.detail().to_owned()));
        }
        entry.look(self.list.cache_bytes)
    }

    /// The open database of this name, when it takes writes.
    ///
    /// # Errors
    /// As [`Registry::database`], and `read_only`.
    pub fn writable(&self, name: &str) -> ApiResult<sop::Database> {
        let database = self.to_change(name)?;
        self.guard.check_write(name, &database).map(|()| database)
    }

    /// The same to show what a change would do: nothing is written, so nothing has to be confirmed.
    ///
    /// # Errors
    /// As [`Registry::database`], and `read_only`.
    pub fn proposable(&self, name: &str) -> ApiResult<sop::Database> {
        let database = self.to_change(name)?;
        self.guard.check_proposal(name).map(|()| database)
    }

    /// A database that takes changes, whatever this request may do.
    fn to_change(&self, name: &str) -> ApiResult<sop::Database> {
        let entry = self.get(name)?;
        entry.refuse_own()?;
        let mut database = entry.database(self.list.cache_bytes)?;
        if entry.held().is_some() {
            // The process that held it may have ended meanwhile.
            database = entry
                .look(self.list.cache_bytes)
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

    /// Whether statements of this request may change a database, and why not.
    pub fn refusal(&self, name: &str) -> Option<String> {
        let refused = self.guard.who.check(Capability::Edit, Some(name)).err()?;
        Some(refused.detail().trim_end_matches('.').to_owned())
    }

    /// Whether this request may write to a database at all, whatever the database itself says.
    ///
    /// # Errors
    /// The database is not there, `read_only`, or `confirmation_needed`.
    pub fn check_write(&self, name: &str) -> ApiResult<()> {
        if name == self.system_entry().name {
            // Who may change what others run need not see all that lies there.
            return self.writable_system(false).map(drop);
        }
        self.guard.check_write(name, &self.database(name)?)
    }

    /// Makes a database, or attaches the folder when one is there already.
    ///
    /// # Errors
    /// The name or path is not allowed or taken, or the folder cannot be used.
    pub fn attach(&self, wish: &Attach) -> ApiResult<Arc<Entry>> {
        self.guard.who.check(Capability::Admin, None)?;
        check_name(&wish.name)?;
        let mut state = self.list.state.lock();
        let path = match &wish.path {
            Some(path) => self.list.roots.resolve(path)?,
            None => self.list.roots.data().join(&wish.name),
        };
        self.check_free(&wish.name, &path)?;
        check_folder(&path)?;
        let entry = self.entry(&wish.name, &path, Origin::Listed, wish.settings);
        let is_new = !path.join(MARK).exists();
        entry.database_with(self.list.cache_bytes, is_new)?;
        // The folder may have been reached through a link that was made meanwhile.
        self.list.roots.check_inside(&path)?;
        let entry = self.put(entry);
        state.hidden.retain(|hidden| *hidden != path);
        if let Err(error) = self.save(&mut state) {
            self.list.entries.write().remove(&wish.name);
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
        self.guard.who.check(Capability::Admin, None)?;
        let mut state = self.list.state.lock();
        let old = self.get(name)?;
        old.refuse_own()?;
        if old.settings == settings {
            return Ok(old);
        }
        let entry = self.put(self.entry(name, &old.path, old.origin, settings));
        old.close();
        self.save(&mut state)?;
        Ok(entry)
    }

    /// Takes a database off the list, and deletes its files when asked to.
    ///
    /// # Errors
    /// It is not there, the list cannot be written, or files cannot be deleted.
    pub fn remove(&self, name: &str, delete_data: bool) -> ApiResult<()> {
        self.guard.who.check(Capability::Admin, None)?;
        let mut state = self.list.state.lock();
        let entry = self.get(name)?;
        entry.refuse_own()?;
        if delete_data && self.guard.mode == Mode::ReadOnly {
            self.check_write(name)?;
        }
        if delete_data
            && let (_, Some(holder)) = (entry.look(self.list.cache_bytes).is_ok(), entry.held())
        {
            let detail = format!("The files of '{name}' cannot be deleted: {holder}.");
            return Err(ApiError::new(Code::DatabaseLocked, detail));
        }
        self.list.entries.write().remove(name);
        entry.close();
        if !delete_data && entry.path.starts_with(self.list.roots.data()) {
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
    }

    fn entry(&self, name: &str, path: &Path, origin: Origin, settings: Settings) -> Entry {
        Entry::new(name, path, origin, settings, self.list.pool.clone())
    }

    fn put(&self, entry: Entry) -> Arc<Entry> {
        let entry = Arc::new(entry);
        self.list
            .entries
            .write()
            .insert(entry.name.clone(), Arc::clone(&entry));
        entry
    }

    /// Lists the databases in the data root that are neither listed nor hidden.
    fn discover(&self, state: &StateFile) -> anyhow::Result<()> {
        for found in std::fs::read_dir(self.list.roots.data())? {
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
                self.put(self.entry(name, &path, Origin::Found, Settings::default()));
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
        let entry = self.entry(&name, &path, Origin::ThisRun, Settings::default());
        if !path.join(MARK).exists() {
            entry.database_with(self.list.cache_bytes, true)?;
        }
        self.put(entry);
        Ok(())
    }

    /// Neither name nor folder may be in use, and no database may lie inside another.
    fn check_free(&self, name: &str, path: &Path) -> ApiResult<()> {
        let entries = self.list.entries.read();
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

    /// What the file lists.
    fn listed(&self) -> Vec<Listed> {
        let entries = self.list.entries.read();
        let kept = entries
            .values()
            .filter(|entry| entry.origin != Origin::ThisRun);
        kept.map(|entry| Listed {
            name: entry.name.clone(),
            path: entry.path.clone(),
            read_only: entry.settings.read_only,
            cache_bytes: entry.settings.cache_bytes,
            durability: entry.settings.durability,
        })
        .collect()
    }

    fn save(&self, state: &mut StateFile) -> ApiResult<()> {
        state.databases = self.listed();
        let (file, root) = (&self.list.file, self.list.roots.data());
        state.write(file, root).map_err(|error| {
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
