//! Environments: sets of databases with a colour and a rule for writing, such as dev, test and production.
//!
//! The first one is the data root with its list. Each further one is a file `NAME.json` in the folder
//! `environments` of the data root, which lists its databases, and a folder `NAME` beside it for those that
//! are made in it. A request works in one environment; which one is the choice of its session.
//!
//! What always holds: an environment's file is replaced whole or not at all; removing an environment
//! removes its file and, only when asked to, folders of databases that lie in its own folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use parking_lot::{Mutex, RwLock};
use sop_systemdb::accounts::Accounts;

use crate::config::Config;
use crate::error::{ApiError, ApiResult, Code, nearest};
use crate::registry::{
    ACCOUNTS, EnvironmentSettings, Pool, Registry, Roots, StateFile, check_name, replace_file,
};

/// Name of the first environment.
pub const FIRST: &str = "dev";
/// The folder of the others in the data root.
const FOLDER: &str = "environments";
/// Most environments.
const MOST: usize = 100;

/// All environments of the server.
pub struct Environments {
    folder: PathBuf,
    roots: Vec<PathBuf>,
    cache_bytes: Option<u64>,
    pool: Pool,
    list: RwLock<BTreeMap<String, Arc<Registry>>>,
    first: Arc<Registry>,
    /// Who uses the server, in all of them.
    accounts: Arc<Accounts>,
    /// Held through every change of the list.
    changing: Mutex<()>,
}

