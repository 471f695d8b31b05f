//! Conditions and values of scripts: CEL over the variables, compiled once.
//!
//! Always: an expression that exists names only functions that there are, is bounded in size and depth, and has no loop
//! within a loop; it sees variables and nothing else, no clock, no file, no store. `{{name}}` in it means the variable of
//! that name, as it does in templates, and is never put there as text.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use cel::common::ast::{EntryExpr, Expr, SourceInfo};
use cel::{Context, Env, ExecutionError, IdedExpr, Value as Cel, extensions};
use serde_json::Value;

use super::cel_value;
use super::path::Path;
use super::variables::Variables;

/// The longest expression, in bytes.
pub(crate) const MAX_BYTES: usize = 4_000;
/// The most parts of an expression.
const MAX_NODES: usize = 1_000;
/// The deepest nesting: its evaluation has to fit on any thread's stack.
const MAX_DEPTH: usize = 48;
/// Stack of the thread that parses: the parser needs up to 100 KB for a level of up to 96; unused stack costs nothing.
const PARSER_STACK_BYTES: usize = 64 << 20;
/// Longest message of an error.
const MAX_MESSAGE: usize = 300;
/// Largest value that an expression may give, as JSON text.
const MAX_RESULT_BYTES: usize = 16 << 20;

/// Words that cannot be variables.
pub(crate) const RESERVED: [&str; 25] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "run",
    "lists",
    "math",
    "size",
];

/// What may be called.
const FUNCTIONS: [&str; 56] = [
    "abs",
    "all",
    "bool",
    "ceil",
    "charAt",
    "contains",
    "distinct",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "exists",
    "exists_one",
    "filter",
    "flatten",
    "floor",
    "format",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "greatest",
    "has",
    "indexOf",
    "int",
    "isFinite",
    "isNaN",
    "join",
    "lastIndexOf",
    "least",
    "lowerAscii",
    "map",
    "replace",
    "reverse",
    "round",
    "sign",
    "size",
    "slice",
    "sort",
    "sortBy",
    "split",
    "sqrt",
    "startsWith",
    "string",
    "substring",
    "timestamp",
    "trim",
    "trunc",
    "type",
    "upperAscii",
];
/// Names that stand for themselves: types, and the namespaces of functions.
const NAMES: [&str; 13] = [
    "bool",
    "bytes",
    "double",
    "duration",
    "int",
    "list",
    "lists",
    "map",
    "math",
    "null_type",
    "string",
    "timestamp",
    "uint",
];

/// A compiled expression.
#[derive(Clone)]
pub(crate) struct Expression {
    form: Form,
    /// The variables that it names.
    pub variables: BTreeSet<String>,
}

#[derive(Clone)]
enum Form {
    /// It is nothing but a variable and a way into it.
    Path(Path),
    Cel(Arc<IdedExpr>),
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Expression")
            .field("variables", &self.variables)
            .finish_non_exhaustive()
    }
}

fn environment() -> Arc<Env> {
    static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
        let mut env = Env::stdlib();
        // Each is declared once, so that none of them can fail.
        let _ = env.add_extension(extensions::strings);
        let _ = env.add_extension(extensions::lists);
        let _ = env.add_extension(extensions::math);
        Arc::new(env)
    });
    Arc::clone(&ENVIRONMENT)
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is wrong with it, with line and column.
    pub fn compile(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("the expression is empty".to_owned());
        }
        if text.len() > MAX_BYTES {
            let bytes = text.len();
            return Err(format!(
                "the expression has {bytes} bytes; the limit is {MAX_BYTES}"
            ));
        }
        let text = without_braces(text)?;
        if let Some(path) = Path::parse(&text)
            && !RESERVED.contains(&path.variable.as_str())
            && !NAMES.contains(&path.variable.as_str())
        {
            let variables = BTreeSet::from([path.variable.clone()]);
            let form = Form::Path(path);
            return Ok(Self { form, variables });
        }
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, String> {
        // On a thread of its own: what hostile text does to the parser's stack is known for this one alone.
        let work = || {
            let parser = environment().parser();
            let (program, source) = parser.parse_with_source_info(text).map_err(|errors| {
                let told = errors.errors.iter().take(3).map(|error| {
                    let (line, column) = (error.pos.0.max(1), error.pos.1.max(1));
                    format!("line {line}, column {column}: {}", shortened(&error.msg))
                });
                told.collect::<Vec<_>>().join("; ")
            })?;
            let mut check = Check::new(text, &source);
            check.visit(&program, 0, 0)?;
            let variables = check.variables;
            let form = Form::Cel(Arc::new(program));
            Ok(Self { form, variables })
        };
        std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().stack_size(PARSER_STACK_BYTES);
            match builder.spawn_scoped(scope, work) {
                Ok(thread) => thread
                    .join()
                    .unwrap_or_else(|_| Err("the expression cannot be read".to_owned())),
                Err(error) => Err(format!("no thread to read the expression on: {error}")),
            }
        })
    }

    /// Its value.
    ///
    /// # Errors
    /// Why it has none with these variables.
    pub fn value(&self, variables: &Variables) -> Result<Value, String> {
        let program = match &self.form {
            Form::Path(path) => return self.at_path(path, variables).cloned(),
            Form::Cel(program) => program,
        };
        let value = evaluate(program, variables, |value| {
            let value = Cel::try_from(value.as_ref()).map_err(|error| told(&error))?;
            cel_value::to_json(&value)
        })?;
        let size = rough_size(&value);
        if size > MAX_RESULT_BYTES {
            return Err(format!(
                "the value has about {size} bytes; the limit is {MAX_RESULT_BYTES}"
            ));
        }
        Ok(value)
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// As [`Expression::value`]; its value is neither true nor false.
    pub fn holds(&self, variables: &Variables) -> Result<bool, String> {
        let wrong = |value: &Value| match value {
            Value::Bool(value) => Ok(*value),
            other => {
                let shown: String = other.to_string().chars().take(60).collect();
                Err(format!(
                    "a condition is true or false, and this one gives {shown}"
                ))
            }
        };
        match &self.form {
            Form::Path(path) => wrong(self.at_path(path, variables)?),
            Form::Cel(_) => wrong(&self.value(variables)?),
        }
    }

    /// Its value, if it names no variable.
    pub fn constant(&self) -> Option<Value> {
        match self.variables.is_empty() {
            true => self.value(&Variables::default()).ok(),
            false => None,
        }
    }

    fn at_path<'v>(&self, path: &Path, variables: &'v Variables) -> Result<&'v Value, String> {
        let Some(value) = variables.get(&path.variable) else {
            return Err(variables.missing(&path.variable));
        };
        let missing = || format!("{path} is not there; has({path}) says whether it is");
        path.find(value).ok_or_else(missing)
    }
}

