//! When a certificate expires: the only X.509 field that the server needs and that rustls does not provide.

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The optional version, which is `[0]`.
const VERSION: u8 = 0xa0;

/// When a certificate expires, in milliseconds since the Unix epoch, if it can be read.
///
/// Certificate ::= SEQUENCE { SEQUENCE { [0] version, serial, algorithm, issuer, SEQUENCE { notBefore, notAfter }, … }, … }
pub fn expiry_of(der: &[u8]) -> Option<i64> {
    let (_, certificate, _) = element(der).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (_, body, _) = element(certificate)?;
    let (tag, _, after_first) = element(body)?;
    let from_serial = if tag == VERSION { after_first } else { body };
    let (_, _, from_algorithm) = element(from_serial)?;
    let (_, _, from_issuer) = element(from_algorithm)?;
    let (_, _, from_validity) = element(from_issuer)?;
    let (_, validity, _) = element(from_validity).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (_, _, from_not_after) = element(validity)?;
    let (tag, text, _) = element(from_not_after)?;
    time(tag, std::str::from_utf8(text).ok()?)
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
    fn a_certificate_says_when_it_expires() {
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("parameters");
        parameters.not_after = rcgen::date_time_ymd(2031, 5, 6);
        let key = rcgen::KeyPair::generate().expect("a key");
        let made = parameters.self_signed(&key).expect("a certificate");
        assert_eq!(expiry_of(made.der()), Some(1_935_792_000_000));
        for length in 0..made.der().len().min(200) {
            // A certificate that is truncated anywhere is rejected without a panic.
            assert_eq!(expiry_of(&made.der()[..length]), None);
        }
    }
}
