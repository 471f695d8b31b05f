//! Random queries over a random schema.

use super::conditions;
use super::query::{Expr, Ordering, Query, Source};
use super::rng::Rng;
use super::schema::{Column, Kind, Schema, Table};

/// What an expression may name: sources by id and table.
pub type Scope = Vec<(usize, usize)>;

/// The generator.
pub struct Generator<'a> {
    pub rng: &'a mut Rng,
    pub schema: &'a Schema,
    sources: usize,
}

const SUFFIXES: [&str; 5] = ["", "", " DESC", " NULLS LAST", " DESC NULLS FIRST"];
const COMPOUNDS: [&str; 4] = [" UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT "];
const JOINS: [&str; 7] = [
    " JOIN",
    " JOIN",
    " LEFT JOIN",
    " LEFT JOIN",
    " RIGHT JOIN",
    " FULL JOIN",
    ",",
];

/// A whole query.
pub fn query(rng: &mut Rng, schema: &Schema) -> Query {
    let mut generator = Generator {
        rng,
        schema,
        sources: 0,
    };
    if generator.rng.chance(20) {
        return generator.by_key();
    }
    if generator.rng.chance(10) {
        return generator.counted();
    }
    let mut query = if generator.rng.chance(30) {
        generator.aggregated()
    } else {
        generator.selected()
    };
    if generator.rng.chance(8) {
        let width = query.columns.len();
        let mut other = generator.selected();
        other.columns.extend(
            (other.columns.len()..width).map(|_| Expr::Literal(crate::harness::Cell::Null)),
        );
        other.columns.truncate(width);
        query.compound = Some((*generator.rng.pick(&COMPOUNDS), Box::new(other)));
    }
    generator.order(&mut query);
    query
}