fn evaluate<T>(
    program: &IdedExpr,
    variables: &Variables,
    take: impl FnOnce(&cel::common::value::CowVal<'_, '_>) -> Result<T, String>,
) -> Result<T, String> {
    let run = || {
        let mut context = Context::with_env(environment());
        context.set_variable_resolver(variables);
        let value = Cel::resolve_val(program, &context).map_err(|error| match &error {
            ExecutionError::UndeclaredReference(name) => variables.missing(name),
            _ => told(&error),
        })?;
        take(&value)
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err("the expression cannot be evaluated; write it in another way".to_owned())
    })
}

fn told(error: &ExecutionError) -> String {
    let mut text = shortened(&error.to_string());
    let mixed = matches!(
        error,
        ExecutionError::NoSuchOverload(_) | ExecutionError::UnsupportedBinaryOperator(..)
    );
    if mixed {
        text.push_str("; whole numbers and others are computed with after double(x), texts are joined after string(x)");
    }
    text
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn rough_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(rough_size).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, v)| name.len() + rough_size(v))
            .sum(),
        _ => 8,
    }
}

/// The expression with each `{{name}}` outside of its texts as the variable itself.
fn without_braces(text: &str) -> Result<String, String> {
    if !text.contains("{{") {
        return Ok(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut quote: Option<char> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        let rest = text.get(at..).unwrap_or_default();
        match quote {
            Some(open) => {
                out.push(c);
                if c == '\\' {
                    out.extend(chars.next().map(|(_, c)| c));
                } else if c == open {
                    quote = None;
                }
            }
            None if rest.starts_with("{{") => {
                let inside = rest.get(2..).and_then(|rest| rest.split_once("}}"));
                let path = inside.and_then(|(inside, _)| Some((inside, Path::parse(inside)?)));
                let Some((inside, path)) = path else {
                    return Err(
                        "what stands between {{ and }} is a variable like {{user.id}}".to_owned(),
                    );
                };
                out.push_str(&path.to_cel());
                // What is left of the braces and the name.
                let skip = inside.chars().count() + 3;
                chars.by_ref().take(skip).for_each(drop);
            }
            None => {
                if c == '"' || c == '\'' {
                    quote = Some(c);
                }
                out.push(c);
            }
        }
    }
    Ok(out)
}

struct Check<'a> {
    text: &'a str,
    source: &'a SourceInfo,
    nodes: usize,
    /// Variables of the loops around.
    bound: Vec<String>,
    variables: BTreeSet<String>,
}

impl<'a> Check<'a> {
    fn new(text: &'a str, source: &'a SourceInfo) -> Self {
        Self {
            text,
            source,
            nodes: 0,
            bound: Vec::new(),
            variables: BTreeSet::new(),
        }
    }

    fn at<T>(&self, id: u64, detail: impl std::fmt::Display) -> Result<T, String> {
        let offset = self.source.offset_for(id);
        let start = offset.map_or(0, |(start, _)| start as usize);
        let before: Vec<char> = self.text.chars().take(start).collect();
        let line = before.iter().filter(|c| **c == '\n').count() + 1;
        let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
        Err(format!("line {line}, column {column}: {detail}"))
    }

