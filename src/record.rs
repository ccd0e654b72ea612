//! A record as the engine sees it: opaque JSON text, plus the few members that sync uses.

use std::borrow::Cow;

use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::api::runtime::check::equal;
use crate::api::runtime::json::Json;
use crate::api::runtime::schema::parse;
use crate::api::{Report, Schema, Tombstone};
use crate::rules::{self, Rule};
use crate::skew::is_near;

/// The maximum size of a record on the server and in a feed, in bytes of JSON.
pub const RECORD_BYTES_MAX: usize = 256 * 1024;
/// The maximum size of a record that an app writes, in bytes of JSON. It leaves room for the members that the server adds.
pub const WRITTEN_BYTES_MAX: usize = RECORD_BYTES_MAX - 200;
/// The maximum number of levels of arrays and objects in a record. The parsers accept at most 128, and a message adds some levels.
pub const LEVELS_MAX: usize = 100;

/// Checks that a record to be written has at most [`LEVELS_MAX`] levels. A deeper record would make pages unparseable and stop the sync of
/// its account.
///
/// # Errors
/// Returns a violation if it has more.
pub fn check_levels(record: Json<'_>) -> Result<(), Report> {
    fn is_deeper(value: Json<'_>, levels: usize) -> bool {
        match value {
            Json::Array(items) => levels == 0 || items.into_iter().any(|(_, item)| is_deeper(item, levels - 1)),
            Json::Object(members) => levels == 0 || members.into_iter().any(|(_, member)| is_deeper(member, levels - 1)),
            _ => false,
        }
    }
    match is_deeper(record, LEVELS_MAX) {
        true => Err(Report::new("maxLevels", format!("nests deeper than {LEVELS_MAX} levels"))),
        false => Ok(()),
    }
}

/// A validated live record or tombstone of any collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The record's id, the same on every device and on the server.
    pub id: Uuid,
    /// `clientUpdatedAt`, in milliseconds since the Unix epoch.
    pub stamp: i64,
    /// Whether this is a tombstone.
    pub deleted: bool,
    /// The complete record as JSON text, on one line.
    pub text: String,
}

impl Record {
    /// Whether this is an unedited default record that ships with the app (R18). Such a record can be lost without harm.
    pub fn is_as_shipped(&self) -> bool {
        self.stamp == 0
    }

    /// Whether two versions have the same values, even if their JSON text differs.
    pub fn is_equal(&self, other: &Record) -> bool {
        self.text == other.text || is_equal_json(&self.text, &other.text)
    }

    /// Whether two versions differ only in the members that sync sets, as when two devices import the same file.
    pub fn says_the_same(&self, other: &Record) -> bool {
        const SET_BY_SYNC: [&str; 4] = ["clientCreatedAt", "clientUpdatedAt", "serverId", "serverUpdatedAt"];
        let rest = |record: &Record| rewrite(&record.text, &SET_BY_SYNC.map(|name| (name, None))).ok();
        rest(self).zip(rest(other)).is_some_and(|(one, other)| one == other || is_equal_json(&one, &other))
    }

    /// Reads the members that sync uses. Returns `None` if one of them is missing or invalid.
    pub fn read(value: Json<'_>) -> Option<Self> {
        let text = value.to_text();
        Some(Record {
            id: uuid(value.get("id"))?,
            stamp: integer(value.get("clientUpdatedAt"))?,
            deleted: boolean(value.get("isDeleted"))?,
            text: if let Cow::Owned(one_line) = on_one_line(&text) { one_line } else { text },
        })
    }

    /// The tombstone that replaces the record when it is deleted.
    ///
    /// # Errors
    /// Returns an error if the record's text is not JSON.
    pub fn tombstone(&self, stamp: i64) -> Result<Record, Report> {
        if !rules::on(Rule::TombstonesAreEmpty) {
            let text = rewrite(&self.text, &[("clientUpdatedAt", Some(stamp.to_string())), ("isDeleted", Some("true".to_owned()))])?;
            return Ok(Record { id: self.id, stamp, deleted: true, text });
        }
        let tape = parse(self.text.as_bytes())?;
        let created = integer(tape.root().get("clientCreatedAt")).unwrap_or_default();
        let kept = |name: &str| tape.root().get(name).map(|value| format!(",\"{name}\":{}", value.to_text())).unwrap_or_default();
        let (server_id, server_updated_at) = (kept("serverId"), kept("serverUpdatedAt"));
        let text = format!(
            r#"{{"id":"{}","clientCreatedAt":{created},"clientUpdatedAt":{stamp},"isDeleted":true{server_id}{server_updated_at}}}"#,
            self.id
        );
        Tombstone::from_json(text.as_bytes())?;
        Ok(Record { id: self.id, stamp, deleted: true, text })
    }

