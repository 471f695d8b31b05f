//! Exact decimal numbers.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// An exact decimal number of up to 38 significant digits, kept in its one normal form: without
/// leading or trailing zeros, and without a sign for zero. `1.0`, `1.00` and `1e0` are all `1`.
///
/// The value is `±0.D × 10^exponent`, `D` being the digits of the coefficient. The exponent lies in
/// ±[`Decimal::MAX_EXPONENT`].
///
/// Order bytes: sign class (00 negative, 01 zero, 02 positive); unless zero, the exponent as a
/// big-endian `u16` with its sign bit flipped, then the digits from the first one on in pairs, each
/// as one byte of the pair's number plus one (an odd last digit is the tens of its pair), then 00. In
/// a negative number all bytes after the sign class are inverted.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    /// Place of the point, seen from the left of the first digit; zero for zero.
    exponent: i16,
    /// The digits as an integer that does not end in zero; in two halves to keep the alignment small.
    high: u64,
    low: u64,
}

/// Why a text is not such a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// Not of the form `-1234.5678e-9`.
    #[error("write digits with an optional sign, point and exponent, like -12.50 or 1e6")]
    Syntax,
    /// More digits than are kept.
    #[error("it has more than {} significant digits", Decimal::MAX_DIGITS)]
    TooManyDigits,
    /// Too large or too small.
    #[error("its exponent is beyond ±{}", Decimal::MAX_EXPONENT)]
    Exponent,
}

impl Decimal {
    /// The most significant digits.
    pub const MAX_DIGITS: usize = 38;
    /// The largest and, negated, the smallest exponent of the form `0.D × 10^exponent`.
    pub const MAX_EXPONENT: i16 = 9999;
    /// Zero.
    pub const ZERO: Self = Self {
        negative: false,
        exponent: 0,
        high: 0,
        low: 0,
    };

    /// `±coefficient × 10^-scale`; scale 2 and coefficient 1250 make 12.5.
    pub fn new(coefficient: i128, scale: i32) -> Result<Self, DecimalError> {
        Self::from_parts(
            coefficient < 0,
            coefficient.unsigned_abs(),
            -i64::from(scale),
        )
    }

    /// `±coefficient × 10^power`.
    fn from_parts(
        negative: bool,
        mut coefficient: u128,
        mut power: i64,
    ) -> Result<Self, DecimalError> {
        if coefficient == 0 {
            return Ok(Self::ZERO);
        }
        while coefficient.is_multiple_of(10) {
            coefficient /= 10;
            power += 1;
        }
        let digits = coefficient.ilog10() + 1;
        if digits as usize > Self::MAX_DIGITS {
            return Err(DecimalError::TooManyDigits);
        }
        let exponent = i16::try_from(power + i64::from(digits))
            .ok()
            .filter(|exponent| exponent.unsigned_abs() <= Self::MAX_EXPONENT.unsigned_abs())
            .ok_or(DecimalError::Exponent)?;
        Ok(Self {
            negative,
            exponent,
            high: (coefficient >> 64) as u64,
            low: coefficient as u64,
        })
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.negative
    }

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        // Every decimal prints as a text that f64 reads (as infinity where it is too large).
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    fn coefficient(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }

    /// The digits of the coefficient in ASCII, right-aligned, and where they begin.
    fn digits(self) -> ([u8; Self::MAX_DIGITS], usize) {
        let mut digits = [b'0'; Self::MAX_DIGITS];
        let mut start = Self::MAX_DIGITS;
        let mut rest = self.coefficient();
        for (at, digit) in digits.iter_mut().enumerate().rev() {
            if rest == 0 {
                break;
            }
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            start = at;
        }
        (digits, start)
    }

    /// Appends the order bytes.
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        if self == Self::ZERO {
            return out.push(1);
        }
        out.push(if self.negative { 0 } else { 2 });
        let start = out.len();
        out.extend_from_slice(&flip_sign(self.exponent as u16).to_be_bytes());
        let (digits, first) = self.digits();
        for pair in digits.get(first..).unwrap_or_default().chunks(2) {
            let tens = pair.first().map_or(0, |digit| digit - b'0');
            let ones = pair.get(1).map_or(0, |digit| digit - b'0');
            out.push(tens * 10 + ones + 1);
        }
        out.push(0);
        if self.negative {
            for byte in out.iter_mut().skip(start) {
                *byte = !*byte;
            }
        }
    }

    /// Reads order bytes, one after the other, from `next`. `None` when they are not the normal form.
    pub(super) fn decode(mut next: impl FnMut() -> Option<u8>) -> Option<Self> {
        let negative = match next()? {
            0 => true,
            1 => return Some(Self::ZERO),
            2 => false,
            _ => return None,
        };
        let mut next = || next().map(|byte| if negative { !byte } else { byte });
        let exponent = flip_sign(u16::from_be_bytes([next()?, next()?])) as i16;
        let mut coefficient = 0_u128;
        let mut pairs = 0;
        loop {
            let pair = match next()? {
                0 => break,
                byte @ 1..=100 if pairs < Self::MAX_DIGITS / 2 => byte - 1,
                _ => return None,
            };
            if pairs == 0 && pair < 10 {
                return None;
            }
            coefficient = coefficient * 100 + u128::from(pair);
            pairs += 1;
        }
        // Ends in a pair of zeros, or has no digits at all: not what encode writes.
        if coefficient.is_multiple_of(100) {
            return None;
        }
        let power = i64::from(exponent) - 2 * pairs as i64;
        Self::from_parts(negative, coefficient, power).ok()
    }
}

