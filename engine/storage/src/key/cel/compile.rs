//! From the text of an expression to a program: parsed, checked, bounded, its fields resolved.
//!
//! A program that exists names no unknown variable, field or function, has no loop, and is small: at
//! most [`MAX_NODES`] nodes, [`MAX_DEPTH`] deep.

use cel::IdedExpr;
use cel::common::ast::{
    CallExpr, EntryExpr, Expr, LiteralValue, SelectExpr, SourceInfo, operators,
};
use cel::parser::{ParseErrors, Parser};

use super::functions::NAMES;
use super::values::variable;
use super::{CelExpression, MAX_EXPRESSION_BYTES};
use crate::key::{KeyError, KeySpec};
use crate::names::nearest;

/// The most nodes of a program.
const MAX_NODES: usize = 400;
/// The deepest nesting of a program: its evaluation has to fit on any thread's stack.
const MAX_DEPTH: usize = 48;
/// Stack of the thread that parses. The parser needs up to 100 KB for a level of nesting and has up to
/// 96 of them; what a thread does not use costs nothing.
const PARSER_STACK_BYTES: usize = 64 << 20;
/// Errors of one expression that are told.
const MAX_TOLD_ERRORS: usize = 3;

const OPERATORS: [&str; 18] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::IN,
];

/// Compiles an expression for the keys of `spec`.
pub(super) fn compile(spec: &KeySpec, expression: &CelExpression) -> Result<IdedExpr, KeyError> {
    let fault = |detail: String| KeyError::Expression {
        form: expression.form(),
        detail,
    };
    let text = expression.text();
    if text.trim().is_empty() {
        return Err(fault("it is empty".to_owned()));
    }
    if text.len() > MAX_EXPRESSION_BYTES {
        return Err(fault(format!(
            "it has {} bytes; the limit is {MAX_EXPRESSION_BYTES}",
            text.len()
        )));
    }
    // On a thread of its own: how deep a parser goes for hostile text is known for its stack alone, and
    // a tree that is refused is taken down there too.
    let work = || {
        let (mut program, source) = Parser::new()
            .parse_with_source_info(text)
            .map_err(|errors| told(&errors))?;
        let mut check = Check {
            spec,
            expression,
            source: &source,
            nodes: 0,
        };
        check.visit(&mut program, 0)?;
        Ok(program)
    };
    let parsed = std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(PARSER_STACK_BYTES);
        match builder.spawn_scoped(scope, work) {
            Ok(thread) => thread
                .join()
                .unwrap_or_else(|_| Err("the CEL library failed on it".to_owned())),
            Err(error) => Err(format!("no thread to read it on: {error}")),
        }
    });
    parsed.map_err(fault)
}

/// The first errors of the parser with their places.
fn told(errors: &ParseErrors) -> String {
    let mut lines: Vec<String> = Vec::new();
    for error in errors.errors.iter().take(MAX_TOLD_ERRORS) {
        let message = crate::key::error::shortened_to(&error.msg, 200);
        lines.push(format!(
            "line {}, column {}: {message}",
            error.pos.0.max(1),
            error.pos.1.max(1)
        ));
    }
    lines.join("; ")
}

struct Check<'a> {
    spec: &'a KeySpec,
    expression: &'a CelExpression,
    source: &'a SourceInfo,
    nodes: usize,
}

