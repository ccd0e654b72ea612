//! Dates, times and durations as training apps and spreadsheets write them.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// Which of two numbers comes first in a date such as 04/05/2026.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DateOrder {
    /// 31/12/2026
    DayFirst,
    /// 12/31/2026
    MonthFirst,
}

/// The moment that a text describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedTime {
    /// In milliseconds since the Unix epoch.
    pub ms: i64,
    /// The other time that the text can mean, if the clock was changed then.
    other_ms: Option<i64>,
    /// The hour of the day, if the text names no offset.
    pub hour: Option<i8>,
    /// The earliest time that the text could mean in any zone. It is the same on every device.
    pub earliest_ms: i64,
    /// The text in a normalized spelling, which identifies the same moment in another export.
    pub name: String,
}

/// The zone in which a wall clock shows a time first.
const EARLIEST_ZONE: Offset = Offset::constant(14);

/// Reads a date with or without a time. A date without a time means noon, which is the same day in most zones.
pub fn moment(text: &str, zone: &TimeZone, order: Option<DateOrder>) -> Result<ParsedTime, String> {
    let unreadable = |why: &dyn std::fmt::Display| format!("cannot read the time {text:?}: {why}");
    let in_range = |time: Timestamp| since_1970(time).ok_or_else(|| unreadable(&OUT_OF_RANGE));
    // A time that names its offset is the same everywhere.
    if let Ok(moment) = text.parse::<Timestamp>() {
        let ms = in_range(moment)?;
        return Ok(ParsedTime { ms, other_ms: None, hour: None, earliest_ms: ms, name: moment.to_string() });
    }
    let (date, time) = civil(text, order).map_err(|why| unreadable(&why))?;
    let (time, offset) = time.map_or((None, None), |(time, offset)| (Some(time), offset));
    let local = date.to_datetime(time.unwrap_or(Time::constant(12, 0, 0, 0)));
    if let Some(offset) = offset {
        let moment = offset.to_timestamp(local).map_err(|_| unreadable(&OUT_OF_RANGE))?;
        let ms = in_range(moment)?;
        return Ok(ParsedTime { ms, other_ms: None, hour: None, earliest_ms: ms, name: moment.to_string() });
    }
    // Times that the library cannot represent are out of range too.
    let read = || {
        let ambiguous = zone.to_ambiguous_zoned(local);
        let other = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => None,
            AmbiguousOffset::Gap { .. } => Some(ambiguous.clone().earlier().ok()?.timestamp()),
            AmbiguousOffset::Fold { .. } => Some(ambiguous.clone().later().ok()?.timestamp()),
        };
        Some((ambiguous.compatible().ok()?.timestamp(), other, EARLIEST_ZONE.to_timestamp(local).ok()?))
    };
    let (moment, other, earliest) = read().ok_or_else(|| unreadable(&OUT_OF_RANGE))?;
    let name = if time.is_some() { local.to_string() } else { date.to_string() };
    Ok(ParsedTime {
        ms: in_range(moment)?,
        other_ms: other.and_then(since_1970),
        hour: Some(local.hour()),
        earliest_ms: since_1970(earliest).unwrap_or_default(),
        name,
    })
}

/// A format in which [`moment`] may have written a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// With its offset from UTC.
    Exact,
    /// A date and a time, in a zone with this offset.
    Local(Offset),
    /// A date alone, in a zone with this offset.
    Date(Offset),
}

impl Spelling {
    /// Every format.
    pub fn all() -> impl Iterator<Item = Spelling> {
        offsets().flat_map(|offset| [Spelling::Local(offset), Spelling::Date(offset)]).chain([Spelling::Exact])
    }

    /// The text of a time in this format. `None` if it is out of range.
    pub fn name(self, ms: i64) -> Option<String> {
        let at = Timestamp::from_millisecond(ms).ok()?;
        Some(match self {
            Spelling::Exact => at.to_string(),
            Spelling::Local(offset) => offset.to_datetime(at).to_string(),
            Spelling::Date(offset) => offset.to_datetime(at).date().to_string(),
        })
    }
}

