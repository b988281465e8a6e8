//! Dates: the time-val of RFC 3659 § 2.3 and the dates of `ls -l`.

use core::fmt;

const DAY: i64 = 86_400;
/// Half of a mean Gregorian year, in seconds: the age at which `ls` prints the year in place of the time.
const HALF_YEAR: i64 = 31_556_952 / 2;
const HOUR: i64 = 3_600;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A date and a time of day in the proleptic Gregorian calendar, years 1 to 9999, to the nanosecond.
///
/// It carries no time zone: a time-val is UTC (RFC 3659 § 2.3), a `LIST` date is whatever the server's clock shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    // The derived order is chronological because the fields stand from the coarsest to the finest.
    year: i32,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
}

impl DateTime {
    /// 1970-01-01 00:00:00.
    pub const UNIX_EPOCH: Self = Self {
        year: 1970,
        month: 1,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
        nanosecond: 0,
    };

    /// A date that exists, or `None`.
    ///
    /// `second` may be 60, a leap second, which RFC 3659 § 2.3 allows.
    #[must_use]
    pub const fn new(
        year: i32,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
        nanosecond: u32,
    ) -> Option<Self> {
        let date = 1 <= year && year <= 9999 && 1 <= month && month <= 12;
        if !date || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 60 || nanosecond >= 1_000_000_000 {
            return None;
        }
        Some(Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            nanosecond,
        })
    }

    /// The date that lies `seconds` and `nanoseconds` after 1970-01-01 00:00:00, leap seconds not counted.
    ///
    /// `None` outside the years 1 to 9999, or when `nanoseconds` is a whole second or more.
    #[must_use]
    pub const fn from_unix(seconds: i64, nanoseconds: u32) -> Option<Self> {
        let Some((year, month, day)) = civil_from_days(seconds.div_euclid(DAY)) else {
            return None;
        };
        let rest = seconds.rem_euclid(DAY);
        Self::new(
            year,
            month,
            day,
            (rest / HOUR) as u8,
            (rest / 60 % 60) as u8,
            (rest % 60) as u8,
            nanoseconds,
        )
    }

    /// Seconds since 1970-01-01 00:00:00, fraction dropped; a leap second counts as the second after it.
    #[must_use]
    pub const fn to_unix(self) -> i64 {
        days_from_civil(self.year, self.month, self.day) * DAY
            + self.hour as i64 * HOUR
            + self.minute as i64 * 60
            + self.second as i64
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The hour, 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub const fn minute(self) -> u8 {
        self.minute
    }

    /// The second, 0 to 60.
    #[must_use]
    pub const fn second(self) -> u8 {
        self.second
    }

    /// Nanoseconds after the second, below a thousand million.
    #[must_use]
    pub const fn nanosecond(self) -> u32 {
        self.nanosecond
    }
}

/// ISO 8601, as far as is known: `2024-01-02T15:04:05`, with nine digits of fraction unless it is zero.
impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year, month, day, ..
        } = self;
        let (hour, minute, second) = (self.hour, self.minute, self.second);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        match self.nanosecond {
            0 => Ok(()),
            nanosecond => write!(f, ".{nanosecond:09}"),
        }
    }
}

/// Whether the Gregorian `year` has a 29 February.
const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days before 1 January of `year`, counted from 1 January of the year 1.
const fn days_before_year(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past / 4 - past / 100 + past / 400
}

/// Days before the first of `month` within its year.
const fn days_before_month(year: i32, month: u8) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap_day = if month > 2 && is_leap(year) { 1 } else { 0 };
    BEFORE[month as usize - 1] + leap_day
}

const UNIX_DAY: i64 = days_before_year(1970);

const fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    days_before_year(year as i64) + days_before_month(year, month) + day as i64 - 1 - UNIX_DAY
}

const fn civil_from_days(unix_day: i64) -> Option<(i32, u8, u8)> {
    if unix_day < -UNIX_DAY || unix_day >= days_before_year(10_000) - UNIX_DAY {
        return None;
    }
    let days = unix_day + UNIX_DAY;
    // 400 years have 146097 days. The quotient is the year or, at the end of a leap year, one too many or too few.
    let mut year = days * 400 / 146_097 + 1;
    while days < days_before_year(year) {
        year -= 1;
    }
    while days >= days_before_year(year + 1) {
        year += 1;
    }
    let in_year = days - days_before_year(year);
    let year = year as i32;
    let mut month = 12;
    while days_before_month(year, month) > in_year {
        month -= 1;
    }
    let day = in_year - days_before_month(year, month) + 1;
    Some((year, month, day as u8))
}

