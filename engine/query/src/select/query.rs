//! Select documents as `SELECT`.

use super::error::{Fault, Pointer, SelectError};
use super::expression::{Item, expression, given_name, item, strip_last_word};
use super::filter::Filters;
use super::fragment::Sql;
use super::joins::joined;
use super::object::Fields;
use super::place::Place;
use super::schema::Schema;
use super::tables::{Scope, Table, Tables};
use crate::sql::Value;
use serde_json::Value as Json;

/// The fields of a select document.
pub(super) const SELECT_FIELDS: [&str; 12] = [
    "store",
    "alias",
    "filter",
    "fields",
    "join",
    "group_by",
    "aggregates",
    "having",
    "order_by",
    "limit",
    "offset",
    "distinct",
];

type Result<T> = std::result::Result<T, SelectError>;

/// The statement of a select document.
pub(super) fn select(json: &Json, schema: &Schema, notes: &mut Vec<String>) -> Result<Sql> {
    let root = Pointer::Root;
    let document = Fields::of(json, &SELECT_FIELDS, "a select", &root)?;
    let store = schema.store(document.text("store")?, &root.field("store"))?;
    let alias = match document.optional_text("alias")? {
        Some(name) => given_name(name, &root.field("alias"))?,
        None => store.name.to_owned(),
    };
    let mut tables = Tables::single(Table { store, alias });
    let join_at = root.field("join");
    let from = joined(schema, &mut tables, document.get("join"), notes, &join_at)?;
    let outputs = Outputs::of(&document, &tables, &root)?;

    let mut sql = Sql::new("SELECT ");
    if document.flag("distinct")? {
        sql = sql.then("DISTINCT ");
    }
    sql = sql.and_then(outputs.list()).then(" FROM ").and_then(from);
    if let Some(filter) = document.get("filter") {
        let condition = Filters::new(&tables, notes).condition(filter, &root.field("filter"))?;
        if let Some(condition) = condition {
            sql = sql.then(" WHERE ").and_then(condition);
        }
    }
    if !outputs.groups.is_empty() {
        let groups = outputs.groups.iter().map(|group| group.sql.clone());
        sql = sql.then(" GROUP BY ").and_then(Sql::list(groups));
    }
    if let Some(having) = document.get("having") {
        let at = root.field("having");
        if !outputs.is_grouped {
            let detail = "belongs to group_by or aggregates; conditions on items go into filter";
            return Err(SelectError::invalid(&at, detail));
        }
        if let Some(condition) = Filters::new(&outputs, notes).condition(having, &at)? {
            sql = sql.then(" HAVING ").and_then(condition);
        }
    }
    let order = order_by(&document, &outputs, &tables, notes, &root)?;
    if !order.is_empty() {
        sql = sql.then(" ORDER BY ").and_then(Sql::list(order));
    }
    Ok(limited(
        sql,
        document.number("limit")?,
        document.number("offset")?,
    ))
}

fn limited(sql: Sql, limit: Option<i64>, offset: Option<i64>) -> Sql {
    let sql = match (limit, offset) {
        (Some(limit), _) => sql.then(" LIMIT ").then_param(Value::Integer(limit)),
        (None, Some(_)) => sql.then(" LIMIT -1"),
        (None, None) => sql,
    };
    match offset {
        Some(offset) => sql.then(" OFFSET ").then_param(Value::Integer(offset)),
        None => sql,
    }
}

/// The columns of the result, and what they are grouped by.
struct Outputs<'t> {
    /// Whole tables and single columns, in their order.
    columns: Vec<Output>,
    groups: Vec<Item>,
    is_grouped: bool,
    tables: &'t Tables<'t>,
}

enum Output {
    /// All columns of the table with this alias, or of all tables.
    All(Option<String>),
    One(Item),
}