    /// The record with a different stamp. See [`stamped`] for `wrong`.
    ///
    /// # Errors
    /// Returns an error if the record's text is not a JSON object.
    pub fn restamped(&self, stamp: i64, wrong: Option<i64>) -> Result<Record, Report> {
        let text = rewrite(&self.text, &stamped(parse(self.text.as_bytes())?.root(), self.stamp, stamp, wrong))?;
        Ok(Record { id: self.id, stamp, deleted: self.deleted, text })
    }

    /// The record as the server stored it: with the server's id and time, and the final stamp.
    ///
    /// # Errors
    /// Returns an error if the record's text is not a JSON object.
    pub fn acknowledged(&self, server_id: Uuid, server_updated_at: i64, stamp: i64) -> Result<Record, Report> {
        let members = [
            ("clientUpdatedAt", Some(stamp.to_string())),
            ("serverId", Some(format!("\"{server_id}\""))),
            ("serverUpdatedAt", Some(server_updated_at.to_string())),
        ];
        let text = rewrite(&self.text, &members)?;
        Ok(Record { id: self.id, stamp, deleted: self.deleted, text })
    }
}

/// The members that give a record a stamp. A record's creation time is never later than its last edit, even if the device's clock was ahead
/// then. If it is near `wrong`, a time of a wrong clock, it becomes that of the last edit. A creation time later than `before`, the stamp so
/// far, stays: an imported record has a stamp that is no time at all (R25).
pub fn stamped(record: Json<'_>, before: i64, stamp: i64, wrong: Option<i64>) -> Vec<(&'static str, Option<String>)> {
    let is_wrong = |created| created <= before && (created > stamp || wrong.is_some_and(|wrong| is_near(created, wrong)));
    let is_wrong = integer(record.get("clientCreatedAt")).is_some_and(is_wrong);
    let names = ["clientUpdatedAt", "clientCreatedAt"];
    names.into_iter().take(1 + usize::from(is_wrong)).map(|name| (name, Some(stamp.to_string()))).collect()
}

/// Replaces raw line ends in JSON with spaces, because records are exported and served line by line. In JSON, a raw line end is whitespace.
pub fn on_one_line(text: &str) -> Cow<'_, str> {
    if has_line_end(text.as_bytes()) { text.replace(['\n', '\r'], " ").into() } else { text.into() }
}

/// Whether there is a raw line end. Searches eight bytes at a time, because every record that is read is searched.
fn has_line_end(text: &[u8]) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let has = |word: u64, byte: u8| {
        let zero_where_equal = word ^ (EACH * u64::from(byte));
        zero_where_equal.wrapping_sub(EACH) & !zero_where_equal & (EACH << 7) != 0
    };
    let (words, rest) = text.as_chunks::<8>();
    words.iter().map(|word| u64::from_ne_bytes(*word)).any(|word| has(word, b'\n') || has(word, b'\r'))
        || rest.iter().any(|byte| matches!(byte, b'\n' | b'\r'))
}

/// Sets members of a JSON object, or removes those whose new value is `None`. The text of the other members stays unchanged.
///
/// # Errors
/// Returns an error if the text is not a JSON object.
pub fn rewrite(text: &str, changes: &[(&str, Option<String>)]) -> Result<String, Report> {
    let tape = parse(text.as_bytes())?;
    let (Json::Object(_), Some(end)) = (tape.root(), text.rfind('}')) else {
        return Err(Report::new("type", "is not a JSON object"));
    };
    let parts: Vec<_> = tape.located().parts().collect();
    let mut written = String::with_capacity(text.len() + 96);
    let mut set = vec![false; changes.len()];
    for (index, pair) in parts.chunks_exact(2).enumerate() {
        let behind = parts.get(index * 2 + 2).map_or(end, |next| next.offset());
        let member = text[pair[0].offset()..behind].trim_end();
        let member = member.strip_suffix(',').unwrap_or(member).trim_end();
        match changes.iter().position(|(name, _)| pair[0].value().as_str() == Some(name)) {
            None => push(&mut written, member),
            Some(change) => {
                set[change] = true;
                if let Some(value) = &changes[change].1 {
                    push(&mut written, &named(changes[change].0, value));
                }
            }
        }
    }
    for ((name, value), _) in changes.iter().zip(set).filter(|(_, set)| !set) {
        if let Some(value) = value {
            push(&mut written, &named(name, value));
        }
    }
    written.insert(0, '{');
    written.push('}');
    Ok(written)
}

