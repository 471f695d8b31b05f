//! Key values as CEL values.

use std::any::Any;
use std::cmp::Ordering;

use cel::ExecutionError;
use cel::common::traits::Comparer;
use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelNull, CelString, CelTimestamp, CelUInt,
    Kind, Type,
};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::context::VariableResolver;

use crate::key::{Date, DateTime, Decimal, KeySpec, KeyType, KeyValue, Time, Timestamp};

/// Nanoseconds of a second.
const SECOND: i128 = 1_000_000_000;

/// The CEL type of [`KeyType::Decimal`].
pub(super) static DECIMAL_TYPE: Type = Type::simple_type(Kind::Opaque, "decimal");

/// The variables of one evaluation. The compiler has turned each field into a variable: `x` or `y` for
/// the key, and the number of the field.
pub(super) struct Row<'k> {
    /// Fields of `mapX` or `key`.
    pub x: &'k [KeyValue],
    /// Fields of `mapY`.
    pub y: &'k [KeyValue],
}

/// Name of the variable of a field: of the first map (`mapX`, `key`) or of the second.
pub(super) fn variable(second: bool, field: usize) -> String {
    format!("{}{field}", if second { 'y' } else { 'x' })
}

impl VariableResolver for Row<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let (values, number) = if let Some(number) = variable.strip_prefix('x') {
            (self.x, number)
        } else {
            (self.y, variable.strip_prefix('y')?)
        };
        values.get(number.parse::<usize>().ok()?).map(to_cel)
    }
}

fn to_cel(value: &KeyValue) -> CowVal<'_, '_> {
    match value {
        KeyValue::Null => CowVal::owned(CelNull),
        KeyValue::Bool(v) => CowVal::owned(CelBool::from(*v)),
        KeyValue::I8(v) => int(i64::from(*v)),
        KeyValue::I16(v) => int(i64::from(*v)),
        KeyValue::I32(v) => int(i64::from(*v)),
        KeyValue::I64(v) => int(*v),
        KeyValue::U8(v) => uint(u64::from(*v)),
        KeyValue::U16(v) => uint(u64::from(*v)),
        KeyValue::U32(v) => uint(u64::from(*v)),
        KeyValue::U64(v) => uint(*v),
        KeyValue::F32(v) => CowVal::owned(CelDouble::from(f64::from(*v))),
        KeyValue::F64(v) => CowVal::owned(CelDouble::from(*v)),
        KeyValue::Decimal(v) => CowVal::owned(DecimalVal(*v)),
        KeyValue::String(v) => CowVal::owned(CelString::from(v.as_str())),
        KeyValue::Bytes(v) => CowVal::owned(CelBytes::from(v.as_slice())),
        KeyValue::Uuid(_) => match value.to_json() {
            serde_json::Value::String(text) => CowVal::owned(CelString::from(text)),
            _ => CowVal::owned(CelNull),
        },
        KeyValue::Date(v) => timestamp(midnight(*v)),
        KeyValue::Time(v) => CowVal::owned(CelDuration::from(chrono::Duration::nanoseconds(
            v.nanos() as i64,
        ))),
        KeyValue::DateTime(v) => timestamp(midnight(v.date) + i128::from(v.time.nanos())),
        KeyValue::Timestamp(v) => timestamp(v.unix_nanos()),
        // Only in the keys of indexes, which have no expressions.
        KeyValue::Any(_) => CowVal::owned(CelNull),
    }
}

fn int(value: i64) -> CowVal<'static, 'static> {
    CowVal::owned(CelInt::from(value))
}

fn uint(value: u64) -> CowVal<'static, 'static> {
    CowVal::owned(CelUInt::from(value))
}

fn midnight(date: Date) -> i128 {
    i128::from(date.days()) * 86_400 * SECOND
}

fn timestamp(unix_nanos: i128) -> CowVal<'static, 'static> {
    let seconds = unix_nanos.div_euclid(SECOND) as i64;
    let nanos = unix_nanos.rem_euclid(SECOND) as u32;
    match chrono::DateTime::from_timestamp(seconds, nanos) {
        Some(instant) => CowVal::owned(CelTimestamp::from(instant.fixed_offset())),
        // The library's years reach further than those of keys.
        None => CowVal::owned(CelNull),
    }
}

/// A key with an ordinary value in each field.
pub(super) fn sample(spec: &KeySpec) -> Vec<KeyValue> {
    let date = Date::from_ymd(2000, 1, 2);
    let time = Time::from_hms(1, 2, 3, 0);
    let date_time = date.zip(time).map(|(date, time)| DateTime { date, time });
    let instant = date_time.and_then(|utc| Timestamp::from_utc(utc, 0));
    let value = |kind: KeyType| match kind {
        KeyType::Bool => KeyValue::Bool(true),
        KeyType::I8 => KeyValue::I8(1),
        KeyType::I16 => KeyValue::I16(1),
        KeyType::I32 => KeyValue::I32(1),
        KeyType::I64 => KeyValue::I64(1),
        KeyType::U8 => KeyValue::U8(1),
        KeyType::U16 => KeyValue::U16(1),
        KeyType::U32 => KeyValue::U32(1),
        KeyType::U64 => KeyValue::U64(1),
        KeyType::F32 => KeyValue::F32(1.0),
        KeyType::F64 => KeyValue::F64(1.0),
        KeyType::Decimal => KeyValue::Decimal(Decimal::new(1, 0).unwrap_or(Decimal::ZERO)),
        KeyType::String => KeyValue::String("1".to_owned()),
        KeyType::Bytes => KeyValue::Bytes(vec![b'1']),
        KeyType::Uuid => KeyValue::Uuid([1; 16]),
        KeyType::Date => date.into(),
        KeyType::Time => time.into(),
        KeyType::DateTime => date_time.into(),
        KeyType::Timestamp => instant.into(),
        KeyType::Any => KeyValue::Null,
    };
    spec.fields()
        .iter()
        .map(|field| value(field.kind))
        .collect()
}

/// An exact decimal. It compares with numbers of every type, and has no arithmetic.
#[derive(Clone, Copy, Debug)]
pub(super) struct DecimalVal(pub Decimal);

impl Val for DecimalVal {
    fn get_type(&self) -> &Type {
        &DECIMAL_TYPE
    }

    fn cel_type() -> &'static Type {
        &DECIMAL_TYPE
    }

    fn as_comparer(&self) -> Option<&dyn Comparer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        matches!(self.compare(other), Ok(Ordering::Equal))
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(*self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for DecimalVal {}

impl Comparer for DecimalVal {
    fn compare(&self, other: &dyn Val) -> Result<Ordering, ExecutionError> {
        let ordered = |other: Decimal| {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            self.0.encode(&mut a);
            other.encode(&mut b);
            a.cmp(&b)
        };
        let integer = |value: i128| Decimal::new(value, 0).ok().map(ordered);
        let found = if let Some(other) = other.downcast_ref::<Self>() {
            Some(ordered(other.0))
        } else if let Some(other) = other.downcast_ref::<CelInt>() {
            integer(i128::from(*other.inner()))
        } else if let Some(other) = other.downcast_ref::<CelUInt>() {
            integer(i128::from(*other.inner()))
        } else if let Some(other) = other.downcast_ref::<CelDouble>() {
            self.0.to_f64().partial_cmp(other.inner())
        } else {
            None
        };
        found.ok_or_else(|| {
            let types = [self as &dyn Val, other].map(|val| val.get_type().name().to_owned());
            ExecutionError::no_such_overload("_<_", types.to_vec())
        })
    }
}