impl Generator<'_> {
    pub fn table(&self, table: usize) -> &Table {
        &self.schema.tables[table]
    }

    /// A column of a source, of its key as often as not.
    pub fn column_of(&mut self, (source, table): (usize, usize)) -> (Expr, Kind) {
        let (keys, all) = (
            self.table(table).descending.len(),
            self.table(table).columns.len(),
        );
        let at = if self.rng.chance(45) {
            self.rng.below(keys)
        } else {
            self.rng.below(all)
        };
        (Expr::Column(source, at), self.column(table, at).kind)
    }

    pub fn column(&self, table: usize, at: usize) -> &Column {
        &self.schema.tables[table].columns[at]
    }

    pub fn any_column(&mut self, scope: &Scope) -> (Expr, Kind) {
        let source = *self.rng.pick(scope);
        self.column_of(source)
    }

    /// A new source over a random store.
    pub fn source(&mut self) -> Source {
        self.sources += 1;
        Source {
            id: self.sources - 1,
            table: self.rng.below(self.schema.tables.len()),
            join: "",
            on: Vec::new(),
        }
    }

    /// One to three sources, joined; a join without an equality at most once.
    fn from(&mut self, query: &mut Query) -> Scope {
        let first = self.source();
        let mut scope = vec![(first.id, first.table)];
        query.sources.push(first);
        let mut loose = false;
        let joins = [0, 0, 0, 1, 1, 1, 1, 2, 2][self.rng.below(9)];
        for _ in 0..joins {
            let mut source = self.source();
            source.join = *self.rng.pick(&JOINS);
            let own = (source.id, source.table);
            let equal = loose || self.rng.chance(85);
            let mut conditions = Vec::new();
            if equal {
                conditions.push(self.equality(&scope, own));
            }
            loose |= !equal;
            scope.push(own);
            if self.rng.chance(25) || (!equal && source.join != ",") {
                conditions.push(self.condition(&scope, 1));
            }
            if source.join == "," {
                query.filter.extend(conditions);
            } else {
                source.on = conditions;
            }
            query.sources.push(source);
        }
        for _ in 0..[0, 0, 1, 1, 1, 2][self.rng.below(6)] {
            let condition = self.condition(&scope, 2);
            query.filter.push(condition);
        }
        scope
    }

    /// A column of the new source equal to one of those before it, of a like kind where there is one.
    fn equality(&mut self, scope: &Scope, own: (usize, usize)) -> Expr {
        let (mut left, mut kind) = self.column_of(own);
        let (mut right, mut other) = self.any_column(scope);
        for _ in 0..6 {
            if kind == other {
                break;
            }
            (right, other) = self.any_column(scope);
            if kind != other {
                (left, kind) = self.column_of(own);
            }
        }
        Expr::call("{} = {}", vec![left, right])
    }

    fn selected(&mut self) -> Query {
        let mut query = Query::default();
        let scope = self.from(&mut query);
        for _ in 0..=self.rng.below(4) {
            let column = if self.rng.chance(75) {
                self.any_column(&scope).0
            } else {
                conditions::value(self, &scope)
            };
            query.columns.push(column);
        }
        query.distinct = self.rng.chance(20);
        query
    }

    fn aggregated(&mut self) -> Query {
        let mut query = Query::default();
        let scope = self.from(&mut query);
        for _ in 0..self.rng.below(3) {
            let group = if self.rng.chance(85) {
                self.any_column(&scope).0
            } else {
                conditions::value(self, &scope)
            };
            query.group.push(group);
        }
        query.columns.clone_from(&query.group);
        for _ in 0..=self.rng.below(3) {
            let aggregate = conditions::aggregate(self, &scope);
            query.columns.push(aggregate);
        }
        if self.rng.chance(25) && !query.group.is_empty() {
            let aggregate = conditions::aggregate(self, &scope);
            let having = ["{} > 2", "{} IS NOT NULL", "{} <= 5"];
            query
                .having
                .push(Expr::call(*self.rng.pick(&having), vec![aggregate]));
        }
        query
    }

    /// The items of one store in the order of its key or of some of its fields, which needs no sort.
    fn by_key(&mut self) -> Query {
        let mut query = Query::default();
        let source = self.source();
        let scope = vec![(source.id, source.table)];
        let (id, table) = scope[0];
        query.sources.push(source);
        let descending = self.table(table).descending.clone();
        let fields = if self.rng.chance(70) {
            descending.len()
        } else {
            1 + self.rng.below(descending.len())
        };
        // Now and then the groups of a prefix, which lie together.
        let grouped = self.rng.chance(30);
        let named = if grouped { fields } else { descending.len() };
        query.columns = (0..named).map(|at| Expr::Column(id, at)).collect();
        if grouped && self.rng.chance(50) {
            query.group.clone_from(&query.columns);
            let aggregate = conditions::aggregate(self, &scope);
            query.columns.push(aggregate);
        } else if grouped {
            query.distinct = true;
        } else if self.rng.chance(50) {
            let column = self.column_of(scope[0]).0;
            query.columns.push(column);
        }
        let backwards = self.rng.chance(50);
        // Now and then not quite the key's directions.
        let twisted = self.rng.chance(15);
        query.order = (0..fields)
            .map(|column| Ordering {
                column,
                suffix: if descending[column] == (backwards ^ (twisted && column > 0)) {
                    ""
                } else {
                    " DESC"
                },
            })
            .collect();
        for _ in 0..self.rng.below(3) {
            let condition = self.condition(&scope, 1);
            query.filter.push(condition);
        }
        query.total = grouped || (fields == descending.len() && self.table(table).unique);
        if query.total && self.rng.chance(50) {
            query.limit = Some((self.rng.below(12), self.rng.below(3) * self.rng.below(8)));
        }
        query
    }

    /// How many items lie in a range of keys, and the ends of it, which needs no walk.
    fn counted(&mut self) -> Query {
        let mut query = Query::default();
        let source = self.source();
        let scope = vec![(source.id, source.table)];
        let first = Expr::Column(source.id, 0);
        query.sources.push(source);
        query.columns = match self.rng.below(4) {
            0 => vec![Expr::call("min({})", vec![first])],
            1 => vec![Expr::call("max({})", vec![first])],
            _ => vec![Expr::call("count(*)", Vec::new())],
        };
        for _ in 0..self.rng.below(3) {
            let condition = conditions::whole_key(self, &scope);
            query.filter.push(condition);
        }
        query
    }

    /// An order over columns of the result, over all of them where rows are cut off.
    fn order(&mut self, query: &mut Query) {
        if self.rng.chance(40) {
            return;
        }
        let mut columns: Vec<usize> = (0..query.columns.len()).collect();
        for at in (1..columns.len()).rev() {
            columns.swap(at, self.rng.below(at + 1));
        }
        if self.rng.chance(45) {
            query.limit = Some((self.rng.below(10), self.rng.below(2) * self.rng.below(10)));
            query.total = true;
        } else {
            columns.truncate(1 + self.rng.below(columns.len()));
        }
        query.order = columns
            .into_iter()
            .map(|column| Ordering {
                column,
                suffix: self.suffix(),
            })
            .collect();
    }

    fn suffix(&mut self) -> &'static str {
        SUFFIXES[self.rng.below(SUFFIXES.len())]
    }

    pub fn condition(&mut self, scope: &Scope, depth: usize) -> Expr {
        conditions::condition(self, scope, depth)
    }
}
