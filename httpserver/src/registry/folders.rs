//! Looking into the folders that the interface may touch, for people who choose one.
//!
//! What always holds: nothing outside of the roots is named, wherever links lead; files are not named at all, nor what lies in a
//! database, nor the server's own folders.

use std::fs;
use std::path::{Path, PathBuf};

use super::roots::ACCOUNTS;
use super::{MARK, Roots};
use crate::error::{ApiError, ApiResult, Code};
use crate::state::QUERY_FILES;

/// Folders that one answer names.
const MOST_NAMED: usize = 500;
/// Names that are looked at for it.
const MOST_READ: usize = 20_000;

/// A folder among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its name; that of a root is its whole path.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is a database.
    pub is_database: bool,
}

/// What lies in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// The folder; none for the roots themselves.
    pub path: Option<PathBuf>,
    /// The one around it, where that may be looked into.
    pub parent: Option<PathBuf>,
    /// Its folders by their names.
    pub folders: Vec<Folder>,
    /// Whether there are more than are named.
    pub more: bool,
}

impl Roots {
    /// The folders in a folder, or the roots when none is named.
    ///
    /// # Errors
    /// As of `resolve`, and when it is no folder or cannot be read.
    pub fn look(&self, text: Option<&str>) -> ApiResult<Inside> {
        let Some(text) = text else {
            let roots =
                std::iter::once(self.data()).chain(self.others().iter().map(PathBuf::as_path));
            let folders = roots.filter_map(|path| folder(path.to_str()?, path));
            return Ok(Inside {
                path: None,
                parent: None,
                folders: folders.collect(),
                more: false,
            });
        };
        let named = |code: Code, detail: String| {
            ApiError::new(code, detail.clone()).parameter("path", detail)
        };
        let refuse = |detail: String| Err(named(Code::InvalidPath, detail));
        let path = self
            .inside(text)
            .map_err(|error| named(error.code(), error.detail().to_owned()))?;
        if !path.is_dir() {
            return refuse(format!("There is no folder '{}'.", super::shown(&path)));
        }
        let around = path
            .parent()
            .filter(|around| self.check_inside(around).is_ok());
        let parent = around.map(Path::to_owned);
        let is_database = path.join(MARK).is_file();
        let found = match is_database {
            // What a database is made of is its own affair.
            true => Ok(Vec::new()),
            false => self.folders_in(&path),
        };
        let mut folders = match found {
            Ok(folders) => folders,
            Err(error) => {
                return refuse(format!(
                    "The folder '{}' cannot be read: {error}.",
                    super::shown(&path)
                ));
            }
        };
        folders.sort_by_cached_key(|folder| (folder.name.to_lowercase(), folder.name.clone()));
        let more = folders.len() > MOST_NAMED;
        folders.truncate(MOST_NAMED);
        Ok(Inside {
            path: Some(path),
            parent,
            folders,
            more,
        })
    }

    fn folders_in(&self, path: &Path) -> std::io::Result<Vec<Folder>> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(path)?.take(MOST_READ) {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_own = name == ACCOUNTS || name == QUERY_FILES || name.starts_with('.');
            if is_own || name.chars().any(char::is_control) {
                continue;
            }
            let path = entry.path();
            // A link counts as what it leads to, if that may be touched.
            if path.is_dir() && self.check_inside(&path).is_ok() {
                folders.extend(folder(name, &path));
            }
        }
        Ok(folders)
    }
}

