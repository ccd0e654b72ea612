//! Rows, writes and counts that are passed between WebAssembly and TypeScript. A record is passed as its text. What the engine knows about
//! it is a JSON text, which TypeScript stores, plus the few members that IndexedDB indexes. TypeScript reads only the members of the JSON that
//! `border.rs` lists.

use serde::{Deserialize, Serialize};
use stronglog_sync::api::runtime::json::Json;
use stronglog_sync::api::runtime::schema::parse;
use stronglog_sync::digest::Digest;
use stronglog_sync::merge::Op;
use stronglog_sync::record::Record;
use stronglog_sync::store::{Block, Counts, Entry, Key, Loaded, Meta, PastVersion, Pending, Quarantined, Row, RowState, Select, Write};
use stronglog_sync::stored::{Readable, member};
use uuid::Uuid;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::contract::contract;
use crate::host_object::host_object;

/// What the engine knows about a row, apart from its record.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RowInfo {
    op: OpInfo,
    stamp: i64,
    deleted: bool,
    base_rev: Option<u64>,
    seen: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    lost: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_stamp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_rev: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<Block>,
}

#[derive(Default, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct OpInfo {
    id: Uuid,
    device: Uuid,
    seq: u64,
}

impl OpInfo {
    fn of(op: Op) -> Self {
        OpInfo { id: op.id, device: op.device, seq: op.seq }
    }
}

impl Readable for OpInfo {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut op = OpInfo::default();
        member(json, "id", &mut op.id)?;
        member(json, "device", &mut op.device)?;
        member(json, "seq", &mut op.seq)?;
        Some(op)
    }
}

impl Readable for RowInfo {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut info = RowInfo::default();
        member(json, "op", &mut info.op)?;
        member(json, "stamp", &mut info.stamp)?;
        member(json, "deleted", &mut info.deleted)?;
        member(json, "baseRev", &mut info.base_rev)?;
        member(json, "seen", &mut info.seen)?;
        member(json, "since", &mut info.since)?;
        member(json, "lost", &mut info.lost)?;
        member(json, "baseStamp", &mut info.base_stamp)?;
        member(json, "knownRev", &mut info.known_rev)?;
        member(json, "block", &mut info.block)?;
        Some(info)
    }
}

/// Formats a key: the collection's path, a slash, and the record's id.
pub fn write_key(key: Key) -> String {
    format!("{}/{}", key.collection.path, key.id)
}

/// Parses a key.
///
/// # Errors
/// Returns an error if the text is not a key, or this contract does not have the collection.
pub fn read_key(text: &str) -> Result<Key, String> {
    let parts = text.split_once('/').and_then(|(path, id)| Some((contract().collection(path)?, Uuid::parse_str(id).ok()?)));
    let (collection, id) =
        parts.ok_or_else(|| format!("{text:?} is not a record's key: expected a collection of the contract, a slash and an id"))?;
    Ok(Key { collection, id })
}

/// Reads a row.
///
/// # Errors
/// Returns an error if the database is damaged.
pub fn read_row(key: &str, info: &str, text: String) -> Result<Row, String> {
    let Key { collection, id } = read_key(key)?;
    let info: RowInfo = read_stored(info)?;
    let pending = info.since.map(|since| Pending { since, lost: info.lost, base_stamp: info.base_stamp, known_rev: info.known_rev });
    let state = match (pending, info.block) {
        (None, _) => RowState::Clean,
        (Some(pending), None) => RowState::Pending(pending),
        (Some(pending), Some(block)) => RowState::Blocked(pending, block),
    };
    let record = Record { id, stamp: info.stamp, deleted: info.deleted, text };
    let op = Op { id: info.op.id, device: info.op.device, seq: info.op.seq };
    Ok(Row { collection, record, op, base_rev: info.base_rev, state, seen: info.seen })
}

fn write_info(row: &Row) -> String {
    let pending = row.unacknowledged();
    let block = if let RowState::Blocked(_, block) = &row.state { Some(block.clone()) } else { None };
    write(&RowInfo {
        op: OpInfo::of(row.op),
        stamp: row.record.stamp,
        deleted: row.record.deleted,
        base_rev: row.base_rev,
        seen: row.seen,
        since: pending.map(|pending| pending.since),
        lost: pending.is_some_and(|pending| pending.lost),
        base_stamp: pending.and_then(|pending| pending.base_stamp),
        known_rev: pending.and_then(|pending| pending.known_rev),
        block,
    })
}

