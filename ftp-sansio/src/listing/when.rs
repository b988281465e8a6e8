//! The dates of listings, with and without a year.

use super::item::{Word, is_blank, short_number};
use super::month::find_month;
use super::{Modified, Precision, Zone};
use crate::wire::date::DateTime;

/// A time of day, and how finely it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) nanosecond: u32,
    pub(crate) precision: Precision,
}

/// A date as a listing shows it, of which the year or the time may be missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    pub(crate) year: Option<i32>,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) clock: Option<Clock>,
}

impl When {
    /// The moment; without a year, the latest that is not over a day in the future, which leaves room for the time
    /// zone. `None` when there is no such day, or no year and no `now`.
    pub(crate) fn resolve(self, now: Option<DateTime>) -> Option<Modified> {
        let date = match self.year {
            Some(year) => self.in_year(year)?,
            None => {
                let now = now?;
                let latest = now.to_unix() + 86_400;
                // 29 February comes back after eight years at most, at the end of a century.
                let mut years = (now.year() - 8..=now.year() + 1).rev();
                years.find_map(|year| self.in_year(year).filter(|date| date.to_unix() <= latest))?
            }
        };
        let precision = self.clock.map_or(Precision::Day, |clock| clock.precision);
        Some(Modified {
            date,
            precision,
            zone: Zone::Unknown,
        })
    }

    fn in_year(self, year: i32) -> Option<DateTime> {
        let (hour, minute, second, nanosecond) = match self.clock {
            Some(clock) => (clock.hour, clock.minute, clock.second, clock.nanosecond),
            None => (0, 0, 0, 0),
        };
        DateTime::new(year, self.month, self.day, hour, minute, second, nanosecond)
    }
}

/// `15:04`, `5:04`, `15:04:05`, `15:04:05.678`; no AM or PM.
pub(crate) fn clock(text: &[u8]) -> Option<Clock> {
    let mut parts = text.splitn(3, |byte| *byte == b':');
    let hour = small(parts.next()?, 23)?;
    let minute = parts.next().filter(|text| text.len() == 2)?;
    let minute = small(minute, 59)?;
    let mut clock = Clock {
        hour,
        minute,
        second: 0,
        nanosecond: 0,
        precision: Precision::Minute,
    };
    let Some(rest) = parts.next() else {
        return Some(clock);
    };
    let mut halves = rest.splitn(2, |byte| *byte == b'.');
    let second = halves.next().filter(|text| text.len() == 2)?;
    clock.second = small(second, 60)?;
    clock.precision = Precision::Second;
    if let Some(fraction) = halves.next() {
        clock.nanosecond = fraction_of_second(fraction)?;
        clock.precision = Precision::Subsecond;
    }
    Some(clock)
}

/// Adds the twelve hours that `AM` or `PM`, in any case and also as `A` or `P`, say.
pub(crate) fn half_day(clock: Clock, mark: &[u8]) -> Option<Clock> {
    let afternoon = match mark {
        [b'a' | b'A'] | [b'a' | b'A', b'm' | b'M'] => 0,
        [b'p' | b'P'] | [b'p' | b'P', b'm' | b'M'] => 12,
        _ => return None,
    };
    // Twelve comes before one on this dial. Some servers add PM to a 24-hour clock; then it says nothing.
    let hour = match clock.hour {
        1..=12 => clock.hour % 12 + afternoon,
        hour => hour,
    };
    Some(Clock { hour, ..clock })
}

fn fraction_of_second(text: &[u8]) -> Option<u32> {
    let digits = &text[..text.len().min(9)];
    if digits.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0, |value, byte| value * 10 + u32::from(byte - b'0'));
    Some(value * 10u32.pow(9 - u32::try_from(digits.len()).ok()?))
}

/// A number of one or two digits, at most `most`.
pub(crate) fn small(text: &[u8], most: u16) -> Option<u8> {
    let value = short_number(text, 2).filter(|value| *value <= most)?;
    u8::try_from(value).ok()
}

/// A year of four digits that a file may have.
pub(crate) fn year(text: &[u8]) -> Option<i32> {
    let year = short_number(text, 4).filter(|_| text.len() == 4)?;
    (1900..3000).contains(&year).then_some(i32::from(year))
}

/// A year of four digits; of two, from 1970 on; of three, years since 1900, as servers print that never heard of 2000.
pub(crate) fn any_year(text: &[u8]) -> Option<i32> {
    let short = || short_number(text, 3).map(i32::from);
    match text.len() {
        2 => short().map(|year| if year < 70 { 2000 + year } else { 1900 + year }),
        3 => short().filter(|year| *year >= 100).map(|year| 1900 + year),
        _ => year(text),
    }
}