/// Whether two times can be the same local time in different zones. The first is the earliest time with its local time.
pub fn may_be_same_local_time(earliest_ms: i64, ms: i64) -> bool {
    let behind = ms.saturating_sub(earliest_ms);
    let seconds = |offset: Offset| i64::from(EARLIEST_ZONE.seconds() - offset.seconds());
    offsets().any(|offset| seconds(offset) * 1_000 == behind)
}

/// The offsets of the world's zones from UTC.
fn offsets() -> impl Iterator<Item = Offset> {
    const QUARTER_SECS: i32 = 900;
    (-12 * 4..=14 * 4).filter_map(|quarters| Offset::from_seconds(quarters * QUARTER_SECS).ok())
}

/// Reads the start and the end of a workout. If the clock was changed in between, the end can seem to be before the start. They then mean
/// the times between which the workout is shortest.
///
/// # Errors
/// Returns an error if one of them cannot be read, or the end is before the start.
pub fn span(start: &str, end: &str, zone: &TimeZone, order: Option<DateOrder>) -> Result<(ParsedTime, i64), String> {
    let (start, end) = (moment(start, zone, order)?, moment(end, zone, order)?);
    if end.ms >= start.ms {
        return Ok((start, end.ms));
    }
    let starts = [Some(start.ms), start.other_ms].into_iter().flatten();
    let pairs = starts.flat_map(|from| [Some(end.ms), end.other_ms].into_iter().flatten().map(move |to| (from, to)));
    // The clock may have been put back in a zone other than this device's, by an hour in the night.
    let elsewhere = (start.hour.is_some_and(|hour| hour < NIGHT_ENDS) && end.hour.is_some()).then_some((start.ms, end.ms + HOUR_MS));
    let shortest = pairs.chain(elsewhere).filter(|(from, to)| to >= from).min_by_key(|(from, to)| to - from);
    let (ms, end_ms) = shortest.ok_or("the workout ends before it starts")?;
    Ok((ParsedTime { ms, ..start }, end_ms))
}

const HOUR_MS: i64 = 3_600_000;
/// The hour of the day after which clocks are not put back.
const NIGHT_ENDS: i8 = 3;
const OUT_OF_RANGE: &str = "it is before 1970 or too late";

fn since_1970(moment: Timestamp) -> Option<i64> {
    Some(moment.as_millisecond()).filter(|ms| *ms >= 0)
}

/// What one date shows about the order of day and month in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderShown {
    /// Nothing: it has one meaning, or is not a date.
    Nothing,
    /// The order.
    Order(DateOrder),
    /// Two numbers that can both be a month, as in 04/05/2026.
    Unclear,
}

/// What a date shows about the order of day and month in its file.
pub fn order_shown(text: &str) -> OrderShown {
    let (date, _) = split(text);
    match (numbers_of(date).as_slice(), date.contains('.')) {
        ([first, second, year], false) if is_year(year) && !is_year(first) => match (number(first), number(second)) {
            (Some(13..), _) => OrderShown::Order(DateOrder::DayFirst),
            (_, Some(13..)) => OrderShown::Order(DateOrder::MonthFirst),
            (Some(first), Some(second)) if first != second => OrderShown::Unclear,
            _ => OrderShown::Nothing,
        },
        _ => OrderShown::Nothing,
    }
}

const EXPECTED: &str = "expected one such as 2026-01-31 18:05:00";

/// A time of day, with its offset from UTC if the text names one.
type TimeOfDay = (Time, Option<Offset>);

fn civil(text: &str, order: Option<DateOrder>) -> Result<(Date, Option<TimeOfDay>), String> {
    let (date, time) = split(text);
    Ok((date_of(date, order)?, time.map(time_of).transpose()?))
}

/// The date of a text, and its time, which begins with the digits before the first colon.
fn split(text: &str) -> (&str, Option<&str>) {
    let text = text.trim();
    let Some(colon) = text.find(':') else { return (text, None) };
    let start = text[..colon].trim_end_matches(|char: char| char.is_ascii_digit()).len();
    (&text[..start], Some(&text[start..]))
}

