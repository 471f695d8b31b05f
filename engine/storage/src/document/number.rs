//! JSON numbers: their text, and which of it fits a binary form exactly.

/// The form in which a number is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number<'a> {
    Int(i64),
    /// Beyond `i64`.
    Uint(u64),
    Float(f64),
    Text(&'a str),
}

impl<'a> Number<'a> {
    /// The form of number text that [`number_length`] accepts: a binary one only where it prints as
    /// the very same text.
    pub fn of(text: &'a str) -> Self {
        if !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            return match text.parse() {
                Ok(value) if text != "-0" => Self::Int(value),
                Ok(_) => Self::Text(text),
                Err(_) => text.parse().map_or(Self::Text(text), Self::Uint),
            };
        }
        // Exponents stay text: there are several ways to write them, and only the plain form of the
        // shortest digits is the same for all times.
        if text.bytes().any(|byte| matches!(byte, b'e' | b'E')) {
            return Self::Text(text);
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() && zmij::Buffer::new().format_finite(value) == text => {
                Self::Float(value)
            }
            _ => Self::Text(text),
        }
    }
}

/// The length of the JSON number that `bytes` begin with; `None` when they begin with none.
pub(super) fn number_length(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes.get(at) == Some(&b'0')) {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return None;
        }
        at += exponent;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_only_when_it_prints_the_same() {
        assert_eq!(Number::of("0"), Number::Int(0));
        assert_eq!(Number::of("-9223372036854775808"), Number::Int(i64::MIN));
        assert_eq!(Number::of("18446744073709551615"), Number::Uint(u64::MAX));
        assert_eq!(Number::of("1.5"), Number::Float(1.5));
        assert_eq!(Number::of("-0.0"), Number::Float(-0.0));
        for text in [
            "-0",
            "18446744073709551616",
            "1.10",
            "1e400",
            "1e5",
            "1E5",
            "0.1000000000000000055",
        ] {
            assert_eq!(Number::of(text), Number::Text(text));
        }
    }

    #[test]
    fn number_text() {
        for (text, length) in [
            ("0", Some(1)),
            ("-0.50e-07,", Some(9)),
            ("10}", Some(2)),
            ("1E+5", Some(4)),
            ("", None),
            ("-", None),
            ("01", None),
            ("-01", None),
            ("1.", None),
            (".5", None),
            ("1e", None),
            ("1e+", None),
            ("+1", None),
        ] {
            assert_eq!(number_length(text.as_bytes()), length, "{text}");
        }
    }
}
