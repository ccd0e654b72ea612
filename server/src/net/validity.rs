//! When certificates are valid: the only X.509 field that the server needs and that rustls does not provide.

use std::cmp::Reverse;
use std::path::Path;

use jiff::Timestamp;

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The optional version, which is `[0]`.
const VERSION: u8 = 0xa0;

/// When all certificates of a chain are valid. Each time is in milliseconds since the Unix epoch, with the number of the certificate that it
/// comes from; the first certificate of the chain is number 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The latest beginning.
    pub from: (i64, usize),
    /// The earliest end.
    pub until: (i64, usize),
}

impl Validity {
    /// The validity of a chain, if all its dates can be read.
    pub fn of<'a>(chain: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let dates = chain.into_iter().map(dates_of).collect::<Option<Vec<_>>>()?;
        let from = (1..).zip(&dates).map(|(number, (from, _))| (*from, number)).min_by_key(|(at, _)| Reverse(*at))?;
        let until = (1..).zip(&dates).map(|(number, (_, until))| (*until, number)).min_by_key(|(at, _)| *at)?;
        Some(Validity { from, until })
    }

    /// Why clients reject the chain at this time, if they do.
    pub fn problem(&self, file: &Path, now: i64) -> Option<String> {
        let certificate =
            |number| if number == 1 { file.display().to_string() } else { format!("certificate {number} of {}", file.display()) };
        let ((from, early), (until, late)) = (self.from, self.until);
        if until < now {
            return Some(format!("{} expired {} days ago; renew it", certificate(late), now.saturating_sub(until).div_euclid(DAY_MS)));
        }
        let day = || Timestamp::from_millisecond(from).map_or_else(|_| from.to_string(), |at| at.to_string());
        (from > now).then(|| format!("{} is not valid before {}; correct the clock, or use another certificate", certificate(early), day()))
    }
}

const DAY_MS: i64 = 86_400_000;

/// When a certificate is valid: from, until.
///
/// Certificate ::= SEQUENCE { SEQUENCE { [0] version, serial, algorithm, issuer, SEQUENCE { notBefore, notAfter }, … }, … }
fn dates_of(der: &[u8]) -> Option<(i64, i64)> {
    let (_, certificate, _) = element(der).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (_, body, _) = element(certificate)?;
    let (tag, _, after_first) = element(body)?;
    let from_serial = if tag == VERSION { after_first } else { body };
    let (_, _, from_algorithm) = element(from_serial)?;
    let (_, _, from_issuer) = element(from_algorithm)?;
    let (_, _, from_validity) = element(from_issuer)?;
    let (_, validity, _) = element(from_validity).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let date = |(tag, text, rest)| Some((time(tag, std::str::from_utf8(text).ok()?)?, rest));
    let (from, from_not_after) = element(validity).and_then(date)?;
    let (until, _) = element(from_not_after).and_then(date)?;
    Some((from, until))
}

/// Splits off the first element: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long & 0x7f).filter(|(digits, _)| (1..=4).contains(&digits.len()))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// `YYMMDDhhmmssZ`, where years below 50 belong to this century, or `YYYYMMDDhhmmssZ`.
fn time(tag: u8, text: &str) -> Option<i64> {
    let digits = text.strip_suffix('Z').filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year: i64 = year.parse().ok()?;
            (if year < 50 { 2_000 + year } else { 1_900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let pair = |index: usize| rest.get(index * 2..index * 2 + 2)?.parse::<i64>().ok();
    let (month, day, hour, minute, second) = (pair(0)?, pair(1)?, pair(2)?, pair(3)?, pair(4)?);
    Some((((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1_000)
}

/// Days from the Unix epoch to a date of the Gregorian calendar. Years are counted from March, so that the leap day is the last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_dates_are_read() {
        assert_eq!(time(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(time(UTC_TIME, "240229235959Z"), Some(1_709_251_199_000));
        assert_eq!(time(GENERALIZED_TIME, "20991231235959Z"), Some(4_102_444_799_000));
        for wrong in ["", "2402292359", "24022923595xZ", "240229235959"] {
            assert_eq!(time(UTC_TIME, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_certificate_says_when_it_is_valid() {
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("parameters");
        (parameters.not_before, parameters.not_after) = (rcgen::date_time_ymd(1970, 1, 2), rcgen::date_time_ymd(2031, 5, 6));
        let key = rcgen::KeyPair::generate().expect("a key");
        let made = parameters.self_signed(&key).expect("a certificate");
        assert_eq!(dates_of(made.der()), Some((86_400_000, 1_935_792_000_000)));
        for length in 0..made.der().len().min(200) {
            // A certificate that is truncated anywhere is rejected without a panic.
            assert_eq!(dates_of(&made.der()[..length]), None);
        }
    }
}
