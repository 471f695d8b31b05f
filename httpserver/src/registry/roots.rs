//! Which folders the interface may touch: the data root and the configured ones, nothing else.
//!
//! A path is judged by where it really leads: links are followed before it is compared, and `..` is
//! refused outright, so neither leads out of a root.

use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;

use crate::error::{ApiError, ApiResult, Code};

/// The folder of the accounts in the data root. Its name is none that a database can have, and no path of a request
/// leads into it: who a person is is proved by what lies there.
pub(crate) const ACCOUNTS: &str = "accounts.private";

/// The allowed folders, all canonical.
#[derive(Clone, Debug)]
pub struct Roots {
    data: PathBuf,
    others: Vec<PathBuf>,
}

impl Roots {
    /// Makes the data root when it is missing; the other roots must be there.
    ///
    /// # Errors
    /// A folder cannot be made or is not there.
    pub fn new(data: &Path, others: &[PathBuf]) -> anyhow::Result<Self> {
        std::fs::create_dir_all(data).with_context(|| {
            format!(
                "The data folder {} cannot be made. Choose another: --data DIR",
                data.display()
            )
        })?;
        let canonical = |path: &Path| {
            path.canonicalize()
                .with_context(|| format!("The folder {} cannot be used", path.display()))
        };
        Ok(Self {
            data: canonical(data)?,
            others: others
                .iter()
                .map(|path| canonical(path))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The data root.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The other folders.
    pub fn others(&self) -> &[PathBuf] {
        &self.others
    }

    /// Where a path of a request leads, relative to the data root when it is relative. Its last
    /// parts need not be there yet.
    ///
    /// # Errors
    /// `path_outside_roots`, or `invalid_path` when it cannot be a folder.
    pub fn resolve(&self, text: &str) -> ApiResult<PathBuf> {
        let path = self.inside(text)?;
        if path == self.data {
            return Err(invalid(
                "The path is the data folder itself. Name a folder in it.".to_owned(),
            ));
        }
        Ok(path)
    }

    /// As [`Roots::resolve`], and a root itself is fine.
    pub(super) fn inside(&self, text: &str) -> ApiResult<PathBuf> {
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(invalid(
                "The path is empty or has control characters.".to_owned(),
            ));
        }
        let path = self.data.join(text);
        if path.components().any(|part| part == Component::ParentDir) {
            return Err(outside());
        }
        let path = real_path(&path)
            .map_err(|error| invalid(format!("The path cannot be used: {error}.")))?;
        self.check_inside(&path)?;
        Ok(path)
    }

    /// Checks that a path, with links followed, lies under a root.
    ///
    /// # Errors
    /// `path_outside_roots`.
    pub fn check_inside(&self, path: &Path) -> ApiResult<()> {
        let real = real_path(path).map_err(|_| outside())?;
        if real.components().any(|part| part.as_os_str() == ACCOUNTS) {
            return Err(outside());
        }
        let inside = std::iter::once(&self.data)
            .chain(&self.others)
            .any(|root| real.starts_with(root));
        if inside { Ok(()) } else { Err(outside()) }
    }
}

fn invalid(detail: String) -> ApiError {
    ApiError::new(Code::InvalidPath, detail.clone()).at("/path", detail)
}

fn outside() -> ApiError {
    let detail = "The path does not lie under the data folder or one of the 'roots' in the settings of the server.";
    ApiError::new(Code::PathOutsideRoots, detail).at("/path", detail)
}

/// Where a path really leads: its deepest ancestor that is there with links followed, then the rest.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    let mut there = path;
    loop {
        match there.symlink_metadata() {
            // A link that leads nowhere fails here, and must: what it would become is unknown.
            Ok(_) => {
                let rest = path
                    .strip_prefix(there)
                    .unwrap_or(Path::new(""))
                    .components();
                return Ok(there.canonicalize()?.components().chain(rest).collect());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                there = there.parent().ok_or(error)?;
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_under_the_roots() {
        let base = tempfile::tempdir().unwrap();
        let data = base.path().join("data");
        let other = base.path().join("other");
        let secret = base.path().join("secret");
        for folder in [&other, &secret] {
            std::fs::create_dir(folder).unwrap();
        }
        let roots = Roots::new(&data, std::slice::from_ref(&other)).unwrap();
        assert_eq!(roots.resolve("a/b").unwrap(), roots.data().join("a/b"));
        assert_eq!(
            roots.resolve(other.to_str().unwrap()).unwrap(),
            other.canonicalize().unwrap()
        );
        assert!(roots.resolve(other.join("new").to_str().unwrap()).is_ok());
        for wrong in [
            "..",
            "../secret",
            "a/../../secret",
            "/",
            "/etc",
            secret.to_str().unwrap(),
            "/nowhere/at/all",
        ] {
            assert_eq!(
                roots.resolve(wrong).unwrap_err().code(),
                Code::PathOutsideRoots,
                "{wrong}"
            );
        }
        for wrong in ["", "a\0b", "."] {
            assert_eq!(
                roots.resolve(wrong).unwrap_err().code(),
                Code::InvalidPath,
                "{wrong:?}"
            );
        }
        // A name that only begins like a root is not under it.
        let near = base.path().join("data2");
        assert_eq!(
            roots.resolve(near.to_str().unwrap()).unwrap_err().code(),
            Code::PathOutsideRoots
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        let base = tempfile::tempdir().unwrap();
        let data = base.path().join("data");
        let secret = base.path().join("secret");
        std::fs::create_dir(&secret).unwrap();
        let roots = Roots::new(&data, &[]).unwrap();
        std::os::unix::fs::symlink(&secret, data.join("link")).unwrap();
        std::os::unix::fs::symlink(base.path().join("missing"), data.join("dangling")).unwrap();
        assert_eq!(
            roots.resolve("link").unwrap_err().code(),
            Code::PathOutsideRoots
        );
        assert_eq!(
            roots.resolve("link/new").unwrap_err().code(),
            Code::PathOutsideRoots
        );
        assert_eq!(
            roots.resolve("dangling/x").unwrap_err().code(),
            Code::InvalidPath
        );
    }
}
