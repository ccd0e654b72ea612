//! Formats records as a table of the members that they have, in the order of the contract.

use console::{measure_text_width, truncate_str};
use serde_json::Value;
use stronglog_sync::api::CONTRACT;
use stronglog_sync::api::runtime::json::Json;
use stronglog_sync::api::runtime::schema::parse;

use crate::exit::Outcome;
use crate::terminal::{faint, moment, plain, say};

/// Members that every record has and that say nothing about its content.
const LEFT_OUT: [&str; 5] = ["clientCreatedAt", "clientUpdatedAt", "isDeleted", "serverId", "serverUpdatedAt"];
/// The maximum length of a cell. Longer texts are truncated.
const CELL_MAX: usize = 36;
/// An integer of at least this value is shown as a time in milliseconds: early 1973 and later.
const TIME_MIN: i64 = 100_000_000_000;

/// Writes records as lines of a table.
///
/// # Errors
/// Returns an error if the output cannot be written.
pub fn say(records: &[String], with_head: bool) -> Outcome<()> {
    let records: Vec<Members> = records.iter().map(|record| members(record)).collect();
    let columns = columns(&records);
    let value = |record: &Members, name: &str| record.iter().find(|(known, _)| known == name).map(|(_, value)| cell(value));
    let row = |record| columns.iter().map(|name| value(record, name).unwrap_or_default()).collect();
    let rows: Vec<Vec<String>> = records.iter().map(row).collect();
    write(&columns, &rows, with_head)
}

/// Writes rows below their column names. Some of the texts come from other people.
///
/// # Errors
/// Returns an error if the output cannot be written.
pub fn say_rows(columns: &[&str], rows: &[Vec<String>]) -> Outcome<()> {
    let safe = |row: &Vec<String>| row.iter().map(|text| plain(text)).collect();
    write(columns, &rows.iter().map(safe).collect::<Vec<_>>(), true)
}

fn write(columns: &[&str], rows: &[Vec<String>], with_head: bool) -> Outcome<()> {
    let columns: Vec<String> = columns.iter().map(|name| plain(name)).collect();
    let width = |index: usize, name: &str| {
        let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| measure_text_width(cell));
        cells.chain([measure_text_width(name)]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(|(index, name)| width(index, name)).collect();
    let room = terminal_width();
    if with_head && !rows.is_empty() {
        say!("{}", faint(line(columns.iter().map(String::as_str), &widths, room)))?;
    }
    for row in rows {
        say!("{}", line(row.iter().map(String::as_str), &widths, room))?;
    }
    Ok(())
}

/// Summarizes a record in one line.
pub fn summary(record: &str) -> String {
    let members = members(record);
    let said = members.iter().filter(|(name, value)| name != "id" && is_shown(name, value));
    said.map(|(name, value)| format!("{}: {}", plain(name), cell(value))).collect::<Vec<_>>().join(", ")
}

/// The members of a record, in their order in the text, which is the contract's order.
type Members = Vec<(String, Value)>;

fn members(record: &str) -> Members {
    let Ok(tape) = parse(record.as_bytes()) else { return Members::new() };
    match tape.root() {
        Json::Object(object) => object.into_iter().map(|(name, value)| (name.to_owned(), value.to_value())).collect(),
        _ => Members::new(),
    }
}

/// Returns whether a member is shown: not an object or array, not owned by sync, and not a reference other than the record's own id.
fn is_shown(name: &str, value: &Value) -> bool {
    let structure = matches!(value, Value::Array(_) | Value::Object(_));
    let reference = name != "id" && CONTRACT.collections.iter().any(|known| known.references.iter().any(|to| to.path == [name]));
    !structure && !reference && !LEFT_OUT.contains(&name)
}

fn columns(records: &[Members]) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for (name, value) in records.iter().flatten() {
        if is_shown(name, value) && !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    columns
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => truncate_str(&plain(text), CELL_MAX, "…").into_owned(),
        Value::Number(number) => match number.as_i64() {
            Some(time) if time >= TIME_MIN => moment(time),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize], room: Option<usize>) -> String {
    let padded: Vec<String> =
        cells.zip(widths).map(|(cell, width)| console::pad_str(cell, *width, console::Alignment::Left, None).into_owned()).collect();
    let line = padded.join("  ");
    let line = line.trim_end();
    room.map_or_else(|| line.to_owned(), |room| truncate_str(line, room, "…").into_owned())
}

/// The maximum line width: the terminal's width, or unlimited without a terminal.
fn terminal_width() -> Option<usize> {
    let terminal = console::Term::stdout();
    terminal.is_term().then(|| usize::from(terminal.size().1))
}
