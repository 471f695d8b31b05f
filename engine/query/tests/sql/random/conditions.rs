//! Random conditions, values and aggregates.

use super::generate::{Generator, Scope};
use super::query::{Expr, Query};
use super::schema::{Kind, value as random_value};
use crate::harness::Cell;

const COMPARISONS: [&str; 8] = [
    "{} = {}", "{} = {}", "{} < {}", "{} <= {}", "{} > {}", "{} >= {}", "{} <> {}", "{} IS {}",
];
const LIKES: [&str; 12] = [
    "a%",
    "A%",
    "%b",
    "_b%",
    "%",
    "",
    "10%",
    "2024-01-%",
    "2024-01-0_",
    "00000%",
    "ab",
    "%a%",
];
const GLOBS: [&str; 7] = [
    "a*",
    "A*",
    "*b",
    "?b*",
    "2024-0[12]-*",
    "0000000[0-4]*",
    "*",
];

/// A literal, bound now and then.
fn given(g: &mut Generator<'_>, cell: Cell) -> Expr {
    if g.rng.chance(35) {
        Expr::Param(cell)
    } else {
        Expr::Literal(cell)
    }
}

/// A value to compare a column with: of its kind, mostly.
fn constant(g: &mut Generator<'_>, kind: Kind) -> Expr {
    const KINDS: [Kind; 6] = [
        Kind::Int,
        Kind::Real,
        Kind::Text,
        Kind::Date,
        Kind::Bool,
        Kind::Mixed,
    ];
    let cell = match g.rng.below(20) {
        0 => Cell::Null,
        1 | 2 => {
            let kind = *g.rng.pick(&KINDS);
            Cell::from_json(random_value(g.rng, kind))
        }
        // Beyond what keys hold, and between what they hold.
        3 if kind == Kind::Int => g
            .rng
            .pick(&[
                Cell::Integer(i64::MAX),
                Cell::Integer(i64::MIN),
                Cell::Integer(300),
                Cell::Real(2.5),
                Cell::Real(3.0),
                Cell::Real(-1e300),
            ])
            .clone(),
        4 if matches!(kind, Kind::Date | Kind::DateTime | Kind::Uuid) => {
            let texts = [
                "",
                "2024",
                "2024-01",
                "2024-02-31",
                "2024-01-05T",
                "0000000",
                "zz",
            ];
            Cell::Text((*g.rng.pick(&texts)).to_owned())
        }
        _ => Cell::from_json(random_value(g.rng, kind)),
    };
    given(g, cell)
}

/// A condition over the columns of a scope.
pub fn condition(g: &mut Generator<'_>, scope: &Scope, depth: usize) -> Expr {
    let (column, kind) = g.any_column(scope);
    match g.rng.below(if depth > 0 { 26 } else { 19 }) {
        0..=6 => {
            let constant = constant(g, kind);
            Expr::call(*g.rng.pick(&COMPARISONS), vec![column, constant])
        }
        7 | 8 => {
            let (low, high) = (constant(g, kind), constant(g, kind));
            let texts = [
                "{} BETWEEN {} AND {}",
                "{} BETWEEN {} AND {}",
                "{} NOT BETWEEN {} AND {}",
            ];
            Expr::call(*g.rng.pick(&texts), vec![column, low, high])
        }
        9 | 10 => list(g, column, kind),
        11 => like(g, column),
        12 => Expr::call(
            *g.rng
                .pick(&["{} IS NULL", "{} IS NOT NULL", "{} IS NOT NULL"]),
            vec![column],
        ),
        13 => Expr::call("{}", vec![column]),
        14 => {
            let constant = constant(g, Kind::Text);
            Expr::call("{} = {} COLLATE NOCASE", vec![column, constant])
        }
        15 => {
            let (other, _) = g.any_column(scope);
            Expr::call(*g.rng.pick(&COMPARISONS), vec![column, other])
        }
        16 => whole_key(g, scope),
        17 | 18 => {
            let value = value(g, scope);
            let constant = constant(g, Kind::Int);
            Expr::call(*g.rng.pick(&COMPARISONS), vec![value, constant])
        }
        19 => subquery(g, scope),
        20 => Expr::call("NOT ({})", vec![condition(g, scope, depth - 1)]),
        21 | 22 => two(g, scope, depth, "({} AND {})"),
        _ => two(g, scope, depth, "({} OR {})"),
    }
}

fn two(g: &mut Generator<'_>, scope: &Scope, depth: usize, text: &str) -> Expr {
    let (left, right) = (
        condition(g, scope, depth - 1),
        condition(g, scope, depth - 1),
    );
    Expr::call(text, vec![left, right])
}

fn list(g: &mut Generator<'_>, column: Expr, kind: Kind) -> Expr {
    let length = 1 + g.rng.below(4);
    let mut arguments = vec![column];
    arguments.extend((0..length).map(|_| constant(g, kind)));
    let marks = vec!["{}"; length].join(", ");
    let not = if g.rng.chance(20) { "NOT " } else { "" };
    Expr::call(format!("{{}} {not}IN ({marks})"), arguments)
}

