//! What SQLite counted while a statement ran.
//!
//! rusqlite does not reach these counters: the statement is found among those of its connection by its text.

use std::ffi::{CStr, c_char, c_int};

use rusqlite::{Connection, ffi};

/// A step of a plan, with what was counted for it. In a connection without scan status nothing is counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::sql) struct Step {
    pub id: i32,
    pub parent: i32,
    /// SQLite's words.
    pub text: String,
    /// Rows that were expected of one run of it.
    pub estimated_rows: f64,
    pub loops: i64,
    pub rows: i64,
    pub cycles: i64,
}

/// The steps of the newest statement with this text, and the cycles of all of it.
#[expect(
    unsafe_code,
    reason = "the counters are behind the statement's pointer only"
)]
pub(in crate::sql) fn steps(connection: &Connection, sql: &str) -> (Vec<Step>, i64) {
    // SAFETY: the connection is borrowed, so its handle and its statements live while this runs, and no other thread has
    // it. Each pointer that SQLite gives is used before anything is called that could free it, and is checked for
    // null. The type behind `out` is the one that each counter asks for.
    unsafe {
        let mut statement = ffi::sqlite3_next_stmt(connection.handle(), std::ptr::null_mut());
        while !statement.is_null() {
            let text = ffi::sqlite3_sql(statement);
            if !text.is_null() && CStr::from_ptr(text).to_bytes() == sql.as_bytes() {
                break;
            }
            statement = ffi::sqlite3_next_stmt(connection.handle(), statement);
        }
        if statement.is_null() {
            return (Vec::new(), 0);
        }
        let read = |at: c_int, what: c_int, out: *mut std::ffi::c_void| {
            let flags = ffi::SQLITE_SCANSTAT_COMPLEX;
            ffi::sqlite3_stmt_scanstatus_v2(statement, at, what, flags, out) == 0
        };
        let number = |at: c_int, what: c_int| {
            let mut out = 0_i64;
            read(at, what, (&raw mut out).cast());
            out
        };
        let small = |at: c_int, what: c_int| {
            let mut out: c_int = 0;
            read(at, what, (&raw mut out).cast());
            out
        };
        let mut steps = Vec::new();
        loop {
            let at = steps.len() as c_int;
            let mut text: *const c_char = std::ptr::null();
            let there = read(at, ffi::SQLITE_SCANSTAT_EXPLAIN, (&raw mut text).cast());
            if !there || text.is_null() {
                break;
            }
            let mut estimated_rows = 0_f64;
            read(
                at,
                ffi::SQLITE_SCANSTAT_EST,
                (&raw mut estimated_rows).cast(),
            );
            steps.push(Step {
                id: small(at, ffi::SQLITE_SCANSTAT_SELECTID),
                parent: small(at, ffi::SQLITE_SCANSTAT_PARENTID),
                text: CStr::from_ptr(text).to_string_lossy().into_owned(),
                estimated_rows,
                loops: number(at, ffi::SQLITE_SCANSTAT_NLOOP),
                rows: number(at, ffi::SQLITE_SCANSTAT_NVISIT),
                cycles: number(at, ffi::SQLITE_SCANSTAT_NCYCLE),
            });
        }
        (steps, number(-1, ffi::SQLITE_SCANSTAT_NCYCLE))
    }
}
