//! Where the statements of tools run.

use sop::Database;
use sop_query::changes::{ChangeSet, Outcome, apply, preview};
use sop_query::sql::{Catalog, Output, Plan, QueryEngine, Request, Summary};

use crate::error::ApiResult;

/// Runs what tools ask for: each in a transaction of its own ([`Direct`]), or all in one of a script.
pub trait Statements {
    /// Runs SQL.
    ///
    /// # Errors
    /// What the statement fails with.
    fn run(
        &self,
        catalog: &Catalog,
        request: &Request,
        rows: &mut dyn Output,
    ) -> ApiResult<Summary>;

    /// Plans SQL; runs it too when asked to.
    ///
    /// # Errors
    /// What planning or running fails with.
    fn explain(&self, catalog: &Catalog, request: &Request, analyze: bool) -> ApiResult<Plan>;

    /// Applies a change set to the catalog's first database, or shows what it would do.
    ///
    /// # Errors
    /// What the engine fails with; changes that cannot be done are in the outcome.
    fn change(&self, database: &Database, set: &ChangeSet, dry_run: bool) -> ApiResult<Outcome>;
}

/// Each in a transaction of its own.
pub struct Direct(QueryEngine);

impl Direct {
    /// With this engine.
    pub fn new(engine: QueryEngine) -> Self {
        Self(engine)
    }
}

impl Statements for Direct {
    fn run(
        &self,
        catalog: &Catalog,
        request: &Request,
        rows: &mut dyn Output,
    ) -> ApiResult<Summary> {
        Ok(self.0.run(catalog, request, rows)?)
    }

    fn explain(&self, catalog: &Catalog, request: &Request, analyze: bool) -> ApiResult<Plan> {
        Ok(self.0.explain(catalog, request, analyze)?)
    }

    fn change(&self, database: &Database, set: &ChangeSet, dry_run: bool) -> ApiResult<Outcome> {
        match dry_run {
            true => Ok(preview(database, set)?),
            false => Ok(apply(database, set)?),
        }
    }
}