impl<'t> Outputs<'t> {
    fn of(document: &Fields<'_>, tables: &'t Tables<'t>, root: &Pointer<'_>) -> Result<Self> {
        let mut columns = Vec::new();
        let at = root.field("fields");
        for (number, text) in document.texts("fields")? {
            columns.push(output(text, tables, &at.element(number))?);
        }
        let named = columns.len();
        let at = root.field("aggregates");
        for (number, text) in document.texts("aggregates")? {
            let at = at.element(number);
            let item = item(text, tables, &at)?;
            if !item.is_aggregate {
                let detail =
                    format!("{text:?} is of one item; an aggregate is count(*), sum(field), …");
                return Err(SelectError::invalid(&at, detail));
            }
            columns.push(Output::One(item));
        }
        let mut groups = Vec::new();
        let at = root.field("group_by");
        for (number, text) in document.texts("group_by")? {
            let at = at.element(number);
            let group = match find(&columns, text, true) {
                Some(item) => item.clone(),
                None => expression(text, tables, &at)?,
            };
            if group.is_aggregate {
                let detail = format!("{text:?} is of a whole group; group by a field");
                return Err(SelectError::invalid(&at, detail));
            }
            groups.push(group);
        }
        let is_aggregate =
            |output: &Output| matches!(output, Output::One(item) if item.is_aggregate);
        let is_grouped = !groups.is_empty() || columns.iter().any(is_aggregate);
        if named == 0 {
            let all = groups.iter().cloned().map(Output::One);
            let all: Vec<Output> = if is_grouped {
                all.collect()
            } else {
                vec![Output::All(None)]
            };
            columns.splice(0..0, all);
        }
        let mut outputs = Self {
            columns,
            groups,
            is_grouped,
            tables,
        };
        let is_list = document.get("fields").is_some_and(Json::is_array);
        outputs.check_grouped(&root.field("fields"), is_list)?;
        outputs.tell_apart(&root.field("fields"))?;
        Ok(outputs)
    }

    fn items(&self) -> impl Iterator<Item = &Item> + Clone {
        self.columns.iter().filter_map(|output| match output {
            Output::One(item) => Some(item),
            Output::All(_) => None,
        })
    }

    /// In a group there are many values of what it is not grouped by.
    fn check_grouped(&self, at: &Pointer<'_>, is_list: bool) -> Result<()> {
        if !self.is_grouped {
            return Ok(());
        }
        for (number, output) in self.columns.iter().enumerate() {
            let at = at.element(is_list.then_some(number));
            match output {
                Output::One(item) if self.is_of_group(item) => {}
                Output::One(item) => return Err(ungrouped(&item.written, &at)),
                Output::All(_) => return Err(ungrouped("*", &at)),
            }
        }
        Ok(())
    }

    fn is_of_group(&self, item: &Item) -> bool {
        let group = |sql: &Sql| self.groups.iter().any(|group| group.sql == *sql);
        item.is_aggregate || group(&item.sql) || item.field.as_ref().is_some_and(group)
    }

    /// Columns that are called the same get the names of their tables.
    fn tell_apart(&mut self, at: &Pointer<'_>) -> Result<()> {
        let names: Vec<(String, bool)> = self
            .items()
            .map(|item| (item.name.clone(), item.is_named))
            .collect();
        let mut taken = Vec::new();
        for (name, is_named) in &names {
            if *is_named && taken.contains(&name) {
                let detail = format!("two columns are named {name:?}");
                return Err(SelectError::invalid(at, detail));
            }
            if *is_named {
                taken.push(name);
            }
        }
        for output in &mut self.columns {
            if let Output::One(item) = output {
                let same = names.iter().filter(|(name, _)| *name == item.name).count();
                if same > 1 && !item.is_named {
                    item.name.clone_from(&item.written);
                }
            }
        }
        Ok(())
    }

    fn list(&self) -> Sql {
        Sql::list(self.columns.iter().map(|output| match output {
            // Without the stores that only link.
            Output::All(None) if self.tables.linked => {
                let tables = self.tables.list.iter();
                Sql::list(tables.map(|table| Sql::name(&table.alias).then(".*")))
            }
            Output::All(None) => Sql::new("*"),
            Output::All(Some(alias)) => Sql::name(alias).then(".*"),
            Output::One(item) if item.sql == Sql::name(&item.name) => item.sql.clone(),
            Output::One(item) => item.sql.clone().then(" AS ").then_name(&item.name),
        }))
    }
}

/// `having` sees the columns of the result and what it is grouped by.
impl Scope for Outputs<'_> {
    fn place(&self, name: &str, at: &Pointer<'_>) -> Result<Place> {
        let known = self.items().chain(&self.groups);
        if let Some(item) = known
            .clone()
            .find(|item| item.name == name || item.written == name)
        {
            let sql = item.sql.clone();
            return Ok(Place::calculated(item.name.clone(), sql, item.kinds));
        }
        let names: Vec<&str> = known.map(|item| item.name.as_str()).collect();
        let what = ("field", " in the result");
        Err(SelectError::unknown(
            Fault::UnknownField,
            at,
            what,
            name,
            &names,
        ))
    }

    fn elements_alias(&self) -> String {
        self.tables.elements_alias()
    }
}

fn ungrouped(written: &str, at: &Pointer<'_>) -> SelectError {
    let detail = format!(
        "{written:?} has many values in a group; put it into group_by or take min, max or another aggregate of it"
    );
    SelectError::invalid(at, detail)
}

