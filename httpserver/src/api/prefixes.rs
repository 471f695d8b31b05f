//! The tree of keys under a prefix, with exact counts.

use std::time::Instant;

use serde::Deserialize;
use serde_json::Value;
use sop::{DocumentStore, KeyPrefix, Mode};
use sop_query::prefixes::{
    Group, MAX_GROUPS, PrefixOptions, Prefixes, parse_prefix, prefixes as groups_of,
};
use utoipa::{IntoParams, ToSchema};

use super::output::Output;
use super::versions::{Stats, stats};
use super::{StorePath, keys};
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiPath, ApiQuery, JsonNumbers, State};

/// Most levels of groups in one answer.
const MAX_DEPTH: u32 = 4;
/// Most groups of all levels in one answer.
const MAX_ALL_GROUPS: usize = 5_000;

/// Which groups.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PrefixQuery {
    /// The prefix as a JSON array of leading key values, the last may be `{"partial": "text"}`; the
    /// whole store when missing.
    of: Option<String>,
    /// Levels of groups: 1 (default) to 4.
    #[param(minimum = 1, maximum = 4)]
    depth: Option<u32>,
    /// Most groups of a level: 1 to 1000, 200 when not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// Keys with a common beginning.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct GroupView {
    /// What tells it from its neighbours.
    label: String,
    /// Its prefix, as `of` and `prefix` take it.
    prefix: Vec<Value>,
    /// Exact number of items.
    count: u64,
    /// Whether it has no groups of its own.
    leaf: bool,
    /// Its own groups, when more than one level was asked for.
    #[schema(no_recursion)]
    groups: Option<Vec<GroupView>>,
    /// Its groups that were left out.
    more: Option<MoreView>,
}

/// Groups that were left out.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct MoreView {
    /// How many; null when there are more than are worth counting.
    groups: Option<u64>,
    /// Exact number of their items.
    count: u64,
}

/// The groups under a prefix.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct PrefixesView {
    groups: Vec<GroupView>,
    more: Option<MoreView>,
    /// Exact number of items under the prefix.
    count: u64,
    stats: Stats,
    sequence: u64,
}

/// The groups of keys under a prefix: the values of the next key field, or the beginnings of its text.
#[utoipa::path(
    get, operation_id = "list_prefixes", path = "/databases/{db}/stores/{store}/prefixes", tag = "items", params(StorePath, PrefixQuery),
    responses((status = 200, body = PrefixesView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn prefixes(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    ApiQuery(query): ApiQuery<PrefixQuery>,
    numbers: JsonNumbers,
) -> ApiResult<Output> {
    let depth = within(
        "depth",
        query.depth.unwrap_or(1) as usize,
        MAX_DEPTH as usize,
    )?;
    let defaults = PrefixOptions::default();
    let options = PrefixOptions {
        limit: within("limit", query.limit.unwrap_or(defaults.limit), MAX_GROUPS)?,
        ..defaults
    };
    let registry = state.registry().clone();
    state
        .call(move || {
            let started = Instant::now();
            let db = registry.database(&path.db)?;
            let tx = db.begin(Mode::Read)?;
            let store = tx.documents(&path.store)?;
            let of = match &query.of {
                Some(text) => keys::leading(&store.definition().key, "of", text)?,
                None => KeyPrefix::default(),
            };
            let mut tree = Tree {
                store: &store,
                options,
                left: MAX_ALL_GROUPS,
            };
            let mut out = Output::new(numbers);
            out.open(b'{');
            let found = tree.write(&mut out, &of, depth)?;
            out.field("count", &found.count);
            stats(&mut out, started, found.groups.len() as u64, &tx);
            out.close(b'}');
            Ok(out)
        })
        .await
}

fn within(name: &str, value: usize, most: usize) -> ApiResult<usize> {
    if (1..=most).contains(&value) {
        return Ok(value);
    }
    let detail = format!("'{name}' is from 1 to {most}.");
    Err(ApiError::new(Code::InvalidParameter, detail.clone()).parameter(name, detail))
}

struct Tree<'a> {
    store: &'a DocumentStore<'a>,
    options: PrefixOptions,
    /// Groups that may still be written.
    left: usize,
}

impl Tree<'_> {
    /// Writes `groups` and `more` of a prefix, with `depth` levels.
    fn write(&mut self, out: &mut Output, of: &KeyPrefix, depth: usize) -> ApiResult<Prefixes> {
        let found = groups_of(self.store, of, &self.options)?;
        self.left = self.left.saturating_sub(found.groups.len());
        out.name("groups");
        out.open(b'[');
        for group in &found.groups {
            self.write_group(out, group, depth)?;
        }
        out.close(b']');
        out.field("more", &found.more);
        Ok(found)
    }

    fn write_group(&mut self, out: &mut Output, group: &Group, depth: usize) -> ApiResult<()> {
        out.open(b'{');
        out.field("label", &group.label);
        out.field("prefix", &group.prefix);
        out.field("count", &group.count);
        out.field("leaf", &group.leaf);
        if depth > 1 && !group.leaf && self.left > 0 {
            let of = parse_prefix(&self.store.definition().key, &group.prefix)?;
            self.write(out, &of, depth - 1)?;
        }
        out.close(b'}');
        Ok(())
    }
}
