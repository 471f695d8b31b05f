//! The functions that key expressions have.

#![expect(
    clippy::needless_pass_by_value,
    reason = "the type of functions is the library's"
)]

use std::sync::{Arc, LazyLock};

use cel::common::functions::Function;
use cel::common::types::{self, CelDouble, CelInt, CelString, Type};
use cel::common::value::CowVal;
use cel::{Env, ExecutionError};

use super::sort_key;
use super::values::{DECIMAL_TYPE, DecimalVal};

/// Names of the functions that a key expression may call, for the check and for suggestions. Left out
/// are loops and everything that could answer differently one day (time zones, regular expressions).
pub(super) const NAMES: [&str; 28] = [
    "bool",
    "bytes",
    "compare",
    "contains",
    "double",
    "duration",
    "dyn",
    "endsWith",
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
    "has",
    "int",
    "lowerAscii",
    "size",
    "startsWith",
    "string",
    "timestamp",
    "type",
    "uint",
    "upperAscii",
];

/// The one environment of all key expressions.
pub(super) fn environment() -> Arc<Env> {
    static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(build()));
    Arc::clone(&ENVIRONMENT)
}

fn build() -> Env {
    let mut env = Env::stdlib();
    let global: [(&str, &str, Vec<Type>, Function); 3] = [
        (
            "compare",
            "compare_dyn",
            vec![types::DYN_TYPE, types::DYN_TYPE],
            compare,
        ),
        (
            "double",
            "decimal_to_double",
            vec![DECIMAL_TYPE.to_owned()],
            double,
        ),
        (
            "string",
            "decimal_to_string",
            vec![DECIMAL_TYPE.to_owned()],
            string,
        ),
    ];
    // A name that the library came to have itself would be an error here; its own function then stays.
    for (name, id, arguments, function) in global {
        let _ = env.add_overload(name, id, arguments, function);
    }
    let members: [(&str, Function); 2] = [("lowerAscii", lower), ("upperAscii", upper)];
    for (name, function) in members {
        let _ = env.add_member_overload(name, name, types::STRING_TYPE, Vec::new(), function);
    }
    env
}

fn no_overload<T>(name: &str, arguments: &[CowVal<'_, '_>]) -> Result<T, ExecutionError> {
    let types = arguments.iter().map(|a| a.get_type().name().to_owned());
    Err(ExecutionError::no_such_overload(name, types.collect()))
}

fn compare<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [a, b] = arguments.as_slice() else {
        return no_overload("compare", &arguments);
    };
    let (mut x, mut y) = (Vec::new(), Vec::new());
    sort_key::encode(a.as_ref(), &mut x)
        .and_then(|()| sort_key::encode(b.as_ref(), &mut y))
        .map_err(|failure| ExecutionError::function_error("compare", failure.message))?;
    Ok(CowVal::owned(CelInt::from(x.cmp(&y) as i64)))
}

fn double<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    match decimal(&arguments) {
        Some(value) => Ok(CowVal::owned(CelDouble::from(value.0.to_f64()))),
        None => no_overload("double", &arguments),
    }
}

fn string<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    match decimal(&arguments) {
        Some(value) => Ok(CowVal::owned(CelString::from(value.0.to_string()))),
        None => no_overload("string", &arguments),
    }
}

fn decimal(arguments: &[CowVal<'_, '_>]) -> Option<DecimalVal> {
    arguments.first()?.downcast_ref::<DecimalVal>().copied()
}

fn lower<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    cased("lowerAscii", &arguments, str::to_ascii_lowercase)
}

fn upper<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    cased("upperAscii", &arguments, str::to_ascii_uppercase)
}

fn cased<'b, 'v>(
    name: &str,
    arguments: &[CowVal<'b, 'v>],
    change: fn(&str) -> String,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    match arguments
        .first()
        .and_then(|a| a.downcast_ref::<CelString>())
    {
        Some(text) => Ok(CowVal::owned(CelString::from(change(text.inner())))),
        None => no_overload(name, arguments),
    }
}
