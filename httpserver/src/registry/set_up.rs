//! The first database of a server, its environment and its system database, made as one.
//!
//! What always holds: when a step fails, or what is called after it, everything is put back: files and folders that
//! were made are gone, the list says what it said, and what was there before was not touched. It works only while the
//! list is empty.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{
    Attach, Colour, Entry, MARK, Mode, Registry, Settings, StateFile, check_name, erase,
    replace_file,
};
use crate::error::{ApiError, ApiResult, Code};

/// What is wanted of a server that has nothing yet.
#[derive(Clone, Debug)]
pub struct First {
    /// The first database.
    pub database: FirstDatabase,
    /// How the environment is coloured, and how careful writing is in it; as it is when missing.
    pub environment: Option<(Colour, Mode)>,
    /// The folder of the system database; its usual place when missing.
    pub system: Option<String>,
}

/// What the first database is to be.
#[derive(Clone, Debug)]
pub struct FirstDatabase {
    /// Whether it is made or there already.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its folder; under the data root when missing.
    pub path: Option<String>,
    /// Its settings.
    pub settings: Settings,
}

/// Where the first database comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is made in a folder that is not there or empty.
    New,
    /// Its folder is a database already.
    Open,
}

/// What has just been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The system database is open.
    System,
    /// The environment has its colour and mode.
    Environment,
    /// The database is on the list and open.
    Database,
}

/// A folder as it was.
struct Before {
    path: PathBuf,
    was_there: bool,
    was_database: bool,
    /// It and those around it that were not there, the innermost first.
    missing: Vec<PathBuf>,
}

impl Before {
    fn of(path: &Path) -> Self {
        let missing = path.ancestors().take_while(|folder| !folder.exists());
        Self {
            path: path.to_owned(),
            was_there: path.exists(),
            was_database: path.join(MARK).exists(),
            missing: missing.map(Path::to_owned).collect(),
        }
    }

    /// Takes away what was made in it, and it, unless it was there.
    fn put_back(&self) -> ApiResult<()> {
        if !self.was_database && self.path.join(MARK).exists() {
            erase::erase(&self.path)?;
        }
        if self.was_there && !self.path.exists() {
            std::fs::create_dir(&self.path).map_err(ApiError::internal)?;
        }
        for folder in &self.missing {
            // One that is not empty holds what somebody else put there meanwhile.
            let _ = std::fs::remove_dir(folder);
        }
        Ok(())
    }
}

impl Registry {
    /// Does all that is wanted, or nothing. `done` hears of each step and may fail it.
    ///
    /// # Errors
    /// There are databases already, a name or path is not allowed, or a step failed: then all is as it was.
    pub fn set_up(
        &self,
        wish: &First,
        done: &mut dyn FnMut(Step, &Registry) -> ApiResult<()>,
    ) -> ApiResult<Arc<Entry>> {
        if !self.list().is_empty() {
            let detail = "The server is set up already: it has a database. Make further ones with 'POST /databases'.";
            return Err(ApiError::new(Code::DatabaseExists, detail));
        }
        check_name(&wish.database.name).map_err(|error| inside(error, "/database/name"))?;
        let path = self.first_path(&wish.database)?;
        let system = self.system_wish(wish.system.as_deref(), &path)?;
        let befores = [Before::of(&path), Before::of(&system)];
        let state = self.list.state.lock().clone();
        let file = std::fs::read(&self.list.file).ok();
        let old_system = self.system_entry().path.clone();
        let made = self.steps(wish, &system, done);
        let Err(error) = made else { return made };
        match self.put_back(&befores, state, file.as_deref(), &old_system) {
            Ok(()) => Err(error),
            Err(also) => {
                let detail = format!(
                    "{} What was made could not be taken away: {}",
                    error.detail(),
                    also.detail()
                );
                Err(ApiError::new(error.code(), detail))
            }
        }
    }

    /// Where the first database lies or will lie.
    fn first_path(&self, wish: &FirstDatabase) -> ApiResult<PathBuf> {
        let text = wish.path.as_deref().unwrap_or(&wish.name);
        let roots = &self.list.roots;
        let path = roots
            .resolve(text)
            .map_err(|error| inside(error, "/database/path"))?;
        if wish.kind == Kind::Open && !path.join(MARK).is_file() {
            let detail = format!(
                "The folder '{}' is not a database: it has no '{MARK}'. Make a new one there, or name another folder.",
                path.display()
            );
            return Err(
                ApiError::new(Code::NotADatabase, detail.clone()).at("/database/path", detail)
            );
        }
        if wish.kind == Kind::New && path.join(MARK).exists() {
            let detail = format!(
                "The folder '{}' is a database already. Open it, or name another folder.",
                path.display()
            );
            return Err(
                ApiError::new(Code::DatabaseExists, detail.clone()).at("/database/path", detail)
            );
        }
        Ok(path)
    }