/// Reads a time-val, `YYYYMMDDHHMMSS[.fraction]` in UTC (RFC 3659 § 2.3).
///
/// Digits of the fraction beyond the ninth are dropped. Old servers that print `19` and the years since 1900 give
/// fifteen digits, `19124…` for 2024; those are understood too.
#[must_use]
pub fn parse_time_val(text: &[u8]) -> Option<DateTime> {
    let (whole, fraction) = match memchr::memchr(b'.', text) {
        Some(dot) => (&text[..dot], Some(&text[dot + 1..])),
        None => (text, None),
    };
    let nanosecond = match fraction {
        Some(digits) => parse_fraction(digits)?,
        None => 0,
    };
    let (year, rest) = match whole.len() {
        14 => (digits(&whole[..4])?, &whole[4..]),
        15 if whole.starts_with(b"191") => (1900 + digits(&whole[2..5])?, &whole[5..]),
        _ => return None,
    };
    let mut pairs = [0u8; 5];
    for (value, pair) in pairs.iter_mut().zip(rest.chunks_exact(2)) {
        *value = u8::try_from(digits(pair)?).ok()?;
    }
    let [month, day, hour, minute, second] = pairs;
    DateTime::new(year, month, day, hour, minute, second, nanosecond)
}

/// A short run of decimal digits as a number; the callers bound its length.
fn digits(text: &[u8]) -> Option<i32> {
    text.iter().try_fold(0i32, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| i32::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// Nanoseconds of a decimal fraction of any length.
fn parse_fraction(text: &[u8]) -> Option<u32> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let padded = text.iter().copied().chain(core::iter::repeat(b'0'));
    let digits = padded.take(9).map(|byte| u32::from(byte - b'0'));
    Some(digits.fold(0, |value, digit| value * 10 + digit))
}

/// Displays a date as a time-val (RFC 3659 § 2.3): `20240102150405`, and `.678` where it has milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeVal(
    /// The moment, in UTC.
    pub DateTime,
);

impl fmt::Display for TimeVal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.0;
        write!(f, "{:04}{:02}{:02}", date.year, date.month, date.day)?;
        write!(f, "{:02}{:02}{:02}", date.hour, date.minute, date.second)?;
        match date.nanosecond / 1_000_000 {
            0 => Ok(()),
            millisecond => write!(f, ".{millisecond:03}"),
        }
    }
}

/// Displays a date as a time-val with all of its fraction, and without the zeros at its end: `20240102150405.000000001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExactTimeVal(
    /// The moment, in UTC.
    pub DateTime,
);

impl fmt::Display for ExactTimeVal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.0;
        write!(f, "{:04}{:02}{:02}", date.year, date.month, date.day)?;
        write!(f, "{:02}{:02}{:02}", date.hour, date.minute, date.second)?;
        let (mut fraction, mut width) = (date.nanosecond, 9);
        if fraction == 0 {
            return Ok(());
        }
        while fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        write!(f, ".{fraction:0width$}")
    }
}

/// Displays a date as `ls -l` does, always twelve columns: `Jan  2 15:04`, or `Jan  2  2006` when it is older than
/// half a year or more than an hour ahead of `now`. Both dates are taken to be in one time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListDate {
    /// The date to show.
    pub date: DateTime,
    /// The present, which decides between the time and the year.
    pub now: DateTime,
}

