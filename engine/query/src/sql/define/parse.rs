//! Reading `CREATE`, `DROP` and `ALTER`.

use super::types::type_name;
use super::words::{Words, unsupported};
use super::{Action, Column, Create, Definition, KeyPart, Name, References, Setting, SettingValue};
use crate::sql::Result;
use crate::sql::error::{Code, QueryError};
use crate::sql::tokens::TokenKind;

/// Reads a definition. Places in errors are bytes of `sql`.
pub(in crate::sql) fn parse(sql: &str) -> Result<Definition> {
    let mut words = Words::new(sql);
    let words = &mut words;
    let (verb, start) = (words.name("CREATE, DROP or ALTER")?, words.at());
    for word in ["TEMP", "TEMPORARY", "VIRTUAL", "TRIGGER"] {
        if words.is(word) {
            let message = format!(
                "{word} is not allowed: statements define stores and nothing else; WITH x AS (SELECT …) makes a table for one statement"
            );
            return Err(QueryError::new(Code::Forbidden, message).at(Some(start)));
        }
    }
    let verb = verb.text.to_ascii_uppercase();
    let unique = verb == "CREATE" && words.take(&["UNIQUE"]);
    if unique && !words.is("INDEX") {
        return words.expected("INDEX");
    }
    if words.take(&["INDEX"]) {
        return match verb.as_str() {
            "CREATE" => super::index::create(words, unique),
            "DROP" => {
                let if_exists = words.take(&["IF", "EXISTS"]);
                let index = words.store_name()?;
                words.finish("one name")?;
                Ok(Definition::DropIndex { index, if_exists })
            }
            _ => unsupported(start, "an index is not altered; drop it and make it anew"),
        };
    }
    if !words.take_any(&["STORE", "TABLE"]) {
        return words.expected("STORE, TABLE or INDEX");
    }
    match verb.as_str() {
        "CREATE" => create(words),
        "DROP" => {
            let if_exists = words.take(&["IF", "EXISTS"]);
            let store = words.store_name()?;
            words.finish("one name")?;
            Ok(Definition::Drop { store, if_exists })
        }
        _ => alter(words),
    }
}

fn create(words: &mut Words<'_>) -> Result<Definition> {
    let if_not_exists = words.take(&["IF", "NOT", "EXISTS"]);
    let mut create = Create {
        store: words.store_name()?,
        if_not_exists,
        columns: Vec::new(),
        key: Vec::new(),
        relations: Vec::new(),
        settings: Vec::new(),
        strict: false,
        select: None,
    };
    if words.is_sign("(") {
        words.list(|words| part(words, &mut create))?;
    }
    loop {
        if words.is("PRIMARY") {
            primary_key(words, &mut create)?;
        } else if words.take(&["WITHOUT", "ROWID"]) {
            // As every store is.
        } else if words.take(&["STRICT"]) {
            create.strict = true;
        } else if words.take(&["WITH"]) {
            create.settings.extend(words.list(setting)?);
        } else if words.take(&["AS"]) {
            if !(words.is("SELECT") || words.is("WITH") || words.is("VALUES")) {
                return words.expected("SELECT, WITH or VALUES");
            }
            create.select = Some(words.at()..words.sql.len());
            break;
        } else if !words.take_sign(",") {
            break;
        }
    }
    if create.select.is_none() {
        if create.columns.is_empty() {
            return words.expected("\"(\" and the columns, or AS and a select");
        }
        words.finish("WITH (…), AS")?;
    }
    Ok(Definition::Create(Box::new(create)))
}