    /// Where the system database will lie.
    fn system_wish(&self, wished: Option<&str>, database: &Path) -> ApiResult<PathBuf> {
        let now = self.system_entry().path.clone();
        let Some(text) = wished else { return Ok(now) };
        let refuse = |code: Code, detail: String| {
            Err(ApiError::new(code, detail.clone()).at("/system/path", detail))
        };
        let path = self
            .list
            .roots
            .resolve(text)
            .map_err(|error| inside(error, "/system/path"))?;
        if path == now {
            return Ok(now);
        }
        if self.list.system.is_fixed {
            return refuse(
                Code::RuleViolation,
                format!(
                    "The settings of the server say where the system database lies: '{}'.",
                    now.display()
                ),
            );
        }
        if self.has_system() {
            return refuse(
                Code::RuleViolation,
                format!(
                    "There is a system database already, in '{}'.",
                    now.display()
                ),
            );
        }
        if path.starts_with(database) || database.starts_with(&path) {
            return refuse(
                Code::InvalidPath,
                "The folders of the database and of the system database lie one in the other."
                    .to_owned(),
            );
        }
        Ok(path)
    }

    fn steps(
        &self,
        wish: &First,
        system: &Path,
        done: &mut dyn FnMut(Step, &Registry) -> ApiResult<()>,
    ) -> ApiResult<Arc<Entry>> {
        if *system != self.system_entry().path {
            super::check_folder(system).map_err(|error| inside(error, "/system/path"))?;
            self.list.system.move_to(system, &self.list.pool);
            self.list.state.lock().system = Some(system.to_owned());
        }
        self.system()
            .map_err(|error| inside(error, "/system/path"))?;
        done(Step::System, self)?;
        if let Some((colour, mode)) = wish.environment {
            let mut settings = self.environment();
            (settings.colour, settings.mode) = (colour, mode);
            self.set_environment(settings)?;
        }
        done(Step::Environment, self)?;
        let entry = self.attach(&Attach {
            name: wish.database.name.clone(),
            path: wish.database.path.clone(),
            settings: wish.database.settings,
        });
        let entry = entry.map_err(|error| inside(error, "/database/path"))?;
        done(Step::Database, self)?;
        Ok(entry)
    }

    fn put_back(
        &self,
        befores: &[Before],
        state: StateFile,
        file: Option<&[u8]>,
        system: &Path,
    ) -> ApiResult<()> {
        let mut now = self.list.state.lock();
        let made = std::mem::take(&mut *self.list.entries.write());
        made.values().for_each(|entry| entry.close());
        drop(made);
        self.list.system.move_to(system, &self.list.pool);
        for before in befores {
            before.put_back()?;
        }
        *now = state;
        let list = &self.list.file;
        match file {
            Some(bytes) => replace_file(list, bytes),
            None => match std::fs::remove_file(list) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        }
        .map_err(ApiError::internal)
    }
}