fn flip_sign(value: u16) -> u16 {
    value ^ 0x8000
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |decimal: &Self| match (decimal.coefficient(), decimal.negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        let magnitude = |decimal: &Self| {
            let (mut digits, first) = decimal.digits();
            digits.rotate_left(first);
            (decimal.exponent, digits)
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            let ordering = magnitude(self).cmp(&magnitude(other));
            if self.negative {
                ordering.reverse()
            } else {
                ordering
            }
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        // 19 digits: always fits.
        Self::from_parts(value < 0, u128::from(value.unsigned_abs()), 0).unwrap_or(Self::ZERO)
    }
}

/// A JSON number: plain where that needs few zeros, otherwise with an exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ZERO {
            return f.write_str("0");
        }
        if self.negative {
            f.write_str("-")?;
        }
        let (digits, first) = self.digits();
        let digits = digits.get(first..).unwrap_or_default();
        let digits = std::str::from_utf8(digits).map_err(|_| fmt::Error)?;
        let exponent = i32::from(self.exponent);
        match usize::try_from(exponent) {
            Ok(whole) if whole <= Self::MAX_DIGITS => match digits.split_at_checked(whole) {
                Some(("", fraction)) => write!(f, "0.{fraction}"),
                Some((whole, "")) => f.write_str(whole),
                Some((whole, fraction)) => write!(f, "{whole}.{fraction}"),
                None => write!(f, "{digits:0<whole$}"),
            },
            Err(_) if exponent >= -6 => {
                let zeros = exponent.unsigned_abs() as usize;
                write!(f, "0.{:0<zeros$}{digits}", "")
            }
            _ => {
                let (one, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
                let point = if rest.is_empty() { "" } else { "." };
                // With a plus, as serde_json writes it: the text then survives a way through it.
                write!(f, "{one}{point}{rest}e{:+}", exponent - 1)
            }
        }
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decimal({self})")
    }
}

/// An optional sign, digits with an optional point (at least one digit), an optional exponent.
impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, mut power) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = || whole.bytes().chain(fraction.bytes());
        if all().next().is_none() || !all().all(|byte| byte.is_ascii_digit()) {
            return Err(DecimalError::Syntax);
        }
        let mut coefficient = 0_u128;
        let mut digits = 0;
        // Zeros are held back until another digit follows: those at the end do not count.
        let mut zeros = 0_usize;
        for byte in all() {
            if byte == b'0' {
                zeros += usize::from(digits > 0);
                continue;
            }
            digits += zeros + 1;
            if digits > Self::MAX_DIGITS {
                return Err(DecimalError::TooManyDigits);
            }
            let shift = 10_u128.pow(zeros as u32 + 1);
            coefficient = coefficient * shift + u128::from(byte - b'0');
            zeros = 0;
        }
        power += zeros as i64 - fraction.len() as i64;
        Self::from_parts(negative, coefficient, power)
    }
}

/// The exponent, cut to a size that cannot overflow and is refused later.
fn parse_exponent(text: &str) -> Result<i64, DecimalError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::Syntax);
    }
    let size = digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 40);
    Ok(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn has_one_form_for_one_value() {
        for (text, shown) in [
            ("0", "0"),
            ("-0.00e5", "0"),
            ("1.00", "1"),
            ("100", "100"),
            ("-12.50", "-12.5"),
            ("0.000001", "0.000001"),
            ("0.0000000123", "1.23e-8"),
            ("1e400", "1e+400"),
            ("12e37", "1.2e+38"),
            ("12e36", "12000000000000000000000000000000000000"),
            ("00.5", "0.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+1E+2", "100"),
        ] {
            assert_eq!(decimal(text).to_string(), shown, "{text}");
            assert_eq!(decimal(shown), decimal(text));
        }
        assert_eq!(Decimal::new(1250, 2).unwrap(), decimal("12.5"));
        assert_eq!(Decimal::from(i64::MIN), decimal("-9223372036854775808"));
        assert_eq!(decimal("1.5").to_f64().to_bits(), 1.5_f64.to_bits());
    }

    #[test]
    fn limits() {
        let nines = "9".repeat(38);
        assert_eq!(decimal(&nines).to_string(), nines);
        assert_eq!(
            format!("{nines}9").parse::<Decimal>(),
            Err(DecimalError::TooManyDigits)
        );
        assert_eq!(
            decimal(&format!("1{}", "0".repeat(500))).to_string(),
            "1e+500"
        );
        assert!("1e9998".parse::<Decimal>().is_ok());
        for text in ["1e9999", "1e-10001", "1e99999999999999999999"] {
            assert_eq!(
                text.parse::<Decimal>(),
                Err(DecimalError::Exponent),
                "{text}"
            );
        }
        for text in [
            "", "-", ".", "e5", "1e", "1e+", "1.2.3", "NaN", "0x1", " 1", "1_0", "--1",
        ] {
            assert_eq!(text.parse::<Decimal>(), Err(DecimalError::Syntax), "{text}");
        }
    }
}
