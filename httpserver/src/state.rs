//! What all handlers share: settings, access rules, the databases, and the places for work.

use std::fmt;
use std::sync::Arc;

use sop_query::sql::EngineOptions;
use sop_systemdb::accounts::Accounts;
use sop_systemdb::script::Programs;
use sop_systemdb::system::System;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::audit::Audit;
use crate::config::{Config, Limits};
use crate::copilot::{Copilot, Parts};
use crate::environments::Environments;
use crate::error::{ApiError, ApiResult, Code};
use crate::formats::no_room;
use crate::jobs::Jobs;
use crate::metrics::{Started, Traffic};
use crate::queries::Queries;
use crate::registry::Registry;
use crate::scripts::PausingRuns;
use crate::security::{Access, HostRules, Identity, Logins};
use crate::watch::panic_text;

/// The folder in the data root for what queries, imports and exports cannot hold in memory.
pub(crate) const QUERY_FILES: &str = "query-files.tmp";

/// Shared state; cheap to clone. Each request has its own, with the databases of its environment.
#[derive(Clone)]
pub struct AppState {
    shared: Arc<Inner>,
    registry: Arc<Registry>,
}

impl fmt::Debug for AppState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AppState")
    }
}

struct Inner {
    limits: Limits,
    hosts: HostRules,
    access: Access,
    logins: Logins,
    environments: Environments,
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    queries: Queries,
    pausing: PausingRuns,
    copilot: Copilot,
    jobs: Jobs,
    programs: Programs,
    audit: Audit,
    started: Started,
    traffic: Traffic,
}

impl AppState {
    /// State for a server that listens on `port` (the real one, when the settings say 0).
    pub fn new(config: &Config, port: u16, environments: Environments) -> Self {
        let first = Arc::clone(environments.first());
        let parts = Parts::with_system(Arc::new(move || first.system()));
        Self::with_parts(config, port, environments, parts)
    }

    /// The same with other parts that the copilot works with.
    pub fn with_parts(
        config: &Config,
        port: u16,
        environments: Environments,
        parts: Parts,
    ) -> Self {
        let secrets = config.token.iter().cloned().collect();
        let token = config.token.as_ref().filter(|_| config.auth);
        let registry = Arc::clone(environments.first());
        let data = registry.roots().data().to_owned();
        let temp_folder = data.join(QUERY_FILES);
        let first = Arc::clone(&registry);
        let opener = Arc::new(move || first.system());
        let shared = Arc::new(Inner {
            limits: config.limits.clone(),
            hosts: HostRules::new(port, &config.host, &config.allowed_hosts)
                .over_tls(config.tls.is_some()),
            access: Access::new(token, port).secure(config.is_encrypted()),
            logins: Logins::new(environments.accounts()),
            environments,
            calls: Arc::new(Semaphore::new(config.limits.max_calls as usize)),
            streams: Arc::new(Semaphore::new(config.limits.max_streams as usize)),
            jobs: Jobs::default(),
            queries: Queries::new(
                config.limits.max_queries as usize,
                EngineOptions {
                    temp_folder: Some(temp_folder),
                    memory_bytes: config.limits.query_memory_bytes,
                    ..EngineOptions::default()
                },
            ),
            pausing: PausingRuns::new(&config.limits),
            programs: Programs::default(),
            audit: Audit::new(opener),
            copilot: Copilot::new(&config.llm, secrets, parts, Some(&data)),
            started: Started::now(),
            traffic: Traffic::default(),
        });
        Self { shared, registry }
    }