/// A column, or what stands between columns.
fn part(words: &mut Words<'_>, create: &mut Create) -> Result<()> {
    if words.take(&["CONSTRAINT"]) {
        // Its name has no use: nothing is enforced that could be broken under it.
        words.name("the name of the constraint")?;
    }
    if words.is("PRIMARY") {
        return primary_key(words, create);
    }
    if words.take(&["FOREIGN", "KEY"]) {
        let fields = words.names("a column")?;
        words.word("REFERENCES")?;
        let relation = references(words, fields)?;
        create.relations.push(relation);
        return Ok(());
    }
    let behind = words
        .peek(1)
        .is_some_and(|token| token.is_sign(words.sql, "("));
    if behind && (words.is("CHECK") || words.is("UNIQUE")) {
        return not_there(words);
    }
    let mut key = None;
    let (column, relation) = column(words, &mut key)?;
    if let Some(descending) = key {
        if !create.key.is_empty() {
            let message =
                "the primary key is given twice; a key of several columns is PRIMARY KEY (a, b)";
            return super::words::invalid(column.name.at, message);
        }
        create.key.push(KeyPart {
            name: column.name.clone(),
            kind: None,
            descending,
        });
    }
    create.relations.extend(relation);
    create.columns.push(column);
    Ok(())
}

fn primary_key(words: &mut Words<'_>, create: &mut Create) -> Result<()> {
    let at = words.at();
    words.word("PRIMARY")?;
    words.word("KEY")?;
    if !create.key.is_empty() {
        let message =
            "the primary key is given twice; a key of several columns is PRIMARY KEY (a, b)";
        return super::words::invalid(at, message);
    }
    create.key = words.list(|words| {
        let name = words.name("a column")?;
        let kind = type_name(words)?;
        if words.is("COLLATE") || words.is("AUTOINCREMENT") {
            return not_there(words);
        }
        Ok(KeyPart {
            name,
            kind,
            descending: descending(words),
        })
    })?;
    Ok(())
}

/// `ASC` or `DESC`.
fn descending(words: &mut Words<'_>) -> bool {
    let descending = words.take(&["DESC"]);
    if !descending {
        words.take(&["ASC"]);
    }
    descending
}

/// A column with what is said of it. `key` becomes its direction when it is the primary key.
fn column(words: &mut Words<'_>, key: &mut Option<bool>) -> Result<(Column, Option<References>)> {
    let name = words.name("a column")?;
    let kind = type_name(words)?;
    let mut column = Column {
        name,
        kind,
        not_null: false,
    };
    let mut relation = None;
    loop {
        if words.take(&["CONSTRAINT"]) {
            words.name("the name of the constraint")?;
        } else if words.take(&["NOT", "NULL"]) {
            column.not_null = true;
        } else if words.take(&["NULL"]) {
            // As every column is.
        } else if words.take(&["PRIMARY", "KEY"]) {
            *key = Some(descending(words));
        } else if words.take(&["REFERENCES"]) {
            relation = Some(references(words, vec![column.name.clone()])?);
        } else if words.is_sign(",") || words.is_sign(")") || words.is_end() {
            return Ok((column, relation));
        } else {
            return not_there(words);
        }
    }
}

/// The error for what other databases have here.
fn not_there<T>(words: &Words<'_>) -> Result<T> {
    let message = match () {
        () if words.is("DEFAULT") => {
            "there are no defaults: a field that an INSERT leaves out is missing; write the value, or COALESCE(field, …) where it is read"
        }
        () if words.is("CHECK") => {
            "there are no CHECKs; a declared schema enforces types and NOT NULL"
        }
        () if words.is("UNIQUE") => {
            "a column is made unique by an index: CREATE UNIQUE INDEX name ON store (column)"
        }
        () if words.is("AUTOINCREMENT") || words.is("AUTO_INCREMENT") || words.is("IDENTITY") => {
            "keys are not counted up by themselves; give the key in the INSERT, or make it a UUID and write uuid()"
        }
        () if words.is("COLLATE") => {
            "keys are ordered by their bytes; there are no collations in stores. ORDER BY x COLLATE NOCASE is there"
        }
        () if words.is("GENERATED") || words.is("AS") => {
            "there are no generated columns; write the expression in the select"
        }
        () if words.is("ON")
            || words.is("DEFERRABLE")
            || words.is("MATCH")
            || words.is("INITIALLY") =>
        {
            "relations are not enforced, so there is nothing to do on delete or update"
        }
        () => return words.expected("a type, NOT NULL, PRIMARY KEY, REFERENCES, \",\" or \")\""),
    };
    unsupported(words.at(), message)
}