fn like(g: &mut Generator<'_>, column: Expr) -> Expr {
    let (text, patterns): (_, &[&str]) = match g.rng.below(4) {
        0 => ("{} GLOB {}", &GLOBS),
        1 => ("{} NOT LIKE {}", &LIKES),
        _ => ("{} LIKE {}", &LIKES),
    };
    let pattern = Cell::Text((*g.rng.pick(patterns)).to_owned());
    let pattern = given(g, pattern);
    Expr::call(text, vec![column, pattern])
}

/// Several fields of a key at once.
pub fn whole_key(g: &mut Generator<'_>, scope: &Scope) -> Expr {
    let (source, table) = *g.rng.pick(scope);
    let fields = g.table(table).descending.len();
    let equal = 1 + g.rng.below(fields);
    let mut conditions = Vec::new();
    for at in 0..equal {
        let kind = g.column(table, at).kind;
        let constant = constant(g, kind);
        let comparison = if at + 1 < equal {
            "{} = {}"
        } else {
            *g.rng.pick(&COMPARISONS)
        };
        conditions.push(Expr::call(
            comparison,
            vec![Expr::Column(source, at), constant],
        ));
    }
    let text = vec!["{}"; equal].join(" AND ");
    Expr::call(format!("({text})"), conditions)
}

/// EXISTS, IN or a comparison with a subquery, which may look outwards.
fn subquery(g: &mut Generator<'_>, scope: &Scope) -> Expr {
    let source = g.source();
    let own = (source.id, source.table);
    let inner = vec![own];
    let mut query = Query::default();
    query.sources.push(source);
    let (column, kind) = g.column_of(own);
    query.columns.push(column);
    let (outer, outer_kind) = g.any_column(scope);
    let correlated = g.rng.chance(60);
    if correlated {
        let (field, _) = g.column_of(own);
        query
            .filter
            .push(Expr::call("{} = {}", vec![field, outer.clone()]));
    }
    if g.rng.chance(50) {
        let condition = condition(g, &inner, 0);
        query.filter.push(condition);
    }
    // With a virtual table SQLite tests IN by the column's type alone, and in a plain one by both sides'.
    let loose = |kind| matches!(kind, Kind::Mixed | Kind::Object);
    let all = ["EXISTS ({})", "NOT EXISTS ({})", "scalar", "IN", "NOT IN"];
    let texts = if loose(kind) == loose(outer_kind) {
        &all[..]
    } else {
        &all[..3]
    };
    let text = *g.rng.pick(texts);
    match text {
        "scalar" => {
            let argument = query.columns.remove(0);
            let aggregate = *g.rng.pick(&["count({})", "max({})", "min({})"]);
            query.columns.push(Expr::call(aggregate, vec![argument]));
            let query = Expr::Query("({})".to_owned(), Box::new(query));
            Expr::call(*g.rng.pick(&COMPARISONS), vec![outer, query])
        }
        "IN" | "NOT IN" => {
            let query = Expr::Query("({})".to_owned(), Box::new(query));
            Expr::call(format!("{{}} {text} {{}}"), vec![outer, query])
        }
        _ => Expr::Query(text.to_owned(), Box::new(query)),
    }
}

/// A value made of columns.
pub fn value(g: &mut Generator<'_>, scope: &Scope) -> Expr {
    let (column, kind) = g.any_column(scope);
    let (other, _) = g.any_column(scope);
    match g.rng.below(9) {
        0 if kind == Kind::Int => Expr::call("{} + 1", vec![column]),
        1 if kind == Kind::Int => Expr::call("{} * 2 - {}", vec![column.clone(), column]),
        2 if kind == Kind::Object => Expr::call("{} ->> '$.x'", vec![column]),
        2 | 3 => Expr::call("length({})", vec![column]),
        4 => Expr::call("typeof({})", vec![column]),
        5 => Expr::call("coalesce({}, {})", vec![column, other]),
        6 => Expr::call(
            "CASE WHEN {} IS NULL THEN 'none' ELSE {} END",
            vec![other, column],
        ),
        7 => Expr::call("{} || '-' || {}", vec![column, other]),
        _ => {
            let constant = constant(g, kind);
            Expr::call("({} < {})", vec![column, constant])
        }
    }
}

/// An aggregate whose value does not depend on the order of the rows.
pub fn aggregate(g: &mut Generator<'_>, scope: &Scope) -> Expr {
    let (column, _) = g.any_column(scope);
    let filter = if g.rng.chance(12) {
        Some(condition(g, scope, 0))
    } else {
        None
    };
    let texts = [
        "count(*)",
        "count(*)",
        "count({})",
        "count(DISTINCT {})",
        "sum({})",
        "avg({})",
        "min({})",
        "max({})",
        "total({})",
        "sum(DISTINCT {})",
    ];
    let text = *g.rng.pick(&texts);
    let mut arguments = if text.contains("{}") {
        vec![column]
    } else {
        Vec::new()
    };
    let Some(filter) = filter else {
        return Expr::call(text, arguments);
    };
    arguments.push(filter);
    Expr::call(format!("{text} FILTER (WHERE {{}})"), arguments)
}
