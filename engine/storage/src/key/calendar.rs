//! Dates and times as plain integers, with their ISO 8601 text.
//!
//! Proleptic Gregorian calendar, years 0000 to 9999, nanoseconds, no leap seconds. There is no clock
//! and no table of time zones here: a [`Timestamp`] carries a plain offset.

use std::fmt;
use std::str::FromStr;

/// Nanoseconds in a second.
const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// Nanoseconds in a day.
const NANOS_PER_DAY: u64 = 86_400 * NANOS_PER_SECOND;
const NANOS_PER_MINUTE: i64 = 60_000_000_000;

/// A day of the calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date {
    /// Days since 1970-01-01.
    days: i32,
}

impl Date {
    /// 0000-01-01
    pub const MIN: Self = Self { days: -719_528 };
    /// 9999-12-31
    pub const MAX: Self = Self { days: 2_932_896 };

    /// The day so many days after 1970-01-01, when its year is 0 to 9999.
    pub fn from_days(days: i32) -> Option<Self> {
        (Self::MIN.days..=Self::MAX.days)
            .contains(&days)
            .then_some(Self { days })
    }

    /// The day of a year (0 to 9999), month (1 to 12) and day of the month, when there is such a day.
    pub fn from_ymd(year: u32, month: u32, day: u32) -> Option<Self> {
        let valid = year <= 9999
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        // Howard Hinnant's days_from_civil: years begin in March, so that the leap day comes last.
        valid.then(|| {
            let shifted_year = year as i32 - i32::from(month <= 2);
            let era = shifted_year.div_euclid(400);
            let year_of_era = shifted_year.rem_euclid(400);
            let day_of_year =
                (153 * (month as i32 + if month > 2 { -3 } else { 9 }) + 2) / 5 + day as i32 - 1;
            let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
            Self {
                days: era * 146_097 + day_of_era - 719_468,
            }
        })
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i32 {
        self.days
    }

    /// Year, month and day of the month.
    pub fn ymd(self) -> (u32, u32, u32) {
        // Howard Hinnant's civil_from_days.
        let shifted = self.days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year as u32, month as u32, day as u32)
    }
}

/// Days of a month (1 to 12).
pub(super) fn days_in_month(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A time of day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Time {
    /// Nanoseconds since midnight.
    nanos: u64,
}

impl Time {
    /// 00:00:00
    pub const MIN: Self = Self { nanos: 0 };
    /// 23:59:59.999999999
    pub const MAX: Self = Self {
        nanos: NANOS_PER_DAY - 1,
    };

    /// The time so many nanoseconds after midnight, when that is before the next one.
    pub fn from_nanos(nanos: u64) -> Option<Self> {
        (nanos < NANOS_PER_DAY).then_some(Self { nanos })
    }

    /// The time of hour, minute, second and nanosecond of the second.
    pub fn from_hms(hour: u32, minute: u32, second: u32, nanosecond: u32) -> Option<Self> {
        let valid = hour < 24 && minute < 60 && second < 60 && nanosecond < 1_000_000_000;
        valid.then(|| {
            let seconds = u64::from(hour) * 3600 + u64::from(minute) * 60 + u64::from(second);
            Self {
                nanos: seconds * NANOS_PER_SECOND + u64::from(nanosecond),
            }
        })
    }

    /// Nanoseconds since midnight.
    pub fn nanos(self) -> u64 {
        self.nanos
    }

    /// Hour, minute, second and nanosecond of the second.
    pub fn hms(self) -> (u32, u32, u32, u32) {
        let seconds = self.nanos / NANOS_PER_SECOND;
        (
            (seconds / 3600) as u32,
            (seconds / 60 % 60) as u32,
            (seconds % 60) as u32,
            (self.nanos % NANOS_PER_SECOND) as u32,
        )
    }
}

/// A date and a time of day, without a zone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DateTime {
    /// The day.
    pub date: Date,
    /// The time of that day.
    pub time: Time,
}

impl DateTime {
    /// The earliest.
    pub const MIN: Self = Self {
        date: Date::MIN,
        time: Time::MIN,
    };
    /// The latest.
    pub const MAX: Self = Self {
        date: Date::MAX,
        time: Time::MAX,
    };

    /// This moved by so many minutes, when the result is within the years 0 to 9999.
    fn plus_minutes(self, minutes: i16) -> Option<Self> {
        let nanos = self.time.nanos as i64 + i64::from(minutes) * NANOS_PER_MINUTE;
        let day = NANOS_PER_DAY as i64;
        let days = i64::from(self.date.days) + nanos.div_euclid(day);
        Some(Self {
            date: Date::from_days(i32::try_from(days).ok()?)?,
            time: Time::from_nanos(u64::try_from(nanos.rem_euclid(day)).ok()?)?,
        })
    }
}