impl fmt::Display for ListDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DateTime {
            year, month, day, ..
        } = self.date;
        let month = MONTHS[usize::from(month - 1)];
        let age = self.now.to_unix() - self.date.to_unix();
        if (-HOUR..HALF_YEAR).contains(&age) {
            let (hour, minute) = (self.date.hour, self.date.minute);
            write!(f, "{month} {day:2} {hour:02}:{minute:02}")
        } else {
            write!(f, "{month} {day:2} {year:5}")
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::{DateTime, ListDate, TimeVal, parse_time_val};

    fn date(text: &str) -> DateTime {
        parse_time_val(text.as_bytes()).unwrap()
    }

    #[test]
    fn counts_days() {
        for (text, seconds) in [
            ("19700101000000", 0),
            ("20000229000000", 951_782_400),
            ("20240615120000", 1_718_452_800),
            ("19691231235959", -1),
            ("00010101000000", -62_135_596_800),
            ("99991231235959", 253_402_300_799),
        ] {
            assert_eq!(date(text).to_unix(), seconds, "{text}");
            assert_eq!(DateTime::from_unix(seconds, 0), Some(date(text)), "{text}");
        }
        for seconds in [i64::MIN, -62_135_596_801, 253_402_300_800, i64::MAX] {
            assert_eq!(DateTime::from_unix(seconds, 0), None);
        }
    }

    #[test]
    fn refuses_what_is_no_date() {
        for text in [
            "20230229000000",
            "19000229000000",
            "20241301000000",
            "20240001000000",
            "20240100000000",
            "20240431000000",
            "20240101240000",
            "20240101006000",
            "20240101000061",
            "00000101000000",
            "2024010100000",
            "202401010000000",
            "20240101000000.",
            "20240101000000.x",
            "2024+101000000",
            "",
        ] {
            assert_eq!(parse_time_val(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn reads_fractions_and_the_year_19100() {
        assert_eq!(date("20240102150405.678").nanosecond(), 678_000_000);
        assert_eq!(date("20240102150405.12345678999").nanosecond(), 123_456_789);
        assert_eq!(date("191000102150405"), date("20000102150405"));
        assert_eq!(date("191240102150405"), date("20240102150405"));
        assert_eq!(date("20161231235960").second(), 60);
    }

    #[test]
    fn shows_time_vals() {
        for text in ["20240102150405", "20240102150405.678", "00010101000000"] {
            assert_eq!(TimeVal(date(text)).to_string(), text);
        }
        assert_eq!(
            TimeVal(date("20240102150405.0001")).to_string(),
            "20240102150405"
        );
    }

    #[test]
    fn shows_list_dates() {
        let now = date("20240615120000");
        for (text, expected) in [
            ("20240102150405", "Jan  2 15:04"),
            ("20240615130000", "Jun 15 13:00"),
            ("20240615130001", "Jun 15  2024"),
            ("20231215120000", "Dec 15  2023"),
            ("20231231235959", "Dec 31 23:59"),
            ("20060102150405", "Jan  2  2006"),
        ] {
            let date = date(text);
            assert_eq!(ListDate { date, now }.to_string(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn unix_round_trip(seconds in -62_135_596_800i64..253_402_300_800, nanos in 0u32..1_000_000_000) {
            let date = DateTime::from_unix(seconds, nanos).unwrap();
            prop_assert_eq!(date.to_unix(), seconds);
            prop_assert_eq!(date.nanosecond(), nanos);
            let next = DateTime::from_unix(seconds + 1, 0);
            prop_assert!(next.is_none_or(|next| next > date));
        }

        #[test]
        fn time_val_round_trip(seconds in -62_135_596_800i64..253_402_300_800, millis in 0u32..1000) {
            let date = DateTime::from_unix(seconds, millis * 1_000_000).unwrap();
            prop_assert_eq!(parse_time_val(TimeVal(date).to_string().as_bytes()), Some(date));
        }

        #[test]
        fn list_dates_have_twelve_columns(seconds in -62_135_596_800i64..253_402_300_800, now in 0i64..4_000_000_000) {
            let date = DateTime::from_unix(seconds, 0).unwrap();
            let now = DateTime::from_unix(now, 0).unwrap();
            prop_assert_eq!(ListDate { date, now }.to_string().len(), 12);
        }

        #[test]
        fn any_unix_time_never_panics(seconds: i64, nanos: u32) {
            let _ = DateTime::from_unix(seconds, nanos);
        }

        #[test]
        fn arbitrary_bytes_never_panic(text: Vec<u8>, digits in "1?[0-9]{14}(\\.[0-9]{0,12})?") {
            let _ = parse_time_val(&text);
            let _ = parse_time_val(digits.as_bytes());
        }
    }
}