fn date_of(text: &str, order: Option<DateOrder>) -> Result<Date, String> {
    let numbers = numbers_of(text);
    let words = words_of(text);
    let month = words.iter().find_map(|word| month(word));
    if words.iter().any(|word| month_or_filler(word).is_none()) {
        return Err(EXPECTED.to_owned());
    }
    let (year, month, day) = match (numbers.as_slice(), month) {
        ([year, day], Some(month)) | ([day, year], Some(month)) if is_year(year) => (*year, Some(month), *day),
        ([year, month, day], None) if is_year(year) => (*year, number(month), *day),
        ([day, month, year], None) if is_year(year) && text.contains('.') => (*year, number(month), *day),
        ([first, second, year], None) if is_year(year) => {
            let order = match (order, order_shown(text)) {
                (_, OrderShown::Order(order)) | (Some(order), _) => order,
                (None, OrderShown::Nothing) => DateOrder::DayFirst,
                (None, OrderShown::Unclear) => return Err("the day and the month are ambiguous; use --dates".to_owned()),
            };
            let (day, month) = if order == DateOrder::DayFirst { (first, second) } else { (second, first) };
            (*year, number(month), *day)
        }
        _ => return Err(EXPECTED.to_owned()),
    };
    let parts = (year.parse().ok(), month.and_then(|month| i8::try_from(month).ok()), day.parse().ok());
    let (Some(year), Some(month), Some(day)) = parts else { return Err(EXPECTED.to_owned()) };
    Date::new(year, month, day).map_err(|error| error.to_string())
}

/// A time of day such as 18:05, 18:05:00.25, 6:05 PM or 18:05 +0200.
fn time_of(text: &str) -> Result<TimeOfDay, String> {
    let wrong = || EXPECTED.to_owned();
    let end = text.find(|char: char| !(char.is_ascii_digit() || matches!(char, ':' | '.'))).unwrap_or(text.len());
    let (clock, rest) = text.split_at(end);
    let (words, offset) = rest.split_at(rest.find(['+', '-', '\u{2212}']).unwrap_or(rest.len()));
    if !words.chars().all(|char| char.is_alphabetic() || char.is_whitespace() || char == '.') {
        return Err(wrong());
    }
    let words: String = words.chars().filter(|char| char.is_alphabetic()).collect::<String>().to_lowercase();
    let zone = ["utc", "gmt", "z"].into_iter().find(|zone| words.ends_with(zone));
    let half = zone.map_or(words.as_str(), |zone| &words[..words.len() - zone.len()]);
    let offset = if offset.is_empty() { zone.map(|_| Offset::UTC) } else { Some(offset_of(offset).ok_or_else(wrong)?) };
    let (hour, minute, second) = clock_of(clock).ok_or_else(wrong)?;
    let hour = match (half, hour) {
        ("" | "h" | "uhr", hour) => hour,
        ("am", 12) => 0,
        ("am", hour) | ("pm", hour @ 12) => hour,
        ("pm", hour) => hour.saturating_add(12),
        _ => return Err(wrong()),
    };
    Ok((Time::new(hour, minute, second, 0).map_err(|error| error.to_string())?, offset))
}

/// Hour, minute and second of a text such as 18:05 or 18:05:00.25.
fn clock_of(text: &str) -> Option<(i8, i8, i8)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let parts: Vec<i8> = whole.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match parts.as_slice() {
        [hour, minute] if fraction.is_empty() => Some((*hour, *minute, 0)),
        [hour, minute, second] if fraction.chars().all(|char| char.is_ascii_digit()) => Some((*hour, *minute, *second)),
        _ => None,
    }
}

