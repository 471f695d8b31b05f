//! A query as it was understood, before it is SQL.
//!
//! It can be kept between questions: a follow-up changes it.

use serde::{Deserialize, Serialize};

use super::dates::Unit;
use super::lexicon::{Comparison, Function};
use super::schema::Place;

/// A value of a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
}

impl Value {
    /// A number, whole where it is.
    pub fn number(number: f64) -> Self {
        if number.fract() == 0.0 && number.abs() < 9e15 {
            Self::Integer(number as i64)
        } else {
            Self::Number(number)
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Number(value) => (*value).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

/// What is tested of a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Compared with a value.
    Compare(Comparison, Value),
    /// One of these.
    In(Vec<Value>),
    /// From the first to the second, both included.
    Between(Value, Value),
    /// Days from the first on, to before the second, as text.
    Days(Option<String>, Option<String>),
    /// Text that has this in it, letters of either case; a list that has this element.
    Contains(String),
    /// Text that begins so, letters of either case.
    Starts(String),
    /// Text that ends so, letters of either case.
    Ends(String),
    /// Text that is this, or whose first word is.
    FirstWord(String),
    /// Null, missing or empty.
    Missing,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Of a field, which may be of another store than is asked for.
    Field {
        /// The field.
        place: Place,
        /// The reference that its store is reached by, as the store that has it and its place there.
        via: Option<(usize, usize)>,
        /// What is tested.
        test: Test,
        /// Whether the test is not to hold.
        negated: bool,
    },
    /// Several of one kind of item hold, or not.
    All {
        /// The conditions, on one store.
        conditions: Vec<Condition>,
        /// Whether the items are to be those that it does not hold for.
        negated: bool,
    },
    /// There are items of another store for it; or not.
    Related {
        /// The store.
        store: usize,
        /// Conditions on them.
        conditions: Vec<Condition>,
        /// Whether there are to be none.
        negated: bool,
        /// How many there are to be, where not any number will do.
        count: Option<(Comparison, i64)>,
    },
}

/// What rows are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// A field.
    Field(Place),
    /// The items of a store, reached by this reference if it is named.
    Store(usize, Option<(usize, usize)>),
    /// A part of the calendar.
    Time(Place, Unit),
}

/// An aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aggregate {
    /// The function.
    pub function: Function,
    /// What of.
    pub of: Measure,
}

/// What an aggregate is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The items of a store.
    Items(usize),
    /// A field; `true` for its different values.
    Field(Place, bool),
    /// Two fields multiplied: price and quantity.
    Product(Place, Place),
}

impl Measure {
    /// The store that it is of.
    pub fn store(self) -> usize {
        match self {
            Self::Items(store) => store,
            Self::Field(place, _) | Self::Product(place, _) => place.store,
        }
    }
}

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// A field.
    Field(Place),
    /// The n-th aggregate.
    Aggregate(usize),
    /// The n-th group.
    Group(usize),
}

/// A question about items.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// The store that is asked for.
    pub store: usize,
    /// The fields to show; all where there are none.
    pub fields: Vec<Place>,
    /// Whether rows alike are shown once.
    pub distinct: bool,
    /// Conditions that all have to hold.
    pub conditions: Vec<Condition>,
    /// What rows are put together by.
    pub groups: Vec<Group>,
    /// Aggregates to show.
    pub aggregates: Vec<Aggregate>,
    /// Conditions on aggregates.
    pub having: Vec<(usize, Comparison, Value)>,
    /// The order; true for the largest first.
    pub order: Vec<(Key, bool)>,
    /// The most rows.
    pub limit: Option<u64>,
    /// Other stores whose items are shown beside; with the field whose largest value is meant where only the last one is.
    pub beside: Vec<Beside>,
}

/// Another store shown beside the one that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// The store.
    pub store: usize,
    /// The reference it is reached by, where it is named.
    pub via: Option<(usize, usize)>,
    /// Only the item with the largest (true) or smallest value of this field.
    pub only: Option<(Place, bool)>,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// A new item: its key, and its fields.
    Insert {
        /// The store.
        store: usize,
        /// The key.
        key: Value,
        /// The fields.
        fields: Vec<(Place, Value)>,
    },
    /// Fields of items are set.
    Update {
        /// The store.
        store: usize,
        /// Which items.
        conditions: Vec<Condition>,
        /// The fields; none clears one.
        set: Vec<(Place, Option<Value>)>,
    },
    /// Items are removed.
    Delete {
        /// The store.
        store: usize,
        /// Which items.
        conditions: Vec<Condition>,
    },
}
