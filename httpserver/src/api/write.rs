//! Runs a write transaction of one request.

use sop::{Database, Mode, Transaction};

use crate::error::{ApiError, ApiResult, Code};

/// How often a request whose transaction meets a conflict is tried again.
const ATTEMPTS: u32 = 16;

/// Runs `work` in a write transaction, commits it, and answers with its result and the sequence of
/// the commit. A conflict runs it again: `work` itself checks the versions that the client named.
///
/// # Errors
/// What `work` or the commit fails with; nothing was changed then.
pub(super) fn write<T>(
    db: &Database,
    mut work: impl FnMut(&Transaction) -> ApiResult<T>,
) -> ApiResult<(T, u64)> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let result = once(db, &mut work);
        match result {
            Err(error) if error.code() == Code::Conflict && attempt < ATTEMPTS => {}
            other => return other,
        }
    }
}

fn once<T>(
    db: &Database,
    work: &mut impl FnMut(&Transaction) -> ApiResult<T>,
) -> ApiResult<(T, u64)> {
    let tx = db.begin(Mode::Write)?;
    let value = work(&tx)?;
    let commit = tx.commit().map_err(ApiError::from)?;
    Ok((value, commit.sequence))
}
