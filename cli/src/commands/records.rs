//! `list`, `get`, `put` and `delete`: the records of this device, without the network.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::Value;
use stronglog_sync::Query;
use stronglog_sync::advice::with_advice;
use stronglog_sync::api::collection::Collection;
use stronglog_sync::api::runtime::rule::Rule;
use stronglog_sync::client::JsonRecords;
use stronglog_sync::record::rewrite;

use crate::args::{Delete, Get, List, Put};
use crate::commands::table;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::DeleteOutput;
use crate::profile::Profile;
use crate::terminal::{Format, good, indented, plain, remark, say, say_json};

/// The number of records from which the column widths of a table are measured.
const TABLE_ROWS: usize = 500;

/// The maximum edit distance between a member's name and a misspelling of it.
const DISTANCE_MAX: usize = 2;

/// The members that sync sets, regardless of their value in a record.
const SET_BY_SYNC: [&str; 3] = ["clientUpdatedAt", "serverId", "serverUpdatedAt"];

pub async fn list(profile: &Profile, list: &List, format: Format) -> Outcome {
    let client = profile.open_to_read().await?;
    let records = client.json(&list.collection)?;
    let (mut shown, mut rows, mut failed) = (0, Vec::new(), None);
    let mut show = |record: &str| -> Outcome<()> {
        if format.is_json() {
            say!("{record}")?;
        } else {
            rows.push(record.to_owned());
            if rows.len() == TABLE_ROWS {
                table::say(&std::mem::take(&mut rows), shown < TABLE_ROWS)?;
            }
        }
        shown += 1;
        Ok(())
    };
    records.visit(&query(list), |record| match show(record) {
        Ok(()) => ControlFlow::Continue(()),
        Err(failure) => {
            failed = Some(failure);
            ControlFlow::Break(())
        }
    })?;
    if let Some(failure) = failed {
        return Err(failure);
    }
    table::say(&rows, shown < TABLE_ROWS)?;
    if shown == 0 && !format.is_json() {
        match list.by {
            _ if list.offset > 0 || list.limit == Some(0) => {
                remark!("no records of {} in this range; change --offset or --limit", list.collection)
            }
            Some(_) => remark!("no record of {} matches", list.collection),
            None => remark!("{} has no records", list.collection),
        }
    }
    Ok(Exit::Done)
}

fn query(list: &List) -> Query {
    Query {
        index: list.by.iter().flat_map(|by| by.split('+')).map(str::to_owned).collect(),
        equal: list.equal.iter().map(|text| value(text)).collect(),
        from: list.from.as_deref().map(value),
        until: list.until.as_deref().map(value),
        descending: list.descending,
        offset: list.offset,
        limit: list.limit,
    }
}

/// Parses the text as JSON. Text that is not JSON becomes a string.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

pub async fn get(profile: &Profile, get: &Get, format: Format) -> Outcome {
    let client = profile.open_to_read().await?;
    let record = found(&client.json(&get.collection)?, &get.collection, &get.id)?;
    if format.is_json() {
        say!("{record}")?;
        return Ok(Exit::Done);
    }
    say!("{}", indented(&record))?;
    Ok(Exit::Done)
}

fn found(records: &JsonRecords<'_>, collection: &str, id: &str) -> Outcome<String> {
    let missing = || {
        Failure::new(format!(
            "cannot find {collection} {id}: the record does not exist or is deleted; `stronglog list {collection}` lists the records"
        ))
    };
    records.get(id)?.ok_or_else(missing)
}

