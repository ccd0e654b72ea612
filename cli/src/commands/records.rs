//! `list`, `get`, `put` and `delete`: the records of this device, without the network.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::{Map, Value};
use stronglog_sync::Query;
use stronglog_sync::client::JsonRecords;

use crate::args::{Delete, Get, List, Put};
use crate::commands::table;
use crate::exit::{Exit, Failure, Outcome};
use crate::home::Home;
use crate::output::DeleteOutput;
use crate::terminal::{good, remark, say, say_json};

/// How many records of a table are measured for the widths of its columns.
const TABLE_ROWS: usize = 500;

pub async fn list(home: &Home, list: &List, json: bool) -> Outcome {
    let client = home.open_local().await?;
    let records = client.json(&list.collection)?;
    let (mut shown, mut rows, mut failed) = (0, Vec::new(), None);
    let mut show = |record: &str| -> Outcome<()> {
        if json {
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
    if shown == 0 && !json {
        remark!("no records");
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

/// JSON, or text if it is none.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

pub async fn get(home: &Home, get: &Get, json: bool) -> Outcome {
    let client = home.open_local().await?;
    let record = found(&client.json(&get.collection)?, &get.collection, &get.id)?;
    if json {
        say!("{record}")?;
        return Ok(Exit::Done);
    }
    let indented = serde_json::from_str::<Value>(&record).and_then(|value| serde_json::to_string_pretty(&value));
    say!("{}", indented.unwrap_or(record))?;
    Ok(Exit::Done)
}

fn found(records: &JsonRecords<'_>, collection: &str, id: &str) -> Outcome<String> {
    let missing =
        || Failure::new(format!("there is no record {id} in {collection}; `stronglog list {collection}` shows those that are there"));
    records.get(id)?.ok_or_else(missing)
}

pub async fn put(home: &Home, put: &Put, json: bool) -> Outcome {
    let client = home.open_local().await?;
    let records = client.json(&put.collection)?;
    if let Some(id) = &put.id {
        let changed = changed(&found(&records, &put.collection, id)?, &put.set)?;
        say_put(&records.put(&changed)?, &put.collection, json)?;
        return Ok(Exit::Done);
    }
    let text = read(&put.file)?;
    let stream = serde_json::Deserializer::from_str(&text).into_iter::<Box<serde_json::value::RawValue>>();
    let mut written = 0;
    for record in stream {
        let record = record.map_err(|error| Failure::new(format!("cannot read the record: {error}; a record is a JSON object")))?;
        say_put(&records.put(record.get())?, &put.collection, json)?;
        written += 1;
    }
    if written == 0 {
        return Err(Failure::usage("cannot put a record: there is none in the input"));
    }
    Ok(Exit::Done)
}

/// The record with some members set, and others, whose value is empty, removed.
fn changed(record: &str, settings: &[(String, String)]) -> Outcome<String> {
    let mut members: Map<String, Value> =
        serde_json::from_str(record).map_err(|error| Failure::new(format!("cannot read the stored record: {error}")))?;
    for (name, text) in settings {
        if text.is_empty() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value(text));
        }
    }
    Ok(Value::Object(members).to_string())
}

fn say_put(stored: &str, collection: &str, json: bool) -> Outcome<()> {
    if json {
        return Ok(say!("{stored}")?);
    }
    let id = serde_json::from_str::<Value>(stored).ok().and_then(|record| record["id"].as_str().map(str::to_owned)).unwrap_or_default();
    Ok(say!("{} wrote {collection} {id}", good("✓"))?)
}

/// A file's text, or that of standard input for `-`.
///
/// # Errors
/// It cannot be read.
pub fn read(path: &Path) -> Outcome<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        let cannot = |error| Failure::new(format!("cannot read standard input: {error}"));
        std::io::stdin().lock().read_to_string(&mut text).map_err(cannot)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
}

pub async fn delete(home: &Home, delete: &Delete, json: bool) -> Outcome {
    let client = home.open_local().await?;
    let records = client.json(&delete.collection)?;
    records.delete_all(&delete.ids)?;
    if !json {
        delete.ids.iter().try_for_each(|id| say!("{} deleted {} {id}", good("✓"), delete.collection))?;
    } else {
        say_json(&DeleteOutput { collection: delete.collection.clone(), deleted: delete.ids.clone() })?;
    }
    Ok(Exit::Done)
}