fn folder(name: &str, path: &Path) -> Option<Folder> {
    path.to_str()?;
    Some(Folder {
        name: name.to_owned(),
        path: path.to_owned(),
        is_database: path.join(MARK).is_file(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(inside: &Inside) -> Vec<&str> {
        inside.folders.iter().map(|one| one.name.as_str()).collect()
    }

    #[test]
    fn folders_are_named_by_their_order_and_nothing_else_is() {
        let base = tempfile::tempdir().unwrap();
        let data = base.path().join("data");
        let other = base.path().join("other");
        for path in [
            "b/deep",
            "A",
            "shop/segments",
            ".hidden",
            ACCOUNTS,
            QUERY_FILES,
        ] {
            fs::create_dir_all(data.join(path)).unwrap();
        }
        fs::create_dir(&other).unwrap();
        fs::write(data.join("letter.txt"), "mine").unwrap();
        fs::write(data.join("shop").join(MARK), "{}").unwrap();
        let roots = Roots::new(&data, std::slice::from_ref(&other)).unwrap();
        let all = roots.look(None).unwrap();
        assert_eq!(
            (all.folders.len(), &all.path, &all.parent),
            (2, &None, &None)
        );
        assert_eq!(all.folders[0].path, roots.data());
        let inside = roots.look(Some(".")).unwrap();
        assert_eq!(names(&inside), ["A", "b", "shop"]);
        assert_eq!(inside.parent, None, "around a root nothing is looked at");
        assert!(inside.folders[2].is_database && !inside.folders[0].is_database);
        let deeper = roots.look(Some("b")).unwrap();
        assert_eq!(names(&deeper), ["deep"]);
        assert_eq!(deeper.parent.as_deref(), Some(roots.data()));
        assert!(roots.look(Some("shop")).unwrap().folders.is_empty());
        let other = roots.look(other.to_str()).unwrap();
        assert!(other.folders.is_empty() && other.parent.is_none());
        for n in 0..MOST_NAMED + 5 {
            fs::create_dir(data.join(format!("b/n{n}"))).unwrap();
        }
        let many = roots.look(Some("b")).unwrap();
        assert!(many.more && many.folders.len() == MOST_NAMED);
    }

    #[test]
    fn nothing_leads_out() {
        let base = tempfile::tempdir().unwrap();
        let data = base.path().join("data");
        let secret = base.path().join("secret");
        for path in [
            &secret.join("inside"),
            &data.join("a"),
            &data.join(ACCOUNTS).join("users"),
        ] {
            fs::create_dir_all(path).unwrap();
        }
        fs::write(data.join("file"), "mine").unwrap();
        let roots = Roots::new(&data, &[]).unwrap();
        let accounts = data.join(ACCOUNTS);
        for wrong in [
            "..",
            "../secret",
            "a/..",
            "a/../..",
            "/",
            "/etc",
            "//etc",
            secret.to_str().unwrap(),
            ACCOUNTS,
            "accounts.private/users",
            "./accounts.private",
            accounts.to_str().unwrap(),
        ] {
            let error = roots.look(Some(wrong)).unwrap_err();
            assert_eq!(error.code(), Code::PathOutsideRoots, "{wrong}");
            assert!(!error.detail().contains("inside"));
        }
        for wrong in ["", "a\0b", "a\nb", "file", "missing", "a/missing"] {
            let error = roots.look(Some(wrong)).unwrap_err();
            assert_eq!(error.code(), Code::InvalidPath, "{wrong:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_named_only_when_they_stay_inside() {
        use std::os::unix::fs::symlink;
        let base = tempfile::tempdir().unwrap();
        let data = base.path().join("data");
        let secret = base.path().join("secret");
        for path in [
            &data.join("a/deep"),
            &data.join(ACCOUNTS),
            &secret.join("inside"),
        ] {
            fs::create_dir_all(path).unwrap();
        }
        for (to, name) in [
            (secret.clone(), "out"),
            (PathBuf::from("/"), "root"),
            (PathBuf::from("../.."), "up"),
            (data.join(ACCOUNTS), "who"),
            (data.join("a"), "same"),
            (data.join("missing"), "dangling"),
            (data.join("loop"), "loop"),
        ] {
            symlink(to, data.join(name)).unwrap();
        }
        let roots = Roots::new(&data, &[]).unwrap();
        assert_eq!(names(&roots.look(Some(".")).unwrap()), ["a", "same"]);
        for wrong in ["out", "out/inside", "root", "root/etc", "up", "who"] {
            let error = roots.look(Some(wrong)).unwrap_err();
            assert_eq!(error.code(), Code::PathOutsideRoots, "{wrong}");
        }
        for wrong in ["dangling", "loop"] {
            assert!(roots.look(Some(wrong)).is_err(), "{wrong}");
        }
        let same = roots.look(Some("same")).unwrap();
        assert_eq!(same.path.as_deref(), Some(&*roots.data().join("a")));
        assert_eq!(names(&same), ["deep"]);
    }
}