/// What stands behind `REFERENCES` or `TO`.
fn references(words: &mut Words<'_>, fields: Vec<Name>) -> Result<References> {
    let target = words.name("the name of a store")?;
    if words.is_sign(".") {
        let message = "a relation is to a store of the same database";
        return unsupported(target.at, message);
    }
    let target_fields = match words.is_sign("(") {
        true => words.names("a field")?,
        false => Vec::new(),
    };
    if words.is("ON") || words.is("DEFERRABLE") || words.is("MATCH") || words.is("INITIALLY") {
        return not_there(words);
    }
    Ok(References {
        fields,
        target,
        target_fields,
    })
}

fn setting(words: &mut Words<'_>) -> Result<Setting> {
    let name = words.name("the name of a setting")?;
    words.sign("=")?;
    let at = words.at();
    let value = match words.peek(0) {
        Some(token) if token.kind == TokenKind::Text => SettingValue::Text(token.name(words.sql)),
        Some(token) if token.kind == TokenKind::Number => {
            let number = token.text(words.sql).parse();
            let Ok(number) = number else {
                return words.expected("a whole number");
            };
            SettingValue::Number(number)
        }
        Some(token) if token.is(words.sql, "TRUE") => SettingValue::Bool(true),
        Some(token) if token.is(words.sql, "FALSE") => SettingValue::Bool(false),
        Some(token) if token.is_name() => SettingValue::Text(token.name(words.sql)),
        Some(token) if token.is_sign(words.sql, "(") => {
            let value = SettingValue::Names(words.names("a column")?);
            return Ok(Setting { name, value, at });
        }
        _ => return words.expected("a text, a number, true, false or (names)"),
    };
    words.advance();
    Ok(Setting { name, value, at })
}

fn alter(words: &mut Words<'_>) -> Result<Definition> {
    let store = words.store_name()?;
    let mut actions = vec![action(words)?];
    while words.take_sign(",") {
        actions.push(action(words)?);
    }
    words.finish("\",\"")?;
    Ok(Definition::Alter { store, actions })
}

fn action(words: &mut Words<'_>) -> Result<Action> {
    let at = words.at();
    if words.take(&["SET"]) {
        return words.list(setting).map(Action::Set);
    }
    if words.take(&["RENAME"]) {
        return unsupported(
            at,
            "names are not changed: a store is copied by CREATE STORE … AS SELECT, a field by UPDATE … SET new = old, old = NULL",
        );
    }
    if words.take(&["ALTER"]) || words.take(&["MODIFY"]) {
        return unsupported(
            at,
            "a column is changed by DROP COLUMN and ADD COLUMN: items keep what they have in it",
        );
    }
    let drop = words.take(&["DROP"]);
    if !drop {
        if !words.take(&["ADD"]) {
            return words.expected("ADD, DROP or SET");
        }
        if words.take(&["CONSTRAINT"]) {
            words.name("the name of the constraint")?;
        }
    }
    let relation = words.take(&["RELATION"]);
    if relation || words.take(&["FOREIGN", "KEY"]) {
        let fields = words.names("a field")?;
        if !words.take_any(&["TO", "REFERENCES"]) {
            return words.expected(if relation { "TO" } else { "REFERENCES" });
        }
        let relation = references(words, fields)?;
        return Ok(match drop {
            true => Action::DropRelation(relation),
            false => Action::AddRelation(relation),
        });
    }
    if words.is("PRIMARY") {
        return unsupported(
            at,
            "the key of a store is not changed: CREATE STORE … AS SELECT makes one with another key",
        );
    }
    words.take(&["COLUMN"]);
    if drop {
        let if_exists = words.take(&["IF", "EXISTS"]);
        let name = words.name("a column")?;
        return Ok(Action::DropColumn { name, if_exists });
    }
    let mut key = None;
    let (column, relation) = column(words, &mut key)?;
    if key.is_some() {
        return unsupported(
            at,
            "the key of a store is not changed: CREATE STORE … AS SELECT makes one with another key",
        );
    }
    if let Some(relation) = relation {
        let message = "write ADD RELATION (field) TO store (field) as an action of its own";
        return unsupported(relation.target.at, message);
    }
    Ok(Action::AddColumn(column))
}