/// The same refusal at a place of what was sent, and at no other.
fn inside(error: ApiError, pointer: &str) -> ApiError {
    let detail = error.detail().to_owned();
    ApiError::new(error.code(), detail.clone()).at(pointer, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::collections::BTreeMap;

    fn config(folder: &Path) -> Config {
        Config {
            data: folder.join("data"),
            ..Config::default()
        }
    }

    /// Every file and folder with its bytes.
    fn tree(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut all = BTreeMap::new();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            for found in std::fs::read_dir(&folder).unwrap() {
                let path = found.unwrap().path();
                if path.is_dir() {
                    open.push(path.clone());
                    all.insert(path, None);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    all.insert(path, Some(bytes));
                }
            }
        }
        all
    }

    fn wish() -> First {
        First {
            database: FirstDatabase {
                kind: Kind::New,
                name: "shop".into(),
                path: Some("deep/er/shop".into()),
                settings: Settings::default(),
            },
            environment: Some((Colour::Prod, Mode::Confirm)),
            system: Some("own/system".into()),
        }
    }

    #[test]
    fn everything_is_made_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&config(folder.path())).unwrap();
        let entry = registry.set_up(&wish(), &mut |_, _| Ok(())).unwrap();
        assert!(entry.path.ends_with("deep/er/shop"));
        assert_eq!(registry.environment().mode, Mode::Confirm);
        assert!(
            registry.set_up(&wish(), &mut |_, _| Ok(())).is_err(),
            "once only"
        );
        registry.close_all();
        registry.close_system();
        drop((entry, registry));
        let again = Registry::open(&config(folder.path())).unwrap();
        assert_eq!(again.list().len(), 1);
        assert!(again.system_entry().path.ends_with("own/system"));
        assert!(again.has_system());
    }

    #[test]
    fn a_failure_of_any_step_puts_everything_back() {
        for (step, is_there) in [Step::System, Step::Environment, Step::Database]
            .into_iter()
            .flat_map(|step| [(step, false), (step, true)])
        {
            let folder = tempfile::tempdir().unwrap();
            let registry = Registry::open(&config(folder.path())).unwrap();
            if is_there {
                std::fs::create_dir_all(folder.path().join("data/deep/er/shop")).unwrap();
                registry
                    .set_environment(super::super::EnvironmentSettings::default())
                    .unwrap();
            }
            let before = tree(folder.path());
            let failing = registry.set_up(&wish(), &mut |now, _| {
                if now == step {
                    return Err(ApiError::new(Code::StorageError, "it failed"));
                }
                Ok(())
            });
            assert_eq!(
                failing.err().map(|error| error.code()),
                Some(Code::StorageError)
            );
            assert_eq!(tree(folder.path()), before, "{step:?} {is_there}");
            assert!(registry.list().is_empty());
            assert_eq!(registry.environment().mode, Mode::Open);
            // It is none the worse for it.
            registry.set_up(&wish(), &mut |_, _| Ok(())).unwrap();
        }
    }

    #[test]
    fn what_is_in_the_way_is_said_at_its_place_and_stays() {
        type Change = fn(&mut First);
        let cases: [(&str, Change, Code); 8] = [
            (
                "/database/name",
                |wish| wish.database.name = "a b".into(),
                Code::InvalidName,
            ),
            (
                "/database/path",
                |wish| wish.database.path = Some("../out".into()),
                Code::PathOutsideRoots,
            ),
            (
                "/database/path",
                |wish| wish.database.path = Some("files".into()),
                Code::NotADatabase,
            ),
            (
                "/database/path",
                |wish| wish.database.path = Some("file".into()),
                Code::InvalidPath,
            ),
            (
                "/database/path",
                |wish| wish.database.kind = Kind::Open,
                Code::NotADatabase,
            ),
            (
                "/system/path",
                |wish| wish.system = Some("/etc".into()),
                Code::PathOutsideRoots,
            ),
            (
                "/system/path",
                |wish| wish.system = Some("files".into()),
                Code::NotADatabase,
            ),
            (
                "/system/path",
                |wish| wish.system = Some("deep/er".into()),
                Code::InvalidPath,
            ),
        ];
        for (pointer, change, code) in cases {
            let folder = tempfile::tempdir().unwrap();
            let registry = Registry::open(&config(folder.path())).unwrap();
            let data = folder.path().join("data");
            std::fs::create_dir(data.join("files")).unwrap();
            std::fs::write(data.join("files/letter.txt"), "mine").unwrap();
            std::fs::write(data.join("file"), "mine").unwrap();
            let before = tree(folder.path());
            let mut wish = wish();
            change(&mut wish);
            let error = registry.set_up(&wish, &mut |_, _| Ok(())).err().unwrap();
            assert_eq!(error.code(), code, "{wish:?}: {}", error.detail());
            let problem = serde_json::to_value(error.into_problem()).unwrap();
            assert!(problem["errors"].to_string().contains(pointer), "{problem}");
            assert_eq!(tree(folder.path()), before, "{wish:?}");
        }
    }

    #[test]
    fn a_list_that_cannot_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&config(folder.path())).unwrap();
        // In the way of the file that replaces the list.
        std::fs::create_dir(folder.path().join("data/databases.json.new")).unwrap();
        let before = tree(folder.path());
        let failing = registry.set_up(&wish(), &mut |_, _| Ok(()));
        assert_eq!(
            failing.err().map(|error| error.code()),
            Some(Code::StorageError)
        );
        assert_eq!(tree(folder.path()), before);
    }
}
