//! Days, and periods in words: "last month", "March 2024", "the past 10 days", "Q1".
//!
//! There is no clock here: today is given.

use super::token::{Form, Token};

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    clippy::struct_field_names,
    reason = "what a day of the month is called"
)]
pub struct Day {
    year: i32,
    month: u32,
    day: u32,
}

/// Days from the first on, to before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Day,
    /// The day after the last.
    pub to: Day,
}

/// A part of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// Three months.
    Quarter,
    /// A year.
    Year,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl Day {
    /// A day that the calendar has.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        let valid = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
        (valid && (0..=9999).contains(&year)).then_some(Self { year, month, day })
    }

    /// A day as `2024-05-31`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
            return None;
        }
        Self::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    }

    /// The day so many days later, or earlier.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self::from_number(self.number().saturating_add(days))
    }

    /// Days since the first of March of the year 0 (Howard Hinnant's algorithm).
    fn number(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let of_era = year - era * 400;
        let month = i64::from((self.month + 9) % 12);
        let of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year
    }

    fn from_number(number: i64) -> Self {
        let number = number.clamp(306, 3_652_364);
        let era = number.div_euclid(146_097);
        let of_era = number - era * 146_097;
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        Self {
            year: (year + era * 400 + i64::from(month <= 2)) as i32,
            month: month as u32,
            day: (of_year - (153 * shifted + 2) / 5 + 1) as u32,
        }
    }

    /// The first day of the part of the calendar that this day is in.
    #[must_use]
    pub fn start_of(self, unit: Unit) -> Self {
        match unit {
            Unit::Day => self,
            // The first of March of the year 0 was a Wednesday.
            Unit::Week => self.plus_days(-(self.number() + 2).rem_euclid(7)),
            Unit::Month => Self { day: 1, ..self },
            Unit::Quarter => Self {
                month: (self.month - 1) / 3 * 3 + 1,
                day: 1,
                ..self
            },
            Unit::Year => Self {
                month: 1,
                day: 1,
                ..self
            },
        }
    }

    /// The day so many units later; the last day of a shorter month where it has no such day.
    #[must_use]
    pub fn plus(self, count: i64, unit: Unit) -> Self {
        let months = match unit {
            Unit::Day => return self.plus_days(count),
            Unit::Week => return self.plus_days(count.saturating_mul(7)),
            Unit::Month => count,
            Unit::Quarter => count.saturating_mul(3),
            Unit::Year => count.saturating_mul(12),
        };
        let total = i64::from(self.year) * 12 + i64::from(self.month) - 1;
        let total = total.saturating_add(months).clamp(0, 9999 * 12 + 11);
        let (year, month) = ((total / 12) as i32, (total % 12) as u32 + 1);
        Self {
            year,
            month,
            day: self.day.min(days_of(year, month)),
        }
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn days_of(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Period {
    /// The part of the calendar that a day is in.
    pub fn of(day: Day, unit: Unit) -> Self {
        let from = day.start_of(unit);
        Self {
            from,
            to: from.plus(1, unit),
        }
    }

    fn days(day: Day) -> Self {
        Self::of(day, Unit::Day)
    }

    fn year(year: i32) -> Option<Self> {
        Some(Self::of(Day::new(year, 1, 1)?, Unit::Year))
    }
}

/// The unit that a word names.
pub fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "day" | "days" | "daily" | "date" => Unit::Day,
        "week" | "weeks" | "weekly" => Unit::Week,
        "month" | "months" | "monthly" => Unit::Month,
        "quarter" | "quarters" | "quarterly" => Unit::Quarter,
        "year" | "years" | "yearly" | "annually" => Unit::Year,
        _ => return None,
    })
}

fn month(word: &str) -> Option<u32> {
    let at = MONTHS.iter().position(|month| {
        let short = month.get(..3).unwrap_or(month);
        word == *month || word == short || (*month == "september" && word == "sept")
    });
    at.map(|at| at as u32 + 1)
}

