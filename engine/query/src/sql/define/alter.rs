//! What `ALTER STORE` changes.

use sop::{FieldType, SchemaField, StoreChange, StoreDefinition};

use super::words::invalid;
use super::{Action, Column, Name, References, create, settings};
use crate::sql::Result;
use crate::sql::columns::{Source, TableColumns};
use crate::sql::error::{Code, QueryError};
use crate::sql::running::Running;

/// The store that is altered.
pub(super) struct Altered<'a> {
    pub running: &'a Running,
    pub database: usize,
    pub definition: &'a StoreDefinition,
    pub columns: &'a TableColumns,
}

impl Altered<'_> {
    /// All actions of a statement as one change.
    pub fn change(&self, actions: &[Action]) -> Result<StoreChange> {
        let mut change = StoreChange::default();
        for action in actions {
            match action {
                Action::AddColumn(column) => self.add_column(&mut change, column)?,
                Action::DropColumn { name, if_exists } => {
                    self.drop_column(&mut change, name, *if_exists)?;
                }
                Action::AddRelation(relation) => self.add_relation(&mut change, relation)?,
                Action::DropRelation(relation) => self.drop_relation(&mut change, relation)?,
                Action::Set(settings) => settings::change(settings, self.definition, &mut change)?,
            }
        }
        Ok(change)
    }

    fn is_key(&self, name: &str) -> bool {
        let key = &self.definition.key;
        let fields = key.fields().iter().map(|field| &field.name);
        let mut names = fields.chain(key.ride_on().iter().map(|field| &field.name));
        names.any(|there| there.eq_ignore_ascii_case(name))
    }

    fn add_column(&self, change: &mut StoreChange, column: &Column) -> Result<()> {
        let name = &column.name;
        let schema = change
            .schema
            .get_or_insert_with(|| self.definition.schema.clone());
        let there = schema
            .fields
            .iter()
            .any(|field| field.name.eq_ignore_ascii_case(&name.text));
        if there || self.is_key(&name.text) {
            let message = format!(
                "store {:?} has a column {:?} already",
                self.definition.name, name.text
            );
            return Err(QueryError::new(Code::Constraint, message).at(Some(name.at)));
        }
        if column.not_null && !schema.declared {
            let message = "NOT NULL is kept only by a declared schema; write SET (declared = true) before it, which enforces all columns";
            return invalid(name.at, message);
        }
        schema.fields.push(SchemaField {
            name: name.text.clone(),
            kind: column
                .kind
                .as_ref()
                .map_or(FieldType::Any, |kind| kind.field),
            required: column.not_null,
        });
        Ok(())
    }

    fn drop_column(&self, change: &mut StoreChange, name: &Name, if_exists: bool) -> Result<()> {
        let schema = change
            .schema
            .get_or_insert_with(|| self.definition.schema.clone());
        let is = |text: &str| text.eq_ignore_ascii_case(&name.text);
        if let Some(at) = schema.fields.iter().position(|field| is(&field.name)) {
            schema.fields.remove(at);
            return Ok(());
        }
        if self.is_key(&name.text) {
            let message = format!("column {:?} is in the key, which is not changed", name.text);
            return Err(QueryError::new(Code::Unsupported, message).at(Some(name.at)));
        }
        if if_exists {
            return Ok(());
        }
        let known = schema.fields.iter().map(|field| field.name.as_str());
        let near = sop::nearest(&name.text, known);
        let message = format!(
            "the schema of store {:?} has no column {:?}; UPDATE … SET {} = NULL removes a field from items",
            self.definition.name, name.text, name.text
        );
        Err(QueryError::new(Code::FieldNotFound, message)
            .suggest(near)
            .at(Some(name.at)))
    }

    fn known(&self, change: &StoreChange, name: &str) -> bool {
        let mut added = change.schema.iter().flat_map(|schema| &schema.fields);
        self.columns.named(name).is_some() || added.any(|field| field.name == name)
    }

    fn add_relation(&self, change: &mut StoreChange, from: &References) -> Result<()> {
        for field in &from.fields {
            if !self.known(change, &field.text) {
                let visible = self
                    .columns
                    .iter()
                    .filter(|column| !matches!(column.source, Source::Version | Source::Position));
                let names = visible.map(|column| column.name.as_str());
                let message = format!(
                    "store {:?} has no field {:?}",
                    self.definition.name, field.text
                );
                return Err(QueryError::new(Code::FieldNotFound, message)
                    .suggest(sop::nearest(&field.text, names))
                    .at(Some(field.at)));
            }
        }
        let relation = create::relation(from, |name| {
            let transaction = self.running.transaction(self.database).ok()?;
            let store = transaction.documents(name).ok()?;
            Some(store.definition().key.clone())
        })?;
        let relations = change
            .relations
            .get_or_insert_with(|| self.definition.relations.clone());
        if relations.contains(&relation) {
            let message = format!("the relation to {:?} is there already", from.target.text);
            return Err(QueryError::new(Code::Constraint, message).at(Some(from.target.at)));
        }
        relations.push(relation);
        Ok(())
    }

    fn drop_relation(&self, change: &mut StoreChange, from: &References) -> Result<()> {
        let relations = change
            .relations
            .get_or_insert_with(|| self.definition.relations.clone());
        let same = |names: &[Name], fields: &[String]| {
            names.len() == fields.len()
                && names
                    .iter()
                    .zip(fields)
                    .all(|(name, field)| name.text == *field)
        };
        let before = relations.len();
        relations.retain(|there| {
            let target = there.target_store == from.target.text
                && (from.target_fields.is_empty()
                    || same(&from.target_fields, &there.target_fields));
            !(target && same(&from.fields, &there.source_fields))
        });
        if relations.len() < before {
            return Ok(());
        }
        let there: Vec<String> = relations
            .iter()
            .map(|there| {
                let (source, target) = (
                    there.source_fields.join(", "),
                    there.target_fields.join(", "),
                );
                format!("({source}) TO {} ({target})", there.target_store)
            })
            .collect();
        let message = match there.as_slice() {
            [] => format!("store {:?} has no relations", self.definition.name),
            there => format!("there is no such relation; there are {}", there.join("; ")),
        };
        Err(QueryError::new(Code::InvalidValue, message).at(Some(from.target.at)))
    }
}