pub async fn put(profile: &Profile, put: &Put, format: Format) -> Outcome {
    let client = profile.open_local().await?;
    let records = client.json(&put.collection)?;
    if let Some((name, _)) = put.set.iter().find(|(name, _)| SET_BY_SYNC.contains(&name.as_str())) {
        return Err(Failure::usage(format!("cannot set {name}: sync sets it")));
    }
    if let Some(id) = &put.id {
        let before = found(&records, &put.collection, id)?;
        let stored = records.edit(id, |text| rewrite(text, &members(&put.set)))?;
        say_put(&stored, &put.collection, format)?;
        if !format.is_json() {
            remark_undeclared(client.contract().collection(&put.collection), put, &before);
        }
        return Ok(Exit::Done);
    }
    let text = read(&put.file)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let stream = serde_json::Deserializer::from_str(text).into_iter::<&serde_json::value::RawValue>();
    let cannot =
        |error| Failure::new(format!("cannot read the records: {error}; pass a JSON object, or one per line; nothing was written"));
    let texts: Vec<&str> = stream.map(|record| record.map(serde_json::value::RawValue::get)).collect::<Result<_, _>>().map_err(cannot)?;
    match texts.as_slice() {
        [] => return Err(Failure::usage("cannot write a record: the input is empty; pass a JSON object, or one per line")),
        // All or none, so that passing the corrected input again writes no record twice.
        several => {
            let nothing = |error: stronglog_sync::Error| match several.len() {
                1 => Failure::from(error),
                _ => {
                    let failure = Failure::from(error);
                    Failure::Other(failure.exit(), format!("{failure}; nothing was written"))
                }
            };
            records.put_all(several).map_err(nothing)?.iter().try_for_each(|stored| say_put(stored, &put.collection, format))?;
        }
    }
    Ok(Exit::Done)
}

/// Reports new members that the contract does not declare. They are stored and synced, but may be spelled wrong.
fn remark_undeclared(collection: Option<&Collection>, put: &Put, before: &str) {
    let declared = collection.map(|collection| declared(collection.check)).unwrap_or_default();
    let before: Value = serde_json::from_str(before).unwrap_or_default();
    let is_new = |name: &str| !declared.contains(&name) && before.get(name).is_none();
    for (name, _) in put.set.iter().filter(|(name, value)| !declared.is_empty() && !value.is_empty() && is_new(name)) {
        let near = declared.iter().map(|known| (strsim::damerau_levenshtein(known, name), known)).min();
        let near = near.filter(|(distance, _)| *distance <= DISTANCE_MAX);
        let meant = near.map(|(_, known)| format!("; did you mean {known}? `--set {name}=` removes it")).unwrap_or_default();
        remark!("{} has no member {}, so it was stored unchecked{meant}", put.collection, plain(name));
    }
}

/// The members that a schema declares. Empty if it has no list of them.
fn declared(rule: &Rule) -> Vec<&'static str> {
    match rule {
        Rule::Record(record) => record.members.iter().map(|(name, _)| *name).collect(),
        Rule::Tagged(tagged) => tagged.variants.iter().flat_map(|(_, variant)| declared(variant)).collect(),
        _ => Vec::new(),
    }
}

/// Members to set, as JSON, and members to remove, which have an empty value. If a member is given twice, the last value is used.
fn members(settings: &[(String, String)]) -> Vec<(&str, Option<String>)> {
    let mut members: Vec<(&str, Option<String>)> = Vec::new();
    for (name, text) in settings {
        members.retain(|(known, _)| known != name);
        members.push((name, (!text.is_empty()).then(|| json_text(text))));
    }
    members
}

/// Returns JSON as it was typed, so that a number keeps all its digits. Other text becomes a string.
fn json_text(text: &str) -> String {
    let is_json = serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
    if is_json { text.to_owned() } else { Value::String(text.to_owned()).to_string() }
}

fn say_put(stored: &str, collection: &str, format: Format) -> Outcome<()> {
    if format.is_json() {
        return Ok(say!("{stored}")?);
    }
    let record: Value = serde_json::from_str(stored).unwrap_or_default();
    let act = if record["isDeleted"] == true { "deleted" } else { "wrote" };
    Ok(say!("{} {act} {collection} {}", good("✓"), record["id"].as_str().unwrap_or_default())?)
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// Returns an error if the file cannot be read.
pub fn read(path: &Path) -> Outcome<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        let cannot = |error| Failure::new(format!("cannot read standard input: {error}"));
        std::io::stdin().lock().read_to_string(&mut text).map_err(cannot)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("cannot read {}: {}", path.display(), with_advice(&error))))
}

pub async fn delete(profile: &Profile, delete: &Delete, format: Format) -> Outcome {
    let client = profile.open_local().await?;
    let records = client.json(&delete.collection)?;
    records.delete_all(&delete.ids)?;
    if !format.is_json() {
        delete.ids.iter().try_for_each(|id| say!("{} deleted {} {id}", good("✓"), delete.collection))?;
    } else {
        say_json(&DeleteOutput { collection: delete.collection.clone(), deleted: delete.ids.clone() })?;
    }
    Ok(Exit::Done)
}