/// An offset from UTC such as +2, -0800 or +05:30.
fn offset_of(text: &str) -> Option<Offset> {
    let text = text.trim();
    let (sign, digits) = (if text.starts_with('+') { 1 } else { -1 }, text.strip_prefix(['+', '-', '\u{2212}'])?);
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some(parts), _) => parts,
        (None, 4) if digits.is_ascii() => digits.split_at(2),
        (None, _) => (digits, "0"),
    };
    let is_number = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str, max: i32| text.parse::<i32>().ok().filter(|number| is_number(text) && *number <= max);
    Offset::from_seconds(sign * (number(hours, 14)? * 3_600 + number(minutes, 59)? * 60)).ok()
}

fn numbers_of(text: &str) -> Vec<&str> {
    text.split(|char: char| !char.is_ascii_digit()).filter(|part| !part.is_empty()).collect()
}

fn words_of(text: &str) -> Vec<String> {
    let words = text.split(|char: char| !char.is_alphabetic()).filter(|part| !part.is_empty());
    words.map(str::to_lowercase).collect()
}

fn is_year(text: &str) -> bool {
    text.len() == 4
}

fn number(text: &str) -> Option<u8> {
    text.parse().ok()
}

/// The names of the months in the languages in which apps write dates. A name may be truncated after its third letter.
const MONTHS: [&[&str]; 12] = [
    &["january", "januar", "jänner", "janvier", "enero", "gennaio", "janeiro", "januari"],
    &["february", "februar", "février", "febrero", "febbraio", "fevereiro", "februari"],
    &["march", "märz", "mrz", "mars", "marzo", "março", "maart", "mrt"],
    &["april", "avril", "abril", "aprile"],
    &["may", "mai", "mayo", "maggio", "maio", "mei", "maj"],
    &["june", "juni", "juin", "junio", "giugno", "junho"],
    &["july", "juli", "juillet", "julio", "luglio", "julho"],
    &["august", "août", "agosto", "augustus", "augusti"],
    &["september", "septembre", "septiembre", "settembre", "setembro"],
    &["october", "oktober", "octobre", "octubre", "ottobre", "outubro"],
    &["november", "novembre", "noviembre", "novembro"],
    &["december", "dezember", "décembre", "diciembre", "dicembre", "dezembro"],
];

fn month(word: &str) -> Option<u8> {
    let fits = |name: &&str| *name == word || word.chars().count() >= 3 && name.starts_with(word);
    let place = MONTHS.iter().position(|names| names.iter().any(fits))?;
    u8::try_from(place + 1).ok()
}

