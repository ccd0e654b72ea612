//! Compares both devices and the server record by record and member by member.

use std::collections::BTreeMap;

use serde_json::Value;
use stronglog_sync::Client;
use stronglog_sync::api;
use stronglog_sync::api::operations::{ExportAccount, ExportAccountResponse};
use stronglog_sync::api::runtime::http::Bearer;
use stronglog_sync::client::ExportOptions;

use super::Device;
use crate::exit::{Failure, Outcome};

/// The result of the comparison.
pub struct Compared {
    /// Live records on the phone.
    pub records: u64,
    /// The number of deletions on the server.
    pub deletions: u64,
    /// One sentence for each record that differs.
    pub differences: Vec<String>,
}

/// Records by collection and id.
type Records = BTreeMap<(String, String), Value>;

/// Compares the phone with the laptop and with an export of the server.
///
/// # Errors
/// Returns an error if a device or the server cannot be read.
pub async fn all(phone: &Device, laptop: &Device, server: &str) -> Outcome<Compared> {
    let on_phone = device(&phone.client)?;
    let (on_server, deletions) = exported(phone, server).await?;
    let mut differences = different(&on_phone, &device(&laptop.client)?, "laptop");
    differences.extend(different(&on_phone, &on_server, "server"));
    Ok(Compared { records: on_phone.len() as u64, deletions, differences })
}

fn device(client: &Client) -> Outcome<Records> {
    let mut lines = Vec::new();
    client.export(&mut lines, ExportOptions::default(), |_, _| {})?;
    Ok(records(&lines)?.0)
}

/// The account's records on the server, and the number of deletions.
async fn exported(signed_in: &Device, server: &str) -> Outcome<(Records, u64)> {
    let cannot = |what: String| Failure::new(format!("cannot read the server's export: {what}"));
    let tokens = signed_in.profile.tokens()?.ok_or_else(|| cannot("the profile is signed out".to_owned()))?;
    let http = reqwest::Client::builder().no_proxy().build().map_err(|error| cannot(error.to_string()))?;
    let client = api::client::Client::new(server, http).with_hooks(Bearer(tokens.access_token));
    let reply = client.export_account(&ExportAccount { x_contract_version: None }).await;
    match reply.map_err(|error| cannot(error.to_string()))?.body {
        ExportAccountResponse::Ok(lines) => records(&lines),
        other => Err(cannot(format!("it responded with {other:?}"))),
    }
}

/// The live records of an export, and the number of deletions.
fn records(lines: &[u8]) -> Outcome<(Records, u64)> {
    let (mut records, mut deletions) = (Records::new(), 0);
    for line in serde_json::Deserializer::from_slice(lines).into_iter::<Value>() {
        let mut line =
            line.map_err(|error| Failure::new(format!("cannot read an exported line: {error}; this is a bug, please report it")))?;
        // A line without a record has only the counts.
        if line.get("record").is_none() {
            continue;
        }
        let record = line["record"].take();
        let key = [&line["collection"], &record["id"]].map(|text| text.as_str().unwrap_or_default().to_owned());
        if record["isDeleted"] == Value::Bool(true) {
            deletions += 1;
        } else {
            records.insert(key.into(), record);
        }
    }
    Ok((records, deletions))
}

fn different(phone: &Records, other: &Records, name: &str) -> Vec<String> {
    let keys = phone.keys().chain(other.keys().filter(|key| !phone.contains_key(*key)));
    let checked = keys.filter_map(|key| {
        let what = match (phone.get(key), other.get(key)) {
            (Some(left), Some(right)) if left == right => return None,
            (Some(_), Some(_)) => format!("differs on the {name}"),
            (Some(_), None) => format!("is missing on the {name}"),
            _ => format!("is on the {name} and not on the phone"),
        };
        Some(format!("{}/{} {what}", key.0, key.1))
    });
    checked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_a_changed_and_an_additional_record_are_each_a_difference() {
        let read = |lines: &str| records(lines.as_bytes()).expect("JSON lines");
        let line = |id: &str, value: u8| format!("{{\"collection\":\"c\",\"record\":{{\"id\":\"{id}\",\"value\":{value}}}}}\n");
        let (phone, _) = read(&[line("a", 1), line("b", 1), line("c", 1)].concat());
        let (other, _) = read(&[line("a", 1), line("b", 2), line("d", 1)].concat());
        let found = different(&phone, &other, "laptop");
        assert_eq!(found, ["c/b differs on the laptop", "c/c is missing on the laptop", "c/d is on the laptop and not on the phone"]);
        let (live, deletions) = read("{\"collection\":\"c\",\"record\":{\"id\":\"a\",\"isDeleted\":true}}");
        assert_eq!((live.len(), deletions), (0, 1));
    }
}
