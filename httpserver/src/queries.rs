//! The queries that run: a place for each, a name by which it is cancelled, and the engine that runs them.
//!
//! What always holds: a query is on the list while it runs and no longer; its id is random, so that
//! only who was told it can cancel by it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sop_query::sql::{Cancel, EngineOptions, QueryEngine};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{ApiError, ApiResult, Code};
use crate::security::Identity;

/// Characters of a statement that the list shows.
const SHOWN: usize = 200;

/// All queries of the server.
pub struct Queries {
    engine: QueryEngine,
    places: Arc<Semaphore>,
    running: Arc<Mutex<HashMap<String, Entry>>>,
}

struct Entry {
    who: Arc<str>,
    database: String,
    sql: String,
    began: Instant,
    cancel: Cancel,
}

/// A query of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// The database of its address.
    pub database: String,
    /// The beginning of its statement.
    pub sql: String,
    /// How long it has run.
    pub elapsed: Duration,
}

/// A query that runs, with its place; on the list until this is dropped.
pub struct RunningQuery {
    id: String,
    cancel: Cancel,
    engine: QueryEngine,
    running: Arc<Mutex<HashMap<String, Entry>>>,
    _place: Option<OwnedSemaphorePermit>,
}

/// Cancels its query when it is dropped: whoever waits for the answer holds it.
pub struct CancelOnDrop(Cancel);

impl Queries {
    /// With room for so many at the same time.
    pub fn new(places: usize, options: EngineOptions) -> Self {
        Self {
            engine: QueryEngine::new(options),
            places: Arc::new(Semaphore::new(places)),
            running: Arc::default(),
        }
    }

    /// What runs queries; they are on the list only with [`Queries::begin`].
    pub fn engine(&self) -> &QueryEngine {
        &self.engine
    }

    /// Waits for a place, at most `wait`, and puts the query on the list.
    ///
    /// # Errors
    /// `too_many_requests` when no place became free in time.
    pub async fn begin(
        &self,
        who: &Identity,
        database: &str,
        sql: &str,
        wait: Duration,
    ) -> ApiResult<(RunningQuery, CancelOnDrop)> {
        let place = tokio::time::timeout(wait, Arc::clone(&self.places).acquire_owned());
        let Ok(place) = place.await else {
            let detail = "Too many other queries run, and none ended while this one waited. Try again, or cancel one.";
            return Err(ApiError::new(Code::TooManyRequests, detail));
        };
        let place = place.map_err(ApiError::internal)?;
        self.enlist(who, database, sql, Some(place))
    }

    /// Puts work on the list that takes no place here: it is bounded elsewhere.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn begin_apart(
        &self,
        who: &Identity,
        database: &str,
        sql: &str,
    ) -> ApiResult<(RunningQuery, CancelOnDrop)> {
        self.enlist(who, database, sql, None)
    }

    fn enlist(
        &self,
        who: &Identity,
        database: &str,
        sql: &str,
        place: Option<OwnedSemaphorePermit>,
    ) -> ApiResult<(RunningQuery, CancelOnDrop)> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(ApiError::internal)?;
        let id = format!("{:032x}", u128::from_be_bytes(random));
        let cancel = Cancel::default();
        let entry = Entry {
            who: Arc::clone(&who.name),
            database: database.to_owned(),
            sql: sql.chars().take(SHOWN).collect(),
            began: Instant::now(),
            cancel: cancel.clone(),
        };
        self.running.lock().insert(id.clone(), entry);
        let query = RunningQuery {
            id,
            cancel: cancel.clone(),
            engine: self.engine.clone(),
            running: Arc::clone(&self.running),
            _place: place,
        };
        Ok((query, CancelOnDrop(cancel)))
    }

    /// Ends a query soon, one's own or as who manages the server. False when none with this id runs.
    pub fn cancel(&self, who: &Identity, id: &str) -> bool {
        let running = self.running.lock();
        let entry = running.get(id).filter(|entry| entry.is_of(who));
        entry.inspect(|entry| entry.cancel.cancel()).is_some()
    }

    /// What runs of somebody, or all for who manages the server; the oldest first.
    pub fn list(&self, who: &Identity) -> Vec<Listed> {
        let running = self.running.lock();
        let own = running.iter().filter(|(_, entry)| entry.is_of(who));
        let listed = own.map(|(id, entry)| Listed {
            id: id.clone(),
            database: entry.database.clone(),
            sql: entry.sql.clone(),
            elapsed: entry.began.elapsed(),
        });
        let mut listed: Vec<_> = listed.collect();
        drop(running);
        listed.sort_by_key(|query| std::cmp::Reverse(query.elapsed));
        listed
    }
}

impl Entry {
    fn is_of(&self, who: &Identity) -> bool {
        who.is_admin() || self.who == who.name
    }
}

impl CancelOnDrop {
    /// For a query that is not on the list.
    pub fn new(cancel: Cancel) -> Self {
        Self(cancel)
    }
}

impl RunningQuery {
    /// The id by which it is cancelled.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What ends it from outside.
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// What runs it.
    pub fn engine(&self) -> &QueryEngine {
        &self.engine
    }
}

impl Drop for RunningQuery {
    fn drop(&mut self) {
        self.running.lock().remove(&self.id);
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(5);

    #[tokio::test]
    async fn a_query_is_listed_while_it_runs_and_cancelled_by_its_id() {
        let queries = Queries::new(2, EngineOptions::default());
        let long = "x".repeat(300);
        let who = Identity::default();
        let (query, _held) = queries.begin(&who, "d", &long, WAIT).await.unwrap();
        let (other, _held) = queries.begin(&who, "d", "y", WAIT).await.unwrap();
        let nobody = Identity::nobody();
        assert!(queries.list(&nobody).is_empty() && !queries.cancel(&nobody, query.id()));
        assert_ne!(query.id(), other.id());
        let listed = queries.list(&who);
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0].sql, "x".repeat(200));
        let id = query.id().to_owned();
        assert!(!queries.cancel(&who, "0") && queries.cancel(&who, &id));
        assert!(query.cancel().is_cancelled() && !other.cancel().is_cancelled());
        drop(query);
        assert!(!queries.cancel(&who, &id));
        assert_eq!(queries.list(&who).len(), 1);
    }

    #[tokio::test]
    async fn places_are_bounded_and_free_again() {
        let queries = Queries::new(1, EngineOptions::default());
        let who = Identity::default();
        let first = queries.begin(&who, "d", "x", WAIT).await.unwrap();
        let refused = queries.begin(&who, "d", "y", WAIT).await.map(drop);
        assert_eq!(refused.unwrap_err().code(), Code::TooManyRequests);
        let cancel = first.0.cancel();
        drop(first);
        assert!(cancel.is_cancelled());
        assert!(queries.begin(&who, "d", "y", WAIT).await.is_ok());
    }
}
