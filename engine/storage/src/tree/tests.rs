//! Tests of whole trees, most of them against a `BTreeMap`.

mod cache;
mod model;
mod sharing;
mod support;
mod values;