/// Whether a word belongs in a date: the name of a month, or a word such as the one in `5 de mayo de 2026`.
fn month_or_filler(word: &str) -> Option<()> {
    (matches!(word, "de" | "at" | "um" | "à" | "om" | "kl" | "t") || month(word).is_some()).then_some(())
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
        "h" | "hr" | "hrs" | "std" => 3_600,
        _ => return None,
    };
    number.checked_mul(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, order: Option<DateOrder>) -> Result<i64, String> {
        moment(text, &TimeZone::UTC, order).map(|moment| moment.ms)
    }

    #[test]
    fn times_are_read_in_the_spellings_of_the_apps() {
        let evening = 1_789_840_800_000;
        for text in [
            "2026-09-19 18:00:00",
            "2026-09-19T18:00:00Z",
            "2026-09-19T20:00:00+02:00",
            "2026-09-19 20:00:00 +0200",
            "19 Sep 2026, 20:00 +02:00",
            "2026-09-19 9:00:00 PM GMT+3",
            "2026-09-19 13:30 \u{2212}04:30",
            "2026-09-19 18:00 UTC",
            "2026-09-19T18:00:00",
            "2026-09-19 18:00:00.250",
            "2026/09/19 18:00",
            "19 Sep 2026, 18:00",
            "19. September 2026, 18:00",
            "19 sept. 2026, 18:00",
            "19 de set. de 2026 18:00",
            "2026-09-19 6:00:00\u{202f}PM",
            "Sep 19, 2026, 6:00 PM",
            "Sep 19, 2026 at 6:00 p.m.",
            "19.09.2026 18:00",
            "19/09/2026 18:00",
            "9/19/2026 6:00 pm",
        ] {
            assert_eq!(read(text, None), Ok(evening), "{text}");
        }
        assert_eq!(read("25 Juli 2026, 14:21", None), read("2026-07-25 14:21", None));
        assert_eq!(read("3 août 2026", None), read("2026-08-03", None));
        assert_eq!(read("2026-09-19 12:30 AM", None), read("2026-09-19 00:30", None));
        assert_eq!(read("2026-09-19", None), Ok(evening - 6 * 3_600_000));
        for text in ["", "yesterday", "2026-13-01 00:00:00", "1950-01-01", "31/31/2026", "2026-09-19 25:00", "19 foo 2026", "19 Sep"] {
            assert!(read(text, None).is_err(), "{text}");
        }
        for rest in [" (5)", " - 7:00", ":4:5", ".5.6", " +0500 x", " +5000", " --5", " ++0500", " PM +1 +2", " o'clock"] {
            let text = format!("2026-09-19 06:00:00{rest}");
            assert!(read(&text, None).is_err(), "{text}");
        }
        assert!(read("9999-12-31", None).is_err_and(|message| message.ends_with(OUT_OF_RANGE)));
    }

    #[test]
    fn day_and_month_are_never_guessed() {
        assert_eq!(order_shown("04/05/2026"), OrderShown::Unclear);
        assert_eq!(order_shown("13/05/2026 18:00"), OrderShown::Order(DateOrder::DayFirst));
        assert_eq!(order_shown("04/13/2026"), OrderShown::Order(DateOrder::MonthFirst));
        assert_eq!((order_shown("04.05.2026"), order_shown("2026-04-05")), (OrderShown::Nothing, OrderShown::Nothing));
        assert!(read("04/05/2026", None).is_err_and(|message| message.contains("--dates")));
        assert_eq!(read("04/05/2026", Some(DateOrder::DayFirst)), read("2026-05-04", None));
        assert_eq!(read("04/05/2026", Some(DateOrder::MonthFirst)), read("2026-04-05", None));
    }

    #[test]
    fn a_workout_in_the_night_in_which_the_clock_changes_is_as_long_as_it_was() {
        let minutes =
            |start: &str, end: &str, zone: &TimeZone| span(start, end, zone, None).map(|(start, end_ms)| (end_ms - start.ms) / 60_000);
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        for zone in [&berlin, &TimeZone::UTC] {
            assert_eq!(minutes("26 Oct 2025, 02:50", "26 Oct 2025, 02:10", zone), Ok(20));
            assert_eq!(minutes("30 Mar 2025, 02:30", "30 Mar 2025, 03:10", zone), Ok(40));
            assert_eq!(minutes("26 Oct 2025, 02:10", "26 Oct 2025, 02:50", zone), Ok(40));
            assert!(minutes("26 Oct 2025, 18:50", "26 Oct 2025, 18:10", zone).is_err());
            assert!(minutes("26 Oct 2025, 03:50", "26 Oct 2025, 01:10", zone).is_err());
        }
        assert_eq!(minutes("26 Oct 2025, 01:30", "26 Oct 2025, 03:30", &berlin), Ok(180));
    }

    #[test]
    fn a_wall_clock_has_one_earliest_time_in_every_zone() {
        let tokyo = TimeZone::fixed(Offset::constant(9));
        let (here, there) = (moment("2026-09-19 18:00", &TimeZone::UTC, None), moment("19 Sep 2026, 18:00", &tokyo, None));
        let (here, there) = (here.expect("a time"), there.expect("a time"));
        assert_eq!((here.earliest_ms, &here.name), (there.earliest_ms, &there.name));
        assert_eq!(here.ms - there.ms, 9 * 3_600_000);
        assert!(here.earliest_ms <= there.ms);
        for parsed in [&here, &there] {
            let is_named = Spelling::all().any(|spelling| spelling.name(parsed.ms).as_ref() == Some(&here.name));
            assert!(may_be_same_local_time(here.earliest_ms, parsed.ms) && is_named);
            assert!(
                !may_be_same_local_time(here.earliest_ms, parsed.ms + 60_000),
                "a start that was changed by a minute is another local time"
            );
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