    fn visit(&mut self, node: &IdedExpr, depth: usize, loops: usize) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            return self.at(
                node.id,
                "the expression is too large; set a variable to a part of it before",
            );
        }
        match &node.expr {
            Expr::Ident(name) => {
                let known = NAMES.contains(&name.as_str()) || self.bound.contains(name);
                if !known && !name.starts_with('@') {
                    self.variables.insert(name.clone());
                }
                Ok(())
            }
            Expr::Literal(_) | Expr::Unspecified => Ok(()),
            Expr::Select(select) => self.visit(&select.operand, depth + 1, loops),
            Expr::List(list) => {
                let mut elements = list.elements.iter();
                elements.try_for_each(|element| self.visit(element, depth + 1, loops))
            }
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.visit(&entry.key, depth + 1, loops)?;
                    self.visit(&entry.value, depth + 1, loops)
                }
                EntryExpr::StructField(_) => self.at(node.id, "there are no messages here"),
            }),
            Expr::Struct(_) => self.at(node.id, "there are no messages here"),
            Expr::Call(call) => {
                let name = call.func_name.as_str();
                let last = name.rsplit(['.', '@']).next().unwrap_or(name);
                let word = last.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                    && !name.starts_with(['_', '@', '!', '-']);
                let inner = name.contains('@');
                if word && !inner && !FUNCTIONS.contains(&last) {
                    let near = sop::nearest(last, FUNCTIONS);
                    let near = near
                        .first()
                        .map(|near| format!("; did you mean \"{near}\"?"));
                    let near = near.unwrap_or_default();
                    return self.at(node.id, format!("there is no function \"{last}\"{near}"));
                }
                if let Some(target) = &call.target {
                    self.visit(target, depth + 1, loops)?;
                }
                let mut arguments = call.args.iter();
                arguments.try_for_each(|argument| self.visit(argument, depth + 1, loops))
            }
            Expr::Comprehension(each) => {
                if loops > 0 {
                    let detail = "a loop within a loop (all, exists, filter, map); make the outer one a step \"loop\"";
                    return self.at(node.id, detail);
                }
                self.visit(&each.iter_range, depth + 1, loops)?;
                self.visit(&each.accu_init, depth + 1, loops)?;
                let before = self.bound.len();
                self.bound.push(each.iter_var.clone());
                self.bound.extend(each.iter_var2.clone());
                self.bound.push(each.accu_var.clone());
                for part in [&each.loop_cond, &each.loop_step, &each.result] {
                    self.visit(part, depth + 1, loops + 1)?;
                }
                self.bound.truncate(before);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Result<Value, String> {
        let mut variables = Variables::default();
        variables.set("users", json!([{"id": 1, "active": true, "total": 1.5}, {"id": 2, "active": false, "total": 2.0}]));
        variables.set("floor", json!(1));
        variables.set("name", json!("Ada"));
        Expression::compile(text)?.value(&variables)
    }

    #[test]
    fn expressions_have_values() {
        for (text, expected) in [
            ("users[0].id", json!(1)),
            ("users[0].id + floor", json!(2)),
            ("size(users) > 1 && name == 'Ada'", json!(true)),
            ("users.filter(u, u.active).map(u, u.id)", json!([1])),
            ("users.exists(u, u.total > double(floor))", json!(true)),
            ("users[0].total > {{floor}}", json!(true)),
            ("'{{floor}}' + name.lowerAscii()", json!("{{floor}}ada")),
            ("{'b': 1, 'a': [name]}", json!({"a": ["Ada"], "b": 1})),
            ("name.split('d').join('-')", json!("A-a")),
            ("math.greatest(1, 3, 2)", json!(3)),
            (
                "timestamp('2024-05-31T10:00:00Z').getFullYear()",
                json!(2024),
            ),
            ("has(users[0].nick) ? 1 : 2", json!(2)),
            ("true", json!(true)),
            (
                "users.all(u, u.id > 0) || users.exists_one(u, u.id == 1)",
                json!(true),
            ),
        ] {
            assert_eq!(value(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, part) in [
            ("", "empty"),
            ("1 +", "line 1"),
            ("sizes(users)", "did you mean \"size\"?"),
            (
                "users.map(u, users.filter(v, v.id == u.id))",
                "a loop within a loop",
            ),
            ("lists.range(1000000000)", "there is no function \"range\""),
            ("{{floor + 1}}", "between {{ and }}"),
            ("users[0].nick", "is not there"),
            ("user.id", "did you mean \"users\"?"),
            ("users[0].total * floor", "double(x)"),
            ("nobody + 1", "nobody"),
        ] {
            let error = value(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        let deep = format!("{}1{}", "(".repeat(3_000), ")".repeat(900));
        value(&deep).unwrap_err();
        value(&"-".repeat(3_999)).unwrap_err();
    }

    #[test]
    fn the_variables_of_an_expression_are_known() {
        let expression = Expression::compile("users.filter(u, u.id > floor).size() + x.y").unwrap();
        let names: Vec<&str> = expression.variables.iter().map(String::as_str).collect();
        assert_eq!(names, ["floor", "users", "x"]);
        assert_eq!(
            Expression::compile("1 < 2").unwrap().constant(),
            Some(json!(true))
        );
        assert_eq!(Expression::compile("floor < 2").unwrap().constant(), None);
    }
}
