//! Times as people write them.

use ftp_sansio::wire::DateTime;
use ftp_sansio::wire::date::parse_time_val;

const FORMS: &str = "a time is 2024-01-31, 2024-01-31T12:30, 2024-01-31T12:30:59, 20240131123059 or @SECONDS, in UTC";

/// Reads a time in UTC: a date, a date and a time, a time-val of the protocol, or seconds since 1970 behind an `@`.
pub(crate) fn parse(text: &str) -> Result<DateTime, &'static str> {
    read(text).ok_or(FORMS)
}

fn read(text: &str) -> Option<DateTime> {
    if let Some(seconds) = text.strip_prefix('@') {
        return DateTime::from_unix(seconds.parse().ok()?, 0);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A year of its own has the length of none of these.
        return parse_time_val(text.as_bytes()).filter(|_| text.len() == 14);
    }
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let (date, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, ""));
    let time = match time.len() {
        0 => "00:00:00".to_owned(),
        5 => format!("{time}:00"),
        _ => time.to_owned(),
    };
    let digits = joined(date, '-', [4, 2, 2])? + &joined(&time, ':', [2, 2, 2])?;
    parse_time_val(digits.as_bytes())
}

/// The digits of three groups of these lengths.
fn joined(text: &str, between: char, lengths: [usize; 3]) -> Option<String> {
    let groups: Vec<_> = text.split(between).collect();
    let fit = |(group, length): (&&str, &usize)| {
        group.len() == *length && group.bytes().all(|byte| byte.is_ascii_digit())
    };
    let wellformed = groups.len() == lengths.len() && groups.iter().zip(&lengths).all(fit);
    wellformed.then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_time() {
        let date = |h, m, s| DateTime::new(2024, 1, 31, h, m, s, 0).ok_or(FORMS);
        for (text, wanted) in [
            ("2024-01-31", date(0, 0, 0)),
            ("2024-01-31T12:30", date(12, 30, 0)),
            ("2024-01-31 12:30:59", date(12, 30, 59)),
            ("2024-01-31T12:30:59Z", date(12, 30, 59)),
            ("20240131123059", date(12, 30, 59)),
            ("@1706704259", date(12, 30, 59)),
        ] {
            assert_eq!(parse(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "now",
            "@",
            "@x",
            "2024",
            "2024-1-31",
            "2024-02-30",
            "2024-01-31T25:00",
            "2024-01-31T12",
            "24-01-31",
            "+024-01-31",
            "2024-01-31T12:30:59+01:00",
            "é024-01-3",
        ] {
            assert_eq!(parse(text), Err(FORMS), "{text}");
        }
    }
}