/// The period that begins at token `at`, and how many tokens it takes. Bare years are only taken where `years` says so.
pub fn period(tokens: &[Token], at: usize, today: Day, years: bool) -> Option<(Period, usize)> {
    let rest = tokens.get(at..)?;
    let articles = rest.iter().take_while(|token| token.lower == "the").count();
    let (found, length) = bare_period(rest.get(articles..)?, today, years)?;
    Some((found, articles + length))
}

fn bare_period(tokens: &[Token], today: Day, years: bool) -> Option<(Period, usize)> {
    let first = tokens.first()?;
    let word = |at: usize| tokens.get(at).map_or("", |token| token.lower.as_str());
    if let Form::Day(day) = first.form {
        return Some((Period::days(day), 1));
    }
    match first.lower.as_str() {
        "today" => return Some((Period::days(today), 1)),
        "yesterday" => return Some((Period::days(today.plus_days(-1)), 1)),
        "tomorrow" => return Some((Period::days(today.plus_days(1)), 1)),
        _ => {}
    }
    relative(tokens, today)
        .or_else(|| with_month(tokens, today))
        .or_else(|| quarter(tokens, today))
        .or_else(|| decade(first))
        .or_else(|| {
            let year = first.year().filter(|_| years || word(0).is_empty())?;
            Some((Period::year(year)?, 1))
        })
}

/// "this month", "last 3 weeks", "the past year".
fn relative(tokens: &[Token], today: Day) -> Option<(Period, usize)> {
    let first = tokens.first()?.lower.as_str();
    if !["this", "current", "last", "past", "previous", "next"].contains(&first) {
        return None;
    }
    let second = tokens.get(1)?;
    let count = second
        .number()
        .filter(|count| count.fract() == 0.0 && *count < 10_000.0);
    if let (Some(count), Some(unit)) = (count, tokens.get(2).and_then(|token| unit(&token.lower))) {
        let count = count as i64;
        let period = match first {
            "next" => Period {
                from: today,
                to: today.plus(count, unit).plus_days(1),
            },
            _ => Period {
                from: today.plus(-count, unit),
                to: today.plus_days(1),
            },
        };
        return Some((period, 3));
    }
    let unit = unit(&second.lower).filter(|_| second.lower != "date")?;
    let this = Period::of(today, unit);
    let period = match first {
        "this" | "current" => this,
        "next" => Period::of(this.to, unit),
        "past" => Period {
            from: today.plus(-1, unit),
            to: today.plus_days(1),
        },
        _ => Period::of(this.from.plus_days(-1), unit),
    };
    Some((period, 2))
}

/// "March", "March 2024", "15 March 2024", "March 15, 2024", "march of 2024".
fn with_month(tokens: &[Token], today: Day) -> Option<(Period, usize)> {
    let day_of = |token: &Token| {
        let digits = token
            .lower
            .trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let day: u32 = digits.parse().ok()?;
        let ordinal = ["", "st", "nd", "rd", "th"].contains(&token.lower.get(digits.len()..)?);
        ((1..=31).contains(&day) && ordinal).then_some(day)
    };
    let (first, word) = (tokens.first()?, |at: usize| tokens.get(at));
    let (number, mut day, mut length) = match (month(&first.lower), day_of(first)) {
        (Some(number), _) => (number, None, 1),
        (None, Some(day)) => {
            let of = usize::from(word(1)?.lower == "of");
            (month(&word(1 + of)?.lower)?, Some(day), 2 + of)
        }
        (None, None) => return None,
    };
    if day.is_none()
        && let Some(found) = word(length).and_then(day_of)
    {
        day = Some(found);
        length += 1;
    }
    let glue = word(length).is_some_and(|token| token.lower == "," || token.lower == "of");
    let after = length + usize::from(glue);
    let year = word(after).and_then(Token::year);
    // A short month that is also another word, or part of a name, needs a day or a year beside it.
    if year.is_none()
        && day.is_none()
        && matches!(
            first.text.as_str(),
            "may" | "mar" | "march" | "dec" | "jan" | "sept"
        )
        && first.text != "march"
    {
        return None;
    }
    if year.is_some() {
        length = after + 1;
    }
    let year = year.unwrap_or_else(|| {
        let later = (number, day.unwrap_or(1)) > (today.month, today.day);
        today.year - i32::from(later)
    });
    let found = Day::new(year, number, day.unwrap_or(1))?;
    let unit = if day.is_some() {
        Unit::Day
    } else {
        Unit::Month
    };
    Some((Period::of(found, unit), length))
}