/// Parses an event or a task.
pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Parses JSON stored in the database.
fn read_stored<T: Readable>(text: &str) -> Result<T, String> {
    parse(text.as_bytes()).ok().and_then(|tape| T::read(tape.root())).ok_or_else(damaged)
}

fn damaged() -> String {
    "cannot read what the database holds; sign in with a new database to fetch the records again".to_owned()
}

/// Serializes a value whose serialization cannot fail.
pub(crate) fn write(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Which rows a plan needs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum Selection {
    /// These rows, present or absent.
    Keys(Vec<String>),
    /// Every row with an unacknowledged edit.
    Unacknowledged,
    /// Rows that the running resync has not seen, up to a maximum.
    Unseen(usize),
}

impl Selection {
    pub(crate) fn of(select: &Select) -> Self {
        match select {
            Select::Keys(keys) => Selection::Keys(keys.iter().copied().map(write_key).collect()),
            Select::Unacknowledged => Selection::Unacknowledged,
            Select::Unseen { limit } => Selection::Unseen(*limit),
        }
    }
}

host_object! {
    /// A row on its way into the engine.
    LoadedRow {
        /// The key of its record.
        key: text,
        /// What the engine knows about it, as JSON, if there is such a row.
        info: optional_text,
        /// Its record.
        text: optional_text,
        /// Whether a version of the record is quarantined.
        quarantined: flag,
    }
}

impl LoadedRow {
    pub(crate) fn read(&self) -> Result<Entry, String> {
        let row = self.info().map(|info| read_row(&self.key(), &info, self.text().unwrap_or_default())).transpose()?;
        Ok(Entry { row, is_quarantined: self.quarantined() })
    }
}

/// The input of a plan.
pub(crate) fn read_loaded(meta: &str, rows: &[LoadedRow]) -> Result<Loaded, String> {
    Ok(Loaded { meta: read_meta(meta)?, entries: rows.iter().map(LoadedRow::read).collect::<Result<_, String>>()? })
}

/// The device's meta row. A new database contains only its id.
pub(crate) fn read_meta(text: &str) -> Result<Meta, String> {
    Meta::read(text).map_err(|_| damaged())
}

/// The writes of a plan. `json` is a `Writes`; `texts` are the records of its `put`s, in the same order. They are separate for speed: inside
/// the JSON, their quotes would be escaped and parsed twice.
#[wasm_bindgen]
pub struct Plan {
    json: String,
    texts: Vec<String>,
}

#[wasm_bindgen]
impl Plan {
    /// The writes, as JSON.
    pub fn json(&self) -> String {
        self.json.clone()
    }

    /// The records of the rows to put.
    pub fn texts(&mut self) -> Vec<String> {
        std::mem::take(&mut self.texts)
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Writes {
    meta: String,
    /// Whether a resync has yet to decide whether to ask the user: unseen rows are counted only then.
    undecided: bool,
    put: Vec<Put>,
    remove: Vec<String>,
    remember: Vec<Remembered>,
    quarantined: Vec<QuarantineMove>,
    /// App writes that violate the contract, with the reason.
    pub(crate) refused: Vec<(String, String)>,
    /// Keys of app writes that change nothing: the app's tables are reset to their rows.
    pub(crate) unchanged: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Put {
    key: String,
    info: String,
    live: bool,
    seen: u64,
    /// Position in the push order, for rows with a pending edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    queue: Option<(usize, u64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    since: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    blocked: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Remembered {
    collection: &'static str,
    text: String,
    #[cfg_attr(test, ts(type = "\"lost\" | \"deleted\" | \"discarded\""))]
    why: stronglog_sync::store::Past,
    at: i64,
    op: OpInfo,
    winner: OpInfo,
}

/// One change of the quarantine.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum QuarantineMove {
    #[serde(rename_all = "camelCase")]
    Quarantine {
        key: Option<String>,
        collection: Option<String>,
        id: Option<Uuid>,
        rev: Option<u64>,
        raw: String,
        reason: String,
        at: i64,
    },
    Release(String),
    ReleaseRev(u64),
}

impl QuarantineMove {
    fn of(quarantined: Quarantined) -> Self {
        let key = quarantined.collection.as_deref().zip(quarantined.id).map(|(path, id)| format!("{path}/{id}"));
        let Quarantined { collection, id, stored, raw, reason, at, seen: _ } = quarantined;
        QuarantineMove::Quarantine { key, collection, id, rev: stored.map(|stored| stored.rev), raw, reason, at }
    }
}

impl Writes {
    /// Adds the writes of a plan. If a row is written twice, the later write replaces the earlier one.
    pub(crate) fn take(&mut self, writes: Vec<Write>, texts: &mut Vec<String>) {
        for write in writes {
            match write {
                Write::Put(row) => {
                    self.put.push(Put::of(&row));
                    texts.push(row.record.text);
                }
                Write::Remove(key) => self.remove.push(write_key(key)),
                Write::Remember(past) => self.remember.push(Remembered::of(past)),
                Write::Quarantine(quarantined) => self.quarantined.push(QuarantineMove::of(quarantined)),
                Write::Release(key) => self.quarantined.push(QuarantineMove::Release(write_key(key))),
                Write::ReleaseRev(rev) => self.quarantined.push(QuarantineMove::ReleaseRev(rev)),
            }
        }
    }

    /// Builds the plan, including the device's meta row, whose version is incremented.
    pub(crate) fn into_plan(mut self, mut meta: Meta, texts: Vec<String>) -> Plan {
        meta.version += 1;
        self.undecided = meta.resync.as_ref().is_some_and(|resync| resync.is_undecided());
        self.meta = write(&meta);
        Plan { json: write(&self), texts }
    }
}

impl Put {
    fn of(row: &Row) -> Self {
        let pending = row.unacknowledged().map(|pending| pending.since);
        let waits = matches!(row.state, RowState::Pending(_));
        Put {
            key: write_key(row.key()),
            info: write_info(row),
            live: !row.record.deleted,
            seen: row.seen,
            queue: waits.then_some((row.collection.place(), row.op.seq)),
            since: pending.filter(|_| waits),
            blocked: pending.filter(|_| !waits),
        }
    }
}

impl Remembered {
    fn of(past: PastVersion) -> Self {
        let PastVersion { number: _, collection, record, op, why, winner, at } = past;
        Remembered { collection: collection.path, text: record.text, why, at, op: OpInfo::of(op), winner: OpInfo::of(winner) }
    }
}

/// The counts of the database, as passed from TypeScript.
#[derive(Default)]
pub(crate) struct Counted {
    pending: u64,
    pending_since: Option<i64>,
    blocked: u64,
    quarantined: u64,
    /// From [`count_unseen`], while a resync is undecided.
    live: u64,
    unseen: u64,
}

impl Readable for Counted {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut counted = Counted::default();
        member(json, "pending", &mut counted.pending)?;
        member(json, "pendingSince", &mut counted.pending_since)?;
        member(json, "blocked", &mut counted.blocked)?;
        member(json, "quarantined", &mut counted.quarantined)?;
        member(json, "live", &mut counted.live)?;
        member(json, "unseen", &mut counted.unseen)?;
        Some(counted)
    }
}

impl Counted {
    /// Reads counts.
    pub(crate) fn read_counts(text: &str) -> Result<Counts, String> {
        let Counted { pending, pending_since, blocked, quarantined, live, unseen } = read_stored(text)?;
        // The tables do not show how quarantined changes count, so a device that has some does not compare digests.
        let quarantine_digest = (quarantined == 0).then(Digest::default);
        Ok(Counts { live, pending, pending_since, blocked, quarantined, unseen, quarantine_digest })
    }
}

/// Counts the live records, and those that the running resync has not seen and would delete: `[live, unseen]`.
///
/// # Errors
/// Returns an error if the database is damaged.
#[wasm_bindgen(js_name = countUnseen)]
pub fn count_unseen(meta: &str, infos: Vec<String>) -> Result<Vec<u32>, String> {
    let meta = read_meta(meta)?;
    let (sweep, mut live, mut unseen) = (meta.sweep(), 0, 0);
    for info in &infos {
        let info: RowInfo = read_stored(info)?;
        live += u32::from(!info.deleted);
        let is_swept = sweep.is_some_and(|sweep| !sweep.keeps(info.seen, info.base_rev, info.op.device));
        unseen += u32::from(is_swept && !info.deleted && info.since.is_none());
    }
    Ok(vec![live, unseen])
}

/// Whether a full account accepts a pending edit: a deletion, or, with `known`, an edit of a record that the server has.
///
/// # Errors
/// Returns an error if the database is damaged.
#[wasm_bindgen(js_name = isAmong)]
pub fn is_among(info: &str, known: bool) -> Result<bool, String> {
    let info: RowInfo = read_stored(info)?;
    Ok(info.deleted || known && info.base_rev.is_some())
}