impl Check<'_> {
    /// An error with the place of the node `id`.
    fn at<T>(&self, id: u64, detail: impl std::fmt::Display) -> Result<T, String> {
        let start = self
            .source
            .offset_for(id)
            .map_or(0, |(start, _)| start as usize);
        let before: Vec<char> = self.expression.text().chars().take(start).collect();
        let line = before.iter().filter(|c| **c == '\n').count() + 1;
        let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
        Err(format!("line {line}, column {column}: {detail}"))
    }

    /// Checks a node and all below it, and resolves the fields of keys.
    fn visit(&mut self, node: &mut IdedExpr, depth: usize) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            return self.at(
                node.id,
                format!(
                    "the expression is too large; up to {MAX_NODES} parts and {MAX_DEPTH} levels are taken"
                ),
            );
        }
        let id = node.id;
        if let Some(resolved) = self.field(node)? {
            node.expr = resolved;
            return Ok(());
        }
        match &mut node.expr {
            Expr::Call(call) => self.call(id, call, depth),
            Expr::Select(select) => self.visit(&mut select.operand, depth + 1),
            Expr::List(list) => {
                let mut elements = list.elements.iter_mut();
                elements.try_for_each(|element| self.visit(element, depth + 1))
            }
            Expr::Map(map) => {
                for entry in &mut map.entries {
                    if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                        self.visit(&mut entry.key, depth + 1)?;
                        self.visit(&mut entry.value, depth + 1)?;
                    }
                }
                Ok(())
            }
            Expr::Ident(name) => {
                let name = name.clone();
                self.lone_name(id, &name)
            }
            Expr::Literal(_) => Ok(()),
            Expr::Comprehension(_) => self.at(
                id,
                "a key expression has no loops (all, exists, exists_one, filter, map)",
            ),
            Expr::Struct(_) | Expr::Unspecified => self.at(id, "a key expression has no messages"),
        }
    }

    fn call(&mut self, id: u64, call: &mut CallExpr, depth: usize) -> Result<(), String> {
        let name = call.func_name.as_str();
        if !OPERATORS.contains(&name) && !NAMES.contains(&name) {
            let near = hint(&nearest(name, NAMES));
            return self.at(id, format!("there is no function \"{name}\"{near}"));
        }
        if name.starts_with("get") && !call.args.is_empty() {
            return self.at(
                id,
                format!("\"{name}\" takes no time zone here: rules of zones change, and the order with them"),
            );
        }
        if let Some(target) = &mut call.target {
            self.visit(target, depth + 1)?;
        }
        let mut arguments = call.args.iter_mut();
        arguments.try_for_each(|argument| self.visit(argument, depth + 1))
    }

    /// The expression that stands for a field of a key; `None` when the node is something else.
    fn field(&self, node: &IdedExpr) -> Result<Option<Expr>, String> {
        let (map, name, test) = match &node.expr {
            Expr::Select(SelectExpr {
                operand,
                field,
                test,
            }) => (&**operand, field.as_str(), *test),
            Expr::Call(CallExpr {
                func_name, args, ..
            }) if func_name == operators::INDEX => match args.as_slice() {
                [map, index] => match &index.expr {
                    Expr::Literal(LiteralValue::String(name)) => (map, name.inner(), false),
                    _ => return Ok(None),
                },
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let Expr::Ident(map) = &map.expr else {
            return Ok(None);
        };
        let variables = self.expression.variables();
        let Some(second) = variables.iter().position(|variable| variable == map) else {
            return self.lone_name(node.id, map).map(|()| None);
        };
        let fields = self.spec.fields();
        let Some(at) = fields.iter().position(|field| field.name == name) else {
            if self.spec.ride_on().iter().any(|field| field.name == name) {
                return self.at(
                    node.id,
                    format!("\"{name}\" is a ride-on field, which takes no part in the order"),
                );
            }
            let near = hint(&nearest(name, fields.iter().map(|field| &field.name)));
            return self.at(node.id, format!("the key has no field \"{name}\"{near}"));
        };
        let value = Expr::Ident(variable(second == 1, at));
        if !test {
            return Ok(Some(value));
        }
        let part = |expr| IdedExpr { id: node.id, expr };
        Ok(Some(Expr::Call(CallExpr {
            func_name: operators::NOT_EQUALS.to_owned(),
            target: None,
            args: vec![part(value), part(Expr::Literal(LiteralValue::Null))],
        })))
    }

    /// A name that is not the map of a field.
    fn lone_name(&self, id: u64, name: &str) -> Result<(), String> {
        let variables = self.expression.variables();
        if variables.contains(&name) {
            let field = self.spec.fields().first().map_or("a", |f| f.name.as_str());
            return self.at(id, format!("name a field of {name}, like {name}.{field}"));
        }
        // The names of types, as in `type(key.a) == int`.
        if NAMES.contains(&name) {
            return Ok(());
        }
        let near = hint(&nearest(name, variables));
        self.at(
            id,
            format!(
                "there is no variable \"{name}\"{near}; {} has {}",
                self.expression.form(),
                variables.join(" and ")
            ),
        )
    }
}

fn hint(names: &[String]) -> String {
    match names.first() {
        Some(name) => format!("; did you mean \"{name}\"?"),
        None => String::new(),
    }
}