/// "Q1 2024", "second quarter of 2024".
fn quarter(tokens: &[Token], today: Day) -> Option<(Period, usize)> {
    let first = tokens.first()?.lower.as_str();
    let (number, mut length) = match first {
        "q1" | "q2" | "q3" | "q4" => (first.get(1..)?.parse().ok()?, 1),
        "first" | "second" | "third" | "fourth" if tokens.get(1)?.lower == "quarter" => {
            let names = ["first", "second", "third", "fourth"];
            (names.iter().position(|name| *name == first)? as u32 + 1, 2)
        }
        _ => return None,
    };
    let of = usize::from(tokens.get(length).is_some_and(|token| token.lower == "of"));
    let year = tokens.get(length + of).and_then(Token::year);
    if year.is_some() {
        length += of + 1;
    }
    let day = Day::new(year.unwrap_or(today.year), number * 3 - 2, 1)?;
    Some((Period::of(day, Unit::Quarter), length))
}

/// "1990s".
fn decade(token: &Token) -> Option<(Period, usize)> {
    let year: i32 = token
        .lower
        .strip_suffix('s')?
        .trim_end_matches('\'')
        .parse()
        .ok()?;
    let from = Day::new(year, 1, 1).filter(|_| year % 10 == 0 && year >= 1000)?;
    let to = from.plus(10, Unit::Year);
    Some((Period { from, to }, 1))
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    fn found(text: &str) -> Option<(String, usize)> {
        let today = Day::new(2024, 5, 15)?;
        let (period, length) = period(&tokens(text), 0, today, true)?;
        Some((format!("{} {}", period.from, period.to), length))
    }

    #[test]
    fn periods_in_words_have_their_days() {
        for (text, expected, length) in [
            ("today", "2024-05-15 2024-05-16", 1),
            ("last month", "2024-04-01 2024-05-01", 2),
            ("this week", "2024-05-13 2024-05-20", 2),
            ("the past 10 days", "2024-05-05 2024-05-16", 4),
            ("last two years x", "2022-05-15 2024-05-16", 3),
            ("1999", "1999-01-01 2000-01-01", 1),
            ("August", "2023-08-01 2023-09-01", 1),
            ("March 2021", "2021-03-01 2021-04-01", 2),
            ("3rd of April 2020", "2020-04-03 2020-04-04", 4),
            ("Jan 31, 2022", "2022-01-31 2022-02-01", 4),
            ("Q4 2023", "2023-10-01 2024-01-01", 2),
            ("second quarter of 2020", "2020-04-01 2020-07-01", 4),
            ("the 1980s", "1980-01-01 1990-01-01", 2),
            ("2024-02-29", "2024-02-29 2024-03-01", 1),
        ] {
            assert_eq!(found(text), Some((expected.to_owned(), length)), "{text}");
        }
        for text in ["may be", "last orders", "35 March", "", "the"] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn days_follow_the_calendar() {
        let mut day = Day::new(1899, 12, 31).unwrap();
        for _ in 0..80_000 {
            let next = day.plus_days(1);
            assert!(next > day && Day::parse(&next.to_string()) == Some(next));
            day = next;
        }
        assert_eq!(day.to_string(), "2119-01-12");
        let end = Day::new(2024, 1, 31).unwrap();
        assert_eq!(end.plus(1, Unit::Month).to_string(), "2024-02-29");
        assert_eq!(end.start_of(Unit::Week).to_string(), "2024-01-29");
        let _ = end
            .plus(i64::MAX, Unit::Year)
            .plus(i64::MIN, Unit::Day)
            .plus_days(i64::MAX);
    }
}