    /// The same for a request in another environment, or with other rights in it.
    #[must_use]
    pub fn with_registry(&self, registry: Registry) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            registry: Arc::new(registry),
        }
    }

    /// The environments.
    pub fn environments(&self) -> &Environments {
        &self.shared.environments
    }

    /// Limits on sizes and times.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// The host names that are served.
    pub fn hosts(&self) -> &HostRules {
        &self.shared.hosts
    }

    /// Tokens and sessions.
    pub fn access(&self) -> &Access {
        &self.shared.access
    }

    /// Who uses the server.
    pub fn accounts(&self) -> &Arc<Accounts> {
        self.shared.environments.accounts()
    }

    /// What signing in may take.
    pub fn logins(&self) -> &Logins {
        &self.shared.logins
    }

    /// Who the request is by.
    pub fn who(&self) -> &Arc<Identity> {
        self.registry.who()
    }

    /// The databases of the request's environment, as it may use them.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The queries that run, and what runs them.
    pub fn queries(&self) -> &Queries {
        &self.shared.queries
    }

    /// The runs of scripts that may pause.
    pub fn pausing(&self) -> &PausingRuns {
        &self.shared.pausing
    }

    /// The system database; made when it is first needed.
    ///
    /// # Errors
    /// Its folder cannot be used.
    pub fn system(&self) -> ApiResult<System> {
        self.registry.system()
    }

    /// Scripts that were compiled before.
    pub fn programs(&self) -> &Programs {
        &self.shared.programs
    }

    /// Work that goes on after its request was answered.
    pub fn jobs(&self) -> &Jobs {
        &self.shared.jobs
    }

    /// Where it is written down who changed what.
    pub fn audit(&self) -> &Audit {
        &self.shared.audit
    }

    /// The copilot.
    pub fn copilot(&self) -> &Copilot {
        &self.shared.copilot
    }

    /// When the server began.
    pub fn started(&self) -> Started {
        self.shared.started
    }

    /// What is counted of requests.
    pub fn traffic(&self) -> &Traffic {
        &self.shared.traffic
    }

    /// A file without a name in the folder of the data, for what does not fit into memory. It is gone with whoever holds it.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn scratch_file(&self) -> ApiResult<std::fs::File> {
        let folder = self.registry.roots().data().join(QUERY_FILES);
        std::fs::create_dir_all(&folder).map_err(no_room)?;
        tempfile::tempfile_in(folder).map_err(no_room)
    }

    /// Runs `work` on a thread that may block, bounded in number and time.
    ///
    /// Work that passes the time limit goes on to its end (it cannot be cut), keeps its place until
    /// then, and its result is dropped.
    ///
    /// # Errors
    /// What `work` answers; `time_limit`; `internal` when it panicked.
    pub async fn call<T, F>(&self, work: F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: FnOnce() -> ApiResult<T> + Send + 'static,
    {
        let limit = self.shared.limits.request_timeout();
        let calls = Arc::clone(&self.shared.calls);
        let run = async move {
            let place = calls.acquire_owned().await.map_err(ApiError::internal)?;
            let work = tokio::task::spawn_blocking(move || {
                let _place = place;
                work()
            });
            work.await.unwrap_or_else(|error| Err(join_error(error)))
        };
        tokio::time::timeout(limit, run).await.unwrap_or_else(|_| {
            let detail = format!(
                "The request took longer than {} ms. A change may still have been made: look before \
                 you repeat it.",
                limit.as_millis()
            );
            Err(ApiError::new(Code::TimeLimit, detail))
        })
    }

    /// A place for long work such as an import.
    ///
    /// # Errors
    /// `too_many_requests` when all are taken.
    pub fn stream_place(&self) -> ApiResult<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.streams).try_acquire_owned().map_err(|_| {
            let detail = format!(
                "{} imports, exports or checks are running already. Try again when one has ended.",
                self.shared.limits.max_streams
            );
            ApiError::new(Code::TooManyRequests, detail)
        })
    }
}

/// The error for work that did not come to its end.
pub(crate) fn join_error(error: tokio::task::JoinError) -> ApiError {
    match error.try_into_panic() {
        Ok(cause) => ApiError::internal(panic_text(cause.as_ref())),
        Err(error) => ApiError::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(change: impl FnOnce(&mut Config)) -> (AppState, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            data: folder.path().join("data"),
            ..Config::default()
        };
        change(&mut config);
        let environments = Environments::open(&config).unwrap();
        (AppState::new(&config, 8080, environments), folder)
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_and_frees_its_place() {
        let (state, _folder) = state(|config| config.limits.max_calls = 1);
        for _ in 0..3 {
            let answer: ApiResult<()> = state.call(|| panic!("secret of the inside")).await;
            let error = answer.unwrap_err();
            assert_eq!(error.code(), Code::Internal);
            assert!(!error.detail().contains("secret"));
        }
        assert_eq!(state.call(|| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_call_that_takes_too_long_is_answered() {
        let (state, _folder) = state(|config| config.limits.request_timeout_ms = 10);
        let (finish, wait) = std::sync::mpsc::channel::<()>();
        let answer = state.call(move || Ok(wait.recv().is_ok())).await;
        assert_eq!(answer.unwrap_err().code(), Code::TimeLimit);
        drop(finish);
    }

    #[tokio::test]
    async fn places_for_streams_are_bounded() {
        let (state, _folder) = state(|config| config.limits.max_streams = 1);
        let place = state.stream_place().unwrap();
        assert_eq!(
            state.stream_place().unwrap_err().code(),
            Code::TooManyRequests
        );
        drop(place);
        assert!(state.stream_place().is_ok());
    }
}