/// Applies the difference between `before` and `after`, two serializations of the record in `text`. Members that are equal in both keep
/// their original text.
///
/// # Errors
/// Returns an error if one of the texts is not a JSON object.
pub fn patch(text: &str, before: &str, after: &str) -> Result<String, Report> {
    let (before, after) = (parse(before.as_bytes())?, parse(after.as_bytes())?);
    let members = |json: Json<'_>| match json {
        Json::Object(object) => Ok(object.into_iter().map(|(name, value)| (name.to_owned(), value.to_text())).collect::<Vec<_>>()),
        _ => Err(Report::new("type", "is not a JSON object")),
    };
    let (before, after) = (members(before.root())?, members(after.root())?);
    let gone = before.iter().filter(|(name, _)| after.iter().all(|(kept, _)| kept != name)).map(|(name, _)| (name.as_str(), None));
    let set = after.iter().filter(|member| !before.contains(member)).map(|(name, value)| (name.as_str(), Some(value.clone())));
    rewrite(text, &gone.chain(set).collect::<Vec<_>>())
}

fn is_equal_json(one: &str, other: &str) -> bool {
    let (one, other) = (parse(one.as_bytes()), parse(other.as_bytes()));
    one.ok().zip(other.ok()).is_some_and(|(one, other)| equal(one.root(), other.root()))
}

/// A member as JSON. Names of unknown members may need escapes.
fn named(name: &str, value: &str) -> String {
    format!("{}:{value}", Json::String(name).to_text())
}

fn push(written: &mut String, member: &str) {
    if !written.is_empty() {
        written.push(',');
    }
    written.push_str(member);
}

/// Reads a record id from a JSON string.
pub fn uuid(value: Option<Json<'_>>) -> Option<Uuid> {
    value.and_then(Json::as_str).and_then(record_id)
}

/// Parses a record id in its canonical form: lower case, with hyphens. Other spellings of a UUID are rejected wherever an id is read, so
/// that a record has exactly one id.
pub fn record_id(text: &str) -> Option<Uuid> {
    // Of the forms that are parsed, only the one with hyphens and nothing around it has this length.
    let is_canonical = text.len() == Hyphenated::LENGTH && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    is_canonical.then(|| Uuid::try_parse(text).ok())?
}

/// Reads an integer from a JSON number, including `3.0` and `1e3`.
pub fn integer(value: Option<Json<'_>>) -> Option<i64> {
    match value {
        Some(Json::Number(number)) => number.to_i64(),
        _ => None,
    }
}

/// Reads a non-negative integer from a JSON number, such as a revision or a sequence number.
pub fn count(value: Option<Json<'_>>) -> Option<u64> {
    integer(value).and_then(|number| number.try_into().ok())
}

