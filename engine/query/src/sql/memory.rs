//! How much memory statements take, and where they go on when that is not enough.
//!
//! SQLite sorts, groups and keeps intermediate rows in files once they are larger than its caches (a part of the limit each,
//! usually 32 MiB); the files lie in one folder and have no name from the moment they are open, so none outlives its statement, whatever happens.
//! What is still held in memory has a limit. A statement that would pass it fails, and nothing else does.
//!
//! Always: folder and limit are those of the process, as SQLite has one of each. The folder is that of the first engine
//! that wants one, until it is gone; the limit is the smallest that was asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode};

use super::Result;
use super::error::{Code, QueryError};
use super::tokens::quote_text;

/// The folder of the process.
static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);
/// With this the names begin that SQLite gives its files.
const TEMP_PREFIX: &str = "etilqs_";

/// What a sort, or a table of intermediate rows, holds in memory before it goes on in a file: a part of the limit, so that
/// statements beside each other have room, within these.
const CACHE_PART: u64 = 16;
const CACHE_KIB: std::ops::RangeInclusive<u64> = 2 << 10..=64 << 10;

/// Settings that the connections of an engine share.
#[derive(Debug)]
pub(super) struct Memory {
    bytes: u64,
    value_bytes: u64,
    /// The folder, and whether it is ready.
    folder: Option<(PathBuf, Mutex<bool>)>,
}

impl Memory {
    pub fn new(bytes: u64, value_bytes: u64, folder: Option<PathBuf>) -> Arc<Self> {
        Arc::new(Self {
            bytes,
            value_bytes,
            folder: folder.map(|folder| (folder, Mutex::new(false))),
        })
    }

    /// Sets a new connection, and the process, up.
    pub fn limit(&self, connection: &Connection) -> Result<()> {
        self.prepare_folder(connection)?;
        let set = || -> rusqlite::Result<()> {
            if self.bytes > 0 {
                let hard = i64::try_from(self.bytes).unwrap_or(i64::MAX);
                // Near the limit sorts write what they hold to files, before anything fails.
                let soft = hard / 4 * 3;
                let sql =
                    format!("PRAGMA hard_heap_limit = {hard}; PRAGMA soft_heap_limit = {soft}");
                connection.execute_batch(&sql)?;
            }
            let cache = match self.bytes {
                0 => *CACHE_KIB.end(),
                bytes => (bytes / CACHE_PART / 1024).clamp(*CACHE_KIB.start(), *CACHE_KIB.end()),
            };
            connection.execute_batch(&format!("PRAGMA cache_size = -{cache}"))?;
            let value = i32::try_from(self.value_bytes).unwrap_or(i32::MAX);
            connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, value)?;
            Ok(())
        };
        set().map_err(|error| QueryError::new(Code::Engine, error.to_string()))
    }

    fn prepare_folder(&self, connection: &Connection) -> Result<()> {
        let Some((folder, ready)) = &self.folder else {
            return Ok(());
        };
        let mut ready = ready.lock();
        let mut current = FOLDER.lock();
        if *ready || current.as_ref().is_some_and(|there| there != folder) {
            return Ok(());
        }
        clean(folder).map_err(|error| {
            let folder = folder.display();
            let message =
                format!("the folder {folder} for temporary files cannot be used: {error}");
            QueryError::new(Code::Engine, message)
        })?;
        let path = quote_text(&folder.to_string_lossy());
        let sql = format!("PRAGMA temp_store_directory = {path}");
        connection
            .execute_batch(&sql)
            .map_err(|error| QueryError::new(Code::Engine, error.to_string()))?;
        *current = Some(folder.clone());
        *ready = true;
        Ok(())
    }

    /// What SQLite's errors about memory mean; none for others.
    pub fn error(&self, code: Option<ErrorCode>, message: &str) -> Option<QueryError> {
        let mib = |bytes: u64| bytes >> 20;
        let text = match code? {
            ErrorCode::OutOfMemory => format!(
                "the statement needs more memory than statements may take together ({} MiB); ask for fewer or smaller values at once",
                mib(self.bytes)
            ),
            ErrorCode::TooBig if message.contains("string or blob") => format!(
                "a value of the statement is larger than {} MiB, the most that one may have",
                mib(self.value_bytes)
            ),
            _ => return None,
        };
        Some(QueryError::new(Code::MemoryLimit, text))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let Some((folder, ready)) = &self.folder else {
            return;
        };
        if !*ready.lock() {
            return;
        }
        let mut current = FOLDER.lock();
        *current = None;
        if let Ok(connection) = Connection::open_in_memory() {
            // Nobody is left who could be told.
            let _ = connection.execute_batch("PRAGMA temp_store_directory = ''");
        }
        // Only an empty one goes.
        let _ = std::fs::remove_dir(folder);
    }
}

