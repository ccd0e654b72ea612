//! Dates, times and durations as training apps write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// The formats of times, each tried in turn.
const TIMES: [&str; 8] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %I:%M:%S %p",
    "%d %b %Y, %H:%M",
    "%d %B %Y, %H:%M",
    "%b %d, %Y, %I:%M %p",
    "%d/%m/%Y %H:%M",
];

/// The time in a text, in milliseconds since the Unix epoch. A date without a time means noon, which is the same day in most zones.
pub fn moment(text: &str, zone: &TimeZone) -> Result<i64, String> {
    // Some apps put a narrow space before AM and PM.
    let text: String = text.trim().chars().map(|char| if char.is_whitespace() { ' ' } else { char }).collect();
    // A time that names its offset is the same everywhere.
    if let Ok(moment) = text.parse::<Timestamp>() {
        return since_1970(moment, &text);
    }
    let time = TIMES.iter().find_map(|format| DateTime::strptime(format, &text).ok());
    let date = || Date::strptime("%Y-%m-%d", &text).ok().map(|date| date.to_datetime(Time::constant(12, 0, 0, 0)));
    let local = time.or_else(date).ok_or_else(|| format!("cannot read the time {text:?}; expected one such as 2026-01-31 18:05:00"))?;
    let moment = zone.to_zoned(local).map_err(|error| format!("cannot read the time {text:?}: {error}"))?;
    since_1970(moment.timestamp(), &text)
}

fn since_1970(moment: Timestamp, text: &str) -> Result<i64, String> {
    let moment = moment.as_millisecond();
    if moment < 0 { Err(format!("cannot read the time {text:?}: it is before 1970")) } else { Ok(moment) }
}

/// The seconds in a duration such as `1h 10m`, `45 min`, `0:01:30` or `3600`.
pub fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("cannot read the duration {text:?}; expected one such as 1h 10m, 0:45:00 or 2700");
    if text.contains(':') {
        let parts: Result<Vec<u64>, _> = text.split(':').map(|part| part.trim().parse()).collect();
        let parts = parts.ok().filter(|parts| parts.len() <= 3 && parts.iter().all(|part| *part < 100_000)).ok_or_else(wrong)?;
        return Ok(parts.into_iter().fold(0, |sum, part| sum * 60 + part));
    }
    let (mut sum, mut number, mut unit) = (0_u64, String::new(), String::new());
    // A space after a unit ends the part, and so does the next digit.
    for char in text.chars().chain([' ']) {
        if char.is_ascii_digit() {
            if !unit.is_empty() {
                sum = sum.saturating_add(part(&number, &unit).ok_or_else(wrong)?);
                (number, unit) = (String::new(), String::new());
            }
            number.push(char);
        } else if char.is_alphabetic() {
            unit.push(char);
        } else if !char.is_whitespace() {
            return Err(wrong());
        }
    }
    Ok(sum.saturating_add(part(&number, &unit).ok_or_else(wrong)?))
}

fn part(number: &str, unit: &str) -> Option<u64> {
    let number: u64 = number.parse().ok()?;
    let seconds = match unit.to_lowercase().as_str() {
        "" | "s" | "sec" | "secs" => 1,
        "m" | "min" | "mins" => 60,
        "h" | "hr" | "hrs" => 3_600,
        _ => return None,
    };
    number.checked_mul(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_spellings_of_the_apps() {
        let read = |text| moment(text, &TimeZone::UTC).expect("a time");
        let evening = 1_789_840_800_000;
        for text in [
            "2026-09-19 18:00:00",
            "2026-09-19T18:00:00Z",
            "2026-09-19T20:00:00+02:00",
            "2026-09-19T18:00:00",
            "19 Sep 2026, 18:00",
            "2026-09-19 6:00:00\u{202f}PM",
            "Sep 19, 2026, 6:00 PM",
        ] {
            assert_eq!(read(text), evening, "{text}");
        }
        assert_eq!(read("2026-09-19"), evening - 6 * 3_600_000);
        for text in ["", "yesterday", "2026-13-01 00:00:00", "1950-01-01"] {
            assert!(moment(text, &TimeZone::UTC).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_read_in_the_spellings_of_the_apps() {
        for (text, expected) in
            [("1h 10m", 4_200), ("45m", 2_700), ("1h", 3_600), ("90", 90), ("0:01:30", 90), ("2 hrs 5 min", 7_500), ("1h5m", 3_900)]
        {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in ["", "soon", "5 weeks", "1:2:3:4", "-5"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