/// Reads a JSON boolean.
pub fn boolean(value: Option<Json<'_>>) -> Option<bool> {
    match value {
        Some(Json::Bool(value)) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_made_no_later_than_it_was_last_edited() {
        let ahead = r#"{"id":"018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f","clientCreatedAt":9,"clientUpdatedAt":9,"isDeleted":false}"#;
        let record = Record::read(parse(ahead.as_bytes()).expect("JSON").root()).expect("a record");
        let text = |stamp| record.restamped(stamp, None).expect("an object").text;
        assert_eq!(text(7), ahead.replace(":9", ":7"));
        assert_eq!(text(11), ahead.replace(r#"UpdatedAt":9"#, r#"UpdatedAt":11"#));
    }

    #[test]
    fn an_imported_record_keeps_its_creation_time_whichever_stamp_it_gets() {
        let imported = r#"{"id":"018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f","clientCreatedAt":9,"clientUpdatedAt":1,"isDeleted":false}"#;
        let record = Record::read(parse(imported.as_bytes()).expect("JSON").root()).expect("a record");
        for wrong in [None, Some(9)] {
            assert_eq!(record.restamped(2, wrong).expect("an object").text, imported.replace(r#"UpdatedAt":1"#, r#"UpdatedAt":2"#));
        }
    }

    #[test]
    fn line_ends_are_found_wherever_they_are() {
        for len in 0..40 {
            let text = "\u{b}".repeat(len);
            assert_eq!(on_one_line(&text), text);
            for (at, end) in (0..len).flat_map(|at| ["\n", "\r"].map(|end| (at, end))) {
                let broken = format!("{}{end}{}", &text[..at], &text[at + 1..]);
                assert_eq!(on_one_line(&broken), broken.replace(end, " "));
            }
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f";
        assert_eq!(record_id(id).map(|read| read.to_string()).as_deref(), Some(id));
        let compact = id.replace('-', "");
        for other in
            [&id.to_uppercase(), &compact, &format!("{{{id}}}"), &format!("urn:uuid:{id}"), &format!(" {id}"), "", &compact.repeat(2)[..36]]
        {
            assert_eq!(record_id(other), None, "{other}");
        }
    }

    #[test]
    fn rewriting_touches_nothing_else() {
        let text = r#"{ "a" : 1.50 , "clientUpdatedAt":7,"b": {"clientUpdatedAt": 1}, "gone": [1, 2] }"#;
        let changes = [("clientUpdatedAt", Some("9".to_owned())), ("gone", None), ("new", Some("true".to_owned()))];
        let written = rewrite(text, &changes).expect("an object");
        assert_eq!(written, r#"{"a" : 1.50,"clientUpdatedAt":9,"b": {"clientUpdatedAt": 1},"new":true}"#);
        assert_eq!(rewrite("{}", &[("a", Some("1".to_owned()))]).expect("an object"), r#"{"a":1}"#);
        assert_eq!(rewrite(r#"{"a":1}"#, &[("a", None)]).expect("an object"), "{}");
        assert!(rewrite("[1]", &[]).is_err());
        let odd = rewrite(r#"{"a\"\n":1}"#, &[("a\"\n", Some("2".to_owned())), ("\t", Some("3".to_owned()))]).expect("an object");
        assert_eq!(odd, r#"{"a\"\n":2,"\t":3}"#, "a name may have any character");
    }

    #[test]
    fn a_patch_leaves_the_text_of_what_it_does_not_change() {
        let text = r#"{"a":12345678901234567890123,"b":1.50,"c":"x"}"#;
        let (before, after) = (r#"{"a":1.2345678901234568e22,"b":1.5,"c":"x"}"#, r#"{"a":1.2345678901234568e22,"b":2,"d":true}"#);
        assert_eq!(patch(text, before, after).expect("objects"), r#"{"a":12345678901234567890123,"b":2,"d":true}"#);
    }

    #[test]
    fn records_are_compared_by_their_values() {
        let record = |text: &str| Record { id: Uuid::nil(), stamp: 1, deleted: false, text: text.to_owned() };
        let one = record(r#"{"a":1.5,"b":[1,{"c":null}]}"#);
        assert!(one.is_equal(&record(r#"{ "b": [1.0, { "c": null }], "a": 1.50 }"#)));
        for other in [r#"{"a":1.5,"b":[1,{"c":0}]}"#, r#"{"a":1.5}"#, r#"{"a":"1.5","b":[1,{"c":null}]}"#, "{"] {
            assert!(!one.is_equal(&record(other)), "{other}");
        }
    }

    #[test]
    fn a_record_has_one_id() {
        let id = "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f";
        assert!(record_id(id).is_some());
        for other in [id.to_uppercase(), id.replace('-', ""), format!("{{{id}}}"), format!("urn:uuid:{id}")] {
            assert_eq!(record_id(&other), None, "{other}");
        }
    }

    #[test]
    fn a_tombstone_keeps_the_sync_fields_and_nothing_else() {
        let text = r#"{"id":"018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f","clientCreatedAt":3,"clientUpdatedAt":5,"isDeleted":false,"serverUpdatedAt":6,"x":1}"#;
        let tape = parse(text.as_bytes()).expect("JSON");
        let record = Record::read(tape.root()).expect("a record");
        let tombstone = record.tombstone(8).expect("a tombstone");
        assert_eq!(
            tombstone.text,
            r#"{"id":"018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f","clientCreatedAt":3,"clientUpdatedAt":8,"isDeleted":true,"serverUpdatedAt":6}"#
        );
        assert!(tombstone.deleted);
    }
}