/// Three parts of a date between equal separators out of `-`, `/` and `.`, and that separator.
pub(crate) fn date_parts(text: &[u8]) -> Option<([&[u8]; 3], u8)> {
    let separator = *text.iter().find(|byte| !byte.is_ascii_alphanumeric())?;
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    let mut parts = text.split(|byte| *byte == separator);
    let found = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some((found, separator))
}

/// The date of an `ls -l` line that begins with the first of `words`, and where it ends in `line`.
///
/// The end takes in what pads a year to the width of a time, so that one separator stands between it and the name.
pub(crate) fn ls_date(line: &[u8], words: &[Word<'_>]) -> Option<(When, usize)> {
    let [first, second, ..] = words else {
        return None;
    };
    if let Some(date) = one_word_date(first.text) {
        return iso_tail(line, date, words);
    }
    if let Some(found) = month_day(first.text, second) {
        return Some(found);
    }
    let third = words.get(2)?;
    // A month is looked up last, since that takes longest.
    if let Some(when) = day_and(second.text, third.text)
        && let Some(month) = find_month(first.text).or_else(|| numeric_month(first.text, when))
    {
        let when = When { month, ..when };
        if let Some(whole) = full_time(when, words.get(3)) {
            return Some(whole);
        }
        let left = third.start == second.end() + 1 && when.clock.is_none();
        let end = third.end();
        let padded = left && line[end..].starts_with(b"  ");
        return Some((when, end + usize::from(padded)));
    }
    if let Some(found) = comma_date(words).or_else(|| year_first(first, second, third)) {
        return Some(found);
    }
    let when = day_and(first.text, third.text)?;
    // `26. Juli, 20:10`
    let month = second.text.strip_suffix(b",").unwrap_or(second.text);
    let month = find_month(month)?;
    Some((When { month, ..when }, third.end()))
}

/// `2024-01-02`, `2024/01/02`, `2024.01.02`; `02-01-2024`, which says nothing where either number may be the month;
/// `2-Jan-24`.
fn one_word_date(text: &[u8]) -> Option<When> {
    let ([first, second, third], _) = date_parts(text)?;
    if text.len() == 10
        && let Some(year) = year(first)
    {
        return Some(dated(year, small(second, 12)?, small(third, 31)?));
    }
    if second.len() == 3 {
        let month = find_month(second)?;
        return Some(dated(any_year(third)?, month, small(first, 31)?));
    }
    let year = year(third).filter(|_| text.len() == 10)?;
    let (first, second) = (small(first, 31)?, small(second, 31)?);
    match (first > 12, second > 12) {
        (true, true) => None,
        (true, false) => Some(dated(year, second, first)),
        (false, true) => Some(dated(year, first, second)),
        (false, false) if first == second => Some(dated(year, first, second)),
        // No day, as far as one can tell; but this is where the date stands.
        (false, false) => Some(dated(year, 0, 0)),
    }
}

const fn dated(year: i32, month: u8, day: u8) -> When {
    When {
        year: Some(year),
        month,
        day,
        clock: None,
    }
}

/// A month as a number, before a day and a time: nothing else in a line looks like that.
fn numeric_month(text: &[u8], when: When) -> Option<u8> {
    when.clock?;
    small(text, 12).filter(|month| *month > 0)
}

/// `Jan 02, 2006 15:04`, of `VShell`.
fn comma_date(words: &[Word<'_>]) -> Option<(When, usize)> {
    let [month, day, date_year, time, ..] = words else {
        return None;
    };
    let day = day.text.strip_suffix(b",").and_then(|day| small(day, 31))?;
    let date = dated(year(date_year.text)?, find_month(month.text)?, day);
    let clock = Some(clock(time.text)?);
    Some((When { clock, ..date }, time.end()))
}

/// `2003年 3月 20日`, as some East Asian servers write it.
fn year_first(first: &Word<'_>, second: &Word<'_>, third: &Word<'_>) -> Option<(When, usize)> {
    let year = year(counted(first.text))?;
    let month = Some(second.text).filter(|text| !text.is_ascii())?;
    let day = small(counted(third.text), 31)?;
    Some((dated(year, find_month(month)?, day), third.end()))
}

/// After `2024-01-02`: a time, maybe a zone (`ls --full-time`), or nothing (`--time-style=iso`).
fn iso_tail(line: &[u8], date: When, words: &[Word<'_>]) -> Option<(When, usize)> {
    let Some(clock) = clock(words[1].text) else {
        // The short form is padded to the width of `01-02 15:04`.
        let end = words[0].end();
        let padded = line[end..].starts_with(b"  ");
        return Some((date, end + usize::from(padded)));
    };
    let when = When {
        clock: Some(clock),
        ..date
    };
    let zone = words
        .get(2)
        .filter(|word| is_zone(word.text) && clock.precision > Precision::Minute);
    Some((when, zone.map_or(words[1].end(), Word::end)))
}

/// `+0200`
fn is_zone(text: &[u8]) -> bool {
    matches!(text, [b'+' | b'-', digits @ ..] if digits.len() == 4 && digits.iter().all(u8::is_ascii_digit))
}

/// `01-02 15:04`, of `ls --time-style=iso`; or with a year in the time's place.
fn month_day(text: &[u8], next: &Word<'_>) -> Option<(When, usize)> {
    let [m1, m2, b'-', d1, d2] = *text else {
        return None;
    };
    let clock = clock(next.text);
    let when = When {
        year: match clock {
            Some(_) => None,
            None => Some(year(next.text)?),
        },
        month: small(&[m1, m2], 12)?,
        day: small(&[d1, d2], 31)?,
        clock,
    };
    Some((when, next.end()))
}

/// `Jan  2 15:04:05 2006`, of `ls -lT` and of old GNU `ls --full-time`.
fn full_time(when: When, next: Option<&Word<'_>>) -> Option<(When, usize)> {
    let precise = when
        .clock
        .is_some_and(|clock| clock.precision > Precision::Minute);
    let next = next.filter(|_| precise)?;
    let year = Some(year(next.text)?);
    Some((When { year, ..when }, next.end()))
}

/// A day of a month that is still to be read, and a time or a year.
fn day_and(day: &[u8], last: &[u8]) -> Option<When> {
    let day = small(counted(day), 31).filter(|day| *day > 0)?;
    let clock = clock(last);
    let year = match clock {
        Some(_) => None,
        None => Some(year(counted(last))?),
    };
    Some(When {
        year,
        month: 0,
        day,
        clock,
    })
}

/// The digits before a full stop (`2. Jan`) or before one character of another script, as in `3日` and `2003年`.
pub(crate) fn counted(text: &[u8]) -> &[u8] {
    let digits = text.iter().position(|byte| !byte.is_ascii_digit());
    let Some(digits) = digits else {
        return text;
    };
    match &text[digits..] {
        b"." => &text[..digits],
        // The second byte of Shift JIS may be a letter.
        [first, rest @ ..] if !first.is_ascii() && rest.len() <= 2 => &text[..digits],
        _ => text,
    }
}

/// What stands after the one separator at `end`.
pub(crate) fn name_after(line: &[u8], end: usize) -> Option<&[u8]> {
    let (separator, name) = line.get(end..)?.split_first()?;
    is_blank(*separator).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{any_year, clock, counted, half_day};

    #[test]
    fn reads_clocks() {
        let read = |text: &[u8]| {
            clock(text).map(|clock| (clock.hour, clock.minute, clock.second, clock.nanosecond))
        };
        assert_eq!(read(b"5:04"), Some((5, 4, 0, 0)));
        assert_eq!(read(b"15:04:05.5"), Some((15, 4, 5, 500_000_000)));
        assert_eq!(read(b"15:04:05.1234567891"), Some((15, 4, 5, 123_456_789)));
        for text in [
            "24:00",
            "15:60",
            "15:4",
            "15",
            "15:04:",
            "15:04:05.",
            "15:04:05.x",
            ":04",
            "015:04",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        for (text, mark, hour) in [
            ("12:00", "AM", 0),
            ("12:00", "pm", 12),
            ("01:00", "P", 13),
            ("13:00", "PM", 13),
        ] {
            let marked = half_day(clock(text.as_bytes()).unwrap(), mark.as_bytes());
            assert_eq!(marked.map(|clock| clock.hour), Some(hour), "{text}{mark}");
        }
    }

    #[test]
    fn reads_years() {
        for (text, year) in [
            ("69", Some(2069)),
            ("70", Some(1970)),
            ("124", Some(2024)),
            ("2024", Some(2024)),
            ("024", None),
        ] {
            assert_eq!(any_year(text.as_bytes()), year, "{text}");
        }
        assert_eq!(counted("2003年".as_bytes()), b"2003");
        assert_eq!(counted(b"2003x"), b"2003x");
    }
}