fn output(text: &str, tables: &Tables<'_>, at: &Pointer<'_>) -> Result<Output> {
    let text = text.trim();
    if text == "*" {
        return Ok(Output::All(None));
    }
    if let Some(alias) = text.strip_suffix(".*")
        && let Some(table) = tables.called(alias)
    {
        return Ok(Output::All(Some(table.alias.clone())));
    }
    item(text, tables, at).map(Output::One)
}

/// The column of the result with this name; `named` for one that the document named itself.
fn find<'c>(columns: &'c [Output], name: &str, named: bool) -> Option<&'c Item> {
    columns.iter().find_map(|output| match output {
        Output::One(item) if item.name == name && (item.is_named || !named) => Some(item),
        _ => None,
    })
}

/// `name`, `name desc`, `name asc`, with `nulls first` or `nulls last`.
fn order_by(
    document: &Fields<'_>,
    outputs: &Outputs<'_>,
    tables: &Tables<'_>,
    notes: &mut Vec<String>,
    root: &Pointer<'_>,
) -> Result<Vec<Sql>> {
    let at = root.field("order_by");
    let mut terms = Vec::new();
    for (number, text) in document.texts("order_by")? {
        order_term(
            text,
            outputs,
            tables,
            notes,
            &at.element(number),
            &mut terms,
        )?;
    }
    Ok(terms)
}

fn order_term(
    text: &str,
    outputs: &Outputs<'_>,
    tables: &Tables<'_>,
    notes: &mut Vec<String>,
    at: &Pointer<'_>,
    terms: &mut Vec<Sql>,
) -> Result<()> {
    let text = text.trim();
    let direct = ordered(text, outputs, tables, at);
    let (item, descends, nulls) = match direct {
        Ok(item) => (item, false, ""),
        Err(error) => {
            let (rest, nulls) = split_nulls(text);
            let (name, descends) = match strip_last_word(rest, "desc") {
                Some(name) => (name, true),
                None => (strip_last_word(rest, "asc").unwrap_or(rest), false),
            };
            if name == text {
                return Err(error);
            }
            (ordered(name, outputs, tables, at)?, descends, nulls)
        }
    };
    let (item, is_output) = item;
    if item.is_aggregate && !outputs.is_grouped {
        let detail = "an aggregate orders groups; add group_by or aggregates";
        return Err(SelectError::invalid(at, detail));
    }
    if outputs.is_grouped && !is_output && !outputs.is_of_group(&item) {
        return Err(ungrouped(&item.written, at));
    }
    let directed = |sql: Sql, descends: bool| {
        let sql = if descends { sql.then(" DESC") } else { sql };
        sql.then(nulls)
    };
    if item.parts.is_empty() {
        terms.push(directed(item.sql, descends));
        return Ok(());
    }
    if tables
        .list
        .iter()
        .any(|table| table.store.shape.by_expression)
    {
        notes.push(
            "an expression orders the keys of the store; ordering by key here goes by their fields"
                .to_owned(),
        );
    }
    let parts = item.parts.into_iter();
    terms.extend(parts.map(|(part, own)| directed(part, own != descends)));
    Ok(())
}

/// A column of the result, which goes before a field of the same name, or such a field; and whether it is the former.
fn ordered(
    name: &str,
    outputs: &Outputs<'_>,
    tables: &Tables<'_>,
    at: &Pointer<'_>,
) -> Result<(Item, bool)> {
    if let Some(item) = find(&outputs.columns, name, true) {
        let sql = Sql::name(&item.name);
        let item = Item {
            sql,
            ..item.clone()
        };
        return Ok((item, true));
    }
    if let Some(item) = find(&outputs.columns, name, false) {
        return Ok((item.clone(), true));
    }
    let field = expression(name, tables, at);
    field.map(|item| (item, false)).map_err(|error| {
        let names: Vec<&str> = outputs.items().map(|item| item.name.as_str()).collect();
        let near = sop::nearest(name, names);
        if error.suggestions.is_empty() && !near.is_empty() {
            let detail = format!("{}; did you mean {:?}?", error.detail, near.join(" or "));
            return SelectError { detail, ..error }.with(near);
        }
        error
    })
}

fn split_nulls(text: &str) -> (&str, &'static str) {
    for (last, sql) in [("first", " NULLS FIRST"), ("last", " NULLS LAST")] {
        let rest = strip_last_word(text, last);
        if let Some(rest) = rest.and_then(|rest| strip_last_word(rest, "nulls")) {
            return (rest, sql);
        }
    }
    (text, "")
}
