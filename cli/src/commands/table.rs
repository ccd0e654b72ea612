//! Records as a table for people: whatever members they have, in the order of the contract.

use console::{measure_text_width, truncate_str};
use serde_json::{Map, Value};
use stronglog_sync::api::registry;

use crate::exit::Outcome;
use crate::terminal::{faint, moment, say};

/// Members that every record has and that say nothing of it.
const LEFT_OUT: [&str; 5] = ["clientCreatedAt", "clientUpdatedAt", "isDeleted", "serverId", "serverUpdatedAt"];
/// A text longer than this is cut.
const CELL_MAX: usize = 36;
/// From here on an integer is a time in milliseconds: all of 1973 and later.
const TIME_MIN: i64 = 100_000_000_000;

/// Writes records as lines of a table.
///
/// # Errors
/// The output cannot be written.
pub fn say(records: &[String], with_head: bool) -> Outcome<()> {
    let records: Vec<Map<String, Value>> = records.iter().filter_map(|record| serde_json::from_str(record).ok()).collect();
    let columns = columns(&records);
    let rows: Vec<Vec<String>> = records.iter().map(|record| columns.iter().map(|name| cell(record.get(*name))).collect()).collect();
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(index, name)| rows.iter().map(|row| measure_text_width(&row[index])).chain([name.len()]).max().unwrap_or_default())
        .collect();
    let room = terminal_width();
    if with_head && !rows.is_empty() {
        say!("{}", faint(line(columns.iter().copied(), &widths, room)))?;
    }
    for row in &rows {
        say!("{}", line(row.iter().map(String::as_str), &widths, room))?;
    }
    Ok(())
}

/// Members that have something to show in a line: no structures, and no references but the record's own id.
fn columns(records: &[Map<String, Value>]) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for (name, value) in records.iter().flatten() {
        let shown = !matches!(value, Value::Array(_) | Value::Object(_)) && !LEFT_OUT.contains(&name.as_str());
        let reference =
            name != "id" && registry::COLLECTIONS.iter().any(|known| known.references.iter().any(|to| to.path == [name.as_str()]));
        if shown && !reference && !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    columns.sort_by_key(|name| *name != "id");
    columns
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => truncate_str(&text.replace(char::is_control, " "), CELL_MAX, "…").into_owned(),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(time) if time >= TIME_MIN => moment(time),
            _ => number.to_string(),
        },
        Some(other) => other.to_string(),
    }
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize], room: Option<usize>) -> String {
    let padded: Vec<String> =
        cells.zip(widths).map(|(cell, width)| console::pad_str(cell, *width, console::Alignment::Left, None).into_owned()).collect();
    let line = padded.join("  ");
    let line = line.trim_end();
    room.map_or_else(|| line.to_owned(), |room| truncate_str(line, room, "…").into_owned())
}

/// How wide a line may be: as the terminal, and without a limit where there is none.
fn terminal_width() -> Option<usize> {
    let terminal = console::Term::stdout();
    terminal.is_term().then(|| usize::from(terminal.size().1))
}