/// An instant, and the offset from UTC at which it was written.
///
/// Both the UTC and the local date lie in the years 0000 to 9999. Equality includes the offset; the
/// order is that of the instants, then of the offsets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp {
    utc: DateTime,
    offset_minutes: i16,
}

impl Timestamp {
    /// The largest offset from UTC, in minutes, either way.
    pub const MAX_OFFSET_MINUTES: i16 = 23 * 60 + 59;

    /// The instant at which clocks so many minutes east of UTC show `local`.
    pub fn from_local(local: DateTime, offset_minutes: i16) -> Option<Self> {
        let utc = local.plus_minutes(offset_minutes.checked_neg()?)?;
        Self::from_utc(utc, offset_minutes)
    }

    /// The instant of a UTC date and time, to be shown with an offset in minutes east of UTC.
    pub fn from_utc(utc: DateTime, offset_minutes: i16) -> Option<Self> {
        let limit = Self::MAX_OFFSET_MINUTES;
        utc.plus_minutes(offset_minutes)
            .filter(|_| (-limit..=limit).contains(&offset_minutes))
            .map(|_| Self {
                utc,
                offset_minutes,
            })
    }

    /// The instant so many nanoseconds after (or before) 1970-01-01T00:00:00Z, with offset zero.
    pub fn from_unix_nanos(nanos: i128) -> Option<Self> {
        let day = i128::from(NANOS_PER_DAY);
        let date = Date::from_days(i32::try_from(nanos.div_euclid(day)).ok()?)?;
        let time = Time::from_nanos(u64::try_from(nanos.rem_euclid(day)).ok()?)?;
        Self::from_utc(DateTime { date, time }, 0)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub fn unix_nanos(self) -> i128 {
        i128::from(self.utc.date.days) * i128::from(NANOS_PER_DAY) + i128::from(self.utc.time.nanos)
    }

    /// The date and time in UTC.
    pub fn utc(self) -> DateTime {
        self.utc
    }

    /// The date and time that local clocks show.
    pub fn local(self) -> DateTime {
        // Each constructor has checked that this is in range.
        self.utc
            .plus_minutes(self.offset_minutes)
            .unwrap_or(self.utc)
    }

    /// Minutes east of UTC.
    pub fn offset_minutes(self) -> i16 {
        self.offset_minutes
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second, nanosecond) = self.hms();
        write!(f, "{hour:02}:{minute:02}:{second:02}")?;
        if nanosecond == 0 {
            return Ok(());
        }
        let digits = format!("{nanosecond:09}");
        write!(f, ".{}", digits.trim_end_matches('0'))
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date, self.time)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.local().fmt(f)?;
        if self.offset_minutes == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let minutes = self.offset_minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// Why a text is not a date or time; a sentence for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct CalendarError(pub(super) &'static str);

const DATE_FORM: CalendarError =
    CalendarError("write an existing day as YYYY-MM-DD, like \"2021-03-31\"");
const TIME_FORM: CalendarError =
    CalendarError("write HH:MM:SS with up to 9 decimals, like \"23:59:59.5\"");
const DATE_TIME_FORM: CalendarError =
    CalendarError("write YYYY-MM-DDTHH:MM:SS without an offset, like \"2021-03-31T23:59:59\"");
const TIMESTAMP_FORM: CalendarError = CalendarError(
    "write YYYY-MM-DDTHH:MM:SS with Z or an offset, like \"2021-03-31T23:59:59+02:00\"",
);

/// Exactly `YYYY-MM-DD`.
impl FromStr for Date {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        parse_date(text).ok_or(DATE_FORM)
    }
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.` and 1 to 9 decimals.
impl FromStr for Time {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        parse_time(text).ok_or(TIME_FORM)
    }
}

/// A date, `T` or a space, and a time; or a date alone, which means its midnight.
impl FromStr for DateTime {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        parse_date_time(text).ok_or(DATE_TIME_FORM)
    }
}

/// As [`DateTime`], then `Z` or an offset: `+02:00`, `+0200` or `+02`.
impl FromStr for Timestamp {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        parse_timestamp(text).ok_or(TIMESTAMP_FORM)
    }
}

/// The number that exactly `width` ASCII digits make.
fn digits(text: &str, width: usize) -> Option<u32> {
    let right = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    right.then(|| text.parse().ok()).flatten()
}

fn parse_date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    Date::from_ymd(digits(year, 4)?, digits(month, 2)?, digits(day, 2)?)
}

fn parse_time(text: &str) -> Option<Time> {
    let (hour, rest) = text.split_once(':')?;
    let (minute, rest) = rest.split_once(':').unwrap_or((rest, "00"));
    let (second, nanosecond) = match rest.split_once('.') {
        None => (rest, 0),
        Some((second, decimals)) => {
            let width = decimals.len();
            let scale = 9_u32.checked_sub(u32::try_from(width).ok().filter(|&width| width > 0)?)?;
            (second, digits(decimals, width)? * 10_u32.pow(scale))
        }
    };
    Time::from_hms(
        digits(hour, 2)?,
        digits(minute, 2)?,
        digits(second, 2)?,
        nanosecond,
    )
}

fn parse_date_time(text: &str) -> Option<DateTime> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, parse_time(time)?),
        None => (text, Time::MIN),
    };
    Some(DateTime {
        date: parse_date(date)?,
        time,
    })
}

fn parse_timestamp(text: &str) -> Option<Timestamp> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return Timestamp::from_local(parse_date_time(local)?, 0);
    }
    // The date has '-' too: look for the sign behind the time.
    let time_at = text.find(['T', 't', ' '])?;
    let sign_at = text.rfind(['+', '-']).filter(|&at| at > time_at)?;
    let (local, offset) = text.split_at_checked(sign_at)?;
    let (sign, offset) = offset.split_at_checked(1)?;
    let (hours, minutes) = match offset.len() {
        2 => (offset, "00"),
        4 => offset.split_at_checked(2)?,
        _ => offset.split_once(':')?,
    };
    let minutes_of_hour = digits(minutes, 2).filter(|&minutes| minutes < 60)?;
    let minutes = i16::try_from(digits(hours, 2)? * 60 + minutes_of_hour).ok()?;
    let signed = if sign == "-" { -minutes } else { minutes };
    Timestamp::from_local(parse_date_time(local)?, signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_goes_there_and_back() {
        let mut before = None;
        for days in Date::MIN.days..=Date::MAX.days {
            let date = Date::from_days(days).unwrap();
            let ymd = date.ymd();
            assert_eq!(Date::from_ymd(ymd.0, ymd.1, ymd.2), Some(date));
            assert!(Some(ymd) > before);
            before = Some(ymd);
        }
        assert_eq!(Date::MIN.to_string(), "0000-01-01");
        assert_eq!(Date::MAX.to_string(), "9999-12-31");
        assert_eq!(Date::from_days(0).unwrap().to_string(), "1970-01-01");
        assert_eq!(Date::from_ymd(2000, 2, 29).unwrap().days(), 11_016);
    }

    #[test]
    fn text_there_and_back() {
        for text in [
            "00:00:00",
            "23:59:59.999999999",
            "12:30:01.5",
            "01:02:03.000000001",
        ] {
            assert_eq!(text.parse::<Time>().unwrap().to_string(), text);
        }
        for text in [
            "2021-01-01T00:00:00Z",
            "2021-01-01T00:00:00+02:00",
            "2021-01-01T00:00:00.25-11:30",
            "0000-01-01T00:00:00Z",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        let same: DateTime = "2021-01-01".parse().unwrap();
        assert_eq!("2021-01-01 00:00".parse(), Ok(same));
        let east: Timestamp = "2021-01-01T00:30+0200".parse().unwrap();
        assert_eq!(east.utc().to_string(), "2020-12-31T22:30:00");
        assert_eq!(east.to_string(), "2021-01-01T00:30:00+02:00");
        assert_eq!("2021-01-01T00:30+02".parse(), Ok(east));
        assert_eq!(
            Timestamp::from_unix_nanos(east.unix_nanos()).unwrap().utc(),
            east.utc()
        );
    }

    #[test]
    fn refuses_what_is_no_date() {
        for text in [
            "",
            "2021",
            "2021-1-1",
            "2021-02-29",
            "2021-13-01",
            "+021-01-01",
            "２０21-01-01",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        for text in [
            "",
            "1:00",
            "24:00:00",
            "00:60:00",
            "00:00:60",
            "00:00:00.",
            "00:00:00.1234567890",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
        for text in [
            "2021-01-01T00:00:00",
            "2021-01-01Z+",
            "2021-01-01T00:00:00+24:00",
            "2021-01-01T00:00:00+02:60",
            "2021-01-01T00:00:00+2é0",
            "0000-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