impl Environments {
    /// The first environment with its databases, and those whose files are in its folder.
    ///
    /// # Errors
    /// A folder or file cannot be read, or a file is damaged.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        Self::open_with(config, Arc::new(sop::SystemClock::new()))
    }

    /// The same with a clock that sessions, tokens and waits go by.
    ///
    /// # Errors
    /// As [`Environments::open`].
    pub fn open_with(config: &Config, clock: Arc<dyn sop::Clock>) -> anyhow::Result<Self> {
        let first = Registry::open(config)?;
        let accounts = Accounts::open_with(first.roots().data().join(ACCOUNTS), clock)?;
        let root = first.roots().data().to_owned();
        let mut roots = config.roots.clone();
        roots.push(root.clone());
        let first = Arc::new(first);
        let environments = Self {
            folder: root.join(FOLDER),
            roots,
            cache_bytes: config.cache_bytes,
            pool: first.pool().clone(),
            list: RwLock::default(),
            first,
            accounts: Arc::new(accounts),
            changing: Mutex::default(),
        };
        for name in environments.found()? {
            let registry = environments.load(&name)?;
            environments.list.write().insert(name, Arc::new(registry));
        }
        Ok(environments)
    }

    /// Names of the files in the folder.
    fn found(&self) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(names),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("{} cannot be read", self.folder.display()));
            }
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str());
            let is_file = path.extension().is_some_and(|end| end == "json");
            if let Some(name) = name.filter(|name| is_file && check_name(name).is_ok()) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn load(&self, name: &str) -> anyhow::Result<Registry> {
        let roots = Roots::new(&self.folder.join(name), &self.roots)?;
        let system = self.first.system_place();
        Registry::open_list(
            roots,
            self.file(name),
            self.cache_bytes,
            self.pool.clone(),
            system,
        )
    }

    /// Who uses the server.
    pub fn accounts(&self) -> &Arc<Accounts> {
        &self.accounts
    }

    /// The first environment.
    pub fn first(&self) -> &Arc<Registry> {
        &self.first
    }

    /// Names and registries, the first one first.
    pub fn list(&self) -> Vec<(String, Arc<Registry>)> {
        let first = (FIRST.to_owned(), Arc::clone(&self.first));
        let others = self.list.read();
        let others = others
            .iter()
            .map(|(name, registry)| (name.clone(), Arc::clone(registry)));
        std::iter::once(first).chain(others).collect()
    }

    /// The environment of this name.
    ///
    /// # Errors
    /// `environment_not_found` with the nearest names.
    pub fn get(&self, name: &str) -> ApiResult<Arc<Registry>> {
        if name == FIRST {
            return Ok(Arc::clone(&self.first));
        }
        let list = self.list.read();
        list.get(name).cloned().ok_or_else(|| {
            let known = list.keys().map(String::as_str).chain([FIRST]);
            let suggestions = nearest(name, known);
            let shown: String = name.chars().take(100).collect();
            let detail = format!("There is no environment '{shown}'.");
            ApiError::new(Code::EnvironmentNotFound, detail).suggest(suggestions)
        })
    }

    /// Makes an environment with the databases of `list`, whose relative paths lie under the data root.
    ///
    /// # Errors
    /// The name is taken or not allowed, a path is outside the roots, or the file cannot be written.
    pub(crate) fn create(&self, name: &str, mut list: StateFile) -> ApiResult<Arc<Registry>> {
        check_name(name)?;
        let _changing = self.changing.lock();
        let taken = self
            .list()
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name));
        if taken {
            let detail = format!("There is an environment '{name}' already. Choose another name.");
            return Err(ApiError::new(Code::EnvironmentExists, detail).at("/name", "is taken"));
        }
        if self.list.read().len() >= MOST {
            let detail = format!("There are {MOST} environments already.");
            return Err(ApiError::new(Code::RuleViolation, detail));
        }
        let root = self.first.roots();
        for (at, listed) in list.databases.iter_mut().enumerate() {
            check_name(&listed.name)?;
            let text = listed.path.to_string_lossy().into_owned();
            listed.path = root.resolve(&text).map_err(|error| {
                let detail = error.detail().to_owned();
                error.at(format!("/databases/{at}/path"), detail)
            })?;
        }
        list.hidden.clear();
        self.write(name, &list).map_err(|error| {
            let detail = format!("The environment '{name}' cannot be written: {error:#}.");
            ApiError::new(Code::StorageError, detail)
        })
    }

    fn write(&self, name: &str, list: &StateFile) -> anyhow::Result<Arc<Registry>> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let mut bytes = serde_json::to_vec_pretty(&list.portable(&folder))?;
        bytes.push(b'\n');
        replace_file(&self.file(name), &bytes)?;
        let registry = Arc::new(self.load(name)?);
        self.list
            .write()
            .insert(name.to_owned(), Arc::clone(&registry));
        Ok(registry)
    }

    /// Says something else of an environment.
    ///
    /// # Errors
    /// It is not there, or its file cannot be written.
    pub fn change(&self, name: &str, settings: EnvironmentSettings) -> ApiResult<()> {
        self.get(name)?.set_environment(settings)
    }

    /// Removes an environment. Its databases keep their files, unless `delete_data`: then those that lie
    /// in the environment's own folder and are in no other environment are deleted.
    ///
    /// # Errors
    /// It is the first one or not there, or a file cannot be removed.
    pub fn remove(&self, name: &str, delete_data: bool) -> ApiResult<()> {
        let _changing = self.changing.lock();
        if name == FIRST {
            let detail = "The first environment is the data folder itself and cannot be removed.";
            return Err(ApiError::new(Code::RuleViolation, detail));
        }
        let registry = self.get(name)?;
        let own = registry.roots().data().to_owned();
        if delete_data {
            for entry in registry.list() {
                let elsewhere = self.is_elsewhere(name, &entry.path);
                if entry.path.starts_with(&own) && !elsewhere {
                    registry.remove(&entry.name, true)?;
                }
            }
        }
        let failed = |error: std::io::Error| {
            let detail = format!("The environment '{name}' cannot be removed: {error}.");
            ApiError::new(Code::StorageError, detail)
        };
        std::fs::remove_file(self.file(name)).map_err(failed)?;
        self.list.write().remove(name);
        registry.close_all();
        // Goes only when nothing is left in it.
        let _ = std::fs::remove_dir(own);
        Ok(())
    }

    /// Whether another environment has a database in this folder.
    fn is_elsewhere(&self, name: &str, path: &Path) -> bool {
        let others = self.list();
        let mut others = others.iter().filter(|(other, _)| other != name);
        others.any(|(_, registry)| registry.list().iter().any(|entry| entry.path == path))
    }

    /// Closes every database; for the end of the program.
    pub fn close_all(&self) {
        for (_, registry) in self.list() {
            registry.close_all();
        }
        self.first.close_system();
        self.accounts.close();
    }
}