/// Makes the folder, and removes what another process may have left of its files.
fn clean(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(TEMP_PREFIX) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::sql::{
        Catalog, Column, EngineOptions, Output, Params, QueryEngine, Request, ValueRef,
    };
    use crate::test_support::TestDatabase;

    /// Looks at each thousandth row whether a nameless file of a folder is open.
    struct Files {
        folder: PathBuf,
        seen: bool,
        rows: u64,
    }

    impl Output for Files {
        fn columns(&mut self, _: &[Column]) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }

        fn row(&mut self, _: &[ValueRef<'_>]) -> ControlFlow<()> {
            self.rows += 1;
            if self.rows % 1_000 == 1 {
                let open = std::fs::read_dir("/proc/self/fd").unwrap();
                let mut links =
                    open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
                self.seen |= links.any(|link| link.starts_with(&self.folder));
            }
            ControlFlow::Continue(())
        }
    }

    #[test]
    fn sorts_go_on_in_files_and_what_cannot_is_refused() {
        let test = TestDatabase::new();
        let catalog = Catalog::new(vec![("d".to_owned(), test.db.clone())]);
        let folder = std::env::temp_dir().join(format!("sop-memory-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("etilqs_left"), "x").unwrap();
        let engine = QueryEngine::new(EngineOptions {
            temp_folder: Some(folder.clone()),
            memory_bytes: 48 << 20,
            value_bytes: 16 << 20,
            ..EngineOptions::default()
        });
        let mut files = Files {
            folder: folder.clone(),
            seen: false,
            rows: 0,
        };
        // 80 MB are sorted, grouped and made different from one another.
        let rows =
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
            SELECT i, hex(zeroblob(200)) || i AS x FROM n";
        for sql in [
            format!("{rows} ORDER BY i % 1000, x"),
            format!("SELECT DISTINCT x FROM ({rows})"),
            format!("SELECT x, count(*) FROM ({rows}) GROUP BY x"),
        ] {
            files.rows = 0;
            let request = Request::new(sql.as_str(), Params::None);
            engine.run(&catalog, &request, &mut files).unwrap();
            assert_eq!(files.rows, 200_000, "{sql}");
        }
        assert!(files.seen || !Path::new("/proc/self/fd").exists());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        for sql in [
            "SELECT length(group_concat(x)) FROM (SELECT hex(zeroblob(500000)) AS x FROM json_each('[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9]'))",
            "SELECT randomblob(1000000000)",
            "SELECT hex(zeroblob(10000000))",
            "SELECT zeroblob(5000000000)",
            "SELECT hex(zeroblob(7000000)), hex(zeroblob(7000001)), hex(zeroblob(7000002)), hex(zeroblob(7000003))",
            "SELECT printf('%*d', 100000000, 1)",
        ] {
            let error = engine.table(&catalog, sql, Params::None).unwrap_err();
            assert_eq!(error.code, Code::MemoryLimit, "{sql}: {error}");
            // Those after it have what it gave back.
            engine.table(&catalog, "SELECT 1", Params::None).unwrap();
        }
        drop(engine);
        assert!(!folder.exists());
    }
}
